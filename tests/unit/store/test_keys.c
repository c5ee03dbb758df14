/* Request keys are remembered for a day, and only so many of them. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "control/store/keys.h"

static void put(struct request_keys *k, const char *text, uint64_t revision, int64_t at_s)
{
	char copy[64];
	snprintf(copy, sizeof(copy), "%s", text);
	const struct request_key key = {
		.text = copy, .hash = revision * 7, .revision = revision, .at_s = at_s};
	request_keys_put(k, &key);
}

Test(keys, a_key_is_known_for_a_day)
{
	struct request_keys *k = request_keys_new();
	put(k, "a", 1, 1000);
	put(k, "b", 2, 2000);
	cr_expect_null(request_keys_find(k, "c", 1000));
	cr_expect_eq(request_keys_find(k, "a", 1000 + KEYS_AGE_S - 1)->revision, 1);
	cr_expect_null(request_keys_find(k, "a", 1000 + KEYS_AGE_S));
	cr_expect_eq(request_keys_find(k, "b", 1000 + KEYS_AGE_S)->hash, 14);
	cr_expect_eq(request_keys_count(k), 1);
	request_keys_free(k);
}

Test(keys, the_oldest_go_when_there_are_too_many)
{
	struct request_keys *k = request_keys_new();
	char text[32];
	for (unsigned i = 0; i < KEYS_MAX + 10; i++) {
		snprintf(text, sizeof(text), "%u", i);
		put(k, text, i + 1, 1000);
	}
	cr_expect_eq(request_keys_count(k), KEYS_MAX);
	cr_expect_null(request_keys_find(k, "9", 1000));
	cr_expect_eq(request_keys_find(k, "10", 1000)->revision, 11);
	put(k, "10", 77, 1000);
	cr_expect_eq(request_keys_find(k, "10", 1000)->revision, 77);
	cr_expect_eq(request_keys_count(k), KEYS_MAX);
	request_keys_free(k);
}
