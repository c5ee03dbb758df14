/* The numbers of shards, export logs and rules. */
#include <stddef.h>

#include "control/api/metrics_own.h"
#include "rib/base/check.h"

/* The n-th family of all shards; NULL: there are no more. */
static const struct shard *shard_of(const struct metrics *m, unsigned n, struct metric_sample *out)
{
	unsigned shard = n / FAMILY_COUNT;
	if (shard >= server_core_count(m->env->server)) {
		return NULL;
	}
	metric_label_number(out, "shard", shard);
	om_label(&out->labels, "family", metric_families[n % FAMILY_COUNT]);
	return server_shard(m->env->server, (core_id_t)shard);
}

/* By row->offset into the shard's counters of the family. */
static bool shard(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	const struct shard *s = shard_of(m, n, out);
	if (s == NULL) {
		return false;
	}
	const void *at =
		(const char *)shard_stats(s, (enum family)(n % FAMILY_COUNT)) + row->offset;
	const metric_t *value = at;
	out->value = metric_get(value);
	return true;
}

/* Of each class that has a log, by row->offset into its numbers. */
static bool log_of_class(const struct metrics *m, const struct metric_row *row, unsigned n,
			 struct metric_sample *out)
{
	unsigned at = n / WIRE_CLASS_COUNT, class_idx = n % WIRE_CLASS_COUNT;
	const struct shard *s = shard_of(m, at, out);
	if (s == NULL) {
		return false;
	}
	const struct runlog *log = shard_log(s, (enum family)(at % FAMILY_COUNT), class_idx);
	struct runlog_stats st;
	out->is_absent = log == NULL;
	if (log != NULL) {
		bool is_kept = row->offset == offsetof(struct runlog_stats, begin);
		runlog_stats(log, &st);
		metric_label_number(out, "class", class_idx);
		out->value = is_kept ? st.end - st.begin : metric_at(&st, row->offset);
	}
	return true;
}

static bool generation(const struct metrics *m, const struct metric_row *row, unsigned n,
		       struct metric_sample *out)
{
	(void)row;
	const struct policy *p = m->env->policy;
	return metric_only(n, p != NULL, p != NULL ? p->generation : 0, out);
}

static bool published(const struct metrics *m, const struct metric_row *row, unsigned n,
		      struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, m->env->rules.made, out);
}

static bool without_effect(const struct metrics *m, const struct metric_row *row, unsigned n,
			   struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, m->env->rules.left, out);
}

static bool took(const struct metrics *m, const struct metric_row *row, unsigned n,
		 struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, m->env->rules.took_us, out);
}

static bool publishing(const struct metrics *m, const struct metric_row *row, unsigned n,
		       struct metric_sample *out)
{
	(void)row;
	return metric_only(n, true, m->env->rules.is_publishing ? 1 : 0, out);
}

#define SHARD(name, kind, unit, sentence, member)                                                  \
	METRIC("shard_" name, kind, unit, sentence, shard,                                         \
	       .offset = offsetof(struct shard_stats, member))
#define LOG(name, kind, unit, sentence, member)                                                    \
	METRIC("log_" name, kind, unit, sentence, log_of_class,                                    \
	       .offset = offsetof(struct runlog_stats, member))

static const struct metric_row rows[] = {
	SHARD("prefixes", GAUGE, NULL, "Prefixes with a path.", entries),
	SHARD("tombstones", GAUGE, NULL, "Prefixes without one that a run still names.",
	      tombstones),
	SHARD("paths", GAUGE, NULL, "Paths.", paths),
	SHARD("path_bytes", GAUGE, "bytes", "Memory of path arrays.", path_bytes),
	SHARD("table_bytes", GAUGE, "bytes", "Memory of entries and their hash.", table_bytes),
	SHARD("retired_arrays", GAUGE, NULL, "Path arrays that readers may still look at.",
	      retired),
	SHARD("flushes", COUNTER, NULL, "Times that changes were published.", flushes),
	SHARD("paced", COUNTER, NULL,
	      "Changes of prefixes that waited because the prefix changes too often.", paced),
	SHARD("operations", COUNTER, NULL, "Operations applied.", ops),
	LOG("bytes", GAUGE, "bytes", "Memory of the runs that are kept.", bytes),
	LOG("limit_bytes", GAUGE, "bytes", "The most that they may have.", bytes_max),
	LOG("runs", GAUGE, NULL, "Runs that are kept.", begin),
	LOG("encoded_prefixes", COUNTER, NULL, "Prefixes encoded, once for all members.", encoded),
	LOG("dirty_runs", COUNTER, NULL, "Runs superseded before everybody had read them.",
	    runs_dirty),
	METRIC("rules_generation", GAUGE, NULL, "Generation of the rules in force.", generation),
	METRIC("rules_published", COUNTER, NULL, "Generations published.", published),
	METRIC("rules_without_effect", COUNTER, NULL,
	       "Generations not published because nothing differed.", without_effect),
	METRIC("rules_publishing", GAUGE, NULL, "1: workers are judging by new rules.", publishing),
	METRIC("rules_last_duration_seconds", GAUGE, "seconds",
	       "From publishing the last rules until every route was judged by them.", took,
	       .value = METRIC_TIME),
};

const struct metric_list metrics_of_tables = {rows, ARRAY_COUNT(rows)};
