/* Sequence numbers: 32 bits on the wire, 64 bits inside.
 *
 * A wire number is widened once, on arrival, to the 64-bit position nearest to one that we already
 * know; from there on every comparison is an ordinary `<` and nothing can wrap (at 100 Gbit/s a
 * position lasts for 45 years).  The low 32 bits of a position are the number on the wire.
 * Positions start above 2³², so that even the oldest duplicate widens to a positive one.
 * RFC 9293 §3.4.
 */
#pragma once

#include "rib/base/units.h"

typedef uint32_t seq_t;

/* Signed distance from `b` to `a`, correct while they are less than 2³¹ apart. */
static inline int32_t seq_diff(seq_t a, seq_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_is_before(seq_t a, seq_t b)
{
	return seq_diff(a, b) < 0;
}

/* The first position of a direction whose initial sequence number is `initial`. */
static inline uint64_t seq_start(seq_t initial)
{
	return (UINT64_C(1) << 32) + initial;
}

/* The position nearest to `near` whose low 32 bits are `seq`; near >= 2³¹. */
static inline uint64_t seq_widen(uint64_t near, seq_t seq)
{
	return near + (uint64_t)(int64_t)seq_diff(seq, (seq_t)near);
}
