/* Roles of two neighbours, and what follows for the Only to Customer attribute.  RFC 9234.
 *
 * A role says what we are to the member (§3.1), and so what the member is to us.  All rules are one
 * table by our own role: the one that is configured, for §4.2 has it that "the locally configured
 * BGP Role is used for the procedures described in Section 5", whether or not the member sent the
 * capability.  Of families there are only those to which §5 applies, unicast ones. */
#pragma once

#include "rib/attr/attr.h"
#include "rib/wire/open.h"

#define ROLE_COUNT (ROLE_PEER + 1u)

/* "rs-client"; NULL for a number that has no name yet. */
const char *role_text(unsigned role);
/* False when it is no role's name. */
bool role_parse(const char *text, uint8_t *out_role);
/* Whether the roles that both sides send fit together, Table 2; `theirs` may be any number. */
bool role_is_pair(unsigned ours, unsigned theirs);

/* §5, by our role.  Ingress: whether a route with `otc` (0: none) of a member with `peer_as` was
 * leaked, and whether one without OTC gets it with the member's AS. */
bool role_is_leak(unsigned ours, asn_t otc, asn_t peer_as);
bool role_marks(unsigned ours);
/* Egress: whether a route without OTC is sent with it, and whether one with it is kept back. */
bool role_adds_otc(unsigned ours);
bool role_denies_otc(unsigned ours);
