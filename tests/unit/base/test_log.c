/* Log lines: RFC 3339 §5.6 time or RFC 5424 §6.2.1 priority; one line whatever a value holds. */
#include "rib/base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* stderr, caught in a pipe. */
struct catch
{
	int saved;
	int read_end;
	char text[16384];
};

static void catch_begin(struct catch *c)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	fflush(stderr);
	c->saved = dup(STDERR_FILENO);
	c->read_end = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static const char *catch_end(struct catch *c)
{
	size_t len = 0;
	ssize_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	while ((n = read(c->read_end, c->text + len, sizeof(c->text) - 1 - len)) > 0) {
		len += (size_t)n;
	}
	close(c->read_end);
	c->text[len] = '\0';
	return c->text;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t regex;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool is_match = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return is_match;
}

Test(log, line_has_time_level_event_and_pairs)
{
	struct catch c;

	unsetenv("JOURNAL_STREAM");
	catch_begin(&c);
	log_event(LOG_NOTICE, "session up", "peer", "192.0.2.1", "as", "64500", "none", NULL,
		  "state", "", NULL);
	cr_expect(matches(catch_end(&c),
			  "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
			  "\\.[0-9]{6}Z notice event=\"session up\" peer=192\\.0\\.2\\.1 as=64500 "
			  "state=\"\"\n$"),
		  "%s", c.text);
}

Test(log, journal_gets_priority_and_no_time)
{
	static const char *const priorities[LOG_LEVEL_COUNT] = {"<3>", "<4>", "<5>", "<6>", "<7>"};

	log_set_level(LOG_DEBUG);
	for (unsigned level = 0; level < LOG_LEVEL_COUNT; level++) {
		struct catch c;
		struct stat st;
		char stream[64], expected[64];

		catch_begin(&c);
		fstat(STDERR_FILENO, &st);
		snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
			 (uintmax_t)st.st_ino);
		setenv("JOURNAL_STREAM", stream, 1);
		log_event((enum log_level)level, "ready", NULL);
		snprintf(expected, sizeof(expected), "%sevent=ready\n", priorities[level]);
		cr_expect_str_eq(catch_end(&c), expected);
	}
}

Test(log, someone_elses_journal_stream_is_not_ours)
{
	struct catch c;

	setenv("JOURNAL_STREAM", "1:1", 1);
	catch_begin(&c);
	log_event(LOG_INFO, "ready", NULL);
	cr_expect(matches(catch_end(&c), "^[0-9]{4}-.*Z info event=ready\n$"), "%s", c.text);
}

Test(log, values_are_quoted_and_escaped)
{
	static const struct {
		const char *value, *shown;
	} cases[] = {
		{"plain", "plain"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"two words", "\"two words\""},
		{"a\nlevel=error", "\"a\\nlevel=error\""},
		{"tab\there", "\"tab\\there\""},
		{"say \"hi\"", "\"say \\\"hi\\\"\""},
		{"back\\slash", "\"back\\\\slash\""},
		{"k=v", "\"k=v\""},
		{"\x1b[31m", "\"\\x1b[31m\""},
		{"gr\xc3\xbc\xc3\x9f", "\"gr\\xc3\\xbc\\xc3\\x9f\""},
		{"\x7f", "\"\\x7f\""},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct catch c;
		char expected[128];

		catch_begin(&c);
		log_event(LOG_INFO, "x", "v", cases[i].value, NULL);
		snprintf(expected, sizeof(expected), " info event=x v=%s\n", cases[i].shown);
		const char *text = catch_end(&c);
		const char *at = strchr(text, ' ');
		cr_assert_not_null(at);
		cr_expect_str_eq(at, expected);
	}
}

Test(log, overlong_lines_are_cut_and_stay_one_line)
{
	static char words[10000], plain[10000], breaks[10000];

	memset(words, 'w', sizeof(words) - 1);
	words[5] = ' ';
	memset(plain, 'p', sizeof(plain) - 1);
	memset(breaks, '\n', sizeof(breaks) - 1);
	for (size_t lead = 3900; lead < 4200; lead++) {
		const char *const values[] = {words, plain, breaks};
		struct catch c;

		plain[lead] = '\0';
		catch_begin(&c);
		log_event(LOG_INFO, "x", "lead", plain, "v", values[lead % 3], "after", "1", NULL);
		const char *text = catch_end(&c);
		plain[lead] = 'p';
		size_t len = strlen(text);
		cr_assert_leq(len, 4096);
		cr_assert_eq(strchr(text, '\n'), text + len - 1, "one line of %zu", len);
	}
}

Test(log, level_filters_and_names_parse)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	struct catch c;
	enum log_level level = LOG_NOTICE;

	cr_expect_eq(log_get_level(), LOG_INFO, "the default");
	for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
		cr_expect_eq(log_level_parse(names[i], &level), 0);
		cr_expect_eq(level, i);
	}
	cr_expect_eq(log_level_parse("Info", &level), -EINVAL);
	cr_expect_eq(log_level_parse("", &level), -EINVAL);
	cr_expect_eq(level, LOG_DEBUG, "untouched on failure");
	catch_begin(&c);
	log_set_level(LOG_WARNING);
	log_event(LOG_NOTICE, "dropped", NULL);
	log_printf(LOG_DEBUG, "dropped", "%d", 1);
	log_printf(LOG_WARNING, "kept", "%s %d", "n", 1);
	cr_expect(matches(catch_end(&c), "^[^\n]* warning event=kept detail=\"n 1\"\n$"), "%s",
		  c.text);
}
