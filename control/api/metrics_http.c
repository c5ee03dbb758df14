/* The numbers of the API itself: HTTP, and the events for its streams. */
#include <stddef.h>

#include "control/api/feed.h"
#include "control/api/http_counts.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

static bool write_requests(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->http != NULL) {
		om_sample(out, &row->family, NULL, m->env->http->requests);
	}
	return true;
}

static bool write_refused(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	const struct http_counts *n = m->env->http;
	if (n != NULL) {
		const struct {
			const char *reason;
			uint64_t count;
		} refused[] = {
			{"rate", n->refused_rate}, {"token", n->refused_token}, {"late", n->late}};
		for (unsigned i = 0; i < ARRAY_COUNT(refused); i++) {
			struct om_labels l = {0};
			om_label(&l, "reason", refused[i].reason);
			om_sample(out, &row->family, &l, refused[i].count);
		}
	}
	return true;
}

static bool write_connections(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->http != NULL) {
		om_sample(out, &row->family, NULL, m->env->http->connections);
	}
	return true;
}

static bool write_streams(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->http != NULL) {
		om_sample(out, &row->family, NULL, m->env->http->feeds);
	}
	return true;
}

static bool write_events(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->feed != NULL) {
		om_sample(out, &row->family, NULL, feed_count(m->env->feed));
	}
	return true;
}

static bool write_lost(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->feed != NULL) {
		om_sample(out, &row->family, NULL, feed_lost(m->env->feed));
	}
	return true;
}

#define ROW(name, type, help, write)                                                               \
	{                                                                                          \
		{"causeway_" name, type, NULL, help}, write, 0, 0                                  \
	}

static const struct metric_row rows[] = {
	ROW("http_requests", OM_COUNTER, "Requests that were answered or refused.", write_requests),
	ROW("http_refused", OM_COUNTER,
	    "Requests and connections refused: too many, no valid token, too slow.", write_refused),
	ROW("http_connections", OM_GAUGE, "Connections of HTTP.", write_connections),
	ROW("http_event_streams", OM_GAUGE, "Event streams over HTTP.", write_streams),
	ROW("events", OM_COUNTER, "Events since the start.", write_events),
	ROW("unread_events", OM_COUNTER, "Events that were overwritten before a stream read them.",
	    write_lost),
};

const struct metric_list metrics_of_http = {rows, ARRAY_COUNT(rows)};
