/* Prefixes → numbers, asked for all the prefixes that cover one.
 *
 * The one structure behind sets of prefixes, ROAs and whatever else is a rule about prefixes.  It
 * is made once and never changes, so any thread may ask.  Items lie sorted by address, then
 * length: a prefix comes right before those inside it.  Each has a link to the next item that
 * covers it (its twin with another number, or the nearest shorter prefix).  So a question is one
 * search for the last item not behind the prefix, and the answer is that item's chain from the
 * first link on that is short enough: whatever covers the prefix covers that item, too.  The search
 * starts from an index of the top bits, as many as items ask for (cover.c has the sums).
 *
 * Its rivals: a hash probed once for each length that occurs pays for every length on a miss; a
 * trie pays several times the memory for small sets, of which there is one for each member. */
#pragma once

#include "rib/base/addr.h"

struct cover_item {
	struct prefix prefix; /* Canonical. */
	uint64_t value;
};

struct cover;

/* Copies the items; any order; several may have one prefix, equal ones are kept once.  NULL when
 * memory is short.  O(n). */
struct cover *cover_new(const struct cover_item *items, size_t count);
void cover_free(struct cover *c);
size_t cover_bytes(const struct cover *c);
/* Different items, and each by its rank: by prefix_cmp, then by value. */
size_t cover_count(const struct cover *c);
struct cover_item cover_at(const struct cover *c, size_t rank);
/* How many items in a row are the same in both, from these ranks on. */
size_t cover_same(const struct cover *a, size_t rank_a, const struct cover *b, size_t rank_b);

struct cover_link {
	uint64_t value;
	uint32_t up; /* The next item that covers this one; COVER_END. */
	uint8_t len;
};

#define COVER_END UINT32_MAX

/* A walk over the items whose prefix equals or covers one, the most specific first. */
struct cover_walk {
	const struct cover_link *link;
	uint32_t at;
};

/* NULL is empty.  Any thread. */
struct cover_walk cover_find(const struct cover *c, const struct prefix *p);

/* The next item of the walk; false at its end, outputs untouched. */
static inline bool cover_next(struct cover_walk *w, uint8_t *out_len, uint64_t *out_value)
{
	if (w->at == COVER_END) {
		return false;
	}
	const struct cover_link *l = &w->link[w->at];
	*out_len = l->len; /* The prefix is as many bits of the one asked for. */
	*out_value = l->value;
	w->at = l->up;
	return true;
}
