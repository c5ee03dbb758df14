/* The Internet checksum, RFC 1071.
 *
 * A sum is kept unfolded in 64 bits and in the machine's own byte order, which the one's complement
 * sum does not mind; only the final 16 bits are stored as they lie in memory. */
#pragma once

#include "rib/base/addr.h"

/* Add `len` bytes to a running sum (0 to begin).  Only the last piece may be of odd length. */
uint64_t csum_add(uint64_t sum, const void *data, size_t len);
/* Add the IPv6 pseudo-header of RFC 8200 §8.1. */
uint64_t csum_add_pseudo6(uint64_t sum, const struct addr *src, const struct addr *dst,
			  uint8_t next_header, size_t len);
/* Store the checksum for `sum` at `to` (two bytes, which were zero while summing). */
void csum_store(uint64_t sum, uint8_t *to);
/* Whether a sum that includes the stored checksum says that the data is intact. */
bool csum_is_good(uint64_t sum);
