/* Files of VRPs in use: what a new one changes, and that a bad one changes nothing but an alarm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include <criterion/criterion.h>

#include "control/rpki/rpki.h"
#include "tests/unit/control/fake.h"

#define STEP_US (2 * USEC_PER_SEC) /* Past every look and every gathering. */

struct bed {
	struct scratch scratch;
	char path[2][256];
	struct rpki_file_conf file[2];
	struct rpki_conf conf;
	struct rpki *rpki;
	usec_t now;
};

static const char *const names[] = {"first.json", "second.json"};

/* In one piece, as a validator does: written beside it and moved over it. */
static void replace(const struct bed *b, unsigned i, const char *text)
{
	char path[256];
	scratch_write(&b->scratch, "new", text);
	cr_assert(rename(scratch_path(&b->scratch, "new", path), b->path[i]) == 0);
}

/* `count` VRPs for AS 64500 from 198.18.0.0/24 on, and an ASPA. */
static void write_roas(const struct bed *b, unsigned i, unsigned count)
{
	static char text[64 * 1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "{\"roas\": [");
	for (unsigned n = 0; n < count; n++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s{\"asn\": 64500, \"prefix\": \"198.18.%u.0/24\"}",
					n > 0 ? ", " : "", n);
	}
	snprintf(text + len, sizeof(text) - len,
		 "], \"aspas\": [{\"customer\": \"AS64500\", \"providers\": [\"AS64501\"]}]}");
	replace(b, i, text);
}

static void begin(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	scratch_init(&b->scratch);
	for (unsigned i = 0; i < 2; i++) {
		scratch_path(&b->scratch, names[i], b->path[i]);
		b->file[i] =
			(struct rpki_file_conf){.path = b->path[i], .preference = (uint8_t)(i + 1)};
	}
	b->conf = (struct rpki_conf){.file = b->file, .file_count = 1, .shrink_max = 50};
	b->now = 10 * USEC_PER_SEC; /* Less than the fake server's. */
}

static void start(struct bed *b)
{
	b->rpki = rpki_new(&b->conf, b->now);
	cr_assert(b->rpki != NULL);
}

static bool step(struct bed *b)
{
	b->now += STEP_US;
	return rpki_step(b->rpki, b->now);
}

static void end(struct bed *b)
{
	rpki_free(b->rpki);
	scratch_fini(&b->scratch);
}

static enum rov_state validate(const struct bed *b, const char *text)
{
	struct prefix p;
	cr_assert(prefix_parse(text, &p, NULL) == 0);
	return roa_validate(rpki_roa(b->rpki), &p, 64501);
}

static void expect_alarm(const struct bed *b, unsigned i, enum source_alarm alarm, const char *why)
{
	const struct source *s = rpki_source(b->rpki, i);
	cr_expect(s->alarm == alarm, "%s: %s", source_alarm_text(s->alarm), s->detail);
	cr_expect(strstr(s->detail, why) != NULL, "%s", s->detail);
}

Test(rpki, a_file_that_is_there_is_in_use_at_once)
{
	struct bed b;
	begin(&b);
	write_roas(&b, 0, 3);
	start(&b);
	struct rpki_numbers n = rpki_numbers(b.rpki);
	cr_expect(n.v4 == 3 && n.v6 == 0 && n.customers == 1 && n.changes == 1);
	cr_expect(validate(&b, "198.18.2.0/24") == ROV_INVALID);
	cr_expect(validate(&b, "198.18.3.0/24") == ROV_NOT_FOUND);
	cr_expect(rpki_alarms(b.rpki) == 0 && rpki_written_s(b.rpki, 0) > 0);
	cr_expect(!step(&b), "nothing has changed");
	end(&b);
}

Test(rpki, a_new_file_changes_what_it_covers_and_nothing_else)
{
	struct bed b;
	struct prefix p;
	begin(&b);
	write_roas(&b, 0, 3);
	start(&b);
	prefix_set_put(rpki_take_touched(b.rpki));
	write_roas(&b, 0, 4);
	cr_assert(step(&b));
	struct prefix_set *touched = rpki_take_touched(b.rpki);
	cr_expect(prefix_set_count(touched) == 1);
	cr_expect(prefix_parse("198.18.3.128/25", &p, NULL) == 0);
	cr_expect(prefix_set_match(touched, &p, 0, NULL));
	prefix_set_put(touched);
	/* Written again with the same in it: no change. */
	write_roas(&b, 0, 4);
	cr_expect(!step(&b) && rpki_numbers(b.rpki).changes == 2);
	touched = rpki_take_touched(b.rpki);
	cr_expect(touched != NULL && prefix_set_count(touched) == 0);
	prefix_set_put(touched);
	end(&b);
}

/* inotify rings, so that nobody waits for the next look. */
Test(rpki, a_file_moved_into_place_is_seen_without_a_look)
{
	struct bed b;
	begin(&b);
	write_roas(&b, 0, 3);
	start(&b);
	b.now += 100 * USEC_PER_MSEC; /* Less than a second. */
	cr_expect(!rpki_step(b.rpki, b.now));
	write_roas(&b, 0, 4);
	cr_expect(rpki_step(b.rpki, b.now) && rpki_numbers(b.rpki).v4 == 4);
	/* The next within the same 20 ms is gathered with what comes after it. */
	write_roas(&b, 0, 5);
	cr_expect(!rpki_step(b.rpki, b.now + USEC_PER_MSEC));
	write_roas(&b, 0, 6);
	cr_expect(!rpki_step(b.rpki, b.now + 2 * USEC_PER_MSEC));
	cr_expect(rpki_step(b.rpki, b.now + 20 * USEC_PER_MSEC));
	cr_expect(rpki_numbers(b.rpki).v4 == 6 && rpki_numbers(b.rpki).changes == 3);
	end(&b);
}

Test(rpki, a_bad_file_keeps_the_old_data_and_raises_an_alarm)
{
	struct bed b;
	begin(&b);
	write_roas(&b, 0, 30);
	start(&b);
	replace(&b, 0, "{\"roas\": [{\"asn\": 1, \"prefix\"");
	cr_expect(!step(&b));
	expect_alarm(&b, 0, SOURCE_FAULTY, "1:30: here should be a colon");
	replace(&b, 0, "");
	cr_expect(!step(&b));
	expect_alarm(&b, 0, SOURCE_FAULTY, "1:1: the text ends");
	replace(&b, 0, "{\"roas\": []}");
	cr_expect(!step(&b));
	expect_alarm(&b, 0, SOURCE_FAULTY, "no record");
	write_roas(&b, 0, 14);
	cr_expect(!step(&b));
	expect_alarm(&b, 0, SOURCE_IMPLAUSIBLE, "14 VRPs, where 30 are in use");
	cr_assert(unlink(b.path[0]) == 0);
	cr_expect(!step(&b));
	expect_alarm(&b, 0, SOURCE_MISSING, "No such file");
	cr_expect(rpki_numbers(b.rpki).v4 == 30 && rpki_alarms(b.rpki) == 1);
	cr_expect(validate(&b, "198.18.29.0/24") == ROV_INVALID);
	write_roas(&b, 0, 31);
	cr_expect(step(&b) && rpki_alarms(b.rpki) == 0 && rpki_numbers(b.rpki).v4 == 31);
	end(&b);
}

Test(rpki, a_file_that_comes_later_is_read_when_it_comes)
{
	struct bed b;
	begin(&b);
	start(&b);
	expect_alarm(&b, 0, SOURCE_MISSING, "No such file");
	cr_expect(rpki_roa(b.rpki) == NULL && validate(&b, "198.18.0.0/24") == ROV_NOT_FOUND);
	write_roas(&b, 0, 1);
	cr_expect(step(&b) && rpki_alarms(b.rpki) == 0);
	end(&b);
}

Test(rpki, an_old_file_gives_way_to_one_that_is_current)
{
	struct bed b;
	begin(&b);
	b.conf.file_count = 2;
	b.file[0].age_max_s = 3600;
	write_roas(&b, 0, 2);
	write_roas(&b, 1, 5);
	start(&b);
	cr_expect(rpki_numbers(b.rpki).v4 == 2 && rpki_source(b.rpki, 0)->is_used);
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	cr_assert(utimensat(AT_FDCWD, b.path[0], old, 0) == 0);
	cr_expect(step(&b) && rpki_numbers(b.rpki).v4 == 5);
	expect_alarm(&b, 0, SOURCE_OLD, "3600 s are allowed");
	cr_expect(!rpki_source(b.rpki, 0)->is_used && rpki_source(b.rpki, 1)->is_used);
	/* With the other gone as well, what was used last stays in use. */
	cr_assert(unlink(b.path[1]) == 0);
	cr_expect(!step(&b) && rpki_numbers(b.rpki).v4 == 5 && rpki_alarms(b.rpki) == 2);
	end(&b);
}

Test(rpki, another_configuration_keeps_the_sources_that_stay)
{
	struct bed b;
	begin(&b);
	b.conf.file_count = 2;
	write_roas(&b, 0, 30);
	write_roas(&b, 1, 5);
	start(&b);
	write_roas(&b, 0, 2);
	cr_expect(step(&b) && rpki_numbers(b.rpki).v4 == 5, "the other one is current");
	expect_alarm(&b, 0, SOURCE_IMPLAUSIBLE, "2 VRPs");
	/* Who knows that it is right says so. */
	struct rpki_conf wanted = b.conf;
	wanted.file_count = 1;
	wanted.shrink_max = 100;
	rpki_apply(b.rpki, &wanted, b.now);
	cr_expect(rpki_source_count(b.rpki) == 1 && rpki_source(b.rpki, 0)->version == 1);
	cr_expect(step(&b) && rpki_numbers(b.rpki).v4 == 2 && rpki_alarms(b.rpki) == 0);
	wanted.file_count = 0;
	rpki_apply(b.rpki, &wanted, b.now);
	cr_expect(step(&b) && rpki_roa(b.rpki) == NULL && rpki_aspa(b.rpki) == NULL);
	end(&b);
}

/* A wrong path in a new configuration, or a cache that has yet to answer, is no reason to validate
 * nothing. */
Test(rpki, data_of_a_source_that_is_gone_stay_until_a_new_one_has_some)
{
	struct bed b;
	begin(&b);
	write_roas(&b, 0, 3);
	b.conf.file_count = 1;
	start(&b);
	cr_assert(rpki_numbers(b.rpki).v4 == 3);
	struct rpki_conf wanted = b.conf;
	wanted.file = b.conf.file + 1;
	rpki_apply(b.rpki, &wanted, b.now);
	(void)step(&b);
	cr_expect(rpki_numbers(b.rpki).v4 == 3 && rpki_roa(b.rpki) != NULL);
	cr_expect(rpki_aspa(b.rpki) != NULL);
	expect_alarm(&b, 0, SOURCE_MISSING, "No such file");
	write_roas(&b, 1, 2);
	cr_expect(step(&b) && rpki_numbers(b.rpki).v4 == 2 && rpki_alarms(b.rpki) == 0);
	end(&b);
}

/* Nobody waits for its thread, which rests before it tries again. */
Test(rpki, a_cache_that_cannot_be_reached_is_lost)
{
	char address[] = "127.0.0.1";
	struct rpki_cache_conf cache = {.address = address, .port = 1, .preference = 1};
	const struct rpki_conf conf = {.cache = &cache, .cache_count = 1, .shrink_max = 50};
	struct pollfd fds[RPKI_FDS_MAX];
	rtr_cache_hush();
	struct rpki *r = rpki_new(&conf, 0);
	for (usec_t now = 1; rpki_alarms(r) == 0; now++) {
		/* It rings as soon as the port has refused. */
		unsigned count = rpki_fds(r, fds);
		cr_assert(poll(fds, count, 20000) > 0);
		(void)rpki_step(r, now);
	}
	cr_expect(rpki_source(r, 0)->alarm == SOURCE_LOST);
	cr_expect(rpki_report(r, 0)->state == RTR_CACHE_LOST && !rpki_report(r, 0)->has_synced);
	rpki_free(r);
}

Test(rpki, an_origin_is_asked_for_with_a_prefix)
{
	struct api_request r;
	char why[128];
	static const char *const bad[] = {
		"{\"command\": \"rpki\", \"origin\": 64500}",
		"{\"command\": \"rpki\", \"prefix\": \"198.18.0.0/24\", \"origin\": -1}",
		"{\"command\": \"rpki\", \"prefix\": \"198.18.0.0/24\", \"origin\": 4294967296}",
		"{\"command\": \"rpki\", \"prefix\": \"198.18.0.0/24\", \"origin\": \"AS1\"}",
		"{\"command\": \"rpki\", \"prefix\": \"198.18.0.1/24\"}",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		cr_expect(!api_request_parse(bad[i], strlen(bad[i]), &r, why, sizeof(why)), "%s",
			  bad[i]);
	}
}

static void expect_text(const json_t *object, const char *name, const char *text)
{
	const char *got = json_string_value(json_object_get(object, name));
	cr_expect(got != NULL && strcmp(got, text) == 0, "%s: %s", name, got != NULL ? got : "?");
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

Test(rpki, the_socket_tells_sources_and_their_alarms)
{
	struct bed b;
	struct fake f;
	begin(&b);
	fake_init(&f, 1, NULL);
	write_roas(&b, 0, 3);
	start(&b);
	replace(&b, 0, "[]");
	(void)step(&b);
	f.env.rpki = b.rpki;
	json_t *lines = fake_ask(&f, "{\"command\": \"rpki\"}");
	const json_t *head = json_object_get(json_array_get(lines, 0), "head");
	const json_t *row = json_object_get(json_array_get(lines, 1), "row");
	cr_expect(number(head, "vrps_ipv4") == 3 && number(head, "alarms") == 1);
	cr_expect(number(head, "aspas") == 1);
	expect_text(row, "source", b.path[0]);
	expect_text(row, "kind", "file");
	expect_text(row, "state", "stale");
	expect_text(row, "alarm", "faulty");
	expect_text(row, "detail", "1:1: here should be {");
	cr_expect(json_is_true(json_object_get(row, "used")) && number(row, "vrps_ipv4") == 3);
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\": \"status\"}");
	row = json_object_get(json_array_get(lines, 1), "row");
	cr_expect(number(json_object_get(row, "rpki"), "alarms") == 1);
	json_decref(lines);
	fake_fini(&f);
	end(&b);
}

Test(rpki, the_socket_tells_what_covers_a_prefix)
{
	struct bed b;
	struct fake f;
	begin(&b);
	fake_init(&f, 1, NULL);
	replace(&b, 0,
		"{\"roas\": [{\"asn\": 64500, \"prefix\": \"198.18.0.0/23\", \"maxLength\": 24},"
		"{\"asn\": 64501, \"prefix\": \"198.18.0.0/24\"}, {\"asn\": 0, \"prefix\": "
		"\"198.18.0.0/16\", \"maxLength\": 32}, {\"asn\": 64502, \"prefix\": "
		"\"198.18.0.0/15\"}]}");
	start(&b);
	f.env.rpki = b.rpki;
	json_t *lines = fake_ask(
		&f, "{\"command\": \"rpki\", \"prefix\": \"198.18.0.0/24\", \"origin\": 64500}");
	const json_t *head = json_object_get(json_array_get(lines, 0), "head");
	expect_text(head, "state", "valid");
	cr_assert(number(head, "covering") == 4 && json_array_size(lines) == 6);
	static const char *const verdicts[] = {"another origin", "matches",
					       "nobody may originate it (AS 0)",
					       "the prefix is longer than it allows"};
	for (unsigned i = 0; i < 4; i++) {
		const json_t *row = json_object_get(json_array_get(lines, 1 + i), "row");
		expect_text(row, "verdict", verdicts[i]);
	}
	json_decref(lines);
	f.env.rpki = NULL;
	lines = fake_ask(&f, "{\"command\": \"rpki\"}");
	expect_text(json_object_get(json_array_get(lines, 0), "end"), "status", "refused");
	json_decref(lines);
	fake_fini(&f);
	end(&b);
}
