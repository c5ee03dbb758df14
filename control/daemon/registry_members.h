/* The registry's sessions as members: what of the registry is this server's, and keeps up with it.
 *
 * Each session of our site is a client, made anew when something of it changes, and set as a member
 * (membership.h); what it may announce goes onto the desk.  A change costs what it touches.  An
 * address that the files have is the files': the session waits, and is told of. Pure but for what
 * it hands on.  Control thread. */
#pragma once

#include "control/daemon/membership.h"
#include "control/policy/desk.h"
#include "control/registry/authorise.h"
#include "control/registry/change.h"

struct registry_members;

struct registry_members_opts {
	const struct config *config; /* One object for good; its contents may change. */
	const struct roster *roster;
	struct policy_desk *desk;
	struct membership *membership;
	struct state *state; /* NULL: nothing survives a restart. */
};

/* One session of ours, as it is shown. */
struct registry_member {
	registry_id_t id;
	struct addr ip;
	struct config_client *client; /* NULL: it cannot be a member: */
	char problem[320];	      /* why not; "": it can. */
	bool is_limited;
	struct registry_grant grant;
	struct registry_member *by_id, *by_ip; /* The next in the same bucket. */
	bool is_seen;
};

struct registry_members_view {
	const struct registry *registry;
	const struct registry_rules *rules;
	int64_t now_s;
};

struct registry_members *registry_members_new(const struct config *c);
void registry_members_free(struct registry_members *m);
/* The registry is another, as a whole. */
void registry_members_load(struct registry_members *m, const struct registry_members_view *v);
/* A change of it was applied. */
void registry_members_change(struct registry_members *m, const struct registry_members_view *v,
			     const struct registry_change *change);
/* Who is to be a member at the start: up to `max` clients that the files do not have. */
unsigned registry_members_clients(const struct registry_members *m,
				  const struct config_client **out, unsigned max);
/* From now on members come by `opts`, and what they may announce goes to its desk. */
void registry_members_serve(struct registry_members *m, const struct registry_members_opts *opts);
/* The contents of the configuration are others. */
void registry_members_configure(struct registry_members *m, const struct registry_members_view *v);
/* The client with this address, whether the files have it, too, or not; NULL: there is none. */
const struct config_client *registry_members_client(const struct registry_members *m,
						    const struct addr *ip);
/* Why a session of ours is no member; NULL: it is one, or is none of ours.  For api_env. */
const char *registry_members_problem(const void *members, const char *session);
/* The number is another client's: what that may announce goes onto the desk. */
void registry_members_seat(const struct registry_members *m, peer_id_t peer);
struct registry_members_counts {
	unsigned sessions, refused; /* Of ours; of these cannot be members. */
};
struct registry_members_counts registry_members_count(const struct registry_members *m);
