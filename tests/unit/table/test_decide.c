/* The decision against RFC 4271 §9.1.2.2 word for word, over every order of arrival. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/base/prng.h"
#include "rib/table/shard.h"

#define PEERS 8

static void make_peers(struct rank_peer *peers, struct prng *p, unsigned ids)
{
	for (unsigned i = 0; i < PEERS; i++) {
		peers[i].router_id = (uint32_t)prng_below(p, ids);
		peers[i].addr = addr_v4(0xc6120000u + (unsigned)prng_below(p, 250) * 256 + i);
	}
}

static uint32_t order_key(const struct path *p)
{
	return (uint32_t)p->peer << 16 | p->slot;
}

static void check_order(const struct path *set, unsigned count, const struct rank_peer *peers)
{
	unsigned order[64];
	unsigned ranked = naive_rank(set, count, peers, order);
	struct paths *p = make_paths(set, count);
	decide_rank(p, peers);
	cr_assert_eq(p->ranked_count, ranked);
	for (unsigned i = 0; i < ranked; i++) {
		cr_assert_eq(p->path[i].peer, set[order[i]].peer);
		cr_assert_eq(p->path[i].attr, set[order[i]].attr);
	}
	for (unsigned i = ranked; i < count; i++) {
		cr_assert_neq(p->path[i].reason, 0);
		cr_assert(i == ranked || order_key(&p->path[i - 1]) < order_key(&p->path[i]));
	}
	free(p);
}

/* Heap's algorithm: every order of `set`. */
static void check_permutations(struct path *set, unsigned count, const struct rank_peer *peers)
{
	unsigned c[PEERS] = {0};
	check_order(set, count, peers);
	for (unsigned i = 0; i < count;) {
		if (c[i] >= i) {
			c[i++] = 0;
			continue;
		}
		unsigned j = i % 2 ? c[i] : 0;
		struct path t = set[i];
		set[i] = set[j];
		set[j] = t;
		check_order(set, count, peers);
		c[i]++;
		i = 0;
	}
}

Test(table, decision_is_rfc4271_applied_repeatedly_in_any_order)
{
	/* RFC 4271 §9.1.2.2; sets of up to 6 paths with ties in every step. */
	struct prng p;
	prng_init(&p, 4271);
	for (unsigned round = 0; round < 150; round++) {
		struct intern *in = intern_new(0, round, 64);
		struct rank_peer peers[PEERS];
		struct path set[6] = {0};
		unsigned count = 1 + (unsigned)prng_below(&p, 6);
		make_peers(peers, &p, 1 + round % 4);
		for (unsigned i = 0; i < count; i++) {
			struct attr_spec spec = {
				.local_pref = 100 + (uint32_t)(prng_chance(&p, 1, 10)),
				.path_len = 1 + (uint32_t)prng_chance(&p, 1, 6),
				.neighbor_as = 64500 + (uint32_t)prng_below(&p, 3),
				.origin = (uint32_t)prng_chance(&p, 1, 6),
				.med = (uint32_t)prng_below(&p, 3),
				.id = i + 1,
				.community = prng_chance(&p, 1, 8) ? COMMUNITY_LLGR_STALE : 0,
			};
			/* In every third round two paths are of one member (RFC 7911). */
			bool is_paired = round % 3 == 2;
			set[i].attr = make_attr_spec(in, &spec, FAMILY_IPV4);
			set[i].peer = (peer_id_t)(is_paired ? i % 3 : i);
			set[i].slot = is_paired ? (uint16_t)(i / 3) : 0;
			set[i].reason = prng_chance(&p, 1, 8) ? REJECT_AS_LOOP : REJECT_NONE;
		}
		check_permutations(set, count, peers);
		intern_free(in);
	}
}

Test(table, large_sets_are_ranked_like_small_ones)
{
	struct prng p;
	prng_init(&p, 7);
	for (unsigned round = 0; round < 60; round++) {
		struct intern *in = intern_new(0, round, 64);
		struct rank_peer peers[64];
		struct path set[60] = {0};
		for (unsigned i = 0; i < 60; i++) {
			peers[i] = (struct rank_peer){.router_id = (uint32_t)prng_below(&p, 20),
						      .addr = addr_v4(0xc6120001u + i)};
			struct attr_spec spec = {
				.local_pref = 100,
				.path_len = 1 + (uint32_t)prng_below(&p, 2),
				.neighbor_as = 64500 + (uint32_t)prng_below(&p, 12),
				.med = round % 3 == 0 ? 5 : (uint32_t)prng_below(&p, 4),
				.id = i + 1};
			set[i].attr = make_attr_spec(in, &spec, FAMILY_IPV4);
			set[i].peer = (peer_id_t)i;
		}
		check_order(set, 60, peers);
		intern_free(in);
	}
}

Test(table, the_rule_that_decided_is_named)
{
	static const struct {
		struct attr_spec a, b;
		uint32_t id_a, id_b;
		enum rule rule;
	} row[] = {
		{{200, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0},
		 {100, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0},
		 1,
		 1,
		 RULE_LOCAL_PREF},
		{{100, 1, 1, 2, 0, 1, 0, 0, 0, 0, 0},
		 {100, 2, 1, 0, 0, 2, 0, 0, 0, 0, 0},
		 1,
		 1,
		 RULE_PATH_LEN},
		{{100, 1, 1, 0, 9, 1, 0, 0, 0, 0, 0},
		 {100, 1, 1, 1, 0, 2, 0, 0, 0, 0, 0},
		 1,
		 1,
		 RULE_ORIGIN},
		{{100, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0},
		 {100, 1, 1, 0, 9, 2, 0, 0, 0, 0, 0},
		 9,
		 1,
		 RULE_MED},
		{{100, 1, 1, 0, 9, 1, 0, 0, 0, 0, 0},
		 {100, 1, 2, 0, 0, 2, 0, 0, 0, 0, 0},
		 1,
		 9,
		 RULE_ROUTER_ID},
		{{100, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0},
		 {100, 1, 2, 0, 0, 2, 0, 0, 0, 0, 0},
		 5,
		 5,
		 RULE_PEER_ADDR},
	};
	for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
		struct intern *in = intern_new(0, 1, 64);
		struct rank_peer peers[2] = {{row[i].id_a, addr_v4(1)}, {row[i].id_b, addr_v4(2)}};
		struct path set[2] = {
			{.attr = make_attr_spec(in, &row[i].b, FAMILY_IPV4), .peer = 1},
			{.attr = make_attr_spec(in, &row[i].a, FAMILY_IPV4), .peer = 0}};
		struct paths *p = make_paths(set, 2);
		decide_rank(p, peers);
		cr_expect_eq(p->path[0].peer, 0, "row %zu", i);
		cr_expect_eq(decide_rule(p, 0, peers), row[i].rule, "row %zu", i);
		cr_expect_eq(decide_rule(p, 1, peers), RULE_ONLY);
		cr_expect_gt(strlen(rule_text(row[i].rule)), 5);
		free(p);
		intern_free(in);
	}
}

Test(table, view_is_the_first_path_that_is_not_mine_and_fits)
{
	struct intern *in = intern_new(0, 1, 64);
	struct update_form as4 = wire_form(FAMILY_IPV4, 0, 0),
			   as2 = wire_form(FAMILY_IPV4, WIRE_CLASS_AS2, 0);
	struct path set[4] = {
		{.attr = make_attr(in, 0, VARIANT_HUGE, FAMILY_IPV4), .peer = 0},
		{.attr = make_attr(in, 1, VARIANT_LARGE, FAMILY_IPV4), .peer = 1},
		{.attr = make_attr(in, 2, 0, FAMILY_IPV4), .peer = 2},
		{.attr = make_attr(in, 3, 0, FAMILY_IPV4), .peer = 3, .reason = REJECT_AS_LOOP},
	};
	struct paths *p = make_paths(set, 4);
	p->ranked_count = 3;
	cr_expect_eq(view(p, 7, &as4), &p->path[1]);
	cr_expect_eq(view(p, 1, &as4), &p->path[2]);
	cr_expect_eq(view(p, 7, &as2), &p->path[2]);
	cr_expect_null(view(p, 2, &as2)); /* The rejected one is never seen. */
	cr_expect_null(view(NULL, 2, &as2));
	free(p);
	intern_free(in);
}

Test(table, the_rule_between_two_paths_of_one_member_is_named)
{
	struct intern *in = intern_new(0, 1, 64);
	struct rank_peer peers[1] = {{1, addr_v4(1)}};
	struct path set[2] = {{.attr = make_attr(in, 0, 1, FAMILY_IPV4), .slot = 1},
			      {.attr = make_attr(in, 0, 1 + 12, FAMILY_IPV4), .slot = 2}};
	struct paths *p = make_paths(set, 2);
	decide_rank(p, peers);
	cr_expect_eq(decide_rule(p, 0, peers), RULE_CONTENT);
	set[1].attr = make_attr(in, 0, VARIANT_LLGR, FAMILY_IPV4);
	set[1].peer = set[1].slot = 0;
	memcpy(p->path, set, sizeof(set));
	decide_rank(p, peers);
	cr_expect_eq(p->path[0].slot, 1);
	cr_expect_eq(decide_rule(p, 0, peers), RULE_LLGR_STALE);
	free(p);
	intern_free(in);
}
