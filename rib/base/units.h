/* Scalars that carry meaning.
 *
 * A typedef of a scalar says what a number counts; structs are never typedefed.  Time is always
 * microseconds since an origin that the caller chose and enters pure code only as an argument.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

typedef uint64_t usec_t;	/* Microseconds; an instant or a duration. */
typedef uint32_t asn_t;		/* Autonomous system number, RFC 6793. */
typedef uint16_t peer_id_t;	/* A member: index into the configuration's members. */
typedef uint16_t core_id_t;	/* A worker; also the shard of that worker. */
typedef uint32_t entry_id_t;	/* A prefix's slot in its shard's slab; stable for its life. */
typedef uint32_t incarnation_t; /* Counts a member's sessions; 0 is "never". */

#define USEC_NEVER     UINT64_MAX
#define USEC_PER_MSEC  UINT64_C(1000)
#define USEC_PER_SEC   UINT64_C(1000000)
#define PEER_NONE      UINT16_MAX
#define ENTRY_NONE     UINT32_MAX
#define CORE_COUNT_MAX 64   /* Workers; the mailbox mesh has n² rings. */
#define PEER_COUNT_MAX 8192 /* Members; an audience has one bit for each. */

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CACHE_LINE     64

/* The address families that the server carries, in the order of their indices in every array. */
enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_COUNT };

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
