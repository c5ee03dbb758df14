/* The link: see link.h. */
#include "tests/unit/tcp/link.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rib/base/hash.h"
#include "tests/unit/tcp/bench.h"

const uint8_t *link_bytes(unsigned side, uint64_t at)
{
	return bench_pattern() + (side * 1000003 + at) % (BENCH_PATTERN_LEN / 2);
}

void link_open(struct link *l, const struct link_conf *conf)
{
	*l = (struct link){.conf = *conf, .now = 5 * USEC_PER_SEC};
	prng_init(&l->prng, conf->seed);
	for (unsigned i = 0; i < 2; i++) {
		struct link_side *s = &l->side[i];

		s->conf = (struct tcp_conf){
			.local = {.addr = addr_v4(0xc6120001 + i), .port = 179},
			.remote = {.addr = addr_v4(0xc6120002 - i), .port = 179},
			.mss = 1460,
			.rcv_buf_max = conf->rcv_buf_max[i] != 0 ? conf->rcv_buf_max[i] : 65535,
			.snd_buf_max = 200000,
			.iss = conf->iss[i],
			.ts_offset = i * 0x7ffffff0U,
			.cc = conf->cc,
			.has_no_sack = conf->has_no_sack[i],
		};
		s->c = tcp_new();
		cr_assert_not_null(s->c);
		tcp_set_bulk(s->c, conf->bulk_bytes, conf->bulk_spans);
	}
	tcp_connect(l->side[0].c, &l->side[0].conf, l->now);
	if (conf->is_simultaneous) {
		tcp_connect(l->side[1].c, &l->side[1].conf, l->now);
	}
}

void link_close(struct link *l)
{
	for (size_t i = 0; i < l->frame_count; i++) {
		free(l->frame[i]);
	}
	free(l->frame);
	tcp_free(l->side[0].c);
	tcp_free(l->side[1].c);
}

static void put_frame(struct link *l, const struct link_frame *f)
{
	struct link_frame *copy = malloc(sizeof(*copy));

	if (l->frame_count == l->frame_cap) {
		l->frame_cap = l->frame_cap * 2 + 16;
		l->frame = realloc(l->frame, l->frame_cap * sizeof(struct link_frame *));
	}
	cr_assert(copy != NULL && l->frame != NULL);
	*copy = *f;
	copy->order = l->order++;
	copy->at = l->now + l->conf.delay_us +
		   (l->conf.jitter_us > 0 ? prng_below(&l->prng, l->conf.jitter_us) : 0);
	l->frame[l->frame_count++] = copy;
}

static unsigned frames_to(const struct link *l, unsigned side)
{
	unsigned count = 0;

	for (size_t i = 0; i < l->frame_count; i++) {
		count += l->frame[i]->to == side;
	}
	return count;
}

static void note(struct link *l, unsigned from, const struct link_frame *f)
{
	l->trace = hash_mix(l->trace, l->now);
	l->trace = hash_mix(l->trace, hash_bytes(f->bytes, f->len, from));
	l->sent++;
}

static void transmit(struct link *l, unsigned from, const struct seg *s)
{
	struct link_side *side = &l->side[from];
	struct link_frame f = {.to = 1 - from, .len = seg_header_len(s) + s->payload.len};

	cr_assert(f.len <= 1480);
	uint64_t sum = tcp_payload(side->c, s, f.bytes + seg_header_len(s));

	seg_encode(s, &side->conf.local, &side->conf.remote, f.bytes);
	seg_seal(s, &side->conf.local, &side->conf.remote, f.bytes, sum);
	note(l, from, &f);
	if (prng_chance(&l->prng, l->conf.loss_permille, 1000) ||
	    (l->conf.queue_max != 0 && frames_to(l, f.to) >= l->conf.queue_max)) {
		l->lost++;
		return;
	}
	if (prng_chance(&l->prng, l->conf.corrupt_permille, 1000)) {
		f.bytes[prng_below(&l->prng, f.len)] ^= (uint8_t)(1 + prng_below(&l->prng, 255));
	}
	put_frame(l, &f);
	if (prng_chance(&l->prng, l->conf.dup_permille, 1000)) {
		put_frame(l, &f);
	}
}

/* A super-segment's payload, as references, is what a copy would be; its pieces are segments. */
static void transmit_pieces(struct link *l, unsigned from, const struct seg *s)
{
	struct link_side *side = &l->side[from];
	struct span span[1024];
	uint8_t whole[65536];
	size_t at = 0;

	cr_assert_leq(s->payload.len, l->conf.bulk_bytes);
	cr_assert_gt(s->payload.len, s->cut);
	tcp_payload(side->c, s, whole);
	unsigned count = tcp_spans(side->c, s, span, l->conf.bulk_spans);
	for (unsigned i = 0; i < count; i++) {
		cr_assert_gt(span[i].len, 0);
		cr_assert_eq(memcmp(span[i].data, whole + at, span[i].len), 0);
		at += span[i].len;
	}
	cr_assert_eq(at, s->payload.len);
	l->cut++;
	for (at = 0; at < s->payload.len; at += s->cut) {
		struct seg piece = *s;

		piece.cut = 0;
		piece.seq += (uint32_t)at;
		piece.payload.len = (size_t)min_u64(s->cut, s->payload.len - at);
		if (at + piece.payload.len < s->payload.len) {
			piece.flags &= (uint8_t) ~(TCP_PSH | TCP_FIN);
		}
		transmit(l, from, &piece);
	}
}

static void write_more(struct link *l, unsigned i)
{
	struct link_side *s = &l->side[i];
	struct sendq *q = tcp_sendq(s->c);

	if (tcp_state(s->c) != TCP_ESTABLISHED && tcp_state(s->c) != TCP_CLOSE_WAIT) {
		return;
	}
	while (s->pushed < l->conf.total[i]) {
		size_t len = (size_t)min_u64(19 + prng_below(&l->prng, 4078),
					     l->conf.total[i] - s->pushed);
		struct span bytes = span_of(link_bytes(i, s->pushed), len);

		if (!(prng_chance(&l->prng, 1, 8) ? sendq_push_copy(q, bytes)
						  : sendq_push_ref(q, bytes))) {
			break;
		}
		s->pushed += len;
	}
	if (l->conf.closes && s->pushed == l->conf.total[i]) {
		tcp_close(s->c);
	}
}

static void read_more(struct link *l, unsigned i)
{
	struct link_side *s = &l->side[i];
	struct span in = tcp_peek(s->c);
	size_t len = in.len;

	if (l->now < s->read_at) {
		return;
	}
	if (l->conf.has_slow_reader) {
		len = (size_t)prng_below(&l->prng, in.len + 1);
		s->read_at = l->now + prng_below(&l->prng, 20000);
	}
	if (len == 0) {
		return;
	}
	cr_assert_eq(memcmp(in.data, link_bytes(1 - i, s->read), len), 0,
		     "seed %lu: side %u reads other bytes at %lu", l->conf.seed, i, s->read);
	tcp_consume(s->c, len);
	s->read += len;
}

static void pump(struct link *l)
{
	for (unsigned i = 0; i < 2; i++) {
		struct link_side *s = &l->side[i];
		struct seg out;

		if (tcp_state(s->c) != TCP_CLOSED) {
			write_more(l, i);
		}
		read_more(l, i);
		tcp_check(s->c);
		for (bool wants = true; wants;) {
			wants = tcp_wants_tx(s->c, l->now);
			cr_assert_eq(tcp_tx(s->c, &out, l->now), wants);
			if (wants) {
				if (l->conf.on_tx != NULL) {
					l->conf.on_tx(s->c, &out);
				}
				(out.cut == 0 ? transmit : transmit_pieces)(l, i, &out);
			}
			tcp_check(s->c);
		}
	}
}

static void deliver(struct link *l, struct link_frame *f)
{
	struct link_side *s = &l->side[f->to];
	uint16_t src, dst;
	struct seg in, reply;

	if (seg_decode(span_of(f->bytes, f->len), &s->conf.remote.addr, &s->conf.local.addr, false,
		       &src, &dst, &in) != SEG_OK ||
	    src != 179 || dst != 179) {
		return;
	}
	if (tcp_state(s->c) != TCP_CLOSED) {
		tcp_rx(s->c, &in, l->now);
	} else if (f->to == 1 && tcp_reason(s->c) == TCP_REASON_NONE &&
		   (in.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
		tcp_accept(s->c, &s->conf, &in, l->now);
	} else if (tcp_reset_for(&in, &reply)) {
		transmit(l, f->to, &reply);
	}
	tcp_check(s->c);
}

/* The earliest frame; ties in the order of sending. */
static size_t first_frame(const struct link *l)
{
	size_t best = 0;

	for (size_t i = 1; i < l->frame_count; i++) {
		const struct link_frame *a = l->frame[i], *b = l->frame[best];

		if (a->at < b->at || (a->at == b->at && a->order < b->order)) {
			best = i;
		}
	}
	return best;
}

static usec_t next_event(const struct link *l)
{
	usec_t at = min_u64(tcp_due(l->side[0].c), tcp_due(l->side[1].c));

	if (l->frame_count > 0) {
		at = min_u64(at, l->frame[first_frame(l)]->at);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (l->conf.has_slow_reader && tcp_peek(l->side[i].c).len > 0) {
			at = min_u64(at, l->side[i].read_at);
		}
	}
	return at;
}

bool link_step(struct link *l)
{
	pump(l);
	usec_t at = next_event(l);

	if (at == USEC_NEVER) {
		return false;
	}
	l->now = max_u64(l->now, at);
	while (l->frame_count > 0) {
		size_t i = first_frame(l);
		struct link_frame *f = l->frame[i];

		if (f->at > l->now) {
			break;
		}
		l->frame[i] = l->frame[--l->frame_count];
		deliver(l, f);
		free(f);
	}
	for (unsigned i = 0; i < 2; i++) {
		tcp_tick(l->side[i].c, l->now);
		tcp_check(l->side[i].c);
	}
	return true;
}

static bool is_done(const struct link *l)
{
	return l->side[0].read == l->conf.total[1] && l->side[1].read == l->conf.total[0];
}

bool link_run(struct link *l, usec_t until)
{
	while (!is_done(l) && l->now < until && link_step(l)) {
	}
	return is_done(l);
}
