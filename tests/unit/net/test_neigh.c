/* The neighbour cache: states and their times, claims that are not believed, eviction.
 * RFC 4861 §7.2.2, §7.3; RFC 826; RFC 5227. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "dataplane/net/neigh.h"
#include "rib/base/prng.h"
#include "tests/unit/net/frames.h"

static const usec_t second = USEC_PER_SEC;

struct bench {
	struct neigh_cache *c;
	struct addr a;
	struct mac m1, m2, got;
	struct neigh_question q;
};

static struct bench bench_new(void)
{
	struct bench b = {.c = neigh_new(1),
			  .a = addr_of("198.18.0.2"),
			  .m1 = mac_of("02:00:00:00:00:02"),
			  .m2 = mac_of("02:00:00:00:00:66")};

	cr_assert_not_null(b.c);
	return b;
}

static enum neigh_state state(const struct bench *b)
{
	neigh_check(b->c);
	return neigh_state_of(b->c, 0, &b->a);
}

/* Bring the address to REACHABLE at m1. */
static void reach(struct bench *b, usec_t now)
{
	(void)neigh_use(b->c, 0, &b->a, now, &b->got);
	cr_assert(neigh_tx(b->c, now, &b->q));
	cr_assert(neigh_answered(b->c, 0, &b->a, &b->m1, true, now));
	cr_assert_eq(state(b), NEIGH_REACHABLE);
}

/* RFC 4861 §7.2.2: three questions a second apart, then unreachable; here with a hold-down. */
Test(neigh, silence_is_unreachable_after_three_questions)
{
	struct bench b = bench_new();

	for (unsigned round = 0; round < 3; round++) {
		usec_t begin = 100 * second + round * 20 * second;

		cr_assert_eq(neigh_use(b.c, 0, &b.a, begin, &b.got), NEIGH_WAIT);
		for (unsigned i = 0; i < 3; i++) {
			usec_t now = begin + i * second;

			cr_expect_leq(neigh_due(b.c), now);
			cr_assert(neigh_tx(b.c, now, &b.q));
			cr_expect_not(b.q.is_unicast);
			cr_expect(addr_equal(&b.q.addr, &b.a));
			cr_expect_not(neigh_tx(b.c, now + second - 1, &b.q));
			cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_WAIT);
			cr_expect_eq(neigh_due(b.c), now + second);
		}
		cr_expect_not(neigh_tx(b.c, begin + 3 * second, &b.q));
		cr_expect_eq(state(&b), NEIGH_UNREACHABLE);
		cr_expect_eq(neigh_due(b.c), USEC_NEVER);
		cr_expect_eq(neigh_use(b.c, 0, &b.a, begin + 4 * second, &b.got), NEIGH_FAILED);
		cr_expect_eq(neigh_use(b.c, 0, &b.a, begin + 8 * second - 1, &b.got), NEIGH_FAILED);
	}
	neigh_free(b.c);
}

/* RFC 4861 §6.3.2 and §7.3.3: reachable for 15 to 45 s, then verified in unicast while in use. */
Test(neigh, a_reachable_neighbour_is_verified_while_it_is_used)
{
	struct bench b = bench_new();

	reach(&b, second);
	for (usec_t now = second; now < 16 * second; now += second) {
		cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_OK);
		cr_expect_eq(state(&b), NEIGH_REACHABLE);
	}
	cr_expect_eq(neigh_use(b.c, 0, &b.a, 46 * second, &b.got), NEIGH_OK);
	cr_expect_eq(state(&b), NEIGH_PROBE);
	cr_expect(neigh_tx(b.c, 46 * second, &b.q));
	cr_expect(b.q.is_unicast);
	cr_expect_eq(memcmp(&b.q.mac, &b.m1, 6), 0);
	/* RFC 4861 §7.2.5: a unicast answer may come without the option. */
	cr_expect(neigh_answered(b.c, 0, &b.a, &b.m1, false, 47 * second));
	cr_expect_eq(state(&b), NEIGH_REACHABLE);
	neigh_free(b.c);
}

Test(neigh, reachable_times_are_spread)
{
	usec_t shortest = USEC_NEVER, longest = 0;

	for (uint64_t seed = 0; seed < 40; seed++) {
		struct bench b = bench_new();

		neigh_free(b.c);
		b.c = neigh_new(seed);
		reach(&b, 0);
		usec_t t = 0;
		while (state(&b) == NEIGH_REACHABLE) {
			t += second;
			cr_assert_eq(neigh_use(b.c, 0, &b.a, t, &b.got), NEIGH_OK);
		}
		shortest = min_u64(shortest, t);
		longest = max_u64(longest, t);
		neigh_free(b.c);
	}
	cr_expect_geq(shortest, 15 * second);
	cr_expect_lt(shortest, 22 * second);
	cr_expect_gt(longest, 38 * second);
	cr_expect_leq(longest, 46 * second);
}

/* A probe without answer goes on to ask everybody, and finds the new owner. */
Test(neigh, a_moved_neighbour_is_found_again)
{
	struct bench b = bench_new();
	usec_t now = 10 * second;

	reach(&b, now);
	/* Guarantee (a): a claim alone changes nothing but makes us verify. */
	neigh_claimed(b.c, 0, &b.a, &b.m2, now);
	cr_expect_eq(state(&b), NEIGH_PROBE);
	cr_expect_not(neigh_tx(b.c, now, &b.q)); /* Guarantee (c): it was asked just now. */
	now += second;
	for (unsigned i = 0; i < 3; i++, now += second) {
		cr_assert(neigh_tx(b.c, now, &b.q));
		cr_expect(b.q.is_unicast);
		cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_OK);
		cr_expect_eq(memcmp(&b.got, &b.m1, 6), 0);
		/* The new one answers what was asked of the old one: not believed. */
		cr_expect_not(neigh_answered(b.c, 0, &b.a, &b.m2, true, now));
	}
	cr_assert(neigh_tx(b.c, now, &b.q));
	cr_expect_not(b.q.is_unicast);
	cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_WAIT);
	cr_expect(neigh_answered(b.c, 0, &b.a, &b.m2, true, now));
	cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_OK);
	cr_expect_eq(memcmp(&b.got, &b.m2, 6), 0);
	neigh_free(b.c);
}

enum event { ANSWER_SAME, ANSWER_OTHER, ANSWER_BARE, HEARD_SAME, HEARD_OTHER, CLAIM_OTHER };

/* Bring the neighbour to a state, with m1 where it has a MAC; returns the time when it is there. */
static usec_t bring_to(struct bench *b, enum neigh_state wanted)
{
	usec_t now = 100 * second;

	if (wanted == NEIGH_REACHABLE) {
		reach(b, now);
	} else if (wanted == NEIGH_STALE || wanted == NEIGH_PROBE) {
		cr_assert(neigh_heard(b->c, 0, &b->a, &b->m1, now));
	}
	if (wanted != NEIGH_NONE && wanted != NEIGH_STALE) {
		(void)neigh_use(b->c, 0, &b->a, now, &b->got);
	}
	for (; wanted == NEIGH_UNREACHABLE && now < 104 * second; now += second) {
		(void)neigh_tx(b->c, now, &b->q);
	}
	return now;
}

static void happen(struct bench *b, enum event event, usec_t now)
{
	switch (event) {
	case ANSWER_SAME:
		(void)neigh_answered(b->c, 0, &b->a, &b->m1, true, now);
		break;
	case ANSWER_OTHER:
		(void)neigh_answered(b->c, 0, &b->a, &b->m2, true, now);
		break;
	case ANSWER_BARE:
		(void)neigh_answered(b->c, 0, &b->a, &b->m1, false, now);
		break;
	case HEARD_SAME:
		(void)neigh_heard(b->c, 0, &b->a, &b->m1, now);
		break;
	case HEARD_OTHER:
		(void)neigh_heard(b->c, 0, &b->a, &b->m2, now);
		break;
	case CLAIM_OTHER:
		neigh_claimed(b->c, 0, &b->a, &b->m2, now);
		break;
	}
}

/* Every event in every state: what becomes of the state and of the MAC in use. */
Test(neigh, every_event_in_every_state)
{
	static const struct {
		enum neigh_state from;
		enum event event;
		enum neigh_state to;
		uint8_t mac; /* Last byte afterwards; 0 = none usable. */
	} rows[] = {
		{NEIGH_NONE, ANSWER_SAME, NEIGH_NONE, 0},
		{NEIGH_NONE, HEARD_SAME, NEIGH_STALE, 0x02},
		{NEIGH_NONE, CLAIM_OTHER, NEIGH_NONE, 0},
		{NEIGH_INCOMPLETE, ANSWER_SAME, NEIGH_REACHABLE, 0x02},
		{NEIGH_INCOMPLETE, ANSWER_BARE, NEIGH_INCOMPLETE, 0},
		{NEIGH_INCOMPLETE, HEARD_SAME, NEIGH_STALE, 0x02},
		{NEIGH_INCOMPLETE, CLAIM_OTHER, NEIGH_INCOMPLETE, 0},
		{NEIGH_REACHABLE, ANSWER_SAME, NEIGH_REACHABLE, 0x02},
		{NEIGH_REACHABLE, ANSWER_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_REACHABLE, HEARD_SAME, NEIGH_REACHABLE, 0x02},
		{NEIGH_REACHABLE, HEARD_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_REACHABLE, CLAIM_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_STALE, ANSWER_SAME, NEIGH_STALE, 0x02},
		{NEIGH_STALE, ANSWER_OTHER, NEIGH_STALE, 0x02},
		{NEIGH_STALE, HEARD_OTHER, NEIGH_STALE, 0x02},
		{NEIGH_PROBE, ANSWER_SAME, NEIGH_REACHABLE, 0x02},
		{NEIGH_PROBE, ANSWER_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_PROBE, HEARD_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_PROBE, CLAIM_OTHER, NEIGH_PROBE, 0x02},
		{NEIGH_UNREACHABLE, ANSWER_SAME, NEIGH_UNREACHABLE, 0},
		{NEIGH_UNREACHABLE, HEARD_SAME, NEIGH_STALE, 0x02},
		{NEIGH_UNREACHABLE, CLAIM_OTHER, NEIGH_UNREACHABLE, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bench b = bench_new();
		usec_t now = bring_to(&b, rows[i].from);

		cr_assert_eq(state(&b), rows[i].from, "row %zu", i);
		happen(&b, rows[i].event, now);
		cr_expect_eq(state(&b), rows[i].to, "row %zu: %u", i, state(&b));
		bool is_ok = neigh_use(b.c, 0, &b.a, now, &b.got) == NEIGH_OK;
		cr_expect_eq(is_ok, rows[i].mac != 0, "row %zu", i);
		cr_expect(!is_ok || b.got.bytes[5] == rows[i].mac, "row %zu", i);
		neigh_free(b.c);
	}
}

/* A neighbour that gives sign of life during the hold-down is asked at once. */
Test(neigh, a_sign_of_life_ends_the_hold_down)
{
	struct bench b = bench_new();
	usec_t now = 0;

	(void)neigh_use(b.c, 0, &b.a, now, &b.got);
	for (; now < 4 * second; now += second) {
		(void)neigh_tx(b.c, now, &b.q);
	}
	cr_assert_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_FAILED);
	neigh_claimed(b.c, 0, &b.a, &b.m1, now);
	cr_expect_eq(neigh_use(b.c, 0, &b.a, now, &b.got), NEIGH_WAIT);
	cr_expect(neigh_tx(b.c, now, &b.q));
	neigh_free(b.c);
}

/* The same address on two ports is two neighbours (link-local addresses are). */
Test(neigh, ports_are_told_apart)
{
	struct bench b = bench_new();
	struct addr local = addr_of("fe80::2");

	cr_assert(neigh_heard(b.c, 0, &local, &b.m1, 0));
	cr_assert(neigh_heard(b.c, 1, &local, &b.m2, 0));
	cr_assert_eq(neigh_use(b.c, 1, &local, 0, &b.got), NEIGH_OK);
	cr_expect_eq(memcmp(&b.got, &b.m2, 6), 0);
	cr_expect_eq(neigh_use(b.c, 2, &local, 0, &b.got), NEIGH_WAIT);
	neigh_free(b.c);
}

/* Guarantee (b): strangers come and go, whom we talk to stays. */
Test(neigh, strangers_do_not_evict_neighbours_in_use)
{
	struct bench b = bench_new();

	for (uint32_t i = 0; i < 1000; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		(void)neigh_use(b.c, 0, &a, 0, &b.got);
		cr_assert(neigh_tx(b.c, 0, &b.q));
		cr_assert(neigh_answered(b.c, 0, &a, &b.m1, true, 0));
	}
	for (uint32_t i = 0; i < 4 * NEIGH_COUNT_MAX; i++) {
		struct addr a = addr_v4(0x0b000000 + i);

		cr_assert(neigh_heard(b.c, 0, &a, &b.m2, 1));
	}
	cr_expect_eq(neigh_count(b.c), (size_t)NEIGH_COUNT_MAX);
	neigh_check(b.c);
	for (uint32_t i = 0; i < 1000; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		cr_expect_eq(neigh_state_of(b.c, 0, &a), NEIGH_REACHABLE);
	}
	neigh_free(b.c);
}

/* Thousands of open questions are asked in time, each once a second, whatever is evicted. */
Test(neigh, random_histories_keep_the_invariants, .timeout = 60)
{
	struct bench b = bench_new();
	struct prng p;
	usec_t now = 0;

	prng_init(&p, 3);
	for (unsigned i = 0; i < 200000; i++) {
		struct addr a = addr_v4(0x0a000000 + (uint32_t)prng_below(&p, 20000));
		const struct mac *m = prng_chance(&p, 1, 4) ? &b.m2 : &b.m1;

		now += prng_below(&p, 2000);
		switch (prng_below(&p, 6)) {
		case 0:
		case 1:
			(void)neigh_use(b.c, 0, &a, now, &b.got);
			break;
		case 2:
			(void)neigh_answered(b.c, 0, &a, m, prng_chance(&p, 1, 2), now);
			break;
		case 3:
			(void)neigh_heard(b.c, 0, &a, m, now);
			break;
		case 4:
			neigh_claimed(b.c, 0, &a, m, now);
			break;
		default:
			while (neigh_tx(b.c, now, &b.q)) {
			}
			cr_assert_gt(neigh_due(b.c), now);
			break;
		}
		if (i % 5000 == 0) {
			neigh_check(b.c);
		}
	}
	cr_expect_eq(neigh_count(b.c), (size_t)NEIGH_COUNT_MAX);
	neigh_free(b.c);
}
