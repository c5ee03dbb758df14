/* A member: one session, at most one connection, one export, brought in line.
 *
 * The machines know nothing of each other.  After anything happened to one of them, member_sync
 * carries the consequences: transport events to the session, the session's bytes and wishes to the
 * transport, a session's end to the shards, and the member onto the lists of work that it needs.
 * It is cheap and safe to call at any time.
 *
 * What a session's life sends to every shard: UP and JOIN when it becomes established, JOIN_ACK
 * for each JOINED, RESCAN on ROUTE-REFRESH, RENEW and RENEW_END around what the member announces
 * again (session/renew.h), DOWN at its end; before it STALE for each family whose routes stay
 * (session/stale.h), and LLGR and STALE_END later, perhaps in the next life.  UP, JOIN and RESCAN
 * are only sent while outboxes have room; the others fit into the mesh's reserve.
 */
#include "dataplane/core/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

void member_push(struct member *m, core_id_t shard, struct op *op)
{
	op->peer = m->id;
	op->from = m->core->id;
	op->incarnation = m->told;
	core_push(m->core, shard, op);
}

static void push_all(struct member *m, struct op op)
{
	for (unsigned shard = 0; shard < m->core->server->opts.core_count; shard++) {
		member_push(m, (core_id_t)shard, &op);
	}
}

static void push_each(struct member *m, struct op op, unsigned families)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (families & 1u << f) {
			op.family = (uint8_t)f;
			push_all(m, op);
		}
	}
}

static void push_families(struct member *m, enum op_kind kind, unsigned families)
{
	push_each(m, (struct op){.kind = (uint8_t)kind}, families);
}

static void push_stale(struct member *m, unsigned families)
{
	unsigned added = m->stale.added;
	push_each(m, (struct op){.kind = OP_STALE}, families & ~added);
	push_each(m, (struct op){.kind = OP_STALE, .is_added = true}, families & added);
}

#define ALL_FAMILIES ((1u << FAMILY_COUNT) - 1)

void member_settled(struct member *m, unsigned families)
{
	unsigned done = m->awaited & families;
	if (done == 0) {
		return;
	}
	push_families(m, OP_SETTLED, done);
	m->awaited &= ~done;
	if (m->awaited == 0) {
		metric_set(&m->core->stats.awaited, metric_get(&m->core->stats.awaited) - 1);
	}
}

/* After our restart every shard waits for every member: those that are not to be waited for are
 * settled at once. */
static void await(struct member *m)
{
	if (m->conf->is_enabled && m->conf->is_awaited) {
		m->awaited = ALL_FAMILIES;
		metric_add(&m->core->stats.awaited, 1);
	} else {
		push_families(m, OP_SETTLED, ALL_FAMILIES);
	}
}

struct session_conf member_session(const struct core *c, const struct member_conf *conf)
{
	struct session_conf sc = conf->session;
	sc.local_as = c->server->opts.local_as;
	sc.peer_as = conf->asn;
	sc.router_id = c->server->opts.router_id;
	if (!sc.families[FAMILY_IPV4] && !sc.families[FAMILY_IPV6]) {
		sc.families[FAMILY_IPV4] = sc.families[FAMILY_IPV6] = true;
	}
	sc.is_restarting = c->is_restarting;
	return sc;
}

struct stale_conf member_stale(const struct session_conf *conf)
{
	return (struct stale_conf){.stale_us = conf->stale_s * USEC_PER_SEC,
				   .long_max_us = conf->long_stale_s * USEC_PER_SEC};
}

void member_init(struct member *m, struct core *c, peer_id_t id, const struct member_conf *conf)
{
	incarnation_t last = m->session.incarnation; /* Of who had the number before. */
	*m = (struct member){.conf = conf,
			     .core = c,
			     .id = id,
			     .is_used = true,
			     .auth = m->auth,
			     .told = last,
			     .paths_due = USEC_NEVER};
	const struct session_conf sc = member_session(c, conf);
	const struct stale_conf stale = member_stale(&sc);
	session_init(&m->session, &sc, hash_mix(c->server->key, id), c->now);
	m->session.incarnation = last;
	stale_init(&m->stale, &stale);
	export_init(&m->export, id, c->id, c->server->shard, c->server->opts.core_count);
	limits_init(m);
	if (conf->is_enabled) {
		session_enable(&m->session, c->now);
	}
	if (c->is_restarting) {
		await(m);
	}
	member_publish(m);
	member_sync(m);
}

void member_fini(struct member *m)
{
	wheel_cancel(m->core->wheel, &m->timer);
	export_close(&m->export, NULL);
	export_fini(&m->export);
	tcp_free(m->tcp);
	tcp_free(m->rival.tcp);
	m->tcp = m->rival.tcp = NULL;
}

void member_drop_stale(struct member *m)
{
	push_families(m, OP_STALE_END, stale_drop(&m->stale));
	member_settled(m, ALL_FAMILIES);
}

void member_ask_refresh(struct member *m)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		session_send_refresh(&m->session, (enum family)f);
	}
}

void member_forget(struct member *m)
{
	static const struct member_status nothing = {.state = FSM_IDLE};
	static const struct member_offence none = {.at = 0};
	struct server *s = m->core->server;
	struct status_cell *status = &s->status[m->id];
	struct offence_cell *offence = &s->offence[m->id];
	ASSERT(m->is_removed && m->tcp == NULL && m->rival.tcp == NULL);
	member_publish(m); /* The worker's counters take the last of its. */
	member_fini(m);
	keys_fini(m);
	cell_write(&status->sequence, status->word, &nothing, STATUS_WORDS);
	if (offence->sequence != 0) {
		cell_write(&offence->sequence, offence->word, &none, OFFENCE_WORDS);
	}
	push_all(m, (struct op){.kind = OP_FORGET});
	m->is_used = m->is_removed = false;
}

/* The send queue as export sees it. */
static bool sink_push_ref(void *queue, struct span s)
{
	return sendq_push_ref(queue, s);
}

static bool sink_push_copy(void *queue, struct span s)
{
	return sendq_push_copy(queue, s);
}

static uint64_t sink_room(const void *queue)
{
	return sendq_room(queue);
}

static uint64_t sink_end(const void *queue)
{
	return ((const struct sendq *)queue)->end;
}

static uint64_t sink_acked(const void *queue)
{
	return ((const struct sendq *)queue)->acked;
}

static bool sink_privatize(void *queue)
{
	return sendq_privatize(queue);
}

static struct export_sink member_sink(struct member *m)
{
	return (struct export_sink){
		.queue = tcp_sendq(m->tcp),
		.push_ref = sink_push_ref,
		.push_copy = sink_push_copy,
		.room = sink_room,
		.end = sink_end,
		.acked = sink_acked,
		.privatize = sink_privatize,
	};
}

bool member_tell(struct member *m, enum event_kind kind, const char *text)
{
	struct event *e = spsc_push(m->core->events);
	if (e == NULL) {
		metric_add(&m->core->stats.events_lost, 1);
		return false;
	}
	*e = (struct event){.kind = kind, .peer = m->id, .at = m->core->now};
	if (text != NULL) {
		strncpy(e->text, text, sizeof(e->text) - 1);
	} else {
		session_cause_format(&m->session, e->text, sizeof(e->text));
	}
	spsc_publish(m->core->events);
	return true;
}

/* Families whose End-of-RIB is not waited for: RFC 4724 §4.1 leaves out those with the Restart
 * State bit set and those "that do not advertise the graceful restart capability". */
static unsigned not_awaited(const struct session *s)
{
	const struct open_graceful *g = &s->peer.graceful;
	unsigned set = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		bool is_coming = g->is_present && !g->is_restarting && s->terms.families[f];
		set |= is_coming ? 0 : 1u << f;
	}
	return set;
}

static void member_up(struct member *m)
{
	ASSERT(!m->is_up);
	const struct session *s = &m->session;
	const uint8_t *class_idx = s->terms.class_idx;
	if (!export_open(&m->export, s->terms.families, class_idx)) {
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESOURCES);
		session_reset(&m->session, &why, m->core->now);
		session_take_down(&m->session);
		return;
	}
	if (s->terms.has_enhanced_refresh) {
		export_enhance(&m->export);
	}
	renew_up(&m->renew, s->conf.stale_s != 0 && s->peer.graceful.is_present);
	m->is_up = true;
	limits_up(m);
	m->told = s->incarnation;
	m->has_backlog = false;
	push_all(m, (struct op){.kind = OP_UP,
				.paths_max = m->conf->paths_max,
				.router_id = s->peer.router_id,
				.addr = m->conf->addr});
	push_families(m, OP_STALE_END,
		      stale_up(&m->stale, &s->peer, s->terms.families, m->core->now));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->terms.families[f]) {
			push_all(m, (struct op){.kind = OP_JOIN,
						.family = (uint8_t)f,
						.class_idx = class_idx[f]});
		}
	}
	member_settled(m, not_awaited(s));
	member_tell(m, EVENT_UP, "");
}

/* The last of what is kept. */
static usec_t kept_until(const struct stale *st)
{
	usec_t last = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		usec_t end = stale_end(st, (enum family)f);
		last = end != USEC_NEVER ? max_u64(last, end) : last;
	}
	return last;
}

static void tell_down(struct member *m, bool has_kept)
{
	char text[NOTIFY_TEXT_MAX];
	session_cause_format(&m->session, text, sizeof(text));
	size_t at = strlen(text);
	if (has_kept) {
		usec_t left = kept_until(&m->stale) - m->core->now;
		snprintf(text + at, sizeof(text) - at, "; its routes stay for up to %u s",
			 (unsigned)(left / USEC_PER_SEC));
	}
	member_tell(m, EVENT_DOWN, text);
}

static void member_down(struct member *m)
{
	if (!m->is_up) {
		return;
	}
	m->is_up = false;
	m->has_backlog = false;
	m->core->is_floor_dirty = true;
	struct export_sink sink;
	if (m->tcp != NULL) {
		sink = member_sink(m);
	}
	if (!export_close(&m->export, m->tcp != NULL ? &sink : NULL)) {
		transport_disconnect(m); /* It would read bytes that go away. */
	}
	renew_down(&m->renew);
	unsigned kept = stale_down(&m->stale, m->session.is_soft_end, m->core->now);
	push_stale(m, kept);
	push_all(m, (struct op){.kind = OP_DOWN});
	tell_down(m, kept != 0);
}

void member_lost(struct member *m)
{
	if (session_take_down(&m->session)) {
		member_down(m);
	}
}

void member_joined(struct member *m, const struct op *op)
{
	struct core *c = m->core;
	if (!m->is_up || op->incarnation != m->session.incarnation) {
		return; /* DOWN is under way and clears the shard's guard. */
	}
	export_joined(&m->export, (enum family)op->family, op->from, op->position);
	unsigned idx = log_idx(op->from, op->family, op->class_idx);
	if (op->position < c->floor[idx]) {
		c->floor[idx] = op->position;
		runlog_set_floor(shard_log(c->server->shard[op->from], (enum family)op->family,
					   op->class_idx),
				 c->id, op->position);
	}
	struct op ack = {.kind = OP_JOIN_ACK, .family = op->family, .class_idx = op->class_idx};
	member_push(m, op->from, &ack);
	work_add(c, WORK_PUMP, m);
}

static void note_sending(struct member *m)
{
	if (m->tcp != NULL) {
		const struct sendq *q = tcp_sendq(m->tcp);
		session_sending(&m->session, q->acked, q->acked != q->end, m->core->now);
	}
}

static void sync_lists(struct member *m)
{
	struct core *c = m->core;
	note_sending(m);
	usec_t due = min_u64(session_due(&m->session), transport_due(m));
	due = min_u64(due, stale_due(&m->stale));
	due = min_u64(due, m->paths_due);
	due = min_u64(due, limits_due(m));
	due = min_u64(due, renew_due(&m->renew));
	if (m->tcp != NULL) {
		if (tcp_peek(m->tcp).len > m->partial_len) {
			work_add(c, WORK_READ, m);
		}
		if (m->is_up && tcp_sendq(m->tcp)->acked != m->acked_seen) {
			work_add(c, WORK_PUMP, m);
		}
	}
	if (transport_wants_tx(m)) {
		if (c->now >= m->route_due) {
			work_add(c, WORK_TX, m);
		} else {
			due = min_u64(due, m->route_due);
		}
	}
	wheel_arm(c->wheel, &m->timer, due);
	work_add(c, WORK_STATUS, m);
}

void member_sync(struct member *m)
{
	transport_follow(m);
	member_lost(m);
	rival_sync(m);
	transport_obey(m);
	sync_lists(m);
	if (m->published_state != m->session.state) {
		member_publish(m);
	}
}

static void tick_stale(struct member *m)
{
	struct stale_step step = stale_tick(&m->stale, m->core->now);
	push_families(m, OP_STALE_END, step.gone);
	push_families(m, OP_LLGR, step.long_lived);
}

void member_timer(struct member *m)
{
	transport_tick(m);
	session_tick(&m->session, m->tcp != NULL ? tcp_peek(m->tcp).len : 0, m->core->now);
	tick_stale(m);
	paths_tick(m);
	limits_tick(m);
	push_families(m, OP_RENEW_END, renew_tick(&m->renew, m->core->now));
	member_sync(m);
}

static void import_push(void *context, core_id_t shard, const struct op *op,
			const struct op_run *run)
{
	struct member *m = context;
	if (op->kind != OP_ANNOUNCE || limits_pass(m, op, run->count)) {
		core_push_run(m->core, shard, op, run);
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		struct op one = op_at(op, run, i);
		one.is_capped = limits_cap(m, &one);
		core_push(m->core, shard, &one);
	}
}

static void import_expect(void *context, core_id_t shard, const struct prefix *prefix)
{
	const struct core *c = ((const struct member *)context)->core;
	if (shard == c->id) {
		shard_prefetch(c->shard, prefix);
	}
}

static void import_end_of_rib(void *context, enum family family)
{
	struct member *m = context;
	member_settled(m, 1u << family); /* Behind its routes, in the same rings. */
	renew_end_of_rib(&m->renew, family);
	if (stale_end_of_rib(&m->stale, family)) {
		push_families(m, OP_STALE_END, 1u << family);
	}
}

/* AFI/SAFI disable: RFC 7606 §2, RFC 4760 §7. */
static void import_disable(void *context, enum family family)
{
	struct member *m = context;
	session_give_up(&m->session, family);
	stale_forget(&m->stale, family);
	renew_forget(&m->renew, family);
	push_families(m, OP_DROP, 1u << family);
	member_settled(m, 1u << family);
	member_tell(m, EVENT_FAULT,
		    family == FAMILY_IPV4 ? "its IPv4 routes cannot be read: dropped, and ignored "
					    "until the session starts anew"
					  : "its IPv6 routes cannot be read: dropped, and ignored "
					    "until the session starts anew");
}

static void import_fault(void *context, struct span body, const struct attr_result *result)
{
	struct member *m = context;
	struct offence_cell *cell = &m->core->server->offence[m->id];
	struct member_offence o = {.at = m->core->now};
	offence_keep(&o.message, body, result);
	cell_write(&cell->sequence, cell->word, &o, OFFENCE_WORDS);
}

/* Apply what there is room for of the UPDATE at the front; true when nothing of it is left. */
static bool member_update(struct member *m)
{
	ASSERT(m->session.state == FSM_ESTABLISHED);
	struct import_sink sink = {.push = import_push,
				   .expect = import_expect,
				   .end_of_rib = import_end_of_rib,
				   .disable = import_disable,
				   .fault = import_fault,
				   .context = m};
	struct import_task task = {
		.peer = m->id,
		.incarnation = m->session.incarnation,
		.body = span_of(tcp_peek(m->tcp).data + BGP_HEADER_LEN,
				m->update_len - BGP_HEADER_LEN),
		.room = core_room(m->core),
		.done = m->update_done,
		.octet = m->update_octet,
	};
	struct notify why;
	paths_expect(m);
	enum verdict verdict = import_update(&m->core->import_env, &m->session.terms.opts, &task,
					     &sink, &m->import, &why);
	m->update_done = task.done;
	m->update_octet = task.octet;
	if (verdict == VERDICT_SESSION_RESET) {
		session_update_failed(&m->session, &why, m->core->now);
	} else if (verdict != VERDICT_OK && m->core->now >= m->fault_due) {
		m->fault_due = m->core->now + FAULT_PERIOD_US;
		member_tell(m, EVENT_FAULT, m->import.last_fault);
	}
	return task.is_whole;
}

static void member_renew(struct member *m, enum family family, bool is_end)
{
	usec_t now = m->core->now;
	if (is_end ? renew_end(&m->renew, family) : renew_begin(&m->renew, family, now)) {
		push_families(m, is_end ? OP_RENEW_END : OP_RENEW, 1u << family);
	} else if (now >= m->fault_due) {
		m->fault_due = now + FAULT_PERIOD_US;
		member_tell(m, EVENT_FAULT,
			    is_end ? "End of a refresh that has not begun, ignored"
				   : "refresh before the End-of-RIB, ignored");
	}
}

/* The rest of an UPDATE of which something was applied. */
static void go_on(struct member *m)
{
	if (member_update(m)) {
		tcp_consume(m->tcp, m->update_len);
		m->update_len = 0;
	}
}

/* One message of the front, or what there is room for of it; false when nothing more can be read
 * now. */
static bool read_message(struct member *m)
{
	if (m->update_len > 0) {
		go_on(m);
		return true;
	}
	struct session_rx rx = session_rx(&m->session, tcp_peek(m->tcp), m->core->now);
	if (rx.kind == SESSION_RX_MORE) {
		m->partial_len = tcp_peek(m->tcp).len;
		return false;
	}
	m->partial_len = 0;
	if (rx.kind == SESSION_RX_UPDATE) {
		m->update_len = rx.consumed;
		m->update_done = 0;
		m->update_octet = 0;
		go_on(m);
		return true;
	}
	if (rx.kind == SESSION_RX_REFRESH) {
		export_refresh(&m->export, rx.family);
		push_families(m, OP_RESCAN, export_take_rescan(&m->export));
		work_add(m->core, WORK_PUMP, m);
	} else if (rx.kind == SESSION_RX_RENEW || rx.kind == SESSION_RX_RENEWED) {
		member_renew(m, rx.family, rx.kind == SESSION_RX_RENEWED);
	} else if (rx.kind == SESSION_RX_UP) {
		member_up(m);
	}
	tcp_consume(m->tcp, rx.consumed);
	return true;
}

bool member_read(struct member *m)
{
	struct core *c = m->core;
	size_t budget = READ_BYTES;
	if (max_prefix_is_pressed(&m->limits.machine)) {
		budget = READ_BYTES_PRESSED;
		limits_look(m);
	}
	while (m->tcp != NULL && m->is_told_up) {
		size_t before = tcp_peek(m->tcp).len;
		if (before == 0 || m->session.want != SESSION_WANT_KEEP) {
			break;
		}
		if (budget == 0) {
			work_add(c, WORK_READ, m);
			break;
		}
		if (core_room(c) < OP_ROOM) {
			work_add(c, WORK_READ, m);
			return false;
		}
		if (!read_message(m)) {
			break;
		}
		size_t used = before - tcp_peek(m->tcp).len;
		budget -= used < budget ? used : budget;
		member_lost(m);
	}
	if (m->tcp != NULL && m->session.want != SESSION_WANT_KEEP) {
		m->partial_len = 0;
		m->update_len = 0;
		tcp_consume(m->tcp, tcp_peek(m->tcp).len); /* A dead session hears no more. */
	}
	member_sync(m);
	return true;
}

void member_pump(struct member *m)
{
	if (!m->is_up || m->tcp == NULL) {
		return;
	}
	struct export_sink sink = member_sink(m);
	bool has_pushed;
	m->acked_seen = tcp_sendq(m->tcp)->acked;
	m->has_backlog = export_pump(&m->export, &sink, &has_pushed);
	push_families(m, OP_RESCAN, export_take_rescan(&m->export));
	m->core->is_floor_dirty = true;
	if (has_pushed) {
		session_update_sent(&m->session, m->core->now);
	}
	member_sync(m);
}

void member_settle(struct member *m)
{
	if (!m->is_up || m->tcp == NULL) {
		return;
	}
	struct export_sink sink = member_sink(m);
	m->core->is_floor_dirty = true;
	if (!export_settle(&m->export, &sink)) {
		struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_RESOURCES);
		session_reset(&m->session, &why, m->core->now);
	}
	work_add(m->core, WORK_PUMP, m);
	member_sync(m);
}

void member_request(struct member *m, const struct request *r)
{
	usec_t now = m->core->now;
	struct notify why;
	if (!m->is_used || m->is_removed) { /* It went while this was under way. */
		auth_free(r->kind == REQUEST_KEYS ? r->auth : NULL);
		free(r->kind == REQUEST_CHANGE ? r->conf : NULL);
		return;
	}
	switch (r->kind) {
	case REQUEST_ENABLE:
		session_enable(&m->session, now);
		break;
	case REQUEST_DISABLE:
	case REQUEST_SHUTDOWN:
		why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, r->text);
		session_disable(&m->session, &why, now);
		member_drop_stale(m);
		break;
	case REQUEST_RESTART:
		session_leave(&m->session, now);
		break;
	case REQUEST_RESET:
		why = notify_shutdown(NOTIFY_CEASE_RESET, r->text);
		session_reset(&m->session, &why, now);
		break;
	case REQUEST_REFRESH:
		member_ask_refresh(m);
		break;
	case REQUEST_KEYS:
		keys_change(m, r->auth);
		break;
	case REQUEST_REMOVE:
		member_remove(m);
		break;
	case REQUEST_CHANGE:
		member_change(m, r->conf);
		break;
	case REQUEST_ADD:
	case REQUEST_ORIGINATE:
		/* These are about no member that is there. */
		ASSERT(r->kind != REQUEST_ADD && r->kind != REQUEST_ORIGINATE);
		break;
	}
	member_sync(m);
}

void member_drop(struct member *m, enum core_drop why)
{
	m->core_drop[why]++;
	core_drop(m->core, why);
	work_add(m->core, WORK_STATUS, m);
}

/* What the member's connections have dropped, to its status, and what is new of it to the worker's
 * counters. */
static void publish_drops(struct member *m, uint64_t *drops)
{
	for (unsigned i = 0; i < TCP_DROP_COUNT; i++) {
		uint64_t sum = m->tcp_drop[i];
		sum += m->tcp != NULL ? metric_get(&tcp_stats(m->tcp)->drop[i]) : 0;
		sum += m->rival.tcp != NULL ? metric_get(&tcp_stats(m->rival.tcp)->drop[i]) : 0;
		metric_add(&m->core->drop[i], sum - m->drop_seen[i]);
		m->drop_seen[i] = sum;
		drops[i] = sum;
	}
	memcpy(drops + TCP_DROP_COUNT, m->core_drop, sizeof(m->core_drop));
}

void member_publish(struct member *m)
{
	struct status_cell *cell = &m->core->server->status[m->id];
	const struct session *s = &m->session;
	struct member_status st = {
		.state = s->state,
		.since = s->since,
		.incarnation = s->incarnation,
		.hold_s = s->terms.hold_s,
		.router_id = s->state == FSM_ESTABLISHED ? s->peer.router_id : 0,
		.is_enabled = s->is_enabled,
		.is_as4 = s->terms.opts.is_as4,
		.has_role = s->peer.has_role,
		.role = s->peer.role,
		.is_awaited = m->awaited != 0,
		.cause = s->cause,
		.session = s->stats,
		.has_enhanced_refresh = s->terms.has_enhanced_refresh,
		.refreshes_answered = m->export.stats.refreshes,
		.renew = m->renew.stats,
		.import = m->import,
		.prefixes_sent = m->export.stats.prefixes_sent,
		.withdraws_sent = m->export.stats.withdraws_sent,
		.pending = (uint32_t)m->export.stats.pending,
		.evictions = (uint32_t)m->export.stats.evictions,
		.bytes_in = m->bytes_in,
		.bytes_out = m->bytes_out,
		.retransmits = m->retransmits,
		.collisions = m->collisions,
		.rest_due = session_is_open(s, m->core->now) ? 0 : s->damping.due,
		.stale_due = kept_until(&m->stale),
		.graceful = s->peer.graceful,
		.long_lived = s->peer.long_lived,
	};
	publish_drops(m, st.drops);
	keys_publish(m, &st);
	limits_publish(m, &st.max_prefix);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		st.families[f] = s->state == FSM_ESTABLISHED && s->terms.families[f];
		st.sends_paths[f] = st.families[f] && s->terms.opts.has_path_ids[f];
		st.is_given_up[f] = st.families[f] && !s->terms.opts.families[f];
		st.is_stale[f] = (m->stale.kept & 1u << f) != 0;
		st.class_idx[f] = m->is_up ? m->export.class_idx[f] : 0;
		st.is_long_lived[f] = (m->stale.long_lived & 1u << f) != 0;
		st.is_renewing[f] = (m->renew.under_way & 1u << f) != 0;
		st.is_answering[f] = m->is_up && m->export.is_answering[f];
		st.is_complete[f] = m->export.is_eor_sent[f] && st.families[f];
	}
	session_cause_format(s, st.last_error, sizeof(st.last_error));
	if (m->tcp != NULL) {
		const struct tcp_stats *t = tcp_stats(m->tcp);
		st.bytes_in += t->bytes_in;
		st.bytes_out += t->bytes_out;
		st.retransmits += (uint32_t)t->retransmits;
		st.rtt_min_us = t->rtt_min_us;
		st.sendq_bytes = (uint32_t)sendq_bytes(tcp_sendq(m->tcp));
	}
	cell_write(&cell->sequence, cell->word, &st, STATUS_WORDS);
	m->published_state = s->state;
}
