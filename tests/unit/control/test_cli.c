/* The command line: what is asked of the server, and how its answer is shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/cli/args.h"
#include "control/cli/show.h"
#include "control/cli/tables.h"
#include "control/daemon/options.h"

#define ARGS_MAX 10

/* The words of `line`, whose bytes are copied to `buf`. */
static int split(const char *line, char *buf, size_t len, char *argv[ARGS_MAX])
{
	int argc = 0;
	char *rest;
	cr_assert(strlen(line) < len);
	snprintf(buf, len, "%s", line);
	for (char *word = strtok_r(buf, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		cr_assert(argc < ARGS_MAX);
		argv[argc++] = word;
	}
	return argc;
}

Test(cli, arguments_become_the_request_of_the_command)
{
	static const struct {
		const char *line;
		const char *request;
		enum cli_view view;
	} table[] = {
		{"status", "{\"command\":\"status\"}", VIEW_STATUS},
		{"neighbors --json", "{\"command\":\"neighbors\"}", VIEW_NEIGHBORS},
		{"neighbor 198.18.1.1", "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}",
		 VIEW_NEIGHBOR},
		{"neighbor 2001:db8::1 disable --reason bye",
		 "{\"command\":\"disable\",\"address\":\"2001:db8::1\",\"reason\":\"bye\"}",
		 VIEW_CHANGE},
		{"neighbor --reason=bye 198.18.1.1 reset",
		 "{\"command\":\"reset\",\"address\":\"198.18.1.1\",\"reason\":\"bye\"}",
		 VIEW_CHANGE},
		{"routes", "{\"command\":\"routes\"}", VIEW_ROUTES},
		{"routes 10.0.0.0/8 --longer --from 198.18.1.1 --to 198.18.1.2",
		 "{\"command\":\"routes\",\"prefix\":\"10.0.0.0/8\",\"match\":\"longer\",\"from\":"
		 "\"198.18.1.1\",\"to\":\"198.18.1.2\"}",
		 VIEW_ROUTES},
		{"routes --covering 10.0.0.1",
		 "{\"command\":\"routes\",\"prefix\":\"10.0.0.1/32\",\"match\":\"covering\"}",
		 VIEW_ROUTES},
		{"routes --filtered", "{\"command\":\"routes\",\"filtered\":true}", VIEW_ROUTES},
		{"routes --best", "{\"command\":\"routes\",\"best\":true}", VIEW_ROUTES},
		{"explain 2001:DB8::/32 --to 198.18.1.1",
		 "{\"command\":\"explain\",\"prefix\":\"2001:db8::/32\",\"to\":\"198.18.1.1\"}",
		 VIEW_EXPLAIN},
		{"explain 10.0.0.0/8 --from ::1",
		 "{\"command\":\"explain\",\"prefix\":\"10.0.0.0/8\",\"from\":\"::1\"}",
		 VIEW_EXPLAIN},
		{"irr", "{\"command\":\"irr\"}", VIEW_IRR},
		{"irr as-x", "{\"command\":\"irr\",\"as_set\":\"as-x\"}", VIEW_IRR},
		{"irr refresh", "{\"command\":\"irr_refresh\"}", VIEW_CHANGE},
		{"irr refresh AS-X", "{\"command\":\"irr_refresh\",\"as_set\":\"AS-X\"}",
		 VIEW_CHANGE},
		{"irr accept RIPE::AS-X", "{\"command\":\"irr_accept\",\"as_set\":\"RIPE::AS-X\"}",
		 VIEW_CHANGE},
		{"rpki", "{\"command\":\"rpki\"}", VIEW_RPKI},
		{"rpki 198.18.0.0/24 AS64500",
		 "{\"command\":\"rpki\",\"prefix\":\"198.18.0.0/24\",\"origin\":64500}", VIEW_RPKI},
		{"rpki 2001:db8::/32 0",
		 "{\"command\":\"rpki\",\"prefix\":\"2001:db8::/32\",\"origin\":0}", VIEW_RPKI},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char buf[256], why[256] = "";
		char *argv[ARGS_MAX];
		struct cli cli;
		int argc = split(table[i].line, buf, sizeof(buf), argv);
		cr_assert(cli_parse(argc, argv, &cli, why, sizeof(why)) == CLI_RUN, "%s: %s",
			  table[i].line, why);
		json_t *expected = json_loads(table[i].request, 0, NULL);
		cr_expect(json_equal(cli.request, expected), "%s", table[i].line);
		cr_expect(cli.view == table[i].view);
		cr_expect(cli.is_json == (strstr(table[i].line, "--json") != NULL));
		cr_expect_str_eq(cli.socket, CLI_SOCKET_DEFAULT);
		json_decref(expected);
		json_decref(cli.request);
	}
}

Test(cli, wrong_usage_is_told_without_a_server)
{
	static const struct {
		const char *line;
		const char *fragment;
	} table[] = {
		{"", "command is missing"},
		{"reboot", "no command 'reboot'"},
		{"status now", "one word too many"},
		{"--loud status", "no option '--loud'"},
		{"--json --json status", "given twice"},
		{"status --socket", "needs a value"},
		{"status --best", "does not belong"},
		{"neighbor", "needs the neighbour's address"},
		{"neighbor 198.18.1", "no IPv4 or IPv6 address"},
		{"neighbor 198.18.1.1 stop", "none of enable"},
		{"neighbor 198.18.1.1 --reason x", "goes with enable"},
		{"neighbor 198.18.1.1 --from 198.18.1.1", "does not belong"},
		{"routes 10.0.0.1/8", "did you mean 10.0.0.0/8?"},
		{"routes ten", "no prefix"},
		{"routes --longer", "need a prefix"},
		{"irr AS-X AS-Y", "one word too many"},
		{"irr accept", "'irr accept' needs the AS-SET's name"},
		{"routes 10.0.0.0/8 --longer --covering", "exclude each other"},
		{"routes --to 198.18.1.1 --best", "neither"},
		{"routes --best --filtered", "never the best"},
		{"routes --from nobody", "no IPv4 or IPv6 address"},
		{"explain 10.0.0.0/8", "explain PREFIX --to ADDRESS"},
		{"explain --to 198.18.1.1", "explain PREFIX --to ADDRESS"},
		{"explain 10.0.0.0/8 --from ::1 --to ::1", "or 'explain PREFIX --from"},
		{"a b c d", "one word too many"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char buf[256], why[256] = "";
		char *argv[ARGS_MAX];
		struct cli cli;
		int argc = split(table[i].line, buf, sizeof(buf), argv);
		cr_expect(cli_parse(argc, argv, &cli, why, sizeof(why)) == CLI_USAGE, "%s",
			  table[i].line);
		cr_expect(strstr(why, table[i].fragment) != NULL, "%s: %s", table[i].line, why);
	}
	char *help[] = {(char[]){"status"}, (char[]){"--help"}};
	char *version[] = {(char[]){"--version"}};
	char why[64];
	struct cli cli;
	cr_expect(cli_parse(2, help, &cli, why, sizeof(why)) == CLI_HELP);
	cr_expect(cli_parse(1, version, &cli, why, sizeof(why)) == CLI_VERSION);
}

/* Show an answer given as lines; returns what was printed. */
static char *show(enum cli_view view, bool is_json, const char *lines, int *out_status,
		  char errors[256])
{
	struct cli cli = {.view = view, .is_json = is_json, .is_detailed = true};
	struct show s;
	char *printed = NULL, *complaints = NULL;
	size_t len = 0, complaints_len = 0;
	FILE *out = open_memstream(&printed, &len);
	FILE *err = open_memstream(&complaints, &complaints_len);
	show_begin(&s, &cli, out);
	*out_status = -1;
	for (const char *at = lines; *at != '\0';) {
		size_t line_len = strcspn(at, "\n");
		json_t *line = json_loadb(at, line_len, 0, NULL);
		cr_assert(line != NULL, "%s", at);
		json_t *row = json_object_get(line, "row"), *head = json_object_get(line, "head");
		if (head != NULL) {
			show_head(&s, head);
		} else if (row != NULL) {
			show_row(&s, row);
		} else {
			*out_status = show_end(&s, json_object_get(line, "end"), err);
		}
		json_decref(line);
		at += line_len + (at[line_len] == '\n' ? 1 : 0);
	}
	show_fini(&s);
	fclose(out);
	fclose(err);
	snprintf(errors, 256, "%s", complaints);
	free(complaints);
	return printed;
}

#define ROUTE                                                                                      \
	"{\"row\":{\"prefix\":\"192.0.2.0/24\",\"from\":\"198.18.1.1\",\"asn\":64501,\"rank\":1,"  \
	"\"as_path\":\"64501 65001\",\"next_hop\":\"198.18.1.1\",\"origin\":\"IGP\",\"med\":7,"    \
	"\"communities\":[\"64500:1\"]}}\n"
#define REJECTED                                                                                   \
	"{\"row\":{\"prefix\":\"192.0.2.0/24\",\"from\":\"198.18.1.2\",\"asn\":64502,\"rank\":0,"  \
	"\"as_path\":\"\",\"next_hop\":\"198.18.1.2\",\"origin\":\"IGP\",\"rejected\":\"loop\"}}"  \
	"\n"
#define NEIGHBOR                                                                                   \
	"{\"row\":{\"address\":\"198.18.1.1\",\"asn\":64501,\"state\":\"Idle\",\"enabled\":false," \
	"\"since_s\":93784,\"received\":1,\"accepted\":2,\"filtered\":3,\"exported\":4,"           \
	"\"description\":\"Evil\\u001b[2J\"}}\n"
#define SIGNED                                                                                     \
	"{\"row\":{\"address\":\"198.18.1.1\",\"asn\":64501,\"state\":\"Idle\","                   \
	"\"authentication\":"                                                                      \
	"{\"kind\":\"TCP-AO\",\"text\":\"sends with id 1, asks for id "                            \
	"2\",\"refused\":{\"AUTH_BAD\":"                                                           \
	"{\"count\":1,\"last_s\":2,\"text\":\"TCP-AO: 1 segment with a wrong digest\"}}}}}\n"
#define ROLES                                                                                      \
	"{\"row\":{\"address\":\"198.18.1.1\",\"asn\":64501,\"state\":\"Idle\","                   \
	"\"local_role\":\"rs\",\"role_strict\":true,\"peer_role\":\"provider\"}}\n"
#define SEVERAL                                                                                    \
	"{\"row\":{\"address\":\"198.18.1.1\",\"asn\":64501,\"state\":\"Established\","            \
	"\"families\":{"                                                                           \
	"\"ipv4\":{\"negotiated\":true,\"add_path\":{\"send\":true,\"receive\":true}},"            \
	"\"ipv6\":{\"negotiated\":true,\"add_path\":{\"send\":false,\"receive\":%s}}}}}\n"
#define WITH_ID                                                                                    \
	"{\"row\":{\"prefix\":\"192.0.2.0/24\",\"from\":\"198.18.1.1\",\"rank\":2,"                \
	"\"as_path\":\"64501\",\"next_hop\":\"198.18.1.1\",\"origin\":\"IGP\",\"path_id\":3,"      \
	"\"fate\":\"chosen\",\"rule\":\"shorter AS path\"}}\n"
#define END_DONE "{\"end\":{\"status\":\"done\",\"rows\":1}}\n"

Test(cli, a_rejected_route_has_its_detail_in_a_list_too)
{
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	json_t *row = json_pack("{s:s, s:s, s:s}", "prefix", "192.0.2.0/24", "rejected", "unknown",
				"detail", "It is not registered.");
	table_routes_row(out, row, false, 0);
	fclose(out);
	json_decref(row);
	cr_expect(strstr(text, "  (rejected: unknown: It is not registered.)\n") != NULL, "%s",
		  text);
}

Test(cli, tables_show_what_the_rows_say)
{
	char errors[256];
	int status;
	char *text = show(VIEW_ROUTES, false, ROUTE REJECTED END_DONE, &status, errors);
	cr_expect(status == 0);
	cr_expect_str_eq(
		text,
		"PREFIX               RANK FROM              NEXT HOP                 MED  AS "
		"PATH\n"
		"192.0.2.0/24            1 198.18.1.1        198.18.1.1                 7  "
		"64501 65001 IGP\n"
		"    communities 64500:1\n"
		"192.0.2.0/24            - 198.18.1.2        198.18.1.2                 -  "
		"IGP  (rejected: loop)\n");
	free(text);
	/* A description with an escape sequence does not reach the terminal. */
	text = show(VIEW_NEIGHBORS, false, NEIGHBOR END_DONE, &status, errors);
	cr_expect(strstr(text, "Disabled") != NULL && strstr(text, "1d 02h") != NULL, "%s", text);
	cr_expect(strstr(text, "Evil?[2J") != NULL && strchr(text, '\x1b') == NULL);
	free(text);
	text = show(VIEW_NEIGHBOR, false, SIGNED END_DONE, &status, errors);
	cr_expect(strstr(text, "  authentication        TCP-AO: sends with id 1, asks for id 2\n"));
	cr_expect(strstr(text, "  refused               TCP-AO: 1 segment with a wrong digest\n"));
	cr_expect(strstr(text, "  messages out          0 open, 0 notification, 0 keepalive, 0 "
			       "refresh\n"),
		  "%s", text);
	free(text);
	text = show(VIEW_NEIGHBOR, false, ROLES END_DONE, &status, errors);
	cr_expect(strstr(text, "  roles                 we are its rs (strict), it says it is our "
			       "provider\n"),
		  "%s", text);
	free(text);
	text = show(VIEW_CHANGE, false, END_DONE, &status, errors);
	cr_expect_str_eq(text, "done\n");
	free(text);
}

/* RFC 7911: who sends several paths of a prefix, and under which ids. */
Test(cli, several_paths_are_shown_by_direction_and_by_id)
{
	char errors[256], lines[600];
	int status;
	for (unsigned is_received = 0; is_received < 2; is_received++) {
		snprintf(lines, sizeof(lines), SEVERAL END_DONE, is_received ? "true" : "false");
		char *text = show(VIEW_NEIGHBOR, false, lines, &status, errors);
		cr_expect(strstr(text, "several paths of a prefix are sent and received\n"), "%s",
			  text);
		cr_expect_eq(strstr(text, "several paths of a prefix are received\n") != NULL,
			     is_received, "%s", text);
		free(text);
	}
	char *text = show(VIEW_ROUTES, false, WITH_ID END_DONE, &status, errors);
	cr_expect(strstr(text, "64501 IGP  (path id 3)\n"), "%s", text);
	free(text);
	text = show(VIEW_EXPLAIN, false, WITH_ID END_DONE, &status, errors);
	cr_expect(strstr(text, "64501  (path id 3)\n"), "%s", text);
	free(text);
}

Test(cli, json_is_one_document_whatever_happens)
{
	static const struct {
		enum cli_view view;
		const char *lines;
		int status;
	} table[] = {
		{VIEW_ROUTES, ROUTE REJECTED END_DONE, 0},
		{VIEW_ROUTES, END_DONE, 0},
		{VIEW_ROUTES, "{\"end\":{\"status\":\"not_found\",\"rows\":0,\"text\":\"no\"}}", 1},
		{VIEW_ROUTES, "{\"end\":{\"status\":\"usage\",\"rows\":0,\"text\":\"no\"}}", 2},
		{VIEW_NEIGHBORS, NEIGHBOR NEIGHBOR END_DONE, 0},
		{VIEW_NEIGHBOR, NEIGHBOR END_DONE, 0},
		{VIEW_STATUS, "{\"row\":{\"version\":\"0\"}}\n" END_DONE, 0},
		{VIEW_EXPLAIN,
		 "{\"head\":{\"prefix\":\"192.0.2.0/24\",\"to\":\"198.18.1.1\"}}\n" ROUTE
		 "{\"end\":{\"status\":\"done\",\"text\":\"so\",\"rows\":1}}",
		 0},
		{VIEW_CHANGE, END_DONE, 0},
		{VIEW_CHANGE, "{\"end\":{\"status\":\"refused\",\"rows\":0,\"text\":\"no\"}}", 1},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char errors[256];
		int status;
		char *text = show(table[i].view, true, table[i].lines, &status, errors);
		json_t *doc = json_loads(text, 0, NULL);
		cr_expect(doc != NULL, "%u: %s", i, text);
		cr_expect(status == table[i].status, "%u: %d", i, status);
		cr_expect((errors[0] != '\0') == (status != 0));
		json_decref(doc);
		free(text);
	}
}

Test(cli, durations_and_sizes_are_short)
{
	static const struct {
		uint64_t value;
		const char *duration, *bytes;
	} table[] = {
		{0, "0s", "0 B"},
		{59, "59s", "59 B"},
		{60, "1m 00s", "60 B"},
		{3600, "1h 00m", "3.5 KiB"},
		{86399, "23h 59m", "84.4 KiB"},
		{90061, "1d 01h", "88.0 KiB"},
		{1073741824, "12427d 13h", "1.0 GiB"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char buf[32];
		cr_expect_str_eq(show_duration(table[i].value, buf), table[i].duration);
		cr_expect_str_eq(show_bytes(table[i].value, buf), table[i].bytes);
	}
}

Test(daemon, options_are_few)
{
	static const struct {
		const char *line;
		enum options_verdict verdict;
	} table[] = {
		{"causewayd -c f.yml", OPTIONS_RUN},
		{"causewayd -c f.yml --check", OPTIONS_CHECK},
		{"causewayd --check -c f.yml", OPTIONS_CHECK},
		{"causewayd --version", OPTIONS_VERSION},
		{"causewayd -h", OPTIONS_HELP},
		{"causewayd", OPTIONS_USAGE},
		{"causewayd -c", OPTIONS_USAGE},
		{"causewayd --check", OPTIONS_USAGE},
		{"causewayd -c a -c b", OPTIONS_USAGE},
		{"causewayd -c a b", OPTIONS_USAGE},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char buf[128], why[128] = "";
		char *argv[ARGS_MAX];
		struct options options;
		int argc = split(table[i].line, buf, sizeof(buf), argv);
		cr_expect(options_parse(argc, argv, &options, why, sizeof(why)) == table[i].verdict,
			  "%s", table[i].line);
	}
}
