/* Histories: whole servers against the naive oracle, over seeded random events and trouble.
 *
 * DESIGN §7.1: once quiet, what every member holds, decoded from the bytes that it received by a
 * decoder that is not the server's, equals the oracle's view, byte for byte.  §7.2: at no moment
 * does a member receive its own route.  §7.3: everything received is BGP.  §7.4: with all sessions
 * gone nothing is left.  §7.5, §7.6: whatever links and attackers do, what is broken is mended once
 * they stop, and honest sessions do not notice.  Every machine's own check runs after every step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "tests/sim/history.h"

#define EVENTS_MIN  200
#define EVENTS_MORE 50
#define BATCH_MAX   8

static const char *const kind_texts[] = {
	[HISTORY_PLAIN] = "plain",
	[HISTORY_FAULTS] = "faults",
	[HISTORY_PAIR] = "pair",
	[HISTORY_ROGUES] = "rogues",
};

static_assert(ARRAY_COUNT(kind_texts) == HISTORY_KIND_COUNT, "each kind has a text");

const char *history_kind_text(enum history_kind kind)
{
	return kind_texts[kind];
}

static void forget_routes(struct history *h, unsigned member)
{
	graceful_forget(h, member);
}

void history_note_downs(struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		const struct speaker *s = &h->world->speaker[i];
		if (s->downs != h->downs_known[i]) {
			h->totals->lost += s->downs - h->downs_known[i];
			bool is_expected = h->is_liar[i] || h->is_out[i] || h->is_changed[i];
			h->lost += is_expected ? 0 : s->downs - h->downs_known[i];
			h->downs_known[i] = s->downs;
			forget_routes(h, i);
		}
	}
}

/* Of this member's, as its session allows. */
static void random_next_hop(struct history *h, unsigned member, unsigned family,
			    struct naive_attrs *out)
{
	struct prng *p = &h->world->prng;
	bool may_be_6 = h->world->speaker[member].conf.has_next_hop6;
	uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, (uint8_t)member};
	uint8_t v4[4] = {198, 18, 9, (uint8_t)member};
	out->has_next_hop6 = family == 0 && may_be_6 && prng_chance(p, 1, 3);
	bool is_6 = family == 1 || out->has_next_hop6;
	out->has_link_local = h->world->opts.has_long && is_6 && prng_chance(p, 1, 3);
	memcpy(out->next_hop, is_6 ? v6 : v4, is_6 ? 16 : 4);
}

/* Members, and somebody who is none; 2-octet numbers alone fit RFC 1997's form. */
static void random_asks(struct history *h, struct naive_asks *out)
{
	const struct world *w = h->world;
	struct prng *p = &h->world->prng;
	out->count = (uint8_t)(1 + prng_below(p, NAIVE_ASK_MAX));
	for (unsigned i = 0; i < out->count; i++) {
		struct naive_ask *ask = &out->ask[i];
		unsigned member = (unsigned)prng_below(p, w->opts.members + 1);
		ask->what = NAIVE_ASKS[prng_below(p, 3)];
		ask->asn = ask->what == 'X'	       ? 0
			   : member == w->opts.members ? 64998
						       : w->speaker[member].conf.asn;
		ask->form = (uint8_t)prng_below(p, 3);
		ask->form = ask->form == 0 && ask->asn > 65535 ? 2 : ask->form;
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
	/* No neighbour AS on both sides of two servers: MED would make the choice of each depend on
	 * that of the other, and there may be no answer (RFC 3345 has such cases). */
	out->path[0] = 1000 + (uint32_t)prng_below(p, 3) + 100 * world_site_of(h->world, member);
	for (unsigned i = 1; i < out->path_len; i++) {
		out->path[i] = prng_chance(p, 1, 4) ? 400000 + i : 2000 + i;
	}
	if (h->world->opts.has_roles && prng_chance(p, 1, 3)) {
		out->otc = prng_chance(p, 1, 2) ? conf->asn : 64999;
	}
	if (out->has_unknown && conf->is_long && prng_chance(p, 1, 2)) {
		out->padding = prng_chance(p, 1, 2) ? 7000 : 4500;
	}
	random_next_hop(h, member, family, out);
	ASSERT(out->serial < HISTORY_SERIALS);
	if (h->world->opts.asks != NULL && prng_chance(p, 1, 2)) {
		random_asks(h, &out->asks);
		h->asks[out->serial] = out->asks;
		h->totals->asked++;
	}
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

/* The member asks for something else about a route that stays the same to whoever may hear it. */
static void event_ask(struct history *h, unsigned member)
{
	struct prng *p = &h->world->prng;
	struct speaker *s = &h->world->speaker[member];
	unsigned prefix = (unsigned)prng_below(p, h->world->opts.universe);
	unsigned slot = paths_draw_slot(h, member, prefix % 2);
	struct naive_route *r = paths_slot(h, member, prefix, slot);
	struct naive_prefix on_wire = paths_prefix(h, member, prefix, slot);
	struct naive_attrs attrs = r->attrs;
	uint8_t message[16384];
	if (!r->is_set || s->state != SPEAKER_UP || h->is_liar[member] ||
	    h->is_stale[prefix][member]) {
		return;
	}
	attrs.asks.count = 0;
	if (prng_chance(p, 2, 3)) {
		random_asks(h, &attrs.asks);
	}
	/* What is under way was allowed when it was sent. */
	h->asks[attrs.serial].count = 0;
	size_t len = naive_announce(message, &attrs, &on_wire, 1, s->conf.is_as4);
	if (speaker_send(s, message, len)) {
		h->totals->asked_anew++;
		r->attrs = attrs;
		h->is_old[prefix][member] &= (uint8_t) ~(1u << slot);
	}
}

static void event_announce(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	unsigned idx[BATCH_MAX], family;
	unsigned count = pick_prefixes(h, &family, idx);
	struct naive_prefix prefix[BATCH_MAX];
	struct naive_attrs attrs;
	uint8_t message[16384];
	unsigned slot = paths_draw_slot(h, member, family);
	random_attrs(h, member, family, &attrs);
	for (unsigned i = 0; i < count; i++) {
		prefix[i] = paths_prefix(h, member, idx[i], slot);
	}
	size_t len = naive_announce(message, &attrs, prefix, count, s->conf.is_as4);
	if (s->state != SPEAKER_UP || h->is_liar[member] || !speaker_send(s, message, len)) {
		return;
	}
	h->totals->announced += count;
	for (unsigned i = 0; i < count; i++) {
		*paths_slot(h, member, idx[i], slot) =
			(struct naive_route){.is_set = true, .attrs = attrs};
		h->is_stale[idx[i]][member] = false;
		h->is_old[idx[i]][member] &= (uint8_t) ~(1u << slot);
	}
}

void history_announce_again(struct history *h, unsigned member, unsigned prefix)
{
	struct speaker *s = &h->world->speaker[member];
	for (unsigned k = 0; k < PATH_SLOTS; k++) {
		struct naive_route *r = paths_slot(h, member, prefix, k);
		struct naive_attrs attrs = r->attrs;
		struct naive_prefix p = paths_prefix(h, member, prefix, k);
		uint8_t message[16384];
		if (!r->is_set) {
			continue;
		}
		attrs.is_llgr_stale = false;
		size_t len = naive_announce(message, &attrs, &p, 1, s->conf.is_as4);
		if (speaker_send(s, message, len)) {
			r->attrs = attrs;
			h->is_stale[prefix][member] = false;
			h->is_old[prefix][member] &= (uint8_t) ~(1u << k);
		}
	}
}

static void event_withdraw(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	unsigned idx[BATCH_MAX], family;
	unsigned count = pick_prefixes(h, &family, idx);
	struct naive_prefix prefix[BATCH_MAX];
	uint8_t message[4096];
	unsigned slot = paths_draw_slot(h, member, family);
	for (unsigned i = 0; i < count; i++) {
		prefix[i] = paths_prefix(h, member, idx[i], slot);
	}
	size_t len = naive_withdraw(message, prefix, count);
	if (s->state != SPEAKER_UP || !speaker_send(s, message, len)) {
		return;
	}
	h->totals->withdrawn += count;
	for (unsigned i = 0; i < count; i++) {
		paths_slot(h, member, idx[i], slot)->is_set = false;
		h->is_stale[idx[i]][member] = false;
		h->is_old[idx[i]][member] &= (uint8_t) ~(1u << slot);
	}
}

static void event_down(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	if (s->state != SPEAKER_UP) {
		return;
	}
	h->totals->downs++;
	if (graceful_event(h, member)) {
		return;
	}
	s->wants_up = prng_chance(&h->world->prng, 2, 3);
	speaker_end(s, (enum speaker_end)prng_below(&h->world->prng, 3), h->world->now);
	h->downs_known[member] = s->downs;
	forget_routes(h, member);
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

void history_event(struct history *h)
{
	struct world *w = h->world;
	unsigned member = (unsigned)prng_below(&w->prng, w->opts.members);
	uint64_t dice = prng_below(&w->prng, 100);
	h->totals->events++;
	if (!members_event(h, member)) {
		return;
	}
	if (dice < 60) {
		if (w->opts.asks != NULL && prng_chance(&w->prng, 1, 4)) {
			event_ask(h, member);
		}
		event_announce(h, member);
	} else if (dice < 82) {
		event_withdraw(h, member);
	} else if (dice < 88) {
		event_down(h, member);
	} else if (dice < 93) {
		w->speaker[member].wants_up = w->speaker[member].wants_up || member != h->leaver;
	} else if (dice < 96) {
		event_stall(h, member);
	} else if (dice < 98) {
		refresh_ask(h, member);
	} else {
		refresh_request(h, member);
	}
}

void history_end_stalls(struct history *h, bool all)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		if (all || h->world->now >= h->stalled_until[i]) {
			h->world->speaker[i].is_stalled = false;
		}
	}
}

static bool all_down(struct history *h)
{
	struct world *w = h->world;
	for (unsigned i = 0; i < w->opts.members; i++) {
		w->speaker[i].wants_up = false;
		speaker_end(&w->speaker[i], (enum speaker_end)prng_below(&w->prng, 3), w->now);
	}
	for (unsigned i = 0; w->opts.sites > 1 && i < w->opts.sites; i++) {
		struct request r = {.kind = REQUEST_DISABLE, .peer = world_link_of(w, i)};
		server_request(w->site[i].server, &r);
	}
	world_run(w, 15 * USEC_PER_SEC);
	world_expect_empty(w);
	return expect_rules(h);
}

static void record_message(void *context, unsigned member, const uint8_t *message, size_t len,
			   bool is_up)
{
	struct history *h = context;
	h->totals->messages += message != NULL;
	if (h->dump != NULL && !dump_leaves_out(&h->world->speaker[member].conf)) {
		dump_message(h->dump, &h->world->speaker[member].conf, message, len, is_up);
	}
}

static void see_frame(void *context, const struct frame_buf *frame)
{
	const struct history *h = context;
	wire_see(h->wire, frame);
}

/* What a number says about its history: the kind, and everything else. */
static struct world_opts opts_for(struct history *h)
{
	struct prng p;
	unsigned workers = h->seed % 2 == 0 ? 3 : 1;
	prng_init(&p, h->seed ^ 0x5eed);
	static const unsigned members[] = {2, 3, 5, 8, 13, 24, 40, 64};
	static const enum history_kind kinds[] = {
		HISTORY_PLAIN,	HISTORY_PLAIN, HISTORY_PLAIN, HISTORY_FAULTS, HISTORY_FAULTS,
		HISTORY_FAULTS, HISTORY_PAIR,  HISTORY_PAIR,  HISTORY_ROGUES, HISTORY_ROGUES};
	h->kind = kinds[prng_below(&p, ARRAY_COUNT(kinds))];
	struct world_opts o = {
		.seed = h->seed,
		.workers = workers,
		/* Large exchanges are dear; most histories are of small ones. */
		.members = members[prng_below(&p, prng_chance(&p, 1, 4) ? 8 : 5)],
		.queues = 1 + (unsigned)prng_below(&p, workers),
		.universe = 16u << prng_below(&p, 4),
		.sites = 1,
		.has_old_speakers = prng_chance(&p, 1, 2),
		.may_skip_workers = prng_chance(&p, 1, 2),
		.log_bytes_max = prng_chance(&p, 1, 3) ? 3072u << prng_below(&p, 3) : 0,
		.record = record_message,
		.frame = see_frame,
		.context = h,
	};
	/* A member that stalls is then soon behind what its queues hold. */
	o.window_bytes = o.log_bytes_max != 0 ? 2048 : 0;
	o.send_bytes_max = o.log_bytes_max != 0 ? 3072 : 0;
	trouble_prepare(h, &o, &p);
	graceful_prepare(h, &o, &p);
	o.has_enhanced = o.sites == 1 && prng_chance(&p, 2, 3);
	o.has_roles = o.sites == 1 && prng_chance(&p, 1, 2);
	/* A queue that is smaller than a message would hold it for ever. */
	bool is_plain_set = o.sites == 1 && !o.has_roles && o.stale_s == 0 && o.members <= 20;
	o.has_paths = is_plain_set && prng_chance(&p, 2, 3);
	/* Its own dice, so that the other draws are what they were without. */
	static const uint32_t tso_max[] = {65535, 65535, 9000, 3000};
	uint64_t dice = hash_mix(h->seed, 0x750) % (2 * ARRAY_COUNT(tso_max));
	o.tso_max = dice < ARRAY_COUNT(tso_max) ? tso_max[dice] : 0;
	o.pace_us = hash_mix(h->seed, 0x9ace) % 3 == 0 ? 100 * USEC_PER_MSEC : 0;
	o.asks = o.sites == 1 && hash_mix(h->seed, 0xa5c) % 2 == 0 ? h->asks : NULL;
	h->has_rules = o.asks != NULL && hash_mix(h->seed, 0x9011c7) % 2 == 0;
	o.has_long = o.sites == 1 && !o.has_paths && o.log_bytes_max == 0 && prng_chance(&p, 1, 2);
	members_prepare(h, &o);
	return o;
}

static void play_event(struct history *h)
{
	struct world *w = h->world;
	if (h->has_rules && prng_chance(&w->prng, 1, 4)) {
		h->totals->rules_changed += world_change_rules(w);
	}
	history_event(h);
	for (uint64_t n = prng_below(&w->prng, 12); n > 0; n--) {
		world_turn(w, w->now + 20 * USEC_PER_MSEC);
		history_note_downs(h);
	}
	if (w->opts.log_bytes_max != 0 && prng_chance(&w->prng, 1, 6)) {
		/* Time for a full log to lose patience. */
		world_run(w, 400 * USEC_PER_MSEC);
		history_note_downs(h);
	}
}

static void count_paced(struct history *h)
{
	struct world *w = h->world;
	for (unsigned site = 0; site < w->opts.sites; site++) {
		for (unsigned c = 0; c < w->opts.workers; c++) {
			const struct shard *s = server_shard(w->site[site].server, (core_id_t)c);
			for (unsigned f = 0; f < FAMILY_COUNT; f++) {
				h->totals->paced += shard_stats(s, (enum family)f)->paced;
			}
		}
	}
}

static void count_what_came(struct history *h)
{
	struct world *w = h->world;
	for (unsigned i = 0; i < w->opts.members; i++) {
		h->totals->long_messages += w->speaker[i].long_messages;
		h->totals->paths_gone += w->speaker[i].paths_gone;
		h->totals->renewed += w->speaker[i].renewed;
		h->totals->next_hops6 += w->speaker[i].next_hops6;
		struct member_status st;
		if (h->is_out[i]) {
			continue;
		}
		server_member_status(w->site[world_site_of(w, i)].server, world_peer_of(w, i), &st);
		h->totals->evictions += st.evictions;
	}
}

static bool play(struct history *h)
{
	struct world *w = h->world;
	uint64_t events = EVENTS_MIN + prng_below(&w->prng, EVENTS_MORE);
	for (uint64_t i = 0; i < events; i++) {
		play_event(h);
		if (!trouble_turn(h)) {
			return false;
		}
		graceful_turn(h, false);
		refresh_turn(h);
		history_end_stalls(h, false);
	}
	trouble_end(h);
	for (unsigned i = 0; i < w->opts.members; i++) {
		w->speaker[i].wants_up = !h->is_out[i] && (w->speaker[i].wants_up || i % 2 == 0);
	}
	if (!members_end(h) || !expect_settled(h)) {
		return false;
	}
	expect_dump(h);
	h->dump = NULL; /* What comes now is the end. */
	count_what_came(h);
	count_paced(h);
	return all_down(h);
}

static void history_init(struct history *h)
{
	struct world_opts opts = opts_for(h);
	h->wire = wire_new();
	h->route = calloc(opts.universe, sizeof(*h->route));
	h->is_stale = calloc(opts.universe, sizeof(*h->is_stale));
	h->is_old = calloc(opts.universe, sizeof(*h->is_old));
	h->more = calloc(opts.universe, sizeof(*h->more));
	world_init(h->world, &opts);
	for (unsigned i = 0; i < opts.members; i++) {
		const struct speaker_conf *c = &h->world->speaker[i].conf;
		h->who[i] =
			(struct naive_speaker){.router_id = c->router_id, .family = c->addr.family};
		memcpy(h->who[i].addr, c->addr.bytes, 16);
		refresh_forget(h, i);
	}
	for (unsigned i = 0; i < opts.sites; i++) {
		struct mac mac = world_server_mac(i);
		if (i == 0 || !opts.has_faulty_site) { /* Behind its link it is not itself. */
			wire_trust(h->wire, &mac);
		}
	}
	graceful_begin(h);
	trouble_begin(h);
}

bool history_run(uint64_t seed, struct world *world, struct dump *dump, struct totals *totals)
{
	struct history *h = calloc(1, sizeof(*h));
	h->world = world;
	h->seed = seed;
	h->dump = dump;
	h->totals = totals;
	if (dump != NULL) {
		dump_begin(dump, (uint32_t)totals->histories);
	}
	history_init(h);
	bool is_ok = play(h);
	totals->histories++;
	totals->kind[h->kind]++;
	totals->segments += wire_checked(h->wire);
	trouble_fini(h);
	world_fini(h->world);
	wire_free(h->wire);
	free(h->route);
	free(h->is_stale);
	free(h->is_old);
	free(h->more);
	free(h);
	return is_ok;
}
