/* The numbers of proofs: what was looked at, and which sources fail. */
#include "control/api/metrics_own.h"
#include "control/evidence/evidence.h"
#include "control/evidence/record.h"
#include "rib/base/check.h"

/* Kinds that the server looks at by itself. */
static const enum evidence_type asked[] = {EVIDENCE_ROA, EVIDENCE_IRR, EVIDENCE_DNS};

/* The n-th kind. */
static bool is_type(const struct metrics *m, unsigned n, struct metric_sample *out)
{
	if (m->env->evidence == NULL || n == ARRAY_COUNT(asked)) {
		return false;
	}
	om_label(&out->labels, "type", record_type_text(asked[n]));
	return true;
}

static bool checks(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	if (!is_type(m, n, out)) {
		return false;
	}
	out->value = evidence_numbers(m->env->evidence).checks[asked[n]];
	return true;
}

static bool errors(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	if (!is_type(m, n, out)) {
		return false;
	}
	out->value = evidence_numbers(m->env->evidence).errors[asked[n]];
	return true;
}

static bool alarms(const struct metrics *m, const struct metric_row *row, unsigned n,
		   struct metric_sample *out)
{
	(void)row;
	if (!is_type(m, n, out)) {
		return false;
	}
	out->value = evidence_failing(m->env->evidence, asked[n]) != NULL ? 1 : 0;
	return true;
}

static bool waiting(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	const struct evidence *e = m->env->evidence;
	return metric_only(n, e != NULL, e != NULL ? evidence_numbers(e).waiting : 0, out);
}

static const struct metric_row rows[] = {
	METRIC("evidence_checks", COUNTER, NULL, "Looks at proofs that ended, by type.", checks),
	METRIC("evidence_errors", COUNTER, NULL, "Those whose source did not answer.", errors),
	METRIC("evidence_source_alarm", GAUGE, NULL, "1: the source of this type does not answer.",
	       alarms),
	METRIC("evidence_waiting", GAUGE, NULL, "Looks that are planned.", waiting),
};

const struct metric_list metrics_of_evidence = {rows, ARRAY_COUNT(rows)};
