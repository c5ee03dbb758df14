/* What scenarios share: see stage.h. */
#include "bench/stage.h"

#include <stdio.h>
#include <time.h>

#include "bench/process.h"

#define US_PER_S     1000000u
#define BESIDE_US    200
#define BESIDE_BATCH 64

struct mark stage_mark(const struct stage *s)
{
	struct timespec own;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	return (struct mark){.now_us = load_now_us(),
			     .own_ns = (uint64_t)own.tv_sec * 1000000000 + (uint64_t)own.tv_nsec,
			     .cpu_ns = process_cpu_ns(s->options->pids),
			     .memory_kb = process_memory_kb(s->options->pids)};
}

bool stage_fail(struct stage *s, const char *what)
{
	const struct load_state *state = load_state(s->load);
	const struct tally *t = load_tally(s->load);
	struct verdict v;
	ledger_judge(load_ledger(s->load), &v);
	fprintf(stderr,
		"causeway-bench: %s: %s: %u up, %u lost, %u failed; of %lu routes %lu right, "
		"%lu missing, %lu stale, %lu superfluous, %lu wrong; received: %lu wrong, "
		"%lu leaked, %lu own, %lu withdrawn; last loss: %s\n",
		s->report.scenario, what, state->up, state->lost, state->failed, v.expected,
		v.right, v.missing, v.stale, v.superfluous, v.wrong, t->wrong, t->leaked, t->own,
		t->withdrawn, load_last_loss(s->load));
	s->has_failed = true;
	return false;
}

static uint64_t limit_us(const struct stage *s)
{
	return (uint64_t)s->options->timeout_s * US_PER_S;
}

static bool all_up(const struct load *l)
{
	return load_state(l)->up == load_wanted(l);
}

bool stage_up(struct stage *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		load_start(s->load, i);
	}
	return load_run(s->load, all_up, limit_us(s)) || stage_fail(s, "not all sessions came up");
}

static bool is_settled(const struct load *l)
{
	return ledger_pending(load_ledger(l)) == 0 && all_up(l);
}

bool stage_settle(struct stage *s, const char *what)
{
	return load_run(s->load, is_settled, limit_us(s)) || stage_fail(s, what);
}

void stage_report_since(struct stage *s, const char *ms, const char *cpu_ms, struct mark from)
{
	struct mark now = stage_mark(s);
	report_add(&s->report, ms, (double)(now.now_us - from.now_us) / 1e3);
	if (s->options->pids != NULL) {
		report_add(&s->report, cpu_ms, (double)(now.cpu_ns - from.cpu_ns) / 1e6);
	}
}

/* The cold start's figures: before, all up, all delivered. */
static void report_fill(struct stage *s, const struct mark m[3], uint64_t deliveries)
{
	struct report *r = &s->report;
	struct link_stats wire;
	double all = (double)(m[2].cpu_ns - m[0].cpu_ns);
	double routes = (double)(m[2].cpu_ns - m[1].cpu_ns), count = (double)deliveries;
	report_add(r, "deliveries", count);
	report_add(r, "up_ms", (double)(m[1].now_us - m[0].now_us) / 1e3);
	report_add(r, "converge_ms", (double)(m[2].now_us - m[1].now_us) / 1e3);
	report_add(r, "load_cpu_ms", (double)(m[2].own_ns - m[0].own_ns) / 1e6);
	load_link_stats(s->load, &wire);
	report_add(r, "load_busy_ms", (double)wire.busy_us / 1e3);
	if (s->options->pids == NULL) {
		return;
	}
	report_add(r, "cpu_ms", all / 1e6);
	report_add(r, "cpu_ns_per_delivery", count > 0 ? all / count : 0);
	report_add(r, "converge_ns_per_delivery", count > 0 ? routes / count : 0);
	report_add(r, "memory_kb_start", (double)m[0].memory_kb);
	report_add(r, "memory_kb_up", (double)m[1].memory_kb);
	report_add(r, "memory_kb_converged", (double)m[2].memory_kb);
}

bool stage_fill(struct stage *s)
{
	const struct plan *p = load_plan(s->load);
	struct mark m[3];
	m[0] = stage_mark(s);
	if (!stage_up(s, p->members)) {
		return false;
	}
	load_expect(s->load, 0, p->members, true);
	uint64_t deliveries = ledger_expected_count(load_ledger(s->load));
	m[1] = stage_mark(s);
	load_announce(s->load, 0, p->members);
	if (!stage_settle(s, "not everything was delivered")) {
		return false;
	}
	m[2] = stage_mark(s);
	report_fill(s, m, deliveries);
	return true;
}

static double per(double what, double of)
{
	return of > 0 ? what / of : 0;
}

bool stage_judge(struct stage *s)
{
	struct report *r = &s->report;
	const struct load_state *state = load_state(s->load);
	const struct tally *t = load_tally(s->load);
	struct link_stats wire;
	struct verdict v;
	ledger_judge(load_ledger(s->load), &v);
	load_link_stats(s->load, &wire);
	report_add(r, "wrong", (double)(t->wrong > v.wrong ? t->wrong : v.wrong));
	report_add(r, "missing", (double)v.missing);
	report_add(r, "stale", (double)v.stale);
	report_add(r, "superfluous",
		   (double)(t->leaked > v.superfluous ? t->leaked : v.superfluous));
	report_add(r, "own", (double)t->own);
	report_add(r, "repeated", (double)t->repeated);
	report_add(r, "withdrawn", (double)t->withdrawn);
	report_add(r, "updates", (double)t->updates);
	report_add(r, "packed_in", per((double)state->said_prefixes, (double)state->said_updates));
	report_add(r, "packed_out",
		   per((double)(t->announced + t->withdrawn), (double)(t->updates - t->empty)));
	report_add(r, "lost", state->lost);
	report_add(r, "failed", state->failed);
	report_add(r, "silence_ms_max", (double)state->silence_us_max / 1e3);
	report_add(r, "retransmits", (double)wire.retransmits);
	if (s->has_failed) {
		return false;
	}
	if (v.right != v.expected || v.wrong + v.superfluous + t->wrong + t->leaked > 0) {
		return stage_fail(s, "members do not hold what they must");
	}
	return state->lost == 0 || stage_fail(s, "sessions were lost");
}

/* What is due beside what is measured; when to look again. */
static uint64_t run_beside(struct stage *s, uint64_t until)
{
	uint64_t now = load_now_us(), next = until;
	for (unsigned n = 0; n < BESIDE_BATCH && s->rate > 0 && s->due_us <= now; n++) {
		stage_change(s);
		s->background_changes++;
		s->due_us += US_PER_S / s->rate;
	}
	if (s->due_us < now) {
		s->due_us = now; /* What could not be done in time is not made up for. */
	}
	if (s->rate > 0 && s->due_us < next) {
		next = s->due_us;
	}
	if (s->beside != NULL) {
		s->beside(s, s->beside_context);
		next = next < now + BESIDE_US ? next : now + BESIDE_US;
	}
	return next;
}

bool stage_run(struct stage *s, bool (*is_done)(const struct load *l), uint64_t us)
{
	uint64_t until = load_now_us() + us;
	for (;;) {
		uint64_t next = run_beside(s, until), now = load_now_us();
		if (load_run(s->load, is_done, next > now ? next - now : 0)) {
			return true;
		}
		if (load_now_us() >= until) {
			return false;
		}
	}
}

void stage_background(struct stage *s, unsigned rate)
{
	s->rate = rate;
	s->due_us = load_now_us();
}

void stage_change(struct stage *s)
{
	const struct plan *p = load_plan(s->load);
	uint16_t version;
	for (unsigned tries = 0; tries < 16; tries++) {
		struct group g = plan_group(p, (uint32_t)prng_below(&s->prng, plan_group_count(p)));
		unsigned slot = (unsigned)prng_below(&s->prng, g.slots);
		if (g.number == s->but_group || plan_announcer(p, &g, slot) == s->but_member) {
			continue;
		}
		bool is_said = ledger_said(load_ledger(s->load), &g, slot, &version);
		if (is_said && prng_chance(&s->prng, 1, 4) ? load_unsay(s->load, &g, slot)
							   : load_say(s->load, &g, slot)) {
			return;
		}
	}
}
