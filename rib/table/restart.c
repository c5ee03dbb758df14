/* Restarts: paths that outlive their session, refreshes that end paths within one, and a selection
 * that waits.
 *
 * A path carries the generation in which it was announced.  Each session of the member begins a new
 * one, and so does each refresh (RFC 7313), for its family alone.  So nothing is marked when either
 * happens: what the path then is follows from the member's state in the family, and to keep or to
 * drop a million paths is one assignment (and a sweep, when some have to go).
 *
 *     generation     ... 4        5         6         7           8          9
 *                    gone    |← kept_first..kept_last →|  |← live_first..generation →|
 *                            |← ..llgr_last →|            |← old →|     new: |←     →|
 *
 * STALE keeps the generations that are about to end (RFC 4724 §4.2).  What was stale before goes,
 * because of "possible consecutive restarts"; unless it is long-lived stale, which its own timer
 * alone ends (RFC 9494 §4.2), or both sides have the N bit (RFC 8538 §4.1): then the range grows.
 * A path that the next session announces
 * is of the new generation; with the same attribute set it is the same path to everyone who
 * compares sets, so nothing is exported.
 *
 * RENEW raises `generation` and leaves live_first: what was there is live, and old.  RENEW_END lets
 * live_first catch up, and the old is gone.  How many paths are new is counted on the way, so when
 * a refresh finds nothing missing (which is nearly always) it costs no sweep, and everything that
 * happens with an old path until then (announced again, withdrawn, lost with the session, kept by
 * STALE) needs no word about refreshes.  Two rules keep the ranges true:
 *
 *  (a) While stale paths are kept there is no refresh: RFC 7313 §4 has it so (the End-of-RIB comes
 *      first), and it lets the kept range grow up to the live one without a gap in between, in
 *      which what a refresh has ended would live again.
 *  (b) Numbers wrap, and gone paths wait for the sweep.  A session needs some round trips to use a
 *      number up, a refresh only a few octets: a member could send 65536 of them while one sweep is
 *      on its way.  RENEW is passed over when it would come half around to what may still be there.
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

/* Generations that a refresh may be ahead of the oldest that may still be there. */
#define GENERATIONS_MAX 0x8000u

/* Whether `generation` is in first..last, as numbers that wrap. */
static bool is_within(uint16_t generation, uint16_t first, uint16_t last)
{
	return (uint16_t)(generation - first) <= (uint16_t)(last - first);
}

enum path_life path_life(const struct table *t, const struct path *p)
{
	const struct peer *peer = &t->peer[p->peer];
	const struct member *m = &t->member[p->peer];
	if (peer->is_up && is_within(p->generation, m->live_first, m->generation)) {
		return p->generation == m->generation ? PATH_LIVE : PATH_OLD;
	}
	if (!m->is_kept || !is_within(p->generation, m->kept_first, m->kept_last)) {
		return PATH_GONE;
	}
	bool is_long = m->is_llgr && is_within(p->generation, m->kept_first, m->llgr_last);
	return is_long ? PATH_STALE_LONG : PATH_STALE;
}

static void sweep_if_any(struct table *t, peer_id_t peer)
{
	if (t->peer_stats[peer].received > 0) {
		sweep_begin(t);
	}
}

void restart_stale(struct table *t, peer_id_t peer, bool is_added)
{
	struct member *m = &t->member[peer];
	ASSERT(t->peer[peer].is_up);
	if (m->is_kept && (m->is_llgr || is_added)) {
		m->kept_last = m->generation;
		return;
	}
	bool was_kept = m->is_kept;
	m->is_kept = true;
	m->kept_first = m->live_first;
	m->kept_last = m->generation;
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

/* The oldest generation of which there may be paths, as far as it can be told without a look. */
static void note_oldest(const struct table *t, struct member *m)
{
	if (!t->is_sweeping) {
		m->oldest = m->is_kept ? m->kept_first : m->live_first;
	}
}

void restart_up(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	ASSERT(!m->is_renewing && m->fresh_count == 0);
	m->live_first = ++m->generation;
	m->unblock = 0;
	note_oldest(t, m);
}

void restart_renew(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	note_oldest(t, m);
	if (m->is_kept || (uint16_t)(m->generation - m->oldest) >= GENERATIONS_MAX) {
		return;
	}
	m->is_renewing = true;
	if (m->fresh_count > 0) { /* Else there is nothing of this generation to tell apart. */
		m->generation++;
		m->fresh_count = 0;
	}
}

void restart_renew_end(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	struct shard_peer_stats *s = &t->peer_stats[peer];
	if (!m->is_renewing) {
		return;
	}
	m->is_renewing = false;
	m->live_first = m->generation;
	ASSERT(s->received >= s->stale + m->fresh_count);
	if (s->received > s->stale + m->fresh_count) {
		metric_set(&s->stale, s->received - m->fresh_count);
		sweep_begin(t);
	}
}

void restart_drop(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	struct shard_peer_stats *s = &t->peer_stats[peer];
	m->is_kept = m->is_llgr = m->is_renewing = false;
	m->fresh_count = 0;
	m->live_first = ++m->generation;
	metric_set(&s->stale, s->received);
	sweep_if_any(t, peer);
}

void restart_unblock(struct table *t, peer_id_t peer, uint64_t grant)
{
	t->member[peer].unblock = grant;
	if (grant > 0 && t->peer_stats[peer].blocked > 0) {
		sweep_begin(t);
	}
}

void restart_down(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	ASSERT(!t->peer[peer].is_up && !m->is_joined);
	m->is_renewing = false;
	m->fresh_count = 0;
	struct shard_peer_stats *s = &t->peer_stats[peer];
	metric_set(&s->stale, s->received);
	if (m->is_kept && m->kept_last == m->generation) {
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
