/* The log's protocol with a real second thread: publication before append, mark before append,
 * floors before freeing.  Meant for ASan and TSan; what is compared at the end is the outcome. */
#include "tests/unit/table/make.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "rib/base/prng.h"
#include "rib/table/shard.h"

#define NUMBERS 300
#define READER	5 /* A member of worker 1. */
#define CHANGES 30000

struct reader {
	struct shard *shard;
	struct runlog *log;
	uint64_t position;
	uint32_t held[NUMBERS];
	bool is_over; /* Atomic: nothing more will be appended. */
	bool is_bad;
};

static void hear(void *context, const struct prefix *p, uint32_t id)
{
	struct reader *r = context;
	unsigned number = (unsigned)p->bytes[1] << 8 | p->bytes[2];
	r->is_bad |= number >= NUMBERS || (id != 0 && ATTR_MEMBER(id) == READER);
	r->held[number % NUMBERS] = id;
}

static void read_run(struct reader *r, const struct run *run)
{
	struct update_form form = wire_form(FAMILY_IPV4, 0);
	if (!run_is_dirty(run)) {
		r->is_bad |= !naive_decode(run->bytes, run->bytes_len, hear, r);
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		const struct entry *e = slab_at(shard_slab(r->shard, FAMILY_IPV4), run->ids[i]);
		const struct path *p = view(epoch_read(e->published), READER, &form);
		if ((p != NULL ? p->attr : NULL) == run->attr) {
			hear(r, &e->prefix, p != NULL ? attr_id(p->attr) : 0);
		}
	}
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	epoch_thread_begin();
	for (bool is_over = false; !is_over; epoch_quiescent()) {
		is_over = __atomic_load_n(&r->is_over, __ATOMIC_ACQUIRE);
		for (uint64_t end = runlog_end(r->log); r->position < end; r->position++) {
			const struct run *run = runlog_at(r->log, r->position);
			if (audience_has(run->audience, READER)) {
				read_run(r, run);
			}
		}
		runlog_set_floor(r->log, 1, r->position);
	}
	runlog_set_floor(r->log, 1, UINT64_MAX);
	epoch_thread_end();
	return NULL;
}

static void pull(struct shard *s, struct intern *in)
{
	struct op op;
	for (core_id_t core = 0; core < 2; core++) {
		while (shard_pull(s, core, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(in, op.attr, op.delta);
			}
		}
	}
}

static void change(struct shard *s, struct intern *in, struct prng *p)
{
	struct op op = {.kind = OP_ANNOUNCE, .incarnation = 1};
	op.peer = (peer_id_t)(READER - 2 + prng_below(p, 3)); /* The reader announces, too. */
	op.prefix = make_prefix(FAMILY_IPV4, (unsigned)prng_below(p, NUMBERS));
	if (prng_chance(p, 1, 3)) {
		op.kind = OP_WITHDRAW;
	} else {
		op.attr = make_attr(in, op.peer, (unsigned)prng_below(p, 24), FAMILY_IPV4);
	}
	shard_apply(s, &op);
}

static void compare(const struct reader *r)
{
	struct update_form form = wire_form(FAMILY_IPV4, 0);
	uint32_t want[NUMBERS] = {0};
	const struct slab *slab = shard_slab(r->shard, FAMILY_IPV4);
	for (entry_id_t id = 0; id < slab->count; id++) {
		const struct entry *e = slab_at(slab, id);
		const struct path *p = view(e->published, READER, &form);
		if (p != NULL) {
			want[(unsigned)e->prefix.bytes[1] << 8 | e->prefix.bytes[2]] =
				attr_id(p->attr);
		}
	}
	cr_expect_eq(memcmp(want, r->held, sizeof(want)), 0);
}

Test(table, a_reader_on_another_thread_ends_with_its_view, .timeout = 120)
{
	epoch_thread_begin();
	struct intern *in = intern_new(0, 1, 4096);
	struct shard *s =
		shard_new(&(struct shard_opts){.core_count = 2, .peer_count = 16, .key = 3});
	struct prng p;
	prng_init(&p, 99);
	for (peer_id_t peer = READER - 2; peer <= READER; peer++) {
		struct op op = {.kind = OP_UP, .peer = peer, .from = 1, .incarnation = 1};
		op.router_id = peer;
		shard_apply(s, &op);
	}
	struct reader r = {.shard = s, .log = shard_log(s, FAMILY_IPV4, 0)};
	struct op join = {.kind = OP_JOIN, .peer = READER, .from = 1, .incarnation = 1};
	shard_apply(s, &join);
	runlog_set_floor(r.log, 1, 0);
	join.kind = OP_JOIN_ACK;
	shard_apply(s, &join);
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, reader_main, &r), 0);
	usec_t now = 0;
	for (unsigned i = 0; i < CHANGES; i++) {
		change(s, in, &p);
		if (prng_chance(&p, 1, 20)) {
			shard_turn(s, now += 10, false);
			pull(s, in);
			epoch_quiescent();
		}
	}
	do {
		shard_turn(s, now += 10, false);
		epoch_quiescent();
	} while (shard_due(s) == 0);
	__atomic_store_n(&r.is_over, true, __ATOMIC_RELEASE);
	epoch_offline();
	pthread_join(thread, NULL);
	epoch_online();
	cr_expect_not(r.is_bad);
	compare(&r);
	shard_check(s);
	pull(s, in);
	shard_free(s);
	intern_free(in);
	epoch_thread_end();
}
