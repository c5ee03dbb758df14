/* Flush: from what was published to what is now worked out, for all members at once.
 *
 * Of a prefix, everyone but the announcer of the best path gets the best, and its announcer the
 * second best (only paths that can be represented in the member's class count).  So the two views
 * of a class, before and after, can differ in at most three ways:
 *
 *                       before      after
 *     member a          second      best'        a announced the old best
 *     member b          best        second'      b announces the new best
 *     everyone else     best        best'
 *
 * and a walk over all members with bitsets comes down to three comparisons and an interned
 * audience that is at hand: all, all but one, all but two, one.  (Members that get several paths:
 * several.h.  Where policy keeps one of these paths from somebody, or gives it in several forms,
 * all that is not true, and the members are walked over: walk.h.)
 *
 * An entry that changes too often is left for later (pace.h).
 *
 * Order, for each batch: earlier runs that name what changes are marked; then all its entries are
 * published; then the difference is appended (runlog.h, guarantees a, b and f).
 */
#include "rib/base/check.h"
#include "rib/table/several.h"
#include "rib/table/walk.h"

/* A view as a member hears it: the attribute set as it is sent, or NULL for no route. */
static const struct attr *heard(const struct heads *h, peer_id_t peer)
{
	const struct path *p = heads_view(h, peer);
	return p != NULL ? attr_sent(p->attr) : NULL;
}

static peer_id_t announcer(const struct heads *h)
{
	return h->first != NULL ? h->first->peer : PEER_NONE;
}

/* Say what changed for the members of one class. */
static void diff_class(struct table *t, unsigned class_idx, entry_id_t id, const struct heads *was,
		       const struct heads *now)
{
	struct audience_cache *members = t->wire[class_idx]->members;
	const struct attr *old_best = heard(was, PEER_NONE), *best = heard(now, PEER_NONE);
	bool is_other_best = !attr_equal(best, old_best);
	peer_id_t special[2] = {announcer(was), announcer(now)};
	peer_id_t apart[2] = {PEER_NONE, PEER_NONE};
	bool is_alone[2] = {false, false};
	for (unsigned i = 0; i < 2; i++) {
		bool is_twice = i == 1 && special[1] == special[0];
		if (is_twice || !audience_cache_has(members, special[i])) {
			continue;
		}
		const struct attr *before = heard(was, special[i]), *after = heard(now, special[i]);
		bool has_changed = !attr_equal(before, after);
		if (has_changed && is_other_best && attr_equal(after, best)) {
			continue; /* Like everyone else. */
		}
		apart[i] = special[i];
		is_alone[i] = has_changed;
	}
	if (is_other_best) {
		batch_add(t->batch, t, class_idx, best,
			  audience_cache_but_two(members, apart[0], apart[1]), id);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (is_alone[i]) {
			batch_add(t->batch, t, class_idx, heard(now, special[i]),
				  audience_cache_only(members, special[i]), id);
		}
	}
}

static void diff_entry(struct table *t, entry_id_t id)
{
	struct paths_one old, new;
	const struct paths *published = entry_paths(slab_at(&t->slab.slab, id), &old);
	const struct paths *working = table_working(t, id, &new);
	for (unsigned c = class_set_next(&t->joined, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->joined, c + 1)) {
		if ((c & WIRE_CLASS_PATHS) != 0) {
			several_diff(t, c, id, published, working);
		} else {
			struct heads was = batch_heads(t->batch, t, published, c);
			struct heads now = batch_heads(t->batch, t, working, c);
			if (was.has_reach || now.has_reach) {
				walk_diff(t, c, t->wire[c]->members, id, published, working);
			} else {
				diff_class(t, c, id, &was, &now);
			}
		}
	}
}

bool flush_is_held(const struct table *t)
{
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		if (runlog_bytes(t->wire[c]->log) > runlog_bytes_max(t->wire[c]->log)) {
			return true;
		}
	}
	return false;
}

/* Members are forgotten once nothing is dirty (forget.c), and of prefixes that change in turns one
 * might always wait: then none does. */
static bool is_pacing(const struct table *t)
{
	return t->forget.stage != FORGET_PATHS;
}

/* What an entry's paths were and are. */
struct turn_of {
	paths_word_t was, is;
};

static bool is_alike(paths_word_t a, paths_word_t b)
{
	const struct paths *x = word_array(a), *y = word_array(b);
	return a == b || (x != NULL && y != NULL && paths_equal(x, y));
}

/* Neighbours in address space mostly change alike, all prefixes of an UPDATE do: an entry that was
 * and is what the one before was and is, is told in the same words. */
static void diff_batch(struct table *t, uint32_t count, usec_t now)
{
	uint32_t now_ms = (uint32_t)(now / USEC_PER_MSEC);
	bool may_hold = is_pacing(t);
	struct turn_of last = {0, 0}; /* No entry's, for they differ. */
	for (uint32_t i = 0; i < count; i++) {
		struct dirty_item *d = dirty_at(&t->dirty, t->dirty.head + i);
		if (!working_rank(t, d->id)) {
			continue;
		}
		d->is_held = !pace_admit(&t->pace, d->id, now_ms) && may_hold;
		if (d->is_held) {
			continue;
		}
		struct turn_of turn = {slab_at(&t->slab.slab, d->id)->published, d->working};
		if (is_alike(turn.was, last.was) && is_alike(turn.is, last.is)) {
			batch_repeat(t->batch, d->id);
			continue;
		}
		batch_tell(t->batch);
		diff_entry(t, d->id);
		last = turn;
	}
}

/* Between the dirty ring and that of those that wait: one's oldest becomes the other's newest. */
static void move_oldest(struct table *t, struct dirty *from, struct dirty *to)
{
	struct dirty_item item = *dirty_at(from, from->head);
	struct entry *e = slab_at(&t->slab.slab, item.id);
	item.is_held = false;
	dirty_pop(from);
	e->place = dirty_push(to, item);
	e->is_paced = to == &t->paced;
}

/* The oldest dirty entry changes too often: not now. */
static void pace_oldest(struct table *t, usec_t now)
{
	move_oldest(t, &t->dirty, &t->paced);
	if (t->paced_due == USEC_NEVER) {
		t->paced_due = now + (usec_t)t->pace.interval_ms * USEC_PER_MSEC;
	}
	metric_add(&t->stats.paced, 1);
}

/* Those that wait are like other dirty entries again; the flush asks about each anew. */
static void pace_end(struct table *t)
{
	while (dirty_count(&t->paced) > 0) {
		move_oldest(t, &t->paced, &t->dirty);
	}
	t->paced_due = USEC_NEVER;
}

static void publish_batch(struct table *t, uint32_t count, usec_t now)
{
	for (uint32_t i = 0; i < count; i++) {
		if (dirty_at(&t->dirty, t->dirty.head)->is_held) {
			pace_oldest(t, now);
		} else {
			table_publish(t);
		}
	}
}

static void flush_batch(struct table *t, usec_t now)
{
	uint32_t count = dirty_count(&t->dirty);
	count = count < BATCH_IDS_MAX ? count : BATCH_IDS_MAX;
	diff_batch(t, count, now);
	batch_mark(t->batch, t);
	publish_batch(t, count, now);
	batch_append(t->batch, t);
}

void flush_turn(struct table *t, usec_t now, bool is_inbox_busy)
{
	t->is_gathering = false;
	if (now >= t->paced_due || !is_pacing(t)) {
		pace_end(t);
	}
	if (dirty_count(&t->dirty) == 0 || restart_is_deferred(t)) {
		return;
	}
	if (t->dirty_since == USEC_NEVER) {
		t->dirty_since = now;
	}
	if (is_inbox_busy && t->waiting.head == PEER_NONE &&
	    dirty_count(&t->dirty) < BATCH_IDS_MAX && now - t->dirty_since < t->gather_us) {
		t->is_gathering = true;
		return;
	}
	if (!flush_is_held(t)) {
		metric_add(&t->stats.flushes, 1);
	}
	while (dirty_count(&t->dirty) > 0 && !flush_is_held(t)) {
		flush_batch(t, now);
	}
	if (dirty_count(&t->dirty) == 0) {
		t->dirty_since = USEC_NEVER;
	}
}
