/* Runs an action in a child whose stderr is a pipe. */
#include "tests/unit/base/dies.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

bool dies(void (*act)(void), char *out_text, size_t size)
{
	char text[512];
	int ends[2];
	int status = 0;
	size_t len = 0;

	if (pipe(ends) != 0) {
		return false;
	}
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		act();
		_exit(0);
	}
	close(ends[1]);
	for (ssize_t n = 1; n > 0 && len < sizeof(text) - 1; len += (size_t)(n > 0 ? n : 0)) {
		n = read(ends[0], text + len, sizeof(text) - 1 - len);
	}
	close(ends[0]);
	text[len] = '\0';
	if (out_text != NULL) {
		strncpy(out_text, text, size - 1);
		out_text[size - 1] = '\0';
	}
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGABRT;
}
