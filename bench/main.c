/* causeway-bench: load a route server with members and measure it.
 *
 * A scenario (scenario.h) says what is done.  Every prefix that any member receives is checked
 * against what its announcer said, and in the end every member must hold exactly the best route
 * of each prefix that it may have: a run with a wrong, missing, stale or superfluous one fails.
 * (Some servers send members their own routes back; these are counted as `own`, and are for the
 * reader.)  With --pid the server's CPU time and memory are read from /proc. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/resource.h>

#include "bench/options.h"
#include "bench/scenario.h"
#include "bench/table.h"

#define EXIT_USAGE   64
#define EXIT_NOINPUT 66
#define EXIT_OSERR   71

static void print_clients(const struct plan *p)
{
	printf("clients:\n");
	for (unsigned i = 0; i < p->members; i++) {
		struct in_addr a = {.s_addr = htonl(p->source + i)};
		printf("  - {asn: %u, ip: %s}\n", p->asn_first + i, inet_ntoa(a));
	}
}

static void allow_files(unsigned members)
{
	struct rlimit wanted = {.rlim_cur = members + 64, .rlim_max = members + 64}, now;
	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < wanted.rlim_cur) {
		setrlimit(RLIMIT_NOFILE, &wanted);
	}
}

static void report_plan(struct report *r, const struct plan *p)
{
	report_add(r, "members", p->members);
	report_add(r, "announcers", p->announcers);
	report_add(r, "prefixes", plan_prefix_count(p));
	report_add(r, "sets", plan_group_count(p));
}

static int run(const struct options *o)
{
	char why[512];
	struct stage s = {.options = o,
			  .report.scenario = o->scenario->name,
			  .but_member = PLAN_NONE,
			  .but_group = PLAN_NONE};
	s.load = load_new(&o->plan, &o->port, why, sizeof(why));
	if (s.load == NULL) {
		fprintf(stderr, "causeway-bench: %s\n", why);
		return EXIT_OSERR;
	}
	prng_init(&s.prng, o->seed);
	report_plan(&s.report, &o->plan);
	bool is_ok = o->scenario->run(&s);
	report_print(&s.report, o->prints_json);
	load_free(s.load);
	return is_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o;
	const char *why;
	struct table *table = NULL;
	bool is_parsed = options_parse(&o, argc, argv, &why);
	if (is_parsed && o.mrt != NULL) {
		o.plan.table = table = table_read(o.mrt, o.mrt_max);
		if (table == NULL) {
			fprintf(stderr, "causeway-bench: %s: no table dump\n", o.mrt);
			return EXIT_NOINPUT;
		}
	}
	const char *problem = is_parsed ? plan_problem(&o.plan) : why;
	if (problem != NULL) {
		fprintf(stderr, "causeway-bench: %s\n", problem);
		table_free(table);
		return EXIT_USAGE;
	}
	int status = 0;
	if (o.is_help) {
		options_usage();
	} else if (o.prints_clients) {
		print_clients(&o.plan);
	} else {
		allow_files(o.plan.members);
		status = run(&o);
	}
	table_free(table);
	return status;
}
