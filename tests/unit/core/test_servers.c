/* Two whole servers talk over the in-memory NIC: one opens the connection (RFC 4271 §8.2.1, active
 * side), routes of a member of one reach a member of the other, in both directions. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/core/core.h"
#include "dataplane/nic/nic_mem.h"
#include "tests/support/speaker.h"

#define V4(last) (0xc6120000u + (last))

struct site {
	struct nic *nic, *speaker_nic;
	struct server *server;
	struct speaker speaker;
	unsigned workers;
};

struct lab {
	struct nic_hub *hub;
	struct site site[2];
	struct naive_prefix universe[2];
	usec_t now;
};

static struct mac mac_of(unsigned i)
{
	return (struct mac){{2, 0, 0, 0, 1, (uint8_t)i}};
}

static void site_init(struct lab *l, unsigned i, unsigned workers)
{
	struct site *s = &l->site[i];
	struct member_conf conf[2] = {
		{.asn = 65001 - i,
		 .addr = addr_v4(V4(2 - i)),
		 .session.hold_s = 90,
		 .session.retry_s = 1,
		 .session.is_passive = i == 0,
		 .is_enabled = true},
		{.asn = 100 + i,
		 .addr = addr_v4(V4(11 + i)),
		 .session.hold_s = 90,
		 .session.is_passive = true,
		 .is_enabled = true},
	};
	struct net_port_conf port = {.mac = mac_of(1 + i), .mtu = 1500, .addr_count = 1};
	port.addr[0].addr = addr_v4(V4(1 + i));
	port.addr[0].prefix_len = 24;
	s->nic = nic_mem_open(l->hub, port.mac, 1500, (uint16_t)workers);
	s->workers = workers;
	struct server_opts opts = {.local_as = 65000 + i,
				   .router_id = V4(1 + i),
				   .core_count = workers,
				   .seed = 42 + i,
				   .members = conf,
				   .member_count = 2,
				   .ports = &port,
				   .nics = &s->nic,
				   .port_count = 1,
				   .now = l->now};
	s->server = server_new(&opts);
	cr_assert_not_null(s->server);
	struct speaker_conf sc = {.asn = 100 + i,
				  .router_id = V4(11 + i),
				  .addr = addr_v4(V4(11 + i)),
				  .server = addr_v4(V4(1 + i)),
				  .prefix_len = 24,
				  .mac = mac_of(11 + i),
				  .is_as4 = true,
				  .hold_s = 90,
				  .window_bytes = 16384,
				  .universe = l->universe,
				  .universe_count = 2,
				  .seed = i};
	s->speaker_nic = nic_mem_open(l->hub, sc.mac, 1500, 1);
	speaker_init(&s->speaker, &sc, s->speaker_nic);
}

static void lab_run(struct lab *l, usec_t us)
{
	for (usec_t until = l->now + us; l->now < until; l->now += 50) {
		nic_hub_set_time(l->hub, l->now, 20);
		for (unsigned i = 0; i < 2; i++) {
			for (unsigned c = 0; c < l->site[i].workers; c++) {
				core_step(server_core(l->site[i].server, (core_id_t)c), l->now);
			}
			speaker_step(&l->site[i].speaker, l->now);
		}
	}
}

static void send_route(struct lab *l, unsigned i)
{
	uint8_t m[512];
	struct naive_attrs a = {.path_len = 1,
				.path = {100 + i},
				.announcer = 100 + i,
				.next_hop = {198, 18, 0, (uint8_t)(11 + i)}};
	size_t len = naive_announce(m, &a, &l->universe[i], 1, true);
	cr_assert(speaker_send(&l->site[i].speaker, m, len));
}

static void two_servers(unsigned workers)
{
	struct lab *l = calloc(1, sizeof(*l));
	epoch_thread_begin_alone();
	l->now = 10 * USEC_PER_SEC;
	l->hub = nic_hub_new(4, 1024);
	nic_hub_set_time(l->hub, l->now, 20);
	l->universe[0] = (struct naive_prefix){.len = 24, .bytes = {20, 1, 1}};
	l->universe[1] = (struct naive_prefix){.len = 24, .bytes = {20, 2, 2}};
	site_init(l, 0, workers);
	site_init(l, 1, workers);
	lab_run(l, 5 * USEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		struct member_status st;
		server_member_status(l->site[i].server, 0, &st);
		cr_assert_eq(st.state, FSM_ESTABLISHED, "server %u: %s", i, st.last_error);
		cr_assert_eq(l->site[i].speaker.state, SPEAKER_UP);
		send_route(l, i);
	}
	lab_run(l, USEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(l->site[i].speaker.held[1 - i].is_held, "site %u lacks the route", i);
		cr_assert_not(l->site[i].speaker.held[i].is_held, "site %u got its own", i);
	}
	for (unsigned i = 0; i < 2; i++) {
		server_free(l->site[i].server);
		speaker_fini(&l->site[i].speaker);
		l->site[i].nic->ops->close(l->site[i].nic);
		l->site[i].speaker_nic->ops->close(l->site[i].speaker_nic);
	}
	nic_hub_free(l->hub);
	epoch_barrier();
	epoch_thread_end();
	free(l);
}

Test(servers, two_servers_of_1_worker_exchange_routes)
{
	two_servers(1);
}

Test(servers, two_servers_of_3_workers_exchange_routes)
{
	two_servers(3);
}
