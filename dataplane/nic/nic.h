/* A NIC port as the data path sees it: bursts of frames in, bursts of frames out.
 *
 * One idea: the same small interface over a DPDK port (nic_dpdk) and over an in-memory wire
 * (nic_mem, for tests and the simulator); nothing above knows which.  A frame is a linear buffer of
 * the port; the cookie is the port's own (an mbuf).  Each queue is used by one worker.
 * Drops by the device are counted by the device.  Ports have no opinion on checksums beyond their
 * `can_` flags: where a flag is not set, the caller computes and verifies in software.
 */
#pragma once

#include "rib/base/units.h"

#define NIC_BURST_MAX 32
/* Room before the L3 bytes of an MTU: Ethernet's header and one VLAN tag. */
#define NIC_HEADER_MAX 18

struct mac {
	uint8_t bytes[6];
};

#define MAC_TEXT_MAX 18 /* "02:00:00:00:00:01" */
/* Write `m` as text to `to` (MAC_TEXT_MAX bytes) and return it. */
const char *mac_format(const struct mac *m, char *to);

/* A received or to be sent frame, starting with the Ethernet header. */
struct frame_buf {
	uint8_t *data;
	uint16_t len;
	uint16_t room;	   /* Transmit: bytes that fit at `data`. */
	bool is_csum_good; /* Receive: the device verified the L3 and L4 checksums. */
	void *cookie;	   /* The port's. */
};

struct nic;

struct nic_ops {
	/* Up to `max` received frames; the caller frees each (or sends its buffer back out). */
	unsigned (*rx_burst)(struct nic *n, unsigned queue, struct frame_buf *out, unsigned max);
	/* Buffers to fill; may give fewer than asked (pressure). */
	unsigned (*tx_alloc)(struct nic *n, unsigned queue, struct frame_buf *out, unsigned count);
	/* Send; buffers not accepted (the number returned is lower) stay the caller's. */
	unsigned (*tx_burst)(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count);
	void (*release)(struct nic *n, unsigned queue, struct frame_buf *in, unsigned count);
	/* A descriptor that becomes readable when frames wait on the queue, or -1: then poll. */
	int (*wait_fd)(struct nic *n, unsigned queue);
	void (*close)(struct nic *n); /* Stop the port and free `n`. */
};

struct nic {
	const struct nic_ops *ops;
	struct mac mac;
	uint16_t mtu; /* L3 bytes. */
	uint16_t queue_count;
	bool can_csum_tx; /* Reserved for ports that fill in checksums; false: software. */
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
