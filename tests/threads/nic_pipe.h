/* An in-memory wire between threads, with the NIC interface.
 *
 * A switch of NICs; each receive queue is a ring of frames under a lock of its own, so any thread
 * may send to any queue.  Frames are copied on both sides and arrive at once.  The lock and the
 * copies are hidden from ThreadSanitizer: a wire orders nothing but the frames themselves, so no
 * race between two workers must look ordered because both of them touched the same wire.
 * All NICs are opened before, and closed after, the threads that use them. */
#pragma once

#include "dataplane/nic/nic.h"

struct nic_pipe_hub;

struct nic_pipe_hub *nic_pipe_hub_new(unsigned port_max);
void nic_pipe_hub_free(struct nic_pipe_hub *h); /* After its NICs were closed. */
/* A NIC of `queues` receive queues of `frames` frames each; what does not fit is lost. */
struct nic *nic_pipe_open(struct nic_pipe_hub *h, struct mac mac, uint16_t mtu, uint16_t queues,
			  unsigned frames);
/* Frames lost on the whole hub.  No thread may use it any more. */
uint64_t nic_pipe_lost(const struct nic_pipe_hub *h);
