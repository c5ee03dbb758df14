/* The checker: see check.h.  RFC 4271 §4.3, RFC 4760 §3, §4. */
#include "bench/check.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "bench/message.h"
#include "rib/base/units.h"

#define MEMO_COUNT 65536 /* Power of two. */
#define MEMO_MAX   232	 /* Longer attributes are taken apart each time. */

#define WHOLE_MAX    1024 /* Longer UPDATEs prefix by prefix. */
#define WHOLE_ALIGN  32
#define WHOLES_COUNT (1u << 18) /* A power of two. */
#define WHOLES_BYTES (32u << 20)
#define HEADER	     19

struct octets {
	const uint8_t *at;
	size_t len;
};

/* The attributes of an UPDATE, not yet judged. */
struct heard {
	int origin; /* −1: absent. */
	struct octets path, hop4, communities, large, reach, unreach;
	bool has_other; /* Something that no member sends. */
};

/* What the attributes are for one group. */
struct said {
	bool is_right;
	uint8_t slot;
	uint16_t version;
};

struct memo {
	uint32_t group;
	uint16_t len; /* 0: free. */
	struct said said;
	uint8_t octets[MEMO_MAX];
};

/* A whole UPDATE: IPv4 prefixes in a row, all of one group.  Many members get the same. */
struct whole {
	uint32_t group, first, count;
	uint16_t len, attrs_len;
	struct said said;
	uint8_t octets[];
};

/* Those that were seen lie side by side, so that many fit the processor's cache; when there is no
 * more room, it begins anew. */
struct wholes {
	uint8_t *data;	 /* WHOLES_BYTES */
	uint32_t used;	 /* Offset 0 stays free. */
	uint32_t *place; /* [WHOLES_COUNT], by hash: where in data, 0 for nowhere. */
};

struct checker {
	const struct plan *plan;
	struct ledger *ledger;
	struct tally tally;
	struct memo *memo;
	struct wholes wholes;
};

struct checker *checker_new(const struct plan *p, struct ledger *l)
{
	struct checker *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		return NULL;
	}
	c->plan = p;
	c->ledger = l;
	c->memo = calloc(MEMO_COUNT, sizeof(*c->memo));
	c->wholes = (struct wholes){.data = aligned_alloc(CACHE_LINE, WHOLES_BYTES),
				    .used = WHOLE_ALIGN,
				    .place = calloc(WHOLES_COUNT, sizeof(uint32_t))};
	if (c->memo == NULL || c->wholes.data == NULL || c->wholes.place == NULL) {
		checker_free(c);
		return NULL;
	}
	return c;
}

void checker_free(struct checker *c)
{
	if (c != NULL) {
		free(c->memo);
		free(c->wholes.data);
		free(c->wholes.place);
		free(c);
	}
}

const struct tally *checker_tally(const struct checker *c)
{
	return &c->tally;
}

static uint32_t get(const uint8_t *from, unsigned octets)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < octets; i++) {
		v = v << 8 | from[i];
	}
	return v;
}

static void hear_attr(uint8_t type, struct octets v, struct heard *h)
{
	switch (type) {
	case 1:
		h->origin = v.len == 1 ? v.at[0] : -1;
		break;
	case 2:
		h->path = v;
		break;
	case 3:
		h->hop4 = v;
		break;
	case 8:
		h->communities = v;
		break;
	case 14:
		h->reach = v;
		break;
	case 15:
		h->unreach = v;
		break;
	case 32:
		h->large = v;
		break;
	default:
		h->has_other = true;
	}
}

static bool hear_attrs(struct octets a, struct heard *h)
{
	size_t at = 0;
	*h = (struct heard){.origin = -1};
	while (at + 3 <= a.len) {
		size_t head = (a.at[at] & 0x10) != 0 ? 4 : 3;
		if (at + head > a.len) {
			return false;
		}
		size_t len = head == 4 ? get(a.at + at + 2, 2) : a.at[at + 2];
		if (at + head + len > a.len) {
			return false;
		}
		hear_attr(a.at[at + 1], (struct octets){a.at + at + head, len}, h);
		at += head + len;
	}
	return at == a.len;
}

static bool is_path(struct octets path, const struct plan_attrs *a)
{
	if (path.len != 2 + 4 * (size_t)a->path_count || path.at[0] != 2 ||
	    path.at[1] != a->path_count) {
		return false;
	}
	for (unsigned i = 0; i < a->path_count; i++) {
		if (get(path.at + 2 + 4 * i, 4) != a->path[i]) {
			return false;
		}
	}
	return true;
}

/* The same values in the same order, both without what tells the server to whom not. */
static bool is_communities(struct octets v, const struct plan_attrs *a)
{
	unsigned i = 0;
	for (size_t at = 0; at + 4 <= v.len; at += 4) {
		uint32_t value = get(v.at + at, 4);
		if (value >> 16 == 0) {
			continue;
		}
		while (i < a->community_count && a->community[i] >> 16 == 0) {
			i++;
		}
		if (i == a->community_count || a->community[i++] != value) {
			return false;
		}
	}
	while (i < a->community_count && a->community[i] >> 16 == 0) {
		i++;
	}
	return i == a->community_count && v.len % 4 == 0;
}

static bool is_large_control(const struct plan *p, uint32_t global, uint32_t function)
{
	return global == p->rs_asn && function == 0;
}

static unsigned skip_control(const struct plan *p, const struct plan_attrs *a, unsigned i)
{
	while (i < a->large_count && is_large_control(p, a->large[i][0], a->large[i][1])) {
		i++;
	}
	return i;
}

static bool is_large(const struct plan *p, struct octets v, const struct plan_attrs *a)
{
	unsigned i = skip_control(p, a, 0);
	for (size_t at = 0; at + 12 <= v.len; at += 12) {
		uint32_t one[3] = {get(v.at + at, 4), get(v.at + at + 4, 4), get(v.at + at + 8, 4)};
		if (is_large_control(p, one[0], one[1])) {
			continue;
		}
		if (i == a->large_count || memcmp(a->large[i], one, sizeof(one)) != 0) {
			return false;
		}
		i = skip_control(p, a, i + 1);
	}
	return i == a->large_count && v.len % 12 == 0;
}

static bool is_next_hop(const struct plan *p, const struct heard *h, bool is_v6, unsigned announcer)
{
	uint8_t hop6[16];
	if (!is_v6) {
		return h->hop4.len == 4 && get(h->hop4.at, 4) == p->source + announcer;
	}
	/* A link-local one may stand behind it. */
	message_next_hop6(p, announcer, hop6);
	return h->reach.len > 20 && (h->reach.at[3] == 16 || h->reach.at[3] == 32) &&
	       memcmp(h->reach.at + 4, hop6, sizeof(hop6)) == 0;
}

/* The version stands in 65100:n; that it is the only such is seen when all are compared. */
static uint16_t version_in(struct octets communities)
{
	for (size_t at = 0; at + 4 <= communities.len; at += 4) {
		if (get(communities.at + at, 2) == 65100) {
			return (uint16_t)get(communities.at + at + 2, 2);
		}
	}
	return 0;
}

/* Whose the attributes are, if they are exactly what that announcer says with the group. */
static struct said judge(const struct plan *p, const struct heard *h, const struct group *g)
{
	struct said s = {.version = version_in(h->communities)};
	struct plan_attrs a;
	unsigned announcer =
		h->path.len >= 6 ? get(h->path.at + 2, 4) - p->asn_first : p->announcers;
	unsigned slot = plan_slot(p, g, announcer);
	if (slot == PLAN_NONE || h->has_other) {
		return s;
	}
	s.slot = (uint8_t)slot;
	plan_attrs(p, g, slot, s.version, &a);
	s.is_right = h->origin == (int)a.origin && is_path(h->path, &a) &&
		     is_communities(h->communities, &a) && is_large(p, h->large, &a) &&
		     is_next_hop(p, h, g->is_v6, announcer);
	return s;
}

/* The same as judge, remembered by octets; of IPv6 these have the prefixes among them. */
static bool judge_octets(struct checker *c, struct octets attrs, const struct group *g,
			 struct said *out)
{
	uint64_t hash = XXH3_64bits_withSeed(attrs.at, attrs.len, g->number);
	struct memo *m = &c->memo[hash & (MEMO_COUNT - 1)];
	struct heard h;
	if (m->len == attrs.len && m->len > 0 && m->group == g->number &&
	    memcmp(m->octets, attrs.at, attrs.len) == 0) {
		*out = m->said;
		return true;
	}
	if (!hear_attrs(attrs, &h)) {
		return false;
	}
	*out = judge(c->plan, &h, g);
	if (attrs.len <= MEMO_MAX) {
		*m = (struct memo){.group = g->number, .len = (uint16_t)attrs.len, .said = *out};
		memcpy(m->octets, attrs.at, attrs.len);
	}
	return true;
}

/* What all prefixes of a group are to a member in one UPDATE. */
struct lesson {
	uint8_t token, expected;
	struct tally each;
};

static struct lesson lesson_of(const struct checker *c, unsigned member, const struct group *g,
			       struct said said)
{
	struct lesson l = {.token = TOKEN_WRONG, .expected = ledger_expected(c->ledger, g, member)};
	uint16_t latest;
	bool is_new = said.is_right && ledger_said(c->ledger, g, said.slot, &latest) &&
		      (int16_t)(said.version - latest) > 0;
	if (!said.is_right || is_new) {
		l.each.wrong = 1; /* Nobody has said that, or not yet. */
	} else if (plan_announcer(c->plan, g, said.slot) == member) {
		l.each.own = 1;
		l.token = TOKEN_NONE;
	} else {
		l.each.leaked = g->is_controlled && !plan_may_have(c->plan, g, said.slot, member);
		l.token = token_of(said.slot, said.version);
	}
	return l;
}

static void take(struct checker *c, unsigned member, uint32_t prefix, const struct lesson *l)
{
	uint8_t before = ledger_hold(c->ledger, member, prefix, l->token, l->expected);
	c->tally.announced++;
	c->tally.wrong += l->each.wrong;
	c->tally.own += l->each.own;
	c->tally.leaked += l->each.leaked;
	c->tally.repeated += before == l->token && before != TOKEN_NONE;
}

/* The prefix at *at, which moves behind it; false when it is cut off. */
static bool next_prefix(const struct plan *p, struct octets from, bool is_v6, size_t *at,
			uint32_t *out)
{
	size_t octets = *at < from.len ? ((size_t)from.at[*at] + 7) / 8 : from.len;
	if (octets > (is_v6 ? 16 : 4) || *at + 1 + octets > from.len) {
		return false;
	}
	*out = plan_find(p, is_v6, from.at + *at);
	*at += 1 + octets;
	return true;
}

static bool take_announced(struct checker *c, unsigned member, struct octets attrs,
			   struct octets nlri, bool is_v6)
{
	struct group g = {.number = PLAN_NONE};
	struct lesson lesson = {0};
	for (size_t at = 0; at < nlri.len;) {
		uint32_t prefix;
		if (!next_prefix(c->plan, nlri, is_v6, &at, &prefix)) {
			return false;
		}
		if (prefix == PLAN_NONE) {
			c->tally.announced++;
			c->tally.wrong++;
			continue;
		}
		if (g.number == PLAN_NONE || prefix < g.first || prefix >= g.first + g.count) {
			g = *ledger_group(c->ledger, plan_group_of(c->plan, prefix));
			struct said said;
			if (!judge_octets(c, attrs, &g, &said)) {
				return false;
			}
			lesson = lesson_of(c, member, &g, said);
		}
		take(c, member, prefix, &lesson);
	}
	return true;
}

static bool take_withdrawn(struct checker *c, unsigned member, struct octets from, bool is_v6)
{
	for (size_t at = 0; at < from.len;) {
		uint32_t prefix;
		if (!next_prefix(c->plan, from, is_v6, &at, &prefix)) {
			return false;
		}
		c->tally.withdrawn++;
		if (prefix != PLAN_NONE) {
			const struct group *g =
				ledger_group(c->ledger, plan_group_of(c->plan, prefix));
			ledger_hold(c->ledger, member, prefix, TOKEN_NONE,
				    ledger_expected(c->ledger, g, member));
		}
	}
	return true;
}

/* What stands in MP_REACH_NLRI and MP_UNREACH_NLRI. */
static bool take_multiprotocol(struct checker *c, unsigned member, struct octets attrs)
{
	struct heard h;
	if (!hear_attrs(attrs, &h)) {
		return false;
	}
	if (h.unreach.len > 3 &&
	    !take_withdrawn(c, member, (struct octets){h.unreach.at + 3, h.unreach.len - 3},
			    true)) {
		return false;
	}
	if (h.reach.len < 5) {
		return h.reach.len == 0;
	}
	size_t start = 5 + (size_t)h.reach.at[3];
	return start <= h.reach.len &&
	       take_announced(c, member, attrs,
			      (struct octets){h.reach.at + start, h.reach.len - start}, true);
}

/* The prefixes in a row and in one group: *out but for its octets; false when they are not. */
static bool row_of(const struct checker *c, struct octets nlri, struct whole *out)
{
	*out = (struct whole){0};
	for (size_t at = 0; at < nlri.len; out->count++) {
		uint32_t prefix;
		if (!next_prefix(c->plan, nlri, false, &at, &prefix) || prefix == PLAN_NONE ||
		    (out->count > 0 && prefix != out->first + out->count)) {
			return false;
		}
		out->first = out->count == 0 ? prefix : out->first;
	}
	if (out->count == 0) {
		return false;
	}
	out->group = plan_group_of(c->plan, out->first);
	const struct group *g = ledger_group(c->ledger, out->group);
	return out->first + out->count <= g->first + g->count;
}

static void remember(struct wholes *w, uint32_t *place, const struct whole *row,
		     const uint8_t *octets)
{
	uint32_t size = (uint32_t)(sizeof(*row) + row->len + WHOLE_ALIGN - 1) & ~(WHOLE_ALIGN - 1u);
	if (w->used + size > WHOLES_BYTES) {
		memset(w->place, 0, WHOLES_COUNT * sizeof(w->place[0]));
		w->used = WHOLE_ALIGN;
	}
	memcpy(w->data + w->used, row, sizeof(*row));
	memcpy(w->data + w->used + sizeof(*row), octets, row->len);
	*place = w->used;
	w->used += size;
}

static void take_row(struct checker *c, unsigned member, const struct whole *w)
{
	const struct group *g = ledger_group(c->ledger, w->group);
	struct lesson lesson = lesson_of(c, member, g, w->said);
	struct holding h = {w->first, w->count, lesson.token, lesson.expected};
	uint32_t same = ledger_hold_all(c->ledger, member, &h);
	c->tally.announced += w->count;
	c->tally.wrong += lesson.each.wrong * w->count;
	c->tally.own += lesson.each.own * w->count;
	c->tally.leaked += lesson.each.leaked * w->count;
	c->tally.repeated += lesson.token != TOKEN_NONE ? same : 0;
}

/* By what stands between the lengths and the end: attributes and prefixes. */
uint32_t check_ahead(const struct checker *c, const uint8_t *message, size_t len)
{
	if (len <= HEADER + 4 || len > WHOLE_MAX) {
		return 0;
	}
	uint32_t ahead = XXH3_64bits(message + HEADER + 4, len - HEADER - 4) & (WHOLES_COUNT - 1);
	__builtin_prefetch(&c->wholes.place[ahead]);
	return ahead;
}

void check_fetch(const struct checker *c, uint32_t ahead)
{
	const uint8_t *whole = c->wholes.data + c->wholes.place[ahead];
	__builtin_prefetch(whole);
	__builtin_prefetch(whole + CACHE_LINE);
}

/* An UPDATE with attributes and IPv4 prefixes alone: what a server sends most.  It is taken whole
 * if it has come before; else, or if it is none of those, it is remembered, and false. */
static bool take_whole(struct checker *c, unsigned member, struct octets attrs, struct octets nlri,
		       uint32_t ahead)
{
	size_t len = attrs.len + nlri.len;
	struct whole row;
	if (HEADER + 4 + len > WHOLE_MAX) {
		return false;
	}
	uint32_t *place = &c->wholes.place[ahead];
	const struct whole *w = (const struct whole *)(const void *)(c->wholes.data + *place);
	if (*place != 0 && w->len == len && w->attrs_len == attrs.len &&
	    memcmp(w->octets, attrs.at, len) == 0) {
		take_row(c, member, w);
		return true;
	}
	if (row_of(c, nlri, &row) &&
	    judge_octets(c, attrs, ledger_group(c->ledger, row.group), &row.said)) {
		row.len = (uint16_t)len;
		row.attrs_len = (uint16_t)attrs.len;
		remember(&c->wholes, place, &row, attrs.at);
	}
	return false;
}

bool check_update(struct checker *c, unsigned member, const uint8_t *m, size_t len, uint32_t ahead)
{
	size_t withdrawn = len >= HEADER + 4 ? get(m + HEADER, 2) : len;
	if (HEADER + 4 + withdrawn > len) {
		return false;
	}
	struct octets attrs = {m + HEADER + 4 + withdrawn, get(m + HEADER + 2 + withdrawn, 2)};
	size_t nlri = HEADER + 4 + withdrawn + attrs.len;
	c->tally.updates++;
	if (withdrawn == 0 && nlri < len &&
	    take_whole(c, member, attrs, (struct octets){m + nlri, len - nlri}, ahead)) {
		return true;
	}
	uint64_t before = c->tally.withdrawn + c->tally.announced;
	if (nlri > len ||
	    !take_withdrawn(c, member, (struct octets){m + HEADER + 2, withdrawn}, false)) {
		return false;
	}
	bool is_right = nlri < len ? take_announced(c, member, attrs,
						    (struct octets){m + nlri, len - nlri}, false)
				   : take_multiprotocol(c, member, attrs);
	c->tally.empty += c->tally.withdrawn + c->tally.announced == before;
	return is_right;
}
