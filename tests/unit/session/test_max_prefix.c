/* Prefix limits: steps, room, events that do not repeat, and what a NOTIFICATION says.
 * RFC 4271 §6.7, RFC 4486 §4. */
#include "dataplane/session/max_prefix.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"

#define A_MINUTE (60 * USEC_PER_SEC)

static struct max_prefix_rules rules_of(enum max_prefix_do action, uint32_t limit)
{
	return (struct max_prefix_rules){.action = (uint8_t)action,
					 .counts_rejected = true,
					 .warning_percent = 90,
					 .restart_after_s = 900,
					 .limit = {limit, limit}};
}

static struct max_prefix machine(enum max_prefix_do action, uint32_t limit)
{
	struct max_prefix_rules rules = rules_of(action, limit);
	struct max_prefix m;
	max_prefix_init(&m, &rules);
	return m;
}

static struct prefix numbered(unsigned number)
{
	struct addr a = addr_v4(0xc6120000u + (number << 8));
	return prefix_make(&a, 24);
}

/* A count of so many, all accepted, all that was announced. */
static enum max_prefix_step count(struct max_prefix *m, uint64_t held, usec_t now)
{
	const struct max_prefix_tally tally = {
		.received = held, .accepted = held, .announces = m->family[FAMILY_IPV4].pushed};
	return max_prefix_count(m, FAMILY_IPV4, &tally, now);
}

Test(max_prefix, each_action_has_its_step_beyond_the_limit_and_none_at_it)
{
	static const struct {
		enum max_prefix_do action;
		enum max_prefix_step at, beyond;
	} cases[] = {
		{MAX_PREFIX_OFF, MAX_PREFIX_NOTHING, MAX_PREFIX_NOTHING},
		{MAX_PREFIX_WARN, MAX_PREFIX_NEAR, MAX_PREFIX_OVER},
		{MAX_PREFIX_RESTART, MAX_PREFIX_NEAR, MAX_PREFIX_END},
		{MAX_PREFIX_SHUTDOWN, MAX_PREFIX_NEAR, MAX_PREFIX_END_FOR_GOOD},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct max_prefix m = machine(cases[i].action, 100);
		cr_expect_eq(count(&m, 89, 1), MAX_PREFIX_NOTHING, "case %u", i);
		cr_expect_eq(count(&m, 100, 2), cases[i].at, "case %u", i);
		cr_expect_eq(count(&m, 101, 3), cases[i].beyond, "case %u", i);
	}
}

Test(max_prefix, several_pass_together_only_where_there_is_room_for_all)
{
	struct max_prefix m = machine(MAX_PREFIX_BLOCK, 10);

	m.rules.counts_rejected = false;
	cr_expect_eq(count(&m, 0, 1), MAX_PREFIX_NOTHING);
	cr_expect(max_prefix_pass(&m, FAMILY_IPV4, 7, true));
	cr_expect(!max_prefix_pass(&m, FAMILY_IPV4, 4, true), "three are left");
	cr_expect_eq(m.family[FAMILY_IPV4].pushed, 7, "nothing was pushed");
	cr_expect(max_prefix_pass(&m, FAMILY_IPV4, 4, false), "rejected ones do not count");
	cr_expect(max_prefix_pass(&m, FAMILY_IPV4, 3, true));
	cr_expect_eq(m.family[FAMILY_IPV4].pushed, 14);
	cr_expect(max_prefix_is_pressed(&m));
}

Test(max_prefix, without_a_limit_there_is_always_room)
{
	struct max_prefix m = machine(MAX_PREFIX_SHUTDOWN, 0);
	struct prefix p = numbered(1);

	cr_expect(!max_prefix_is_on(&m));
	for (unsigned i = 0; i < 1000; i++) {
		cr_expect(!max_prefix_push(&m, &p, true));
	}
	cr_expect(!max_prefix_is_pressed(&m));
	cr_expect_eq(count(&m, 1u << 30, 1), MAX_PREFIX_NOTHING);
}

Test(max_prefix, one_family_may_have_a_limit_and_the_other_none)
{
	struct max_prefix m = machine(MAX_PREFIX_BLOCK, 1);
	struct max_prefix_rules rules = m.rules;
	const struct max_prefix_tally many = {.received = 5, .accepted = 5};

	rules.limit[FAMILY_IPV6] = 0;
	max_prefix_set_rules(&m, &rules);
	cr_expect(max_prefix_is_on(&m));
	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV6, &many, 1), MAX_PREFIX_NOTHING);
}

Test(max_prefix, rejected_ones_count_where_the_operator_wants_it)
{
	const struct max_prefix_tally tally = {.received = 11, .accepted = 9};

	for (unsigned counts = 0; counts < 2; counts++) {
		struct max_prefix_rules rules = rules_of(MAX_PREFIX_SHUTDOWN, 10);
		struct max_prefix m;
		rules.counts_rejected = counts != 0;
		max_prefix_init(&m, &rules);
		enum max_prefix_step step = max_prefix_count(&m, FAMILY_IPV4, &tally, 1);
		cr_expect_eq(step, counts != 0 ? MAX_PREFIX_END_FOR_GOOD : MAX_PREFIX_NEAR);
	}
}

Test(max_prefix, a_rejected_one_takes_no_room_where_it_does_not_count)
{
	struct max_prefix_rules rules = rules_of(MAX_PREFIX_BLOCK, 2);
	struct max_prefix m;
	struct prefix p = numbered(1);

	rules.counts_rejected = false;
	max_prefix_init(&m, &rules);
	for (unsigned i = 0; i < 10; i++) {
		cr_expect(!max_prefix_push(&m, &p, false));
	}
	cr_expect(!max_prefix_push(&m, &p, true));
	cr_expect(!max_prefix_push(&m, &p, true));
	cr_expect(max_prefix_push(&m, &p, true), "the third that counts");
}

/* What is on its way to the shards has taken its room already. */
Test(max_prefix, room_is_what_neither_counts_nor_is_on_its_way)
{
	struct max_prefix m = machine(MAX_PREFIX_BLOCK, 10);
	struct prefix p;

	for (unsigned i = 0; i < 6; i++) {
		p = numbered(i);
		cr_assert(!max_prefix_push(&m, &p, true));
	}
	/* Shards have seen four of these, and one was there already. */
	struct max_prefix_tally tally = {.received = 3, .accepted = 3, .announces = 4};
	max_prefix_count(&m, FAMILY_IPV4, &tally, 1);
	cr_expect_eq(m.family[FAMILY_IPV4].room, 10 - 3 - 2);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert(!max_prefix_push(&m, &p, true));
	}
	cr_expect(max_prefix_is_pressed(&m));
	cr_expect(max_prefix_push(&m, &p, true));
}

Test(max_prefix, only_block_caps_what_has_no_room)
{
	static const enum max_prefix_do actions[] = {MAX_PREFIX_WARN, MAX_PREFIX_BLOCK,
						     MAX_PREFIX_RESTART, MAX_PREFIX_SHUTDOWN};

	for (unsigned i = 0; i < ARRAY_COUNT(actions); i++) {
		struct max_prefix m = machine(actions[i], 1);
		struct prefix p = numbered(1);
		cr_expect(!max_prefix_push(&m, &p, true));
		cr_expect_eq(max_prefix_push(&m, &p, true), actions[i] == MAX_PREFIX_BLOCK);
		cr_expect(max_prefix_is_pressed(&m), "and is to be counted");
	}
}

Test(max_prefix, the_last_ones_without_room_are_remembered)
{
	struct max_prefix m = machine(MAX_PREFIX_SHUTDOWN, 3);

	for (unsigned i = 0; i < 3 + MAX_PREFIX_LAST + 2; i++) {
		struct prefix p = numbered(i);
		max_prefix_push(&m, &p, true);
	}
	const struct max_prefix_family *f = &m.family[FAMILY_IPV4];
	cr_expect_eq(f->last_count, MAX_PREFIX_LAST);
	for (unsigned i = 0; i < MAX_PREFIX_LAST; i++) {
		struct prefix p = numbered(3 + 2 + i);
		unsigned at = (f->last_next + i) % MAX_PREFIX_LAST;
		cr_expect(prefix_equal(&f->last[at], &p), "the oldest but two first");
	}
}

Test(max_prefix, a_warning_comes_once_until_the_count_was_well_below)
{
	struct max_prefix m = machine(MAX_PREFIX_WARN, 100);
	usec_t now = A_MINUTE;

	cr_expect_eq(count(&m, 90, now), MAX_PREFIX_NEAR);
	cr_expect_eq(count(&m, 99, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 85, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 95, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 80, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 95, now += A_MINUTE), MAX_PREFIX_NEAR);
	cr_expect_eq(m.family[FAMILY_IPV4].warnings, 2);
	/* Again, but within a minute. */
	cr_expect_eq(count(&m, 0, now), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 95, now + 1), MAX_PREFIX_NOTHING);
}

Test(max_prefix, to_be_over_is_told_once_and_counted_each_time)
{
	struct max_prefix m = machine(MAX_PREFIX_WARN, 100);
	usec_t now = A_MINUTE;

	cr_expect_eq(count(&m, 101, now), MAX_PREFIX_OVER);
	cr_expect_eq(count(&m, 150, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 100, now += A_MINUTE), MAX_PREFIX_NOTHING);
	cr_expect_eq(count(&m, 101, now += A_MINUTE), MAX_PREFIX_OVER);
	count(&m, 100, now + 1);
	cr_expect_eq(count(&m, 101, now + 2), MAX_PREFIX_NOTHING, "within a minute");
	cr_expect_eq(m.family[FAMILY_IPV4].exceeded, 3);
}

Test(max_prefix, what_was_blocked_is_granted_when_there_is_room)
{
	struct max_prefix m = machine(MAX_PREFIX_BLOCK, 10);
	struct max_prefix_tally tally = {.received = 14, .accepted = 10, .blocked = 4};
	struct max_prefix_family *f = &m.family[FAMILY_IPV4];
	usec_t now = A_MINUTE;

	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, now), MAX_PREFIX_FULL);
	cr_expect_eq(f->count, 10);
	cr_expect_eq(f->room, 0);
	/* Three of the accepted ones are withdrawn. */
	tally = (struct max_prefix_tally){.received = 11, .accepted = 7, .blocked = 4};
	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, now), MAX_PREFIX_GRANT);
	cr_expect_eq(f->grant, 3);
	cr_expect_eq(f->room, 0, "it is given away");
	/* Until the shards have seen it nothing more is. */
	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, now + 1), MAX_PREFIX_NOTHING);
	cr_expect_eq(f->room, 0);
	tally = (struct max_prefix_tally){.received = 11, .accepted = 10, .blocked = 1};
	now += MAX_PREFIX_HOLD_US;
	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, now), MAX_PREFIX_NOTHING);
	/* The last one goes away by itself. */
	tally = (struct max_prefix_tally){.received = 9, .accepted = 9};
	cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, now), MAX_PREFIX_NOTHING);
	cr_expect(!f->is_over);
	cr_expect_eq(f->room, 1);
}

Test(max_prefix, another_limit_holds_from_the_next_count_on)
{
	struct max_prefix m = machine(MAX_PREFIX_BLOCK, 10);
	struct max_prefix_rules rules = rules_of(MAX_PREFIX_BLOCK, 20);
	const struct max_prefix_tally tally = {.received = 14, .accepted = 10, .blocked = 4};

	max_prefix_count(&m, FAMILY_IPV4, &tally, 1);
	max_prefix_set_rules(&m, &rules);
	max_prefix_count(&m, FAMILY_IPV4, &tally, 2);
	cr_expect_eq(m.family[FAMILY_IPV4].grant, 4, "as many as there are");
	cr_expect_eq(m.family[FAMILY_IPV4].room, 6);
}

/* What `block` kept out does not stay out for ever when the operator wants something else. */
Test(max_prefix, what_was_blocked_is_granted_when_nothing_blocks_any_more)
{
	static const struct {
		enum max_prefix_do action;
		uint32_t limit;
	} cases[] = {
		{MAX_PREFIX_WARN, 10},
		{MAX_PREFIX_SHUTDOWN, 20},
		{MAX_PREFIX_BLOCK, 0},
		{MAX_PREFIX_OFF, 10},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct max_prefix m = machine(MAX_PREFIX_BLOCK, 10);
		struct max_prefix_rules rules = rules_of(cases[i].action, cases[i].limit);
		struct max_prefix_tally tally = {.received = 14, .accepted = 10, .blocked = 4};
		usec_t now = A_MINUTE;
		max_prefix_count(&m, FAMILY_IPV4, &tally, now);
		max_prefix_set_rules(&m, &rules);
		cr_expect(max_prefix_is_on(&m), "case %u: counts are wanted", i);
		cr_expect_eq(max_prefix_count(&m, FAMILY_IPV4, &tally, ++now), MAX_PREFIX_GRANT,
			     "case %u", i);
		cr_expect_eq(m.family[FAMILY_IPV4].grant, 4, "case %u: all of them", i);
		tally = (struct max_prefix_tally){.received = 14, .accepted = 14};
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			(void)max_prefix_count(&m, (enum family)f, &tally, ++now);
		}
		bool is_limited = cases[i].action != MAX_PREFIX_OFF && cases[i].limit != 0;
		cr_expect_eq(max_prefix_is_on(&m), is_limited, "case %u: at rest again", i);
		cr_expect(is_limited || m.family[FAMILY_IPV4].room == UINT64_MAX, "case %u", i);
	}
}

/* A shard that applies what it is given, as rib/table does: whatever the order, the limit holds
 * under `block`, and once quiet as many are accepted as may be. */
Test(max_prefix, block_never_exceeds_the_limit_and_wastes_nothing)
{
	enum { KINDS = 64, RING = 256 };
	enum { ABSENT, TAKEN, KEPT_OUT };
	struct prng chance;

	prng_init(&chance, 11);
	for (unsigned round = 0; round < 200; round++) {
		uint32_t limit = 1 + (uint32_t)prng_below(&chance, KINDS);
		struct max_prefix m = machine(MAX_PREFIX_BLOCK, limit);
		struct {
			unsigned number;
			bool is_announced, is_capped;
		} ring[RING];
		unsigned head = 0, tail = 0;
		unsigned state[KINDS] = {ABSENT};
		struct max_prefix_tally tally = {0};
		usec_t now = A_MINUTE;
		for (unsigned i = 0; i < 3000; i++, now += 100) {
			bool is_quiet = i > 2000;
			if (!is_quiet && head - tail < RING && prng_chance(&chance, 2, 3)) {
				unsigned number = (unsigned)prng_below(&chance, KINDS);
				bool is_announced = prng_chance(&chance, 2, 3);
				struct prefix p = numbered(number);
				bool is_capped = is_announced && max_prefix_push(&m, &p, true);
				ring[head++ % RING].number = number;
				ring[(head - 1) % RING].is_announced = is_announced;
				ring[(head - 1) % RING].is_capped = is_capped;
			} else if (head != tail) {
				unsigned number = ring[tail % RING].number;
				bool is_new = state[number] != TAKEN;
				bool is_capped = ring[tail % RING].is_capped;
				bool is_announced = ring[tail++ % RING].is_announced;
				state[number] = !is_announced	      ? ABSENT
						: is_capped && is_new ? KEPT_OUT
								      : TAKEN;
				tally.announces += is_announced;
			}
			tally.received = tally.accepted = tally.blocked = 0;
			for (unsigned k = 0; k < KINDS; k++) {
				tally.received += state[k] != ABSENT;
				tally.accepted += state[k] == TAKEN;
				tally.blocked += state[k] == KEPT_OUT;
			}
			cr_assert_leq(tally.accepted, limit);
			now += is_quiet ? USEC_PER_SEC : 0;
			if (prng_chance(&chance, 1, 5) &&
			    max_prefix_count(&m, FAMILY_IPV4, &tally, now) == MAX_PREFIX_GRANT) {
				uint64_t grant = m.family[FAMILY_IPV4].grant;
				for (unsigned k = 0; k < KINDS && grant > 0; k++) {
					grant -= state[k] == KEPT_OUT;
					state[k] = state[k] == KEPT_OUT ? TAKEN : state[k];
				}
			}
		}
		cr_assert_eq(tally.accepted, min_u64(limit, tally.received));
	}
}

Test(max_prefix, the_notification_names_family_and_bound)
{
	struct max_prefix m = machine(MAX_PREFIX_SHUTDOWN, 0x01020304);
	struct notify n = max_prefix_notify(&m, FAMILY_IPV6);
	static const uint8_t data[] = {0, 2, 1, 1, 2, 3, 4};

	cr_expect_eq(n.code, 6);
	cr_expect_eq(n.subcode, 1);
	cr_assert_eq(n.data_len, sizeof(data));
	cr_expect_eq(memcmp(n.data, data, sizeof(data)), 0);
}

Test(max_prefix, says_what_happens_in_words)
{
	struct max_prefix m = machine(MAX_PREFIX_SHUTDOWN, 8);
	char text[100];

	count(&m, 9, 1);
	cr_expect_str_eq(
		max_prefix_format(&m, FAMILY_IPV4, MAX_PREFIX_END_FOR_GOOD, text, sizeof(text)),
		"9 IPv4 prefixes, the limit is 8: the session ends, and stays down until "
		"it is enabled");
}
