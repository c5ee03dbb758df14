/* The exchange in a process: see world.h.  The server is AS 65000 (id 198.18.0.1) on 198.18.0.1 and
 * 2001:db8:0:1::1; member i is AS 100 + i (a 4-octet AS for every third). */
#include "tests/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define STEP_US	  20
#define LINK_US	  30
#define START_US  (100 * USEC_PER_SEC)
#define SERVER_V4 0xc6120001u
#define SERVER_AS 65000u

static struct addr v6_addr(unsigned host)
{
	const uint8_t bytes[16] = {
		0x20,	      1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, (uint8_t)(host >> 8),
		(uint8_t)host};
	return addr_make(FAMILY_IPV6, bytes);
}

/* Every fifth member peers over IPv6. */
static struct addr member_addr(unsigned i)
{
	return i % 5 == 4 ? v6_addr(0x100 + i) : addr_v4(SERVER_V4 + 0xff + i);
}

static uint32_t member_asn(unsigned i)
{
	return i % 3 == 2 ? 4200000000u / 65536 * 65536 + 100 + i : 100 + i;
}

static struct mac mac_of(unsigned host)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
}

static void tap_record(void *context, const uint8_t *message, size_t len, bool is_up)
{
	struct world_tap *tap = context;
	struct world *w = tap->world;
	if (w->opts.record != NULL) {
		w->opts.record(w->opts.context, tap->member, message, len, is_up);
	}
}

static bool keep_frame(void *context, const struct frame_buf *frame)
{
	struct world *w = context;
	for (unsigned i = 0; i < w->opts.members; i++) {
		struct mac mac = mac_of(0x100 + i);
		if (w->is_cut[i] && (memcmp(frame->data, mac.bytes, 6) == 0 ||
				     memcmp(frame->data + 6, mac.bytes, 6) == 0)) {
			return false;
		}
	}
	return w->opts.loss_per_mille == 0 || !prng_chance(&w->prng, w->opts.loss_per_mille, 1000);
}

static void make_universe(struct world *w)
{
	for (unsigned i = 0; i < w->opts.universe; i++) {
		struct naive_prefix *p = &w->universe[i];
		unsigned k = i / 2;
		*p = (struct naive_prefix){.family = (uint8_t)(i % 2)};
		if (p->family == 0) {
			p->len = (uint8_t)(k % 7 == 0 ? 17 : 24);
			p->bytes[0] = 20;
			p->bytes[1] = (uint8_t)(k % 13);
			p->bytes[2] = p->len == 17 ? (uint8_t)(k << 7) : (uint8_t)k;
		} else {
			p->len = (uint8_t)(k % 7 == 0 ? 33 : 48);
			p->bytes[0] = 0x2a;
			p->bytes[3] = (uint8_t)(k % 13);
			p->bytes[4] = p->len == 33 ? (uint8_t)(k << 7) : (uint8_t)k;
			p->bytes[5] = p->len == 33 ? 0 : 1;
		}
	}
	/* Distinct by construction but for the short ones: make those distinct too. */
	for (unsigned i = 0; i < w->opts.universe; i++) {
		struct naive_prefix *p = &w->universe[i];
		if (p->len == 17) {
			p->bytes[0] = (uint8_t)(30 + i / 2 % 64);
			p->bytes[1] = (uint8_t)(i / 128);
		} else if (p->len == 33) {
			p->bytes[1] = (uint8_t)(i / 2);
		}
		for (unsigned j = 0; j < i; j++) {
			ASSERT(memcmp(p, &w->universe[j], sizeof(*p)) != 0);
		}
	}
}

static void make_server(struct world *w)
{
	struct member_conf conf[WORLD_MEMBERS_MAX];
	memset(conf, 0, sizeof(conf));
	for (unsigned i = 0; i < w->opts.members; i++) {
		conf[i] = (struct member_conf){.asn = member_asn(i),
					       .addr = member_addr(i),
					       .hold_s = 90,
					       .hold_min_s = 3,
					       .retry_s = 5,
					       .is_passive = !w->opts.are_active,
					       .is_enabled = true};
	}
	struct net_port_conf port = {.mac = mac_of(1), .mtu = 1500, .addr_count = 2};
	port.addr[0].addr = addr_v4(SERVER_V4);
	port.addr[0].prefix_len = 16;
	port.addr[1].addr = v6_addr(1);
	port.addr[1].prefix_len = 64;
	struct server_opts opts = {
		.local_as = SERVER_AS,
		.router_id = SERVER_V4,
		.core_count = w->opts.workers,
		.seed = w->opts.seed,
		.members = conf,
		.member_count = w->opts.members,
		.ports = &port,
		.nics = &w->server_nic,
		.port_count = 1,
		.log_bytes_max = w->opts.log_bytes_max,
		.send_bytes_max = w->opts.send_bytes_max,
		.now = w->now,
	};
	w->server = server_new(&opts);
	ASSERT(w->server != NULL);
}

static void make_speaker(struct world *w, unsigned i)
{
	bool is_v4 = member_addr(i).family == FAMILY_IPV4;
	struct speaker_conf conf = {
		.asn = member_asn(i),
		.router_id = 0x0a000000u + (i * 7919u) % 251 * 256 + 1,
		.addr = member_addr(i),
		.server = is_v4 ? addr_v4(SERVER_V4) : v6_addr(1),
		.prefix_len = is_v4 ? 16 : 64,
		.mac = mac_of(0x100 + i),
		.is_as4 = !(w->opts.has_old_speakers && i % 4 == 3 && member_asn(i) <= 65535),
		.has_refresh = true,
		.hold_s = 90,
		.window_bytes = w->opts.window_bytes == 0 ? 16384 : w->opts.window_bytes,
		.universe = w->universe,
		.universe_count = w->opts.universe,
		.seed = w->opts.seed + i,
		.record = tap_record,
		.context = &w->tap[i],
	};
	w->tap[i] = (struct world_tap){.world = w, .member = i};
	w->nic[i] = nic_mem_open(w->hub, conf.mac, 1500, 1);
	speaker_init(&w->speaker[i], &conf, w->nic[i]);
}

void world_init(struct world *w, const struct world_opts *opts)
{
	memset(w, 0, sizeof(*w));
	w->opts = *opts;
	w->now = START_US;
	prng_init(&w->prng, opts->seed);
	epoch_thread_begin_alone();
	make_universe(w);
	w->hub = nic_hub_new(opts->members + 1, 4096);
	nic_hub_set_time(w->hub, w->now, LINK_US);
	nic_hub_set_filter(w->hub, keep_frame, w);
	w->server_nic = nic_mem_open(w->hub, mac_of(1), 1500,
				     (uint16_t)(opts->queues == 0 ? opts->workers : opts->queues));
	ASSERT(w->hub != NULL && w->server_nic != NULL);
	make_server(w);
	for (unsigned i = 0; i < opts->members; i++) {
		make_speaker(w, i);
	}
}

void world_fini(struct world *w)
{
	server_free(w->server);
	w->server_nic->ops->close(w->server_nic);
	for (unsigned i = 0; i < w->opts.members; i++) {
		speaker_fini(&w->speaker[i]);
		w->nic[i]->ops->close(w->nic[i]);
	}
	nic_hub_free(w->hub);
	epoch_barrier();
	epoch_thread_end();
}

static bool step_one(struct world *w, unsigned who)
{
	if (who >= w->opts.workers) {
		return speaker_step(&w->speaker[who - w->opts.workers], w->now);
	}
	if (w->is_frozen || (w->opts.may_skip_workers && prng_chance(&w->prng, 1, 6))) {
		return true;
	}
	w->core_due[who] = core_step(server_core(w->server, (core_id_t)who), w->now);
	return w->core_due[who] <= w->now;
}

static usec_t next_due(const struct world *w)
{
	usec_t due = nic_hub_due(w->hub);
	for (unsigned i = 0; i < w->opts.workers; i++) {
		due = min_u64(due, w->core_due[i]);
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		due = min_u64(due, speaker_due(&w->speaker[i]));
	}
	return due;
}

void world_turn(struct world *w, usec_t limit)
{
	unsigned count = w->opts.workers + w->opts.members;
	unsigned order[CORE_COUNT_MAX + WORLD_MEMBERS_MAX];
	bool did = false;
	nic_hub_set_time(w->hub, w->now, LINK_US);
	for (unsigned i = 0; i < count; i++) {
		unsigned j = (unsigned)prng_below(&w->prng, i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < count; i++) {
		did = step_one(w, order[i]) || did;
	}
	usec_t next = w->now + 1 + prng_below(&w->prng, STEP_US);
	if (!did) {
		next = max_u64(next, next_due(w));
	}
	w->now = min_u64(next, max_u64(limit, w->now + 1));
}

void world_run(struct world *w, usec_t us)
{
	usec_t until = w->now + us;
	while (w->now < until) {
		world_turn(w, until);
	}
}

bool world_run_until(struct world *w, bool (*is_done)(const struct world *w), usec_t us)
{
	usec_t until = w->now + us;
	while (!is_done(w)) {
		if (w->now >= until) {
			return false;
		}
		world_turn(w, until);
	}
	return true;
}

bool world_is_up(const struct world *w)
{
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct speaker *s = &w->speaker[i];
		if (s->wants_up && (s->state != SPEAKER_UP || !s->has_eor[0] || !s->has_eor[1])) {
			return false;
		}
	}
	return true;
}

static bool is_empty(const struct world *w)
{
	for (unsigned i = 0; i < w->opts.workers; i++) {
		const struct shard *shard = server_shard(w->server, (core_id_t)i);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st = shard_stats(shard, (enum family)f);
			if (st->entries != 0 || st->paths != 0 || st->tombstones != 0 ||
			    st->retired != 0) {
				return false;
			}
			for (unsigned k = 0; k < WIRE_CLASS_COUNT; k++) {
				struct runlog_stats log;
				runlog_stats(shard_log(shard, (enum family)f, k), &log);
				if (log.begin != log.end) {
					return false;
				}
			}
		}
		const struct core_stats *cs = server_core_stats(w->server, (core_id_t)i);
		if (cs->attrs != 0 || cs->connections != 0) {
			return false;
		}
	}
	return true;
}

void world_expect_empty(struct world *w)
{
	for (unsigned round = 0; round < 700 && !is_empty(w); round++) {
		epoch_barrier();
		world_run(w, 200 * USEC_PER_MSEC);
	}
	for (unsigned i = 0; i < w->opts.workers && !is_empty(w); i++) {
		const struct shard *shard = server_shard(w->server, (core_id_t)i);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st = shard_stats(shard, (enum family)f);
			fprintf(stderr,
				"shard %u family %u: entries %lu paths %lu tombstones %lu "
				"retired %lu; worker: attrs %lu connections %lu\n",
				i, f, st->entries, st->paths, st->tombstones, st->retired,
				server_core_stats(w->server, (core_id_t)i)->attrs,
				server_core_stats(w->server, (core_id_t)i)->connections);
		}
	}
	ASSERT(is_empty(w));
}
