/* Checksums that made-up frames ought to have, computed by none of the code under test. */
#pragma once

#include "rib/base/addr.h"

/* Write the checksums of a frame: IPv4 header, TCP, ICMP, ICMPv6 (also behind extension headers and
 * an 802.1Q tag).  Any bytes will do; what is not there is left alone. */
void wire_fix(uint8_t *frame, size_t len);
/* The checksum of a TCP segment or ICMP message `l4` between two addresses, at its place. */
void wire_fix_l4(uint8_t *l4, size_t len, const struct addr *src, const struct addr *dst,
		 uint8_t proto);
