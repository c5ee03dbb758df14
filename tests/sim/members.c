/* The operator adds, removes and changes members while the server runs.
 *
 * Who is removed keeps its wires and knows nothing of it but what the server says; none of its
 * routes may be left with anyone, and its number may be another's.  A change is of a kind that ends
 * the session, or of one that does not. */
#include <stdio.h>

#include "rib/base/hash.h"
#include "tests/sim/history.h"

#define SPARE	    2 /* Numbers: so few that members have to wait for them. */
#define PATIENCE_US (400 * USEC_PER_SEC)

void members_prepare(struct history *h, struct world_opts *opts)
{
	/* Its own dice, so that the other draws are what they were without.  Who may hear what is
	 * asked of a number that somebody else has had is for the rules' own histories. */
	h->has_changes = opts->sites == 1 && opts->stale_s == 0 && opts->asks == NULL &&
			 hash_mix(h->seed, 0x3e3) % 2 == 0;
	opts->spare = h->has_changes ? SPARE : 0;
}

static void go(struct history *h, unsigned member)
{
	struct world *w = h->world;
	h->is_out[member] = true;
	w->speaker[member].wants_up = false;
	world_remove(w, member);
	graceful_forget(h, member);
	refresh_forget(h, member);
	h->totals->gone++;
}

static bool come(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	/* With a connection from before it would be told nothing about its routes. */
	if (s->state != SPEAKER_DOWN || !world_add(h->world, member)) {
		return false;
	}
	h->is_out[member] = false;
	h->downs_known[member] = s->downs;
	s->wants_up = true;
	h->totals->came++;
	return true;
}

static void change(struct history *h, unsigned member)
{
	struct world *w = h->world;
	struct member_conf conf = world_conf(w, member);
	conf.session.retry_s = (uint16_t)(3 + prng_below(&w->prng, 5));
	if (prng_chance(&w->prng, 1, 2)) {
		conf.session.hold_s = prng_chance(&w->prng, 1, 2) ? 60 : 90;
		h->is_changed[member] = true;
	}
	if (server_change_member(w->server, world_peer_of(w, member), &conf) == 0) {
		h->totals->changed++;
	}
}

bool members_event(struct history *h, unsigned member)
{
	struct prng *p = &h->world->prng;
	if (!h->has_changes) {
		return true;
	}
	if (h->is_out[member]) {
		(void)come(h, member);
		return !h->is_out[member];
	}
	if (prng_chance(p, 1, 16)) {
		go(h, member);
	} else if (prng_chance(p, 1, 16)) {
		change(h, member);
	}
	return !h->is_out[member];
}

bool members_end(struct history *h)
{
	struct world *w = h->world;
	usec_t until = w->now + PATIENCE_US;
	history_end_stalls(h, true); /* Who reads nothing keeps numbers. */
	for (unsigned i = 0; h->has_changes && i < w->opts.members; i += 2) {
		while (h->is_out[i] && !come(h, i)) {
			if (w->now >= until) {
				fprintf(stderr, "seed %lu: member %u cannot come back: state %d\n",
					h->seed, i, w->speaker[i].state);
				return false;
			}
			world_run(w, 100 * USEC_PER_MSEC);
			history_note_downs(h);
		}
	}
	return true;
}
