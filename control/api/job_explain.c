/* `explain PREFIX --from ADDRESS` and `--to ADDRESS`: the entry is found by a walk, for only its
 * owner may probe the hash; explain_from.c and explain_to.c say what there is to say of it. */
#include <stdlib.h>

#include "control/api/explain_from.h"
#include "control/api/explain_to.h"
#include "rib/base/check.h"

struct explain_job {
	struct job job; /* First: the job is what others hold. */
	struct scan scan;
	bool has_begun;
	peer_id_t about; /* Who announces, or who is sent it. */
};

static bool begin(struct explain_job *j, const struct api_env *env, struct reply *out)
{
	char prefix[PREFIX_TEXT_MAX], name[ADDR_TEXT_MAX];
	const struct api_request *r = &j->job.request;
	const struct addr *about = r->has_from ? &r->from : &r->to;
	j->has_begun = true;
	j->about = job_find(&j->job, env, about, SIGHT_ALL);
	reply_head(out, json_pack("{s:s, s:s, s:s}", "command", api_command_text(r->command),
				  "prefix", prefix_format(&r->prefix, prefix),
				  r->has_from ? "from" : "to", addr_format(about, name)));
	if (j->about == PEER_NONE) {
		end_unknown(out, about);
		return false;
	}
	j->scan = scan_of(env->server, r->prefix.family == FAMILY_IPV4,
			  r->prefix.family == FAMILY_IPV6);
	return true;
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	(void)now;
	struct explain_job *j = (struct explain_job *)job;
	struct scan_hit hit;
	unsigned budget = JOB_SLICE;
	if (!j->has_begun && !begin(j, env, out)) {
		return true;
	}
	while (scan_next(&j->scan, &budget, &hit)) {
		if (prefix_equal(&hit.prefix, &job->request.prefix)) {
			if (job->request.has_from) {
				explain_from(env, j->about, &hit, out);
			} else {
				explain_to(env, &job->sight, j->about, &hit, out);
			}
			return true;
		}
	}
	if (!scan_is_done(&j->scan)) {
		return false;
	}
	reply_end(out, "not_found",
		  !job->sight.is_limited  ? "nobody announces this prefix"
		  : job->request.has_from ? EXPLAIN_FROM_NOTHING
					  : EXPLAIN_TO_NOTHING);
	return true;
}

static void free_explain(struct job *job)
{
	free(job);
}

struct job *job_explain(const struct api_request *r)
{
	struct explain_job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct explain_job){.job = {.step = step, .free = free_explain, .request = *r},
				  .about = PEER_NONE};
	return &j->job;
}
