/* Export: see export.h.
 *
 * Ordering, for one cursor: runs are pushed in position order, so the last word about a prefix is
 * the last pushed.  A pending id is answered from the view of the moment; a run about the same
 * prefix that is read later is either as new, or dirty and then re-checked.  So the member always
 * ends with the latest view.  Sources: docs/design.md; RFC 4724 §2 (End-of-RIB); RFC 7313 §4.
 */
#include "dataplane/session/export_own.h"

#include <stdlib.h>

#include "rib/base/check.h"

#define PACK_BYTES   (64u * 1024) /* A dirty run or a slice of pending ids re-encoded at once. */
#define PACK_IDS     512
#define STRETCH_MAX  16384 /* Bytes under one mark: so much of a log waits for one ACK. */
#define MARKS_MIN    16
#define PENDING_SCAN 65536 /* Ids looked at in one slice of a sparse pending set. */
#define GONE_MIN     256
#define GONE_MAX     (1u << 20) /* Withdrawn paths that a cursor remembers: 8 MiB. */

void export_init(struct export *ex, peer_id_t peer, core_id_t core, struct shard *const *shard,
		 unsigned shard_count)
{
	*ex = (struct export){
		.peer = peer, .core = core, .shard = shard, .shard_count = shard_count};
}

void export_fini(struct export *ex)
{
	ASSERT(ex->cursor == NULL);
	free(ex->mark);
	ex->mark = NULL;
}

static unsigned cursor_count(const struct export *ex)
{
	return ex->shard_count * FAMILY_COUNT;
}

static enum family cursor_family(const struct export *ex, unsigned idx)
{
	return (enum family)(idx / ex->shard_count);
}

static struct shard *cursor_shard(const struct export *ex, unsigned idx)
{
	return ex->shard[idx % ex->shard_count];
}

bool export_open(struct export *ex, const bool families[FAMILY_COUNT],
		 const uint8_t class_idx[FAMILY_COUNT])
{
	ASSERT(ex->cursor == NULL);
	struct export_cursor *cursor = calloc(cursor_count(ex), sizeof(*cursor));
	if (cursor == NULL) {
		return false;
	}
	ex->cursor = cursor;
	ex->next = 0;
	ex->has_enhanced = false;
	ex->rescan = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		ex->is_joined[f] = families[f];
		ex->class_idx[f] = class_idx[f];
		ex->is_eor_sent[f] = false;
		ex->is_asked[f] = ex->is_answering[f] = false;
	}
	return true;
}

void export_enhance(struct export *ex)
{
	ASSERT(ex->cursor != NULL);
	ex->has_enhanced = true;
}

void export_refresh(struct export *ex, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	if (ex->cursor == NULL || !ex->is_joined[family]) {
		return;
	}
	if (ex->has_enhanced) {
		ex->is_asked[family] = true;
	} else {
		ex->rescan |= 1u << family;
		metric_add(&ex->stats.refreshes, 1);
	}
}

unsigned export_take_rescan(struct export *ex)
{
	unsigned rescan = ex->rescan;
	ex->rescan = 0;
	return rescan;
}

void export_joined(struct export *ex, enum family family, core_id_t shard, uint64_t position)
{
	ASSERT(ex->cursor != NULL && ex->is_joined[family]);
	struct export_cursor *c = &ex->cursor[family * ex->shard_count + shard];
	ASSERT(c->log == NULL);
	c->log = shard_log(ex->shard[shard], family, ex->class_idx[family]);
	ASSERT(c->log != NULL);
	c->position = position;
	c->acked = position;
}

static void pending_drop(struct export *ex, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	if (c->pending == NULL) {
		return;
	}
	metric_set(&ex->stats.pending, ex->stats.pending - c->pending_count);
	free(c->pending);
	free(c->gone);
	c->pending = NULL;
	c->gone = NULL;
	c->pending_count = c->gone_count = c->gone_cap = 0;
	shard_pending_add(cursor_shard(ex, idx), cursor_family(ex, idx), ex->core, -1);
}

static void marks_clear(struct export *ex)
{
	ex->mark_head = ex->mark_tail;
	for (unsigned i = 0; i < cursor_count(ex); i++) {
		ex->cursor[i].marks = 0;
		ex->cursor[i].acked = ex->cursor[i].position;
	}
}

bool export_close(struct export *ex, const struct export_sink *sink)
{
	if (ex->cursor == NULL) {
		return true;
	}
	bool is_safe = sink == NULL || sink->privatize(sink->queue);
	marks_clear(ex);
	for (unsigned i = 0; i < cursor_count(ex); i++) {
		pending_drop(ex, i);
	}
	free(ex->cursor);
	ex->cursor = NULL;
	free(ex->mark);
	ex->mark = NULL;
	ex->mark_cap = ex->mark_head = ex->mark_tail = 0;
	return is_safe;
}

/* Room for one more mark, or false when memory is short. */
static bool marks_reserve(struct export *ex)
{
	if (ex->mark_tail - ex->mark_head < ex->mark_cap) {
		return true;
	}
	uint32_t cap = ex->mark_cap == 0 ? MARKS_MIN : ex->mark_cap * 2;
	struct export_mark *mark = malloc(cap * sizeof(*mark));
	if (mark == NULL) {
		return false;
	}
	uint32_t n = 0;
	while (ex->mark_head != ex->mark_tail) {
		mark[n++] = ex->mark[ex->mark_head++ & (ex->mark_cap - 1)];
	}
	free(ex->mark);
	ex->mark = mark;
	ex->mark_cap = cap;
	ex->mark_head = 0;
	ex->mark_tail = n;
	return true;
}

static void marks_push(struct export *ex, unsigned idx, uint64_t offset, uint64_t position)
{
	ASSERT(ex->mark_tail - ex->mark_head < ex->mark_cap);
	ex->mark[ex->mark_tail++ & (ex->mark_cap - 1)] =
		(struct export_mark){.offset = offset, .position = position, .cursor = idx};
	ex->cursor[idx].marks++;
}

/* Everything that the transport saw acknowledged moves the cursors. */
static void marks_settle(struct export *ex, uint64_t acked)
{
	while (ex->mark_head != ex->mark_tail) {
		const struct export_mark *m = &ex->mark[ex->mark_head & (ex->mark_cap - 1)];
		if (m->offset > acked) {
			break;
		}
		struct export_cursor *c = &ex->cursor[m->cursor];
		ASSERT(c->marks > 0 && m->position >= c->acked);
		c->acked = --c->marks == 0 ? c->position : m->position;
		ex->mark_head++;
	}
	if (ex->mark_head == ex->mark_tail && ex->mark_cap > MARKS_MIN) {
		free(ex->mark); /* An idle session costs little. */
		ex->mark = NULL;
		ex->mark_cap = ex->mark_head = ex->mark_tail = 0;
	}
}

static void cursor_step(struct export_cursor *c, uint64_t runs)
{
	c->position += runs;
	if (c->marks == 0) {
		c->acked = c->position;
	}
}

/* The form of what a cursor sends. */
static struct update_form cursor_form(const struct export *ex, unsigned idx)
{
	enum family family = cursor_family(ex, idx);
	return shard_form(cursor_shard(ex, idx), family, ex->class_idx[family]);
}

/* What a member should hear of an entry. */
struct views {
	unsigned count;
	const struct path *path[VIEW_MAX]; /* May point into `one`. */
	struct paths_one one;
};

/* What the member should hear of an entry now. */
static void views_fill(struct views *v, const struct export *ex, unsigned idx, entry_id_t id,
		       const struct update_form *form)
{
	const struct shard *shard = cursor_shard(ex, idx);
	const struct entry *entry = slab_at(shard_slab(shard, cursor_family(ex, idx)), id);
	unsigned n = form->has_path_ids ? shard_view_max(shard) : 1;
	v->count = view_n(entry_paths(entry, &v->one), ex->peer, form, n, v->path);
}

/* The set, as it is sent, that the member should now have of a path (of the prefix, where it gets
 * only one); NULL when none. */
static const struct attr *attr_now(const struct export *ex, unsigned idx, entry_id_t id,
				   const struct update_form *form, uint32_t path_id)
{
	struct views v;
	views_fill(&v, ex, idx, id, form);
	for (unsigned i = 0; i < v.count; i++) {
		if (!form->has_path_ids || path_id_sent(v.path[i]) == path_id) {
			return attr_sent_to(v.path[i]->attr, ex->peer);
		}
	}
	return NULL;
}

static void count_sent(struct export *ex, const struct attr *attr, size_t count)
{
	metric_add(attr != NULL ? &ex->stats.prefixes_sent : &ex->stats.withdraws_sent, count);
	metric_add(&ex->stats.updates_sent, 1);
}

/* Prefixes to be encoded, with their path ids in classes that have some. */
struct pack {
	struct prefix prefix[PACK_IDS];
	uint32_t path_id[PACK_IDS];
	size_t count;
};

static void pack_add(struct pack *p, const struct slab *slab, entry_id_t id, uint32_t path_id)
{
	ASSERT(p->count < PACK_IDS);
	p->prefix[p->count] = slab_prefix(slab, id);
	p->path_id[p->count++] = path_id;
}

/* Encode prefixes and push them as one copy; false when there is no room. */
static bool push_packed(struct export *ex, const struct export_sink *sink,
			const struct update_form *form, const struct attr *attr,
			const struct pack *p)
{
	/* PACK_IDS prefixes of up to 17 bytes with a set of up to a message each fit by far when
	 * they share messages; in the worst case (one prefix per message) the rest is sent by the
	 * next call.  The longest message of all fits, too (RFC 8654). */
	static_assert(PACK_BYTES > UINT16_MAX, "a long message fits");
	uint8_t buf[PACK_BYTES];
	size_t done = 0;
	while (done < p->count) {
		struct wr w = wr_of(buf, sizeof(buf));
		struct update_paths left = {
			.prefixes = p->prefix + done,
			.path_ids = form->has_path_ids ? p->path_id + done : NULL,
			.count = p->count - done,
		};
		size_t n = update_pack_paths(&w, form, attr, &left);
		ASSERT(n > 0);
		if (!sink->push_copy(sink->queue, span_of(buf, wr_len(&w)))) {
			return false;
		}
		done += n;
	}
	count_sent(ex, attr, p->count);
	return true;
}

/* Bits for every id handed out so far; a set that exists grows.  False when memory is short. */
static bool pending_reserve(struct export *ex, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	const struct slab *slab = shard_slab(cursor_shard(ex, idx), cursor_family(ex, idx));
	uint32_t cap = (__atomic_load_n(&slab->count, __ATOMIC_ACQUIRE) + 63) / 64 * 64;
	if (c->pending != NULL && c->pending_cap >= cap) {
		return true;
	}
	uint64_t *bits = calloc(cap / 64 + 1, sizeof(*bits));
	if (bits == NULL) {
		return false;
	}
	if (c->pending != NULL) {
		memcpy(bits, c->pending, c->pending_cap / 64 * sizeof(*bits));
		free(c->pending);
	} else {
		shard_pending_add(cursor_shard(ex, idx), cursor_family(ex, idx), ex->core, 1);
	}
	c->pending = bits;
	c->pending_cap = cap;
	return true;
}

static void pending_set(struct export *ex, struct export_cursor *c, entry_id_t id)
{
	ASSERT(id < c->pending_cap);
	if (!bits_has(c->pending, id)) {
		bits_set(c->pending, id);
		c->pending_count++;
		metric_add(&ex->stats.pending, 1);
	}
}

/* False when memory is short. */
static bool pending_add(struct export *ex, unsigned idx, entry_id_t id)
{
	if (!pending_reserve(ex, idx)) {
		return false;
	}
	pending_set(ex, &ex->cursor[idx], id);
	return true;
}

/* A dirty run: re-check id by id.  A push that fails is repeated as a whole later: hearing a
 * prefix's current route twice is harmless. */
static bool push_dirty(struct export *ex, const struct export_sink *sink, unsigned idx,
		       const struct run *run)
{
	const struct slab *slab = shard_slab(cursor_shard(ex, idx), cursor_family(ex, idx));
	struct update_form form = cursor_form(ex, idx);
	bool is_answering = ex->is_answering[cursor_family(ex, idx)];
	struct pack pack;
	pack.count = 0;
	for (uint32_t i = 0; i < run->count; i++) {
		entry_id_t id = run->ids[i];
		uint32_t path_id = run->path_ids != NULL ? run->path_ids[i] : 0;
		if (attr_equal(attr_now(ex, idx, id, &form, path_id), run->attr)) {
			pack_add(&pack, slab, id, path_id);
		} else if (is_answering && !pending_add(ex, idx, id)) {
			return false;
		}
		if (pack.count == PACK_IDS || (pack.count > 0 && i + 1 == run->count)) {
			if (!push_packed(ex, sink, &form, run->attr, &pack)) {
				return false;
			}
			pack.count = 0;
		}
	}
	return true;
}

/* The member hears the run as it stands. */
static bool is_plain(const struct run *run, peer_id_t peer)
{
	return audience_has(run->audience, peer) && !run_is_dirty(run);
}

/* Push runs that the member hears and whose bytes stand in a row, `first` and as many after it as
 * there is room for; false when it is for none (the cursor stays).  That `first` is plain the
 * caller has seen.  It is not asked again: its owner may mark it at any moment, and "no room" would
 * wait for an ACK where nothing may be under way. */
static bool push_stretch(struct export *ex, const struct export_sink *sink, unsigned idx,
			 const struct run *first, uint64_t end)
{
	struct export_cursor *c = &ex->cursor[idx];
	uint64_t max = max_u64(first->bytes_len, STRETCH_MAX);
	uint64_t room = min_u64(sink->room(sink->queue), max);
	uint64_t len = 0, position = c->position;
	uint64_t prefixes[2] = {0, 0}; /* Withdrawn, announced. */
	for (const struct run *run = first; run->bytes == first->bytes + len;) {
		const struct run_row *row = run_row_for(run, ex->peer);
		if (row != NULL && len + row->bytes_len <= room) {
			len += row->bytes_len;
			prefixes[0] += row->withdrawn;
			prefixes[1] += row->announced;
			position += row->count;
		} else if (len + run->bytes_len <= room &&
			   (run == first || is_plain(run, ex->peer))) {
			len += run->bytes_len;
			prefixes[run->kind == RUN_ANNOUNCE] += run->count;
			position++;
		} else {
			break;
		}
		if (position >= end) {
			break;
		}
		run = runlog_at(c->log, position);
	}
	if (len == 0) {
		return false;
	}
	if (!marks_reserve(ex) || !sink->push_ref(sink->queue, span_of(first->bytes, len))) {
		return false;
	}
	metric_add(&ex->stats.withdraws_sent, prefixes[0]);
	metric_add(&ex->stats.prefixes_sent, prefixes[1]);
	metric_add(&ex->stats.updates_sent, position - c->position);
	c->position = position;
	marks_push(ex, idx, sink->end(sink->queue), position);
	return true;
}

/* Read one run below `end`, or some of which the bytes stand in a row; false when the sink has no
 * room (the cursor stays). */
static bool read_runs(struct export *ex, const struct export_sink *sink, unsigned idx, uint64_t end)
{
	struct export_cursor *c = &ex->cursor[idx];
	const struct run *run = runlog_at(c->log, c->position);
	if (run_row_for(run, ex->peer) != NULL) {
		return push_stretch(ex, sink, idx, run, end);
	}
	const struct run_row *row = run_row_past(run, ex->peer);
	if (row != NULL) {
		cursor_step(c, row->count);
		return true;
	}
	/* Within an answer what is superseded must go into the pending set: push_dirty. */
	bool is_past = run_is_gone(run, ex->peer) && !ex->is_answering[cursor_family(ex, idx)];
	if (is_past || !audience_has(run->audience, ex->peer)) {
		cursor_step(c, 1);
		return true;
	}
	if (run->kind == RUN_MARK) {
		c->is_complete = true;
		cursor_step(c, 1);
		return true;
	}
	if (run_is_dirty(run)) {
		if (!push_dirty(ex, sink, idx, run)) {
			return false;
		}
		cursor_step(c, 1);
		return true;
	}
	return push_stretch(ex, sink, idx, run, end);
}

/* One path of a pending slice and what the member should now hear about it. */
struct pending_item {
	const struct attr *attr; /* NULL: withdraw. */
	entry_id_t id;
	uint32_t path_id;
	bool is_done;
};

struct pending_slice {
	struct pending_item item[PACK_IDS];
	unsigned count;
};

/* The items of one entry: at least one, so that the slice remembers it. */
static void slice_add(struct pending_slice *s, struct export *ex, unsigned idx, entry_id_t id)
{
	struct update_form form = cursor_form(ex, idx);
	struct views v;
	views_fill(&v, ex, idx, id, &form);
	for (unsigned i = 0; i < v.count; i++) {
		s->item[s->count++] =
			(struct pending_item){.attr = attr_sent_to(v.path[i]->attr, ex->peer),
					      .id = id,
					      .path_id = path_id_sent(v.path[i])};
	}
	if (v.count == 0) {
		/* Of several paths, those that went are told by `gone`. */
		s->item[s->count++] = (struct pending_item){.id = id, .is_done = form.has_path_ids};
	}
}

/* Collect pending ids with their views, from pending_scan on, as many as there is room for. */
static void slice_fill(struct pending_slice *s, struct export *ex, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	s->count = 0;
	for (unsigned looked = 0; looked < PENDING_SCAN && s->count + VIEW_MAX <= PACK_IDS;
	     looked++) {
		if (c->pending_scan >= c->pending_cap) {
			c->pending_scan = 0;
			return;
		}
		entry_id_t id = c->pending_scan;
		if (c->pending[id / 64] == 0) {
			c->pending_scan = (id / 64 + 1) * 64;
			continue;
		}
		c->pending_scan++;
		if (bits_has(c->pending, id)) {
			slice_add(s, ex, idx, id);
		}
	}
}

/* Send the slice grouped by attribute set, in order of first appearance; false when there is no
 * room for all of it. */
static bool slice_send(struct pending_slice *s, struct export *ex, const struct export_sink *sink,
		       unsigned idx)
{
	const struct slab *slab = shard_slab(cursor_shard(ex, idx), cursor_family(ex, idx));
	struct update_form form = cursor_form(ex, idx);
	struct pack pack;
	for (unsigned first = 0; first < s->count; first++) {
		const struct attr *attr = s->item[first].attr;
		if (s->item[first].is_done) {
			continue;
		}
		pack.count = 0;
		for (unsigned i = first; i < s->count; i++) {
			if (!s->item[i].is_done && s->item[i].attr == attr) {
				pack_add(&pack, slab, s->item[i].id, s->item[i].path_id);
			}
		}
		if (!push_packed(ex, sink, &form, attr, &pack)) {
			return false;
		}
		for (unsigned i = first; i < s->count; i++) {
			s->item[i].is_done |= s->item[i].attr == attr;
		}
	}
	return true;
}

/* Ids whose paths were all sent leave the set; the first that was not is where to go on. */
static void slice_settle(const struct pending_slice *s, struct export *ex, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	entry_id_t resume = ENTRY_NONE;
	for (unsigned i = 0, end; i < s->count; i = end) {
		bool is_done = true;
		for (end = i; end < s->count && s->item[end].id == s->item[i].id; end++) {
			is_done = is_done && s->item[end].is_done;
		}
		if (is_done) {
			bits_clear(c->pending, s->item[i].id);
			c->pending_count--;
			metric_set(&ex->stats.pending, ex->stats.pending - 1);
		} else if (resume == ENTRY_NONE) {
			resume = s->item[i].id;
		}
	}
	if (resume != ENTRY_NONE) {
		c->pending_scan = resume;
	}
}

/* Withdraw the paths that unread runs withdrew, unless they are back by now: then what the member
 * hears of the entry replaces them.  False when the sink is full. */
static bool pump_gone(struct export *ex, const struct export_sink *sink, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	const struct slab *slab = shard_slab(cursor_shard(ex, idx), cursor_family(ex, idx));
	struct update_form form = cursor_form(ex, idx);
	struct pack pack;
	while (c->gone_count > 0) {
		uint32_t left = c->gone_count;
		for (pack.count = 0; left > 0 && pack.count < PACK_IDS; left--) {
			const struct export_gone *g = &c->gone[left - 1];
			if (attr_now(ex, idx, g->entry, &form, g->path_id) == NULL) {
				pack_add(&pack, slab, g->entry, g->path_id);
			}
		}
		if (pack.count > 0 && !push_packed(ex, sink, &form, NULL, &pack)) {
			return false;
		}
		c->gone_count = left;
	}
	return true;
}

/* Answer pending ids while there is room; false when the sink is full. */
static bool pump_pending(struct export *ex, const struct export_sink *sink, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	struct pending_slice slice;
	if (!pump_gone(ex, sink, idx)) {
		return false;
	}
	while (c->pending_count > 0) {
		slice_fill(&slice, ex, idx);
		bool has_room = slice_send(&slice, ex, sink, idx);
		slice_settle(&slice, ex, idx);
		if (!has_room) {
			return false;
		}
	}
	pending_drop(ex, idx);
	return true;
}

static bool cursor_has_more(const struct export_cursor *c)
{
	return c->log != NULL && (c->pending != NULL || c->position < runlog_end(c->log));
}

/* Read one cursor for a bounded while; false when the sink is full. */
static bool pump_cursor(struct export *ex, const struct export_sink *sink, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	uint64_t end = runlog_end(c->log);
	do {
		if (c->pending != NULL && !pump_pending(ex, sink, idx)) {
			return false;
		}
		while (c->position < end) {
			if (!read_runs(ex, sink, idx, end)) {
				return false;
			}
		}
	} while (c->pending != NULL); /* Dirty runs have added to it. */
	return true;
}

bool export_pump(struct export *ex, const struct export_sink *sink, bool *out_pushed)
{
	*out_pushed = false;
	if (ex->cursor == NULL) {
		return false;
	}
	uint64_t end_before = sink->end(sink->queue);
	marks_settle(ex, sink->acked(sink->queue));
	unsigned count = cursor_count(ex);
	bool has_room = true;
	for (unsigned i = 0; i < count && has_room; i++) {
		unsigned idx = (ex->next + i) % count;
		if (cursor_has_more(&ex->cursor[idx]) && !pump_cursor(ex, sink, idx)) {
			ex->next = idx;
			has_room = false;
		}
	}
	if (has_room) {
		has_room = export_borders(ex, sink);
	}
	*out_pushed = sink->end(sink->queue) != end_before;
	return !has_room;
}

uint64_t export_floor(const struct export *ex, enum family family, core_id_t shard)
{
	if (ex->cursor == NULL) {
		return UINT64_MAX;
	}
	const struct export_cursor *c = &ex->cursor[family * ex->shard_count + shard];
	return c->log == NULL ? UINT64_MAX : c->acked;
}

/* Keep what an unread run withdraws.  False when memory is short, or it is too much to keep. */
static bool gone_keep(struct export_cursor *c, const struct run *run)
{
	uint64_t count = (uint64_t)c->gone_count + run->count;
	if (count > GONE_MAX) {
		return false;
	}
	if (count > c->gone_cap) {
		uint32_t cap = c->gone_cap == 0 ? GONE_MIN : c->gone_cap;
		while (cap < count) {
			cap *= 2;
		}
		struct export_gone *gone = realloc(c->gone, cap * sizeof(*gone));
		if (gone == NULL) {
			return false;
		}
		c->gone = gone;
		c->gone_cap = cap;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		c->gone[c->gone_count++] = (struct export_gone){run->ids[i], run->path_ids[i]};
	}
	return true;
}

/* Turn the unread runs into a pending set and jump to the end. */
static bool cursor_evict(struct export *ex, unsigned idx)
{
	struct export_cursor *c = &ex->cursor[idx];
	uint64_t end = runlog_end(c->log);
	if (!pending_reserve(ex, idx)) {
		return false;
	}
	for (; c->position < end; c->position++) {
		const struct run *run = runlog_at(c->log, c->position);
		if (!audience_has(run->audience, ex->peer)) {
			continue;
		}
		if (run->path_ids != NULL && run->kind == RUN_WITHDRAW && !gone_keep(c, run)) {
			return false;
		}
		c->is_complete = c->is_complete || run->kind == RUN_MARK;
		for (uint32_t i = 0; i < run->count; i++) {
			pending_set(ex, c, run->ids[i]);
		}
	}
	metric_add(&ex->stats.evictions, 1);
	return true;
}

bool export_settle(struct export *ex, const struct export_sink *sink)
{
	if (ex->cursor == NULL) {
		return true;
	}
	marks_settle(ex, sink->acked(sink->queue));
	for (unsigned i = 0; i < cursor_count(ex); i++) {
		struct export_cursor *c = &ex->cursor[i];
		if (c->log == NULL || c->acked >= runlog_evict_below(c->log)) {
			continue;
		}
		if (!sink->privatize(sink->queue)) {
			return false;
		}
		marks_clear(ex);
		if (c->position < runlog_evict_below(c->log) && !cursor_evict(ex, i)) {
			return false;
		}
		c->acked = c->position;
	}
	return true;
}
