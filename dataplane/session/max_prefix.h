/* Limits on how many prefixes a member may announce, and what happens beyond.
 *
 * Prefixes are counted by the shards, some time after the member's worker has read them.  The
 * worker adds the shards' counts up now and then, and lets the machine know (max_prefix_count).  In
 * between the machine keeps `room`: how many announcements there may be until the limit can have
 * been exceeded, each taken to be a new prefix, those that are still on their way to the shards
 * among them.  While there is room nothing is looked at; when there is none, counts are wanted at
 * once.
 *
 *     shutdown   Cease/Maximum Number of Prefixes Reached; down until the operator enables it
 *     restart    the same, and it comes back by itself
 *     block      announcements without room are "capped": a shard accepts such a one only for a
 *                path that the member has already, and keeps it rejected otherwise.  When there is
 *                room again, shards are told how many to accept; the member is not asked.
 *     warning    an event
 *
 * The first two and the last exceed the limit by at most what is read before the next count: one
 * batch.  `block` never exceeds it; where paths are announced again just below the limit, a new one
 * may be kept out for a moment.  RFC 4271 §6.7, RFC 4486 §4.  Pure; owner: the session's worker. */
#pragma once

#include "rib/base/addr.h"
#include "rib/wire/notify.h"

#define MAX_PREFIX_LAST	   8		       /* Prefixes that are remembered. */
#define MAX_PREFIX_HOLD_US (1 * USEC_PER_SEC)  /* Between grants of what was blocked. */
#define MAX_PREFIX_TELL_US (60 * USEC_PER_SEC) /* Between events of a kind. */

enum max_prefix_do {
	MAX_PREFIX_OFF,
	MAX_PREFIX_WARN,
	MAX_PREFIX_BLOCK,
	MAX_PREFIX_RESTART,
	MAX_PREFIX_SHUTDOWN,
};

struct max_prefix_rules {
	uint8_t action;		 /* enum max_prefix_do */
	uint8_t warning_percent; /* Of a limit: an event below it; 0: none. */
	bool counts_rejected;	 /* Received ones are counted; else accepted ones. */
	uint32_t restart_after_s;
	uint32_t limit[FAMILY_COUNT]; /* 0: none. */
};

static inline bool max_prefix_rules_equal(const struct max_prefix_rules *a,
					  const struct max_prefix_rules *b)
{
	return a->action == b->action && a->warning_percent == b->warning_percent &&
	       a->counts_rejected == b->counts_rejected &&
	       a->restart_after_s == b->restart_after_s &&
	       a->limit[FAMILY_IPV4] == b->limit[FAMILY_IPV4] &&
	       a->limit[FAMILY_IPV6] == b->limit[FAMILY_IPV6];
}

/* What the shards say together. */
struct max_prefix_tally {
	uint64_t received, accepted;
	uint64_t blocked;   /* Of those received, kept out by the limit. */
	uint64_t announces; /* Announcements that they have seen, ever. */
};

enum max_prefix_step {
	MAX_PREFIX_NOTHING,
	MAX_PREFIX_NEAR,	 /* Above the percentage. */
	MAX_PREFIX_OVER,	 /* Above the limit; warning. */
	MAX_PREFIX_FULL,	 /* Blocking has begun. */
	MAX_PREFIX_GRANT,	 /* `grant` of those blocked are to be accepted. */
	MAX_PREFIX_END,		 /* The session has to rest for a while, */
	MAX_PREFIX_END_FOR_GOOD, /* or until the operator enables it. */
};

struct max_prefix_family {
	uint64_t room;	 /* UINT64_MAX where there is no limit. */
	uint64_t pushed; /* Announcements for the shards, ever. */
	uint64_t count;	 /* When last counted, */
	uint64_t blocked;
	uint64_t coming;		      /* On their way to the shards then. */
	uint64_t grant;			      /* Under way to shards until `grant_due`. */
	usec_t grant_due, near_due, over_due; /* Not before these again. */
	uint32_t exceeded, warnings;	      /* How often. */
	bool is_near, is_over;
	bool is_freeing;	       /* What a rule before has blocked is to be granted. */
	uint8_t last_next, last_count; /* Of `last`: a ring. */
	struct prefix last[MAX_PREFIX_LAST];
};

struct max_prefix {
	struct max_prefix_rules rules;
	struct max_prefix_family family[FAMILY_COUNT];
};

/* As it is shown. */
struct max_prefix_status {
	struct max_prefix_rules rules;
	uint32_t exceeded[FAMILY_COUNT], warnings[FAMILY_COUNT];
	uint8_t last_count[FAMILY_COUNT];
	struct prefix last[FAMILY_COUNT][MAX_PREFIX_LAST]; /* The latest first. */
};

void max_prefix_init(struct max_prefix *m, const struct max_prefix_rules *rules);
/* Other limits, in a session's life, too: counts are wanted. */
void max_prefix_set_rules(struct max_prefix *m, const struct max_prefix_rules *rules);
/* Whether anything is to be counted. */
bool max_prefix_is_on(const struct max_prefix *m);
/* No room is left without a new count. */
static inline bool max_prefix_is_pressed(const struct max_prefix *m)
{
	return m->family[FAMILY_IPV4].room == 0 || m->family[FAMILY_IPV6].room == 0;
}
/* The family's sum. */
enum max_prefix_step max_prefix_count(struct max_prefix *m, enum family family,
				      const struct max_prefix_tally *tally, usec_t now);
/* An announcement without room. */
void max_prefix_note(struct max_prefix *m, const struct prefix *p);
/* A prefix is announced to the shards, `is_counted` if it can count: whether it is capped. */
static inline bool max_prefix_push(struct max_prefix *m, const struct prefix *p, bool is_accepted)
{
	struct max_prefix_family *f = &m->family[p->family];
	f->pushed++;
	if (!is_accepted && !m->rules.counts_rejected) {
		return false;
	}
	if (f->room > 0) {
		f->room--;
		return false;
	}
	max_prefix_note(m, p);
	return m->rules.action == MAX_PREFIX_BLOCK;
}
/* So many are, if there is room for all of them; false: then each is to be pushed by itself. */
static inline bool max_prefix_pass(struct max_prefix *m, enum family family, uint32_t count,
				   bool is_accepted)
{
	struct max_prefix_family *f = &m->family[family];
	bool is_counted = is_accepted || m->rules.counts_rejected;
	if (is_counted && f->room < count) {
		return false;
	}
	f->pushed += count;
	f->room -= is_counted ? count : 0;
	return true;
}

/* RFC 4486 §4: AFI, SAFI and the bound. */
struct notify max_prefix_notify(const struct max_prefix *m, enum family family);
/* What there is to say of a step other than GRANT, for a log: "10 IPv4 prefixes, the limit is 8".
 * Returns `buf`. */
char *max_prefix_format(const struct max_prefix *m, enum family family, enum max_prefix_step step,
			char *buf, size_t len);
