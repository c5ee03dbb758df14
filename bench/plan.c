/* The plan: see plan.h.  RFC 4271 §4.2, §4.3; RFC 6793. */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>

#define UPDATE_NLRI_MAX 900 /* /24s in one UPDATE: 4 bytes each, below 4096 with attributes. */

static size_t put(uint8_t *to, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		to[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	}
	return bytes;
}

static uint32_t get(const uint8_t *from, unsigned bytes)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < bytes; i++) {
		v = v << 8 | from[i];
	}
	return v;
}

uint64_t plan_prefixes(const struct plan *p)
{
	return (uint64_t)p->announcers * p->prefixes;
}

uint64_t plan_deliveries(const struct plan *p)
{
	return plan_prefixes(p) * (p->members - 1);
}

size_t plan_open(const struct plan *p, unsigned i, uint8_t *to)
{
	uint32_t asn = p->asn_first + i;
	const uint8_t caps[] = {2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4};
	memset(to, 0xff, 16);
	size_t n = 18;
	to[n++] = 1;
	to[n++] = 4;
	n += put(to + n, asn > 65535 ? 23456 : asn, 2);
	n += put(to + n, p->hold_s, 2);
	n += put(to + n, p->source + i, 4);
	to[n++] = sizeof(caps) + 4;
	memcpy(to + n, caps, sizeof(caps));
	n += sizeof(caps);
	n += put(to + n, asn, 4);
	put(to + 16, (uint32_t)n, 2);
	return n;
}

/* ORIGIN, AS_PATH (own AS, then two that make the set distinct), NEXT_HOP, a community. */
static size_t put_attrs(const struct plan *p, unsigned i, unsigned set, uint8_t *to)
{
	size_t n = 0;
	const uint8_t origin[] = {0x40, 1, 1, 0, 0x40, 2, 14, 2, 3};
	memcpy(to, origin, sizeof(origin));
	n += sizeof(origin);
	n += put(to + n, p->asn_first + i, 4);
	n += put(to + n, 100000 + set, 4);
	n += put(to + n, 200000 + set % 7, 4);
	const uint8_t hop[] = {0x40, 3, 4};
	memcpy(to + n, hop, sizeof(hop));
	n += sizeof(hop);
	n += put(to + n, p->source + i, 4);
	const uint8_t community[] = {0xc0, 8, 4};
	memcpy(to + n, community, sizeof(community));
	n += sizeof(community);
	n += put(to + n, 65000u << 16 | (set & 0xffff), 4);
	return n;
}

static size_t put_update(const struct plan *p, unsigned i, unsigned set, unsigned first,
			 unsigned count, uint8_t *to)
{
	memset(to, 0xff, 16);
	size_t n = 18;
	to[n++] = 2;
	n += put(to + n, 0, 2);
	size_t attrs = put_attrs(p, i, set, to + n + 2);
	n += put(to + n, (uint32_t)attrs, 2) + attrs;
	for (unsigned k = first; k < first + count; k++) {
		to[n++] = 24;
		n += put(to + n, (PLAN_PREFIX_BASE >> 8) + i * p->prefixes + k, 3);
	}
	put(to + 16, (uint32_t)n, 2);
	return n;
}

size_t plan_updates(const struct plan *p, unsigned i, uint8_t **out)
{
	unsigned count_all = i < p->announcers ? p->prefixes : 0;
	unsigned sets = (count_all + p->per_set - 1) / p->per_set;
	unsigned messages = sets + count_all / UPDATE_NLRI_MAX + 1;
	uint8_t *to = malloc((size_t)messages * 128 + (size_t)count_all * 4);
	size_t n = 0;
	for (unsigned k = 0; to != NULL && k < count_all;) {
		unsigned set = k / p->per_set;
		unsigned end = (set + 1) * p->per_set;
		end = end < count_all ? end : count_all;
		unsigned count = end - k < UPDATE_NLRI_MAX ? end - k : UPDATE_NLRI_MAX;
		n += put_update(p, i, set, k, count, to + n);
		k += count;
	}
	*out = to;
	return to != NULL ? n : 0;
}

/* Announcer by AS_PATH and by NEXT_HOP; false when the attributes cannot be parsed. */
static bool read_attrs(const struct plan *p, const uint8_t *a, size_t len, uint32_t *by_path,
		       uint32_t *by_hop)
{
	size_t at = 0;
	while (at + 3 <= len) {
		size_t head = a[at] & 0x10 ? 4 : 3;
		if (at + head > len) {
			return false;
		}
		size_t value = head == 4 ? get(a + at + 2, 2) : a[at + 2];
		const uint8_t *v = a + at + head;
		if (at + head + value > len) {
			return false;
		}
		if (a[at + 1] == 2 && value >= 6) {
			*by_path = get(v + 2, 4) - p->asn_first;
		} else if (a[at + 1] == 3 && value == 4) {
			*by_hop = get(v, 4) - p->source;
		}
		at += head + value;
	}
	return at == len;
}

/* The number of the prefix at `m`, or UINT32_MAX when it is not one of the plan's. */
static uint32_t prefix_number(const struct plan *p, const uint8_t *m)
{
	uint32_t k = get(m + 1, 3) - (PLAN_PREFIX_BASE >> 8);
	return k < plan_prefixes(p) ? k : UINT32_MAX;
}

static void check_announced(const struct plan *p, unsigned i, uint32_t announcer, uint32_t k,
			    uint64_t *held, struct tally *t)
{
	uint64_t bit = UINT64_C(1) << (k % 64);
	if (k == UINT32_MAX || announcer != k / p->prefixes) {
		t->wrong++;
	} else if (announcer == i) {
		t->own++;
	} else if ((held[k / 64] & bit) != 0) {
		t->repeated++;
	} else {
		held[k / 64] |= bit;
		t->delivered++;
	}
}

static void check_withdrawn(uint32_t k, uint64_t *held, struct tally *t)
{
	t->withdrawn++;
	if (k != UINT32_MAX && (held[k / 64] >> (k % 64) & 1) != 0) {
		held[k / 64] &= ~(UINT64_C(1) << (k % 64));
		t->delivered--;
	}
}

bool plan_check(const struct plan *p, unsigned i, const uint8_t *m, size_t len, uint64_t *held,
		struct tally *t)
{
	size_t withdrawn = len >= 23 ? get(m + 19, 2) : len; /* Only /24s: 4 bytes each. */
	if (23 + withdrawn > len) {
		return false;
	}
	size_t attrs = get(m + 21 + withdrawn, 2);
	size_t nlri = 23 + withdrawn + attrs;
	uint32_t by_path = UINT32_MAX, by_hop = UINT32_MAX;
	if (nlri > len || withdrawn % 4 != 0 || (len - nlri) % 4 != 0 ||
	    !read_attrs(p, m + 23 + withdrawn, attrs, &by_path, &by_hop)) {
		return false;
	}
	t->updates++;
	for (size_t at = 21; at < 21 + withdrawn; at += 4) {
		if (m[at] != 24) {
			return false;
		}
		check_withdrawn(prefix_number(p, m + at), held, t);
	}
	uint32_t announcer = by_path == by_hop ? by_path : UINT32_MAX - 1;
	for (size_t at = nlri; at < len; at += 4) {
		if (m[at] != 24) {
			return false;
		}
		check_announced(p, i, announcer, prefix_number(p, m + at), held, t);
	}
	return true;
}
