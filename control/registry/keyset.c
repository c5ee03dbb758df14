/* An ordered set of keys in sorted chunks. */
#include "control/registry/keyset.h"

#include "control/registry/memory.h"

#define CHUNK_MAX 128

struct chunk {
	unsigned count; /* At least 1. */
	struct keyset_key key[CHUNK_MAX];
	const struct registry_object *object[CHUNK_MAX];
};

struct keyset {
	struct chunk **chunk; /* Sorted. */
	size_t chunks, room;
	size_t count;
};

struct keyset *keyset_new(void)
{
	return registry_alloc(1, sizeof(struct keyset));
}

void keyset_free(struct keyset *x)
{
	if (x == NULL) {
		return;
	}
	for (size_t i = 0; i < x->chunks; i++) {
		free(x->chunk[i]);
	}
	free(x->chunk);
	free(x);
}

size_t keyset_count(const struct keyset *x)
{
	return x->count;
}

static int key_cmp(const struct keyset_key *a, const struct keyset_key *b)
{
	return memcmp(a->bytes, b->bytes, KEYSET_KEY_MAX);
}

/* The last chunk that begins at or before the key; 0 when none does. */
static size_t chunk_of(const struct keyset *x, const struct keyset_key *key)
{
	size_t low = 0, high = x->chunks;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (key_cmp(&x->chunk[middle]->key[0], key) <= 0) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The first place in a chunk that is not before the key. */
static unsigned place_of(const struct chunk *c, const struct keyset_key *key)
{
	unsigned low = 0, high = c->count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (key_cmp(&c->key[middle], key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void chunk_insert(struct keyset *x, size_t at, struct chunk *c)
{
	if (x->chunks == x->room) {
		x->room = x->room == 0 ? 16 : x->room * 2;
		x->chunk = realloc(x->chunk, x->room * sizeof(*x->chunk));
		ASSERT(x->chunk != NULL);
	}
	memmove(&x->chunk[at + 1], &x->chunk[at], (x->chunks - at) * sizeof(*x->chunk));
	x->chunk[at] = c;
	x->chunks++;
}

/* Make two of a full chunk.  One that grows at its end keeps its keys, so that loading in order
 * leaves full chunks behind. */
static void chunk_split(struct keyset *x, size_t at, unsigned keep)
{
	struct chunk *c = x->chunk[at];
	struct chunk *upper = registry_alloc(1, sizeof(*upper));
	upper->count = c->count - keep;
	memcpy(upper->key, c->key + keep, upper->count * sizeof(*upper->key));
	memcpy(upper->object, c->object + keep, upper->count * sizeof(*upper->object));
	c->count = keep;
	chunk_insert(x, at + 1, upper);
}

void keyset_add(struct keyset *x, const struct keyset_key *key, const struct registry_object *o)
{
	if (x->chunks == 0) {
		chunk_insert(x, 0, registry_alloc(1, sizeof(struct chunk)));
	}
	size_t at = chunk_of(x, key);
	unsigned place = place_of(x->chunk[at], key);
	if (x->chunk[at]->count == CHUNK_MAX) {
		bool is_last = at + 1 == x->chunks && place == CHUNK_MAX;
		unsigned keep = is_last ? CHUNK_MAX - 1 : CHUNK_MAX / 2;
		chunk_split(x, at, keep);
		if (place > keep) {
			at++;
			place -= keep;
		}
	}
	struct chunk *c = x->chunk[at];
	ASSERT(place == c->count || key_cmp(&c->key[place], key) != 0);
	memmove(&c->key[place + 1], &c->key[place], (c->count - place) * sizeof(*c->key));
	memmove(&c->object[place + 1], &c->object[place], (c->count - place) * sizeof(*c->object));
	c->key[place] = *key;
	c->object[place] = o;
	c->count++;
	x->count++;
}

/* Where the key is; false: it is not. */
static bool find(const struct keyset *x, const struct keyset_key *key, size_t *out_chunk,
		 unsigned *out_place)
{
	if (x->chunks == 0) {
		return false;
	}
	*out_chunk = chunk_of(x, key);
	const struct chunk *c = x->chunk[*out_chunk];
	*out_place = place_of(c, key);
	return *out_place < c->count && key_cmp(&c->key[*out_place], key) == 0;
}

void keyset_remove(struct keyset *x, const struct keyset_key *key)
{
	size_t at;
	unsigned place;
	bool is_there = find(x, key, &at, &place);
	ASSERT(is_there);
	struct chunk *c = x->chunk[at];
	c->count--;
	x->count--;
	memmove(&c->key[place], &c->key[place + 1], (c->count - place) * sizeof(*c->key));
	memmove(&c->object[place], &c->object[place + 1], (c->count - place) * sizeof(*c->object));
	if (c->count == 0) {
		free(c);
		x->chunks--;
		memmove(&x->chunk[at], &x->chunk[at + 1], (x->chunks - at) * sizeof(*x->chunk));
	}
}

const struct registry_object *keyset_get(const struct keyset *x, const struct keyset_key *key)
{
	size_t at;
	unsigned place;
	return find(x, key, &at, &place) ? x->chunk[at]->object[place] : NULL;
}

struct keyset_walk keyset_from(const struct keyset *x, const struct keyset_key *key)
{
	struct keyset_walk w = {.set = x};
	if (x->chunks > 0) {
		w.chunk = chunk_of(x, key);
		w.at = place_of(x->chunk[w.chunk], key);
	}
	return w;
}

const struct registry_object *keyset_next(struct keyset_walk *w, const struct keyset_key *key,
					  size_t len, const struct keyset_key **out_key)
{
	const struct keyset *x = w->set;
	if (w->chunk < x->chunks && w->at == x->chunk[w->chunk]->count) {
		w->chunk++;
		w->at = 0;
	}
	if (w->chunk == x->chunks) {
		return NULL;
	}
	const struct chunk *c = x->chunk[w->chunk];
	const struct keyset_key *found = &c->key[w->at];
	if (memcmp(found->bytes, key->bytes, len) != 0) {
		return NULL;
	}
	if (out_key != NULL) {
		*out_key = found;
	}
	return c->object[w->at++];
}

size_t keyset_count_of(const struct keyset *x, const struct keyset_key *key, size_t len)
{
	struct keyset_key end = *key;
	struct keyset_walk from = keyset_from(x, key);
	memset(end.bytes + len, 0xff, KEYSET_KEY_MAX - len);
	struct keyset_walk to = keyset_from(x, &end);
	size_t count = to.at;
	for (size_t i = from.chunk; i < to.chunk; i++) {
		count += x->chunk[i]->count;
	}
	return count - from.at;
}
