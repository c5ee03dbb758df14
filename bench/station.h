/* A station: one DPDK port with the addresses of thousands of members behind it.
 *
 * It answers ARP for all of them with the port's one MAC address, finds that of the server, and
 * carries TCP segments between the members and the server as IPv4 packets.  What comes from anyone
 * else, or is not TCP, is counted and forgotten: the LAN of a load has two ends.  `struct net` is
 * not used because it is made for few addresses; here an address is an index.
 */
#pragma once

#include "dataplane/net/ip.h"

struct station_conf {
	const char *device; /* Device string, as of causewayd's ports. */
	unsigned cpu;	    /* The caller's thread runs there from now on. */
	uint16_t mtu;
	uint32_t server, source; /* IPv4, host order; source is member 0's. */
	unsigned members;
};

struct station;

/* Start EAL and the port, once in a process.  A memif client waits for its server to listen.  NULL:
 * `why` says what failed. */
struct station *station_new(const struct station_conf *conf, char *why, size_t why_len);
void station_free(struct station *s);

/* Read what has arrived, at most `bursts` of the port; `take` gets each segment for a member, valid
 * until it returns.  Whether anything has arrived. */
bool station_rx(struct station *s, unsigned bursts,
		void (*take)(void *context, unsigned member, const struct ip_packet *packet,
			     bool is_csum_good),
		void *context);
/* Whether the server's MAC address is known; if not, it is asked for in member's name, once in a
 * while. */
bool station_is_ready(struct station *s, unsigned member, uint64_t now);
/* Tell the server where the member is, as its first ARP request would. */
void station_greet(struct station *s, unsigned member);
/* Where to write the next segment, with room for the MTU; NULL when the port takes no more now. */
uint8_t *station_begin(struct station *s);
/* It is written: `len` bytes from the member to the server. */
void station_end(struct station *s, unsigned member, size_t len);
/* Give what is written to the port.  Whether it took all. */
bool station_flush(struct station *s);
/* A descriptor that becomes readable when frames wait, or -1. */
int station_wait_fd(struct station *s);
