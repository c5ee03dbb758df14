/* A reply: what a job says, waiting for the socket.
 *
 * On the control socket each line is an object with one member: first {"head": …}, then {"row": …}
 * for each row, then {"end": {"status": …, "text": …, "rows": n}}.  Over HTTP it is one document:
 * {…head…, "rows": […], "status": …, "text": …, "next_cursor": …}; or nothing but the "text" of
 * each row.  A job asks reply_has_room()
 * before it makes more, so what waits stays near REPLY_BYTES however many rows there are. */
#pragma once

#include <sys/types.h>

#include <jansson.h>

#include "rib/base/units.h"

#define REPLY_BYTES ((size_t)64 * 1024)

#define REPLY_STATUS_MAX 16
#define REPLY_TEXT_MAX	 1024
#define REPLY_CURSOR_MAX 128

enum reply_form { REPLY_LINES, REPLY_DOCUMENT, REPLY_TEXT };

struct reply {
	char *data;
	size_t begin, end, size; /* Waiting bytes are [begin, end). */
	uint64_t rows;
	enum reply_form form;
	/* A document is not begun before its first row, or an end that is good: a bad end without
	 * rows is the carrier's to tell. */
	json_t *head;
	bool has_begun, is_ended;
	char status[REPLY_STATUS_MAX], text[REPLY_TEXT_MAX];
	char cursor[REPLY_CURSOR_MAX];
};

void reply_fini(struct reply *r);
bool reply_has_room(const struct reply *r);
/* Take `value` (its reference too) as the head or the next row. */
void reply_head(struct reply *r, json_t *value);
void reply_row(struct reply *r, json_t *value);
/* Before the end: where the next request may go on; of at most REPLY_CURSOR_MAX − 1 characters. */
void reply_next(struct reply *r, const char *cursor);
/* `status`: done, refused, not_found or usage; `text` may be NULL. */
void reply_end(struct reply *r, const char *status, const char *text);
/* Bytes that are neither lines nor a document. */
void reply_put(struct reply *r, const char *bytes, size_t len);
/* Write what waits to a non-blocking socket.  False when the other side has gone. */
bool reply_write(struct reply *r, int fd);
