/* An interface of the host's kernel as a NIC, through AF_PACKET sockets with offloads.
 *
 * DPDK's net_af_packet hands the kernel frame after frame; what the kernel does with each is most
 * of the price of a virtual wire.  Here a super-segment of up to 64 KB goes through the kernel as
 * one (PACKET_VNET_HDR: the device cuts it and fills in checksums, or nobody does where the
 * receiver is on the same host), and so do the segments that the kernel has joined on the way in.
 *
 * One socket for each worker; the kernel spreads flows over them (PACKET_FANOUT).  The interface
 * keeps what the operator has set: address, MTU and state are not touched; its MTU must be no less
 * than the port's.  Buffers of received frames may be released by any thread. */
#pragma once

#include <string.h>

#include "dataplane/nic/nic.h"

/* The interface's name in a device string "packet:NAME", or NULL when it is another kind's. */
static inline const char *nic_packet_interface(const char *device)
{
	static const char prefix[] = "packet:";

	return strncmp(device, prefix, sizeof(prefix) - 1) == 0 ? device + sizeof(prefix) - 1
								: NULL;
}

struct nic_packet_opts {
	const char *interface;
	uint16_t mtu;	 /* Of the port. */
	uint16_t queues; /* One for each worker. */
	/* Frames are handed on to someone who verifies them: unfinished checksums are completed. */
	bool is_shared;
};

/* Open the sockets; privileges are needed only here.  NULL on failure; `why` says what and the
 * remedy. */
struct nic *nic_packet_open(const struct nic_packet_opts *opts, char *why, size_t why_len);
