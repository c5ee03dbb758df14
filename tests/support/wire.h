/* TCP as it stands on the wire, read by code that is not the server's: frames taken apart and put
 * together for raw attackers, and a listener that holds every segment of a trusted sender against
 * what it may send.
 *
 * For each connection whose handshake the listener has seen, and each segment from a trusted MAC:
 *   - bytes sent again are the bytes that were sent first, and nothing is sent behind a gap;
 *   - nothing is sent beyond the farthest edge that the other side has ever offered;
 *   - nothing is acknowledged that the other side has not sent;
 *   - the right edge of the offered window does not move back (but for what a scale cannot say).
 * Frames of others tell what they sent and offered; those with a wrong checksum count for nothing.
 */
#pragma once

#include "dataplane/nic/nic.h"
#include "dataplane/tcp/seg.h"

#define WIRE_FRAME_MAX 1600
#define WIRE_NO_SCALE  0xff

/* One TCP segment. */
struct wire_segment {
	struct mac dst_mac, src_mac;
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	bool has_ts;
	uint32_t ts_val, ts_ecr;
	uint8_t scale;		 /* WIRE_NO_SCALE when absent. */
	size_t tcp_at, bytes_at; /* In the frame. */
	const uint8_t *bytes;
	size_t bytes_len;
	const uint8_t *options; /* wire_build: raw, instead of the above; a multiple of 4 bytes. */
	size_t options_len;
	bool is_intact; /* wire_read: the checksums are right. */
};

/* Take a frame apart; false when it is no TCP segment. */
bool wire_read(const uint8_t *frame, size_t len, struct wire_segment *out);
/* A whole frame into `to` (WIRE_FRAME_MAX); its length. */
size_t wire_build(const struct wire_segment *s, uint8_t *to);
/* Set the TCP checksum of a frame that was changed. */
void wire_sum(uint8_t *frame, size_t len, const struct wire_segment *s);
/* ICMP's word, from the receiver of `lost`, that the packet was too big (RFC 1191 §4, RFC 4443
 * §3.2): a whole frame into `to`, sent by the station `from`; its length, 0 when `lost` is not IP.
 * The MTU told is the family's least (576, 1280). */
size_t wire_too_big(const uint8_t *lost, const struct mac *from, uint8_t *to);

/* One direction of a connection, as the listener has seen it. */
struct wire_flow {
	struct endpoint src, dst;
	uint32_t isn;
	uint32_t max;  /* Behind the last that was sent. */
	uint32_t ack;  /* The farthest. */
	uint32_t edge; /* The farthest right edge that `src` has offered to the other side. */
	uint32_t ts_val;
	uint8_t scale;
	bool has_ts;
	/* The last SYN of this direction. */
	bool has_syn;
	uint8_t syn_scale;
	uint16_t syn_window;
	uint32_t syn_seq, syn_ts_val;
	uint8_t *bytes; /* The last of its stream, a ring; trusted senders only. */
};

struct wire;

struct wire *wire_new(void);
void wire_free(struct wire *w);
void wire_trust(struct wire *w, const struct mac *mac);
/* Frames from here are no word of whom they name. */
void wire_ignore(struct wire *w, const struct mac *mac);
/* A frame was sent. */
void wire_see(struct wire *w, const struct frame_buf *frame);
/* Broken rules; each is also said on stderr. */
unsigned wire_faults(const struct wire *w);
uint64_t wire_checked(const struct wire *w); /* Segments held against the rules. */
/* The newest connection between two addresses: what `src` sends to `dst`, and with NULL allowed for
 * it, the other direction in *out_back.  NULL when none was seen. */
const struct wire_flow *wire_newest(const struct wire *w, const struct addr *src,
				    const struct addr *dst, const struct wire_flow **out_back);
