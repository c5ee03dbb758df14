/* The numbers of what rules are made of: RPKI and IRR data. */
#include "control/api/metrics_own.h"
#include "control/irr/irr.h"
#include "rib/base/check.h"

static bool write_vrps(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->rpki != NULL) {
		struct rpki_numbers n = rpki_numbers(m->env->rpki);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			struct om_labels l = {0};
			om_label(&l, "family", metric_families[f]);
			om_sample(out, &row->family, &l, f == FAMILY_IPV4 ? n.v4 : n.v6);
		}
	}
	return true;
}

static bool write_aspas(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->rpki != NULL) {
		om_sample(out, &row->family, NULL, rpki_numbers(m->env->rpki).customers);
	}
	return true;
}

static bool write_rpki_changes(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->rpki != NULL) {
		om_sample(out, &row->family, NULL, rpki_numbers(m->env->rpki).changes);
	}
	return true;
}

static bool write_rpki_alarms(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->rpki != NULL) {
		om_sample(out, &row->family, NULL, rpki_alarms(m->env->rpki));
	}
	return true;
}

/* Of each source, `value` of it; nothing where that is UINT64_MAX. */
static bool write_sources(struct metrics *m, const struct metric_row *row, struct om_text *out,
			  uint64_t (*value)(const struct source *s, usec_t now))
{
	for (unsigned i = 0; m->env->rpki != NULL && i < rpki_source_count(m->env->rpki); i++) {
		const struct source *s = rpki_source(m->env->rpki, i);
		uint64_t v = value(s, m->now);
		struct om_labels l = {0};
		om_label(&l, "source", s->name);
		om_label(&l, "kind", s->is_cache ? "cache" : "file");
		if (v != UINT64_MAX && row->value == METRIC_TIME) {
			om_sample_us(out, &row->family, &l, v);
		} else if (v != UINT64_MAX) {
			om_sample(out, &row->family, &l, v);
		}
	}
	return true;
}

static uint64_t is_used(const struct source *s, usec_t now)
{
	(void)now;
	return s->is_used ? 1 : 0;
}

static bool write_used(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	return write_sources(m, row, out, is_used);
}

static uint64_t has_alarm(const struct source *s, usec_t now)
{
	(void)now;
	return s->alarm != SOURCE_FINE ? 1 : 0;
}

static bool write_alarm(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	return write_sources(m, row, out, has_alarm);
}

static uint64_t age(const struct source *s, usec_t now)
{
	return s->version == 0 ? UINT64_MAX : now > s->changed ? now - s->changed : 0;
}

static bool write_age(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	return write_sources(m, row, out, age);
}

static bool write_as_sets(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->irr != NULL) {
		om_sample(out, &row->family, NULL, irr_set_count(m->env->irr));
	}
	return true;
}

static bool write_irr_alarms(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	if (m->env->irr != NULL) {
		om_sample(out, &row->family, NULL, irr_alarm_count(m->env->irr));
	}
	return true;
}

/* The oldest of all that have data. */
static bool write_irr_age(struct metrics *m, const struct metric_row *row, struct om_text *out)
{
	int64_t oldest_s = 0;
	for (unsigned i = 0; m->env->irr != NULL && i < irr_set_count(m->env->irr); i++) {
		int64_t fetched_s = irr_set_fetched_s(irr_set_at(m->env->irr, i));
		if (fetched_s > 0 && (oldest_s == 0 || fetched_s < oldest_s)) {
			oldest_s = fetched_s;
		}
	}
	uint64_t oldest_us = (uint64_t)oldest_s * USEC_PER_SEC;
	if (oldest_s > 0) {
		om_sample_us(out, &row->family, NULL,
			     m->now_us > oldest_us ? m->now_us - oldest_us : 0);
	}
	return true;
}

static const struct metric_row rows[] = {
	{{"causeway_rpki_vrps", OM_GAUGE, NULL, "Validated ROA payloads in use."},
	 write_vrps,
	 0,
	 0},
	{{"causeway_rpki_aspas", OM_GAUGE, NULL, "ASPAs in use."}, write_aspas, 0, 0},
	{{"causeway_rpki_changes", OM_COUNTER, NULL, "Times that the data in use changed."},
	 write_rpki_changes,
	 0,
	 0},
	{{"causeway_rpki_alarms", OM_GAUGE, NULL, "Sources with an alarm."},
	 write_rpki_alarms,
	 0,
	 0},
	{{"causeway_rpki_source_used", OM_GAUGE, NULL, "1: the source's data are in use."},
	 write_used,
	 0,
	 0},
	{{"causeway_rpki_source_alarm", OM_GAUGE, NULL, "1: the source has an alarm."},
	 write_alarm,
	 0,
	 0},
	{{"causeway_rpki_source_age_seconds", OM_GAUGE, "seconds",
	  "Since the source's data changed; absent: it never had any."},
	 write_age,
	 0,
	 METRIC_TIME},
	{{"causeway_irr_as_sets", OM_GAUGE, NULL, "AS-SETs that filters have."},
	 write_as_sets,
	 0,
	 0},
	{{"causeway_irr_alarms", OM_GAUGE, NULL, "AS-SETs with an alarm."}, write_irr_alarms, 0, 0},
	{{"causeway_irr_oldest_age_seconds", OM_GAUGE, "seconds",
	  "Since the oldest data of an AS-SET were said to be so."},
	 write_irr_age,
	 0,
	 0},
};

const struct metric_list metrics_of_sources = {rows, ARRAY_COUNT(rows)};
