/* `irr`: a row for each AS-SET; `irr_refresh` and `irr_accept`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/api/job.h"
#include "control/irr/irr.h"
#include "rib/base/check.h"

#define SLICE_ROWS 256

struct irr_job {
	struct job job;
	bool has_begun;
	/* Of the last row: AS-SETs may come and go between slices. */
	struct irr_name last;
};

static json_t *row_of(const struct irr_set *s, usec_t now)
{
	const struct irr_set_part *alarmed = irr_set_alarmed(s);
	int64_t fetched_s = irr_set_fetched_s(s), now_s = (int64_t)time(NULL);
	json_t *row =
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:i, s:b, s:b}", "as_set", s->name.text,
			  "state", irr_set_state(s), "asns", (json_int_t)s->part[IRR_ASNS].count,
			  "ipv4", (json_int_t)s->part[IRR_IPV4].count, "ipv6",
			  (json_int_t)s->part[IRR_IPV6].count, "filters", (int)s->users, "is_alarm",
			  alarmed != NULL, "is_asking", s->fetch != NULL);
	ASSERT(row != NULL);
	if (fetched_s > 0) {
		json_object_set_new(row, "fetched", json_integer((json_int_t)fetched_s));
		json_object_set_new(row, "age_s",
				    json_integer(now_s > fetched_s ? now_s - fetched_s : 0));
	}
	if (s->fetch == NULL) {
		usec_t wait = s->due > now ? s->due - now : 0;
		json_object_set_new(row, "next_s", json_integer((json_int_t)(wait / USEC_PER_SEC)));
	}
	if (s->path != NULL) {
		json_object_set_new(row, "file", json_string(s->path));
	}
	if (alarmed != NULL) {
		json_t *text = json_string(alarmed->detail);
		json_object_set_new(row, "part",
				    json_string(irr_part_text((enum irr_part)(alarmed - s->part))));
		/* A program's words need not be UTF-8. */
		json_object_set_new(row, "detail",
				    text != NULL ? text : json_string("(not readable)"));
	}
	return row;
}

/* True when every AS-SET has its row. */
static bool put_rows(struct irr_job *j, const struct irr *i, struct reply *out, usec_t now)
{
	unsigned rows = 0;
	for (unsigned n = 0; n < irr_set_count(i); n++) {
		const struct irr_set *s = irr_set_at(i, n);
		if (strcmp(s->name.text, j->last.text) <= 0) {
			continue;
		}
		if (rows == SLICE_ROWS || !reply_has_room(out)) {
			return false;
		}
		if (!j->job.request.has_as_set ||
		    strcmp(s->name.text, j->job.request.as_set.text) == 0) {
			reply_row(out, row_of(s, now));
			rows++;
		}
		j->last = s->name;
	}
	return true;
}

static void end_unknown_set(struct reply *out, const struct irr_name *name)
{
	char text[IRR_NAME_MAX + 64];
	(void)snprintf(text, sizeof(text), "no client's filter has %s", name->text);
	reply_end(out, "not_found", text);
}

static void refresh(const struct api_request *r, struct irr *i, struct reply *out, usec_t now)
{
	char text[64];
	unsigned count = irr_refresh(i, r->has_as_set ? &r->as_set : NULL, now);
	if (count == 0 && r->has_as_set) {
		end_unknown_set(out, &r->as_set);
		return;
	}
	(void)snprintf(text, sizeof(text), "%u %s asked for now", count,
		       count == 1 ? "AS-SET is" : "AS-SETs are");
	reply_end(out, "done", text);
}

static void accept_held(const struct api_request *r, struct irr *i, struct reply *out)
{
	int err = irr_accept(i, &r->as_set, (int64_t)time(NULL));
	if (err == -ENOENT) {
		end_unknown_set(out, &r->as_set);
	} else if (err != 0) {
		reply_end(out, "refused", "no answer is held back for it; see 'causeway irr'");
	} else {
		reply_end(out, "done", "the answer is believed");
	}
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct irr_job *j = (struct irr_job *)job;
	const struct api_request *r = &job->request;
	if (!j->has_begun) {
		reply_head(out, json_pack("{s:s}", "command", api_command_text(r->command)));
		j->has_begun = true;
	}
	if (env->irr == NULL) {
		reply_end(out, "refused", "there is no IRR data here");
	} else if (r->command == API_IRR_REFRESH) {
		refresh(r, env->irr, out, now);
	} else if (r->command == API_IRR_ACCEPT) {
		accept_held(r, env->irr, out);
	} else if (r->has_as_set && irr_set_find(env->irr, &r->as_set) == NULL) {
		end_unknown_set(out, &r->as_set);
	} else if (put_rows(j, env->irr, out, now)) {
		reply_end(out, "done", NULL);
	} else {
		return false;
	}
	return true;
}

static void free_irr(struct job *job)
{
	free(job);
}

struct job *job_irr(const struct api_request *r)
{
	struct irr_job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	j->job = (struct job){.step = step, .free = free_irr, .request = *r};
	return &j->job;
}
