/* Input: frames become segments of the members' connections.
 *
 * Every worker reads its own queues.  Whose segment it is follows from the source address alone
 * (place_find), so a frame of another worker's member is handed over whole, before any state is
 * touched; the owner parses it again.  Only configured neighbours get further than the address
 * look-up, and past that only from as near as GTSM wants them: everyone else is counted and
 * forgotten.
 */
#include "dataplane/core/transport.h"
#include "rib/base/check.h"

/* Nothing but room in the send queue can have come of it: the lists and the timer may wait until
 * all that came with it is taken in, for ACKs come in rows. */
static bool is_bare_ack(const struct member *m, const struct tcp *tcp, const struct seg *seg)
{
	return tcp == m->tcp && m->is_told_up && tcp_state(tcp) == TCP_ESTABLISHED &&
	       (seg->flags & ~TCP_PSH) == TCP_ACK && seg->payload.len == 0;
}

static void member_input(struct member *m, const struct net_rx *rx, const struct seg *seg,
			 uint16_t src_port, uint16_t dst_port)
{
	struct core *c = m->core;
	struct endpoint local = {.addr = rx->dst, .port = dst_port};
	struct endpoint remote = {.addr = rx->src, .port = src_port};
	uint16_t mtu = c->server->port[rx->port].mtu;
	bool is_syn = (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
	struct auth_packet packet = {seg, &remote, &local, rx->l4};
	if (!keys_admit(m, &packet)) {
		return;
	}
	struct tcp *tcp = transport_find(m, &local, &remote);
	if (tcp != NULL && !tcp_can_reuse(tcp, seg)) {
		tcp_rx(tcp, seg, c->now);
		if (is_bare_ack(m, tcp, seg)) {
			work_add(c, WORK_SYNC, m);
		} else {
			member_sync(m);
		}
	} else if (is_syn) {
		transport_syn(m, &local, &remote, seg, mtu);
	} else {
		transport_stray(m, &local, &remote, seg, mtu);
	}
}

static void hand_over(struct core *c, core_id_t owner, unsigned nic, unsigned queue,
		      struct frame_buf *frame)
{
	struct mail *mail = mesh_mail(c->server->mesh, c->id, owner);
	if (mail == NULL) { /* TCP sends it again. */
		core_drop(c, CORE_DROP_HAND_OVER_FULL);
		nic_release(c->server->nic[nic], queue, frame, 1);
		return;
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
	if (place_find(c->server, &rx->learned_addr) == NULL &&
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

/* Why a segment could not be read. */
static enum core_drop drop_of(enum seg_verdict verdict)
{
	static const enum core_drop drops[] = {
		[SEG_SHORT] = CORE_DROP_SEG_SHORT,
		[SEG_OFFSET] = CORE_DROP_SEG_OFFSET,
		[SEG_OPTIONS] = CORE_DROP_SEG_OPTIONS,
		[SEG_CHECKSUM] = CORE_DROP_SEG_CHECKSUM,
	};
	ASSERT(verdict != SEG_OK && verdict < ARRAY_COUNT(drops));
	return drops[verdict];
}

/* A segment of a member of ours. */
static void input_segment(struct core *c, struct member *m, const struct net_rx *rx,
			  bool is_csum_good)
{
	struct seg seg;
	uint16_t src_port, dst_port;
	enum seg_verdict verdict =
		seg_decode(rx->l4, &rx->src, &rx->dst, is_csum_good, &src_port, &dst_port, &seg);
	ASSERT(m->core == c);
	if (verdict == SEG_OK) {
		member_input(m, rx, &seg, src_port, dst_port);
	} else {
		member_drop(m, drop_of(verdict));
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
	static const enum core_drop drops[ICMP_KIND_COUNT] = {
		[ICMP_TOO_BIG] = CORE_DROP_ICMP_TOO_BIG,
		[ICMP_HARD] = CORE_DROP_ICMP_HARD,
		[ICMP_SOFT] = CORE_DROP_ICMP_SOFT,
	};
	ASSERT(e->kind < ICMP_KIND_COUNT);
	struct tcp *tcp = transport_find(m, &local, &remote);
	member_drop(m, tcp != NULL ? drops[e->kind] : CORE_DROP_ICMP_UNKNOWN);
	/* RFC 5925 §7.8: with AO, IPv4's report counts as little as what is not signed.  A path
	 * that swallows large segments is found without it. */
	bool is_trusted = auth_kind(m->auth.now) != SEG_AUTH_AO || e->remote.family != FAMILY_IPV4;
	if (tcp != NULL && e->kind == ICMP_TOO_BIG && is_trusted) {
		tcp_too_big(tcp, e->seq, e->mtu, m->core->now);
		member_sync(m);
	}
}

static void drop_unknown(struct core *c, const struct net_rx *rx, bool is_icmp)
{
	if (is_icmp) {
		core_drop(c, CORE_DROP_ICMP_UNKNOWN);
		return;
	}
	bool is_syn = rx->l4.len > 13 && (rx->l4.data[13] & TCP_SYN) != 0;
	core_drop(c, is_syn ? CORE_DROP_SYN_UNKNOWN : CORE_DROP_SEGMENT_UNKNOWN);
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
	const struct place_row *who = place_find(c->server, is_icmp ? &rx.icmp.remote : &rx.src);
	if (kernel_owns(c, &rx, is_icmp, who != NULL)) {
		kernel_give(c, rx.port, frame);
		return false;
	}
	if (who == NULL) {
		drop_unknown(c, &rx, is_icmp);
		return false;
	}
	/* RFC 5082 §3; a report comes from any router on the way. */
	if (!is_icmp && rx.hop_limit < who->hop_limit_min) {
		metric_add(&c->far_drop[who->peer], 1);
		core_drop(c, CORE_DROP_TTL_LOW);
		return false; /* Here and now: a flood must not fill the owner's ring. */
	}
	core_id_t owner = place_worker(c->server, who->peer);
	if (owner != c->id) {
		hand_over(c, owner, nic, queue, frame);
		return true;
	}
	struct member *m = &c->server->member[who->peer];
	if (!m->is_used) { /* It comes, or has just gone. */
		drop_unknown(c, &rx, is_icmp);
	} else if (is_icmp) {
		input_icmp(m, &rx.icmp);
	} else {
		input_segment(c, m, &rx, frame->is_csum_good);
	}
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
			/* Given on, when the address has become another member's meanwhile. */
			if (!input_frame(c, mail->nic, mail->queue, &frame)) {
				nic_release(c->server->nic[mail->nic], mail->queue, &frame, 1);
			}
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
	struct member *m;
	while ((m = work_take(c, WORK_SYNC)) != NULL) {
		member_sync(m);
	}
	kernel_rx(c);
}
