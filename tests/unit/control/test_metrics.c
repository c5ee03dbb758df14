/* The text of /metrics: well-formed whatever names members have, and with the numbers that other
 * answers have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/metrics.h"
#include "tests/unit/control/answers.h"

/* The whole text, and how many slices it took. */
static char *metrics_of(struct fake *f, unsigned *out_slices)
{
	struct metrics *m = metrics_new(&f->env);
	struct om_text text = {0};
	bool is_done = false;
	*out_slices = 0;
	for (; !is_done && *out_slices < 10000; ++*out_slices) {
		size_t before = text.len;
		is_done = metrics_step(m, &f->env, &text, 100 * USEC_PER_SEC);
		epoch_quiescent();
		cr_expect_leq(text.len - before, 2 * METRICS_SLICE);
	}
	cr_assert(is_done);
	metrics_free(m);
	char *copy = strndup(text.data, text.len);
	om_text_fini(&text);
	return copy;
}

/* The value behind `sample`, which stands at the beginning of a line. */
static const char *value_of(const char *text, const char *sample)
{
	size_t len = strlen(sample);
	for (const char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, sample, len) == 0 && line[len] == ' ') {
			return line + len + 1;
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	cr_assert(false, "no sample %s", sample);
	return "";
}

static void expect_value(const char *text, const char *sample, const char *wanted)
{
	const char *value = value_of(text, sample);
	size_t len = strcspn(value, "\n");
	cr_expect(len == strlen(wanted) && strncmp(value, wanted, len) == 0, "%s is %.*s, not %s",
		  sample, (int)len, value, wanted);
}

Test(metrics, numbers_are_those_of_the_neighbours_answer)
{
	for (unsigned cores = 1; cores <= 3; cores += 2) {
		struct fake f;
		unsigned slices;
		fake_init(&f, cores, NULL);
		fake_fill(&f);
		char *text = metrics_of(&f, &slices);
		json_t *all = fake_ask(&f, "{\"command\":\"neighbors\"}");
		static const char *const names[] = {"received", "accepted", "filtered", "exported"};
		for (unsigned i = 0; i < FAKE_MEMBERS; i++) {
			const json_t *row = answer_row(all, i);
			for (unsigned k = 0; k < ARRAY_COUNT(names); k++) {
				unsigned long sum = 0;
				for (unsigned v = 4; v <= 6; v += 2) {
					char name[128];
					snprintf(name, sizeof(name),
						 "causeway_session_%s_routes{neighbor=\"%s\","
						 "family=\"ipv%u\"}",
						 names[k], answer_text(row, "address"), v);
					sum += strtoul(value_of(text, name), NULL, 10);
				}
				cr_expect_eq(sum, (unsigned long)answer_number(row, names[k]),
					     "%s: %s", answer_text(row, "address"), names[k]);
			}
		}
		expect_value(text, "causeway_sessions{state=\"Established\"}", "3");
		expect_value(text, "causeway_sessions{state=\"Idle\"}", "1");
		expect_value(text,
			     "causeway_session_rejected_routes{neighbor=\"198.18.1.3\","
			     "family=\"ipv4\",reason=\"as_loop\",code=\"0\"}",
			     "1");
		expect_value(
			text,
			"causeway_rejected_routes{family=\"ipv4\",reason=\"as_loop\",code=\"0\"}",
			"1");
		expect_value(text,
			     "causeway_session_state{neighbor=\"198.18.1.4\","
			     "causeway_session_state=\"Idle\"}",
			     "1");
		json_decref(all);
		free(text);
		fake_fini(&f);
	}
}

/* "A MetricFamily is a block": its samples stand together, behind its TYPE, and "# EOF" is last. */
Test(metrics, families_come_once_and_the_end_is_marked)
{
	struct fake f;
	unsigned slices, families = 0;
	char family[128] = "";
	fake_init(&f, 2, NULL);
	fake_fill(&f);
	char *text = metrics_of(&f, &slices);
	json_t *seen = json_object();
	char *end = text;
	for (char *line = strtok_r(text, "\n", &end); line != NULL;
	     line = strtok_r(NULL, "\n", &end)) {
		char what[8], name[128];
		if (sscanf(line, "# %7s %127s", what, name) == 2 && strcmp(what, "TYPE") == 0) {
			cr_expect(json_object_get(seen, name) == NULL, "%s twice", name);
			json_object_set_new(seen, name, json_true());
			snprintf(family, sizeof(family), "%s", name);
			families++;
		} else if (strcmp(line, "# EOF") == 0) {
			cr_expect(strtok_r(NULL, "\n", &end) == NULL);
		} else if (line[0] == '#') {
			cr_expect(strstr(line, family) != NULL, "%s in %s", line, family);
		} else {
			cr_expect(strncmp(line, family, strlen(family)) == 0, "%s in %s", line,
				  family);
		}
	}
	cr_expect(families > 70, "%u", families);
	json_decref(seen);
	free(text);
	fake_fini(&f);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What the type puts behind a name, and what others give a meaning to, is none of the name's. */
static void expect_good_name(const char *name)
{
	static const char *const reserved[] = {"_total",  "_info",    "_count",	 "_sum",
					       "_bucket", "_created", "_gcount", "_gsum"};
	cr_expect(strncmp(name, "causeway_", 9) == 0, "%s", name);
	cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name), "%s",
		     name);
	for (unsigned i = 0; i < ARRAY_COUNT(reserved); i++) {
		cr_expect(!ends_with(name, reserved[i]), "%s", name);
	}
}

/* OpenMetrics: "the unit MUST be the last part of the name"; base units alone; and a sentence. */
Test(metrics, names_have_their_units_and_a_sentence)
{
	struct fake f;
	unsigned slices, helps = 0, units = 0;
	char family[128] = "", unit[32] = "";
	fake_init(&f, 1, NULL);
	char *text = metrics_of(&f, &slices);
	char *end = text;
	for (char *line = strtok_r(text, "\n", &end); line != NULL;
	     line = strtok_r(NULL, "\n", &end)) {
		if (sscanf(line, "# TYPE %127s", family) == 1) {
			expect_good_name(family);
			unit[0] = '\0';
		} else if (sscanf(line, "# UNIT %*s %31s", unit) == 1) {
			cr_expect(strcmp(unit, "seconds") == 0 || strcmp(unit, "bytes") == 0);
			cr_expect(ends_with(family, unit), "%s: %s", family, unit);
			units++;
		} else if (strncmp(line, "# HELP", 6) == 0) {
			bool has_unit =
				ends_with(family, "_seconds") || ends_with(family, "_bytes");
			cr_expect_eq(has_unit, unit[0] != '\0', "%s has no UNIT", family);
			cr_expect(ends_with(line, "."), "%s", line);
			helps++;
		}
	}
	cr_expect(helps > 90 && units > 10, "%u %u", helps, units);
	free(text);
	fake_fini(&f);
}

/* What would end a label's value has a backslash before it. */
Test(metrics, labels_are_escaped)
{
	struct fake f;
	unsigned slices;
	char description[] = "a \"b\" \\ c\nd";
	fake_init(&f, 1, NULL);
	f.client[1].description = description;
	char *text = metrics_of(&f, &slices);
	expect_value(text,
		     "causeway_session_info{neighbor=\"198.18.1.2\",asn=\"64502\",worker=\"0\","
		     "description=\"a \\\"b\\\" \\\\ c\\nd\"}",
		     "1");
	free(text);
	fake_fini(&f);
}

/* Times are seconds, and what is not known has no sample. */
Test(metrics, times_are_seconds)
{
	struct fake f;
	unsigned slices;
	usec_t established[FAKE_MEMBERS] = {UINT64_C(1700000000250000)};
	fake_init(&f, 1, NULL);
	f.server.stats[0].busy_us = 1234567;
	f.server.status[0].rtt_min_us = 1500;
	f.env.established_us = established;
	char *text = metrics_of(&f, &slices);
	expect_value(text, "causeway_worker_busy_seconds_total{worker=\"0\"}", "1.234567");
	expect_value(text, "causeway_session_rtt_min_seconds{neighbor=\"198.18.1.1\"}", "0.001500");
	cr_expect(strstr(text, "causeway_session_rtt_min_seconds{neighbor=\"198.18.1.2\"}") ==
		  NULL);
	expect_value(text,
		     "causeway_session_established_timestamp_seconds{neighbor=\"198.18.1.1\"}",
		     "1700000000.250000");
	cr_expect(strstr(text, "established_timestamp_seconds{neighbor=\"198.18.1.2\"}") == NULL);
	cr_expect_gt(slices, 1, "all in one slice");
	free(text);
	fake_fini(&f);
}

/* The rows of the control socket's answer are the text. */
Test(metrics, the_answer_is_the_text_in_pieces)
{
	struct fake f;
	fake_init(&f, 1, NULL);
	fake_fill(&f);
	json_t *lines = fake_ask(&f, "{\"command\":\"metrics\"}");
	long rows = answer_number(answer_end(lines), "rows");
	cr_assert_geq(rows, 1);
	cr_expect(strncmp(answer_text(answer_row(lines, 0), "text"), "# TYPE ", 7) == 0);
	const char *last = answer_text(answer_row(lines, (size_t)rows - 1), "text");
	cr_expect_str_eq(last + strlen(last) - 6, "# EOF\n");
	json_decref(lines);
	fake_fini(&f);
}
