/* The numbers of the server as a whole: its workers, what they drop, its memory. */
#include <stddef.h>
#include <stdio.h>

#include "control/api/memory.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

static bool build(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	(void)row;
	static_assert(sizeof(out->text[0]) >= sizeof("255.255.255.255"), "a router id fits");
	char text[ADDR_TEXT_MAX];
	om_label(&out->labels, "version", CAUSEWAY_VERSION);
	metric_label_number(out, "rs_as", m->env->config->rs_as);
	char *router_id = out->text[out->text_count++];
	(void)snprintf(router_id, sizeof(out->text[0]), "%.15s",
		       addr_format(&m->env->config->router_id, text));
	om_label(&out->labels, "router_id", router_id);
	return metric_only(n, true, 1, out);
}

static bool started(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, (uint64_t)m->env->started_s, out);
}

static bool awaited(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, server_awaited(m->env->server), out);
}

static bool resident(const struct metrics *m, const struct metric_row *row, unsigned n,
		     struct metric_sample *out)
{
	(void)m;
	(void)row;
	return metric_only(n, true, n == 0 ? memory_resident_bytes() : 0, out);
}

static bool tables(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, n == 0 ? memory_table_bytes(m->env->server) : 0, out);
}

/* Of the n-th worker, by row->offset into its counters. */
static bool worker(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	if (n == server_core_count(m->env->server)) {
		return false;
	}
	const void *at =
		(const char *)server_core_stats(m->env->server, (core_id_t)n) + row->offset;
	const metric_t *value = at;
	metric_label_number(out, "worker", n);
	out->value = metric_get(value);
	return true;
}

static bool drops(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	(void)row;
	if (n == DROP_COUNT) {
		return false;
	}
	const struct drop_row *drop = drop_row(n);
	om_label(&out->labels, "reason", drop->name);
	om_label(&out->labels, "layer", drop->layer);
	om_label(&out->labels, "severity", drop->severity);
	for (unsigned i = 0; i < server_core_count(m->env->server); i++) {
		out->value += server_drops(m->env->server, (core_id_t)i, n);
	}
	return true;
}

#define WORKER(name, kind, unit, sentence, member)                                                 \
	METRIC("worker_" name, kind, unit, sentence, worker,                                       \
	       .offset = offsetof(struct core_stats, member))

static const struct metric_row rows[] = {
	METRIC("build", INFO, NULL, "The server, and who it is.", build),
	METRIC("start_timestamp_seconds", GAUGE, "seconds", "When the server started.", started),
	METRIC("restart_awaited_sessions", GAUGE, NULL,
	       "Members that the selection waits for after a restart (RFC 4724 4.1).", awaited),
	METRIC("resident_memory_bytes", GAUGE, "bytes", "Resident memory of the server.", resident),
	METRIC("table_memory_bytes", GAUGE, "bytes",
	       "Memory of tables, path arrays and attribute sets.", tables),
	WORKER("turns", COUNTER, NULL, "Turns of the worker's loop.", turns),
	WORKER("busy_turns", COUNTER, NULL, "Turns that did something.", busy_turns),
	METRIC("worker_busy_seconds", COUNTER, "seconds", "Time in turns that did something.",
	       worker, .offset = offsetof(struct core_stats, busy_us), .value = METRIC_TIME),
	WORKER("received_frames", COUNTER, NULL, "Frames taken from ports.", frames_in),
	WORKER("sent_frames", COUNTER, NULL, "Frames given to ports.", frames_out),
	WORKER("handed_over_frames", COUNTER, NULL, "Frames given to another worker.",
	       frames_handed_over),
	WORKER("kernel_given_frames", COUNTER, NULL, "Frames given to the host's kernel.",
	       kernel_in),
	WORKER("kernel_taken_frames", COUNTER, NULL, "Frames taken from the host's kernel.",
	       kernel_out),
	WORKER("connections", GAUGE, NULL, "TCP connections.", connections),
	WORKER("attribute_sets", GAUGE, NULL, "Attribute sets held.", attrs),
	WORKER("attribute_set_bytes", GAUGE, "bytes", "Memory of attribute sets.", attr_bytes),
	WORKER("lost_events", COUNTER, NULL, "Events that found no room on their way to control.",
	       events_lost),
	METRIC("drops", COUNTER, NULL, "Frames, segments and messages dropped, by reason.", drops),
};

const struct metric_list metrics_of_server = {rows, ARRAY_COUNT(rows)};
