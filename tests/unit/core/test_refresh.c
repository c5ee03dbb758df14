/* Refreshes from the member's connection to the shards and to the other member, and back.
 * RFC 2918, RFC 7313 §4. */
#include <criterion/criterion.h>

#include "dataplane/session/renew.h"
#include "tests/unit/core/desk.h"

/* One prefix each: 203.0.113.0/24 and 203.0.112.0/24. */
static const uint8_t route[2][28] = {
	{0, 0, 0,   20,	  0x40, 1, 1,	0,  0x40, 2,  6,  2,   1, 0,
	 0, 0, 101, 0x40, 3,	4, 198, 18, 0,	  11, 24, 203, 0, 113},
	{0, 0, 0,   20,	  0x40, 1, 1,	0,  0x40, 2,  6,  2,   1, 0,
	 0, 0, 101, 0x40, 3,	4, 198, 18, 0,	  11, 24, 203, 0, 112},
};
static const uint8_t end_of_rib[4] = {0};

static void say(struct desk *d, enum bgp_type type, const void *body, size_t len)
{
	host_send(&d->host[0].connection[0], type, body, len);
	desk_run(d, USEC_PER_SEC);
}

static void refresh(struct desk *d, uint8_t kind)
{
	const uint8_t body[4] = {0, 1, kind, 1};
	say(d, BGP_ROUTE_REFRESH, body, sizeof(body));
}

static void announce(struct desk *d, unsigned i)
{
	say(d, BGP_UPDATE, route[i], sizeof(route[i]));
}

static void stand(struct desk *d, const struct desk_opts *opts)
{
	desk_init(d, opts);
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		d->host[i].has_enhanced_refresh = true;
	}
	desk_up(d, 1, 0);
	desk_up(d, 0, 0);
	announce(d, 0);
	announce(d, 1);
}

static uint64_t held(struct desk *d)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		sum += metric_get(
			&shard_peer_stats(server_shard(d->server, (core_id_t)c), FAMILY_IPV4, 0)
				 ->received);
	}
	return sum;
}

static unsigned news(struct desk *d)
{
	return d->host[1].connection[0].heard[BGP_UPDATE];
}

static void part_case(unsigned workers)
{
	struct desk d;
	stand(&d, &(struct desk_opts){.workers = workers, .has_enhanced_refresh = true});
	unsigned before = news(&d);
	refresh(&d, 1);
	cr_expect(desk_status(&d, 0).is_renewing[FAMILY_IPV4]);
	announce(&d, 1);
	cr_expect(held(&d) == 2 && news(&d) == before);
	refresh(&d, 2);
	cr_expect_eq(held(&d), 1);
	cr_expect_eq(news(&d), before + 1, "one withdrawal");
	struct member_status st = desk_status(&d, 0);
	cr_expect(st.renew.begun == 1 && st.renew.ended == 1 && !st.is_renewing[FAMILY_IPV4]);
	desk_fini(&d);
}

Test(refresh, what_is_not_announced_again_goes_1_worker)
{
	part_case(1);
}

Test(refresh, what_is_not_announced_again_goes_3_workers)
{
	part_case(3);
}

Test(refresh, without_an_end_it_is_over_in_time)
{
	struct desk d;
	stand(&d, &(struct desk_opts){.has_enhanced_refresh = true});
	refresh(&d, 1);
	announce(&d, 0);
	for (unsigned i = 0; i < 8; i++) {
		desk_run(&d, 40 * USEC_PER_SEC);
		host_send(&d.host[0].connection[0], BGP_KEEPALIVE, NULL, 0);
		host_send(&d.host[1].connection[0], BGP_KEEPALIVE, NULL, 0);
	}
	cr_expect_eq(held(&d), 2);
	desk_run(&d, RENEW_MAX_US - 320 * USEC_PER_SEC);
	cr_expect_eq(held(&d), 1);
	cr_expect_eq(desk_status(&d, 0).renew.timed_out, 1);
	desk_fini(&d);
}

Test(refresh, where_it_is_not_agreed_its_borders_mean_nothing)
{
	struct desk d;
	stand(&d, &(struct desk_opts){0});
	refresh(&d, 1);
	refresh(&d, 2);
	cr_expect_eq(held(&d), 2);
	struct member_status st = desk_status(&d, 0);
	cr_expect(st.state == FSM_ESTABLISHED && st.session.refresh_ignored == 2);
	desk_fini(&d);
}

Test(refresh, with_graceful_restart_the_end_of_rib_comes_first)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.has_enhanced_refresh = true, .stale_s = 40});
	d.host[0].has_enhanced_refresh = true;
	d.host[0].graceful = (struct open_graceful){.is_present = true, .restart_s = 20};
	desk_up(&d, 0, 0);
	announce(&d, 0);
	refresh(&d, 1);
	refresh(&d, 2);
	cr_expect_eq(held(&d), 1);
	cr_expect_eq(desk_status(&d, 0).renew.ignored, 2);
	say(&d, BGP_UPDATE, end_of_rib, sizeof(end_of_rib));
	refresh(&d, 1);
	refresh(&d, 2);
	cr_expect_eq(held(&d), 0);
	desk_fini(&d);
}

static void request_case(bool is_enhanced, unsigned workers, unsigned borders)
{
	struct desk d;
	stand(&d, &(struct desk_opts){.workers = workers, .has_enhanced_refresh = is_enhanced});
	const struct host_connection *c = &d.host[1].connection[0];
	const uint8_t body[4] = {0, 1, 0, 1};
	unsigned before = news(&d);
	host_send(&d.host[1].connection[0], BGP_ROUTE_REFRESH, body, sizeof(body));
	desk_run(&d, USEC_PER_SEC);
	cr_expect_gt(news(&d), before);
	cr_expect_eq(c->heard[BGP_ROUTE_REFRESH], borders);
	struct member_status st = desk_status(&d, 1);
	cr_expect(st.session.refresh_heard == 1 && st.refreshes_answered == 1);
	cr_expect(!st.is_answering[FAMILY_IPV4] && st.has_enhanced_refresh == is_enhanced);
	desk_fini(&d);
}

Test(refresh, a_request_is_answered_between_begin_and_end)
{
	request_case(true, 1, 2);
	request_case(true, 3, 2);
}

Test(refresh, without_the_capability_the_answer_has_no_borders)
{
	request_case(false, 1, 0);
}
