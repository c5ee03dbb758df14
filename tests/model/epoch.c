/* Grace periods for the model: rib/base/epoch.h for two workers that are explored in one thread.
 *
 * Exact rather than fast: a batch expires as soon as each worker was quiescent after its flush, and
 * not a step later, so that whatever is freed too early is freed too early here, too.  Linked in
 * place of rib/base/epoch.c. */
#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/base/epoch.h"
#include "tests/model/explore.h"

struct held {
	struct held *next;
	struct retired item;
	bool is_flushed;
	uint64_t quiet[EXPLORE_WORKERS]; /* Each worker's count when it was flushed. */
};

struct retire {
	struct held *first, *last;
	size_t count;
};

static uint64_t quiet[EXPLORE_WORKERS];

void epoch_thread_begin(void)
{
}

void epoch_thread_begin_alone(void)
{
}

void epoch_thread_end(void)
{
}

void epoch_quiescent(void)
{
	quiet[explore_worker()]++;
}

void epoch_offline(void)
{
}

void epoch_online(void)
{
}

void epoch_barrier(void)
{
	for (unsigned i = 0; i < EXPLORE_WORKERS; i++) {
		quiet[i]++;
	}
}

struct retire *retire_new(void)
{
	return calloc(1, sizeof(struct retire));
}

void retire_free(struct retire *r)
{
	ASSERT(r == NULL || r->first == NULL);
	free(r);
}

void retire_push(struct retire *r, struct retired item)
{
	struct held *h = malloc(sizeof(*h));
	ASSERT(h != NULL);
	*h = (struct held){.item = item};
	if (r->last != NULL) {
		r->last->next = h;
	} else {
		r->first = h;
	}
	r->last = h;
	r->count++;
}

void retire_flush(struct retire *r)
{
	for (struct held *h = r->first; h != NULL; h = h->next) {
		for (unsigned i = 0; i < EXPLORE_WORKERS && !h->is_flushed; i++) {
			h->quiet[i] = quiet[i];
		}
		h->is_flushed = true;
	}
}

static bool has_expired(const struct held *h)
{
	bool is_over = h->is_flushed;
	for (unsigned i = 0; i < EXPLORE_WORKERS; i++) {
		is_over = is_over && quiet[i] > h->quiet[i];
	}
	return is_over;
}

bool retire_pop(struct retire *r, struct retired *out)
{
	struct held *h = r->first;
	if (h == NULL || !has_expired(h)) {
		return false;
	}
	*out = h->item;
	r->first = h->next;
	if (r->first == NULL) {
		r->last = NULL;
	}
	r->count--;
	free(h);
	return true;
}

size_t retire_count(const struct retire *r)
{
	return r->count;
}
