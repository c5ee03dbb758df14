/* Events become lines, and what may repeat fast becomes few of them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/daemon/events.h"
#include "tests/unit/control/fake.h"

static struct event queue[64];
static unsigned queue_count, queue_taken;

bool server_event(struct server *s, struct event *out)
{
	(void)s;
	if (queue_taken == queue_count) {
		queue_taken = queue_count = 0;
		return false;
	}
	*out = queue[queue_taken++];
	return true;
}

/* What events_drain writes to stderr. */
static const char *drained(struct events *e, struct server *s)
{
	static char text[16384];
	int saved = dup(STDERR_FILENO), ends[2];
	size_t len = 0;
	ssize_t got;
	cr_assert(saved >= 0 && pipe(ends) == 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	events_drain(e, s);
	dup2(saved, STDERR_FILENO);
	close(saved);
	while ((got = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)got;
	}
	close(ends[0]);
	text[len] = '\0';
	return text;
}

static unsigned lines_of(const char *text)
{
	unsigned count = 0;
	for (; (text = strchr(text, '\n')) != NULL; text++) {
		count++;
	}
	return count;
}

static void conflict(const char *addr, uint8_t mac, usec_t at)
{
	struct event *e = &queue[queue_count++];
	*e = (struct event){
		.kind = EVENT_CONFLICT, .peer = PEER_NONE, .at = at, .mac = {{2, 0, 0, 0, 0, mac}}};
	cr_assert(addr_parse(addr, &e->addr) == 0);
}

/* RFC 5227 §2.4: one line with address and MAC, however many workers saw it; the next after ten
 * seconds says how many were left out. */
Test(events, an_address_conflict_is_one_line_with_the_mac)
{
	struct fake f;
	const usec_t start = 100 * USEC_PER_SEC;
	fake_init(&f, 3, NULL);
	struct events *e = events_new(f.roster, NULL);
	for (unsigned i = 0; i < 4; i++) {
		conflict("198.18.0.1", 0x66, start + i * USEC_PER_SEC);
	}
	conflict("2001:db8:0:1::1", 0x67, start);
	const char *text = drained(e, &f.server);
	cr_expect(lines_of(text) == 2, "%s", text);
	cr_expect(strstr(text, "event=\"address conflict\" address=198.18.0.1 "
			       "mac=02:00:00:00:00:66 ") != NULL,
		  "%s", text);
	cr_expect(strstr(text, "address=2001:db8:0:1::1 mac=02:00:00:00:00:67 ") != NULL, "%s",
		  text);
	cr_expect(strstr(text, "error ") != NULL && strstr(text, "left_out") == NULL, "%s", text);
	conflict("198.18.0.1", 0x68, start + 10 * USEC_PER_SEC);
	text = drained(e, &f.server);
	cr_expect(lines_of(text) == 1 && strstr(text, ":68 ") != NULL &&
			  strstr(text, "left_out=3") != NULL,
		  "%s", text);
	events_free(e);
	fake_fini(&f);
}

/* More addresses than have a limit of their own: they share one, and nothing grows. */
Test(events, conflicts_of_any_number_of_addresses_are_bounded)
{
	struct fake f;
	unsigned lines = 0;
	fake_init(&f, 1, NULL);
	struct events *e = events_new(f.roster, NULL);
	for (unsigned i = 0; i < 512; i++) {
		char addr[32];
		snprintf(addr, sizeof(addr), "198.18.%u.%u", 1 + i / 200, 1 + i % 200);
		conflict(addr, 1, 50 * USEC_PER_SEC);
		lines += lines_of(drained(e, &f.server));
	}
	cr_expect(lines == 64, "%u", lines);
	events_free(e);
	fake_fini(&f);
}

static void told(struct feed *feed, struct feed_reader *r, const char *type, const char *text)
{
	struct feed_shown shown;
	cr_assert(feed_read(feed, r, &shown), "no event; wanted %s", text);
	cr_expect_str_eq(shown.type, type);
	const char *got = json_string_value(json_object_get(shown.event, "text"));
	cr_expect(got != NULL && strcmp(got, text) == 0, "%s", got);
}

/* Subscribers hear what the log says: as often, and in its order. */
Test(events, what_is_logged_is_told_to_subscribers)
{
	struct fake f;
	struct feed *feed = feed_new(1);
	struct feed_reader r = {.sees_all = true, .next = 1};
	struct feed_shown shown;
	fake_init(&f, 1, NULL);
	struct events *e = events_new(f.roster, NULL);
	events_tell(e, feed);
	queue[queue_count++] = (struct event){.kind = EVENT_UP, .peer = 1, .at = USEC_PER_SEC};
	for (unsigned i = 0; i < 3; i++) {
		queue[queue_count++] = (struct event){.kind = EVENT_FAULT,
						      .peer = 1,
						      .at = USEC_PER_SEC + i,
						      .text = "no ORIGIN"};
	}
	queue[queue_count++] = (struct event){.kind = EVENT_DOWN,
					      .peer = 1,
					      .at = 2 * USEC_PER_SEC,
					      .text = "hold timer expired"};
	conflict("198.18.0.1", 0x66, USEC_PER_SEC);
	(void)drained(e, &f.server);
	told(feed, &r, "session", "the session is up");
	told(feed, &r, "fault", "an update was faulty: no ORIGIN");
	told(feed, &r, "session", "the session is down: hold timer expired");
	told(feed, &r, "conflict", "another station uses or wants an address of ours");
	cr_expect(!feed_read(feed, &r, &shown));
	cr_expect(events_established(e)[1] != 0 && events_established(e)[0] == 0);
	/* To everybody: that it is up, and not what was wrong. */
	struct feed_reader open = {.sees_open = true, .next = 1};
	cr_assert(feed_read(feed, &open, &shown));
	cr_expect(json_object_get(shown.event, "text") == NULL);
	cr_expect_str_eq(json_string_value(json_object_get(shown.event, "session")), "198.18.1.2");
	cr_assert(feed_read(feed, &open, &shown));
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(shown.event, "data"), "state")),
		"down");
	cr_expect(!feed_read(feed, &open, &shown));
	events_free(e);
	feed_free(feed);
	fake_fini(&f);
}
