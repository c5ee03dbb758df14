/* Who is sent an accepted route, and in which form: see plan.h. */
#include "rib/policy/plan.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/export_index.h"

/* Every combination of what the communities can ask for one member. */
static_assert((PREPEND_MAX + 1) * 2 * 2 == REACH_PARTS_MAX, "a part for each");

struct planner {
	const struct policy *policy;
	struct asks_room *room;
	unsigned words;
	uint64_t *everyone;
	uint64_t *who;
	uint64_t *part[REACH_PARTS_MAX];
	uint64_t word[];
};

struct planner *planner_new(const struct policy *p)
{
	unsigned words = index_words(p->index);
	struct planner *pl =
		calloc(1, sizeof(*pl) + (REACH_PARTS_MAX + 2) * words * sizeof(pl->word[0]));
	if (pl == NULL) {
		return NULL;
	}
	pl->policy = p;
	pl->words = words;
	for (unsigned i = 0; i < REACH_PARTS_MAX; i++) {
		pl->part[i] = pl->word + i * words;
	}
	pl->everyone = pl->word + REACH_PARTS_MAX * words;
	pl->who = pl->everyone + words;
	for (unsigned i = 0; i < p->peer_count; i++) {
		bits_set(pl->everyone, i);
	}
	pl->room = asks_room_new(p->index, pl->everyone);
	if (pl->room == NULL) {
		planner_free(pl);
		return NULL;
	}
	return pl;
}

void planner_free(struct planner *pl)
{
	if (pl != NULL) {
		asks_room_free(pl->room);
		free(pl);
	}
}

/* What all who are sent the route have in common. */
static struct dress common_dress(const struct policy *p, const struct plan_route *r)
{
	const struct peer_policy *peer = p->peer[r->peer];
	struct dress d = {
		.scrubbed = dress_scrubbed(),
		.prepend_as = r->view->facts->neighbor_as,
		.adds_graceful_shutdown = r->verdict->is_draining, /* RFC 8326 §4.1. */
	};
	if (peer == NULL) {
		return d;
	}
	d.tags = r->verdict->tags;
	d.attach = peer->attach;
	d.attach_count = peer->attach_count;
	d.adds_blackhole = r->verdict->is_blackhole;
	d.adds_no_export = r->verdict->is_blackhole && p->blackhole_adds_noexport;
	/* Who takes no part in graceful shutdown is not announced as about to go. */
	if (p->has_graceful_shutdown && !peer->has_graceful_shutdown && !r->verdict->is_blackhole) {
		d.scrubbed |= MEANING_BIT(MEANING_GRACEFUL_SHUTDOWN);
	}
	return d;
}

static const uint64_t *limits_of(const struct planner *pl, const struct plan_route *r)
{
	return r->verdict->is_limited ? pl->policy->peer[r->peer]->limited_to : NULL;
}

static bool is_for_nobody(const struct planner *pl, const struct plan_route *r)
{
	if (r->verdict->is_limited && limits_of(pl, r) == NULL) {
		return true;
	}
	/* RFC 1997: a route server's members are other ASes.  Where policy does not obey it the
	 * communities have no such meaning. */
	uint64_t kept_back = MEANING_BIT(MEANING_NO_EXPORT) | MEANING_BIT(MEANING_NO_ADVERTISE);
	return r->verdict->is_unsent || (r->meanings & kept_back) != 0;
}

static void keep(uint64_t *word, const uint64_t *those, unsigned words)
{
	for (unsigned i = 0; those != NULL && i < words; i++) {
		word[i] &= those[i];
	}
}

static const uint64_t *takers_of(const struct planner *pl, const struct plan_route *r)
{
	const struct export_index *exports = index_exports(pl->policy->index);
	return r->takers != NULL ? r->takers : exports != NULL ? export_index_rest(exports) : NULL;
}

/* Members of `who` by what they are sent, in the order of prepends, then NO_EXPORT. */
static void divide(struct planner *pl, const struct asks *asks, const struct dress *common,
		   struct plan *out)
{
	for (unsigned kind = 0; kind < REACH_PARTS_MAX; kind++) {
		unsigned times = kind / 4;
		bool is_no_export = (kind & 2) != 0, is_no_advertise = (kind & 1) != 0;
		uint64_t *word = pl->part[kind], any = 0;
		for (unsigned i = 0; i < pl->words; i++) {
			uint64_t plain =
				~(asks->prepend[0][i] | asks->prepend[1][i] | asks->prepend[2][i]);
			uint64_t no_export = asks->no_export[i];
			uint64_t no_advertise = asks->no_advertise[i];
			word[i] = pl->who[i] & (times > 0 ? asks->prepend[times - 1][i] : plain) &
				  (is_no_export ? no_export : ~no_export) &
				  (is_no_advertise ? no_advertise : ~no_advertise);
			any |= word[i];
		}
		if (any == 0) {
			continue;
		}
		struct plan_part *part = &out->part[out->count++];
		part->members = word;
		part->dress = *common;
		part->dress.prepend = common->prepend_as != 0 ? times : 0;
		part->dress.adds_no_export |= is_no_export;
		part->dress.adds_no_advertise |= is_no_advertise;
	}
}

void plan_make(struct planner *pl, const struct plan_route *r, struct plan *out)
{
	const struct policy_index *x = pl->policy->index;
	const uint64_t *hearers = index_hearers(x, r->peer);
	const uint64_t *takers = takers_of(pl, r);
	const uint64_t *receivers = r->verdict->is_blackhole ? index_blackhole_receivers(x) : NULL;
	const uint64_t *limits = limits_of(pl, r);
	bool is_asking = asks_anything(r->meanings);
	struct dress common = common_dress(pl->policy, r);
	out->count = 0;
	out->is_for_everyone = false;
	if (is_for_nobody(pl, r)) {
		return;
	}
	if (!is_asking && hearers == NULL && takers == NULL && receivers == NULL &&
	    limits == NULL) {
		out->is_for_everyone = true;
		out->count = 1;
		out->part[0] = (struct plan_part){.members = pl->everyone, .dress = common};
		return;
	}
	const struct asks *asks =
		is_asking ? asks_resolve(pl->room, r->meanings, r->view->facts, r->view->wire)
			  : NULL;
	memcpy(pl->who, asks != NULL ? asks->who : pl->everyone, pl->words * sizeof(pl->who[0]));
	keep(pl->who, hearers, pl->words);
	keep(pl->who, takers, pl->words);
	keep(pl->who, receivers, pl->words);
	keep(pl->who, limits, pl->words);
	if (asks != NULL) {
		divide(pl, asks, &common, out);
	} else if (!bits_is_empty(pl->who, pl->words)) {
		out->count = 1;
		out->part[0] = (struct plan_part){.members = pl->who, .dress = common};
	}
	out->is_for_everyone = out->count == 1 && memcmp(out->part[0].members, pl->everyone,
							 pl->words * sizeof(uint64_t)) == 0;
}
