#include "tests/unit/nic/namespace.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENDED_WELL, ENDED_BADLY, HAS_NO_NAMESPACE };

static unsigned failures; /* Of the child. */

void expect(bool is_true, const char *what)
{
	if (!is_true) {
		(void)fprintf(stderr, "not so: %s (%s)\n", what, strerror(errno));
		failures++;
	}
}

void give_up(const char *what)
{
	expect(false, what);
	_exit(ENDED_BADLY);
}

static int child(void (*body)(void))
{
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		return HAS_NO_NAMESPACE;
	}
	body();
	return failures == 0 ? ENDED_WELL : ENDED_BADLY;
}

void run_apart(void (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		_exit(child(body));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == HAS_NO_NAMESPACE) {
		cr_skip_test("this machine lets nobody make a namespace");
	}
	cr_expect_eq(WEXITSTATUS(status), ENDED_WELL);
}
