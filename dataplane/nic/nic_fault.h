/* A faulty link: a NIC around another NIC, with the same interface.
 *
 * What the owner sends and what the link delivers pass through a plan each, which loses, cuts,
 * corrupts, duplicates, delays and reorders, as a seeded generator decides.  Pure: the clock is
 * nic_fault_set_time(), the seed is given, and the owner asks when the next frame is due.  The
 * wrapper copies every frame, so buffers of the two NICs never mix.  Single-threaded by intent.
 *
 * A corrupted frame differs in one even-aligned 16-bit word, of which at least one and at most 15
 * bits are flipped.  The one's complement sum then changes by something that is no multiple of
 * 65535, so every checksum over the word finds it: TCP's for segment and addresses, IPv4's and
 * ICMP's for theirs.  The payload length of IPv6 is spared, for it says where the sum ends.  What
 * no checksum covers (Ethernet, ARP, the flow label) can arrive altered.
 */
#pragma once

#include "dataplane/nic/nic.h"

enum nic_fault {
	NIC_FAULT_LOSS,
	NIC_FAULT_BURST, /* Of loss. */
	NIC_FAULT_CUT,
	NIC_FAULT_TOO_BIG, /* Longer than the plan's MTU: gone without a word. */
	NIC_FAULT_CORRUPT,
	NIC_FAULT_TRUNCATE,
	NIC_FAULT_DUPLICATE,
	NIC_FAULT_REORDER,
	NIC_FAULT_DELAY,
	NIC_FAULT_COUNT
};

enum nic_fault_way { NIC_FAULT_OUT, NIC_FAULT_IN, NIC_FAULT_WAY_COUNT };

/* All zero: a perfect link.  The chances are per mille of the frames. */
struct nic_fault_plan {
	uint16_t loss, burst, corrupt, truncate, duplicate, reorder;
	uint16_t burst_frames; /* Length of a burst, at most. */
	uint16_t mtu;	       /* L3 bytes; 0 = as the inner NIC. */
	bool is_cut;
	usec_t delay_us;   /* Of every frame. */
	usec_t jitter_us;  /* Up to so much more; keeps the order. */
	usec_t reorder_us; /* A reordered frame comes so much later, at most. */
};

/* A NIC around `inner`, which it takes and closes.  NULL when memory is short; `inner` is then
 * still the caller's. */
struct nic *nic_fault_new(struct nic *inner, uint64_t seed);
void nic_fault_set_plan(struct nic *n, enum nic_fault_way way, const struct nic_fault_plan *plan);
/* The clock; frames whose delay is over leave. */
void nic_fault_set_time(struct nic *n, usec_t now);
/* When the next frame that is held back leaves or arrives; USEC_NEVER when none is. */
usec_t nic_fault_due(const struct nic *n);
/* How often each fault was applied, [NIC_FAULT_COUNT]. */
const uint64_t *nic_fault_counts(const struct nic *n);
/* Called for each frame that is lost for its size, as it was sent.  NULL = nobody. */
void nic_fault_set_too_big(struct nic *n,
			   void (*too_big)(void *context, enum nic_fault_way way,
					   const struct frame_buf *frame),
			   void *context);
