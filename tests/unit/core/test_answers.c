/* Answers to many neighbours at once whose hardware addresses are not known: after a restart of
 * ours, or when somebody speaks in the name of those that are away.  RFC 4987, RFC 9293 §3.10.7.1.
 */
#include <criterion/criterion.h>

#include "tests/unit/core/host.h"

#define MEMBERS	 600 /* More than the answers of a turn, twice. */
#define V4(last) (0xc6120000u + (last))
#define STEP_US	 50

struct crowd {
	struct nic_hub *hub;
	struct nic *nic;
	struct server *server;
	struct host host; /* Nobody's member; sends in everybody's name. */
	usec_t now;
};

static void crowd_init(struct crowd *w)
{
	static struct member_conf conf[MEMBERS];
	struct net_port_conf port = {.mac = {{2, 0, 0, 0, 0, 1}}, .mtu = 1500, .addr_count = 1};
	port.addr[0].addr = addr_v4(V4(1));
	port.addr[0].prefix_len = 16;
	for (unsigned i = 0; i < MEMBERS; i++) {
		conf[i] = (struct member_conf){.asn = 65001,
					       .addr = addr_v4(V4(0x100 + i)),
					       .session.hold_s = 90,
					       .session.is_passive = true,
					       .is_enabled = true};
	}
	*w = (struct crowd){.now = 100 * USEC_PER_SEC};
	epoch_thread_begin_alone();
	w->hub = nic_hub_new(2, 2048);
	w->nic = nic_mem_open(w->hub, port.mac, 1500, 1);
	struct server_opts opts = {.local_as = 65000,
				   .router_id = V4(1),
				   .core_count = 1,
				   .seed = 7,
				   .members = conf,
				   .member_count = MEMBERS,
				   .ports = &port,
				   .nics = &w->nic,
				   .port_count = 1,
				   .now = w->now};
	w->server = server_new(&opts);
	cr_assert_not_null(w->server);
	w->host.addr = addr_v4(V4(0xff00));
	w->host.server = port.addr[0].addr;
	w->host.mac = (struct mac){{2, 0, 0, 0, 0, 2}};
	w->host.server_mac = port.mac;
	host_init(&w->host, w->hub);
}

static void crowd_fini(struct crowd *w)
{
	server_free(w->server);
	w->nic->ops->close(w->nic);
	host_fini(&w->host);
	nic_hub_free(w->hub);
	epoch_barrier();
	epoch_thread_end();
}

static void crowd_run(struct crowd *w, usec_t us)
{
	for (usec_t until = w->now + us; w->now < until; w->now += STEP_US) {
		nic_hub_set_time(w->hub, w->now, 20);
		core_step(server_core(w->server, 0), w->now);
		host_step(&w->host, w->now);
	}
}

/* All of them wait for a route, and all are tried again in the same moment. */
Test(answers, more_than_a_turn_sends_can_wait_for_their_routes)
{
	struct crowd w;
	crowd_init(&w);
	crowd_run(&w, 3 * USEC_PER_SEC);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct addr from = addr_v4(V4(0x100 + i));
		struct seg syn = {.seq = i, .flags = TCP_SYN, .window = 1000, .wscale = 0xff};
		host_raw(&w.host, &from, 4000, &syn, 255);
	}
	crowd_run(&w, 3 * USEC_PER_SEC);
	uint64_t unrouted = server_drops(w.server, 0, DROP_CORE_FIRST + CORE_DROP_ANSWER_UNROUTED);
	cr_expect_eq(unrouted, (uint64_t)MEMBERS, "%lu: none answers, all are given up", unrouted);
	crowd_fini(&w);
}
