/* An ordered set of keys, each with an object: all indexes of the registry in one.
 *
 * A key is a tag (which index), then the fields that it is ordered by, as big-endian bytes, then
 * the object's id, which makes it unique.  Every question is a range of keys.  Keys lie sorted in
 * chunks of at most 128, and the chunks lie sorted in one array: with a million keys, a search
 * reads about 14 + 7 keys, and a change moves 3 kB on average; the array of chunks moves once in
 * 64 insertions.  A balanced tree needs as many reads, each a cache miss, and more memory. */
#pragma once

#include "control/registry/object.h"

#define KEYSET_KEY_MAX 40

struct keyset_key {
	uint8_t bytes[KEYSET_KEY_MAX]; /* Zero to its end. */
};

struct keyset;

struct keyset *keyset_new(void);
void keyset_free(struct keyset *x); /* NULL does nothing; the objects are not its own. */
size_t keyset_count(const struct keyset *x);
/* The key must not be there. */
void keyset_add(struct keyset *x, const struct keyset_key *key, const struct registry_object *o);
/* The key must be there. */
void keyset_remove(struct keyset *x, const struct keyset_key *key);
/* NULL: it is not there. */
const struct registry_object *keyset_get(const struct keyset *x, const struct keyset_key *key);

/* A walk from the first key that is not before one; good until the index changes. */
struct keyset_walk {
	const struct keyset *set;
	size_t chunk, at;
};

struct keyset_walk keyset_from(const struct keyset *x, const struct keyset_key *key);
/* The next object whose key begins with the first `len` bytes of `key`; NULL: no more.  *out_key
 * (may be NULL) is the key, good until the index changes. */
const struct registry_object *keyset_next(struct keyset_walk *w, const struct keyset_key *key,
					  size_t len, const struct keyset_key **out_key);
/* How many keys begin with the first `len` bytes of `key`.  O(log n + those / 64). */
size_t keyset_count_of(const struct keyset *x, const struct keyset_key *key, size_t len);

/* Building a key. */
struct key_cursor {
	struct keyset_key key;
	size_t len;
};

static inline void key_put(struct key_cursor *c, const void *bytes, size_t len)
{
	memcpy(c->key.bytes + c->len, bytes, len);
	c->len += len;
}

static inline void key_u8(struct key_cursor *c, uint8_t v)
{
	key_put(c, &v, 1);
}

static inline void key_u64(struct key_cursor *c, uint64_t v)
{
	uint64_t be = __builtin_bswap64(v);
	key_put(c, &be, sizeof(be));
}

static inline void key_id(struct key_cursor *c, const char *id)
{
	size_t len = strnlen(id, REGISTRY_ID_LEN);
	memcpy(c->key.bytes + c->len, id, len);
	c->len += REGISTRY_ID_LEN; /* Zeros behind a shorter one. */
}
