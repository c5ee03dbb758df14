/* Counting views without asking view() for every member.
 *
 * A member has no view of an entry when no ranked path fits its message form, or when the only one
 * that fits is its own.  So one look at the first two members with fitting paths settles it for all
 * members: count the entry once, and note the announcer of a sole path.  That is O(entries) and not
 * O(entries × members).
 */
#include "control/api/exported.h"

#include <stdlib.h>

#include "rib/base/check.h"

void exported_init(struct exported *e, unsigned peer_count)
{
	*e = (struct exported){.peer_count = peer_count};
	e->own =
		calloc((size_t)WIRE_CLASS_COUNT * FAMILY_COUNT * (peer_count + 1), sizeof(*e->own));
	ASSERT(e->own != NULL);
}

void exported_fini(struct exported *e)
{
	free(e->own);
	*e = (struct exported){0};
}

static uint32_t *own_of(const struct exported *e, unsigned class_idx, unsigned family,
			peer_id_t peer)
{
	ASSERT(peer < e->peer_count);
	return &e->own[(class_idx * FAMILY_COUNT + family) * (size_t)e->peer_count + peer];
}

static void add_class(struct exported *e, const struct scan_hit *hit, unsigned class_idx)
{
	const struct update_form form = wire_form(hit->family, class_idx);
	unsigned fitting = 0;
	peer_id_t announcer = PEER_NONE;
	for (unsigned i = 0; i < hit->paths->ranked_count && fitting < 2; i++) {
		const struct path *p = &hit->paths->path[i];
		if (p->peer != announcer && attr_suits(p->attr, &form)) {
			announcer = p->peer;
			fitting++;
		}
	}
	if (fitting > 0) {
		e->entries[class_idx][hit->family]++;
	}
	if (fitting == 1 && announcer < e->peer_count) {
		(*own_of(e, class_idx, hit->family, announcer))++;
	}
}

void exported_add(struct exported *e, const struct scan_hit *hit)
{
	for (unsigned class_idx = 0; class_idx < WIRE_CLASS_COUNT; class_idx++) {
		add_class(e, hit, class_idx);
	}
}

uint64_t exported_of(const struct exported *e, peer_id_t peer, const struct member_status *status)
{
	uint64_t count = 0;
	unsigned class_idx = status->is_as4 ? 0 : 1;
	for (unsigned f = 0; status->state == FSM_ESTABLISHED && f < FAMILY_COUNT; f++) {
		if (status->families[f]) {
			count += e->entries[class_idx][f] - *own_of(e, class_idx, f, peer);
		}
	}
	return count;
}
