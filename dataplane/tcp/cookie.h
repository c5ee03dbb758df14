/* SYN cookies: a handshake without state until it is complete.  RFC 4987 §3.6.
 *
 * The sequence number of our SYN+ACK is a keyed function of the addresses, the ports, the peer's
 * sequence number, the time and what the SYN offered; the ACK that completes the handshake brings
 * it back.  So a SYN costs an answer and nothing else, and a flood of SYNs that bear a neighbour's
 * address takes no place from the neighbour's own.
 *
 * What the SYN offered must come back too.  With timestamps (RFC 7323) eight bits of the number
 * hold the MSS, the window scale and whether SACK is permitted, 24 are keyed, and the echoed
 * timestamp, which only those know who saw our SYN+ACK, adds 16.  Without timestamps there is no
 * such second proof: three bits hold the MSS, 29 are keyed, and the connection does without
 * window scale and SACK.  A MAC (TCP-MD5, TCP-AO) is proof enough: then eight bits serve without
 * timestamps, which Linux leaves out beside MD5.
 *
 * Deviates: RFC 6528 wants numbers that grow with time for one 4-tuple; these do not.  Old segments
 * live for milliseconds on one hop, and timestamps tell them from new ones.
 */
#pragma once

#include "dataplane/tcp/tcp.h"

/* The same answer is accepted for so long, and at most twice that without timestamps. */
#define TCP_COOKIE_US (60 * USEC_PER_SEC)

/* The SYN+ACK that answers `syn` from conf->remote.  `conf` is that of the connection to be; its
 * iss is not used.  False when memory is short. */
bool tcp_cookie_answer(const struct tcp_conf *conf, const struct seg *syn, uint64_t key, usec_t now,
		       struct seg *out);
/* Whether `ack` completes a handshake that tcp_cookie_answer began; then a connection with that
 * segment taken in, else NULL (also when memory is short).  The caller frees it. */
struct tcp *tcp_cookie_open(const struct tcp_conf *conf, const struct seg *ack, uint64_t key,
			    usec_t now);
