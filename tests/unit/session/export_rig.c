#include "tests/unit/session/export_rig.h"

#include <criterion/criterion.h>

static bool push_copy(void *queue, struct span s)
{
	struct queue *q = queue;
	if (s.len > q->room) {
		return false;
	}
	cr_assert_leq(q->end + s.len, HELD_MAX);
	memcpy(q->bytes + q->end, s.data, s.len);
	q->end += s.len;
	q->room -= s.len;
	return true;
}

static bool push_ref(void *queue, struct span s)
{
	struct queue *q = queue;
	uint64_t offset = q->end;
	if (!push_copy(queue, s)) {
		return false;
	}
	cr_assert_lt(q->borrowed_count, BORROW_MAX);
	q->borrowed[q->borrowed_count].data = s.data;
	q->borrowed[q->borrowed_count].offset = offset;
	q->borrowed[q->borrowed_count++].len = s.len;
	return true;
}

static uint64_t queue_room(const void *queue)
{
	return ((const struct queue *)queue)->room;
}

static uint64_t queue_end(const void *queue)
{
	return ((const struct queue *)queue)->end;
}

static uint64_t queue_acked(const void *queue)
{
	return ((const struct queue *)queue)->acked;
}

static bool privatize(void *queue)
{
	struct queue *q = queue;
	q->privatized++;
	if (q->is_out_of_memory) {
		return false;
	}
	q->borrowed_count = 0;
	return true;
}

void rig_apply(struct rig *r, struct op op)
{
	op.incarnation = 1;
	shard_apply(r->shard, &op);
}

/* One turn of the worker: shard, mailbox, floors. */
void rig_turn(struct rig *r, usec_t forward)
{
	struct op op;
	r->now += forward;
	shard_turn(r->shard, r->now, false);
	while (shard_pull(r->shard, 0, &op)) {
		if (op.kind == OP_ADJUST) {
			intern_adjust(r->intern, op.attr, op.delta);
			continue;
		}
		cr_assert_eq(op.kind, OP_JOINED);
		export_joined(&r->ex, (enum family)op.family, 0, op.position);
		runlog_set_floor(shard_log(r->shard, FAMILY_IPV4, r->class_idx), 0, op.position);
		rig_apply(r, (struct op){.kind = OP_JOIN_ACK, .peer = op.peer});
	}
	struct runlog *log = shard_log(r->shard, FAMILY_IPV4, r->class_idx);
	if (log != NULL) {
		runlog_set_floor(log, 0, export_floor(&r->ex, FAMILY_IPV4, 0));
	}
	epoch_quiescent();
	for (unsigned i = 0; i < r->queue.borrowed_count; i++) {
		cr_assert_eq(memcmp(r->queue.borrowed[i].data,
				    r->queue.bytes + r->queue.borrowed[i].offset,
				    r->queue.borrowed[i].len),
			     0);
	}
}

void rig_announce(struct rig *r, unsigned number, unsigned variant)
{
	rig_apply(r, (struct op){.kind = OP_ANNOUNCE,
				 .peer = 1,
				 .attr = make_attr(r->intern, 1, variant, FAMILY_IPV4),
				 .prefix = make_prefix(FAMILY_IPV4, number)});
}

void rig_init(struct rig *r, size_t log_bytes_max)
{
	*r = (struct rig){.now = 1};
	epoch_thread_begin_alone();
	r->intern = intern_new(0, 5, 10000);
	r->shard = shard_new(&(struct shard_opts){.core_count = 1,
						  .peer_count = 2,
						  .key = 5,
						  .local_as = MAKE_LOCAL_AS,
						  .log_bytes_max = log_bytes_max});
	r->sink = (struct export_sink){.queue = &r->queue,
				       .push_ref = push_ref,
				       .push_copy = push_copy,
				       .room = queue_room,
				       .end = queue_end,
				       .acked = queue_acked,
				       .privatize = privatize};
	export_init(&r->ex, 0, 0, &r->shard, 1);
	for (peer_id_t i = 0; i < 2; i++) {
		rig_apply(r, (struct op){.kind = OP_UP, .peer = i, .router_id = 1u + i});
	}
}

void rig_join(struct rig *r)
{
	const bool families[FAMILY_COUNT] = {[FAMILY_IPV4] = true};
	const uint8_t class_idx[FAMILY_COUNT] = {[FAMILY_IPV4] = (uint8_t)r->class_idx};
	cr_assert(export_open(&r->ex, families, class_idx));
	rig_apply(r, (struct op){.kind = OP_JOIN, .class_idx = (uint8_t)r->class_idx});
	rig_turn(r, 1);
}

bool rig_pump(struct rig *r)
{
	bool has_pushed;
	return export_pump(&r->ex, &r->sink, &has_pushed);
}

void rig_note(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct rig *r = context;
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct prefix q = make_prefix(FAMILY_IPV4, i);
		if (!prefix_equal(p, &q)) {
			continue;
		}
		if (path_id == 0) {
			r->held[i] = id;
		} else {
			cr_assert_lt(path_id >> 13, SLOTS);
			r->path[i][path_id >> 13] = id;
		}
	}
}

/* Take in what was pushed since the last time. */
void rig_decode(struct rig *r)
{
	const uint8_t *bytes = r->queue.bytes + r->decoded;
	size_t len = r->queue.end - r->decoded;
	cr_assert(naive_decode(bytes, len, r->class_idx, rig_note, r));
	r->decoded = r->queue.end;
}

void rig_fini(struct rig *r)
{
	export_close(&r->ex, NULL);
	export_fini(&r->ex);
	rig_apply(r, (struct op){.kind = OP_DOWN, .peer = 0});
	rig_apply(r, (struct op){.kind = OP_DOWN, .peer = 1});
	for (unsigned i = 0; i < 50 && !shard_is_empty(r->shard); i++) {
		rig_turn(r, USEC_PER_SEC);
	}
	cr_expect(shard_is_empty(r->shard));
	cr_expect_eq(intern_count(r->intern), 0);
	shard_free(r->shard);
	intern_free(r->intern);
	epoch_thread_end();
}

/* Fill the log to its bound with news that the reader does not take. */
void rig_overfill(struct rig *r)
{
	struct runlog_stats log;
	for (unsigned i = 0; i < 4000; i++) {
		rig_announce(r, i % NUMBERS, i % 12);
		rig_turn(r, 1);
		runlog_stats(shard_log(r->shard, FAMILY_IPV4, r->class_idx), &log);
		if (log.bytes > log.bytes_max) {
			break;
		}
	}
	cr_assert_gt(log.bytes, log.bytes_max);
}

/* News goes on and waits for room, until somebody is asked to leave. */
void rig_lose_patience(struct rig *r)
{
	struct runlog *log = shard_log(r->shard, FAMILY_IPV4, r->class_idx);
	for (unsigned i = 0; i < 40 && runlog_evict_below(log) == 0; i++) {
		rig_announce(r, 0, 1);
		rig_announce(r, 0, 2);
		rig_turn(r, LAG_US / 10);
	}
	cr_assert_neq(runlog_evict_below(log), 0);
}

/* Member 1 says something about one of its paths. */
void rig_random_path(struct rig *r, struct prng *p)
{
	unsigned number = (unsigned)prng_below(p, NUMBERS), variant = (unsigned)prng_below(p, 12);
	struct op op = {.kind = OP_WITHDRAW, .peer = 1, .has_path_id = true};
	op.prefix = make_prefix(FAMILY_IPV4, number);
	op.path_id = (uint32_t)prng_below(p, 6);
	if (prng_chance(p, 1, 2)) {
		op.kind = OP_ANNOUNCE;
		op.attr = make_attr(r->intern, 1, variant, FAMILY_IPV4);
	}
	rig_apply(r, op);
}

void rig_acknowledge(struct rig *r)
{
	r->queue.acked = r->queue.end;
	r->queue.borrowed_count = 0;
}

/* Everything arrives; the number of prefixes that are not as view_n says. */
unsigned rig_wrong_in_the_end(struct rig *r)
{
	const struct slab *slab = shard_slab(r->shard, FAMILY_IPV4);
	struct update_form form = wire_form(FAMILY_IPV4, r->class_idx, MAKE_LOCAL_AS);
	unsigned wrong = 0;
	for (unsigned i = 0; i < 20; i++) {
		r->queue.room = HELD_MAX;
		rig_turn(r, USEC_PER_MSEC);
		cr_assert(export_settle(&r->ex, &r->sink));
		rig_pump(r);
		rig_acknowledge(r);
	}
	rig_decode(r);
	for (entry_id_t id = 0; id < slab->count; id++) {
		struct paths_one one;
		const struct paths *paths = entry_paths(slab_at(slab, id), &one);
		struct prefix p = slab_prefix(slab, id);
		const struct path *path[VIEW_MAX];
		uint32_t want[SLOTS] = {0};
		unsigned count = view_n(paths, 0, &form, shard_view_max(r->shard), path);
		for (unsigned i = 0; i < count; i++) {
			want[path_id_sent(path[i]) >> 13] = attr_id(path[i]->attr);
		}
		for (unsigned n = 0; n < NUMBERS && count > 0; n++) {
			struct prefix q = make_prefix(FAMILY_IPV4, n);
			if (prefix_equal(&p, &q)) {
				wrong += memcmp(r->path[n], want, sizeof(want)) != 0;
				memset(r->path[n], 0, sizeof(r->path[n]));
			}
		}
	}
	for (unsigned n = 0; n < NUMBERS * SLOTS; n++) {
		wrong += r->path[n / SLOTS][n % SLOTS] != 0; /* What nobody has any more. */
	}
	return wrong;
}
