/* The bounded pool. */
#include "rib/base/pool.h"

#include <criterion/criterion.h>

#include "rib/base/prng.h"
#include "tests/unit/base/dies.h"

Test(pool, bound_is_exact_and_put_makes_room)
{
	struct pool *p = pool_new(24, 3);
	void *a = pool_get(p), *b = pool_get(p), *c = pool_get(p);

	cr_assert(a != NULL && b != NULL && c != NULL);
	cr_expect_null(pool_get(p));
	cr_expect_eq(pool_used(p), 3);
	pool_put(p, b);
	cr_expect_eq(pool_get(p), b, "the last one put is the first one got");
	pool_put(p, a);
	pool_put(p, b);
	pool_put(p, c);
	cr_expect_eq(pool_used(p), 0);
	pool_free(p);
	pool_free(NULL);
}

Test(pool, objects_are_zero_aligned_and_apart)
{
	enum { COUNT = 2000, BYTES = 100 };
	struct pool *p = pool_new(BYTES, COUNT);
	uint8_t *objects[COUNT];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < COUNT; i++) {
			objects[i] = pool_get(p);
			cr_assert_not_null(objects[i]);
			cr_assert_eq((uintptr_t)objects[i] % 16, 0);
			for (unsigned b = 0; b < BYTES; b++) {
				cr_assert_eq(objects[i][b], 0);
			}
			memset(objects[i], (int)(i % 255 + 1), BYTES);
		}
		for (unsigned i = 0; i < COUNT; i++) {
			cr_assert_eq(objects[i][0], i % 255 + 1);
			cr_assert_eq(objects[i][BYTES - 1], i % 255 + 1);
			pool_put(p, objects[i]);
		}
	}
	pool_free(p);
}

Test(pool, churn_never_passes_the_bound)
{
	enum { COUNT = 50 };
	struct pool *p = pool_new(8, COUNT);
	void *held[COUNT];
	size_t held_count = 0;
	struct prng chance;

	prng_init(&chance, 11);
	for (unsigned i = 0; i < 20000; i++) {
		if (prng_chance(&chance, 1, 2)) {
			void *object = pool_get(p);
			cr_assert_eq(object == NULL, held_count == COUNT);
			if (object != NULL) {
				held[held_count++] = object;
			}
		} else if (held_count > 0) {
			size_t at = prng_below(&chance, held_count);
			pool_put(p, held[at]);
			held[at] = held[--held_count];
		}
		cr_assert_eq(pool_used(p), held_count);
	}
	while (held_count > 0) {
		pool_put(p, held[--held_count]);
	}
	pool_free(p);
}

static void free_in_use(void)
{
	struct pool *p = pool_new(8, 2);

	pool_get(p);
	pool_free(p);
}

Test(pool, free_while_in_use_is_a_bug)
{
	cr_expect(dies(free_in_use, NULL, 0));
}
