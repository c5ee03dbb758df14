/* The server restarts: nobody is told, and the next one selects nothing before it has heard the
 * members.  And a member that has restarted without a word.  RFC 4724 §4.1, §4.2, §5. */
#include <criterion/criterion.h>

#include "tests/unit/core/desk.h"

#define STALE_S	   40
#define DEFERRAL_S 30

static const uint8_t route[] = {0, 0, 0,   20,	 0x40, 1, 1,   0,  0x40, 2,  6,	 2,   1, 0,
				0, 0, 101, 0x40, 3,    4, 198, 18, 0,	 11, 24, 203, 0, 113};
static const uint8_t end_v4[] = {0, 0, 0, 0};
static const uint8_t end_v6[] = {0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1};

static void stand(struct desk *d, unsigned workers)
{
	desk_init(d, &(struct desk_opts){.workers = workers,
					 .stale_s = STALE_S,
					 .is_restarting = true,
					 .deferral_s = DEFERRAL_S});
	for (unsigned i = 0; i < 2; i++) {
		d->host[i].graceful = (struct open_graceful){.is_present = true,
							     .restart_s = 20,
							     .families = {true, true},
							     .is_forwarding = {true, true}};
	}
}

static void bring(struct desk *d, unsigned i)
{
	desk_up(d, i, 0);
	if (i == 0) {
		host_send(&d->host[0].connection[0], BGP_UPDATE, route, sizeof(route));
	}
	desk_run(d, USEC_PER_SEC);
}

static void end_of_ribs(struct desk *d, unsigned i)
{
	host_send(&d->host[i].connection[0], BGP_UPDATE, end_v4, sizeof(end_v4));
	host_send(&d->host[i].connection[0], BGP_UPDATE, end_v6, sizeof(end_v6));
	desk_run(d, USEC_PER_SEC);
}

static unsigned news(struct desk *d, unsigned i)
{
	return d->host[i].connection[0].heard[BGP_UPDATE];
}

static void expect_selected(struct desk *d)
{
	desk_run(d, USEC_PER_SEC);
	cr_expect_eq(server_awaited(d->server), 0);
	cr_expect_eq(news(d, 1), 3, "the route and two End-of-RIBs");
	cr_expect_eq(news(d, 0), 2, "two End-of-RIBs");
	cr_expect_not(desk_status(d, 0).is_awaited);
}

Test(restart, nothing_is_selected_before_all_end_of_ribs_are_in)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct desk d;
		stand(&d, workers);
		cr_expect_eq(server_awaited(d.server), 2);
		bring(&d, 0);
		bring(&d, 1);
		end_of_ribs(&d, 0);
		cr_expect_eq(server_awaited(d.server), 1);
		cr_expect(!desk_status(&d, 0).is_awaited && desk_status(&d, 1).is_awaited);
		host_send(&d.host[1].connection[0], BGP_UPDATE, end_v4, sizeof(end_v4));
		desk_run(&d, USEC_PER_SEC);
		cr_expect_eq(server_awaited(d.server), 1, "of both families");
		cr_expect_eq(news(&d, 1), 2, "each family for itself");
		end_of_ribs(&d, 1);
		expect_selected(&d);
		desk_fini(&d);
	}
}

/* RFC 4724 §4.1 leaves out those with the Restart State bit set and those "that do not advertise
 * the graceful restart capability"; we also those that are disabled. */
Test(restart, members_that_cannot_be_waited_for_are_not)
{
	for (unsigned i = 0; i < 3; i++) {
		struct desk d;
		stand(&d, 2);
		d.host[1].graceful.is_restarting = i == 0;
		d.host[1].graceful.is_present = i != 1;
		bring(&d, 0);
		end_of_ribs(&d, 0);
		cr_expect_eq(server_awaited(d.server), 1);
		if (i == 2) {
			const struct request r = {.kind = REQUEST_DISABLE, .peer = 1, .text = ""};
			cr_assert(server_request(d.server, &r));
			desk_run(&d, USEC_PER_SEC);
			cr_expect_eq(news(&d, 0), 2);
			cr_expect_eq(server_awaited(d.server), 0);
		} else {
			bring(&d, 1);
			expect_selected(&d);
		}
		desk_fini(&d);
	}
}

Test(restart, the_selection_is_deferred_for_a_bounded_time)
{
	struct desk d;
	stand(&d, 2);
	bring(&d, 0);
	bring(&d, 1);
	desk_run(&d, (DEFERRAL_S - 6) * USEC_PER_SEC);
	cr_expect(news(&d, 0) == 0 && news(&d, 1) == 0);
	desk_run(&d, 6 * USEC_PER_SEC);
	expect_selected(&d);
	desk_fini(&d);
}

Test(restart, who_is_left_behind_hears_no_notification)
{
	struct desk d;
	stand(&d, 2);
	bring(&d, 0);
	bring(&d, 1);
	host_dial(&d.host[1], 1, d.now); /* A second connection: it is not told anything either. */
	desk_run(&d, USEC_PER_SEC);
	const struct request r = {.kind = REQUEST_RESTART};
	cr_assert(server_request(d.server, &r));
	desk_run(&d, USEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 2; k++) {
			const struct host_connection *c = &d.host[i].connection[k];
			cr_expect_eq(c->heard[BGP_NOTIFICATION], 0);
			cr_expect_not(host_is_up(c));
		}
	}
	cr_expect_eq(d.host[0].resets_in, 0, "an orderly end");
	cr_expect(server_is_quiet(d.server));
	desk_fini(&d);
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

static uint64_t times_up(struct desk *d)
{
	struct member_status st = desk_status(d, 0);
	return metric_get(&st.session.established);
}

/* Host 0 has announced its route and opens a second connection beside its session. */
static void reopen(struct desk *d, bool has_families)
{
	stand(d, 2);
	d->host[0].graceful.families[0] = d->host[0].graceful.families[1] = has_families;
	bring(d, 0);
	end_of_ribs(d, 0);
	host_dial(&d->host[0], 1, d->now);
	desk_run(d, USEC_PER_SEC);
}

/* §5: "drops the TCP connection associated with the ESTABLISHED session", "retains all routes". */
Test(restart, a_new_connection_with_its_open_replaces_an_established_one)
{
	struct desk d;
	reopen(&d, true);
	struct host *h = &d.host[0];
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED, "a handshake alone does nothing");
	cr_expect_eq(times_up(&d), 1);
	h->graceful.is_restarting = true;
	host_send_open(h, &h->connection[1], h->asn);
	host_send(&h->connection[1], BGP_KEEPALIVE, NULL, 0);
	desk_run(&d, USEC_PER_SEC);
	struct member_status st = desk_status(&d, 0);
	cr_expect_eq(st.state, FSM_ESTABLISHED);
	cr_expect_eq(metric_get(&st.session.established), 2);
	cr_expect(st.is_stale[FAMILY_IPV4] && held(&d) == 1);
	cr_expect_eq(h->connection[0].heard[BGP_NOTIFICATION], 0);
	cr_expect_eq(h->connection[1].heard[BGP_NOTIFICATION], 0);
	cr_expect_eq(h->connection[1].heard[BGP_OPEN], 1);
	cr_expect_eq(desk_connections(&d), 1);
	desk_fini(&d);
}

Test(restart, a_bad_open_replaces_nothing)
{
	struct desk d;
	reopen(&d, true);
	struct host *h = &d.host[0];
	host_send_open(h, &h->connection[1], 999);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(h->connection[1].notification[0] == 2 && h->connection[1].notification[1] == 2);
	cr_expect(host_is_up(&h->connection[0]));
	cr_expect_eq(times_up(&d), 1);
	desk_fini(&d);
}

Test(restart, without_graceful_families_the_established_session_stays)
{
	struct desk d;
	reopen(&d, false);
	struct host *h = &d.host[0];
	host_send_open(h, &h->connection[1], h->asn);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(h->connection[1].notification[0] == 6 && h->connection[1].notification[1] == 7);
	cr_expect(host_is_up(&h->connection[0]));
	cr_expect_eq(times_up(&d), 1);
	desk_fini(&d);
}
