/* What the tests of the table share: see make.h. */
#include "tests/unit/table/make.h"

#include <limits.h>
#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/policy/prefix_set.h"
#include "rib/policy/roa.h"

#define OTC_OTHER 64496 /* In sets that come with OTC. */

static void put_attr(struct wr *w, uint8_t flags, uint8_t type, const void *value, size_t len)
{
	wr_u8(w, len > 255 ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(w, type);
	if (len > 255) {
		wr_u16(w, (uint16_t)len);
	} else {
		wr_u8(w, (uint8_t)len);
	}
	wr_copy(w, value, len);
}

/* Who is asked about by each bit: so many members after the set's own; everyone and nobody are
 * told apart by their numbers. */
static const struct ask {
	enum make_ask rule;
	unsigned after;
} asks[] = {
	{MAKE_DENY_ALL, 0},   {MAKE_DENY_PEER, 1},  {MAKE_DENY_PEER, 3},
	{MAKE_ALLOW_PEER, 1}, {MAKE_ALLOW_PEER, 2}, {MAKE_DENY_PEER, UINT_MAX},
};

static const uint16_t rule_number[MAKE_ASK_KINDS] = {60001, 60002, 60000};

static asn_t asn_of(unsigned member)
{
	return 64600 + member / 2;
}

/* Those of the set's asks whose turn it is to be put in this form. */
static void put_asks(struct wr *w, const struct attr_spec *spec, enum community_form form)
{
	for (unsigned i = 0; i < ARRAY_COUNT(asks); i++) {
		const struct ask *ask = &asks[i];
		unsigned number =
			ask->after == UINT_MAX
				? 64999
				: asn_of((ATTR_MEMBER(spec->id) + ask->after) % MAKE_MEMBERS);
		number = ask->rule == MAKE_DENY_ALL ? 1 : number;
		if ((spec->ask >> i & 1) == 0 || (spec->ask + spec->id + i) % 3 != form) {
			continue;
		}
		if (form == COMMUNITY_STD) {
			wr_u16(w, rule_number[ask->rule]);
			wr_u16(w, (uint16_t)number);
		} else if (form == COMMUNITY_EXT) {
			wr_u16(w, 0x0002); /* "rt" of a 2-octet AS. */
			wr_u16(w, rule_number[ask->rule]);
			wr_u32(w, number);
		} else {
			wr_u32(w, MAKE_LOCAL_AS);
			wr_u32(w, rule_number[ask->rule]);
			wr_u32(w, number);
		}
	}
}

static void put_other_asks(struct wr *w, const struct attr_spec *spec, enum community_form form)
{
	uint8_t value[256];
	struct wr v = wr_of(value, sizeof(value));
	put_asks(&v, spec, form);
	if (wr_len(&v) > 0) {
		put_attr(w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
			 form == COMMUNITY_EXT ? ATTR_EXT_COMMUNITIES : ATTR_LARGE_COMMUNITIES,
			 value, wr_len(&v));
	}
}

static bool knows(const struct make_rules *r, unsigned ask)
{
	return r->knows[asks[ask].rule];
}

/* Whether the set asks by this rule for the member, or somebody with its AS number. */
static bool asks_for(unsigned from, unsigned ask, enum make_ask rule, unsigned member)
{
	for (unsigned i = 0; i < ARRAY_COUNT(asks); i++) {
		unsigned named = (from + asks[i].after) % MAKE_MEMBERS;
		if ((ask >> i & 1) != 0 && asks[i].rule == rule &&
		    (rule == MAKE_DENY_ALL ||
		     (asks[i].after != UINT_MAX && asn_of(named) == asn_of(member)))) {
			return true;
		}
	}
	return false;
}

static bool is_out(const struct make_rules *r, unsigned member)
{
	return (r->out >> member & 1) != 0;
}

bool make_may_have(const struct make_rules *r, unsigned from, unsigned ask, unsigned member)
{
	if (is_out(r, from) || is_out(r, member)) {
		return false;
	}
	if ((r->deaf[member] >> from & 1) != 0) {
		return false;
	}
	if (r->knows[MAKE_DENY_PEER] && asks_for(from, ask, MAKE_DENY_PEER, member)) {
		return false;
	}
	return !r->knows[MAKE_DENY_ALL] || !asks_for(from, ask, MAKE_DENY_ALL, member) ||
	       (r->knows[MAKE_ALLOW_PEER] && asks_for(from, ask, MAKE_ALLOW_PEER, member));
}

bool make_leaves_asks(const struct make_rules *r, unsigned ask)
{
	bool leaves = false;
	for (unsigned i = 0; i < ARRAY_COUNT(asks); i++) {
		leaves |= (ask >> i & 1) != 0 && !knows(r, i);
	}
	return leaves;
}

enum reject make_reason(const struct make_rules *r, unsigned from, enum family family,
			unsigned number, asn_t origin)
{
	if (is_out(r, from)) {
		return REJECT_NONE; /* Nothing is checked of it, and it goes nowhere. */
	}
	asn_t only = r->origin[family][number];
	if ((r->black[family] >> number & 1) != 0) {
		return REJECT_GLOBAL_BLACK_LIST;
	}
	return only != 0 && only != origin ? REJECT_RPKI_INVALID : REJECT_NONE;
}

struct make_rules make_rules_open(void)
{
	return (struct make_rules){.generation = 1, .knows = {true, true, true}};
}

static void put_patterns(struct policy *p, const struct make_rules *r)
{
	static const enum community_name name[MAKE_ASK_KINDS] = {COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER,
								 COMMUNITY_ANNOUNCE_TO_PEER,
								 COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY};
	for (unsigned i = 0; i < MAKE_ASK_KINDS; i++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT && r->knows[i]; f++) {
			p->pattern[name[i]][f] = (struct community_pattern){
				.is_set = true,
				.has_peer_as = i != MAKE_DENY_ALL,
				.field = {f == COMMUNITY_LRG ? MAKE_LOCAL_AS : rule_number[i],
					  f == COMMUNITY_LRG ? rule_number[i] : 1, 1}};
		}
	}
}

static struct peer_policy *peer_policy_of(const struct make_rules *r, unsigned member)
{
	struct peer_policy *p = peer_policy_new();
	p->asn = asn_of(member);
	p->has_blackhole_to = true;
	p->has_rov = p->rejects_rov_invalid = true;
	p->hears = malloc((MAKE_PEERS + 63) / 64 * sizeof(*p->hears));
	memset(p->hears, 0xff, (MAKE_PEERS + 63) / 64 * sizeof(*p->hears));
	for (unsigned i = 0; i < MAKE_MEMBERS; i++) {
		if ((r->deaf[member] >> i & 1) != 0) {
			bits_clear(p->hears, make_peer(i));
		}
	}
	return p;
}

static struct prefix_rule rule_of(enum family family, unsigned number)
{
	struct prefix p = make_prefix(family, number);
	return (struct prefix_rule){.prefix = p, .ge = p.len, .le = p.len};
}

struct policy *make_policy(const struct make_rules *r)
{
	struct policy *p = policy_new(MAKE_PEERS);
	struct prefix_rule black[FAMILY_COUNT * MAKE_NUMBERS];
	struct vrp vrp[FAMILY_COUNT * MAKE_NUMBERS];
	size_t blacks = 0, vrps = 0;
	ASSERT(p != NULL);
	p->generation = r->generation;
	put_patterns(p, r);
	p->knows_members = true;
	p->origin = PEER_NONE;
	for (unsigned i = 0; i < MAKE_MEMBERS; i++) {
		p->peer[make_peer(i)] = is_out(r, i) ? NULL : peer_policy_of(r, i);
	}
	for (unsigned i = 0; i < FAMILY_COUNT * MAKE_NUMBERS; i++) {
		enum family f = (enum family)(i / MAKE_NUMBERS);
		unsigned n = i % MAKE_NUMBERS;
		struct prefix prefix = make_prefix(f, n);
		if ((r->black[f] >> n & 1) != 0) {
			black[blacks++] = rule_of(f, n);
		}
		if (r->origin[f][n] != 0) {
			vrp[vrps++] = (struct vrp){prefix, prefix.len, r->origin[f][n]};
		}
	}
	p->global_black = prefix_set_new(black, blacks);
	p->roa = roa_new(vrp, vrps);
	bool is_whole = policy_finish(p);
	ASSERT(is_whole);
	return p;
}

static void make_draft_spec(const struct attr_spec *spec, enum family family, struct made *out)
{
	static const uint8_t pad[ATTR_WIRE_MAX];
	struct attr_draft *d = &out->draft;
	struct wr w = wr_of(d->wire, sizeof(d->wire));
	uint8_t value[256];
	value[0] = (uint8_t)spec->origin;
	put_attr(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, value, 1);
	struct wr v = wr_of(value, sizeof(value));
	wr_u8(&v, 2);
	wr_u8(&v, (uint8_t)spec->path_len);
	for (unsigned i = 0; i < spec->path_len; i++) {
		wr_u32(&v, i == 0 ? spec->neighbor_as : 4200000000u + i);
	}
	put_attr(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, value, wr_len(&v));
	v = wr_of(value, sizeof(value));
	wr_u32(&v, spec->med);
	put_attr(&w, ATTR_FLAG_OPTIONAL, ATTR_MED, value, 4);
	v = wr_of(value, sizeof(value));
	wr_u32(&v, spec->id);
	if (spec->community != 0) {
		wr_u32(&v, spec->community);
	}
	put_asks(&v, spec, COMMUNITY_STD);
	put_attr(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, value,
		 wr_len(&v));
	put_other_asks(&w, spec, COMMUNITY_EXT);
	put_other_asks(&w, spec, COMMUNITY_LRG);
	if (spec->otc != 0) {
		v = wr_of(value, sizeof(value));
		wr_u32(&v, spec->otc);
		put_attr(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC, value, 4);
	}
	if (spec->pad > 0) {
		put_attr(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, 99, pad, spec->pad);
	}
	ASSERT(wr_is_ok(&w));
	d->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(d->wire, d->wire_len, &d->facts);
	ASSERT(d->facts.path_len == spec->path_len && d->facts.med == spec->med);
	ASSERT(d->facts.neighbor_as == spec->neighbor_as);
	d->facts.local_pref = spec->local_pref; /* Only policy sets it; no bytes do. */
	out->hop = (struct next_hop){.len = family == FAMILY_IPV4 && !spec->has_hop6 ? 4 : 16};
	out->hop.bytes[out->hop.len - 1] = (uint8_t)(spec->id >> 16);
	out->hop.bytes[0] = 0x20;
}

const struct attr *make_attr_spec(struct intern *in, const struct attr_spec *spec,
				  enum family family)
{
	struct made made;
	make_draft_spec(spec, family, &made);
	const struct attr *a = intern_get(in, &made.draft, &made.hop, 1);
	ASSERT(a != NULL);
	return a;
}

void make_draft(unsigned member, unsigned number, enum family family, struct made *out)
{
	unsigned variant = number % VARIANT_COUNT;
	struct attr_spec spec = {
		.local_pref = variant >= 20 && variant < 24 ? 200 : 100,
		.path_len = 1 + variant / 3 % 2,
		.neighbor_as = 64500 + member / 2, /* Two members share an AS. */
		.origin = variant / 6 % 2,
		.med = variant % 3 * 10,
		.id = ATTR_ID(member, variant == VARIANT_QUIET ? variant : number),
		.ask = number / VARIANT_COUNT,
	};
	if (variant == VARIANT_LARGE) {
		spec.path_len = 60; /* 2-octet form: AS4_PATH beside a shorter AS_PATH. */
		spec.pad = 3700;
	} else if (variant == VARIANT_HUGE) {
		spec.pad = 4090;
	} else if (variant == VARIANT_EDGE) {
		/* 19 + 4; ORIGIN 4, AS_PATH 9, MED 7, COMMUNITIES 7, next hop 7; 4 + pad; 5. */
		spec.pad = 4096 - 19 - 4 - 34 - 4 - 5;
	} else if (variant == VARIANT_NO_LLGR) {
		spec.community = 0xffff0007;
	} else if (variant == VARIANT_LLGR) {
		spec.community = 0xffff0006;
	}
	spec.otc = variant == VARIANT_OTC || variant == VARIANT_BOTH ? OTC_OTHER : 0;
	spec.has_hop6 = variant == VARIANT_HOP6 || variant == VARIANT_BOTH;
	make_draft_spec(&spec, family, out);
}

const struct attr *make_attr(struct intern *in, unsigned member, unsigned number,
			     enum family family)
{
	struct made made;
	make_draft(member, number, family, &made);
	const struct attr *a = intern_get(in, &made.draft, &made.hop, 1);
	ASSERT(a != NULL);
	return a;
}

/* The first community; with ATTR_LLGR when LLGR_STALE (65535:6) is among the others. */
static uint32_t id_of(struct span communities)
{
	struct rd r = rd_of(communities);
	uint32_t id = rd_u32(&r);
	while (rd_left(&r) >= 4) {
		id |= rd_u32(&r) == 0xffff0006 ? ATTR_LLGR : 0;
	}
	return id;
}

static bool has_std_ask(struct span communities)
{
	struct rd r = rd_of(communities);
	while (rd_left(&r) >= 4) {
		uint32_t high = rd_u32(&r) >> 16;
		if (high >= 60000 && high <= 60002) {
			return true;
		}
	}
	return false;
}

uint32_t attr_id(const struct attr *a)
{
	return id_of(attr_find(a, ATTR_COMMUNITIES));
}

uint32_t attr_sent_id(const struct attr *a)
{
	/* Only asks are in the other two forms. */
	bool has_ask = has_std_ask(attr_find(a, ATTR_COMMUNITIES)) ||
		       attr_find(a, ATTR_EXT_COMMUNITIES).len > 0 ||
		       attr_find(a, ATTR_LARGE_COMMUNITIES).len > 0;
	return attr_id(a) | (has_ask ? ATTR_ASKED : 0);
}

struct prefix make_prefix(enum family family, unsigned number)
{
	uint8_t bytes[16] = {0};
	if (family == FAMILY_IPV4) {
		bytes[0] = (uint8_t)(10 + (number >> 16));
		bytes[1] = (uint8_t)(number >> 8);
		bytes[2] = (uint8_t)number;
		bytes[3] = 1;
	} else {
		bytes[0] = 0x20;
		bytes[1] = 0x01;
		bytes[2] = (uint8_t)(number >> 8);
		bytes[3] = (uint8_t)number;
		bytes[7] = 5;
	}
	struct addr a = addr_make(family, bytes);
	return prefix_make(&a, family == FAMILY_IPV4 ? 24 : 48 + number % 16);
}

struct paths *make_paths(const struct path *path, unsigned count)
{
	struct paths *p = calloc(1, sizeof(*p) + count * sizeof(*path));
	p->count = (uint16_t)count;
	memcpy(p->path, path, count * sizeof(*path));
	return p;
}

static uint32_t worst_of(const struct path *p, unsigned step)
{
	const struct attr_facts *f = &p->attr->facts;
	const uint32_t badness[] = {(attr_id(p->attr) & ATTR_LLGR) != 0, UINT32_MAX - f->local_pref,
				    f->path_len, f->origin};
	return badness[step];
}

/* Of two paths of one member: next hop, then attributes, as octets.  An IPv6 next hop may be an
 * IPv4 one and zeros. */
static bool is_lower(const struct attr *a, const struct attr *b)
{
	struct next_hop x = attr_next_hop(a), y = attr_next_hop(b);
	int c = memcmp(x.bytes, y.bytes, sizeof(x.bytes));
	size_t len = a->wire_len < b->wire_len ? a->wire_len : b->wire_len;
	c = c != 0 ? c : (int)x.len - (int)y.len;
	c = c != 0 ? c : memcmp(a->wire, b->wire, len);
	return c != 0 ? c < 0 : a->wire_len < b->wire_len;
}

int naive_best(const struct path *path, const bool *is_out, unsigned count,
	       const struct rank_peer *peers)
{
	bool out[64];
	ASSERT(count <= ARRAY_COUNT(out));
	memcpy(out, is_out, count);
	for (unsigned step = 0; step < 4; step++) {
		uint32_t best = UINT32_MAX;
		for (unsigned i = 0; i < count; i++) {
			if (!out[i] && worst_of(&path[i], step) < best) {
				best = worst_of(&path[i], step);
			}
		}
		for (unsigned i = 0; i < count; i++) {
			out[i] |= worst_of(&path[i], step) > best;
		}
	}
	/* RFC 4271 §9.1.2.2 c: the loop of the RFC, with n, m named as there. */
	bool less[64] = {false};
	for (unsigned m = 0; m < count; m++) {
		for (unsigned n = 0; n < count && !out[m]; n++) {
			const struct attr_facts *fm = &path[m].attr->facts,
						*fn = &path[n].attr->facts;
			less[m] |=
				!out[n] && fn->neighbor_as == fm->neighbor_as && fn->med < fm->med;
		}
	}
	int best = -1;
	for (unsigned i = 0; i < count; i++) {
		if (out[i] || less[i]) {
			continue;
		}
		if (best < 0) {
			best = (int)i;
			continue;
		}
		const struct rank_peer *a = &peers[path[i].peer], *b = &peers[path[best].peer];
		if (path[i].peer == path[best].peer) {
			if (is_lower(path[i].attr, path[best].attr)) {
				best = (int)i;
			}
		} else if (a->router_id != b->router_id ? a->router_id < b->router_id
							: addr_cmp(&a->addr, &b->addr) < 0) {
			best = (int)i;
		}
	}
	return best;
}

unsigned naive_rank(const struct path *path, unsigned count, const struct rank_peer *peers,
		    unsigned *order)
{
	bool out[64] = {false};
	unsigned ranked = 0;
	for (unsigned i = 0; i < count; i++) {
		out[i] = path[i].reason != 0;
	}
	for (int best; (best = naive_best(path, out, count, peers)) >= 0;) {
		order[ranked++] = (unsigned)best;
		out[best] = true;
	}
	return ranked;
}

/* Octets of the longest message that announces one prefix of any length; RFC 4271 §4.3, 4760 §3. */
static size_t longest(const struct attr *a, enum family family, unsigned class_idx)
{
	size_t len = 19 + 4 + a->wire_len + (family == FAMILY_IPV4 ? 5u : 17u);
	size_t added = (class_idx & WIRE_CLASS_PREPEND) != 0 ? 1 : 0;
	size_t path_len = a->facts.path_len + added;
	len += 4 * added;
	if ((class_idx & WIRE_CLASS_AS2) != 0) {
		/* Half the AS_PATH; and AS4_PATH where an AS does not fit (all but the first). */
		bool has_as4 = a->facts.path_len > 1;
		len = len - 2 * path_len + (has_as4 ? 3 + 2 + 4 * path_len : 0);
	}
	len += (class_idx & WIRE_CLASS_PATHS) != 0 ? 4 : 0;
	len += (class_idx & WIRE_CLASS_OTC_ADD) != 0 && a->facts.otc == 0 ? 7 : 0;
	if (a->next_hop_len == 4) {
		return len + 3 + 4;
	}
	/* MP_REACH_NLRI: AFI, SAFI, next hop with its length, a reserved octet. */
	return len + 3 + 2 + 1 + 1 + a->next_hop_len + 1;
}

bool naive_suits(const struct attr *a, enum family family, unsigned class_idx)
{
	bool is_stale = (attr_id(a) & ATTR_LLGR) != 0;
	bool is_6 = a->next_hop_len != 4;
	unsigned variant = ATTR_VARIANT(attr_id(a));
	bool has_otc = variant == VARIANT_OTC || variant == VARIANT_BOTH;
	if ((is_stale && (class_idx & WIRE_CLASS_LLGR) == 0) ||
	    (has_otc && (class_idx & WIRE_CLASS_OTC_DENY) != 0) ||
	    (family == FAMILY_IPV4 && is_6 && (class_idx & WIRE_CLASS_NEXT_HOP6) == 0)) {
		return false;
	}
	return longest(a, family, class_idx) <=
	       ((class_idx & WIRE_CLASS_LONG) != 0 ? 65535u : 4096u);
}

struct decoding {
	unsigned class_idx;
	naive_each *each;
	void *context;
};

/* What stands in one UPDATE. */
struct message {
	struct span withdrawn, nlri, reach, unreach;
	enum family reach_family, unreach_family;
	uint32_t id, otc, first_as;
	bool has_next_hop, has_ask;
};

static bool decode_nlri(const struct decoding *d, struct span s, enum family family, uint32_t id)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) > 0) {
		bool has_path_id = (d->class_idx & WIRE_CLASS_PATHS) != 0;
		uint32_t path_id = has_path_id ? rd_u32(&r) : 0;
		struct prefix p = {.family = (uint8_t)family, .len = rd_u8(&r)};
		if (p.len > family_bits(p.family) || (has_path_id && path_id == 0)) {
			return false;
		}
		rd_copy(&r, p.bytes, (p.len + 7u) / 8);
		if (!rd_is_ok(&r)) {
			return false;
		}
		d->each(d->context, &p, path_id, id);
	}
	return true;
}

/* MP_REACH_NLRI or MP_UNREACH_NLRI: family and prefixes. */
static bool decode_mp(uint8_t type, struct span value, struct message *m)
{
	struct rd v = rd_of(value);
	unsigned afi = rd_u16(&v), safi = rd_u8(&v);
	if (type == ATTR_MP_REACH_NLRI) {
		unsigned hop = rd_u8(&v);
		rd_span(&v, hop);
		rd_u8(&v);
		m->reach_family = afi == 1 ? FAMILY_IPV4 : FAMILY_IPV6;
		m->reach = span_of(v.at, rd_left(&v));
		if (hop != 16 && hop != 32) {
			return false;
		}
	} else {
		m->unreach_family = afi == 1 ? FAMILY_IPV4 : FAMILY_IPV6;
		m->unreach = span_of(v.at, rd_left(&v));
	}
	return rd_is_ok(&v) && (afi == 1 || afi == 2) && safi == 1;
}

static bool decode_attrs(struct span attrs, bool is_as2, struct message *m)
{
	struct rd r = rd_of(attrs);
	while (rd_left(&r) > 0) {
		uint8_t flags = rd_u8(&r), type = rd_u8(&r);
		size_t len = flags & ATTR_FLAG_EXT_LEN ? rd_u16(&r) : rd_u8(&r);
		struct span value = rd_span(&r, len);
		struct rd v = rd_of(value);
		if (type == ATTR_EXT_COMMUNITIES || type == ATTR_LARGE_COMMUNITIES) {
			m->has_ask = true; /* Only asks are in these. */
		} else if (type == ATTR_COMMUNITIES) {
			m->id = id_of(value);
			m->has_ask |= has_std_ask(value);
		} else if (type == ATTR_OTC) {
			m->otc = rd_u32(&v);
		} else if (type == ATTR_AS_PATH) {
			rd_u16(&v);
			m->first_as = is_as2 ? rd_u16(&v) : rd_u32(&v);
		} else if (type == ATTR_NEXT_HOP) {
			m->has_next_hop = len == 4;
		} else if ((type == ATTR_MP_REACH_NLRI || type == ATTR_MP_UNREACH_NLRI) &&
			   !decode_mp(type, value, m)) {
			return false;
		}
		if (!rd_is_ok(&v)) {
			return false;
		}
	}
	return rd_is_ok(&r);
}

/* Whether an announcement is one that the class may have. */
static bool is_allowed(const struct decoding *d, const struct message *m)
{
	unsigned variant = ATTR_VARIANT(m->id);
	bool has_otc = variant == VARIANT_OTC || variant == VARIANT_BOTH;
	uint32_t added = (d->class_idx & WIRE_CLASS_OTC_ADD) != 0 ? MAKE_LOCAL_AS : 0;
	bool is_4_in_mp = m->reach.len > 0 && m->reach_family == FAMILY_IPV4;
	bool is_prepended = (d->class_idx & WIRE_CLASS_PREPEND) != 0;
	return m->id != 0 && (m->first_as == MAKE_LOCAL_AS) == is_prepended &&
	       m->otc == (has_otc ? OTC_OTHER : added) &&
	       !(has_otc && (d->class_idx & WIRE_CLASS_OTC_DENY) != 0) &&
	       (!is_4_in_mp || (d->class_idx & WIRE_CLASS_NEXT_HOP6) != 0) &&
	       (m->nlri.len == 0 || m->has_next_hop);
}

static bool decode_update(const struct decoding *d, struct span body)
{
	struct message m = {0};
	struct rd r = rd_of(body);
	m.withdrawn = rd_span(&r, rd_u16(&r));
	struct span attrs = rd_span(&r, rd_u16(&r));
	m.nlri = span_of(r.at, rd_left(&r));
	bool is_as2 = (d->class_idx & WIRE_CLASS_AS2) != 0;
	return rd_is_ok(&r) && decode_attrs(attrs, is_as2, &m) &&
	       (m.nlri.len + m.reach.len == 0 || is_allowed(d, &m)) &&
	       decode_nlri(d, m.withdrawn, FAMILY_IPV4, 0) &&
	       decode_nlri(d, m.unreach, m.unreach_family, 0) &&
	       decode_nlri(d, m.nlri, FAMILY_IPV4, m.id | (m.has_ask ? ATTR_ASKED : 0)) &&
	       decode_nlri(d, m.reach, m.reach_family, m.id | (m.has_ask ? ATTR_ASKED : 0));
}

bool naive_decode(const uint8_t *bytes, size_t len, unsigned class_idx, naive_each *each,
		  void *context)
{
	const struct decoding d = {class_idx, each, context};
	struct rd r = rd_of(span_of(bytes, len));
	while (rd_left(&r) > 0) {
		for (unsigned i = 0; i < 16; i++) {
			if (rd_u8(&r) != 0xff) {
				return false;
			}
		}
		unsigned message = rd_u16(&r), type = rd_u8(&r);
		bool is_long = message > 4096;
		if (message < 23 || type != 2 || (is_long && (class_idx & WIRE_CLASS_LONG) == 0)) {
			return false;
		}
		struct span body = rd_span(&r, message - 19);
		if (!rd_is_ok(&r) || !decode_update(&d, body)) {
			return false;
		}
	}
	return true;
}
