/* What was measured: see report.h. */
#include "bench/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

void report_add(struct report *r, const char *key, double value)
{
	ASSERT(r->count < REPORT_MAX);
	r->key[r->count] = key;
	r->value[r->count++] = value;
}

static struct report_list *list_of(struct report *r, const char *key)
{
	for (unsigned i = 0; i < r->lists; i++) {
		if (strcmp(r->list[i].key, key) == 0) {
			return &r->list[i];
		}
	}
	ASSERT(r->lists < sizeof(r->list) / sizeof(r->list[0]));
	r->list[r->lists] = (struct report_list){.key = key};
	return &r->list[r->lists++];
}

void report_append(struct report *r, const char *key, double value)
{
	struct report_list *l = list_of(r, key);
	ASSERT(l->count < sizeof(l->value) / sizeof(l->value[0]));
	l->value[l->count++] = value;
}

/* Whole numbers as such, others with three digits behind the point. */
static void print_number(double value)
{
	bool is_whole = value < 1e15 && value > -1e15 && value == (double)(long long)value;
	printf("%.*f", is_whole ? 0 : 3, value);
}

void report_print(const struct report *r, bool is_json)
{
	printf(is_json ? "{\"scenario\": \"%s\"" : "scenario %s", r->scenario);
	for (unsigned i = 0; i < r->count; i++) {
		printf(is_json ? ", \"%s\": " : " %s ", r->key[i]);
		print_number(r->value[i]);
	}
	for (unsigned i = 0; is_json && i < r->lists; i++) {
		printf(", \"%s\": [", r->list[i].key);
		for (unsigned k = 0; k < r->list[i].count; k++) {
			printf(k > 0 ? ", " : "");
			print_number(r->list[i].value[k]);
		}
		printf("]");
	}
	puts(is_json ? "}" : "");
}

void latencies_add(struct latencies *l, double us)
{
	if (l->count == l->max) {
		size_t max = l->max * 2 + 256;
		double *more = realloc(l->us, max * sizeof(*more));
		if (more == NULL) {
			return;
		}
		l->us = more;
		l->max = max;
	}
	l->us[l->count++] = us;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

double latencies_quantile(struct latencies *l, double q)
{
	if (l->count == 0) {
		return 0;
	}
	qsort(l->us, l->count, sizeof(l->us[0]), compare);
	size_t i = (size_t)(q * (double)l->count);
	return l->us[i < l->count ? i : l->count - 1];
}

void latencies_bins(const struct latencies *l, double bins[REPORT_BINS])
{
	memset(bins, 0, REPORT_BINS * sizeof(bins[0]));
	for (size_t n = 0; n < l->count; n++) {
		unsigned i = 0;
		for (double end = 1.259921; end <= l->us[n] && i + 1 < REPORT_BINS; i++) {
			end *= 1.259921; /* The cube root of two. */
		}
		bins[i]++;
	}
}
