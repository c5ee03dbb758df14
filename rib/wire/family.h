/* Address families as numbers on the wire: AFI and SAFI.  RFC 4760 §3, RFC 7606 §5.3. */
#pragma once

#include "rib/base/addr.h"

enum { AFI_IPV4 = 1, AFI_IPV6 = 2, SAFI_UNICAST = 1 };

static inline uint16_t family_afi(enum family family)
{
	return family == FAMILY_IPV4 ? AFI_IPV4 : AFI_IPV6;
}

/* False when it is none that the server carries: `*out` is then untouched. */
static inline bool family_of_afi(uint16_t afi, uint8_t safi, enum family *out)
{
	if (safi != SAFI_UNICAST || (afi != AFI_IPV4 && afi != AFI_IPV6)) {
		return false;
	}
	*out = afi == AFI_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
	return true;
}
