/* What survives a restart: the disabled neighbours, whatever happens in between. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/state/run.h"
#include "control/state/state.h"
#include "tests/unit/control/scratch.h"

static struct addr address(const char *text)
{
	struct addr a;
	cr_assert(addr_parse(text, &a) == 0);
	return a;
}

static struct state *open_state(const struct scratch *s)
{
	struct state *state = NULL;
	char why[512] = "";
	cr_assert(state_open(s->dir, &state, why, sizeof(why)) == 0, "%s", why);
	return state;
}

Test(state, a_disabled_neighbour_is_so_after_a_restart)
{
	struct scratch s;
	scratch_init(&s);
	struct addr a = address("198.18.1.1"), b = address("2001:db8::b"),
		    c = address("198.18.1.3");
	struct state *state = open_state(&s);
	cr_expect(state_count(state) == 0);
	cr_assert(state_disable(state, &a, "maintenance \"A\"\n", 1760000000) == 0);
	cr_assert(state_disable(state, &b, "", 1760000001) == 0);
	cr_assert(state_disable(state, &c, "x", 1760000002) == 0);
	cr_assert(state_enable(state, &c) == 0);
	cr_assert(state_enable(state, &c) == 0);
	state_close(state);

	state = open_state(&s);
	cr_assert(state_count(state) == 2);
	const struct state_disabled *d = state_find(state, &a);
	cr_assert(d != NULL);
	cr_expect_str_eq(d->reason, "maintenance \"A\"\n");
	cr_expect(d->since == 1760000000);
	cr_expect(state_find(state, &b) != NULL && state_find(state, &c) == NULL);
	/* Disabled again: one entry, the new reason. */
	cr_assert(state_disable(state, &a, "again", 5) == 0);
	cr_expect(state_count(state) == 2);
	cr_expect_str_eq(state_find(state, &a)->reason, "again");
	state_close(state);
	scratch_fini(&s);
}

Test(state, the_file_carries_its_format_and_no_leftover)
{
	struct scratch s;
	char path[256], text[512];
	scratch_init(&s);
	struct addr a = address("198.18.1.1");
	struct state *state = open_state(&s);
	cr_assert(state_disable(state, &a, "r", 1) == 0);
	FILE *f = fopen(scratch_path(&s, "members.json", path), "r");
	cr_assert(f != NULL);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	cr_expect(strstr(text, "\"format\": 1") != NULL, "%s", text);
	cr_expect(strstr(text, "\"198.18.1.1\"") != NULL);
	cr_expect(access(scratch_path(&s, "members.json.new", path), F_OK) != 0);
	state_close(state);
	scratch_fini(&s);
}

Test(state, files_that_are_not_ours_are_refused_with_a_remedy)
{
	static const struct {
		const char *text;
		int err;
		const char *fragment;
	} table[] = {
		{"{\"format\": 2, \"disabled\": []}", -ENOTSUP, "run the newer version again"},
		{"", -EBADMSG, "restore it from a backup"},
		{"{\"format\": 1, \"disabled\": [", -EBADMSG, "move it away"},
		{"[]", -EBADMSG, "no format number"},
		{"{\"format\": \"1\"}", -EBADMSG, "no format number"},
		{"{\"format\": 0, \"disabled\": []}", -EBADMSG, "no format number"},
		{"{\"format\": 1}", -EBADMSG, "no list"},
		{"{\"format\": 1, \"disabled\": [{}]}", -EBADMSG, "item 1"},
		{"{\"format\": 1, \"disabled\": [{\"address\": \"x\", \"reason\": \"\", \"since\": "
		 "1}]}",
		 -EBADMSG, "item 1"},
		{"{\"format\": 1, \"disabled\": [{\"address\": \"192.0.2.1\", \"reason\": \"\", "
		 "\"since\": 1}, {\"address\": \"192.0.2.1\", \"reason\": \"\", \"since\": 1}]}",
		 -EBADMSG, "item 2"},
	};
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct state *state = NULL;
		char why[512] = "";
		scratch_write(&s, "members.json", table[i].text);
		cr_expect(state_open(s.dir, &state, why, sizeof(why)) == table[i].err, "%u", i);
		cr_expect(state == NULL);
		cr_expect(strstr(why, table[i].fragment) != NULL, "%u: %s", i, why);
	}
	scratch_fini(&s);
}

Test(state, a_second_server_is_kept_off)
{
	struct scratch s;
	struct state *second = NULL;
	char why[512] = "";
	scratch_init(&s);
	struct state *first = open_state(&s);
	cr_expect(state_open(s.dir, &second, why, sizeof(why)) == -EBUSY);
	cr_expect(strstr(why, "another causewayd") != NULL, "%s", why);
	state_close(first);
	second = open_state(&s);
	state_close(second);
	scratch_fini(&s);
}

Test(state, a_change_that_cannot_be_saved_is_no_change)
{
	struct scratch s;
	char path[256];
	scratch_init(&s);
	struct addr a = address("198.18.1.1"), b = address("198.18.1.2");
	struct state *state = open_state(&s);
	cr_assert(state_disable(state, &a, "first", 1) == 0);
	/* A directory in the way of the new file fails the save, for root too. */
	cr_assert(mkdir(scratch_path(&s, "members.json.new", path), 0700) == 0);
	cr_expect(state_disable(state, &a, "second", 2) < 0);
	cr_expect_str_eq(state_find(state, &a)->reason, "first");
	cr_expect(state_disable(state, &b, "", 2) < 0);
	cr_expect(state_find(state, &b) == NULL && state_count(state) == 1);
	cr_expect(state_enable(state, &a) < 0);
	cr_expect(state_find(state, &a) != NULL);
	rmdir(path);
	state_close(state);
	scratch_fini(&s);
}

Test(state, a_directory_that_cannot_be_made_is_reported)
{
	struct state *state = NULL;
	char why[512] = "";
	cr_expect(state_open("/proc/nonexistent/state", &state, why, sizeof(why)) < 0);
	cr_expect(strstr(why, "control.state_dir") != NULL, "%s", why);
}

Test(state, how_the_last_run_ended_is_known)
{
	static const enum run_end ends[] = {RUN_RUNNING, RUN_RESTART, RUN_SHUTDOWN};
	struct scratch s;
	struct run_record got;
	scratch_init(&s);
	struct state *state = open_state(&s);
	struct addr up[] = {address("198.18.1.1"), address("2001:db8::b")};
	struct addr other = address("198.18.1.3");
	run_read(state, &got);
	cr_expect(got.end == RUN_NONE && !run_is_restart(&got, 1000, 120), "there is no file");
	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		const struct run_record r = {
			.end = ends[i], .at_s = 1000, .neighbor = up, .count = 2};
		bool was_soft = ends[i] != RUN_SHUTDOWN;
		cr_assert_eq(run_write(state, &r), 0);
		run_read(state, &got);
		cr_expect(got.end == ends[i] && got.at_s == 1000 && got.count == 2);
		cr_expect(run_has(&got, &up[0]) && run_has(&got, &up[1]) && !run_has(&got, &other));
		cr_expect_eq(run_is_restart(&got, 1119, 120), was_soft);
		cr_expect_not(run_is_restart(&got, 1120, 120), "members keep nothing any more");
		cr_expect_not(run_is_restart(&got, 999, 120), "the clock was set back");
		cr_expect_not(run_is_restart(&got, 1000, 0), "not configured");
		run_free(&got);
	}
	state_close(state);
	scratch_fini(&s);
}

/* It says little, so one that is damaged is as good as none. */
Test(state, a_damaged_record_of_the_last_run_is_none)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"format\":2,\"end\":\"restart\",\"at\":1,\"neighbors\":[]}",
		"{\"format\":1,\"end\":\"else\",\"at\":1,\"neighbors\":[]}",
		"{\"format\":1,\"end\":\"restart\",\"at\":\"1\",\"neighbors\":[]}",
		"{\"format\":1,\"end\":\"restart\",\"at\":1,\"neighbors\":[\"x\"]}",
		"{\"format\":1,\"end\":\"restart\",\"at\":1}"};
	struct scratch s;
	scratch_init(&s);
	struct state *state = open_state(&s);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct run_record got;
		char path[256];
		snprintf(path, sizeof(path), "%s/run.json", s.dir);
		FILE *f = fopen(path, "w");
		cr_assert(f != NULL && fputs(texts[i], f) >= 0 && fclose(f) == 0);
		run_read(state, &got);
		cr_expect(got.end == RUN_NONE && got.count == 0, "%s", texts[i]);
		run_free(&got);
	}
	state_close(state);
	scratch_fini(&s);
}
