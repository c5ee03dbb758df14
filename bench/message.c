/* What members send: see message.h. */
#include "bench/message.h"

#include <stdlib.h>
#include <string.h>

#define HEADER 19

static size_t put(uint8_t *to, uint32_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++) {
		to[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
	}
	return octets;
}

static size_t put_header(uint8_t *to, size_t len, uint8_t type)
{
	memset(to, 0xff, 16);
	put(to + 16, (uint32_t)len, 2);
	to[18] = type;
	return HEADER;
}

void outgoing_fini(struct outgoing *o)
{
	free(o->data);
	*o = (struct outgoing){0};
}

/* Room for one more message; NULL without memory. */
static uint8_t *room(struct outgoing *o)
{
	if (o->max - o->len < MESSAGE_MAX) {
		size_t max = o->max * 2 + 2 * MESSAGE_MAX;
		uint8_t *data = realloc(o->data, max);
		if (data == NULL) {
			o->is_short = true;
			return NULL;
		}
		o->data = data;
		o->max = max;
	}
	return o->data + o->len;
}

static bool has_v6(const struct plan *p)
{
	uint32_t groups = plan_group_count(p);
	return groups > 0 && plan_group(p, groups - 1).is_v6; /* IPv6 groups come last. */
}

size_t message_open(const struct plan *p, unsigned member, uint8_t *to)
{
	static const uint8_t v4[] = {2, 6, 1, 4, 0, 1, 0, 1}, v6[] = {2, 6, 1, 4, 0, 2, 0, 1};
	uint32_t asn = p->asn_first + member;
	size_t n = HEADER;
	to[n++] = 4;
	n += put(to + n, asn > 65535 ? 23456 : asn, 2);
	n += put(to + n, p->hold_s, 2);
	n += put(to + n, p->source + member, 4);
	size_t length_at = n++;
	memcpy(to + n, v4, sizeof(v4));
	n += sizeof(v4);
	if (has_v6(p)) {
		memcpy(to + n, v6, sizeof(v6));
		n += sizeof(v6);
	}
	n += put(to + n, 2 << 24 | 6 << 16 | 65 << 8 | 4, 4);
	n += put(to + n, asn, 4);
	to[length_at] = (uint8_t)(n - length_at - 1);
	put_header(to, n, 1);
	return n;
}

size_t message_keepalive(uint8_t *to)
{
	return put_header(to, HEADER, 4);
}

size_t message_cease(uint8_t *to)
{
	put_header(to, HEADER + 2, 3);
	to[HEADER] = 6;
	to[HEADER + 1] = 2;
	return HEADER + 2;
}

static size_t put_attr_head(uint8_t *to, uint8_t flags, uint8_t type, size_t len)
{
	to[0] = len > 255 ? flags | 0x10 : flags;
	to[1] = type;
	return 2 + put(to + 2, (uint32_t)len, len > 255 ? 2 : 1);
}

static size_t put_words(uint8_t *to, const uint32_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put(to + 4 * i, words[i], 4);
	}
	return 4 * (size_t)count;
}

static size_t put_path(const struct plan_attrs *a, uint8_t *to)
{
	size_t n = put_attr_head(to, 0x40, 1, 1);
	to[n++] = (uint8_t)a->origin;
	n += put_attr_head(to + n, 0x40, 2, 2 + 4 * (size_t)a->path_count);
	to[n++] = 2;
	to[n++] = (uint8_t)a->path_count;
	return n + put_words(to + n, a->path, a->path_count);
}

static size_t put_communities(const struct plan_attrs *a, uint8_t *to)
{
	size_t n = 0;
	if (a->community_count > 0) {
		n += put_attr_head(to, 0xc0, 8, 4 * (size_t)a->community_count);
		n += put_words(to + n, a->community, a->community_count);
	}
	if (a->large_count > 0) {
		n += put_attr_head(to + n, 0xc0, 32, 12 * (size_t)a->large_count);
		n += put_words(to + n, a->large[0], 3 * a->large_count);
	}
	return n;
}

size_t message_attrs(const struct plan_attrs *a, uint8_t *to)
{
	size_t n = put_path(a, to);
	return n + put_communities(a, to + n);
}

void message_next_hop6(const struct plan *p, unsigned member, uint8_t to[16])
{
	memset(to, 0, 16);
	put(to, 0x20010db8, 4);
	put(to + 12, p->source + member, 4);
}

/* As many of the group's prefixes from *at on as fit. */
static size_t put_prefixes(const struct plan *p, const struct group *g, uint32_t *at, uint8_t *to,
			   size_t max)
{
	size_t n = 0;
	while (*at < g->count && n + 17 <= max) {
		n += plan_prefix(p, g->first + (*at)++, to + n);
	}
	return n;
}

static size_t finish(uint8_t *m, size_t attrs_at, size_t attrs_end, size_t end)
{
	put(m + attrs_at - 2, (uint32_t)(attrs_end - attrs_at), 2);
	put_header(m, end, 2);
	return end;
}

static size_t put_announce4(const struct plan *p, const struct group *g, unsigned member,
			    const struct plan_attrs *a, uint32_t *at, uint8_t *m)
{
	size_t n = HEADER + put(m + HEADER, 0, 4);
	n += put_path(a, m + n);
	n += put_attr_head(m + n, 0x40, 3, 4);
	n += put(m + n, p->source + member, 4);
	n += put_communities(a, m + n);
	return finish(m, HEADER + 4, n, n + put_prefixes(p, g, at, m + n, MESSAGE_MAX - n));
}

/* MP_REACH_NLRI stands last: its length is known when the prefixes are in. */
static size_t put_announce6(const struct plan *p, const struct group *g, unsigned member,
			    const struct plan_attrs *a, uint32_t *at, uint8_t *m)
{
	size_t n = HEADER + put(m + HEADER, 0, 4);
	n += message_attrs(a, m + n);
	size_t reach = n;
	n += 4; /* Flags, type, length in two octets. */
	n += put(m + n, 0x00020110, 4);
	message_next_hop6(p, member, m + n);
	n += 16;
	m[n++] = 0;
	n += put_prefixes(p, g, at, m + n, MESSAGE_MAX - n);
	put(m + reach, 0x900e0000 | (uint32_t)(n - reach - 4), 4);
	return finish(m, HEADER + 4, n, n);
}

void message_announce(struct outgoing *o, const struct plan *p, const struct group *g,
		      unsigned slot, uint16_t version)
{
	struct plan_attrs a;
	unsigned member = plan_announcer(p, g, slot);
	plan_attrs(p, g, slot, version, &a);
	for (uint32_t at = 0; at < g->count;) {
		uint8_t *m = room(o);
		if (m == NULL) {
			return;
		}
		o->len += g->is_v6 ? put_announce6(p, g, member, &a, &at, m)
				   : put_announce4(p, g, member, &a, &at, m);
		o->updates++;
	}
	o->prefixes += g->count;
}

void message_withdraw(struct outgoing *o, const struct plan *p, const struct group *g)
{
	for (uint32_t at = 0; at < g->count;) {
		uint8_t *m = room(o);
		if (m == NULL) {
			return;
		}
		size_t start = HEADER + (g->is_v6 ? 4 + 7 : 2);
		size_t n = start + put_prefixes(p, g, &at, m + start, MESSAGE_MAX - start - 2);
		if (g->is_v6) {
			put(m + HEADER, 0, 2);
			put(m + HEADER + 4, 0x900f0000 | (uint32_t)(n - start + 3), 4);
			put(m + HEADER + 8, 0x000201, 3);
			o->len += finish(m, HEADER + 4, n, n);
		} else {
			put(m + HEADER, (uint32_t)(n - start), 2);
			put(m + n, 0, 2);
			o->len += n + 2;
			put_header(m, n + 2, 2);
		}
		o->updates++;
	}
	o->prefixes += g->count;
}
