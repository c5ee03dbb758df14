/* The load: the BGP side of thousands of members in one loop; a link (link.h) carries their bytes.
 *
 * Members connect from their own source addresses, hold sessions, send their UPDATEs, and check
 * what they receive as it arrives.  A server that is silent for the hold time loses the session. */
#pragma once

#include "bench/link.h"
#include "bench/plan.h"

struct load;

struct load_state {
	unsigned up;		 /* Established now. */
	unsigned lost;		 /* Sessions that ended after having been up. */
	unsigned failed;	 /* Connections that failed before. */
	uint64_t silence_us_max; /* Longest time that an established member heard nothing. */
	uint64_t delivered;	 /* Sum over members of distinct prefixes held. */
};

/* NULL: `why` says what failed. */
struct load *load_new(const struct plan *p, const struct link_port *port, char *why,
		      size_t why_len);
void load_free(struct load *l);
/* Open connections: each member once; those that fail are tried again after a second. */
void load_connect(struct load *l);
/* From now on established members send all their UPDATEs, once. */
void load_announce(struct load *l);
/* Handle events for at most `us`, or until `is_done` says so (may be NULL).  Whether it did. */
bool load_run(struct load *l, bool (*is_done)(const struct load *l), uint64_t us);
const struct load_state *load_state(const struct load *l);
const struct plan *load_plan(const struct load *l);
/* Sum of all members' tallies. */
void load_tally(const struct load *l, struct tally *out);
void load_link_stats(const struct load *l, struct link_stats *out);
/* "received Cease 6/2" ...: why the last session was lost; "" when none was. */
const char *load_last_loss(const struct load *l);
uint64_t load_now_us(void);
