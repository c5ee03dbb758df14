/* Token buckets: how often somebody may come, in a table that does not grow.
 *
 * A bucket is one instant: that at which it will be full again.  A bucket that is full is as good
 * as none, so it needs no memory; when a set of the table has no free slot, the bucket that is
 * nearest to full gives way.  Pure: `now` comes in. */
#pragma once

#include "rib/base/addr.h"

#define BUCKET_COUNT 4096 /* 16 bytes each: 64 KiB. */

struct buckets {
	uint64_t seed;	    /* Of the hash: nobody shall be able to fill one set. */
	usec_t cost, burst; /* One visit; how far in debt one may go. */
	struct bucket {
		uint64_t key; /* Hash; 0: free. */
		usec_t full;
	} slot[BUCKET_COUNT];
};

/* `rate` visits a second, and `burst` at once. */
void buckets_init(struct buckets *b, double rate, unsigned burst, uint64_t seed);
/* Count one visit.  0 when it is within bounds; else (and then it is not counted) how long until
 * the next one will be. */
usec_t buckets_take(struct buckets *b, uint64_t key, usec_t now);
/* What an address counts as: itself, or its /64. */
uint64_t buckets_addr_key(const struct buckets *b, const struct addr *a);
uint64_t buckets_text_key(const struct buckets *b, const char *text);
