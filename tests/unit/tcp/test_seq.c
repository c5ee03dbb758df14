/* RFC 9293 §3.4: sequence numbers wrap, positions do not. */
#include <criterion/criterion.h>

#include "dataplane/tcp/seq.h"

Test(tcp, sequence_numbers_compare_across_the_wrap)
{
	static const struct {
		seq_t a, b;
		int32_t diff;
	} rows[] = {
		{0, 0, 0},
		{1, 0, 1},
		{0, 1, -1},
		{0, UINT32_MAX, 1},
		{UINT32_MAX, 0, -1},
		{5, UINT32_MAX - 4, 10},
		{0x7fffffff, 0, INT32_MAX},
		{0x80000000, 0, INT32_MIN},
		{0x80000001, 0, -INT32_MAX},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cr_expect_eq(seq_diff(rows[i].a, rows[i].b), rows[i].diff, "row %zu", i);
		cr_expect_eq(seq_is_before(rows[i].a, rows[i].b), rows[i].diff < 0, "row %zu", i);
	}
}

Test(tcp, a_number_widens_to_the_nearest_position)
{
	const uint64_t near[] = {seq_start(0), seq_start(1), seq_start(0x7fffffff),
				 seq_start(UINT32_MAX), UINT64_C(0x7ffffff700000005)};
	const int64_t steps[] = {0, 1, -1, 65535, -65535, INT32_MAX, -INT32_MAX, INT32_MIN};

	for (size_t i = 0; i < ARRAY_COUNT(near); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(steps); j++) {
			uint64_t want = near[i] + (uint64_t)steps[j];

			cr_expect_eq(seq_widen(near[i], (seq_t)want), want, "%zu %zu", i, j);
		}
	}
}
