/* `reload [--dry-run]`: the differences, a row for each, and what came of them.
 *
 * What is found is shown before anything is done about it, and a dry run counts the routes that
 * would be judged differently; the answer ends when all of it is done,
 * or after a while, when the rest is told by the log alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/job.h"
#include "rib/base/check.h"

#define PATIENCE_US (10 * USEC_PER_SEC)

struct reload_job {
	struct job job; /* First: the job is what others hold. */
	bool has_begun;
	usec_t give_up;
	struct reload_report report;
	unsigned next_error, next_change;
};

void reload_report_fini(struct reload_report *r)
{
	config_errors_free(&r->errors);
	config_diff_free(&r->diff);
	if (r->trial != NULL) {
		r->trial_free(r->trial);
		r->trial = NULL;
	}
}

static json_t *routes_json(const struct reload_report *r)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "kind", "routes", "routes",
			 (json_int_t)r->routes.all, "to_rejected",
			 (json_int_t)r->routes.to_rejected, "to_accepted",
			 (json_int_t)r->routes.to_accepted, "other_reason",
			 (json_int_t)r->routes.other_reason, "gone", (json_int_t)r->routes.gone);
}

static json_t *error_json(const struct config_error *e)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}", "kind", "finding", "severity",
			 e->is_warning ? "warning" : "error", "file", e->file, "line", e->line,
			 "column", e->column, "text", e->text);
}

static json_t *change_json(const struct config_change *c)
{
	char text[ADDR_TEXT_MAX];
	json_t *row = json_pack("{s:s}", "kind", change_kind_text(c->kind));
	if (c->kind <= CHANGE_CHANGED) {
		json_object_set_new(row, "address", json_string(addr_format(&c->ip, text)));
	}
	if (c->what[0] != '\0') {
		json_object_set_new(row, "what", json_string(c->what));
	}
	if (c->kind == CHANGE_CHANGED) {
		json_object_set_new(row, "new_session", json_boolean(c->is_new_session));
	}
	return row;
}

static bool put_rows(struct reload_job *j, struct reply *out)
{
	const struct reload_report *r = &j->report;
	while (j->next_error < r->errors.count && reply_has_room(out)) {
		reply_row(out, error_json(&r->errors.item[j->next_error++]));
	}
	while (j->next_change < r->diff.count && reply_has_room(out)) {
		reply_row(out, change_json(&r->diff.item[j->next_change++]));
	}
	return j->next_error == r->errors.count && j->next_change == r->diff.count;
}

static void put_end(const struct reload_report *r, bool is_done, struct reply *out)
{
	char text[256];
	const unsigned *n = r->diff.by_kind;
	unsigned sessions = 0;
	for (unsigned i = 0; i < r->diff.count; i++) {
		sessions += r->diff.item[i].is_new_session;
	}
	snprintf(text, sizeof(text),
		 "%s: neighbours %u added, %u removed, %u changed (%u sessions start anew); %u "
		 "changes of the server, %u more after a restart%s",
		 r->is_dry ? "would apply" : "applied", n[CHANGE_ADDED], n[CHANGE_REMOVED],
		 n[CHANGE_CHANGED], sessions, n[CHANGE_SERVER], n[CHANGE_RESTART],
		 is_done ? "" : "; some wait for former neighbours to be gone, see the log");
	reply_end(out, "done", text);
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct reload_job *j = (struct reload_job *)job;
	const struct api_reload *reload = env->reload;
	if (!j->has_begun) {
		bool is_dry = job->request.is_dry_run;
		j->has_begun = true;
		j->give_up = now + PATIENCE_US;
		reply_head(out,
			   json_pack("{s:s, s:b}", "command",
				     api_command_text(job->request.command), "dry_run", is_dry));
		reload->begin(reload->context, is_dry, job->uid, &j->report);
	}
	if (!put_rows(j, out)) {
		return false;
	}
	if (j->report.refusal[0] != '\0') {
		reply_end(out, "refused", j->report.refusal);
		return true;
	}
	if (j->report.trial != NULL) {
		if (!reload->count(reload->context, &j->report)) {
			return false;
		}
		reply_row(out, routes_json(&j->report));
	}
	bool is_done = j->report.is_dry || reload->is_done(reload->context);
	if (!is_done && now < j->give_up) {
		job->is_waiting = true;
		return false;
	}
	put_end(&j->report, is_done, out);
	return true;
}

static void free_reload(struct job *job)
{
	struct reload_job *j = (struct reload_job *)job;
	reload_report_fini(&j->report);
	free(j);
}

struct job *job_reload(const struct api_request *r)
{
	struct reload_job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	j->job = (struct job){.step = step, .free = free_reload, .request = *r};
	return &j->job;
}
