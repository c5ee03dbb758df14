/* Path ids: see pathid.h. */
#include "rib/table/pathid.h"

#include "rib/base/hash.h"
#include "rib/table/mem.h"

#define ITEMS_MIN  64u
#define SLOT_WORDS (PATHID_SLOTS_MAX / 64 + 1)

void pathids_init(struct pathids *t, uint64_t key)
{
	*t = (struct pathids){.key = key};
}

void pathids_fini(struct pathids *t)
{
	free(t->item);
	t->item = NULL;
}

static uint32_t home_of(const struct pathids *t, entry_id_t entry, peer_id_t peer)
{
	return (uint32_t)hash_mix(t->key, (uint64_t)entry << 16 | peer) & t->mask;
}

static void put(struct pathids *t, const struct pathid *p)
{
	uint32_t at = home_of(t, p->entry, p->peer);
	while (t->item[at].slot != 0) {
		at = (at + 1) & t->mask;
	}
	t->item[at] = *p;
}

static void grow(struct pathids *t)
{
	struct pathid *old = t->item;
	uint32_t old_count = old == NULL ? 0 : t->mask + 1;
	t->mask = old == NULL ? ITEMS_MIN - 1 : t->mask * 2 + 1;
	t->item = mem_new(((size_t)t->mask + 1) * sizeof(*t->item));
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i].slot != 0) {
			put(t, &old[i]);
		}
	}
	free(old);
}

static bool is_of(const struct pathid *p, entry_id_t entry, peer_id_t peer)
{
	return p->entry == entry && p->peer == peer;
}

const struct pathid *pathids_next(const struct pathids *t, entry_id_t entry, peer_id_t peer,
				  uint64_t *at)
{
	if (t->count == 0) {
		return NULL;
	}
	uint32_t i = *at == PATHID_BEGIN ? home_of(t, entry, peer) : (uint32_t)(*at + 1) & t->mask;
	for (; t->item[i].slot != 0; i = (i + 1) & t->mask) {
		if (is_of(&t->item[i], entry, peer)) {
			*at = i;
			return &t->item[i];
		}
	}
	return NULL;
}

uint16_t pathids_find(const struct pathids *t, entry_id_t entry, peer_id_t peer, uint32_t id)
{
	uint64_t at = PATHID_BEGIN;
	const struct pathid *p;
	while ((p = pathids_next(t, entry, peer, &at)) != NULL) {
		if (p->id == id) {
			return p->slot;
		}
	}
	return 0;
}

/* The lowest slot that none of the member's path ids has; 0 when there is none. */
static uint16_t free_slot(const struct pathids *t, entry_id_t entry, peer_id_t peer,
			  uint16_t slots_max)
{
	uint64_t taken[SLOT_WORDS] = {1};
	ASSERT(slots_max <= PATHID_SLOTS_MAX);
	unsigned words = slots_max / 64u + 1;
	uint64_t at = PATHID_BEGIN;
	const struct pathid *p;
	while ((p = pathids_next(t, entry, peer, &at)) != NULL) {
		taken[p->slot / 64] |= UINT64_C(1) << (p->slot % 64);
	}
	for (unsigned w = 0; w < words; w++) {
		if (taken[w] != UINT64_MAX) {
			unsigned slot = w * 64 + (unsigned)__builtin_ctzll(~taken[w]);
			return slot <= slots_max ? (uint16_t)slot : 0;
		}
	}
	return 0;
}

uint16_t pathids_take(struct pathids *t, entry_id_t entry, peer_id_t peer, uint32_t id,
		      uint16_t slots_max)
{
	uint16_t slot = pathids_find(t, entry, peer, id);
	if (slot != 0) {
		return slot;
	}
	if (t->item == NULL || t->count >= t->mask / 3 * 2) {
		grow(t);
	}
	slot = free_slot(t, entry, peer, slots_max);
	if (slot != 0) {
		put(t, &(struct pathid){.entry = entry, .id = id, .peer = peer, .slot = slot});
		t->count++;
	}
	return slot;
}

void pathids_drop(struct pathids *t, entry_id_t entry, peer_id_t peer, uint16_t slot)
{
	ASSERT(slot != 0 && t->count > 0);
	uint32_t hole = home_of(t, entry, peer);
	while (!is_of(&t->item[hole], entry, peer) || t->item[hole].slot != slot) {
		ASSERT(t->item[hole].slot != 0);
		hole = (hole + 1) & t->mask;
	}
	/* What had probed past it moves up. */
	for (uint32_t at = hole;;) {
		at = (at + 1) & t->mask;
		if (t->item[at].slot == 0) {
			break;
		}
		uint32_t home = home_of(t, t->item[at].entry, t->item[at].peer);
		if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
			t->item[hole] = t->item[at];
			hole = at;
		}
	}
	t->item[hole] = (struct pathid){0};
	t->count--;
}

size_t pathids_bytes(const struct pathids *t)
{
	return t->item == NULL ? 0 : ((size_t)t->mask + 1) * sizeof(*t->item);
}
