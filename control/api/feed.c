/* The ring; see feed.h. */
#include "control/api/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"

struct slot {
	uint64_t id;
	enum feed_type type;
	char tenant[24]; /* "": nobody's. */
	json_t *event;	 /* For those who may see everything of it. */
	json_t *open;	 /* For everybody; NULL: not. */
};

struct feed {
	uint64_t first, next, lost;
	const char *(*tenant_of)(void *context, const struct addr *a);
	void *context;
	json_t *told_lost; /* The last event of that kind. */
	struct slot ring[FEED_RING];
};

static const char *const types[FEED_TYPE_COUNT] = {
	[FEED_SESSION] = "session",   [FEED_FAULT] = "fault",	[FEED_LIMIT] = "limit",
	[FEED_CONFLICT] = "conflict", [FEED_CHANGE] = "change", [FEED_EVIDENCE] = "evidence",
	[FEED_ALARM] = "alarm",	      [FEED_RELOAD] = "reload", [FEED_RULES] = "rules",
	[FEED_LOST] = "lost",
};

const char *feed_type_text(unsigned n)
{
	return n < FEED_TYPE_COUNT ? types[n] : NULL;
}

struct feed *feed_new(uint64_t first)
{
	struct feed *f = calloc(1, sizeof(*f));
	ASSERT(f != NULL && first > 0);
	f->first = first;
	f->next = first;
	return f;
}

static void slot_fini(struct slot *s)
{
	json_decref(s->event);
	json_decref(s->open);
}

void feed_free(struct feed *f)
{
	if (f != NULL) {
		for (unsigned i = 0; i < FEED_RING; i++) {
			slot_fini(&f->ring[i]);
		}
		json_decref(f->told_lost);
		free(f);
	}
}

void feed_ask(struct feed *f, const char *(*tenant_of)(void *context, const struct addr *a),
	      void *context)
{
	f->tenant_of = tenant_of;
	f->context = context;
}

/* RFC 3339, to the millisecond. */
static void format_time(uint64_t at_us, char out[32])
{
	time_t at_s = (time_t)(at_us / USEC_PER_SEC);
	struct tm tm;
	char text[24];
	ASSERT(gmtime_r(&at_s, &tm) != NULL);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, 32, "%s.%03uZ", text, (unsigned)(at_us % USEC_PER_SEC / 1000));
}

/* `data` is taken. */
static json_t *event_json(const struct feed *f, const struct feed_event *e, const char *tenant,
			  const char *text, json_t *data)
{
	char at[32], name[ADDR_TEXT_MAX];
	json_t *doc = json_object();
	format_time(e->at_us, at);
	json_object_set_new(doc, "id", json_integer((json_int_t)f->next));
	json_object_set_new(doc, "at", json_string(at));
	json_object_set_new(doc, "type", json_string(types[e->type]));
	if (e->session != NULL) {
		json_object_set_new(doc, "session", json_string(addr_format(e->session, name)));
	}
	if (tenant != NULL && tenant[0] != '\0') {
		json_object_set_new(doc, "tenant", json_string(tenant));
	}
	if (text != NULL) {
		/* Causes may quote what is no UTF-8. */
		json_t *value = json_string(text);
		json_object_set_new(doc, "text", value != NULL ? value : json_string(""));
	}
	json_object_set_new(doc, "data", data != NULL ? data : json_object());
	return doc;
}

void feed_push(struct feed *f, const struct feed_event *e)
{
	struct slot *s = &f->ring[f->next % FEED_RING];
	const char *tenant = e->tenant;
	ASSERT(e->type < FEED_LOST);
	if (tenant == NULL && e->session != NULL && f->tenant_of != NULL) {
		tenant = f->tenant_of(f->context, e->session);
	}
	slot_fini(s);
	*s = (struct slot){.id = f->next, .type = e->type};
	(void)snprintf(s->tenant, sizeof(s->tenant), "%s", tenant != NULL ? tenant : "");
	s->event = event_json(f, e, tenant, e->text, e->data);
	s->open = e->open != NULL ? event_json(f, e, NULL, NULL, e->open) : NULL;
	f->next++;
}

uint64_t feed_next_id(const struct feed *f)
{
	return f->next;
}

uint64_t feed_count(const struct feed *f)
{
	return f->next - f->first;
}

uint64_t feed_lost(const struct feed *f)
{
	return f->lost;
}

static uint64_t oldest(const struct feed *f)
{
	return feed_count(f) > FEED_RING ? f->next - FEED_RING : f->first;
}

uint64_t feed_after(const struct feed *f, uint64_t last)
{
	/* Of another server, whose clock was ahead: what it means is not known any more. */
	if (last >= f->next) {
		return f->next;
	}
	return last == 0 ? oldest(f) : last + 1;
}

/* What of the event the reader sees; NULL: nothing. */
static json_t *shown_to(const struct slot *s, const struct feed_reader *r)
{
	bool is_own =
		r->tenant != NULL && s->tenant[0] != '\0' && strcmp(r->tenant, s->tenant) == 0;
	if (r->sees_all || is_own) {
		return s->event;
	}
	return r->sees_open ? s->open : NULL;
}

/* How many there were is nobody's business but of those who see all. */
static void show_lost(struct feed *f, struct feed_reader *r, struct feed_shown *out)
{
	r->next = oldest(f);
	f->lost++;
	json_decref(f->told_lost);
	f->told_lost = json_pack("{s:I, s:s, s:s, s:{}}", "id", (json_int_t)(r->next - 1), "type",
				 types[FEED_LOST], "text",
				 "Events were lost in between: read again what you keep.", "data");
	*out = (struct feed_shown){
		.id = r->next - 1, .type = types[FEED_LOST], .event = f->told_lost};
}

bool feed_read(struct feed *f, struct feed_reader *r, struct feed_shown *out)
{
	if (r->next < oldest(f)) {
		show_lost(f, r, out);
		return true;
	}
	for (; r->next < f->next; r->next++) {
		const struct slot *s = &f->ring[r->next % FEED_RING];
		json_t *event = shown_to(s, r);
		ASSERT(s->id == r->next);
		if (event != NULL) {
			*out = (struct feed_shown){
				.id = s->id, .type = types[s->type], .event = event};
			r->next++;
			return true;
		}
	}
	return false;
}
