/* An array of counted filters. */
#include "control/irr/use.h"

#include <stdlib.h>

#include "rib/base/check.h"

struct irr_use {
	struct irr *irr;
	unsigned peer_count;
	const struct irr_filter *filter[];
};

struct irr_use *irr_use_new(struct irr *i, unsigned peer_count)
{
	struct irr_use *u = calloc(1, sizeof(*u) + peer_count * sizeof(u->filter[0]));
	ASSERT(u != NULL);
	u->irr = i;
	u->peer_count = peer_count;
	return u;
}

void irr_use_free(struct irr_use *u)
{
	if (u == NULL) {
		return;
	}
	for (unsigned peer = 0; peer < u->peer_count; peer++) {
		irr_use_set(u, (peer_id_t)peer, NULL, 0);
	}
	free(u);
}

void irr_use_set(struct irr_use *u, peer_id_t peer, const struct irr_choice *c, usec_t now)
{
	ASSERT(peer < u->peer_count);
	const struct irr_filter *before = u->filter[peer];
	u->filter[peer] = NULL;
	if (c != NULL) {
		struct irr_names names;
		struct irr_choice choice = *c;
		choice.dump = irr_peeringdb(u->irr);
		irr_choose(&choice, &names);
		u->filter[peer] = irr_filter_get(u->irr, &names, now);
	}
	/* After the new one: what both name stays. */
	if (before != NULL) {
		irr_filter_put(u->irr, before);
	}
}

const struct irr_filter *irr_use_of(const struct irr_use *u, peer_id_t peer)
{
	ASSERT(peer < u->peer_count);
	return u->filter[peer];
}
