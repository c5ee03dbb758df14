/* The paths of a prefix: an array in rank order, or one word.
 *
 * Nearly every prefix has one path.  It is no array then but stands in the entry itself, packed in
 * the word that would be the array's address; one store publishes either.
 *
 *     63..61   60..48   47..4                    3..1   0
 *     reason   member   set (16-byte aligned)    slot   1
 *     ------- address of an array --------------------- 0     (all 0: no path)
 *
 * A path that does not fit (a later reason, a higher slot, a longer address) is an array of
 * one.  The word has no generation: that is the owner's alone, who keeps it beside the word.
 */
#pragma once

#include <string.h>

#include "rib/table/op.h"

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

/* Room for an array of one, where the word is the path. */
struct paths_one {
	union {
		struct paths paths;
		uint8_t bytes[sizeof(struct paths) + sizeof(struct path)];
	};
};

typedef uint64_t paths_word_t; /* As drawn above. */

#define PATHS_ONE	   UINT64_C(1)
#define PATHS_ADDR	   UINT64_C(0x0000fffffffffff0)
#define PATHS_SLOT_BITS	   3
#define PATHS_PEER_SHIFT   48
#define PATHS_REASON_SHIFT 61
#define PATHS_REASON_BITS  3

static_assert(PEER_COUNT_MAX <= 1 << (PATHS_REASON_SHIFT - PATHS_PEER_SHIFT), "a member fits");
static_assert(sizeof(void *) == 8, "an address is a word");

static inline bool path_fits_word(const struct path *p)
{
	return ((uintptr_t)p->attr & ~PATHS_ADDR) == 0 && p->slot >> PATHS_SLOT_BITS == 0 &&
	       p->reason >> PATHS_REASON_BITS == 0;
}

/* `p` fits. */
static inline paths_word_t word_of_path(const struct path *p)
{
	return (uintptr_t)p->attr | PATHS_ONE | (uint64_t)p->slot << 1 |
	       (uint64_t)p->peer << PATHS_PEER_SHIFT | (uint64_t)p->reason << PATHS_REASON_SHIFT;
}

static inline paths_word_t word_of_array(const struct paths *p)
{
	return (uintptr_t)p;
}

/* The array; NULL where there is none. */
static inline struct paths *word_array(paths_word_t word)
{
	return (word & PATHS_ONE) != 0 ? NULL : (struct paths *)(uintptr_t)word;
}

/* The paths in the form of an array, which may lie in `one`; NULL when there are none. */
static inline const struct paths *word_paths(paths_word_t word, uint16_t generation,
					     struct paths_one *one)
{
	if ((word & PATHS_ONE) == 0) {
		return (const struct paths *)(uintptr_t)word;
	}
	one->paths.path[0] = (struct path){
		.attr = (const struct attr *)(uintptr_t)(word & PATHS_ADDR),
		.peer = (peer_id_t)(word >> PATHS_PEER_SHIFT & (PEER_COUNT_MAX - 1)),
		.slot = (uint16_t)(word >> 1 & ((1u << PATHS_SLOT_BITS) - 1)),
		.generation = generation,
		.reason = (uint8_t)(word >> PATHS_REASON_SHIFT),
	};
	one->paths.count = 1;
	one->paths.ranked_count = one->paths.path[0].reason == 0;
	return &one->paths;
}
