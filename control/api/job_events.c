/* `events`: what has happened, as far as it is kept; with "follow" also what happens from now on,
 * until the asker goes. */
#include <stdlib.h>

#include "control/api/feed.h"
#include "control/api/job.h"
#include "rib/base/check.h"

struct events_job {
	struct job job; /* First: the job is what others hold. */
	struct feed_reader reader;
	uint64_t end; /* Without "follow": the first that is not shown. */
	bool has_head;
};

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	(void)now;
	struct events_job *j = (struct events_job *)job;
	struct feed_shown shown;
	if (!j->has_head) {
		j->has_head = true;
		reply_head(out, json_pack("{s:s}", "command", api_command_text(API_EVENTS)));
		if (env->feed == NULL) {
			reply_end(out, "refused", "the server keeps no events");
			return true;
		}
		j->reader.next = feed_after(env->feed, job->request.after);
		j->end = feed_next_id(env->feed);
	}
	while (reply_has_room(out) && (job->request.is_following || j->reader.next < j->end)) {
		if (!feed_read(env->feed, &j->reader, &shown)) {
			break;
		}
		reply_row(out, json_incref(shown.event));
	}
	/* Something new comes in a turn of its own. */
	job->is_waiting = j->reader.next == feed_next_id(env->feed);
	if (job->request.is_following || j->reader.next < j->end) {
		return false;
	}
	reply_end(out, "done", NULL);
	return true;
}

static void free_events(struct job *job)
{
	free(job);
}

struct job *job_events(const struct api_request *r)
{
	struct events_job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	j->job = (struct job){.step = step, .free = free_events, .request = *r};
	j->reader.sees_all = true;
	return &j->job;
}
