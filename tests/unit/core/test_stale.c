/* A member's routes while it restarts, from its connection to the shards and to the other member.
 * RFC 4724 §4.2, RFC 8538 §4. */
#include <criterion/criterion.h>

#include "tests/unit/core/desk.h"

#define RESTART_S 20
#define STALE_S	  40

static const uint8_t route[] = {0, 0, 0,   20,	 0x40, 1, 1,   0,  0x40, 2,  6,	 2,   1, 0,
				0, 0, 101, 0x40, 3,    4, 198, 18, 0,	 11, 24, 203, 0, 113};
static const uint8_t end_of_rib[4] = {0};

static void stand(struct desk *d, unsigned workers)
{
	desk_init(d, &(struct desk_opts){.workers = workers, .stale_s = STALE_S});
	d->host[0].graceful = (struct open_graceful){.is_present = true,
						     .restart_s = RESTART_S,
						     .families = {true},
						     .is_forwarding = {true}};
	desk_up(d, 1, 0);
	desk_up(d, 0, 0);
	host_send(&d->host[0].connection[0], BGP_UPDATE, route, sizeof(route));
	desk_run(d, USEC_PER_SEC);
}

static uint64_t held(struct desk *d, bool is_stale)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		const struct shard_peer_stats *st =
			shard_peer_stats(server_shard(d->server, (core_id_t)c), FAMILY_IPV4, 0);
		sum += metric_get(is_stale ? &st->stale : &st->received);
	}
	return sum;
}

/* UPDATEs that the other host has heard. */
static unsigned news(struct desk *d)
{
	return d->host[1].connection[0].heard[BGP_UPDATE];
}

static void reset(struct desk *d, unsigned k)
{
	tcp_abort(d->host[0].connection[k].tcp);
	desk_run(d, USEC_PER_SEC);
	cr_assert_neq(desk_status(d, 0).state, FSM_ESTABLISHED);
}

static void restart(struct desk *d)
{
	unsigned before = news(d);
	reset(d, 0);
	struct member_status st = desk_status(d, 0);
	cr_assert(st.is_stale[FAMILY_IPV4] && !st.is_stale[FAMILY_IPV6]);
	cr_assert(st.stale_due > d->now + (RESTART_S - 3) * USEC_PER_SEC);
	cr_assert(held(d, true) == 1 && news(d) == before, "nobody hears of it");
}

static void expect_gone(struct desk *d, unsigned before)
{
	desk_run(d, USEC_PER_SEC);
	cr_expect_eq(held(d, false), 0);
	cr_expect_eq(news(d), before + 1, "one withdrawal");
	struct member_status st = desk_status(d, 0);
	cr_expect(!st.is_stale[FAMILY_IPV4] && st.stale_due == 0);
}

static void end_of_rib_case(unsigned workers)
{
	struct desk d;
	stand(&d, workers);
	unsigned before = news(&d);
	restart(&d);
	desk_up(&d, 0, 1);
	desk_run(&d, 2 * USEC_PER_SEC);
	cr_expect(held(&d, true) == 1 && news(&d) == before);
	host_send(&d.host[0].connection[1], BGP_UPDATE, end_of_rib, sizeof(end_of_rib));
	expect_gone(&d, before);
	desk_fini(&d);
}

Test(stale, end_of_rib_ends_what_did_not_come_back_1_worker)
{
	end_of_rib_case(1);
}

Test(stale, end_of_rib_ends_what_did_not_come_back_3_workers)
{
	end_of_rib_case(3);
}

Test(stale, what_comes_back_is_no_news)
{
	struct desk d;
	stand(&d, 2);
	unsigned before = news(&d);
	restart(&d);
	desk_up(&d, 0, 1);
	host_send(&d.host[0].connection[1], BGP_UPDATE, route, sizeof(route));
	host_send(&d.host[0].connection[1], BGP_UPDATE, end_of_rib, sizeof(end_of_rib));
	desk_run(&d, USEC_PER_SEC);
	cr_expect(held(&d, false) == 1 && held(&d, true) == 0);
	cr_expect_eq(news(&d), before);
	struct member_status st = desk_status(&d, 0);
	cr_expect_eq(st.stale_due, 0);
	cr_expect_eq(metric_get(&st.import.end_of_ribs), 1);
	desk_fini(&d);
}

Test(stale, a_member_that_stays_away_loses_them_after_its_restart_time)
{
	struct desk d;
	stand(&d, 2);
	unsigned before = news(&d);
	restart(&d);
	desk_run(&d, (RESTART_S - 4) * USEC_PER_SEC);
	cr_expect(held(&d, true) == 1 && news(&d) == before);
	desk_run(&d, 3 * USEC_PER_SEC);
	expect_gone(&d, before);
	desk_fini(&d);
}

Test(stale, a_member_without_end_of_rib_loses_them_after_the_stale_time)
{
	struct desk d;
	stand(&d, 1);
	unsigned before = news(&d);
	restart(&d);
	desk_up(&d, 0, 1);
	desk_run(&d, (STALE_S - 3) * USEC_PER_SEC);
	cr_expect(held(&d, true) == 1 && news(&d) == before);
	desk_run(&d, 3 * USEC_PER_SEC);
	expect_gone(&d, before);
	desk_fini(&d);
}

Test(stale, a_member_that_preserved_nothing_loses_them_on_its_return)
{
	struct desk d;
	stand(&d, 2);
	unsigned before = news(&d);
	restart(&d);
	d.host[0].graceful.is_forwarding[FAMILY_IPV4] = false;
	desk_up(&d, 0, 1);
	expect_gone(&d, before);
	desk_fini(&d);
}

Test(stale, disabling_a_member_that_is_away_ends_them)
{
	struct desk d;
	stand(&d, 2);
	unsigned before = news(&d);
	restart(&d);
	struct request r = {.kind = REQUEST_DISABLE, .peer = 0, .text = "gone"};
	cr_assert(server_request(d.server, &r));
	expect_gone(&d, before);
	desk_fini(&d);
}

/* RFC 8538 §4: only with the N bit. */
Test(stale, a_notification_ends_them_unless_it_is_agreed_that_it_does_not)
{
	static const uint8_t cease[] = {NOTIFY_CEASE, NOTIFY_CEASE_CONFIG};
	for (unsigned has_n = 0; has_n < 2; has_n++) {
		struct desk d;
		stand(&d, 1);
		unsigned before = news(&d);
		reset(&d, 0); /* The next session is the one in question. */
		d.host[0].graceful.has_notification = has_n;
		desk_up(&d, 0, 1);
		host_send(&d.host[0].connection[1], BGP_UPDATE, route, sizeof(route));
		desk_run(&d, USEC_PER_SEC);
		cr_assert(held(&d, false) == 1 && held(&d, true) == 0);
		host_send(&d.host[0].connection[1], BGP_NOTIFICATION, cease, sizeof(cease));
		desk_run(&d, USEC_PER_SEC);
		cr_expect_eq(held(&d, true), has_n);
		cr_expect_eq(news(&d), before + 1 - has_n);
		desk_fini(&d);
	}
}

Test(stale, without_the_capability_they_go_at_once)
{
	struct desk d;
	stand(&d, 1);
	reset(&d, 0);
	d.host[0].graceful = (struct open_graceful){0};
	unsigned before = news(&d);
	desk_up(&d, 0, 1);
	expect_gone(&d, before);
	host_send(&d.host[0].connection[1], BGP_UPDATE, route, sizeof(route));
	desk_run(&d, USEC_PER_SEC);
	cr_assert_eq(held(&d, false), 1);
	reset(&d, 1);
	cr_expect_eq(held(&d, false), 0);
	desk_fini(&d);
}

/* RFC 9494 §4.2, §4.3: after the restart time a member with the capability hears of the route again
 * and one without of its end; after the smaller of both long-lived times it is gone. */
Test(stale, long_lived_routes_are_for_members_that_know_them)
{
	for (unsigned has_llgr = 0; has_llgr < 2; has_llgr++) {
		struct desk d;
		desk_init(&d, &(struct desk_opts){
				      .workers = 2, .stale_s = STALE_S, .long_stale_s = 100});
		d.host[0].graceful = (struct open_graceful){
			.is_present = true, .restart_s = RESTART_S, .families = {true}};
		d.host[0].long_lived = (struct open_long_lived){
			.is_present = true, .families = {true}, .stale_s = {60}};
		d.host[1].graceful.is_present = true;
		d.host[1].long_lived.is_present = has_llgr;
		desk_up(&d, 1, 0);
		desk_up(&d, 0, 0);
		host_send(&d.host[0].connection[0], BGP_UPDATE, route, sizeof(route));
		desk_run(&d, USEC_PER_SEC);
		unsigned before = news(&d);
		restart(&d);
		cr_expect(desk_status(&d, 0).stale_due > d.now + (RESTART_S + 57) * USEC_PER_SEC);
		desk_run(&d, RESTART_S * USEC_PER_SEC);
		cr_expect_eq(held(&d, true), 1, "long-lived");
		cr_expect(desk_status(&d, 0).is_long_lived[FAMILY_IPV4]);
		cr_expect_eq(news(&d), before + 1, "again with LLGR_STALE, or withdrawn");
		desk_run(&d, 60 * USEC_PER_SEC);
		cr_expect_eq(held(&d, false), 0);
		cr_expect_eq(news(&d), before + 1 + has_llgr);
		desk_fini(&d);
	}
}

/* RFC 9494 §4.2, from the wire to the shards: with NO_LLGR a route ends with the restart time. */
Test(stale, a_route_with_no_llgr_does_not_live_long)
{
	static const uint8_t route_no_llgr[] = {0,    0,    0,	  27,	0x40, 1,   1,	 0,   0x40,
						2,    6,    2,	  1,	0,    0,   0,	 101, 0x40,
						3,    4,    198,  18,	0,    11,  0xc0, 8,   4,
						0xff, 0xff, 0x00, 0x07, 24,   203, 0,	 114};
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct desk d;
		desk_init(&d, &(struct desk_opts){
				      .workers = workers, .stale_s = STALE_S, .long_stale_s = 100});
		d.host[0].graceful = (struct open_graceful){
			.is_present = true, .restart_s = RESTART_S, .families = {true}};
		d.host[0].long_lived = (struct open_long_lived){
			.is_present = true, .families = {true}, .stale_s = {60}};
		d.host[1].graceful.is_present = d.host[1].long_lived.is_present = true;
		desk_up(&d, 1, 0);
		desk_up(&d, 0, 0);
		host_send(&d.host[0].connection[0], BGP_UPDATE, route, sizeof(route));
		host_send(&d.host[0].connection[0], BGP_UPDATE, route_no_llgr,
			  sizeof(route_no_llgr));
		desk_run(&d, USEC_PER_SEC);
		cr_assert_eq(held(&d, false), 2);
		unsigned before = news(&d);
		reset(&d, 0);
		cr_expect_eq(held(&d, true), 2, "until the restart time is over it is as any");
		cr_expect_eq(news(&d), before);
		desk_run(&d, RESTART_S * USEC_PER_SEC);
		cr_expect(held(&d, true) == 1 && held(&d, false) == 1);
		cr_expect_eq(news(&d), before + 2, "one with LLGR_STALE, one withdrawn");
		desk_fini(&d);
	}
}
