/* What an operator sees of AS-SETs, and the two things he may do. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/irr/irr.h"
#include "tests/unit/control/fake.h"

#define MINUTE_US (60 * USEC_PER_SEC)

static const json_t *row_at(const json_t *lines, size_t i)
{
	return json_object_get(json_array_get(lines, i), "row");
}

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text != NULL ? text : "";
}

static void expect_end(struct fake *f, const char *request, const char *status, const char *text)
{
	json_t *lines = fake_ask(f, request);
	const json_t *end =
		json_object_get(json_array_get(lines, json_array_size(lines) - 1), "end");
	cr_expect_str_eq(text_of(end, "status"), status);
	cr_expect(strstr(text_of(end, "text"), text) != NULL, "%s", text_of(end, "text"));
	json_decref(lines);
}

Test(irr_job, what_is_no_name_is_refused)
{
	static const char *const table[][2] = {
		{"{\"command\":\"irr_accept\"}", "'irr_accept' needs 'as_set'"},
		{"{\"command\":\"irr\",\"as_set\":\"-x\"}", "'as_set' must be an AS-SET such as"},
		{"{\"command\":\"irr\",\"as_set\":7}", "'as_set' must be an AS-SET such as"},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct api_request r;
		char why[256] = "";
		cr_expect(
			!api_request_parse(table[i][0], strlen(table[i][0]), &r, why, sizeof(why)));
		cr_expect(strstr(why, table[i][1]) != NULL, "%s", why);
	}
}

Test(irr_job, sets_are_shown_asked_for_and_accepted)
{
	struct fake f;
	char dir[256];
	fake_init(&f, 1, NULL);
	expect_end(&f, "{\"command\":\"irr\"}", "refused", "no IRR data");
	struct irr_conf conf;
	irr_conf_init(&conf);
	conf.files_dir = strdup(scratch_path(&f.scratch, "", dir));
	const struct irr_opts opts = {
		.conf = &conf, .cache_fd = -1, .seed = 1, .now = MINUTE_US, .now_s = 1790000000};
	struct irr *irr = irr_new(&opts);
	f.env.irr = irr;
	scratch_write(&f.scratch, "AS-X.json",
		      "{\"a\": [64501], \"b\": [{\"prefix\": \"198.18.0.0/24\"}]}");
	struct irr_names names = {.count = 0};
	cr_assert(irr_names_add_text(&names, "AS-X AS-Y") == 2);
	const struct irr_filter *filter = irr_filter_get(irr, &names, MINUTE_US);

	json_t *lines = fake_ask(&f, "{\"command\":\"irr\"}");
	cr_assert(json_array_size(lines) == 4);
	const json_t *x = row_at(lines, 1), *y = row_at(lines, 2);
	cr_expect_str_eq(text_of(x, "as_set"), "AS-X");
	cr_expect_str_eq(text_of(x, "state"), "ok");
	cr_expect(json_integer_value(json_object_get(x, "ipv4")) == 1);
	cr_expect(json_integer_value(json_object_get(x, "asns")) == 1);
	cr_expect(json_integer_value(json_object_get(x, "fetched")) == 1790000000);
	cr_expect(json_is_false(json_object_get(x, "is_alarm")));
	cr_expect_str_eq(text_of(y, "as_set"), "AS-Y");
	cr_expect_str_eq(text_of(y, "state"), "failed");
	cr_expect(json_is_true(json_object_get(y, "is_alarm")));
	cr_expect(strstr(text_of(y, "detail"), "No such file") != NULL);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"irr\",\"as_set\":\"as-y\"}");
	cr_expect(json_array_size(lines) == 3);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"status\"}");
	const json_t *status = json_object_get(row_at(lines, 1), "irr");
	cr_expect(json_integer_value(json_object_get(status, "as_sets")) == 2);
	cr_expect(json_integer_value(json_object_get(status, "alarms")) == 1);
	json_decref(lines);

	expect_end(&f, "{\"command\":\"irr_refresh\"}", "done", "2 AS-SETs are asked for now");
	expect_end(&f, "{\"command\":\"irr_refresh\",\"as_set\":\"AS-X\"}", "done", "1 AS-SET is");
	expect_end(&f, "{\"command\":\"irr_refresh\",\"as_set\":\"AS-Z\"}", "not_found",
		   "no client's filter has AS-Z");
	expect_end(&f, "{\"command\":\"irr_accept\",\"as_set\":\"AS-X\"}", "refused",
		   "no answer is held back");
	expect_end(&f, "{\"command\":\"irr_accept\",\"as_set\":\"AS-Z\"}", "not_found", "AS-Z");
	/* An empty answer is held back, until somebody says that it is right. */
	scratch_write(&f.scratch, "AS-X.json", "{\"a\": [64501], \"b\": []}");
	while (irr_serve(irr, 2 * MINUTE_US, 1790000060) ||
	       irr_set_at(irr, 0)->due <= 2 * MINUTE_US) {
	}
	cr_expect(prefix_set_count(filter->prefixes) == 1);
	expect_end(&f, "{\"command\":\"irr_accept\",\"as_set\":\"AS-X\"}", "done", "believed");
	cr_expect(prefix_set_count(filter->prefixes) == 0);
	irr_filter_put(irr, filter);
	irr_free(irr);
	irr_conf_fini(&conf);
	fake_fini(&f);
}
