/* Framing: a byte stream becomes whole BGP messages.  RFC 4271 §4.1, §6.1.
 *
 * Stateless: it looks at the front of the bytes that the transport holds and says whether a whole
 * message is there.  Spans point into the input; nothing is copied. */
#pragma once

#include "rib/wire/notify.h"

#define BGP_HEADER_LEN	19
#define BGP_MESSAGE_MAX 4096

enum bgp_type {
	BGP_OPEN = 1,
	BGP_UPDATE = 2,
	BGP_NOTIFICATION = 3,
	BGP_KEEPALIVE = 4,
	BGP_ROUTE_REFRESH = 5,
};

enum frame_verdict { FRAME_OK, FRAME_MORE, FRAME_BAD };

struct frame {
	enum bgp_type type;
	size_t len;	  /* The whole message; consume this many bytes. */
	struct span body; /* After the header. */
};

/* The message at the front of `in`.  FRAME_MORE: incomplete, come back with more.  FRAME_BAD:
 * `*out_why` is the NOTIFICATION to send; a length is judged as soon as the header is there.
 * `len_max` is 4096 (65535 with RFC 8654). */
enum frame_verdict frame_next(struct span in, size_t len_max, struct frame *out,
			      struct notify *out_why);
/* Write the 19-byte header with a length to be patched; finish with frame_end. */
void frame_begin(struct wr *w, enum bgp_type type);
/* Patch the length of the message that began at `start` (offset within the cursor). */
void frame_end(struct wr *w, size_t start);
