/* An entry: one prefix and its ranked paths; and view(), what a member gets of it.
 *
 * Entries live in a slab with stable ids: chunks never move, so a reader turns an id into an entry
 * without asking the owner.  `published` is what readers see (paths.h), replaced whole under RCU by
 * the flush; what the owner works on stands beside (working.h) while the entry is dirty.
 * The prefix of an entry is stable while anyone may look: a slot is reused only when no
 * run and no pending set names its id and a grace period has passed since its last path went.
 */
#pragma once

#include "rib/base/epoch.h"
#include "rib/attr/reach.h"
#include "rib/table/paths.h"
#include "rib/wire/update.h"

/* 20 bytes and the address: an IPv4 prefix with one path costs 24 bytes, an IPv6 prefix 40. */
struct entry {
	paths_word_t published; /* epoch_read by anyone; 0 when the prefix has no path. */
	uint32_t names;		/* Owner: runs that name this id. */
	uint32_t place;		/* Owner: of its item in the ring; FREE: the next free id. */
	uint16_t generation;	/* Owner: of the path in `published`, where that is one. */
	uint8_t state : 6;	/* Owner: enum entry_state (entry_own.h). */
	uint8_t is_dirty : 1;	/* Owner. */
	uint8_t is_paced : 1;	/* Owner: dirty, and its item is in the paced ring. */
	uint8_t len;		/* Of the prefix. */
	uint8_t addr[];		/* As many bytes as the family's addresses have. */
};

#define ENTRY_BYTES(family)                                                                        \
	(((offsetof(struct entry, addr) + family_bytes(family)) + 7) & ~(size_t)7)

#define SLAB_CHUNK_BITS	 12
#define SLAB_CHUNK_COUNT (1u << SLAB_CHUNK_BITS) /* Entries in a chunk. */
#define SLAB_CHUNKS_MAX	 8192			 /* 33 million prefixes in a shard and family. */

struct slab {
	uint8_t *chunk[SLAB_CHUNKS_MAX]; /* Published once, never moved. */
	entry_id_t count;		 /* Ids below were handed out at least once; atomic. */
	uint8_t entry_bytes;
	uint8_t family; /* enum family */
};

static inline struct entry *slab_at(const struct slab *s, entry_id_t id)
{
	uint8_t *chunk = epoch_read(s->chunk[id >> SLAB_CHUNK_BITS]);
	return (struct entry *)(void *)(chunk +
					(size_t)(id & (SLAB_CHUNK_COUNT - 1)) * s->entry_bytes);
}

/* What readers see of an entry; NULL when it has no path.  Valid as long as `one` is, and until the
 * caller is quiescent.  Any thread, under RCU. */
static inline const struct paths *entry_paths(const struct entry *e, struct paths_one *one)
{
	return word_paths(epoch_read(e->published), 0, one);
}

/* The prefix of an id whose paths, or a run that names it, the caller has seen. */
static inline struct prefix slab_prefix(const struct slab *s, entry_id_t id)
{
	const struct entry *e = slab_at(s, id);
	struct prefix p = {.family = s->family, .len = e->len};
	memcpy(p.bytes, e->addr, s->family == FAMILY_IPV4 ? 4 : 16);
	return p;
}

/* Whether it is this prefix, which is of the slab's family. */
static inline bool slab_has_prefix(const struct slab *s, entry_id_t id, const struct prefix *p)
{
	const struct entry *e = slab_at(s, id);
	bool is_equal = s->family == FAMILY_IPV4 ? memcmp(e->addr, p->bytes, 4) == 0
						 : memcmp(e->addr, p->bytes, 16) == 0;
	return is_equal && e->len == p->len;
}

/* The path id under which we send a path (RFC 7911 §3): the same for the path's life, another than
 * any other path of the prefix has at that time, and never 0. */
static_assert(PEER_COUNT_MAX == 1 << 13, "a member and a slot make an id");
static inline uint32_t path_id_sent(const struct path *p)
{
	return ((uint32_t)p->slot << 13 | p->peer) + 1;
}

/* Whether the set, one that is sent, may be so in the form: long-lived stale routes go to those
 * alone that know them (RFC 9494 §4.3), routes with OTC not to providers, peers and route servers
 * (RFC 9234 §5), and all only where they can be represented (next hop, message size). */
static inline bool attr_suits(const struct attr *sent, const struct update_form *form)
{
	return (!sent->facts.is_llgr_stale || form->has_llgr) &&
	       (sent->facts.otc == 0 || !form->denies_otc) && update_fits(sent, form);
}

/* The view: the first path in rank order that `peer` may have, or NULL.  Allowed when it is not
 * the member's own, policy does not keep it from the member, and what the member is sent of it
 * (attr_sent_to) suits the member's form.  Any thread, under RCU; `paths` may be NULL. */
const struct path *view(const struct paths *paths, peer_id_t peer, const struct update_form *form);
/* The same for members that receive several: the first `n` (at most VIEW_MAX) such paths in rank
 * order, into `out`.  Returns how many. */
#define VIEW_MAX 16
unsigned view_n(const struct paths *paths, peer_id_t peer, const struct update_form *form,
		unsigned n, const struct path **out);
