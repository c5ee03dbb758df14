/* A reply: JSON lines that wait for the socket.
 *
 * Each line is an object with one member: first {"head": …}, then {"row": …} for each row, then
 * {"end": {"status": …, "text": …, "rows": n}}.  A job asks reply_has_room() before it makes more,
 * so what waits stays near REPLY_BYTES however many rows there are. */
#pragma once

#include <sys/types.h>

#include <jansson.h>

#include "rib/base/units.h"

#define REPLY_BYTES ((size_t)64 * 1024)

struct reply {
	char *data;
	size_t begin, end, size; /* Waiting bytes are [begin, end). */
	uint64_t rows;
};

void reply_fini(struct reply *r);
bool reply_has_room(const struct reply *r);
/* Take `value` (its reference too) as the head or the next row. */
void reply_head(struct reply *r, json_t *value);
void reply_row(struct reply *r, json_t *value);
/* `status`: done, refused, not_found or usage; `text` may be NULL. */
void reply_end(struct reply *r, const char *status, const char *text);
/* Write what waits to a non-blocking socket.  False when the other side has gone. */
bool reply_write(struct reply *r, int fd);
