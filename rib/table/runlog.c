/* The run log: see runlog.h and runlog_own.h.
 *
 * A run is one block: the struct and its entry ids.  Its UPDATE messages stand in a chunk, right
 * behind those of the run before, so that a member who hears both is sent one stretch of bytes.  A
 * chunk goes with its last run, or begins anew when it is the one that is being filled.  Positions
 * lead to runs through a ring of pointers.
 *
 * Ordering for a reader on another worker: the slot is written before `end` (release); a ring that
 * was outgrown is published before the `end` that needs it, and goes through a grace period.  A run
 * itself and its bytes need none: no floor is at or below it when it goes.
 *
 * Bytes count everything that a run makes us hold: its block and its items.  The rings (8 B a run
 * and 8 B an id at the high-water mark) and the index by entry grow, and stay until the empty log
 * rests; one chunk stays for good.
 */
#include "rib/table/runlog_own.h"

#include <string.h>

#include "rib/base/metric.h"
#include "rib/table/mem.h"

#define SLOTS_MIN  256u
#define SLOTS_REST (16 * SLOTS_MIN) /* An empty log keeps fewer. */
#define ITEMS_MIN  1024u
#define INDEX_BITS 12		 /* Ids whose newest items stand together. */
#define CHUNK_MIN  (128u * 1024) /* Several of the longest runs. */
#define ROW_RUNS   32u		 /* In a row, and bytes: a reader's room is often little more. */
#define ROW_BYTES  4096u
#define ROW_MIN	   8u /* Fewer runs are not worth one. */
#define NOT_ALIKE  UINT32_MAX

/* Bytes of consecutive runs. */
struct chunk {
	uint32_t runs; /* That stand in it and are not freed. */
	uint32_t used, cap;
	uint8_t bytes[];
};

struct run_block {
	struct run run;
	uint64_t item_begin; /* Number of the run's first item. */
	size_t memory;
	struct chunk *chunk; /* NULL when it has no bytes. */
	/* Entries of it that are superseded, each for who is in run.gone; NOT_ALIKE: for others. */
	uint32_t gone_count;
	uint64_t row_begin; /* The first run of the row that it was put into. */
};

/* The row that is being made. */
struct open_row {
	struct run_row *row; /* NULL: none. */
	uint64_t begin;
	const uint8_t *end;		 /* Where the next run's bytes must stand. */
	const struct audience *audience; /* Of the last run. */
};

struct slots {
	uint64_t mask;
	struct run_block *run[];
};

struct item {
	/* Low bits of the item that named the id before; 0 is (almost surely) none. */
	uint32_t prev;
	uint32_t run; /* Low bits of the run's position. */
};

struct floor {
	uint64_t position;
} __attribute__((aligned(CACHE_LINE)));

struct runlog {
	/* Readers look here. */
	struct slots *slots;
	uint64_t end;
	uint64_t evict_below;
	/* The owner's. */
	const struct slab *slab __attribute__((aligned(CACHE_LINE)));
	uint64_t begin;
	uint64_t item_begin, item_end; /* Live items; numbering starts at 1. */
	uint64_t item_mask;
	struct item *item;
	/* [high bits of an entry id][low bits]: low bits of an item; NULL: of no id there. */
	uint32_t **newest;
	uint32_t newest_cap, newest_chunks;
	unsigned core_count;
	struct chunk *chunk; /* The one being filled; NULL at first. */
	struct open_row open;
	metric_t bytes;
	metric_t bytes_max;
	metric_t encoded;
	metric_t runs_dirty;
	struct floor floor[];
};

static struct slots *slots_new(uint64_t mask)
{
	struct slots *slots = mem_new(sizeof(*slots) + (mask + 1) * sizeof(slots->run[0]));
	slots->mask = mask;
	return slots;
}

struct runlog *runlog_new(const struct slab *slab, unsigned core_count, size_t bytes_max)
{
	ASSERT(core_count > 0 && bytes_max > 0);
	size_t bytes = sizeof(struct runlog) + core_count * sizeof(struct floor);
	struct runlog *l = mem_new_aligned(CACHE_LINE, bytes);
	memset(l, 0, bytes);
	l->slots = slots_new(SLOTS_MIN - 1);
	l->slab = slab;
	l->item = mem_new(ITEMS_MIN * sizeof(*l->item));
	l->item_mask = ITEMS_MIN - 1;
	l->item_begin = l->item_end = 1;
	l->core_count = core_count;
	l->bytes_max = bytes_max;
	for (unsigned i = 0; i < core_count; i++) {
		l->floor[i].position = UINT64_MAX;
	}
	return l;
}

/* Room for the bytes of one more run, which counts in the chunk from now on. */
static struct chunk *chunk_enter(struct runlog *l, uint32_t len)
{
	struct chunk *c = l->chunk;
	if (c == NULL || c->cap - c->used < len) {
		if (c != NULL && c->runs == 0) {
			free(c);
		}
		uint32_t cap = len > CHUNK_MIN ? len : CHUNK_MIN;
		c = malloc(sizeof(*c) + cap);
		ASSERT(c != NULL);
		*c = (struct chunk){.cap = cap};
		l->chunk = c;
	}
	c->runs++;
	return c;
}

/* A run of the chunk is freed. */
static void chunk_leave(struct runlog *l, struct chunk *c)
{
	if (c == NULL) {
		return;
	}
	ASSERT(c->runs > 0);
	if (--c->runs > 0) {
		return;
	}
	if (c == l->chunk) {
		c->used = 0;
	} else {
		free(c);
	}
}

static void index_free(struct runlog *l)
{
	for (uint32_t i = 0; i < l->newest_cap; i++) {
		free(l->newest[i]);
	}
	free(l->newest);
	l->newest = NULL;
	l->newest_cap = l->newest_chunks = 0;
}

void runlog_free(struct runlog *l)
{
	if (l == NULL) {
		return;
	}
	for (uint64_t p = l->begin; p < l->end; p++) {
		struct run_block *b = l->slots->run[p & l->slots->mask];
		chunk_leave(l, b->chunk);
		free(b->run.row);
		free(b);
	}
	free(l->open.row);
	free(l->chunk);
	free(l->slots);
	free(l->item);
	index_free(l);
	free(l);
}

uint64_t runlog_end(const struct runlog *l)
{
	return __atomic_load_n(&l->end, __ATOMIC_ACQUIRE);
}

const struct run *runlog_at(const struct runlog *l, uint64_t position)
{
	const struct slots *slots = epoch_read(l->slots);
	const struct run_block *b =
		__atomic_load_n(&slots->run[position & slots->mask], __ATOMIC_RELAXED);
	ASSERT(b->run.position == position);
	return &b->run;
}

void runlog_set_floor(struct runlog *l, core_id_t core, uint64_t position)
{
	ASSERT(core < l->core_count);
	__atomic_store_n(&l->floor[core].position, position, __ATOMIC_RELEASE);
}

uint64_t runlog_evict_below(const struct runlog *l)
{
	return __atomic_load_n(&l->evict_below, __ATOMIC_RELAXED);
}

void runlog_stats(const struct runlog *l, struct runlog_stats *out)
{
	*out = (struct runlog_stats){
		.begin = metric_get(&l->begin),
		.end = runlog_end(l),
		.bytes = metric_get(&l->bytes),
		.bytes_max = metric_get(&l->bytes_max),
		.encoded = metric_get(&l->encoded),
		.runs_dirty = metric_get(&l->runs_dirty),
	};
}

/* Room for one more run. */
static void slots_reserve(struct runlog *l, struct retire *retire)
{
	struct slots *old = l->slots;
	if (l->end - l->begin <= old->mask) {
		return;
	}
	uint64_t mask = old->mask * 2 + 1;
	struct slots *slots = slots_new(mask);
	for (uint64_t p = l->begin; p < l->end; p++) {
		slots->run[p & mask] = old->run[p & old->mask];
	}
	epoch_publish(l->slots, slots);
	retire_push(retire, (struct retired){.object = old, .kind = RETIRED_MEMORY});
}

/* Room for `count` more items. */
static void items_reserve(struct runlog *l, uint32_t count)
{
	uint64_t mask = l->item_mask;
	while (l->item_end - l->item_begin + count > mask + 1) {
		mask = mask * 2 + 1;
	}
	if (mask == l->item_mask) {
		return;
	}
	struct item *item = mem_new((mask + 1) * sizeof(*item));
	for (uint64_t i = l->item_begin; i < l->item_end; i++) {
		item[i & mask] = l->item[i & l->item_mask];
	}
	free(l->item);
	l->item = item;
	l->item_mask = mask;
}

/* Where the newest item of an id stands; NULL when none of its neighbours was ever named. */
static uint32_t *newest_find(const struct runlog *l, entry_id_t id)
{
	uint32_t chunk = id >> INDEX_BITS;
	if (chunk >= l->newest_cap || l->newest[chunk] == NULL) {
		return NULL;
	}
	return &l->newest[chunk][id & ((1u << INDEX_BITS) - 1)];
}

static uint32_t *newest_make(struct runlog *l, entry_id_t id)
{
	uint32_t chunk = id >> INDEX_BITS;
	if (chunk >= l->newest_cap) {
		uint32_t cap = l->newest_cap == 0 ? 1 : l->newest_cap;
		while (cap <= chunk) {
			cap *= 2;
		}
		l->newest = mem_grow(l->newest, cap * sizeof(l->newest[0]));
		memset(l->newest + l->newest_cap, 0, (cap - l->newest_cap) * sizeof(l->newest[0]));
		l->newest_cap = cap;
	}
	if (l->newest[chunk] == NULL) {
		l->newest[chunk] = mem_new_written(sizeof(uint32_t) << INDEX_BITS);
		l->newest_chunks++;
	}
	return newest_find(l, id);
}

static void index_run(struct runlog *l, const struct run *run)
{
	items_reserve(l, run->count);
	for (uint32_t i = 0; i < run->count; i++) {
		entry_id_t id = run->ids[i];
		uint32_t *newest = newest_find(l, id);
		if (newest == NULL) {
			newest = newest_make(l, id);
		}
		struct item *item = &l->item[l->item_end & l->item_mask];
		item->prev = *newest;
		item->run = (uint32_t)run->position;
		*newest = (uint32_t)l->item_end++;
		slab_at(l->slab, id)->names++;
	}
}

static struct run_block *block_at(const struct runlog *l, uint64_t position)
{
	ASSERT(position >= l->begin && position < l->end);
	return l->slots->run[position & l->slots->mask];
}

static bool row_is_live(const struct runlog *l)
{
	return l->open.row != NULL && l->open.begin >= l->begin;
}

/* With two sets. */
static size_t row_bytes(uint32_t words)
{
	return sizeof(struct run_row) + (size_t)2 * words * sizeof(uint64_t);
}

/* Let readers see the row, if it is worth it. */
static void row_close(struct runlog *l)
{
	struct run_row *row = l->open.row;
	l->open.row = NULL;
	if (row == NULL || row->count < ROW_MIN || l->open.begin < l->begin) {
		free(row);
		return;
	}
	struct run_block *first = block_at(l, l->open.begin);
	for (uint32_t i = 0; i < row->count; i++) {
		row->dirty |= block_at(l, l->open.begin + i)->run.dirty != RUN_CLEAN;
	}
	size_t memory = row_bytes(row->words);
	first->memory += memory;
	metric_add(&l->bytes, memory);
	epoch_publish(first->run.row, row);
}

static void row_open(struct runlog *l, const struct run *run)
{
	const struct audience *a = run->audience;
	struct run_row *row = malloc(row_bytes(a->words));
	ASSERT(row != NULL);
	*row = (struct run_row){.words = a->words};
	memcpy(row->all, a->word, a->words * sizeof(uint64_t));
	memcpy(row->all + a->words, a->word, a->words * sizeof(uint64_t));
	l->open = (struct open_row){
		.row = row, .begin = run->position, .end = run->bytes, .audience = a};
}

/* Put the run, which readers do not see yet, into the row, or begin another with it. */
static void row_add(struct runlog *l, struct run_block *b)
{
	const struct run *run = &b->run;
	if (!row_is_live(l) || run->bytes != l->open.end || l->open.row->count == ROW_RUNS ||
	    l->open.row->bytes_len + run->bytes_len > ROW_BYTES) {
		row_close(l);
		row_open(l, run);
	}
	struct open_row *open = &l->open;
	if (run->audience != open->audience) {
		uint64_t *all = open->row->all, *any = all + open->row->words;
		for (uint32_t i = 0; i < run->audience->words; i++) {
			all[i] &= run->audience->word[i];
			any[i] |= run->audience->word[i];
		}
		open->audience = run->audience;
	}
	open->row->count++;
	open->row->bytes_len += run->bytes_len;
	*(run->kind == RUN_ANNOUNCE ? &open->row->announced : &open->row->withdrawn) += run->count;
	open->end = run->bytes + run->bytes_len;
	b->row_begin = open->begin;
}

void runlog_append(struct runlog *l, const struct runlog_content *content, struct retire *retire)
{
	ASSERT(content->audience != NULL);
	ASSERT((content->kind == RUN_ANNOUNCE) == (content->attr != NULL));
	ASSERT((content->kind == RUN_MARK) == (content->count == 0));
	slots_reserve(l, retire);
	size_t ids_bytes = content->count * sizeof(entry_id_t);
	size_t path_ids_bytes = content->path_ids != NULL ? ids_bytes : 0;
	size_t memory = sizeof(struct run_block) + ids_bytes + path_ids_bytes;
	struct run_block *b = malloc(memory);
	ASSERT(b != NULL);
	entry_id_t *ids = (entry_id_t *)(b + 1);
	uint32_t *path_ids = path_ids_bytes > 0 ? ids + content->count : NULL;
	struct chunk *chunk = NULL;
	uint8_t *bytes = NULL;
	if (path_ids != NULL) {
		memcpy(path_ids, content->path_ids, path_ids_bytes);
	}
	if (content->count > 0) {
		memcpy(ids, content->ids, ids_bytes);
		chunk = chunk_enter(l, content->bytes_len);
		bytes = chunk->bytes + chunk->used;
		memcpy(bytes, content->bytes, content->bytes_len);
		chunk->used += content->bytes_len;
	}
	*b = (struct run_block){
		.run = {.position = l->end,
			.kind = (uint8_t)content->kind,
			.attr = content->attr,
			.audience = content->audience,
			.count = content->count,
			.bytes_len = content->bytes_len,
			.ids = ids,
			.path_ids = path_ids,
			.bytes = bytes},
		.item_begin = l->item_end,
		.memory = memory + content->bytes_len + content->count * sizeof(struct item),
		.chunk = chunk,
		.row_begin = l->end,
	};
	if (content->count > 0) {
		row_add(l, b);
	} else {
		row_close(l);
	}
	index_run(l, &b->run);
	metric_add(&l->bytes, b->memory);
	__atomic_store_n(&l->slots->run[l->end & l->slots->mask], b, __ATOMIC_RELAXED);
	__atomic_store_n(&l->end, l->end + 1, __ATOMIC_RELEASE);
}

/* The newest number at or below `end` with these low bits. */
static uint64_t widen(uint64_t end, uint32_t low)
{
	return end - (uint32_t)((uint32_t)end - low);
}

/* The live run that the item stands in, when it names the id there; else NULL. */
static struct run_block *item_block(const struct runlog *l, uint64_t item, entry_id_t id)
{
	if (item < l->item_begin || item >= l->item_end) {
		return NULL;
	}
	uint32_t low = l->item[item & l->item_mask].run;
	struct run_block *b = block_at(l, widen(l->end, low));
	ASSERT(item >= b->item_begin && item - b->item_begin < b->run.count);
	return b->run.ids[item - b->item_begin] == id ? b : NULL;
}

/* One more entry of the run is superseded for these.  Mostly all are, by the same news: a set's
 * prefixes change together.  Where paths are told apart, an entry says not which. */
static void count_gone(struct run_block *b, struct audience *hears)
{
	struct run *run = &b->run;
	if (run->path_ids != NULL || b->gone_count == NOT_ALIKE) {
		return;
	}
	if (run->gone == NULL) {
		audience_hold(hears);
		run->gone = hears;
	}
	b->gone_count = run->gone == hears ? b->gone_count + 1 : NOT_ALIKE;
	if (b->gone_count == run->count) {
		__atomic_store_n(&run->dirty, RUN_GONE, __ATOMIC_RELEASE);
	}
}

/* A row's first run goes first, and takes the row with it. */
static void mark_run(struct runlog *l, struct run_block *b)
{
	if (b->run.dirty != RUN_CLEAN) {
		return;
	}
	__atomic_store_n(&b->run.dirty, RUN_DIRTY, __ATOMIC_RELEASE);
	metric_add(&l->runs_dirty, 1);
	struct run_row *row = b->row_begin >= l->begin ? block_at(l, b->row_begin)->run.row : NULL;
	if (row != NULL) {
		__atomic_store_n(&row->dirty, 1, __ATOMIC_RELEASE);
	}
}

/* Whether the change is news for some of those who hear the run. */
static bool concerns(const struct run *run, const struct audience *hears)
{
	uint64_t both = 0;
	for (uint32_t i = 0; both == 0 && i < hears->words; i++) {
		both = run->audience->word[i] & hears->word[i];
	}
	return both != 0;
}

void runlog_mark(struct runlog *l, entry_id_t id, struct audience *hears)
{
	uint32_t *link = newest_find(l, id);
	if (link == NULL) {
		return;
	}
	uint64_t item = widen(l->item_end, *link);
	for (struct run_block *b; (b = item_block(l, item, id)) != NULL;) {
		uint32_t *beyond = &l->item[item & l->item_mask].prev;
		uint64_t prev = widen(l->item_end, *beyond);
		bool is_news = concerns(&b->run, hears);
		if (is_news) {
			mark_run(l, b);
			/* The one whose link is that of none is met again with each change. */
			if ((uint32_t)item != 0) {
				count_gone(b, hears);
			}
		}
		if (b->run.dirty != RUN_CLEAN) {
			*link = *beyond;
		} else {
			link = beyond;
		}
		if (prev >= item) { /* A number from a turn of 2^32 ago. */
			break;
		}
		item = prev;
	}
	*link = 0;
}

uint64_t runlog_floor(const struct runlog *l)
{
	uint64_t lowest = UINT64_MAX;
	for (unsigned i = 0; i < l->core_count; i++) {
		lowest = min_u64(lowest, __atomic_load_n(&l->floor[i].position, __ATOMIC_ACQUIRE));
	}
	return lowest;
}

const struct run *runlog_oldest(const struct runlog *l)
{
	return l->begin == l->end ? NULL : &block_at(l, l->begin)->run;
}

void runlog_drop(struct runlog *l)
{
	struct run_block *b = block_at(l, l->begin);
	ASSERT(b->item_begin == l->item_begin);
	l->item_begin += b->run.count;
	metric_set(&l->bytes, l->bytes - b->memory);
	metric_set(&l->begin, l->begin + 1);
	chunk_leave(l, b->chunk);
	free(b->run.row);
	free(b);
}

uint64_t runlog_bytes(const struct runlog *l)
{
	return l->bytes;
}

uint64_t runlog_bytes_max(const struct runlog *l)
{
	return l->bytes_max;
}

uint64_t runlog_position_keeping(const struct runlog *l, uint64_t bytes)
{
	uint64_t left = l->bytes;
	uint64_t position = l->begin;
	while (left > bytes && position < l->end) {
		left -= block_at(l, position++)->memory;
	}
	return position;
}

void runlog_set_evict_below(struct runlog *l, uint64_t position)
{
	__atomic_store_n(&l->evict_below, position, __ATOMIC_RELAXED);
}

size_t runlog_table_bytes(const struct runlog *l)
{
	return (l->slots->mask + 1) * sizeof(l->slots->run[0]) +
	       (l->item_mask + 1) * sizeof(l->item[0]) + l->newest_cap * sizeof(l->newest[0]) +
	       (size_t)l->newest_chunks * (sizeof(uint32_t) << INDEX_BITS);
}

bool runlog_can_rest(const struct runlog *l)
{
	bool is_large =
		l->newest_chunks > 0 || l->item_mask >= ITEMS_MIN || l->slots->mask >= SLOTS_REST;
	return l->begin == l->end && is_large;
}

void runlog_rest(struct runlog *l, struct retire *retire)
{
	ASSERT(l->begin == l->end && l->item_begin == l->item_end);
	index_free(l);
	if (l->item_mask >= ITEMS_MIN) {
		free(l->item);
		l->item = mem_new(ITEMS_MIN * sizeof(*l->item));
		l->item_mask = ITEMS_MIN - 1;
	}
	if (l->slots->mask >= SLOTS_REST) {
		struct slots *old = l->slots;
		epoch_publish(l->slots, slots_new(SLOTS_MIN - 1));
		retire_push(retire, (struct retired){.object = old, .kind = RETIRED_MEMORY});
	}
}

void runlog_count_encoded(struct runlog *l, uint64_t prefixes)
{
	metric_add(&l->encoded, prefixes);
}

/* The row that begins with the run says what its runs say. */
static void row_check(const struct runlog *l, const struct run *first)
{
	const struct run_row *row = first->row;
	uint64_t bytes_len = 0;
	bool is_dirty = false;
	for (uint32_t i = 0; row != NULL && i < row->count; i++) {
		const struct run *run = &block_at(l, first->position + i)->run;
		ASSERT(run->kind != RUN_MARK && run->bytes == first->bytes + bytes_len);
		for (uint32_t word = 0; word < run->audience->words; word++) {
			ASSERT((row->all[word] & ~run->audience->word[word]) == 0);
			ASSERT((run->audience->word[word] & ~row->all[row->words + word]) == 0);
		}
		bytes_len += run->bytes_len;
		is_dirty = is_dirty || run->dirty != RUN_CLEAN;
	}
	ASSERT(row == NULL || (row->bytes_len == bytes_len && row->dirty == is_dirty));
}

void runlog_check(const struct runlog *l, uint32_t *names)
{
	uint64_t bytes = 0;
	uint64_t item = l->item_begin;
	for (uint64_t p = l->begin; p < l->end; p++) {
		const struct run_block *b = block_at(l, p);
		ASSERT(b->run.position == p);
		ASSERT(b->item_begin == item);
		row_check(l, &b->run);
		ASSERT(b->run.audience->refs > 0);
		ASSERT(b->run.gone == NULL || (b->run.gone->refs > 0 && b->gone_count > 0));
		ASSERT(b->chunk == NULL || (b->chunk->runs > 0 && b->run.bytes >= b->chunk->bytes));
		for (uint32_t i = 0; i < b->run.count; i++) {
			names[b->run.ids[i]]++;
		}
		item += b->run.count;
		bytes += b->memory;
	}
	ASSERT(item == l->item_end);
	ASSERT(bytes == l->bytes);
}
