/* What the server announces itself: default routes as configured, and customers' prefixes. */
#pragma once

#include "control/policy/build.h"
#include "rib/policy/own.h"

/* All of it, in order of prefixes, each once: the configuration's before a customer's.  The caller
 * frees it; texts stay the sources'. */
struct policy_originated *own_list(const struct policy_conf *conf,
				   const struct policy_sources *sources, unsigned *out_count);
/* Who hears each; NULL: there are none.  One reference is the caller's.  O(routes), and O(members)
 * for each customer. */
struct own_routes *own_build(const struct policy_input *in);
/* The number that has them (server_origin); PEER_NONE: a member has it, or there are none. */
peer_id_t own_number(const struct policy_input *in);
