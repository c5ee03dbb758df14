/* Why: what the checks say of a route, what decides for one member, and how a reason is told in
 * communities.
 *
 * All is naive, for one route and one member, and asked of the same policy that judges: any thread
 * that may read that. */
#pragma once

#include "rib/policy/asks.h"
#include "rib/policy/check.h"
#include "rib/policy/prefix_set.h"

enum check_verdict {
	CHECK_PASS,
	CHECK_FAIL,
	CHECK_WARN,    /* It fails, and policy only warns. */
	CHECK_SKIPPED, /* Not made: of a blackhole request, or the session came to an end before. */
	CHECK_OFF,     /* Not configured. */
};

struct check_note {
	enum reject reason; /* That it would be; its name is the check's. */
	enum check_verdict verdict;
	const char *key;  /* Where it is configured, or what says so. */
	char detail[160]; /* The data behind it. */
};

#define CHECK_NOTES_MAX REJECT_COUNT

/* Every check of a route of `peer`, in their order, whether or not one before has failed.  `known`
 * is what the session has found (REJECT_NONE: nothing).  Returns how many there are. */
unsigned check_explain(const struct policy *p, peer_id_t peer, const struct attr *a,
		       enum reject known, const struct prefix *prefix,
		       struct check_note out[CHECK_NOTES_MAX]);
const char *check_verdict_name(enum check_verdict v); /* "pass", "fail", ... */

/* What decides whether a member is sent a route that was accepted. */
enum to_rule {
	TO_EVERYONE,	 /* Nothing is said against it. */
	TO_COMMUNITY,	 /* A community of the announcer's: `community`. */
	TO_WELL_KNOWN,	 /* RFC 1997: the same. */
	TO_RPKI_INVALID, /* Accepted, but sent to nobody. */
	TO_BLACKHOLE,	 /* The member takes no blackhole routes. */
	TO_OWN,		 /* It is one of our own, for others. */
	TO_LIMITED,	 /* It is announced to some alone, by its authorisation. */
	TO_VIEW,	 /* It is not given this announcer's routes. */
	TO_EXPORT_DENY,	 /* It has a rule against the prefix: `prefix_rule`. */
	TO_EXPORT_ALLOW, /* It has rules for others alone. */
	TO_RULE_COUNT
};

struct to_note {
	bool is_denied;
	enum to_rule rule;
	enum community_name name;	    /* TO_COMMUNITY */
	char community[COMMUNITY_TEXT_MAX]; /* As text. */
	struct prefix_rule prefix_rule;
	/* How it is dressed. */
	unsigned prepends;
	char prepend_community[COMMUNITY_TEXT_MAX];
	bool is_blackhole, adds_no_export, adds_no_advertise;
	bool is_draining; /* LOCAL_PREF 0 and GRACEFUL_SHUTDOWN. */
};

struct to_note judge_explain_to(const struct policy *p, peer_id_t from, const struct attr *a,
				const struct prefix *prefix, peer_id_t to);
/* "do not announce to peer": what a rule says; of TO_COMMUNITY, what the community's name does. */
const char *to_note_text(const struct to_note *n);

/* The communities that say why a route of `peer` is rejected, where policy tags: up to `max`;
 * returns how many. */
unsigned reject_communities(const struct policy *p, peer_id_t peer, enum reject reason,
			    struct community_value *out, unsigned max);

/* The communities that tell what was found of an accepted route of `peer`, and that no member is
 * sent: up to `max`; returns how many. */
unsigned state_communities(const struct policy *p, peer_id_t peer, const struct attr *a,
			   const struct prefix *prefix, struct community_value *out, unsigned max);
