/* See rig.h. */
#include "tests/unit/bench/rig.h"

#include <criterion/criterion.h>

struct plan rig_plan(void)
{
	return (struct plan){.server = 0xc6120001,
			     .source = 0xc6120101,
			     .asn_first = 4200000001u,
			     .rs_asn = 64500,
			     .members = 6,
			     .announcers = 5,
			     .prefixes = 22,
			     .prefixes6 = 9,
			     .per_set = 4,
			     .overlap = 3,
			     .shared_pct = 50,
			     .path_len = 3,
			     .communities = 2,
			     .control_pct = 25,
			     .control_peers = 2,
			     .connects_max = 8,
			     .hold_s = 90};
}

void rig_init(struct rig *r, const struct plan *p)
{
	r->plan = *p;
	cr_assert_null(plan_problem(&r->plan));
	r->ledger = ledger_new(&r->plan);
	cr_assert_not_null(r->ledger);
	r->checker = checker_new(&r->plan, r->ledger);
	cr_assert_not_null(r->checker);
	for (unsigned m = 0; m < p->members; m++) {
		ledger_up(r->ledger, m);
	}
}

void rig_fini(struct rig *r)
{
	checker_free(r->checker);
	ledger_free(r->ledger);
}

struct outgoing rig_say(struct rig *r, const struct group *g, unsigned slot, uint16_t version)
{
	struct outgoing o = {0};
	message_announce(&o, &r->plan, g, slot, version);
	cr_assert(!o.is_short && o.len > 0);
	ledger_say(r->ledger, g, slot, version);
	return o;
}

bool rig_hear(struct rig *r, unsigned member, const struct outgoing *o)
{
	for (size_t at = 0; at < o->len;) {
		size_t len = (size_t)o->data[at + 16] << 8 | o->data[at + 17];
		if (!check_update(r->checker, member, o->data + at, len,
				  check_ahead(r->checker, o->data + at, len))) {
			return false;
		}
		at += len;
	}
	return true;
}

/* For each member the slot that `ledger_expected` names: a server that makes no mistake. */
static void hear_best(struct rig *r, const struct group *g)
{
	for (unsigned m = 0; m < r->plan.members; m++) {
		uint8_t expected = ledger_expected(r->ledger, g, m);
		if (expected != TOKEN_NONE) {
			struct outgoing o = {0};
			message_announce(&o, &r->plan, g, expected >> 4 & 7, expected & 15);
			cr_assert(rig_hear(r, m, &o));
			outgoing_fini(&o);
		}
	}
}

void rig_converge(struct rig *r)
{
	for (uint32_t n = 0; n < plan_group_count(&r->plan); n++) {
		struct group g = plan_group(&r->plan, n);
		for (unsigned s = 0; s < g.slots; s++) {
			ledger_say(r->ledger, &g, s, 0);
		}
		hear_best(r, &g);
	}
}

struct verdict rig_verdict(const struct rig *r)
{
	struct verdict v;
	ledger_judge(r->ledger, &v);
	cr_assert_eq(ledger_pending(r->ledger), v.missing + v.stale + v.superfluous + v.wrong,
		     "what is counted on the way is what is counted anew");
	cr_assert_eq(ledger_expected_count(r->ledger), v.expected);
	return v;
}

struct group rig_group(const struct rig *r, unsigned slots, bool is_controlled, bool is_v6)
{
	for (uint32_t n = 0; n < plan_group_count(&r->plan); n++) {
		struct group g = plan_group(&r->plan, n);
		if (g.slots == slots && g.is_controlled == is_controlled && g.is_v6 == is_v6) {
			return g;
		}
	}
	cr_assert_fail("the plan has no such group");
	return (struct group){0};
}
