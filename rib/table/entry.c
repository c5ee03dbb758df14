/* Entries: see entry.h.
 *
 * A new slot's prefix is written before its first path array is published (release), and a slot is
 * reused only after a grace period without paths, so whoever reads a path array sees the prefix
 * that belongs to it.
 */
#include "rib/table/entry_own.h"

#include <string.h>

#include "rib/table/mem.h"

unsigned view_n(const struct paths *paths, peer_id_t peer, const struct update_form *form,
		unsigned n, const struct path **out)
{
	unsigned count = 0;
	ASSERT(n <= VIEW_MAX);
	for (unsigned i = 0; paths != NULL && i < paths->ranked_count && count < n; i++) {
		const struct path *p = &paths->path[i];
		const struct attr *sent = p->peer != peer ? attr_sent_to(p->attr, peer) : NULL;
		if (sent != NULL && attr_suits(sent, form)) {
			out[count++] = p;
		}
	}
	return count;
}

const struct path *view(const struct paths *paths, peer_id_t peer, const struct update_form *form)
{
	const struct path *first;
	return view_n(paths, peer, form, 1, &first) > 0 ? first : NULL;
}

struct paths *paths_new(unsigned count)
{
	ASSERT(count > 0 && count <= UINT16_MAX);
	struct paths *p = mem_new(sizeof(*p) + count * sizeof(struct path));
	p->count = (uint16_t)count;
	return p;
}

size_t paths_bytes(unsigned count)
{
	return (sizeof(struct paths) + count * sizeof(struct path) + 15) & ~(size_t)15;
}

int paths_find(const struct paths *p, uint32_t key)
{
	for (int i = 0; p != NULL && i < p->count; i++) {
		if (path_key(&p->path[i]) == key) {
			return i;
		}
	}
	return -1;
}

bool paths_has_attr(const struct paths *p, uint32_t key, const struct attr *attr)
{
	int i = paths_find(p, key);
	return i >= 0 && p->path[i].attr == attr;
}

bool paths_equal(const struct paths *a, const struct paths *b)
{
	if (a == b) {
		return true;
	}
	if (a == NULL || b == NULL || a->count != b->count || a->ranked_count != b->ranked_count) {
		return false;
	}
	for (unsigned i = 0; i < a->count; i++) {
		const struct path *x = &a->path[i], *y = &b->path[i];
		if (x->attr != y->attr || path_key(x) != path_key(y) || x->reason != y->reason ||
		    x->generation != y->generation) {
			return false;
		}
	}
	return true;
}

void slab_init(struct slab_own *s, enum family family)
{
	memset(s, 0, sizeof(*s));
	s->slab.family = (uint8_t)family;
	s->slab.entry_bytes = (uint8_t)ENTRY_BYTES((uint8_t)family);
	s->free_head = ENTRY_NONE;
}

void slab_fini(struct slab_own *s)
{
	for (uint32_t i = 0; i < s->chunks; i++) {
		free(s->slab.chunk[i]);
	}
}

entry_id_t slab_take(struct slab_own *s, const struct prefix *prefix)
{
	entry_id_t id = s->free_head;
	if (id == ENTRY_NONE) {
		id = s->slab.count;
		uint32_t chunk = id >> SLAB_CHUNK_BITS;
		ASSERT(chunk < SLAB_CHUNKS_MAX);
		if (chunk == s->chunks) {
			size_t bytes = SLAB_CHUNK_COUNT * (size_t)s->slab.entry_bytes;
			uint8_t *fresh = mem_new_written(bytes);
			epoch_publish(s->slab.chunk[chunk], fresh);
			s->chunks++;
		}
		epoch_publish(s->slab.count, id + 1);
	} else {
		s->free_head = slab_at(&s->slab, id)->place;
	}
	struct entry *e = slab_at(&s->slab, id);
	ASSERT(e->state == ENTRY_FREE && e->published == 0 && !e->is_dirty);
	ASSERT(prefix->family == s->slab.family);
	if (prefix->family == FAMILY_IPV4) { /* Sizes that the compiler knows. */
		memcpy(e->addr, prefix->bytes, 4);
	} else {
		memcpy(e->addr, prefix->bytes, 16);
	}
	e->len = prefix->len;
	e->names = 0;
	e->state = ENTRY_LIVE;
	s->used++;
	return id;
}

void slab_give(struct slab_own *s, entry_id_t id)
{
	struct entry *e = slab_at(&s->slab, id);
	ASSERT(e->state != ENTRY_FREE && e->names == 0);
	ASSERT(e->published == 0 && !e->is_dirty);
	e->state = ENTRY_FREE;
	e->place = s->free_head;
	s->free_head = id;
	ASSERT(s->used > 0);
	s->used--;
}

size_t slab_bytes(const struct slab_own *s)
{
	return (size_t)s->chunks * SLAB_CHUNK_COUNT * s->slab.entry_bytes;
}
