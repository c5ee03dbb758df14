/* Floods in the name of neighbours and strangers: what they cost is bounded, who is genuine gets
 * in, and who is there stays.  RFC 4987, RFC 5082, RFC 5961; every drop has a name. */
#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/core/desk.h"

#define PER_STEP 60 /* In 50 µs: 1.2 million in a second. */

static struct prng prng;

/* SYNs in the name of both hosts, with ports and numbers at random, from the first one's NIC. */
static void flood_syn(struct desk *d)
{
	for (unsigned i = 0; i < PER_STEP; i++) {
		struct seg syn = {.seq = (uint32_t)prng_u64(&prng),
				  .flags = TCP_SYN,
				  .window = 1000,
				  .mss = 1460,
				  .wscale = 7,
				  .has_ts = i % 2 != 0,
				  .ts_val = 1};
		const struct addr *from = &d->host[i % 4 == 0 ? 0 : 1].addr;
		host_raw(&d->host[0], from, (uint16_t)(1024 + prng_below(&prng, 60000)), &syn, 255);
		d->sent++;
	}
}

static void flood_ack(struct desk *d)
{
	for (unsigned i = 0; i < PER_STEP; i++) {
		struct seg ack = {.seq = (uint32_t)prng_u64(&prng),
				  .ack = (uint32_t)prng_u64(&prng),
				  .flags = TCP_ACK,
				  .window = 1000,
				  .wscale = 0xff};
		host_raw(&d->host[0], &d->host[i % 2].addr,
			 (uint16_t)(1024 + prng_below(&prng, 60000)), &ack, 255);
		d->sent++;
	}
}

/* The second host connects while the flood bears its address, and the first one's session lives. */
static void gets_in_under(void (*flood)(struct desk *d), unsigned workers)
{
	struct desk d;
	prng_init(&prng, 5);
	desk_init(&d, &(struct desk_opts){.workers = workers});
	desk_up(&d, 0, 0);
	d.host[1].is_silent = true; /* A reset for each SYN+ACK would double the work. */
	d.before = flood;
	struct host_connection *c = &d.host[1].connection[0];
	host_dial(&d.host[1], 0, d.now);
	usec_t started = d.now;
	while (!host_is_up(c) && d.now < started + 16 * USEC_PER_SEC) {
		desk_run(&d, USEC_PER_MSEC);
	}
	cr_assert(host_is_up(c), "no handshake in %lu s", (d.now - started) / USEC_PER_SEC);
	host_send_open(&d.host[1], c, 102);
	host_send(c, BGP_KEEPALIVE, NULL, 0);
	desk_run(&d, 200 * USEC_PER_MSEC);
	for (unsigned i = 0; i < 2; i++) {
		struct member_status st = desk_status(&d, i);
		cr_expect_eq(st.state, FSM_ESTABLISHED, "host %u: %s", i, st.last_error);
		cr_expect_eq(metric_get(&st.session.established), 1u);
	}
	cr_expect_leq(desk_connections(&d), 2u, "nothing of the flood is kept");
	desk_fini(&d);
}

Test(flood, a_genuine_member_gets_in_under_syns_with_its_address, .timeout = 120)
{
	gets_in_under(flood_syn, 1);
	gets_in_under(flood_syn, 3);
}

Test(flood, a_genuine_member_gets_in_under_acks_with_its_address, .timeout = 120)
{
	gets_in_under(flood_ack, 1);
}

/* 200,000 SYN+ACKs in a second and a burst of 4,096, beside 100 and 8 for each neighbour. */
Test(flood, answers_to_syns_are_limited)
{
	struct desk d;
	prng_init(&prng, 6);
	desk_init(&d, &(struct desk_opts){.workers = 1});
	d.host[0].is_silent = d.host[1].is_silent = true;
	desk_run(&d, USEC_PER_SEC);
	d.before = flood_syn;
	desk_run(&d, 500 * USEC_PER_MSEC);
	uint64_t sent = d.sent;
	d.before = NULL;
	desk_run(&d, 100 * USEC_PER_MSEC);
	uint64_t lost = nic_mem_lost(d.nic);
	uint64_t limited = desk_member_drops(&d, 0, CORE_DROP_SYN_LIMITED) +
			   desk_member_drops(&d, 1, CORE_DROP_SYN_LIMITED);
	uint64_t answered = sent - lost - limited;
	cr_expect_gt(limited, sent / 2, "%lu sent, %lu limited, %lu lost", sent, limited, lost);
	cr_expect_leq(answered, 100000u + 4096 + 2 * 58, "%lu", answered);
	cr_expect_geq(answered, 90000u, "%lu", answered);
	cr_expect_eq(desk_connections(&d), 0u);
	desk_fini(&d);
}

/* A thousand resets in a second and a burst of 1,024: an address that is spoofed is not flooded by
 * us. */
Test(flood, resets_are_limited)
{
	struct desk d;
	prng_init(&prng, 7);
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_run(&d, USEC_PER_SEC);
	d.before = flood_ack;
	desk_run(&d, USEC_PER_SEC);
	d.before = NULL;
	uint64_t limited = desk_member_drops(&d, 0, CORE_DROP_RESET_LIMITED) +
			   desk_member_drops(&d, 1, CORE_DROP_RESET_LIMITED);
	unsigned resets = d.host[0].resets_in + d.host[1].resets_in;
	cr_expect(resets >= 1500 && resets <= 2100, "%u resets", resets);
	cr_expect_gt(limited, 100000u);
	desk_fini(&d);
}

/* As flood_ack, in the name of the first host alone. */
static void flood_ack_of_one(struct desk *d)
{
	for (unsigned i = 0; i < PER_STEP; i++) {
		struct seg ack = {.seq = (uint32_t)prng_u64(&prng),
				  .ack = (uint32_t)prng_u64(&prng),
				  .flags = TCP_ACK,
				  .window = 1000,
				  .wscale = 0xff};
		host_raw(&d->host[0], &d->host[0].addr, (uint16_t)(1024 + prng_below(&prng, 60000)),
			 &ack, 255);
		d->sent++;
	}
}

/* A member whose connection we have forgotten hears of it though another's name is flooded with. */
Test(flood, resets_to_one_leave_some_for_another)
{
	struct desk d;
	prng_init(&prng, 8);
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_run(&d, USEC_PER_SEC);
	d.before = flood_ack_of_one;
	desk_run(&d, 2 * USEC_PER_SEC);
	cr_assert_eq(d.host[1].resets_in, 0u);
	for (unsigned i = 0; i < 3; i++) {
		struct seg stray = {.seq = 5, .ack = 7, .flags = TCP_ACK, .wscale = 0xff};
		host_raw(&d.host[1], &d.host[1].addr, (uint16_t)(4000 + i), &stray, 255);
		desk_run(&d, 10 * USEC_PER_MSEC);
	}
	cr_expect_eq(d.host[1].resets_in, 3u);
	desk_fini(&d);
}

static void keep_afar(unsigned workers)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.has_gtsm = true, .workers = workers});
	struct seg syn = {.seq = 1, .flags = TCP_SYN, .wscale = 0xff};
	for (unsigned hops = 0; hops < 256; hops++) {
		host_raw(&d.host[1], &d.host[0].addr, 4000, &syn, (uint8_t)hops);
		desk_run(&d, 100);
	}
	cr_expect_eq(desk_member_drops(&d, 0, CORE_DROP_TTL_LOW), 255u, "all but 255 itself");
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_TTL_LOW), 0u);
	cr_expect_eq(desk_drops(&d, DROP_CORE_FIRST + CORE_DROP_TTL_LOW), 255u);
	desk_up(&d, 0, 0); /* A neighbour on the link sends with 255. */
	/* A reset that would be exactly right does not even arrive. */
	struct tcp *tcp = d.host[0].connection[0].tcp;
	struct seg reset = {.flags = TCP_RST | TCP_ACK, .wscale = 0xff};
	for (uint32_t i = 0; i < 256; i++) {
		reset.seq = 0x12340000u + 30001 + i; /* Somewhere here is its next number. */
		host_raw(&d.host[1], &d.host[0].addr, tcp_local(tcp)->port, &reset, 64);
		desk_run(&d, 100);
	}
	cr_expect_eq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	desk_fini(&d);
}

/* RFC 5082 §3: what comes from afar is dropped before there is any state, and counted for the
 * member whichever worker has received it. */
Test(flood, gtsm_drops_what_comes_from_afar)
{
	keep_afar(1);
	keep_afar(3);
}

Test(flood, without_gtsm_any_distance_will_do)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	struct seg syn = {.seq = 1, .flags = TCP_SYN, .wscale = 0xff};
	host_raw(&d.host[1], &d.host[0].addr, 4000, &syn, 1);
	cr_expect_eq(desk_member_drops(&d, 0, CORE_DROP_TTL_LOW), 0u);
	/* It was answered: the host, which knows nothing of it, has sent a reset. */
	cr_expect_eq(desk_member_drops(&d, 0, CORE_DROP_NO_CONNECTION), 1u);
	desk_fini(&d);
}

/* We have restarted, and the neighbour, which knows our hardware address, sends its SYN at once:
 * the answer waits for its address and not for its second SYN. */
Test(flood, an_answer_waits_for_the_neighbours_hardware_address)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	struct seg syn = {.seq = 1, .flags = TCP_SYN, .wscale = 0xff};
	host_raw(&d.host[0], &d.host[0].addr, 4000, &syn, 255);
	desk_run(&d, 30 * USEC_PER_MSEC);
	cr_expect_eq(desk_member_drops(&d, 0, CORE_DROP_NO_CONNECTION), 1u, "its reset");
	/* Nobody is there to be resolved: nothing waits for ever. */
	d.host[1].addr = addr_v4(0xc61200c8);
	struct addr gone = addr_v4(0xc612000c);
	host_fini(&d.host[1]);
	host_init(&d.host[1], d.hub);
	host_raw(&d.host[0], &gone, 4000, &syn, 255);
	desk_run(&d, 3 * USEC_PER_SEC);
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_NO_CONNECTION), 0u);
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_ANSWER_UNROUTED), 1u);
	cr_expect_gt(core_step(server_core(d.server, 0), d.now), d.now + USEC_PER_MSEC);
	desk_fini(&d);
}

/* Strangers, wrong ports, damage: each under its own name. */
Test(flood, every_drop_is_counted_under_its_name)
{
	struct desk d;
	desk_init(&d, &(struct desk_opts){.workers = 3});
	const struct addr stranger = addr_v4(0xc61200c8);
	struct seg syn = {.seq = 1, .flags = TCP_SYN, .wscale = 0xff};
	struct seg ack = {.seq = 1, .ack = 5, .flags = TCP_ACK, .wscale = 0xff};
	host_raw(&d.host[1], &stranger, 4000, &syn, 255);
	host_raw(&d.host[1], &stranger, 4000, &ack, 255);
	host_raw(&d.host[1], &d.host[0].addr, 4000, &ack, 255);
	struct request r = {.kind = REQUEST_DISABLE, .peer = 1, .text = "off"};
	cr_assert(server_request(d.server, &r));
	desk_run(&d, USEC_PER_MSEC);
	host_raw(&d.host[1], &d.host[1].addr, 4000, &syn, 255);
	cr_expect_eq(desk_member_drops(&d, 0, CORE_DROP_NO_CONNECTION), 1u);
	cr_expect_eq(desk_member_drops(&d, 1, CORE_DROP_NOT_LISTENING), 1u);
	cr_expect_eq(desk_drops(&d, DROP_CORE_FIRST + CORE_DROP_SYN_UNKNOWN), 1u);
	cr_expect_eq(desk_drops(&d, DROP_CORE_FIRST + CORE_DROP_SEGMENT_UNKNOWN), 1u);
	cr_expect_eq(desk_drops(&d, DROP_CORE_FIRST + CORE_DROP_NO_CONNECTION), 1u);
	cr_expect_eq(desk_drops(&d, DROP_CORE_FIRST + CORE_DROP_NOT_LISTENING), 1u);
	desk_fini(&d);
}

/* What a connection drops is the member's and the worker's, while it lives and after. */
Test(flood, drops_of_connections_are_summed_up)
{
	struct desk d;
	const unsigned row = DROP_MEMBER_FIRST + TCP_DROP_RST_OUTSIDE;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	struct host_connection *c = &d.host[0].connection[0];
	struct seg reset = {.seq = 0, .flags = TCP_RST, .wscale = 0xff};
	host_raw(&d.host[1], &d.host[0].addr, tcp_local(c->tcp)->port, &reset, 255);
	cr_expect_eq(desk_status(&d, 0).drops[TCP_DROP_RST_OUTSIDE], 1u);
	cr_expect_eq(desk_drops(&d, row), 1u);
	tcp_abort(c->tcp);
	desk_run(&d, 20 * USEC_PER_MSEC);
	cr_expect_eq(desk_connections(&d), 0u);
	desk_up(&d, 0, 1);
	cr_expect_eq(desk_status(&d, 0).drops[TCP_DROP_RST_OUTSIDE], 1u);
	cr_expect_eq(desk_drops(&d, row), 1u);
	desk_fini(&d);
}
