/* Launch: EAL, ports and poll-mode threads.  With nic_dpdk.c the only place that includes rte_*.h.
 *
 * EAL starts with --in-memory (huge pages) or --no-huge, with --no-pci unless a PCI port is
 * configured, and never takes signals or the terminal from the caller.  Workers are EAL threads
 * pinned to the configured CPUs; the caller's thread becomes the main lcore on another CPU where
 * there is one.  Time is CLOCK_MONOTONIC in microseconds (DPDK's TSC rate is rounded).
 *
 * Options that a vdev string leaves out get the values that work: net_af_packet
 * `qpairs=<workers>,framecnt=2048,blocksz=65536` (its own 512 frames lose packets whenever the
 * worker is preempted), net_af_xdp `busy_budget=0` (else each empty poll is a system call).
 * A net_memif gets `bsize=` for its MTU; both sides must agree on that, for what fits one must fit
 * the other.  Where the MTU needs more than its frames of 2048 bytes hold, net_af_packet also gets
 * `framesz=10240,blocksz=81920`. */
#pragma once

#include "dataplane/nic/nic.h"

struct launch_opts {
	const unsigned *cpus; /* Of the workers. */
	unsigned cpu_count;
	enum { HUGEPAGES_AUTO, HUGEPAGES_OFF } hugepages; /* AUTO: used when enough are free. */
	unsigned memory_mib;	    /* For packet buffers; 0 = sensible for the number of ports. */
	const char *const *devices; /* PCI addresses or vdev strings, one for each port. */
	const uint16_t *mtus;	    /* [device]; NULL: none is above 1500. */
	unsigned device_count;
	const char *runtime_dir; /* A writable directory for EAL's files. */
};

/* Start EAL and probe the devices.  0 or −errno; `why` (len bytes) then says what failed and what
 * to do about it.  Once per process. */
int launch_eal(const struct launch_opts *opts, char *why, size_t why_len);
/* Run `turn` on each worker until it returns false; returns at once.  `turn` gets its core index,
 * which is the index into launch_opts.cpus.  0 or −errno.  Main thread. */
int launch_workers(bool (*turn)(void *context, unsigned core), void *context);
/* Wait until every worker's turn has returned false. */
void launch_join(void);
/* Stop EAL and remove its files.  After launch_join; NICs are closed.  Main thread. */
void launch_fini(void);
/* Microseconds of CLOCK_MONOTONIC. */
usec_t launch_now(void);
