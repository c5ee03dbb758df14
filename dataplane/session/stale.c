/* The rules of RFC 4724 §4.2 without the routes; see stale.h. */
#include "dataplane/session/stale.h"

#include "rib/base/check.h"

void stale_init(struct stale *st, usec_t stale_us)
{
	*st = (struct stale){.stale_us = stale_us, .due = USEC_NEVER};
}

static void set_kept(struct stale *st, unsigned kept, usec_t due)
{
	ASSERT(kept < 1u << FAMILY_COUNT);
	st->kept = kept;
	st->due = kept != 0 ? due : USEC_NEVER;
}

/* What the member says to have kept while it was away. */
static unsigned preserved(const struct stale *st, const struct open *peer, unsigned agreed)
{
	const struct open_graceful *g = &peer->graceful;
	unsigned set = 0;
	/* Another identifier is another router; the shards know that, too. */
	if (!g->is_present || peer->router_id != st->router_id) {
		return 0;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		set |= g->families[f] && g->is_forwarding[f] ? 1u << f : 0;
	}
	return set & agreed;
}

unsigned stale_up(struct stale *st, const struct open *peer, const bool families[FAMILY_COUNT],
		  usec_t now)
{
	unsigned agreed = 0, listed = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		agreed |= families[f] ? 1u << f : 0;
		listed |= peer->graceful.families[f] ? 1u << f : 0;
	}
	/* RFC 4724 §4.2: without the capability, the family or its F bit they go "immediately". */
	unsigned gone = st->kept & ~preserved(st, peer, agreed);
	set_kept(st, st->kept & ~gone, now + st->stale_us);
	bool can_keep = st->stale_us != 0 && peer->graceful.is_present;
	st->keepable = can_keep ? listed & agreed : 0;
	st->restart_us = peer->graceful.restart_s * USEC_PER_SEC;
	st->router_id = peer->router_id;
	return gone;
}

unsigned stale_down(struct stale *st, bool is_soft_end, usec_t now)
{
	/* A restart time of 0 says that there is nothing to wait for. */
	bool stays = is_soft_end && st->restart_us > 0;
	/* What was stale before is so no more, "to deal with possible consecutive restarts". */
	set_kept(st, stays ? st->keepable : 0, now + st->restart_us);
	st->keepable = 0;
	return st->kept;
}

bool stale_end_of_rib(struct stale *st, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	bool was_kept = (st->kept & 1u << family) != 0;
	set_kept(st, st->kept & ~(1u << family), st->due);
	return was_kept;
}

unsigned stale_tick(struct stale *st, usec_t now)
{
	return now >= st->due ? stale_drop(st) : 0;
}

unsigned stale_drop(struct stale *st)
{
	unsigned gone = st->kept;
	set_kept(st, 0, USEC_NEVER);
	return gone;
}

usec_t stale_due(const struct stale *st)
{
	ASSERT((st->due == USEC_NEVER) == (st->kept == 0));
	return st->due;
}
