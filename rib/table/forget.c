/* Forgetting a member that is no longer configured, so that another may have its number.
 *
 * A number stands in paths (working and published), in the audiences of runs, and in what readers
 * may still look at.  FORGET comes after the member's last DOWN, so nothing new can name it; what
 * is there goes by itself, and is only waited for, in rounds of all members that wait:
 *
 *     PATHS   the sweep has removed the last of theirs, and a flush has published that
 *     RUNS    all runs are gone that were appended before that
 *     GRACE   nobody looks any more at the arrays that were published before
 *
 * One round at a time, as with the sweep: who comes during one waits for the next.  Then the
 * member's count of times is raised, which control reads.  A member whose cursor stands still keeps
 * the runs, and so the number, until its log evicts it. */
#include "rib/base/check.h"
#include "rib/table/mem.h"
#include "rib/table/table.h"

#define WORD_BITS 64u

static unsigned words(const struct table *t)
{
	return (t->peer_count + WORD_BITS - 1) / WORD_BITS;
}

void forget_init(struct table *t)
{
	t->forget.waiting = mem_new(words(t) * sizeof(uint64_t));
	t->forget.going = mem_new(words(t) * sizeof(uint64_t));
}

void forget_fini(struct table *t)
{
	free(t->forget.waiting);
	free(t->forget.going);
}

void forget_begin(struct table *t, peer_id_t peer)
{
	struct forget *f = &t->forget;
	ASSERT(!t->peer[peer].is_up && !t->member[peer].is_joined);
	ASSERT(!bits_has(f->waiting, peer) && !bits_has(f->going, peer));
	restart_stale_end(t, peer);
	bits_set(f->waiting, peer);
	f->waiting_count++;
}

/* The next member of the round at or above `from`; PEER_NONE. */
static peer_id_t next_going(const struct table *t, unsigned from)
{
	for (unsigned i = from; i < t->peer_count; i++) {
		if (bits_has(t->forget.going, i)) {
			return (peer_id_t)i;
		}
	}
	return PEER_NONE;
}

static void begin_round(struct table *t)
{
	struct forget *f = &t->forget;
	uint64_t *spare = f->going;
	ASSERT(f->stage == FORGET_NONE && bits_is_empty(spare, words(t)));
	f->going = f->waiting;
	f->waiting = spare;
	f->waiting_count = 0;
	f->stage = FORGET_PATHS;
}

static bool are_paths_gone(const struct table *t)
{
	if (dirty_count(&t->dirty) > 0 || dirty_count(&t->paced) > 0) {
		return false; /* What is published may be older than what is counted. */
	}
	for (peer_id_t p = next_going(t, 0); p != PEER_NONE; p = next_going(t, p + 1u)) {
		if (t->peer_stats[p].received > 0) {
			return false;
		}
	}
	return true;
}

static void note_ends(struct table *t)
{
	for (unsigned c = 0; c < WIRE_CLASS_COUNT; c++) {
		t->forget.end[c] = t->wire[c] != NULL ? runlog_end(t->wire[c]->log) : 0;
	}
}

static bool are_runs_gone(const struct table *t)
{
	for (unsigned c = class_set_next(&t->made, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->made, c + 1)) {
		const struct run *run = runlog_oldest(t->wire[c]->log);
		if (run != NULL && run->position < t->forget.end[c]) {
			return false;
		}
	}
	return true;
}

void forget_turn(struct table *t)
{
	struct forget *f = &t->forget;
	if (f->stage == FORGET_NONE && f->waiting_count > 0) {
		begin_round(t);
	}
	if (f->stage == FORGET_PATHS && are_paths_gone(t)) {
		f->stage = FORGET_RUNS;
		note_ends(t);
	}
	if (f->stage == FORGET_RUNS && are_runs_gone(t)) {
		f->stage = FORGET_GRACE;
		retire_push(t->retire, (struct retired){.kind = RETIRED_NUMBERS});
	}
}

void forget_end(struct table *t)
{
	ASSERT(t->forget.stage == FORGET_GRACE);
	for (peer_id_t p = next_going(t, 0); p != PEER_NONE; p = next_going(t, p + 1u)) {
		struct member *m = &t->member[p];
		struct shard_peer_stats *s = &t->peer_stats[p];
		ASSERT(s->received == 0 && s->accepted == 0 && !m->is_kept && !m->is_reply_queued);
		metric_set(&s->stale, 0);
		metric_set(&s->refused_paths, 0);
		metric_set(&s->refused_llgr, 0);
		metric_set(&s->refused_sets, 0);
		bits_clear(t->forget.going, p);
		__atomic_store_n(&m->times_forgotten, m->times_forgotten + 1, __ATOMIC_RELEASE);
	}
	t->forget.stage = FORGET_NONE;
}
