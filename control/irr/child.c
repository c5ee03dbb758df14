/* posix_spawn, two pipes, and an end that always comes. */
#include "control/irr/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rib/base/check.h"

#define BEHIND	       10
#define COMPLAINTS_MAX 512
#define READ_BYTES     ((size_t)128 << 10) /* Of one call: a slice of the loop's time. */

struct child {
	pid_t pid;	    /* 0: reaped. */
	int out_fd, err_fd; /* −1: closed. */
	usec_t deadline;
	size_t output_max;
	char *output;
	size_t len, capacity;
	char complaints[COMPLAINTS_MAX];
	size_t complaints_len;
	enum child_state state;
	char why[160];
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int out, int err)
{
	sigset_t none, usual;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE); /* We ignore it; programs expect it. */
	int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(actions, out, 1);
	failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(actions, err, 2);
	failed = failed != 0 ? failed : posix_spawn_file_actions_addclosefrom_np(actions, 3);
	failed = failed != 0 ? failed : posix_spawnattr_setsigmask(attr, &none);
	failed = failed != 0 ? failed : posix_spawnattr_setsigdefault(attr, &usual);
	failed = failed != 0 ? failed : posix_spawnattr_setpgroup(attr, 0);
	const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
	return failed != 0 ? failed : posix_spawnattr_setflags(attr, flags);
}

/* 0 or an errno. */
static int spawn(struct child *c, char *const *argv, int out, int err)
{
	/* Only what a program needs to find itself and its language. */
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const environment[] = {path, locale, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	if (posix_spawn_file_actions_init(&actions) != 0) {
		return ENOMEM;
	}
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	int failed = set_up(&actions, &attr, out, err);
	failed = failed != 0 ? failed
			     : posix_spawnp(&c->pid, argv[0], &actions, &attr, argv, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (failed == 0) {
		(void)setpriority(PRIO_PROCESS, (id_t)c->pid,
				  getpriority(PRIO_PROCESS, 0) + BEHIND);
	}
	return failed;
}

/* Our ends do not block; the program's do. */
static int make_pipe(int out[2])
{
	if (pipe2(out, O_CLOEXEC) != 0) {
		return errno;
	}
	return fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
}

struct child *child_start(const struct child_opts *opts, usec_t now, char *why, size_t why_len)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	struct child *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL && opts->argv[0] != NULL);
	*c = (struct child){.out_fd = -1,
			    .err_fd = -1,
			    .deadline = now + opts->timeout_us,
			    .output_max = opts->output_max};
	int failed = make_pipe(out);
	failed = failed != 0 ? failed : make_pipe(err);
	failed = failed != 0 ? failed : spawn(c, opts->argv, out[1], err[1]);
	close_fd(&out[1]);
	close_fd(&err[1]);
	c->out_fd = out[0];
	c->err_fd = err[0];
	if (failed != 0) {
		c->pid = 0;
		child_free(c);
		(void)snprintf(why, why_len, "cannot run %s: %s", opts->argv[0], strerror(failed));
		return NULL;
	}
	return c;
}

/* The whole group: the program may have started others. */
static void end_it(struct child *c)
{
	if (c->pid != 0) {
		(void)kill(-c->pid, SIGKILL);
	}
}

void child_free(struct child *c)
{
	if (c == NULL) {
		return;
	}
	end_it(c);
	while (c->pid != 0 && waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	close_fd(&c->out_fd);
	close_fd(&c->err_fd);
	free(c->output);
	free(c);
}

unsigned child_fds(const struct child *c, struct pollfd out[CHILD_FDS])
{
	unsigned count = 0;
	if (c->out_fd >= 0) {
		out[count++] = (struct pollfd){.fd = c->out_fd, .events = POLLIN};
	}
	if (c->err_fd >= 0) {
		out[count++] = (struct pollfd){.fd = c->err_fd, .events = POLLIN};
	}
	return count;
}

static enum child_state fail(struct child *c, const char *why)
{
	if (c->state == CHILD_RUNS) {
		(void)snprintf(c->why, sizeof(c->why), "%s", why);
		c->state = CHILD_FAILED;
	}
	end_it(c);
	return c->state;
}

/* What there is, up to `max`; closes at the end. */
static size_t take(int *fd, char *to, size_t max)
{
	ssize_t got = read(*fd, to, max);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		close_fd(fd);
	}
	return got > 0 ? (size_t)got : 0;
}

static void take_output(struct child *c)
{
	if (c->capacity - c->len < READ_BYTES + 1) {
		c->capacity = c->capacity * 2 + READ_BYTES + 1;
		char *grown = realloc(c->output, c->capacity);
		ASSERT(grown != NULL);
		c->output = grown;
	}
	c->len += take(&c->out_fd, c->output + c->len, READ_BYTES);
	c->output[c->len] = '\0';
}

static void take_complaints(struct child *c)
{
	char rest[4096];
	size_t got = take(&c->err_fd, rest, sizeof(rest));
	for (size_t i = 0; i < got && c->complaints_len < COMPLAINTS_MAX - 1; i++) {
		c->complaints[c->complaints_len++] = rest[i] != '\0' ? rest[i] : '?';
	}
}

static void settle(struct child *c, int status)
{
	c->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && c->state == CHILD_RUNS) {
		c->state = CHILD_DONE;
	} else if (WIFEXITED(status)) {
		char why[64];
		(void)snprintf(why, sizeof(why), "it ended with status %d", WEXITSTATUS(status));
		(void)fail(c, why);
	} else {
		(void)fail(c, "it was killed");
	}
}

enum child_state child_serve(struct child *c, usec_t now)
{
	int status = 0;
	if (c->state != CHILD_RUNS) {
		return c->state;
	}
	if (c->out_fd >= 0) {
		take_output(c);
	}
	if (c->err_fd >= 0) {
		take_complaints(c);
	}
	if (c->len > c->output_max) {
		return fail(c, "its answer is too long");
	}
	if (now >= c->deadline) {
		return fail(c, "it took too long");
	}
	/* Output first: an exit says nothing of what is still in the pipe. */
	if (c->out_fd < 0 && c->err_fd < 0 && waitpid(c->pid, &status, WNOHANG) == c->pid) {
		settle(c, status);
	}
	return c->state;
}

const char *child_output(const struct child *c, size_t *out_len)
{
	*out_len = c->len;
	return c->output != NULL ? c->output : "";
}

const char *child_complaints(const struct child *c)
{
	return c->complaints;
}

const char *child_why(const struct child *c)
{
	return c->why;
}
