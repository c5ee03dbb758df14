/* ICMP as far as a server on a LAN needs it: echo is answered, error reports about our TCP become
 * values.  RFC 792, RFC 1191, RFC 4443, RFC 8201.
 *
 * A report proves nothing: whoever can guess ports can forge it.  What is checked here is what the
 * report says of itself; whether it fits the connection (RFC 5927 §4) is for the connection. */
#pragma once

#include "dataplane/net/ip.h"

/* What a report wants of us, by RFC 5927's reading of RFC 1122 §4.2.3.9. */
enum icmp_kind {
	ICMP_TOO_BIG, /* Fragmentation needed; packet too big. */
	ICMP_HARD,    /* Protocol or port unreachable, prohibited: would abort, if believed. */
	ICMP_SOFT,    /* Any other. */
	ICMP_KIND_COUNT
};

/* A report about a TCP segment that we are said to have sent. */
struct icmp_error {
	enum icmp_kind kind;
	struct addr local, remote;
	uint16_t local_port, remote_port;
	uint32_t seq; /* Of the segment quoted. */
	/* ICMP_TOO_BIG: the MTU reported, at least ICMP4_MTU_MIN or ICMP6_MTU_MIN and less than the
	 * packet's length; 0: an old router that tells none (RFC 1191 §4). */
	uint16_t mtu;
};

#define ICMP4_MTU_MIN 68   /* RFC 791: what every IPv4 link carries.  RFC 1191 §3. */
#define ICMP6_MTU_MIN 1280 /* RFC 8200 §5, RFC 8201 §4. */

/* Whether the message (of either family, by p->proto) is whole: length and checksum. */
enum net_drop icmp_check(const struct ip_packet *p);
bool icmp_is_error(const struct ip_packet *p);
/* Whether a whole message is an echo request; if not, the name under which it is dropped. */
enum net_drop icmp_is_echo(const struct ip_packet *p);
/* Read a whole message that is an error report.  NET_DROP_NONE, or the drop with *out untouched. */
enum net_drop icmp_error_decode(const struct ip_packet *p, struct icmp_error *out);
/* Write the reply's ICMP message (p->l4.len bytes) to the request in `p`. */
void icmp_echo_reply(const struct ip_packet *p, uint8_t *to);
