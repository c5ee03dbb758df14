/* A DPDK ethdev as a NIC: any device string (af_packet, tap, memif, AF_XDP vdevs, PCI).
 *
 * Frames are mbufs of one pool per port; transmit buffers are direct and linear (AF_XDP needs
 * that).  Where the device completes checksums, cuts and takes chains of buffers, super-segments
 * are copied into such.  What is received in several buffers is copied into one.  With af_packet,
 * frames that carry our own source address are what the kernel echoes or sends itself: they are
 * dropped here.  Checksum flags that the device does not set are left to software.  wait_fd finds
 * the PMD's AF_PACKET or AF_XDP socket, so that an idle worker can sleep.
 */
#pragma once

#include "dataplane/nic/nic.h"

#define NIC_AF_PACKET_FRAME	  2048	/* net_af_packet's own ring frames: up to MTU 1950. */
#define NIC_AF_PACKET_FRAME_JUMBO 10240 /* What it gets for larger MTUs: five pages. */

/* Bytes of the ring frames of a net_af_packet device: what its string says, else by the MTU. */
unsigned nic_dpdk_frame_len(const char *device, uint16_t mtu);

/* Bytes of the buffers of a net_memif device: what its string says, else what fits the MTU. */
unsigned nic_dpdk_memif_len(const char *device, uint16_t mtu);

struct nic_dpdk_opts {
	const char *device; /* As given to launch_eal. */
	uint16_t queues;    /* One for each worker; fewer are set up when the device has fewer. */
	uint16_t mtu;
	unsigned buffer_count; /* Of the pool; 0 = sensible. */
};

/* Configure and start the port.  NULL on failure; `why` says what and the remedy. */
struct nic *nic_dpdk_open(const struct nic_dpdk_opts *opts, char *why, size_t why_len);
/* Received frames dropped here because they lie in several buffers and no room for such was free.
 */
uint64_t nic_dpdk_chained(const struct nic *n);
/* Received frames dropped here because they carry our own source address. */
uint64_t nic_dpdk_own(const struct nic *n);
