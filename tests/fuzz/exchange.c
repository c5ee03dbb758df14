/* The small exchange; see exchange.h. */
#include "tests/fuzz/exchange.h"

#include <limits.h>

#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define KEY	     7
#define ROUNDS_MAX   20000
#define OPS_MESSAGE  (EXCHANGE_UNREAD_MAX + 1024) /* A message makes fewer. */
#define SETTLED_MAX  3
#define LOG_ROUND_US (10 * USEC_PER_MSEC)

static void push_op(struct exchange *x, unsigned shard, const struct op *op)
{
	struct exchange_inbox *in = &x->inbox[shard];

	ASSERT(in->tail - in->head < EXCHANGE_INBOX);
	in->op[in->tail++ % EXCHANGE_INBOX] = *op;
}

static bool has_room(const struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		if (EXCHANGE_INBOX - (x->inbox[i].tail - x->inbox[i].head) < OPS_MESSAGE) {
			return false;
		}
	}
	return true;
}

static void push_all(struct exchange_member *m, struct op op)
{
	op.peer = m->id;
	op.from = m->core;
	op.incarnation = m->told;
	for (unsigned i = 0; i < m->exchange->opts.shard_count; i++) {
		push_op(m->exchange, i, &op);
	}
}

void exchange_tell(struct exchange_member *m, enum op_kind kind, enum family family)
{
	push_all(m, (struct op){.kind = (uint8_t)kind, .family = (uint8_t)family});
}

static void push_families(struct exchange_member *m, enum op_kind kind, unsigned families)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if ((families & 1u << f) != 0) {
			exchange_tell(m, kind, (enum family)f);
		}
	}
}

static void push_stale(struct exchange_member *m, unsigned families)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (families & 1u << f) {
			push_all(m, (struct op){.kind = OP_STALE,
						.family = (uint8_t)f,
						.is_added = (m->stale.added & 1u << f) != 0});
		}
	}
}

/* The send queue as export sees it. */
static bool sink_push_ref(void *queue, struct span s)
{
	struct exchange_member *m = queue;

	return !m->is_full && sendq_push_ref(&m->sendq, s);
}

static bool sink_push_copy(void *queue, struct span s)
{
	struct exchange_member *m = queue;

	return !m->is_full && sendq_push_copy(&m->sendq, s);
}

static uint64_t sink_room(const void *queue)
{
	const struct exchange_member *m = queue;

	return m->is_full ? 0 : sendq_room(&m->sendq);
}

static uint64_t sink_end(const void *queue)
{
	return ((const struct exchange_member *)queue)->sendq.end;
}

static uint64_t sink_acked(const void *queue)
{
	return ((const struct exchange_member *)queue)->sendq.acked;
}

static bool sink_privatize(void *queue)
{
	return sendq_privatize(&((struct exchange_member *)queue)->sendq);
}

static struct export_sink sink_of(struct exchange_member *m)
{
	return (struct export_sink){
		.queue = m,
		.push_ref = sink_push_ref,
		.push_copy = sink_push_copy,
		.room = sink_room,
		.end = sink_end,
		.acked = sink_acked,
		.privatize = sink_privatize,
	};
}

static struct addr address_of(const struct exchange_member *m)
{
	return lan_addr(m->id == 0 ? FAMILY_IPV4 : FAMILY_IPV6, (uint8_t)(2 + m->id));
}

static void go_up(struct exchange_member *m)
{
	const struct session *s = &m->session;
	const uint8_t *class_idx = s->terms.class_idx;

	ASSERT(!m->is_up);
	ASSERT(export_open(&m->export, s->terms.families, class_idx));
	m->is_up = true;
	m->told = s->incarnation;
	m->hearer.may_update = true;
	m->hearer.is_enhanced = s->terms.has_enhanced_refresh;
	if (s->terms.has_enhanced_refresh) {
		export_enhance(&m->export);
	}
	renew_up(&m->renew, s->conf.stale_s != 0 && s->peer.graceful.is_present);
	push_all(m,
		 (struct op){.kind = OP_UP, .router_id = s->peer.router_id, .addr = address_of(m)});
	push_families(m, OP_STALE_END,
		      stale_up(&m->stale, &s->peer, s->terms.families, m->exchange->now));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		m->hearer.form[f] = shard_form(m->exchange->shard[0], (enum family)f, class_idx[f]);
		if (s->terms.families[f]) {
			push_all(m, (struct op){.kind = OP_JOIN,
						.family = (uint8_t)f,
						.class_idx = class_idx[f]});
		}
	}
}

static void go_down(struct exchange_member *m)
{
	struct export_sink sink = sink_of(m);

	ASSERT(m->is_up);
	m->is_up = false;
	renew_down(&m->renew);
	ASSERT(export_close(&m->export, &sink));
	push_stale(m, stale_down(&m->stale, m->session.is_soft_end, m->exchange->now));
	push_all(m, (struct op){.kind = OP_DOWN});
}

static void note_sending(struct exchange_member *m)
{
	session_sending(&m->session, m->sendq.acked, m->sendq.acked != m->sendq.end,
			m->exchange->now);
}

void exchange_sync(struct exchange_member *m)
{
	struct session *s = &m->session;
	struct span bytes = session_tx(s);

	if (session_take_down(s)) {
		go_down(m);
	}
	if (bytes.len > 0 && m->is_connected && !m->is_full && sendq_push_copy(&m->sendq, bytes)) {
		session_sent(s, m->exchange->now);
	}
	if (m->is_connected) {
		note_sending(m);
	}
	if (s->want == SESSION_WANT_ABORT && m->is_connected) {
		exchange_disconnect(m, true);
	} else if (s->want == SESSION_WANT_CLOSE && !m->is_connected) {
		session_transport_down(s, "closed", m->exchange->now);
		exchange_sync(m);
	}
	if (s->want != SESSION_WANT_KEEP) {
		m->update_len = 0;
		m->unread_len = 0; /* A dead session hears no more. */
	}
	session_check(s);
}

/* A new connection; `open` was sent on it. */
static void begin_connection(struct exchange_member *m, bool is_ours, struct span open)
{
	sendq_fini(&m->sendq); /* What was left of the last one. */
	sendq_init(&m->sendq, m->exchange->opts.send_bytes_max);
	hearer_reset(&m->hearer);
	hearer_take(&m->hearer, open);
	m->unread_len = 0;
	m->update_len = 0;
	m->is_connected = true;
	m->is_ours = is_ours;
	m->is_full = false;
}

void exchange_connect(struct exchange_member *m, bool is_opened)
{
	uint8_t open[SESSION_OPEN_MAX];
	enum session_want want = m->session.want;

	if (m->is_connected || (want != SESSION_WANT_CONNECT && want != SESSION_WANT_LISTEN)) {
		return;
	}
	size_t len = is_opened ? session_open(&m->session, open, sizeof(open)) : 0;
	begin_connection(m, want == SESSION_WANT_CONNECT, span_of(open, len));
	if (is_opened) {
		session_transport_opened(&m->session, m->exchange->now);
	} else {
		session_transport_up(&m->session, m->exchange->now);
	}
	exchange_sync(m);
}

void exchange_disconnect(struct exchange_member *m, bool is_lost)
{
	bool has_failed_to_open = m->session.want == SESSION_WANT_CONNECT;

	if (!m->is_connected && !has_failed_to_open) {
		return;
	}
	m->is_connected = false;
	session_transport_down(&m->session, "connection reset", m->exchange->now);
	if (session_take_down(&m->session)) {
		go_down(m);
	}
	if (is_lost) {
		sendq_fini(&m->sendq);
		sendq_init(&m->sendq, m->exchange->opts.send_bytes_max);
	}
	exchange_sync(m);
}

void exchange_move(struct exchange_member *m, bool is_ours, struct span open)
{
	ASSERT(m->is_connected);
	begin_connection(m, is_ours, open);
	session_switch(&m->session, m->exchange->now);
	exchange_sync(m);
}

bool exchange_send(struct exchange_member *m, struct span bytes)
{
	if (!m->is_connected || m->session.want != SESSION_WANT_KEEP ||
	    bytes.len > sizeof(m->unread) - m->unread_len) {
		return false;
	}
	if (bytes.len > 0) {
		memcpy(m->unread + m->unread_len, bytes.data, bytes.len);
	}
	m->unread_len += bytes.len;
	return true;
}

static void import_push(void *context, core_id_t shard, const struct op *op,
			const struct op_run *run)
{
	struct exchange_member *m = context;

	for (uint32_t i = 0; i < run->count; i++) {
		struct op one = op_at(op, run, i);
		push_op(m->exchange, shard, &one);
	}
}

static void import_end_of_rib(void *context, enum family family)
{
	struct exchange_member *m = context;

	renew_end_of_rib(&m->renew, family);
	if (stale_end_of_rib(&m->stale, family)) {
		exchange_tell(m, OP_STALE_END, family);
	}
}

/* RFC 7606 §2: AFI/SAFI disable. */
static void import_disable(void *context, enum family family)
{
	struct exchange_member *m = context;

	session_give_up(&m->session, family);
	stale_forget(&m->stale, family);
	renew_forget(&m->renew, family);
	exchange_tell(m, OP_DROP, family);
}

/* A slice of the UPDATE in front; true when nothing of it is left. */
static bool read_update(struct exchange_member *m, struct span in)
{
	struct exchange *x = m->exchange;
	struct import_env env = {
		.judge = x->judge[m->core],
		.core = m->core,
		.shard_count = (core_id_t)x->opts.shard_count,
		.key = KEY,
		.local_as = m->session.conf.local_as,
		.local_addr = x->local,
		.local_addr_count = ARRAY_COUNT(x->local),
	};
	struct import_sink sink = {.push = import_push,
				   .end_of_rib = import_end_of_rib,
				   .disable = import_disable,
				   .context = m};
	struct import_task task = {
		.peer = m->id,
		.incarnation = m->told,
		.body = span_of(in.data + BGP_HEADER_LEN, m->update_len - BGP_HEADER_LEN),
		.room = x->opts.slice,
		.done = m->update_done,
		.octet = m->update_octet,
	};
	struct notify why;

	ASSERT(m->told == m->session.incarnation && m->session.state == FSM_ESTABLISHED);
	enum verdict verdict =
		import_update(&env, &m->session.terms.opts, &task, &sink, &m->import, &why);
	ASSERT(task.is_whole || (task.done > m->update_done && verdict != VERDICT_SESSION_RESET));
	m->update_done = task.done;
	m->update_octet = task.octet;
	if (verdict == VERDICT_SESSION_RESET) {
		session_update_failed(&m->session, &why, x->now);
	}
	return task.is_whole;
}

/* What a message other than an UPDATE asks for. */
static void obey_message(struct exchange_member *m, const struct session_rx *rx)
{
	switch (rx->kind) {
	case SESSION_RX_UP:
		go_up(m);
		break;
	case SESSION_RX_REFRESH:
		export_refresh(&m->export, rx->family);
		push_families(m, OP_RESCAN, export_take_rescan(&m->export));
		break;
	case SESSION_RX_RENEW:
		if (renew_begin(&m->renew, rx->family, m->exchange->now)) {
			exchange_tell(m, OP_RENEW, rx->family);
		}
		break;
	case SESSION_RX_RENEWED:
		if (renew_end(&m->renew, rx->family)) {
			exchange_tell(m, OP_RENEW_END, rx->family);
		}
		break;
	default:
		break;
	}
}

/* One message, or a slice of one; false when no whole one is there. */
static bool read_message(struct exchange_member *m)
{
	struct span in = guarded(span_of(m->unread, m->unread_len));
	size_t consumed = m->update_len;

	if (m->update_len == 0) {
		struct session_rx rx = session_rx(&m->session, in, m->exchange->now);
		if (rx.kind == SESSION_RX_MORE) {
			ASSERT(rx.consumed == 0);
			return false;
		}
		consumed = rx.consumed;
		if (rx.kind == SESSION_RX_UPDATE) {
			ASSERT(rx.body.data == in.data + BGP_HEADER_LEN);
			m->update_len = rx.consumed;
			m->update_done = 0;
			m->update_octet = 0;
		} else {
			obey_message(m, &rx);
		}
	}
	ASSERT(consumed > 0 && consumed <= in.len);
	if (m->update_len == 0 || read_update(m, in)) {
		m->update_len = 0;
		m->unread_len -= consumed;
		memmove(m->unread, m->unread + consumed, m->unread_len);
	}
	exchange_sync(m);
	return true;
}

void exchange_read(struct exchange_member *m, unsigned count)
{
	for (; count > 0 && m->is_connected && m->unread_len > 0 &&
	       m->session.want == SESSION_WANT_KEEP && has_room(m->exchange);
	     count--) {
		if (!read_message(m)) {
			break;
		}
	}
}

void exchange_deliver(struct exchange_member *m, uint64_t len)
{
	uint8_t bytes[4096];
	uint64_t left = min_u64(len, sendq_bytes(&m->sendq));

	while (left > 0) {
		size_t some = min_u64(left, sizeof(bytes));
		sendq_read(&m->sendq, m->sendq.acked, bytes, some);
		hearer_take(&m->hearer, span_of(bytes, some));
		sendq_ack(&m->sendq, m->sendq.acked + some);
		left -= some;
	}
	sendq_check(&m->sendq);
	if (m->is_connected) {
		exchange_sync(m);
	}
}

/* The lowest position that members of a worker need in a log. */
static uint64_t floor_of(const struct exchange *x, core_id_t core, core_id_t shard, enum family f,
			 unsigned class_idx)
{
	uint64_t floor = UINT64_MAX;

	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		const struct export *ex = &x->member[i].export;
		if (x->member[i].core == core && ex->class_idx[f] == class_idx) {
			floor = min_u64(floor, export_floor(ex, f, shard));
		}
	}
	return floor;
}

static void publish_floors(struct exchange *x, core_id_t shard)
{
	const struct shard *s = x->shard[shard];

	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned k = shard_class_next(s, f, 0); k < WIRE_CLASS_COUNT;
		     k = shard_class_next(s, f, k + 1)) {
			struct runlog *log = shard_log(s, (enum family)f, k);
			for (unsigned c = 0; c < x->opts.shard_count; c++) {
				runlog_set_floor(
					log, (core_id_t)c,
					floor_of(x, (core_id_t)c, shard, (enum family)f, k));
			}
		}
	}
}

static void take_joined(struct exchange *x, const struct op *op)
{
	struct exchange_member *m = &x->member[op->peer];
	enum family family = (enum family)op->family;

	if (!m->is_up || op->incarnation != m->session.incarnation) {
		return;
	}
	export_joined(&m->export, family, op->from, op->position);
	runlog_set_floor(shard_log(x->shard[op->from], family, op->class_idx), m->core,
			 floor_of(x, m->core, op->from, family, op->class_idx));
	struct op ack = {.kind = OP_JOIN_ACK,
			 .family = op->family,
			 .class_idx = op->class_idx,
			 .peer = m->id,
			 .from = m->core,
			 .incarnation = m->told};
	push_op(x, op->from, &ack);
}

static void take_outbox(struct exchange *x, unsigned shard)
{
	struct op op;

	for (unsigned core = 0; core < x->opts.shard_count; core++) {
		while (shard_pull(x->shard[shard], (core_id_t)core, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(x->intern[core], op.attr, op.delta);
			} else {
				ASSERT(op.kind == OP_JOINED && x->member[op.peer].core == core);
				take_joined(x, &op);
			}
		}
	}
}

static bool evicts(const struct exchange *x)
{
	bool is_asked = false;

	for (unsigned i = 0; i < x->opts.shard_count * FAMILY_COUNT; i++) {
		const struct shard *s = x->shard[i / FAMILY_COUNT];
		enum family f = (enum family)(i % FAMILY_COUNT);
		for (unsigned k = shard_class_next(s, f, 0); k < WIRE_CLASS_COUNT;
		     k = shard_class_next(s, f, k + 1)) {
			is_asked = is_asked || runlog_evict_below(shard_log(s, f, k)) != 0;
		}
	}
	return is_asked;
}

/* Whether anything was sent. */
static bool pump(struct exchange_member *m)
{
	struct export_sink sink = sink_of(m);
	bool has_pushed = false;

	if (m->is_up && m->is_connected) {
		export_pump(&m->export, &sink, &has_pushed);
		push_families(m, OP_RESCAN, export_take_rescan(&m->export));
		if (has_pushed) {
			session_update_sent(&m->session, m->exchange->now);
		}
		exchange_sync(m);
	}
	return has_pushed;
}

static void settle_member(struct exchange_member *m)
{
	struct export_sink sink = sink_of(m);

	if (m->is_up && m->is_connected) {
		ASSERT(export_settle(&m->export, &sink));
		exchange_sync(m);
	}
}

static void apply_inbox(struct exchange *x, unsigned shard)
{
	struct exchange_inbox *in = &x->inbox[shard];

	while (in->head != in->tail && !shard_is_congested(x->shard[shard])) {
		shard_apply(x->shard[shard], &in->op[in->head++ % EXCHANGE_INBOX]);
	}
}

void exchange_turn(struct exchange *x, unsigned shard, unsigned how)
{
	if ((how & TURN_KEEPS_INBOX) == 0) {
		apply_inbox(x, shard);
	}
	shard_turn(x->shard[shard], x->now, (how & TURN_IS_BUSY) != 0);
	if ((how & TURN_KEEPS_OUTBOX) == 0) {
		take_outbox(x, shard);
	}
	bool is_asked = evicts(x);
	for (unsigned i = 0; (how & TURN_KEEPS_MEMBERS) == 0 && i < EXCHANGE_MEMBERS; i++) {
		if (is_asked) {
			settle_member(&x->member[i]);
		}
		pump(&x->member[i]);
	}
	if ((how & TURN_KEEPS_FLOORS) == 0) {
		publish_floors(x, (core_id_t)shard);
	}
	epoch_quiescent();
}

/* Whether nothing waits anywhere. */
static bool is_quiet(const struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		if (x->inbox[i].head != x->inbox[i].tail || shard_due(x->shard[i]) == 0) {
			return false;
		}
	}
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		if (sendq_bytes(&x->member[i].sendq) > 0 || x->member[i].update_len > 0) {
			return false;
		}
	}
	return true;
}

/* Hold what a member has heard against what the shards have for it. */
static void check_view(const struct exchange *x, const struct exchange_member *m, enum family f)
{
	const struct update_form *form = &m->hearer.form[f];
	const struct path *path[VIEW_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		const struct slab *slab = shard_slab(x->shard[i], f);
		unsigned n = form->has_path_ids ? shard_view_max(x->shard[i]) : 1;
		for (entry_id_t id = 0; id < slab->count; id++) {
			struct paths_one one;
			const struct paths *paths = entry_paths(slab_at(slab, id), &one);
			struct prefix p = slab_prefix(slab, id);
			unsigned seen = view_n(paths, m->id, form, n, path);
			for (unsigned k = 0; k < seen; k++) {
				uint32_t path_id = form->has_path_ids ? path_id_sent(path[k]) : 0;
				ASSERT(path[k]->peer != m->id);
				ASSERT(hearer_has(&m->hearer, &p, path_id, path[k]->attr));
			}
			count += seen;
		}
	}
	ASSERT(hearer_count(&m->hearer, f) == count);
	ASSERT(m->hearer.ends[f] > 0 && !m->hearer.is_renewing[f]);
}

/* Paths of a session that has ended are there only while the member's machine says so. */
static void check_stale(const struct exchange *x, const struct exchange_member *m, enum family f)
{
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		const struct shard_peer_stats *st = shard_peer_stats(x->shard[i], f, m->id);
		bool is_kept = (m->stale.kept & 1u << f) != 0;
		ASSERT(is_kept || metric_get(&st->stale) == 0);
		ASSERT(is_kept || m->is_up || metric_get(&st->received) == 0);
		ASSERT(metric_get(&st->accepted) <= metric_get(&st->received));
	}
}

void exchange_settle(struct exchange *x)
{
	unsigned settled = 0;

	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		x->member[i].is_full = false;
	}
	for (unsigned round = 0; settled < SETTLED_MAX; round++) {
		ASSERT(round < ROUNDS_MAX);
		for (unsigned i = 0; i < x->opts.shard_count; i++) {
			exchange_turn(x, i, 0);
		}
		for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
			exchange_read(&x->member[i], UINT_MAX);
			exchange_deliver(&x->member[i], UINT64_MAX);
			settled = pump(&x->member[i]) ? 0 : settled;
		}
		settled = is_quiet(x) ? settled + 1 : 0;
		x->now += LOG_ROUND_US;
	}
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		const struct exchange_member *m = &x->member[i];
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			check_stale(x, m, (enum family)f);
			if (!m->is_up || !m->session.terms.families[f]) {
				continue;
			}
			/* A selection that waits may wait for the other member. */
			bool is_complete = export_is_complete(&m->export, (enum family)f);
			ASSERT(is_complete || x->opts.is_deferred);
			if (is_complete && !m->hearer.is_overfull) {
				check_view(x, m, (enum family)f);
			}
		}
	}
}

void exchange_wait(struct exchange *x, usec_t us)
{
	x->now += us;
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		struct exchange_member *m = &x->member[i];
		session_tick(&m->session, m->unread_len, x->now);
		ASSERT(session_due(&m->session) > x->now); /* What was due is done. */
		struct stale_step step = stale_tick(&m->stale, x->now);
		push_families(m, OP_STALE_END, step.gone);
		push_families(m, OP_LLGR, step.long_lived);
		ASSERT(stale_due(&m->stale) > x->now);
		push_families(m, OP_RENEW_END, renew_tick(&m->renew, x->now));
		ASSERT(renew_due(&m->renew) > x->now);
		exchange_sync(m);
	}
}

void exchange_check(const struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		shard_check(x->shard[i]);
	}
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		const struct exchange_member *m = &x->member[i];
		session_check(&m->session);
		ASSERT(m->is_up == (m->session.state == FSM_ESTABLISHED));
		ASSERT(m->is_connected || m->session.want != SESSION_WANT_KEEP);
	}
}

static void member_init(struct exchange *x, unsigned i)
{
	struct exchange_member *m = &x->member[i];

	m->exchange = x;
	m->id = (peer_id_t)i;
	m->core = (core_id_t)(i % x->opts.shard_count);
	m->is_connected = m->is_up = m->is_full = false;
	m->told = 0;
	m->unread_len = 0;
	m->update_len = 0;
	m->import = (struct import_stats){0};
	session_init(&m->session, &x->opts.conf[i], i, x->now);
	stale_init(&m->stale, &(struct stale_conf){
				      .stale_us = x->opts.conf[i].stale_s * USEC_PER_SEC,
				      .long_max_us = x->opts.conf[i].long_stale_s * USEC_PER_SEC});
	m->renew = (struct renew){.under_way = 0};
	export_init(&m->export, m->id, m->core, x->shard, x->opts.shard_count);
	sendq_init(&m->sendq, x->opts.send_bytes_max);
	hearer_reset(&m->hearer);
}

void exchange_init(struct exchange *x, const struct exchange_opts *opts)
{
	x->opts = *opts;
	x->now = 20 * USEC_PER_SEC;
	epoch_thread_begin_alone();
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		x->local[f] = lan_addr((enum family)f, 1);
	}
	for (unsigned i = 0; i < opts->shard_count; i++) {
		x->intern[i] = intern_new((core_id_t)i, KEY, opts->sets_max);
		x->judge[i] = judge_new(&(struct judge_opts){
			.intern = x->intern[i], .peer_count = EXCHANGE_MEMBERS, .key = KEY});
		ASSERT(x->judge[i] != NULL);
		x->shard[i] =
			shard_new(&(struct shard_opts){.core = (core_id_t)i,
						       .core_count = (core_id_t)opts->shard_count,
						       .peer_count = EXCHANGE_MEMBERS,
						       .key = KEY,
						       .intern = x->intern[i],
						       .judge = x->judge[i],
						       .local_as = opts->conf[0].local_as,
						       .log_bytes_max = opts->log_bytes_max,
						       .gather_us = USEC_PER_MSEC,
						       .paths_max = opts->paths_max,
						       .view_max = opts->view_max,
						       .is_deferred = opts->is_deferred});
		ASSERT(x->intern[i] != NULL && x->shard[i] != NULL);
		x->inbox[i].head = x->inbox[i].tail = 0;
	}
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		member_init(x, i);
	}
}

static void member_fini(struct exchange_member *m)
{
	struct notify why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, "bye");

	session_disable(&m->session, &why, m->exchange->now);
	exchange_sync(m);
	exchange_deliver(m, UINT64_MAX);
	exchange_disconnect(m, true);
	ASSERT(m->session.want == SESSION_WANT_REFUSE && !m->is_up);
	push_families(m, OP_STALE_END, stale_drop(&m->stale));
	export_fini(&m->export);
	sendq_fini(&m->sendq);
}

static bool is_empty(const struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		if (!shard_is_empty(x->shard[i]) || intern_count(x->intern[i]) > 0) {
			return false;
		}
	}
	return true;
}

void exchange_fini(struct exchange *x)
{
	for (unsigned i = 0; i < EXCHANGE_MEMBERS; i++) {
		member_fini(&x->member[i]);
	}
	struct op settled = {.kind = OP_SETTLED, .peer = PEER_NONE};
	for (unsigned i = 0; i < x->opts.shard_count * FAMILY_COUNT; i++) {
		settled.family = (uint8_t)(i % FAMILY_COUNT);
		push_op(x, i / FAMILY_COUNT, &settled);
	}
	for (unsigned round = 0; !is_empty(x) || round < SETTLED_MAX; round++) {
		ASSERT(round < ROUNDS_MAX);
		for (unsigned i = 0; i < x->opts.shard_count; i++) {
			exchange_turn(x, i, 0);
		}
		x->now += LOG_ROUND_US;
	}
	for (unsigned i = 0; i < x->opts.shard_count; i++) {
		shard_free(x->shard[i]);
		intern_free(x->intern[i]);
		judge_free(x->judge[i]);
	}
	epoch_thread_end();
}
