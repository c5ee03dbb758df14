/* Trouble for a history: links that fail, servers that restart, attackers.
 *
 * Everything is drawn from the history's own generator.  Trouble ends before the history does; then
 * all must converge.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"
#include "tests/sim/history.h"

#define STALL_ROUND_US (1 * USEC_PER_SEC)
#define GUEST_ROGUE    0
#define GUEST_BEARER   1
/* Under attack: what is announced arrives within this. */
#define DELAY_MAX_US (5 * USEC_PER_SEC)
/* Unread and unacknowledged bytes of one connection (128 and 256 KiB), and what goes with it. */
#define MEMORY_OF_MEMBER (512u * 1024)
#define MEMORY_SLACK	 (16u * 1024 * 1024)

static uint64_t draw(struct history *h, uint64_t bound)
{
	return prng_below(&h->world->prng, bound);
}

static bool one_in(struct history *h, uint64_t of)
{
	return draw(h, of) == 0;
}

/* Time passes; stalls end when they should. */
static void pass(struct history *h, usec_t us)
{
	usec_t until = h->world->now + us;

	while (h->world->now < until) {
		world_run(h->world, min_u64(until - h->world->now, STALL_ROUND_US));
		history_note_downs(h);
		history_end_stalls(h, false);
	}
}

void trouble_prepare(struct history *h, struct world_opts *opts, struct prng *p)
{
	switch (h->kind) {
	case HISTORY_PLAIN:
		opts->loss_per_mille = prng_chance(p, 1, 4) ? 10 : 0;
		h->is_strict = true;
		break;
	case HISTORY_FAULTS:
		opts->has_faulty_links = true;
		h->is_hard = prng_chance(p, 1, 2);
		h->is_strict = !h->is_hard;
		break;
	case HISTORY_PAIR:
		opts->sites = 2;
		opts->caller = (unsigned)prng_below(p, 2);
		opts->has_faulty_site = prng_chance(p, 1, 2);
		opts->has_faulty_links = prng_chance(p, 1, 3);
		h->is_hard = prng_chance(p, 1, 2);
		break;
	default:
		h->is_strict = true;
		break;
	}
	opts->guests = 2;
	if (h->kind != HISTORY_PLAIN && opts->members > 13) {
		opts->members = 13;
	}
}

static void tell_too_big(void *context, enum nic_fault_way way, const struct frame_buf *lost)
{
	struct history *h = context;
	struct frame_buf f;

	(void)way;
	if (!h->tells_too_big || nic_alloc(h->bearer, 0, &f, 1) != 1) {
		return;
	}
	f.len = (uint16_t)wire_too_big(lost->data, &h->bearer->mac, f.data);
	if (f.len > 0 && nic_tx(h->bearer, 0, &f, 1) == 1) {
		h->totals->too_big_told++;
		return;
	}
	nic_release(h->bearer, 0, &f, 1);
}

void trouble_begin(struct history *h)
{
	struct world *w = h->world;

	h->bearer = nic_mem_open(w->hub, world_guest_mac(GUEST_BEARER), 1500, 1);
	ASSERT(h->bearer != NULL);
	for (unsigned i = 0; w->opts.has_faulty_links && i < w->opts.members; i++) {
		nic_fault_set_too_big(w->nic[i], tell_too_big, h);
	}
	if (h->kind != HISTORY_ROGUES) {
		return;
	}
	struct mac mac = world_guest_mac(GUEST_ROGUE);
	wire_ignore(h->wire, &mac);
	rogue_init(&h->rogue, nic_mem_open(w->hub, mac, 1500, 1), h->wire, h->seed);
	for (unsigned i = 0; i < w->opts.members; i++) {
		h->is_liar[i] = i > 0 && one_in(h, 3);
		prng_init(&h->mangler[i].prng, h->seed * 64 + i);
		w->speaker[i].conf.mangle = mangler_frame;
		w->speaker[i].conf.mangle_context = &h->mangler[i];
	}
	h->memory_before = mallinfo2().uordblks;
}

/* Each with a chance of one in `of`. */
static uint16_t maybe(struct history *h, uint64_t of, uint16_t most)
{
	return one_in(h, of) ? (uint16_t)(1 + draw(h, most)) : 0;
}

static struct nic_fault_plan draw_plan(struct history *h)
{
	struct nic_fault_plan plan = {
		.loss = maybe(h, 3, 30),
		.corrupt = maybe(h, 3, 50),
		.truncate = maybe(h, 3, 20),
		.duplicate = maybe(h, 3, 50),
		.reorder = maybe(h, 3, 100),
		.reorder_us = 1 + draw(h, 5 * USEC_PER_MSEC),
		.delay_us = maybe(h, 3, 2000),
		.jitter_us = maybe(h, 3, 2000),
	};
	if (one_in(h, 6)) {
		plan.burst = 5;
		plan.burst_frames = h->is_hard ? 40 : 4;
	}
	if (h->is_hard) {
		plan.is_cut = one_in(h, 6);
		plan.loss = one_in(h, 6) ? (uint16_t)(100 + draw(h, 300)) : plan.loss;
		plan.mtu = one_in(h, 5) ? (uint16_t)(100 + draw(h, 1300)) : 0;
	}
	return plan;
}

/* New plans for one link: one or both of its ways. */
static void change_links(struct history *h)
{
	struct world *w = h->world;
	struct nic_fault_plan perfect = {0};
	bool of_site = w->opts.has_faulty_site && (!w->opts.has_faulty_links || one_in(h, 3));
	unsigned member = (unsigned)draw(h, w->opts.members);

	h->tells_too_big = one_in(h, 2);
	for (unsigned way = 0; way < NIC_FAULT_WAY_COUNT; way++) {
		struct nic_fault_plan plan = one_in(h, 3) ? perfect : draw_plan(h);
		if (of_site) {
			world_fault_site(w, (enum nic_fault_way)way, &plan);
		} else if (w->opts.has_faulty_links) {
			world_fault_member(w, member, (enum nic_fault_way)way, &plan);
		}
	}
}

static void turn_links(struct history *h)
{
	struct world *w = h->world;

	if (!w->opts.has_faulty_links && !w->opts.has_faulty_site) {
		return;
	}
	if (one_in(h, 5)) {
		change_links(h);
	}
	/* Time for retransmissions; now and then for timers of BGP. */
	if (one_in(h, 8)) {
		pass(h, draw(h, 800 * USEC_PER_MSEC));
	} else if (h->is_hard && one_in(h, 150)) {
		pass(h, draw(h, 120 * USEC_PER_SEC));
	}
}

static void stop_server(struct history *h, unsigned site)
{
	struct world *w = h->world;
	struct server *server = w->site[site].server;

	if (one_in(h, 2)) { /* In order, or nearly so. */
		struct request r = {.kind = REQUEST_SHUTDOWN};
		server_request(server, &r);
		pass(h, draw(h, 2 * USEC_PER_SEC));
	}
	if (w->opts.has_faulty_site && site + 1 == w->opts.sites) {
		for (unsigned k = 0; k < NIC_FAULT_COUNT; k++) {
			h->totals->fault[k] += nic_fault_counts(w->site[site].nic)[k];
		}
	}
	world_stop_server(w, site);
	h->restart_at[site] = w->now + 1 + draw(h, one_in(h, 4) ? 30 * USEC_PER_SEC : 100);
	h->totals->restarts++;
}

static void start_server(struct history *h, unsigned site)
{
	struct world *w = h->world;

	world_start_server(w, site);
	h->restart_at[site] = 0;
	if (w->opts.has_faulty_site && site + 1 == w->opts.sites) {
		nic_fault_set_too_big(w->site[site].nic, tell_too_big, h);
	}
}

static void turn_servers(struct history *h)
{
	struct world *w = h->world;

	for (unsigned i = 0; i < w->opts.sites; i++) {
		if (h->restart_at[i] == 0 && one_in(h, 150)) {
			stop_server(h, i);
		} else if (h->restart_at[i] != 0 && w->now >= h->restart_at[i]) {
			start_server(h, i);
		}
	}
	if (one_in(h, 10)) {
		pass(h, draw(h, 3 * USEC_PER_SEC));
	}
}

static struct rogue_target target_of(const struct history *h, unsigned member)
{
	const struct speaker_conf *c = &h->world->speaker[member].conf;

	return (struct rogue_target){.member = c->addr,
				     .server = c->server,
				     .member_mac = c->mac,
				     .server_mac = world_server_mac(0)};
}

/* Only the honest: what a liar has said itself may be what makes a forgery fit. */
static void attack(struct history *h)
{
	unsigned member = (unsigned)draw(h, h->world->opts.members);

	rogue_step(&h->rogue);
	if (h->is_liar[member]) {
		return;
	}
	struct rogue_target t = target_of(h, member);
	for (uint64_t n = 1 + draw(h, 6); n > 0; n--) {
		rogue_strike(&h->rogue, &t);
	}
	if (one_in(h, 20)) {
		rogue_flood(&h->rogue, &t, (enum rogue_attack)draw(h, ROGUE_ATTACK_COUNT),
			    (unsigned)draw(h, 400));
	}
}

/* The one RST that must work. */
static void kill_session(struct history *h)
{
	struct world *w = h->world;
	unsigned member = (unsigned)draw(h, w->opts.members);
	const struct speaker *s = &w->speaker[member];
	struct rogue_target t = target_of(h, member);

	if (s->state != SPEAKER_UP || s->is_stalled || h->is_liar[member]) {
		return;
	}
	pass(h, 50 * USEC_PER_MSEC); /* Nothing is under way. */
	history_note_downs(h);
	if (s->state != SPEAKER_UP || !rogue_kill(&h->rogue, &t)) {
		return;
	}
	/* The member notices with its next KEEPALIVE. */
	unsigned downs = s->downs;
	for (unsigned i = 0; i < 25 && s->downs == downs; i++) {
		pass(h, USEC_PER_SEC);
	}
	if (s->downs != downs) {
		h->totals->deaths++;
		h->lost -= !h->is_changed[member]; /* As it should be. */
	}
	history_note_downs(h);
}

/* While the attack goes on, what was announced arrives soon at everyone who is up. */
static bool keeps_up(struct history *h)
{
	struct world *w = h->world;
	usec_t until = w->now + DELAY_MAX_US;

	history_end_stalls(h, true);
	while (w->now < until) {
		attack(h);
		pass(h, 20 * USEC_PER_MSEC);
		history_note_downs(h);
		if (expect_wrong(h, true, false) == 0) {
			return true;
		}
	}
	fprintf(stderr, "seed %lu: the attack delays the honest\n", h->seed);
	expect_wrong(h, true, true);
	return false;
}

/* A window is shut for a moment, and nobody says that it is open again (as if the update were
 * lost): the server has to ask, soon (RFC 9293 §3.8.6.1).  The member's next KEEPALIVE would tell,
 * too, so it is not waited for. */
static bool blinks_well(struct history *h)
{
	struct world *w = h->world;
	unsigned member = (unsigned)draw(h, w->opts.members);
	struct speaker *s = &w->speaker[member];

	if (s->state != SPEAKER_UP || h->is_liar[member] || s->is_stalled ||
	    s->keepalive_due < w->now + 2 * DELAY_MAX_US) {
		return true;
	}
	usec_t keepalive_due = s->keepalive_due;
	unsigned downs = s->downs;
	h->mangler[member].mode = MANGLE_WINDOW_ZERO;
	for (unsigned i = 0; i < 12; i++) {
		history_event(h);
		pass(h, 20 * USEC_PER_MSEC);
	}
	h->mangler[member].mode = MANGLE_NOTHING;
	h->totals->blinks++;
	history_end_stalls(h, true);
	for (usec_t until = w->now + DELAY_MAX_US; w->now < until;) {
		pass(h, 100 * USEC_PER_MSEC);
		if (s->downs != downs || s->keepalive_due != keepalive_due ||
		    expect_wrong(h, true, false) == 0) {
			return true;
		}
	}
	fprintf(stderr, "seed %lu: member %u still waits at a window that is open\n", h->seed,
		member);
	return false;
}

static bool is_within_memory(const struct history *h)
{
	const struct world *w = h->world;
	size_t bound = h->memory_before + MEMORY_SLACK + w->opts.members * MEMORY_OF_MEMBER;
	uint64_t connections = 0;

	for (unsigned i = 0; i < w->opts.workers; i++) {
		connections += server_core_stats(w->server, (core_id_t)i)->connections;
	}
	/* Two of a member: until one has heard an OPEN (RFC 4271 §6.8). */
	if (mallinfo2().uordblks <= bound && connections <= 2 * (uint64_t)w->opts.members) {
		return true;
	}
	fprintf(stderr, "seed %lu: %zu bytes (%zu before the attack), %lu connections\n", h->seed,
		mallinfo2().uordblks, h->memory_before, connections);
	return false;
}

static void change_lies(struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		if (h->is_liar[i] && one_in(h, 2)) {
			h->mangler[i].mode = (enum mangle)draw(h, MANGLE_COUNT);
		}
	}
}

static bool turn_rogues(struct history *h)
{
	attack(h);
	if (one_in(h, 10)) {
		change_lies(h);
	}
	if (one_in(h, 10)) {
		pass(h, draw(h, 500 * USEC_PER_MSEC));
	} else if (one_in(h, 150)) {
		pass(h, draw(h, 100 * USEC_PER_SEC));
	}
	history_note_downs(h);
	if (one_in(h, 200)) {
		kill_session(h);
	}
	if (one_in(h, 60) && !blinks_well(h)) {
		return false;
	}
	return is_within_memory(h) && (!one_in(h, 60) || keeps_up(h));
}

bool trouble_turn(struct history *h)
{
	switch (h->kind) {
	case HISTORY_FAULTS:
		turn_links(h);
		break;
	case HISTORY_PAIR:
		turn_servers(h);
		turn_links(h);
		break;
	case HISTORY_ROGUES:
		if (!turn_rogues(h)) {
			return false;
		}
		break;
	default:
		break;
	}
	history_note_downs(h);
	return expect_rules(h);
}

/* A member that only lied about its window goes on, with what the server made of that.  One that
 * sent bytes that are not its stream, or odd flags, may have spoilt its session: it begins anew. */
static void forgive(struct history *h, unsigned member)
{
	const struct mangler *m = &h->mangler[member];

	h->mangler[member].mode = MANGLE_NOTHING;
	if (m->counts[MANGLE_OVERLAP] + m->counts[MANGLE_OPTIONS] + m->counts[MANGLE_FLAGS] > 0) {
		speaker_end(&h->world->speaker[member], END_RESET, h->world->now);
		history_note_downs(h);
	}
}

void trouble_end(struct history *h)
{
	struct world *w = h->world;
	struct nic_fault_plan perfect = {0};

	for (unsigned i = 0; i < w->opts.sites; i++) {
		if (h->restart_at[i] != 0) {
			start_server(h, i);
		}
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		forgive(h, i);
		for (unsigned way = 0; w->opts.has_faulty_links && way < 2; way++) {
			world_fault_member(w, i, (enum nic_fault_way)way, &perfect);
		}
	}
	for (unsigned way = 0; w->opts.has_faulty_site && way < 2; way++) {
		world_fault_site(w, (enum nic_fault_way)way, &perfect);
	}
}

void trouble_fini(struct history *h)
{
	struct world *w = h->world;
	struct totals *t = h->totals;

	for (unsigned k = 0; k < NIC_FAULT_COUNT; k++) {
		for (unsigned i = 0; w->opts.has_faulty_links && i < w->opts.members; i++) {
			t->fault[k] += nic_fault_counts(w->nic[i])[k];
		}
		if (w->opts.has_faulty_site) {
			t->fault[k] += nic_fault_counts(w->site[w->opts.sites - 1].nic)[k];
		}
	}
	for (unsigned k = 0; k < ROGUE_ATTACK_COUNT; k++) {
		t->attack[k] += h->rogue.counts[k];
	}
	t->kills += h->rogue.kills;
	for (unsigned i = 0; i < w->opts.members; i++) {
		for (unsigned k = 0; k < MANGLE_COUNT; k++) {
			t->mangle[k] += h->mangler[i].counts[k];
		}
	}
	rogue_fini(&h->rogue);
	h->bearer->ops->close(h->bearer);
}
