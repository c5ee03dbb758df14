/* Threads: the whole server on three real threads against the naive oracle.
 *
 * tests/sim/history has the many histories; here the same kind of history runs in real time, so
 * that ThreadSanitizer sees every access that two threads make and the workers are out of step in
 * ways that no simulation thinks of.  Events come as fast as they are taken; then everything
 * settles, what each member holds must equal the oracle's view, and with all members gone nothing
 * may be left.  Nothing depends on how fast the machine is but how much happens.
 *
 * The schedule is the machine's, so a seed repeats the events and not the run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "tests/threads/exchange.h"

#define EVENTS_US   (3 * USEC_PER_SEC)
#define SETTLE_US   (60 * USEC_PER_SEC) /* Seldom more than one second of it is used. */
#define EVENTS_MAX  40000
#define BATCH_MAX   16
#define WATCH_TURNS 64

struct history {
	struct exchange *x;
	struct naive_route route[UNIVERSE_MAX][MEMBERS_MAX];
	unsigned downs_known[MEMBERS_MAX];
	usec_t stalled_until[MEMBERS_MAX];
	uint32_t serial;
	uint64_t turns, events, updates, downs, stalls, evictions, rules_changed, gone, came;
};

/* Sessions that ended took their routes with them. */
static void note_downs(struct history *h)
{
	for (unsigned m = 0; m < h->x->opts.members; m++) {
		if (h->x->speaker[m].downs == h->downs_known[m]) {
			continue;
		}
		h->downs_known[m] = h->x->speaker[m].downs;
		for (unsigned i = 0; i < h->x->opts.universe; i++) {
			h->route[i][m].is_set = false;
		}
	}
}

static void turn(struct history *h)
{
	exchange_turn(h->x);
	note_downs(h);
	h->came += h->x->out >= 0 && exchange_add(h->x);
	if (++h->turns % WATCH_TURNS == 0) {
		exchange_watch(h->x);
	}
}

/* What is asked about half of the routes: who is meant may be the announcer or nobody, too. */
static void random_asks(struct history *h, struct naive_asks *out)
{
	struct prng *p = &h->x->prng;
	out->count = (uint8_t)(prng_chance(p, 1, 2) ? 1 + prng_below(p, NAIVE_ASK_MAX) : 0);
	for (unsigned i = 0; i < out->count; i++) {
		char what = NAIVE_ASKS[prng_below(p, 3)];
		out->ask[i] = (struct naive_ask){.what = what, .form = (uint8_t)prng_below(p, 3)};
		if (what != 'X') {
			out->ask[i].asn = 100 + (uint32_t)prng_below(p, h->x->opts.members + 1);
		}
	}
}

static void random_attrs(struct history *h, unsigned member, unsigned family,
			 struct naive_attrs *out)
{
	struct prng *p = &h->x->prng;
	*out = (struct naive_attrs){.origin = (uint8_t)prng_below(p, 3),
				    .path_len = (uint8_t)(1 + prng_below(p, 3)),
				    .path = {1000 + (uint32_t)prng_below(p, 3), 2001, 400002},
				    .announcer = h->x->speaker[member].conf.asn,
				    .serial = ++h->serial,
				    .has_med = prng_chance(p, 1, 2),
				    .has_unknown = prng_chance(p, 1, 6)};
	out->med = out->has_med ? (uint32_t)prng_below(p, 3) : 0;
	uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, (uint8_t)member};
	uint8_t v4[4] = {198, 18, 9, (uint8_t)member};
	memcpy(out->next_hop, family == 0 ? v4 : v6, family == 0 ? 4 : 16);
	random_asks(h, &out->asks);
}

/* Announce or withdraw a few neighbouring prefixes of one family. */
static void event_routes(struct history *h, unsigned member, bool is_announce)
{
	struct exchange *x = h->x;
	struct speaker *s = &x->speaker[member];
	unsigned per_family = x->opts.universe / 2, index[BATCH_MAX];
	unsigned count = 1 + (unsigned)prng_below(&x->prng, BATCH_MAX);
	unsigned family = (unsigned)prng_below(&x->prng, 2);
	unsigned first = (unsigned)prng_below(&x->prng, per_family);
	struct naive_prefix prefix[BATCH_MAX];
	struct naive_attrs attrs;
	uint8_t message[4096];
	count = count < per_family ? count : per_family;
	for (unsigned i = 0; i < count; i++) {
		index[i] = (first + i) % per_family * 2 + family;
		prefix[i] = x->universe[index[i]];
	}
	random_attrs(h, member, family, &attrs);
	size_t len = is_announce ? naive_announce(message, &attrs, prefix, count, s->conf.is_as4)
				 : naive_withdraw(message, prefix, count);
	if (s->state != SPEAKER_UP || !speaker_send(s, message, len)) {
		return;
	}
	h->updates++;
	for (unsigned i = 0; i < count; i++) {
		h->route[index[i]][member] =
			(struct naive_route){.is_set = is_announce, .attrs = attrs};
	}
}

static void event_down(struct history *h, unsigned member)
{
	struct speaker *s = &h->x->speaker[member];
	bool is_laggard = h->stalled_until[member] > h->x->now + 100 * USEC_PER_MSEC;
	if (s->state != SPEAKER_UP || (is_laggard && !prng_chance(&h->x->prng, 1, 50))) {
		return; /* Few laggards would live long enough to be asked to leave. */
	}
	h->downs++;
	s->wants_up = (int)member != h->x->out && prng_chance(&h->x->prng, 2, 3);
	if (prng_chance(&h->x->prng, 1, 4)) {
		struct request r = {.kind = REQUEST_RESET, .peer = (peer_id_t)member};
		server_request(h->x->server, &r);
	} else {
		speaker_end(s, (enum speaker_end)prng_below(&h->x->prng, 3), h->x->now);
	}
	note_downs(h);
}

static void event_stall(struct history *h, unsigned member)
{
	/* Where logs are small, long enough for a full one to ask the member to leave. */
	bool is_long = h->x->opts.log_bytes_max != 0 && prng_chance(&h->x->prng, 1, 8);
	usec_t longest = is_long ? 6000 : 20;
	h->stalls++;
	h->x->speaker[member].is_stalled = true;
	h->stalled_until[member] =
		max_u64(h->stalled_until[member],
			h->x->now + prng_below(&h->x->prng, longest) * USEC_PER_MSEC);
}

/* Members come, go and change; and so do routes of our own. */
static void event_member(struct history *h, unsigned member)
{
	struct exchange *x = h->x;
	uint64_t dice = prng_below(&x->prng, 4);
	if (dice == 0) {
		exchange_change_member(x, member);
	} else if (dice == 1) {
		exchange_originate(x, (unsigned)prng_below(&x->prng, 4));
	} else {
		h->gone += exchange_remove(x, member);
	}
}

static void one_event(struct history *h)
{
	struct exchange *x = h->x;
	unsigned member = (unsigned)prng_below(&x->prng, x->opts.members);
	uint64_t dice = prng_below(&x->prng, 1000);
	h->events++;
	if (prng_chance(&x->prng, 1, 100)) {
		h->rules_changed += exchange_change_rules(x);
	}
	if (prng_chance(&x->prng, 1, 100)) {
		event_member(h, member);
	}
	if (dice < 650) {
		event_routes(h, member, true);
	} else if (dice < 950) {
		event_routes(h, member, false);
	} else if (dice < 965) {
		event_down(h, member);
	} else if (dice < 985) {
		x->speaker[member].wants_up = (int)member != x->out;
	} else if (dice < 990) {
		event_stall(h, member);
	} else if (x->speaker[member].state == SPEAKER_UP) {
		uint8_t message[64];
		speaker_send(&x->speaker[member], message,
			     naive_refresh(message, (unsigned)prng_below(&x->prng, 2)));
	}
}

static void end_stalls(struct history *h, bool all)
{
	for (unsigned i = 0; i < h->x->opts.members; i++) {
		if (all || h->x->now >= h->stalled_until[i]) {
			h->x->speaker[i].is_stalled = false;
		}
	}
}

static bool is_right(const struct history *h, unsigned member, unsigned i)
{
	const struct speaker *s = &h->x->speaker[member];
	const struct held_route *held = &s->held[i];
	if (s->state != SPEAKER_UP) {
		return !s->wants_up;
	}
	const struct rules *rules = &h->x->rules;
	struct naive_route route[MEMBERS_MAX];
	bool may_have[MEMBERS_MAX];
	for (unsigned k = 0; k < h->x->opts.members; k++) {
		route[k] = h->route[i][k];
		route[k].is_set =
			route[k].is_set && !rules_refuse(rules, &h->x->scene, i, &route[k].attrs);
		may_have[k] = k != member && !rules_deafen(rules, member, k) &&
			      naive_may_hear(&route[k].attrs.asks, s->conf.asn);
	}
	int best = naive_first(route, h->x->who, h->x->opts.members, may_have);
	if (best < 0 || !held->is_held) {
		return held->is_held == (best >= 0);
	}
	const struct naive_attrs *attrs = &h->route[i][best].attrs;
	uint8_t expected[NAIVE_ATTRS_MAX];
	size_t len = naive_expected(expected, attrs, s->conf.is_as4);
	return held->attrs_len == len && held->next_hop_len == (i % 2 == 0 ? 4 : 16) &&
	       memcmp(held->attrs, expected, len) == 0 &&
	       memcmp(held->next_hop, attrs->next_hop, held->next_hop_len) == 0;
}

static unsigned wrong_count(const struct history *h)
{
	unsigned wrong = 0;
	for (unsigned m = 0; m < h->x->opts.members; m++) {
		for (unsigned i = 0; i < h->x->opts.universe; i++) {
			wrong += !is_right(h, m, i);
		}
	}
	return wrong;
}

/* Time passes until everything is right, and then some more, in which it must stay so. */
static bool settle(struct history *h)
{
	usec_t until = h->x->now + SETTLE_US;
	end_stalls(h, true);
	while (h->x->now < until &&
	       (h->x->out >= 0 || !exchange_is_up(h->x) || wrong_count(h) > 0)) {
		turn(h);
	}
	until = h->x->now + 300 * USEC_PER_MSEC;
	while (h->x->now < until) {
		turn(h);
	}
	bool is_up = exchange_is_up(h->x) && h->x->out < 0;
	unsigned wrong = wrong_count(h), own = 0, broken = 0;
	for (unsigned m = 0; m < h->x->opts.members; m++) {
		struct member_status st;
		server_member_status(h->x->server, (peer_id_t)m, &st);
		h->evictions += st.evictions;
		own += h->x->speaker[m].own_seen;
		broken += h->x->speaker[m].is_broken;
	}
	if (!is_up || wrong > 0 || own > 0 || broken > 0) {
		fprintf(stderr, "threads: up %d, %u routes wrong, %u own seen, %u broken\n", is_up,
			wrong, own, broken);
		return false;
	}
	return true;
}

static bool all_down(struct history *h)
{
	for (unsigned i = 0; i < h->x->opts.members; i++) {
		h->x->speaker[i].wants_up = false;
		speaker_end(&h->x->speaker[i], (enum speaker_end)prng_below(&h->x->prng, 3),
			    h->x->now);
	}
	usec_t until = h->x->now + SETTLE_US;
	exchange_originate(h->x, 0);
	while (h->x->now < until && !exchange_is_empty(h->x)) {
		turn(h);
	}
	struct request r = {.kind = REQUEST_SHUTDOWN};
	bool is_sent = server_request(h->x->server, &r);
	while (h->x->now < until && !server_is_quiet(h->x->server)) {
		turn(h);
	}
	bool is_empty = exchange_is_empty(h->x), is_quiet = server_is_quiet(h->x->server);
	if (!is_empty || !is_quiet || !is_sent) {
		fprintf(stderr, "threads: after all: empty %d, quiet %d\n", is_empty, is_quiet);
	}
	return is_empty && is_quiet && is_sent;
}

static bool play(struct history *h)
{
	struct exchange *x = h->x;
	/* A full log takes its time before it asks anybody to leave. */
	usec_t until = x->now + (x->opts.log_bytes_max != 0 ? 2 : 1) * EVENTS_US;
	while (x->now < until && h->events < EVENTS_MAX) {
		for (uint64_t n = prng_below(&x->prng, 4); n > 0; n--) {
			one_event(h);
		}
		turn(h);
		end_stalls(h, false);
	}
	for (unsigned i = 0; i < x->opts.members; i++) {
		x->speaker[i].wants_up = x->speaker[i].wants_up || (i % 2 == 0 && (int)i != x->out);
	}
	return settle(h) && all_down(h);
}

static bool run(uint64_t seed)
{
	struct history *h = calloc(1, sizeof(*h));
	h->x = malloc(sizeof(*h->x));
	bool is_small = seed % 2 == 0;
	struct exchange_opts opts = {
		.seed = seed,
		.members = 6 + (unsigned)(seed % 5),
		.universe = is_small ? 128 : UNIVERSE_MAX,
		.queues = 1 + (unsigned)(seed % WORKERS),
		.log_bytes_max = is_small ? 12288 : 0,
		.send_bytes_max = is_small ? 1536 : 0,
		.window_bytes = is_small ? 1024 : 0,
	};
	exchange_init(h->x, &opts);
	bool is_ok = play(h);
	printf("threads: seed %lu: %u members, %lu events, %lu updates, %lu sessions ended, %lu "
	       "changes of rules, %lu members gone and %lu come, %lu stalls, "
	       "%lu evictions, "
	       "%lu paths watched, turns %lu %lu %lu, %lu frames lost: %s\n",
	       seed, opts.members, h->events, h->updates, h->downs, h->rules_changed, h->gone,
	       h->came, h->stalls, h->evictions, h->x->watched,
	       metric_get(&server_core_stats(h->x->server, 0)->turns),
	       metric_get(&server_core_stats(h->x->server, 1)->turns),
	       metric_get(&server_core_stats(h->x->server, 2)->turns), nic_pipe_lost(h->x->hub),
	       is_ok ? "ok" : "FAILED");
	fflush(stdout);
	if (!is_ok) {
		exit(1); /* Nothing to take apart: it holds what it should not. */
	}
	exchange_fini(h->x);
	free(h->x);
	free(h);
	return is_ok;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 2;
	for (uint64_t i = 0; i < count; i++) {
		if (!run(seed + i)) {
			return 1;
		}
	}
	return 0;
}
