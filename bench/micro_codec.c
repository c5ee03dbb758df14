/* micro_codec: how long it takes to decode and to encode real UPDATEs.
 *
 * Reads BGP messages, back to back, from standard input (bench/codec.py makes them from a file of
 * real ones).  Decoding is what a session does with received bytes: framing, judging all three
 * fields, the canonical attributes, and a walk over every prefix; nothing is copied but the
 * attributes.  Encoding is what a shard does: packing the same prefixes with the same interned sets
 * into messages.  Prints one JSON object; times are the best of several rounds, per prefix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rib/attr/intern.h"
#include "rib/base/check.h"
#include "rib/wire/update.h"

#define ROUNDS	  15
#define READ_STEP (1u << 20)
#define SETS_MAX  1000000
#define OUT_LEN	  (1u << 20)

/* What one UPDATE announces of one family, ready to be encoded. */
struct item {
	const struct attr *attr;
	enum family family;
	size_t first, count; /* Of `prefixes`. */
};

struct work {
	struct span messages;
	uint64_t updates, prefixes, verdicts[VERDICT_COUNT];
	struct intern *intern;
	struct item *items;
	size_t item_count;
	struct prefix *prefix;
	size_t prefix_count;
	uint64_t sum; /* Of everything decoded, so that none of it is left out. */
};

static const struct update_opts opts = {.is_as4 = true, .families = {true, true}};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct span read_all(FILE *from)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	size_t got;
	do {
		bytes = realloc(bytes, len + READ_STEP);
		ASSERT(bytes != NULL);
		got = fread(bytes + len, 1, READ_STEP, from);
		len += got;
	} while (got > 0);
	return span_of(bytes, len);
}

/* The next UPDATE of the stream; false at its end. */
static bool next_update(struct span *rest, struct frame *f)
{
	struct notify why;
	do {
		if (frame_next(*rest, BGP_MESSAGE_MAX, f, &why) != FRAME_OK) {
			return false;
		}
		*rest = span_of(rest->data + f->len, rest->len - f->len);
	} while (f->type != BGP_UPDATE);
	return true;
}

static uint64_t walk(const struct update_nlri *n)
{
	struct rd r = rd_of(n->nlri);
	struct prefix p;
	uint64_t sum = 0;
	while (nlri_next(&r, n->form, &p, NULL)) {
		sum += p.bytes[0] + p.len;
	}
	return sum;
}

static void decode_all(struct work *w)
{
	static struct attr_draft draft;
	struct span rest = w->messages;
	struct frame f;
	while (next_update(&rest, &f)) {
		struct update u;
		update_decode(f.body, &opts, &draft, &u);
		for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
			w->sum += walk(&u.withdrawn[i]) + walk(&u.announced[i]);
		}
	}
}

/* Keep what an UPDATE announces: the first pass, not measured. */
static void collect_item(struct work *w, const struct update_nlri *n,
			 const struct attr_draft *draft)
{
	struct rd r = rd_of(n->nlri);
	struct item *it = &w->items[w->item_count];
	*it = (struct item){.family = n->form.family, .first = w->prefix_count};
	while (nlri_next(&r, n->form, &w->prefix[w->prefix_count], NULL)) {
		w->prefix_count++;
	}
	it->count = w->prefix_count - it->first;
	if (it->count > 0) {
		it->attr = intern_get(w->intern, draft, &n->next_hop, 1);
		ASSERT(it->attr != NULL);
		w->item_count++;
	}
}

static void collect(struct work *w)
{
	static struct attr_draft draft;
	struct span rest = w->messages;
	struct frame f;
	w->intern = intern_new(0, 1, SETS_MAX);
	/* A message has two places for routes; a prefix takes at least an octet. */
	w->items = calloc(w->messages.len / BGP_HEADER_LEN * UPDATE_PLACE_COUNT + 1,
			  sizeof(*w->items));
	w->prefix = calloc(w->messages.len + 1, sizeof(*w->prefix));
	ASSERT(w->intern != NULL && w->items != NULL && w->prefix != NULL);
	while (next_update(&rest, &f)) {
		struct update u;
		update_decode(f.body, &opts, &draft, &u);
		w->updates++;
		w->verdicts[u.attrs.verdict]++;
		for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
			w->prefixes += u.withdrawn[i].count + u.announced[i].count;
			if (attr_is_usable(&u.attrs)) {
				collect_item(w, &u.announced[i], &draft);
			}
		}
	}
}

static void encode_all(struct work *w)
{
	static uint8_t out[OUT_LEN];
	for (size_t i = 0; i < w->item_count; i++) {
		const struct item *it = &w->items[i];
		struct update_form form = {
			.family = it->family, .is_as4 = true, .message_max = BGP_MESSAGE_MAX};
		struct wr wr = wr_of(out, sizeof(out));
		size_t done = update_pack(&wr, &form, it->attr, w->prefix + it->first, it->count);
		ASSERT(done == it->count);
		w->sum += wr_len(&wr);
	}
}

static double best_ns(struct work *w, void (*run)(struct work *w), uint64_t per)
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = now_ns();
		run(w);
		best = min_u64(best, now_ns() - start);
	}
	return (double)best / (double)per;
}

int main(void)
{
	struct work w = {.messages = read_all(stdin)};
	collect(&w);
	if (w.prefix_count == 0) {
		fprintf(stderr, "micro_codec: no prefix on standard input\n");
		return 1;
	}
	double decode = best_ns(&w, decode_all, w.prefixes);
	double encode = best_ns(&w, encode_all, w.prefix_count);
	printf("{\"bench\": \"micro_codec\", \"updates\": %lu, \"prefixes\": %lu, \"octets\": %zu, "
	       "\"sets\": %zu, \"accepted\": %lu, \"discard\": %lu, \"withdraw\": %lu, "
	       "\"reset\": %lu, \"decode_ns_per_prefix\": %.1f, \"encode_ns_per_prefix\": %.1f, "
	       "\"rounds\": %d, \"sum\": %lu}\n",
	       w.updates, w.prefixes, w.messages.len, intern_count(w.intern),
	       w.verdicts[VERDICT_OK], w.verdicts[VERDICT_ATTR_DISCARD],
	       w.verdicts[VERDICT_TREAT_AS_WITHDRAW], w.verdicts[VERDICT_SESSION_RESET], decode,
	       encode, ROUNDS, w.sum);
	intern_free(w.intern);
	free(w.items);
	free(w.prefix);
	return 0;
}
