/* Names in the reverse zones of prefixes.  RFC 1035 §3.5 (in-addr.arpa), RFC 3596 §2.5 (ip6.arpa).
 *
 * Zones end at octets (IPv4) and nibbles (IPv6).  A prefix between two of them, such as a /22, has
 * one zone that encloses it (the /16's) and several that make it up (its four /24s), and it is the
 * latter that a registry delegates to the holder.  So it can be proved in either: at the enclosing
 * zone, or at each of the zones that it is made of.  Names of RFC 2317 are not looked for.  Pure.
 */
#pragma once

#include "rib/base/addr.h"

#define REVERSE_NAME_MAX 100 /* "_causeway." + 32 nibbles with dots + "ip6.arpa" */
#define REVERSE_LABEL	 "_causeway"

/* How many zones make up the prefix: 1 when it is one itself, else 2 to 128 (IPv4), 8 (IPv6). */
unsigned reverse_part_count(const struct prefix *p);
/* The i-th of them, in the order of their addresses. */
struct prefix reverse_part(const struct prefix *p, unsigned i);
/* The zone's prefix that encloses it: itself when it is one. */
struct prefix reverse_enclosing(const struct prefix *p);
/* "_causeway.5.18.198.in-addr.arpa." for 198.18.5.0/24; `zone` ends at an octet or nibble. */
char *reverse_name(const struct prefix *zone, char out[REVERSE_NAME_MAX]);
