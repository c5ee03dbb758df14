/* RFC 8985 §6.2: the times that decide what is lost. */
#include <criterion/criterion.h>

#include "dataplane/tcp/rack.h"

static void arrive(struct rack *r, usec_t sent_at, uint64_t end, usec_t now)
{
	rack_note(r,
		  &(struct sack_news){
			  .bytes = 1, .clean_low = end, .newest_end = end, .newest_at = sent_at},
		  now);
}

/* Step 2: in the order of sending, not of the stream. */
Test(tcp, the_newest_arrival_counts)
{
	struct rack r;

	rack_init(&r);
	arrive(&r, 100, 5000, 1100);
	arrive(&r, 90, 9000, 1200);
	cr_expect_eq(r.sent_at, 100);
	cr_expect_eq(r.end, 5000);
	arrive(&r, 100, 6000, 1300);
	cr_expect_eq(r.end, 6000, "at one instant the stream's order decides");
	cr_expect_eq(r.min_rtt_us, 1000);
	cr_expect_eq(r.rtt_us, 1200);
}

/* Step 3 and 4: no window before reordering was seen, then a quarter of the shortest round trip. */
Test(tcp, the_reordering_window_opens_with_reordering)
{
	struct rack r;

	rack_init(&r);
	arrive(&r, 100, 5000, 4100);
	cr_expect_eq(rack_window(&r, 4000, true), 0);
	cr_expect_eq(rack_window(&r, 4000, false), 1000, "unless too little has arrived to tell");
	arrive(&r, 100, 4000, 4200);
	cr_expect(r.has_reordering);
	cr_expect_eq(rack_window(&r, 4000, true), 1000);
}

/* Step 4: each round with a DSACK widens it, up to srtt; 16 recoveries without end that. */
Test(tcp, dsacks_widen_the_window_for_a_while)
{
	struct rack r;

	rack_init(&r);
	arrive(&r, 100, 5000, 4100);
	rack_overtaken(&r);
	rack_dsack(&r, 1000, 9000);
	rack_dsack(&r, 2000, 9500);
	cr_expect_eq(rack_window(&r, 4000, true), 2000, "once per round trip");
	rack_dsack(&r, 9000, 12000);
	cr_expect_eq(rack_window(&r, 4000, true), 3000);
	cr_expect_eq(rack_window(&r, 2500, true), 2500);
	for (int i = 0; i < 16; i++) {
		cr_expect_eq(rack_window(&r, 4000, true), 3000);
		rack_recovered(&r);
	}
	cr_expect_eq(rack_window(&r, 4000, true), 1000);
}

/* Step 1: a path may become longer; after five minutes an old minimum is forgotten. */
Test(tcp, the_shortest_round_trip_is_a_recent_one)
{
	struct rack r;
	usec_t now = USEC_PER_SEC;

	rack_init(&r);
	arrive(&r, now - 1000, 1, now);
	now += 299 * USEC_PER_SEC;
	arrive(&r, now - 5000, 2, now);
	cr_expect_eq(r.min_rtt_us, 1000);
	now += 2 * USEC_PER_SEC;
	arrive(&r, now - 5000, 3, now);
	cr_expect_eq(r.min_rtt_us, 5000);
}
