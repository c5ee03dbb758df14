/* Answers on disk: one file for each part of an AS-SET, so that a start has every filter at once.
 *
 *     state_dir/irr/AS-X.ipv4:
 *     {"causeway": "irr", "format": 1, "name": "AS-X", "part": "ipv4", "fetched": 1790000000,
 *      "from": "rr.ntt.net RIPE,RADB", "count": 2, "hash": "0123456789abcdef"}        (one line)
 *     and a record for each item: number (4 octets), or address (4 or 16), length, ge, le
 *
 * A file is written aside and renamed, so it is the old or the new one; its hash tells a torn or
 * garbled one, which is as good as none.  Not synced: what a crash loses is asked for again. */
#pragma once

#include "control/irr/list.h"
#include "control/irr/name.h"

#define IRR_FROM_MAX 1024

struct irr_cache_meta {
	int64_t fetched_s;	 /* Seconds since 1970. */
	char from[IRR_FROM_MAX]; /* Whom it was asked of, or the file. */
};

/* 0, or −errno: −ENOENT when there is none, −EBADMSG for a file that is not what we write. */
int irr_cache_read(int dir_fd, const struct irr_name *name, enum irr_part part,
		   struct irr_cache_meta *out_meta, struct irr_list *out_list);
int irr_cache_write(int dir_fd, const struct irr_name *name, enum irr_part part,
		    const struct irr_cache_meta *meta, const struct irr_list *list);
