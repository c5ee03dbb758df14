/* What a scenario has measured: words and numbers, in the order in which they were found. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_MAX	96
#define REPORT_BINS	48 /* Of latencies, three for each doubling, from 1 µs up. */
#define REPORT_LIST_MAX 24

struct report_list {
	const char *key;
	unsigned count;
	double value[REPORT_LIST_MAX > REPORT_BINS ? REPORT_LIST_MAX : REPORT_BINS];
};

struct report {
	const char *scenario;
	unsigned count, lists;
	const char *key[REPORT_MAX]; /* Of static storage. */
	double value[REPORT_MAX];
	struct report_list list[8];
};

void report_add(struct report *r, const char *key, double value);
/* One more number of a list; lists show in JSON alone. */
void report_append(struct report *r, const char *key, double value);
/* One line "scenario NAME key value ...", or one JSON object. */
void report_print(const struct report *r, bool is_json);

/* Latencies, of which quantiles are wanted. */
struct latencies {
	double *us;
	size_t count, max;
};

void latencies_add(struct latencies *l, double us); /* Nothing without memory. */
/* Sorted by this; q in [0, 1].  0 when there are none. */
double latencies_quantile(struct latencies *l, double q);
/* Into bin i all of [2^(i/3), 2^((i+1)/3)) µs. */
void latencies_bins(const struct latencies *l, double bins[REPORT_BINS]);
