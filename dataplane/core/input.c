/* Input: frames become segments of the members' connections.
 *
 * Every worker reads its own queues.  Whose segment it is follows from the source address alone
 * (place_member), so a frame of another worker's member is handed over whole, before any state is
 * touched; the owner parses it again.  Only configured neighbours get further than the address
 * look-up: everyone else is counted and forgotten.
 */
#include "dataplane/core/core_priv.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

static void queue_reset(struct core *c, const struct endpoint *local, const struct endpoint *remote,
			const struct seg *in)
{
	struct reset_job job = {.local = *local, .remote = *remote};
	if (c->reset_count < RESETS_MAX && tcp_reset_for(in, &job.seg)) {
		c->reset[c->reset_count++] = job;
	}
}

/* Whether a new SYN may take the connection's place: it is past use, or its handshake is not
 * complete.  An attempt of ours may be held up for minutes by a filter that lets the member's own
 * through, and a SYN from a new port says that the old one was given up. */
static bool is_replaceable(const struct member *m)
{
	enum tcp_state state = tcp_state(m->tcp);
	return m->is_closing || (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT);
}

static bool may_accept(const struct member *m, const struct endpoint *local)
{
	if (local->port != BGP_PORT || !m->session.is_enabled || m->core->is_stopping) {
		return false;
	}
	if (m->conf->has_local_addr && !addr_equal(&m->conf->local_addr, &local->addr)) {
		return false;
	}
	return m->tcp == NULL || is_replaceable(m);
}

/* Without RST: the peer of the old connection is gone, as its new SYN shows. */
static void drop_connection(struct member *m)
{
	bool was_told_up = m->is_told_up;
	if (m->tcp == NULL) {
		return;
	}
	member_disconnect(m);
	if (was_told_up) {
		session_transport_down(&m->session, "replaced by a new connection", m->core->now);
	}
}

static void accept_syn(struct member *m, const struct endpoint *local,
		       const struct endpoint *remote, const struct seg *syn, uint16_t mtu)
{
	struct core *c = m->core;
	struct tcp *tcp = tcp_new();
	if (tcp == NULL) {
		return;
	}
	drop_connection(m);
	uint16_t ip_len = remote->addr.family == FAMILY_IPV4 ? 20 : 40;
	struct tcp_conf conf = {
		.local = *local,
		.remote = *remote,
		.mss = (uint16_t)(mtu - ip_len - TCP_HEADER_MIN),
		.rcv_buf_max = RCV_BUF_MAX,
		.snd_buf_max = c->server->opts.send_bytes_max,
		.iss = tcp_isn(local, remote, c->server->key, c->now),
		.ts_offset = (uint32_t)hash_bytes(&remote->addr, sizeof(remote->addr),
						  c->server->key + 1),
	};
	tcp_accept(tcp, &conf, syn, c->now);
	m->tcp = tcp;
	m->acked_seen = 0;
	c->live_count++;
	member_sync(m);
}

static bool is_connection(const struct member *m, const struct endpoint *local,
			  const struct endpoint *remote)
{
	return m->tcp != NULL && tcp_remote(m->tcp)->port == remote->port &&
	       tcp_local(m->tcp)->port == local->port &&
	       addr_equal(&tcp_local(m->tcp)->addr, &local->addr);
}

static void member_input(struct member *m, const struct net_rx *rx, const struct seg *seg,
			 uint16_t src_port, uint16_t dst_port)
{
	struct core *c = m->core;
	struct endpoint local = {.addr = rx->dst, .port = dst_port};
	struct endpoint remote = {.addr = rx->src, .port = src_port};
	bool is_syn = (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	if (is_connection(m, &local, &remote) && !tcp_can_reuse(m->tcp, seg)) {
		tcp_rx(m->tcp, seg, c->now);
		member_sync(m);
	} else if (is_syn && may_accept(m, &local)) {
		accept_syn(m, &local, &remote, seg, c->server->port[rx->port].mtu);
	} else {
		metric_add(&c->stats.seg_unknown, 1);
		queue_reset(c, &local, &remote, seg);
	}
}

static void hand_over(struct core *c, core_id_t owner, unsigned nic, unsigned queue,
		      struct frame_buf *frame)
{
	struct mail *mail = mesh_mail(c->server->mesh, c->id, owner);
	if (mail == NULL) {
		nic_release(c->server->nic[nic], queue, frame, 1);
		return; /* TCP sends it again. */
	}
	*mail = (struct mail){.kind = MAIL_RX, .nic = (uint8_t)nic, .queue = (uint8_t)queue};
	mail->frame = *frame;
	metric_add(&c->stats.frames_handed_over, 1);
}

/* The other workers want to know whom they may speak to: members and gateways, not every station
 * that asks for us.  What was learned takes at most half of a ring, so that a flood of it leaves
 * room for frames; who asked and is not told asks again. */
static void tell_learned(struct core *c, const struct net_rx *rx)
{
	struct mesh *mesh = c->server->mesh;
	if (server_member(c->server, &rx->learned_addr) == NULL &&
	    !net_is_gateway(c->net, rx->port, &rx->learned_addr)) {
		return;
	}
	for (unsigned to = 0; to < c->server->opts.core_count; to++) {
		if (to != c->id && mesh_mail_room(mesh, c->id, (core_id_t)to) > MAIL_RING / 2) {
			struct mail *mail = mesh_mail(mesh, c->id, (core_id_t)to);
			*mail = (struct mail){.kind = MAIL_LEARN,
					      .port = (uint8_t)rx->port,
					      .mac = rx->learned_mac};
			mail->addr = rx->learned_addr;
		}
	}
}

/* Another station uses an address of ours. */
static void tell_conflict(struct core *c, const struct net_rx *rx)
{
	struct event *e = spsc_push(c->events);
	if (e == NULL) {
		metric_add(&c->stats.events_lost, 1);
		return;
	}
	*e = (struct event){.kind = EVENT_CONFLICT,
			    .peer = PEER_NONE,
			    .at = c->now,
			    .addr = rx->conflict_addr,
			    .mac = rx->conflict_mac};
	spsc_publish(c->events);
}

/* A report about a segment of a member's connection.  Only "too big" can ever change anything, and
 * only once the connection has compared the sequence number; the others are counted: whoever can
 * guess ports could otherwise end sessions (RFC 5927 §5.2). */
static void input_icmp(struct member *m, const struct icmp_error *e)
{
	struct endpoint local = {.addr = e->local, .port = e->local_port};
	struct endpoint remote = {.addr = e->remote, .port = e->remote_port};
	ASSERT(e->kind < ICMP_KIND_COUNT);
	if (!is_connection(m, &local, &remote)) {
		metric_add(&m->core->stats.icmp_unknown, 1);
		return;
	}
	metric_add(&m->core->stats.icmp[e->kind], 1);
}

/* Deal with one frame; true when its buffer was given away. */
static bool input_frame(struct core *c, unsigned nic, unsigned queue, struct frame_buf *frame)
{
	struct net_rx rx;
	enum net_verdict verdict = net_rx(c->net, nic, frame, c->now, &rx);
	if (rx.has_learned) {
		tell_learned(c, &rx);
	}
	if (rx.has_conflict) {
		tell_conflict(c, &rx);
	}
	if (rx.is_for_kernel) {
		kernel_give(c, rx.port, frame);
	}
	if (verdict != NET_TCP && verdict != NET_ICMP_ERROR) {
		return false;
	}
	bool is_icmp = verdict == NET_ICMP_ERROR;
	struct member *m = server_member(c->server, is_icmp ? &rx.icmp.remote : &rx.src);
	if (kernel_owns(c, &rx, is_icmp, m)) {
		kernel_give(c, rx.port, frame);
		return false;
	}
	if (m == NULL && is_icmp) {
		metric_add(&c->stats.icmp_unknown, 1);
		return false;
	}
	if (m == NULL) {
		bool is_syn = rx.l4.len > 13 && (rx.l4.data[13] & TCP_SYN) != 0;
		metric_add(is_syn ? &c->stats.syn_unknown : &c->stats.seg_unknown, 1);
		return false;
	}
	if (m->core != c) {
		hand_over(c, m->core->id, nic, queue, frame);
		return true;
	}
	if (is_icmp) {
		input_icmp(m, &rx.icmp);
		return false;
	}
	struct seg seg;
	uint16_t src_port, dst_port;
	if (seg_decode(rx.l4, &rx.src, &rx.dst, frame->is_csum_good, &src_port, &dst_port, &seg) !=
	    SEG_OK) {
		metric_add(&c->stats.seg_bad, 1);
		return false;
	}
	member_input(m, &rx, &seg, src_port, dst_port);
	return false;
}

static void input_queue(struct core *c, unsigned nic_idx)
{
	struct nic *nic = c->server->nic[nic_idx];
	if (c->id >= nic->queue_count) {
		return;
	}
	struct frame_buf frame[NIC_BURST_MAX];
	for (unsigned burst = 0; burst < RX_BURSTS; burst++) {
		unsigned count = nic_rx(nic, c->id, frame, NIC_BURST_MAX);
		unsigned kept = 0;
		for (unsigned i = 0; i < count; i++) {
			if (!input_frame(c, nic_idx, c->id, &frame[i])) {
				frame[kept++] = frame[i];
			}
		}
		nic_release(nic, c->id, frame, kept);
		metric_add(&c->stats.frames_in, count);
		c->did_work = c->did_work || count > 0;
		if (count < NIC_BURST_MAX) {
			return;
		}
	}
}

static void input_mail(struct core *c, core_id_t from)
{
	const struct mail *mail;
	while ((mail = mesh_take(c->server->mesh, from, c->id)) != NULL) {
		c->did_work = true;
		if (mail->kind == MAIL_LEARN) {
			net_learn(c->net, mail->port, &mail->addr, &mail->mac, c->now);
		} else if (mail->kind == MAIL_TX) {
			output_forward(c, mail);
		} else {
			struct frame_buf frame = mail->frame;
			bool is_given = input_frame(c, mail->nic, mail->queue, &frame);
			ASSERT(!is_given);
			nic_release(c->server->nic[mail->nic], mail->queue, &frame, 1);
		}
	}
}

void input_rx(struct core *c)
{
	for (unsigned from = 0; from < c->server->opts.core_count; from++) {
		input_mail(c, (core_id_t)from);
	}
	for (unsigned nic = 0; nic < c->server->nic_count; nic++) {
		input_queue(c, nic);
	}
	kernel_rx(c);
}
