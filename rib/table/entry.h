/* An entry: one prefix and its ranked paths; and view(), what a member gets of it.
 *
 * Entries live in a slab with stable ids: chunks never move, so a reader turns an id into an entry
 * without asking the owner.  `published` is an immutable array that readers see, replaced whole
 * under RCU by the flush; `working` is the owner's.  They are the same array while the entry is
 * clean.  The prefix of an entry is stable while anyone may look: a slot is reused only when no
 * run and no pending set names its id and a grace period has passed since its last path went.
 */
#pragma once

#include "rib/base/epoch.h"
#include "rib/table/op.h"
#include "rib/wire/update.h"

/* One member's route of a prefix.  Accepted paths stand first, in rank order; rejected ones, with
 * their reason, after them.  A member that sends path ids (RFC 7911) may have several, told apart
 * by their slots; (peer, slot) is the path's key. */
struct path {
	const struct attr *attr;
	peer_id_t peer;
	uint16_t slot;	     /* 0: announced without a path id; else see pathid.h. */
	uint16_t generation; /* When it was announced: restart.c. */
	uint8_t reason;	     /* enum reject; 0 = ranked. */
	uint8_t spare;
};

static_assert(sizeof(struct path) == 16, "a path costs no more than this");

static inline uint32_t path_key_of(peer_id_t peer, uint16_t slot)
{
	return (uint32_t)slot << 16 | peer;
}

static inline uint32_t path_key(const struct path *p)
{
	return path_key_of(p->peer, p->slot);
}

struct paths {
	uint16_t count;	       /* All. */
	uint16_t ranked_count; /* The first of them that are ranked. */
	struct path path[];
};

/* Room for an entry's only path, in the form of an array: entry_paths may need it. */
struct paths_one {
	_Alignas(struct paths) uint8_t bytes[sizeof(struct paths) + sizeof(struct path)];
};

struct entry {
	struct paths *published; /* epoch_read by anyone; NULL when the prefix has no path. */
	struct paths *working;	 /* Owner. */
	entry_id_t dirty_next;	 /* Owner: dirty list; ENTRY_NONE when last, own id when clean. */
	uint32_t names;		 /* Owner: runs that name this id. */
	struct prefix prefix;
	uint8_t state; /* Owner: enum entry_state (entry_own.h). */
};

static_assert(sizeof(struct entry) <= 48, "a prefix costs no more than this and its paths");

#define SLAB_CHUNK_BITS	 12
#define SLAB_CHUNK_COUNT (1u << SLAB_CHUNK_BITS) /* Entries in a chunk. */
#define SLAB_CHUNKS_MAX	 8192			 /* 33 million prefixes in a shard and family. */

struct slab {
	struct entry *chunk[SLAB_CHUNKS_MAX]; /* Published once, never moved. */
	entry_id_t count;		      /* Ids below were handed out at least once; atomic. */
};

static inline struct entry *slab_at(const struct slab *s, entry_id_t id)
{
	return epoch_read(s->chunk[id >> SLAB_CHUNK_BITS]) + (id & (SLAB_CHUNK_COUNT - 1));
}

/* What readers see of an entry; NULL when it has no path.  Valid as long as `one` is, and until the
 * caller is quiescent.  Any thread, under RCU. */
static inline const struct paths *entry_paths(const struct entry *e, struct paths_one *one)
{
	(void)one;
	return epoch_read(e->published);
}

/* The prefix of an id whose paths, or a run that names it, the caller has seen. */
static inline struct prefix slab_prefix(const struct slab *s, entry_id_t id)
{
	return slab_at(s, id)->prefix;
}

/* The path id under which we send a path (RFC 7911 §3): the same for the path's life, another than
 * any other path of the prefix has at that time, and never 0. */
static_assert(PEER_COUNT_MAX == 1 << 13, "a member and a slot make an id");
static inline uint32_t path_id_sent(const struct path *p)
{
	return ((uint32_t)p->slot << 13 | p->peer) + 1;
}

/* Whether the set may be sent in the form: long-lived stale routes go to those alone that know them
 * (RFC 9494 §4.3), routes with OTC not to providers, peers and route servers (RFC 9234 §5), and all
 * only where they can be represented (next hop, message size). */
static inline bool attr_suits(const struct attr *a, const struct update_form *form)
{
	return (!a->facts.is_llgr_stale || form->has_llgr) &&
	       (a->facts.otc == 0 || !form->denies_otc) && update_fits(a, form);
}

/* The view: the first path in rank order that `peer` may have, or NULL.  Allowed when it is not
 * the member's own and suits the member's form.  Any thread, under RCU; `paths`
 * may be NULL. */
const struct path *view(const struct paths *paths, peer_id_t peer, const struct update_form *form);
/* The same for members that receive several: the first `n` (at most VIEW_MAX) such paths in rank
 * order, into `out`.  Returns how many. */
#define VIEW_MAX 16
unsigned view_n(const struct paths *paths, peer_id_t peer, const struct update_form *form,
		unsigned n, const struct path **out);
