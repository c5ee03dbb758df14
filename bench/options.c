/* The command line: see options.h.  All numbers stand in one table; what is not given is the
 * scenario's default, then the general one. */
#include "bench/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/scenario.h"

#define NOT_GIVEN UINT32_MAX
#define AT(field) offsetof(struct options, field)

struct number {
	const char *name, *what;
	size_t at;
	unsigned initial;
};

static const struct number numbers[] = {
	{"members", "members", AT(plan.members), 100},
	{"announcers", "members that announce; the others listen (0: all)", AT(plan.announcers), 0},
	{"prefixes", "IPv4 prefixes at home with each announcer", AT(plan.prefixes), 100},
	{"prefixes6", "IPv6 prefixes at home with each announcer", AT(plan.prefixes6), 0},
	{"per-set", "prefixes that share an attribute set", AT(plan.per_set), 4},
	{"overlap", "announcers of a prefix that is shared, at most 8", AT(plan.overlap), 1},
	{"shared-pct", "how many in a hundred attribute sets are", AT(plan.shared_pct), 100},
	{"path-len", "AS numbers in a path behind the announcer's", AT(plan.path_len), 2},
	{"communities", "communities of a route", AT(plan.communities), 1},
	{"control-pct", "sets in a hundred that say to whom not", AT(plan.control_pct), 0},
	{"control-peers", "members that each of these leaves out", AT(plan.control_peers), 4},
	{"rs-asn", "of the server, in large communities to it", AT(plan.rs_asn), 64500},
	{"asn", "of the first member; the others follow", AT(plan.asn_first), 4200000001u},
	{"connects", "connections being opened at once", AT(plan.connects_max), 128},
	{"hold", "hold time in seconds", AT(plan.hold_s), 90},
	{"affected", "members that go and come back (down_up)", AT(affected), 10},
	{"changes", "changes that are timed (change, stalled, flapper)", AT(changes), 200},
	{"rate", "changes or flaps in a second beside", AT(rate), 100},
	{"seconds", "how long churn, flapping or stalling goes on", AT(seconds), 5},
	{"stay", "seconds to stay up and see that nobody falls (cold)", AT(stay_s), 0},
	{"timeout", "seconds that anything may take", AT(timeout_s), 120},
	{"mrt-max", "prefixes taken from --mrt", AT(mrt_max), 2000000},
	{"seed", "of what is left to chance", AT(seed), 1},
	{"mtu", "of --port", AT(mtu), 1500},
	{"cpu", "where it runs with --port", AT(port.cpu), 0},
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

enum word { SCENARIO = 1000, SERVER, SOURCE, PIDS, MRT, PORT, HIDING, CLIENTS, JSON, HELP };

static const struct {
	const char *name, *argument, *what;
	enum word word;
} words[] = {
	{"scenario", "NAME", "one of those below (default cold)", SCENARIO},
	{"server", "ADDRESS", "whom to load", SERVER},
	{"source", "ADDRESS", "of the first member; the others follow (default 198.18.1.1)",
	 SOURCE},
	{"pid", "N[,N...]", "the server's processes: report CPU and memory", PIDS},
	{"mrt", "FILE", "a table dump (TABLE_DUMP_V2) to deal out instead of --prefixes", MRT},
	{"port", "DEVICE", "speak TCP ourselves over this DPDK port; default: kernel sockets",
	 PORT},
	{"hiding", NULL, "the server does not solve path hiding, and is not blamed for it", HIDING},
	{"print-clients", NULL, "print a `clients:` section for causewayd and exit", CLIENTS},
	{"json", NULL, "print one JSON object", JSON},
	{"help", NULL, "print this and exit", HELP},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

void options_usage(void)
{
	const struct scenario *s;
	printf("usage: causeway-bench --server ADDRESS [--scenario NAME] [options]\n");
	for (unsigned i = 0; i < WORDS; i++) {
		printf("  --%-14s %-9s %s\n", words[i].name,
		       words[i].argument != NULL ? words[i].argument : "", words[i].what);
	}
	for (unsigned i = 0; i < NUMBERS; i++) {
		printf("  --%-14s N         %s (default %u)\n", numbers[i].name, numbers[i].what,
		       numbers[i].initial);
	}
	printf("scenarios, with defaults of their own:\n");
	for (unsigned i = 0; (s = scenario_at(i)) != NULL; i++) {
		printf("  %-16s %s\n", s->name, s->what);
	}
}

static unsigned *number_at(struct options *o, const struct number *n)
{
	return (unsigned *)(void *)((char *)o + n->at);
}

static bool take_address(const char *text, uint32_t *out)
{
	struct in_addr a;
	if (inet_pton(AF_INET, text, &a) != 1) {
		return false;
	}
	*out = ntohl(a.s_addr);
	return true;
}

static bool take_number(const char *text, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return *text >= '0' && *text <= '9' && *end == '\0' && n < NOT_GIVEN;
}

static bool take_word(struct options *o, int word, const char *text)
{
	switch (word) {
	case SCENARIO:
		o->scenario = scenario_find(text);
		return o->scenario != NULL;
	case SERVER:
		return take_address(text, &o->plan.server);
	case SOURCE:
		return take_address(text, &o->plan.source);
	case PIDS:
		o->pids = text;
		return true;
	case MRT:
		o->mrt = text;
		return true;
	case PORT:
		o->port.device = text;
		return true;
	case HIDING:
		o->plan.is_hiding = true;
		return true;
	case CLIENTS:
		o->prints_clients = true;
		return true;
	case JSON:
		o->prints_json = true;
		return true;
	case HELP:
		o->is_help = true;
		return true;
	default:
		return word >= 0 && word < (int)NUMBERS &&
		       take_number(text, number_at(o, &numbers[word]));
	}
}

/* Of a number that was not given. */
static unsigned default_of(const struct options *o, const struct number *n)
{
	for (const struct scenario_default *d = o->scenario->defaults; d->option != NULL; d++) {
		if (strcmp(d->option, n->name) == 0) {
			return d->value;
		}
	}
	return n->initial;
}

static bool take_all(struct options *o, int argc, char **argv)
{
	struct option longs[NUMBERS + WORDS + 1] = {{0}};
	for (unsigned i = 0; i < NUMBERS; i++) {
		longs[i] = (struct option){numbers[i].name, 1, NULL, (int)i};
		*number_at(o, &numbers[i]) = NOT_GIVEN;
	}
	for (unsigned i = 0; i < WORDS; i++) {
		longs[NUMBERS + i] = (struct option){words[i].name, words[i].argument != NULL, NULL,
						     (int)words[i].word};
	}
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == '?' || !take_word(o, c, optarg)) {
			return false;
		}
	}
	return optind == argc;
}

bool options_parse(struct options *o, int argc, char **argv, const char **why)
{
	*o = (struct options){.plan.source = 0xc6120101, .scenario = scenario_at(0)};
	*why = "what was given is not an option, or not what it takes; see --help";
	if (!take_all(o, argc, argv)) {
		return false;
	}
	for (unsigned i = 0; i < NUMBERS; i++) {
		unsigned *n = number_at(o, &numbers[i]);
		*n = *n == NOT_GIVEN ? default_of(o, &numbers[i]) : *n;
	}
	if (o->plan.announcers == 0) {
		o->plan.announcers = o->plan.members;
	}
	o->port.mtu = (uint16_t)o->mtu;
	*why = "--server says whom to load";
	if (o->plan.server == 0 && !o->prints_clients && !o->is_help) {
		return false;
	}
	*why = "--mtu is from 576 to 9600, --rate from 1 to 1,000,000";
	return o->mtu >= 576 && o->mtu <= 9600 && o->rate >= 1 && o->rate <= 1000000;
}
