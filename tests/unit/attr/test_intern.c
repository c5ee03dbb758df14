/* The intern table against a list that counts. */
#include "rib/attr/intern.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/base/prng.h"
#include "tests/unit/attr/build.h"

static struct next_hop hop_of(uint8_t last, uint8_t len)
{
	struct next_hop hop = {.len = len};

	hop.bytes[len - 1] = last;
	return hop;
}

/* Distinct content for each number; lengths vary. */
static void draft_of(struct draft_text *d, uint32_t number)
{
	static const uint8_t pad[64];

	draft_begin(d);
	draft_u32(d, ATTR_FLAG_OPTIONAL, ATTR_MED, number);
	draft_put(d, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, 99, pad, number % 64);
	draft_end(d);
}

Test(intern, equal_content_is_one_set)
{
	struct intern *in = intern_new(3, 42, 10);
	struct next_hop hop = hop_of(1, 4);
	struct draft_text d, e;

	draft_of(&d, 5);
	draft_of(&e, 5);
	memset(e.draft.wire + e.draft.wire_len, 0xee, 100);
	const struct attr *a = intern_get(in, &d.draft, &hop, 2);
	cr_assert_not_null(a);
	/* Bytes past the next hop's length do not count. */
	hop.bytes[20] = 9;
	cr_expect_eq(intern_get(in, &e.draft, &hop, 3), a);
	cr_expect_eq(intern_count(in), 1);
	cr_expect_eq(intern_refs(in), 5);
	cr_expect_eq(a->owner, 3);
	cr_expect_eq(a->facts.med, 5);
	cr_expect_eq(a->wire_len, d.draft.wire_len);
	cr_expect_eq(memcmp(a->wire, d.draft.wire, a->wire_len), 0);
	cr_expect_eq(attr_next_hop(a).len, 4);
	cr_expect_eq(attr_next_hop(a).bytes[20], 0);
	intern_adjust(in, a, -4);
	cr_expect_eq(intern_count(in), 1);
	intern_adjust(in, a, -1);
	cr_expect_eq(intern_count(in), 0);
	cr_expect_eq(intern_refs(in), 0);
	intern_free(in);
	intern_free(NULL);
}

Test(intern, next_hop_value_and_form_tell_sets_apart)
{
	struct intern *in = intern_new(0, 42, 10);
	struct next_hop hops[] = {
		hop_of(1, 4), hop_of(2, 4), hop_of(1, 16), hop_of(1, 32), {.len = 0}};
	struct draft_text d;

	draft_of(&d, 5);
	for (size_t i = 0; i < ARRAY_COUNT(hops); i++) {
		cr_assert_not_null(intern_get(in, &d.draft, &hops[i], 1));
		cr_expect_eq(intern_count(in), i + 1);
	}
	intern_free(in);
}

/* What policy says of a set is part of it (RFC 8326 §4.1 makes two of one). */
Test(intern, local_pref_tells_sets_apart)
{
	struct intern *in = intern_new(0, 42, 10);
	struct next_hop hop = hop_of(1, 4);
	struct draft_text d;

	draft_of(&d, 5);
	const struct attr *plain = intern_get(in, &d.draft, &hop, 1);
	d.draft.facts.local_pref = 0;
	const struct attr *low = intern_get(in, &d.draft, &hop, 1);
	cr_assert(plain != NULL && low != NULL && plain != low);
	cr_expect(plain->facts.local_pref == 100 && low->facts.local_pref == 0);
	cr_expect_eq(intern_get(in, &d.draft, &hop, 1), low);
	intern_free(in);
}

Test(intern, bound_holds_and_leaves_everything_unchanged)
{
	struct intern *in = intern_new(0, 42, 3);
	struct next_hop hop = hop_of(1, 4);
	const struct attr *sets[3];
	struct draft_text d;

	for (uint32_t i = 0; i < 3; i++) {
		draft_of(&d, i);
		sets[i] = intern_get(in, &d.draft, &hop, 1);
		cr_assert_not_null(sets[i]);
	}
	size_t bytes = intern_bytes(in);
	draft_of(&d, 3);
	cr_expect_null(intern_get(in, &d.draft, &hop, 1));
	cr_expect_eq(intern_count(in), 3);
	cr_expect_eq(intern_refs(in), 3);
	cr_expect_eq(intern_bytes(in), bytes);
	draft_of(&d, 1);
	cr_expect_eq(intern_get(in, &d.draft, &hop, 1), sets[1], "a known set is no new one");
	intern_adjust(in, sets[0], -1);
	draft_of(&d, 3);
	cr_expect_not_null(intern_get(in, &d.draft, &hop, 1));
	intern_free(in);
}

Test(intern, hash_follows_content_and_key_alone)
{
	struct intern *a = intern_new(0, 42, 10), *b = intern_new(1, 42, 10),
		      *c = intern_new(0, 43, 10);
	struct next_hop hop = hop_of(1, 16);
	struct draft_text d;

	draft_of(&d, 5);
	uint64_t hash = intern_get(a, &d.draft, &hop, 1)->hash;
	cr_expect_eq(intern_get(b, &d.draft, &hop, 1)->hash, hash);
	cr_expect_neq(intern_get(c, &d.draft, &hop, 1)->hash, hash);
	intern_free(a);
	intern_free(b);
	intern_free(c);
}

enum { KINDS = 600, STEPS = 40000 };

struct counted {
	const struct attr *attr;
	uint64_t refs;
};

struct model {
	struct intern *in;
	struct counted kinds[KINDS];
	size_t count;
	uint64_t refs;
	struct prng chance;
};

static void model_get(struct model *m, uint32_t kind)
{
	struct counted *c = &m->kinds[kind];
	struct next_hop hop = hop_of((uint8_t)(kind % 5), kind % 2 == 0 ? 4 : 16);
	uint32_t refs = (uint32_t)(1 + prng_below(&m->chance, 9));
	struct draft_text d;

	draft_of(&d, kind / 2);
	const struct attr *a = intern_get(m->in, &d.draft, &hop, refs);
	cr_assert_not_null(a);
	cr_assert(c->refs == 0 || c->attr == a);
	m->count += c->refs == 0;
	c->attr = a;
	c->refs += refs;
	m->refs += refs;
}

static void model_adjust(struct model *m, uint32_t kind)
{
	struct counted *c = &m->kinds[kind];

	if (c->refs == 0) {
		return;
	}
	bool is_last = prng_chance(&m->chance, 1, 2);
	uint64_t refs = is_last ? c->refs : 1 + prng_below(&m->chance, c->refs);
	cr_assert_eq(c->attr->facts.med, kind / 2, "the set is still itself");
	intern_adjust(m->in, c->attr, -(int64_t)refs);
	c->refs -= refs;
	m->refs -= refs;
	m->count -= c->refs == 0;
}

/* The number in use swings between few and all, so the table grows, fills and thins out. */
Test(intern, churn_agrees_with_counting)
{
	struct model m = {.in = intern_new(0, 7, KINDS)};

	prng_init(&m.chance, 31);
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t get_chance = step / 5000 % 2 == 0 ? 7 : 3;
		uint32_t kind = (uint32_t)prng_below(&m.chance, KINDS);

		if (prng_chance(&m.chance, get_chance, 10)) {
			model_get(&m, kind);
		} else {
			model_adjust(&m, kind);
		}
		cr_assert_eq(intern_count(m.in), m.count);
		if (step % 100 == 0) {
			cr_assert_eq(intern_refs(m.in), m.refs);
		}
	}
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		if (m.kinds[kind].refs > 0) {
			intern_adjust(m.in, m.kinds[kind].attr, -(int64_t)m.kinds[kind].refs);
		}
	}
	cr_expect_eq(intern_count(m.in), 0);
	cr_expect_eq(intern_refs(m.in), 0);
	intern_free(m.in);
}

Test(intern, bytes_return_to_those_of_the_empty_table)
{
	struct intern *in = intern_new(0, 7, 1000);
	struct next_hop hop = hop_of(1, 4);
	size_t empty = intern_bytes(in);
	struct draft_text d;

	draft_of(&d, 63);
	const struct attr *a = intern_get(in, &d.draft, &hop, 1);
	cr_expect_eq(intern_bytes(in), empty + attr_bytes(d.draft.wire_len, 4));
	intern_adjust(in, a, 5);
	intern_adjust(in, a, -6);
	cr_expect_eq(intern_bytes(in), empty);
	intern_free(in);
}

/* A dress of parts: the first member of each word pattern gets what is said. */
struct wardrobe {
	struct intern *in;
	struct audience_table *audiences;
	struct next_hop hop;
	struct draft_text draft;
};

static struct wardrobe wardrobe_of(size_t count_max)
{
	struct wardrobe w = {.in = intern_new(0, 42, count_max),
			     .audiences = audience_table_new(1, 7),
			     .hop = hop_of(1, 4)};
	intern_set_audiences(w.in, w.audiences);
	draft_of(&w.draft, 1);
	return w;
}

static void wardrobe_free(struct wardrobe *w)
{
	cr_expect_eq(intern_count(w->in), 0);
	cr_expect_eq(intern_refs(w->in), 0);
	cr_expect_eq(audience_count(w->audiences), 0);
	intern_free(w->in);
	audience_table_free(w->audiences);
}

/* One part more: these members are sent set `number`. */
static void add_part(struct wardrobe *w, struct attr_dress *dress, uint64_t members,
		     uint32_t number)
{
	struct draft_text d;
	draft_of(&d, number);
	dress->has_parts = true;
	dress->part[dress->count++] =
		(struct reach_part){.members = audience_get_any(w->audiences, &members),
				    .sent = intern_get(w->in, &d.draft, &w->hop, 1)};
}

static const struct attr *put_on(struct wardrobe *w, const struct attr_dress *dress)
{
	return intern_get_dressed(w->in, &w->draft.draft, &w->hop, dress, 1);
}

Test(intern, dress_is_part_of_what_a_set_is)
{
	struct wardrobe w = wardrobe_of(100);
	const struct attr *set[6];
	struct attr_dress dress[6] = {{.count = 0}};
	add_part(&w, &dress[1], 6, 11);
	add_part(&w, &dress[2], 6, 12);
	add_part(&w, &dress[3], 6, 11);
	add_part(&w, &dress[3], 8, 12);
	dress[4].has_parts = true;
	add_part(&w, &dress[5], 1, 11);
	audience_put(w.audiences, dress[5].part[0].members);
	dress[5] = (struct attr_dress){.sent = dress[5].part[0].sent};
	for (unsigned i = 0; i < ARRAY_COUNT(set); i++) {
		set[i] = put_on(&w, &dress[i]);
		for (unsigned k = 0; k < i; k++) {
			cr_expect_neq(set[i], set[k], "%u and %u", i, k);
		}
	}
	struct attr_dress again = {.count = 0};
	add_part(&w, &again, 6, 11);
	add_part(&w, &again, 8, 12);
	cr_expect_eq(put_on(&w, &again), set[3]);
	cr_expect_eq(attr_sent_to(set[0], 1), set[0]);
	cr_expect_eq(attr_sent_to(set[3], 1)->facts.med, 11);
	cr_expect_eq(attr_sent_to(set[3], 3)->facts.med, 12);
	cr_expect_null(attr_sent_to(set[3], 0));
	cr_expect_null(attr_sent_to(set[4], 1), "nobody gets it");
	cr_expect_eq(attr_sent_to(set[5], 9)->facts.med, 11);
	intern_adjust(w.in, set[3], -1);
	for (unsigned i = 0; i < ARRAY_COUNT(set); i++) {
		intern_adjust(w.in, set[i], -1);
	}
	wardrobe_free(&w);
}

Test(intern, dress_is_given_back_when_there_is_no_room_for_the_set)
{
	struct wardrobe w = wardrobe_of(1);
	struct attr_dress dress = {.count = 0};
	add_part(&w, &dress, 6, 11);
	cr_expect_null(put_on(&w, &dress));
	wardrobe_free(&w);
}
