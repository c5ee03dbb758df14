/* A session with an RPKI cache: RTR version 0 or 1, over TCP or SSH, by rtrlib.  RFC 6810, 8210.
 *
 * Each cache is a session of its own in a thread of rtrlib's own, so that every cache is ready when
 * a better one fails; which of them counts is not rtrlib's to say (source.h).
 *
 * Records cross to the control thread as whole sets: rtrlib's thread gathers the changes of one
 * exchange, and when the cache has ended it (End of Data) makes the new sorted set, puts it under
 * the one lock and rings `event_fd`.  So what waits is never more than one set, and what the
 * control thread sees is always what the cache had at one time.  What rtrlib takes out because it
 * is too old is the beginning of an exchange that has not ended: nothing of it crosses. */
#pragma once

#include "control/rpki/vrp_set.h"

struct rtr_cache;

struct rtr_cache_opts {
	const char *address; /* Or a name. */
	uint16_t port;
	bool is_ssh;
	const char *user, *private_key, *host_key; /* SSH's; host_key is a known_hosts file. */
	/* Seconds; 0: as the cache says, or RFC 8210's default. */
	unsigned refresh_s, retry_s, expire_s;
	int event_fd; /* Rung when there is news; must live until rtr_cache_close. */
};

enum rtr_cache_state { RTR_CACHE_CONNECTING, RTR_CACHE_SYNCED, RTR_CACHE_LOST };

struct rtr_cache_report {
	enum rtr_cache_state state;
	bool has_synced; /* Ever. */
	bool is_flooded; /* It sent more than we take: its sets are no longer handed over. */
	unsigned version;
	uint32_t session, serial;
	unsigned refresh_s, retry_s, expire_s; /* In use. */
	usec_t synced_age_us;		       /* Since the last End of Data. */
	const char *error;		       /* What it was lost by; NULL when it is not. */
	uint64_t exchanges, added, removed;
	usec_t took_us; /* To make the set of the last exchange. */
};

/* Debian's rtrlib tells each step on stdio's stderr.  From here on that leads nowhere, unless the
 * log is at debug; the log itself writes to descriptor 2.  For the daemon, once. */
void rtr_cache_hush(void);
/* Begin; connects in its own time.  NULL with the reason in `why`.  Control thread. */
struct rtr_cache *rtr_cache_open(const struct rtr_cache_opts *o, char *why, size_t why_len);
/* The state, and the newest set when there is one since the last call (one reference), or NULL. */
struct vrp_set *rtr_cache_take(struct rtr_cache *c, struct rtr_cache_report *out);
/* Hand the newest set over once more. */
void rtr_cache_again(struct rtr_cache *c);
/* From now on nothing is handed over.  The session itself, which may be busy connecting, is ended
 * by a thread that nobody waits for. */
void rtr_cache_close(struct rtr_cache *c);
