/* Initial sequence numbers that grow with time and cannot be guessed, and offsets of the timestamp
 * clock that tell nothing about each other (RFC 7323 §7.1: else a clock common to all tells how
 * long we have been up, and which connections are ours).
 *
 * RFC 6528 §3: ISN = M + F(4-tuple, key), M a clock that ticks every 4 µs.  So a connection that
 * comes again within minutes starts above its predecessor, while two different 4-tuples tell
 * nothing about each other.  F must be a keyed pseudo-random function: one whose output, seen for
 * one's own 4-tuple, does not give the key away (prf.h).
 */
#include "dataplane/tcp/tcp.h"

#include "dataplane/tcp/prf.h"
#include "dataplane/tcp/seq.h"

#define ISN_TICK_US 4

enum purpose { FOR_ISN, FOR_CLOCK };

static seq_t keyed(enum purpose purpose, const struct endpoint *local,
		   const struct endpoint *remote, uint64_t key)
{
	uint64_t word[5];

	memcpy(word, local->addr.bytes, 16);
	memcpy(word + 2, remote->addr.bytes, 16);
	word[4] = (uint64_t)purpose << 48 | (uint64_t)local->addr.family << 32 |
		  (uint64_t)local->port << 16 | remote->port;
	return (seq_t)tcp_prf(word, ARRAY_COUNT(word), key);
}

uint32_t tcp_isn(const struct endpoint *local, const struct endpoint *remote, uint64_t key,
		 usec_t now)
{
	return (seq_t)(now / ISN_TICK_US) + keyed(FOR_ISN, local, remote, key);
}

uint32_t tcp_ts_offset(const struct endpoint *local, const struct endpoint *remote, uint64_t key)
{
	return keyed(FOR_CLOCK, local, remote, key);
}
