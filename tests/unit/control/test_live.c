/* Live resources as calls: who sees what of whose, and what is wrong with a question. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"
#include "control/api/feed.h"
#include "tests/unit/control/answers.h"

static char mine[] = "t-0000000000001", other[] = "t-0000000000002";

/* Member 198.18.1.1 is the tenant's, 198.18.1.2 another's, the others nobody's. */
static void begin(struct fake *f, bool is_public)
{
	fake_init(f, 2, NULL);
	f->client[0].policy.tenant = mine;
	f->client[1].policy.tenant = other;
	f->config.control.http.is_glass_public = is_public;
	fake_fill(f);
}

static const struct registry_author tenant = {.kind = AUTHOR_TOKEN,
					      .role = ROLE_TENANT,
					      .name = "portal",
					      .tenant = {"t-0000000000001"}},
				    viewer = {.kind = AUTHOR_TOKEN, .role = ROLE_VIEWER},
				    oper = {.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR},
				    nobody = {.kind = AUTHOR_TOKEN, .role = ROLE_NOBODY};

/* "GET /routes?from=198.18.1.1&limit=1": its answer as one document, and the status. */
static json_t *ask(struct fake *f, const struct registry_author *who, const char *what,
		   int *out_status)
{
	char text[256], path[280], *query, *save = NULL;
	bool is_post = strncmp(what, "POST ", 5) == 0;
	struct call *c = call_new(&f->env, is_post ? CALL_POST : CALL_GET);
	struct reply reply = {.form = REPLY_DOCUMENT};
	json_t *doc = NULL;
	snprintf(text, sizeof(text), "%s", strchr(what, ' ') + 1);
	query = strchr(text, '?');
	if (query != NULL) {
		*query++ = '\0';
	}
	snprintf(path, sizeof(path), "/api/v1%s", text);
	c->who = *who;
	cr_assert(call_find(c, path), "%s", what);
	for (char *pair = query != NULL ? strtok_r(query, "&", &save) : NULL; pair != NULL;
	     pair = strtok_r(NULL, "&", &save)) {
		char *value = strchr(pair, '=');
		*value++ = '\0';
		cr_assert(call_add_query(c, pair, value));
	}
	call_run(c, 100 * USEC_PER_SEC, 1700000000);
	if (c->answer == ANSWER_JOB) {
		for (unsigned i = 0; !call_begin_job(c, &reply, 100 * USEC_PER_SEC); i++) {
			cr_assert_lt(i, 1000);
		}
		for (unsigned i = 0; c->answer == ANSWER_JOB && !reply.is_ended; i++) {
			cr_assert_lt(i, 1000);
			(void)c->job->step(c->job, &f->env, &reply, 100 * USEC_PER_SEC);
		}
	}
	cr_assert(c->answer == ANSWER_JOB || c->answer == ANSWER_JSON);
	if (c->answer == ANSWER_JOB) {
		doc = json_loadb(reply.data + reply.begin, reply.end - reply.begin, 0, NULL);
		cr_assert(doc != NULL);
	} else {
		doc = json_incref(c->json);
	}
	*out_status = c->status;
	reply_fini(&reply);
	call_free(c);
	epoch_quiescent();
	return doc;
}

static const json_t *rows_of(const json_t *doc)
{
	return json_object_get(doc, "rows");
}

static size_t count_of(struct fake *f, const struct registry_author *who, const char *what)
{
	int status;
	json_t *doc = ask(f, who, what, &status);
	size_t count = json_array_size(rows_of(doc));
	cr_expect_eq(status, 200, "%s: %d", what, status);
	json_decref(doc);
	return count;
}

static void expect_status(struct fake *f, const struct registry_author *who, const char *what,
			  int wanted)
{
	int status;
	json_t *doc = ask(f, who, what, &status);
	cr_expect_eq(status, wanted, "%s: %d, not %d", what, status, wanted);
	json_decref(doc);
}

/* Nothing of others': neither their rows, nor that they are there. */
Test(live, a_tenant_sees_its_own_sessions_only)
{
	struct fake f;
	begin(&f, false);
	cr_expect_eq(count_of(&f, &oper, "GET /neighbors"), FAKE_MEMBERS);
	cr_expect_eq(count_of(&f, &viewer, "GET /neighbors"), FAKE_MEMBERS);
	cr_expect_eq(count_of(&f, &tenant, "GET /neighbors"), 1);
	cr_expect_eq(count_of(&f, &tenant, "GET /neighbors/198.18.1.1"), 1);
	expect_status(&f, &tenant, "GET /neighbors/198.18.1.2", 404);
	expect_status(&f, &tenant, "GET /neighbors/203.0.113.1", 404);
	expect_status(&f, &nobody, "GET /neighbors", 401);
	/* Its routes, and what it is sent; not who else has them. */
	cr_expect_eq(count_of(&f, &tenant, "GET /routes"),
		     count_of(&f, &oper, "GET /routes?from=198.18.1.1"));
	cr_expect_eq(count_of(&f, &tenant, "GET /routes?from=198.18.1.1"), 3);
	cr_expect_eq(count_of(&f, &tenant, "GET /routes?to=198.18.1.1"), 2);
	expect_status(&f, &tenant, "GET /routes?from=198.18.1.2", 404);
	expect_status(&f, &tenant, "GET /routes?to=198.18.1.2", 404);
	cr_expect_eq(count_of(&f, &tenant, "GET /routes?filtered=true"), 0);
	cr_expect_eq(count_of(&f, &oper, "GET /routes?filtered=true"), 1);
	expect_status(&f, &tenant, "GET /explain?prefix=192.0.2.0/24&to=198.18.1.2", 404);
	expect_status(&f, &tenant, "GET /explain?prefix=192.0.2.0/24&from=198.18.1.2", 404);
	expect_status(&f, &tenant, "GET /neighbors/198.18.1.2/offence", 404);
	expect_status(&f, &tenant, "GET /irr", 403);
	fake_fini(&f);
}

/* What is sent to it, and from whom, it knows anyway; the other candidates it does not. */
Test(live, explain_shows_a_tenant_what_it_is_sent)
{
	struct fake f;
	begin(&f, false);
	cr_expect_eq(count_of(&f, &oper, "GET /explain?prefix=192.0.2.0/24&to=198.18.1.1"), 3);
	int status;
	json_t *doc = ask(&f, &tenant, "GET /explain?prefix=192.0.2.0/24&to=198.18.1.1", &status);
	cr_expect_eq(status, 200);
	cr_expect_eq(json_array_size(rows_of(doc)), 2); /* Its own, and the one that it is sent. */
	json_decref(doc);
	cr_expect_eq(count_of(&f, &tenant, "GET /explain?prefix=192.0.2.0/24&from=198.18.1.1"), 1);
	fake_fini(&f);
}

Test(live, a_public_looking_glass_shows_members_without_their_errors)
{
	struct fake f;
	int status;
	begin(&f, true);
	snprintf(f.server.status[1].last_error, sizeof(f.server.status[1].last_error), "secret");
	static const struct registry_author *const all[] = {&tenant, &nobody};
	for (unsigned i = 0; i < ARRAY_COUNT(all); i++) {
		json_t *doc = ask(&f, all[i], "GET /neighbors/198.18.1.2", &status);
		const json_t *row = json_array_get(rows_of(doc), 0);
		cr_expect_eq(status, 200);
		cr_expect_str_eq(answer_text(row, "address"), "198.18.1.2");
		cr_expect(json_object_get(row, "received") != NULL);
		static const char *const hidden[] = {"last_error", "authentication", "import",
						     "tenant",	   "enabled",	     "drops"};
		for (unsigned k = 0; k < ARRAY_COUNT(hidden); k++) {
			cr_expect(json_object_get(row, hidden[k]) == NULL, "%s", hidden[k]);
		}
		json_decref(doc);
		cr_expect_eq(count_of(&f, all[i], "GET /neighbors"), FAKE_MEMBERS);
		cr_expect_eq(count_of(&f, all[i], "GET /routes?best=true"),
			     count_of(&f, &oper, "GET /routes?best=true"));
		cr_expect_eq(count_of(&f, all[i], "GET /routes?filtered=true"), 0);
		expect_status(&f, all[i], "GET /routes?to=198.18.1.2", 404);
		expect_status(&f, all[i], "GET /explain?prefix=192.0.2.0/24&to=198.18.1.2", 404);
	}
	json_t *doc = ask(&f, &nobody, "GET /status", &status);
	cr_expect(json_object_get(json_array_get(rows_of(doc), 0), "sessions") != NULL);
	cr_expect(json_object_get(json_array_get(rows_of(doc), 0), "drops") == NULL);
	json_decref(doc);
	fake_fini(&f);
}

/* Whatever the size of a page: every row once. */
Test(live, pages_of_routes_have_every_row_once)
{
	static const char *const questions[] = {"GET /routes?limit=%u",
						"GET /routes?best=true&limit=%u",
						"GET /routes?to=198.18.1.3&limit=%u"};
	struct fake f;
	begin(&f, false);
	for (unsigned q = 0; q < ARRAY_COUNT(questions); q++) {
		for (unsigned limit = 1; limit <= 6; limit++) {
			char what[160], next[64] = "";
			json_t *seen = json_object();
			size_t rows = 0, pages = 0;
			do {
				int status;
				size_t i, len = (size_t)snprintf(what, sizeof(what), questions[q],
								 limit);
				json_t *row;
				if (next[0] != '\0') {
					snprintf(what + len, sizeof(what) - len, "&cursor=%s",
						 next);
				}
				json_t *doc = ask(&f, &oper, what, &status);
				cr_assert_eq(status, 200, "%s", what);
				cr_expect_leq(json_array_size(rows_of(doc)), limit);
				json_array_foreach(rows_of(doc), i, row)
				{
					char key[128];
					snprintf(key, sizeof(key), "%s %s",
						 answer_text(row, "prefix"),
						 answer_text(row, "from"));
					cr_expect(json_object_get(seen, key) == NULL,
						  "%s: %s twice", what, key);
					json_object_set_new(seen, key, json_true());
					rows++;
				}
				snprintf(next, sizeof(next), "%s", answer_text(doc, "next_cursor"));
				json_decref(doc);
			} while (next[0] != '\0' && ++pages < 20);
			static const size_t all[] = {5, 4, 4};
			cr_expect_eq(rows, all[q], "%s: %zu rows", what, rows);
			json_decref(seen);
		}
	}
	fake_fini(&f);
}

Test(live, a_bad_question_names_its_parameter)
{
	static const struct {
		const char *what, *pointer;
	} table[] = {
		{"GET /routes?prefix=192.0.2.1/24", "/query/prefix"},
		{"GET /routes?prefix=nonsense", "/query/prefix"},
		{"GET /routes?match=longer", "/query/match"},
		{"GET /routes?cursor=0.0.1", "/query/cursor"},
		{"GET /routes?cursor=0.9.1.0", "/query/cursor"},
		{"GET /routes?cursor=%200.0.1.0", "/query/cursor"},
		{"GET /routes?from=here", "/query/from"},
		{"GET /explain?to=198.18.1.1", "/query/prefix"},
		{"GET /explain?prefix=192.0.2.0/24", "/query/from"},
		{"GET /rpki?prefix=192.0.2.0/24&origin=AS1", "/query/origin"},
		{"GET /neighbors/nobody", "/query/address"},
	};
	struct fake f;
	begin(&f, false);
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		int status;
		json_t *doc = ask(&f, &oper, table[i].what, &status);
		cr_expect_eq(status, 400, "%s: %d", table[i].what, status);
		cr_expect_str_eq(answer_text(doc, "pointer"), table[i].pointer, "%s: %s",
				 table[i].what, answer_text(doc, "pointer"));
		json_decref(doc);
	}
	expect_status(&f, &oper, "GET /routes?limit=0", 400);
	expect_status(&f, &oper, "GET /routes?limit=1001", 400);
	expect_status(&f, &oper, "GET /routes?prefix=203.0.113.0/24", 404);
	expect_status(&f, &oper, "GET /routes?to=198.18.1.4", 409);
	fake_fini(&f);
}

/* A cursor of nowhere is an end, not a crash. */
Test(live, a_cursor_past_everything_is_the_end)
{
	struct fake f;
	begin(&f, false);
	cr_expect_eq(count_of(&f, &oper, "GET /routes?cursor=4294967295.1.4294967295.7"), 0);
	cr_expect_eq(count_of(&f, &oper, "GET /routes?cursor=1.1.4294967295.0"), 0);
	fake_fini(&f);
}

Test(live, a_tenant_may_reset_and_refresh_its_own_and_nothing_else)
{
	struct fake f;
	begin(&f, false);
	expect_status(&f, &tenant, "POST /neighbors/198.18.1.1/refresh", 200);
	cr_expect_eq(f.server.request_count, 1);
	expect_status(&f, &tenant, "POST /neighbors/198.18.1.1/reset", 200);
	cr_expect_eq(f.server.request_count, 2);
	expect_status(&f, &tenant, "POST /neighbors/198.18.1.2/reset", 404);
	expect_status(&f, &tenant, "POST /neighbors/198.18.1.1/disable", 403);
	expect_status(&f, &tenant, "POST /neighbors/198.18.1.1/enable", 403);
	expect_status(&f, &viewer, "POST /neighbors/198.18.1.1/reset", 403);
	expect_status(&f, &nobody, "POST /neighbors/198.18.1.1/reset", 401);
	cr_expect_eq(f.server.request_count, 2);
	expect_status(&f, &oper, "POST /neighbors/198.18.1.2/reset", 200);
	cr_expect_eq(f.server.request_count, 3);
	fake_fini(&f);
}

static struct call *subscriber(struct fake *f, const struct registry_author *who, uint64_t last)
{
	struct call *c = call_new(&f->env, CALL_GET);
	c->who = *who;
	c->last_event = last;
	cr_assert(call_find(c, "/api/v1/events"));
	call_run(c, 0, 0);
	cr_assert(c->answer == ANSWER_FEED);
	return c;
}

static uint64_t next_of(struct call *c)
{
	struct call_event event;
	if (!c->feed->next(c->feed, &event)) {
		return 0;
	}
	json_decref(event.data);
	return event.id;
}

Test(live, events_begin_behind_the_last_seen_or_now)
{
	struct fake f;
	begin(&f, false);
	struct feed *feed = feed_new(100);
	f.env.feed = feed;
	feed_push(feed, &(struct feed_event){.type = FEED_FAULT, .tenant = mine, .text = "a"});
	feed_push(feed, &(struct feed_event){.type = FEED_FAULT, .tenant = other, .text = "b"});
	struct call *first = subscriber(&f, &tenant, 0), *back = subscriber(&f, &oper, 100),
		    *own = subscriber(&f, &tenant, 99);
	cr_expect_eq(next_of(first), 0);
	cr_expect_eq(next_of(back), 101);
	cr_expect_eq(next_of(own), 100);
	cr_expect_eq(next_of(own), 0);
	feed_push(feed, &(struct feed_event){.type = FEED_FAULT, .tenant = mine, .text = "c"});
	cr_expect_eq(next_of(first), 102);
	cr_expect_eq(next_of(back), 102);
	cr_expect_eq(next_of(own), 102);
	call_free(first);
	call_free(back);
	call_free(own);
	feed_free(feed);
	fake_fini(&f);
}
