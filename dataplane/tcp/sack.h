/* What is in flight, and what of it the peer already holds: the sender's scoreboard.
 *
 *     from                                                                   end
 *      | LOST | FLYING, sent at 7 | HELD | FLYING, at 3 | FLYING, at 9, again | ...
 *      snd_una                                                            snd_max
 *
 * A row of byte ranges without gaps, in the order of the stream; neighbours that are alike are one
 * range.  Bytes that left at the same instant are alike, so a burst of segments costs one range,
 * and segments may be cut anew in any way when they are sent again.  Few ranges live in place;
 * many (loss) are allocated, at most SACK_RANGES_MAX, and freed when nothing is in flight.
 *
 * When there is no room for a range, knowledge is given up, never bytes: a block is not noted, or
 * a range counts as sent later than it was.  The price is a needless or a late retransmission.
 * RFC 2018 §5, RFC 6675 §2 and §4 (the marks), RFC 8985 §5.2 (the times).
 */
#pragma once

#include "rib/base/units.h"

#define SACK_RANGES_FEW 4
#define SACK_RANGES_MAX 512 /* Twice the full segments of a send queue of 256 kB, and some. */

enum sack_state {
	SACK_FLYING, /* Sent, and nothing is known. */
	SACK_HELD,   /* The peer has said that it is there. */
	SACK_LOST,   /* To be sent again. */
};

struct sack_range {
	uint64_t to;	/* It begins where the one before it ends. */
	usec_t sent_at; /* The last time; FLYING only. */
	uint8_t state;
	bool is_resent;
};

struct sack {
	uint64_t from, end; /* The whole row. */
	uint64_t lost_from; /* Nothing below this is lost. */
	uint64_t held, lost;
	uint32_t begin, count, cap;
	struct sack_range few[SACK_RANGES_FEW];
	struct sack_range *many; /* NULL while the few suffice. */
};

/* What one ACK tells; filled by sack_ack and sack_hold. */
struct sack_news {
	usec_t resent_upto; /* In: what was sent again after this was not meant (RFC 8985 §6.2). */
	uint64_t bytes;	    /* Arrived, and not known before. */
	uint64_t clean_low; /* The lowest end of what arrived and was sent once; 0: none. */
	uint64_t newest_end;  /* Of what arrived, sent last: its end; 0: none; */
	usec_t newest_at;     /* when it left; */
	bool is_newest_again; /* and whether it was sent more than once. */
};

void sack_init(struct sack *s, uint64_t from);
void sack_fini(struct sack *s);
/* [from, to) left at `now`: new at the end, or again; no gap to what is there. */
void sack_sent(struct sack *s, uint64_t from, uint64_t to, usec_t now);
/* Everything below `upto` is acknowledged. */
void sack_ack(struct sack *s, uint64_t upto, struct sack_news *news);
/* The peer holds [from, to), within the row.  False: no room to note it. */
bool sack_hold(struct sack *s, uint64_t from, uint64_t to, struct sack_news *news);
/* What left before (`at`, `end`) in the order of RFC 8985 §6.2 and not after `deadline` is lost.
 * Returns when the latest of the rest would have left; 0: none.  O(ranges). */
usec_t sack_lose_before(struct sack *s, usec_t at, uint64_t end, usec_t deadline);
/* All that is not held is lost, from `from` on. */
void sack_lose_all(struct sack *s, uint64_t from);
/* The peer may have dropped what it held (RFC 2018 §8): believe in nothing. */
void sack_forget(struct sack *s);
/* The loss was none: what is marked as lost is in flight. */
void sack_unlose(struct sack *s);
/* The first lost bytes. */
bool sack_first_lost(const struct sack *s, uint64_t *out_from, uint64_t *out_to);
/* The state of the byte at `position`, within the row. */
enum sack_state sack_at(const struct sack *s, uint64_t position);
/* Bytes that are believed to be in the network (RFC 6675 §4: pipe). */
static inline uint64_t sack_pipe(const struct sack *s)
{
	return s->end - s->from - s->held - s->lost;
}
void sack_check(const struct sack *s, uint64_t from, uint64_t end);
