/* Assertions: our own bugs stop the process at the place where they show.
 *
 * ASSERT is compiled into every build; DCHECK (for checks that cost O(n)) only where
 * CAUSEWAY_DEBUG is set.  Neither is ever used on bytes that come from outside: what a peer sends
 * is answered with a verdict, not with a crash.
 */
#pragma once

#include <assert.h> /* static_assert */

/* Print the failed expression and its place to stderr and abort.  Any thread. */
_Noreturn void check_failed(const char *expression, const char *file, int line);

#define ASSERT(e) (__builtin_expect(!!(e), 1) ? (void)0 : check_failed(#e, __FILE__, __LINE__))

#ifdef CAUSEWAY_DEBUG
#define DCHECK(e) ASSERT(e)
#else
#define DCHECK(e) ((void)sizeof((e) ? 1 : 0))
#endif
