/* The receive buffer: bytes of one connection from the first unread one onward, contiguous.
 *
 *     data          begin            begin+len          begin+extent        cap
 *      | free again  | in order, unread | gaps and islands  | never written  |
 *
 * Out-of-order bytes are written at their final place, so filling a gap copies nothing.  No memory
 * is held while it is empty.  It grows by doubling to twice `bytes_max`; the slack is what makes
 * moving to the front cost O(1) per byte: it happens only when at least as much was read as is
 * moved.
 */
#pragma once

#include "rib/base/bytes.h"

struct rbuf {
	uint8_t *data; /* NULL while empty. */
	uint32_t cap;
	uint32_t begin, len, extent;
	uint32_t bytes_max; /* Bound of `extent`. */
};

void rbuf_init(struct rbuf *b, uint32_t bytes_max);
void rbuf_fini(struct rbuf *b);
/* Write `s` at `offset` bytes after the first unread one; offset + s.len <= bytes_max.  False when
 * memory is short (nothing changed).  Moves the bytes: earlier spans into it are void. */
bool rbuf_write(struct rbuf *b, uint32_t offset, struct span s);
/* `n` more bytes are in order; they must have been written. */
void rbuf_commit(struct rbuf *b, uint32_t n);
/* The unread bytes in order. */
struct span rbuf_peek(const struct rbuf *b);
/* Forget the first `n` (<= len) bytes; spans into it are void. */
void rbuf_consume(struct rbuf *b, uint32_t n);
void rbuf_check(const struct rbuf *b);
