/* Listening, accepting, and one slice of work for each connection in turn.
 *
 * Fairness is round robin: every connection gets one slice in each round.  A client that does not
 * read keeps its job where it is; a client that sends without end is closed at one line's length.
 */
#include "control/api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/api/metrics.h"
#include "control/api/job_call.h"
#include "control/config/socket_path.h"
#include "rib/base/check.h"

struct conn {
	int fd;
	bool is_read_only;
	bool is_closing; /* After what waits is written. */
	uid_t uid;
	size_t in_len, in_size; /* A line may be long: a call with its body. */
	char *in;
	struct reply reply;
	struct job *job;
};

struct listener {
	int fd;
	bool is_read_only;
	unsigned conn_count;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct api {
	const struct api_env *env;
	struct listener listener[2]; /* For changes; read-only. */
	struct conn *conn[2 * API_CONNECTIONS_MAX];
	unsigned conn_count;
};

void job_free(struct job *j)
{
	if (j != NULL) {
		j->free(j);
	}
}

peer_id_t env_find(const struct api_env *env, const struct addr *addr)
{
	return roster_find(env->roster, addr);
}

peer_id_t job_find(const struct job *j, const struct api_env *env, const struct addr *addr,
		   enum sight_degree degree)
{
	peer_id_t peer = env_find(env, addr);
	return peer != PEER_NONE && sight_of_peer(&j->sight, env, peer) >= degree ? peer
										  : PEER_NONE;
}

void end_unknown(struct reply *out, const struct addr *addr)
{
	char text[128], name[ADDR_TEXT_MAX];
	snprintf(text, sizeof(text), "%s is not a configured neighbour", addr_format(addr, name));
	reply_end(out, "not_found", text);
}

/* Whether somebody answers on the path: then it is not ours to remove. */
static bool is_in_use(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_answered = fd >= 0 && connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return is_answered;
}

/* Bind, with nobody allowed until owner and mode are set. */
static int bind_socket(int fd, const struct sockaddr_un *sun, uid_t uid, gid_t gid)
{
	if (is_in_use(sun)) {
		return -EADDRINUSE;
	}
	struct stat st;
	if (lstat(sun->sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		unlink(sun->sun_path);
	}
	mode_t before = umask(0177);
	int err = bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) != 0 ? -errno : 0;
	umask(before);
	if (err == 0 && geteuid() == 0 && chown(sun->sun_path, uid, gid) != 0) {
		err = -errno;
	}
	if (err == 0 && geteuid() != 0 && gid != getegid() &&
	    chown(sun->sun_path, (uid_t)-1, gid) != 0) {
		err = -errno;
	}
	if (err == 0 && chmod(sun->sun_path, 0660) != 0) {
		err = -errno;
	}
	if (err == 0 && listen(fd, 16) != 0) {
		err = -errno;
	}
	return err;
}

static int listener_open(struct listener *l, uid_t uid, gid_t gid, char *why, size_t why_len)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	static_assert(sizeof(sun.sun_path) == sizeof(l->path), "one path, one size");
	memcpy(sun.sun_path, l->path, sizeof(sun.sun_path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = l->fd < 0 ? -errno : bind_socket(l->fd, &sun, uid, gid);
	if (err != 0) {
		snprintf(why, why_len,
			 "cannot listen on %s: %s; check the directory, or set "
			 "control.socket",
			 l->path, strerror(-err));
	}
	return err;
}

int api_open(const struct api_opts *opts, const struct api_env *env, struct api **out_api,
	     char *why, size_t why_len)
{
	struct api *a = calloc(1, sizeof(*a));
	ASSERT(a != NULL);
	a->env = env;
	a->listener[0] = (struct listener){.fd = -1};
	a->listener[1] = (struct listener){.fd = -1, .is_read_only = true};
	snprintf(a->listener[0].path, sizeof(a->listener[0].path), "%s", opts->socket);
	socket_read_only_path(opts->socket, a->listener[1].path, sizeof(a->listener[1].path));
	int err = listener_open(&a->listener[0], opts->uid, opts->operator_gid, why, why_len);
	if (err == 0) {
		err = listener_open(&a->listener[1], opts->uid, opts->read_gid, why, why_len);
	}
	if (err != 0) {
		api_close(a);
		return err;
	}
	*out_api = a;
	return 0;
}

static void conn_free(struct conn *c)
{
	close(c->fd);
	free(c->in);
	job_free(c->job);
	reply_fini(&c->reply);
	free(c);
}

void api_close(struct api *a)
{
	if (a == NULL) {
		return;
	}
	for (unsigned i = 0; i < a->conn_count; i++) {
		conn_free(a->conn[i]);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(a->listener); i++) {
		/* Only a socket that we made is ours to remove. */
		struct sockaddr_un bound = {0};
		socklen_t len = sizeof(bound);
		if (a->listener[i].fd < 0) {
			continue;
		}
		if (getsockname(a->listener[i].fd, (struct sockaddr *)&bound, &len) == 0 &&
		    len > offsetof(struct sockaddr_un, sun_path)) {
			unlink(a->listener[i].path);
		}
		close(a->listener[i].fd);
	}
	free(a);
}

/* An answer to somebody who only looks needs no long question. */
static size_t line_max(const struct conn *c)
{
	return c->is_read_only ? REQUEST_LINE_MAX : CALL_LINE_MAX;
}

unsigned api_fds(const struct api *a, struct pollfd *out)
{
	unsigned count = 0;
	for (unsigned i = 0; i < ARRAY_COUNT(a->listener); i++) {
		out[count++] = (struct pollfd){.fd = a->listener[i].fd, .events = POLLIN};
	}
	for (unsigned i = 0; i < a->conn_count; i++) {
		const struct conn *c = a->conn[i];
		bool has_bytes = c->reply.end > c->reply.begin;
		bool wants_input = !c->is_closing && c->job == NULL && c->in_len < line_max(c);
		out[count++] = (struct pollfd){
			.fd = c->fd,
			.events = (short)((has_bytes ? POLLOUT : 0) | (wants_input ? POLLIN : 0))};
	}
	return count;
}

static void accept_one(struct api *a, struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (l->conn_count == API_CONNECTIONS_MAX) {
		static const char busy[] = "{\"end\":{\"status\":\"refused\",\"rows\":0,\"text\":"
					   "\"too many connections; try again\"}}\n";
		ssize_t sent = send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)sent; /* A courtesy; the close says the same. */
		close(fd);
		return;
	}
	struct conn *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	struct ucred cred = {.uid = (uid_t)-1};
	socklen_t len = sizeof(cred);
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	c->fd = fd;
	c->uid = cred.uid;
	c->is_read_only = l->is_read_only;
	l->conn_count++;
	a->conn[a->conn_count++] = c;
}

static struct job *job_of(const struct api_request *r, const struct api_env *env)
{
	switch (r->command) {
	case API_STATUS:
		return job_status(r);
	case API_NEIGHBORS:
	case API_NEIGHBOR:
		return job_neighbors(r, env);
	case API_ROUTES:
		return job_routes(r);
	case API_EXPLAIN:
		return job_explain(r);
	case API_RESTART:
		return job_restart(r);
	case API_RPKI:
		return job_rpki(r);
	case API_IRR:
	case API_IRR_REFRESH:
	case API_IRR_ACCEPT:
		return job_irr(r);
	case API_RELOAD:
		return job_reload(r);
	case API_EVENTS:
		return job_events(r);
	case API_METRICS:
		return job_metrics(r, env);
	default:
		return job_change(r);
	}
}

/* True when the line was a call, and be it one that cannot be done. */
static bool begin_call(struct conn *c, const struct api_env *env, size_t line_len)
{
	char why[256];
	if (!line_may_be_call(c->in, line_len)) {
		return false;
	}
	c->job = job_call(c->in, line_len, env, c->is_read_only, why, sizeof(why));
	if (c->job != NULL) {
		c->job->uid = c->uid;
	} else if (why[0] != '\0') {
		reply_end(&c->reply, "usage", why);
	}
	return c->job != NULL || why[0] != '\0';
}

static void begin_request(struct conn *c, const struct api_env *env, size_t line_len)
{
	struct api_request r;
	char why[256];
	if (begin_call(c, env, line_len)) {
		return;
	}
	if (!api_request_parse(c->in, line_len, &r, why, sizeof(why))) {
		reply_end(&c->reply, "usage", why);
	} else if (c->is_read_only && api_command_is_change(r.command)) {
		reply_end(&c->reply, "refused",
			  "this socket is for looking only; changes need the operator group");
	} else {
		c->job = job_of(&r, env);
		c->job->uid = c->uid;
	}
}

/* Take the next whole line, when there is one and nothing is under way. */
static void next_request(struct conn *c, const struct api_env *env)
{
	const char *line_end = memchr(c->in, '\n', c->in_len);
	if (c->job != NULL) {
		return;
	}
	if (line_end == NULL && c->in_len == line_max(c)) {
		reply_end(&c->reply, "usage", "the request is too long");
		c->in_len = 0;
		c->is_closing = true;
	} else if (line_end != NULL) {
		size_t line_len = (size_t)(line_end - c->in);
		begin_request(c, env, line_len);
		c->in_len -= line_len + 1;
		memmove(c->in, line_end + 1, c->in_len);
	}
}

static void read_some(struct conn *c)
{
	if (c->in_len == c->in_size && c->in_size < line_max(c)) {
		c->in_size = (size_t)min_u64(c->in_size * 2 + REQUEST_LINE_MAX, line_max(c));
		c->in = realloc(c->in, c->in_size);
		ASSERT(c->in != NULL);
	}
	ssize_t got = recv(c->fd, c->in + c->in_len, c->in_size - c->in_len, MSG_DONTWAIT);
	if (got > 0) {
		c->in_len += (size_t)got;
	} else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
		c->is_closing = true;
	}
}

/* Read, work, write.  False when the connection is over. */
static bool conn_serve(struct conn *c, short events, const struct api_env *env, usec_t now)
{
	if ((events & (POLLERR | POLLNVAL)) != 0) {
		return false;
	}
	/* A hang-up with a job running means that nobody reads the answer. */
	if ((events & POLLHUP) != 0 && (events & POLLIN) == 0) {
		return false;
	}
	if ((events & POLLIN) != 0) {
		read_some(c);
	}
	next_request(c, env);
	if (c->job != NULL && reply_has_room(&c->reply) &&
	    c->job->step(c->job, env, &c->reply, now)) {
		job_free(c->job);
		c->job = NULL;
	}
	if (!reply_write(&c->reply, c->fd)) {
		return false;
	}
	bool is_drained = c->reply.end == c->reply.begin;
	return !(c->is_closing && c->job == NULL && is_drained);
}

static bool can_go_on(const struct conn *c)
{
	return c->job != NULL ? reply_has_room(&c->reply) && !c->job->is_waiting
			      : memchr(c->in, '\n', c->in_len) != NULL;
}

bool api_serve(struct api *a, const struct pollfd *fds, unsigned count, usec_t now)
{
	unsigned served = count - (unsigned)ARRAY_COUNT(a->listener);
	unsigned kept = 0;
	bool has_more = false;
	ASSERT(count >= ARRAY_COUNT(a->listener) && served == a->conn_count);
	for (unsigned i = 0; i < served; i++) {
		struct conn *c = a->conn[i];
		if (conn_serve(c, fds[ARRAY_COUNT(a->listener) + i].revents, a->env, now)) {
			has_more = has_more || can_go_on(c);
			a->conn[kept++] = c;
		} else {
			a->listener[c->is_read_only ? 1 : 0].conn_count--;
			conn_free(c);
		}
		epoch_quiescent();
	}
	a->conn_count = kept;
	for (unsigned i = 0; i < ARRAY_COUNT(a->listener); i++) {
		if ((fds[i].revents & POLLIN) != 0) {
			accept_one(a, &a->listener[i]);
		}
	}
	return has_more;
}
