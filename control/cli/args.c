/* Arguments: options may stand anywhere, words are a command and its operands.
 *
 * Each command has a table row with the options it takes; what does not belong is an error and not
 * ignored.  Addresses and prefixes are checked here, so that a slip is answered without a server.
 */
#include "control/cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/cli/registry_args.h"
#include "rib/base/addr.h"
#include "rib/base/check.h"

const char cli_help[] =
	"usage: causeway [--socket PATH] [--json] COMMAND\n"
	"\n"
	"  status                                 the server: workers, sessions, routes, memory\n"
	"  neighbors                              one line for each neighbour\n"
	"  neighbor ADDRESS                       everything about one\n"
	"  neighbor ADDRESS enable|disable|reset|refresh [--reason TEXT]\n"
	"  routes [PREFIX [--longer|--covering]] [--from ADDRESS] [--to ADDRESS]\n"
	"         [--filtered] [--best]           routes, as ranked or as one neighbour gets them\n"
	"  explain PREFIX --to ADDRESS            why a neighbour gets what it gets\n"
	"  explain PREFIX --from ADDRESS          what was made of a neighbour's route, and why\n"
	"  irr [AS-SET]                           AS-SETs, their data, and what is wrong with it\n"
	"  irr refresh [AS-SET] | irr accept AS-SET     ask now; believe an answer that was held "
	"back\n"
	"  rpki                                   sources of origin validation, and their alarms\n"
	"  rpki PREFIX [ASN]                      what the RPKI says of a prefix and its origin\n"
	"  reload [--dry-run]                     apply what the configuration says now, or only\n"
	"                                         show it; sessions that are not concerned stay\n"
	"  metrics                                every number, as OpenMetrics text\n"
	"  events [--follow] [--after NUMBER]     what happened, and with --follow what happens\n"
	"  registry ...                           tenants, ASNs, prefixes, sessions: see\n"
	"                                         causeway registry --help\n"
	"  restart [--reason TEXT]                end, so that the service manager starts it "
	"again;\n"
	"                                         members with graceful restart keep its routes\n"
	"\n"
	"  --socket PATH   the server's control socket (default " CLI_SOCKET_DEFAULT ")\n"
	"  --json          one JSON document instead of tables\n"
	"  --version, --help\n"
	"\n"
	"exit status: 0 done, 1 refused or not found, 2 wrong usage\n";

#define WORDS_MAX 3

enum {
	OPT_JSON = 1 << 0,
	OPT_SOCKET = 1 << 1,
	OPT_REASON = 1 << 2,
	OPT_LONGER = 1 << 3,
	OPT_COVERING = 1 << 4,
	OPT_FROM = 1 << 5,
	OPT_TO = 1 << 6,
	OPT_FILTERED = 1 << 7,
	OPT_BEST = 1 << 8,
	OPT_HELP = 1 << 9,
	OPT_VERSION = 1 << 10,
	OPT_DRY_RUN = 1 << 11,
	OPT_FOLLOW = 1 << 12,
	OPT_AFTER = 1 << 13,
};

static const struct option_row {
	const char *name;
	unsigned bit;
	bool has_value;
} options[] = {
	{"--json", OPT_JSON, false},
	{"--socket", OPT_SOCKET, true},
	{"--reason", OPT_REASON, true},
	{"--longer", OPT_LONGER, false},
	{"--covering", OPT_COVERING, false},
	{"--from", OPT_FROM, true},
	{"--to", OPT_TO, true},
	{"--filtered", OPT_FILTERED, false},
	{"--best", OPT_BEST, false},
	{"--help", OPT_HELP, false},
	{"-h", OPT_HELP, false},
	{"--version", OPT_VERSION, false},
	{"--dry-run", OPT_DRY_RUN, false},
	{"--follow", OPT_FOLLOW, false},
	{"--after", OPT_AFTER, true},
};

struct parsed {
	const char *word[WORDS_MAX];
	unsigned word_count;
	unsigned seen; /* OPT_ bits. */
	const char *value[ARRAY_COUNT(options)];
	char *why;
	size_t why_len;
};

static bool fail(const struct parsed *p, const char *format, const char *what)
{
	snprintf(p->why, p->why_len, format, what);
	return false;
}

static const char *value_of(const struct parsed *p, unsigned bit)
{
	for (unsigned i = 0; i < ARRAY_COUNT(options); i++) {
		if (options[i].bit == bit && p->value[i] != NULL) {
			return p->value[i];
		}
	}
	return NULL;
}

/* "--from=X" and "--from X" are the same. */
static const struct option_row *find_option(const char *arg, const char **out_value)
{
	for (unsigned i = 0; i < ARRAY_COUNT(options); i++) {
		size_t len = strlen(options[i].name);
		if (strcmp(arg, options[i].name) == 0) {
			*out_value = NULL;
			return &options[i];
		}
		if (options[i].has_value && strncmp(arg, options[i].name, len) == 0 &&
		    arg[len] == '=') {
			*out_value = arg + len + 1;
			return &options[i];
		}
	}
	return NULL;
}

static bool take_option(struct parsed *p, int argc, char *const *argv, int *at)
{
	const char *value = NULL;
	const struct option_row *row = find_option(argv[*at], &value);
	if (row == NULL) {
		return fail(p, "there is no option '%s'", argv[*at]);
	}
	if ((p->seen & row->bit) != 0) {
		return fail(p, "'%s' is given twice", row->name);
	}
	if (row->has_value && value == NULL) {
		if (*at + 1 >= argc) {
			return fail(p, "'%s' needs a value", row->name);
		}
		value = argv[++*at];
	}
	p->seen |= row->bit;
	p->value[row - options] = value;
	return true;
}

static bool split(struct parsed *p, int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!take_option(p, argc, argv, &i)) {
				return false;
			}
		} else if (p->word_count == WORDS_MAX) {
			return fail(p, "'%s' is one word too many", argv[i]);
		} else {
			p->word[p->word_count++] = argv[i];
		}
	}
	return true;
}

static bool set_addr(const struct parsed *p, json_t *request, const char *name, const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) != 0) {
		return fail(p, "'%s' is no IPv4 or IPv6 address", text);
	}
	json_object_set_new(request, name, json_string(text));
	return true;
}

static bool set_prefix(const struct parsed *p, json_t *request, const char *text)
{
	struct prefix prefix;
	bool has_host_bits = false;
	char canonical[PREFIX_TEXT_MAX];
	if (prefix_parse(text, &prefix, &has_host_bits) != 0) {
		return fail(p, "'%s' is no prefix such as 192.0.2.0/24 or 2001:db8::/32", text);
	}
	prefix_format(&prefix, canonical);
	if (has_host_bits) {
		return fail(p, "the prefix has bits set past its length; did you mean %s?",
			    canonical);
	}
	json_object_set_new(request, "prefix", json_string(canonical));
	return true;
}

static bool set_options(const struct parsed *p, json_t *request)
{
	const char *from = value_of(p, OPT_FROM);
	const char *to = value_of(p, OPT_TO);
	const char *reason = value_of(p, OPT_REASON);
	if (reason != NULL && strlen(reason) > 127) {
		return fail(p, "%s", "the reason is longer than 127 octets (RFC 9003)");
	}
	if (reason != NULL && json_object_set_new(request, "reason", json_string(reason)) != 0) {
		return fail(p, "%s", "the reason is not UTF-8 text");
	}
	return (from == NULL || set_addr(p, request, "from", from)) &&
	       (to == NULL || set_addr(p, request, "to", to));
}

static bool read_plain(const struct parsed *p, struct cli *out)
{
	(void)out;
	return p->word_count == 1 || fail(p, "'%s' is one word too many", p->word[1]);
}

static bool read_reload(const struct parsed *p, struct cli *out)
{
	json_object_set_new(out->request, "dry_run", json_boolean((p->seen & OPT_DRY_RUN) != 0));
	return read_plain(p, out);
}

static bool read_neighbor(const struct parsed *p, struct cli *out)
{
	static const char *const verbs[] = {"enable", "disable", "reset", "refresh"};
	if (p->word_count < 2) {
		return fail(p, "'%s' needs the neighbour's address", p->word[0]);
	}
	if (!set_addr(p, out->request, "address", p->word[1])) {
		return false;
	}
	if (p->word_count == 2) {
		return (p->seen & OPT_REASON) == 0 ||
		       fail(p, "%s", "'--reason' goes with enable, disable, reset or refresh");
	}
	for (unsigned i = 0; i < ARRAY_COUNT(verbs); i++) {
		if (strcmp(p->word[2], verbs[i]) == 0) {
			json_object_set_new(out->request, "command", json_string(verbs[i]));
			out->view = VIEW_CHANGE;
			return true;
		}
	}
	return fail(p, "'%s' is none of enable, disable, reset, refresh", p->word[2]);
}

static bool read_routes(const struct parsed *p, struct cli *out)
{
	unsigned matches = p->seen & (OPT_LONGER | OPT_COVERING);
	bool has_prefix = p->word_count > 1;
	if (p->word_count > 2) {
		return fail(p, "'%s' is one word too many", p->word[2]);
	}
	if (has_prefix && !set_prefix(p, out->request, p->word[1])) {
		return false;
	}
	if (matches != 0 && !has_prefix) {
		return fail(p, "%s", "'--longer' and '--covering' need a prefix");
	}
	if (matches == (OPT_LONGER | OPT_COVERING)) {
		return fail(p, "%s", "'--longer' and '--covering' exclude each other");
	}
	if ((p->seen & OPT_TO) != 0 && (p->seen & (OPT_FILTERED | OPT_BEST)) != 0) {
		return fail(p, "%s", "'--to' goes with neither '--filtered' nor '--best'");
	}
	if ((p->seen & OPT_FILTERED) != 0 && (p->seen & OPT_BEST) != 0) {
		return fail(p, "%s", "a filtered route is never the best: leave out one");
	}
	if (matches != 0) {
		json_object_set_new(out->request, "match",
				    json_string(matches == OPT_LONGER ? "longer" : "covering"));
	}
	if ((p->seen & OPT_FILTERED) != 0) {
		json_object_set_new(out->request, "filtered", json_true());
	}
	if ((p->seen & OPT_BEST) != 0) {
		json_object_set_new(out->request, "best", json_true());
	}
	out->is_detailed = has_prefix && matches == 0;
	return true;
}

static bool read_explain(const struct parsed *p, struct cli *out)
{
	unsigned about = p->seen & (OPT_FROM | OPT_TO);
	if (p->word_count != 2 || (about != OPT_FROM && about != OPT_TO)) {
		return fail(p, "%s",
			    "it is 'explain PREFIX --to ADDRESS' or 'explain PREFIX --from "
			    "ADDRESS'");
	}
	return set_prefix(p, out->request, p->word[1]);
}

static bool read_metrics(const struct parsed *p, struct cli *out)
{
	return read_plain(p, out) &&
	       (!out->is_json ||
		fail(p, "%s", "metrics are text for programs already: leave out '--json'"));
}

static bool read_events(const struct parsed *p, struct cli *out)
{
	const char *after = value_of(p, OPT_AFTER);
	out->is_endless = (p->seen & OPT_FOLLOW) != 0;
	json_object_set_new(out->request, "follow", json_boolean(out->is_endless));
	if (after != NULL) {
		size_t len = strlen(after);
		if (len == 0 || len > 18 || strspn(after, "0123456789") != len) {
			return fail(p, "'%s' is no number of an event", after);
		}
		json_object_set_new(out->request, "after",
				    json_integer((json_int_t)strtoull(after, NULL, 10)));
	}
	return read_plain(p, out);
}

static bool set_origin(const struct parsed *p, json_t *request, const char *text)
{
	const char *digits = strncasecmp(text, "AS", 2) == 0 ? text + 2 : text;
	size_t len = strlen(digits);
	unsigned long long origin = 0;
	if (len == 0 || len > 10 || strspn(digits, "0123456789") != len ||
	    (origin = strtoull(digits, NULL, 10)) > UINT32_MAX) {
		return fail(p, "'%s' is no AS number", text);
	}
	json_object_set_new(request, "origin", json_integer((json_int_t)origin));
	return true;
}

static bool read_rpki(const struct parsed *p, struct cli *out)
{
	return (p->word_count < 2 || set_prefix(p, out->request, p->word[1])) &&
	       (p->word_count < 3 || set_origin(p, out->request, p->word[2]));
}

static bool set_as_set(const struct parsed *p, json_t *request, const char *text)
{
	/* The server knows what is a name. */
	return json_object_set_new(request, "as_set", json_string(text)) == 0 ||
	       fail(p, "'%s' is not UTF-8 text", text);
}

static bool read_irr(const struct parsed *p, struct cli *out)
{
	static const char *const verbs[][2] = {{"refresh", "irr_refresh"},
					       {"accept", "irr_accept"}};
	const char *word = p->word_count > 1 ? p->word[1] : "";
	for (unsigned i = 0; i < ARRAY_COUNT(verbs); i++) {
		if (strcmp(word, verbs[i][0]) == 0) {
			json_object_set_new(out->request, "command", json_string(verbs[i][1]));
			out->view = VIEW_CHANGE;
			if (p->word_count < 3) {
				return i == 0 ||
				       fail(p, "'%s' needs the AS-SET's name", "irr accept");
			}
			return set_as_set(p, out->request, p->word[2]);
		}
	}
	if (p->word_count > 2) {
		return fail(p, "'%s' is one word too many", p->word[2]);
	}
	return p->word_count < 2 || set_as_set(p, out->request, word);
}

static const struct command_row {
	const char *name;
	enum cli_view view;
	unsigned options;
	bool (*read)(const struct parsed *p, struct cli *out);
} commands[] = {
	{"status", VIEW_STATUS, 0, read_plain},
	{"neighbors", VIEW_NEIGHBORS, 0, read_plain},
	{"neighbor", VIEW_NEIGHBOR, OPT_REASON, read_neighbor},
	{"routes", VIEW_ROUTES,
	 OPT_LONGER | OPT_COVERING | OPT_FROM | OPT_TO | OPT_FILTERED | OPT_BEST, read_routes},
	{"explain", VIEW_EXPLAIN, OPT_FROM | OPT_TO, read_explain},
	{"rpki", VIEW_RPKI, 0, read_rpki},
	{"irr", VIEW_IRR, 0, read_irr},
	{"restart", VIEW_CHANGE, OPT_REASON, read_plain},
	{"reload", VIEW_RELOAD, OPT_DRY_RUN, read_reload},
	{"metrics", VIEW_METRICS, 0, read_metrics},
	{"events", VIEW_EVENTS, OPT_FOLLOW | OPT_AFTER, read_events},
};

static bool read_command(const struct parsed *p, struct cli *out)
{
	const struct command_row *row = NULL;
	for (unsigned i = 0; i < ARRAY_COUNT(commands); i++) {
		if (strcmp(p->word[0], commands[i].name) == 0) {
			row = &commands[i];
		}
	}
	if (row == NULL) {
		return fail(p, "there is no command '%s'; see causeway --help", p->word[0]);
	}
	unsigned foreign = p->seen & ~(row->options | OPT_JSON | OPT_SOCKET);
	for (unsigned i = 0; i < ARRAY_COUNT(options); i++) {
		if ((foreign & options[i].bit) != 0) {
			char what[64];
			snprintf(what, sizeof(what), "%s %s", row->name, options[i].name);
			return fail(p, "'%s': the option does not belong to the command", what);
		}
	}
	out->view = row->view;
	json_object_set_new(out->request, "command", json_string(row->name));
	return row->read(p, out) && set_options(p, out->request);
}

/* Where "registry" stands as the command: its words are its own.  −1: it does not. */
static int find_registry(int argc, char *const *argv)
{
	int i = 0;
	while (i < argc && argv[i][0] == '-') {
		i += strcmp(argv[i], "--socket") == 0 ? 2 : 1;
	}
	return i < argc && strcmp(argv[i], "registry") == 0 ? i : -1;
}

static enum cli_verdict parse_registry(int at, int argc, char *const *argv, struct cli *out,
				       char *why, size_t why_len)
{
	struct parsed p = {.why = why, .why_len = why_len};
	if (!split(&p, at, argv)) {
		return CLI_USAGE;
	}
	const char *socket = value_of(&p, OPT_SOCKET);
	*out = (struct cli){.socket = socket != NULL ? socket : CLI_SOCKET_DEFAULT,
			    .is_json = (p.seen & OPT_JSON) != 0};
	if ((p.seen & ~(unsigned)(OPT_SOCKET | OPT_JSON)) != 0) {
		fail(&p, "%s", "options of registry stand behind it");
		return CLI_USAGE;
	}
	return registry_args(argc - at - 1, argv + at + 1, out, why, why_len);
}

enum cli_verdict cli_parse(int argc, char *const *argv, struct cli *out, char *why, size_t why_len)
{
	int registry = find_registry(argc, argv);
	*out = (struct cli){.view = VIEW_STATUS};
	if (registry >= 0) {
		return parse_registry(registry, argc, argv, out, why, why_len);
	}
	struct parsed p = {.why = why, .why_len = why_len};
	if (!split(&p, argc, argv)) {
		return CLI_USAGE;
	}
	if ((p.seen & (OPT_HELP | OPT_VERSION)) != 0) {
		return (p.seen & OPT_HELP) != 0 ? CLI_HELP : CLI_VERSION;
	}
	if (p.word_count == 0) {
		fail(&p, "%s", "a command is missing; see causeway --help");
		return CLI_USAGE;
	}
	const char *socket = value_of(&p, OPT_SOCKET);
	struct cli cli = {.socket = socket != NULL ? socket : CLI_SOCKET_DEFAULT,
			  .is_json = (p.seen & OPT_JSON) != 0,
			  .request = json_object()};
	ASSERT(cli.request != NULL);
	if (!read_command(&p, &cli)) {
		json_decref(cli.request);
		return CLI_USAGE;
	}
	*out = cli;
	return CLI_RUN;
}
