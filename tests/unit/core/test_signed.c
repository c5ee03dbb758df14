/* Many members at once, some with keys of either kind, some with none: what a burst holds when it
 * leaves is signed as each of them wants it.  RFC 2385, RFC 5925. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "dataplane/tcp/signer.h"
#include "tests/support/world.h"

#define MEMBERS	  120
#define UNIVERSE  MEMBERS /* Each announces one prefix. */
#define TAKES_ALL NIC_BURST_MAX

/* What the server's NIC was given, and what it takes of it. */
struct port {
	unsigned takes; /* Of one offer in three, at most. */
	bool is_shut;	/* Takes nothing. */
	unsigned bursts_full, bursts_mixed, short_offers;
	unsigned gathers;
	struct prng prng;
	const struct nic_ops *inner;
	struct nic_ops ops;
};

static struct port port;

/* Where TCP's header begins. */
static const uint8_t *tcp_at(const uint8_t *frame)
{
	return frame + (frame[12] == 0x86 ? 54 : 34);
}

static bool is_tcp(const uint8_t *frame)
{
	return (frame[12] == 0x86 && frame[20] == 6) ||
	       (frame[12] == 8 && frame[13] == 0 && frame[23] == 6);
}

/* The option of MD5 or AO. */
static bool has_signature(const uint8_t *tcp)
{
	size_t end = (size_t)(tcp[12] >> 4) * 4, at = 20;

	while (at < end && tcp[at] != 0) {
		if (tcp[at] == 19 || tcp[at] == 29) {
			return true;
		}
		at += tcp[at] == 1 ? 1 : tcp[at + 1];
	}
	return false;
}

static unsigned port_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	unsigned with = 0, without = 0, takes = count;

	for (unsigned i = 0; i < count; i++) {
		bool is_signed = is_tcp(in[i].data) && has_signature(tcp_at(in[i].data));

		with += is_signed;
		without += !is_signed;
	}
	if (port.is_shut) {
		return 0;
	}
	port.bursts_full += count == NIC_BURST_MAX;
	port.bursts_mixed += with > 1 && without > 1;
	if (port.takes < TAKES_ALL && prng_chance(&port.prng, 1, 3)) {
		takes = (unsigned)prng_below(&port.prng, min_u64(port.takes, count) + 1);
		port.short_offers += takes < count;
	}
	return port.inner->tx_burst(n, queue, in, takes);
}

static unsigned port_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
			    unsigned count)
{
	cr_assert_eq(count, 1);
	cr_assert_not(has_signature(in->header + in->l4_at));
	port.gathers++;
	return port.inner->tx_gather(n, queue, in, count);
}

/* All four ways, each key another; `era` tells the keys that follow one another. */
static struct auth_keys make_keys(unsigned member, unsigned era)
{
	static const uint8_t algorithm[] = {AUTH_MD5, AUTH_HMAC_SHA_1_96, AUTH_AES_128_CMAC_96};
	struct auth_keys k = {.count = 1};

	k.key[0].algorithm = algorithm[member % 4 % 3];
	k.key[0].send_id = k.key[0].recv_id = (uint8_t)(1 + era);
	k.key[0].secret_len = (uint8_t)(1 + member % AUTH_SECRET_MAX);
	memset(k.key[0].secret, (int)(1 + member), k.key[0].secret_len);
	k.key[0].secret[0] = (uint8_t)era;
	return k;
}

static bool has_keys(unsigned member)
{
	return member % 4 != 3;
}

static const struct auth_keys *keys_of(unsigned member)
{
	static struct auth_keys keys[MEMBERS];

	keys[member] = make_keys(member, 0);
	return has_keys(member) ? &keys[member] : NULL;
}

static struct world *world_of(struct world_opts opts)
{
	struct world *w = malloc(sizeof(*w));

	cr_assert_not_null(w);
	opts.seed = 7;
	opts.members = MEMBERS;
	opts.universe = UNIVERSE;
	opts.keys = keys_of;
	world_init(w, &opts);
	port = (struct port){
		.takes = TAKES_ALL, .inner = w->site[0].nic->ops, .ops = *w->site[0].nic->ops};
	prng_init(&port.prng, 11);
	port.ops.tx_burst = port_tx;
	port.ops.tx_gather = port.inner->tx_gather != NULL ? port_gather : NULL;
	w->site[0].nic->ops = &port.ops;
	return w;
}

static void world_end(struct world *w)
{
	world_fini(w);
	free(w);
}

/* With `padding` octets more, for whole segments. */
static void announce(struct world *w, unsigned member, unsigned serial, uint16_t padding)
{
	struct speaker *s = &w->speaker[member];
	struct naive_attrs a = {.path_len = 2,
				.path = {1000 + member, 400000},
				.announcer = s->conf.asn & 0xffff,
				.serial = serial,
				.has_unknown = true,
				.padding = padding};
	uint8_t m[4096];

	a.next_hop[0] = w->universe[member].family == 0 ? 198 : 0x20;
	a.next_hop[15] = a.next_hop[3] = 1;
	cr_assert(speaker_send(s, m, naive_announce(m, &a, &w->universe[member], 1, true)));
}

static void announce_all(struct world *w, uint16_t padding)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		announce(w, i, i, padding);
	}
}

static bool has_all(const struct world *w)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		for (unsigned p = 0; p < UNIVERSE; p++) {
			if (w->speaker[i].held[p].is_held != (p != i)) {
				return false;
			}
		}
	}
	return world_is_up(w);
}

static uint64_t refused_by_server(const struct world *w, unsigned member, enum auth_verdict v)
{
	struct member_status st;

	server_member_status(w->server, world_peer_of(w, member), &st);
	return st.drops[auth_drop(v)];
}

/* Nothing arrived that was not signed as it should be, on either side. */
static void expect_no_refusal(const struct world *w)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		for (unsigned v = AUTH_OK + 1; v < AUTH_VERDICT_COUNT; v++) {
			cr_assert_eq(w->speaker[i].refused[v], 0, "member %u, verdict %u", i, v);
			cr_assert_eq(refused_by_server(w, i, (enum auth_verdict)v), 0,
				     "member %u, verdict %u", i, v);
		}
	}
}

static void expect_no_fall(const struct world *w)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_assert_eq(w->speaker[i].downs, 0, "member %u", i);
		cr_assert_eq(w->speaker[i].ups, 1, "member %u", i);
	}
}

/* All come up at once, and each has everyone's routes. */
static struct world *all_with_all(struct world_opts opts, unsigned takes)
{
	struct world *w = world_of(opts);

	port.takes = takes;
	/* A SYN is tried at 0, 1, 3, 7, 15, 31 seconds; where a port drops one frame of six, one of
	 * a hundred members may need the last of these. */
	cr_assert(world_run_until(w, world_is_up, 120 * USEC_PER_SEC));
	announce_all(w, 400);
	cr_assert(world_run_until(w, has_all, 60 * USEC_PER_SEC));
	world_run(w, USEC_PER_SEC);
	expect_no_refusal(w);
	expect_no_fall(w);
	return w;
}

Test(signed, members_with_and_without_keys_share_bursts)
{
	struct world *w = all_with_all((struct world_opts){.workers = 1}, TAKES_ALL);

	cr_expect_gt(port.bursts_full, 100);
	cr_expect_gt(port.bursts_mixed, 100);
	world_end(w);
}

Test(signed, every_worker_signs_what_it_sends)
{
	world_end(all_with_all((struct world_opts){.workers = 3}, TAKES_ALL));
}

/* Two workers have no queue of their own. */
Test(signed, frames_are_signed_before_another_worker_gets_them)
{
	world_end(all_with_all((struct world_opts){.workers = 4, .queues = 2}, TAKES_ALL));
}

Test(signed, a_port_that_takes_a_few_at_a_time_gets_them_signed_all_the_same)
{
	struct world *w = all_with_all((struct world_opts){.workers = 1}, 5);

	cr_expect_gt(port.short_offers, 50);
	world_end(w);
}

/* Another worker's port drops what it does not take: TCP sends it again. */
Test(signed, what_is_lost_is_sent_again_and_signed_again)
{
	struct world_opts opts = {.workers = 3, .queues = 2, .loss_per_mille = 20};

	world_end(all_with_all(opts, 16));
}

/* RFC 5925 §5.1: a signature is of one segment, so nobody else can cut it. */
Test(signed, no_super_segment_is_signed)
{
	struct world_opts opts = {.workers = 1, .tso_max = 65535, .window_bytes = 65535};
	struct world *w = all_with_all(opts, TAKES_ALL);

	cr_expect_gt(port.gathers, 10);
	cr_expect_gt(port.bursts_mixed, 10);
	world_end(w);
}

static void change_keys(struct world *w, unsigned member, unsigned era)
{
	struct auth_keys next = make_keys(member, era);
	struct request r = {
		.kind = REQUEST_KEYS, .peer = world_peer_of(w, member), .auth = auth_new(&next)};

	cr_assert(server_request(w->server, &r));
	world_run(w, 50 * USEC_PER_MSEC);
	speaker_change_keys(&w->speaker[member], &next, w->now);
}

/* With the port shut, so that frames wait: every session has some. */
static void fill_port(struct world *w, unsigned serial)
{
	port.is_shut = true;
	for (unsigned i = 0; i < MEMBERS; i += 5) {
		announce(w, i, serial + i, 400);
	}
	world_run(w, 20 * USEC_PER_MSEC);
}

/* What waits was entered with the key of its time: it is signed with that one, which both sides
 * still know.  Half of the members change. */
Test(signed, keys_change_while_frames_wait)
{
	struct world *w = all_with_all((struct world_opts){.workers = 2}, TAKES_ALL);

	for (unsigned era = 1; era < 4; era++) {
		for (unsigned i = 0; i < MEMBERS; i += 2) {
			if (has_keys(i)) {
				fill_port(w, 1000 * era);
				change_keys(w, i, era);
				port.is_shut = false;
				world_run(w, 5 * USEC_PER_MSEC);
			}
		}
	}
	world_run(w, 5 * USEC_PER_SEC);
	cr_expect(has_all(w));
	expect_no_refusal(w);
	expect_no_fall(w);
	world_end(w);
}

static void end_some(struct world *w, unsigned round)
{
	static const enum speaker_end how[] = {END_RESET, END_CLOSE, END_NOTIFICATION};

	for (unsigned i = round; i < MEMBERS; i += 7) {
		struct request r = {.kind = REQUEST_DISABLE, .peer = world_peer_of(w, i)};

		if (i % 2 == 0) {
			speaker_end(&w->speaker[i], how[i / 2 % 3], w->now);
			continue;
		}
		cr_assert(server_request(w->server, &r));
		r.kind = REQUEST_ENABLE;
		cr_assert(server_request(w->server, &r));
	}
}

/* Sessions end, from either side, while their segments wait for their signatures. */
Test(signed, what_waits_outlives_its_session)
{
	struct world *w = all_with_all((struct world_opts){.workers = 2}, TAKES_ALL);

	for (unsigned round = 0; round < 7; round++) {
		fill_port(w, 1000 * (round + 1));
		end_some(w, round);
		world_run(w, 20 * USEC_PER_MSEC);
		port.is_shut = false;
		cr_assert(world_run_until(w, world_is_up, 60 * USEC_PER_SEC), "round %u", round);
		announce_all(w, 400);
		cr_assert(world_run_until(w, has_all, 60 * USEC_PER_SEC), "round %u", round);
	}
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_expect_eq(w->speaker[i].refused[AUTH_BAD], 0, "member %u", i);
		cr_expect_eq(refused_by_server(w, i, AUTH_BAD), 0, "member %u", i);
	}
	world_end(w);
}

/* A server that ends gives the frames back as they are.  One that a shut port has refused makes the
 * worker wait, and those that come meanwhile were not even offered. */
Test(signed, a_server_can_end_while_frames_wait)
{
	struct world *w = world_of((struct world_opts){.workers = 1});
	const struct signer *signer = server_core(w->server, 0)->signer;

	cr_assert(world_run_until(w, world_is_up, 30 * USEC_PER_SEC));
	port.is_shut = true;
	for (unsigned i = 0; i < 8 && signer_is_empty(signer); i++) {
		struct request r = {.kind = REQUEST_DISABLE, .peer = world_peer_of(w, i)};

		cr_assert(server_request(w->server, &r));
		world_run(w, 30);
	}
	cr_expect_not(signer_is_empty(signer));
	world_end(w);
}
