/* Export against a real shard and a send queue that does what the test says.  One worker; member 0
 * reads, member 1 announces.  docs/design.md, "Export"; End-of-RIB: RFC 4724 §2. */
#include "dataplane/session/export.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/base/prng.h"
#include "tests/unit/table/make.h"

#define NUMBERS	   40
#define HELD_MAX   (1u << 20)
#define SLOTS	   8 /* Paths of member 1 for a prefix, by slot. */
#define BORROW_MAX 512

/* A send queue: a borrowed piece is compared with the copy made when it was pushed. */
struct queue {
	uint64_t end, acked, room;
	uint8_t bytes[HELD_MAX];
	struct {
		const uint8_t *data;
		uint64_t offset;
		size_t len;
	} borrowed[BORROW_MAX];
	unsigned borrowed_count, privatized;
	bool is_out_of_memory;
};

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

struct rig {
	struct shard *shard;
	struct intern *intern;
	struct export ex;
	struct queue queue;
	struct export_sink sink;
	usec_t now;
	unsigned class_idx;
	uint32_t held[NUMBERS];	       /* What the bytes say: a set's id, 0 for none. */
	uint32_t path[NUMBERS][SLOTS]; /* In a class with path ids. */
	uint64_t decoded;
};

static void apply(struct rig *r, struct op op)
{
	op.incarnation = 1;
	shard_apply(r->shard, &op);
}

/* One turn of the worker: shard, mailbox, floors. */
static void turn(struct rig *r, usec_t forward)
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
		apply(r, (struct op){.kind = OP_JOIN_ACK, .peer = op.peer});
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

static void announce(struct rig *r, unsigned number, unsigned variant)
{
	apply(r, (struct op){.kind = OP_ANNOUNCE,
			     .peer = 1,
			     .attr = make_attr(r->intern, 1, variant, FAMILY_IPV4),
			     .prefix = make_prefix(FAMILY_IPV4, number)});
}

static void init(struct rig *r, size_t log_bytes_max)
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
				       .end = queue_end,
				       .acked = queue_acked,
				       .privatize = privatize};
	export_init(&r->ex, 0, 0, &r->shard, 1);
	for (peer_id_t i = 0; i < 2; i++) {
		apply(r, (struct op){.kind = OP_UP, .peer = i, .router_id = 1u + i});
	}
}

static void join(struct rig *r)
{
	const bool families[FAMILY_COUNT] = {[FAMILY_IPV4] = true};
	const uint8_t class_idx[FAMILY_COUNT] = {[FAMILY_IPV4] = (uint8_t)r->class_idx};
	cr_assert(export_open(&r->ex, families, class_idx));
	apply(r, (struct op){.kind = OP_JOIN, .class_idx = (uint8_t)r->class_idx});
	turn(r, 1);
}

static bool pump(struct rig *r)
{
	bool has_pushed;
	return export_pump(&r->ex, &r->sink, &has_pushed);
}

static void note(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
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
static void decode(struct rig *r)
{
	const uint8_t *bytes = r->queue.bytes + r->decoded;
	size_t len = r->queue.end - r->decoded;
	cr_assert(naive_decode(bytes, len, r->class_idx, note, r));
	r->decoded = r->queue.end;
}

static void fini(struct rig *r)
{
	export_close(&r->ex, NULL);
	export_fini(&r->ex);
	apply(r, (struct op){.kind = OP_DOWN, .peer = 0});
	apply(r, (struct op){.kind = OP_DOWN, .peer = 1});
	for (unsigned i = 0; i < 50 && !shard_is_empty(r->shard); i++) {
		turn(r, USEC_PER_SEC);
	}
	cr_expect(shard_is_empty(r->shard));
	cr_expect_eq(intern_count(r->intern), 0);
	shard_free(r->shard);
	intern_free(r->intern);
	epoch_thread_end();
}

/* Fill the log to its bound with news that the reader does not take. */
static void overfill(struct rig *r)
{
	struct runlog_stats log;
	for (unsigned i = 0; i < 4000; i++) {
		announce(r, i % NUMBERS, i % 12);
		turn(r, 1);
		runlog_stats(shard_log(r->shard, FAMILY_IPV4, r->class_idx), &log);
		if (log.bytes > log.bytes_max) {
			break;
		}
	}
	cr_assert_gt(log.bytes, log.bytes_max);
}

/* News goes on and waits for room, until somebody is asked to leave. */
static void lose_patience(struct rig *r)
{
	struct runlog *log = shard_log(r->shard, FAMILY_IPV4, r->class_idx);
	for (unsigned i = 0; i < 40 && runlog_evict_below(log) == 0; i++) {
		announce(r, 0, 1);
		announce(r, 0, 2);
		turn(r, LAG_US / 10);
	}
	cr_assert_neq(runlog_evict_below(log), 0);
}

Test(session, bytes_in_the_send_queue_hold_the_floor_until_acknowledged)
{
	static struct rig r;
	init(&r, 0);
	join(&r);
	uint64_t before = export_floor(&r.ex, FAMILY_IPV4, 0);
	r.queue.room = HELD_MAX;
	pump(&r);
	announce(&r, 1, 1);
	turn(&r, 1);
	announce(&r, 2, 2);
	turn(&r, 1);
	pump(&r);
	uint64_t floor = export_floor(&r.ex, FAMILY_IPV4, 0);
	uint64_t end = runlog_end(shard_log(r.shard, FAMILY_IPV4, 0));
	cr_assert_eq(r.queue.borrowed_count, 2);
	cr_expect_geq(floor, before);
	cr_expect_leq(floor, end - 2);
	/* The first of the two alone. */
	r.queue.acked = r.queue.borrowed[1].offset;
	pump(&r);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), end - 1);
	r.queue.acked = r.queue.borrowed[1].offset + r.queue.borrowed[1].len;
	pump(&r);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), end);
	r.queue.borrowed_count = 0;
	fini(&r);
}

Test(session, leaving_copies_what_the_send_queue_borrows)
{
	static struct rig r;
	for (unsigned round = 0; round < 2; round++) {
		init(&r, 0);
		r.queue.room = HELD_MAX;
		r.queue.is_out_of_memory = round == 1;
		join(&r);
		announce(&r, 1, 1);
		turn(&r, 1);
		pump(&r);
		cr_assert_eq(r.queue.borrowed_count, 1);
		cr_expect_eq(export_close(&r.ex, &r.sink), round == 0);
		cr_expect_eq(r.queue.privatized, 1);
		cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), UINT64_MAX);
		r.queue.borrowed_count = 0; /* When memory is short the transport goes. */
		fini(&r);
	}
}

Test(session, a_laggard_asked_to_leave_frees_the_log_first_by_copying)
{
	/* Its read position is new enough, only its send queue is not acknowledged. */
	static struct rig r;
	init(&r, 5000); /* Less than one run for each prefix: none is dirty. */
	r.queue.room = HELD_MAX;
	join(&r);
	overfill(&r);
	pump(&r);
	uint64_t read = runlog_end(shard_log(r.shard, FAMILY_IPV4, 0));
	lose_patience(&r);
	cr_assert_gt(r.queue.borrowed_count, 0);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.queue.privatized, 1);
	cr_expect_eq(r.ex.stats.evictions, 0);
	cr_expect_eq(export_floor(&r.ex, FAMILY_IPV4, 0), read);
	fini(&r);
}

Test(session, a_laggard_evicted_past_its_mark_hears_everything_and_then_end_of_rib)
{
	static struct rig r;
	init(&r, 20000);
	for (unsigned i = 0; i < NUMBERS; i++) {
		announce(&r, i, 3);
	}
	turn(&r, 1);
	join(&r);
	turn(&r, 1); /* The scan and its mark are in the log; the queue has no room. */
	pump(&r);
	cr_assert_not(export_is_complete(&r.ex, FAMILY_IPV4));
	overfill(&r);
	lose_patience(&r);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.ex.stats.evictions, 1);
	cr_expect_eq(r.ex.stats.pending, NUMBERS);
	for (unsigned i = 0; i < 4; i++) {
		turn(&r, 1); /* The floor rises, runs go, the flush that waited goes on. */
	}
	pump(&r);
	cr_expect_not(r.ex.is_eor_sent[FAMILY_IPV4], "pending");
	r.queue.room = HELD_MAX;
	while (pump(&r)) {
	}
	decode(&r);
	cr_expect(r.ex.is_eor_sent[FAMILY_IPV4]);
	cr_expect_eq(r.ex.stats.pending, 0);
	cr_expect_eq(r.held[0], ATTR_ID(1, 2));
	for (unsigned i = 0; i < NUMBERS; i++) {
		cr_expect_neq(r.held[i], 0, "prefix %u", i);
	}
	r.queue.borrowed_count = 0;
	fini(&r);
}

Test(session, a_dirty_run_says_only_what_still_holds)
{
	/* runlog.h, guarantee (c). */
	static struct rig r;
	init(&r, 0);
	join(&r);
	for (unsigned i = 0; i < 4; i++) {
		announce(&r, i, 1);
	}
	turn(&r, 1);
	announce(&r, 2, 2);
	apply(&r,
	      (struct op){.kind = OP_WITHDRAW, .peer = 1, .prefix = make_prefix(FAMILY_IPV4, 3)});
	turn(&r, 1);
	r.queue.room = HELD_MAX;
	pump(&r);
	decode(&r);
	cr_expect_eq(r.held[0], ATTR_ID(1, 1));
	cr_expect_eq(r.held[1], ATTR_ID(1, 1));
	cr_expect_eq(r.held[2], ATTR_ID(1, 2));
	cr_expect_eq(r.held[3], 0);
	cr_expect_eq(r.ex.stats.prefixes_sent, 3, "0 and 1 once, 2 once");
	cr_expect_eq(r.ex.stats.withdraws_sent, 1);
	r.queue.borrowed_count = 0;
	fini(&r);
}

/* Member 1 says something about one of its paths. */
static void random_path(struct rig *r, struct prng *p)
{
	unsigned number = (unsigned)prng_below(p, NUMBERS), variant = (unsigned)prng_below(p, 12);
	struct op op = {.kind = OP_WITHDRAW, .peer = 1, .has_path_id = true};
	op.prefix = make_prefix(FAMILY_IPV4, number);
	op.path_id = (uint32_t)prng_below(p, 6);
	if (prng_chance(p, 1, 2)) {
		op.kind = OP_ANNOUNCE;
		op.attr = make_attr(r->intern, 1, variant, FAMILY_IPV4);
	}
	apply(r, op);
}

static void acknowledge(struct rig *r)
{
	r->queue.acked = r->queue.end;
	r->queue.borrowed_count = 0;
}

/* Everything arrives; the number of prefixes that are not as view_n says. */
static unsigned wrong_in_the_end(struct rig *r)
{
	const struct slab *slab = shard_slab(r->shard, FAMILY_IPV4);
	struct update_form form = wire_form(FAMILY_IPV4, r->class_idx, MAKE_LOCAL_AS);
	unsigned wrong = 0;
	for (unsigned i = 0; i < 20; i++) {
		r->queue.room = HELD_MAX;
		turn(r, USEC_PER_MSEC);
		cr_assert(export_settle(&r->ex, &r->sink));
		pump(r);
		acknowledge(r);
	}
	decode(r);
	for (entry_id_t id = 0; id < slab->count; id++) {
		const struct entry *e = slab_at(slab, id);
		const struct path *path[VIEW_MAX];
		uint32_t want[SLOTS] = {0};
		unsigned count = view_n(e->published, 0, &form, shard_view_max(r->shard), path);
		for (unsigned i = 0; i < count; i++) {
			want[path_id_sent(path[i]) >> 13] = attr_id(path[i]->attr);
		}
		for (unsigned n = 0; n < NUMBERS && count > 0; n++) {
			struct prefix q = make_prefix(FAMILY_IPV4, n);
			if (prefix_equal(&e->prefix, &q)) {
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

Test(session, several_paths_end_as_the_view_says_whatever_the_reader_missed)
{
	/* RFC 7911; with evictions, in which only the unread runs know what to withdraw. */
	static struct rig r;
	uint64_t evictions = 0;
	for (unsigned seed = 1; seed <= 25; seed++) {
		struct prng p;
		prng_init(&p, seed);
		init(&r, 4000);
		r.class_idx = WIRE_CLASS_PATHS;
		join(&r);
		for (unsigned step = 0; step < 1500 && r.queue.end < HELD_MAX / 2; step++) {
			random_path(&r, &p);
			if (prng_chance(&p, 1, 3)) {
				turn(&r, prng_chance(&p, 1, 6) ? LAG_US : 1);
				cr_assert(export_settle(&r.ex, &r.sink));
			}
			r.queue.room = prng_chance(&p, 1, 40) ? prng_below(&p, 2000) : 0;
			pump(&r);
			if (prng_chance(&p, 1, 60)) {
				acknowledge(&r);
			}
		}
		cr_assert_eq(wrong_in_the_end(&r), 0, "seed %u", seed);
		evictions += r.ex.stats.evictions;
		fini(&r);
	}
	cr_expect_gt(evictions, 25);
}

Test(session, each_of_many_paths_that_an_evicted_reader_missed_is_withdrawn)
{
	static struct rig r;
	init(&r, 60000);
	r.class_idx = WIRE_CLASS_PATHS;
	join(&r);
	r.queue.room = HELD_MAX;
	for (unsigned gone = 0; gone < 2; gone++) {
		for (unsigned i = 0; i < 900; i++) {
			struct op op = {.kind = gone ? OP_WITHDRAW : OP_ANNOUNCE, .peer = 1};
			op.prefix = make_prefix(FAMILY_IPV4, 1000 + i / 3);
			op.has_path_id = true;
			op.path_id = i % 3;
			op.attr = gone ? NULL : make_attr(r.intern, 1, i % 3, FAMILY_IPV4);
			apply(&r, op);
		}
		turn(&r, 1);
		pump(&r);
		acknowledge(&r);
		pump(&r);
		r.queue.room = 0;
	}
	cr_expect_eq(r.ex.stats.prefixes_sent, 900);
	overfill(&r);
	lose_patience(&r);
	cr_assert(export_settle(&r.ex, &r.sink));
	cr_expect_eq(r.ex.stats.evictions, 1);
	r.queue.room = 3000; /* Not enough for all at once. */
	cr_expect(pump(&r));
	r.queue.room = HELD_MAX;
	pump(&r);
	cr_expect_eq(r.ex.stats.withdraws_sent, 900);
	acknowledge(&r);
	fini(&r);
}
