/* `explain PREFIX --from ADDRESS`: what was made of a neighbour's route, check by check. */
#pragma once

#include "control/api/job.h"
#include "control/api/scan.h"

#define EXPLAIN_FROM_NOTHING "the neighbour does not announce this prefix"

/* Rows for each path of the neighbour, and the end. */
void explain_from(const struct api_env *env, peer_id_t from, const struct scan_hit *hit,
		  struct reply *out);
