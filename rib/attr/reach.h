/* Reach: what policy makes of a set, as a part of the set's identity.
 *
 * Whom a set may go to and in which form is decided once, by whoever interns it, and stands in it
 * as its *dress*:
 *
 *     reach   sent          who gets it, and what
 *     NULL    NULL          everyone, as it is
 *     NULL    another set   everyone, that set
 *     parts   NULL          the members of each part its `sent`; who is in none, nothing
 *
 * Two sets with the same attributes and different dress are two objects.  So a route about which
 * policy has changed its mind has another set, and what follows from that is what follows from any
 * other set: nothing behind the tables knows that there is a policy.
 *
 * What is sent is itself without dress and of the same worker; the set holds a reference of each,
 * and one of each audience.  The audience is read through a set that is alive, by any thread. */
#pragma once

#include "rib/attr/attr.h"
#include "rib/attr/audience.h"

#define REACH_PARTS_MAX 16

/* These members are sent this.  A set's parts are disjoint. */
struct reach_part {
	struct audience *members;
	const struct attr *sent;
};

struct reach {
	uint8_t count; /* 0: nobody. */
	struct reach_part part[];
};

/* What attr_equal() says of two sets of two workers with one hash. */
bool attr_equal_across(const struct attr *a, const struct attr *b);

/* Whether the two say the same: one set, or two workers' sets with the same content and dress
 * (their tables hash with one key).  NULL is only NULL's equal. */
static inline bool attr_equal(const struct attr *a, const struct attr *b)
{
	if (a == b || a == NULL || b == NULL) {
		return a == b;
	}
	return a->hash == b->hash && a->owner != b->owner && attr_equal_across(a, b);
}

/* A dress to be put on: its maker decides the order of the parts, which is part of it. */
struct attr_dress {
	const struct attr *sent;
	unsigned count;
	bool has_parts;
	struct reach_part part[REACH_PARTS_MAX];
};

/* The set that everyone is sent of a set without parts. */
static inline const struct attr *attr_sent(const struct attr *a)
{
	return a->sent != NULL ? a->sent : a;
}

/* The set that the member is sent; NULL: policy keeps it from the member. */
static inline const struct attr *attr_sent_to(const struct attr *a, peer_id_t peer)
{
	if (a->reach == NULL) {
		return attr_sent(a);
	}
	for (unsigned i = 0; i < a->reach->count; i++) {
		if (audience_has(a->reach->part[i].members, peer)) {
			return a->reach->part[i].sent;
		}
	}
	return NULL;
}
