/* The checker: what members receive, held to the plan at full speed, and written in the ledger.
 *
 * Every attribute of every announced prefix must be what its announcer said in some version:
 * nothing changed, added or lost, but for the communities that say to whom not to announce, which
 * a server may remove.  An UPDATE that many members receive is taken apart once: what was found
 * is remembered by its octets. */
#pragma once

#include "bench/ledger.h"

struct checker;

/* Counted as it arrives, over all members. */
struct tally {
	uint64_t updates, announced, withdrawn;
	uint64_t empty;	   /* UPDATEs without a prefix: End-of-RIBs. */
	uint64_t wrong;	   /* Attributes that nobody announced, or a prefix of nobody. */
	uint64_t own;	   /* Sent back to its announcer, who then holds nothing. */
	uint64_t leaked;   /* Sent to one whom its communities leave out. */
	uint64_t repeated; /* Said again as it was. */
};

struct checker *checker_new(const struct plan *p, struct ledger *l); /* Both are borrowed. */
void checker_free(struct checker *c);
/* Several UPDATEs are checked faster when the first of these is called for each of them, then the
 * second, and only then check_update: what is known of them is on its way from memory meanwhile.
 * What the first returns is for the others. */
uint32_t check_ahead(const struct checker *c, const uint8_t *message, size_t len);
void check_fetch(const struct checker *c, uint32_t ahead);
/* One UPDATE that `member` received; false when it cannot be parsed. */
bool check_update(struct checker *c, unsigned member, const uint8_t *message, size_t len,
		  uint32_t ahead);
const struct tally *checker_tally(const struct checker *c);
