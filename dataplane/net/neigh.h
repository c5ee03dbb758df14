/* The neighbour cache: IP address → MAC, for ARP and neighbour discovery alike.
 *
 * One state machine for both families (RFC 4861 §7.3.2, and RFC 826 given the same manners):
 *
 *              use                 answer                  30 s ± 50 %, then use
 *     (none) ──────► INCOMPLETE ───────────► REACHABLE ──────────────────────────► PROBE
 *                     │  ▲  ▲                    ▲                                 │  │
 *        3 unanswered │  │  └ 3 unanswered ──────┼─────────────────────────────────┘  │
 *                     ▼  │ use after 5 s         └────────────── answer ──────────────┘
 *                    FAILED
 *
 * An address that asked for us is noted as STALE: its first use probes it, and until then nothing
 * that is said about it makes us ask.  PROBE asks the known
 * MAC alone, and the entry is used meanwhile; INCOMPLETE asks everybody.  Guarantees:
 * (a) A known MAC is never overwritten by a claim that we did not ask for; such a claim only makes
 *     us verify (PROBE), so a moved neighbour is found again within four seconds.  Deviates from
 *     RFC 826 and from the Override flag of RFC 4861 §7.2.5, whose hijack it prevents.
 * (b) At most NEIGH_COUNT_MAX entries: the one that was not used for longest makes room, what
 *     strangers' requests put in goes before anything that was used and never takes its place.
 * (c) An entry asks at most once per second whatever is claimed about it, and three times in a row
 *     in each state.
 * (d) The first answer to a question that goes to everybody counts; another MAC that answers, too,
 *     is a claim.
 * Knows no packet format; the caller turns neigh_tx() into ARP or neighbour solicitations. */
#pragma once

#include "dataplane/nic/nic.h"
#include "rib/base/addr.h"

#define NEIGH_COUNT_MAX	   16384
#define NEIGH_TRIES	   3 /* RFC 4861 §10: MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT. */
#define NEIGH_RETRANS_US   USEC_PER_SEC	       /* RFC 4861 §10: RETRANS_TIMER. */
#define NEIGH_REACHABLE_US (30 * USEC_PER_SEC) /* RFC 4861 §10; times 0.5 … 1.5. */
#define NEIGH_HOLD_DOWN_US (5 * USEC_PER_SEC)

struct neigh_cache;

enum neigh_verdict { NEIGH_OK, NEIGH_WAIT, NEIGH_FAILED };

/* What is known of an address, as tests and an operator want to see it. */
enum neigh_state {
	NEIGH_NONE,
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_PROBE,
	NEIGH_UNREACHABLE, /* "FAILED" of the drawing. */
};

/* One question to be sent. */
struct neigh_question {
	unsigned port;
	struct addr addr;
	bool is_unicast; /* To `mac` alone; else to everybody. */
	struct mac mac;
};

/* NULL when memory is short. */
struct neigh_cache *neigh_new(uint64_t seed);
void neigh_free(struct neigh_cache *c); /* NULL is allowed. */

/* The MAC to send to for `addr`; *out_mac is set for NEIGH_OK.  Starts resolution when needed. */
enum neigh_verdict neigh_use(struct neigh_cache *c, unsigned port, const struct addr *addr,
			     usec_t now, struct mac *out_mac);
/* A reply to a question of ours (of this worker or another) came.  `is_explicit`: the message
 * itself carried `mac`; otherwise `mac` is the frame's source, which can only confirm.
 * True when it answered a pending question here. */
bool neigh_answered(struct neigh_cache *c, unsigned port, const struct addr *addr,
		    const struct mac *mac, bool is_explicit, usec_t now);
/* The neighbour asked for us and told its MAC.  True when that was news that we take; a stranger is
 * forgotten at once when everybody known is in use. */
bool neigh_heard(struct neigh_cache *c, unsigned port, const struct addr *addr,
		 const struct mac *mac, usec_t now);
/* A claim to everybody (gratuitous ARP, unsolicited advertisement): makes us verify, no more. */
void neigh_claimed(struct neigh_cache *c, unsigned port, const struct addr *addr,
		   const struct mac *mac, usec_t now);

/* The next question that is due; false when none is.  Gives up on what was asked often enough. */
bool neigh_tx(struct neigh_cache *c, usec_t now, struct neigh_question *out);
usec_t neigh_due(const struct neigh_cache *c);

enum neigh_state neigh_state_of(const struct neigh_cache *c, unsigned port,
				const struct addr *addr);
size_t neigh_count(const struct neigh_cache *c);
/* Assert every invariant.  O(n). */
void neigh_check(const struct neigh_cache *c);
