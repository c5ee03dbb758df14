/* `explain PREFIX --to ADDRESS`: every candidate, why it stands where it stands, and what becomes
 * of it for the member. */
#pragma once

#include "control/api/job.h"
#include "control/api/scan.h"

/* Rows for all paths of the entry, and the end. */
void explain_to(const struct api_env *env, peer_id_t to, const struct scan_hit *hit,
		struct reply *out);
