/* What a signature costs: ns for each segment, by kind and payload, signed alone and in batches,
 * and verified.
 *
 *     build/bench/micro_auth
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/tcp/signer.h"
#include "rib/base/check.h"

#define SECONDS	  0.5
#define WINDOW	  1024 /* Segments: the best so many count, for a shared machine only takes away. */
#define BATCH_MAX 32

/* A neighbour's segment. */
struct sample {
	struct auth *ours, *theirs;
	struct endpoint local, remote;
	struct seg seg;
	uint8_t bytes[TCP_HEADER_MAX + 1448];
	size_t len;
};

struct batch {
	struct signer *signer;
	struct sample sample[BATCH_MAX];
	unsigned count;
};

static double now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct auth_packet packet_of(struct sample *s)
{
	return (struct auth_packet){&s->seg, &s->local, &s->remote, span_of(s->bytes, s->len)};
}

/* A segment of a connection that both ends know. */
static void prepare(struct sample *s, uint8_t algorithm, size_t payload)
{
	const struct auth_keys keys = {
		.count = 1,
		.key = {{.algorithm = algorithm, .secret_len = 16, .secret = "sixteen octets.."}}};
	*s = (struct sample){.local = {.addr = addr_v4(0xc6120001), .port = 179},
			     .remote = {.addr = addr_v4(0xc6120101), .port = 50000}};
	s->ours = auth_new(&keys);
	s->theirs = auth_new(&keys);
	ASSERT(s->ours != NULL && s->theirs != NULL);
	/* Each as if the other had opened it. */
	const struct seg their_ack = {.seq = 8, .ack = 1001}, our_ack = {.seq = 1001, .ack = 8};
	auth_accept(s->ours, &s->local, &s->remote, &their_ack);
	auth_accept(s->theirs, &s->remote, &s->local, &our_ack);
	s->seg = (struct seg){.seq = 1001,
			      .flags = TCP_ACK,
			      .wscale = 0xff,
			      .has_ts = true,
			      .auth = (uint8_t)auth_kind(s->ours),
			      .mac_len = auth_mac_len(s->ours),
			      .payload = span_of(NULL, payload)};
	s->len = seg_header_len(&s->seg) + payload;
	seg_encode(&s->seg, &s->local, &s->remote, s->bytes);
}

static void sign(struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct auth_packet p = packet_of(&b->sample[i]);
		auth_sign(b->sample[i].ours, &p, b->sample[i].bytes, 0, b->signer);
	}
	signer_run(b->signer);
}

static void verify(struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct auth_packet p = packet_of(&b->sample[i]);
		ASSERT(auth_rx(b->sample[i].theirs, &p, 0) == AUTH_OK);
	}
}

/* ns for a segment. */
static double measure(struct batch *b, void (*all)(struct batch *b))
{
	unsigned calls = WINDOW / b->count;
	double best = 1e9, begin = now_s();
	for (double from = begin, to; from < begin + SECONDS; from = to) {
		for (unsigned i = 0; i < calls; i++) {
			all(b);
		}
		to = now_s();
		double ns = (to - from) * 1e9 / (calls * b->count);
		best = ns < best ? ns : best;
	}
	return best;
}

static void measure_kind(const char *name, uint8_t algorithm, size_t payload)
{
	static const unsigned counts[] = {1, 8, 16, BATCH_MAX};
	static struct batch b;
	b.signer = signer_new(lanes_best());
	ASSERT(b.signer != NULL);
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		prepare(&b.sample[i], algorithm, payload);
	}
	printf("%-16s %8zu", name, payload);
	for (unsigned i = 0; i < ARRAY_COUNT(counts); i++) {
		b.count = counts[i];
		printf(" %8.0f", measure(&b, sign));
	}
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		struct seg *seg = &b.sample[i].seg;
		seg->mac_at = (uint8_t)(seg_header_len(seg) - seg->mac_len);
	}
	printf(" %8.0f\n", measure(&b, verify));
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		auth_free(b.sample[i].ours);
		auth_free(b.sample[i].theirs);
	}
	signer_free(b.signer);
}

int main(void)
{
	static const char *const names[] = {"TCP-MD5", "HMAC-SHA-1-96", "AES-128-CMAC-96"};
	static const size_t payloads[] = {0, 19, 512, 1448};
	printf("%-16s %8s %8s %8s %8s %8s %8s\n", "kind", "payload", "sign 1", "of 8", "of 16",
	       "of 32", "verify");
	for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
		for (unsigned p = 0; p < ARRAY_COUNT(payloads); p++) {
			measure_kind(names[i], (uint8_t)i, payloads[p]);
		}
	}
	return 0;
}
