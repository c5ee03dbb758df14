/* The numbers of proofs: what was looked at, and which sources fail. */
#include "control/api/metrics_own.h"
#include "control/evidence/evidence.h"
#include "control/evidence/record.h"
#include "rib/base/check.h"

/* Kinds that the server looks at by itself. */
static const enum evidence_type asked[] = {EVIDENCE_ROA, EVIDENCE_IRR, EVIDENCE_DNS};

static void write_of(const struct metric_row *row, struct om_text *out, enum evidence_type type,
		     uint64_t value)
{
	struct om_labels l = {0};
	om_label(&l, "type", record_type_text(type));
	om_sample(out, &row->family, &l, value);
}

static bool write_checks(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned i = 0; m->env->evidence != NULL && i < ARRAY_COUNT(asked); i++) {
		write_of(row, out, asked[i], evidence_numbers(m->env->evidence).checks[asked[i]]);
	}
	return true;
}

static bool write_errors(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned i = 0; m->env->evidence != NULL && i < ARRAY_COUNT(asked); i++) {
		write_of(row, out, asked[i], evidence_numbers(m->env->evidence).errors[asked[i]]);
	}
	return true;
}

static bool write_alarms(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	for (unsigned i = 0; m->env->evidence != NULL && i < ARRAY_COUNT(asked); i++) {
		write_of(row, out, asked[i],
			 evidence_failing(m->env->evidence, asked[i]) != NULL ? 1 : 0);
	}
	return true;
}

static bool write_waiting(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->evidence != NULL) {
		om_sample(out, &row->family, NULL, evidence_numbers(m->env->evidence).waiting);
	}
	return true;
}

static const struct metric_row rows[] = {
	{{"causeway_evidence_checks", OM_COUNTER, NULL, "Looks at proofs that ended, by type."},
	 write_checks,
	 0,
	 0},
	{{"causeway_evidence_errors", OM_COUNTER, NULL, "Those whose source did not answer."},
	 write_errors,
	 0,
	 0},
	{{"causeway_evidence_source_alarm", OM_GAUGE, NULL,
	  "1: the source of this type does not answer."},
	 write_alarms,
	 0,
	 0},
	{{"causeway_evidence_waiting", OM_GAUGE, NULL, "Looks that are planned."},
	 write_waiting,
	 0,
	 0},
};

const struct metric_list metrics_of_evidence = {rows, ARRAY_COUNT(rows)};
