/* Who is a member: the one way by which members come, change and go while the server runs, whoever
 * wants it, the files or the registry.
 *
 * Each member that is to be brought further has a task, one for its address, which goes its own
 * way:
 *
 *     gone or changed → told to its worker
 *     new             → a number → rules that know it → told to its worker
 *
 * so a member costs O(1) requests and waits for nobody else.  A worker's ring may be full, a number
 * or an address still a former member's: what cannot be done now is tried again in the next step.
 * What is wanted of a member that has a task already is merged into it: only the last counts.
 *
 * The roster follows at once.  Control thread. */
#pragma once

#include "control/config/diff.h"
#include "control/config/roster.h"
#include "control/irr/irr.h"
#include "control/state/state.h"
#include "dataplane/core/core.h"

struct membership_opts {
	struct server *server;
	struct roster *roster;
	const struct state *state;
	const struct irr *irr; /* Has PeeringDB's dump, for limits; NULL: none. */
	/* The number has another client in the roster, or none.  NULL: nobody has to know. */
	void (*seated)(void *context, peer_id_t peer);
	/* The roster's members are others, or say other things: see to the rules.  The ticket says
	 * when that is done.  NULL: there are none to see to. */
	uint64_t (*rules_changed)(void *context);
	bool (*rules_are_settled)(void *context, uint64_t ticket);
	void *context;
};

/* Who wants it; what both want is both's. */
enum member_source { MEMBERS_OF_FILES, MEMBERS_OF_REGISTRY, MEMBER_SOURCE_COUNT };

struct membership;

struct membership *membership_new(const struct membership_opts *opts);
void membership_free(struct membership *m);
/* `client` is the member with its address from now on, in place of who it was; NULL: nobody is.
 * It is borrowed until another is set, and who it was has to be there until this returns. */
void membership_set(struct membership *m, const struct addr *ip, const struct config_client *client,
		    enum member_source source);
/* Who the member with this address is to be; NULL: nobody. */
const struct config_client *membership_client(const struct membership *m, const struct addr *ip);
/* Something is on its way: what this source asked for is not done. */
bool membership_is_busy(const struct membership *m, enum member_source source);
/* Other things than members are others, too, that rules are made of. */
void membership_touch_rules(struct membership *m);
/* Something can be brought further soon. */
bool membership_is_moving(const struct membership *m);
/* The ticket of the rules seen to last, and whether they are in force. */
uint64_t membership_rules(const struct membership *m);
bool membership_are_rules_settled(const struct membership *m, uint64_t ticket);
/* A step; called in every turn of the control loop. */
void membership_step(struct membership *m);
