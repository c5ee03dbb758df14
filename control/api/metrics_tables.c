/* The numbers of shards, export logs and rules. */
#include <stddef.h>
#include <stdio.h>

#include "control/api/metrics_own.h"
#include "rib/base/check.h"

/* Of each shard and family, by row->offset into its counters. */
static bool write_shard(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned i = 0; i < server_core_count(m->env->server); i++) {
		const struct shard *shard = server_shard(m->env->server, (core_id_t)i);
		char number[16];
		(void)snprintf(number, sizeof(number), "%u", i);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st = shard_stats(shard, (enum family)f);
			const void *at = (const char *)st + row->offset;
			const metric_t *value = at;
			struct om_labels l = {0};
			om_label(&l, "shard", number);
			om_label(&l, "family", metric_families[f]);
			om_sample(out, &row->family, &l, metric_get(value));
		}
	}
	return true;
}

/* Of each log that there is, by row->offset into its numbers. */
static bool write_log(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	unsigned shard_idx = m->next / FAMILY_COUNT, f = m->next % FAMILY_COUNT;
	if (shard_idx >= server_core_count(m->env->server)) {
		return true;
	}
	const struct shard *shard = server_shard(m->env->server, (core_id_t)shard_idx);
	for (unsigned k = shard_class_next(shard, (enum family)f, 0); k < WIRE_CLASS_COUNT;
	     k = shard_class_next(shard, (enum family)f, k + 1)) {
		struct runlog_stats st;
		struct om_labels l = {0};
		char number[16], class[16];
		runlog_stats(shard_log(shard, (enum family)f, k), &st);
		uint64_t kept = st.end - st.begin;
		const void *at = (const char *)&st + row->offset;
		const uint64_t *value = at;
		(void)snprintf(number, sizeof(number), "%u", shard_idx);
		(void)snprintf(class, sizeof(class), "%u", k);
		om_label(&l, "shard", number);
		om_label(&l, "family", metric_families[f]);
		om_label(&l, "class", class);
		om_sample(out, &row->family, &l,
			  row->offset == offsetof(struct runlog_stats, begin) ? kept : *value);
	}
	m->next++;
	return false;
}

static bool write_generation(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->policy != NULL) {
		om_sample(out, &row->family, NULL, m->env->policy->generation);
	}
	return true;
}

static bool write_published(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, m->env->rules.made);
	return true;
}

static bool write_left(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, m->env->rules.left);
	return true;
}

static bool write_took(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample_us(out, &row->family, NULL, m->env->rules.took_us);
	return true;
}

static bool write_publishing(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	om_sample(out, &row->family, NULL, m->env->rules.is_publishing ? 1 : 0);
	return true;
}

#define SHARD(name, type, unit, help, member)                                                      \
	{                                                                                          \
		{"causeway_shard_" name, type, unit, help}, write_shard,                           \
			offsetof(struct shard_stats, member), 0                                    \
	}
#define LOG(name, type, unit, help, member)                                                        \
	{                                                                                          \
		{"causeway_log_" name, type, unit, help}, write_log,                               \
			offsetof(struct runlog_stats, member), 0                                   \
	}

static const struct metric_row rows[] = {
	SHARD("prefixes", OM_GAUGE, NULL, "Prefixes with a path.", entries),
	SHARD("tombstones", OM_GAUGE, NULL, "Prefixes without one that a run still names.",
	      tombstones),
	SHARD("paths", OM_GAUGE, NULL, "Paths.", paths),
	SHARD("path_bytes", OM_GAUGE, "bytes", "Memory of path arrays.", path_bytes),
	SHARD("table_bytes", OM_GAUGE, "bytes", "Memory of entries and their hash.", table_bytes),
	SHARD("retired_arrays", OM_GAUGE, NULL, "Path arrays that readers may still look at.",
	      retired),
	SHARD("flushes", OM_COUNTER, NULL, "Times that changes were published.", flushes),
	SHARD("paced", OM_COUNTER, NULL,
	      "Changes of prefixes that waited because the prefix changes too often.", paced),
	SHARD("operations", OM_COUNTER, NULL, "Operations applied.", ops),
	LOG("bytes", OM_GAUGE, "bytes", "Memory of the runs that are kept.", bytes),
	LOG("limit_bytes", OM_GAUGE, "bytes", "The most that they may have.", bytes_max),
	LOG("runs", OM_GAUGE, NULL, "Runs that are kept.", begin),
	LOG("encoded_prefixes", OM_COUNTER, NULL, "Prefixes encoded, once for all members.",
	    encoded),
	LOG("dirty_runs", OM_COUNTER, NULL, "Runs superseded before everybody had read them.",
	    runs_dirty),
	{{"causeway_rules_generation", OM_GAUGE, NULL, "Generation of the rules in force."},
	 write_generation,
	 0,
	 0},
	{{"causeway_rules_published", OM_COUNTER, NULL, "Generations published."},
	 write_published,
	 0,
	 0},
	{{"causeway_rules_without_effect", OM_COUNTER, NULL,
	  "Generations not published because nothing differed."},
	 write_left,
	 0,
	 0},
	{{"causeway_rules_publishing", OM_GAUGE, NULL, "1: workers are judging by new rules."},
	 write_publishing,
	 0,
	 0},
	{{"causeway_rules_last_duration_seconds", OM_GAUGE, "seconds",
	  "From publishing the last rules until every route was judged by them."},
	 write_took,
	 0,
	 0},
};

const struct metric_list metrics_of_tables = {rows, ARRAY_COUNT(rows)};
