/* The scenarios: see scenario.h. */
#include "bench/scenario.h"

#include <string.h>

#define US_PER_S 1000000u

static bool run_cold(struct stage *s)
{
	bool is_ok = stage_fill(s);
	if (is_ok) {
		load_run(s->load, NULL, (uint64_t)s->options->stay_s * US_PER_S);
	}
	return stage_judge(s) && is_ok;
}

/* The first members go at the same moment, and come back at the same moment. */
static bool run_down_up(struct stage *s)
{
	unsigned members = load_plan(s->load)->members, wanted = s->options->affected;
	unsigned count = wanted < members ? wanted : members - 1;
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	report_add(&s->report, "affected", count);
	load_expect(s->load, 0, count, false);
	struct mark from = stage_mark(s);
	for (unsigned i = 0; i < count; i++) {
		load_stop(s->load, i);
	}
	if (!stage_settle(s, "not everything was withdrawn")) {
		return stage_judge(s);
	}
	stage_report_since(s, "down_ms", "down_cpu_ms", from);
	load_run(s->load, NULL, US_PER_S); /* For whoever damps or cleans up. */
	load_expect(s->load, 0, count, true);
	from = stage_mark(s);
	bool is_ok = stage_up(s, count) && stage_settle(s, "not everything came back");
	stage_report_since(s, "back_ms", "back_cpu_ms", from);
	return stage_judge(s) && is_ok;
}

static bool run_churn(struct stage *s)
{
	const struct options *o = s->options;
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	uint64_t before = load_tally(s->load)->announced + load_tally(s->load)->withdrawn;
	struct mark from = stage_mark(s);
	stage_background(s, o->rate);
	stage_run(s, NULL, (uint64_t)o->seconds * US_PER_S);
	stage_background(s, 0);
	struct mark last = stage_mark(s);
	bool is_ok = stage_settle(s, "does not converge after the churn");
	struct mark end = stage_mark(s);
	uint64_t after = load_tally(s->load)->announced + load_tally(s->load)->withdrawn;
	double changes = (double)s->background_changes, heard = (double)(after - before);
	report_add(&s->report, "changes", changes);
	report_add(&s->report, "heard", heard);
	report_add(&s->report, "churn_ms", (double)(last.now_us - from.now_us) / 1e3);
	report_add(&s->report, "settle_ms", (double)(end.now_us - last.now_us) / 1e3);
	if (o->pids != NULL) {
		double cpu = (double)(end.cpu_ns - from.cpu_ns);
		report_add(&s->report, "churn_cpu_ms", cpu / 1e6);
		report_add(&s->report, "churn_cpu_us_per_change", cpu / 1e3 / (changes + 1e-9));
		report_add(&s->report, "churn_cpu_ns_per_route", cpu / (heard + 1e-9));
	}
	return stage_judge(s) && is_ok;
}

/* One round of growth: everybody who announces says everything, and takes it back. */
static bool grow(struct stage *s, unsigned members, double *out_ns)
{
	unsigned announcers = load_plan(s->load)->announcers;
	if (!stage_up(s, members)) {
		return false;
	}
	load_expect(s->load, 0, announcers, true);
	double deliveries = (double)ledger_expected_count(load_ledger(s->load));
	struct mark from = stage_mark(s);
	load_announce(s->load, 0, announcers);
	if (!stage_settle(s, "not everything was delivered")) {
		return false;
	}
	struct mark to = stage_mark(s);
	*out_ns = (double)(to.cpu_ns - from.cpu_ns) / deliveries;
	report_append(&s->report, "growth_members", members);
	report_append(&s->report, "growth_ms", (double)(to.now_us - from.now_us) / 1e3);
	report_append(&s->report, "growth_ns_per_delivery", *out_ns);
	report_append(&s->report, "growth_memory_kb", (double)to.memory_kb);
	load_expect(s->load, 0, announcers, false);
	load_take_back(s->load, 0, announcers);
	return stage_settle(s, "not everything was withdrawn");
}

static bool run_growth(struct stage *s)
{
	static const unsigned steps[] = {100, 200, 500, 1000, 2000, 3000, 4000, 5000, 8000};
	const struct plan *p = load_plan(s->load);
	bool is_ok = true;
	double first = 0, last = 0;
	struct mark from = stage_mark(s);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]) && is_ok; i++) {
		if (steps[i] >= p->announcers && steps[i] < p->members) {
			is_ok = grow(s, steps[i], &last);
			first = first > 0 ? first : last;
		}
	}
	is_ok = is_ok && grow(s, p->members, &last);
	report_add(&s->report, "growth_first_ns", first > 0 ? first : last);
	report_add(&s->report, "growth_last_ns", last);
	stage_report_since(s, "all_ms", "cpu_ms", from);
	return stage_judge(s) && is_ok;
}

static const struct scenario scenarios[] = {
	{"cold", "all connect, announce, and get everybody's routes", run_cold, {{0}}},
	{"policy",
	 "the same, 10 % of attribute sets with communities that leave members out",
	 run_cold,
	 {{"control-pct", 10}}},
	{"overlap",
	 "the same, half of the prefixes from two members each",
	 run_cold,
	 {{"overlap", 2}, {"shared-pct", 50}}},
	{"full_table",
	 "a full table in from one member, out to the others",
	 run_cold,
	 {{"members", 2},
	  {"announcers", 1},
	  {"prefixes", 1000000},
	  {"prefixes6", 230000},
	  {"per-set", 7}}},
	{"sessions",
	 "many sessions come up and stay for more than two hold times",
	 run_cold,
	 {{"members", 1000}, {"announcers", 10}, {"prefixes", 10}, {"hold", 9}, {"stay", 20}}},
	{"down_up",
	 "members go at once, later come back at once",
	 run_down_up,
	 {{"members", 700}, {"affected", 50}}},
	{"churn", "changes at a rate, then all must be right", run_churn, {{"rate", 1000}}},
	{"change", "one change, until the last member has it", scenario_change, {{0}}},
	{"beside",
	 "the same for a time, and while something else is done (says `now: beside`)",
	 scenario_beside,
	 {{"members", 320}, {"prefixes", 94}, {"seconds", 8}}},
	{"stalled",
	 "the same beside a member that does not read",
	 scenario_stalled,
	 {{"members", 1000}, {"prefixes", 20}, {"rate", 100}}},
	{"flapper",
	 "the same beside a member that changes its mind all the time",
	 scenario_flapper,
	 {{"members", 1000}, {"prefixes", 20}, {"rate", 10000}}},
	{"growth",
	 "the same table to more and more members",
	 run_growth,
	 {{"members", 5000}, {"announcers", 100}}},
};

const struct scenario *scenario_at(unsigned i)
{
	return i < sizeof(scenarios) / sizeof(scenarios[0]) ? &scenarios[i] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (strcmp(scenarios[i].name, name) == 0) {
			return &scenarios[i];
		}
	}
	return NULL;
}
