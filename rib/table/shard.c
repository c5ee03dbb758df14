/* A shard: see shard.h.  Ops are told apart here, and a turn is put together; the work is in the
 * parts that table.h names.
 *
 * A shard never blocks and never refuses: an op only changes working state.  It may be congested,
 * which asks the worker to leave its inbox alone.  It is not while a JOINED is unanswered: the
 * JOIN_ACK that lets the log be freed would stand in that same inbox.
 */
#include "rib/table/table.h"

#include "rib/base/hash.h"
#include "rib/policy/judge.h"
#include "rib/policy/policy.h"
#include "rib/table/mem.h"

#define POLL_US	      (10 * USEC_PER_MSEC) /* Floors and grace periods wake nobody. */
#define CONGESTED_IDS 65536u

struct shard {
	struct shard_opts opts;
	struct rank_peer *rank; /* [peer] */
	struct peer *peer;	/* [peer] */
	struct audience_table *audiences;
	struct outbox *outbox;
	usec_t now;	  /* Of the last turn. */
	uint32_t adopted; /* Generation of the rules. */
	uint32_t swept;	  /* Atomic: the last one that is everywhere. */
	struct table table[FAMILY_COUNT];
};

struct shard *shard_new(const struct shard_opts *opts)
{
	ASSERT(opts->core_count > 0 && opts->core_count <= CORE_COUNT_MAX);
	ASSERT(opts->core < opts->core_count);
	ASSERT(opts->peer_count > 0 && opts->peer_count <= PEER_COUNT_MAX);
	size_t bytes = (sizeof(struct shard) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	struct shard *s = mem_new_aligned(CACHE_LINE, bytes);
	*s = (struct shard){.opts = *opts};
	s->rank = mem_new(opts->peer_count * sizeof(*s->rank));
	s->peer = mem_new(opts->peer_count * sizeof(*s->peer));
	s->audiences = audience_table_new((opts->peer_count + 63u) / 64, opts->key);
	s->outbox = outbox_new(opts->core_count);
	s->adopted = s->swept = opts->judge != NULL ? judge_generation(opts->judge) : 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		table_init(&s->table[f], &(struct table_opts){.shard = &s->opts,
							      .family = (enum family)f,
							      .rank = s->rank,
							      .peer = s->peer,
							      .audiences = s->audiences,
							      .outbox = s->outbox});
	}
	return s;
}

void shard_free(struct shard *s)
{
	if (s == NULL) {
		return;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		table_fini(&s->table[f]);
	}
	outbox_free(s->outbox);
	audience_table_free(s->audiences);
	free(s->peer);
	free(s->rank);
	free(s);
}

/* The member's session is gone: no log, and what of its paths does not stay is dead. */
static void peer_down(struct shard *s, peer_id_t peer)
{
	s->peer[peer].is_up = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct table *t = &s->table[f];
		member_leave(t, peer);
		restart_down(t, peer);
	}
}

/* Word by word: shard_rank_peer reads while we write.  A member's address never changes, so what
 * it reads is the old identifier or the new one; and nobody asks about a number without paths, when
 * it becomes another member's. */
static void rank_write(struct rank_peer *to, const struct op *op)
{
	const struct rank_peer from = {.router_id = op->router_id, .addr = op->addr};
	uint32_t word[sizeof(from) / sizeof(uint32_t)];
	memcpy(word, &from, sizeof(word));
	for (unsigned i = 0; i < ARRAY_COUNT(word); i++) {
		__atomic_store_n((uint32_t *)to + i, word[i], __ATOMIC_RELAXED);
	}
}

static void peer_up(struct shard *s, const struct op *op)
{
	if (s->peer[op->peer].is_up) {
		peer_down(s, op->peer);
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		/* Another identifier is another router; and what stays is ranked by the old one. */
		if (s->rank[op->peer].router_id != op->router_id) {
			restart_stale_end(&s->table[f], op->peer);
		}
	}
	s->peer[op->peer] = (struct peer){
		.incarnation = op->incarnation, .is_up = true, .paths_max = op->paths_max};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		restart_up(&s->table[f], op->peer);
	}
	rank_write(&s->rank[op->peer], op);
}

/* Ops that may also come while the member has no session. */
static void apply_restart(struct table *t, const struct op *op)
{
	if (op->kind == OP_STALE_END) {
		restart_stale_end(t, op->peer);
	} else if (op->kind == OP_LLGR) {
		restart_llgr(t, op->peer);
	} else {
		ASSERT(op->kind == OP_SETTLED);
		restart_settled(t, op->peer);
	}
}

/* The member was removed. */
static void peer_forget(struct shard *s, peer_id_t peer)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		forget_begin(&s->table[f], peer);
	}
}

/* An op of a live session. */
static void apply_live(struct shard *s, const struct op *op)
{
	if (op->kind == OP_DOWN) {
		peer_down(s, op->peer);
		return;
	}
	struct table *t = &s->table[op->family];
	switch ((enum op_kind)op->kind) {
	case OP_JOIN:
		member_join(t, op);
		return;
	case OP_JOIN_ACK:
		member_ack(t, op);
		return;
	case OP_RESCAN:
		member_rescan(t, op);
		return;
	case OP_STALE:
		restart_stale(t, op->peer, op->is_added);
		return;
	case OP_RENEW:
		restart_renew(t, op->peer);
		return;
	case OP_RENEW_END:
		restart_renew_end(t, op->peer);
		return;
	case OP_DROP:
		restart_drop(t, op->peer);
		return;
	case OP_UNBLOCK:
		restart_unblock(t, op->peer, op->grant);
		return;
	case OP_STALE_END:
	case OP_LLGR:
	case OP_SETTLED:
		apply_restart(t, op);
		return;
	case OP_ANNOUNCE:
	case OP_WITHDRAW:
	case OP_UP:
	case OP_DOWN:
	case OP_FORGET:
	case OP_JOINED:
	case OP_ADJUST:
	case OP_KIND_COUNT:
		break;
	}
	ASSERT(op->kind > OP_WITHDRAW && op->kind < OP_FORGET);
}

/* An op of an incarnation that is dead; what tells of a restart still counts while it was the last
 * one. */
static void apply_dead(struct shard *s, const struct op *op)
{
	bool is_last = s->peer[op->peer].incarnation == op->incarnation;
	if (is_last && op->kind >= OP_STALE_END && op->kind <= OP_SETTLED) {
		apply_restart(&s->table[op->family], op);
	}
}

void shard_apply(struct shard *s, const struct op *op)
{
	ASSERT(op->family < FAMILY_COUNT);
	if (op->kind == OP_ANNOUNCE || op->kind == OP_WITHDRAW) {
		shard_apply_run(s, op, &(struct op_run){&op->prefix, &op->path_id, 1});
		return;
	}
	metric_add(&s->table[op->family].stats.ops, 1);
	if (op->peer >= s->opts.peer_count) {
		ASSERT(op->kind == OP_SETTLED && op->peer == PEER_NONE);
		apply_restart(&s->table[op->family], op);
		return;
	}
	const struct peer *peer = &s->peer[op->peer];
	if (op->kind == OP_UP) {
		peer_up(s, op);
	} else if (op->kind == OP_FORGET) {
		peer_forget(s, op->peer);
	} else if (peer->is_up && peer->incarnation == op->incarnation) {
		apply_live(s, op);
	} else {
		apply_dead(s, op);
	}
}

void shard_apply_run(struct shard *s, const struct op *op, const struct op_run *run)
{
	ASSERT(op->kind == OP_ANNOUNCE || op->kind == OP_WITHDRAW);
	ASSERT(op->family < FAMILY_COUNT && op->peer < s->opts.peer_count);
	struct table *t = &s->table[op->family];
	const struct peer *peer = &s->peer[op->peer];
	bool is_live = peer->is_up && peer->incarnation == op->incarnation;
	metric_add(&t->stats.ops, run->count);
	if (!is_live) {
		if (op->kind == OP_ANNOUNCE) {
			outbox_adjust(s->outbox, op->attr, -(int64_t)run->count);
		}
	} else if (op->kind == OP_ANNOUNCE) {
		table_announce(t, op, run);
	} else {
		table_withdraw(t, op, run);
	}
	if (op->kind == OP_ANNOUNCE) {
		metric_add(&t->peer_stats[op->peer].announces, run->count);
	}
}

void shard_prefetch(const struct shard *s, const struct prefix *prefix)
{
	const struct ptable *t = &s->table[prefix->family].ptable;
	ptable_prefetch(t, ptable_hash(t, prefix));
}

static void table_turn(struct table *t, usec_t now, bool is_inbox_busy)
{
	table_expire(t);
	sweep_turn(t);
	flush_turn(t, now, is_inbox_busy);
	member_admit(t);
	for (unsigned c = class_set_next(&t->joined, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->joined, c + 1)) {
		carousel_turn(t, c);
	}
	table_free_runs(t);
	forget_turn(t);
	table_reclaim(t);
	table_watch(t, now);
	retire_flush(t->retire);
	table_count(t);
}

/* What the new rules make of the routes stands in the working paths. */
static void note_swept(struct shard *s)
{
	bool is_judging = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_judging |= s->table[f].is_judging;
	}
	if (!is_judging && s->swept != s->adopted) {
		__atomic_store_n(&s->swept, s->adopted, __ATOMIC_RELEASE);
	}
}

void shard_adopt(struct shard *s, const struct policy *p, const struct policy_scope *scope)
{
	ASSERT(s->opts.judge != NULL && judge_generation(s->opts.judge) == p->generation);
	s->adopted = p->generation;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		sweep_judge(&s->table[f], scope);
	}
}

uint32_t shard_swept(const struct shard *s)
{
	return __atomic_load_n(&s->swept, __ATOMIC_ACQUIRE);
}

void shard_turn(struct shard *s, usec_t now, bool is_inbox_busy)
{
	ASSERT(now >= s->now);
	s->now = now;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		table_turn(&s->table[f], now, is_inbox_busy);
	}
	note_swept(s);
}

/* Whether something waits for other workers: floors, pending sets, grace periods. */
static bool is_waiting(const struct table *t)
{
	if (dirty_count(&t->dirty) > 0 || retire_count(t->retire) > 0 || forget_is_under_way(t) ||
	    t->tomb_head != t->tomb_tail) {
		return true;
	}
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		if (runlog_oldest(t->wire[c]->log) != NULL || t->wire[c]->ride.head != PEER_NONE) {
			return true;
		}
	}
	return false;
}

static bool can_progress(const struct table *t)
{
	if (t->is_sweeping || t->is_judging || t->has_more_frees || t->has_more_expired ||
	    table_can_reclaim(t)) {
		return true;
	}
	for (unsigned c = class_set_next(&t->joined, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->joined, c + 1)) {
		if (t->wire[c]->ride.head != PEER_NONE && !carousel_is_held(t, c)) {
			return true;
		}
	}
	bool is_batch = !t->is_gathering || dirty_count(&t->dirty) >= BATCH_IDS_MAX;
	return dirty_count(&t->dirty) > 0 && is_batch && !flush_is_held(t) &&
	       !restart_is_deferred(t);
}

usec_t shard_due(const struct shard *s)
{
	usec_t due = USEC_NEVER;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct table *t = &s->table[f];
		if (can_progress(t)) {
			return 0;
		}
		due = min_u64(due, t->paced_due);
		if (t->is_gathering) {
			due = min_u64(due, t->dirty_since + t->gather_us);
		}
		if (is_waiting(t)) {
			due = min_u64(due, s->now + POLL_US);
		}
	}
	return due;
}

bool shard_can_rest(const struct shard *s, usec_t now)
{
	bool can_rest = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct table *t = &s->table[f];
		for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
		     c = class_set_next(&t->made, c + 1)) {
			can_rest |= t->wire[c]->rest_due <= now;
		}
	}
	return can_rest;
}

bool shard_is_congested(const struct shard *s)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct table *t = &s->table[f];
		if (dirty_count(&t->dirty) > CONGESTED_IDS && flush_is_held(t) &&
		    !member_has_guards(t)) {
			return true;
		}
	}
	return false;
}

bool shard_pull(struct shard *s, core_id_t core, struct op *out)
{
	ASSERT(core < s->opts.core_count);
	bool has_op = false;
	for (unsigned f = 0; f < FAMILY_COUNT && !has_op; f++) {
		has_op = member_pull(&s->table[f], core, out);
	}
	if (!has_op && !outbox_pull(s->outbox, core, out)) {
		return false;
	}
	out->from = s->opts.core;
	return true;
}

struct runlog *shard_log(const struct shard *s, enum family family, unsigned class_idx)
{
	ASSERT(family < FAMILY_COUNT && class_idx < WIRE_CLASS_COUNT);
	return epoch_read(s->table[family].log[class_idx]);
}

unsigned shard_class_next(const struct shard *s, enum family family, unsigned from)
{
	ASSERT(family < FAMILY_COUNT);
	return class_set_next(&s->table[family].made, from);
}

struct update_form shard_form(const struct shard *s, enum family family, unsigned class_idx)
{
	return wire_form(family, class_idx, s->opts.local_as);
}

const struct slab *shard_slab(const struct shard *s, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	return &s->table[family].slab.slab;
}

void shard_pending_add(struct shard *s, enum family family, core_id_t core, int delta)
{
	ASSERT(family < FAMILY_COUNT && core < s->opts.core_count);
	struct pending *p = &s->table[family].pending[core];
	ASSERT(p->count + delta >= 0);
	__atomic_store_n(&p->count, p->count + delta, __ATOMIC_RELEASE);
}

unsigned shard_view_max(const struct shard *s)
{
	return s->table[0].view_max;
}

struct rank_peer shard_rank_peer(const struct shard *s, peer_id_t peer)
{
	ASSERT(peer < s->opts.peer_count);
	struct rank_peer out;
	uint32_t word[sizeof(out) / sizeof(uint32_t)];
	for (unsigned i = 0; i < ARRAY_COUNT(word); i++) {
		word[i] = __atomic_load_n((const uint32_t *)&s->rank[peer] + i, __ATOMIC_RELAXED);
	}
	memcpy(&out, word, sizeof(out));
	return out;
}

uint32_t shard_times_forgotten(const struct shard *s, peer_id_t peer)
{
	ASSERT(peer < s->opts.peer_count);
	uint32_t least = UINT32_MAX;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const uint32_t *times = &s->table[f].member[peer].times_forgotten;
		least = (uint32_t)min_u64(least, __atomic_load_n(times, __ATOMIC_ACQUIRE));
	}
	return least;
}

const struct shard_peer_stats *shard_peer_stats(const struct shard *s, enum family family,
						peer_id_t peer)
{
	ASSERT(family < FAMILY_COUNT && peer < s->opts.peer_count);
	return &s->table[family].peer_stats[peer];
}

const struct shard_stats *shard_stats(const struct shard *s, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	return &s->table[family].stats;
}

void shard_check(const struct shard *s)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		table_check(&s->table[f]);
	}
}

bool shard_is_empty(const struct shard *s)
{
	bool is_empty = audience_count(s->audiences) == 0;
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		is_empty &= outbox_count(s->outbox, (core_id_t)i) == 0;
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_empty &= table_is_empty(&s->table[f]);
	}
	return is_empty;
}
