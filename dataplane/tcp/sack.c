/* The row is an array in which the front moves: ACKs take ranges off the front, sending puts them
 * on at the end, both without moving the others.  In the middle a range is inserted or removed by
 * moving what follows, at most 12 kB, and only while something is lost. */
#include "dataplane/tcp/sack.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

void sack_init(struct sack *s, uint64_t from)
{
	*s = (struct sack){.from = from, .end = from, .lost_from = from, .cap = SACK_RANGES_FEW};
}

void sack_fini(struct sack *s)
{
	free(s->many);
	sack_init(s, s->end);
}

static struct sack_range *row(struct sack *s)
{
	return (s->many != NULL ? s->many : s->few) + s->begin;
}

static const struct sack_range *row_const(const struct sack *s)
{
	return (s->many != NULL ? s->many : s->few) + s->begin;
}

static uint64_t start_of(const struct sack *s, uint32_t i)
{
	return i == 0 ? s->from : row_const(s)[i - 1].to;
}

static uint64_t len_of(const struct sack *s, uint32_t i)
{
	return row_const(s)[i].to - start_of(s, i);
}

/* The range of the byte at `position`, within the row. */
static uint32_t find(const struct sack *s, uint64_t position)
{
	const struct sack_range *r = row_const(s);
	uint32_t low = 0, high = s->count - 1;

	ASSERT(position >= s->from && position < s->end);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r[middle].to > position) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

static bool grow(struct sack *s)
{
	uint32_t cap = s->cap * 4;

	if (cap > SACK_RANGES_MAX) {
		cap = SACK_RANGES_MAX;
	}
	if (cap == s->cap) {
		return false;
	}
	struct sack_range *many = malloc(cap * sizeof(*many));

	if (many == NULL) {
		return false;
	}
	memcpy(many, row(s), s->count * sizeof(*many));
	free(s->many);
	s->many = many;
	s->cap = cap;
	s->begin = 0;
	return true;
}

/* Make place for one more range at `i`; its content is not yet right. */
static bool open_place(struct sack *s, uint32_t i)
{
	if (s->begin + s->count == s->cap) {
		if (s->begin >= s->cap / 4 || (s->begin > 0 && s->cap == SACK_RANGES_MAX)) {
			struct sack_range *from = row(s);

			memmove(from - s->begin, from, s->count * sizeof(*from));
			s->begin = 0;
		} else if (!grow(s)) {
			return false;
		}
	}
	struct sack_range *r = row(s);

	memmove(r + i + 1, r + i, (s->count - i) * sizeof(*r));
	s->count++;
	return true;
}

/* Let a range begin at `position`.  False: no room. */
static bool split(struct sack *s, uint64_t position)
{
	if (position == s->from || position == s->end) {
		return true;
	}
	uint32_t i = find(s, position);

	if (start_of(s, i) == position) {
		return true;
	}
	if (!open_place(s, i)) {
		return false;
	}
	row(s)[i] = row(s)[i + 1];
	row(s)[i].to = position;
	return true;
}

static bool is_alike(const struct sack_range *a, const struct sack_range *b)
{
	if (a->state != b->state) {
		return false;
	}
	return a->state != SACK_FLYING ||
	       (a->sent_at == b->sent_at && a->is_resent == b->is_resent);
}

/* Ranges first..last have changed: make those one that are alike, neighbours included. */
static void unite(struct sack *s, uint32_t first, uint32_t last)
{
	struct sack_range *r = row(s);
	uint32_t keep = first > 0 ? first - 1 : 0, i = keep + 1;

	for (; i < s->count && i <= last + 1; i++) {
		if (is_alike(&r[keep], &r[i])) {
			r[keep].to = r[i].to;
			r[keep].sent_at = max_u64(r[keep].sent_at, r[i].sent_at);
			r[keep].is_resent |= r[i].is_resent;
		} else {
			r[++keep] = r[i];
		}
	}
	if (i < s->count) {
		memmove(r + keep + 1, r + i, (s->count - i) * sizeof(*r));
	}
	s->count -= i - keep - 1;
}

/* Range `i` changes its state. */
static void set_state(struct sack *s, uint32_t i, enum sack_state state)
{
	struct sack_range *r = &row(s)[i];
	uint64_t len = len_of(s, i);

	if (r->state == SACK_HELD) {
		s->held -= len;
	} else if (r->state == SACK_LOST) {
		s->lost -= len;
	}
	if (state == SACK_HELD) {
		s->held += len;
	} else if (state == SACK_LOST) {
		s->lost_from =
			s->lost == 0 ? start_of(s, i) : min_u64(s->lost_from, start_of(s, i));
		s->lost += len;
	}
	r->state = (uint8_t)state;
}

/* New bytes at the end. */
static void append(struct sack *s, uint64_t to, usec_t now)
{
	struct sack_range next = {.to = to, .sent_at = now, .state = SACK_FLYING};
	uint32_t last = s->count - 1;

	if (s->count > 0 && is_alike(&row(s)[last], &next)) {
		row(s)[last].to = to;
	} else if (open_place(s, s->count)) {
		row(s)[s->count - 1] = next;
	} else {
		/* No room: the last range takes them in and counts as just sent. */
		set_state(s, last, SACK_FLYING);
		row(s)[last].to = to;
		row(s)[last].sent_at = now;
		unite(s, last, last);
	}
	s->end = to;
}

/* [from, to) once more.  Without room for the cuts all of the ranges that it touches count. */
static void repeat(struct sack *s, uint64_t from, uint64_t to, usec_t now)
{
	split(s, to);
	split(s, from);
	uint32_t first = find(s, from), i = first;

	for (; i < s->count && start_of(s, i) < to; i++) {
		struct sack_range *r = &row(s)[i];

		if (r->state != SACK_HELD) {
			set_state(s, i, SACK_FLYING);
			r->sent_at = now;
			r->is_resent = true;
		}
	}
	unite(s, first, i - 1);
	if (s->lost_from >= from) {
		s->lost_from = max_u64(s->lost_from, to);
	}
}

void sack_sent(struct sack *s, uint64_t from, uint64_t to, usec_t now)
{
	ASSERT(from < to);
	ASSERT(from >= s->from && from <= s->end);
	if (from < s->end) {
		repeat(s, from, min_u64(to, s->end), now);
	}
	if (to > s->end) {
		append(s, to, now);
	}
}

/* [.., to) of a range arrived. */
static void note_arrival(const struct sack_range *r, uint64_t from, uint64_t to,
			 struct sack_news *news)
{
	news->bytes += to - from;
	if (!r->is_resent) {
		news->clean_low = news->clean_low == 0 ? to : min_u64(news->clean_low, to);
	} else if (r->sent_at > news->resent_upto) {
		return; /* It was the one before that arrived. */
	}
	if (news->newest_end == 0 || r->sent_at > news->newest_at ||
	    (r->sent_at == news->newest_at && to > news->newest_end)) {
		news->newest_end = to;
		news->newest_at = r->sent_at;
		news->is_newest_again = r->is_resent;
	}
}

void sack_ack(struct sack *s, uint64_t upto, struct sack_news *news)
{
	ASSERT(upto >= s->from && upto <= s->end);
	if (upto == s->from) {
		return;
	}
	while (s->count > 0 && s->from < upto) {
		const struct sack_range *r = row(s);
		uint64_t to = min_u64(r->to, upto);

		if (r->state != SACK_HELD) {
			note_arrival(r, s->from, to, news);
		}
		s->held -= r->state == SACK_HELD ? to - s->from : 0;
		s->lost -= r->state == SACK_LOST ? to - s->from : 0;
		s->from = to;
		if (r->to == to) {
			s->begin++;
			s->count--;
		}
	}
	if (s->count == 0) {
		sack_fini(s);
	}
}

bool sack_hold(struct sack *s, uint64_t from, uint64_t to, struct sack_news *news)
{
	ASSERT(from < to);
	ASSERT(from >= s->from && to <= s->end);
	uint32_t i = find(s, from);

	if (row(s)[i].state == SACK_HELD && to <= row(s)[i].to) {
		return true; /* Said before. */
	}
	if (!split(s, to)) {
		return false;
	}
	if (!split(s, from)) {
		i = find(s, to - 1);
		unite(s, i, i);
		return false;
	}
	uint32_t first = find(s, from);

	for (i = first; i < s->count && start_of(s, i) < to; i++) {
		if (row(s)[i].state != SACK_HELD) {
			note_arrival(&row(s)[i], start_of(s, i), row(s)[i].to, news);
			set_state(s, i, SACK_HELD);
		}
	}
	unite(s, first, i - 1);
	return true;
}

usec_t sack_lose_before(struct sack *s, usec_t at, uint64_t end, usec_t deadline)
{
	usec_t rest = 0;
	bool has_lost = false;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct sack_range *r = &row(s)[i];

		if (r->state != SACK_FLYING || r->sent_at > at ||
		    (r->sent_at == at && r->to > end)) {
			continue;
		}
		if (r->sent_at <= deadline) {
			set_state(s, i, SACK_LOST);
			has_lost = true;
		} else {
			rest = max_u64(rest, r->sent_at);
		}
	}
	if (has_lost) {
		unite(s, 0, s->count - 1);
	}
	return rest;
}

void sack_lose_all(struct sack *s, uint64_t from)
{
	ASSERT(s->count > 0);
	split(s, from);
	for (uint32_t i = 0; i < s->count; i++) {
		if (row(s)[i].to > from && row(s)[i].state == SACK_FLYING) {
			set_state(s, i, SACK_LOST);
		}
	}
	unite(s, 0, s->count - 1);
}

static void become_flying(struct sack *s, enum sack_state state)
{
	ASSERT(s->count > 0);
	for (uint32_t i = 0; i < s->count; i++) {
		if (row(s)[i].state == state) {
			set_state(s, i, SACK_FLYING);
		}
	}
	unite(s, 0, s->count - 1);
}

void sack_forget(struct sack *s)
{
	become_flying(s, SACK_HELD);
}

void sack_unlose(struct sack *s)
{
	become_flying(s, SACK_LOST);
}

bool sack_first_lost(const struct sack *s, uint64_t *out_from, uint64_t *out_to)
{
	if (s->lost == 0) {
		return false;
	}
	uint32_t i = find(s, max_u64(s->lost_from, s->from));

	while (row_const(s)[i].state != SACK_LOST) {
		i++;
		ASSERT(i < s->count);
	}
	*out_from = start_of(s, i);
	*out_to = row_const(s)[i].to;
	return true;
}

enum sack_state sack_at(const struct sack *s, uint64_t position)
{
	return row_const(s)[find(s, position)].state;
}

void sack_check(const struct sack *s, uint64_t from, uint64_t end)
{
	uint64_t at = s->from, held = 0, lost = 0;

	ASSERT(s->from == from && s->end == end);
	ASSERT(s->begin + s->count <= s->cap);
	ASSERT(s->cap <= SACK_RANGES_MAX);
	ASSERT((s->many == NULL) == (s->cap == SACK_RANGES_FEW));
	ASSERT((s->count == 0) == (from == end));
	for (uint32_t i = 0; i < s->count; i++) {
		const struct sack_range *r = &row_const(s)[i];

		ASSERT(r->to > at);
		ASSERT(i == 0 || !is_alike(r - 1, r));
		ASSERT(r->state != SACK_LOST || r->to > s->lost_from);
		held += r->state == SACK_HELD ? r->to - at : 0;
		lost += r->state == SACK_LOST ? r->to - at : 0;
		at = r->to;
	}
	ASSERT(at == end);
	ASSERT(held == s->held && lost == s->lost);
}
