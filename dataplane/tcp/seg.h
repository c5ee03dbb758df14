/* A TCP segment as a value: header fields, options that we know, and where its payload is.
 * RFC 9293 §3.1, options RFC 7323; room is left for SACK (2018), MD5 (2385) and AO (5925). */
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

struct seg {
	uint32_t seq;
	uint32_t ack;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t window; /* As on the wire, unscaled. */
	uint16_t mss;	 /* SYN: offered MSS; 0 = option absent. */
	uint8_t flags;
	uint8_t wscale; /* SYN: shift 0..14; 0xff = option absent. */
	bool has_ts;
	struct span
		payload; /* Received: points into the frame.  To be sent: data NULL, only len. */
};

enum seg_verdict { SEG_OK, SEG_SHORT, SEG_OFFSET, SEG_OPTIONS, SEG_CHECKSUM };

/* Parse a segment (TCP header onward).  Ports come out in host order.  Malformed options are
 * SEG_OPTIONS.  The checksum over the pseudo-header is verified unless `is_csum_good`. */
enum seg_verdict seg_decode(struct span in, const struct addr *src, const struct addr *dst,
			    bool is_csum_good, uint16_t *out_src_port, uint16_t *out_dst_port,
			    struct seg *out);
/* Bytes of the header that seg_encode will write. */
size_t seg_header_len(const struct seg *s);
/* Write the header at `to`; the payload must already stand behind it; the checksum is filled in. */
void seg_encode(const struct seg *s, const struct endpoint *from, const struct endpoint *to_end,
		uint8_t *to);
