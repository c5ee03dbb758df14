/* What one core of TCP can do, without a NIC.
 *
 *     micro_tcp [--rounds N]      prints one JSON object; the best of N rounds counts (default 9)
 *
 * send: full segments of 1,448 bytes out of references to shared messages of 4,096: sendq_push_ref,
 *       tcp_tx, header, payload and checksum into a frame, as core does it.
 * ack:  ACKs of two segments each: decoding with checksum, and tcp_rx.
 * A round's figure is that of its median batch, and the best round counts: what disturbs a batch
 * (other processes) only ever slows it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"

#define MESSAGE	  4096
#define MESSAGES  64 /* 256 kB of runs, which a burst to many members reads again and again. */
#define FRAMES	  256
#define FRAME_MAX 2048
#define BATCHES	  400
#define BATCH	  128 /* Segments. */
#define SENDQ_MAX (1U << 20)

static uint8_t message[MESSAGES][MESSAGE];
static uint8_t frame[FRAMES][FRAME_MAX];

struct wire_ack {
	uint8_t bytes[TCP_HEADER_MAX];
	size_t len;
};

struct bed {
	struct tcp *tcp;
	struct endpoint local, remote;
	usec_t now;
	uint32_t base, ack; /* Our first number; what the peer has acknowledged. */
	unsigned next_message, next_frame;
};

static uint64_t nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct seg peer_seg(const struct bed *b, uint8_t flags)
{
	return (struct seg){.seq = 1,
			    .ack = b->ack,
			    .flags = flags,
			    .window = 0xffff,
			    .wscale = 0xff,
			    .has_ts = true,
			    .ts_val = (uint32_t)(b->now / 1000),
			    .ts_ecr = (uint32_t)(b->now / 1000)};
}

static void bed_open(struct bed *b)
{
	struct seg out, in;

	*b = (struct bed){.tcp = tcp_new(),
			  .local = {.addr = addr_v4(0xc6120001), .port = 179},
			  .remote = {.addr = addr_v4(0xc6120002), .port = 40000},
			  .now = 1000 * USEC_PER_SEC};
	ASSERT(b->tcp != NULL);
	struct tcp_conf conf = {.local = b->local,
				.remote = b->remote,
				.mss = 1460,
				.rcv_buf_max = 1 << 17,
				.snd_buf_max = SENDQ_MAX};

	tcp_connect(b->tcp, &conf, b->now);
	ASSERT(tcp_tx(b->tcp, &out, b->now));
	b->ack = b->base = out.seq + 1;
	in = peer_seg(b, TCP_SYN | TCP_ACK);
	in.seq = 0;
	in.mss = 1460;
	in.wscale = 10;
	in.has_sack_permitted = true;
	tcp_rx(b->tcp, &in, b->now);
	while (tcp_tx(b->tcp, &out, b->now)) {
	}
	ASSERT(tcp_state(b->tcp) == TCP_ESTABLISHED);
}

static void fill(struct bed *b)
{
	while (sendq_push_ref(tcp_sendq(b->tcp),
			      span_of(message[b->next_message % MESSAGES], MESSAGE))) {
		b->next_message++;
	}
}

/* Up to `count` segments into frames; how many left. */
static unsigned send_some(struct bed *b, unsigned count)
{
	unsigned sent = 0;
	struct seg seg;

	for (; sent < count && tcp_tx(b->tcp, &seg, b->now); sent++) {
		uint8_t *to = frame[b->next_frame++ % FRAMES];
		uint64_t sum = tcp_payload(b->tcp, &seg, to + seg_header_len(&seg));

		seg_encode(&seg, &b->local, &b->remote, to);
		seg_seal(&seg, &b->local, &b->remote, to, sum);
	}
	return sent;
}

static void ack_all(struct bed *b)
{
	struct seg in;

	b->ack = b->base + (uint32_t)tcp_sendq(b->tcp)->acked + (uint32_t)BATCH * 1448;
	in = peer_seg(b, TCP_ACK);
	tcp_rx(b->tcp, &in, b->now);
}

/* Grow the congestion window beyond a batch. */
static void warm_up(struct bed *b)
{
	for (unsigned round = 0; tcp_stats(b->tcp)->cwnd < 2 * BATCH * 1460; round++) {
		fill(b);
		for (unsigned sent = send_some(b, 4 * BATCH); sent > 0; sent--) {
			struct seg in;

			b->ack += 1448;
			in = peer_seg(b, TCP_ACK);
			tcp_rx(b->tcp, &in, b->now);
		}
		b->now += 1000;
		ASSERT(round < 1000);
	}
	fill(b);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Per second, when the median batch of `count` took that long. */
static double rate(uint64_t *spent, unsigned count)
{
	qsort(spent, BATCHES, sizeof(*spent), by_size);
	return count * 1e9 / (double)spent[BATCHES / 2];
}

static double measure_send(struct bed *b)
{
	static uint64_t spent[BATCHES];

	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t start = nsec();

		fill(b);
		ASSERT(send_some(b, BATCH) == BATCH);
		spent[i] = nsec() - start;
		b->now += 100;
		ack_all(b);
	}
	return rate(spent, BATCH);
}

/* An ACK up to `ack`, as it comes from the wire. */
static void wire_ack(const struct bed *b, struct wire_ack *to)
{
	struct seg s = peer_seg(b, TCP_ACK);

	to->len = seg_header_len(&s);
	seg_encode(&s, &b->remote, &b->local, to->bytes);
	seg_seal(&s, &b->remote, &b->local, to->bytes, 0);
}

static uint64_t take(struct bed *b, const struct wire_ack *acks, unsigned count)
{
	uint64_t start = nsec();

	for (unsigned i = 0; i < count; i++) {
		uint16_t src, dst;
		struct seg in;

		if (seg_decode(span_of(acks[i].bytes, acks[i].len), &b->remote.addr, &b->local.addr,
			       false, &src, &dst, &in) == SEG_OK) {
			tcp_rx(b->tcp, &in, b->now);
		}
	}
	return nsec() - start;
}

static double measure_ack(struct bed *b)
{
	static struct wire_ack acks[BATCH / 2];
	static uint64_t spent[BATCHES];

	for (unsigned i = 0; i < BATCHES; i++) {
		fill(b);
		ASSERT(send_some(b, BATCH) == BATCH);
		b->now += 100;
		for (unsigned j = 0; j < BATCH / 2; j++) {
			b->ack += 2 * 1448;
			wire_ack(b, &acks[j]);
		}
		spent[i] = take(b, acks, BATCH / 2);
	}
	return rate(spent, BATCH / 2);
}

static double best(double (*measure)(struct bed *b), unsigned rounds)
{
	double most = 0;

	for (unsigned i = 0; i < rounds; i++) {
		struct bed b;

		bed_open(&b);
		warm_up(&b);
		double figure = measure(&b);

		most = figure > most ? figure : most;
		tcp_free(b.tcp);
	}
	return most;
}

int main(int argc, char **argv)
{
	unsigned rounds = 9;

	if (argc == 3 && strcmp(argv[1], "--rounds") == 0) {
		rounds = (unsigned)strtoul(argv[2], NULL, 10);
	} else if (argc != 1) {
		fprintf(stderr, "usage: micro_tcp [--rounds N]\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i / MESSAGE][i % MESSAGE] = (uint8_t)(i * 2654435761U >> 13);
	}
	printf("{\"send_segments_per_s\": %.0f, \"acks_per_s\": %.0f}\n",
	       best(measure_send, rounds), best(measure_ack, rounds));
	return EXIT_SUCCESS;
}
