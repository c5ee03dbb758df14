/* `explain PREFIX --to ADDRESS`: every candidate, why it stands where it stands, and what becomes
 * of it for the member. */
#pragma once

#include "control/api/job.h"
#include "control/api/scan.h"

#define EXPLAIN_TO_NOTHING "nothing of this prefix is the neighbour's, or sent to it"

/* Rows for all paths of the entry that are to be seen, and the end.  Whose sight is limited sees
 * what is its tenant's, what the member is sent, and where the looking glass is public the best. */
void explain_to(const struct api_env *env, const struct sight *sight, peer_id_t to,
		const struct scan_hit *hit, struct reply *out);
