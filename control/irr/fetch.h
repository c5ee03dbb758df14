/* One AS-SET's questions, from the first program's start to three lists.
 *
 * bgpq4 is run for the AS numbers, the IPv4 and the IPv6 prefixes, one after the other; or a file
 * is read that has all of it.  Each step is short: reading pipes, or a slice of parsing. */
#pragma once

#include "control/irr/child.h"
#include "control/irr/conf.h"
#include "control/irr/file.h"
#include "control/irr/list.h"

enum fetch_result {
	FETCH_NONE,	/* Not asked: something before it failed. */
	FETCH_FAILED,	/* `why`. */
	FETCH_DOUBTFUL, /* A list, but the program complained (`why`): it may not be whole. */
	FETCH_GOOD,
};

struct fetch_part {
	enum fetch_result result;
	struct irr_list list; /* Owned. */
	char why[160];
};

struct fetch;

/* `path`: the file instead of bgpq4; NULL: none.  All is borrowed until fetch_free. */
struct fetch *fetch_start(const struct irr_conf *conf, const struct irr_name *name,
			  const char *path, usec_t now);
void fetch_free(struct fetch *f);
/* True when it is complete. */
bool fetch_step(struct fetch *f, usec_t now);
/* Whether the next step needs no descriptor to become ready. */
bool fetch_has_work(const struct fetch *f);
unsigned fetch_fds(const struct fetch *f, struct pollfd out[CHILD_FDS]);
/* Complete: the caller may take the list out. */
struct fetch_part *fetch_part(struct fetch *f, enum irr_part part);
/* The file that was read; zero when there was none. */
struct file_stamp fetch_stamp(const struct fetch *f);
