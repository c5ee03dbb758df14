/* The Internet checksum, RFC 1071.
 *
 * A sum is kept unfolded in 64 bits and in the machine's own byte order, which the ones' complement
 * sum does not mind; only the final 16 bits are stored as they lie in memory.  So sums of pieces
 * may be taken at any time, kept beside shared bytes, and added up later. */
#pragma once

#include "rib/base/addr.h"

/* Add `len` bytes to a running sum (0 to begin).  Only the last piece may be of odd length. */
uint64_t csum_add(uint64_t sum, const void *data, size_t len);
/* Copy `len` bytes and return their sum: one pass over the bytes. */
uint64_t csum_copy(void *to, const void *from, size_t len);
/* Add the sum of a piece that begins `at` bytes into the whole: at an odd place its bytes change
 * sides (RFC 1071 §2 B). */
uint64_t csum_join(uint64_t sum, uint64_t piece, size_t at);
/* Add the pseudo-header of TCP (RFC 9293 §3.1) or IPv6 (RFC 8200 §8.1); `len` is that of the
 * upper layer. */
uint64_t csum_add_pseudo(uint64_t sum, const struct addr *src, const struct addr *dst,
			 uint8_t protocol, size_t len);
/* Store the checksum for `sum` at `to` (two bytes, which were zero while summing). */
void csum_store(uint64_t sum, uint8_t *to);
/* Store the sum itself, folded: for a device that adds what is missing and inverts it. */
void csum_store_open(uint64_t sum, uint8_t *to);
/* Whether a sum that includes the stored checksum says that the data is intact. */
bool csum_is_good(uint64_t sum);
