/* Policies and routes as plain lists: see said.h. */
#include "tests/unit/policy/said.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/policy/asn_set.h"
#include "rib/policy/aspa.h"
#include "tests/unit/attr/build.h"

static bool once_in(struct prng *chance, unsigned n)
{
	return prng_chance(chance, 1, n);
}

static unsigned below(struct prng *chance, unsigned n)
{
	return (unsigned)prng_below(chance, n);
}

/* Three members for each number, some numbers of 32 bits. */
asn_t said_asn(unsigned member)
{
	unsigned n = member / 3;
	return n % 4 == 3 ? 200000 + n : 1000 + n;
}

/* Members, others, and some that a check does not want. */
static asn_t asn_by_chance(struct prng *chance)
{
	static const asn_t odd[] = {0, 23456, 64500, 70000, 4200000001, 174, 3356, 6939};
	switch (below(chance, 8)) {
	case 0:
		return odd[below(chance, ARRAY_COUNT(odd))];
	case 1:
	case 2:
		return said_asn(below(chance, SAID_MEMBERS));
	default:
		return 2000 + below(chance, 4);
	}
}

struct prefix said_prefix_by_chance(struct prng *chance)
{
	if (once_in(chance, 3)) {
		struct addr a = {.family = FAMILY_IPV6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
		a.bytes[0] = once_in(chance, 8) ? 0xfd : 0x20;
		a.bytes[4] = (uint8_t)(below(chance, 4) << 6);
		return prefix_make(&a, 30 + below(chance, 5) * 2);
	}
	struct addr a = {.family = FAMILY_IPV4, .bytes = {198, 18}};
	a.bytes[2] = (uint8_t)(below(chance, 4) << 6);
	return prefix_make(&a, once_in(chance, 8) ? 32 : 15 + below(chance, 6));
}

static struct addr addr_by_chance(struct prng *chance)
{
	return addr_v4(0xc6120000u + below(chance, 4));
}

static void list_by_chance(struct prng *chance, unsigned rarity, bool has_origin,
			   struct said_list *out)
{
	out->is_there = once_in(chance, rarity);
	out->count = out->is_there ? below(chance, SAID_LIST + 1) : 0;
	for (unsigned i = 0; i < out->count; i++) {
		struct prefix p = said_prefix_by_chance(chance);
		unsigned bits = family_bits(p.family);
		unsigned ge = p.len + (once_in(chance, 2) ? 0 : below(chance, bits - p.len + 1u));
		unsigned le = ge + (once_in(chance, 2) ? bits - ge : below(chance, bits - ge + 1));
		out->rule[i] = (struct prefix_rule){
			.prefix = p,
			.ge = (uint8_t)ge,
			.le = (uint8_t)le,
			.origin = has_origin && once_in(chance, 2) ? 2000 + below(chance, 4) : 0};
	}
}

static struct prefix_set *set_of(const struct said_list *l)
{
	return l->is_there ? prefix_set_new(l->rule, l->count) : NULL;
}

static void numbers_by_chance(struct prng *chance, unsigned rarity, struct said_numbers *out)
{
	out->is_there = once_in(chance, rarity);
	out->count = out->is_there ? below(chance, SAID_LIST + 1) : 0;
	for (unsigned i = 0; i < out->count; i++) {
		out->asn[i] = asn_by_chance(chance);
	}
}

static struct asn_set *asns_of(const struct said_numbers *n)
{
	return n->is_there ? asn_set_new(n->asn, n->count) : NULL;
}

/* As the field's are: numbers before the last say what, and each form has its own. */
static struct community_pattern pattern_by_name(unsigned name, enum community_form form)
{
	const struct community_info *info = &community_info[name];
	struct community_pattern p = {
		.is_set = true,
		.has_peer_as = info->has_peer_as,
		.has_dyn_val = info->has_dyn_val,
		.is_origin = form == COMMUNITY_EXT && name % 2 == 1,
		.field = {form == COMMUNITY_LRG ? SAID_RS : 100 + name, 100 + name, name},
	};
	/* Two that differ in the last number alone, as 0:rs_as and 0:peer_as do. */
	if (name == COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY && form != COMMUNITY_LRG) {
		p.field[0] = 100 + COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER;
		p.is_origin = form == COMMUNITY_EXT && COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER % 2 == 1;
		p.field[1] = SAID_RS;
	}
	return p;
}

static void communities_by_chance(struct prng *chance, unsigned rarity, struct policy *p)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		for (unsigned name = 0; name < COMMUNITY_NAME_COUNT; name++) {
			if (once_in(chance, rarity)) {
				p->pattern[name][form] =
					pattern_by_name(name, (enum community_form)form);
			}
		}
	}
	p->cause_map[7][COMMUNITY_LRG] =
		(struct community_pattern){.is_set = true, .field = {SAID_RS, 1101, 4}};
	p->custom_count = 2;
	p->custom = calloc(2, sizeof(*p->custom));
	p->custom[0] = (struct community_value){.form = COMMUNITY_STD, .field = {90, 1}};
	p->custom[1] = (struct community_value){.form = COMMUNITY_LRG, .field = {SAID_RS, 90, 1}};
	p->rtt_threshold_count = 3;
	p->rtt_threshold_ms = calloc(3, sizeof(uint16_t));
	p->rtt_threshold_ms[0] = 20;
	p->rtt_threshold_ms[1] = 5;
	p->rtt_threshold_ms[2] = 10;
	p->rtt_ms = calloc(SAID_MEMBERS, sizeof(uint16_t));
	for (unsigned i = 0; i < SAID_MEMBERS; i++) {
		p->rtt_ms[i] = (uint16_t)(below(chance, 5) * 5 + below(chance, 2));
	}
}

static void scalars_by_chance(struct prng *chance, unsigned rarity, struct peer_policy *p)
{
	p->next_hop = once_in(chance, rarity) ? (enum next_hop_rule)below(chance, 4) : NEXT_HOP_ANY;
	p->authorized_count = 2;
	p->authorized = calloc(2, sizeof(*p->authorized));
	p->authorized[0] = addr_by_chance(chance);
	p->authorized[1] = addr_by_chance(chance);
	for (unsigned f = 0; f < FAMILY_COUNT && once_in(chance, rarity); f++) {
		p->len[f].min = f == 0 ? 16 : 31;
		p->len[f].max = f == 0 ? 19 : 36;
	}
	p->path_len_max = once_in(chance, rarity) ? 4 : 0;
	p->enforces_first_as = once_in(chance, rarity);
	p->rejects_invalid_as = once_in(chance, rarity);
	p->enforces_origin = once_in(chance, rarity);
	p->enforces_prefix = once_in(chance, rarity);
	p->allows_longer = once_in(chance, 2);
	p->has_rov = once_in(chance, 2);
	p->rejects_rov_invalid = once_in(chance, rarity);
	p->has_aspa = once_in(chance, 2);
	p->rejects_aspa_invalid = once_in(chance, rarity);
	p->has_graceful_shutdown = once_in(chance, 2);
	p->graceful_shutdown_pref = below(chance, 3);
	p->communities_max = once_in(chance, rarity) ? 5 : 0;
	p->is_restricted = once_in(chance, rarity * 2);
	p->has_blackhole_to = once_in(chance, 2);
	if (once_in(chance, 4)) {
		p->attach_count = 1;
		p->attach = calloc(1, sizeof(*p->attach));
		p->attach[0] = (struct community_value){.form = COMMUNITY_STD, .field = {90, 1}};
	}
}

/* Some of the rules of a list, and perhaps one that is not in it. */
static void part_by_chance(struct prng *chance, const struct said_list *all, struct said_list *out)
{
	list_by_chance(chance, 4, true, out);
	out->count = out->is_there && out->count > 0;
	out->is_there |= once_in(chance, 2);
	for (unsigned i = 0; out->is_there && i < all->count && out->count < SAID_LIST; i++) {
		if (once_in(chance, 2)) {
			out->rule[out->count++] = all->rule[i];
		}
	}
}

static void limits_by_chance(struct prng *chance, struct peer_policy *p, struct said_member *m)
{
	part_by_chance(chance, &m->authorised, &m->limited);
	part_by_chance(chance, &m->authorised, &m->draining);
	p->limited = set_of(&m->limited);
	p->draining = set_of(&m->draining);
	if (once_in(chance, 4)) {
		return; /* For nobody. */
	}
	p->limited_to = calloc((SAID_MEMBERS + 63) / 64, sizeof(uint64_t));
	for (unsigned i = 0; i < SAID_MEMBERS; i++) {
		m->limited_to[i] = once_in(chance, 2);
		p->limited_to[i / 64] |= m->limited_to[i] ? UINT64_C(1) << (i % 64) : 0;
	}
}

static struct peer_policy *member_by_chance(struct prng *chance, unsigned rarity, unsigned member,
					    struct said_member *m)
{
	struct peer_policy *p = peer_policy_new();
	p->asn = said_asn(member);
	p->asn_alias = p->asn > UINT16_MAX && member % 3 == 0 ? (uint16_t)(64512 + member) : 0;
	p->addr = addr_v4(0xc6120000u + member);
	scalars_by_chance(chance, rarity, p);
	list_by_chance(chance, 2, false, &m->as_set_prefix);
	list_by_chance(chance, rarity, false, &m->white_prefix);
	list_by_chance(chance, rarity, true, &m->white_route);
	list_by_chance(chance, rarity * 2, false, &m->black);
	list_by_chance(chance, 2, true, &m->authorised);
	list_by_chance(chance, rarity * 2, true, &m->export_deny);
	list_by_chance(chance, rarity * 2, true, &m->export_allow);
	numbers_by_chance(chance, 2, &m->as_set);
	numbers_by_chance(chance, rarity, &m->white_asn);
	p->as_set_prefix = set_of(&m->as_set_prefix);
	p->white_prefix = set_of(&m->white_prefix);
	p->white_route = set_of(&m->white_route);
	p->black = set_of(&m->black);
	p->authorised = set_of(&m->authorised);
	p->export_deny = set_of(&m->export_deny);
	p->export_allow = set_of(&m->export_allow);
	p->as_set = asns_of(&m->as_set);
	p->white_asn = asns_of(&m->white_asn);
	m->has_hears = once_in(chance, rarity * 4);
	if (m->has_hears) {
		p->hears = calloc((SAID_MEMBERS + 63) / 64, sizeof(uint64_t));
	}
	for (unsigned i = 0; m->has_hears && i < SAID_MEMBERS; i++) {
		m->hears[i] = once_in(chance, 2);
		p->hears[i / 64] |= m->hears[i] ? UINT64_C(1) << (i % 64) : 0;
	}
	limits_by_chance(chance, p, m);
	return p;
}

static void vrps_by_chance(struct prng *chance, struct said_policy *s)
{
	s->vrp_count = below(chance, SAID_VRPS + 1);
	for (unsigned i = 0; i < s->vrp_count; i++) {
		struct prefix p = said_prefix_by_chance(chance);
		unsigned bits = family_bits(p.family);
		s->vrp[i] = (struct vrp){
			.prefix = p,
			.len_max = (uint8_t)(p.len + below(chance, bits - p.len + 1u) / 4),
			.asn = once_in(chance, 4) ? 0 : 2000 + below(chance, 4)};
	}
	s->policy->roa = s->vrp_count > 0 ? roa_new(s->vrp, s->vrp_count) : NULL;
}

/* Who says who its providers are; that they are nobody's here fails many a path. */
static struct aspa *aspas_by_chance(struct prng *chance, unsigned rarity)
{
	const asn_t provider = 2000;
	struct aspa_record records[3];
	for (unsigned i = 0; i < 3; i++) {
		records[i] = (struct aspa_record){
			.customer = 2001 + i, .providers = &provider, .provider_count = 1};
	}
	return once_in(chance, rarity) ? aspa_new(records, 1 + below(chance, 3)) : NULL;
}

struct said_policy *said_policy_by_chance(struct prng *chance, unsigned rarity)
{
	struct said_policy *s = calloc(1, sizeof(*s));
	struct policy *p = s->policy = policy_new(SAID_MEMBERS);
	p->generation = 1 + below(chance, 1000);
	p->rs_as = SAID_RS;
	communities_by_chance(chance, rarity, p);
	p->obeys_well_known = once_in(chance, 2);
	p->rejects_not_global = once_in(chance, 2);
	p->has_transit_rule = once_in(chance, 2);
	p->transit_is_warning = once_in(chance, 3);
	p->uses_roas_as_route_objects = once_in(chance, 2);
	p->tags_as_set = once_in(chance, 2);
	p->has_graceful_shutdown = once_in(chance, 2);
	p->blackhole_adds_noexport = once_in(chance, 2);
	p->blackhole[FAMILY_IPV4] = (enum blackhole_rule)below(chance, 3);
	p->blackhole[FAMILY_IPV6] = (enum blackhole_rule)below(chance, 3);
	p->blackhole_next_hop[FAMILY_IPV4] = addr_v4(0xc613ffffu);
	p->blackhole_next_hop[FAMILY_IPV6] =
		(struct addr){.family = FAMILY_IPV6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 0x66}};
	list_by_chance(chance, rarity, false, &s->global_black);
	list_by_chance(chance, rarity, false, &s->bogon);
	list_by_chance(chance, rarity, true, &s->registrobr);
	numbers_by_chance(chance, 2, &s->transit_free);
	numbers_by_chance(chance, rarity, &s->never_via_rs);
	p->global_black = set_of(&s->global_black);
	p->bogon = set_of(&s->bogon);
	p->registrobr = set_of(&s->registrobr);
	p->transit_free = asns_of(&s->transit_free);
	p->never_via_rs = asns_of(&s->never_via_rs);
	vrps_by_chance(chance, s);
	p->aspa = aspas_by_chance(chance, rarity);
	for (unsigned i = 0; i < SAID_MEMBERS; i++) {
		/* A place that is nobody's at the moment. */
		p->peer[i] = i == 13 ? NULL : member_by_chance(chance, rarity, i, &s->member[i]);
	}
	cr_assert(policy_finish(p));
	return s;
}

void said_policy_free(struct said_policy *s)
{
	policy_free(s->policy);
	free(s);
}

static uint32_t last_by_chance(struct prng *chance, const struct policy *p, unsigned name)
{
	if (community_info[name].is_rtt && !once_in(chance, 8)) {
		return p->rtt_threshold_ms[below(chance, 3)];
	}
	if (community_info[name].has_peer_as && once_in(chance, 6)) {
		return 64512 + below(chance, SAID_MEMBERS); /* An alias, perhaps. */
	}
	return community_info[name].has_peer_as ? said_asn(below(chance, SAID_MEMBERS))
						: below(chance, 3) * SAID_RS;
}

static struct community_value community_by_chance(struct prng *chance, const struct policy *p)
{
	static const uint32_t well_known[] = {0xffff029a, 0xffffff01, 0xffffff02,
					      0xffffff03, 0xffff0000, 0xffff0006};
	if (once_in(chance, 10)) {
		uint32_t c = well_known[below(chance, ARRAY_COUNT(well_known))];
		return (struct community_value){.form = COMMUNITY_STD,
						.field = {c >> 16, c & 0xffff}};
	}
	if (once_in(chance, 10)) {
		return p->custom[below(chance, 2)];
	}
	unsigned name = below(chance, COMMUNITY_NAME_COUNT);
	enum community_form form = (enum community_form)below(chance, COMMUNITY_FORM_COUNT);
	struct community_pattern pattern = pattern_by_name(name, form);
	struct community_value v = pattern_value(&pattern, form, last_by_chance(chance, p, name));
	if (form == COMMUNITY_STD) {
		v.field[1] &= 0xffff;
	}
	return v;
}

static bool has_said(const struct said_route *r, const struct community_value *v)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (community_value_equal(&r->community[i], v)) {
			return true;
		}
	}
	return false;
}

struct said_route said_route_by_chance(struct prng *chance, const struct said_policy *s)
{
	struct said_route r = {.prefix = said_prefix_by_chance(chance)};
	do {
		r.from = (peer_id_t)below(chance, SAID_MEMBERS);
	} while (s->policy->peer[r.from] == NULL);
	unsigned hop = once_in(chance, 4) ? below(chance, SAID_MEMBERS) : r.from;
	r.next_hop = (struct next_hop){.len = 4, .bytes = {198, 18, 0, (uint8_t)hop}};
	r.path_count = below(chance, 6);
	for (unsigned i = 0; i < r.path_count; i++) {
		r.path[i] =
			i == 0 && !once_in(chance, 8) ? said_asn(r.from) : asn_by_chance(chance);
	}
	r.path_set = once_in(chance, 10) ? asn_by_chance(chance) : 0;
	unsigned count = once_in(chance, 3) ? 0 : below(chance, 9);
	while (count-- > 0) {
		struct community_value v = community_by_chance(chance, s->policy);
		if (!has_said(&r, &v)) {
			r.community[r.count++] = v;
		}
	}
	return r;
}

asn_t said_origin(const struct said_route *r)
{
	return r->path_set != 0 || r->path_count == 0 ? 0 : r->path[r->path_count - 1];
}

static void put_form(struct draft_text *d, const struct said_route *r, enum community_form form)
{
	uint8_t octets[SAID_WORDS * COMMUNITY_LEN_MAX];
	struct wr w = wr_of(octets, sizeof(octets));
	for (unsigned i = 0; i < r->count; i++) {
		if (r->community[i].form == form) {
			community_value_write(&w, &r->community[i]);
		}
	}
	if (wr_len(&w) > 0) {
		draft_put(d, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, community_attr(form),
			  octets, wr_len(&w));
	}
}

void said_draft(const struct said_route *r, struct attr_draft *out)
{
	struct draft_text d;
	uint32_t segments[16], n = 0;
	draft_begin(&d);
	draft_u8(&d, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, ORIGIN_IGP);
	if (r->path_count > 0) {
		segments[n++] = 2;
		segments[n++] = r->path_count;
		memcpy(segments + n, r->path, r->path_count * sizeof(asn_t));
		n += r->path_count;
	}
	if (r->path_set != 0) {
		segments[n++] = 1;
		segments[n++] = 1;
		segments[n++] = r->path_set;
	}
	segments[n] = 0;
	draft_path(&d, segments);
	draft_u32(&d, ATTR_FLAG_OPTIONAL, ATTR_MED, 7);
	put_form(&d, r, COMMUNITY_STD);
	put_form(&d, r, COMMUNITY_EXT);
	draft_u32(&d, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE | ATTR_FLAG_PARTIAL, 20, 99);
	put_form(&d, r, COMMUNITY_LRG);
	draft_u32(&d, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC, 5);
	const struct attr_draft *made = draft_end(&d);
	out->facts = made->facts;
	out->wire_len = made->wire_len;
	memcpy(out->wire, made->wire, made->wire_len);
}
