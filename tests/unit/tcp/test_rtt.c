/* RFC 6298 §2, §5: the retransmission timeout. */
#include <criterion/criterion.h>

#include "dataplane/tcp/rtt.h"

Test(tcp, timeout_follows_rfc_6298)
{
	/* By hand: first sample R: SRTT = R, RTTVAR = R/2; then RTTVAR = 3/4 RTTVAR + 1/4 |SRTT−R|,
	 * SRTT = 7/8 SRTT + 1/8 R; RTO = SRTT + 4 RTTVAR within 200 ms .. 60 s. */
	static const struct {
		usec_t sample;
		uint32_t srtt, rttvar;
		usec_t rto;
	} rows[] = {
		{400000, 400000, 200000, 1200000}, {400000, 400000, 150000, 1000000},
		{800000, 450000, 212500, 1300000}, {50000, 400000, 259375, 1437500},
		{400000, 400000, 194531, 1178124}, {0, 350000, 245898, 1333592},
	};
	struct rtt r;

	rtt_init(&r);
	cr_expect_eq(rtt_rto(&r), 1000000); /* §2.1 */
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		rtt_sample(&r, rows[i].sample);
		cr_expect_eq(r.srtt_us, rows[i].srtt, "row %zu: %u", i, r.srtt_us);
		cr_expect_eq(r.rttvar_us, rows[i].rttvar, "row %zu: %u", i, r.rttvar_us);
		cr_expect_eq(rtt_rto(&r), rows[i].rto, "row %zu", i);
	}
}

Test(tcp, timeout_has_a_floor_and_a_ceiling)
{
	struct rtt r;

	rtt_init(&r);
	rtt_sample(&r, 100);
	cr_expect_eq(rtt_rto(&r), 200000);
	rtt_sample(&r, USEC_NEVER);
	cr_expect_eq(rtt_rto(&r), 60 * USEC_PER_SEC);
}

Test(tcp, timeout_doubles_until_a_sample)
{
	static const usec_t want_ms[] = {200,	400,   800,   1600,  3200, 6400,
					 12800, 25600, 51200, 60000, 60000};
	struct rtt r;

	rtt_init(&r);
	rtt_sample(&r, 1000);
	for (size_t i = 0; i < ARRAY_COUNT(want_ms); i++) {
		cr_expect_eq(rtt_rto(&r), want_ms[i] * 1000, "step %zu", i);
		rtt_backoff(&r);
	}
	rtt_sample(&r, 1000);
	cr_expect_eq(rtt_rto(&r), 200000);
}

Test(tcp, after_a_lost_syn_data_begins_with_three_seconds)
{
	struct rtt r; /* §5.7 */

	rtt_init(&r);
	rtt_backoff(&r);
	rtt_distrust(&r);
	cr_expect_eq(rtt_rto(&r), 3 * USEC_PER_SEC);
	rtt_sample(&r, 1000);
	rtt_distrust(&r);
	cr_expect_eq(rtt_rto(&r), 200000);
}

/* RFC 6298 §5.7 wants a sample; an answer just one round trip after the last transmission is as
 * good, any other is not. */
Test(tcp, an_answer_in_the_expected_time_ends_back_off)
{
	static const struct {
		usec_t round_us;
		bool is_expected;
	} rows[] = {{0, false}, {9000, true}, {10000, true}, {11000, true}, {50000, false}};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct rtt r;

		rtt_init(&r);
		for (int j = 0; j < 50; j++) {
			rtt_sample(&r, 10000);
		}
		uint32_t before = r.srtt_us;

		rtt_backoff(&r);
		rtt_backoff(&r);
		rtt_confirm(&r, rows[i].round_us);
		cr_expect_eq(r.backoff, rows[i].is_expected ? 0 : 2, "row %zu", i);
		cr_expect_eq(r.srtt_us, before);
	}
}
