/* A dry run: how many routes other rules would judge differently.
 *
 * Walks all entries as a reader, in slices, and asks the checks for each path; nothing is written,
 * and routes that change meanwhile are counted as they are found.  What other rules would have a
 * member sent differently, with the same verdict, is not counted.  Control thread, online. */
#pragma once

#include "control/api/scan.h"
#include "rib/policy/policy.h"

struct policy_trial {
	struct scan scan;
	const struct policy *rules; /* Borrowed. */
	uint64_t routes;
	uint64_t to_rejected, to_accepted; /* Of routes accepted now, rejected now. */
	uint64_t other_reason;
	uint64_t gone; /* Of members that these rules do not have. */
};

void policy_trial_begin(struct policy_trial *t, const struct server *server,
			const struct policy *rules);
/* Look at `budget` entries; true when all were seen. */
bool policy_trial_step(struct policy_trial *t, unsigned budget);
