/* What a signature costs: ns for each segment signed and verified, by kind and payload.
 *
 *     build/bench/micro_auth
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/tcp/auth.h"
#include "rib/base/check.h"

#define SECONDS 0.2
#define ROUNDS	3 /* The best counts: a shared machine only ever takes time away. */

struct sample {
	struct auth *ours, *theirs;
	struct endpoint local, remote;
	struct seg seg;
	uint8_t bytes[TCP_HEADER_MAX + 1448];
	size_t len;
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

static void sign(struct sample *s)
{
	struct auth_packet p = packet_of(s);
	auth_sign(s->ours, &p, s->bytes, 0);
}

static void verify(struct sample *s)
{
	struct auth_packet p = packet_of(s);
	ASSERT(auth_rx(s->theirs, &p, 0) == AUTH_OK);
}

static double measure(struct sample *s, void (*one)(struct sample *s))
{
	double best = 1e9;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned count = 0;
		double begin = now_s(), end = begin;
		while (end - begin < SECONDS) {
			for (unsigned i = 0; i < 256; i++) {
				one(s);
			}
			count += 256;
			end = now_s();
		}
		double ns = (end - begin) * 1e9 / count;
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	static const char *const names[] = {"TCP-MD5", "HMAC-SHA-1-96", "AES-128-CMAC-96"};
	static const size_t payloads[] = {0, 19, 512, 1448};
	printf("%-16s %8s %12s %12s %14s\n", "kind", "payload", "sign ns", "verify ns",
	       "sign segs/s");
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned p = 0; p < 4; p++) {
			struct sample s;
			prepare(&s, (uint8_t)i, payloads[p]);
			double sign_ns = measure(&s, sign);
			s.seg.mac_at = (uint8_t)(seg_header_len(&s.seg) - s.seg.mac_len);
			double verify_ns = measure(&s, verify);
			printf("%-16s %8zu %12.0f %12.0f %14.0f\n", names[i], payloads[p], sign_ns,
			       verify_ns, 1e9 / sign_ns);
			auth_free(s.ours);
			auth_free(s.theirs);
		}
	}
	return 0;
}
