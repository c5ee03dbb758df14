/* One AS-SET: what we hold of it, where that comes from, and what is wrong with it.
 *
 * An answer takes the place of the one before only when it is believed (rules.h).  One that is not
 * is held back beside it, with an alarm, until it is accepted by an operator or followed by one
 * that is believed; a failed question leaves everything as it is, with an alarm. */
#pragma once

#include "control/irr/cache.h"
#include "control/irr/fetch.h"
#include "rib/policy/asn_set.h"

enum irr_alarm {
	IRR_ALARM_NONE,
	IRR_ALARM_FAILED, /* The last question had no answer. */
	IRR_ALARM_HELD,	  /* The last answer was not believed. */
	IRR_ALARM_EMPTY,  /* No AS number in the first answer: is the name right? */
};

struct irr_set_part {
	bool has_data;
	size_t count;
	uint64_t hash;
	int64_t fetched_s; /* When the data was last said to be so. */
	enum irr_alarm alarm;
	char detail[160];
	bool is_held;
	struct irr_list held; /* Not believed. */
};

struct irr_set {
	struct irr_name name;
	unsigned users; /* Filters. */
	struct irr_set_part part[IRR_PART_COUNT];
	struct asn_set *asns;	     /* NULL: none, or never heard of. */
	struct prefix_set *prefixes; /* Of both families. */
	char *path;		     /* The file it comes from; NULL: bgpq4.  Owned. */
	struct file_stamp stamp;     /* Of the file as it was read. */
	uint64_t source;	     /* Whom it is asked of: a hash. */
	usec_t due;		     /* Of the next question. */
	unsigned failures;	     /* In a row. */
	struct fetch *fetch;	     /* Under way; NULL: none. */
};

/* What irr_set_take() needs to know beside the set. */
struct irr_taking {
	unsigned shrink_percent;
	int64_t now_s;
	int cache_fd;	  /* −1: no cache. */
	const char *from; /* For the cache: whom the answers are of. */
};

void irr_set_free(struct irr_set *s);
bool irr_set_has_data(const struct irr_set *s);
/* The worst of the three parts: the first one with an alarm.  NULL: none. */
const struct irr_set_part *irr_set_alarmed(const struct irr_set *s);
/* The oldest time of its parts; 0: never. */
int64_t irr_set_fetched_s(const struct irr_set *s);
/* Judge and take what a complete fetch has brought.  True when the sets are others. */
bool irr_set_take(struct irr_set *s, struct fetch *f, const struct irr_taking *t);
/* Take what is held back.  False when nothing is. */
bool irr_set_accept(struct irr_set *s, const struct irr_taking *t);
/* Read what the cache has.  True when all of it is there and is of `from`. */
bool irr_set_load(struct irr_set *s, int cache_fd, const char *from);
