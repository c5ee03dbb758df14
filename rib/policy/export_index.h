/* Members' rules about what prefixes they are sent: one cover for all of them.
 *
 * A member may refuse prefixes, or name those that it wants and nothing else.  All rules are items
 * of one cover, so that a prefix finds in one walk every set of rules that has it, and by the set
 * the members whose it is: members that share a set share its items.  The result is bits, so the
 * price does not depend on how many members have no rule. */
#pragma once

#include "rib/policy/policy.h"

struct export_index;

/* `*out` is NULL when no member has such rules.  False: memory is short. */
bool export_index_new(const struct policy *p, unsigned words, struct export_index **out);
void export_index_free(struct export_index *x);
/* Members that may have what no rule speaks of. */
const uint64_t *export_index_rest(const struct export_index *x);
/* Whether some rule speaks of the prefix.  Then `word` has the members that may have it. */
bool export_index_find(const struct export_index *x, const struct prefix *prefix, asn_t origin,
		       uint64_t *word);
