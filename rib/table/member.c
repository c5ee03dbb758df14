/* Members of a table: who is joined, and the hand-over of the position where reading starts.
 *
 * JOIN makes the member hear every run from the log's end on, and puts it on the carousel for what
 * is already there.  It takes effect when nothing is dirty: a change that was applied before but is
 * not published yet would reach the member twice, by the flush and by the carousel, and when a
 * thousand members arrive together with their routes that would be most of the table.
 *
 * Until its worker has put a floor under that position (JOIN_ACK), the position itself is one: a
 * *guard*.  Guards are listed in the order of joining, which is the order of positions, so the
 * first is the lowest.  The JOINED that has to be sent is a state of the member, not a message: a
 * member that comes and goes quicker than its worker reads makes one.
 */
#include "rib/base/check.h"
#include "rib/table/table.h"

static void guard_begin(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	struct member_list *list = &t->wire[m->class_idx]->guards;
	ASSERT(!m->is_guarded);
	ASSERT(list->tail == PEER_NONE || t->member[list->tail].position <= m->position);
	m->is_guarded = true;
	m->guard_next = PEER_NONE;
	m->guard_prev = list->tail;
	if (list->tail != PEER_NONE) {
		t->member[list->tail].guard_next = peer;
	} else {
		list->head = peer;
	}
	list->tail = peer;
}

static void guard_end(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	if (!m->is_guarded) {
		return;
	}
	struct member_list *list = &t->wire[m->class_idx]->guards;
	if (m->guard_prev != PEER_NONE) {
		t->member[m->guard_prev].guard_next = m->guard_next;
	} else {
		list->head = m->guard_next;
	}
	if (m->guard_next != PEER_NONE) {
		t->member[m->guard_next].guard_prev = m->guard_prev;
	} else {
		list->tail = m->guard_prev;
	}
	m->is_guarded = false;
}

uint64_t member_guard(const struct table *t, unsigned class_idx)
{
	peer_id_t head = t->wire[class_idx]->guards.head;
	return head == PEER_NONE ? UINT64_MAX : t->member[head].position;
}

bool member_has_guards(const struct table *t)
{
	for (unsigned c = class_set_next(&t->joined, 0); c < WIRE_CLASS_COUNT;
	     c = class_set_next(&t->joined, c + 1)) {
		if (t->wire[c]->guards.head != PEER_NONE) {
			return true;
		}
	}
	return false;
}

static void reply_push(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	struct member_list *list = &t->replies[m->from];
	m->is_reply_queued = true;
	m->reply_next = PEER_NONE;
	if (list->tail != PEER_NONE) {
		t->member[list->tail].reply_next = peer;
	} else {
		list->head = peer;
	}
	list->tail = peer;
}

bool member_pull(struct table *t, core_id_t core, struct op *out)
{
	struct member_list *list = &t->replies[core];
	while (list->head != PEER_NONE) {
		peer_id_t peer = list->head;
		struct member *m = &t->member[peer];
		list->head = m->reply_next;
		if (list->head == PEER_NONE) {
			list->tail = PEER_NONE;
		}
		m->is_reply_queued = false;
		if (!m->is_joined || !m->is_guarded) {
			continue; /* It left meanwhile. */
		}
		if (m->from != core) {
			reply_push(t, peer); /* It left and joined from another worker. */
			continue;
		}
		*out = (struct op){.kind = OP_JOINED,
				   .family = (uint8_t)t->family,
				   .class_idx = m->class_idx,
				   .peer = peer,
				   .from = core,
				   .incarnation = t->peer[peer].incarnation,
				   .position = m->position};
		return true;
	}
	return false;
}

static void wait_begin(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	m->is_waiting = true;
	m->wait_next = PEER_NONE;
	m->wait_prev = t->waiting.tail;
	if (t->waiting.tail != PEER_NONE) {
		t->member[t->waiting.tail].wait_next = peer;
	} else {
		t->waiting.head = peer;
	}
	t->waiting.tail = peer;
}

static void wait_end(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	if (!m->is_waiting) {
		return;
	}
	if (m->wait_prev != PEER_NONE) {
		t->member[m->wait_prev].wait_next = m->wait_next;
	} else {
		t->waiting.head = m->wait_next;
	}
	if (m->wait_next != PEER_NONE) {
		t->member[m->wait_next].wait_prev = m->wait_prev;
	} else {
		t->waiting.tail = m->wait_prev;
	}
	m->is_waiting = false;
}

void member_join(struct table *t, const struct op *op)
{
	ASSERT(op->from < t->core_count);
	member_leave(t, op->peer);
	table_need_class(t, op->class_idx);
	struct member *m = &t->member[op->peer];
	m->class_idx = op->class_idx;
	m->from = op->from;
	wait_begin(t, op->peer);
	member_admit(t);
}

/* The member hears every run from here on. */
static void admit(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	struct wire_class *w = t->wire[m->class_idx];
	wait_end(t, peer);
	m->is_joined = true;
	m->position = runlog_end(w->log);
	audience_cache_add(w->members, peer);
	class_set_add(&t->joined, m->class_idx);
	guard_begin(t, peer);
	carousel_board(t, peer);
	if (!m->is_reply_queued) {
		reply_push(t, peer);
	}
}

void member_admit(struct table *t)
{
	while (dirty_count(&t->dirty) == 0 && !restart_is_deferred(t) &&
	       t->waiting.head != PEER_NONE) {
		admit(t, t->waiting.head);
	}
}

void member_ack(struct table *t, const struct op *op)
{
	guard_end(t, op->peer);
}

void member_rescan(struct table *t, const struct op *op)
{
	if (t->member[op->peer].is_joined) {
		carousel_leave(t, op->peer);
		carousel_board(t, op->peer);
	}
}

void member_leave(struct table *t, peer_id_t peer)
{
	struct member *m = &t->member[peer];
	wait_end(t, peer);
	if (!m->is_joined) {
		return;
	}
	carousel_leave(t, peer);
	guard_end(t, peer);
	struct audience_cache *members = t->wire[m->class_idx]->members;
	audience_cache_remove(members, peer);
	if (audience_cache_members(members) == 0) {
		class_set_remove(&t->joined, m->class_idx);
	}
	m->is_joined = false;
}
