/* Who has which number: see roster.h. */
#include "control/config/roster.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
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

enum keep keep_of(const struct config_client *client)
{
	const struct client_policy *p = &client->policy;
	if (p->route_view == ROUTE_VIEW_OWN_TENANT || p->route_view == ROUTE_VIEW_NONE ||
	    p->route_view == ROUTE_VIEW_DEFAULT || p->export_allow.has_peers ||
	    p->export_allow.prefixes != NULL) {
		return KEEP_NONE;
	}
	return p->route_view == ROUTE_VIEW_CUSTOMERS_PEERS ? KEEP_CUSTOMERS_PEERS : KEEP_FULL;
}

const uint64_t *roster_kept(const struct roster *r, enum keep keep)
{
	return r->kept[keep];
}

static enum keep kept_as(const struct roster *r, peer_id_t peer)
{
	enum keep keep = KEEP_FULL;
	while (!bits_has(r->kept[keep], peer)) {
		keep++;
		ASSERT(keep < KEEP_COUNT);
	}
	return keep;
}

static void keep_as(struct roster *r, peer_id_t peer, enum keep keep)
{
	bits_clear(r->kept[kept_as(r, peer)], peer);
	bits_set(r->kept[keep], peer);
}

/* Each second one, and one that is alone. */
static void share(struct roster *r, enum keep from, enum keep to)
{
	bool is_second = false;
	for (unsigned i = r->capacity; i-- > 0;) {
		if (r->row[i].client == NULL && bits_has(r->kept[from], i)) {
			if (!is_second) {
				keep_as(r, (peer_id_t)i, to);
			}
			is_second = !is_second;
		}
	}
}

void roster_share(struct roster *r, peer_id_t taken, enum keep keep)
{
	enum keep from = kept_as(r, taken);
	if (from != keep) {
		share(r, from, keep);
	}
}

/* Sets of attributes that nobody is kept from do not name their receivers, and are smaller.  Where
 * sessions come while the server runs, or some hear less already, that is not to be had. */
static void make_kept(struct roster *r, const struct config *c)
{
	bool is_shared = c->registry.is_on;
	for (unsigned k = 0; k < KEEP_COUNT; k++) {
		r->kept[k] = calloc(r->capacity / 64 + 1, sizeof(uint64_t));
		ASSERT(r->kept[k] != NULL);
	}
	for (unsigned i = 0; i < r->capacity; i++) {
		bits_set(r->kept[KEEP_FULL], i);
	}
	for (unsigned i = 0; i < c->client_count; i++) {
		is_shared |= keep_of(&c->client[i]) != KEEP_FULL;
	}
	if (is_shared) {
		share(r, KEEP_FULL, KEEP_NONE);
		share(r, KEEP_FULL, KEEP_CUSTOMERS_PEERS);
	}
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
	make_kept(r, c);
	return r;
}

void roster_free(struct roster *r)
{
	if (r != NULL) {
		for (unsigned k = 0; k < KEEP_COUNT; k++) {
			free(r->kept[k]);
		}
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
	keep_as(r, peer, keep_of(r->row[peer].client));
	r->row[peer].client = NULL;
}
