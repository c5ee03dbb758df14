/* causeway: ask the server over its control socket and show the answer.
 *
 * The socket for changes is tried first; who may not use it is sent to the read-only one beside
 * it.  Exit status: 0 done, 1 refused, not found or no server, 2 wrong usage.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/cli/args.h"
#include "control/cli/registry_args.h"
#include "control/cli/show.h"
#include "control/config/socket_path.h"
#include "rib/base/check.h"

static int connect_path(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sun.sun_path)) {
		return -ENAMETOOLONG;
	}
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int connect_server(const char *path)
{
	char other[128];
	int fd = connect_path(path);
	if (fd == -EACCES) {
		socket_read_only_path(path, other, sizeof(other));
		int other_fd = connect_path(other);
		fd = other_fd >= 0 ? other_fd : fd;
	}
	if (fd == -EACCES) {
		fprintf(stderr,
			"causeway: you may not use %s; join the server's operator or read group\n",
			path);
	} else if (fd < 0) {
		fprintf(stderr,
			"causeway: cannot reach the server at %s: %s; is causewayd running?\n",
			path, strerror(-fd));
	}
	return fd;
}

static bool send_request(int fd, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);
	ASSERT(line != NULL);
	size_t len = strlen(line);
	line[len] = '\n'; /* In place of the terminator. */
	size_t done = 0;
	while (done <= len) {
		ssize_t sent = send(fd, line + done, len + 1 - done, MSG_NOSIGNAL);
		if (sent <= 0) {
			break;
		}
		done += (size_t)sent;
	}
	free(line);
	return done == len + 1;
}

/* One line of the answer; the exit status at its end, −1 before. */
static int take_line(struct show *show, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, 0, NULL);
	json_t *head = json_object_get(object, "head");
	json_t *row = json_object_get(object, "row");
	const json_t *end = json_object_get(object, "end");
	int status = -1;
	if (head != NULL) {
		show_head(show, head);
	} else if (row != NULL) {
		show_row(show, row);
	} else if (end != NULL) {
		status = show_end(show, end, stderr);
	} else {
		fprintf(stderr, "causeway: the server's answer is not understood; is it of another "
				"version?\n");
		status = 1;
	}
	json_decref(object);
	return status;
}

static int read_answer(FILE *from, struct show *show)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int status = -1;
	while (status < 0 && (len = getline(&line, &size, from)) > 0) {
		status = take_line(show, line, (size_t)len);
	}
	if (status < 0) {
		fprintf(stderr, "causeway: the server closed the connection in the middle of its "
				"answer\n");
		status = 1;
	}
	free(line);
	return status;
}

static int run(const struct cli *cli)
{
	struct show show;
	int fd = connect_server(cli->socket);
	if (fd < 0) {
		return 1;
	}
	FILE *from = fdopen(fd, "r");
	ASSERT(from != NULL);
	if (!send_request(fd, cli->request)) {
		fprintf(stderr, "causeway: cannot send to the server: %s\n", strerror(errno));
		fclose(from);
		return 1;
	}
	show_begin(&show, cli, stdout);
	int status = read_answer(from, &show);
	show_fini(&show);
	fclose(from);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "causeway: cannot write the answer: %s\n", strerror(errno));
		status = 1;
	}
	return status;
}

/* Of the terminal that the answer goes to, or what COLUMNS says of it.  0: it goes to none, but to
 * a program, which gets everything. */
static int terminal_columns(void)
{
	struct winsize size;
	const char *text = getenv("COLUMNS");
	long columns = text != NULL ? strtol(text, NULL, 10) : 0;
	if (isatty(STDOUT_FILENO) == 0) {
		return 0;
	}
	if (columns <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		columns = size.ws_col;
	}
	return columns > 0 && columns < 10000 ? (int)columns : 0;
}

int main(int argc, char **argv)
{
	struct cli cli;
	char why[256];
	switch (cli_parse(argc - 1, argv + 1, &cli, why, sizeof(why))) {
	case CLI_HELP:
		if (cli.view == VIEW_REGISTRY) {
			registry_help_put(stdout, argc, argv);
		} else {
			fputs(cli_help, stdout);
		}
		return 0;
	case CLI_VERSION:
		printf("causeway %s\n", CAUSEWAY_VERSION);
		return 0;
	case CLI_USAGE:
		fprintf(stderr, "causeway: %s\n", why);
		return 2;
	default:
		break;
	}
	cli.columns = terminal_columns();
	int status = run(&cli);
	json_decref(cli.request);
	return status;
}
