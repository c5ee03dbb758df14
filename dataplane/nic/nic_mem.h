/* An in-memory wire with the NIC interface: for tests and the simulator.
 *
 * A pair of NICs, or a hub of them (every frame goes to the NIC whose MAC it names, or to all);
 * frames appear at the receiver after `delay` of the virtual time that the test sets, in order.
 * Single-threaded by intent: the test steps everything. */
#pragma once

#include "dataplane/nic/nic.h"

struct nic_hub;

/* A hub for `port_max` NICs; `queue_frames` is the bound of each receive queue (tail drop). */
struct nic_hub *nic_hub_new(unsigned port_max, unsigned queue_frames);
void nic_hub_free(struct nic_hub *h); /* After its NICs were closed. */
/* A NIC on the hub with `queues` receive queues; frames are spread over them by a hash of the IP
 * addresses, as a NIC with RSS does. */
struct nic *nic_mem_open(struct nic_hub *h, struct mac mac, uint16_t mtu, uint16_t queues);
/* Let `n` complete checksums and cut packets of up to `tso_max` (0: no longer than its MTU). */
void nic_mem_set_tso(struct nic *n, uint32_t tso_max);
/* The hub's clock: frames sent from now on arrive at now + delay. */
void nic_hub_set_time(struct nic_hub *h, usec_t now, usec_t delay);
/* When the next frame that is under way (sent, delay not over) arrives; USEC_NEVER when none is.
 * A frame that has arrived and waits in a receive queue is not under way any more. */
usec_t nic_hub_due(const struct nic_hub *h);
/* Frames that have arrived at `n` but were not read yet; all queues. */
size_t nic_mem_waiting(const struct nic *n);
/* Frames that `n` lost because a receive queue was full or the frame was longer than its MTU. */
uint64_t nic_mem_lost(const struct nic *n);
/* Called for each frame sent; return false to lose it.  NULL = keep all. */
void nic_hub_set_filter(struct nic_hub *h,
			bool (*keep)(void *context, const struct frame_buf *frame), void *context);
