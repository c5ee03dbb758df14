/* Which prefixes the server announces in customers' names: what of the registry's prefixes is
 * originated now, here, and towards whom.
 *
 * A prefix is, as long as it is announced (limited, draining), its tenant is enabled, its window is
 * open, and the next hop is the tenant's: an address that a session of another has, or that a
 * site's pool has to give, is not.  An operator's next hop outside of the pools is taken as it is.
 * Pure.  Control thread. */
#pragma once

#include "control/config/config.h"
#include "control/policy/desk.h"
#include "control/registry/change.h"
#include "control/registry/registry.h"

/* In order of prefixes, each once.  Up to `max`; how many there are may be more.  Texts are the
 * registry's, good until its next change.  `site` is the configuration's name of ours; NULL: all
 * are. */
unsigned registry_origins(const struct registry *r, const char *site, int64_t now_s,
			  struct policy_originated *out, unsigned max);
/* Leaves `max` of them, in their order, and tells how many there are then.  Those of prefixes among
 * `before` (in order, too) go first: no new prefix ends the announcement of another. */
unsigned registry_origins_fit(struct policy_originated *item, unsigned count,
			      const struct prefix *before, unsigned before_count, unsigned max);
/* Whether a change may make it others; NULL is the whole registry.  To look at all prefixes costs
 * milliseconds. */
bool registry_origins_touched(const struct registry_change *change);
