/* From Ethernet to TCP: frames for a live connection, one after another, and what the owner of a
 * connection does in between.
 *
 * The input opens the connection (family, options of the SYN, buffer) and then goes in steps: raw
 * frames, segments built around the connection's own numbers (so that the deep layers are reached),
 * time, pushes, reads, close, abort.  After each step tcp_check() must hold, tcp_wants_tx() must
 * agree with tcp_tx(), and every segment sent must be one that a receiver accepts. */
#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"
#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 128
#define PORT_OURS 179
#define PORT_PEER 40000
#define PUSH_MAX  4096
#define SEGS_MAX  2000 /* More than a window holds in one drain. */

enum step {
	STEP_RAW,
	STEP_FIXED,
	STEP_SEGMENT,
	STEP_TIME,
	STEP_PUSH,
	STEP_READ,
	STEP_END,
	STEP_LOOK,
	STEP_COUNT
};

struct subject {
	struct rd in;
	struct net *net;
	struct tcp *tcp;
	struct endpoint local, remote;
	enum family family;
	usec_t now;
	uint32_t rcv_nxt, snd_nxt; /* As the last segment that was sent says. */
	uint32_t ts_echo, ts_val;
	bool has_ts;
	uint8_t frame[FRAME_MAX];
};

static const uint8_t *pattern(void)
{
	static uint8_t bytes[PUSH_MAX];
	static bool is_made;

	for (size_t i = 0; !is_made && i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	}
	is_made = true;
	return bytes;
}

/* A receiver must take what we send: every layer is decoded again, sums verified. */
static void check_frame(const struct subject *s, size_t len)
{
	struct ip_packet p;
	uint16_t src_port, dst_port;
	struct eth eth;
	struct seg seg;

	ASSERT(len <= ETH_HEADER_LEN + 1500);
	ASSERT(eth_decode(span_of(s->frame, len), &eth) == NET_DROP_NONE);
	ASSERT((s->family == FAMILY_IPV4 ? ip4_decode(eth.payload, false, &p)
					 : ip6_decode(eth.payload, &p)) == NET_DROP_NONE);
	ASSERT(p.proto == IP_PROTO_TCP);
	ASSERT(seg_decode(p.l4, &p.src, &p.dst, false, &src_port, &dst_port, &seg) == SEG_OK);
	ASSERT(src_port == s->local.port && dst_port == s->remote.port);
}

/* Write a segment as the worker does, with headers if the neighbour is known. */
static void send_segment(struct subject *s, const struct seg *seg)
{
	struct net_route route;
	size_t l4_len = seg_header_len(seg) + seg->payload.len;

	if (net_route(s->net, &s->local.addr, &s->remote.addr, s->now, &route) != ROUTE_OK) {
		return;
	}
	ASSERT(route.header_len + l4_len <= sizeof(s->frame));
	uint8_t *l4 = s->frame + route.header_len;

	uint64_t sum = tcp_payload(s->tcp, seg, l4 + seg_header_len(seg));

	net_encap(s->net, &route, (uint16_t)l4_len, s->frame);
	seg_encode(seg, &s->local, &s->remote, l4);
	seg_seal(seg, &s->local, &s->remote, l4, sum);
	check_frame(s, route.header_len + l4_len);
}

static void drain(struct subject *s)
{
	struct seg out;

	for (unsigned count = 0;; count++) {
		bool wants = tcp_wants_tx(s->tcp, s->now);

		ASSERT(tcp_tx(s->tcp, &out, s->now) == wants);
		tcp_check(s->tcp);
		if (!wants) {
			break;
		}
		ASSERT(count < SEGS_MAX);
		s->snd_nxt = out.seq + (uint32_t)out.payload.len +
			     ((out.flags & (TCP_SYN | TCP_FIN)) != 0);
		s->rcv_nxt = (out.flags & TCP_ACK) != 0 ? out.ack : s->rcv_nxt;
		s->ts_echo = out.has_ts ? out.ts_val : s->ts_echo;
		send_segment(s, &out);
	}
	lan_drain(s->net, s->now);
}

/* The worker's way in. */
static void receive(struct subject *s, size_t len)
{
	uint16_t src_port, dst_port;
	struct seg seg, reset;
	struct net_rx rx;

	if (lan_rx(s->net, span_of(s->frame, len), s->now, &rx) != NET_TCP ||
	    seg_decode(rx.l4, &rx.src, &rx.dst, false, &src_port, &dst_port, &seg) != SEG_OK) {
		return;
	}
	if (src_port == s->remote.port && dst_port == s->local.port &&
	    addr_equal(&rx.src, &s->remote.addr) && addr_equal(&rx.dst, &s->local.addr) &&
	    !tcp_can_reuse(s->tcp, &seg)) {
		tcp_rx(s->tcp, &seg, s->now);
		tcp_check(s->tcp);
	} else if (tcp_reset_for(&seg, &reset)) {
		ASSERT((seg.flags & TCP_RST) == 0);
		ASSERT((reset.flags & TCP_RST) != 0 && reset.payload.len == 0);
	}
}

/* A segment around the connection's numbers.  Its options are bytes of the input, or the
 * timestamp that the connection wants. */
static size_t make_segment(struct subject *s, uint8_t how, uint8_t *l4, size_t room)
{
	struct wr w = wr_of(l4, room);
	uint8_t flags = rd_u8(&s->in);
	int32_t seq_delta = (int8_t)rd_u8(&s->in), ack_delta = (int8_t)rd_u8(&s->in);
	struct span options = {.data = NULL};

	if ((how & 1) != 0) { /* Far away. */
		seq_delta *= 1021;
		ack_delta *= 65521;
	}
	if ((how & 2) != 0) {
		options =
			rd_span(&s->in, min_u64((rd_u8(&s->in) % 11) * 4, rd_left(&s->in) & ~3ul));
	}
	bool has_ts = s->has_ts && (how & 2) == 0;
	size_t header_len = TCP_HEADER_MIN + (has_ts ? 12 : options.len);
	struct span payload = rd_span(&s->in, min_u64(rd_u8(&s->in), rd_left(&s->in)));

	wr_u16(&w, PORT_PEER);
	wr_u16(&w, PORT_OURS);
	wr_u32(&w, s->rcv_nxt + (uint32_t)seq_delta);
	wr_u32(&w, s->snd_nxt + (uint32_t)ack_delta);
	wr_u8(&w, (uint8_t)(header_len / 4 << 4));
	wr_u8(&w, (how & 4) != 0 ? flags : flags | TCP_ACK);
	wr_u16(&w, (how & 8) != 0 ? rd_u16(&s->in) : 0x4000);
	wr_u32(&w, 0);
	if (has_ts) {
		s->ts_val += 1;
		wr_u32(&w, 0x0101080a);
		wr_u32(&w, s->ts_val);
		wr_u32(&w, s->ts_echo);
	}
	wr_copy(&w, options.data, options.len);
	wr_copy(&w, payload.data, payload.len);
	for (unsigned i = 0; (how & 16) != 0 && i < 4; i++) { /* Up to a full segment. */
		wr_copy(&w, pattern(), 255);
	}
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}

static void step_segment(struct subject *s)
{
	uint8_t l4[1400];
	size_t l4_len = make_segment(s, rd_u8(&s->in), l4, sizeof(l4));
	size_t header_len = lan_headers(s->family, IP_PROTO_TCP, l4_len, s->frame);

	memcpy(s->frame + header_len, l4, l4_len);
	wire_fix(s->frame, header_len + l4_len);
	receive(s, header_len + l4_len);
}

static void step_frame(struct subject *s, bool is_fixed)
{
	size_t len = rd_u16(&s->in) & 0x3ff;
	struct span bytes = rd_span(&s->in, min_u64(len, rd_left(&s->in)));

	memcpy(s->frame, bytes.data, bytes.len);
	if (is_fixed) {
		wire_fix(s->frame, bytes.len);
	}
	receive(s, bytes.len);
}

static void step_time(struct subject *s)
{
	uint16_t units = rd_u16(&s->in);

	/* Milliseconds, or up to 109 minutes. */
	s->now += (units & 0x8000) != 0 ? (usec_t)(units & 0x7fff) * 200 * USEC_PER_MSEC
					: units * USEC_PER_MSEC;
	for (unsigned count = 0; tcp_due(s->tcp) <= s->now; count++) {
		tcp_tick(s->tcp, s->now);
		tcp_check(s->tcp);
		ASSERT(tcp_due(s->tcp) > s->now); /* What was due is done. */
		ASSERT(count < 4);
	}
	net_tick(s->net, s->now);
}

static void step_push(struct subject *s)
{
	uint8_t how = rd_u8(&s->in);
	struct span bytes = span_of(pattern(), 1 + (size_t)(how & 0x7f) * 32);
	struct sendq *q = tcp_sendq(s->tcp);

	if (tcp_state(s->tcp) == TCP_CLOSED) {
		return;
	}
	if ((how & 0x80) != 0 ? sendq_push_copy(q, bytes) : sendq_push_ref(q, bytes)) {
		ASSERT(sendq_bytes(q) >= bytes.len);
	}
}

/* Read all or less; ASan sees each byte. */
static void step_read(struct subject *s)
{
	struct span in = tcp_peek(s->tcp);
	size_t len = min_u64(in.len, rd_u8(&s->in) * 16);
	uint8_t sum = 0;

	for (size_t i = 0; i < in.len; i++) {
		sum ^= in.data[i];
	}
	(void)sum;
	tcp_consume(s->tcp, len);
	ASSERT(tcp_peek(s->tcp).len == in.len - len);
}

static void step(struct subject *s)
{
	uint8_t what = rd_u8(&s->in);

	switch ((enum step)(what % STEP_COUNT)) {
	case STEP_RAW:
	case STEP_FIXED:
		step_frame(s, what % STEP_COUNT == STEP_FIXED);
		break;
	case STEP_TIME:
		step_time(s);
		break;
	case STEP_PUSH:
		step_push(s);
		break;
	case STEP_READ:
		step_read(s);
		break;
	case STEP_END:
		if ((what & 0x80) != 0) {
			tcp_abort(s->tcp);
		} else if ((what & 0x40) != 0) {
			tcp_close(s->tcp);
		} else {
			ASSERT(sendq_privatize(tcp_sendq(s->tcp)));
		}
		break;
	case STEP_LOOK:
		ASSERT(tcp_state(s->tcp) < TCP_STATE_COUNT);
		ASSERT(tcp_state_text(tcp_state(s->tcp)) != NULL);
		ASSERT(tcp_stats(s->tcp)->rto_us > 0);
		break;
	default:
		step_segment(s);
		break;
	}
	tcp_check(s->tcp);
	if ((what & 0x20) == 0) {
		drain(s);
	}
}

/* Teach the net where the neighbour is, in the way it learns: asked, answered. */
static void resolve(struct subject *s)
{
	struct mac mac = lan_mac(2);
	struct net_route route;

	net_route(s->net, &s->local.addr, &s->remote.addr, s->now, &route);
	net_learn(s->net, 0, &s->remote.addr, &mac, s->now);
	lan_drain(s->net, s->now);
}

/* The handshake: ours (active) or the peer's (passive), with options from the input. */
static void open_connection(struct subject *s)
{
	uint8_t how = rd_u8(&s->in);
	struct tcp_conf conf = {.local = s->local,
				.remote = s->remote,
				.mss = s->family == FAMILY_IPV4 ? 1460 : 1440,
				.rcv_buf_max = (how & 1) != 0 ? 2000 : 131072,
				.snd_buf_max = (how & 2) != 0 ? 5000 : 200000,
				.iss = (how & 4) != 0 ? 0xfffffff0 : 1000,
				.ts_offset = 0xfffffff0};
	struct seg syn = {.seq = (how & 8) != 0 ? 0xfffffff0 : 5000,
			  .flags = TCP_SYN,
			  .window = 0x8000,
			  .mss = (uint16_t)((how & 16) != 0 ? rd_u16(&s->in) : 1460),
			  .wscale = (how & 32) != 0 ? rd_u8(&s->in) % 15 : 0xff,
			  .has_ts = (how & 64) != 0,
			  .ts_val = 1};

	s->has_ts = syn.has_ts;
	s->rcv_nxt = syn.seq + 1;
	s->ts_val = syn.ts_val;
	if ((how & 128) != 0) {
		tcp_connect(s->tcp, &conf, s->now);
		drain(s);
		syn.flags = TCP_SYN | TCP_ACK;
		syn.ack = s->snd_nxt;
		syn.ts_ecr = s->ts_echo;
		tcp_rx(s->tcp, &syn, s->now);
	} else {
		struct seg ack = {.seq = syn.seq + 1,
				  .flags = TCP_ACK,
				  .window = 0x8000,
				  .wscale = 0xff,
				  .has_ts = syn.has_ts,
				  .ts_val = 1};

		tcp_accept(s->tcp, &conf, &syn, s->now);
		drain(s);
		ack.ack = s->snd_nxt;
		ack.ts_ecr = s->ts_echo;
		tcp_rx(s->tcp, &ack, s->now);
	}
	tcp_check(s->tcp);
	drain(s);
	ASSERT(tcp_state(s->tcp) == TCP_ESTABLISHED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct subject s;

	s = (struct subject){.in = rd_of(span_of(data, len)), .now = 20 * USEC_PER_SEC};
	s.family = (rd_u8(&s.in) & 1) != 0 ? FAMILY_IPV6 : FAMILY_IPV4;
	s.local = (struct endpoint){.addr = lan_addr(s.family, 1), .port = PORT_OURS};
	s.remote = (struct endpoint){.addr = lan_addr(s.family, 2), .port = PORT_PEER};
	s.net = lan_net();
	s.tcp = tcp_new();
	ASSERT(s.tcp != NULL);
	resolve(&s);
	open_connection(&s);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&s.in) > 0; i++) {
		step(&s);
	}
	tcp_free(s.tcp);
	net_free(s.net);
	return 0;
}
