/* Output: segments and the network's own frames go to the NICs of their ports.
 *
 * Buffers are taken from a NIC in bursts and kept in stock; filled ones wait in a burst until the
 * NIC takes them.  What the NIC does not take stays for the next turn: no room means that the
 * connections keep their bytes.  A worker without a transmit queue of its own hands its frames to
 * the worker whose queue it shares.
 *
 * Segments with a signature are sealed without it; before a burst goes out, all that wait for one
 * get it together (tcp/signer.h).
 *
 * A port that cuts gets super-segments: headers, and references to what lies in the send queue.  It
 * has read them when the call returns; one that it does not take is copied and goes first the next
 * time.  Frames and super-segments leave in the order in which they were made.
 */
#include "dataplane/core/transport.h"

#include <stdlib.h>

#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"
#include "rib/base/check.h"

#define FRAME_MIN 60 /* Ethernet's minimum without the frame check sequence. */
/* Of all connections in a turn, as they are on the wire, give or take one super-segment; half of
 * what a turn reads from a queue. */
#define TX_FRAMES 64

static unsigned nic_of(const struct core *c, unsigned port)
{
	return c->server->port[port].nic;
}

static unsigned tx_queue(const struct core *c, unsigned nic)
{
	return c->id % c->server->nic[nic]->queue_count;
}

bool output_init(struct core *c)
{
	c->tx = calloc(c->server->nic_count, sizeof(struct nic_tx));
	for (unsigned i = 0; c->tx != NULL && i < c->server->nic_count; i++) {
		const struct nic *nic = c->server->nic[i];
		if (!nic_can_gather(nic) || nic->tso_max == 0 || tx_queue(c, i) != c->id) {
			continue;
		}
		ASSERT(nic->tso_max >= nic->mtu && nic->tso_max <= UINT16_MAX);
		c->tx[i].kept = malloc(UINT16_MAX);
		if (c->tx[i].kept == NULL) {
			return false;
		}
	}
	return c->tx != NULL;
}

void output_fini(struct core *c)
{
	if (c->signer != NULL) { /* Of frames that a full port has kept from being offered. */
		signer_run(c->signer);
	}
	for (unsigned i = 0; c->tx != NULL && i < c->server->nic_count; i++) {
		struct nic *nic = c->server->nic[i];
		nic_release(nic, tx_queue(c, i), c->tx[i].stock, c->tx[i].stock_count);
		nic_release(nic, tx_queue(c, i), c->tx[i].out, c->tx[i].out_count);
		free(c->tx[i].kept);
	}
	free(c->tx);
}

/* Offer the super-segment, unless frames go before it. */
static bool gather_send(struct core *c, unsigned nic)
{
	struct nic_tx *tx = &c->tx[nic];
	const struct nic_gather *g = &tx->gather;
	if (tx->out_count > 0 || nic_gather(c->server->nic[nic], tx_queue(c, nic), g, 1) != 1) {
		return false;
	}
	metric_add(&c->stats.frames_out, (g->payload_len + g->gso_size - 1) / g->gso_size);
	return true;
}

static void nic_flush(struct core *c, unsigned nic)
{
	struct nic_tx *tx = &c->tx[nic];
	unsigned queue = tx_queue(c, nic);
	unsigned sent = 0;
	signer_run(c->signer);
	if (queue == c->id) {
		sent = nic_tx(c->server->nic[nic], queue, tx->out, tx->out_count);
	} else {
		for (; sent < tx->out_count; sent++) {
			struct mail *mail = mesh_mail(c->server->mesh, c->id, (core_id_t)queue);
			if (mail == NULL) {
				break;
			}
			*mail = (struct mail){
				.kind = MAIL_TX, .nic = (uint8_t)nic, .queue = (uint8_t)queue};
			mail->frame = tx->out[sent];
		}
	}
	metric_add(&c->stats.frames_out, sent);
	c->did_work = c->did_work || sent > 0;
	for (unsigned i = sent; i < tx->out_count; i++) {
		tx->out[i - sent] = tx->out[i];
	}
	tx->out_count -= sent;
	tx->has_kept = tx->has_kept && !gather_send(c, nic);
	tx->full_until = tx->out_count > 0 || tx->has_kept ? c->now + TX_RETRY_US : 0;
}

/* Nothing more can be given to the NIC for now.  To offer it a frame whenever one has left would
 * cost more than to send them, with a thousand connections that all wait. */
static bool is_full(const struct core *c, unsigned nic)
{
	const struct nic_tx *tx = &c->tx[nic];
	return c->now < tx->full_until && (tx->has_kept || tx->out_count == NIC_BURST_MAX);
}

static bool are_all_full(const struct core *c)
{
	for (unsigned nic = 0; nic < c->server->nic_count; nic++) {
		if (!is_full(c, nic)) {
			return false;
		}
	}
	return true;
}

/* An empty buffer of the NIC, or NULL when there is none or the NIC does not keep up. */
static struct frame_buf *frame_begin_tx(struct core *c, unsigned nic)
{
	struct nic_tx *tx = &c->tx[nic];
	if (tx->has_kept || tx->out_count == NIC_BURST_MAX) {
		nic_flush(c, nic);
		if (tx->has_kept || tx->out_count == NIC_BURST_MAX) {
			return NULL;
		}
	}
	if (tx->stock_count == 0) {
		tx->stock_count =
			nic_alloc(c->server->nic[nic], tx_queue(c, nic), tx->stock, NIC_BURST_MAX);
	}
	return tx->stock_count == 0 ? NULL : &tx->stock[tx->stock_count - 1];
}

/* The buffer of frame_begin_tx is filled with `len` bytes. */
static void frame_end_tx(struct core *c, unsigned nic, size_t len)
{
	struct nic_tx *tx = &c->tx[nic];
	struct frame_buf *frame = &tx->stock[--tx->stock_count];
	ASSERT(len <= frame->room && tx->out_count < NIC_BURST_MAX);
	if (len < FRAME_MIN) {
		memset(frame->data + len, 0, FRAME_MIN - len);
		len = FRAME_MIN;
	}
	frame->len = (uint32_t)len;
	tx->out[tx->out_count++] = *frame;
	c->did_work = true;
}

bool output_frame(struct core *c, unsigned port, struct span in)
{
	struct frame_buf *frame = frame_begin_tx(c, nic_of(c, port));
	if (frame == NULL || in.len + ETH_TAG_LEN > frame->room || in.len < ETH_HEADER_LEN) {
		return false;
	}
	memcpy(frame->data, in.data, in.len);
	frame_end_tx(c, nic_of(c, port), eth_tag(frame->data, in.len, c->server->port[port].vlan));
	return true;
}

void output_forward(struct core *c, const struct mail *mail)
{
	struct frame_buf frame = mail->frame;
	struct nic *nic = c->server->nic[mail->nic];
	if (nic_tx(nic, c->id, &frame, 1) != 1) {
		nic_release(nic, c->id, &frame, 1);
		core_drop(c, CORE_DROP_TX_FULL);
	}
}

/* Write one segment of the member's into a frame of the route's port; one without payload needs no
 * `tcp`. */
static void emit_segment(struct member *m, const struct net_route *route, struct frame_buf *frame,
			 const struct seg *seg, const struct endpoint *local,
			 const struct endpoint *remote, struct tcp *tcp)
{
	struct core *c = m->core;
	size_t header = seg_header_len(seg);
	uint8_t *l4 = frame->data + route->header_len;
	ASSERT(route->header_len + header + seg->payload.len <= frame->room);
	uint64_t sum = seg->payload.len > 0 ? tcp_payload(tcp, seg, l4 + header) : 0;
	struct auth_packet packet = {seg, local, remote, span_of(l4, header + seg->payload.len)};
	seg_encode(seg, local, remote, l4);
	keys_sign(m, &packet, l4);
	seg_seal(seg, local, remote, l4, sum);
	net_encap(c->net, route, (uint16_t)(header + seg->payload.len), frame->data);
	frame_end_tx(c, nic_of(c, route->port), route->header_len + header + seg->payload.len);
}

/* The payload of the super-segments that may take that route; 0: none are made. */
static uint32_t bulk_max(const struct core *c, const struct net_route *route)
{
	unsigned nic = nic_of(c, route->port);
	size_t headers = ip_header_len(route->dst.family) + TCP_HEADER_MAX;
	return c->tx[nic].kept == NULL ? 0 : c->server->nic[nic]->tso_max - (uint32_t)headers;
}

/* The NIC has not taken it, and what it refers to will not stay. */
static void gather_keep(struct nic_tx *tx)
{
	struct nic_gather *g = &tx->gather;
	size_t len = 0;
	for (unsigned i = 0; i < g->payload_count; i++) {
		memcpy(tx->kept + len, tx->payload[i].data, tx->payload[i].len);
		len += tx->payload[i].len;
	}
	ASSERT(len == g->payload_len && !tx->has_kept);
	tx->payload[0] = span_of(tx->kept, len);
	g->payload_count = 1;
	tx->has_kept = true;
}

/* Give a super-segment to the port of the route. */
static void emit_bulk(struct core *c, const struct net_route *route, const struct seg *seg,
		      const struct tcp *tcp)
{
	unsigned nic = nic_of(c, route->port);
	struct nic_tx *tx = &c->tx[nic];
	size_t header_len = seg_header_len(seg);
	unsigned count = tcp_spans(tcp, seg, tx->payload, NIC_GATHER_SPANS);
	ASSERT(!tx->has_kept);
	tx->gather = (struct nic_gather){
		.payload = tx->payload,
		.payload_len = (uint32_t)seg->payload.len,
		.payload_count = (uint16_t)count,
		.gso_size = seg->cut,
		.header_len = (uint8_t)(route->header_len + header_len),
		.l3_at = (uint8_t)(route->header_len - ip_header_len(route->dst.family)),
		.l4_at = route->header_len,
	};
	uint8_t *l4 = tx->gather.header + route->header_len;
	seg_encode(seg, tcp_local(tcp), tcp_remote(tcp), l4);
	seg_seal_open(seg, tcp_local(tcp), tcp_remote(tcp), l4);
	net_encap(c->net, route, (uint16_t)(header_len + seg->payload.len), tx->gather.header);
	if (tx->out_count > 0) {
		nic_flush(c, nic);
	}
	if (!gather_send(c, nic)) {
		gather_keep(tx);
	}
	c->did_work = true;
}

/* Send what one connection wants, within its budget and the turn's.  True when it is to be visited
 * again in the next turn. */
static bool connection_tx(struct core *c, struct member *m, struct tcp *tcp, unsigned *turn_budget)
{
	const struct endpoint *local = tcp_local(tcp), *remote = tcp_remote(tcp);
	unsigned frames;
	for (unsigned done = 0; *turn_budget > 0 && done < TX_SEGMENTS; done += frames) {
		struct net_route route;
		struct frame_buf *frame;
		struct seg seg;
		if (!tcp_wants_tx(tcp, c->now)) {
			return false;
		}
		if (net_route(c->net, &local->addr, &remote->addr, c->now, &route) != ROUTE_OK) {
			m->route_due = c->now + ROUTE_RETRY_US;
			return false;
		}
		frame = is_full(c, nic_of(c, route.port))
				? NULL
				: frame_begin_tx(c, nic_of(c, route.port));
		if (frame == NULL) {
			return true;
		}
		tcp_set_bulk(tcp, bulk_max(c, &route), NIC_GATHER_SPANS);
		if (!tcp_tx(tcp, &seg, c->now)) {
			return false;
		}
		if (seg.cut != 0) {
			emit_bulk(c, &route, &seg, tcp);
		} else {
			emit_segment(m, &route, frame, &seg, local, remote, tcp);
		}
		frames = seg_pieces(&seg);
		*turn_budget -= frames < *turn_budget ? frames : *turn_budget;
	}
	return tcp_wants_tx(tcp, c->now);
}

static bool member_tx(struct core *c, struct member *m, unsigned *turn_budget)
{
	bool is_unfinished = m->tcp != NULL && connection_tx(c, m, m->tcp, turn_budget);
	if (m->rival.tcp != NULL) {
		is_unfinished = connection_tx(c, m, m->rival.tcp, turn_budget) || is_unfinished;
	}
	return is_unfinished;
}

/* A turn sends few enough frames that the acknowledgements they bring fit into one turn's reading:
 * sending to a thousand members before looking at the receive ring would overflow it. */
static void output_members(struct core *c)
{
	struct member *again = NULL, *m;
	unsigned budget = TX_FRAMES;
	while (budget > 0 && !are_all_full(c) && (m = work_take(c, WORK_TX)) != NULL) {
		if (m == again) {
			work_add(c, WORK_TX, m);
			break; /* All were visited once. */
		}
		if (member_tx(c, m, &budget)) {
			again = again == NULL ? m : again;
			work_add(c, WORK_TX, m);
		}
		member_sync(m);
	}
}

static void output_answer(struct core *c, const struct answer *a)
{
	struct net_route route;
	enum net_route_verdict verdict =
		net_route(c->net, &a->local.addr, &a->remote.addr, c->now, &route);
	if (verdict == ROUTE_WAIT && c->now < a->until) {
		answer_wait(a);
		return;
	}
	if (verdict != ROUTE_OK) {
		member_drop(a->member, CORE_DROP_ANSWER_UNROUTED);
		return;
	}
	struct frame_buf *frame = frame_begin_tx(c, nic_of(c, route.port));
	if (frame == NULL) { /* The sender tries again. */
		core_drop(c, CORE_DROP_TX_FULL);
		return;
	}
	emit_segment(a->member, &route, frame, &a->seg, &a->local, &a->remote, NULL);
}

static void output_answers(struct core *c)
{
	for (unsigned i = 0; i < c->answer_count; i++) {
		output_answer(c, &c->answer[i]);
	}
	c->answer_count = 0;
}

/* The network's own frames: a frame is written aside first, for its port is known only then. */
static void output_net(struct core *c)
{
	uint8_t buf[9216 + 64];
	while (net_wants_tx(c->net)) {
		unsigned port;
		size_t len = net_tx(c->net, buf, sizeof(buf), &port, c->now);
		if (len == 0) {
			return;
		}
		struct frame_buf *frame = frame_begin_tx(c, nic_of(c, port));
		if (frame == NULL || len > frame->room) {
			core_drop(c, CORE_DROP_TX_FULL);
			continue;
		}
		memcpy(frame->data, buf, len);
		frame_end_tx(c, nic_of(c, port), len);
	}
}

void output_tx(struct core *c)
{
	output_members(c);
	output_answers(c);
	output_net(c);
	for (unsigned nic = 0; nic < c->server->nic_count; nic++) {
		const struct nic_tx *tx = &c->tx[nic];
		if ((tx->out_count > 0 || tx->has_kept) && c->now >= tx->full_until) {
			nic_flush(c, nic);
		}
	}
}

bool output_awaits_room(const struct core *c)
{
	return !c->did_work && are_all_full(c);
}

bool output_pending(const struct core *c)
{
	for (unsigned nic = 0; nic < c->server->nic_count; nic++) {
		if (c->tx[nic].out_count > 0 || c->tx[nic].has_kept) {
			return true;
		}
	}
	return c->work[WORK_TX].first != NULL || c->answer_count > 0 || net_wants_tx(c->net);
}
