/* The core: one turn of the loop, in the order of the design's §8.
 *
 *   rules · requests · rx (bursts → net → tcp) · read (sessions with whole messages, while all
 *   outboxes have room) · inbox (ops; the shard's slice of work) · export (logs → send queues) ·
 *   due (timers) · tx · flush (outboxes, floors, status, quiescent point)
 *
 * Each stage has a budget, so a turn is bounded whatever arrives.  Nothing here keeps a pointer to
 * published state across turns: the end of a turn is a quiescent point.
 */
#include "dataplane/core/transport.h"

#include "rib/base/check.h"

void core_drop(struct core *c, enum core_drop why)
{
	metric_add(&c->drop[DROP_CORE_FIRST - DROP_MEMBER_FIRST + why], 1);
}

void work_add(struct core *c, enum work kind, struct member *m)
{
	if (m->is_on[kind]) {
		return;
	}
	struct work_list *list = &c->work[kind];
	m->is_on[kind] = true;
	m->next[kind] = NULL;
	if (list->last != NULL) {
		list->last->next[kind] = m;
	} else {
		list->first = m;
	}
	list->last = m;
}

struct member *work_take(struct core *c, enum work kind)
{
	struct work_list *list = &c->work[kind];
	struct member *m = list->first;
	if (m != NULL) {
		list->first = m->next[kind];
		list->last = list->first == NULL ? NULL : list->last;
		m->is_on[kind] = false;
	}
	return m;
}

void work_drop(struct core *c, enum work kind, struct member *m)
{
	struct work_list *list = &c->work[kind];
	struct member *before = NULL;
	if (!m->is_on[kind]) {
		return;
	}
	for (struct member *at = list->first; at != m; at = at->next[kind]) {
		before = at;
	}
	if (before != NULL) {
		before->next[kind] = m->next[kind];
	} else {
		list->first = m->next[kind];
	}
	list->last = list->last == m ? before : list->last;
	m->is_on[kind] = false;
}

static void step_requests(struct core *c)
{
	const struct request *r;
	while ((r = spsc_pop(c->requests)) != NULL) {
		c->did_work = true;
		if (r->kind == REQUEST_ADD) {
			member_add(c, r);
			continue;
		}
		if (r->kind == REQUEST_ORIGINATE) {
			origin_set(c, r);
			continue;
		}
		if (r->kind != REQUEST_SHUTDOWN && r->kind != REQUEST_RESTART) {
			member_request(&c->server->member[r->peer], r);
			continue;
		}
		c->is_stopping = true;
		c->is_leaving = r->kind == REQUEST_RESTART;
		for (unsigned i = 0; i < c->member_count; i++) {
			member_request(c->member[i], r);
		}
	}
	spsc_release(c->requests);
	origin_turn(c);
}

/* New rules: everything in this turn is by them, and what was judged by others is judged again.
 * Short of memory, the next turn tries. */
static void step_policy(struct core *c)
{
	const struct policy *p = epoch_read(c->server->policy);
	if (p != judge_policy(c->judge) && judge_adopt(c->judge, p)) {
		shard_adopt(c->shard, p, c->server->scope);
		c->did_work = true;
	}
}

static bool has_new_policy(const struct core *c)
{
	return epoch_read(c->server->policy) != judge_policy(c->judge);
}

/* Sessions in turn, each within its budget; stops when an outbox runs short. */
static void step_read(struct core *c)
{
	struct member *last = c->work[WORK_READ].last, *m;
	c->did_work = c->did_work || last != NULL;
	while (core_room(c) >= OP_ROOM && (m = work_take(c, WORK_READ)) != NULL) {
		if (!member_read(m) || m == last) {
			return;
		}
	}
}

void core_push(struct core *c, core_id_t shard, const struct op *op)
{
	if (shard != c->id) {
		mesh_push(c->server->mesh, c->id, shard, op);
		return;
	}
	c->own_room -= c->own_room > 0;
	shard_apply(c->shard, op);
}

void core_push_run(struct core *c, core_id_t shard, const struct op *op, const struct op_run *run)
{
	if (shard == c->id) {
		c->own_room -= min_u64(c->own_room, run->count);
		shard_apply_run(c->shard, op, run);
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		struct op one = op_at(op, run, i);
		mesh_push(c->server->mesh, c->id, shard, &one);
	}
}

size_t core_room(const struct core *c)
{
	return shard_is_congested(c->shard)
		       ? 0
		       : min_u64(c->own_room, mesh_room(c->server->mesh, c->id));
}

static void apply_op(struct core *c, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_JOINED:
		member_joined(&c->server->member[op->peer], op);
		break;
	case OP_ADJUST:
		intern_adjust(c->intern, op->attr, op->delta);
		break;
	default:
		shard_apply(c->shard, op);
		break;
	}
}

/* Apply the next few ops of one inbox, having told the caches about all of them first: a prefix's
 * slot is nearly always a miss.  Returns how many there were. */
static unsigned apply_some(struct core *c, core_id_t from)
{
	const struct op *op[INBOX_AHEAD];
	unsigned count = 0;
	while (count < INBOX_AHEAD &&
	       (op[count] = mesh_pop(c->server->mesh, from, c->id)) != NULL) {
		if (op[count]->kind == OP_ANNOUNCE || op[count]->kind == OP_WITHDRAW) {
			shard_prefetch(c->shard, &op[count]->prefix);
		}
		count++;
	}
	for (unsigned i = 0; i < count; i++) {
		apply_op(c, op[i]);
	}
	c->did_work = c->did_work || count > 0;
	return count;
}

/* Ops of all workers, each inbox up to its share of the budget. */
static void step_inbox(struct core *c)
{
	unsigned count = c->server->opts.core_count;
	for (unsigned from = 0; from < count; from++) {
		unsigned done = 0, some = INBOX_AHEAD;
		while (done < INBOX_OPS / count && some == INBOX_AHEAD &&
		       !shard_is_congested(c->shard)) {
			some = apply_some(c, (core_id_t)from);
			done += some;
		}
	}
}

/* The shard's slice of work, and what it wants to send. */
static void step_shard(struct core *c)
{
	struct mesh *mesh = c->server->mesh;
	if (shard_due(c->shard) <= c->now || shard_can_rest(c->shard, c->now)) {
		bool is_more_coming = c->own_room < OP_ROOM || mesh_has_ops(mesh, c->id);
		shard_turn(c->shard, c->now, is_more_coming);
	}
	for (unsigned to = 0; to < c->server->opts.core_count; to++) {
		struct op op;
		size_t room = mesh_room_to(mesh, c->id, (core_id_t)to);
		while (room > 0 && shard_pull(c->shard, (core_id_t)to, &op)) {
			mesh_push(mesh, c->id, (core_id_t)to, &op);
			room--;
			c->did_work = true;
		}
	}
}

static bool look_at_family(struct core *c, unsigned shard, enum family f, bool *out_evicts)
{
	const struct shard *s = c->server->shard[shard];
	bool has_grown = false;
	for (unsigned k = shard_class_next(s, f, 0); k < WIRE_CLASS_COUNT;
	     k = shard_class_next(s, f, k + 1)) {
		const struct runlog *log = shard_log(s, f, k);
		uint64_t end = runlog_end(log);
		unsigned idx = log_idx(shard, f, k);
		has_grown = has_grown || end != c->end_seen[idx];
		c->end_seen[idx] = end;
		*out_evicts = *out_evicts || runlog_evict_below(log) != 0;
	}
	return has_grown;
}

/* Whether any log has grown since the last look, and whether any asks laggards to leave. */
static bool look_at_logs(struct core *c, bool *out_evicts)
{
	bool has_grown = false;
	*out_evicts = false;
	for (unsigned shard = 0; shard < c->server->opts.core_count; shard++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			has_grown =
				look_at_family(c, shard, (enum family)f, out_evicts) || has_grown;
		}
	}
	return has_grown;
}

static void step_export(struct core *c)
{
	bool evicts;
	if (look_at_logs(c, &evicts)) {
		c->did_work = true;
		for (unsigned i = 0; i < c->member_count; i++) {
			if (c->member[i]->is_up && !c->member[i]->has_backlog) {
				work_add(c, WORK_PUMP, c->member[i]);
			}
		}
	}
	if (evicts) {
		c->floor_due = c->now;
		for (unsigned i = 0; i < c->member_count; i++) {
			member_settle(c->member[i]);
		}
	}
	struct member *last = c->work[WORK_PUMP].last, *m;
	while ((m = work_take(c, WORK_PUMP)) != NULL) {
		member_pump(m);
		if (m == last) {
			break;
		}
	}
}

/* A log that no session of ours reads has no floor of ours. */
static void publish_family(struct core *c, core_id_t shard, enum family f)
{
	const struct shard *s = c->server->shard[shard];
	uint64_t floor[WIRE_CLASS_COUNT];
	memset(floor, 0xff, sizeof(floor));
	for (unsigned i = 0; i < c->member_count; i++) {
		const struct export *ex = &c->member[i]->export;
		uint64_t *lowest = &floor[ex->class_idx[f]];
		*lowest = min_u64(*lowest, export_floor(ex, f, shard));
	}
	for (unsigned k = shard_class_next(s, f, 0); k < WIRE_CLASS_COUNT;
	     k = shard_class_next(s, f, k + 1)) {
		unsigned idx = log_idx(shard, f, k);
		if (floor[k] != c->floor[idx]) {
			c->floor[idx] = floor[k];
			runlog_set_floor(shard_log(s, f, k), c->id, floor[k]);
		}
	}
}

/* Publish for every log the lowest position that a session of ours still needs. */
static void publish_floors(struct core *c)
{
	for (unsigned shard = 0; shard < c->server->opts.core_count; shard++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			publish_family(c, (core_id_t)shard, (enum family)f);
		}
	}
	c->is_floor_dirty = false;
	c->floor_due = c->now + FLOOR_PERIOD_US;
}

/* RFC 4724 §4.1: the Selection_Deferral_Timer has expired. */
static void end_deferral(struct core *c)
{
	c->deferral_due = USEC_NEVER;
	for (unsigned i = 0; i < c->member_count; i++) {
		c->member[i]->awaited = 0;
		work_add(c, WORK_STATUS, c->member[i]);
	}
	metric_set(&c->stats.awaited, 0);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct op op = {
			.kind = OP_SETTLED, .family = (uint8_t)f, .peer = PEER_NONE, .from = c->id};
		shard_apply(c->shard, &op);
	}
}

/* From when nobody is awaited our OPENs say that we have restarted no more. */
static void step_deferral(struct core *c)
{
	if (!c->is_restarting) {
		return;
	}
	if (c->now >= c->deferral_due) {
		end_deferral(c);
	}
	if (server_awaited(c->server) == 0) {
		c->is_restarting = false;
		for (unsigned i = 0; i < c->member_count; i++) {
			c->member[i]->session.conf.is_restarting = false;
		}
	}
}

static void step_due(struct core *c)
{
	step_deferral(c);
	if (net_due(c->net) <= c->now) {
		net_tick(c->net, c->now);
	}
	struct wheel_timer *t;
	while ((t = wheel_pop(c->wheel, c->now)) != NULL) {
		c->did_work = true;
		member_timer((struct member *)((char *)t - offsetof(struct member, timer)));
	}
	if (c->removed_count > 0) {
		member_turn_removed(c);
	}
}

/* A slice: a thousand at once would delay a change by the time that a thousand take.  In a period
 * as many are published as there are members, so who is added meanwhile does not prolong it. */
static void publish_status(struct core *c)
{
	struct member *m = NULL;
	if (c->status_left == 0) {
		c->status_left = c->member_count;
	}
	unsigned slice = c->status_left < STATUS_MEMBERS ? c->status_left : STATUS_MEMBERS;
	for (; slice > 0 && (m = work_take(c, WORK_STATUS)) != NULL; slice--) {
		member_publish(m);
		c->status_left--;
	}
	if (m != NULL && c->status_left > 0) {
		return;
	}
	c->status_left = 0;
	metric_set(&c->stats.attrs, intern_count(c->intern));
	metric_set(&c->stats.attr_bytes, intern_bytes(c->intern));
	metric_set(&c->stats.connections, c->live_count);
	c->is_status_dirty = c->work[WORK_STATUS].first != NULL; /* Who came meanwhile. */
	c->status_due = c->now + STATUS_PERIOD_US;
}

/* After a shutdown request. */
static bool has_closed_all(const struct core *c)
{
	for (unsigned i = 0; i < c->member_count; i++) {
		if (!transport_is_quiet(c->member[i])) {
			return false;
		}
	}
	return true;
}

static void step_flush(struct core *c)
{
	if (c->is_floor_dirty && c->now >= c->floor_due) {
		publish_floors(c);
	}
	c->is_status_dirty =
		c->is_status_dirty || c->did_work || c->work[WORK_STATUS].first != NULL;
	if (c->is_status_dirty && c->now >= c->status_due) {
		publish_status(c);
	}
	if (c->is_stopping) {
		__atomic_store_n(&c->is_quiet, has_closed_all(c), __ATOMIC_RELEASE);
	}
	mesh_release(c->server->mesh, c->id);
	mesh_flush(c->server->mesh, c->id);
	epoch_quiescent();
}

static usec_t core_due(const struct core *c)
{
	bool is_sending = output_pending(c);
	if (c->work[WORK_READ].first != NULL || c->work[WORK_PUMP].first != NULL ||
	    (is_sending && c->did_work) || mesh_has_mail(c->server->mesh, c->id) ||
	    !spsc_is_empty(c->requests) || has_new_policy(c)) {
		return c->now;
	}
	usec_t due = min_u64(wheel_due(c->wheel), min_u64(net_due(c->net), shard_due(c->shard)));
	if (is_sending) { /* No port takes anything. */
		due = min_u64(due, c->now + TX_RETRY_US);
	}
	if (c->is_restarting) {
		due = min_u64(due, c->deferral_due);
	}
	if (c->is_floor_dirty) {
		due = min_u64(due, c->floor_due);
	}
	if (c->is_status_dirty) {
		due = min_u64(due, c->status_due);
	}
	return due;
}

usec_t core_step(struct core *c, usec_t now)
{
	metric_add(&c->stats.turns, 1);
	if (c->was_busy) {
		metric_add(&c->stats.busy_turns, 1);
		metric_add(&c->stats.busy_us, now - c->now);
	}
	c->now = now;
	c->did_work = false;
	c->own_room = OWN_OPS;
	step_policy(c);
	step_requests(c);
	input_rx(c);
	step_read(c);
	step_inbox(c);
	step_shard(c);
	step_export(c);
	step_due(c);
	output_tx(c);
	step_flush(c);
	c->was_busy = c->did_work;
	return core_due(c);
}

bool core_awaits_room(const struct core *c)
{
	return output_awaits_room(c);
}

bool core_sleep_begin(struct core *c)
{
	mesh_sleep_begin(c->server->mesh, c->id);
	return !mesh_has_mail(c->server->mesh, c->id) && spsc_is_empty(c->requests) &&
	       !has_new_policy(c);
}

void core_sleep_end(struct core *c)
{
	mesh_sleep_end(c->server->mesh, c->id);
}

unsigned core_wait_fds(const struct core *c, int *out, unsigned max, bool *out_covers_nics)
{
	unsigned count = 0;
	*out_covers_nics = true;
	if (max > 0) {
		out[count++] = mesh_wake_fd(c->server->mesh, c->id);
	}
	for (unsigned i = 0; i < c->server->nic_count; i++) {
		struct nic *nic = c->server->nic[i];
		if (c->id >= nic->queue_count) {
			continue;
		}
		int fd = nic->ops->wait_fd(nic, c->id);
		if (fd >= 0 && count < max) {
			out[count++] = fd;
		} else {
			*out_covers_nics = false;
		}
	}
	for (unsigned i = 0; i < c->server->opts.port_count; i++) {
		struct nic *kernel = c->server->kernel[i];
		int fd = kernel == NULL ? -1 : kernel->ops->wait_fd(kernel, c->id);
		if (fd >= 0 && count < max) {
			out[count++] = fd;
		} else if (kernel != NULL) {
			*out_covers_nics = false;
		}
	}
	return count;
}

void core_begin(struct core *c)
{
	(void)c;
	epoch_thread_begin();
}

void core_end(struct core *c)
{
	(void)c;
	epoch_thread_end();
}

void core_check(const struct core *c)
{
	shard_check(c->shard);
	for (unsigned i = 0; i < c->member_count; i++) {
		const struct member *m = c->member[i];
		ASSERT(m->core == c && m->is_used);
		ASSERT(!m->is_up || m->session.state == FSM_ESTABLISHED);
		session_check(&m->session);
		transport_check(m);
		auth_check(m->auth.now);
	}
}
