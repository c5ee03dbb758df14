/* A set of members that changes rarely (those of a wire class, those on its carousel), with the
 * interned subsets "all but one": what almost every run needs.  Keeps a count of each subset until
 * the base set changes.  Private to rib/table. */
#pragma once

#include "rib/attr/audience.h"

struct audience_cache;

struct audience_cache *audience_cache_new(struct audience_table *t, unsigned peer_count);
void audience_cache_free(struct audience_cache *c);
void audience_cache_add(struct audience_cache *c, peer_id_t peer);
void audience_cache_remove(struct audience_cache *c, peer_id_t peer);
bool audience_cache_has(const struct audience_cache *c, peer_id_t peer);
/* The base set's words. */
const uint64_t *audience_cache_base(const struct audience_cache *c);
unsigned audience_cache_members(const struct audience_cache *c);
/* The base without `peer` (PEER_NONE: the base), its count raised by one; NULL when that is empty.
 * O(1) after the first time. */
struct audience *audience_cache_but(struct audience_cache *c, peer_id_t peer);
/* The base without two members.  O(words). */
struct audience *audience_cache_but_two(struct audience_cache *c, peer_id_t a, peer_id_t b);
/* The base (or nothing), but of the `count` members apart exactly those that are `is_in`; NULL when
 * empty.  O(words). */
struct audience *audience_cache_pick(struct audience_cache *c, bool has_base,
				     const peer_id_t *apart, const bool *is_in, unsigned count);
/* The set of one member.  O(words). */
struct audience *audience_cache_only(struct audience_cache *c, peer_id_t peer);
