/* Rules in the daemon: from sources to the desk, and from the desk to the server.
 *
 * What decides which rules there are is in control/policy; here are the server that they are for,
 * and where ROAs, IRR data and round-trip times come from.  Control thread. */
#pragma once

#include "control/irr/irr.h"
#include "control/policy/desk.h"
#include "control/rpki/rpki.h"
#include "dataplane/core/core.h"

struct rules;

/* With the first rules, before there is a server.  Both are borrowed. */
struct rules *rules_new(const struct config *c, const struct roster *roster);
void rules_free(struct rules *r); /* After the server. */
struct policy_desk *rules_desk(const struct rules *r);
/* From now on rules are for this server. */
void rules_serve(struct rules *r, struct server *server);
/* Take what the sources have already, so that the first routes are judged by it; and from now on
 * what they get.  Before the workers run. */
void rules_begin(struct rules *r, struct rpki *rpki, struct irr *irr, usec_t now);
void rules_end(struct rules *r); /* Before the sources are freed. */
/* The configuration has other contents, or the roster's members are others. */
void rules_adopt(struct rules *r);
/* What the server announces for customers, each prefix once, instead of the ones before; copied.
 * RULES_ORIGINATED_MAX at most. */
#define RULES_ORIGINATED_MAX (ORIGIN_ROUTES_MAX - FAMILY_COUNT)
void rules_set_originated(struct rules *r, const struct policy_originated *route, unsigned count);
/* In every turn of the control loop.  `has_roas`: rpki_step() said so. */
void rules_step(struct rules *r, bool has_roas, usec_t now);
