/* Whose segment it is: the table of members' addresses.
 *
 * It is immutable, and replaced whole under RCU when a member comes, goes or is to be nearer; so
 * every worker reads it without any protocol.  A row holds all that another worker than the
 * member's asks: its struct member is the owner's alone.  A member belongs to worker (id mod
 * workers), which spreads them evenly whatever their addresses. */
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

struct place {
	size_t mask;
	struct place_row row[]; /* Open-addressed; PEER_NONE: empty. */
};

static size_t first_of(const struct server *s, const struct place *p, const struct addr *addr)
{
	return hash_bytes(addr->bytes, sizeof(addr->bytes), s->key ^ addr->family) & p->mask;
}

const struct place_row *place_find(const struct server *s, const struct addr *addr)
{
	const struct place *p = epoch_read(s->place);
	for (size_t i = first_of(s, p, addr);; i = (i + 1) & p->mask) {
		const struct place_row *row = &p->row[i];
		if (row->peer == PEER_NONE) {
			return NULL;
		}
		if (addr_equal(&row->addr, addr)) {
			return row;
		}
	}
}

core_id_t place_worker(const struct server *s, peer_id_t peer)
{
	return (core_id_t)(peer % s->opts.core_count);
}

core_id_t place_member(const struct server *s, const struct addr *addr)
{
	const struct place_row *row = place_find(s, addr);
	return row == NULL ? 0 : place_worker(s, row->peer);
}

struct place *place_new(const struct server *s, const struct place_row *rows, size_t count)
{
	size_t size = 16;
	while (size < 2 * count) {
		size *= 2;
	}
	struct place *p = malloc(sizeof(*p) + size * sizeof(p->row[0]));
	if (p == NULL) {
		return NULL;
	}
	p->mask = size - 1;
	for (size_t i = 0; i < size; i++) {
		p->row[i] = (struct place_row){.peer = PEER_NONE};
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = first_of(s, p, &rows[i].addr);
		while (p->row[at].peer != PEER_NONE) {
			ASSERT(!addr_equal(&p->row[at].addr, &rows[i].addr));
			at = (at + 1) & p->mask;
		}
		p->row[at] = rows[i];
	}
	return p;
}
