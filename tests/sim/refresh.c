/* Route refresh, both ways: RFC 2918, RFC 7313.
 *
 * The member that asks checks the borders of the answer itself (speaker.c).  The server asks by an
 * operator's request; the member then says all that it has again, between borders where that is
 * agreed.  What it leaves out is gone with the End, or without one after six minutes; without
 * borders, or where they do not count, it stays. */
#include <stdio.h>

#include "rib/base/check.h"
#include "tests/sim/history.h"

#define RENEW_US (361 * USEC_PER_SEC)

static bool one_in(struct history *h, uint64_t of)
{
	return prng_chance(&h->world->prng, 1, of);
}

void refresh_ask(struct history *h, unsigned member)
{
	struct speaker *s = &h->world->speaker[member];
	unsigned family = (unsigned)prng_below(&h->world->prng, 2);
	uint8_t message[64];
	size_t len = naive_refresh(message, family);
	if (s->state == SPEAKER_UP && speaker_send(s, message, len)) {
		h->totals->refreshes++;
		s->has_asked[family] = s->conf.has_enhanced && !h->is_liar[member];
	}
}

void refresh_request(struct history *h, unsigned member)
{
	struct server *server = h->world->site[world_site_of(h->world, member)].server;
	struct request r = {.kind = REQUEST_REFRESH, .peer = world_peer_of(h->world, member)};
	if (server != NULL) {
		server_request(server, &r);
	}
}

void refresh_forget(struct history *h, unsigned member)
{
	for (unsigned f = 0; f < 2; f++) {
		h->renew_due[member][f] = USEC_NEVER;
	}
	for (unsigned i = 0; i < h->world->opts.universe; i++) {
		h->is_old[i][member] = 0;
	}
}

/* What was left out is gone. */
static void end(struct history *h, unsigned member, unsigned family)
{
	for (unsigned i = family; i < h->world->opts.universe; i += 2) {
		for (unsigned k = 0; k < PATH_SLOTS; k++) {
			if (h->is_old[i][member] & 1u << k) {
				paths_slot(h, member, i, k)->is_set = false;
				h->totals->left_out++;
			}
		}
		h->is_old[i][member] = 0;
	}
	h->renew_due[member][family] = USEC_NEVER;
}

/* RFC 7313 §4: with graceful restart borders do not count before the End-of-RIB. */
static bool do_borders_count(const struct history *h, unsigned member, unsigned family)
{
	const struct speaker *s = &h->world->speaker[member];
	bool is_graceful = h->world->opts.stale_s != 0 && s->conf.graceful.is_present;
	return !is_graceful || s->sent_eor[family];
}

static bool border(struct speaker *s, unsigned family, bool is_end)
{
	uint8_t message[64];
	size_t len = naive_border(message, family, is_end);
	return s->conf.has_enhanced && speaker_send(s, message, len);
}

static void answer(struct history *h, unsigned member, unsigned family)
{
	struct speaker *s = &h->world->speaker[member];
	bool has_begun = border(s, family, false) && do_borders_count(h, member, family);
	for (unsigned i = family; i < h->world->opts.universe; i += 2) {
		if (has_begun) {
			h->is_old[i][member] = (uint8_t)paths_set(h, member, i);
		}
		if (!one_in(h, 8)) {
			history_announce_again(h, member, i);
		}
	}
	h->totals->answers++;
	if (has_begun) {
		h->renew_due[member][family] = h->world->now + RENEW_US;
	}
	/* Sometimes there is no End; then the next answer may have one. */
	if (!one_in(h, 6) && border(s, family, true) && has_begun) {
		end(h, member, family);
	}
}

/* Who is about to leave says nothing more that might not arrive. */
void refresh_turn(struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		struct speaker *s = &h->world->speaker[i];
		for (unsigned f = 0; f < 2; f++) {
			bool can_answer =
				s->state == SPEAKER_UP && !h->is_liar[i] && i != h->leaver;
			if (s->is_wanted[f] && can_answer) {
				s->is_wanted[f] = false;
				answer(h, i, f);
			}
			if (h->world->now >= h->renew_due[i][f]) {
				end(h, i, f);
			}
		}
	}
}

bool refresh_is_over(const struct history *h)
{
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		const struct speaker *s = &h->world->speaker[i];
		for (unsigned f = 0; f < 2; f++) {
			bool is_open = s->state == SPEAKER_UP && !h->is_liar[i] &&
				       (s->has_asked[f] || s->is_renewing[f] || s->is_wanted[f]);
			if (is_open || h->renew_due[i][f] != USEC_NEVER) {
				return false;
			}
		}
	}
	return true;
}
