/* The load: the BGP side of thousands of members in one loop; a link (link.h) carries their bytes.
 *
 * Members connect from their own source addresses, hold sessions, say what they are told to say,
 * and check what they receive as it arrives (check.h).  A server that is silent for the hold time
 * loses the session.  A session that is lost is opened again after a second, and what its member
 * announced is true again from then on.
 *
 * What must be held is settled by load_expect before it is set off by load_start, load_stop and
 * load_announce, so that arithmetic over all members does not count as the server's time. */
#pragma once

#include "bench/check.h"
#include "bench/link.h"

struct load;

struct load_state {
	unsigned up;	 /* Established now. */
	unsigned lost;	 /* Sessions that ended unasked after having been up. */
	unsigned failed; /* Connections that failed before. */
	uint64_t said_updates, said_prefixes; /* By all members. */
	uint64_t silence_us_max; /* Longest time that an established member heard nothing. */
};

/* NULL: `why` says what failed.  What `p` points at is borrowed. */
struct load *load_new(const struct plan *p, const struct link_port *port, char *why,
		      size_t why_len);
void load_free(struct load *l);

/* Open a member's session, and keep it; or end it with a Cease, and leave it so. */
void load_start(struct load *l, unsigned member);
void load_stop(struct load *l, unsigned member);
/* From now on it is true that these members [first, end) announce everything, or nothing. */
void load_expect(struct load *l, unsigned first, unsigned end, bool is_announcing);
/* Members of [first, end) that are expected to say everything now, once; others of them that are
 * not, take it back.  Those that come up later do so by themselves. */
void load_announce(struct load *l, unsigned first, unsigned end);
void load_take_back(struct load *l, unsigned first, unsigned end);
/* One group in one slot is announced in the next version, or taken back: true and sent.  False
 * when the announcer is not up. */
bool load_say(struct load *l, const struct group *g, unsigned slot);
bool load_unsay(struct load *l, const struct group *g, unsigned slot);
/* When the last of these two was sent, by load_now_us. */
uint64_t load_said_at(const struct load *l);
/* A member does not read, so that its window closes; nor does it count until it reads again. */
void load_stall(struct load *l, unsigned member, bool is_stalled);
/* Bytes that a member still has to send: the link takes no more. */
size_t load_backlog(const struct load *l, unsigned member);

/* Handle events for at most `us`, or until `is_done` says so (may be NULL).  Whether it did. */
bool load_run(struct load *l, bool (*is_done)(const struct load *l), uint64_t us);
/* Members whose sessions are to be kept. */
unsigned load_wanted(const struct load *l);
const struct load_state *load_state(const struct load *l);
const struct plan *load_plan(const struct load *l);
struct ledger *load_ledger(const struct load *l);
const struct tally *load_tally(const struct load *l);
void load_link_stats(const struct load *l, struct link_stats *out);
/* "member 3: received NOTIFICATION 6/2": why the last session was lost; "" when none was. */
const char *load_last_loss(const struct load *l);
uint64_t load_now_us(void);
