/* micro_intern: what the table of attribute sets takes.
 *
 * With so many sets in it as a member's few routes, a full table and several different full tables
 * have (10,000, 150,000, 1,000,000), each of 5 AS numbers and 4 communities:
 *
 *   add    a set that is not there: the table grows from nothing
 *   find   one that is, in any order
 *   back   one of two references goes
 *   free   the last one goes, and the set with it
 *
 *     micro_intern [--sets N]
 *
 * Prints one JSON object; times are per set, the best of several rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rib/attr/intern.h"
#include "rib/base/check.h"
#include "rib/base/prng.h"

#define ROUNDS	  5
#define PATH_ASNS 5
#define COMMUNITY 4

static const unsigned loads[] = {10000, 150000, 1000000};

struct bench {
	struct intern *intern;
	unsigned count;
	unsigned *order;	  /* In which sets are asked for. */
	const struct attr **attr; /* [number] */
	struct attr_draft draft;
	struct next_hop next_hop;
	size_t number_at; /* Where in the draft a set's number stands. */
};

struct times {
	double add, find, back, free;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void make_draft(struct bench *b)
{
	uint8_t path[2 + 4 * PATH_ASNS] = {2, PATH_ASNS}; /* AS_SEQUENCE, RFC 4271 §4.3. */
	uint8_t communities[4 * COMMUNITY];
	const uint8_t origin = ORIGIN_IGP;
	struct wr w = wr_of(b->draft.wire, sizeof(b->draft.wire));
	for (unsigned i = 2; i < sizeof(path); i++) {
		path[i] = (uint8_t)(i * 37);
	}
	memset(communities, 0x55, sizeof(communities));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, span_of(&origin, 1));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, span_of(path, sizeof(path)));
	attr_put(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES,
		 span_of(communities, sizeof(communities)));
	b->draft.wire_len = (uint16_t)wr_len(&w);
	b->number_at = b->draft.wire_len - 4u;
	attr_facts_compute(b->draft.wire, b->draft.wire_len, &b->draft.facts);
	b->next_hop = (struct next_hop){.len = 4, .bytes = {198, 18, 0, 1}};
}

static void shuffle(struct bench *b, struct prng *p)
{
	for (unsigned i = b->count; i > 1; i--) {
		unsigned other = (unsigned)prng_below(p, i), kept = b->order[i - 1];
		b->order[i - 1] = b->order[other];
		b->order[other] = kept;
	}
}

/* As a decoder has made it: a set differs from another by its last community. */
static const struct attr *get(struct bench *b, unsigned number)
{
	memcpy(b->draft.wire + b->number_at, &number, 4);
	const struct attr *a = intern_get(b->intern, &b->draft, &b->next_hop, 1);
	ASSERT(a != NULL);
	return a;
}

static void get_all(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		b->attr[b->order[i]] = get(b, b->order[i]);
	}
}

static void put_all(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		intern_adjust(b->intern, b->attr[b->order[i]], -1);
	}
}

/* What a pass over all sets, in an order of its own, takes for each; the least counts. */
static void pass(struct bench *b, struct prng *p, void (*run)(struct bench *b), double *least)
{
	shuffle(b, p);
	uint64_t begin = now_ns();
	run(b);
	double each = (double)(now_ns() - begin) / b->count;
	*least = *least == 0 || each < *least ? each : *least;
}

static struct times measure(struct bench *b, unsigned count)
{
	struct times t = {0};
	struct prng p;
	prng_init(&p, 7);
	b->count = count;
	b->order = calloc(count, sizeof(*b->order));
	b->attr = calloc(count, sizeof(*b->attr));
	ASSERT(b->order != NULL && b->attr != NULL);
	for (unsigned i = 0; i < count; i++) {
		b->order[i] = i;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		b->intern = intern_new(0, 1, count);
		ASSERT(b->intern != NULL);
		pass(b, &p, get_all, &t.add);
		pass(b, &p, get_all, &t.find);
		ASSERT(intern_count(b->intern) == count);
		pass(b, &p, put_all, &t.back);
		pass(b, &p, put_all, &t.free);
		ASSERT(intern_count(b->intern) == 0);
		intern_free(b->intern);
	}
	free(b->order);
	free(b->attr);
	return t;
}

static void print(unsigned count, const struct times *t, bool is_first)
{
	printf("%s{\"sets\": %u, \"add_ns\": %.1f, \"find_ns\": %.1f, \"back_ns\": %.1f, "
	       "\"free_ns\": %.1f}",
	       is_first ? "" : ", ", count, t->add, t->find, t->back, t->free);
}

int main(int argc, char **argv)
{
	static struct bench b;
	make_draft(&b);
	unsigned only = argc == 3 && strcmp(argv[1], "--sets") == 0
				? (unsigned)strtoul(argv[2], NULL, 10)
				: 0;
	if (argc > 1 && only == 0) {
		fprintf(stderr, "usage: micro_intern [--sets N]\n");
		return EXIT_FAILURE;
	}
	printf("{\"bench\": \"micro_intern\", \"by_load\": [");
	for (unsigned i = 0; i < (only > 0 ? 1 : ARRAY_COUNT(loads)); i++) {
		unsigned count = only > 0 ? only : loads[i];
		struct times t = measure(&b, count);
		print(count, &t, i == 0);
	}
	printf("]}\n");
	return EXIT_SUCCESS;
}
