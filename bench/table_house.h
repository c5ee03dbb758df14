/* A shard alone with members and the paths that they announce: what micro_decide and micro_log
 * measure on.  Member i is AS 100 + i with that router id; prefixes are /24s, numbered.  One
 * thread, virtual time. */
#pragma once

#include "rib/table/shard.h"

struct table_house {
	struct intern *intern;
	struct audience_table *audiences; /* Of sets that are kept from some. */
	struct shard *shard;
	struct runlog *log; /* Of IPv4, class 0: all members are in it. */
	unsigned members;
	usec_t now;
};

void table_house_init(struct table_house *h, unsigned members);
/* The log is read by nobody any more. */
void table_house_fini(struct table_house *h);
/* What a member announces: its path is `path_len` AS numbers long; `number` tells sets apart. */
const struct attr *table_house_attr(struct table_house *h, peer_id_t peer, unsigned number,
				    unsigned path_len);
/* The same, kept from the members whose number divided by `of` leaves 1, or from all others. */
const struct attr *table_house_filtered(struct table_house *h, peer_id_t peer, unsigned number,
					unsigned path_len, unsigned of, bool is_for_few);
/* Takes the reference of the set.  NULL: the member withdraws. */
void table_house_say(struct table_house *h, peer_id_t peer, unsigned prefix,
		     const struct attr *attr);
/* One turn of the shard. */
void table_house_turn(struct table_house *h);
/* Turns until it has nothing to do, and what it sent is settled. */
void table_house_settle(struct table_house *h);
/* Nanoseconds of this thread's CPU time. */
uint64_t table_house_clock(void);
