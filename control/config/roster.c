/* Who has which number: see roster.h. */
#include "control/config/roster.h"

#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

static void make_index(struct roster *r)
{
	r->bucket_count = 64;
	while (r->bucket_count < r->capacity) {
		r->bucket_count *= 2;
	}
	r->bucket = malloc(r->bucket_count * sizeof(*r->bucket));
	r->next = malloc((r->capacity + 1) * sizeof(*r->next));
	ASSERT(r->bucket != NULL && r->next != NULL);
	for (unsigned i = 0; i < r->bucket_count; i++) {
		r->bucket[i] = PEER_NONE;
	}
}

/* Addresses are the operator's choice: nobody gains by making them fall together. */
static peer_id_t *chain_of(const struct roster *r, const struct addr *a)
{
	return &r->bucket[hash_bytes(a, sizeof(*a), 0) & (r->bucket_count - 1)];
}

static void unchain(struct roster *r, peer_id_t peer)
{
	peer_id_t *at = chain_of(r, &r->row[peer].addr);
	while (*at != peer) {
		ASSERT(*at != PEER_NONE);
		at = &r->next[*at];
	}
	*at = r->next[peer];
}

struct roster *roster_new(const struct config *c, unsigned capacity)
{
	ASSERT(capacity >= c->client_count && capacity <= PEER_COUNT_MAX);
	struct roster *r = calloc(1, sizeof(*r) + capacity * sizeof(r->row[0]));
	ASSERT(r != NULL);
	r->capacity = capacity;
	make_index(r);
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
	if (r != NULL) {
		free(r->bucket);
		free(r->next);
		free(r);
	}
}

const struct config_client *roster_client(const struct roster *r, peer_id_t peer)
{
	return peer < r->capacity ? r->row[peer].client : NULL;
}

peer_id_t roster_find(const struct roster *r, const struct addr *addr)
{
	peer_id_t peer = *chain_of(r, addr);
	while (peer != PEER_NONE && !addr_equal(&r->row[peer].addr, addr)) {
		peer = r->next[peer];
	}
	return peer;
}

void roster_set(struct roster *r, peer_id_t peer, const struct config_client *client)
{
	ASSERT(peer < r->capacity);
	if (r->row[peer].client != NULL) {
		unchain(r, peer);
	}
	r->row[peer] = (struct roster_row){client, client->ip, client->asn};
	peer_id_t *chain = chain_of(r, &client->ip);
	r->next[peer] = *chain;
	*chain = peer;
}

void roster_remove(struct roster *r, peer_id_t peer)
{
	ASSERT(peer < r->capacity && r->row[peer].client != NULL);
	unchain(r, peer);
	r->row[peer].client = NULL;
}
