/* Roles: see role.h.  RFC 9234 §4.1 (names), §4.2 Table 2 (pairs), §5 (procedures). */
#include "rib/wire/role.h"

#include <string.h>

#include "rib/base/check.h"

/* The member is a Provider, an RS or a Peer: what it gives us is for our customers alone (ingress
 * 3), and what has OTC is not for it (egress 2). */
#define IS_BEYOND 1u
/* The member is a Customer, an RS-Client or a Peer: what it gets is for its customers (egress 1),
 * and what it gives has no OTC (ingress 1), or a Peer's own (ingress 2). */
#define IS_BELOW 2u

static const struct {
	const char *text;
	uint8_t pair;
	uint8_t member; /* What the member is to us. */
} row[] = {
	[ROLE_PROVIDER] = {"provider", ROLE_CUSTOMER, IS_BELOW},
	[ROLE_RS] = {"rs", ROLE_RS_CLIENT, IS_BELOW},
	[ROLE_RS_CLIENT] = {"rs-client", ROLE_RS, IS_BEYOND},
	[ROLE_CUSTOMER] = {"customer", ROLE_PROVIDER, IS_BEYOND},
	[ROLE_PEER] = {"peer", ROLE_PEER, IS_BEYOND | IS_BELOW},
};
static_assert(ARRAY_COUNT(row) == ROLE_COUNT, "every role has its row");

const char *role_text(unsigned role)
{
	return role < ROLE_COUNT ? row[role].text : NULL;
}

bool role_parse(const char *text, uint8_t *out_role)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (strcmp(row[i].text, text) == 0) {
			*out_role = (uint8_t)i;
			return true;
		}
	}
	return false;
}

bool role_is_pair(unsigned ours, unsigned theirs)
{
	ASSERT(ours < ROLE_COUNT);
	return theirs == row[ours].pair;
}

bool role_is_leak(unsigned ours, asn_t otc, asn_t peer_as)
{
	ASSERT(ours < ROLE_COUNT);
	if (otc == 0 || (row[ours].member & IS_BELOW) == 0) {
		return false;
	}
	return ours != ROLE_PEER || otc != peer_as;
}

bool role_marks(unsigned ours)
{
	ASSERT(ours < ROLE_COUNT);
	return (row[ours].member & IS_BEYOND) != 0;
}

bool role_adds_otc(unsigned ours)
{
	ASSERT(ours < ROLE_COUNT);
	return (row[ours].member & IS_BELOW) != 0;
}

bool role_denies_otc(unsigned ours)
{
	ASSERT(ours < ROLE_COUNT);
	return (row[ours].member & IS_BEYOND) != 0;
}
