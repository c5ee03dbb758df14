/* Rules of the moment: see rules.h. */
#include "tests/support/rules.h"

#include <stdlib.h>
#include <string.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/prefix_set.h"
#include "rib/policy/roa.h"

static struct prefix prefix_of(const struct rules_scene *s, unsigned i)
{
	const struct naive_prefix *n = &s->universe[i];
	struct addr a = addr_make((enum family)n->family, n->bytes);
	return prefix_make(&a, n->len);
}

static struct prefix_rule rule_of(const struct rules_scene *s, unsigned i)
{
	struct prefix p = prefix_of(s, i);
	return (struct prefix_rule){.prefix = p, .ge = p.len, .le = p.len};
}

static void put_patterns(struct policy *p)
{
	static const enum community_name name[] = {COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER,
						   COMMUNITY_ANNOUNCE_TO_PEER,
						   COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY};
	for (unsigned i = 0; i < ARRAY_COUNT(name); i++) {
		struct community_pattern of = {.is_set = true,
					       .has_peer_as = community_info[name[i]].has_peer_as};
		of.field[0] = NAIVE_ASK + i;
		p->pattern[name[i]][COMMUNITY_STD] = p->pattern[name[i]][COMMUNITY_EXT] = of;
		of.field[0] = NAIVE_ASK_AS;
		of.field[1] = NAIVE_ASK + i;
		p->pattern[name[i]][COMMUNITY_LRG] = of;
	}
}

static void put_member(struct policy *p, const struct rules *r, const struct rules_scene *s,
		       unsigned i)
{
	unsigned words = (s->members + s->spare + 63) / 64;
	struct peer_policy *m = peer_policy_new();
	ASSERT(m != NULL);
	p->peer[i] = m;
	m->asn = s->asn[i];
	m->has_rov = m->rejects_rov_invalid = true;
	if (!bits_is_empty(r->deaf[i], RULES_MEMBERS_MAX / 64)) {
		m->hears = calloc(words, sizeof(*m->hears));
		ASSERT(m->hears != NULL);
		for (unsigned k = 0; k < words; k++) {
			m->hears[k] = ~r->deaf[i][k];
		}
	}
}

struct policy *rules_policy(const struct rules *r, const struct rules_scene *s)
{
	struct policy *p = policy_new(s->members + s->spare);
	struct prefix_rule black[RULES_UNIVERSE_MAX];
	struct vrp vrp[RULES_UNIVERSE_MAX];
	size_t blacks = 0, vrps = 0;
	ASSERT(p != NULL && s->members <= RULES_MEMBERS_MAX);
	ASSERT(s->universe_count <= RULES_UNIVERSE_MAX);
	p->generation = r->generation;
	put_patterns(p);
	p->knows_members = true;
	p->origin = PEER_NONE;
	for (unsigned i = 0; i < s->members; i++) {
		if (!r->is_out[i]) {
			put_member(p, r, s, i);
		}
	}
	for (unsigned i = 0; i < s->universe_count; i++) {
		struct prefix prefix = prefix_of(s, i);
		if (r->is_black[i]) {
			black[blacks++] = rule_of(s, i);
		}
		if (r->origin[i] != 0) {
			vrp[vrps++] = (struct vrp){prefix, prefix.len, r->origin[i]};
		}
	}
	p->global_black = prefix_set_new(black, blacks);
	p->roa = roa_new(vrp, vrps);
	bool is_whole = policy_finish(p);
	ASSERT(is_whole);
	return p;
}

/* Who comes or goes: its routes, those of whom it does not hear, what is asked about it. */
static void add_membership(struct policy_scope *scope, const struct rules *was,
			   const struct rules *is, unsigned member, asn_t asn)
{
	if (was->is_out[member] == is->is_out[member]) {
		return;
	}
	const struct rules *in = is->is_out[member] ? was : is;
	for (unsigned k = 0; k < RULES_MEMBERS_MAX / 64; k++) {
		scope->announcers[k] |= in->deaf[member][k];
	}
	bits_set(scope->announcers, member);
	scope->named = realloc(scope->named, (scope->named_count + 1) * sizeof(*scope->named));
	ASSERT(scope->named != NULL);
	scope->named[scope->named_count++] = asn;
}

struct policy_scope rules_scope(const struct rules *was, const struct rules *is,
				const struct rules_scene *s)
{
	struct policy_scope scope = {.is_all = false};
	struct prefix_rule rule[RULES_UNIVERSE_MAX];
	size_t rules = 0;
	unsigned words = RULES_MEMBERS_MAX / 64;
	scope.announcers = calloc(words, sizeof(*scope.announcers));
	ASSERT(scope.announcers != NULL);
	for (unsigned i = 0; i < s->members; i++) {
		for (unsigned k = 0; k < words; k++) {
			scope.announcers[k] |= was->deaf[i][k] ^ is->deaf[i][k];
		}
		add_membership(&scope, was, is, i, s->asn[i]);
	}
	for (unsigned i = 0; i < s->universe_count; i++) {
		if (was->is_black[i] != is->is_black[i] || was->origin[i] != is->origin[i]) {
			rule[rules++] = rule_of(s, i);
		}
	}
	scope.prefixes = rules > 0 ? prefix_set_new(rule, rules) : NULL;
	return scope;
}

void rules_scope_free(struct policy_scope *scope)
{
	free(scope->announcers);
	free(scope->named);
	prefix_set_put(scope->prefixes);
	*scope = (struct policy_scope){.is_all = false};
}

static bool covers(const struct naive_prefix *a, const struct naive_prefix *b)
{
	bool is_same = a->family == b->family && a->len <= b->len;
	for (unsigned bit = 0; bit < a->len && is_same; bit++) {
		is_same = ((a->bytes[bit / 8] ^ b->bytes[bit / 8]) >> (7 - bit % 8) & 1) == 0;
	}
	return is_same;
}

bool rules_refuse(const struct rules *r, const struct rules_scene *s, unsigned prefix,
		  const struct naive_attrs *a)
{
	const struct naive_prefix *own = &s->universe[prefix];
	bool is_covered = false, is_valid = false;
	if (r->generation == 0 || s->universe == NULL) {
		return false;
	}
	for (unsigned i = 0; i < s->universe_count; i++) {
		if (r->origin[i] != 0 && covers(&s->universe[i], own)) {
			is_covered = true;
			is_valid |= s->universe[i].len == own->len &&
				    r->origin[i] == a->path[a->path_len - 1];
		}
	}
	return r->is_black[prefix] || (is_covered && !is_valid);
}

void rules_change(struct rules *r, const struct rules_scene *s, struct prng *p)
{
	/* Origins as scripted paths end, and nobody's. */
	static const uint32_t origins[] = {0, 0, 1000, 1001, 2001, 2002, 400001, 64999};
	r->generation++;
	do {
		unsigned prefix = (unsigned)prng_below(p, s->universe_count);
		unsigned hearer = (unsigned)prng_below(p, s->members);
		unsigned announcer = (unsigned)prng_below(p, s->members);
		uint64_t dice = prng_below(p, 4);
		if (dice < 2) {
			r->deaf[hearer][announcer / 64] ^= UINT64_C(1) << announcer % 64;
		} else if (dice == 2) {
			r->is_black[prefix] = !r->is_black[prefix];
		} else {
			r->origin[prefix] = origins[prng_below(p, ARRAY_COUNT(origins))];
		}
	} while (prng_chance(p, 1, 2));
}
