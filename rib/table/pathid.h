/* Path ids: which slot of an entry a member's path id stands for (RFC 7911).
 *
 * Path ids are the member's own, 32 bits without meaning.  A path of an entry carries a small slot
 * number instead, unique among its member's paths of that prefix, and this table, which only
 * the owner probes, keeps what the slot stands for.  Members that send no path ids have no item in
 * it: their path is slot 0.
 *
 * Flat, open-addressed; an item's home is a hash of (entry, member), so the items of one member's
 * prefix lie together and a walk over their stretch answers everything.  At most 2/3 full.
 * Private to rib/table. */
#pragma once

#include "rib/base/units.h"

#define PATHID_SLOTS_MAX 255

struct pathid {
	entry_id_t entry;
	uint32_t id;
	peer_id_t peer;
	uint16_t slot; /* 0: the item is empty. */
};

struct pathids {
	struct pathid *item;
	uint32_t mask;
	uint32_t count;
	uint64_t key;
};

void pathids_init(struct pathids *t, uint64_t key);
void pathids_fini(struct pathids *t);
/* The slot of a path id; 0 when it has none. */
uint16_t pathids_find(const struct pathids *t, entry_id_t entry, peer_id_t peer, uint32_t id);
/* The slot of a path id, which gets the lowest free one from 1 to `slots_max` (at most
 * PATHID_SLOTS_MAX) if it has none; 0 when all are taken. */
uint16_t pathids_take(struct pathids *t, entry_id_t entry, peer_id_t peer, uint32_t id,
		      uint16_t slots_max);
/* Walk a member's path ids of an entry, in no order: starts with *at = PATHID_BEGIN; NULL ends. */
#define PATHID_BEGIN UINT64_MAX
const struct pathid *pathids_next(const struct pathids *t, entry_id_t entry, peer_id_t peer,
				  uint64_t *at);
/* The slot, which is taken, is free again. */
void pathids_drop(struct pathids *t, entry_id_t entry, peer_id_t peer, uint16_t slot);
size_t pathids_bytes(const struct pathids *t);
