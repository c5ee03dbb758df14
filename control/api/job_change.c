/* `neighbor ADDRESS enable|disable|reset|refresh`: saved first, then asked of the worker.
 *
 * A disable that would not survive a restart is refused rather than half done.  Who changed what
 * is in the log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/api/job.h"
#include "rib/base/check.h"

/* How long to wait for room in a worker's request ring. */
#define REQUEST_PATIENCE_US USEC_PER_SEC

struct change_job {
	struct job job; /* First: the job is what others hold. */
	bool is_saved;
	peer_id_t peer;
	usec_t give_up;
};

static enum request_kind request_kind_of(enum api_command command)
{
	switch (command) {
	case API_ENABLE:
		return REQUEST_ENABLE;
	case API_DISABLE:
		return REQUEST_DISABLE;
	case API_RESET:
		return REQUEST_RESET;
	default:
		return REQUEST_REFRESH;
	}
}

static void refuse(struct reply *out, const struct addr *addr, const char *what)
{
	char text[320], name[ADDR_TEXT_MAX];
	snprintf(text, sizeof(text), "%s: %s", addr_format(addr, name), what);
	reply_end(out, "refused", text);
}

/* Why the change makes no sense now, or NULL. */
static const char *objection(const struct api_request *r, const struct member_status *st)
{
	if (r->command == API_RESET && !st->is_enabled) {
		return "the neighbour is disabled; enable it instead";
	}
	if (r->command == API_REFRESH && st->state != FSM_ESTABLISHED) {
		return "the session is not established; there is nothing to refresh";
	}
	return NULL;
}

static int save(const struct api_env *env, const struct api_request *r)
{
	if (r->command == API_DISABLE) {
		return state_disable(env->state, &r->address, r->reason, (int64_t)time(NULL));
	}
	return r->command == API_ENABLE ? state_enable(env->state, &r->address) : 0;
}

/* What the registry has disabled is the registry's to enable: see that it is refused. */
static bool is_the_registrys(const struct api_env *env, const struct change_job *j,
			     struct reply *out)
{
	const struct config_client *client = roster_client(env->roster, j->peer);
	char text[256];
	if (j->job.request.command != API_ENABLE || !client->is_disabled) {
		return false;
	}
	snprintf(text, sizeof(text),
		 "the registry keeps it disabled: %.120s Change that there: `causeway registry "
		 "show %.20s`",
		 client->disabled_why != NULL ? client->disabled_why : "",
		 client->session_id != NULL ? client->session_id : "");
	refuse(out, &j->job.request.address, text);
	return true;
}

/* Check and save.  False after an answer. */
static bool begin(struct change_job *j, const struct api_env *env, struct reply *out, usec_t now)
{
	const struct api_request *r = &j->job.request;
	struct member_status st;
	reply_head(out, json_pack("{s:s}", "command", api_command_text(r->command)));
	j->peer = job_find(&j->job, env, &r->address, SIGHT_ALL);
	if (j->peer == PEER_NONE) {
		end_unknown(out, &r->address);
		return false;
	}
	server_member_status(env->server, j->peer, &st);
	const char *why = objection(r, &st);
	if (why != NULL) {
		refuse(out, &r->address, why);
		return false;
	}
	if (is_the_registrys(env, j, out)) {
		return false;
	}
	int err = save(env, r);
	if (err != 0) {
		char text[256];
		snprintf(text, sizeof(text), "cannot save this in %s: %s; nothing was changed",
			 env->config->control.state_dir, strerror(-err));
		refuse(out, &r->address, text);
		return false;
	}
	j->is_saved = true;
	j->give_up = now + REQUEST_PATIENCE_US;
	return true;
}

static void log_change(const struct change_job *j)
{
	char event[64], name[ADDR_TEXT_MAX], uid[16];
	const struct api_request *r = &j->job.request;
	snprintf(event, sizeof(event), "neighbor %s", api_command_text(r->command));
	snprintf(uid, sizeof(uid), "%u", (unsigned)j->job.uid);
	log_event(LOG_NOTICE, event, "peer", addr_format(&r->address, name), "reason",
		  r->reason[0] != '\0' ? r->reason : NULL, j->job.by[0] != '\0' ? "by" : "uid",
		  j->job.by[0] != '\0' ? j->job.by : uid, NULL);
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct change_job *j = (struct change_job *)job;
	if (!j->is_saved && !begin(j, env, out, now)) {
		return true;
	}
	struct request request = {.kind = request_kind_of(job->request.command), .peer = j->peer};
	memcpy(request.text, job->request.reason, sizeof(request.text));
	static_assert(sizeof(request.text) == sizeof(job->request.reason), "one text, one size");
	if (server_request(env->server, &request)) {
		log_change(j);
		reply_end(out, "done", NULL);
		return true;
	}
	if (now >= j->give_up) {
		refuse(out, &job->request.address, "its worker does not take requests; try again");
		return true;
	}
	return false;
}

static void free_change(struct job *job)
{
	free(job);
}

struct job *job_change(const struct api_request *r)
{
	struct change_job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct change_job){.job = {.step = step, .free = free_change, .request = *r}};
	return &j->job;
}
