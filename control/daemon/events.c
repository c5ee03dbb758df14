/* Events become lines: up and down always, what can repeat fast at a bounded rate.
 *
 *     notice event="session up" peer=198.18.1.1 asn=64501
 *     notice event="session down" peer=198.18.1.1 asn=64501 cause="hold timer expired"
 *     error event="address conflict" address=198.18.0.1 mac=02:00:00:00:00:66 detail="…"
 */
#include "control/daemon/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/daemon/watch.h"
#include "rib/base/check.h"

#define QUIET_US (10 * USEC_PER_SEC)

/* One neighbour's last line of a kind that is limited. */
struct limit {
	usec_t at; /* 0: never. */
	uint32_t left_out;
};

enum { LIMIT_FAILED, LIMIT_FAULT, LIMIT_AUTH, LIMIT_PATHS, LIMIT_COUNT };

#define CONFLICTS_MAX 64 /* Addresses with a limit of their own; the rest shares the last. */

struct events {
	const struct roster *roster;
	struct state *state;
	struct feed *feed; /* NULL: nobody is told. */
	uint64_t lost;
	usec_t *established_us; /* [peer] */
	struct {
		struct addr addr;
		struct limit limit;
	} conflict[CONFLICTS_MAX];
	unsigned conflict_count;
	struct limit limit[][LIMIT_COUNT];
};

struct events *events_new(const struct roster *roster, struct state *state)
{
	struct events *e =
		calloc(1, sizeof(*e) + roster->capacity * LIMIT_COUNT * sizeof(struct limit));
	ASSERT(e != NULL);
	e->roster = roster;
	e->state = state;
	e->established_us = calloc(roster->capacity + 1, sizeof(*e->established_us));
	ASSERT(e->established_us != NULL);
	return e;
}

void events_tell(struct events *e, struct feed *feed)
{
	e->feed = feed;
}

const usec_t *events_established(const struct events *e)
{
	return e->established_us;
}

void events_free(struct events *e)
{
	if (e != NULL) {
		free(e->established_us);
		free(e);
	}
}

/* Whether a line may be written now; *out_left_out tells how many were not since the last. */
static bool is_due(struct limit *l, usec_t now, uint32_t *out_left_out)
{
	if (l->at != 0 && now - l->at < QUIET_US) {
		l->left_out++;
		return false;
	}
	*out_left_out = l->left_out;
	*l = (struct limit){.at = now};
	return true;
}

/* The limit of a kind that can repeat fast; LIMIT_COUNT for the others. */
static unsigned limit_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_FAILED:
		return LIMIT_FAILED;
	case EVENT_FAULT:
		return LIMIT_FAULT;
	case EVENT_AUTH:
		return LIMIT_AUTH;
	case EVENT_PATHS:
		return LIMIT_PATHS;
	default:
		return LIMIT_COUNT;
	}
}

/* What an event of a session is for subscribers. */
static const struct {
	enum feed_type type;
	const char *state; /* Of a session's; NULL: it has none. */
	const char *text;
} told[] = {
	[EVENT_UP] = {FEED_SESSION, "up", "the session is up"},
	[EVENT_DOWN] = {FEED_SESSION, "down", "the session is down"},
	[EVENT_FAILED] = {FEED_SESSION, "failed", "the session failed"},
	[EVENT_FAULT] = {FEED_FAULT, NULL, "an update was faulty"},
	[EVENT_AUTH] = {FEED_FAULT, NULL, "a segment was refused"},
	[EVENT_PATHS] = {FEED_FAULT, NULL, "paths were refused"},
	[EVENT_LIMIT] = {FEED_LIMIT, NULL, "prefix limit"},
	[EVENT_LIMIT_DOWN] = {FEED_LIMIT, "disabled", "prefix limit: the session was disabled"},
};

static void tell_one(struct events *e, const struct event *event, const struct roster_row *who,
		     uint32_t left_out)
{
	char text[NOTIFY_TEXT_MAX + 64];
	bool has_cause = event->text[0] != '\0';
	const char *state = told[event->kind].state;
	if (e->feed == NULL) {
		return;
	}
	(void)snprintf(text, sizeof(text), "%s%s%s", told[event->kind].text, has_cause ? ": " : "",
		       event->text);
	json_t *data = json_pack("{s:I, s:I}", "asn", (json_int_t)who->asn, "left_out",
				 (json_int_t)left_out);
	json_t *open = NULL;
	if (state != NULL) {
		json_object_set_new(data, "state", json_string(state));
	}
	if (told[event->kind].type == FEED_SESSION) {
		open = json_pack("{s:I, s:s}", "asn", (json_int_t)who->asn, "state", state);
	}
	feed_push(e->feed, &(struct feed_event){.type = told[event->kind].type,
						.at_us = watch_now_us(),
						.session = &who->addr,
						.text = text,
						.data = data,
						.open = open});
}

static void log_one(struct events *e, const struct event *event)
{
	static const struct {
		const char *text;
		enum log_level level;
	} kinds[] = {
		[EVENT_UP] = {"session up", LOG_NOTICE},
		[EVENT_DOWN] = {"session down", LOG_NOTICE},
		[EVENT_FAILED] = {"session failed", LOG_INFO},
		[EVENT_FAULT] = {"faulty update", LOG_WARNING},
		[EVENT_AUTH] = {"segment refused", LOG_WARNING},
		[EVENT_PATHS] = {"paths refused", LOG_WARNING},
		[EVENT_LIMIT] = {"prefix limit", LOG_WARNING},
		[EVENT_LIMIT_DOWN] = {"prefix limit", LOG_ERROR},
	};
	char peer[ADDR_TEXT_MAX], asn[16], more[16];
	uint32_t left_out = 0;
	const struct roster_row *who = &e->roster->row[event->peer];
	if (event->kind == EVENT_UP) {
		e->established_us[event->peer] = watch_now_us();
	}
	unsigned limit = limit_of(event->kind);
	if (limit != LIMIT_COUNT && !is_due(&e->limit[event->peer][limit], event->at, &left_out)) {
		return;
	}
	snprintf(asn, sizeof(asn), "%u", who->asn);
	snprintf(more, sizeof(more), "%u", left_out);
	log_event(kinds[event->kind].level, kinds[event->kind].text, "peer",
		  addr_format(&who->addr, peer), "asn", asn, "cause",
		  event->text[0] != '\0' ? event->text : NULL, "left_out",
		  left_out > 0 ? more : NULL, NULL);
	tell_one(e, event, who, left_out);
}

/* As if the operator had disabled it: it stays so when the server restarts. */
static void keep_down(struct events *e, const struct event *event)
{
	char reason[STATE_REASON_MAX], peer[ADDR_TEXT_MAX];
	const struct addr *addr = &e->roster->row[event->peer].addr;
	int err = 0;
	snprintf(reason, sizeof(reason), "%.*s", STATE_REASON_MAX - 1, event->text);
	if (e->state != NULL) {
		err = state_disable(e->state, addr, reason, (int64_t)time(NULL));
	}
	if (err != 0) {
		log_event(LOG_ERROR, "state not saved", "peer", addr_format(addr, peer), "cause",
			  strerror(-err), "detail",
			  "the neighbour is down now, but would be up again after a restart", NULL);
	}
}

static struct limit *conflict_limit(struct events *e, const struct addr *addr)
{
	for (unsigned i = 0; i < e->conflict_count; i++) {
		if (addr_equal(&e->conflict[i].addr, addr)) {
			return &e->conflict[i].limit;
		}
	}
	if (e->conflict_count < CONFLICTS_MAX) {
		e->conflict[e->conflict_count++].addr = *addr;
	}
	return &e->conflict[e->conflict_count - 1].limit;
}

/* Workers limit themselves, but each of them may have seen it. */
static void log_conflict(struct events *e, const struct event *event)
{
	char address[ADDR_TEXT_MAX], mac[MAC_TEXT_MAX], more[16];
	uint32_t left_out = 0;
	if (!is_due(conflict_limit(e, &event->addr), event->at, &left_out)) {
		return;
	}
	snprintf(more, sizeof(more), "%u", left_out);
	log_event(LOG_ERROR, "address conflict", "address", addr_format(&event->addr, address),
		  "mac", mac_format(&event->mac, mac), "detail",
		  "another station uses or wants this address of ours; we defend it", "left_out",
		  left_out > 0 ? more : NULL, NULL);
	if (e->feed != NULL) {
		feed_push(e->feed,
			  &(struct feed_event){
				  .type = FEED_CONFLICT,
				  .at_us = watch_now_us(),
				  .text = "another station uses or wants an address of ours",
				  .data = json_pack("{s:s, s:s}", "address", address, "mac", mac)});
	}
}

static void log_lost(struct events *e, const struct server *s)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		lost += metric_get(&server_core_stats(s, (core_id_t)i)->events_lost);
	}
	if (lost > e->lost) {
		log_printf(LOG_WARNING, "events lost", "%llu were not logged",
			   (unsigned long long)(lost - e->lost));
		e->lost = lost;
	}
}

void events_drain(struct events *e, struct server *s)
{
	struct event event;
	while (server_event(s, &event)) {
		if (event.kind == EVENT_CONFLICT) {
			log_conflict(e, &event);
		} else if (event.peer < e->roster->capacity) {
			log_one(e, &event);
			if (event.kind == EVENT_LIMIT_DOWN) {
				keep_down(e, &event);
			}
		}
	}
	log_lost(e, s);
}
