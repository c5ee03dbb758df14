/* The walk: count what is sent, take the members' numbers, write list after list, row after row. */
#include "control/api/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/api/handlers.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

const char *const metric_families[FAMILY_COUNT] = {[FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6"};

static const struct metric_list *const lists[] = {
	&metrics_of_server,   &metrics_of_tables, &metrics_of_sources,	&metrics_of_registry,
	&metrics_of_evidence, &metrics_of_http,	  &metrics_of_sessions,
};

struct metrics *metrics_new(const struct api_env *env)
{
	struct metrics *m = calloc(1, sizeof(*m));
	ASSERT(m != NULL);
	m->capacity = env->roster->capacity;
	m->scan = scan_of(env->server, true, true);
	exported_init(&m->exported, env->server, m->capacity);
	m->member = calloc(m->capacity + 1, sizeof(*m->member));
	ASSERT(m->member != NULL);
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL) {
		return;
	}
	metrics_forget(m);
	exported_fini(&m->exported);
	free(m->member);
	free(m->rejected);
	free(m);
}

/* One step of looking; true when there is nothing left to look at. */
static bool look(struct metrics *m)
{
	struct scan_hit hit;
	unsigned budget = JOB_SLICE;
	while (scan_next(&m->scan, &budget, &hit)) {
		exported_add(&m->exported, &hit, &budget);
	}
	m->is_taken = scan_is_done(&m->scan) && metrics_take(m) && metrics_count_registry(m);
	return m->is_taken;
}

void metric_label_number(struct metric_sample *s, const char *name, uint64_t number)
{
	ASSERT(s->text_count < ARRAY_COUNT(s->text));
	char *text = s->text[s->text_count++];
	(void)snprintf(text, sizeof(s->text[0]), "%u", (unsigned)number);
	om_label(&s->labels, name, text);
}

static void write_sample(const struct metric_row *row, const struct metric_sample *s,
			 struct om_text *out)
{
	bool is_time = row->value == METRIC_TIME || row->value == METRIC_TIME_SOME;
	bool is_some = row->value == METRIC_NUMBER_SOME || row->value == METRIC_TIME_SOME;
	if (s->is_absent || (is_some && s->value == 0)) {
		return;
	}
	if (is_time) {
		om_sample_us(out, &row->family, &s->labels, s->value);
	} else {
		om_sample(out, &row->family, &s->labels, s->value);
	}
}

/* From number m->next on; true when the row has no more. */
static bool write_samples(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (; !metrics_is_enough(m, out); m->next++) {
		struct metric_sample s = {0};
		if (!row->sample(m, row, m->next, &s)) {
			return true;
		}
		write_sample(row, &s, out);
	}
	return false;
}

/* Some rows of the list that the walk is in; true when it has no more. */
static bool write_rows(struct metrics *m, const struct metric_list *list, struct om_text *out)
{
	while (m->row < list->count && !metrics_is_enough(m, out)) {
		const struct metric_row *row = &list->row[m->row];
		if (!m->is_begun) {
			om_family(out, &row->family);
			m->is_begun = true;
		}
		if (!write_samples(m, row, out)) {
			return false;
		}
		m->is_begun = false;
		m->next = 0;
		m->row++;
	}
	return m->row == list->count;
}

static void set_time(struct metrics *m, usec_t now)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	m->now = now;
	m->now_us = (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

bool metrics_step(struct metrics *m, const struct api_env *env, struct om_text *out, usec_t now)
{
	m->env = env;
	m->enough = out->len + METRICS_SLICE;
	set_time(m, now);
	if (!m->is_taken && !look(m)) {
		return false;
	}
	while (m->list < ARRAY_COUNT(lists) && write_rows(m, lists[m->list], out)) {
		m->row = 0;
		m->list++;
	}
	if (m->list < ARRAY_COUNT(lists)) {
		return false;
	}
	om_end(out);
	return true;
}

struct metrics_job {
	struct job job; /* First: the job is what others hold. */
	struct metrics *metrics;
	bool has_head;
};

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct metrics_job *j = (struct metrics_job *)job;
	struct om_text text = {0};
	if (!j->has_head) {
		j->has_head = true;
		reply_head(out, json_pack("{s:s}", "command", api_command_text(API_METRICS)));
	}
	bool is_done = metrics_step(j->metrics, env, &text, now);
	if (text.len > 0) {
		reply_row(out, json_pack("{s:s%}", "text", text.data, text.len));
	}
	if (is_done) {
		reply_end(out, "done", NULL);
	}
	om_text_fini(&text);
	return is_done;
}

static void free_metrics(struct job *job)
{
	struct metrics_job *j = (struct metrics_job *)job;
	metrics_free(j->metrics);
	free(j);
}

struct job *job_metrics(const struct api_request *r, const struct api_env *env)
{
	struct metrics_job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL);
	j->job = (struct job){.step = step, .free = free_metrics, .request = *r};
	j->metrics = metrics_new(env);
	return &j->job;
}

void serve_metrics(struct call *c)
{
	const struct api_request r = {.command = API_METRICS};
	call_stream_text(c, OM_MEDIA_TYPE, job_metrics(&r, c->env));
}
