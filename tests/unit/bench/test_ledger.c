/* What must be held, and the count of what is not: bench/ledger.h. */
#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/bench/rig.h"

Test(ledger, announcer_of_the_best_gets_the_second_best)
{
	struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	struct group g = rig_group(&r, 3, false, false);
	for (unsigned s = 0; s < 3; s++) {
		ledger_say(r.ledger, &g, s, 0);
	}
	unsigned best = (3 - g.number % 3) % 3, second = (best + 1) % 3;
	for (unsigned m = 0; m < p.members; m++) {
		unsigned slot = m == plan_announcer(&p, &g, best) ? second : best;
		cr_assert_eq(ledger_expected(r.ledger, &g, m), token_of(slot, 0));
	}
	rig_fini(&r);
}

Test(ledger, a_server_that_hides_paths_gives_it_nothing)
{
	struct rig r;
	struct plan p = rig_plan();
	p.is_hiding = true;
	rig_init(&r, &p);
	struct group g = rig_group(&r, 3, false, false);
	for (unsigned s = 0; s < 3; s++) {
		ledger_say(r.ledger, &g, s, 0);
	}
	unsigned best = (3 - g.number % 3) % 3;
	cr_assert_eq(ledger_expected(r.ledger, &g, plan_announcer(&p, &g, best)), TOKEN_NONE);
	rig_fini(&r);
}

Test(ledger, odd_versions_come_behind_even_ones)
{
	struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	struct group g = rig_group(&r, 3, false, false);
	unsigned best = (3 - g.number % 3) % 3, second = (best + 1) % 3;
	for (unsigned s = 0; s < 3; s++) {
		ledger_say(r.ledger, &g, s, s == best ? 1 : 4);
	}
	cr_assert_eq(ledger_expected(r.ledger, &g, 5), token_of(second, 4));
	ledger_take_back(r.ledger, &g, second);
	ledger_take_back(r.ledger, &g, (second + 1) % 3);
	cr_assert_eq(ledger_expected(r.ledger, &g, 5), token_of(best, 1));
	rig_fini(&r);
}

Test(ledger, those_left_out_get_another_route_or_none)
{
	struct rig r;
	struct plan p = rig_plan();
	p.control_pct = 100;
	rig_init(&r, &p);
	struct group g = rig_group(&r, 1, true, false);
	ledger_say(r.ledger, &g, 0, 0);
	for (unsigned m = 0; m < p.members; m++) {
		bool may = m != g.home && m != plan_left_out(&p, &g, 0, 0) &&
			   m != plan_left_out(&p, &g, 0, 1);
		cr_assert_eq(ledger_expected(r.ledger, &g, m), may ? token_of(0, 0) : TOKEN_NONE);
	}
	rig_fini(&r);
}

static uint32_t below(struct prng *prng, uint32_t bound)
{
	return (uint32_t)prng_below(prng, bound);
}

/* One random thing happens to the world or to what a member holds. */
static void happen(struct rig *r, struct prng *prng)
{
	struct group g = plan_group(&r->plan, below(prng, plan_group_count(&r->plan)));
	unsigned slot = below(prng, g.slots), member = below(prng, r->plan.members);
	uint32_t prefix = g.first + below(prng, g.count);
	uint8_t token = below(prng, 4) == 0 ? (uint8_t)below(prng, 2) : token_of(slot, 0);
	switch (below(prng, 8)) {
	case 0:
		ledger_take_back(r->ledger, &g, slot);
		break;
	case 1:
		ledger_down(r->ledger, member);
		ledger_up(r->ledger, member);
		break;
	case 2:
	case 3:
		ledger_say(r->ledger, &g, slot, (uint16_t)below(prng, 4));
		break;
	default:
		ledger_hold(r->ledger, member, prefix, token,
			    ledger_expected(r->ledger, &g, member));
	}
}

Test(ledger, what_is_pending_is_always_what_a_recount_finds)
{
	struct rig r;
	struct plan p = rig_plan();
	struct prng prng;
	rig_init(&r, &p);
	prng_init(&prng, 5);
	uint64_t pending_max = 0;
	struct group watched = rig_group(&r, 3, false, false);
	ledger_watch(r.ledger, &watched);
	for (unsigned i = 0; i < 3000; i++) {
		happen(&r, &prng);
		rig_verdict(&r); /* Compares. */
		uint64_t pending = ledger_watched(r.ledger);
		ledger_watch(r.ledger, &watched); /* Counts anew. */
		cr_assert_eq(ledger_watched(r.ledger), pending);
		pending_max = ledger_pending(r.ledger) > pending_max ? ledger_pending(r.ledger)
								     : pending_max;
	}
	cr_assert_gt(pending_max, 100);
	rig_fini(&r);
}

Test(ledger, whoever_is_excused_does_not_count_until_taken_in_again)
{
	struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	rig_converge(&r);
	struct group g = rig_group(&r, 1, false, false);
	ledger_excuse(r.ledger, 5, true);
	struct outgoing o = rig_say(&r, &g, 0, 1);
	for (unsigned m = 0; m < 5; m++) {
		cr_assert(m == g.home || rig_hear(&r, m, &o));
	}
	cr_assert_eq(ledger_pending(r.ledger), 0);
	ledger_excuse(r.ledger, 5, false);
	cr_assert_eq(rig_verdict(&r).stale, g.count);
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(ledger_pending(r.ledger), 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(ledger, changes_in_bulk_are_counted_at_the_end)
{
	struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	ledger_begin(r.ledger);
	for (uint32_t n = 0; n < plan_group_count(&p); n++) {
		struct group g = plan_group(&p, n);
		ledger_say(r.ledger, &g, 0, 0);
	}
	ledger_end(r.ledger);
	cr_assert_gt(ledger_pending(r.ledger), 0);
	cr_assert_eq(rig_verdict(&r).missing, ledger_pending(r.ledger));
	rig_fini(&r);
}
