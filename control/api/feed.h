/* What happens, numbered: the last FEED_RING events, for whoever asks with the number of the last
 * one that it has seen.
 *
 * An event is a JSON object that is made once and read by all.  Numbers ascend, over restarts of
 * the server too, when feed_new's `first` does.  A reader that lags by more than the ring is told
 * so by an event "lost" and goes on with the oldest.  Pure: no clock; control thread. */
#pragma once

#include <jansson.h>

#include "rib/base/addr.h"

#define FEED_RING 4096

enum feed_type {
	FEED_SESSION,  /* Up, down, or an attempt that failed. */
	FEED_FAULT,    /* An UPDATE, a segment or a path of a neighbour's that was refused. */
	FEED_LIMIT,    /* About a neighbour's limit on prefixes. */
	FEED_CONFLICT, /* Another station has an address of ours. */
	FEED_CHANGE,   /* Of the registry. */
	FEED_EVIDENCE, /* A proof has another result. */
	FEED_ALARM,    /* Of a source or the registry's database, begins or ends. */
	FEED_RELOAD,   /* The configuration is another. */
	FEED_RULES,    /* Other rules are in force. */
	FEED_LOST,     /* Instead of events that the reader was too late for. */
	FEED_TYPE_COUNT
};

struct feed_event {
	enum feed_type type;
	uint64_t at_us;		    /* Since 1970. */
	const struct addr *session; /* NULL: none. */
	const char *tenant;	    /* Whose it is; NULL: the session's, or nobody's. */
	const char *text;	    /* A sentence. */
	json_t *data;		    /* What depends on the type; taken; NULL: nothing. */
	/* Of the data: what everybody may see where the looking glass is public; taken.  NULL: then
	 * the event is not for everybody. */
	json_t *open;
};

/* Who reads. */
struct feed_reader {
	bool sees_all;	    /* Operators and viewers. */
	bool sees_open;	    /* The looking glass is public. */
	const char *tenant; /* Sees what is this tenant's; NULL: nothing. */
	uint64_t next;	    /* Number of the next event to look at. */
};

/* What is shown; `event` is borrowed until the next call. */
struct feed_shown {
	uint64_t id;
	const char *type; /* "session" */
	json_t *event;	  /* All of it; not to be changed. */
};

struct feed;

/* The n-th of enum feed_type, as it is told; NULL behind the last. */
const char *feed_type_text(unsigned n);

struct feed *feed_new(uint64_t first);
void feed_free(struct feed *f);
/* Who asks whose session an address is: the tenant, or NULL. */
void feed_ask(struct feed *f, const char *(*tenant_of)(void *context, const struct addr *a),
	      void *context);
void feed_push(struct feed *f, const struct feed_event *e);
/* Number of the next event; how many there were; how many readers were told that they lag. */
uint64_t feed_next_id(const struct feed *f);
uint64_t feed_count(const struct feed *f);
uint64_t feed_lost(const struct feed *f);
/* Where to begin: behind the event `last` that was seen, or at the oldest when `last` is 0. */
uint64_t feed_after(const struct feed *f, uint64_t last);
/* The next event for the reader.  False when there is none now. */
bool feed_read(struct feed *f, struct feed_reader *r, struct feed_shown *out);
