/* Whose routes a member may have: `route_view` and `export`, as bits. */
#pragma once

#include "control/policy/build.h"

/* The bits of `peer` (malloc); NULL: everyone's. */
uint64_t *hears_new(const struct policy_input *in, peer_id_t peer);
/* The same of numbers that nobody has, and that do not hear everyone. */
uint64_t *hears_of_vacant(const struct policy_input *in, enum keep keep);
/* Who hears what the server announces for a customer; or, for itself, its default. */
void hearers_of(const struct policy_input *in, const struct policy_originated *o, uint64_t *bits);
/* Who is sent what a member may announce to some alone (malloc); NULL: nobody. */
uint64_t *limited_to_new(const struct policy_input *in, peer_id_t peer);
/* `export` by prefix and the default routes; one reference each is the caller's, NULL: no rule. */
struct prefix_set *export_deny_of(const struct client_policy *p);
struct prefix_set *export_allow_of(const struct client_policy *p);
