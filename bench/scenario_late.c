/* How late a change is at the last member: alone, under load, and beside members that misbehave.
 *
 * One group of one member is announced in a new version; the clock stops when the last of the
 * others holds it.  The clock is ours: what this process needs to read a thousand sockets is in
 * it, for every server alike. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/scenario.h"

#define US_PER_S     1000000u
#define PAUSE_US     2000 /* And as much again at most, so that no change meets the same phase. */
#define FLAP_BATCH   64
#define FLAP_BACKLOG 65536 /* Bytes not yet taken: the server reads no faster. */

#define UNTIL_TOLD UINT64_MAX

/* The names under which a series is reported. */
struct series {
	const char *p50, *p99, *max, *bins;
};

static bool is_watched_right(const struct load *l)
{
	return ledger_watched(load_ledger(l)) == 0;
}

/* A group with one announcer, who is up and minds its manners. */
static struct group pick(struct stage *s)
{
	const struct plan *p = load_plan(s->load);
	struct group g;
	for (unsigned tries = 0; tries < 64; tries++) {
		g = plan_group(p, (uint32_t)prng_below(&s->prng, plan_group_count(p)));
		if (g.slots == 1 && g.home != s->but_member) {
			break;
		}
	}
	return g;
}

static bool change_once(struct stage *s, struct latencies *all)
{
	uint64_t limit = (uint64_t)s->options->timeout_s * US_PER_S;
	struct group g = pick(s);
	s->but_group = g.number;
	ledger_watch(load_ledger(s->load), &g);
	stage_run(s, NULL, PAUSE_US + prng_below(&s->prng, PAUSE_US));
	if (!stage_run(s, is_watched_right, limit) || !load_say(s->load, &g, 0)) {
		return stage_fail(s, "the changes before have not arrived");
	}
	uint64_t from = load_said_at(s->load);
	if (!stage_run(s, is_watched_right, limit)) {
		return stage_fail(s, "a change has not arrived");
	}
	latencies_add(all, (double)(load_now_us() - from));
	return true;
}

/* Whoever started us has written a line, or is gone. */
static bool is_told(void)
{
	char line[64];
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	return poll(&in, 1, 0) > 0 && read(STDIN_FILENO, line, sizeof(line)) >= 0;
}

static bool is_over(uint64_t until_us)
{
	return until_us == UNTIL_TOLD ? is_told() : until_us != 0 && load_now_us() >= until_us;
}

/* Returns the p99; −1 when it failed.  Ends when there were as many changes, or when the time is
 * over; 0: never. */
static double measure_until(struct stage *s, unsigned changes, uint64_t until_us,
			    const struct series *names)
{
	struct latencies all = {0};
	double bins[REPORT_BINS], p99 = -1;
	bool is_ok = true;
	for (unsigned i = 0; i < changes && is_ok; i++) {
		is_ok = change_once(s, &all);
		if (is_over(until_us)) {
			break;
		}
	}
	if (is_ok) {
		p99 = latencies_quantile(&all, 0.99);
		report_add(&s->report, names->p50, latencies_quantile(&all, 0.5));
		report_add(&s->report, names->p99, p99);
		report_add(&s->report, names->max, latencies_quantile(&all, 1));
		latencies_bins(&all, bins);
		for (unsigned i = 0; i < REPORT_BINS; i++) {
			report_append(&s->report, names->bins, bins[i]);
		}
	}
	s->but_group = PLAN_NONE;
	free(all.us);
	return p99;
}

static double measure(struct stage *s, unsigned changes, const struct series *names)
{
	return measure_until(s, changes, 0, names);
}

static const struct series ALONE = {"p50_us", "p99_us", "max_us", "latency_bins"};
static const struct series LOADED = {"loaded_p50_us", "loaded_p99_us", "loaded_max_us",
				     "loaded_latency_bins"};

bool scenario_change(struct stage *s)
{
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	report_add(&s->report, "changes", s->options->changes);
	bool is_ok = measure(s, s->options->changes, &ALONE) >= 0;
	stage_background(s, s->options->rate);
	is_ok = is_ok && measure(s, s->options->changes, &LOADED) >= 0;
	stage_background(s, 0);
	report_add(&s->report, "rate", s->options->rate);
	is_ok = is_ok && stage_settle(s, "does not converge afterwards");
	return stage_judge(s) && is_ok;
}

/* Whoever started us does his part with the server now, and writes a line when that is done. */
static void tell(const char *what)
{
	printf("now: %s\n", what);
	(void)fflush(stdout);
}

/* Some seconds alone, then while somebody else does something to the server; then he does more,
 * and nothing is said. */
bool scenario_beside(struct stage *s)
{
	uint64_t span_us = (uint64_t)s->options->seconds * US_PER_S;
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	double before = measure_until(s, UINT32_MAX, load_now_us() + span_us, &ALONE);
	tell("beside");
	double after = before < 0 ? -1 : measure_until(s, UINT32_MAX, UNTIL_TOLD, &LOADED);
	report_add(&s->report, "p99_ratio", before > 0 ? after / before : 0);
	stage_settle(s, "does not converge beside");
	tell("still");
	while (!is_told()) {
		stage_run(s, NULL, PAUSE_US);
	}
	bool is_ok = after >= 0 && stage_settle(s, "does not converge afterwards");
	return stage_judge(s) && is_ok;
}

static void report_worse(struct stage *s, double before, double after, uint64_t memory_kb)
{
	report_add(&s->report, "p99_ratio", before > 0 ? after / before : 0);
	report_add(&s->report, "memory_kb_before", (double)memory_kb);
	report_add(&s->report, "memory_kb_after", (double)stage_mark(s).memory_kb);
}

/* The last member stops reading; a background of changes fills what stands between. */
bool scenario_stalled(struct stage *s)
{
	unsigned victim = load_plan(s->load)->members - 1;
	s->but_member = victim;
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	stage_background(s, s->options->rate);
	double before = measure(s, s->options->changes, &ALONE);
	uint64_t memory_kb = stage_mark(s).memory_kb;
	load_stall(s->load, victim, true);
	stage_run(s, NULL, (uint64_t)s->options->seconds * US_PER_S);
	double after = before >= 0 ? measure(s, s->options->changes, &LOADED) : -1;
	report_worse(s, before, after, memory_kb);
	stage_background(s, 0);
	load_stall(s->load, victim, false);
	bool is_ok = after >= 0 && stage_settle(s, "the one that was stalled does not catch up");
	return stage_judge(s) && is_ok;
}

/* The last announcer's first group, taken back and said again, as fast as the rate says. */
struct flapper {
	struct group group;
	uint64_t due_us, sent, held_back;
};

static void flap(struct stage *s, void *context)
{
	struct flapper *f = context;
	uint64_t now = load_now_us();
	unsigned member = plan_announcer(load_plan(s->load), &f->group, 0);
	for (unsigned n = 0; n < FLAP_BATCH && f->due_us <= now; n++) {
		f->due_us += US_PER_S / s->options->rate;
		uint16_t version;
		if (load_backlog(s->load, member) > FLAP_BACKLOG) {
			f->held_back++;
		} else if (ledger_said(load_ledger(s->load), &f->group, 0, &version)) {
			f->sent += load_unsay(s->load, &f->group, 0);
		} else {
			f->sent += load_say(s->load, &f->group, 0);
		}
	}
	if (f->due_us < now) {
		f->due_us = now; /* What could not be done in time is not made up for. */
	}
}

bool scenario_flapper(struct stage *s)
{
	const struct plan *p = load_plan(s->load);
	struct flapper f = {.due_us = load_now_us()};
	uint32_t first;
	s->but_member = p->announcers - 1;
	plan_homed(p, s->but_member, p->prefixes > 0 ? 0 : 1, &first);
	f.group = plan_group(p, first);
	if (!stage_fill(s)) {
		return stage_judge(s);
	}
	double before = measure(s, s->options->changes, &ALONE);
	struct mark from = stage_mark(s);
	s->beside = flap;
	s->beside_context = &f;
	f.due_us = load_now_us();
	stage_run(s, NULL, (uint64_t)s->options->seconds * US_PER_S);
	double after = before >= 0 ? measure(s, s->options->changes, &LOADED) : -1;
	s->beside = NULL;
	struct mark to = stage_mark(s);
	double seconds = (double)(to.now_us - from.now_us) / 1e6;
	report_worse(s, before, after, from.memory_kb);
	report_add(&s->report, "flaps_per_s", (double)f.sent / seconds);
	report_add(&s->report, "flaps_held_back", (double)f.held_back);
	bool is_ok = after >= 0 && stage_settle(s, "does not converge after the flapping");
	return stage_judge(s) && is_ok;
}
