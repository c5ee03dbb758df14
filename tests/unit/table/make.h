/* What the tests of the table share: attribute sets made by number, prefixes made by number, a
 * naive order of paths, a naive decoder of UPDATEs. */
#pragma once

#include "rib/attr/intern.h"
#include "rib/table/decide.h"

/* A set is a function of (member number, variant): its community says which, so that a decoder can
 * tell it from bytes.  Variants differ in LOCAL_PREF, AS_PATH length, ORIGIN and MED. */
#define VARIANT_COUNT	28
#define VARIANT_LARGE	24 /* Fits the 4-octet form only. */
#define VARIANT_HUGE	25 /* Fits no message. */
#define VARIANT_NO_LLGR 26 /* With NO_LLGR. */
#define VARIANT_LLGR	27 /* With LLGR_STALE, from the member itself. */
#define ATTR_ID(m, v)	((uint32_t)(m) << 16 | ((uint32_t)(v) + 1))
#define ATTR_MEMBER(i)	((i) >> 16)
#define ATTR_LLGR	0x8000u /* In an id: the set has LLGR_STALE. */

const struct attr *make_attr(struct intern *in, unsigned member, unsigned variant,
			     enum family family);
uint32_t attr_id(const struct attr *a);

/* A set with the given facts; `id` makes it distinct. */
struct attr_spec {
	uint32_t local_pref, path_len, neighbor_as, origin, med, id;
	unsigned pad;
	uint32_t community; /* A second one; 0: none. */
};
const struct attr *make_attr_spec(struct intern *in, const struct attr_spec *spec,
				  enum family family);

struct prefix make_prefix(enum family family, unsigned number);
struct paths *make_paths(const struct path *path, unsigned count);

/* RFC 4271 §9.1.2.2 word for word: the best of the paths that are not `is_out`, or -1. */
int naive_best(const struct path *path, const bool *is_out, unsigned count,
	       const struct rank_peer *peers);
/* The order by choosing again and again; returns how many are ranked. */
unsigned naive_rank(const struct path *path, unsigned count, const struct rank_peer *peers,
		    unsigned *order);

/* Calls `each` for every prefix in whole UPDATEs, in order; id 0 is a withdrawal.  False when the
 * bytes are not well-formed. */
bool naive_decode(const uint8_t *bytes, size_t len,
		  void (*each)(void *context, const struct prefix *p, uint32_t id), void *context);
/* The same where each prefix has a path id before it (RFC 7911). */
bool naive_decode_paths(const uint8_t *bytes, size_t len,
			void (*each)(void *context, const struct prefix *p, uint32_t path_id,
				     uint32_t id),
			void *context);
