/* The reply buffer: lines go in at the end, the socket takes them from the front.
 *
 * The buffer grows by doubling when one row is larger than what is left; the bound comes from jobs
 * that stop making rows while more than REPLY_BYTES wait.  A new reply on the same connection
 * starts behind the old one's bytes.
 */
#include "control/api/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rib/base/check.h"

void reply_fini(struct reply *r)
{
	free(r->data);
	json_decref(r->head);
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

void reply_put(struct reply *r, const char *bytes, size_t len)
{
	(void)append(bytes, len, r);
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

static void put(struct reply *r, const char *text)
{
	append(text, strlen(text), r);
}

static void put_value(struct reply *r, const json_t *value)
{
	int err = json_dump_callback(value, append, r, JSON_COMPACT | JSON_ENCODE_ANY);
	ASSERT(err == 0);
}

/* `"name":value,` of a member that the document has beside its rows. */
static void put_member(struct reply *r, const char *name, json_t *value)
{
	/* A program's words need not be UTF-8. */
	json_t *key = json_string(name);
	json_t *shown = value != NULL ? value : json_string("(not readable)");
	put_value(r, key);
	put(r, ":");
	put_value(r, shown);
	json_decref(key);
	json_decref(shown);
}

/* {…head…, "rows": [ */
static void begin_document(struct reply *r)
{
	const char *name;
	json_t *value;
	put(r, "{");
	json_object_foreach(r->head, name, value)
	{
		put_member(r, name, json_incref(value));
		put(r, ",");
	}
	put(r, "\"rows\":[");
	r->has_begun = true;
}

/* What a bad end says stands in the document when rows are gone already. */
static void end_document(struct reply *r)
{
	bool is_good = strcmp(r->status, "done") == 0;
	if (!r->has_begun && is_good) {
		begin_document(r);
	}
	if (!r->has_begun) {
		return;
	}
	put(r, "],");
	put_member(r, "status", json_string(r->status));
	put(r, ",");
	put_member(r, "text", r->text[0] != '\0' ? json_string(r->text) : json_null());
	put(r, ",");
	put_member(r, "next_cursor", r->cursor[0] != '\0' ? json_string(r->cursor) : json_null());
	put(r, "}\n");
}

void reply_head(struct reply *r, json_t *value)
{
	r->rows = 0;
	if (r->form != REPLY_LINES) {
		ASSERT(r->head == NULL && value != NULL);
		r->head = value;
		return;
	}
	put_line(r, "head", value);
}

void reply_row(struct reply *r, json_t *value)
{
	r->rows++;
	if (r->form == REPLY_LINES) {
		put_line(r, "row", value);
		return;
	}
	if (r->form == REPLY_TEXT) {
		put(r, json_string_value(json_object_get(value, "text")));
		r->has_begun = true;
		json_decref(value);
		return;
	}
	if (!r->has_begun) {
		begin_document(r);
	} else {
		put(r, ",\n");
	}
	put_value(r, value);
	json_decref(value);
}

void reply_next(struct reply *r, const char *cursor)
{
	(void)snprintf(r->cursor, sizeof(r->cursor), "%s", cursor);
}

void reply_end(struct reply *r, const char *status, const char *text)
{
	if (r->form != REPLY_LINES) {
		r->is_ended = true;
		(void)snprintf(r->status, sizeof(r->status), "%s", status);
		(void)snprintf(r->text, sizeof(r->text), "%s", text != NULL ? text : "");
		if (r->form == REPLY_DOCUMENT) {
			end_document(r);
		}
		return;
	}
	json_t *end = json_pack("{s:s, s:I}", "status", status, "rows", (json_int_t)r->rows);
	if (text != NULL) {
		json_object_set_new(end, "text", json_string(text));
	}
	if (r->cursor[0] != '\0') {
		json_object_set_new(end, "next_cursor", json_string(r->cursor));
	}
	put_line(r, "end", end);
	r->rows = 0;
	r->cursor[0] = '\0';
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
