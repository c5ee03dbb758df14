/* What policy makes of a route, said as plainly as can be: one check after the other, one member
 * after the other, lists gone through from the first to the last.  It shares no code with the
 * judge but the names of things. */
#pragma once

#include "tests/unit/policy/said.h"

/* What one member is sent. */
struct oracle_sent {
	bool is_sent;
	unsigned prepends;
	bool adds_no_export, adds_no_advertise;
	struct next_hop next_hop;
	unsigned count;
	struct community_value community[2 * SAID_WORDS];
};

enum reject oracle_reject(const struct said_policy *s, const struct said_route *r);
/* Of a route that is not rejected. */
struct oracle_sent oracle_sent(const struct said_policy *s, const struct said_route *r,
			       peer_id_t to);
/* By its authorisation. */
bool oracle_is_limited(const struct said_policy *s, const struct said_route *r);
bool oracle_is_draining(const struct said_policy *s, const struct said_route *r);
uint32_t oracle_local_pref(const struct said_policy *s, const struct said_route *r);
