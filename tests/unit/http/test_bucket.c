/* Token buckets: rates, bursts, and what a full table forgets. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "control/http/bucket.h"

static struct buckets *buckets_of(double rate, unsigned burst)
{
	struct buckets *b = malloc(sizeof(*b));
	cr_assert_not_null(b);
	buckets_init(b, rate, burst, 7);
	return b;
}

static unsigned taken(struct buckets *b, uint64_t key, usec_t now, unsigned tries)
{
	unsigned count = 0;
	for (unsigned i = 0; i < tries; i++) {
		count += buckets_take(b, key, now) == 0;
	}
	return count;
}

Test(bucket, a_burst_then_the_rate)
{
	struct buckets *b = buckets_of(10, 20);
	usec_t now = 1000 * USEC_PER_SEC;
	cr_expect_eq(taken(b, 5, now, 100), 20);
	cr_expect_eq(taken(b, 5, now + USEC_PER_SEC, 100), 10);
	cr_expect_eq(taken(b, 5, now + 60 * USEC_PER_SEC, 100), 20, "no more is saved up");
	free(b);
}

Test(bucket, refusals_do_not_count)
{
	struct buckets *b = buckets_of(1, 1);
	usec_t now = 1000 * USEC_PER_SEC;
	cr_expect_eq(buckets_take(b, 5, now), 0);
	for (unsigned i = 0; i < 1000; i++) {
		cr_expect_eq(buckets_take(b, 5, now), USEC_PER_SEC);
	}
	cr_expect_eq(buckets_take(b, 5, now + USEC_PER_SEC), 0);
	free(b);
}

Test(bucket, one_does_not_take_from_another)
{
	struct buckets *b = buckets_of(1, 5);
	cr_expect_eq(taken(b, 5, USEC_PER_SEC, 100), 5);
	cr_expect_eq(taken(b, 6, USEC_PER_SEC, 100), 5);
	free(b);
}

/* Somebody who has spent everything is not forgotten for many who came once. */
Test(bucket, a_full_table_forgets_who_spent_least)
{
	struct buckets *b = buckets_of(1, 100);
	usec_t now = 1000 * USEC_PER_SEC;
	cr_expect_eq(taken(b, 5, now, 200), 100);
	for (uint64_t key = 100; key < 100 + 4 * BUCKET_COUNT; key++) {
		(void)buckets_take(b, key, now);
	}
	cr_expect_eq(taken(b, 5, now, 100), 0);
	free(b);
}

Test(bucket, addresses_of_one_64_are_one)
{
	struct buckets *b = buckets_of(1, 1);
	struct addr a, same, other, v4;
	cr_assert(addr_parse("2001:db8::1", &a) == 0);
	cr_assert(addr_parse("2001:db8::ffff:2", &same) == 0);
	cr_assert(addr_parse("2001:db8:0:1::1", &other) == 0);
	cr_assert(addr_parse("32.1.13.184", &v4) == 0);
	cr_expect_eq(buckets_addr_key(b, &a), buckets_addr_key(b, &same));
	cr_expect_neq(buckets_addr_key(b, &a), buckets_addr_key(b, &other));
	cr_expect_neq(buckets_addr_key(b, &a), buckets_addr_key(b, &v4));
	free(b);
}
