/* Pace: what changes too often is sent later, and in its last form. */
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/table/pace.h"

#define INTERVAL_MS 20u
#define BURST	    3u

static struct pace *pace_new(void)
{
	struct pace *p = malloc(sizeof(*p));
	cr_assert_not_null(p);
	pace_init(p, INTERVAL_MS * USEC_PER_MSEC, BURST);
	return p;
}

Test(table, after_a_burst_changes_go_in_the_interval)
{
	struct pace *p = pace_new();
	unsigned sent = 0;
	for (uint32_t ms = 1000; ms < 2000; ms++) {
		sent += pace_admit(p, 7, ms);
		cr_expect(ms >= 1000 + BURST || sent == ms - 999, "the burst leaves at once");
		cr_expect(pace_admit(p, 9000 + ms, ms), "another one is not meant");
	}
	cr_expect_eq(sent, 1000 / INTERVAL_MS + BURST - 1);
	cr_expect_not(pace_admit(p, 7, 2000 - 1));
	for (unsigned i = 0; i < BURST; i++) {
		cr_expect(pace_admit(p, 7, 2000 + BURST * INTERVAL_MS), "rested");
	}
	free(p);
}

Test(table, an_interval_of_none_paces_nothing)
{
	struct pace *p = pace_new();
	pace_init(p, 0, 1);
	for (unsigned i = 0; i < 100; i++) {
		cr_expect(pace_admit(p, 7, 5));
	}
	free(p);
}

Test(table, pace_time_goes_round)
{
	struct pace *p = pace_new();
	uint32_t ms = UINT32_MAX - 5;
	for (unsigned i = 0; i < BURST; i++) {
		cr_expect(pace_admit(p, 7, ms));
	}
	cr_expect_not(pace_admit(p, 7, ms + 10));
	cr_expect(pace_admit(p, 7, ms + INTERVAL_MS));
	/* Nobody asked for weeks. */
	cr_expect(pace_admit(p, 7, ms + UINT32_MAX / 2));
	free(p);
}

static void rig_paced(struct rig *r)
{
	rig_init_opts(r, &(struct shard_opts){.pace_us = INTERVAL_MS * USEC_PER_MSEC,
					      .pace_burst = BURST});
	rig_join(r, 0);
	rig_join(r, 1);
	rig_settle(r);
	runlog_set_floor(r->log, 0, 0);
}

static metric_t paced(const struct rig *r)
{
	return shard_stats(r->shard, FAMILY_IPV4)->paced;
}

Test(table, a_prefix_that_flaps_is_heard_in_the_interval_and_last_as_it_is)
{
	struct rig r;
	rig_paced(&r);
	uint64_t before = rig_stats(&r).end;
	for (unsigned i = 0; i < 1000; i++) { /* In 100 ms. */
		if (i % 2 == 0) {
			rig_announce(&r, 0, 1, 5, i / 2 % 3);
		} else {
			rig_withdraw(&r, 0, 5);
		}
		rig_turn(&r);
	}
	uint64_t heard = rig_stats(&r).end - before;
	cr_expect(heard >= BURST && heard <= BURST + 6, "%llu runs", (unsigned long long)heard);
	/* Another prefix does not wait. */
	before = rig_stats(&r).end;
	rig_announce(&r, 0, 1, 6, 0);
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).end, before + 1);
	rig_announce(&r, 0, 1, 5, 3);
	rig_turn(&r);
	usec_t due = shard_due(r.shard);
	cr_expect(due > r.now && due <= r.now + INTERVAL_MS * USEC_PER_MSEC, "the shard wakes");
	r.now += 2 * INTERVAL_MS * USEC_PER_MSEC;
	rig_turn(&r);
	const struct run *last = runlog_at(r.log, rig_stats(&r).end - 1);
	cr_expect_eq(last->kind, RUN_ANNOUNCE);
	cr_expect_eq(attr_id(last->attr), ATTR_ID(0, 3));
	cr_expect_gt(paced(&r), 0);
	rig_fini(&r);
}

Test(table, there_and_back_while_it_is_paced_is_nothing)
{
	struct rig r;
	rig_paced(&r);
	for (unsigned i = 0; i <= BURST; i++) {
		rig_announce(&r, 0, 1, 5, i % 2);
		rig_turn(&r);
	}
	uint64_t end = rig_stats(&r).end;
	rig_announce(&r, 0, 1, 5, (BURST + 1) % 2); /* As it was heard last. */
	r.now += 2 * INTERVAL_MS * USEC_PER_MSEC;
	rig_turn(&r);
	cr_expect_eq(rig_stats(&r).end, end);
	rig_fini(&r);
}

/* Of three prefixes one is always left over when those that wait are asked about anew, every 20 ms:
 * it was sent just before and has changed since. */
Test(table, who_is_forgotten_does_not_wait_for_prefixes_that_change_in_turns)
{
	const uint32_t first = INTERVAL_MS + 1;
	struct rig r;
	rig_init_opts(
		&r, &(struct shard_opts){.pace_us = INTERVAL_MS * USEC_PER_MSEC, .pace_burst = 1});
	rig_join(&r, 0);
	rig_join(&r, 1);
	rig_join(&r, 2);
	rig_announce(&r, 2, 1, 9, 0);
	rig_settle(&r);
	const usec_t begin = USEC_PER_SEC;
	for (uint32_t ms = 0; ms < 400; ms++) {
		uint32_t turn = (ms + 5 - first) / INTERVAL_MS, at = (ms + 5 - first) % INTERVAL_MS;
		if (ms < 2) {
			rig_announce(&r, 0, 1, 4, ms);
		} else if (ms + 5 >= first && at < 2) {
			rig_announce(&r, 0, 1, 5 + turn % 3, at);
		}
		r.now = begin + ms * USEC_PER_MSEC - 100;
		rig_turn(&r);
		runlog_set_floor(r.log, 0, rig_stats(&r).end);
		if (ms == 100) {
			cr_expect_gt(paced(&r), 5);
			rig_op(&r, OP_DOWN, 2, 1);
			rig_op(&r, OP_STALE_END, 2, 1);
			rig_op(&r, OP_FORGET, 2, 1);
		}
		if (ms % 10 == 0) {
			epoch_barrier();
		}
	}
	cr_expect_eq(shard_times_forgotten(r.shard, 2), 1);
	r.now += 2 * INTERVAL_MS * USEC_PER_MSEC;
	rig_fini(&r);
}
