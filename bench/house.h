/* A house full of members in memory, behind a NIC that has no wire: what a server's own work costs.
 *
 * The NIC's other side is one counterpart for each member, as small as can be: it connects, says
 * OPEN and KEEPALIVE, sends the UPDATEs that were built beforehand as far as it is acknowledged,
 * and acknowledges whatever comes, one ACK for two segments.  It looks at no more than headers, so
 * it can neither fail nor check; that is the tests' business.  What it takes is measured and can be
 * taken off.  Each queue belongs to one worker, and so do the counterparts of its members: the
 * workers share nothing here. */
#pragma once

#include "dataplane/core/core.h"

struct house_opts {
	unsigned members, workers;
	unsigned prefixes; /* Announced by each of the first `announcers`. */
	unsigned announcers;
	unsigned per_set; /* Prefixes with the same attributes. */
	unsigned mtu;
	unsigned asking; /* One set of so many asks to be kept from one member; 0: none does. */
	/* Of a hundred sets so many are announced by the next announcer, too, half of them with the
	 * better path, after all of its own. */
	unsigned overlap;
	usec_t now;
};

struct house;

/* What passed by one queue. */
struct house_count {
	uint64_t ticks;	   /* Of the time-stamp counter, spent on the other side. */
	uint64_t segments; /* With payload, from the server. */
	uint64_t bytes;	   /* Of payload. */
	uint64_t acks;
	uint64_t last;	     /* Ticks after the burst with the last of these segments, */
	uint64_t last_spent; /* and of them, spent on the other side by then. */
};

/* Whether an announcer's set is also announced by the next one. */
bool house_is_shared(const struct house_opts *opts, unsigned set);
struct house *house_new(const struct house_opts *opts);
void house_free(struct house *h);
struct server *house_server(struct house *h);
/* Let up to `count` further members of a queue connect, and those that have not got through try
 * again; false when all have been let.  The queue's worker, as what follows. */
bool house_knock(struct house *h, unsigned queue, unsigned count);
/* From now on the UPDATEs of the queue's members are sent. */
void house_feed(struct house *h, unsigned queue);
/* The first UPDATE of a member that announces, with other attributes for each `version`.  All that
 * it sent before is acknowledged. */
void house_change(struct house *h, unsigned member, unsigned version);
/* Whether frames wait for the queue's worker. */
bool house_has_mail(const struct house *h, unsigned queue);
const struct house_count *house_count(const struct house *h, unsigned queue);

static inline uint64_t house_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
