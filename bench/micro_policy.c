/* micro_policy: what the sets cost that rules are made of, in time to make, to ask, and in memory.
 *
 *     build/bench/micro_policy [FILE]
 *
 * FILE has a routing table's prefixes, one a line; without it they are made up, with the lengths
 * of a real one.  Payloads of ROAs are made from every other prefix of it, so that a table's routes
 * hit and miss; a member's filter is 10,000 prefixes that lie together here and there, as one
 * network's customers do.  Asked are the table's prefixes, in order, as most UPDATEs have
 * them, and shuffled, as the worst has.  Prints one JSON object; times are the best of several
 * rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"
#include "rib/base/prng.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/roa.h"

#define ROUNDS	      7
#define MADE_UP	      1000000
#define VRPS	      500000
#define SET_RULES     10000
#define SET_RUN	      16 /* Neighbours in the table that are in a filter together. */
#define MEMBERS	      320
#define PREFIXES_MAX  4000000
#define NUMBERS	      10000
#define ORIGINS_ABOVE 70000

struct table {
	struct prefix *ordered, *shuffled;
	size_t count;
};

struct cost {
	double ordered_ns, shuffled_ns;
	double hits; /* Of all that is asked. */
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *room_for(size_t count, size_t size)
{
	void *p = calloc(count, size);
	ASSERT(p != NULL);
	return p;
}

static int order(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* Mostly /24 and /48, six to one, where address space is crowded. */
static struct prefix made_up(struct prng *chance)
{
	bool is_v4 = prng_chance(chance, 6, 7);
	struct addr a = {.family = is_v4 ? FAMILY_IPV4 : FAMILY_IPV6};
	uint64_t bits = prng_u64(chance);
	unsigned len = is_v4 ? 24 : 48;

	memcpy(a.bytes, &bits, is_v4 ? 4 : 8);
	a.bytes[0] = (uint8_t)(is_v4 ? 1 + a.bytes[0] % 222 : 0x20 | (a.bytes[0] & 0x0a));
	if (prng_chance(chance, 2, 5)) {
		len = (unsigned)(is_v4 ? 16 + prng_below(chance, 8) : 29 + prng_below(chance, 19));
	}
	return prefix_make(&a, len);
}

static void table_read(struct table *t, const char *path)
{
	char line[128];
	FILE *f = fopen(path, "r");
	ASSERT(f != NULL);
	while (t->count < PREFIXES_MAX && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		t->count += prefix_parse(line, &t->ordered[t->count], NULL) == 0;
	}
	fclose(f);
}

static void table_make(struct table *t, const char *path, struct prng *chance)
{
	t->ordered = room_for(PREFIXES_MAX, sizeof(*t->ordered));
	if (path != NULL) {
		table_read(t, path);
	}
	for (size_t i = 0; path == NULL && i < MADE_UP; i++) {
		t->ordered[t->count++] = made_up(chance);
	}
	ASSERT(t->count >= 100000);
	qsort(t->ordered, t->count, sizeof(*t->ordered), order);
	t->shuffled = room_for(t->count, sizeof(*t->shuffled));
	memcpy(t->shuffled, t->ordered, t->count * sizeof(*t->shuffled));
	for (size_t i = t->count - 1; i > 0; i--) {
		size_t k = prng_below(chance, i + 1);
		struct prefix p = t->shuffled[i];
		t->shuffled[i] = t->shuffled[k];
		t->shuffled[k] = p;
	}
}

typedef bool ask(const void *set, const struct prefix *p);

static bool ask_roa(const void *set, const struct prefix *p)
{
	return roa_validate(set, p, p->bytes[1] + 1u) != ROV_NOT_FOUND;
}

static bool ask_set(const void *set, const struct prefix *p)
{
	return prefix_set_match(set, p, 0, NULL);
}

static double time_of(const struct prefix *p, size_t count, ask *f, const void *set, size_t *hits)
{
	double best = 1e18;
	for (unsigned round = 0; round < ROUNDS; round++) {
		double begin = now_ns();
		*hits = 0;
		for (size_t i = 0; i < count; i++) {
			*hits += f(set, &p[i]);
		}
		double took = now_ns() - begin;
		best = took < best ? took : best;
	}
	return best / (double)count;
}

static struct cost cost_of(const struct table *t, ask *f, const void *set)
{
	size_t hits;
	struct cost c = {.ordered_ns = time_of(t->ordered, t->count, f, set, &hits)};
	c.shuffled_ns = time_of(t->shuffled, t->count, f, set, &hits);
	c.hits = (double)hits / (double)t->count;
	return c;
}

static void print_cost(const char *what, const struct cost *c)
{
	printf("\"%s_ns\": %.1f, \"%s_shuffled_ns\": %.1f, \"%s_hits\": %.3f, ", what,
	       c->ordered_ns, what, c->shuffled_ns, what, c->hits);
}

static void measure_roa(const struct table *t, struct prng *chance)
{
	struct vrp *vrp = room_for(VRPS, sizeof(*vrp));
	double best = 1e18;
	struct roa *r = NULL;

	for (size_t i = 0; i < VRPS; i++) {
		const struct prefix *p = &t->shuffled[i % (t->count / 2)];
		unsigned longest = p->family == FAMILY_IPV4 ? 24 : 48;
		vrp[i] = (struct vrp){.prefix = *p,
				      .len_max = p->len < longest ? (uint8_t)longest : p->len,
				      .asn = (asn_t)prng_below(chance, ORIGINS_ABOVE)};
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		roa_put(r);
		double begin = now_ns();
		r = roa_new(vrp, VRPS);
		double took = now_ns() - begin;
		ASSERT(r != NULL);
		best = took < best ? took : best;
	}
	struct cost c = cost_of(t, ask_roa, r);
	printf("\"roa_build_ms\": %.1f, \"roa_bytes_each\": %.1f, ", best / 1e6,
	       (double)roa_bytes(r) / (double)roa_count(r));
	print_cost("roa", &c);
	roa_put(r);
	free(vrp);
}

static struct prefix_set *make_filter(const struct table *t, struct prng *chance)
{
	static struct prefix_rule rule[SET_RULES];
	size_t at = 0;

	for (size_t i = 0; i < SET_RULES; i++) {
		if (i % SET_RUN == 0) {
			at = prng_below(chance, t->count - SET_RUN);
		}
		const struct prefix *p = &t->ordered[at + i % SET_RUN];
		rule[i] = (struct prefix_rule){.prefix = *p, .ge = p->len, .le = p->len};
	}
	return prefix_set_new(rule, SET_RULES);
}

static void measure_sets(const struct table *t, struct prng *chance)
{
	static struct prefix_set *set[MEMBERS];
	size_t bytes = 0, rules = 0;
	double best = 1e18, sum = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		double begin = now_ns();
		set[i] = make_filter(t, chance);
		double took = now_ns() - begin;
		ASSERT(set[i] != NULL);
		bytes += prefix_set_bytes(set[i]);
		rules += prefix_set_count(set[i]);
		best = took < best ? took : best;
		sum += took;
	}
	/* The rules of a set that is there: what a reload does to see that nothing changed. */
	double begin = now_ns();
	struct prefix_set *d = prefix_set_difference(set[0], set[1]);
	double difference = now_ns() - begin;
	struct cost c = cost_of(t, ask_set, set[0]);
	printf("\"set_build_ms\": %.2f, \"sets_build_ms\": %.0f, \"sets_mb\": %.0f, "
	       "\"set_bytes_each\": %.1f, \"set_difference_ms\": %.2f, ",
	       best / 1e6, sum / 1e6, (double)bytes / 1e6, (double)bytes / (double)rules,
	       difference / 1e6);
	print_cost("set", &c);
	prefix_set_put(d);
	for (unsigned i = 0; i < MEMBERS; i++) {
		prefix_set_put(set[i]);
	}
}

static void measure_asns(struct prng *chance)
{
	static asn_t asn[NUMBERS];
	double best = 1e18;
	size_t hits = 0;

	for (size_t i = 0; i < NUMBERS; i++) {
		asn[i] = (asn_t)prng_below(chance, ORIGINS_ABOVE * 4);
	}
	double begin = now_ns();
	struct asn_set *s = asn_set_new(asn, NUMBERS);
	double build = now_ns() - begin;
	ASSERT(s != NULL);
	for (unsigned round = 0; round < ROUNDS * 100; round++) {
		begin = now_ns();
		for (asn_t i = 0; i < NUMBERS; i++) {
			hits += asn_set_has(s, i * 2654435761u % (ORIGINS_ABOVE * 4));
		}
		double took = (now_ns() - begin) / NUMBERS;
		best = took < best ? took : best;
	}
	printf("\"asn_build_ms\": %.2f, \"asn_ns\": %.1f, \"asn_hits\": %.3f", build / 1e6, best,
	       (double)hits / (ROUNDS * 100.0 * NUMBERS));
	asn_set_put(s);
}

int main(int argc, char **argv)
{
	struct table t = {0};
	struct prng chance;

	prng_init(&chance, 1);
	table_make(&t, argc > 1 ? argv[1] : NULL, &chance);
	printf("{\"table\": %zu, \"is_real\": %s, ", t.count, argc > 1 ? "true" : "false");
	measure_roa(&t, &chance);
	measure_sets(&t, &chance);
	measure_asns(&chance);
	printf("}\n");
	free(t.ordered);
	free(t.shuffled);
	return 0;
}
