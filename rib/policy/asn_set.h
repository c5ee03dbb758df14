/* Sets of AS numbers: a member's origins, transit-free networks, those that never go through a
 * route server.  Immutable; asked by any thread, counted by the control thread alone. */
#pragma once

#include "rib/base/units.h"

struct asn_set;

/* One reference is the caller's; numbers may repeat.  NULL when memory is short. */
struct asn_set *asn_set_new(const asn_t *asns, size_t count);
void asn_set_hold(struct asn_set *s); /* Control; NULL does nothing. */
void asn_set_put(struct asn_set *s);  /* Control; NULL does nothing. */
/* NULL is the empty set in all that follows. */
size_t asn_set_count(const struct asn_set *s);
bool asn_set_equal(const struct asn_set *a, const struct asn_set *b); /* O(n). */
bool asn_set_has(const struct asn_set *s, asn_t asn);		      /* Any thread. */
/* Each number, ascending. */
void asn_set_each(const struct asn_set *s, void (*f)(void *context, asn_t asn), void *context);
