/* Origin validation's data for the server: caches and files in, one roa and one aspa out.
 *
 * Owned by the control thread and driven by its loop.  When what the sources in use have together
 * has changed, there is a new roa (or aspa); what the change touches is the caller's to find
 * (roa_difference).  Changes that come close together become one.  Alarms are logged when they
 * begin and when they end, and stand in the answers of `causeway rpki` and `causeway status`. */
#pragma once

#include <poll.h>

#include "control/config/rpki_conf.h"
#include "control/rpki/cache.h"
#include "control/rpki/source.h"

#define RPKI_FDS_MAX 2

struct rpki;

/* `conf` is borrowed until the next rpki_apply() or rpki_free().  NULL when the system gives no
 * descriptors.  Files are read at once. */
struct rpki *rpki_new(const struct rpki_conf *conf, usec_t now);
void rpki_free(struct rpki *r);
/* Another configuration: sources that stand in both keep their sessions and data. */
void rpki_apply(struct rpki *r, const struct rpki_conf *conf, usec_t now);
/* What to wait for; `out` has room for RPKI_FDS_MAX. */
unsigned rpki_fds(const struct rpki *r, struct pollfd *out);
/* Take what has come; often.  True when rpki_roa() or rpki_aspa() is another than before. */
bool rpki_step(struct rpki *r, usec_t now);

/* Borrowed until the next rpki_step(): hold it.  NULL: there are no data. */
struct roa *rpki_roa(const struct rpki *r);
struct aspa *rpki_aspa(const struct rpki *r);

/* The prefixes whose VRPs differ between now and the last call (at first: from nothing), as rules
 * that have all routes under them: what is to be validated again when rpki_roa() is published.  The
 * caller's; NULL when memory is short: then everything is.  Much cheaper than roa_difference(). */
struct prefix_set *rpki_take_touched(struct rpki *r);

/* For showing. */
unsigned rpki_source_count(const struct rpki *r);
const struct source *rpki_source(const struct rpki *r, unsigned i);
/* Of a cache; NULL for a file. */
const struct rtr_cache_report *rpki_report(const struct rpki *r, unsigned i);
/* When the file that is in use was written, seconds since 1970; 0 for a cache. */
int64_t rpki_written_s(const struct rpki *r, unsigned i);
unsigned rpki_alarms(const struct rpki *r); /* How many sources have one. */
struct rpki_numbers {
	size_t v4, v6;	  /* VRPs in use. */
	size_t customers; /* ASPAs in use. */
	size_t bytes;
	usec_t changed;	 /* 0: never. */
	usec_t build_us; /* What the last change took. */
	uint64_t changes;
};
struct rpki_numbers rpki_numbers(const struct rpki *r);
