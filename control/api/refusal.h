/* Why a route is rejected, in the words that command line, API and pages all show. */
#pragma once

#include "control/api/job.h"
#include "rib/table/entry.h"

struct refusal {
	const char *text; /* What is wrong: a clause. */
	char reason[40];  /* The registry's code; "": it has nothing to say. */
	char detail[320]; /* What the registry says; "". */
	char remedy[320]; /* What to do: a sentence. */
};

/* Of a path that is not ranked.  What the registry knows of a member of its own comes first. */
void refusal_of(const struct api_env *env, const struct path *p, const struct prefix *prefix,
		struct refusal *out);
