/* Attackers: see rogue.h. */
#include "tests/support/rogue.h"

#include "rib/base/check.h"

/* More than any window or queue: what lies farther off fits nothing. */
#define NEAR	  (1u << 18)
#define BYTES_MAX 200
#define STAMP_OLD 100000u /* Ticks: older than any that still counts. */

static const char *const attack_texts[] = {
	[ROGUE_RST_WINDOW] = "rst_window",
	[ROGUE_RST_ANYWHERE] = "rst_anywhere",
	[ROGUE_SYN_WINDOW] = "syn_window",
	[ROGUE_SYN_CONFIGURED] = "syn_configured",
	[ROGUE_SYN_FOREIGN] = "syn_foreign",
	[ROGUE_DATA] = "data",
	[ROGUE_FIN] = "fin",
	[ROGUE_ACK_BEYOND] = "ack_beyond",
	[ROGUE_ACK_OLD] = "ack_old",
	[ROGUE_STAMP_OLD] = "stamp_old",
	[ROGUE_STAMP_FUTURE] = "stamp_future",
	[ROGUE_OPTIONS] = "options",
	[ROGUE_FLAGS] = "flags",
	[ROGUE_ARP] = "arp",
};

static const char *const mangle_texts[] = {
	[MANGLE_NOTHING] = "nothing",
	[MANGLE_WINDOW_ZERO] = "window_zero",
	[MANGLE_WINDOW_SILLY] = "window_silly",
	[MANGLE_WINDOW_SHRINKS] = "window_shrinks",
	[MANGLE_ACK_BEYOND] = "ack_beyond",
	[MANGLE_ACK_OLD] = "ack_old",
	[MANGLE_OVERLAP] = "overlap",
	[MANGLE_OPTIONS] = "options",
	[MANGLE_FLAGS] = "flags",
};

static_assert(ARRAY_COUNT(attack_texts) == ROGUE_ATTACK_COUNT, "each attack has a text");
static_assert(ARRAY_COUNT(mangle_texts) == MANGLE_COUNT, "each mode has a text");

const char *rogue_attack_text(enum rogue_attack kind)
{
	return attack_texts[kind];
}

const char *mangle_text(enum mangle mode)
{
	return mangle_texts[mode];
}

void rogue_init(struct rogue *r, struct nic *nic, const struct wire *wire, uint64_t seed)
{
	*r = (struct rogue){.nic = nic, .wire = wire};
	ASSERT(nic != NULL);
	prng_init(&r->prng, seed);
}

void rogue_fini(struct rogue *r)
{
	if (r->nic != NULL) {
		r->nic->ops->close(r->nic);
	}
}

static void send_frame(struct nic *nic, const uint8_t *bytes, size_t len)
{
	struct frame_buf f;

	if (nic_alloc(nic, 0, &f, 1) != 1) {
		return;
	}
	if (len <= f.room) {
		memcpy(f.data, bytes, len);
		f.len = (uint16_t)len;
		if (nic_tx(nic, 0, &f, 1) == 1) {
			return;
		}
	}
	nic_release(nic, 0, &f, 1);
}

static void send_segment(struct nic *nic, const struct wire_segment *s)
{
	uint8_t frame[WIRE_FRAME_MAX];

	send_frame(nic, frame, wire_build(s, frame));
}

static uint32_t below(struct rogue *r, uint64_t bound)
{
	return (uint32_t)prng_below(&r->prng, bound);
}

/* A number that lies within NEAR of neither `a` nor what is before it. */
static uint32_t far_from(struct rogue *r, uint32_t a)
{
	return a + NEAR + below(r, UINT32_MAX - 3 * NEAR);
}

/* What the true sender would send next, as far as the rogue may know it. */
struct view {
	struct wire_segment next;
	uint32_t window;     /* What the victim takes from `next.seq` on. */
	uint32_t victim_max; /* Behind the last that the victim has sent. */
};

/* The session of `t` as seen from one end; at_server tells who is the victim. */
static bool look(struct rogue *r, const struct rogue_target *t, bool at_server, struct view *out)
{
	const struct wire_flow *back = NULL;
	const struct wire_flow *f = wire_newest(r->wire, at_server ? &t->member : &t->server,
						at_server ? &t->server : &t->member, &back);

	if (f == NULL) {
		return false;
	}
	int32_t window = (int32_t)(back->edge - f->max);
	*out = (struct view){
		.next = {.dst_mac = at_server ? t->server_mac : t->member_mac,
			 .src_mac = r->nic->mac,
			 .src = f->src,
			 .dst = f->dst,
			 .seq = f->max,
			 .ack = f->ack,
			 .window = 1000,
			 .flags = TCP_ACK,
			 .has_ts = f->has_ts,
			 .ts_val = f->ts_val,
			 .ts_ecr = back->ts_val,
			 .scale = WIRE_NO_SCALE},
		.window = window > 0 ? (uint32_t)window : 0,
		.victim_max = back->max,
	};
	return true;
}

/* An ACK that RFC 5961 §5.2 refuses: beyond what was sent, or older than any window. */
static uint32_t wrong_ack(struct rogue *r, const struct view *v)
{
	return far_from(r, v->victim_max);
}

/* Bytes that are no BGP, whatever is before them. */
static void give_bytes(struct rogue *r, struct wire_segment *s, uint8_t *room)
{
	s->bytes_len = 1 + below(r, BYTES_MAX);
	memset(room, prng_chance(&r->prng, 1, 2) ? 0xff : 0, s->bytes_len);
	s->bytes = room;
}

/* Somewhere in the window, but not where the next byte goes. */
static uint32_t in_window(struct rogue *r, const struct view *v)
{
	return v->next.seq + 1 + below(r, max_u64(v->window, 2) - 1);
}

static void strike_options(struct rogue *r, struct wire_segment *s)
{
	uint8_t options[40];

	for (size_t i = 0; i < sizeof(options); i++) {
		/* Small numbers: kinds and lengths that exist. */
		options[i] = (uint8_t)prng_below(&r->prng, prng_chance(&r->prng, 1, 2) ? 12 : 256);
	}
	s->options = options;
	s->options_len = 4 * prng_below(&r->prng, 11);
	s->flags = prng_chance(&r->prng, 1, 4) ? TCP_SYN : TCP_ACK;
	send_segment(r->nic, s);
}

/* Gratuitous requests and replies: somebody else's address is here. */
static void strike_arp(struct rogue *r, const struct rogue_target *t)
{
	uint8_t frame[60] = {255, 255, 255, 255, 255, 255};
	const struct addr *claimed = prng_chance(&r->prng, 3, 4) ? &t->member : &t->server;

	if (claimed->family != FAMILY_IPV4) {
		return;
	}
	memcpy(frame + 6, r->nic->mac.bytes, 6);
	static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0};
	memcpy(frame + 12, head, sizeof(head));
	frame[21] = (uint8_t)(1 + prng_below(&r->prng, 2));
	memcpy(frame + 22, r->nic->mac.bytes, 6);
	memcpy(frame + 28, claimed->bytes, 4);
	const struct addr *asked = prng_chance(&r->prng, 1, 2) ? claimed : &t->server;
	memcpy(frame + 38, asked->bytes, 4);
	if (prng_chance(&r->prng, 1, 2)) {
		memcpy(frame, t->server_mac.bytes, 6);
		memcpy(frame + 32, t->server_mac.bytes, 6);
	}
	send_frame(r->nic, frame, sizeof(frame));
}

static void strike_syn(struct rogue *r, const struct rogue_target *t, bool is_foreign)
{
	static const uint8_t options[] = {2, 4, 5, 180, 3, 3, 7, 1};
	struct wire_segment s = {.dst_mac = t->server_mac,
				 .src_mac = r->nic->mac,
				 .src = {.addr = t->member, .port = (uint16_t)below(r, 65536)},
				 .dst = {.addr = t->server, .port = 179},
				 .seq = (uint32_t)prng_u64(&r->prng),
				 .window = (uint16_t)below(r, 65536),
				 .flags = TCP_SYN,
				 .options = options,
				 .options_len = sizeof(options)};

	if (is_foreign) {
		s.src.addr.bytes[s.src.addr.family == FAMILY_IPV4 ? 2 : 14] ^= 0x40;
	}
	send_segment(r->nic, &s);
}

/* The attacks that forge a segment of an existing session.  False: nothing to attack. */
static bool strike_session(struct rogue *r, const struct rogue_target *t, enum rogue_attack kind)
{
	uint8_t bytes[BYTES_MAX];
	bool at_server = prng_chance(&r->prng, 2, 3);
	struct view v;

	if (!look(r, t, at_server, &v)) {
		return false;
	}
	struct wire_segment *s = &v.next;
	switch (kind) {
	case ROGUE_RST_WINDOW:
		if (v.window < 2) {
			return false;
		}
		s->seq = in_window(r, &v);
		s->flags = TCP_RST;
		break;
	case ROGUE_RST_ANYWHERE:
		s->seq = far_from(r, s->seq);
		s->flags = prng_chance(&r->prng, 1, 2) ? TCP_RST : TCP_RST | TCP_ACK;
		break;
	case ROGUE_SYN_WINDOW:
		s->seq = prng_chance(&r->prng, 1, 2) ? in_window(r, &v) : far_from(r, s->seq);
		s->flags = prng_chance(&r->prng, 1, 2) ? TCP_SYN : TCP_SYN | TCP_ACK;
		break;
	case ROGUE_DATA:
	case ROGUE_FIN:
		s->seq += prng_chance(&r->prng, 1, 2) ? 0 : below(r, v.window + 1);
		s->ack = wrong_ack(r, &v);
		s->flags = kind == ROGUE_FIN ? TCP_ACK | TCP_FIN : TCP_ACK;
		give_bytes(r, s, bytes);
		break;
	case ROGUE_ACK_BEYOND:
		s->ack = v.victim_max + NEAR + below(r, 1u << 30);
		break;
	case ROGUE_ACK_OLD:
		s->ack = v.victim_max - 2 * NEAR - below(r, 1u << 30);
		break;
	case ROGUE_STAMP_OLD:
		s->ts_val -= STAMP_OLD + below(r, INT32_MAX - STAMP_OLD);
		give_bytes(r, s, bytes);
		if (!s->has_ts) {
			return false;
		}
		break;
	case ROGUE_STAMP_FUTURE:
		give_bytes(r, s, bytes);
		s->seq -= below(r, s->bytes_len);
		s->ts_val += below(r, INT32_MAX);
		s->ack = wrong_ack(r, &v);
		break;
	case ROGUE_OPTIONS:
		s->ack = wrong_ack(r, &v);
		strike_options(r, s);
		return true;
	default:
		ASSERT(kind == ROGUE_FLAGS);
		s->flags = (uint8_t)(below(r, 256) & ~(unsigned)TCP_RST);
		s->ack = wrong_ack(r, &v);
		break;
	}
	send_segment(r->nic, s);
	return true;
}

static void strike(struct rogue *r, const struct rogue_target *t, enum rogue_attack kind)
{
	bool did = true;

	switch (kind) {
	case ROGUE_SYN_CONFIGURED:
	case ROGUE_SYN_FOREIGN:
		strike_syn(r, t, kind == ROGUE_SYN_FOREIGN);
		break;
	case ROGUE_ARP:
		strike_arp(r, t);
		break;
	default:
		did = strike_session(r, t, kind);
	}
	r->counts[kind] += did;
}

void rogue_strike(struct rogue *r, const struct rogue_target *t)
{
	strike(r, t, (enum rogue_attack)below(r, ROGUE_ATTACK_COUNT));
}

void rogue_flood(struct rogue *r, const struct rogue_target *t, enum rogue_attack kind,
		 unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		strike(r, t, kind);
	}
}

bool rogue_kill(struct rogue *r, const struct rogue_target *t)
{
	struct view v;

	if (!look(r, t, true, &v)) {
		return false;
	}
	v.next.flags = TCP_RST;
	send_segment(r->nic, &v.next);
	r->kills++;
	return true;
}

void rogue_step(struct rogue *r)
{
	struct frame_buf frame[NIC_BURST_MAX];
	unsigned count;

	while ((count = nic_rx(r->nic, 0, frame, NIC_BURST_MAX)) > 0) {
		nic_release(r->nic, 0, frame, count);
	}
}

static void put_window(uint8_t *frame, const struct wire_segment *s, uint32_t window)
{
	frame[s->tcp_at + 14] = (uint8_t)(window >> 8);
	frame[s->tcp_at + 15] = (uint8_t)window;
}

static void put_ack(uint8_t *frame, const struct wire_segment *s, uint32_t ack)
{
	for (unsigned i = 0; i < 4; i++) {
		frame[s->tcp_at + 8 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
}

/* The same place in the stream again, later, with other bytes; or bytes that are not due yet. */
static void send_overlap(struct mangler *m, struct nic *nic, struct wire_segment s)
{
	uint8_t bytes[BYTES_MAX];

	if (prng_chance(&m->prng, 1, 2)) {
		s.seq += (uint32_t)s.bytes_len + (uint32_t)prng_below(&m->prng, 3 * BYTES_MAX);
	} else {
		s.seq -= (uint32_t)prng_below(&m->prng, BYTES_MAX);
	}
	s.bytes_len = 1 + prng_below(&m->prng, BYTES_MAX);
	memset(bytes, 0xff, s.bytes_len);
	s.bytes = bytes;
	send_segment(nic, &s);
}

static void send_odd(struct mangler *m, struct nic *nic, struct wire_segment s)
{
	uint8_t options[40];

	if (m->mode == MANGLE_OPTIONS) {
		for (size_t i = 0; i < sizeof(options); i++) {
			options[i] = (uint8_t)prng_below(&m->prng, 12);
		}
		s.options = options;
		s.options_len = 4 * prng_below(&m->prng, 11);
		s.bytes_len = 0;
	} else {
		s.flags = (uint8_t)prng_u64(&m->prng);
		s.seq += (uint32_t)prng_below(&m->prng, 2 * BYTES_MAX);
		s.bytes_len = prng_chance(&m->prng, 1, 2) ? 0 : s.bytes_len;
	}
	send_segment(nic, &s);
}

void mangler_frame(void *context, struct nic *nic, struct frame_buf *frame)
{
	struct mangler *m = context;
	struct wire_segment s;

	if (m->mode == MANGLE_NOTHING || !wire_read(frame->data, frame->len, &s) ||
	    (s.flags & (TCP_SYN | TCP_RST)) != 0) {
		return;
	}
	m->counts[m->mode]++;
	switch (m->mode) {
	case MANGLE_WINDOW_ZERO:
		put_window(frame->data, &s, 0);
		break;
	case MANGLE_WINDOW_SILLY:
		put_window(frame->data, &s, 1);
		break;
	case MANGLE_WINDOW_SHRINKS:
		put_window(frame->data, &s, (uint32_t)prng_below(&m->prng, s.window + 1u));
		break;
	case MANGLE_ACK_BEYOND:
		if (prng_chance(&m->prng, 1, 2)) {
			put_ack(frame->data, &s,
				s.ack + NEAR + (uint32_t)prng_below(&m->prng, 1u << 30));
		}
		break;
	case MANGLE_ACK_OLD:
		put_ack(frame->data, &s, s.ack - (uint32_t)prng_below(&m->prng, 1u << 16));
		break;
	case MANGLE_OVERLAP:
		send_overlap(m, nic, s);
		break;
	default:
		send_odd(m, nic, s);
		break;
	}
	/* Behind the segment the frame may be padded. */
	wire_sum(frame->data, s.bytes_at + s.bytes_len, &s);
}
