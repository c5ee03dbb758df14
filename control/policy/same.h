/* Whether rules are the same: by pointer where it is one, else by what they say. */
#pragma once

#include "rib/policy/policy.h"

bool same_bits(const uint64_t *a, const uint64_t *b, unsigned count); /* NULL is another. */
bool same_prefixes(const struct prefix_set *a, const struct prefix_set *b);
/* What the registry lets it announce, and to whom. */
bool same_grants(const struct peer_policy *a, const struct peer_policy *b, unsigned peer_count);
/* The rest of what holds for a member as who announces. */
bool same_import(const struct peer_policy *a, const struct peer_policy *b);
/* What is said once for all, but for sets of prefixes, ROAs, ASPAs and RTTs. */
bool same_general(const struct policy *a, const struct policy *b);
