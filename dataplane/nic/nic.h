/* A NIC port as the data path sees it: bursts of frames in, bursts of frames out.
 *
 * One idea: the same small interface over a DPDK port (nic_dpdk) and over an in-memory wire
 * (nic_mem, for tests and the simulator); nothing above knows which.  A frame is a linear buffer of
 * the port; the cookie is the port's own (an mbuf).  Each queue is used by one worker.
 * Drops by the device are counted by the device.  A frame_buf is sent as it is: its checksums are
 * the caller's.
 *
 * A port may take segments in a second form: headers apart from a payload that is only referred to,
 * the L4 checksum to be completed by the port, and perhaps more payload than a frame holds, which
 * the port cuts (TSO).  Two ways on the same queue, with no order between them.
 */
#pragma once

#include "rib/base/bytes.h"

#define NIC_BURST_MAX 32
/* Room before the L3 bytes of an MTU: Ethernet's header and one VLAN tag. */
#define NIC_HEADER_MAX	      18
#define NIC_GATHER_HEADER_MAX (NIC_HEADER_MAX + 40 + 60) /* IPv6 without extensions; TCP. */
#define NIC_GATHER_SPANS      256			 /* Pieces of one payload, at most. */

struct mac {
	uint8_t bytes[6];
};

#define MAC_TEXT_MAX 18 /* "02:00:00:00:00:01" */
/* Write `m` as text to `to` (MAC_TEXT_MAX bytes) and return it. */
const char *mac_format(const struct mac *m, char *to);

/* A received or to be sent frame, starting with the Ethernet header. */
struct frame_buf {
	uint8_t *data;
	uint32_t len;  /* Received: several segments that the port has joined exceed the MTU. */
	uint32_t room; /* Transmit: bytes that fit at `data`. */
	/* Receive: the L3 and L4 checksums need no look, for the device verified them, or they
	 * never crossed a wire: then L4's may be unfinished, the pseudo-header's sum alone. */
	bool is_csum_good;
	void *cookie; /* The port's. */
};

/* A TCP segment to be sent, or several in one (a super-segment).  The header (Ethernet, IP without
 * extensions, TCP with its options) is written as for one segment of that length: IP's length is
 * that of the whole, and so is its IPv4 checksum.  In the place of the TCP checksum stands the sum
 * of the pseudo-header, folded but not inverted, with the whole's length; the port adds the rest.
 *
 * With a gso_size the port cuts: each segment but the last carries gso_size bytes of the payload,
 * in order; lengths, sequence numbers, checksums and (IPv4) identifications, which go up by one,
 * are put right; FIN and PSH stay on the last alone. */
struct nic_gather {
	const struct span *payload; /* Borrowed during the call, and so are its bytes. */
	uint32_t payload_len;	    /* Sum of the spans, none of them empty. */
	uint16_t payload_count;	    /* <= NIC_GATHER_SPANS */
	uint16_t gso_size;	    /* 0: one segment, within the MTU; else < payload_len. */
	uint8_t header_len;
	uint8_t l3_at, l4_at; /* Where IP and TCP begin. */
	uint8_t header[NIC_GATHER_HEADER_MAX];
};

/* What a queue has lost since the start. */
struct nic_losses {
	uint64_t missed;  /* Received, but not read in time. */
	uint64_t refused; /* Taken from us, but not sent. */
};

struct nic;

struct nic_ops {
	/* Up to `max` received frames; the caller releases each, from any thread. */
	unsigned (*rx_burst)(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max);
	/* Buffers to fill; may give fewer than asked (pressure). */
	unsigned (*tx_alloc)(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count);
	/* Send; buffers not accepted (the number returned is lower) stay the caller's. */
	unsigned (*tx_burst)(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count);
	void (*release)(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count);
	/* Optional.  Send segments whose checksum the port completes; returns how many of the first
	 * it has taken.  Those are done with: nothing of them is read after the return.  The others
	 * are the caller's to offer again. */
	unsigned (*tx_gather)(struct nic *n, unsigned queue, const struct nic_gather *in,
			      unsigned count);
	/* Optional.  Any thread. */
	struct nic_losses (*losses)(const struct nic *n, unsigned queue);
	/* A descriptor that becomes readable when frames wait on the queue, or -1: then poll. */
	int (*wait_fd)(struct nic *n, unsigned queue);
	void (*close)(struct nic *n); /* Stop the port and free `n`. */
};

struct nic {
	const struct nic_ops *ops;
	struct mac mac;
	uint16_t mtu; /* L3 bytes. */
	uint16_t queue_count;
	/* The longest packet (L3 bytes, at most 65,535) that tx_gather takes to be cut; 0: none. */
	uint32_t tso_max;
};

static inline unsigned nic_rx(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max)
{
	return n->ops->rx_burst(n, queue, out, max);
}

static inline unsigned nic_alloc(struct nic *n, unsigned queue, struct frame_buf *out,
				 unsigned count)
{
	return n->ops->tx_alloc(n, queue, out, count);
}

static inline unsigned nic_tx(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	return n->ops->tx_burst(n, queue, in, count);
}

static inline void nic_release(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count)
{
	n->ops->release(n, queue, in, count);
}

/* Whether nic_gather may be called. */
static inline bool nic_can_gather(const struct nic *n)
{
	return n->ops->tx_gather != NULL;
}

static inline unsigned nic_gather(struct nic *n, unsigned queue, const struct nic_gather *in,
				  unsigned count)
{
	return n->ops->tx_gather(n, queue, in, count);
}

static inline struct nic_losses nic_losses(const struct nic *n, unsigned queue)
{
	return n->ops->losses == NULL ? (struct nic_losses){0} : n->ops->losses(n, queue);
}
