/* Members that restart: RFC 4724, RFC 8538, RFC 9494 as the server's members see it.
 *
 * In peace the oracle is exact at every moment: a member leaves only when all that it has sent has
 * arrived, and what the rules of RFC 4724 §4.2 and RFC 9494 §4.2 make of its routes from then on is
 * kept here, with the prefixes (h->is_stale, is_llgr_stale), and compared while it is away, when
 * it is back, and after its End-of-RIB.  No comparison comes near a timer.  On faulty links nobody
 * knows what has arrived; then what counts is that nothing stale is left in the end. */
#include <limits.h>
#include <stdio.h>

#include "rib/base/check.h"
#include "tests/sim/history.h"

#define LONG_STALE_S 40 /* Of the server; members ask for less or more. */
/* Of one comparison, and what no timer may expire in. */
#define COMPARE_US (8 * USEC_PER_SEC)
#define MARGIN_US  (9 * USEC_PER_SEC)
#define LATE_US	   (1 * USEC_PER_SEC) /* So late the model may be. */
/* An RST that was lost is sent again for the server's next KEEPALIVE. */
#define NOTICE_US (80 * USEC_PER_SEC)

static uint64_t draw(struct history *h, uint64_t bound)
{
	return prng_below(&h->world->prng, bound);
}

static bool one_in(struct history *h, uint64_t of)
{
	return draw(h, of) == 0;
}

void graceful_prepare(const struct history *h, struct world_opts *opts, struct prng *p)
{
	bool is_kind = h->kind == HISTORY_PLAIN || h->kind == HISTORY_FAULTS;
	if (is_kind && prng_chance(p, 2, 5)) {
		opts->stale_s = prng_chance(p, 1, 2) ? 30 : 3600;
		opts->long_stale_s = prng_chance(p, 2, 3) ? LONG_STALE_S : 0;
	}
}

static bool is_exact(const struct history *h)
{
	return h->kind == HISTORY_PLAIN;
}

/* What a member says when it comes (back). */
static void draw_flags(struct history *h, unsigned member, bool is_back)
{
	struct speaker_graceful *g = &h->world->speaker[member].conf.graceful;
	g->is_restarting = is_back && !one_in(h, 4);
	for (unsigned f = 0; f < 2; f++) {
		g->is_forwarding[f] = !one_in(h, 4);
		g->is_long_forwarding[f] = !one_in(h, 4);
	}
}

void graceful_begin(struct history *h)
{
	const struct world *w = h->world;
	h->leaver = UINT_MAX;
	for (unsigned i = 0; w->opts.stale_s != 0 && i < w->opts.members; i++) {
		struct speaker_graceful *g = &h->world->speaker[i].conf.graceful;
		struct absence *a = &h->absence[i];
		a->router_id = w->speaker[i].conf.router_id;
		for (unsigned f = 0; f < 2; f++) {
			a->family[f].due = a->family[f].long_due = USEC_NEVER;
		}
		g->is_present = !one_in(h, 3);
		if (!g->is_present) {
			continue;
		}
		g->has_notification = one_in(h, 2);
		g->has_long = one_in(h, 2);
		g->families[0] = !one_in(h, 6);
		g->families[1] = !one_in(h, 6);
		g->long_s = g->has_long ? 20 + (uint32_t)draw(h, 40) : 0;
		g->restart_s = g->has_long && one_in(h, 3) ? 0 : (uint16_t)(20 + draw(h, 10));
		/* Where the operator's time ends it soon enough, some never say that they are
		 * done. */
		a->never_ends = w->opts.stale_s < 100 && one_in(h, 4);
		draw_flags(h, i, false);
	}
}

/* Stale routes of a family are gone; all of it when the member is away. */
static void drop(struct history *h, unsigned member, unsigned family, bool is_all)
{
	struct stay *stay = &h->absence[member].family[family];
	for (unsigned i = family; i < h->world->opts.universe; i += 2) {
		if (is_all || h->is_stale[i][member]) {
			for (unsigned k = 0; k < PATH_SLOTS; k++) {
				paths_slot(h, member, i, k)->is_set = false;
			}
		}
		h->is_stale[i][member] = false;
	}
	stay->is_long = false;
	stay->due = stay->long_due = USEC_NEVER;
}

void graceful_forget(struct history *h, unsigned member)
{
	for (unsigned f = 0; f < 2; f++) {
		drop(h, member, f, true);
		h->absence[member].family[f].is_overdue = false;
	}
	h->absence[member].is_up = false;
	refresh_forget(h, member);
}

static void make_long(struct history *h, unsigned member, unsigned family)
{
	for (unsigned i = family; i < h->world->opts.universe; i += 2) {
		if (h->is_stale[i][member]) {
			h->route[i][member].attrs.is_llgr_stale = true;
		}
	}
}

static usec_t long_us(const struct history *h, unsigned member)
{
	const struct speaker_graceful *g = &h->world->speaker[member].conf.graceful;
	return g->has_long ? min_u64(g->long_s, h->world->opts.long_stale_s) * USEC_PER_SEC : 0;
}

/* The session has ended softly, now.  RFC 4724 §4.2. */
static void on_loss(struct history *h, unsigned member)
{
	const struct speaker_graceful *g = &h->world->speaker[member].conf.graceful;
	for (unsigned f = 0; f < 2; f++) {
		struct stay *stay = &h->absence[member].family[f];
		bool has_time = g->restart_s > 0 || long_us(h, member) > 0;
		if (!g->families[f] || !has_time || stay->is_overdue) {
			drop(h, member, f, true);
			continue;
		}
		/* RFC 8538 §4.1: with the N bit what was stale already stays, too, for a time. */
		usec_t now = h->world->now;
		bool is_added = g->has_notification && stay->due != USEC_NEVER &&
				now < min_u64(stay->due, stay->add_until);
		for (unsigned i = f; i < h->world->opts.universe; i += 2) {
			struct naive_route *r = &h->route[i][member];
			/* "to deal with possible consecutive restarts"; but the long-lived stay. */
			if (h->is_stale[i][member] && !stay->is_long && !is_added) {
				r->is_set = false;
			}
			h->is_stale[i][member] = r->is_set;
		}
		stay->due = now + g->restart_s * USEC_PER_SEC;
		if (!is_added) {
			stay->add_until = stay->due + h->world->opts.stale_s * USEC_PER_SEC;
		}
	}
	h->absence[member].is_up = false;
	refresh_forget(h, member);
}

/* It is back: RFC 4724 §4.2, "immediately". */
static void on_up(struct history *h, unsigned member)
{
	const struct speaker_conf *c = &h->world->speaker[member].conf;
	struct absence *a = &h->absence[member];
	for (unsigned f = 0; f < 2; f++) {
		struct stay *stay = &a->family[f];
		bool has_bit = stay->is_long ? c->graceful.is_long_forwarding[f]
					     : c->graceful.is_forwarding[f];
		if (!has_bit || c->router_id != a->router_id) {
			drop(h, member, f, false);
		} else if (stay->due != USEC_NEVER || stay->is_long) {
			stay->due = h->world->now + h->world->opts.stale_s * USEC_PER_SEC;
		}
		stay->is_overdue = false;
	}
	a->router_id = h->who[member].router_id = c->router_id;
	a->is_up = true;
}

static void tick(struct history *h, unsigned member, unsigned family)
{
	struct absence *a = &h->absence[member];
	struct stay *stay = &a->family[family];
	usec_t now = h->world->now;
	bool has_long = long_us(h, member) > 0 || stay->long_due != USEC_NEVER;

	if (now >= stay->due && !a->is_up && has_long) {
		if (stay->long_due == USEC_NEVER) {
			stay->long_due = stay->due + long_us(h, member);
		}
		stay->due = USEC_NEVER;
		stay->is_long = true;
		make_long(h, member, family);
	}
	if (now >= min_u64(stay->due, stay->long_due)) {
		/* Whichever was first: we may be late, and both may be over. */
		stay->is_overdue = a->is_up && stay->long_due < stay->due;
		drop(h, member, family, false);
	}
}

static void end_of_rib(struct history *h, unsigned member, unsigned family)
{
	struct speaker *s = &h->world->speaker[member];
	if (s->sent_eor[family]) {
		return;
	}
	speaker_end_of_rib(s, family);
	if (s->sent_eor[family]) {
		h->totals->ends_of_rib++;
		drop(h, member, family, false);
		h->absence[member].family[family].is_overdue = false;
	}
}

void graceful_turn(struct history *h, bool is_last)
{
	struct world *w = h->world;
	for (unsigned i = 0; w->opts.stale_s != 0 && i < w->opts.members; i++) {
		struct speaker *s = &w->speaker[i];
		struct absence *a = &h->absence[i];
		if (s->ups != a->ups_known) {
			a->ups_known = s->ups;
			on_up(h, i);
		}
		if (w->is_cut[i] && (is_last || w->now >= a->cut_until)) {
			w->is_cut[i] = false;
		}
		for (unsigned f = 0; f < 2; f++) {
			bool is_time = is_last || (i != h->leaver && one_in(h, 20));
			if (s->state == SPEAKER_UP && !a->never_ends && is_time) {
				end_of_rib(h, i, f);
			}
			tick(h, i, f);
		}
	}
}

bool graceful_is_over(const struct history *h)
{
	for (unsigned i = 0; h->world->opts.stale_s != 0 && i < h->world->opts.members; i++) {
		for (unsigned f = 0; f < 2; f++) {
			const struct stay *stay = &h->absence[i].family[f];
			if (min_u64(stay->due, stay->long_due) != USEC_NEVER) {
				return false;
			}
		}
	}
	return true;
}

static void pass(struct history *h, usec_t us)
{
	world_run(h->world, us);
	history_note_downs(h);
	graceful_turn(h, false);
	refresh_turn(h);
	history_end_stalls(h, false);
}

/* Time passes until no timer of anybody is near. */
static void leave_timers(struct history *h)
{
	const struct world *w = h->world;
	for (bool is_near = true; is_near;) {
		is_near = false;
		for (unsigned i = 0; i < w->opts.members; i++) {
			const struct stay *stay = h->absence[i].family;
			for (unsigned f = 0; f < 2; f++) {
				usec_t due = min_u64(stay[f].due, stay[f].long_due);
				due = min_u64(due, h->renew_due[i][f]);
				is_near |= due != USEC_NEVER && due < w->now + MARGIN_US;
			}
		}
		if (is_near) {
			pass(h, 500 * USEC_PER_MSEC);
		}
	}
}

static void count_compared(struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.universe; i++) {
		for (unsigned m = 0; m < h->world->opts.members; m++) {
			bool is_stale = h->is_stale[i][m];
			bool is_long = is_stale && h->route[i][m].attrs.is_llgr_stale;
			h->totals->stale_compared += is_stale;
			h->totals->long_stale_compared += is_long;
		}
	}
}

/* Everybody who is up holds what the oracle says, soon. */
static void compare(struct history *h, const char *when)
{
	struct world *w = h->world;
	leave_timers(h);
	pass(h, LATE_US);
	history_end_stalls(h, true);
	for (usec_t until = w->now + COMPARE_US; w->now < until;) {
		pass(h, 20 * USEC_PER_MSEC);
		if (expect_wrong(h, true, false) == 0) {
			count_compared(h);
			return;
		}
	}
	fprintf(stderr, "seed %lu: member %u, which restarts: wrong %s\n", h->seed, h->leaver,
		when);
	expect_wrong(h, true, true);
	h->has_failed = true;
}

static void others_act(struct history *h)
{
	for (uint64_t n = draw(h, 4); n > 0; n--) {
		history_event(h);
		pass(h, draw(h, 2000));
	}
}

/* The server knows that it is gone. */
static bool is_noticed(struct history *h, unsigned member)
{
	struct world *w = h->world;
	struct member_status st;
	for (usec_t until = w->now + NOTICE_US; w->now < until;) {
		pass(h, 20 * USEC_PER_MSEC);
		server_member_status(w->server, world_peer_of(w, member), &st);
		if (st.state != FSM_ESTABLISHED) {
			return true;
		}
	}
	return false;
}

/* How the session ends.  Who vanishes behind a cut cable must be back before anybody knows. */
static void leave(struct history *h, unsigned member)
{
	struct world *w = h->world;
	struct speaker *s = &w->speaker[member];
	const struct speaker_graceful *g = &s->conf.graceful;
	static const enum speaker_end soft[] = {END_RESET, END_CLOSE, END_VANISH};
	bool can_vanish = g->restart_s > 0 && (g->families[0] || g->families[1]);
	enum speaker_end how = soft[draw(h, can_vanish ? 3 : 2)];

	if (g->has_notification && one_in(h, 4)) {
		how = END_NOTIFICATION;
	}
	for (unsigned i = 0; i < 50 && !speaker_is_drained(s); i++) {
		pass(h, 20 * USEC_PER_MSEC);
	}
	pass(h, 50 * USEC_PER_MSEC);
	bool is_hard = s->is_stalled || !speaker_is_drained(s) || one_in(h, 10);
	how = is_hard ? END_HARD_RESET : how;
	if (s->state != SPEAKER_UP) {
		return;
	}
	s->wants_up = false;
	speaker_end(s, how, w->now);
	h->downs_known[member] = s->downs;
	w->is_cut[member] = how == END_VANISH;
	h->absence[member].cut_until = USEC_NEVER;
	/* The timers run from when the server knows. */
	if (how != END_VANISH && !is_noticed(h, member)) {
		fprintf(stderr, "seed %lu: the end of member %u is not noticed\n", h->seed, member);
		h->has_failed = true;
	}
	if (how == END_HARD_RESET) {
		graceful_forget(h, member);
	} else {
		on_loss(h, member);
	}
}

/* Some of what it had before, unchanged. */
static void announce_again(struct history *h, unsigned member)
{
	for (unsigned i = 0; i < h->world->opts.universe; i++) {
		if (h->is_stale[i][member] && one_in(h, 2)) {
			history_announce_again(h, member, i);
		}
	}
}

static void come_back(struct history *h, unsigned member)
{
	struct world *w = h->world;
	struct speaker *s = &w->speaker[member];

	if (one_in(h, 8)) {
		s->conf.router_id ^= 1u << draw(h, 8);
	}
	draw_flags(h, member, true);
	w->is_cut[member] = false;
	s->wants_up = true;
	for (unsigned i = 0; i < 500 && s->state != SPEAKER_UP; i++) {
		pass(h, 20 * USEC_PER_MSEC);
	}
	if (s->state != SPEAKER_UP) {
		return; /* Its SYN was lost, again and again: later. */
	}
	h->totals->member_restarts++;
	compare(h, "before it says anything");
	announce_again(h, member);
	others_act(h);
	compare(h, "before its End-of-RIB");
	if (!h->absence[member].never_ends && one_in(h, 2)) {
		for (unsigned f = 0; f < 2; f++) {
			end_of_rib(h, member, f);
		}
		compare(h, "after its End-of-RIB");
	}
}

/* Faults: only a loss. */
static void lose(struct history *h, unsigned member)
{
	struct world *w = h->world;
	struct speaker *s = &w->speaker[member];
	bool is_cut = one_in(h, 2);

	s->wants_up = !one_in(h, 3);
	if (one_in(h, 8)) {
		s->conf.router_id ^= 1u << draw(h, 8);
	}
	draw_flags(h, member, true);
	speaker_end(s, (enum speaker_end)draw(h, END_VANISH + 1), w->now);
	h->downs_known[member] = s->downs;
	w->is_cut[member] = is_cut;
	h->absence[member].cut_until = w->now + draw(h, one_in(h, 5) ? 40 : 2) * USEC_PER_SEC;
}

bool graceful_event(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];

	if (!s->conf.graceful.is_present) {
		return false;
	}
	if (!is_exact(h)) {
		lose(h, member);
		graceful_forget(h, member);
		return true;
	}
	if (h->leaver != UINT_MAX) {
		return true; /* One after the other. */
	}
	h->leaver = member;
	leave(h, member);
	if (s->state != SPEAKER_UP) {
		others_act(h);
		if (!h->world->is_cut[member]) {
			compare(h, "while it is away");
			for (uint64_t n = draw(h, 3); n > 0; n--) {
				pass(h, draw(h, 45) * USEC_PER_SEC);
				compare(h, "while it stays away");
			}
		}
		if (h->world->is_cut[member] || !one_in(h, 4)) {
			come_back(h, member);
		}
	}
	h->leaver = UINT_MAX;
	return true;
}
