/* Several paths to a member: see several.h. */
#include "rib/table/several.h"

#include "rib/base/check.h"
#include "rib/table/walk.h"

/* Suitable paths in rank order, as many as any member may get: without those of the member that
 * has the most among them, there are still n (or all that there are). */
#define FRONT_MAX (VIEW_MAX + PATHID_SLOTS_MAX + 1)

struct front {
	unsigned n, count;
	bool has_reach; /* One has parts: walk.h, and this front is not whole. */
	const struct path *path[FRONT_MAX];
};

/* Members that are told apart. */
struct apart {
	unsigned count;
	peer_id_t peer[2 * VIEW_MAX];
};

static unsigned own_count(const struct front *f, unsigned end, peer_id_t peer)
{
	unsigned own = 0;
	for (unsigned i = 0; i < end; i++) {
		own += f->path[i]->peer == peer;
	}
	return own;
}

static void front_fill(struct front *f, struct table *t, const struct paths *p, unsigned class_idx)
{
	unsigned own_max = 0;
	f->n = t->view_max;
	f->count = 0;
	f->has_reach = false;
	for (unsigned i = 0; p != NULL && i < p->ranked_count && f->count - own_max < f->n; i++) {
		const struct attr *attr = p->path[i].attr;
		if (attr->reach != NULL) {
			f->has_reach = true;
			return;
		}
		if (batch_suits(t->batch, t, attr_sent(attr), class_idx)) {
			ASSERT(f->count < FRONT_MAX);
			f->path[f->count++] = &p->path[i];
			unsigned own = own_count(f, f->count, p->path[i].peer);
			own_max = own > own_max ? own : own_max;
		}
	}
}

static int front_find(const struct front *f, uint32_t key)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (path_key(f->path[i]) == key) {
			return (int)i;
		}
	}
	return -1;
}

/* Whether the path at `at` (-1: none) is among those that the member gets; PEER_NONE: one that has
 * none of its own in front. */
static bool is_given(const struct front *f, int at, peer_id_t peer)
{
	return at >= 0 && f->path[at]->peer != peer &&
	       (unsigned)at - own_count(f, (unsigned)at, peer) < f->n;
}

static void apart_add(struct apart *a, const struct front *f, const struct audience_cache *members)
{
	for (unsigned i = 0; i < f->count && i < f->n; i++) {
		peer_id_t peer = f->path[i]->peer;
		bool is_there = !audience_cache_has(members, peer);
		for (unsigned k = 0; k < a->count && !is_there; k++) {
			is_there = a->peer[k] == peer;
		}
		if (!is_there) {
			ASSERT(a->count < ARRAY_COUNT(a->peer));
			a->peer[a->count++] = peer;
		}
	}
}

/* What a member hears about a path: nothing, its set, or that it is withdrawn. */
enum news { NEWS_NONE, NEWS_SET, NEWS_GONE };

struct change {
	const struct front *was, *now;
	int was_at, now_at; /* -1: not in that front. */
};

static enum news news_of(const struct change *c, peer_id_t peer)
{
	bool had = is_given(c->was, c->was_at, peer), has = is_given(c->now, c->now_at, peer);
	if (!has) {
		return had ? NEWS_GONE : NEWS_NONE;
	}
	bool is_same = had && attr_equal(attr_sent(c->was->path[c->was_at]->attr),
					 attr_sent(c->now->path[c->now_at]->attr));
	return is_same ? NEWS_NONE : NEWS_SET;
}

struct saying {
	struct table *t;
	unsigned class_idx;
	entry_id_t id;
	struct audience_cache *members;
	const struct apart *apart;
};

static void say(const struct saying *s, const struct change *c)
{
	const struct path *p = c->now_at >= 0 ? c->now->path[c->now_at] : c->was->path[c->was_at];
	enum news rest = news_of(c, PEER_NONE), news[2 * VIEW_MAX];
	for (unsigned i = 0; i < s->apart->count; i++) {
		news[i] = news_of(c, s->apart->peer[i]);
	}
	for (enum news what = NEWS_SET; what <= NEWS_GONE; what++) {
		bool is_in[2 * VIEW_MAX], is_any = rest == what;
		for (unsigned i = 0; i < s->apart->count; i++) {
			is_in[i] = news[i] == what;
			is_any |= is_in[i];
		}
		if (is_any) {
			batch_add_path(s->t->batch, s->t, s->class_idx,
				       what == NEWS_SET ? attr_sent(p->attr) : NULL,
				       audience_cache_pick(s->members, rest == what, s->apart->peer,
							   is_in, s->apart->count),
				       s->id, path_id_sent(p));
		}
	}
}

static void say_all(const struct saying *s, const struct front *was, const struct front *now)
{
	for (unsigned i = 0; i < now->count; i++) {
		struct change c = {was, now, front_find(was, path_key(now->path[i])), (int)i};
		say(s, &c);
	}
	for (unsigned i = 0; i < was->count; i++) {
		struct change c = {was, now, (int)i, -1};
		if (front_find(now, path_key(was->path[i])) < 0) {
			say(s, &c);
		}
	}
}

void several_diff(struct table *t, unsigned class_idx, entry_id_t id, const struct paths *was,
		  const struct paths *now)
{
	struct front before, after;
	struct apart apart = {0};
	struct saying s = {t, class_idx, id, t->wire[class_idx]->members, &apart};
	front_fill(&before, t, was, class_idx);
	front_fill(&after, t, now, class_idx);
	if (before.has_reach || after.has_reach) {
		walk_diff_several(t, class_idx, s.members, id, was, now);
		return;
	}
	apart_add(&apart, &before, s.members);
	apart_add(&apart, &after, s.members);
	say_all(&s, &before, &after);
}

void several_scan(struct table *t, unsigned class_idx, entry_id_t id)
{
	struct front nothing = {.n = t->view_max}, now;
	struct paths_one one;
	struct apart apart = {0};
	struct saying s = {t, class_idx, id, t->wire[class_idx]->riders, &apart};
	const struct paths *paths = entry_paths(slab_at(&t->slab.slab, id), &one);
	front_fill(&now, t, paths, class_idx);
	if (now.has_reach) {
		walk_diff_several(t, class_idx, s.members, id, NULL, paths);
		return;
	}
	apart_add(&apart, &now, s.members);
	say_all(&s, &nothing, &now);
}
