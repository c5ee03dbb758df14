/* Super-segments of the whole server: what a port cuts is TCP as ever on the wire, and what a port
 * does not take is neither lost nor overtaken. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/wire.h"
#include "tests/support/world.h"

#define FRAME_MAX 1514
#define UNIVERSE  UNIVERSE_MAX

/* What the server's NIC was given, and what it thinks of it. */
struct moody {
	unsigned taken, pieces, refused;
	bool is_stubborn; /* Takes nothing, of either form. */
	unsigned refuses; /* Of ten offers. */
	struct prng prng;
	const struct nic_ops *inner;
	struct nic_ops ops;
};

static struct moody moody;

static unsigned moody_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
			     unsigned count)
{
	cr_assert_eq(count, 1);
	if (moody.is_stubborn || prng_chance(&moody.prng, moody.refuses, 10)) {
		moody.refused++;
		return 0;
	}
	moody.taken++;
	moody.pieces += (in->payload_len + in->gso_size - 1) / in->gso_size;
	return moody.inner->tx_gather(n, queue, in, count);
}

static unsigned moody_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	return moody.is_stubborn ? 0 : moody.inner->tx_burst(n, queue, in, count);
}

static void see(void *context, const struct frame_buf *frame)
{
	cr_assert_leq(frame->len, FRAME_MAX);
	wire_see(context, frame);
}

static struct world *world_of(struct wire *wire, unsigned refuses)
{
	struct world *w = malloc(sizeof(*w));
	struct mac mac = world_server_mac(0);
	struct world_opts opts = {.seed = 3,
				  .workers = 1,
				  .members = 3,
				  .universe = UNIVERSE,
				  .tso_max = 65535,
				  .window_bytes = 65535,
				  .frame = see,
				  .context = wire};

	wire_trust(wire, &mac);
	world_init(w, &opts);
	moody = (struct moody){
		.refuses = refuses, .inner = w->site[0].nic->ops, .ops = *w->site[0].nic->ops};
	prng_init(&moody.prng, 5);
	moody.ops.tx_gather = moody_gather;
	moody.ops.tx_burst = moody_tx;
	w->site[0].nic->ops = &moody.ops;
	w->speaker[2].wants_up = false;
	return w;
}

/* Member 0 announces everything, each prefix with attributes of its own. */
static void announce_all(struct world *w)
{
	for (unsigned i = 0; i < UNIVERSE; i++) {
		struct naive_attrs a = {.path_len = 2,
					.path = {1000, 400000},
					.announcer = w->speaker[0].conf.asn & 0xffff,
					.serial = i,
					.has_unknown = true,
					.padding = 3000};
		uint8_t m[4096];

		a.next_hop[0] = w->universe[i].family == 0 ? 198 : 0x20;
		a.next_hop[15] = 1;
		a.next_hop[3] = 1;
		size_t len = naive_announce(m, &a, &w->universe[i], 1, true);
		while (!speaker_send(&w->speaker[0], m, len)) {
			world_run(w, USEC_PER_MSEC);
		}
	}
	world_run(w, USEC_PER_SEC);
}

static unsigned held_by(const struct world *w, unsigned member)
{
	unsigned count = 0;

	for (unsigned i = 0; i < UNIVERSE; i++) {
		count += w->speaker[member].held[i].is_held;
	}
	return count;
}

static bool two_are_up(const struct world *w)
{
	return w->speaker[0].state == SPEAKER_UP && w->speaker[1].state == SPEAKER_UP;
}

/* A member that comes late gets the table; returns the world for more. */
static struct world *table_to_latecomer(struct wire *wire, unsigned refuses)
{
	struct world *w = world_of(wire, refuses);

	cr_assert(world_run_until(w, two_are_up, 10 * USEC_PER_SEC));
	announce_all(w);
	w->speaker[2].wants_up = true;
	cr_assert(world_run_until(w, world_is_up, 10 * USEC_PER_SEC));
	world_run(w, 5 * USEC_PER_SEC);
	cr_assert_eq(held_by(w, 2), UNIVERSE);
	cr_assert_eq(held_by(w, 1), UNIVERSE);
	cr_assert_eq(w->speaker[2].downs, 0);
	cr_assert_eq(wire_faults(wire), 0);
	return w;
}

static void world_end(struct world *w, struct wire *wire)
{
	world_fini(w);
	free(w);
	wire_free(wire);
}

Test(bulk, a_table_goes_out_in_super_segments_and_arrives_in_segments)
{
	struct wire *wire = wire_new();
	struct world *w = table_to_latecomer(wire, 0);

	cr_expect_gt(moody.taken, 5);
	cr_expect_gt(moody.pieces, 3 * moody.taken);
	cr_expect_eq(moody.refused, 0);
	world_end(w, wire);
}

/* Order too: what overtakes would be answered with SACK and sent again. */
Test(bulk, what_the_port_does_not_take_goes_first_the_next_time)
{
	struct wire *wire = wire_new();
	struct world *w = table_to_latecomer(wire, 6);
	struct member_status st;

	cr_expect_gt(moody.taken, 5);
	cr_expect_gt(moody.refused, 5);
	server_member_status(w->server, 2, &st);
	cr_expect_eq(st.retransmits, 0);
	world_end(w, wire);
}

/* What the port has not taken is a copy: its connection may go, and the server too. */
Test(bulk, a_kept_super_segment_outlives_its_connection)
{
	struct wire *wire = wire_new();
	struct world *w = table_to_latecomer(wire, 0);

	w->speaker[2].wants_up = false;
	speaker_end(&w->speaker[2], END_RESET, w->now);
	world_run(w, USEC_PER_SEC);
	w->speaker[2].wants_up = true;
	moody.refuses = 10;
	for (unsigned i = 0; moody.refused == 0; i++) {
		cr_assert_lt(i, 100000);
		world_turn(w, w->now + USEC_PER_MSEC);
	}
	moody.is_stubborn = true;
	w->speaker[2].wants_up = false;
	speaker_end(&w->speaker[2], END_RESET, w->now);
	world_run(w, USEC_PER_SEC);
	moody.is_stubborn = false;
	moody.refuses = 0;
	unsigned taken = moody.taken;
	world_run(w, USEC_PER_SEC);
	cr_expect_eq(moody.taken, taken + 1); /* To nobody, but all the same. */
	cr_expect_eq(wire_faults(wire), 0);
	moody.is_stubborn = true;
	w->speaker[2].wants_up = true;
	world_run(w, USEC_PER_SEC);
	world_end(w, wire);
}
