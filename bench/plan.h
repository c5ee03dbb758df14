/* The plan of a load: who the members are, what each announces, what each must hold in the end.
 *
 * Everything is arithmetic on indices, so that checking a received prefix costs one bit test:
 * member i has address base + i and AS first + i, and announces the /24s numbered
 * [i × prefixes, (i + 1) × prefixes) from 16.0.0.0 upward, `per_set` of them in one attribute set.
 * Only the first `announcers` members announce; the others listen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan {
	uint32_t server; /* IPv4, host order, as are all addresses here. */
	uint32_t source; /* Of member 0. */
	uint32_t asn_first;
	unsigned members, announcers, prefixes, per_set;
	unsigned connects_max; /* Connections being opened at once. */
	uint16_t hold_s;
};

#define PLAN_PREFIX_BASE 0x10000000u

/* Distinct prefixes in the plan, and deliveries when every member holds all but its own. */
uint64_t plan_prefixes(const struct plan *p);
uint64_t plan_deliveries(const struct plan *p);
/* Messages of member `i`; return lengths. */
size_t plan_open(const struct plan *p, unsigned i, uint8_t *to);
/* All UPDATEs of member `i`, none when it only listens; the caller frees *out. */
size_t plan_updates(const struct plan *p, unsigned i, uint8_t **out);

/* What a member found in what it received. */
struct tally {
	uint64_t delivered; /* Distinct prefixes held. */
	uint64_t wrong;	    /* Path or next hop not the announcer's, or not in the plan. */
	uint64_t own;	    /* Its own prefixes. */
	uint64_t repeated;  /* Announced again while held. */
	uint64_t withdrawn;
	uint64_t updates;
};

/* Check one UPDATE that member `i` received against the plan; `held` is its bit set over all
 * prefixes.  False when the message cannot be parsed. */
bool plan_check(const struct plan *p, unsigned i, const uint8_t *message, size_t len,
		uint64_t *held, struct tally *t);
