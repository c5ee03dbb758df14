/* /metrics and `causeway metrics`: the server's numbers as OpenMetrics text, in slices.
 *
 * The numbers of the sessions are taken once, before the first line, so that the families of one
 * answer agree with each other; the others are read as they are written.  A slice looks at a
 * bounded number of entries and members and writes about METRICS_SLICE octets.  Series: about 100
 * and 35 for each worker, 45 for each member and one for each reason that it has rejected routes
 * for; docs/guide.md has the table. */
#pragma once

#include "control/api/job.h"
#include "control/api/openmetrics.h"

#define METRICS_SLICE ((size_t)16 * 1024)

struct metrics;

struct metrics *metrics_new(const struct api_env *env);
void metrics_free(struct metrics *m);
/* Add to `out`; true when the text is complete. */
bool metrics_step(struct metrics *m, const struct api_env *env, struct om_text *out, usec_t now);

/* Rows {"text": …} that make the text when they are put together. */
struct job *job_metrics(const struct api_request *r, const struct api_env *env);
