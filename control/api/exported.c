/* Counting views without asking view_n() for every member.
 *
 * Of the paths that suit a class, a member is sent the first n (1, or several: RFC 7911) that are
 * not its own.  So all members of the class but the announcers of the first few are sent the same
 * number, and for those few it is noted how many less.  That is O(entries × classes in use) and not
 * O(entries × members); but for the entries where policy keeps a path from somebody: there
 * every member is asked about.
 */
#include "control/api/exported.h"

#include <stdlib.h>

#include "rib/base/check.h"

/* So many views take as long as one id of a scan. */
#define ASKED_FOR_AN_ID 4

static const struct exported_class *find(const struct exported *e, unsigned class_idx,
					 unsigned family)
{
	for (unsigned i = 0; i < e->count; i++) {
		if (e->of[i].class_idx == class_idx && e->of[i].family == (enum family)family) {
			return &e->of[i];
		}
	}
	return NULL;
}

static void need(struct exported *e, uint8_t class_idx, unsigned family)
{
	if (find(e, class_idx, family) != NULL) {
		return;
	}
	e->of = realloc(e->of, (e->count + 1) * sizeof(*e->of));
	ASSERT(e->of != NULL);
	struct exported_class *c = &e->of[e->count++];
	*c = (struct exported_class){.class_idx = class_idx, .family = (enum family)family};
	c->less = calloc(e->peer_count + 1, sizeof(*c->less));
	ASSERT(c->less != NULL);
}

void exported_init(struct exported *e, const struct server *server, unsigned peer_count)
{
	*e = (struct exported){.server = server, .peer_count = peer_count};
	for (unsigned i = 0; i < peer_count; i++) {
		struct member_status st;
		server_member_status(server, (peer_id_t)i, &st);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			if (st.state == FSM_ESTABLISHED && st.families[f]) {
				need(e, st.class_idx[f], f);
			}
		}
	}
}

void exported_fini(struct exported *e)
{
	for (unsigned i = 0; i < e->count; i++) {
		free(e->of[i].less);
	}
	free(e->of);
	*e = (struct exported){0};
}

/* Announcers of the first suitable paths, in rank order: as many as any member may need. */
struct front {
	unsigned n, count;
	bool has_reach; /* One has parts; then this is not whole. */
	peer_id_t peer[VIEW_MAX + UINT8_MAX + 1];
};

static unsigned own_count(const struct front *f, peer_id_t peer)
{
	unsigned own = 0;
	for (unsigned i = 0; i < f->count; i++) {
		own += f->peer[i] == peer;
	}
	return own;
}

static void front_fill(struct front *f, const struct paths *paths, const struct update_form *form)
{
	unsigned own_max = 0;
	for (unsigned i = 0; i < paths->ranked_count && f->count - own_max < f->n; i++) {
		const struct attr *attr = paths->path[i].attr;
		if (attr->reach != NULL) {
			f->has_reach = true;
			return;
		}
		if (attr_suits(attr_sent(attr), form) && f->count < ARRAY_COUNT(f->peer)) {
			f->peer[f->count++] = paths->path[i].peer;
			unsigned own = own_count(f, paths->path[i].peer);
			own_max = own > own_max ? own : own_max;
		}
	}
}

/* What a member is sent that has `own` of the front's paths. */
static unsigned sent(const struct front *f, unsigned own)
{
	return f->count - own < f->n ? f->count - own : f->n;
}

/* One by one: as if everybody were sent `n`. */
static void add_each(struct exported_class *c, const struct exported *e, const struct scan_hit *hit,
		     const struct update_form *form, unsigned n)
{
	const struct path *seen[VIEW_MAX];
	c->routes += n;
	for (unsigned i = 0; i < e->peer_count; i++) {
		c->less[i] += n - view_n(hit->paths, (peer_id_t)i, form, n, seen);
	}
}

/* Returns how many members had to be asked. */
static unsigned add_to(struct exported_class *c, const struct exported *e,
		       const struct scan_hit *hit)
{
	const struct shard *shard = server_shard(e->server, (core_id_t)hit->shard);
	const struct update_form form = shard_form(shard, hit->family, c->class_idx);
	struct front f = {.n = form.has_path_ids ? shard_view_max(shard) : 1};
	front_fill(&f, hit->paths, &form);
	if (f.has_reach) {
		add_each(c, e, hit, &form, f.n);
		return e->peer_count;
	}
	c->routes += sent(&f, 0);
	for (unsigned i = 0; i < f.count; i++) {
		bool is_first = true;
		for (unsigned k = 0; k < i; k++) {
			is_first = is_first && f.peer[k] != f.peer[i];
		}
		if (is_first && f.peer[i] < e->peer_count) {
			c->less[f.peer[i]] += sent(&f, 0) - sent(&f, own_count(&f, f.peer[i]));
		}
	}
	return 0;
}

void exported_add(struct exported *e, const struct scan_hit *hit, unsigned *budget)
{
	unsigned asked = 0;
	for (unsigned i = 0; i < e->count; i++) {
		if (e->of[i].family == hit->family) {
			asked += add_to(&e->of[i], e, hit);
		}
	}
	unsigned ids = asked / ASKED_FOR_AN_ID;
	*budget -= ids < *budget ? ids : *budget;
}

uint64_t exported_family(const struct exported *e, peer_id_t peer, const struct member_status *st,
			 enum family family)
{
	ASSERT(peer < e->peer_count);
	const struct exported_class *c = st->state == FSM_ESTABLISHED && st->families[family]
						 ? find(e, st->class_idx[family], family)
						 : NULL;
	return c != NULL ? c->routes - c->less[peer] : 0;
}

uint64_t exported_of(const struct exported *e, peer_id_t peer, const struct member_status *st)
{
	uint64_t count = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		count += exported_family(e, peer, st, (enum family)f);
	}
	return count;
}
