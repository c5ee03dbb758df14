/* A batch: see batch.h.
 *
 * Statements are collected as (group, id) in the order of arrival; a counting sort then puts the
 * ids of each group together.  Groups are found through a small open-addressed table hashed by
 * content; most statements belong to the group of the one before and need no look-up.
 *
 * Groups with one audience are a crowd, and are appended one after the other; those that few
 * members hear come last.  For a reader takes what stands in a row in one piece (runlog.h), and
 * where paths overlap every other run is an exception for the announcer of the best one: strewn
 * among the others it would cut everybody's stretches to pieces.
 *
 *     as they came     all-but-1  only-1  all-but-1  only-2  all-but-2  only-1  all-but-1
 *     as they are put  all-but-1  all-but-1  all-but-1  all-but-2  only-1  only-1  only-2
 */
#include "rib/table/batch.h"

#include <string.h>

#include "rib/base/hash.h"
#include "rib/table/mem.h"
#include "rib/table/table.h"

#define GROUPS_MIN 64u
#define ITEMS_MIN  1024u
#define FITS_COUNT 64u

struct group {
	const struct attr *attr;
	struct audience *audience;
	uint64_t hash;
	uint32_t count;
	uint32_t begin; /* Of its ids, once sorted. */
	uint32_t next;	/* The next of its crowd: index + 1; 0 is none. */
	uint8_t class_idx;
};

/* The groups of one audience, in the order of arrival. */
struct crowd {
	uint32_t first, last;
	bool is_narrow; /* Most members of the class are not in it. */
};

struct statement {
	uint32_t group;
	entry_id_t id;
	uint32_t path_id; /* 0 in classes without. */
};

/* Which classes a set fits; valid within a batch, while the set is surely alive. */
struct fits {
	const struct attr *attr;
	struct class_set known;
	struct class_set suited;
};

struct batch {
	struct group *group;
	uint32_t group_count, group_cap;
	struct crowd *crowd; /* In the order of arrival; `group_cap` of them. */
	uint32_t crowd_count;
	uint32_t *slot; /* Group index + 1; 0 is empty.  Twice group_cap, a power of two. */
	struct statement *statement;
	uint32_t count, cap;
	uint32_t told_at;  /* Where the statements about an entry begin that others may repeat. */
	uint32_t told_end; /* And end; 0: not repeated yet. */
	entry_id_t *id;	   /* Sorted; `cap` of them. */
	uint32_t *path_id; /* Likewise. */
	struct fits fits[FITS_COUNT];
	struct prefix prefix[BATCH_IDS_MAX];
	uint8_t bytes[UINT16_MAX]; /* Of a run; any message fits. */
};

struct batch *batch_new(void)
{
	struct batch *b = mem_new(sizeof(*b));
	b->group_cap = GROUPS_MIN;
	b->group = mem_new(GROUPS_MIN * sizeof(*b->group));
	b->crowd = mem_new(GROUPS_MIN * sizeof(*b->crowd));
	b->slot = mem_new(2 * GROUPS_MIN * sizeof(*b->slot));
	b->cap = ITEMS_MIN;
	b->statement = mem_new(ITEMS_MIN * sizeof(*b->statement));
	b->id = mem_new(ITEMS_MIN * sizeof(*b->id));
	b->path_id = mem_new(ITEMS_MIN * sizeof(*b->path_id));
	return b;
}

void batch_free(struct batch *b)
{
	if (b == NULL) {
		return;
	}
	ASSERT(b->count == 0);
	free(b->group);
	free(b->crowd);
	free(b->slot);
	free(b->statement);
	free(b->id);
	free(b->path_id);
	free(b);
}

bool batch_suits(struct batch *b, const struct table *t, const struct attr *sent,
		 unsigned class_idx)
{
	struct fits *f = &b->fits[sent->hash % FITS_COUNT];
	if (f->attr != sent) {
		*f = (struct fits){.attr = sent};
	}
	if (!class_set_has(&f->known, class_idx)) {
		struct update_form form = table_form(t, class_idx);
		class_set_add(&f->known, class_idx);
		if (attr_suits(sent, &form)) {
			class_set_add(&f->suited, class_idx);
		}
	}
	return class_set_has(&f->suited, class_idx);
}

struct heads batch_heads(struct batch *b, const struct table *t, const struct paths *paths,
			 unsigned class_idx)
{
	struct heads h = {NULL, NULL, false};
	for (unsigned i = 0; paths != NULL && i < paths->ranked_count; i++) {
		const struct path *p = &paths->path[i];
		bool is_first = h.first == NULL;
		if (!is_first && p->peer == h.first->peer) {
			continue;
		}
		if (p->attr->reach != NULL) {
			h.has_reach = true;
			break;
		}
		if (!batch_suits(b, t, attr_sent(p->attr), class_idx)) {
			continue;
		}
		if (!is_first) {
			h.second = p;
			break;
		}
		h.first = p;
	}
	return h;
}

static uint32_t slot_mask(const struct batch *b)
{
	return b->group_cap * 2 - 1;
}

static void groups_grow(struct batch *b)
{
	b->group_cap *= 2;
	b->group = mem_grow(b->group, b->group_cap * sizeof(*b->group));
	b->crowd = mem_grow(b->crowd, b->group_cap * sizeof(*b->crowd));
	free(b->slot);
	b->slot = mem_new(2u * b->group_cap * sizeof(*b->slot));
	for (uint32_t i = 0; i < b->group_count; i++) {
		uint32_t at = (uint32_t)b->group[i].hash & slot_mask(b);
		while (b->slot[at] != 0) {
			at = (at + 1) & slot_mask(b);
		}
		b->slot[at] = i + 1;
	}
}

static bool group_is(const struct group *g, unsigned class_idx, const struct attr *attr,
		     const struct audience *audience)
{
	return g->attr == attr && g->audience == audience && g->class_idx == class_idx;
}

/* A new group joins those with its audience. */
static void crowd_enter(struct batch *b, const struct table *t, uint32_t group)
{
	const struct group *g = &b->group[group];
	struct audience *a = g->audience;
	if (a->crowd == 0) {
		unsigned members = audience_cache_members(t->wire[g->class_idx]->members);
		b->crowd[b->crowd_count] = (struct crowd){
			.first = group, .last = group, .is_narrow = a->count * 2 < members};
		a->crowd = ++b->crowd_count;
		return;
	}
	struct crowd *c = &b->crowd[a->crowd - 1];
	b->group[c->last].next = group + 1;
	c->last = group;
}

/* The group of a statement; a new one takes the audience's count, a known one gives it back. */
static uint32_t group_find(struct batch *b, struct table *t, unsigned class_idx,
			   const struct attr *attr, struct audience *audience)
{
	if (b->count > 0) {
		uint32_t last = b->statement[b->count - 1].group;
		if (group_is(&b->group[last], class_idx, attr, audience)) {
			audience_put(t->audiences, audience);
			return last;
		}
	}
	uint64_t hash = hash_mix(audience->hash + class_idx, attr != NULL ? attr->hash : 0);
	uint32_t at = (uint32_t)hash & slot_mask(b);
	for (; b->slot[at] != 0; at = (at + 1) & slot_mask(b)) {
		if (group_is(&b->group[b->slot[at] - 1], class_idx, attr, audience)) {
			audience_put(t->audiences, audience);
			return b->slot[at] - 1;
		}
	}
	if (b->group_count == b->group_cap) {
		groups_grow(b);
		at = (uint32_t)hash & slot_mask(b);
		while (b->slot[at] != 0) {
			at = (at + 1) & slot_mask(b);
		}
	}
	b->group[b->group_count] = (struct group){
		.attr = attr, .audience = audience, .hash = hash, .class_idx = (uint8_t)class_idx};
	crowd_enter(b, t, b->group_count);
	b->slot[at] = ++b->group_count;
	return b->group_count - 1;
}

void batch_add(struct batch *b, struct table *t, unsigned class_idx, const struct attr *attr,
	       struct audience *audience, entry_id_t id)
{
	batch_add_path(b, t, class_idx, attr, audience, id, 0);
}

static void add(struct batch *b, struct statement s)
{
	if (b->count == b->cap) {
		b->cap *= 2;
		b->statement = mem_grow(b->statement, b->cap * sizeof(*b->statement));
		b->id = mem_grow(b->id, b->cap * sizeof(*b->id));
		b->path_id = mem_grow(b->path_id, b->cap * sizeof(*b->path_id));
	}
	b->statement[b->count++] = s;
	b->group[s.group].count++;
}

void batch_add_path(struct batch *b, struct table *t, unsigned class_idx, const struct attr *attr,
		    struct audience *audience, entry_id_t id, uint32_t path_id)
{
	if (audience == NULL) {
		return;
	}
	uint32_t group = group_find(b, t, class_idx, attr, audience);
	add(b, (struct statement){.group = group, .id = id, .path_id = path_id});
}

void batch_tell(struct batch *b)
{
	b->told_at = b->count;
	b->told_end = 0;
}

void batch_repeat(struct batch *b, entry_id_t id)
{
	b->told_end = b->told_end == 0 ? b->count : b->told_end;
	for (uint32_t i = b->told_at; i < b->told_end; i++) {
		struct statement s = b->statement[i];
		s.id = id;
		add(b, s);
	}
}

void batch_mark(const struct batch *b, struct table *t)
{
	for (uint32_t i = 0; i < b->count; i++) {
		const struct statement *s = &b->statement[i];
		const struct group *g = &b->group[s->group];
		runlog_mark(t->wire[g->class_idx]->log, s->id, g->audience);
	}
}

/* Put the ids of each group together, in the order of arrival. */
static void sort_ids(struct batch *b)
{
	uint32_t begin = 0;
	for (uint32_t i = 0; i < b->group_count; i++) {
		b->group[i].begin = begin;
		begin += b->group[i].count;
		b->group[i].count = 0;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		struct group *g = &b->group[b->statement[i].group];
		b->id[g->begin + g->count] = b->statement[i].id;
		b->path_id[g->begin + g->count++] = b->statement[i].path_id;
	}
}

/* Append one run: the first ids from `at` on, which are those of `paths`; returns
 * for how many. */
static uint32_t append_run(struct batch *b, struct table *t, const struct group *g, uint32_t at,
			   const struct update_paths *paths)
{
	struct update_form form = table_form(t, g->class_idx);
	struct wr w = wr_of(b->bytes, RUN_BYTES_MAX);
	size_t packed = update_pack_paths(&w, &form, g->attr, paths);
	if (packed == 0) {
		/* RFC 8654: the set alone takes more than that; then a run is one long message. */
		w = wr_of(b->bytes, sizeof(b->bytes));
		packed = update_pack_paths(&w, &form, g->attr, paths);
	}
	ASSERT(packed > 0 && packed <= paths->count);
	audience_hold(g->audience);
	if (g->attr != NULL) {
		outbox_adjust(t->outbox, g->attr, 1);
	}
	runlog_append(
		t->wire[g->class_idx]->log,
		&(struct runlog_content){.kind = g->attr != NULL ? RUN_ANNOUNCE : RUN_WITHDRAW,
					 .attr = g->attr,
					 .audience = g->audience,
					 .ids = b->id + at,
					 .path_ids = paths->path_ids,
					 .count = (uint32_t)packed,
					 .bytes = b->bytes,
					 .bytes_len = (uint32_t)wr_len(&w)},
		t->retire);
	return (uint32_t)packed;
}

/* Up to BATCH_IDS_MAX ids from `at` on. */
static void append_part(struct batch *b, struct table *t, const struct group *g, uint32_t at,
			uint32_t count)
{
	bool has_path_ids = (g->class_idx & WIRE_CLASS_PATHS) != 0;
	for (uint32_t i = 0; i < count; i++) {
		b->prefix[i] = slab_prefix(&t->slab.slab, b->id[at + i]);
	}
	for (uint32_t done = 0; done < count;) {
		struct update_paths left = {
			.prefixes = b->prefix + done,
			.path_ids = has_path_ids ? b->path_id + at + done : NULL,
			.count = count - done,
		};
		done += append_run(b, t, g, at + done, &left);
	}
}

/* With path ids a group may name an entry several times, and be longer than a batch of entries. */
static void append_group(struct batch *b, struct table *t, const struct group *g)
{
	ASSERT(g->count > 0);
	for (uint32_t done = 0; done < g->count; done += BATCH_IDS_MAX) {
		uint32_t left = g->count - done;
		append_part(b, t, g, g->begin + done, left < BATCH_IDS_MAX ? left : BATCH_IDS_MAX);
	}
	runlog_count_encoded(t->wire[g->class_idx]->log, g->count);
	audience_put(t->audiences, g->audience);
}

static void append_crowds(struct batch *b, struct table *t, bool is_narrow)
{
	for (uint32_t i = 0; i < b->crowd_count; i++) {
		uint32_t at = b->crowd[i].first;
		if (b->crowd[i].is_narrow != is_narrow) {
			continue;
		}
		b->group[at].audience->crowd = 0;
		for (; at != UINT32_MAX; at = b->group[at].next - 1) {
			append_group(b, t, &b->group[at]);
		}
	}
}

/* A few groups in a table that once held many: only theirs. */
static void slots_clear(struct batch *b)
{
	for (uint32_t i = 0; i < b->group_count; i++) {
		uint32_t at = (uint32_t)b->group[i].hash & slot_mask(b);
		while (b->slot[at] != i + 1) {
			at = (at + 1) & slot_mask(b);
		}
		b->slot[at] = 0;
	}
}

void batch_append(struct batch *b, struct table *t)
{
	if (b->count > 0) {
		sort_ids(b);
		append_crowds(b, t, false);
		append_crowds(b, t, true);
		slots_clear(b);
	}
	memset(b->fits, 0, sizeof(b->fits));
	b->group_count = b->crowd_count = 0;
	b->count = 0;
}
