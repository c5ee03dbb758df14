/* What all scenarios have in common: bring members up, let them announce, wait until each holds
 * what it must, look at the clock and at the server's CPU and memory, and judge at the end. */
#pragma once

#include "bench/load.h"
#include "bench/report.h"
#include "rib/base/prng.h"

struct scenario;

struct options {
	const struct scenario *scenario;
	struct plan plan;
	struct link_port port;
	unsigned mtu;
	unsigned timeout_s, stay_s;
	unsigned affected; /* Members that go and come back. */
	unsigned changes, rate, seconds, seed;
	const char *pids, *mrt;
	unsigned mrt_max; /* Prefixes taken from it. */
	bool prints_clients, prints_json, is_help;
};

/* A moment. */
struct mark {
	uint64_t now_us, cpu_ns, memory_kb;
	uint64_t own_ns; /* CPU time of the load itself. */
};

struct stage {
	const struct options *options;
	struct load *load;
	struct report report;
	struct prng prng;
	bool has_failed;
	/* Changes beside what is measured, in a second; none of the group and of the member. */
	unsigned rate, but_member;
	uint32_t but_group;
	uint64_t due_us, background_changes;
	/* Called again and again while stage_run runs; NULL: nothing. */
	void (*beside)(struct stage *s, void *context);
	void *beside_context;
};

struct mark stage_mark(const struct stage *s);
/* What went wrong, with the state of things, to stderr.  Returns false. */
bool stage_fail(struct stage *s, const char *what);

/* Members [0, count) are up; false when they are not in time. */
bool stage_up(struct stage *s, unsigned count);
/* All members are up and hold everything; reported as a cold start. */
bool stage_fill(struct stage *s);
/* Nothing is pending any more; false when that takes too long. */
bool stage_settle(struct stage *s, const char *what);
/* Time and CPU since `from` as NAME_ms, NAME_cpu_ms; static names. */
void stage_report_since(struct stage *s, const char *ms, const char *cpu_ms, struct mark from);
/* What every scenario ends with: right and wrong, sessions.  False when something is wrong. */
bool stage_judge(struct stage *s);

/* Let things happen for `us`, with the background's changes if there is a rate; or until
 * `is_done`. */
bool stage_run(struct stage *s, bool (*is_done)(const struct load *l), uint64_t us);
/* One change somewhere: a new version, or taken back, or said again. */
void stage_change(struct stage *s);
/* Changes beside what follows, until told 0. */
void stage_background(struct stage *s, unsigned rate);
