/* The sweep: a walk over all entries that removes the paths of dead generations, gives those that
 * become long-lived stale their set, accepts what a prefix limit has room for again, and judges
 * again what a change of rules may touch.
 *
 * One walk at a time, in slices.  A member that dies while it runs, or rules that change, only move
 * an end: from there once around, so every entry is looked at after every death and by the newest
 * rules.  A path that the member has announced again meanwhile is of a newer generation, or was
 * judged by the new rules, and stays.
 *
 * Judging: a path whose verdict is what it was keeps its set, and its entry stays clean.  Another
 * verdict is another set of ours, or another reason, and what follows is the flush's business.
 */
#include "rib/base/check.h"
#include "rib/policy/judge.h"
#include "rib/policy/scope.h"
#include "rib/table/table.h"

#define SLICE_IDS 4096u
#define DRESS_IDS 16u /* A set looked at costs as much as so many entries; and so does a verdict. */

/* A set in the judge's hands: neighbours mostly have the same.  Valid within a slice, in which no
 * reference leaves. */
struct hearing {
	const struct attr *attr; /* NULL: none is. */
	peer_id_t peer;
	enum reject known;
	bool is_long; /* It is to get LLGR_STALE. */
	bool has_room;
	unsigned cost;
	struct next_hop next_hop;
	struct attr_draft draft; /* With LLGR_STALE. */
};

void sweep_begin(struct table *t)
{
	t->is_sweeping = true;
	t->sweep_end = t->sweep;
}

void sweep_judge(struct table *t, const struct policy_scope *scope)
{
	static const struct policy_scope all = {.is_all = true};
	if (t->judge == NULL) {
		return;
	}
	/* What a walk under way has not come to would be judged by the newest rules alone. */
	t->scope = t->is_judging ? &all : scope;
	t->is_judging = true;
	t->judge_end = t->sweep;
}

static void hearing_end(const struct table *t, struct hearing *h)
{
	if (h->attr != NULL && t->judge != NULL && h->has_room) {
		judge_end(t->judge);
	}
	h->attr = NULL;
}

/* The path's set as it is, or with LLGR_STALE (RFC 9494 §4.2), is before the judge. */
static void hearing_begin(const struct table *t, struct hearing *h, const struct path *p,
			  bool is_long)
{
	enum reject known = reject_is_of_session(p->reason) ? p->reason : REJECT_NONE;
	if (h->attr == p->attr && h->peer == p->peer && h->known == known &&
	    h->is_long == is_long) {
		return;
	}
	hearing_end(t, h);
	h->attr = p->attr;
	h->peer = p->peer;
	h->known = known;
	h->is_long = is_long;
	h->has_room = true;
	h->cost += DRESS_IDS;
	if (is_long) {
		h->has_room = attr_add_community(p->attr, COMMUNITY_LLGR_STALE, &h->draft);
		h->next_hop = attr_next_hop(p->attr);
	}
	if (t->judge != NULL && h->has_room) {
		if (is_long) {
			judge_begin(t->judge, p->peer, &h->draft, &h->next_hop, known);
		} else {
			judge_begin_attr(t->judge, p->peer, p->attr, known);
		}
	}
}

/* The verdict, as judge_route() gives it. */
static struct judged hearing_verdict(const struct table *t, struct hearing *h, entry_id_t id,
				     enum reject reason)
{
	if (!h->has_room) {
		return (struct judged){.attr = NULL};
	}
	if (t->judge == NULL) {
		ASSERT(t->intern != NULL && h->is_long);
		return (struct judged){.attr = intern_get(t->intern, &h->draft, &h->next_hop, 1),
				       .reason = reason};
	}
	const struct prefix prefix = slab_prefix(&t->slab.slab, id);
	h->cost += DRESS_IDS;
	return judge_route(t->judge, &prefix);
}

/* Working path `i` gets what the judge says; `refused` counts when there is no room. */
static void apply_verdict(struct table *t, struct hearing *h, entry_id_t id, unsigned i,
			  metric_t *refused)
{
	struct paths_one one;
	const struct path p = table_working(t, id, &one)->path[i];
	struct judged v = hearing_verdict(t, h, id, p.reason);
	if (v.attr == NULL) {
		metric_add(refused, 1);
		working_remove(t, id, i);
	} else if (v.attr != p.attr || v.reason != p.reason) {
		if (v.attr == p.attr) {
			outbox_adjust(t->outbox, v.attr, 1);
		}
		table_dress_path(t, id, i, v.attr, v.reason);
	}
}

/* RFC 9494 §4.2: a route with NO_LLGR goes, the others get LLGR_STALE. */
static void make_long_lived(struct table *t, struct hearing *h, entry_id_t id, unsigned i)
{
	struct paths_one one;
	const struct path *p = &table_working(t, id, &one)->path[i];
	if (p->attr->facts.is_no_llgr) {
		working_remove(t, id, i);
		return;
	}
	if (p->attr->facts.is_llgr_stale) {
		return; /* It came so, or was visited before. */
	}
	metric_t *refused = &t->peer_stats[p->peer].refused_llgr;
	hearing_begin(t, h, p, true);
	apply_verdict(t, h, id, i, refused);
}

/* What the prefix limit kept out is judged as if it had not, while the member's grant lasts. */
static void unblock(struct table *t, struct hearing *h, entry_id_t id, unsigned i)
{
	struct paths_one one;
	struct path p = table_working(t, id, &one)->path[i];
	struct member *m = &t->member[p.peer];
	struct judged v = {.attr = p.attr};
	if (p.reason != REJECT_MAX_PREFIX || m->unblock == 0) {
		return;
	}
	if (t->judge != NULL) {
		p.reason = REJECT_NONE;
		hearing_begin(t, h, &p, false);
		v = hearing_verdict(t, h, id, REJECT_NONE);
	}
	if (v.attr == NULL) {
		return; /* There is no room for its set: it stays where it is. */
	}
	if (v.attr == p.attr) {
		outbox_adjust(t->outbox, v.attr, 1); /* For the path that takes its place. */
	}
	m->unblock -= v.reason == REJECT_NONE;
	table_dress_path(t, id, i, v.attr, v.reason);
}

/* A grant is for what was blocked when it came. */
static void end_grants(struct table *t)
{
	for (unsigned i = 0; i < t->peer_count; i++) {
		t->member[i].unblock = 0;
	}
}

static void sweep_entry(struct table *t, struct hearing *h, entry_id_t id)
{
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	for (unsigned i = w == NULL ? 0 : w->count; i-- > 0; w = table_working(t, id, &one)) {
		switch (path_life(t, &w->path[i])) {
		case PATH_LIVE:
		case PATH_OLD:
		case PATH_STALE:
			unblock(t, h, id, i);
			break;
		case PATH_STALE_LONG:
			make_long_lived(t, h, id, i);
			break;
		case PATH_GONE:
			working_remove(t, id, i);
			break;
		}
	}
}

/* Whether the scope has the entry's paths whatever their announcers: first what costs least. */
static bool has_prefix(const struct table *t, entry_id_t id)
{
	if (t->scope->is_all || (t->scope->prefixes == NULL && t->scope->bounded == NULL)) {
		return t->scope->is_all;
	}
	const struct prefix prefix = slab_prefix(&t->slab.slab, id);
	return policy_scope_has_prefix(t->scope, &prefix);
}

static bool has_own(const struct table *t, entry_id_t id, peer_id_t peer)
{
	const struct policy_scope *s = t->scope;
	if (peer >= s->own_count || s->own[peer] == NULL) {
		return s->announcers != NULL && bits_has(s->announcers, peer);
	}
	const struct prefix prefix = slab_prefix(&t->slab.slab, id);
	return policy_scope_has_own(s, peer, &prefix);
}

static bool has_path(const struct table *t, entry_id_t id, const struct path *p)
{
	return has_own(t, id, p->peer) ||
	       ((t->scope->meanings != 0 || t->scope->named_count > 0) &&
		judge_is_said(t->judge, t->scope, p->attr, (enum reject)p->reason));
}

static void judge_entry(struct table *t, struct hearing *h, entry_id_t id)
{
	struct paths_one one;
	const struct paths *w = table_working(t, id, &one);
	if (w == NULL) {
		return;
	}
	bool is_whole = has_prefix(t, id);
	for (unsigned i = w->count; i-- > 0; w = table_working(t, id, &one)) {
		const struct path *p = &w->path[i];
		if (is_whole || has_path(t, id, p)) {
			metric_t *refused = &t->peer_stats[p->peer].refused_sets;
			hearing_begin(t, h, p, false);
			apply_verdict(t, h, id, i, refused);
		}
	}
}

/* One step around the circle; false when nobody needs one. */
static bool step(struct table *t, struct hearing *h)
{
	if (t->is_sweeping && circle_is_done(&t->sweep, &t->sweep_end)) {
		t->is_sweeping = false;
		end_grants(t);
	}
	t->is_judging = t->is_judging && !circle_is_done(&t->sweep, &t->judge_end);
	if (!t->is_sweeping && !t->is_judging) {
		return false;
	}
	if (t->sweep.at >= t->slab.slab.count) {
		t->sweep = (struct circle){.lap = t->sweep.lap + 1};
		return true;
	}
	entry_id_t id = t->sweep.at++;
	if (t->is_sweeping) {
		sweep_entry(t, h, id);
	}
	if (t->is_judging) {
		judge_entry(t, h, id);
	}
	return true;
}

void sweep_turn(struct table *t)
{
	if (!t->is_sweeping && !t->is_judging) {
		return;
	}
	struct hearing h;
	h.attr = NULL;
	for (h.cost = 0; h.cost < SLICE_IDS; h.cost++) {
		if (!step(t, &h)) {
			break;
		}
	}
	hearing_end(t, &h);
	if (!t->is_judging) {
		t->scope = NULL;
	}
}
