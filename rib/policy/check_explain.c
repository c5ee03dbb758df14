/* What each check says of a route: the rows of check.def walked with the data behind them. */
#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/base/text.h"
#include "rib/policy/aspa.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/check_own.h"
#include "rib/policy/explain.h"
#include "rib/policy/prefix_set.h"

const char *check_verdict_name(enum check_verdict v)
{
	static const char *const names[] = {
		[CHECK_PASS] = "pass",	     [CHECK_FAIL] = "fail", [CHECK_WARN] = "warning",
		[CHECK_SKIPPED] = "skipped", [CHECK_OFF] = "off",
	};
	ASSERT(v < ARRAY_COUNT(names));
	return names[v];
}

static void say_next_hop(struct check *c, struct text *t)
{
	char text[ADDR_TEXT_MAX], own[ADDR_TEXT_MAX];
	struct span octets = c->view->next_hop;
	enum family family = octets.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	struct addr hop = {.family = FAMILY_IPV4};
	if (octets.len >= family_bytes((uint8_t)family)) {
		hop = addr_make(family, octets.data);
	}
	text_printf(t, "next hop %s; ", addr_format(&hop, text));
	if (c->peer->next_hop == NEXT_HOP_SAME_AS) {
		text_printf(t, "any address of AS%u's", c->peer->asn);
	} else if (c->peer->next_hop == NEXT_HOP_STRICT) {
		text_printf(t, "only %s", addr_format(&c->peer->addr, own));
	} else {
		text_printf(t, "one of %u authorised addresses", c->peer->authorized_count);
	}
}

static void say_path_len(struct check *c, struct text *t)
{
	text_printf(t, "%u hops, at most %u", (unsigned)c->view->facts->path_len,
		    (unsigned)c->peer->path_len_max);
}

static void say_first_as(struct check *c, struct text *t)
{
	text_printf(t, "left-most is AS%u, the member is AS%u", c->view->facts->neighbor_as,
		    c->peer->asn);
}

static void say_asn(struct text *t, bool is_there, asn_t asn, const char *what)
{
	if (is_there) {
		text_printf(t, "AS%u is %s", asn, what);
	} else {
		text_printf(t, "no AS is %s", what);
	}
}

static void say_invalid_as(struct check *c, struct text *t)
{
	const struct path_look *l = check_path(c);
	say_asn(t, l->has_invalid, l->invalid, "private or reserved");
}

static void say_transit_free(struct check *c, struct text *t)
{
	const struct path_look *l = check_path(c);
	say_asn(t, l->has_transit_free, l->transit_free, "on the list of transit-free networks");
}

static void say_never_via_rs(struct check *c, struct text *t)
{
	const struct path_look *l = check_path(c);
	say_asn(t, l->has_never, l->never, "on the list of those that never use route servers");
}

static void say_not_global(struct check *c, struct text *t)
{
	(void)c;
	text_put(t, "only 2000::/3 is global unicast");
}

static void say_rule(struct text *t, const struct prefix_rule *rule)
{
	char text[PREFIX_TEXT_MAX];
	text_put(t, prefix_format(&rule->prefix, text));
	if (rule->ge != rule->prefix.len) {
		text_printf(t, " ge %u", (unsigned)rule->ge);
	}
	if (rule->le != rule->prefix.len) {
		text_printf(t, " le %u", (unsigned)rule->le);
	}
	if (rule->origin != 0) {
		text_printf(t, " of AS%u", rule->origin);
	}
}

/* The rule of the set that has the prefix. */
static bool say_match(const struct check *c, struct text *t, const struct prefix_set *set)
{
	struct prefix_rule rule;
	if (!prefix_set_match(set, c->prefix, c->view->facts->origin_as, &rule)) {
		text_printf(t, "none of %zu rules", prefix_set_count(set));
		return false;
	}
	text_put(t, "by ");
	say_rule(t, &rule);
	return true;
}

static void say_global_black_list(struct check *c, struct text *t)
{
	say_match(c, t, c->policy->global_black);
}

static void say_client_black_list(struct check *c, struct text *t)
{
	say_match(c, t, c->peer->black);
}

static void say_bogon(struct check *c, struct text *t)
{
	say_match(c, t, c->policy->bogon);
}

static void say_unauthorised(struct check *c, struct text *t)
{
	if (say_match(c, t, c->peer->authorised)) {
		text_put(t, check_is_among(c, c->peer->limited)	   ? "; limited"
			    : check_is_among(c, c->peer->draining) ? "; draining"
								   : "");
	}
}

static void say_escape(struct check *c, struct text *t)
{
	const struct irr_look *l = check_irr(c);
	text_put(t, l->is_by_roa	  ? "; a ROA stands for a route object"
		    : l->is_by_registrobr ? "; registro.br has it"
		    : l->is_by_white_list ? "; on the white list of routes"
					  : "");
}

static void say_irr_origin(struct check *c, struct text *t)
{
	asn_t origin = c->view->facts->origin_as;
	bool is_white = asn_set_has(c->peer->white_asn, origin);
	size_t count = asn_set_count(c->peer->as_set);
	text_printf(t, "origin AS%u is %s ", origin,
		    !c->is_origin_registered ? "not in the AS-SETs"
		    : is_white		     ? "on the white list"
					     : "in the AS-SETs");
	/* Then it is not the member's registration that is to be mended. */
	if (count > 0) {
		text_printf(t, "(%zu ASNs)", count);
	} else {
		text_put(t, "(without data: see causeway irr)");
	}
	say_escape(c, t);
}

static void say_irr_prefix(struct check *c, struct text *t)
{
	if (prefix_set_match(c->peer->white_prefix, c->prefix, 0, NULL)) {
		text_put(t, "on the white list ");
		say_match(c, t, c->peer->white_prefix);
	} else if (!say_match(c, t, c->peer->as_set_prefix) && check_irr(c)->is_prefix_registered) {
		text_put(t, "; longer than one of them");
	}
	say_escape(c, t);
}

static void say_blackhole(struct check *c, struct text *t)
{
	bool is_covered = prefix_set_covers(c->peer->authorised, c->prefix);
	text_put(t, is_covered ? "inside an authorised prefix" : "in no authorised prefix");
}

#define VRPS_SHOWN 3

static void say_rpki_invalid(struct check *c, struct text *t)
{
	struct vrp vrp[VRPS_SHOWN];
	char text[PREFIX_TEXT_MAX];
	unsigned count = roa_covering(c->policy->roa, c->prefix, vrp, VRPS_SHOWN);
	text_printf(t, "%s, origin AS%u", rov_state_name(check_rov(c)), c->view->facts->origin_as);
	for (unsigned i = 0; i < count && i < VRPS_SHOWN; i++) {
		text_printf(t, "; %s max %u AS%u", prefix_format(&vrp[i].prefix, text),
			    (unsigned)vrp[i].len_max, vrp[i].asn);
	}
	if (count > VRPS_SHOWN) {
		text_printf(t, "; %u more", count - VRPS_SHOWN);
	}
}

static void say_aspa_invalid(struct check *c, struct text *t)
{
	text_put(t, aspa_state_name(aspa_verify_upstream(c->policy->aspa, set_view_path(c->view),
							 c->peer->asn)));
}

static void say_prefix_len(struct check *c, struct text *t)
{
	text_printf(t, "/%u; from /%u to /%u", (unsigned)c->prefix->len,
		    (unsigned)c->peer->len[c->prefix->family].min,
		    (unsigned)c->peer->len[c->prefix->family].max);
}

static void say_communities(struct check *c, struct text *t)
{
	text_printf(t, "%u, at most %u", check_community_count(c->view->facts),
		    (unsigned)c->peer->communities_max);
}

/* By reason. */
static void (*const say[REJECT_COUNT])(struct check *c, struct text *t) = {
#define X(NAME, name, WHERE, is_for_blackhole, key) [REJECT_##NAME] = say_##name,
#include "rib/policy/check.def"
#undef X
};

/* What the session looks at, in this order; the first that it finds ends it. */
static unsigned explain_session(enum reject known, struct check_note *out)
{
	static const struct {
		enum reject reason;
		const char *key;
	} rows[] = {
		{REJECT_AS_LOOP, "RFC 4271 §9.1.2"},
		{REJECT_LEAK, "filtering.roles (RFC 9234 §5)"},
		{REJECT_NEXT_HOP_UNUSABLE, "RFC 4271 §5.1.3"},
		{REJECT_MAX_PREFIX, "filtering.max_prefix"},
	};
	bool is_over = false;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		out[i] = (struct check_note){.reason = rows[i].reason, .key = rows[i].key};
		out[i].verdict = is_over		   ? CHECK_SKIPPED
				 : known == rows[i].reason ? CHECK_FAIL
							   : CHECK_PASS;
		is_over |= known == rows[i].reason;
	}
	return ARRAY_COUNT(rows);
}

static void explain_row(struct check *c, const struct check_row *row, struct check_note *out)
{
	struct text t = text_of(out->detail, sizeof(out->detail));
	out->reason = row->reason;
	out->key = row->key;
	if (!row->is_on(c)) {
		out->verdict = CHECK_OFF;
	} else if (c->is_blackhole && !row->is_for_blackhole) {
		out->verdict = CHECK_SKIPPED;
		text_put(&t, "a blackhole request");
	} else {
		bool is_warning =
			row->reason == REJECT_TRANSIT_FREE && c->policy->transit_is_warning;
		out->verdict = !row->fails(c) ? CHECK_PASS : is_warning ? CHECK_WARN : CHECK_FAIL;
		say[row->reason](c, &t);
	}
}

unsigned check_explain(const struct policy *p, peer_id_t peer, const struct attr *a,
		       enum reject known, const struct prefix *prefix,
		       struct check_note out[CHECK_NOTES_MAX])
{
	unsigned count = explain_session(known, out);
	if (p == NULL || p->peer[peer] == NULL) {
		return count;
	}
	struct set_view v = set_view_of(a);
	struct check c;
	check_begin(&c, p, peer, &v, asks_read(p->index, v.facts, v.wire));
	check_next(&c, prefix);
	for (unsigned i = 0; i < check_row_count; i++) {
		ASSERT(count < CHECK_NOTES_MAX);
		explain_row(&c, &check_rows[i], &out[count++]);
	}
	return count;
}
