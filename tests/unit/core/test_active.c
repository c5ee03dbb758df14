/* Two whole servers that both connect, by several pairs of addresses at once: exactly one session
 * for each pair in the end, in bounded time, whoever starts first and whoever restarts.
 * RFC 4271 §6.8, §8.2.1; connections of members whose frames come in at other workers. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/core/core.h"
#include "dataplane/nic/nic_mem.h"
#include "rib/base/prng.h"

#define PAIRS	8
#define RETRY_S 4
#define STEP_US 25

struct pair_opts {
	uint64_t seed;
	unsigned workers;
	uint32_t id[2];
	asn_t asn[2];
	bool is_passive[2];
	usec_t late_us; /* The second server starts so much later. */
	usec_t delay_us;
};

struct bench {
	struct pair_opts opts;
	struct nic_hub *hub;
	struct nic *nic[2];
	struct server *server[2]; /* NULL: not running. */
	struct prng prng;
	usec_t now;
};

static struct addr address(unsigned server, unsigned pair)
{
	return addr_v4(0xc6120000u + 1 + server * 100 + pair);
}

static struct mac mac_of(unsigned server)
{
	return (struct mac){{2, 0, 0, 0, 4, (uint8_t)(1 + server)}};
}

static void start(struct bench *b, unsigned i)
{
	struct member_conf conf[PAIRS];
	struct net_port_conf port = {.mac = mac_of(i), .mtu = 1500, .addr_count = PAIRS};
	for (unsigned p = 0; p < PAIRS; p++) {
		port.addr[p].addr = address(i, p);
		port.addr[p].prefix_len = 24;
		conf[p] = (struct member_conf){.asn = b->opts.asn[1 - i],
					       .addr = address(1 - i, p),
					       .has_local_addr = true,
					       .local_addr = address(i, p),
					       .session.hold_s = 90,
					       .session.retry_s = RETRY_S,
					       .session.is_passive = b->opts.is_passive[i],
					       .is_enabled = true};
	}
	struct server_opts so = {.local_as = b->opts.asn[i],
				 .router_id = b->opts.id[i],
				 .core_count = b->opts.workers,
				 .seed = prng_u64(&b->prng),
				 .members = conf,
				 .member_count = PAIRS,
				 .ports = &port,
				 .nics = &b->nic[i],
				 .port_count = 1,
				 .now = b->now};
	b->server[i] = server_new(&so);
	cr_assert_not_null(b->server[i]);
}

/* Without a word to anyone, as by SIGKILL. */
static void stop(struct bench *b, unsigned i)
{
	server_free(b->server[i]);
	b->server[i] = NULL;
	epoch_barrier();
}

/* When the server wants its next step. */
static usec_t step_server(struct bench *b, unsigned i)
{
	struct frame_buf frame[NIC_BURST_MAX];
	usec_t due = USEC_NEVER;
	for (unsigned c = 0; b->server[i] != NULL && c < b->opts.workers; c++) {
		due = min_u64(due, core_step(server_core(b->server[i], (core_id_t)c), b->now));
		core_check(server_core(b->server[i], (core_id_t)c));
	}
	for (unsigned q = 0; b->server[i] == NULL && q < b->opts.workers; q++) {
		/* Its link is up, nobody listens. */
		nic_release(b->nic[i], q, frame, nic_rx(b->nic[i], q, frame, NIC_BURST_MAX));
	}
	return due;
}

static void run(struct bench *b, usec_t us)
{
	for (usec_t until = b->now + us; b->now < until;) {
		unsigned first = (unsigned)prng_below(&b->prng, 2);
		nic_hub_set_time(b->hub, b->now, b->opts.delay_us);
		usec_t due = step_server(b, first);
		due = min_u64(due, step_server(b, 1 - first));
		due = min_u64(due, nic_hub_due(b->hub));
		usec_t next = b->now + 1 + prng_below(&b->prng, STEP_US);
		b->now = min_u64(max_u64(next, due), max_u64(until, b->now + 1));
	}
}

static void begin(struct bench *b, const struct pair_opts *opts)
{
	*b = (struct bench){.opts = *opts, .now = 10 * USEC_PER_SEC};
	epoch_thread_begin_alone();
	prng_init(&b->prng, opts->seed);
	b->hub = nic_hub_new(2, 1024);
	nic_hub_set_time(b->hub, b->now, opts->delay_us);
	for (unsigned i = 0; i < 2; i++) {
		b->nic[i] = nic_mem_open(b->hub, mac_of(i), 1500, (uint16_t)opts->workers);
	}
	start(b, 0);
	run(b, opts->late_us);
	start(b, 1);
}

static void end(struct bench *b)
{
	for (unsigned i = 0; i < 2; i++) {
		stop(b, i);
		b->nic[i]->ops->close(b->nic[i]);
	}
	nic_hub_free(b->hub);
	epoch_barrier();
	epoch_thread_end();
}

static unsigned established(const struct bench *b, unsigned i)
{
	unsigned count = 0;
	for (unsigned p = 0; p < PAIRS; p++) {
		struct member_status st;
		server_member_status(b->server[i], (peer_id_t)p, &st);
		count += st.state == FSM_ESTABLISHED;
	}
	return count;
}

static unsigned collisions(const struct bench *b, unsigned i)
{
	unsigned count = 0;
	for (unsigned p = 0; p < PAIRS; p++) {
		struct member_status st;
		server_member_status(b->server[i], (peer_id_t)p, &st);
		count += st.collisions;
	}
	return count;
}

static uint64_t connections(const struct bench *b, unsigned i)
{
	uint64_t count = 0;
	for (unsigned c = 0; c < b->opts.workers; c++) {
		count += metric_get(&server_core_stats(b->server[i], (core_id_t)c)->connections);
	}
	return count;
}

static uint64_t handed_over(const struct bench *b, unsigned i)
{
	uint64_t count = 0;
	for (unsigned c = 0; c < b->opts.workers; c++) {
		count += metric_get(
			&server_core_stats(b->server[i], (core_id_t)c)->frames_handed_over);
	}
	return count;
}

/* All up within `us`, and so it stays, with one connection for each. */
static void expect_settled(struct bench *b, usec_t us, const char *what)
{
	usec_t until = b->now + us;
	while (b->now < until && (established(b, 0) < PAIRS || established(b, 1) < PAIRS)) {
		run(b, 10 * USEC_PER_MSEC);
	}
	run(b, 4 * USEC_PER_SEC); /* The loser's grace is over. */
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(established(b, i), (unsigned)PAIRS, "%s: seed %lu, server %u: %u up",
			     what, b->opts.seed, i, established(b, i));
		cr_assert_eq(connections(b, i), (uint64_t)PAIRS, "%s: server %u has %lu", what, i,
			     connections(b, i));
	}
}

static struct pair_opts options(uint64_t seed)
{
	struct pair_opts o = {.seed = seed,
			      .workers = seed % 2 == 0 ? 1 : 3,
			      .id = {10, 20},
			      .asn = {65001, 65002},
			      .delay_us = 20 + seed * 37 % 200};
	if (seed % 4 >= 2) {
		o.id[0] = 30;
	}
	if (seed % 5 == 0) {
		o.id[0] = o.id[1]; /* RFC 6286: the AS numbers decide. */
	}
	return o;
}

/* Half of a retry's time for a race that both sides lose, and that once more. */
#define BOUND_US (3 * RETRY_S * USEC_PER_SEC)

Test(active, both_dial_at_the_same_moment_and_one_session_is_left, .timeout = 200)
{
	unsigned seen = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct bench *b = malloc(sizeof(*b));
		struct pair_opts o = options(seed);
		o.late_us = seed % 3 == 0 ? 0 : 40 * seed;
		begin(b, &o);
		expect_settled(b, BOUND_US, "start");
		seen += collisions(b, 0) + collisions(b, 1);
		end(b);
		free(b);
	}
	cr_expect_gt(seen, 500u, "the test saw %u collisions", seen);
}

/* One is killed and back after a moment, before any hold timer; with one side passive, too. */
Test(active, a_restart_without_a_word_converges_again, .timeout = 200)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct bench *b = malloc(sizeof(*b));
		struct pair_opts o = options(seed);
		o.is_passive[0] = seed % 3 == 1;
		begin(b, &o);
		expect_settled(b, BOUND_US, "start");
		for (unsigned round = 0; round < 3; round++) {
			unsigned who = o.is_passive[0] ? 1 : (unsigned)prng_below(&b->prng, 2);
			stop(b, who);
			run(b, prng_below(&b->prng, 3 * USEC_PER_SEC));
			start(b, who);
			expect_settled(b, BOUND_US, "restart");
		}
		end(b);
		free(b);
	}
}

/* A SYN+ACK of a connection that we open comes in wherever RSS puts it and finds its worker. */
Test(active, answers_to_what_a_worker_opened_find_it)
{
	struct bench *b = malloc(sizeof(*b));
	struct pair_opts o = options(1);
	cr_assert_eq(o.workers, 3u);
	o.is_passive[1] = true;
	begin(b, &o);
	expect_settled(b, BOUND_US, "one side opens");
	cr_expect_gt(handed_over(b, 0), 8u, "%lu frames came in at another worker",
		     handed_over(b, 0));
	end(b);
	free(b);
}
