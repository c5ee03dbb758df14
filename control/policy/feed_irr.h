/* From AS-SETs to the desk: which members' routes are held against which, and their sets as they
 * come.  Control thread. */
#pragma once

#include "control/config/config.h"
#include "control/config/roster.h"
#include "control/irr/use.h"
#include "control/policy/desk.h"

struct feed_irr;

/* All borrowed; `irr` and `desk` until the end, the others until others are given. */
struct feed_irr *feed_irr_new(struct irr *irr, struct policy_desk *desk, const struct config *c,
			      const struct roster *roster);
void feed_irr_free(struct feed_irr *f); /* Before irr_free. */
/* Another configuration, or the roster's members are others. */
void feed_irr_configure(struct feed_irr *f, const struct config *c);
/* Put on the desk what is new; called in every turn of the control loop. */
void feed_irr_step(struct feed_irr *f, usec_t now);

/* Whether something is made of the AS-SETs of a member with these keys. */
bool feed_irr_is_needed(const struct policy_conf *conf, const struct client_policy *client);
