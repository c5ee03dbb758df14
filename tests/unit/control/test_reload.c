/* A reload: what is found, what is asked of the server, in which order, and what is refused. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/daemon/reload.h"
#include "tests/unit/control/fake.h"

#define ONE_PORT "dataplane: {ports: [{device: x, addresses: [198.18.0.1/16]}]}\n"
#define GENERAL	 ONE_PORT "cfg: {rs_as: 64500, router_id: 198.18.0.1}\nclients:\n"
#define THREE                                                                                      \
	"- {asn: 1, ip: 198.18.1.1, password: a}\n"                                                \
	"- {asn: 2, ip: 198.18.1.2}\n"                                                             \
	"- {asn: 3, ip: 198.18.1.3}\n"
#define CAPACITY 6

struct bench {
	struct scratch scratch;
	char path[256];
	struct server server;
	struct config *config;
	struct roster *roster;
	struct state *state;
	struct membership *membership;
	struct reload *reload;
	struct reload_report report;
	unsigned told;	    /* rules_changed. */
	bool are_unsettled; /* The rules take their time. */
};

static uint64_t rules_changed(void *context)
{
	return ++((struct bench *)context)->told;
}

static bool rules_are_settled(void *context, uint64_t ticket)
{
	(void)ticket;
	return !((struct bench *)context)->are_unsettled;
}

static void stand(struct bench *b)
{
	struct config_errors e;
	char why[256];
	*b = (struct bench){.server = {.core_count = 1, .free_first = 3, .free_count = 3}};
	scratch_init(&b->scratch);
	b->config = scratch_load(&b->scratch, GENERAL THREE, &e);
	cr_assert_not_null(b->config);
	config_errors_free(&e);
	b->roster = roster_new(b->config, CAPACITY);
	cr_assert_eq(state_open(b->scratch.dir, &b->state, why, sizeof(why)), 0);
	const struct membership_opts members = {.server = &b->server,
						.roster = b->roster,
						.state = b->state,
						.rules_changed = rules_changed,
						.rules_are_settled = rules_are_settled,
						.context = b};
	b->membership = membership_new(&members);
	const struct reload_opts opts = {.server = &b->server,
					 .config = b->config,
					 .roster = b->roster,
					 .membership = b->membership,
					 .file = scratch_path(&b->scratch, "main.yml", b->path),
					 .context = b};
	b->reload = reload_new(&opts);
}

static void end(struct bench *b)
{
	reload_report_fini(&b->report);
	for (unsigned i = 0; i < b->server.request_count; i++) {
		auth_free(b->server.request[i].auth);
	}
	reload_free(b->reload);
	membership_free(b->membership);
	roster_free(b->roster);
	config_free(b->config);
	state_close(b->state);
	scratch_fini(&b->scratch);
}

static void reload(struct bench *b, const char *text, bool is_dry)
{
	const struct api_reload *api = reload_api(b->reload);
	reload_report_fini(&b->report);
	scratch_write(&b->scratch, "main.yml", text);
	api->begin(api->context, is_dry, 0, &b->report);
}

static void step(struct bench *b)
{
	membership_step(b->membership);
	reload_step(b->reload);
}

static bool is_done(const struct bench *b)
{
	const struct api_reload *api = reload_api(b->reload);
	return api->is_done(api->context);
}

static void expect_asked(const struct bench *b, const char *wanted)
{
	char text[256] = "";
	size_t len = 0;
	for (unsigned i = 0; i < b->server.asked_count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
					b->server.asked[i]);
	}
	cr_expect_str_eq(text, wanted);
}

static struct addr ip(unsigned last)
{
	return addr_v4(0xc6120100u + last);
}

Test(reload, only_what_differs_is_asked_of_the_server)
{
	struct bench b;
	stand(&b);
	reload(&b,
	       GENERAL "- {asn: 4, ip: 198.18.1.4}\n- {asn: 3, ip: 198.18.1.3, hold_time: 30}\n"
		       "- {asn: 1, ip: 198.18.1.1, password: b, description: first}\n",
	       false);
	cr_assert_str_eq(b.report.refusal, "");
	cr_assert(is_done(&b));
	expect_asked(&b, "-1 ~2 +3");
	cr_assert(b.server.request_count == 1 && b.server.request[0].kind == REQUEST_KEYS &&
		  b.server.request[0].peer == 0);
	struct addr second = ip(2), fourth = ip(4);
	cr_expect_eq(roster_find(b.roster, &second), PEER_NONE);
	cr_expect_eq(roster_find(b.roster, &fourth), 3);
	cr_expect_str_eq(roster_client(b.roster, 0)->description, "first");
	cr_expect_eq(roster_client(b.roster, 2)->session.hold_s, 30);
	cr_expect_eq(b.config->client_count, 3);
	cr_expect_eq(b.told, 1);
	step(&b);
	expect_asked(&b, "-1 ~2 +3");
	end(&b);
}

Test(reload, a_dry_run_asks_nothing)
{
	struct bench b;
	stand(&b);
	reload(&b,
	       GENERAL "- {asn: 4, ip: 198.18.1.4}\n- {asn: 1, ip: 198.18.1.1, passive: true}\n",
	       true);
	cr_expect_str_eq(b.report.refusal, "");
	cr_expect(b.report.diff.by_kind[CHANGE_ADDED] == 1 &&
		  b.report.diff.by_kind[CHANGE_REMOVED] == 2 &&
		  b.report.diff.by_kind[CHANGE_CHANGED] == 1);
	cr_expect(b.server.asked_count == 0 && b.server.request_count == 0 && b.told == 0);
	cr_expect_eq(b.config->client_count, 3);
	end(&b);
}

Test(reload, what_cannot_be_done_whole_is_not_begun)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{GENERAL "- {asn: 4}\n", "faulty"},
		{ONE_PORT "cfg: {rs_as: 64501, router_id: 198.18.0.1}\n", "rs_as"},
		{GENERAL "- {asn: 1, ip: [198.18.1.1, 198.18.1.2, 198.18.1.3, 198.18.1.4, "
			 "198.18.1.5, 198.18.1.6, 198.18.1.7]}\n",
		 "members_max"},
	};
	struct bench b;
	stand(&b);
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		reload(&b, table[i].text, false);
		cr_expect_not_null(strstr(b.report.refusal, table[i].why), "%s", table[i].why);
		cr_expect(b.server.asked_count == 0 && b.told == 0 && is_done(&b));
		cr_expect_eq(b.config->client_count, 3);
		cr_expect_eq(b.report.errors.error_count > 0, i == 0);
	}
	end(&b);
}

Test(reload, a_full_ring_is_tried_again)
{
	struct bench b;
	stand(&b);
	b.server.is_ring_full = true;
	reload(&b, GENERAL "- {asn: 1, ip: 198.18.1.1}\n- {asn: 4, ip: 198.18.1.4}\n", false);
	cr_expect_not(is_done(&b));
	cr_expect_eq(b.config->client_count, 2, "control's view is the new one");
	step(&b);
	cr_expect_eq(b.server.asked_count, 0);
	b.server.is_ring_full = false;
	step(&b);
	cr_expect(is_done(&b));
	expect_asked(&b, "-1 -2 +3");
	cr_expect_eq(b.server.request_count, 1);
	end(&b);
}

Test(reload, new_members_wait_for_their_rules)
{
	struct bench b;
	stand(&b);
	b.are_unsettled = true;
	reload(&b, GENERAL THREE "- {asn: 4, ip: 198.18.1.4}\n", false);
	cr_expect(b.told == 1 && !is_done(&b));
	struct addr fourth = ip(4);
	cr_expect_eq(roster_find(b.roster, &fourth), 3, "the rules know who it is");
	expect_asked(&b, "");
	b.are_unsettled = false;
	step(&b);
	expect_asked(&b, "+3");
	cr_expect(is_done(&b));
	end(&b);
}

Test(reload, new_members_wait_for_numbers)
{
	struct bench b;
	stand(&b);
	b.server.free_count = 1;
	reload(&b, GENERAL THREE "- {asn: 4, ip: 198.18.1.4}\n- {asn: 5, ip: 198.18.1.5}\n", false);
	cr_expect_not(is_done(&b));
	expect_asked(&b, "+3");
	b.server.free_count = 1;
	step(&b);
	expect_asked(&b, "+3 +4");
	cr_expect(is_done(&b) && b.told == 2);
	end(&b);
}

Test(reload, a_second_one_is_refused_or_follows)
{
	struct bench b;
	stand(&b);
	b.server.is_ring_full = true;
	reload(&b, GENERAL "- {asn: 1, ip: 198.18.1.1, password: a}\n- {asn: 2, ip: 198.18.1.2}\n",
	       false);
	reload(&b, GENERAL "- {asn: 1, ip: 198.18.1.1, password: a}\n", false);
	cr_expect_not_null(strstr(b.report.refusal, "under way"));
	reload_signal(b.reload);
	b.server.is_ring_full = false;
	step(&b); /* The first is done, and the signal's is begun. */
	cr_expect(is_done(&b));
	expect_asked(&b, "-2 -1");
	end(&b);
}

/* The worker watches them, so it has to know. */
Test(reload, limits_are_the_members_and_other_rules_are_not)
{
	struct bench b;
	stand(&b);
	reload(&b,
	       GENERAL
	       "- {asn: 1, ip: 198.18.1.1, password: a}\n"
	       "- {asn: 2, ip: 198.18.1.2, cfg: {filtering: {max_prefix: {limit_ipv4: 7}}}}\n"
	       "- {asn: 3, ip: 198.18.1.3, cfg: {filtering: {max_as_path_len: 7}}}\n",
	       false);
	cr_expect_str_eq(b.report.refusal, "");
	expect_asked(&b, "~1");
	cr_expect_eq(b.report.diff.by_kind[CHANGE_CHANGED], 2);
	cr_expect_eq(b.told, 1);
	end(&b);
}

/* Which workers there are when none are named depends on the CPUs of the thread that reads. */
Test(reload, another_choice_of_workers_is_no_difference)
{
	struct bench b;
	stand(&b);
	b.config->dataplane.workers[0] = 77;
	b.config->dataplane.worker_count = 1;
	reload(&b, GENERAL THREE, true);
	cr_expect_eq(b.report.diff.count, 0);
	end(&b);
}

Test(reload, what_takes_a_restart_stays_as_it_is)
{
	struct bench b;
	stand(&b);
	reload(&b,
	       "dataplane: {workers: [0], ports: [{device: y, addresses: [198.18.0.1/16]}]}\n"
	       "control: {socket: /x, log_level: warning}\n"
	       "cfg: {rs_as: 64500, router_id: 198.18.0.9}\nclients:\n" THREE,
	       false);
	cr_expect_str_eq(b.report.refusal, "");
	cr_expect_str_eq(b.config->dataplane.port[0].device, "x");
	cr_expect_str_neq(b.config->control.socket, "/x");
	cr_expect_eq(addr_v4_host_order(&b.config->router_id), 0xc6120001);
	cr_expect_eq(b.config->control.log_level, LOG_WARNING);
	cr_expect_geq(b.report.diff.by_kind[CHANGE_RESTART], 3);
	log_set_level(LOG_INFO);
	end(&b);
}
