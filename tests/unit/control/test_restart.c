/* Graceful restart as an operator sees it: what is asked, refused and shown.  RFC 4724. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/cli/show.h"
#include "control/cli/tables.h"
#include "control/config/socket_path.h"
#include "tests/unit/control/fake.h"

#define GOOD                                                                                       \
	"dataplane:\n  ports:\n    - {device: \"net_af_packet0,iface=ix0\", addresses: "           \
	"[198.18.0.1/16]}\ncfg: {rs_as: 64500}\nclients: [{asn: 64501, ip: 198.18.1.1}]\n"

/* A server with a configuration file and somewhere to put an operator's wish. */
struct stand {
	struct fake fake;
	struct scratch scratch;
	struct api_wish wish;
	char path[256];
};

static void stand_init(struct stand *s, const char *config)
{
	*s = (struct stand){.wish = {.is_restart = false}};
	scratch_init(&s->scratch);
	fake_init(&s->fake, 1, NULL);
	if (config != NULL) {
		scratch_write(&s->scratch, "main.yml", config);
	}
	s->fake.env.config_file = scratch_path(&s->scratch, "main.yml", s->path);
	s->fake.env.wish = &s->wish;
}

static void stand_fini(struct stand *s)
{
	fake_fini(&s->fake);
	scratch_fini(&s->scratch);
}

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text != NULL ? text : "";
}

static long number_of(const json_t *row, const char *name)
{
	return (long)json_integer_value(json_object_get(row, name));
}

static const json_t *last_of(const json_t *lines)
{
	return json_object_get(json_array_get(lines, json_array_size(lines) - 1), "end");
}

/* The row of an answer that has one. */
static json_t *row_of(const json_t *lines)
{
	return json_object_get(json_array_get(lines, 1), "row");
}

/* What an operator reads; the caller frees it. */
static char *printed(json_t *row, enum cli_view view)
{
	struct cli cli = {.view = view, .is_detailed = true};
	struct show s;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	show_begin(&s, &cli, out);
	show_row(&s, row);
	show_fini(&s);
	fclose(out);
	return text;
}

Test(restart, is_a_wish_that_the_daemon_hears)
{
	struct stand s;
	stand_init(&s, GOOD);
	json_t *lines = fake_ask(&s.fake, "{\"command\":\"restart\",\"reason\":\"a new version\"}");
	cr_expect_str_eq(text_of(last_of(lines), "status"), "done");
	cr_expect(strstr(text_of(last_of(lines), "text"), "members keep its routes") != NULL);
	cr_expect(s.wish.is_restart);
	cr_expect_str_eq(s.wish.reason, "a new version");
	cr_expect_eq(s.fake.server.request_count, 0, "nothing is done to the sessions here");
	json_decref(lines);
	stand_fini(&s);
}

/* The server would not come back. */
Test(restart, is_refused_while_the_configuration_is_faulty)
{
	static const char *const faulty[] = {GOOD "nonsense: 1\n", "cfg: [\n", "", NULL};
	for (unsigned i = 0; i < ARRAY_COUNT(faulty); i++) {
		struct stand s;
		stand_init(&s, faulty[i]);
		json_t *lines = fake_ask(&s.fake, "{\"command\":\"restart\"}");
		cr_expect_str_eq(text_of(last_of(lines), "status"), "refused", "%u", i);
		cr_expect(strstr(text_of(last_of(lines), "text"), "causewayd --check") != NULL);
		cr_expect_not(s.wish.is_restart, "%u", i);
		json_decref(lines);
		stand_fini(&s);
	}
}

static int dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert(fd >= 0 && strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	cr_assert(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0);
	return fd;
}

/* Ask over the socket until the line with the end is there. */
static void ask(struct api *a, const char *path, char *answer, size_t len)
{
	static const char line[] = "{\"command\":\"restart\"}\n";
	int fd = dial(path);
	size_t got = 0;
	answer[0] = '\0';
	cr_assert(write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1);
	for (unsigned turn = 0; turn < 1000 && strstr(answer, "\"end\"") == NULL; turn++) {
		struct pollfd fds[API_FDS_MAX];
		unsigned count = api_fds(a, fds);
		poll(fds, count, 10);
		(void)api_serve(a, fds, count, 1 + turn);
		ssize_t more = recv(fd, answer + got, len - 1 - got, MSG_DONTWAIT);
		got += more > 0 ? (size_t)more : 0;
		answer[got] = '\0';
	}
	close(fd);
}

Test(restart, is_for_the_operator_group_alone)
{
	struct stand s;
	struct api *a = NULL;
	char why[256], path[256], other[256], answer[4096];
	stand_init(&s, GOOD);
	const struct api_opts opts = {.socket = scratch_path(&s.scratch, "control.sock", path),
				      .uid = geteuid(),
				      .operator_gid = getegid(),
				      .read_gid = getegid()};
	cr_assert(api_open(&opts, &s.fake.env, &a, why, sizeof(why)) == 0, "%s", why);
	socket_read_only_path(path, other, sizeof(other));
	ask(a, other, answer, sizeof(answer));
	cr_expect(strstr(answer, "\"refused\"") != NULL, "%s", answer);
	cr_expect(strstr(answer, "operator group") != NULL, "%s", answer);
	cr_expect_not(s.wish.is_restart);
	ask(a, path, answer, sizeof(answer));
	cr_expect(strstr(answer, "\"done\"") != NULL, "%s", answer);
	cr_expect(s.wish.is_restart && s.wish.uid == geteuid());
	api_close(a);
	stand_fini(&s);
}

/* Only while selection waits. */
Test(restart, status_says_that_selection_is_deferred)
{
	struct stand s;
	stand_init(&s, GOOD);
	for (unsigned awaited = 0; awaited < 3; awaited += 2) {
		s.fake.server.awaited = awaited;
		json_t *lines = fake_ask(&s.fake, "{\"command\":\"status\"}");
		json_t *row = row_of(lines);
		const json_t *to = json_object_get(row, "restarting");
		cr_expect((to != NULL) == (awaited > 0));
		char *text = printed(row, VIEW_STATUS);
		if (awaited > 0) {
			cr_expect(number_of(to, "awaited") == 2 && number_of(to, "left_s") == 60);
			cr_expect(strstr(text, "  restarting            selection deferred, "
					       "waiting for 2 members, at most 60 s\n") != NULL,
				  "%s", text);
		} else {
			cr_expect(strstr(text, "restarting") == NULL, "%s", text);
		}
		free(text);
		json_decref(lines);
	}
	stand_fini(&s);
}

static const json_t *graceful_of(const json_t *lines)
{
	const json_t *to = json_object_get(row_of(lines), "graceful_restart");
	cr_assert_not_null(to);
	return to;
}

Test(restart, neighbor_shows_what_both_sides_offer)
{
	struct stand s;
	stand_init(&s, GOOD);
	struct session_conf *conf = &s.fake.client[0].session;
	conf->restart_s = 120;
	conf->stale_s = 360;
	conf->long_stale_s = 86400;
	s.fake.server.status[0].is_awaited = true;
	s.fake.server.status[0].graceful = (struct open_graceful){.is_present = true,
								  .is_restarting = true,
								  .has_notification = true,
								  .restart_s = 90,
								  .families = {true, false},
								  .is_forwarding = {true, false}};
	s.fake.server.status[0].long_lived = (struct open_long_lived){
		.is_present = true, .families = {true, true}, .stale_s = {3600, 7200}};
	s.fake.server.status[0].is_long_lived[FAMILY_IPV6] = true;
	json_t *lines = fake_ask(&s.fake, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
	json_t *expected = json_loads(
		"{\"ours\":{\"restart_time\":120,\"stale_time\":360,"
		"\"long_lived_stale_time\":86400},"
		"\"peer\":{\"restart_time\":90,\"restarting\":true,\"notification\":true,"
		"\"long_lived\":true,"
		"\"ipv4\":{\"forwarding\":true,\"long_lived_stale_time\":3600,\"long_lived\":false}"
		","
		"\"ipv6\":{\"forwarding\":false,\"long_lived_stale_time\":7200,\"long_lived\":true}"
		"},"
		"\"awaited\":true}",
		0, NULL);
	char *is = json_dumps(graceful_of(lines), 0);
	cr_expect(json_equal(graceful_of(lines), expected), "%s", is);
	char *text = printed(row_of(lines), VIEW_NEIGHBOR);
	cr_expect(strstr(text, "  graceful restart      restart time 120 s, stale time 360 s, "
			       "long-lived 86400 s\n") != NULL,
		  "%s", text);
	cr_expect(strstr(text, "    of the neighbour    restart time 90 s, has restarted, also "
			       "after a NOTIFICATION, long-lived 3600 s IPv4, 7200 s IPv6; its "
			       "End-of-RIBs are waited for\n") != NULL,
		  "%s", text);
	free(text);
	free(is);
	json_decref(expected);
	json_decref(lines);
	stand_fini(&s);
}

/* A capability without families: it keeps our routes, and has none to be kept. */
Test(restart, neighbor_tells_a_helper_from_one_that_offers_nothing)
{
	struct stand s;
	stand_init(&s, GOOD);
	for (unsigned is_helper = 0; is_helper < 2; is_helper++) {
		s.fake.server.status[0].graceful.is_present = is_helper;
		json_t *lines =
			fake_ask(&s.fake, "{\"command\":\"neighbor\",\"address\":\"198.18.1.1\"}");
		const json_t *to = graceful_of(lines), *peer = json_object_get(to, "peer");
		cr_expect_null(json_object_get(to, "ours"), "turned off");
		cr_expect((peer != NULL) == is_helper);
		cr_expect(json_is_false(json_object_get(to, "awaited")));
		cr_expect_null(json_object_get(peer, "ipv4"));
		char *text = printed(row_of(lines), VIEW_NEIGHBOR);
		cr_expect((strstr(text, "restart time 0 s, helps only,") != NULL) == is_helper,
			  "%s", text);
		cr_expect(strstr(text, "graceful restart") == NULL, "%s", text);
		free(text);
		json_decref(lines);
	}
	stand_fini(&s);
}
