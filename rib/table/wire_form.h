/* Wire classes: members to whom a route goes in the same bytes, or not at all for the same reason.
 *
 * A class is a set of flags, so its index is what its members negotiated: two workers, or a session
 * and a shard, agree on it without a table.  Few of the combinations ever have a member, so a shard
 * makes what a class needs when the first one joins; class_set says which there are, and every loop
 * over classes walks such a set.
 */
#pragma once

#include "rib/base/check.h"
#include "rib/wire/update.h"

#define WIRE_CLASS_AS2	     1u	  /* 2-octet AS numbers (RFC 6793 OLD speakers). */
#define WIRE_CLASS_LLGR	     2u	  /* Advertised the LLGR capability (RFC 9494 §4.3). */
#define WIRE_CLASS_PATHS     4u	  /* Receives several paths of a prefix (RFC 7911). */
#define WIRE_CLASS_LONG	     8u	  /* Takes messages of up to 65535 octets (RFC 8654). */
#define WIRE_CLASS_NEXT_HOP6 16u  /* IPv4 prefixes may have IPv6 next hops (RFC 8950). */
#define WIRE_CLASS_OTC_ADD   32u  /* Routes without OTC get one with our AS (RFC 9234 §5). */
#define WIRE_CLASS_OTC_DENY  64u  /* Routes with OTC are not sent (RFC 9234 §5). */
#define WIRE_CLASS_PREPEND   128u /* Paths begin with our AS, against RFC 7947 §2.2.2.1. */
#define WIRE_CLASS_COUNT     256  /* All that an octet can be. */

/* The form of a class; our own AS is what OTC_ADD and PREPEND add. */
struct update_form wire_form(enum family family, unsigned class_idx, asn_t local_as);

/* A set of classes.  Its owner changes it; other threads may look, and see what was done before a
 * class was added. */
struct class_set {
	uint64_t word[WIRE_CLASS_COUNT / 64];
};

static inline bool class_set_has(const struct class_set *s, unsigned class_idx)
{
	ASSERT(class_idx < WIRE_CLASS_COUNT);
	return __atomic_load_n(&s->word[class_idx / 64], __ATOMIC_ACQUIRE) >> class_idx % 64 & 1;
}

static inline void class_set_add(struct class_set *s, unsigned class_idx)
{
	ASSERT(class_idx < WIRE_CLASS_COUNT);
	uint64_t *word = &s->word[class_idx / 64];
	__atomic_store_n(word, *word | UINT64_C(1) << class_idx % 64, __ATOMIC_RELEASE);
}

static inline void class_set_remove(struct class_set *s, unsigned class_idx)
{
	ASSERT(class_idx < WIRE_CLASS_COUNT);
	uint64_t *word = &s->word[class_idx / 64];
	__atomic_store_n(word, *word & ~(UINT64_C(1) << class_idx % 64), __ATOMIC_RELEASE);
}

/* The first class of the set at or above `from`; WIRE_CLASS_COUNT when there is none.  A walk is
 *
 *     for (unsigned c = class_set_next(s, 0); c < WIRE_CLASS_COUNT; c = class_set_next(s, c + 1))
 */
static inline unsigned class_set_next(const struct class_set *s, unsigned from)
{
	for (unsigned i = from / 64; i < WIRE_CLASS_COUNT / 64; i++) {
		uint64_t left = __atomic_load_n(&s->word[i], __ATOMIC_ACQUIRE);
		left &= i == from / 64 ? UINT64_MAX << from % 64 : UINT64_MAX;
		if (left != 0) {
			return i * 64 + (unsigned)__builtin_ctzll(left);
		}
	}
	return WIRE_CLASS_COUNT;
}
