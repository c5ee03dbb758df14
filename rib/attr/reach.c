/* Reach: see reach.h. */
#include "rib/attr/reach.h"

#include <string.h>

static bool is_same_content(const struct attr *a, const struct attr *b)
{
	return a->wire_len == b->wire_len && a->next_hop_len == b->next_hop_len &&
	       a->facts.local_pref == b->facts.local_pref &&
	       memcmp(a->wire, b->wire, (size_t)a->wire_len + a->next_hop_len) == 0;
}

/* Of two sets without dress. */
static bool is_same_sent(const struct attr *a, const struct attr *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return a->hash == b->hash && is_same_content(a, b);
}

static bool is_same_audience(const struct audience *a, const struct audience *b)
{
	return a->hash == b->hash && a->words == b->words &&
	       memcmp(a->word, b->word, a->words * sizeof(a->word[0])) == 0;
}

static bool is_same_reach(const struct reach *a, const struct reach *b)
{
	if (a == NULL || b == NULL || a->count != b->count) {
		return a == b;
	}
	for (unsigned i = 0; i < a->count; i++) {
		if (!is_same_audience(a->part[i].members, b->part[i].members) ||
		    !is_same_sent(a->part[i].sent, b->part[i].sent)) {
			return false;
		}
	}
	return true;
}

bool attr_equal_across(const struct attr *a, const struct attr *b)
{
	return is_same_content(a, b) && is_same_sent(a->sent, b->sent) &&
	       is_same_reach(a->reach, b->reach);
}
