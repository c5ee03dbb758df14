/* Cursors over bytes with a sticky error: read or write everything, check once.
 *
 * A read past the end returns zero and makes the cursor bad for good; a write past the end is
 * dropped and does the same.  So a decoder reads a whole structure in a straight line and asks
 * rd_is_ok() once; it never touches a byte before its bound is proved.  All integers on the wire
 * are big-endian.
 */
#pragma once

#include <string.h>

#include "rib/base/units.h"

/* Borrowed, immutable bytes. */
struct span {
	const uint8_t *data;
	size_t len;
};

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){.data = data, .len = len};
}

/* A read cursor.  Invariant: at <= end; once bad, at == end. */
struct rd {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline struct rd rd_of(struct span s)
{
	return (struct rd){.at = s.data, .end = s.data + s.len};
}

static inline bool rd_is_ok(const struct rd *r)
{
	return !r->bad;
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->at);
}

/* True when `n` bytes can be read; otherwise the cursor turns bad and empty. */
static inline bool rd_need(struct rd *r, size_t n)
{
	if (rd_left(r) >= n) {
		return true;
	}
	r->bad = true;
	r->at = r->end;
	return false;
}

static inline uint8_t rd_u8(struct rd *r)
{
	return rd_need(r, 1) ? *r->at++ : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	if (!rd_need(r, 2)) {
		return 0;
	}
	uint16_t v = (uint16_t)((unsigned)r->at[0] << 8 | r->at[1]);
	r->at += 2;
	return v;
}

static inline uint32_t rd_u32(struct rd *r)
{
	if (!rd_need(r, 4)) {
		return 0;
	}
	uint32_t v = (uint32_t)r->at[0] << 24 | (uint32_t)r->at[1] << 16 | (uint32_t)r->at[2] << 8 |
		     r->at[3];
	r->at += 4;
	return v;
}

/* The next `n` bytes as a span into the input; empty when there are not as many. */
static inline struct span rd_span(struct rd *r, size_t n)
{
	if (!rd_need(r, n)) {
		return (struct span){.data = r->end, .len = 0};
	}
	struct span s = {.data = r->at, .len = n};
	r->at += n;
	return s;
}

static inline void rd_copy(struct rd *r, void *to, size_t n)
{
	if (rd_need(r, n)) {
		memcpy(to, r->at, n);
		r->at += n;
	}
}

/* A write cursor.  Invariant: at <= end; once bad nothing more is written. */
struct wr {
	uint8_t *begin;
	uint8_t *at;
	uint8_t *end;
	bool bad;
};

static inline struct wr wr_of(void *buf, size_t len)
{
	return (struct wr){.begin = buf, .at = buf, .end = (uint8_t *)buf + len};
}

static inline bool wr_is_ok(const struct wr *w)
{
	return !w->bad;
}

static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->at - w->begin);
}

static inline size_t wr_left(const struct wr *w)
{
	return (size_t)(w->end - w->at);
}

static inline bool wr_need(struct wr *w, size_t n)
{
	if (!w->bad && wr_left(w) >= n) {
		return true;
	}
	w->bad = true;
	return false;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	if (wr_need(w, 1)) {
		*w->at++ = v;
	}
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	if (wr_need(w, 2)) {
		w->at[0] = (uint8_t)(v >> 8);
		w->at[1] = (uint8_t)v;
		w->at += 2;
	}
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	if (wr_need(w, 4)) {
		w->at[0] = (uint8_t)(v >> 24);
		w->at[1] = (uint8_t)(v >> 16);
		w->at[2] = (uint8_t)(v >> 8);
		w->at[3] = (uint8_t)v;
		w->at += 4;
	}
}

static inline void wr_copy(struct wr *w, const void *from, size_t n)
{
	if (wr_need(w, n) && n > 0) {
		memcpy(w->at, from, n);
		w->at += n;
	}
}

/* Overwrite two bytes that were written earlier at `pos` (a length field). */
static inline void wr_patch_u16(struct wr *w, size_t pos, uint16_t v)
{
	if (!w->bad) {
		w->begin[pos] = (uint8_t)(v >> 8);
		w->begin[pos + 1] = (uint8_t)v;
	}
}
