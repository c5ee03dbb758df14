/* The plan of a load: bench/plan.h. */
#include <criterion/criterion.h>

#include "tests/unit/bench/rig.h"

Test(plan, every_prefix_is_found_by_its_octets)
{
	struct plan p = rig_plan();
	uint8_t octets[17];
	cr_assert_eq(plan_prefix_count(&p), 5 * (22 + 9));
	for (uint32_t n = 0; n < plan_prefix_count(&p); n++) {
		size_t len = plan_prefix(&p, n, octets);
		bool is_v6 = len == 7;
		cr_assert_eq(plan_find(&p, is_v6, octets), n);
		octets[0]--;
		cr_assert_eq(plan_find(&p, is_v6, octets), PLAN_NONE, "another length");
	}
	cr_assert_eq(plan_find(&p, false, (uint8_t[]){24, 15, 255, 255}), PLAN_NONE);
	cr_assert_eq(plan_find(&p, false, (uint8_t[]){24, 16, 0, 110}), PLAN_NONE);
}

Test(plan, groups_share_out_all_prefixes)
{
	struct plan p = rig_plan();
	uint32_t next4 = 0, next6 = 5 * 22, shared = 0, controlled = 0;
	for (uint32_t n = 0; n < plan_group_count(&p); n++) {
		struct group g = plan_group(&p, n);
		uint32_t *next = g.is_v6 ? &next6 : &next4;
		cr_assert_eq(g.first, *next);
		*next += g.count;
		for (uint32_t i = 0; i < g.count; i++) {
			cr_assert_eq(plan_group_of(&p, g.first + i), n);
		}
		shared += g.slots == 3;
		controlled += g.is_controlled;
	}
	cr_assert_eq(next4, 5 * 22);
	cr_assert_eq(next6, plan_prefix_count(&p));
	cr_assert_eq(shared, plan_group_count(&p) / 2);
	cr_assert(controlled > plan_group_count(&p) / 8 && controlled < plan_group_count(&p) / 2);
}

Test(plan, rows_of_homes_hold_each_group_once)
{
	struct plan p = rig_plan();
	unsigned seen[64] = {0};
	for (unsigned home = 0; home < p.announcers; home++) {
		for (unsigned row = 0; row < 2; row++) {
			uint32_t first, count = plan_homed(&p, home, row, &first);
			for (uint32_t i = 0; i < count; i++) {
				cr_assert_eq(plan_group(&p, first + i).home, home);
				seen[first + i]++;
			}
		}
	}
	for (uint32_t n = 0; n < plan_group_count(&p); n++) {
		cr_assert_eq(seen[n], 1);
	}
}

Test(plan, paths_of_a_prefix_have_different_lengths)
{
	struct plan p = rig_plan();
	for (uint32_t n = 0; n < plan_group_count(&p); n++) {
		struct group g = plan_group(&p, n);
		unsigned seen = 0;
		for (unsigned s = 0; s < g.slots; s++) {
			cr_assert_eq(plan_slot(&p, &g, plan_announcer(&p, &g, s)), s);
			for (uint16_t version = 0; version < 2; version++) {
				unsigned bit = 1u << plan_own_count(&g, s, version);
				cr_assert_eq(seen & bit, 0);
				seen |= bit;
			}
		}
		cr_assert_eq(plan_slot(&p, &g, 5), PLAN_NONE, "member 5 only listens");
	}
}

Test(plan, those_left_out_are_distinct_and_never_the_announcer)
{
	struct plan p = rig_plan();
	p.control_pct = 100;
	p.control_peers = 5;
	for (uint32_t n = 0; n < plan_group_count(&p); n++) {
		struct group g = plan_group(&p, n);
		for (unsigned s = 0; s < g.slots; s++) {
			unsigned seen = 1u << plan_announcer(&p, &g, s);
			for (unsigned k = 0; k < p.control_peers; k++) {
				unsigned bit = 1u << plan_left_out(&p, &g, s, k);
				cr_assert_eq(seen & bit, 0);
				seen |= bit;
			}
		}
	}
}

Test(plan, what_cannot_be_is_named)
{
	struct plan p = rig_plan();
	cr_assert_null(plan_problem(&p));
	p.overlap = 6;
	cr_assert_not_null(plan_problem(&p), "more slots than announcers");
	p = rig_plan();
	p.announcers = 7;
	cr_assert_not_null(plan_problem(&p));
	p = rig_plan();
	p.prefixes = 2000000;
	cr_assert_not_null(plan_problem(&p));
}
