/* One machine on the bench, its peer played by hand: every segment in and out is visible.
 * tcp_check() runs after each touch, and tcp_wants_tx() must agree with tcp_tx(). */
#pragma once

#include "dataplane/tcp/tcp.h"
#include "rib/base/prng.h"

#define BENCH_MSS 1460

struct bench {
	struct tcp *c;
	usec_t now;
	uint32_t seq;	 /* The peer's next sequence number. */
	uint32_t ack;	 /* What the peer has received of us. */
	uint16_t window; /* What the peer offers. */
	bool has_ts;
	uint32_t ts_val; /* The peer's clock; echoes ts_in. */
	uint32_t ts_in;
	struct seg out; /* The last segment that bench_tx saw. */
};

struct bench_opts {
	uint32_t iss, peer_iss;
	uint32_t rcv_buf_max; /* 0 = 64 kB */
	uint64_t snd_buf_max; /* 0 = 1 MB */
	uint16_t peer_mss;    /* 0 = BENCH_MSS */
	uint16_t window;      /* 0 = 65535 */
	uint8_t peer_wscale;  /* Offered if has_wscale. */
	bool has_wscale, has_ts, has_sack;
	bool is_passive;
	bool has_cubic; /* Else Reno, whose windows are easy to foretell. */
	uint8_t auth;	/* enum seg_auth */
};

struct tcp_conf bench_conf(const struct bench_opts *o);
/* Through the handshake to ESTABLISHED, nothing owed. */
void bench_open(struct bench *b, const struct bench_opts *o);
void bench_close(struct bench *b);
/* A segment from the peer at its current numbers. */
struct seg bench_seg(const struct bench *b, uint8_t flags, const void *data, size_t len);
void bench_rx(struct bench *b, struct seg s);
/* The peer sends `len` bytes in order. */
void bench_data(struct bench *b, const void *data, size_t len);
/* The peer acknowledges up to `ack` with its window. */
void bench_ack(struct bench *b, uint32_t ack);
/* The same with SACK blocks: pairs of numbers relative to `base`. */
void bench_sack(struct bench *b, uint32_t ack, uint32_t base, unsigned count,
		const uint32_t (*block)[2]);
/* One segment out, kept in b->out; false when none. */
bool bench_tx(struct bench *b);
/* Drain; the number of segments. */
unsigned bench_drain(struct bench *b);
/* Let time pass and timers act. */
void bench_wait(struct bench *b, usec_t us);
/* Queue `len` pattern bytes (pushed as one reference). */
void bench_push(struct bench *b, size_t len);
uint64_t bench_drops(const struct bench *b, enum tcp_drop d);
/* 4 MB of fixed pseudo-random bytes; the second half repeats the first, so that a stream that wraps
 * at the half can be read in one piece. */
const uint8_t *bench_pattern(void);
#define BENCH_PATTERN_LEN (4U << 20)
