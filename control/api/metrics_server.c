/* The numbers of the server as a whole: its workers, what they drop, its memory. */
#include <stddef.h>
#include <stdio.h>

#include "control/api/memory.h"
#include "control/api/metrics_own.h"
#include "rib/base/check.h"

static bool write_build(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	struct om_labels l = {0};
	char text[ADDR_TEXT_MAX], asn[16];
	(void)snprintf(asn, sizeof(asn), "%u", m->env->config->rs_as);
	om_label(&l, "version", CAUSEWAY_VERSION);
	om_label(&l, "rs_as", asn);
	om_label(&l, "router_id", addr_format(&m->env->config->router_id, text));
	om_sample(out, &row->family, &l, 1);
	return true;
}

static bool write_started(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, (uint64_t)m->env->started_s);
	return true;
}

static bool write_awaited(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, server_awaited(m->env->server));
	return true;
}

static bool write_resident(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	(void)m;
	om_sample(out, &row->family, NULL, memory_resident_bytes());
	return true;
}

static bool write_tables(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, memory_table_bytes(m->env->server));
	return true;
}

/* Of each worker, by row->offset into its counters. */
static bool write_worker(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned i = 0; i < server_core_count(m->env->server); i++) {
		const struct core_stats *st = server_core_stats(m->env->server, (core_id_t)i);
		const void *at = (const char *)st + row->offset;
		const metric_t *value = at;
		struct om_labels l = {0};
		char worker[16];
		(void)snprintf(worker, sizeof(worker), "%u", i);
		om_label(&l, "worker", worker);
		if (row->value == METRIC_TIME) {
			om_sample_us(out, &row->family, &l, metric_get(value));
		} else {
			om_sample(out, &row->family, &l, metric_get(value));
		}
	}
	return true;
}

static bool write_drops(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned d = 0; d < DROP_COUNT; d++) {
		const struct drop_row *drop = drop_row(d);
		struct om_labels l = {0};
		uint64_t count = 0;
		for (unsigned i = 0; i < server_core_count(m->env->server); i++) {
			count += server_drops(m->env->server, (core_id_t)i, d);
		}
		om_label(&l, "reason", drop->name);
		om_label(&l, "layer", drop->layer);
		om_label(&l, "severity", drop->severity);
		om_sample(out, &row->family, &l, count);
	}
	return true;
}

#define WORKER(name, type, unit, help, member, value)                                              \
	{                                                                                          \
		{"causeway_worker_" name, type, unit, help}, write_worker,                         \
			offsetof(struct core_stats, member), value                                 \
	}

static const struct metric_row rows[] = {
	{{"causeway_build", OM_INFO, NULL, "The server, and who it is."}, write_build, 0, 0},
	{{"causeway_start_timestamp_seconds", OM_GAUGE, "seconds", "When the server started."},
	 write_started,
	 0,
	 0},
	{{"causeway_restart_awaited_sessions", OM_GAUGE, NULL,
	  "Members that the selection waits for after a restart (RFC 4724 4.1)."},
	 write_awaited,
	 0,
	 0},
	{{"causeway_resident_memory_bytes", OM_GAUGE, "bytes", "Resident memory of the server."},
	 write_resident,
	 0,
	 0},
	{{"causeway_table_memory_bytes", OM_GAUGE, "bytes",
	  "Memory of tables, path arrays and attribute sets."},
	 write_tables,
	 0,
	 0},
	WORKER("turns", OM_COUNTER, NULL, "Turns of the worker's loop.", turns, METRIC_NUMBER),
	WORKER("busy_turns", OM_COUNTER, NULL, "Turns that did something.", busy_turns,
	       METRIC_NUMBER),
	WORKER("busy_seconds", OM_COUNTER, "seconds", "Time in turns that did something.", busy_us,
	       METRIC_TIME),
	WORKER("received_frames", OM_COUNTER, NULL, "Frames taken from ports.", frames_in,
	       METRIC_NUMBER),
	WORKER("sent_frames", OM_COUNTER, NULL, "Frames given to ports.", frames_out,
	       METRIC_NUMBER),
	WORKER("handed_over_frames", OM_COUNTER, NULL, "Frames given to another worker.",
	       frames_handed_over, METRIC_NUMBER),
	WORKER("kernel_given_frames", OM_COUNTER, NULL, "Frames given to the host's kernel.",
	       kernel_in, METRIC_NUMBER),
	WORKER("kernel_taken_frames", OM_COUNTER, NULL, "Frames taken from the host's kernel.",
	       kernel_out, METRIC_NUMBER),
	WORKER("connections", OM_GAUGE, NULL, "TCP connections.", connections, METRIC_NUMBER),
	WORKER("attribute_sets", OM_GAUGE, NULL, "Attribute sets held.", attrs, METRIC_NUMBER),
	WORKER("attribute_set_bytes", OM_GAUGE, "bytes", "Memory of attribute sets.", attr_bytes,
	       METRIC_NUMBER),
	WORKER("lost_events", OM_COUNTER, NULL,
	       "Events that found no room on their way to control.", events_lost, METRIC_NUMBER),
	{{"causeway_drops", OM_COUNTER, NULL, "Frames, segments and messages dropped, by reason."},
	 write_drops,
	 0,
	 0},
};

const struct metric_list metrics_of_server = {rows, ARRAY_COUNT(rows)};
