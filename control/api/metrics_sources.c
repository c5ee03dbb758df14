/* The numbers of what rules are made of: RPKI and IRR data. */
#include "control/api/metrics_own.h"
#include "control/irr/irr.h"
#include "rib/base/check.h"

static bool vrps(const struct metrics *m, const struct metric_row *row, unsigned n,
		 struct metric_sample *out)
{
	(void)row;
	if (m->env->rpki == NULL || n == FAMILY_COUNT) {
		return false;
	}
	struct rpki_numbers numbers = rpki_numbers(m->env->rpki);
	om_label(&out->labels, "family", metric_families[n]);
	out->value = n == FAMILY_IPV4 ? numbers.v4 : numbers.v6;
	return true;
}

static bool aspas(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	(void)row;
	const struct rpki *r = m->env->rpki;
	return metric_only(n, r != NULL, r != NULL ? rpki_numbers(r).customers : 0, out);
}

static bool rpki_changes(const struct metrics *m, const struct metric_row *row, unsigned n,
			 struct metric_sample *out)
{
	(void)row;
	const struct rpki *r = m->env->rpki;
	return metric_only(n, r != NULL, r != NULL ? rpki_numbers(r).changes : 0, out);
}

static bool rpki_alarms_now(const struct metrics *m, const struct metric_row *row, unsigned n,
			    struct metric_sample *out)
{
	(void)row;
	const struct rpki *r = m->env->rpki;
	return metric_only(n, r != NULL, r != NULL ? rpki_alarms(r) : 0, out);
}

/* The n-th source; NULL: there are no more. */
static const struct source *source_of(const struct metrics *m, unsigned n,
				      struct metric_sample *out)
{
	if (m->env->rpki == NULL || n >= rpki_source_count(m->env->rpki)) {
		return NULL;
	}
	const struct source *s = rpki_source(m->env->rpki, n);
	om_label(&out->labels, "source", s->name);
	om_label(&out->labels, "kind", s->is_cache ? "cache" : "file");
	return s;
}

static bool used(const struct metrics *m, const struct metric_row *row, unsigned n,
		 struct metric_sample *out)
{
	(void)row;
	const struct source *s = source_of(m, n, out);
	out->value = s != NULL && s->is_used ? 1 : 0;
	return s != NULL;
}

static bool alarm(const struct metrics *m, const struct metric_row *row, unsigned n,
		  struct metric_sample *out)
{
	(void)row;
	const struct source *s = source_of(m, n, out);
	out->value = s != NULL && s->alarm != SOURCE_FINE ? 1 : 0;
	return s != NULL;
}

static bool age(const struct metrics *m, const struct metric_row *row, unsigned n,
		struct metric_sample *out)
{
	(void)row;
	const struct source *s = source_of(m, n, out);
	if (s == NULL) {
		return false;
	}
	out->is_absent = s->version == 0;
	out->value = m->now > s->changed ? m->now - s->changed : 0;
	return true;
}

static bool as_sets(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	const struct irr *i = m->env->irr;
	return metric_only(n, i != NULL, i != NULL ? irr_set_count(i) : 0, out);
}

static bool irr_alarms(const struct metrics *m, const struct metric_row *row, unsigned n,
		       struct metric_sample *out)
{
	(void)row;
	const struct irr *i = m->env->irr;
	return metric_only(n, i != NULL, i != NULL ? irr_alarm_count(i) : 0, out);
}

/* The oldest of all that have data. */
static bool irr_age(const struct metrics *m, const struct metric_row *row, unsigned n,
		    struct metric_sample *out)
{
	(void)row;
	int64_t oldest_s = 0;
	for (unsigned i = 0; m->env->irr != NULL && i < irr_set_count(m->env->irr); i++) {
		int64_t fetched_s = irr_set_fetched_s(irr_set_at(m->env->irr, i));
		if (fetched_s > 0 && (oldest_s == 0 || fetched_s < oldest_s)) {
			oldest_s = fetched_s;
		}
	}
	uint64_t oldest_us = (uint64_t)oldest_s * USEC_PER_SEC;
	return metric_only(n, oldest_s > 0, m->now_us > oldest_us ? m->now_us - oldest_us : 0, out);
}

static const struct metric_row rows[] = {
	METRIC("rpki_vrps", GAUGE, NULL, "Validated ROA payloads in use.", vrps),
	METRIC("rpki_aspas", GAUGE, NULL, "ASPAs in use.", aspas),
	METRIC("rpki_changes", COUNTER, NULL, "Times that the data in use changed.", rpki_changes),
	METRIC("rpki_alarms", GAUGE, NULL, "Sources with an alarm.", rpki_alarms_now),
	METRIC("rpki_source_used", GAUGE, NULL, "1: the source's data are in use.", used),
	METRIC("rpki_source_alarm", GAUGE, NULL, "1: the source has an alarm.", alarm),
	METRIC("rpki_source_age_seconds", GAUGE, "seconds",
	       "Since the source's data changed; absent: it never had any.", age,
	       .value = METRIC_TIME),
	METRIC("irr_as_sets", GAUGE, NULL, "AS-SETs that filters have.", as_sets),
	METRIC("irr_alarms", GAUGE, NULL, "AS-SETs with an alarm.", irr_alarms),
	METRIC("irr_oldest_age_seconds", GAUGE, "seconds",
	       "Since the oldest data of an AS-SET were said to be so.", irr_age,
	       .value = METRIC_TIME),
};

const struct metric_list metrics_of_sources = {rows, ARRAY_COUNT(rows)};
