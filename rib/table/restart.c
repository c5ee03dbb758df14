/* Restarts: paths that outlive their session, and a selection that waits.
 *
 * A path carries its session's incarnation, so nothing is marked when a session ends: what the path
 * then is follows from the member's state in the family, and to keep or to drop a million paths is
 * one assignment (and a sweep, when some have to go).
 *
 *     incarnation    ... 4        5         6         7
 *                    gone    |← kept_first..kept_last →|  live
 *                            |← ..llgr_last →|
 *
 * STALE keeps the incarnation that is about to end (RFC 4724 §4.2).  What was stale before goes:
 * "to deal with possible consecutive restarts"; unless it is long-lived stale, which its own timer
 * alone ends (RFC 9494 §4.2), so then the range grows.  A path that the next session announces
 * carries the new incarnation; with the same attribute set it is the same path to everyone who
 * compares sets, so nothing is exported.
 *
 * Long-lived stale paths get another attribute set, with LLGR_STALE among the communities: all
 * the rest (last in rank, not for members without the capability, news for the others) follows from
 * the set.
 *
 * The last of all: a server that has restarted selects nothing before it has heard every member
 * (RFC 4724 §4.1).  Each shard counts for itself whom it waits for: SETTLED stands behind the
 * member's routes in the same ring. */
#include <string.h>

#include "rib/base/check.h"
#include "rib/table/table.h"

/* Whether `inc` is in first..last, as numbers that wrap. */
static bool is_within(uint16_t inc, uint16_t first, uint16_t last)
{
	return (uint16_t)(inc - first) <= (uint16_t)(last - first);
}

enum path_life path_life(const struct table *t, const struct path *p)
{
	const struct peer *peer = &t->peer[p->peer];
	const struct member *m = &t->member[p->peer];
	if (peer->is_up && (uint16_t)peer->incarnation == p->incarnation) {
		return PATH_LIVE;
	}
	if (!m->is_kept || !is_within(p->incarnation, m->kept_first, m->kept_last)) {
		return PATH_GONE;
	}
	bool is_long = m->is_llgr && is_within(p->incarnation, m->kept_first, m->llgr_last);
	return is_long ? PATH_STALE_LONG : PATH_STALE;
}

static void sweep_if_any(struct table *t, peer_id_t peer)
{
	if (t->peer_stats[peer].received > 0) {
		sweep_begin(t);
	}
}

void restart_stale(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	uint16_t incarnation = (uint16_t)t->peer[peer].incarnation;
	ASSERT(t->peer[peer].is_up);
	if (m->is_kept && m->is_llgr) {
		m->kept_last = incarnation;
		return;
	}
	bool was_kept = m->is_kept;
	m->is_kept = true;
	m->kept_first = m->kept_last = incarnation;
	if (was_kept) {
		sweep_if_any(t, peer);
	}
}

void restart_stale_end(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	if (m->is_kept) {
		m->is_kept = m->is_llgr = false;
		sweep_if_any(t, peer);
	}
}

void restart_llgr(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	if (m->is_kept) {
		m->is_llgr = true;
		m->llgr_last = m->kept_last;
		sweep_if_any(t, peer);
	}
}

void restart_down(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	ASSERT(!t->peer[peer].is_up && !m->is_joined);
	struct shard_peer_stats *s = &t->peer_stats[peer];
	metric_set(&s->stale, s->received);
	if (m->is_kept && m->kept_last == (uint16_t)t->peer[peer].incarnation) {
		return;
	}
	m->is_kept = m->is_llgr = false;
	sweep_if_any(t, peer);
}

void restart_settled(struct table *t, peer_id_t peer)
{
	if (!restart_is_deferred(t)) {
		return;
	}
	if (peer == PEER_NONE) {
		memset(t->awaited, 0, (t->peer_count + 63u) / 64 * sizeof(*t->awaited));
		t->awaited_count = 0;
	} else if (bits_has(t->awaited, peer)) {
		bits_clear(t->awaited, peer);
		t->awaited_count--;
	}
	member_admit(t);
}
