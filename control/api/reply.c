/* The reply buffer: lines go in at the end, the socket takes them from the front.
 *
 * The buffer grows by doubling when one row is larger than what is left; the bound comes from jobs
 * that stop making rows while more than REPLY_BYTES wait.  A new reply on the same connection
 * starts behind the old one's bytes.
 */
#include "control/api/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rib/base/check.h"

void reply_fini(struct reply *r)
{
	free(r->data);
	*r = (struct reply){0};
}

bool reply_has_room(const struct reply *r)
{
	return r->end - r->begin < REPLY_BYTES;
}

static void make_room(struct reply *r, size_t len)
{
	if (r->size - r->end >= len) {
		return;
	}
	if (r->begin > 0) {
		memmove(r->data, r->data + r->begin, r->end - r->begin);
		r->end -= r->begin;
		r->begin = 0;
	}
	size_t size = r->size > 0 ? r->size : REPLY_BYTES;
	while (size - r->end < len) {
		size *= 2;
	}
	if (size != r->size) {
		r->data = realloc(r->data, size);
		ASSERT(r->data != NULL);
		r->size = size;
	}
}

static int append(const char *bytes, size_t len, void *context)
{
	struct reply *r = context;
	make_room(r, len);
	memcpy(r->data + r->end, bytes, len);
	r->end += len;
	return 0;
}

static void put_line(struct reply *r, const char *kind, json_t *value)
{
	ASSERT(value != NULL);
	json_t *line = json_object();
	json_object_set_new(line, kind, value);
	int err = json_dump_callback(line, append, r, JSON_COMPACT);
	ASSERT(err == 0);
	append("\n", 1, r);
	json_decref(line);
}

void reply_head(struct reply *r, json_t *value)
{
	r->rows = 0;
	put_line(r, "head", value);
}

void reply_row(struct reply *r, json_t *value)
{
	r->rows++;
	put_line(r, "row", value);
}

void reply_end(struct reply *r, const char *status, const char *text)
{
	json_t *end = json_pack("{s:s, s:I}", "status", status, "rows", (json_int_t)r->rows);
	if (text != NULL) {
		json_object_set_new(end, "text", json_string(text));
	}
	put_line(r, "end", end);
	r->rows = 0;
}

bool reply_write(struct reply *r, int fd)
{
	while (r->begin < r->end) {
		ssize_t sent = send(fd, r->data + r->begin, r->end - r->begin,
				    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0) {
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
		}
		r->begin += (size_t)sent;
	}
	r->begin = 0;
	r->end = 0;
	return true;
}
