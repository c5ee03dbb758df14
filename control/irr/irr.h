/* AS-SET and prefix data for filters: asked for on a schedule, kept on disk, changed in place.
 *
 * The module knows AS-SETs and *filters*: what the clients with one list of AS-SETs share.  A
 * filter's sets are immutable; when an answer is another one, the filter gets new sets and the
 * generation moves, and who holds the old ones sees by their addresses which filters changed.
 * Data never goes away because a question failed or an answer was odd (set.h).
 *
 * Files beside it, read again when they change: PeeringDB's dump and registro.br's routes.
 *
 * Control thread.  Nothing here blocks: children's pipes are for the caller's poll, parsing goes in
 * slices of a few milliseconds.  It logs what an operator must know, each alarm once. */
#pragma once

#include <poll.h>

#include "control/irr/conf.h"
#include "control/irr/peeringdb.h"
#include "control/irr/set.h"

#define IRR_FDS_MAX (IRR_THREADS_MAX * CHILD_FDS)

struct irr;

struct irr_filter {
	struct irr_names names;
	unsigned users;
	bool has_data; /* Of one AS-SET at least; without data a filter has nothing in it. */
	bool is_whole; /* Of each. */
	struct asn_set *asns;
	struct prefix_set *prefixes; /* ge and le as registered: the prefix's length, mostly. */
};

struct irr_opts {
	const struct irr_conf *conf; /* Borrowed until irr_configure or irr_free. */
	int cache_fd;		     /* The directory; taken.  −1: no cache. */
	uint64_t seed;
	usec_t now;
	int64_t now_s; /* Seconds since 1970. */
};

/* Reads the dumps before it returns. */
struct irr *irr_new(const struct irr_opts *opts);
/* The directory of the cache, when irr_new had none; before the first filter.  Taken. */
void irr_use_cache(struct irr *i, int dir_fd);
void irr_free(struct irr *i); /* Every filter is given back before. */
/* Another configuration of the same section, in the same place or another; its strings are borrowed
 * from now on, and those before until it returns. */
void irr_configure(struct irr *i, const struct irr_conf *conf, usec_t now);

/* The filter of these AS-SETs, with what the cache has of them; what is new is asked for soon.
 * Counted: _put gives it back. */
const struct irr_filter *irr_filter_get(struct irr *i, const struct irr_names *names, usec_t now);
void irr_filter_put(struct irr *i, const struct irr_filter *filter);

/* Moves when a filter has other sets, or a dump is another. */
uint32_t irr_generation(const struct irr *i);
bool irr_is_asking(const struct irr *i); /* Some AS-SET is asked for, or read, right now. */
/* NULL: none was given, or it could not be read yet.  Borrowed until irr_serve. */
const struct peeringdb *irr_peeringdb(const struct irr *i);
struct prefix_set *irr_registrobr(const struct irr *i);

unsigned irr_fds(const struct irr *i, struct pollfd out[IRR_FDS_MAX]);
/* One turn; true when there is more to do at once. */
bool irr_serve(struct irr *i, usec_t now, int64_t now_s);

/* Ask soon for one AS-SET, or (NULL) for all.  How many that are. */
unsigned irr_refresh(struct irr *i, const struct irr_name *name, usec_t now);
/* Believe what was held back.  −ENOENT: no such AS-SET; −EAGAIN: nothing is held back. */
int irr_accept(struct irr *i, const struct irr_name *name, int64_t now_s);
/* The AS-SETs, in the order of their names. */
unsigned irr_set_count(const struct irr *i);
const struct irr_set *irr_set_at(const struct irr *i, unsigned idx);
const struct irr_set *irr_set_find(const struct irr *i, const struct irr_name *name);
/* "ok", "stale" (a question failed), "held", "empty", "failed" (and no data), "waiting". */
const char *irr_set_state(const struct irr_set *s);

unsigned irr_alarm_count(const struct irr *i); /* AS-SETs with an alarm. */

/* Make (when it is missing) and open the directory of the cache; `dir` NULL: state_dir/irr.  The
 * descriptor, or −errno. */
int irr_cache_open(int state_dir_fd, const char *dir);
