/* Histories: the whole server against the naive oracle, over seeded random events.
 *
 * DESIGN §7.1: once quiet, what every member holds, decoded from the bytes that it received by a
 * decoder that is not the server's, equals the oracle's view, byte for byte.  §7.2: at no moment
 * does a member receive its own route.  §7.3: everything received is BGP.  §7.4: with all sessions
 * gone nothing is left.  With --dump DIR all received messages go to an MRT file and the expected
 * tables to a text file, so that a third party's decoder (bgpdump) can repeat the comparison.
 *
 * A failing seed is printed and repeats exactly: history --seed S --count 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "tests/sim/dump.h"
#include "tests/support/world.h"

#define EVENTS_MIN 200
#define BATCH_MAX  8

struct totals {
	uint64_t histories, events, announced, withdrawn, downs, refreshes, stalls, compared,
		messages, evictions;
};

struct history {
	struct world *world;
	struct naive_route route[UNIVERSE_MAX][WORLD_MEMBERS_MAX];
	struct naive_speaker who[WORLD_MEMBERS_MAX];
	unsigned downs_known[WORLD_MEMBERS_MAX];
	uint32_t serial;
	usec_t stalled_until[WORLD_MEMBERS_MAX];
	struct dump *dump;
	uint64_t seed;
	struct totals *totals;
};

static void forget_routes(struct history *h, unsigned member)
{
	for (unsigned i = 0; i < h->world->opts.universe; i++) {
		h->route[i][member].is_set = false;
	}
}

/* Sessions that ended by themselves took their routes with them. */
static void note_downs(struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		if (h->world->speaker[i].downs != h->downs_known[i]) {
			h->downs_known[i] = h->world->speaker[i].downs;
			forget_routes(h, i);
		}
	}
}

static void random_attrs(struct history *h, unsigned member, unsigned family,
			 struct naive_attrs *out)
{
	struct prng *p = &h->world->prng;
	const struct speaker_conf *conf = &h->world->speaker[member].conf;
	*out = (struct naive_attrs){.origin = (uint8_t)prng_below(p, 3),
				    .path_len = (uint8_t)(1 + prng_below(p, 3)),
				    .announcer = conf->asn & 0xffff,
				    .serial = ++h->serial,
				    .has_med = prng_chance(p, 1, 2),
				    .has_unknown = prng_chance(p, 1, 6)};
	out->med = out->has_med ? (uint32_t)prng_below(p, 3) : 0;
	out->path[0] = 1000 + (uint32_t)prng_below(p, 3);
	for (unsigned i = 1; i < out->path_len; i++) {
		out->path[i] = prng_chance(p, 1, 4) ? 400000 + i : 2000 + i;
	}
	uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, (uint8_t)member};
	uint8_t v4[4] = {198, 18, 9, (uint8_t)member};
	memcpy(out->next_hop, family == 0 ? v4 : v6, family == 0 ? 4 : 16);
}

/* A few distinct prefixes of one family. */
static unsigned pick_prefixes(struct history *h, unsigned *family, unsigned *out)
{
	struct prng *p = &h->world->prng;
	unsigned per_family = h->world->opts.universe / 2;
	unsigned count = 1 + (unsigned)prng_below(p, BATCH_MAX);
	unsigned first = (unsigned)prng_below(p, per_family);
	*family = (unsigned)prng_below(p, 2);
	count = count < per_family ? count : per_family;
	for (unsigned i = 0; i < count; i++) {
		out[i] = (first + i) % per_family * 2 + *family;
	}
	return count;
}

static void event_announce(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	unsigned idx[BATCH_MAX], family;
	unsigned count = pick_prefixes(h, &family, idx);
	struct naive_prefix prefix[BATCH_MAX];
	struct naive_attrs attrs;
	uint8_t message[4096];
	random_attrs(h, member, family, &attrs);
	for (unsigned i = 0; i < count; i++) {
		prefix[i] = h->world->universe[idx[i]];
	}
	size_t len = naive_announce(message, &attrs, prefix, count, s->conf.is_as4);
	if (s->state != SPEAKER_UP || !speaker_send(s, message, len)) {
		return;
	}
	h->totals->announced += count;
	for (unsigned i = 0; i < count; i++) {
		h->route[idx[i]][member] = (struct naive_route){.is_set = true, .attrs = attrs};
	}
}

static void event_withdraw(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	unsigned idx[BATCH_MAX], family;
	unsigned count = pick_prefixes(h, &family, idx);
	struct naive_prefix prefix[BATCH_MAX];
	uint8_t message[4096];
	for (unsigned i = 0; i < count; i++) {
		prefix[i] = h->world->universe[idx[i]];
	}
	size_t len = naive_withdraw(message, prefix, count);
	if (s->state != SPEAKER_UP || !speaker_send(s, message, len)) {
		return;
	}
	h->totals->withdrawn += count;
	for (unsigned i = 0; i < count; i++) {
		h->route[idx[i]][member].is_set = false;
	}
}

static void event_down(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	if (s->state != SPEAKER_UP) {
		return;
	}
	h->totals->downs++;
	s->wants_up = prng_chance(&h->world->prng, 2, 3);
	speaker_end(s, (enum speaker_end)prng_below(&h->world->prng, 3), h->world->now);
}

static void event_stall(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	s->is_stalled = true;
	h->totals->stalls++;
	/* With small logs some stalls are long enough for the log to run into its bound. */
	bool is_small = h->world->opts.log_bytes_max != 0;
	bool is_long = prng_chance(&h->world->prng, 1, is_small ? 2 : 10);
	uint64_t factor = !is_long ? 1 : is_small ? 1500 : 150;
	usec_t until = h->world->now + prng_below(&h->world->prng, 20 * USEC_PER_MSEC) * factor;
	h->stalled_until[member] = max_u64(h->stalled_until[member], until);
}

static void one_event(struct history *h)
{
	struct world *w = h->world;
	unsigned member = (unsigned)prng_below(&w->prng, w->opts.members);
	uint64_t dice = prng_below(&w->prng, 100);
	h->totals->events++;
	if (dice < 60) {
		event_announce(h, member);
	} else if (dice < 82) {
		event_withdraw(h, member);
	} else if (dice < 88) {
		event_down(h, member);
	} else if (dice < 93) {
		w->speaker[member].wants_up = true;
	} else if (dice < 96) {
		event_stall(h, member);
	} else {
		uint8_t message[64];
		size_t len = naive_refresh(message, (unsigned)prng_below(&w->prng, 2));
		h->totals->refreshes += w->speaker[member].state == SPEAKER_UP &&
					speaker_send(&w->speaker[member], message, len);
	}
}

static void end_stalls(struct history *h, bool all)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		if (all || h->world->now >= h->stalled_until[i]) {
			h->world->speaker[i].is_stalled = false;
		}
	}
}

/* Whether what `member` holds for prefix `i` is what the oracle says; prints why not. */
static bool is_right(struct history *h, unsigned member, unsigned i, bool verbose)
{
	const struct speaker *s = &h->world->speaker[member];
	const struct held_route *held = &s->held[i];
	int best = naive_view(h->route[i], h->who, h->world->opts.members, (int)member);
	if (s->state != SPEAKER_UP) {
		return !s->wants_up;
	}
	uint8_t expected[NAIVE_ATTRS_MAX];
	size_t len = 0, nh = h->world->universe[i].family == 0 ? 4 : 16;
	if (best >= 0) {
		len = naive_expected(expected, &h->route[i][best].attrs, s->conf.is_as4);
	}
	bool is_same =
		held->is_held == (best >= 0) &&
		(best < 0 || (held->attrs_len == len && held->next_hop_len == nh &&
			      memcmp(held->attrs, expected, len) == 0 &&
			      memcmp(held->next_hop, h->route[i][best].attrs.next_hop, nh) == 0));
	if (!is_same && verbose) {
		fprintf(stderr, "seed %lu: member %u prefix %u: holds %s, expected from %d\n",
			h->seed, member, i, held->is_held ? "another route" : "nothing", best);
	}
	return is_same;
}

static unsigned wrong_count(struct history *h, bool verbose)
{
	unsigned wrong = 0;
	for (unsigned m = 0; m < h->world->opts.members; m++) {
		for (unsigned i = 0; i < h->world->opts.universe; i++) {
			wrong += !is_right(h, m, i, verbose && wrong < 10);
		}
	}
	return wrong;
}

static bool check_speakers(struct history *h)
{
	bool is_ok = true;
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		const struct speaker *s = &h->world->speaker[i];
		if (s->own_seen != 0 || s->is_broken) {
			fprintf(stderr, "seed %lu: member %u: %u own routes received, broken %d\n",
				h->seed, i, s->own_seen, s->is_broken);
			is_ok = false;
		}
	}
	for (unsigned i = 0; i < h->world->opts.workers; i++) {
		core_check(server_core(h->world->server, (core_id_t)i));
	}
	return is_ok;
}

static void dump_expected(struct history *h)
{
	for (unsigned m = 0; h->dump != NULL && m < h->world->opts.members; m++) {
		for (unsigned i = 0; i < h->world->opts.universe; i++) {
			int best = naive_view(h->route[i], h->who, h->world->opts.members, (int)m);
			if (best >= 0 && h->world->speaker[m].state == SPEAKER_UP) {
				dump_expect(h->dump, &h->world->speaker[m].conf,
					    &h->world->universe[i], &h->route[i][best].attrs);
			}
		}
	}
}

/* Let everything settle: all stalls over, time passes until every table is right (the hold time at
 * most: a lost RST leaves the server with a dead session until then), and then some more, in which
 * nothing may change for the worse. */
static bool settle(struct history *h)
{
	end_stalls(h, true);
	for (unsigned i = 0; i < 400; i++) {
		world_run(h->world, 300 * USEC_PER_MSEC);
		note_downs(h);
		if (world_is_up(h->world) && wrong_count(h, false) == 0) {
			break;
		}
	}
	world_run(h->world, 3 * USEC_PER_SEC);
	note_downs(h);
	h->totals->compared += h->world->opts.members * h->world->opts.universe;
	bool is_up = world_is_up(h->world);
	for (unsigned i = 0; !is_up && i < h->world->opts.members; i++) {
		const struct speaker *s = &h->world->speaker[i];
		struct member_status st;
		server_member_status(h->world->server, (peer_id_t)i, &st);
		if (s->wants_up && (s->state != SPEAKER_UP || !s->has_eor[0] || !s->has_eor[1])) {
			fprintf(stderr, "seed %lu: member %u is not up: state %d eor %d %d: %s\n",
				h->seed, i, s->state, s->has_eor[0], s->has_eor[1], st.last_error);
		}
	}
	return is_up && wrong_count(h, true) == 0 && check_speakers(h);
}

static bool all_down(struct history *h)
{
	struct world *w = h->world;
	for (unsigned i = 0; i < w->opts.members; i++) {
		w->speaker[i].wants_up = false;
		speaker_end(&w->speaker[i], (enum speaker_end)prng_below(&w->prng, 3), w->now);
	}
	world_run(w, 15 * USEC_PER_SEC);
	world_expect_empty(w);
	return check_speakers(h);
}

static void record_message(void *context, unsigned member, const uint8_t *message, size_t len,
			   bool is_up)
{
	struct history *h = context;
	h->totals->messages += message != NULL;
	if (h->dump != NULL) {
		dump_message(h->dump, &h->world->speaker[member].conf, message, len, is_up);
	}
}

static struct world_opts opts_for(struct history *h, unsigned workers)
{
	struct prng p;
	prng_init(&p, h->seed ^ 0x5eed);
	static const unsigned members[] = {2, 3, 5, 8, 13, 24, 40, 64};
	struct world_opts o = {
		.seed = h->seed,
		.workers = workers,
		/* Large exchanges are dear; most histories are of small ones. */
		.members = members[prng_below(&p, prng_chance(&p, 1, 4) ? 8 : 5)],
		.queues = 1 + (unsigned)prng_below(&p, workers),
		.universe = 16u << prng_below(&p, 4),
		.has_old_speakers = prng_chance(&p, 1, 2),
		.may_skip_workers = prng_chance(&p, 1, 2),
		.loss_per_mille = prng_chance(&p, 1, 4) ? 10 : 0,
		.log_bytes_max = prng_chance(&p, 1, 3) ? 3072u << prng_below(&p, 3) : 0,
		.record = record_message,
		.context = h,
	};
	/* A member that stalls is then soon behind what its queues hold. */
	o.window_bytes = o.log_bytes_max != 0 ? 2048 : 0;
	o.send_bytes_max = o.log_bytes_max != 0 ? 3072 : 0;
	return o;
}

static bool play(struct history *h, unsigned events)
{
	struct world *w = h->world;
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct speaker_conf *c = &w->speaker[i].conf;
		h->who[i] =
			(struct naive_speaker){.router_id = c->router_id, .family = c->addr.family};
		memcpy(h->who[i].addr, c->addr.bytes, 16);
	}
	for (unsigned i = 0; i < events; i++) {
		one_event(h);
		for (uint64_t n = prng_below(&w->prng, 12); n > 0; n--) {
			world_turn(w, w->now + 20 * USEC_PER_MSEC);
			note_downs(h);
		}
		if (w->opts.log_bytes_max != 0 && prng_chance(&w->prng, 1, 6)) {
			/* Time for a full log to lose patience. */
			world_run(w, 400 * USEC_PER_MSEC);
			note_downs(h);
		}
		end_stalls(h, false);
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		w->speaker[i].wants_up = w->speaker[i].wants_up || i % 2 == 0;
	}
	if (!settle(h)) {
		return false;
	}
	dump_expected(h);
	h->dump = NULL; /* What comes now is the end. */
	for (unsigned i = 0; i < w->opts.members; i++) {
		struct member_status st;
		server_member_status(w->server, (peer_id_t)i, &st);
		h->totals->evictions += st.evictions;
	}
	return all_down(h);
}

static bool run_history(uint64_t seed, unsigned workers, struct dump *dump, struct totals *totals)
{
	struct history *h = calloc(1, sizeof(*h));
	h->world = malloc(sizeof(*h->world));
	h->seed = seed;
	h->dump = dump;
	h->totals = totals;
	struct world_opts opts = opts_for(h, workers);
	if (dump != NULL) {
		dump_begin(dump, (uint32_t)totals->histories);
	}
	world_init(h->world, &opts);
	bool is_ok = play(h, EVENTS_MIN + (unsigned)prng_below(&h->world->prng, 50));
	world_fini(h->world);
	totals->histories++;
	free(h->world);
	free(h);
	return is_ok;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, count = 10;
	const char *dump_dir = NULL;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0) {
			seed = strtoull(argv[i + 1], NULL, 0);
		} else if (strcmp(argv[i], "--count") == 0) {
			count = strtoull(argv[i + 1], NULL, 0);
		} else if (strcmp(argv[i], "--dump") == 0) {
			dump_dir = argv[i + 1];
		} else {
			fprintf(stderr, "usage: history [--seed S] [--count N] [--dump DIR]\n");
			return 64;
		}
	}
	struct dump *dump = dump_dir != NULL ? dump_open(dump_dir) : NULL;
	struct totals t = {0};
	unsigned failed = 0;
	printf("history: seeds %lu..%lu, 1 and 3 shards alternately\n", seed, seed + count - 1);
	fflush(stdout);
	for (uint64_t i = 0; i < count && failed < 5; i++) {
		if (!run_history(seed + i, (seed + i) % 2 == 0 ? 3 : 1, dump, &t)) {
			fprintf(stderr, "history: FAILED with seed %lu\n", seed + i);
			failed++;
		}
	}
	dump_close(dump);
	printf("history: %lu histories, %lu events, %lu prefixes announced, %lu withdrawn, %lu "
	       "sessions ended, %lu refreshes, %lu stalls, %lu evictions, %lu messages decoded, "
	       "%lu routes compared, %u failed\n",
	       t.histories, t.events, t.announced, t.withdrawn, t.downs, t.refreshes, t.stalls,
	       t.evictions, t.messages, t.compared, failed);
	return failed == 0 && t.compared > 0 ? 0 : 1;
}
