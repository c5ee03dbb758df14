/* Two counted filters for each member: the one in use, and one that waits for its data. */
#include "control/irr/use.h"

#include <stdlib.h>

#include "rib/base/check.h"

struct row {
	const struct irr_filter *now, *next; /* NULL: none. */
};

struct irr_use {
	struct irr *irr;
	unsigned peer_count;
	struct row row[];
};

struct irr_use *irr_use_new(struct irr *i, unsigned peer_count)
{
	struct irr_use *u = calloc(1, sizeof(*u) + peer_count * sizeof(u->row[0]));
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

static const struct irr_filter *choose(struct irr_use *u, const struct irr_choice *c, usec_t now)
{
	struct irr_names names;
	struct irr_choice choice = *c;
	choice.dump = irr_peeringdb(u->irr);
	irr_choose(&choice, &names);
	return irr_filter_get(u->irr, &names, now);
}

static void put(struct irr_use *u, const struct irr_filter *f)
{
	if (f != NULL) {
		irr_filter_put(u->irr, f);
	}
}

/* Filters are given back after the new one was got: AS-SETs that both name stay. */
void irr_use_set(struct irr_use *u, peer_id_t peer, const struct irr_choice *c, usec_t now)
{
	ASSERT(peer < u->peer_count);
	struct row *r = &u->row[peer];
	const struct row before = *r;
	const struct irr_filter *wanted = c != NULL ? choose(u, c, now) : NULL;
	bool is_early = wanted != NULL && before.now != NULL && wanted != before.now &&
			before.now->has_data && !wanted->is_whole;
	r->next = is_early ? wanted : NULL;
	if (!is_early) {
		r->now = wanted;
		put(u, before.now);
	}
	put(u, before.next);
}

const struct irr_filter *irr_use_of(const struct irr_use *u, peer_id_t peer)
{
	ASSERT(peer < u->peer_count);
	return u->row[peer].now;
}
