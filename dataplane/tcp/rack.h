/* When a segment counts as lost: RACK, RFC 8985.
 *
 * Time decides, not a count of duplicates: what left before something that has arrived, and a
 * little longer ago than a round trip, is lost.  That little is the reordering window: nothing
 * until reordering was seen, then a quarter of the shortest round trip, more for each DSACK (which
 * says that a retransmission was needless).  So lost retransmissions and lost tails are found as
 * any other loss.  This room keeps the times; the ranges are the scoreboard's (sack.h).
 */
#pragma once

#include "dataplane/tcp/sack.h"

struct rack {
	usec_t sent_at; /* Of what arrived, sent last; with its end (RACK.xmit_ts, RACK.end_seq). */
	uint64_t end;
	usec_t rtt_us;	   /* Its round trip. */
	usec_t min_rtt_us; /* The shortest lately. */
	usec_t min_rtt_at;
	uint64_t highest;   /* The highest end that has arrived (RACK.fack). */
	uint64_t dsack_end; /* The window was widened when snd_max was here: once per round. */
	uint8_t widen;	    /* Quarters of the shortest round trip. */
	uint8_t persist;    /* Recoveries for which `widen` is kept. */
	bool has_reordering;
};

void rack_init(struct rack *r);
/* Until when what was sent again may be meant by an ACK at `now`: later, it came too early to be
 * the answer (RFC 8985 §6.2 step 2). */
usec_t rack_resent_upto(const struct rack *r, usec_t now);
/* News of an ACK (RFC 8985 §6.2 steps 1 to 3). */
void rack_note(struct rack *r, const struct sack_news *news, usec_t now);
/* A DSACK came; `una` and `end` are the edges of what is in flight (step 4). */
void rack_dsack(struct rack *r, uint64_t una, uint64_t end);
/* A reduction was for nothing: something was merely late. */
void rack_overtaken(struct rack *r);
/* A recovery ended. */
void rack_recovered(struct rack *r);
/* The reordering window; `is_sure`: in recovery, or enough has arrived behind a gap. */
usec_t rack_window(const struct rack *r, usec_t srtt_us, bool is_sure);
