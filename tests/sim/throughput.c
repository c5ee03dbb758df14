/* Throughput over loss and round trip, as a table that a test compares.
 *
 *     throughput FILE           compares; 0 when every figure is as recorded
 *     throughput FILE --write   records
 *
 * Two connections and a link between them in virtual time: 100 Mbit/s each way, a queue of 200
 * frames, every frame lost with the same probability.  One sends 16 MiB, the other reads at once.
 * Same seed, same run: any other figure is a change of behaviour and wants a reason in the commit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/tcp/tcp.h"
#include "rib/base/check.h"
#include "rib/base/prng.h"

#define TOTAL	      (UINT64_C(16) << 20)
#define BUFFER_MAX    (4U << 20)
#define PIECE	      4096
#define QUEUE_FRAMES  200
#define FRAME_BYTES   1538 /* A full frame with preamble and gap. */
#define OVERHEAD      (20 + 38)
#define NSEC_PER_BYTE 80 /* 100 Mbit/s. */
#define SEEDS	      4
#define FLIGHT_MAX    4096 /* A power of two. */
#define PATIENCE      (3600 * USEC_PER_SEC)

static const uint8_t zeros[PIECE];

struct frame {
	usec_t at;
	struct seg seg;
};

/* One direction: frames arrive in the order in which they left. */
struct wire {
	uint64_t free_at_ns; /* When the last queued frame has left. */
	uint32_t head, tail;
	struct frame frame[FLIGHT_MAX];
};

struct run {
	struct prng prng;
	usec_t now, delay_us;
	unsigned loss_permille;
	struct tcp *tcp[2];
	struct wire wire[2]; /* By the side that sends. */
	uint64_t pushed, read, steps;
};

struct figures {
	uint64_t kbit_s, resent, timeouts;
};

struct variant {
	const char *name;
	enum cc_kind cc;
	bool has_no_sack;
};

static const struct variant variants[] = {
	{"CUBIC, SACK", CC_CUBIC, false},
	{"NewReno, SACK", CC_RENO, false},
	{"CUBIC, no SACK", CC_CUBIC, true},
	{"NewReno, no SACK", CC_RENO, true},
};

static void transmit(struct run *r, unsigned side, const struct seg *seg)
{
	struct wire *w = &r->wire[side];
	uint64_t now_ns = r->now * 1000;
	uint64_t bytes = seg_header_len(seg) + seg->payload.len + OVERHEAD;
	uint64_t queued_ns = w->free_at_ns > now_ns ? w->free_at_ns - now_ns : 0;

	if (queued_ns > (uint64_t)QUEUE_FRAMES * FRAME_BYTES * NSEC_PER_BYTE) {
		return; /* The queue is full. */
	}
	w->free_at_ns = max_u64(w->free_at_ns, now_ns) + bytes * NSEC_PER_BYTE;
	if (prng_chance(&r->prng, r->loss_permille, 1000)) {
		return;
	}
	ASSERT(w->tail - w->head < FLIGHT_MAX);
	struct frame *f = &w->frame[w->tail++ % FLIGHT_MAX];

	f->at = (w->free_at_ns + 999) / 1000 + r->delay_us;
	f->seg = *seg;
	f->seg.payload.data = zeros;
}

static void pump(struct run *r)
{
	while (r->pushed < TOTAL && sendq_push_ref(tcp_sendq(r->tcp[0]), span_of(zeros, PIECE))) {
		r->pushed += PIECE;
	}
	size_t len = tcp_peek(r->tcp[1]).len;

	tcp_consume(r->tcp[1], len);
	r->read += len;
	for (unsigned side = 0; side < 2; side++) {
		struct seg out;

		while (tcp_tx(r->tcp[side], &out, r->now)) {
			transmit(r, side, &out);
		}
	}
}

static struct tcp_conf conf_of(unsigned side, const struct variant *v)
{
	return (struct tcp_conf){
		.local = {.addr = addr_v4(0xc6120001 + side), .port = 179},
		.remote = {.addr = addr_v4(0xc6120002 - side), .port = 179},
		.mss = 1460,
		.rcv_buf_max = BUFFER_MAX,
		.snd_buf_max = BUFFER_MAX,
		.iss = 0xfff00000 * side,
		.cc = (uint8_t)v->cc,
		.has_no_sack = v->has_no_sack,
	};
}

static void deliver(struct run *r, unsigned from, const struct variant *v)
{
	struct wire *w = &r->wire[from];

	while (w->head != w->tail && w->frame[w->head % FLIGHT_MAX].at <= r->now) {
		const struct seg *seg = &w->frame[w->head++ % FLIGHT_MAX].seg;
		struct tcp *to = r->tcp[1 - from];

		if (tcp_state(to) != TCP_CLOSED) {
			tcp_rx(to, seg, r->now);
		} else {
			struct tcp_conf conf = conf_of(1, v);

			tcp_accept(to, &conf, seg, r->now);
		}
	}
}

/* One event later. */
static void step(struct run *r, const struct variant *v)
{
	usec_t next = min_u64(tcp_due(r->tcp[0]), tcp_due(r->tcp[1]));

	for (unsigned side = 0; side < 2; side++) {
		const struct wire *w = &r->wire[side];

		if (w->head != w->tail) {
			next = min_u64(next, w->frame[w->head % FLIGHT_MAX].at);
		}
	}
	ASSERT(next != USEC_NEVER);
	r->now = max_u64(r->now, next);
	for (unsigned side = 0; side < 2; side++) {
		deliver(r, side, v);
		tcp_tick(r->tcp[side], r->now);
		if (++r->steps % 64 == 0) { /* It takes longer than the rest. */
			tcp_check(r->tcp[side]);
		}
	}
}

static struct figures measure(uint64_t seed, unsigned loss_permille, usec_t rtt_us,
			      const struct variant *v)
{
	static struct run r;
	struct tcp_conf conf = conf_of(0, v);

	r = (struct run){.now = USEC_PER_SEC,
			 .delay_us = rtt_us / 2,
			 .loss_permille = loss_permille,
			 .tcp = {tcp_new(), tcp_new()}};
	ASSERT(r.tcp[0] != NULL && r.tcp[1] != NULL);
	prng_init(&r.prng, seed);
	tcp_connect(r.tcp[0], &conf, r.now);
	usec_t start = r.now;

	for (pump(&r); r.read < TOTAL; pump(&r)) {
		ASSERT(r.now < PATIENCE && tcp_state(r.tcp[0]) != TCP_CLOSED);
		step(&r, v);
	}
	const struct tcp_stats *s = tcp_stats(r.tcp[0]);
	struct figures f = {.kbit_s = TOTAL * 8 * 1000 / (r.now - start),
			    .resent = metric_get(&s->retransmits),
			    .timeouts = metric_get(&s->timeouts)};

	tcp_free(r.tcp[0]);
	tcp_free(r.tcp[1]);
	return f;
}

static void row(FILE *out, unsigned loss_permille, usec_t rtt_us)
{
	fprintf(out, "%3u.%u %5" PRIu64 ".%" PRIu64, loss_permille / 10, loss_permille % 10,
		rtt_us / 1000, rtt_us % 1000 / 100);
	for (size_t i = 0; i < ARRAY_COUNT(variants); i++) {
		struct figures sum = {0};

		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct figures f = measure(seed, loss_permille, rtt_us, &variants[i]);

			sum.kbit_s += f.kbit_s;
			sum.resent += f.resent;
			sum.timeouts += f.timeouts;
		}
		fprintf(out, "  |%7" PRIu64 " %6" PRIu64 " %4" PRIu64, sum.kbit_s / SEEDS,
			sum.resent / SEEDS, sum.timeouts / SEEDS);
	}
	fprintf(out, "\n");
}

static void table(FILE *out)
{
	static const unsigned losses_permille[] = {0, 1, 10, 50};
	static const usec_t rtts_us[] = {100, 10000, 100000};

	fprintf(out,
		"# 16 MiB over 100 Mbit/s, queue of 200 frames, mean of %d seeds: kbit/s, "
		"segments\n"
		"# sent again, timeouts.  Written by `throughput FILE --write` (tests/sim).\n"
		"# loss   rtt",
		SEEDS);
	for (size_t i = 0; i < ARRAY_COUNT(variants); i++) {
		fprintf(out, "  | %-18s", variants[i].name);
	}
	fprintf(out, "\n#    %%    ms\n");
	for (size_t i = 0; i < ARRAY_COUNT(losses_permille); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(rtts_us); j++) {
			row(out, losses_permille[i], rtts_us[j]);
		}
	}
}

static int compare(const char *path, const char *text, size_t len)
{
	char *recorded = calloc(1, len + 2);
	FILE *file = fopen(path, "r");
	size_t got = 0;

	ASSERT(recorded != NULL);
	if (file != NULL) {
		got = fread(recorded, 1, len + 1, file);
		fclose(file);
	}
	bool is_same = got == len && memcmp(recorded, text, len) == 0;

	printf("%s", text);
	if (!is_same) {
		printf("%s differs:\n%s", path, recorded);
	}
	free(recorded);
	return is_same ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int record(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
		perror(path);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	bool is_write = argc == 3 && strcmp(argv[2], "--write") == 0;
	char *text = NULL;
	size_t len = 0;

	if (argc < 2 || (argc > 2 && !is_write)) {
		fprintf(stderr, "usage: throughput FILE [--write]\n");
		return EXIT_FAILURE;
	}
	FILE *out = open_memstream(&text, &len);

	ASSERT(out != NULL);
	table(out);
	fclose(out);
	int status = is_write ? record(argv[1], text, len) : compare(argv[1], text, len);

	free(text);
	return status;
}
