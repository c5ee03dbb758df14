/* Numbers of a scenario: bench/report.h. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

Test(report, quantiles_are_of_the_sorted_latencies)
{
	struct latencies l = {0};
	for (unsigned i = 0; i < 1000; i++) {
		latencies_add(&l, (double)(i * 7 % 1000 + 1));
	}
	cr_assert_eq(l.count, 1000);
	cr_assert_eq(latencies_quantile(&l, 0), 1);
	cr_assert_eq(latencies_quantile(&l, 0.5), 501);
	cr_assert_eq(latencies_quantile(&l, 0.99), 991);
	cr_assert_eq(latencies_quantile(&l, 1), 1000);
	free(l.us);
	cr_assert_eq(latencies_quantile(&(struct latencies){0}, 0.5), 0);
}

Test(report, bins_are_thirds_of_a_doubling)
{
	struct latencies l = {0};
	double bins[REPORT_BINS], sum = 0;
	latencies_add(&l, 0.5);
	latencies_add(&l, 1.3);	 /* Above the cube root of 2. */
	latencies_add(&l, 1025); /* 2^10 and a little: the 30th. */
	latencies_add(&l, 1e12); /* Beyond all bins: the last. */
	latencies_bins(&l, bins);
	for (unsigned i = 0; i < REPORT_BINS; i++) {
		sum += bins[i];
	}
	cr_assert_eq(sum, 4);
	cr_assert(bins[0] == 1 && bins[1] == 1 && bins[30] == 1 && bins[REPORT_BINS - 1] == 1);
	free(l.us);
}

Test(report, lists_grow_under_their_names)
{
	struct report r = {.scenario = "s"};
	report_append(&r, "a", 1);
	report_append(&r, "b", 2);
	report_append(&r, "a", 3);
	report_add(&r, "c", 4);
	cr_assert(r.lists == 2 && r.list[0].count == 2 && r.list[0].value[1] == 3);
	cr_assert(r.count == 1 && strcmp(r.key[0], "c") == 0 && r.value[0] == 4);
}
