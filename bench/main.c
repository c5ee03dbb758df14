/* causeway-bench: load a route server with members and measure it.
 *
 * One scenario in this version, the cold start: all members connect, announce, and wait until each
 * holds every other member's prefixes.  Every received prefix is checked (announcer by AS_PATH and
 * next hop); wrong, missing, own and repeated ones are counted, and any wrong or missing one makes
 * it fail (some servers send members their own; that is for the reader of the count).  With --pid
 * the server's CPU time (all threads, user and system, from the first connection on) and memory
 * are read from /proc.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/load.h"

static const char usage[] =
	"usage: causeway-bench --server ADDRESS [options]\n"
	"  --members N      members (default 100)\n"
	"  --prefixes N     prefixes of each (default 100)\n"
	"  --announcers N   members that announce; the others listen (default: all)\n"
	"  --per-set N      prefixes that share an attribute set (default 4)\n"
	"  --source ADDRESS of the first member; the others follow (default 198.18.1.1)\n"
	"  --asn N          of the first member; the others follow (default 4200000001)\n"
	"  --connects N     connections being opened at once (default 128)\n"
	"  --hold N         hold time in seconds (default 90)\n"
	"  --stay N         after convergence stay up N seconds and see that nobody falls\n"
	"  --timeout N      give up after N seconds (default 120)\n"
	"  --pid N[,N...]   the server's processes: report CPU and memory\n"
	"  --port DEVICE    speak TCP itself over this DPDK port, e.g.\n"
	"                   net_memif0,role=client,socket=NAME; default: kernel sockets\n"
	"  --mtu N          of the port (default 1500)\n"
	"  --cpu N          where it runs with a port of its own (default 0)\n"
	"  --print-clients  print a `clients:` section for causewayd and exit\n";

#define PREFIXES_MAX 7000000 /* Of the plan's /24s that lie before 127.0.0.0. */

struct options {
	struct plan plan;
	struct link_port port;
	unsigned stay_s, timeout_s;
	const char *pids;
	bool prints_clients;
};

static bool parse_addr(const char *text, uint32_t *out)
{
	struct in_addr a;
	if (inet_pton(AF_INET, text, &a) != 1) {
		return false;
	}
	*out = ntohl(a.s_addr);
	return true;
}

/* An option that is a number; false when it is none of them. */
static bool take_number(struct options *o, int option, unsigned long n)
{
	unsigned *const to = option == 'm'   ? &o->plan.members
			     : option == 'p' ? &o->plan.prefixes
			     : option == 'n' ? &o->plan.announcers
			     : option == 'o' ? &o->plan.connects_max
			     : option == 'k' ? &o->plan.per_set
			     : option == 'y' ? &o->stay_s
			     : option == 't' ? &o->timeout_s
			     : option == 'x' ? &o->port.cpu
					     : NULL;
	if (to != NULL) {
		*to = (unsigned)n;
	} else if (option == 'a') {
		o->plan.asn_first = (uint32_t)n;
	} else if (option == 'h') {
		o->plan.hold_s = (uint16_t)n;
	} else if (option == 'u') {
		o->port.mtu = (uint16_t)n;
	} else {
		return false;
	}
	return true;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"server", 1, NULL, 's'},     {"members", 1, NULL, 'm'},
		{"prefixes", 1, NULL, 'p'},   {"per-set", 1, NULL, 'k'},
		{"source", 1, NULL, 'f'},     {"asn", 1, NULL, 'a'},
		{"hold", 1, NULL, 'h'},	      {"stay", 1, NULL, 'y'},
		{"timeout", 1, NULL, 't'},    {"pid", 1, NULL, 'i'},
		{"announcers", 1, NULL, 'n'}, {"print-clients", 0, NULL, 'c'},
		{"connects", 1, NULL, 'o'},   {"port", 1, NULL, 'd'},
		{"mtu", 1, NULL, 'u'},	      {"cpu", 1, NULL, 'x'},
		{NULL, 0, NULL, 0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		bool is_ok = true;
		if (c == 's') {
			is_ok = parse_addr(optarg, &o->plan.server);
		} else if (c == 'f') {
			is_ok = parse_addr(optarg, &o->plan.source);
		} else if (c == 'i') {
			o->pids = optarg;
		} else if (c == 'd') {
			o->port.device = optarg;
		} else if (c == 'c') {
			o->prints_clients = true;
		} else {
			is_ok = optarg != NULL && take_number(o, c, strtoul(optarg, NULL, 10));
		}
		if (!is_ok) {
			return false;
		}
	}
	if (o->plan.announcers == 0) {
		o->plan.announcers = o->plan.members;
	}
	return (o->plan.server != 0 || o->prints_clients) && o->plan.members >= 2 &&
	       o->plan.announcers <= o->plan.members && o->plan.prefixes >= 1 &&
	       o->plan.per_set >= 1 && o->port.mtu >= 576 && o->plan.connects_max >= 1 &&
	       o->plan.hold_s >= 3 && plan_prefixes(&o->plan) <= PREFIXES_MAX;
}

static void print_clients(const struct plan *p)
{
	printf("clients:\n");
	for (unsigned i = 0; i < p->members; i++) {
		struct in_addr a = {.s_addr = htonl(p->source + i)};
		printf("  - {asn: %u, ip: %s}\n", p->asn_first + i, inet_ntoa(a));
	}
}

/* CPU nanoseconds of all threads of one process so far. */
static uint64_t cpu_of(const char *pid)
{
	char path[512];
	uint64_t sum = 0;
	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		unsigned long long ns;
		if (e->d_name[0] == '.') {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%s/task/%.64s/schedstat", pid, e->d_name);
		FILE *f = fopen(path, "r");
		if (f != NULL && fscanf(f, "%llu", &ns) == 1) {
			sum += ns;
		}
		if (f != NULL) {
			fclose(f);
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	return sum;
}

/* Resident set plus huge pages, in kB. */
static uint64_t memory_of(const char *pid)
{
	char path[512], line[256];
	uint64_t sum = 0;
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned long long kb;
		if (sscanf(line, "VmRSS: %llu", &kb) == 1 ||
		    sscanf(line, "HugetlbPages: %llu", &kb) == 1) {
			sum += kb;
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return sum;
}

static uint64_t for_pids(const char *pids, uint64_t (*get)(const char *pid))
{
	char copy[256];
	uint64_t sum = 0;
	snprintf(copy, sizeof(copy), "%s", pids != NULL ? pids : "");
	char *save = NULL;
	for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
		sum += get(p);
	}
	return sum;
}

static bool all_up(const struct load *l)
{
	return load_state(l)->up == load_plan(l)->members;
}

static bool all_delivered(const struct load *l)
{
	return load_state(l)->delivered == plan_deliveries(load_plan(l));
}

static int report_failure(const struct load *l, const char *what)
{
	const struct load_state *s = load_state(l);
	struct tally t;
	load_tally(l, &t);
	fprintf(stderr,
		"causeway-bench: %s: %u up, %u lost, %u failed; delivered %lu of %lu, wrong %lu, "
		"own %lu, withdrawn %lu; last loss: %s\n",
		what, s->up, s->lost, s->failed, s->delivered, plan_deliveries(load_plan(l)),
		t.wrong, t.own, t.withdrawn, load_last_loss(l));
	return 1;
}

/* What was measured at the three turning points: before, all up, all delivered. */
struct mark {
	uint64_t now_us, cpu_ns, memory_kb;
};

static struct mark mark_now(const char *pids)
{
	return (struct mark){.now_us = load_now_us(),
			     .cpu_ns = for_pids(pids, cpu_of),
			     .memory_kb = for_pids(pids, memory_of)};
}

static void print_marks(const struct mark m[3], uint64_t deliveries, bool has_pids)
{
	printf("up_ms %.1f converge_ms %.1f\n", (double)(m[1].now_us - m[0].now_us) / 1e3,
	       (double)(m[2].now_us - m[1].now_us) / 1e3);
	if (has_pids) {
		double all = (double)(m[2].cpu_ns - m[0].cpu_ns);
		double routes = (double)(m[2].cpu_ns - m[1].cpu_ns);
		printf("cpu_ms %.1f cpu_ns_per_delivery %.1f converge_ns_per_delivery %.1f\n",
		       all / 1e6, all / (double)deliveries, routes / (double)deliveries);
		printf("memory_kb start %lu up %lu converged %lu\n", m[0].memory_kb, m[1].memory_kb,
		       m[2].memory_kb);
	}
}

static int run(const struct options *o, struct load *l)
{
	const struct plan *p = &o->plan;
	uint64_t limit = (uint64_t)o->timeout_s * 1000000, deliveries = plan_deliveries(p);
	struct mark m[3];
	m[0] = mark_now(o->pids);
	load_connect(l);
	if (!load_run(l, all_up, limit)) {
		return report_failure(l, "not all sessions came up");
	}
	m[1] = mark_now(o->pids);
	load_announce(l);
	if (!load_run(l, all_delivered, limit)) {
		return report_failure(l, "not everything was delivered");
	}
	m[2] = mark_now(o->pids);
	load_run(l, NULL, (uint64_t)o->stay_s * 1000000);
	struct tally t;
	load_tally(l, &t);
	printf("members %u announcers %u prefixes %u per_set %u deliveries %lu\n", p->members,
	       p->announcers, p->prefixes, p->per_set, deliveries);
	print_marks(m, deliveries, o->pids != NULL);
	printf("wrong %lu missing %lu own %lu repeated %lu withdrawn %lu updates %lu\n", t.wrong,
	       deliveries - t.delivered, t.own, t.repeated, t.withdrawn, t.updates);
	struct link_stats wire;
	load_link_stats(l, &wire);
	printf("lost %u failed %u silence_ms_max %.1f retransmits %lu\n", load_state(l)->lost,
	       load_state(l)->failed, (double)load_state(l)->silence_us_max / 1e3,
	       wire.retransmits);
	if (load_state(l)->lost > 0) {
		return report_failure(l, "sessions were lost");
	}
	return t.wrong == 0 && t.delivered == deliveries ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o = {.plan = {.source = 0xc6120101,
				     .asn_first = 4200000001u,
				     .members = 100,
				     .prefixes = 100,
				     .per_set = 4,
				     .connects_max = 128,
				     .hold_s = 90},
			    .port = {.mtu = 1500},
			    .timeout_s = 120};
	if (!parse_options(argc, argv, &o)) {
		fputs(usage, stderr);
		return 64;
	}
	if (o.prints_clients) {
		print_clients(&o.plan);
		return 0;
	}
	struct rlimit files = {.rlim_cur = o.plan.members + 64, .rlim_max = o.plan.members + 64};
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < files.rlim_cur) {
		setrlimit(RLIMIT_NOFILE, &files);
	}
	char why[512];
	struct load *l = load_new(&o.plan, &o.port, why, sizeof(why));
	if (l == NULL) {
		fprintf(stderr, "causeway-bench: %s\n", why);
		return 71;
	}
	int status = run(&o, l);
	load_free(l);
	return status;
}
