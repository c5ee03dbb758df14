/* Tests of ports that are the kernel's.
 *
 * Each runs in a child with user and network namespaces of its own, so that neither root is needed
 * nor anything left behind: only a process of one thread may make such a namespace. */
#pragma once

#include <stdbool.h>

/* In the child: what is not so fails the test. */
#define EXPECT(condition) expect((condition), #condition)
void expect(bool is_true, const char *what);
/* In the child: end here; without it nothing else makes sense. */
_Noreturn void give_up(const char *what);

/* Run `body` in such a child; the test is skipped where nobody may make a namespace. */
void run_apart(void (*body)(void));
