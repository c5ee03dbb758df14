/* A TCP segment as a value: header fields, options that we know, and where its payload is.
 *
 * Encoding has three steps, because a MAC covers the header and the checksum covers the MAC: write
 * the header (seg_encode: MAC and checksum are zero), sign it (auth), seal it (seg_seal).
 * RFC 9293 §3.1; options RFC 7323, 2018 (SACK), 2385 (MD5), 5925 (AO). */
#pragma once

#include "rib/base/addr.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

#define TCP_HEADER_MIN 20
#define TCP_HEADER_MAX 60

struct endpoint {
	struct addr addr;
	uint16_t port;
};

#define SEG_SACK_MAX 4 /* What 40 bytes of options hold, RFC 2018 §3. */

/* Bytes that arrived beyond the acknowledged ones: [from, to). */
struct sack_block {
	uint32_t from, to;
};

enum seg_auth { SEG_AUTH_NONE, SEG_AUTH_MD5, SEG_AUTH_AO };

#define SEG_MD5_LEN    16
#define SEG_AO_MAC_MAX 16 /* Longest MAC that we know; RFC 5926 has 12. */

struct seg {
	uint32_t seq;
	uint32_t ack;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t window; /* As on the wire, unscaled. */
	uint16_t mss;	 /* SYN: offered MSS; 0 = option absent. */
	uint16_t cut; /* To be sent: in pieces of so much payload (a super-segment); 0: as one. */
	uint8_t flags;
	uint8_t wscale;	    /* SYN: shift 0..14; 0xff = option absent. */
	uint8_t header_len; /* Received. */
	bool has_ts;
	bool has_sack_permitted; /* SYN. */
	uint8_t sack_count;
	uint8_t auth;	 /* enum seg_auth: the option that is there. */
	uint8_t mac_at;	 /* Received: offset of the MAC in the header.  Sent: at its end. */
	uint8_t mac_len; /* MD5: SEG_MD5_LEN. */
	uint8_t key_id, rnext_id; /* AO: KeyID and RNextKeyID, RFC 5925 §2.2. */
	struct span
		payload; /* Received: points into the frame.  To be sent: data NULL, only len. */
	struct sack_block sack[SEG_SACK_MAX]; /* The first sack_count of them. */
};

/* Nothing in it.  The blocks are left as they are: clearing them costs as much as the rest. */
static inline void seg_clear(struct seg *s)
{
	memset(s, 0, offsetof(struct seg, sack));
	s->wscale = 0xff;
}

/* How many segments it is on the wire. */
static inline unsigned seg_pieces(const struct seg *s)
{
	return s->cut == 0 ? 1 : (unsigned)((s->payload.len + s->cut - 1) / s->cut);
}

enum seg_verdict { SEG_OK, SEG_SHORT, SEG_OFFSET, SEG_OPTIONS, SEG_CHECKSUM };

/* Parse a segment (TCP header onward).  Ports come out in host order.  Malformed options are
 * SEG_OPTIONS.  The checksum over the pseudo-header is verified unless `is_csum_good`. */
enum seg_verdict seg_decode(struct span in, const struct addr *src, const struct addr *dst,
			    bool is_csum_good, uint16_t *out_src_port, uint16_t *out_dst_port,
			    struct seg *out);
/* Bytes of the header that seg_encode will write: at most TCP_HEADER_MAX. */
size_t seg_header_len(const struct seg *s);
/* How many SACK blocks fit beside the other options of `s`. */
unsigned seg_sack_room(const struct seg *s);
/* Write the header at `to`, with a MAC (the last mac_len bytes) and a checksum of zero. */
void seg_encode(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		uint8_t *to);
/* Fill in the checksum of the header that seg_encode wrote at `to`; `payload_sum` is that of the
 * payload (csum.h). */
void seg_seal(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
	      uint8_t *to, uint64_t payload_sum);
/* Begin it only, with the sum of the pseudo-header: the port does the rest (nic.h). */
void seg_seal_open(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		   uint8_t *to);
