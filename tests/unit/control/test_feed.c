/* The ring of events: in order, by number, and to each reader what it may see. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/feed.h"
#include "rib/base/check.h"
#include "tests/unit/control/answers.h"

#define FIRST 1000

static void push(struct feed *f, const char *tenant, const char *text)
{
	feed_push(f, &(struct feed_event){.type = FEED_SESSION,
					  .at_us = UINT64_C(1700000000123456),
					  .tenant = tenant,
					  .text = text,
					  .data = json_pack("{s:s}", "state", "up"),
					  .open = json_pack("{s:s}", "state", "up")});
}

static json_t *read_one(struct feed *f, struct feed_reader *r)
{
	struct feed_shown shown;
	if (!feed_read(f, r, &shown)) {
		return NULL;
	}
	json_t *event = json_incref(shown.event);
	cr_expect_eq((uint64_t)json_integer_value(json_object_get(event, "id")), shown.id);
	cr_expect_str_eq(json_string_value(json_object_get(event, "type")), shown.type);
	return event;
}

static void expect_text(struct feed *f, struct feed_reader *r, const char *wanted)
{
	json_t *event = read_one(f, r);
	cr_assert(event != NULL, "no event; wanted %s", wanted);
	const char *text = json_string_value(json_object_get(event, "text"));
	cr_expect(text != NULL && strcmp(text, wanted) == 0, "%s, not %s",
		  text != NULL ? text : "no text", wanted);
	json_decref(event);
}

Test(feed, events_are_read_in_order_and_once)
{
	struct feed *f = feed_new(FIRST);
	struct feed_reader r = {.sees_all = true, .next = feed_after(f, 0)};
	push(f, NULL, "one");
	push(f, "t-a", "two");
	expect_text(f, &r, "one");
	expect_text(f, &r, "two");
	cr_expect(read_one(f, &r) == NULL);
	push(f, NULL, "three");
	expect_text(f, &r, "three");
	feed_free(f);
}

Test(feed, a_reader_goes_on_behind_the_last_that_it_saw)
{
	struct feed *f = feed_new(FIRST);
	push(f, NULL, "one");
	push(f, NULL, "two");
	push(f, NULL, "three");
	struct feed_reader r = {.sees_all = true, .next = feed_after(f, FIRST)};
	expect_text(f, &r, "two");
	/* Nothing is told twice to who has seen all, nor to who says a later number. */
	r.next = feed_after(f, FIRST + 2);
	cr_expect(read_one(f, &r) == NULL);
	r.next = feed_after(f, UINT64_MAX);
	cr_expect(read_one(f, &r) == NULL);
	push(f, NULL, "four");
	expect_text(f, &r, "four");
	feed_free(f);
}

Test(feed, who_lags_behind_the_ring_is_told_and_goes_on_with_the_oldest)
{
	struct feed *f = feed_new(FIRST);
	struct feed_reader r = {.sees_all = true, .next = feed_after(f, 0)};
	char text[32];
	for (unsigned i = 0; i < FEED_RING + 10; i++) {
		snprintf(text, sizeof(text), "%u", i);
		push(f, NULL, text);
	}
	json_t *lost = read_one(f, &r);
	cr_assert(lost != NULL);
	cr_expect_str_eq(json_string_value(json_object_get(lost, "type")), "lost");
	/* Who comes back with the number of that event has the same next one. */
	uint64_t id = (uint64_t)json_integer_value(json_object_get(lost, "id"));
	cr_expect_eq(feed_after(f, id), r.next);
	json_decref(lost);
	expect_text(f, &r, "10");
	cr_expect_eq(feed_lost(f), 1);
	cr_expect_eq(feed_count(f), FEED_RING + 10);
	feed_free(f);
}

/* A number of the time before a restart is smaller than all there are. */
Test(feed, a_number_from_before_a_restart_is_told_as_lost)
{
	struct feed *f = feed_new(FIRST);
	struct feed_reader r = {.sees_all = true, .next = feed_after(f, FIRST - 500)};
	push(f, NULL, "one");
	json_t *lost = read_one(f, &r);
	cr_assert(lost != NULL);
	cr_expect_str_eq(json_string_value(json_object_get(lost, "type")), "lost");
	json_decref(lost);
	expect_text(f, &r, "one");
	feed_free(f);
}

Test(feed, a_tenant_sees_its_own_and_what_is_open)
{
	struct feed *f = feed_new(FIRST);
	push(f, "t-a", "own");
	push(f, "t-b", "of another");
	push(f, NULL, "of nobody");
	struct feed_reader own = {.tenant = "t-a", .next = FIRST};
	expect_text(f, &own, "own");
	cr_expect(read_one(f, &own) == NULL);
	struct feed_reader open = {.tenant = "t-a", .sees_open = true, .next = FIRST};
	expect_text(f, &open, "own");
	for (unsigned i = 0; i < 2; i++) {
		json_t *event = read_one(f, &open);
		cr_assert(event != NULL);
		cr_expect(json_object_get(event, "text") == NULL);
		cr_expect(json_object_get(event, "tenant") == NULL);
		cr_expect_str_eq(
			json_string_value(json_object_get(json_object_get(event, "data"), "state")),
			"up");
		json_decref(event);
	}
	cr_expect(read_one(f, &open) == NULL);
	struct feed_reader nobody = {.next = FIRST};
	cr_expect(read_one(f, &nobody) == NULL);
	feed_free(f);
}

static const char *tenant_of(void *context, const struct addr *a)
{
	return addr_equal(a, context) ? "t-a" : NULL;
}

Test(feed, a_sessions_event_is_its_tenants)
{
	struct addr mine, other;
	cr_assert(addr_parse("198.18.1.1", &mine) == 0 && addr_parse("198.18.1.2", &other) == 0);
	struct feed *f = feed_new(FIRST);
	feed_ask(f, tenant_of, &mine);
	feed_push(f, &(struct feed_event){.type = FEED_FAULT, .session = &other, .text = "other"});
	feed_push(f, &(struct feed_event){.type = FEED_FAULT, .session = &mine, .text = "mine"});
	struct feed_reader r = {.tenant = "t-a", .next = FIRST};
	expect_text(f, &r, "mine");
	cr_expect(read_one(f, &r) == NULL);
	feed_free(f);
}

Test(feed, times_are_rfc_3339_and_sessions_addresses)
{
	struct addr a;
	cr_assert(addr_parse("2001:db8::1", &a) == 0);
	struct feed *f = feed_new(FIRST);
	feed_push(f, &(struct feed_event){.type = FEED_LIMIT,
					  .at_us = UINT64_C(1700000000123456),
					  .session = &a,
					  .text = "\xff is no UTF-8"});
	struct feed_reader r = {.sees_all = true, .next = FIRST};
	json_t *event = read_one(f, &r);
	cr_assert(event != NULL);
	cr_expect_str_eq(json_string_value(json_object_get(event, "at")),
			 "2023-11-14T22:13:20.123Z");
	cr_expect_str_eq(json_string_value(json_object_get(event, "session")), "2001:db8::1");
	json_decref(event);
	feed_free(f);
}

Test(feed, the_answer_has_what_is_kept_and_ends_unless_it_follows)
{
	struct fake f;
	struct feed *feed = feed_new(FIRST);
	fake_init(&f, 1, NULL);
	json_t *lines = fake_ask(&f, "{\"command\":\"events\"}");
	cr_expect_str_eq(answer_text(answer_end(lines), "status"), "refused");
	json_decref(lines);
	f.env.feed = feed;
	push(feed, NULL, "one");
	push(feed, "t-a", "two");
	lines = fake_ask(&f, "{\"command\":\"events\"}");
	cr_expect_eq(answer_number(answer_end(lines), "rows"), 2);
	cr_expect_str_eq(answer_text(answer_row(lines, 1), "text"), "two");
	json_decref(lines);
	lines = fake_ask(&f, "{\"command\":\"events\",\"after\":1000}");
	cr_expect_eq(answer_number(answer_end(lines), "rows"), 1);
	json_decref(lines);

	const struct api_request request = {.command = API_EVENTS, .is_following = true};
	struct job *j = job_events(&request);
	struct reply reply = {0};
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(!j->step(j, &f.env, &reply, 0));
		cr_expect(j->is_waiting);
	}
	cr_expect_eq(reply.rows, 2);
	push(feed, NULL, "three");
	cr_expect(!j->step(j, &f.env, &reply, 0));
	cr_expect_eq(reply.rows, 3);
	j->free(j);
	reply_fini(&reply);
	feed_free(feed);
	fake_fini(&f);
}
