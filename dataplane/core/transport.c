/* The connection that a member's session follows: how it comes about, and how it ends.
 *
 * It is opened when the session wishes so, or taken over when the member has completed a handshake.
 * While it is only an attempt of ours, or past use, a connection of the member's takes its place
 * at once; while it lives, the member's is a rival (rival.c).
 *
 * A member that has restarted without a word leaves a connection behind that lives on our side.
 * Its new SYN is answered like any other, and the old connection is probed: a host that has
 * forgotten it answers with a reset, and the way is free; a host that has not is silent, and the
 * new connection goes the way of RFC 4271 §6.8.  A probe is one bare ACK, and there is at most one
 * in a second, whoever sends the SYNs.
 */
#include "dataplane/core/transport.h"

#include "dataplane/tcp/cookie.h"
#include "rib/base/check.h"

#define PROBE_US USEC_PER_SEC

struct tcp_conf transport_conf(const struct member *m, const struct endpoint *local,
			       const struct endpoint *remote, uint16_t mtu)
{
	const struct server *s = m->core->server;
	unsigned ip_len = remote->addr.family == FAMILY_IPV4 ? 20 : 40;
	/* What comes in by one port may be answered by another, and that may change. */
	mtu = (uint16_t)min_u64(mtu, net_mtu_to(m->core->net, &local->addr, &remote->addr));
	return (struct tcp_conf){
		.auth = (uint8_t)auth_kind(m->auth.now),
		.mac_len = auth_mac_len(m->auth.now),
		.local = *local,
		.remote = *remote,
		.mss = (uint16_t)(mtu - ip_len - TCP_HEADER_MIN),
		.rcv_buf_max = RCV_BUF_MAX,
		.snd_buf_max = s->opts.send_bytes_max,
		.ts_offset = tcp_ts_offset(local, remote, s->key),
	};
}

uint64_t transport_cookie_key(const struct member *m)
{
	return m->core->server->key + 2;
}

static bool is_between(const struct tcp *tcp, const struct endpoint *local,
		       const struct endpoint *remote)
{
	return tcp != NULL && tcp_remote(tcp)->port == remote->port &&
	       tcp_local(tcp)->port == local->port &&
	       addr_equal(&tcp_local(tcp)->addr, &local->addr);
}

struct tcp *transport_find(const struct member *m, const struct endpoint *local,
			   const struct endpoint *remote)
{
	if (is_between(m->tcp, local, remote)) {
		return m->tcp;
	}
	return is_between(m->rival.tcp, local, remote) ? m->rival.tcp : NULL;
}

void transport_free(struct member *m, struct tcp *tcp)
{
	const struct tcp_stats *stats = tcp_stats(tcp);
	m->bytes_in += stats->bytes_in;
	m->bytes_out += stats->bytes_out;
	m->retransmits += (uint32_t)stats->retransmits;
	for (unsigned i = 0; i < TCP_DROP_COUNT; i++) {
		m->tcp_drop[i] += metric_get(&stats->drop[i]);
	}
	keys_close(m, tcp_local(tcp), tcp_remote(tcp));
	tcp_free(tcp);
	m->core->live_count--;
}

void transport_disconnect(struct member *m)
{
	transport_free(m, m->tcp);
	m->tcp = NULL;
	m->is_told_up = false;
	m->is_closing = false;
	m->close_due = 0;
	m->partial_len = 0;
	m->update_len = 0;
	keys_settle(m);
}

void transport_drop(struct member *m, const char *why)
{
	bool was_told_up = m->is_told_up;
	if (m->tcp == NULL) {
		return;
	}
	transport_disconnect(m);
	if (was_told_up) {
		session_transport_down(&m->session, why, m->core->now);
	}
	member_lost(m);
}

void transport_take(struct member *m, struct tcp *tcp, bool is_ours)
{
	ASSERT(m->tcp == NULL);
	m->tcp = tcp;
	m->is_ours = is_ours;
	m->is_told_up = false;
	m->is_closing = false;
	m->close_due = 0;
	m->partial_len = 0;
	m->update_len = 0;
	m->acked_seen = 0;
}

static bool may_accept(const struct member *m, const struct endpoint *local)
{
	if (local->port != BGP_PORT || !session_is_open(&m->session, m->core->now) ||
	    m->core->is_stopping || m->auth.has_next) {
		return false;
	}
	return !m->conf->has_local_addr || addr_equal(&m->conf->local_addr, &local->addr);
}

/* Whether a connection of the member's takes the place of the session's at once: that one is past
 * use, or an attempt of ours.  An attempt may be held up for minutes by a filter that lets the
 * member's own through; and in Connect no collision can be seen (RFC 4271 §6.8). */
static bool is_replaceable(const struct member *m)
{
	enum tcp_state state = tcp_state(m->tcp);
	return m->is_closing || (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT);
}

static void accept_connection(struct member *m, struct tcp *tcp, const struct seg *ack)
{
	m->core->live_count++;
	if (m->tcp != NULL && !is_replaceable(m)) {
		rival_set(m, tcp);
	} else {
		/* Without RST: the peer of the old one is gone, as its new one shows. */
		transport_drop(m, "replaced by a new connection");
		transport_take(m, tcp, false);
	}
	keys_accept(m, tcp_local(tcp), tcp_remote(tcp), ack);
	member_sync(m);
}

static void probe(struct member *m)
{
	usec_t now = m->core->now;
	if (m->tcp != NULL && !m->is_closing && now >= m->probe_due) {
		m->probe_due = now + PROBE_US;
		tcp_probe(m->tcp);
		member_sync(m);
	}
}

void transport_syn(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		   const struct seg *syn, uint16_t mtu)
{
	if (!may_accept(m, local)) {
		member_drop(m, CORE_DROP_NOT_LISTENING);
		answer_reset(m, local, remote, syn);
		return;
	}
	struct tcp *old = transport_find(m, local, remote);
	if (old != NULL && old == m->tcp) { /* In TIME-WAIT, RFC 6191. */
		transport_drop(m, "replaced by a new connection");
	} else if (old != NULL) {
		rival_free(m);
	}
	struct tcp_conf conf = transport_conf(m, local, remote, mtu);
	answer_syn(m, &conf, syn);
	probe(m);
}

/* A cookie is good for one connection: else whoever has seen the ACK that brought it back, or the
 * OPEN behind that, could open connections in the member's name for as long as it is valid.  The
 * last few are enough, for only the member itself can complete others. */
static bool is_spent(const struct member *m, seq_t ack)
{
	for (unsigned i = 0; i < SPENT_MAX && i < m->spent_count; i++) {
		if (m->spent[i] == ack) {
			return true;
		}
	}
	return false;
}

void transport_stray(struct member *m, const struct endpoint *local, const struct endpoint *remote,
		     const struct seg *seg, uint16_t mtu)
{
	struct tcp_conf conf = transport_conf(m, local, remote, mtu);
	struct tcp *tcp = NULL;
	if (may_accept(m, local) && !is_spent(m, seg->ack)) {
		tcp = tcp_cookie_open(&conf, seg, transport_cookie_key(m), m->core->now);
	}
	if (tcp != NULL) {
		m->spent[m->spent_count++ % SPENT_MAX] = seg->ack;
		accept_connection(m, tcp, seg);
		return;
	}
	member_drop(m, CORE_DROP_NO_CONNECTION);
	answer_reset(m, local, remote, seg);
}

/* What came before a reset still counts: many routers send a NOTIFICATION and reset at once, and it
 * alone says why.  UPDATEs need no hearing, for their routes go with the session. */
static void hear_last_words(struct member *m)
{
	while (m->session.state >= FSM_OPEN_SENT) {
		struct session_rx rx = session_rx(&m->session, tcp_peek(m->tcp), m->core->now);
		if (rx.kind == SESSION_RX_MORE) {
			break;
		}
		tcp_consume(m->tcp, rx.consumed);
	}
}

static void transport_ended(struct member *m)
{
	bool is_gone = tcp_state(m->tcp) == TCP_CLOSED;
	if (m->is_told_up) {
		hear_last_words(m);
	}
	bool has_failed_to_open = !m->is_closing && m->is_ours;
	if (m->is_told_up || has_failed_to_open) {
		m->is_told_up = false;
		session_transport_down(&m->session, tcp_reason_text(tcp_reason(m->tcp)),
				       m->core->now);
	}
	m->is_closing = true;
	m->close_due = USEC_NEVER;
	if (!is_gone && !m->auth.has_next) {
		return; /* TIME-WAIT answers late segments by itself. */
	}
	transport_disconnect(m); /* First: what it had borrowed need not be copied. */
	member_lost(m);
}

/* The member has sent FIN, and what is unread will never be a whole message. */
static bool has_input_ended(const struct member *m)
{
	return tcp_state(m->tcp) == TCP_CLOSE_WAIT && tcp_peek(m->tcp).len <= m->partial_len;
}

void transport_follow(struct member *m)
{
	if (m->tcp == NULL) {
		return;
	}
	enum tcp_state state = tcp_state(m->tcp);
	bool is_open = state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
	if (is_open && !m->is_told_up && !m->is_closing) {
		m->is_told_up = true;
		session_transport_up(&m->session, m->core->now);
	}
	if (state == TCP_CLOSED || (state == TCP_TIME_WAIT && m->is_told_up)) {
		transport_ended(m);
	} else if (m->is_told_up && !m->is_closing && has_input_ended(m)) {
		m->is_told_up = false;
		session_transport_down(&m->session, "peer closed the connection", m->core->now);
		m->is_closing = true;
		m->close_due = m->core->now + CLOSE_GRACE_US;
		tcp_close(m->tcp);
	}
}

static void open_connection(struct member *m)
{
	struct core *c = m->core;
	struct endpoint local = {.port = (uint16_t)(49152 + prng_below(&c->prng, 16384))};
	struct endpoint remote = {.addr = m->conf->addr, .port = BGP_PORT};
	if (m->conf->has_local_addr) {
		local.addr = m->conf->local_addr;
	} else if (!net_source_for(c->net, &remote.addr, &local.addr)) {
		return;
	}
	struct net_route route;
	if (net_route(c->net, &local.addr, &remote.addr, c->now, &route) != ROUTE_OK) {
		m->route_due = c->now + ROUTE_RETRY_US;
		return;
	}
	struct tcp *tcp = tcp_new();
	if (tcp == NULL) {
		member_drop(m, CORE_DROP_NO_MEMORY_CONNECTION);
		return;
	}
	struct tcp_conf conf = transport_conf(m, &local, &remote, route.mtu);
	conf.iss = tcp_isn(&local, &remote, c->server->key, c->now);
	tcp_connect(tcp, &conf, c->now);
	keys_connect(m, &conf);
	transport_take(m, tcp, true);
	c->live_count++;
}

/* What the session wishes of its transport. */
static void obey_wish(struct member *m)
{
	usec_t now = m->core->now;
	switch (m->session.want) {
	case SESSION_WANT_CONNECT:
		if (m->tcp == NULL && now >= m->route_due) {
			open_connection(m);
		}
		break;
	case SESSION_WANT_CLOSE:
	case SESSION_WANT_REFUSE:
		if (m->tcp == NULL) {
			if (m->session.want == SESSION_WANT_CLOSE) {
				session_transport_down(&m->session, "closed", now);
			}
		} else if (!m->is_closing && session_tx(&m->session).len == 0) {
			m->is_closing = true;
			m->close_due = now + CLOSE_GRACE_US;
			tcp_close(m->tcp);
		} else if (m->close_due == 0) {
			m->close_due = now + CLOSE_GRACE_US; /* Its queue is full. */
		}
		break;
	case SESSION_WANT_ABORT:
		if (m->tcp != NULL) {
			tcp_abort(m->tcp);
		}
		break;
	default:
		break;
	}
}

static void push_session_bytes(struct member *m)
{
	struct span bytes = session_tx(&m->session);
	if (bytes.len > 0 && m->tcp != NULL && m->is_told_up && !m->is_closing &&
	    sendq_push_copy(tcp_sendq(m->tcp), bytes)) {
		session_sent(&m->session, m->core->now);
	}
}

void transport_obey(struct member *m)
{
	push_session_bytes(m);
	obey_wish(m);
	if (m->tcp != NULL && tcp_state(m->tcp) == TCP_CLOSED) {
		transport_ended(m); /* An abort before there was anything to reset. */
	}
	if (m->tcp == NULL) {
		m->close_due = 0;
		m->is_told_up = false;
		m->is_closing = false;
		m->partial_len = 0;
		m->update_len = 0;
	}
}

/* The connection will not close: reset it, or just forget it when its neighbour is not even there
 * to hear that. */
static void give_up(struct member *m)
{
	struct net_route route;
	bool was_told_up = m->is_told_up;
	m->close_due = USEC_NEVER;
	tcp_abort(m->tcp);
	if (net_route(m->core->net, &tcp_local(m->tcp)->addr, &tcp_remote(m->tcp)->addr,
		      m->core->now, &route) == ROUTE_OK) {
		return;
	}
	transport_disconnect(m);
	if (was_told_up) {
		session_transport_down(&m->session, "the peer cannot be reached", m->core->now);
	}
}

void transport_tick(struct member *m)
{
	if (m->tcp != NULL) {
		tcp_tick(m->tcp, m->core->now);
		if (m->close_due != 0 && m->core->now >= m->close_due) {
			give_up(m);
		}
	}
	rival_tick(m);
	answer_tick(m);
}

usec_t transport_due(const struct member *m)
{
	usec_t due = USEC_NEVER;
	if (m->tcp != NULL) {
		due = tcp_due(m->tcp);
		if (m->close_due != 0) {
			due = min_u64(due, m->close_due);
		}
	} else if (m->session.want == SESSION_WANT_CONNECT) {
		due = max_u64(m->route_due, m->core->now + 1);
	}
	if (m->rival.tcp != NULL) {
		due = min_u64(due, min_u64(tcp_due(m->rival.tcp), m->rival.due));
	}
	if (m->answer_due != 0) {
		due = min_u64(due, m->answer_due);
	}
	return due;
}

bool transport_wants_tx(const struct member *m)
{
	usec_t now = m->core->now;
	return (m->tcp != NULL && tcp_wants_tx(m->tcp, now)) ||
	       (m->rival.tcp != NULL && tcp_wants_tx(m->rival.tcp, now));
}

bool transport_is_quiet(const struct member *m)
{
	/* TIME-WAIT needs nothing of us any more. */
	return m->rival.tcp == NULL && (m->tcp == NULL || tcp_state(m->tcp) == TCP_TIME_WAIT);
}

void transport_check(const struct member *m)
{
	ASSERT(m->tcp != NULL || !m->is_told_up);
	if (m->tcp != NULL) {
		tcp_check(m->tcp);
	}
	if (m->rival.tcp != NULL) {
		ASSERT(m->rival.tcp != m->tcp);
		tcp_check(m->rival.tcp);
	}
}
