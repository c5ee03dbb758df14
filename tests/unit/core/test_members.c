/* Members that are added, removed and changed while the server runs.  RFC 4486 §3, §4. */
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/core/desk.h"

static const uint8_t route[] = {0, 0, 0,   20,	 0x40, 1, 1,   0,  0x40, 2,  6,	 2,   1, 0,
				0, 0, 101, 0x40, 3,    4, 198, 18, 0,	 11, 24, 203, 0, 113};

/* With two members the third host is a stranger. */
static void stand(struct desk *d, unsigned workers, unsigned members)
{
	desk_init(d, &(struct desk_opts){.workers = workers, .members = members, .capacity = 6});
	for (unsigned i = members; i-- > 0;) {
		desk_up(d, i, 0);
	}
	host_send(&d->host[0].connection[0], BGP_UPDATE, route, sizeof(route));
	desk_run(d, USEC_PER_SEC);
	cr_assert_eq(d->host[1].connection[0].heard[BGP_UPDATE] > 0, true);
}

/* Host `i` becomes a member; its number. */
static peer_id_t add(struct desk *d, unsigned i)
{
	int peer = server_take_member(d->server, NULL);
	cr_assert_geq(peer, 0);
	cr_assert_eq(server_add_member(d->server, (peer_id_t)peer, &d->conf[i]), 0);
	desk_run(d, 10 * USEC_PER_MSEC);
	return (peer_id_t)peer;
}

static uint64_t held(const struct desk *d, peer_id_t peer)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		sum += metric_get(
			&shard_peer_stats(server_shard(d->server, (core_id_t)c), FAMILY_IPV4, peer)
				 ->received);
	}
	return sum;
}

/* Until nothing of those removed is left. */
static void settle(struct desk *d)
{
	for (unsigned i = 0; server_settle_members(d->server) > 0; i++) {
		cr_assert_lt(i, 100);
		desk_run(d, 50 * USEC_PER_MSEC);
	}
}

static void expect_untouched(struct desk *d, unsigned i)
{
	struct member_status st = desk_status(d, i);
	cr_expect_eq(st.state, FSM_ESTABLISHED);
	cr_expect_eq(metric_get(&st.session.established), 1);
	cr_expect_eq(d->host[i].connection[0].heard[BGP_NOTIFICATION], 0);
}

static void expect_notification(const struct desk *d, unsigned i, unsigned k, uint8_t subcode)
{
	const struct host_connection *c = &d->host[i].connection[k];
	cr_expect_eq(c->heard[BGP_NOTIFICATION], 1);
	cr_expect(c->notification[0] == NOTIFY_CEASE && c->notification[1] == subcode);
}

static void add_case(unsigned workers)
{
	struct desk d;
	stand(&d, workers, 2);
	host_dial(&d.host[2], 0, d.now);
	desk_run(&d, 50 * USEC_PER_MSEC);
	cr_expect_not(host_is_up(&d.host[2].connection[0]), "a stranger");
	peer_id_t peer = add(&d, 2);
	cr_assert_eq(peer, 2);
	desk_up(&d, 2, 1);
	desk_run(&d, 100 * USEC_PER_MSEC);
	cr_expect_geq(d.host[2].connection[1].heard[BGP_UPDATE], 2, "the route and End-of-RIB");
	expect_untouched(&d, 0);
	expect_untouched(&d, 1);
	desk_fini(&d);
}

Test(members, an_added_member_is_served_at_once_1_worker)
{
	add_case(1);
}

Test(members, an_added_member_is_served_at_once_3_workers)
{
	add_case(3);
}

static void remove_case(unsigned workers)
{
	struct desk d;
	stand(&d, workers, 3);
	cr_assert_eq(held(&d, 0), 1);
	unsigned before = d.host[1].connection[0].heard[BGP_UPDATE];
	cr_assert_eq(server_remove_member(d.server, 0), 0);
	desk_run(&d, USEC_PER_SEC);
	expect_notification(&d, 0, 0, NOTIFY_CEASE_DECONFIGURED);
	cr_expect_eq(held(&d, 0), 0);
	cr_expect_eq(d.host[1].connection[0].heard[BGP_UPDATE], before + 1, "a withdrawal");
	settle(&d);
	host_dial(&d.host[0], 1, d.now);
	desk_run(&d, 50 * USEC_PER_MSEC);
	cr_expect_not(host_is_up(&d.host[0].connection[1]), "a stranger now");
	cr_expect_eq(place_member(d.server, &d.host[0].addr), 0);
	expect_untouched(&d, 1);
	expect_untouched(&d, 2);
	struct member_status st = desk_status(&d, 0);
	cr_expect(st.state == FSM_IDLE && metric_get(&st.session.established) == 0);
	desk_fini(&d);
}

Test(members, a_removed_member_hears_so_and_its_routes_go_1_worker)
{
	remove_case(1);
}

Test(members, a_removed_member_hears_so_and_its_routes_go_3_workers)
{
	remove_case(3);
}

/* RFC 4724: nothing is kept of who is no member. */
Test(members, what_is_kept_of_a_member_that_is_away_goes_with_it)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 2, .stale_s = 40});
	d.host[0].graceful = (struct open_graceful){
		.is_present = true, .restart_s = 20, .families = {true}, .is_forwarding = {true}};
	desk_up(&d, 1, 0);
	desk_up(&d, 0, 0);
	host_send(&d.host[0].connection[0], BGP_UPDATE, route, sizeof(route));
	desk_run(&d, USEC_PER_SEC);
	tcp_abort(d.host[0].connection[0].tcp);
	desk_run(&d, USEC_PER_SEC);
	cr_assert_eq(held(&d, 0), 1);
	unsigned before = d.host[1].connection[0].heard[BGP_UPDATE];
	cr_assert_eq(server_remove_member(d.server, 0), 0);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held(&d, 0), 0);
	cr_expect_eq(d.host[1].connection[0].heard[BGP_UPDATE], before + 1);
	settle(&d);
	desk_fini(&d);
}

Test(members, a_number_that_is_wanted_is_taken_where_it_is_free)
{
	static const uint64_t wanted = 0x11; /* The first is a member's. */
	struct desk d;
	stand(&d, 2, 2);
	cr_expect_eq(server_take_member(d.server, &wanted), 4);
	cr_expect_eq(server_take_member(d.server, &wanted), 2);
	cr_expect_eq(server_take_member(d.server, NULL), 3);
	cr_expect_eq(server_take_member(d.server, &wanted), -ENOSPC);
	desk_fini(&d);
}

Test(members, a_number_is_another_members_when_nothing_names_it)
{
	struct desk d;
	stand(&d, 2, 2);
	for (unsigned i = 0; i < 3; i++) {
		int spare = server_take_member(d.server, NULL);
		cr_assert_eq(spare, 2 + (int)i);
	}
	cr_assert_eq(server_take_member(d.server, NULL), -ENOSPC);
	cr_assert_eq(server_remove_member(d.server, 0), 0);
	cr_assert_eq(server_take_member(d.server, NULL), -EAGAIN);
	desk_run(&d, USEC_PER_SEC);
	settle(&d);
	/* Not yet a member, and it does not count as anybody's. */
	cr_assert_eq(add(&d, 2), 0);
	struct member_status st = desk_status(&d, 0);
	cr_expect(st.is_enabled && metric_get(&st.session.established) == 0);
	host_dial(&d.host[2], 0, d.now);
	desk_run(&d, 50 * USEC_PER_MSEC);
	cr_assert(host_is_up(&d.host[2].connection[0]));
	host_send_open(&d.host[2], &d.host[2].connection[0], d.host[2].asn);
	host_send(&d.host[2].connection[0], BGP_KEEPALIVE, NULL, 0);
	desk_run(&d, 50 * USEC_PER_MSEC);
	st = desk_status(&d, 0);
	cr_expect_eq(st.state, FSM_ESTABLISHED);
	cr_expect_gt(st.incarnation, 1, "it counts on: late ops of the other are known");
	expect_untouched(&d, 1);
	desk_fini(&d);
}

Test(members, an_address_is_taken_until_its_member_has_gone)
{
	struct desk d;
	stand(&d, 2, 3);
	int peer = server_take_member(d.server, NULL);
	cr_assert_eq(server_add_member(d.server, (peer_id_t)peer, &d.conf[0]), -EEXIST);
	cr_assert_eq(server_remove_member(d.server, 0), 0);
	cr_assert_eq(server_add_member(d.server, (peer_id_t)peer, &d.conf[0]), -EAGAIN);
	desk_run(&d, USEC_PER_SEC);
	(void)server_settle_members(d.server);
	cr_assert_eq(server_add_member(d.server, (peer_id_t)peer, &d.conf[0]), 0);
	host_dial(&d.host[0], 1, d.now);
	desk_run(&d, 50 * USEC_PER_MSEC);
	cr_expect(host_is_up(&d.host[0].connection[1]));
	desk_fini(&d);
}

Test(members, what_needs_no_new_session_changes_under_it)
{
	struct desk d;
	stand(&d, 2, 3);
	struct member_conf conf = d.conf[1];
	conf.session.retry_s = 7;
	conf.session.send_hold_s = 700;
	conf.session.is_damped = false;
	conf.session.is_passive = false;
	conf.session.delay_open_s = 3;
	cr_assert_eq(server_change_member(d.server, 1, &conf), 0);
	desk_run(&d, USEC_PER_SEC);
	for (unsigned i = 0; i < 3; i++) {
		expect_untouched(&d, i);
	}
	desk_fini(&d);
}

static void expect_new_session(const struct member_conf *conf)
{
	struct desk d;
	stand(&d, 2, 3);
	cr_assert_eq(server_change_member(d.server, 1, conf), 0);
	desk_run(&d, USEC_PER_SEC);
	expect_notification(&d, 1, 0, NOTIFY_CEASE_CONFIG);
	expect_untouched(&d, 0);
	expect_untouched(&d, 2);
	d.host[1].asn = conf->asn;
	desk_up(&d, 1, 1);
	cr_expect_eq(desk_status(&d, 1).hold_s, min_u64(conf->session.hold_s, 90));
	desk_fini(&d);
}

Test(members, what_stands_in_our_open_takes_a_new_session)
{
	struct desk d;
	struct member_conf conf;
	stand(&d, 1, 3);
	conf = d.conf[1];
	desk_fini(&d);
	conf.session.hold_s = 30;
	expect_new_session(&conf);
	conf.asn = 777;
	expect_new_session(&conf);
	conf = (struct member_conf){.asn = 102, .addr = conf.addr, .session = conf.session};
	conf.paths_max = 3;
	expect_new_session(&conf);
}

/* RFC 5082: the bound is every worker's from the moment on. */
Test(members, a_new_bound_of_hops_holds_on_every_worker)
{
	struct desk d;
	stand(&d, 3, 3);
	struct member_conf conf = d.conf[1];
	struct seg syn = {.flags = TCP_SYN, .seq = 1, .window = 1000};
	conf.hop_limit_min = 255;
	host_raw(&d.host[1], &d.host[1].addr, 1000, &syn, 64);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_TTL_LOW), 0);
	cr_assert_eq(server_change_member(d.server, 1, &conf), 0);
	desk_run(&d, USEC_PER_SEC);
	host_raw(&d.host[1], &d.host[1].addr, 1001, &syn, 64);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_geq(desk_member_drops(&d, 1, CORE_DROP_TTL_LOW), 1);
	cr_assert_eq(server_remove_member(d.server, 1), 0);
	desk_run(&d, 5 * USEC_PER_SEC);
	settle(&d);
	cr_assert_eq(add(&d, 1), 1);
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_TTL_LOW), 0, "were another's");
	desk_fini(&d);
}

/* RFC 2918: what came before is said again when it is read in another way from now on. */
Test(members, a_new_way_of_reading_asks_for_the_routes_again)
{
	struct desk d;
	stand(&d, 2, 3);
	struct member_conf conf = d.conf[0];
	conf.session.has_graceful_shutdown = true;
	cr_assert_eq(server_change_member(d.server, 0, &conf), 0);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(d.host[0].connection[0].heard[BGP_ROUTE_REFRESH], FAMILY_COUNT);
	expect_untouched(&d, 0);
	expect_untouched(&d, 1);
	desk_fini(&d);
}

/* A hundred times: nothing is left in between, and memory is the same. */
Test(members, coming_and_going_leaves_nothing)
{
	struct desk d;
	stand(&d, 3, 2);
	uint64_t sets = 0;
	for (unsigned i = 0; i < 100; i++) {
		peer_id_t peer = add(&d, 2);
		cr_assert_eq(peer, 2);
		cr_assert_eq(server_remove_member(d.server, peer), 0);
		desk_run(&d, 200 * USEC_PER_MSEC);
		settle(&d);
		uint64_t now = 0;
		for (unsigned c = 0; c < d.workers; c++) {
			now += metric_get(&server_core_stats(d.server, (core_id_t)c)->attrs);
		}
		cr_expect(sets == 0 || now == sets);
		sets = now;
	}
	expect_untouched(&d, 0);
	desk_fini(&d);
}
