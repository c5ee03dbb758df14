/* Two machines and the link between them, in virtual time: loses, duplicates, delays, reorders.
 * Segments cross as encoded bytes, so the checksum is tried too.  Same seed, same run.
 * tcp_check() runs after every step, and tcp_wants_tx() must agree with tcp_tx(). */
#pragma once

#include "dataplane/tcp/tcp.h"
#include "rib/base/prng.h"

struct link_conf {
	uint64_t seed;
	unsigned loss_permille, dup_permille, corrupt_permille;
	usec_t delay_us, jitter_us; /* Jitter reorders. */
	unsigned queue_max;	    /* Frames in flight per direction; 0 = no bound. */
	uint32_t iss[2];
	uint32_t rcv_buf_max[2]; /* 0 = 64 kB */
	uint64_t total[2];	 /* Bytes that each side sends. */
	bool is_simultaneous;	 /* Both open actively. */
	bool has_slow_reader;	 /* Reads little, now and then. */
	bool closes;		 /* Each side closes when it has sent all. */
	bool has_no_sack[2];
	uint8_t cc; /* enum cc_kind */
	/* Super-segments, which are cut on their way to the link; 0: none. */
	uint32_t bulk_bytes;
	uint16_t bulk_spans;
	/* Sees each segment just after tcp_tx; may be NULL. */
	void (*on_tx)(const struct tcp *c, const struct seg *s);
};

struct link_frame {
	usec_t at;
	uint64_t order;
	unsigned to;
	size_t len;
	uint8_t bytes[1600];
};

struct link_side {
	struct tcp *c;
	struct tcp_conf conf;
	uint64_t pushed, read;
	usec_t read_at; /* The reader wakes up. */
};

struct link {
	struct link_conf conf;
	struct prng prng;
	usec_t now;
	struct link_side side[2];
	struct link_frame **frame;
	size_t frame_count, frame_cap;
	uint64_t order;
	uint64_t sent, lost; /* Segments offered to the link, and lost on it. */
	uint64_t cut;	     /* Super-segments. */
	uint64_t trace;	     /* Hash of all segments offered, with their times. */
	size_t window_max;   /* Largest payload in flight seen by the tests that look. */
};

void link_open(struct link *l, const struct link_conf *conf);
void link_close(struct link *l);
/* One event.  False when nothing will ever happen again. */
bool link_step(struct link *l);
/* Until both sides have read everything (true), or `until` has passed or nothing happens. */
bool link_run(struct link *l, usec_t until);
/* The bytes that `side` sends, from stream offset `at`. */
const uint8_t *link_bytes(unsigned side, uint64_t at);
