/* A tap interface of the host's kernel as a NIC: what is sent here the kernel receives, and the
 * other way round.
 *
 * Opened through /dev/net/tun and not as DPDK's net_tap: that one is a port of EAL with a pool of
 * its own, sets queues and filters up through netlink, and gives the interface a descriptor set per
 * queue all the same; three system calls do what is wanted here, and tests need no EAL.  One queue
 * for each worker; reading and writing never block.  The interface has the MAC of the port that it
 * shares, because to the LAN both are one station.  It goes away with the process unless the
 * operator made it persistent. */
#pragma once

#include "dataplane/nic/nic.h"

struct nic_tap_opts {
	const char *name; /* Of the interface. */
	struct mac mac;
	uint16_t mtu;
	uint16_t queues;
	bool takes_joined; /* Frames that the port has joined are handed on: up to 64 KB. */
};

/* Create the interface, or attach to a persistent one, and set it up.  NULL on failure; `why` says
 * what and the remedy. */
struct nic *nic_tap_open(const struct nic_tap_opts *opts, char *why, size_t why_len);
