/* Who has which number: see roster.h. */
#include "control/config/roster.h"

#include <stdlib.h>

#include "rib/base/check.h"

struct roster *roster_new(const struct config *c, unsigned capacity)
{
	ASSERT(capacity >= c->client_count && capacity <= PEER_COUNT_MAX);
	struct roster *r = calloc(1, sizeof(*r) + capacity * sizeof(r->row[0]));
	ASSERT(r != NULL);
	r->capacity = capacity;
	for (unsigned i = 0; i < c->client_count; i++) {
		roster_set(r, (peer_id_t)i, &c->client[i]);
	}
	if (c->client_count < capacity) {
		/* Routes of our own have the last number (server_origin). */
		r->row[capacity - 1] = (struct roster_row){.addr = c->router_id, .asn = c->rs_as};
	}
	return r;
}

void roster_free(struct roster *r)
{
	free(r);
}

const struct config_client *roster_client(const struct roster *r, peer_id_t peer)
{
	return peer < r->capacity ? r->row[peer].client : NULL;
}

peer_id_t roster_find(const struct roster *r, const struct addr *addr)
{
	for (unsigned i = 0; i < r->capacity; i++) {
		if (r->row[i].client != NULL && addr_equal(&r->row[i].addr, addr)) {
			return (peer_id_t)i;
		}
	}
	return PEER_NONE;
}

void roster_set(struct roster *r, peer_id_t peer, const struct config_client *client)
{
	ASSERT(peer < r->capacity);
	r->row[peer] = (struct roster_row){client, client->ip, client->asn};
}

void roster_remove(struct roster *r, peer_id_t peer)
{
	ASSERT(peer < r->capacity && r->row[peer].client != NULL);
	r->row[peer].client = NULL;
}
