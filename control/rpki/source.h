/* A source of RPKI data: what it has, whether that is current, and what is wrong with it.
 *
 * Sources fail stale: what a source once gave stays until it gives something plausible in its
 * place.  A cache that is lost or expired, a file that is gone, faulty or suddenly half as long
 * raises an alarm and changes nothing.  For origin validation knows two ways to hurt: to drop what
 * is valid, and to let through what is not; with old data both stay rare, with none the second is
 * certain.
 *
 * Of all sources those of the best preference are used that are current, as one union; when none is
 * current, those used before.  Pure. */
#pragma once

#include "control/rpki/aspa_list.h"
#include "control/rpki/vrp_set.h"

#define RPKI_SOURCES_MAX 32

enum source_alarm {
	SOURCE_FINE,
	SOURCE_LOST,	    /* A cache that cannot be asked. */
	SOURCE_EXPIRED,	    /* The same, for longer than its data are said to be good. */
	SOURCE_MISSING,	    /* A file that cannot be read. */
	SOURCE_FAULTY,	    /* A file that is none, or a cache that breaks the protocol. */
	SOURCE_IMPLAUSIBLE, /* Far fewer records than before. */
	SOURCE_OLD,	    /* A file that nobody has written for too long. */
	SOURCE_ALARM_COUNT
};

struct source {
	char *name; /* "tcp 198.18.0.9 port 323", or a file's path. */
	bool is_cache;
	uint8_t preference; /* Smaller is better. */
	struct vrp_set *vrps;
	struct aspa_list aspas;
	uint64_t version; /* Of vrps and aspas; 0: there never were any. */
	bool is_current;
	bool is_used; /* For VRPs or ASPAs, as source_choose found. */
	enum source_alarm alarm;
	char detail[200];
	usec_t alarm_since;
	usec_t changed; /* The data; 0: never. */
	usec_t took_us; /* To read them last time, or to bring them into order. */
};

/* Put new data in the place of the old ones; both are taken whatever comes of it.  False, and
 * nothing is changed, when more than `shrink_max` percent of what was there would go; `why` says
 * so. */
bool source_offer(struct source *s, struct vrp_set *vrps, struct aspa_list *aspas,
		  unsigned shrink_max, char *why, size_t why_len);
/* Sources by number as bits: those to use, of those with VRPs (with ASPAs); `before` is what was
 * found the last time, 0 at first. */
uint32_t source_choose(const struct source *s, unsigned count, bool is_aspa, uint32_t before);
const char *source_alarm_text(enum source_alarm alarm); /* "lost" */
void source_fini(struct source *s);
