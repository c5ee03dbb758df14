/* The numbers of the API itself: HTTP, and the events for its streams. */
#include <stddef.h>

#include "control/api/feed.h"
#include "control/api/http_counts.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

/* Nothing is counted where nothing listens. */
static const struct http_counts none;

static const struct http_counts *counts_of(const struct metrics *m)
{
	return m->env->http != NULL ? m->env->http : &none;
}

static bool requests(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)row;
	return metric_only(n, m->env->http != NULL, counts_of(m)->requests, out);
}

static bool connections(const struct metrics *m, const struct metric_row *row, unsigned n,
			struct metric_sample *out)
{
	(void)row;
	return metric_only(n, m->env->http != NULL, counts_of(m)->connections, out);
}

static bool streams(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	return metric_only(n, m->env->http != NULL, counts_of(m)->feeds, out);
}

static bool refused(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	static const struct {
		const char *reason;
		size_t offset;
	} reasons[] = {
		{"rate", offsetof(struct http_counts, refused_rate)},
		{"token", offsetof(struct http_counts, refused_token)},
		{"late", offsetof(struct http_counts, late)},
	};
	if (m->env->http == NULL || n == ARRAY_COUNT(reasons)) {
		return false;
	}
	om_label(&out->labels, "reason", reasons[n].reason);
	out->value = metric_at(m->env->http, reasons[n].offset);
	return true;
}

static bool events(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	const struct feed *f = m->env->feed;
	return metric_only(n, f != NULL, f != NULL ? feed_count(f) : 0, out);
}

static bool unread(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	const struct feed *f = m->env->feed;
	return metric_only(n, f != NULL, f != NULL ? feed_lost(f) : 0, out);
}

static const struct metric_row rows[] = {
	METRIC("http_requests", COUNTER, NULL, "Requests that were answered or refused.", requests),
	METRIC("http_refused", COUNTER, NULL,
	       "Requests and connections refused: too many, no valid token, too slow.", refused),
	METRIC("http_connections", GAUGE, NULL, "Connections of HTTP.", connections),
	METRIC("http_event_streams", GAUGE, NULL, "Event streams over HTTP.", streams),
	METRIC("events", COUNTER, NULL, "Events since the start.", events),
	METRIC("unread_events", COUNTER, NULL,
	       "Events that were overwritten before a stream read them.", unread),
};

const struct metric_list metrics_of_http = {rows, ARRAY_COUNT(rows)};
