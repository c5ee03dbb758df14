/* Reach: see reach.h.
 *
 * A set's communities are walked once, in each form that some pattern has.  A community that
 * matches names an AS number, or everyone; three bit sets collect whom:
 *
 *     reach = (everyone unless DENY_ALL | allowed peers) & ~denied peers
 *
 * which is the rules' order read backwards, for all members at once.  AS numbers are turned into
 * members by a sorted array: an exchange has thousands, and few sets name any. */
#include "rib/policy/reach.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

struct asn_member {
	asn_t asn;
	peer_id_t peer;
};

struct reach_rules {
	struct reach_conf conf;
	bool has_form[COMMUNITY_FORM_COUNT]; /* Some rule has a pattern of it. */
	unsigned member_count, words;
	struct asn_member by_asn[]; /* Sorted. */
};

struct reach_table {
	const struct reach_rules *rules;
	struct intern *intern;
	struct audience_table *audiences;
	uint64_t *denied, *allowed; /* Scratch: a set each. */
};

bool reach_conf_is_set(const struct reach_conf *conf)
{
	for (unsigned r = 0; r < REACH_RULE_COUNT; r++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			if (conf->pattern[r][f].is_set) {
				return true;
			}
		}
	}
	return false;
}

static int order_by_asn(const void *a, const void *b)
{
	const struct asn_member *x = a, *y = b;
	return x->asn != y->asn ? (x->asn > y->asn ? 1 : -1) : (int)x->peer - (int)y->peer;
}

struct reach_rules *reach_rules_new(const struct reach_conf *conf, const asn_t *asn,
				    unsigned member_count)
{
	struct reach_rules *rules =
		calloc(1, sizeof(*rules) + member_count * sizeof(rules->by_asn[0]));
	if (rules == NULL) {
		return NULL;
	}
	rules->conf = *conf;
	rules->member_count = member_count;
	rules->words = (member_count + 63) / 64;
	for (unsigned i = 0; i < member_count; i++) {
		rules->by_asn[i] = (struct asn_member){.asn = asn[i], .peer = (peer_id_t)i};
	}
	qsort(rules->by_asn, member_count, sizeof(rules->by_asn[0]), order_by_asn);
	for (unsigned r = 0; r < REACH_RULE_COUNT; r++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			const struct community_pattern *p = &conf->pattern[r][f];
			ASSERT(!p->is_set || p->has_peer_as == (r != REACH_DENY_ALL));
			rules->has_form[f] |= p->is_set;
		}
	}
	return rules;
}

void reach_rules_free(struct reach_rules *rules)
{
	free(rules);
}

static void set_members(const struct reach_rules *rules, asn_t asn, uint64_t *word)
{
	unsigned low = 0, high = rules->member_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (rules->by_asn[middle].asn < asn) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < rules->member_count && rules->by_asn[low].asn == asn; low++) {
		bits_set(word, rules->by_asn[low].peer);
	}
}

/* What a walk over a set's communities has found. */
struct finding {
	unsigned matched; /* Communities that match a pattern. */
	bool is_denied_all;
};

/* Which of the rules a community matches, as bits. */
static unsigned rules_of(const struct reach_conf *conf, enum community_form form,
			 const struct community *c)
{
	unsigned rules = 0;
	for (unsigned r = 0; r < REACH_RULE_COUNT; r++) {
		rules |= pattern_matches(&conf->pattern[r][form], form, c) ? 1u << r : 0;
	}
	return rules;
}

static void judge_form(struct reach_table *r, struct span value, enum community_form form,
		       struct finding *f)
{
	struct rd rd = rd_of(value);
	while (rd_left(&rd) >= community_len(form)) {
		struct community c = community_read(&rd, form);
		unsigned rules = rules_of(&r->rules->conf, form, &c);
		if (rules == 0) {
			continue;
		}
		if (f->matched++ == 0) {
			memset(r->denied, 0, r->rules->words * sizeof(uint64_t));
			memset(r->allowed, 0, r->rules->words * sizeof(uint64_t));
		}
		if ((rules & 1u << REACH_DENY_PEER) != 0) {
			set_members(r->rules, c.field[community_last(form)], r->denied);
		}
		if ((rules & 1u << REACH_ALLOW_PEER) != 0) {
			set_members(r->rules, c.field[community_last(form)], r->allowed);
		}
		f->is_denied_all |= (rules & 1u << REACH_DENY_ALL) != 0;
	}
}

/* The members that may have it: the scratch set `allowed`. */
static const uint64_t *members_of(struct reach_table *r, const struct finding *f)
{
	unsigned words = r->rules->words;
	uint64_t *word = r->allowed;
	if (!f->is_denied_all) {
		memset(word, 0xff, words * sizeof(uint64_t));
		if (r->rules->member_count % 64 != 0) {
			word[words - 1] >>= 64 - r->rules->member_count % 64;
		}
	}
	for (unsigned i = 0; i < words; i++) {
		word[i] &= ~r->denied[i];
	}
	return word;
}

/* One attribute of communities, without those that match. */
static void put_rest(struct wr *w, const struct reach_conf *conf, enum community_form form,
		     uint8_t flags, struct span value)
{
	uint8_t rest[ATTR_WIRE_MAX];
	struct wr kept = wr_of(rest, sizeof(rest));
	struct rd rd = rd_of(value);
	while (rd_left(&rd) >= community_len(form)) {
		const uint8_t *at = rd.at;
		struct community c = community_read(&rd, form);
		if (rules_of(conf, form, &c) == 0) {
			wr_copy(&kept, at, community_len(form));
		}
	}
	if (wr_len(&kept) > 0 || value.len == 0) {
		attr_put(w, flags, community_attr(form), span_of(rest, wr_len(&kept)));
	}
}

/* The set without the communities that match, which no member has any use for; the attribute goes
 * with its last one. */
static void scrub(const struct reach_conf *conf, const struct attr_draft *from,
		  struct attr_draft *out)
{
	struct wr w = wr_of(out->wire, sizeof(out->wire));
	struct rd r = rd_of(span_of(from->wire, from->wire_len));
	uint8_t flags, type;
	struct span value;
	while (attr_wire_next(&r, &flags, &type, &value)) {
		enum community_form form = community_form_of(type);
		if (form == COMMUNITY_FORM_COUNT) {
			attr_put(&w, flags, type, value);
		} else {
			put_rest(&w, conf, form, flags, value);
		}
	}
	ASSERT(wr_is_ok(&w));
	out->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(out->wire, out->wire_len, &out->facts);
	out->facts.local_pref = from->facts.local_pref;
}

const struct attr *reach_intern(struct reach_table *r, const struct attr_draft *draft,
				const struct next_hop *next_hop, uint32_t refs)
{
	struct finding f = {0};
	for (unsigned i = 0; i < COMMUNITY_FORM_COUNT; i++) {
		enum community_form form = (enum community_form)i;
		const struct attr_slice *slice = community_slice(&draft->facts, form);
		if (r->rules->has_form[form] && slice->len > 0) {
			judge_form(r, span_of(draft->wire + slice->offset, slice->len), form, &f);
		}
	}
	if (f.matched == 0) {
		return intern_get(r->intern, draft, next_hop, refs);
	}
	struct attr_dress dress = {.has_parts = true};
	struct attr_draft rest; /* 8 KiB, for sets that have such communities. */
	const uint64_t *members = members_of(r, &f);
	scrub(&r->rules->conf, draft, &rest);
	const struct attr *sent = intern_get(r->intern, &rest, next_hop, 1);
	if (sent == NULL) {
		return NULL;
	}
	if (bits_count(members, r->rules->words) == r->rules->member_count) {
		dress = (struct attr_dress){.sent = sent};
	} else {
		dress.part[dress.count++] = (struct reach_part){
			.members = audience_get_any(r->audiences, members), .sent = sent};
	}
	return intern_get_dressed(r->intern, draft, next_hop, &dress, refs);
}

struct reach_table *reach_new(const struct reach_rules *rules, struct intern *in, uint64_t key)
{
	struct reach_table *r = calloc(1, sizeof(*r));
	ASSERT(rules->member_count > 0);
	if (r == NULL) {
		return NULL;
	}
	r->rules = rules;
	r->intern = in;
	r->audiences = audience_table_new(rules->words, key);
	r->denied = calloc(2u * rules->words, sizeof(*r->denied));
	if (r->denied == NULL) {
		reach_free(r);
		return NULL;
	}
	r->allowed = r->denied + rules->words;
	intern_set_audiences(in, r->audiences);
	return r;
}

void reach_free(struct reach_table *r)
{
	if (r != NULL) {
		audience_table_free(r->audiences);
		free(r->denied);
		free(r);
	}
}

size_t reach_count(const struct reach_table *r)
{
	return audience_count(r->audiences);
}

/* Whether some community of the set says `rule` about the AS number; then its text. */
static bool says(const struct reach_conf *conf, const struct attr *a, enum reach_rule rule,
		 asn_t asn, char text[64])
{
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		const struct community_pattern *p = &conf->pattern[rule][f];
		const struct attr_slice *slice = community_slice(&a->facts, (enum community_form)f);
		struct rd rd = rd_of(span_of(a->wire + slice->offset, slice->len));
		while (p->is_set && rd_left(&rd) >= community_len((enum community_form)f)) {
			const uint8_t *at = rd.at;
			struct community c = community_read(&rd, (enum community_form)f);
			if (pattern_matches(p, (enum community_form)f, &c) &&
			    (!p->has_peer_as ||
			     c.field[community_last((enum community_form)f)] == asn)) {
				community_octets_text((enum community_form)f, at, text);
				return true;
			}
		}
	}
	return false;
}

struct reach_verdict reach_explain(const struct reach_conf *conf, const struct attr *a, asn_t asn)
{
	struct reach_verdict v = {0};
	for (unsigned rule = 0; rule < REACH_RULE_COUNT; rule++) {
		if (says(conf, a, (enum reach_rule)rule, asn, v.community)) {
			v.is_matched = true;
			v.rule = (enum reach_rule)rule;
			v.is_denied = v.rule != REACH_ALLOW_PEER;
			return v;
		}
	}
	return v;
}
