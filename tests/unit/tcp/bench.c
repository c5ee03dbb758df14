/* The bench: see bench.h. */
#include "tests/unit/tcp/bench.h"

#include <criterion/criterion.h>
#include <stdlib.h>

const uint8_t *bench_pattern(void)
{
	static uint8_t *pattern;
	struct prng prng;

	if (pattern != NULL) {
		return pattern;
	}
	pattern = malloc(BENCH_PATTERN_LEN);
	cr_assert_not_null(pattern);
	prng_init(&prng, 1);
	for (size_t i = 0; i < BENCH_PATTERN_LEN / 2; i += 8) {
		uint64_t word = prng_u64(&prng);

		memcpy(pattern + i, &word, 8);
		memcpy(pattern + BENCH_PATTERN_LEN / 2 + i, &word, 8);
	}
	return pattern;
}

struct tcp_conf bench_conf(const struct bench_opts *o)
{
	return (struct tcp_conf){
		.local = {.addr = addr_v4(0xc6120001), .port = 179},
		.remote = {.addr = addr_v4(0xc6120002), .port = 40000},
		.mss = BENCH_MSS,
		.rcv_buf_max = o->rcv_buf_max != 0 ? o->rcv_buf_max : 65535,
		.snd_buf_max = o->snd_buf_max != 0 ? o->snd_buf_max : 1 << 20,
		.iss = o->iss,
		.ts_offset = 0xfffff000,
		.cc = o->has_cubic ? CC_CUBIC : CC_RENO,
		.auth = o->auth,
		.mac_len = o->auth == SEG_AUTH_MD5 ? SEG_MD5_LEN : 0,
	};
}

struct seg bench_seg(const struct bench *b, uint8_t flags, const void *data, size_t len)
{
	struct seg s = {.seq = b->seq,
			.ack = b->ack,
			.flags = flags,
			.window = b->window,
			.wscale = 0xff,
			.payload = span_of(data, len)};

	if (b->has_ts) {
		s.has_ts = true;
		s.ts_val = b->ts_val;
		s.ts_ecr = b->ts_in;
	}
	return s;
}

void bench_rx(struct bench *b, struct seg s)
{
	tcp_rx(b->c, &s, b->now);
	tcp_check(b->c);
}

bool bench_tx(struct bench *b)
{
	bool wants = tcp_wants_tx(b->c, b->now);
	bool has = tcp_tx(b->c, &b->out, b->now);

	cr_assert_eq(wants, has);
	tcp_check(b->c);
	if (has && b->out.has_ts) {
		b->ts_in = b->out.ts_val;
	}
	return has;
}

unsigned bench_drain(struct bench *b)
{
	unsigned count = 0;

	while (bench_tx(b)) {
		cr_assert_lt(++count, 10000U);
	}
	return count;
}

void bench_wait(struct bench *b, usec_t us)
{
	usec_t end = b->now + us;

	while (tcp_due(b->c) <= end) {
		b->now = max_u64(b->now, tcp_due(b->c));
		usec_t due = tcp_due(b->c);

		tcp_tick(b->c, b->now);
		tcp_check(b->c);
		cr_assert(tcp_due(b->c) > due, "a timer that acted must move on");
		if (tcp_wants_tx(b->c, b->now)) {
			return; /* The test looks at it first. */
		}
	}
	b->now = end;
}

void bench_data(struct bench *b, const void *data, size_t len)
{
	bench_rx(b, bench_seg(b, TCP_ACK, data, len));
	b->seq += (uint32_t)len;
}

void bench_ack(struct bench *b, uint32_t ack)
{
	b->ack = ack;
	bench_rx(b, bench_seg(b, TCP_ACK, NULL, 0));
}

void bench_sack(struct bench *b, uint32_t ack, uint32_t base, unsigned count,
		const uint32_t (*block)[2])
{
	b->ack = ack;
	struct seg s = bench_seg(b, TCP_ACK, NULL, 0);

	s.sack_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		s.sack[i] =
			(struct sack_block){.from = base + block[i][0], .to = base + block[i][1]};
	}
	bench_rx(b, s);
}

void bench_push(struct bench *b, size_t len)
{
	struct sendq *q = tcp_sendq(b->c);
	const uint8_t *from = bench_pattern() + q->end % (BENCH_PATTERN_LEN / 2);

	cr_assert(sendq_push_ref(q, span_of(from, len)));
	tcp_check(b->c);
}

uint64_t bench_drops(const struct bench *b, enum tcp_drop d)
{
	return metric_get(&tcp_stats(b->c)->drop[d]);
}

static struct seg peer_syn(const struct bench *b, const struct bench_opts *o, uint8_t flags)
{
	struct seg s = bench_seg(b, flags, NULL, 0);

	s.mss = o->peer_mss != 0 ? o->peer_mss : BENCH_MSS;
	s.wscale = o->has_wscale ? o->peer_wscale : 0xff;
	s.has_sack_permitted = o->has_sack;
	return s;
}

static void open_passive(struct bench *b, const struct bench_opts *o)
{
	struct tcp_conf conf = bench_conf(o);
	struct seg syn = peer_syn(b, o, TCP_SYN);

	syn.ack = 0;
	tcp_accept(b->c, &conf, &syn, b->now);
	tcp_check(b->c);
	b->seq++;
	cr_assert(bench_tx(b));
	cr_assert_eq(b->out.flags, TCP_SYN | TCP_ACK);
	cr_assert_eq(b->out.ack, b->seq);
	bench_ack(b, b->out.seq + 1);
}

static void open_active(struct bench *b, const struct bench_opts *o)
{
	struct tcp_conf conf = bench_conf(o);

	tcp_connect(b->c, &conf, b->now);
	tcp_check(b->c);
	cr_assert(bench_tx(b));
	cr_assert_eq(b->out.flags, TCP_SYN);
	b->ack = b->out.seq + 1;
	bench_rx(b, peer_syn(b, o, TCP_SYN | TCP_ACK));
	b->seq++;
	cr_assert(bench_tx(b));
	cr_assert_eq(b->out.flags, TCP_ACK);
	cr_assert_eq(b->out.ack, b->seq);
}

void bench_open(struct bench *b, const struct bench_opts *o)
{
	*b = (struct bench){.c = tcp_new(),
			    .now = 1000 * USEC_PER_SEC,
			    .seq = o->peer_iss,
			    .window = o->window != 0 ? o->window : 65535,
			    .has_ts = o->has_ts,
			    .ts_val = 5000};
	cr_assert_not_null(b->c);
	if (o->is_passive) {
		open_passive(b, o);
	} else {
		open_active(b, o);
	}
	cr_assert_eq(tcp_state(b->c), TCP_ESTABLISHED);
	cr_assert_not(bench_tx(b));
}

void bench_close(struct bench *b)
{
	tcp_free(b->c);
	b->c = NULL;
}
