/* Rank and view against the oracle of the whole server, which knows only bytes (tests/support).
 * RFC 4271 §9.1.2.2, RFC 7911, RFC 8950, RFC 9234 §5, RFC 9494 §4.3. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/base/prng.h"
#include "rib/table/shard.h"
#include "tests/support/naive.h"

#define SPEAKERS 4
#define OFFERS	 8

struct case_of {
	struct intern *intern;
	struct naive_speaker speaker[SPEAKERS];
	struct rank_peer rank[SPEAKERS];
	struct naive_offer offer[OFFERS];
	unsigned count;
	struct paths *paths;
};

/* The set that our decoder makes of what the offer says on the wire. */
static const struct attr *decode(struct case_of *c, const struct naive_offer *o)
{
	static struct attr_draft draft;
	const struct naive_prefix prefix = {.len = 8, .bytes = {10}};
	const struct update_opts opts = {
		.is_as4 = true, .families = {true, true}, .local_as = 9, .has_next_hop6 = true};
	uint8_t message[4096];
	struct update u;
	size_t len = naive_announce(message, &o->attrs, &prefix, 1, true);
	update_decode(span_of(message + 19, len - 19), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_OK);
	unsigned place = o->attrs.has_next_hop6 ? UPDATE_MP : UPDATE_FIELD;
	const struct next_hop *hop = &u.announced[place].next_hop;
	cr_assert_eq(u.announced[place].count, 1);
	const struct attr *a = intern_get(c->intern, &draft, hop, 1);
	if (o->is_llgr_stale) {
		cr_assert(attr_add_community(a, COMMUNITY_LLGR_STALE, &draft));
		a = intern_get(c->intern, &draft, hop, 1);
	}
	return a;
}

static struct naive_attrs random_attrs(struct prng *p, unsigned owner, unsigned serial)
{
	struct naive_attrs a = {.origin = (uint8_t)prng_chance(p, 1, 6),
				.path_len = (uint8_t)(1 + prng_chance(p, 1, 4)),
				.has_med = prng_chance(p, 1, 2),
				.med = (uint32_t)prng_below(p, 3),
				.announcer = owner,
				.serial = serial,
				.otc = prng_chance(p, 1, 4) ? 64700 : 0,
				.has_next_hop6 = prng_chance(p, 1, 4)};
	a.path[0] = 64500 + (uint32_t)prng_below(p, 2);
	a.path[1] = 64600;
	a.next_hop[0] = 198;
	a.next_hop[1] = 18;
	a.next_hop[3] = (uint8_t)(1 + prng_below(p, 2));
	return a;
}

static void make_case(struct case_of *c, struct prng *p)
{
	c->intern = intern_new(0, 3, 1024);
	c->count = (unsigned)prng_below(p, OFFERS + 1);
	c->paths = calloc(1, sizeof(*c->paths) + OFFERS * sizeof(struct path));
	c->paths->count = (uint16_t)c->count;
	for (unsigned i = 0; i < SPEAKERS; i++) {
		struct addr a = addr_v4(0xc6120000u + 9 * (7 - i));
		c->speaker[i] = (struct naive_speaker){.router_id = (uint32_t)prng_below(p, 2)};
		memcpy(c->speaker[i].addr, a.bytes, sizeof(a.bytes));
		c->rank[i] = (struct rank_peer){c->speaker[i].router_id, a};
	}
	for (unsigned i = 0; i < c->count; i++) {
		unsigned owner = (unsigned)prng_below(p, SPEAKERS);
		c->offer[i] = (struct naive_offer){.owner = owner,
						   .is_llgr_stale = prng_chance(p, 1, 4),
						   .attrs = random_attrs(p, owner, 100 - i)};
		c->paths->path[i] = (struct path){.attr = decode(c, &c->offer[i]),
						  .peer = (peer_id_t)owner,
						  .slot = (uint16_t)(i + 1)};
	}
	decide_rank(c->paths, c->rank);
}

static void compare(const struct case_of *c, const struct naive_wish *wish)
{
	unsigned class_idx = WIRE_CLASS_PATHS | (wish->has_llgr ? WIRE_CLASS_LLGR : 0) |
			     (wish->denies_otc ? WIRE_CLASS_OTC_DENY : 0) |
			     (wish->has_next_hop6 ? WIRE_CLASS_NEXT_HOP6 : 0);
	struct update_form form = wire_form(FAMILY_IPV4, class_idx, 0);
	const struct path *seen[VIEW_MAX];
	int want[OFFERS];
	unsigned count = naive_views(c->offer, c->count, c->speaker, wish, want);
	cr_assert_eq(view_n(c->paths, (peer_id_t)wish->member, &form, wish->n, seen), count);
	for (unsigned i = 0; i < count; i++) {
		cr_assert_eq(seen[i]->slot, want[i] + 1);
	}
}

Test(table, views_are_those_of_the_oracle_that_knows_only_bytes)
{
	struct prng p;
	prng_init(&p, 9494);
	for (unsigned round = 0; round < 1500; round++) {
		struct case_of c;
		make_case(&c, &p);
		for (unsigned i = 0; i < SPEAKERS * 2 * 3; i++) {
			compare(&c, &(struct naive_wish){.member = i % SPEAKERS,
							 .has_llgr = i / SPEAKERS % 2 == 1,
							 .denies_otc = prng_chance(&p, 1, 2),
							 .has_next_hop6 = prng_chance(&p, 1, 2),
							 .n = 1 + i / SPEAKERS / 2 * 2});
		}
		free(c.paths);
		intern_free(c.intern);
	}
}
