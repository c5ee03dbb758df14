/* The walk: see walk.h.
 *
 * Each walk leaves its shares, the members that are given a path, side by side in memory that
 * grows to the largest entry's and is used again.  What changed follows from two walks: whoever is
 * in a path's share now and was not in it before, with the same set, hears it.
 *
 * How many paths a member of several has is counted for all members at once, in bit planes: plane k
 * holds bit k of everyone's count.  Counts start at 2^PLANES - n, so the carry out of the last
 * plane is whoever has n now. */
#include "rib/table/walk.h"

#include "rib/base/check.h"
#include "rib/table/mem.h"

#define PLANES	   4
#define SHARES_MIN 8u
static_assert(VIEW_MAX == 1 << PLANES, "a member's count fits the planes");

struct share {
	const struct path *path;
	const struct attr *sent; /* What these members are sent of it. */
	uint32_t at;		 /* Of its words. */
};

/* One walk's shares.  The first words are those that remain, then the planes. */
struct shares {
	struct share *share;
	unsigned count, cap;
	unsigned planes; /* 0 where everyone gets one path: then the first is enough. */
	uint64_t *word;
};

struct walk {
	unsigned words;
	struct shares was, now;
	uint64_t *scratch;
};

struct walk *walk_new(unsigned peer_count)
{
	struct walk *w = mem_new(sizeof(*w));
	w->words = (peer_count + 63) / 64;
	w->scratch = mem_new(w->words * sizeof(*w->scratch));
	return w;
}

void walk_free(struct walk *w)
{
	if (w == NULL) {
		return;
	}
	free(w->was.share);
	free(w->was.word);
	free(w->now.share);
	free(w->now.word);
	free(w->scratch);
	free(w);
}

/* Where the shares begin. */
static uint32_t words_fixed(const struct walk *w)
{
	return (1 + PLANES) * w->words;
}

static void shares_reserve(const struct walk *w, struct shares *s)
{
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? SHARES_MIN : s->cap * 2;
		s->share = mem_grow(s->share, s->cap * sizeof(*s->share));
		size_t words = words_fixed(w) + (size_t)s->cap * w->words;
		s->word = mem_grow(s->word, words * sizeof(*s->word));
	}
}

static const uint64_t *share_words(const struct shares *s, unsigned i)
{
	return s->word + s->share[i].at;
}

static void begin(const struct walk *w, struct shares *s, const uint64_t *base, unsigned n)
{
	s->count = 0;
	shares_reserve(w, s);
	memcpy(s->word, base, w->words * sizeof(*base));
	s->planes = n == 1 ? 0 : PLANES;
	for (unsigned k = 0; k < s->planes; k++) {
		int ones = (((1u << PLANES) - n) >> k & 1) != 0 ? 0xff : 0;
		memset(s->word + (1 + k) * w->words, ones, w->words * sizeof(*base));
	}
}

/* Those in `share` have one path more: of these, whoever has enough leaves what remains. */
static uint64_t count_word(const struct walk *w, struct shares *s, unsigned i, uint64_t share)
{
	uint64_t carry = share;
	for (unsigned k = 1; k <= s->planes; k++) {
		uint64_t *plane = &s->word[k * w->words + i];
		uint64_t both = *plane & carry;
		*plane ^= carry;
		carry = both;
	}
	s->word[i] &= ~carry;
	return s->word[i];
}

/* Give a path in one form to those who may have it so (NULL: anyone); false when nobody remains who
 * could want another. */
static bool give(const struct walk *w, struct shares *s, const struct path *p,
		 const struct audience *members, const struct attr *sent)
{
	shares_reserve(w, s);
	uint32_t at = words_fixed(w) + s->count * w->words;
	uint64_t *share = s->word + at;
	uint64_t any = 0, left = 0;
	for (unsigned i = 0; i < w->words; i++) {
		share[i] = s->word[i] & (members != NULL ? members->word[i] : UINT64_MAX);
	}
	if (p->peer / 64 < w->words) {
		bits_clear(share, p->peer);
	}
	for (unsigned i = 0; i < w->words; i++) {
		any |= share[i];
		left |= count_word(w, s, i, share[i]);
	}
	if (any != 0) {
		s->share[s->count++] = (struct share){.path = p, .sent = sent, .at = at};
	}
	return left != 0;
}

/* Give a path to everyone who may have it. */
static bool give_parts(struct table *t, struct shares *s, const struct path *p, unsigned class_idx)
{
	const struct reach *reach = p->attr->reach;
	bool is_any_left = true;
	if (reach == NULL) {
		const struct attr *sent = attr_sent(p->attr);
		return !batch_suits(t->batch, t, sent, class_idx) ||
		       give(t->walk, s, p, NULL, sent);
	}
	for (unsigned i = 0; i < reach->count && is_any_left; i++) {
		const struct reach_part *part = &reach->part[i];
		if (batch_suits(t->batch, t, part->sent, class_idx)) {
			is_any_left = give(t->walk, s, p, part->members, part->sent);
		}
	}
	return is_any_left;
}

static void fill(struct table *t, struct shares *s, const struct paths *paths, unsigned class_idx,
		 const uint64_t *base, unsigned n)
{
	begin(t->walk, s, base, n);
	for (unsigned i = 0; paths != NULL && i < paths->ranked_count; i++) {
		if (!give_parts(t, s, &paths->path[i], class_idx)) {
			return;
		}
	}
}

/* What is being said, of which entry, in which class. */
struct saying {
	struct table *t;
	struct walk *w;
	unsigned class_idx;
	entry_id_t id;
};

/* Those in the scratch set hear `attr`, or that it is gone. */
static void say(const struct saying *s, const struct attr *attr, uint32_t path_id)
{
	batch_add_path(s->t->batch, s->t, s->class_idx, attr,
		       audience_get(s->t->audiences, s->w->scratch), s->id, path_id);
}

static void without(struct walk *w, const uint64_t *word)
{
	for (unsigned i = 0; i < w->words; i++) {
		w->scratch[i] &= ~word[i];
	}
}

static struct saying begin_diff(struct table *t, unsigned class_idx, entry_id_t id)
{
	return (struct saying){.t = t, .w = t->walk, .class_idx = class_idx, .id = id};
}

void walk_diff(struct table *t, unsigned class_idx, struct audience_cache *members, entry_id_t id,
	       const struct paths *was, const struct paths *now)
{
	struct walk *w = t->walk;
	const struct saying s = begin_diff(t, class_idx, id);
	fill(t, &w->was, was, class_idx, audience_cache_base(members), 1);
	fill(t, &w->now, now, class_idx, audience_cache_base(members), 1);
	for (unsigned i = 0; i < w->now.count; i++) {
		const struct attr *attr = w->now.share[i].sent;
		memcpy(w->scratch, share_words(&w->now, i), w->words * sizeof(*w->scratch));
		for (unsigned k = 0; k < w->was.count; k++) {
			if (attr_equal(w->was.share[k].sent, attr)) {
				without(w, share_words(&w->was, k));
			}
		}
		say(&s, attr, 0);
	}
	/* Whoever remains now, and did not before, has lost it. */
	memcpy(w->scratch, w->now.word, w->words * sizeof(*w->scratch));
	without(w, w->was.word);
	say(&s, NULL, 0);
}

/* Without those who are given the path with this key, in this form (NULL: in any). */
static void without_path(struct walk *w, const struct shares *s, uint32_t key,
			 const struct attr *sent)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct share *share = &s->share[i];
		if (path_key(share->path) == key &&
		    (sent == NULL || attr_equal(share->sent, sent))) {
			without(w, share_words(s, i));
		}
	}
}

void walk_diff_several(struct table *t, unsigned class_idx, struct audience_cache *members,
		       entry_id_t id, const struct paths *was, const struct paths *now)
{
	struct walk *w = t->walk;
	const struct saying s = begin_diff(t, class_idx, id);
	fill(t, &w->was, was, class_idx, audience_cache_base(members), t->view_max);
	fill(t, &w->now, now, class_idx, audience_cache_base(members), t->view_max);
	for (unsigned i = 0; i < w->now.count; i++) {
		const struct share *share = &w->now.share[i];
		memcpy(w->scratch, share_words(&w->now, i), w->words * sizeof(*w->scratch));
		without_path(w, &w->was, path_key(share->path), share->sent);
		say(&s, share->sent, path_id_sent(share->path));
	}
	for (unsigned i = 0; i < w->was.count; i++) {
		const struct path *p = w->was.share[i].path;
		memcpy(w->scratch, share_words(&w->was, i), w->words * sizeof(*w->scratch));
		without_path(w, &w->now, path_key(p), NULL);
		say(&s, NULL, path_id_sent(p));
	}
}
