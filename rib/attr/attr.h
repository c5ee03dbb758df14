/* Path attributes: from a mutable draft to an immutable, shared set.
 *
 * The decoder fills a draft; intern_get() turns it into a `const struct attr`, of which there is
 * one for each content and worker.  A set keeps its attributes twice over: as the few numbers that
 * ranking needs, and as canonical wire bytes (ascending type code, 4-octet AS numbers, shortest
 * length form), from which an UPDATE is made by copying.  NEXT_HOP, MP_REACH_NLRI and
 * MP_UNREACH_NLRI are not among the bytes: the next hop stands behind them, because its form
 * depends on the family; AS4_PATH and AS4_AGGREGATOR are merged away (RFC 6793 §4.2.3).
 * LOCAL_PREF of an external peer never gets in (RFC 4271 §5.1.5); the ranking's default is 100.
 */
#pragma once

#include "rib/base/addr.h"
#include "rib/base/check.h"

/* Attribute type codes: RFC 4271 §5, 1997, 4360, 4760, 6793, 5701, 8092, 9234. */
enum attr_type {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,
	ATTR_MP_REACH_NLRI = 14,
	ATTR_MP_UNREACH_NLRI = 15,
	ATTR_EXT_COMMUNITIES = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_LARGE_COMMUNITIES = 32,
	ATTR_OTC = 35,
};

/* Attribute flags, RFC 4271 §4.3. */
#define ATTR_FLAG_OPTIONAL   0x80
#define ATTR_FLAG_TRANSITIVE 0x40
#define ATTR_FLAG_PARTIAL    0x20
#define ATTR_FLAG_EXT_LEN    0x10

enum origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };

/* A next hop as it stands on the wire: 4 (IPv4), 16, or 32 bytes (global, link-local; RFC 2545).
 * An IPv4 prefix may have any of the three (RFC 8950 §3). */
struct next_hop {
	uint8_t len;
	uint8_t bytes[32];
};

/* Where one attribute's value lies among the wire bytes; len 0 when absent (or empty). */
struct attr_slice {
	uint16_t offset;
	uint16_t len;
};

/* Well-known communities that decide what becomes of a route here. */
#define COMMUNITY_GRACEFUL_SHUTDOWN   UINT32_C(0xffff0000) /* RFC 8326 §5 */
#define COMMUNITY_BLACKHOLE	      UINT32_C(0xffff029a) /* RFC 7999 §5 */
#define COMMUNITY_NO_EXPORT	      UINT32_C(0xffffff01) /* RFC 1997 */
#define COMMUNITY_NO_ADVERTISE	      UINT32_C(0xffffff02)
#define COMMUNITY_NO_EXPORT_SUBCONFED UINT32_C(0xffffff03)
#define COMMUNITY_LLGR_STALE	      UINT32_C(0xffff0006) /* RFC 9494 §4.3 */
#define COMMUNITY_NO_LLGR	      UINT32_C(0xffff0007) /* RFC 9494 §4.2 */

/* What ranking and display need, computed once from the bytes. */
struct attr_facts {
	uint32_t local_pref; /* 100 unless policy says otherwise. */
	uint32_t med;	     /* 0 when absent, RFC 4271 §9.1.2.2 c. */
	asn_t neighbor_as;   /* Leftmost AS of a leading AS_SEQUENCE; 0 when there is none. */
	asn_t otc;	     /* Only to Customer, RFC 9234 §5; 0 when absent. */
	asn_t origin_as;     /* Rightmost AS of a trailing AS_SEQUENCE; 0 when there is none. */
	struct attr_slice as_path; /* 4-octet segments. */
	struct attr_slice communities;
	struct attr_slice ext_communities;
	struct attr_slice large_communities;
	uint16_t path_len; /* RFC 4271 §9.1.2.2 a: an AS_SET counts 1. */
	/* Bytes by which the 2-octet form (RFC 6793) exceeds wire_len, or 0. */
	uint16_t wire2_extra;
	uint8_t origin; /* enum origin */
	bool has_med : 1;
	bool is_llgr_stale : 1;	       /* Carries LLGR_STALE: least preferred, RFC 9494 §4.3. */
	bool is_no_llgr : 1;	       /* Carries NO_LLGR: must not become long-lived stale. */
	bool is_graceful_shutdown : 1; /* Carries GRACEFUL_SHUTDOWN: about to go, RFC 8326. */
};

static_assert(sizeof(struct attr_facts) == 44, "a set costs no more than this and its bytes");

#define ATTR_WIRE_MAX 8192 /* Canonical bytes of one set; 2-octet paths may double in length. */

/* To be interned, `facts` must be those of the bytes; policy may have set another local_pref. */
struct attr_draft {
	struct attr_facts facts;
	uint16_t wire_len;
	uint8_t wire[ATTR_WIRE_MAX];
};

struct reach;

/* An interned set.  Immutable; equal content and dress of one worker is one pointer. */
struct attr {
	/* Its dress: who may have it and in which form, see reach.h. */
	const struct reach *reach;
	const struct attr *sent;
	uint32_t hash; /* Of the content, keyed. */
	struct attr_facts facts;
	core_id_t owner; /* The worker whose intern table counts the references. */
	uint16_t wire_len;
	uint8_t next_hop_len;
	uint8_t wire[]; /* Behind the attributes stands the next hop. */
};

/* What a set takes. */
static inline size_t attr_bytes(size_t wire_len, size_t next_hop_len)
{
	size_t bytes = offsetof(struct attr, wire) + wire_len + next_hop_len;
	return bytes > sizeof(struct attr) ? bytes : sizeof(struct attr);
}

/* Write the draft and its next hop into attr_bytes(); all else is zero. */
void attr_write(struct attr *a, const struct attr_draft *draft, const struct next_hop *next_hop);

static inline struct span attr_next_hop_octets(const struct attr *a)
{
	return span_of(a->wire + a->wire_len, a->next_hop_len);
}

static inline struct next_hop attr_next_hop(const struct attr *a)
{
	struct next_hop n = {.len = a->next_hop_len};
	ASSERT(n.len <= sizeof(n.bytes));
	memcpy(n.bytes, a->wire + a->wire_len, n.len);
	return n;
}

/* Walk the canonical attributes: starts with *pos = 0; false at the end. */
bool attr_next(const struct attr *a, size_t *pos, uint8_t *out_flags, uint8_t *out_type,
	       struct span *out_value);
/* The same over canonical bytes: `r` is at the first. */
bool attr_wire_next(struct rd *r, uint8_t *out_flags, uint8_t *out_type, struct span *out_value);
/* The value of one attribute; len 0 and data NULL when it is absent. */
struct span attr_find(const struct attr *a, uint8_t type);
/* Canonical bytes `wire` → facts.  Lengths inside must be valid (the codec's duty). */
void attr_facts_compute(const uint8_t *wire, size_t wire_len, struct attr_facts *out);
/* One attribute, in its shortest length form. */
void attr_put(struct wr *w, uint8_t flags, uint8_t type, struct span value);
/* The attributes of `a` and one more (standard) community, as the last.  False when that makes more
 * than ATTR_WIRE_MAX: `out` is then not to be used. */
bool attr_add_community(const struct attr *a, uint32_t community, struct attr_draft *out);
/* Give a draft without OTC one (RFC 9234 §5).  False when there is no room in ATTR_WIRE_MAX: the
 * draft is then as before. */
bool attr_add_otc(struct attr_draft *draft, asn_t otc);
