/* Two connections and a hostile link between them; whatever the link does, what is read is what
 * was pushed.
 *
 * The input opens with the two ends' parameters and goes on with steps: deliver, lose, duplicate,
 * reorder or corrupt a frame; let time pass; push, read, close.  After FAULTS_US of virtual time,
 * or at the end of the input, the link is good: then everything that was pushed must arrive, in
 * bounded time.  Frames cross as bytes; the checksum is what finds the corrupted ones. */
#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX  512
#define QUEUE_MAX  64 /* Frames in flight each way; the link drops what is more. */
#define STREAM_LEN 65536
#define PUSH_MAX   8192
/* Retransmissions back off to 8 s meanwhile, and go on long before the peer is given up. */
#define FAULTS_US    (15 * USEC_PER_SEC)
#define CALM_US	     (900 * USEC_PER_SEC)
#define EVENTS_MAX   40000
#define SEGS_MAX     5000
#define SPANS_MAX    16
#define SMALL_BUFFER 128 /* Of the receiver; with less it takes too many events to the end. */

enum step {
	STEP_DELIVER,
	STEP_LOSE,
	STEP_DUPLICATE,
	STEP_SWAP,
	STEP_CORRUPT,
	STEP_WAIT,
	STEP_DUE,
	STEP_PUSH,
	STEP_READ,
	STEP_CLOSE,
	STEP_COUNT
};

struct frame {
	size_t len;
	bool is_corrupt; /* Once only: two changes could cancel out in the checksum. */
	uint8_t bytes[1600];
};

struct side {
	struct tcp *tcp;
	struct tcp_conf conf;
	uint64_t pushed, read;
	bool is_closed;
	/* On the way to this side; the oldest first. */
	unsigned count;
	struct frame *queue[QUEUE_MAX + 1];
};

struct pair {
	struct rd in;
	usec_t now, calm_at; /* Now, and when the faults end at the latest. */
	struct side side[2];
	struct frame pool[2 * (QUEUE_MAX + 1)];
};

/* What side `i` sends at stream offset `at`; the whole stream fits, and no two parts are alike. */
static const uint8_t *stream(unsigned i)
{
	static uint8_t bytes[2][STREAM_LEN + PUSH_MAX];
	static bool is_made;

	for (size_t at = 0; !is_made && at < sizeof(bytes[0]); at++) {
		bytes[0][at] = (uint8_t)((at * 2654435761u) >> 13);
		bytes[1][at] = (uint8_t)((at * 2246822519u) >> 11);
	}
	is_made = true;
	return bytes[i];
}

static void link_put(struct side *to, const struct frame *f)
{
	if (to->count < QUEUE_MAX) {
		struct frame *slot = to->queue[to->count++];

		slot->len = f->len;
		slot->is_corrupt = f->is_corrupt;
		memcpy(slot->bytes, f->bytes, f->len);
	}
}

/* Take the frame at `at` off the queue; its slot becomes free. */
static struct frame *link_take(struct side *to, unsigned at)
{
	struct frame *f = to->queue[at];

	ASSERT(at < to->count);
	to->count--;
	memmove(&to->queue[at], &to->queue[at + 1], (to->count - at) * sizeof(to->queue[0]));
	to->queue[to->count] = f;
	return f;
}

static void transmit(struct pair *p, unsigned from, const struct seg *seg)
{
	struct side *s = &p->side[from];
	struct frame f = {.len = seg_header_len(seg) + seg->payload.len};

	ASSERT(f.len <= 1480);
	uint64_t sum = tcp_payload(s->tcp, seg, f.bytes + seg_header_len(seg));

	seg_encode(seg, &s->conf.local, &s->conf.remote, f.bytes);
	seg_seal(seg, &s->conf.local, &s->conf.remote, f.bytes, sum);
	link_put(&p->side[1 - from], &f);
}

/* As the port cuts it. */
static void transmit_pieces(struct pair *p, unsigned from, const struct seg *seg)
{
	struct span spans[SPANS_MAX];
	unsigned count = tcp_spans(p->side[from].tcp, seg, spans, SPANS_MAX);
	size_t len = 0;

	for (unsigned i = 0; i < count; i++) {
		len += spans[i].len;
	}
	ASSERT(len == seg->payload.len && seg_pieces(seg) > 1);
	for (size_t at = 0; at < len; at += seg->cut) {
		struct seg piece = *seg;

		piece.cut = 0;
		piece.seq += (uint32_t)at;
		piece.payload.len = (size_t)min_u64(seg->cut, len - at);
		piece.flags &= (uint8_t)(at + seg->cut < len ? ~TCP_PSH : 0xff);
		transmit(p, from, &piece);
	}
}

static void drain(struct pair *p, unsigned i)
{
	struct tcp *c = p->side[i].tcp;
	struct seg out;

	for (unsigned count = 0;; count++) {
		bool wants = tcp_wants_tx(c, p->now);

		ASSERT(tcp_tx(c, &out, p->now) == wants);
		tcp_check(c);
		if (!wants) {
			return;
		}
		ASSERT(count < SEGS_MAX);
		(out.cut == 0 ? transmit : transmit_pieces)(p, i, &out);
	}
}

static void deliver(struct pair *p, unsigned to, unsigned at)
{
	struct side *s = &p->side[to];
	const struct frame *f = link_take(s, at);
	uint16_t src_port, dst_port;
	struct seg seg, reset;

	if (seg_decode(span_of(f->bytes, f->len), &s->conf.remote.addr, &s->conf.local.addr, false,
		       &src_port, &dst_port, &seg) != SEG_OK) {
		return;
	}
	ASSERT(src_port == s->conf.remote.port && dst_port == s->conf.local.port);
	if (tcp_state(s->tcp) != TCP_CLOSED) {
		tcp_rx(s->tcp, &seg, p->now);
	} else if (to == 1 && tcp_reason(s->tcp) == TCP_REASON_NONE &&
		   (seg.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
		tcp_accept(s->tcp, &s->conf, &seg, p->now);
	} else if (tcp_reset_for(&seg, &reset)) {
		transmit(p, to, &reset);
	}
	tcp_check(s->tcp);
}

static void tick(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		tcp_tick(p->side[i].tcp, p->now);
		tcp_check(p->side[i].tcp);
		ASSERT(tcp_due(p->side[i].tcp) > p->now);
	}
}

static void push(struct pair *p, unsigned i, size_t len, bool is_copied)
{
	struct side *s = &p->side[i];
	enum tcp_state state = tcp_state(s->tcp);

	len = min_u64(len, STREAM_LEN - s->pushed);
	if (len == 0 || s->is_closed || (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)) {
		return;
	}
	struct span bytes = span_of(stream(i) + s->pushed, len);

	if (is_copied ? sendq_push_copy(tcp_sendq(s->tcp), bytes)
		      : sendq_push_ref(tcp_sendq(s->tcp), bytes)) {
		s->pushed += len;
	}
}

/* The oracle: whatever is read is the other side's stream, in order, from its beginning. */
static void read_at_most(struct pair *p, unsigned i, size_t most)
{
	struct side *s = &p->side[i];
	struct span in = tcp_peek(s->tcp);
	size_t len = min_u64(in.len, most);

	ASSERT(s->read + in.len <= p->side[1 - i].pushed);
	ASSERT(in.len == 0 || memcmp(in.data, stream(1 - i) + s->read, in.len) == 0);
	tcp_consume(s->tcp, len);
	s->read += len;
}

static void close_side(struct pair *p, unsigned i)
{
	struct side *s = &p->side[i];
	enum tcp_state state = tcp_state(s->tcp);

	if (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT) {
		tcp_close(s->tcp);
		s->is_closed = true;
	}
}

static void corrupt(struct frame *f, size_t where, uint8_t bits)
{
	if (!f->is_corrupt) {
		f->bytes[where % f->len] ^= bits;
		f->is_corrupt = true;
	}
}

/* One step of the input; `what` is its byte: the low nibble says what, bit 7 on which side. */
static void step(struct pair *p, uint8_t what)
{
	unsigned i = what >> 7, at = (what >> 4) & 7;
	struct side *s = &p->side[i];
	bool has_frame = at < s->count;

	switch ((enum step)((what & 15) % STEP_COUNT)) {
	case STEP_DELIVER:
		for (unsigned n = 0; n <= at && s->count > 0; n++) {
			deliver(p, i, 0);
		}
		break;
	case STEP_LOSE:
		if (has_frame) {
			link_take(s, at);
		}
		break;
	case STEP_DUPLICATE:
		if (has_frame) {
			link_put(s, s->queue[at]);
		}
		break;
	case STEP_SWAP:
		if (has_frame) {
			deliver(p, i, at);
		}
		break;
	case STEP_CORRUPT:
		if (has_frame) {
			uint16_t where = rd_u16(&p->in);

			corrupt(s->queue[at], where, rd_u8(&p->in));
		}
		break;
	case STEP_WAIT:
		p->now = min_u64(p->now + rd_u8(&p->in) * USEC_PER_MSEC, p->calm_at);
		break;
	case STEP_DUE:
		p->now = min_u64(max_u64(p->now, tcp_due(s->tcp)), p->calm_at);
		break;
	case STEP_PUSH:
		push(p, i, 1 + (size_t)rd_u8(&p->in) * (1 + at * 4), (at & 1) != 0);
		break;
	case STEP_READ:
		read_at_most(p, i, rd_u8(&p->in) * (1 + (size_t)at * 8));
		break;
	default:
		if (at == 7) { /* Not too often. */
			close_side(p, i);
		}
		break;
	}
}

static void settle(struct pair *p)
{
	tick(p);
	drain(p, 0);
	drain(p, 1);
}

static bool is_over(const struct pair *p)
{
	return p->side[0].read == p->side[1].pushed && p->side[1].read == p->side[0].pushed;
}

/* The link is good now: everything arrives. */
static void calm_down(struct pair *p)
{
	usec_t until = p->now + CALM_US;

	for (unsigned events = 0; !is_over(p); events++) {
		ASSERT(events < EVENTS_MAX && p->now < until);
		for (unsigned i = 0; i < 2; i++) {
			if (p->side[i].count > 0) {
				deliver(p, i, 0);
			}
			read_at_most(p, i, SIZE_MAX);
		}
		if (p->side[0].count + p->side[1].count == 0) {
			settle(p);
		}
		if (p->side[0].count + p->side[1].count == 0 && !is_over(p)) {
			usec_t due = min_u64(tcp_due(p->side[0].tcp), tcp_due(p->side[1].tcp));

			ASSERT(due != USEC_NEVER); /* Else it waits for ever. */
			p->now = max_u64(p->now, due);
		}
		settle(p);
	}
	/* A last ACK lost after TIME-WAIT has ended brings a reset; nothing is lost by it. */
	bool are_closed = p->side[0].is_closed && p->side[1].is_closed;

	for (unsigned i = 0; i < 2; i++) {
		enum tcp_reason reason = tcp_reason(p->side[i].tcp);

		ASSERT(reason == TCP_REASON_NONE || reason == TCP_REASON_CLOSED ||
		       (reason == TCP_REASON_RESET && are_closed));
	}
}

static void open_side(struct pair *p, unsigned i)
{
	struct side *s = &p->side[i];
	uint8_t how = rd_u8(&p->in);

	s->conf = (struct tcp_conf){
		.local = {.addr = lan_addr(FAMILY_IPV4, (uint8_t)(1 + i)),
			  .port = (uint16_t)(179 + i)},
		.remote = {.addr = lan_addr(FAMILY_IPV4, (uint8_t)(2 - i)),
			   .port = (uint16_t)(180 - i)},
		.mss = (how & 1) != 0 ? 100 : 1440,
		.rcv_buf_max = (how & 2) != 0 ? SMALL_BUFFER + (uint32_t)rd_u8(&p->in) * 16 : 60000,
		.snd_buf_max = (how & 4) != 0 ? 3000 : 200000,
		.iss = (how & 8) != 0 ? 0xffffff00 : i * 0x7fffff00,
		.ts_offset = (how & 16) != 0 ? 0xffffff00 : 0,
	};
	s->tcp = tcp_new();
	ASSERT(s->tcp != NULL);
	tcp_set_bulk(s->tcp, i == 0 ? 65000 : 0, SPANS_MAX); /* One end's port cuts. */
	for (unsigned n = 0; n <= QUEUE_MAX; n++) {
		s->queue[n] = &p->pool[i * (QUEUE_MAX + 1) + n];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct pair p;
	memset(p.side, 0, sizeof(p.side));
	p.in = rd_of(span_of(data, len));
	p.now = 20 * USEC_PER_SEC;
	p.calm_at = p.now + FAULTS_US;
	open_side(&p, 0);
	open_side(&p, 1);
	bool is_simultaneous = (rd_u8(&p.in) & 1) != 0;

	tcp_connect(p.side[0].tcp, &p.side[0].conf, p.now);
	if (is_simultaneous) {
		tcp_connect(p.side[1].tcp, &p.side[1].conf, p.now);
	}
	settle(&p);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&p.in) > 0 && p.now < p.calm_at; i++) {
		step(&p, rd_u8(&p.in));
		settle(&p);
	}
	calm_down(&p);
	tcp_free(p.side[0].tcp);
	tcp_free(p.side[1].tcp);
	return 0;
}
