/* The rules of RFC 4724 §4.2 and RFC 9494 §4.2 without the routes; see stale.h. */
#include "dataplane/session/stale.h"

#include "rib/base/check.h"

#define ALL ((1u << FAMILY_COUNT) - 1)

void stale_init(struct stale *st, const struct stale_conf *conf)
{
	*st = (struct stale){.conf = *conf};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		st->family[f].due = st->family[f].long_due = USEC_NEVER;
	}
}

/* Of these families nothing is kept any more. */
static void forget(struct stale *st, unsigned families)
{
	ASSERT((families & ~ALL) == 0);
	st->kept &= ~families;
	st->long_lived &= ~families;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (families & 1u << f) {
			st->family[f].due = st->family[f].long_due = USEC_NEVER;
		}
	}
}

static unsigned set_of(const bool families[FAMILY_COUNT])
{
	unsigned set = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		set |= families[f] ? 1u << f : 0;
	}
	return set;
}

/* What the member says to have kept while it was away.  RFC 9494 §4.2 asks the F bit of the other
 * capability once routes are long-lived stale. */
static unsigned preserved(const struct stale *st, const struct open *peer)
{
	/* Another identifier is another router; the shards know that, too. */
	if (!peer->graceful.is_present || peer->router_id != st->router_id) {
		return 0;
	}
	unsigned first = set_of(peer->graceful.families) & set_of(peer->graceful.is_forwarding);
	unsigned then = set_of(peer->long_lived.families) & set_of(peer->long_lived.is_forwarding);
	return (first & ~st->long_lived) | (then & st->long_lived);
}

/* What the end of this session may leave.  RFC 9494 §4.2: of a family that a capability does not
 * list, the time is zero. */
static void note_offer(struct stale *st, const struct open *peer, unsigned agreed)
{
	st->keepable = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct stale_family *s = &st->family[f];
		bool is_listed = peer->graceful.is_present && peer->graceful.families[f];
		bool is_long = peer->graceful.is_present && peer->long_lived.families[f];
		usec_t theirs = is_long ? peer->long_lived.stale_s[f] * USEC_PER_SEC : 0;
		s->restart_us = is_listed ? peer->graceful.restart_s * USEC_PER_SEC : 0;
		s->long_us = min_u64(theirs, st->conf.long_max_us);
		if (st->conf.stale_us != 0 && s->restart_us + s->long_us > 0) {
			st->keepable |= agreed & 1u << f;
		}
	}
}

unsigned stale_up(struct stale *st, const struct open *peer, const bool families[FAMILY_COUNT],
		  usec_t now)
{
	unsigned agreed = set_of(families);
	/* RFC 4724 §4.2: without the capability, the family or its F bit they go "immediately". */
	unsigned gone = st->kept & ~(preserved(st, peer) & agreed);
	forget(st, gone);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (st->kept & 1u << f) {
			st->family[f].due = now + st->conf.stale_us;
		}
	}
	st->is_up = true;
	st->overdue = 0;
	note_offer(st, peer, agreed);
	st->router_id = peer->router_id;
	st->has_soft_ends = peer->graceful.is_present && peer->graceful.has_notification;
	return gone;
}

/* Families whose long-lived stale time is over, though no tick has come yet. */
static unsigned long_over(const struct stale *st, usec_t now)
{
	unsigned set = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		set |= now >= st->family[f].long_due ? 1u << f : 0;
	}
	return set;
}

/* RFC 8538 §4.1: "If the "N" bit has not been exchanged with the peer, then to deal with possible
 * consecutive restarts, a route (from the peer) previously marked as stale MUST be deleted." */
static unsigned still_stale(const struct stale *st, usec_t now)
{
	unsigned set = 0;
	for (unsigned f = 0; f < FAMILY_COUNT && st->has_soft_ends; f++) {
		const struct stale_family *s = &st->family[f];
		set |= now < min_u64(s->due, s->add_until) ? st->kept & 1u << f : 0;
	}
	return set;
}

unsigned stale_down(struct stale *st, bool is_soft_end, usec_t now)
{
	/* RFC 9494 §4.2: "If the session subsequently resets prior to becoming synchronized, any
	 * remaining routes ... MUST be removed immediately." */
	unsigned stays = is_soft_end ? st->keepable & ~(st->overdue | long_over(st, now)) : 0;
	forget(st, ALL & ~stays);
	/* The long-lived stay, and their timer is neither stopped nor updated (RFC 9494 §4.2). */
	st->added = still_stale(st, now);
	st->kept = stays;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct stale_family *s = &st->family[f];
		if (stays & 1u << f) {
			s->due = now + s->restart_us;
		}
		if (stays & ~st->added & 1u << f) {
			s->add_until = now + s->restart_us + st->conf.stale_us;
		}
	}
	st->is_up = false;
	st->keepable = st->overdue = 0;
	return st->kept;
}

bool stale_end_of_rib(struct stale *st, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	bool was_kept = (st->kept & 1u << family) != 0;
	forget(st, 1u << family);
	st->overdue &= ~(1u << family);
	return was_kept;
}

void stale_forget(struct stale *st, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	forget(st, 1u << family);
	st->keepable &= ~(1u << family);
}

static bool has_long(const struct stale_family *s)
{
	return s->long_us > 0 || s->long_due != USEC_NEVER;
}

/* The long-lived stale time begins, unless it has begun before an earlier return. */
static void begin_long(struct stale *st, enum family family, usec_t now)
{
	struct stale_family *s = &st->family[family];
	if (s->long_due == USEC_NEVER) {
		s->long_due = now + s->long_us;
	}
	s->due = USEC_NEVER;
	st->long_lived |= 1u << family;
}

struct stale_step stale_tick(struct stale *st, usec_t now)
{
	struct stale_step step = {0, 0};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct stale_family *s = &st->family[f];
		unsigned bit = 1u << f;
		if (now >= s->due && !st->is_up && has_long(s)) {
			begin_long(st, (enum family)f, s->due);
			step.long_lived |= bit;
		}
		if (now >= min_u64(s->due, s->long_due)) {
			st->overdue |= st->is_up && now >= s->long_due ? bit : 0;
			step.gone |= bit;
			step.long_lived &= ~bit;
		}
	}
	forget(st, step.gone);
	return step;
}

unsigned stale_drop(struct stale *st)
{
	unsigned gone = st->kept;
	forget(st, ALL);
	return gone;
}

usec_t stale_due(const struct stale *st)
{
	usec_t due = USEC_NEVER;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		due = min_u64(due, min_u64(st->family[f].due, st->family[f].long_due));
	}
	ASSERT((due == USEC_NEVER) == (st->kept == 0));
	return due;
}

usec_t stale_end(const struct stale *st, enum family family)
{
	const struct stale_family *s = &st->family[family];
	if (st->is_up) {
		return min_u64(s->due, s->long_due);
	}
	if (s->long_due != USEC_NEVER) {
		return s->long_due;
	}
	return s->due == USEC_NEVER ? USEC_NEVER : s->due + s->long_us;
}
