/* IPv4 and IPv6 addresses and prefixes: values, text, order.
 *
 * Both families share one 16-byte form so that tables and messages need no second shape; an IPv4
 * address occupies the first 4 bytes and the rest is zero, so equality is a plain comparison.
 * A prefix is canonical when every bit past its length is zero; prefix_make() makes it so.
 * Text follows RFC 4291 (read) and RFC 5952 (written).
 */
#pragma once

#include "rib/base/bytes.h"

struct addr {
	uint8_t bytes[16]; /* Network order; IPv4 in bytes[0..3], the rest zero. */
	uint8_t family;	   /* enum family */
};

struct prefix {
	uint8_t bytes[16]; /* As struct addr; bits past `len` are zero. */
	uint8_t family;	   /* enum family */
	uint8_t len;	   /* Bits: 0..32 or 0..128. */
};

#define ADDR_TEXT_MAX	48 /* Buffer for addr_format, with the terminator. */
#define PREFIX_TEXT_MAX 52

static inline unsigned family_bits(uint8_t family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

static inline size_t family_bytes(uint8_t family)
{
	return family == FAMILY_IPV4 ? 4 : 16;
}

struct addr addr_v4(uint32_t host_order);
struct addr addr_make(enum family family, const void *bytes);
bool addr_equal(const struct addr *a, const struct addr *b);
/* Order by family, then numerically: <0, 0, >0. */
int addr_cmp(const struct addr *a, const struct addr *b);
bool addr_is_zero(const struct addr *a);
bool addr_is_multicast(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_link_local(const struct addr *a);	   /* fe80::/10; 169.254.0.0/16. */
uint32_t addr_v4_host_order(const struct addr *a); /* `a` is IPv4. */
/* Parse the whole of `text`.  0, or -EINVAL with *out untouched. */
int addr_parse(const char *text, struct addr *out);
/* RFC 5952 text into `buf` (ADDR_TEXT_MAX bytes); returns `buf`. */
char *addr_format(const struct addr *a, char *buf);

/* The canonical prefix of `len` bits (at most the family's) over `a`; bits past `len` are
 * cleared. */
struct prefix prefix_make(const struct addr *a, unsigned len);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
int prefix_cmp(const struct prefix *a, const struct prefix *b); /* Address first, then length. */
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_has_addr(const struct prefix *p, const struct addr *a);
/* Parse "address/len"; a bare address is a host prefix.  `*out_host_bits` (may be NULL) tells
 * whether bits past the length were set (they are cleared).  0 or -EINVAL, outputs untouched. */
int prefix_parse(const char *text, struct prefix *out, bool *out_host_bits);
char *prefix_format(const struct prefix *p, char *buf); /* PREFIX_TEXT_MAX bytes; returns buf. */
/* Keyed content hash of a prefix: same key and prefix, same value, on every run. */
uint64_t prefix_hash(const struct prefix *p, uint64_t key);
/* The shard of a prefix: hash of the top 16 bits (IPv4) or 32 bits (IPv6), so that neighbours in
 * address space stay together and pack into one UPDATE.  `shards` >= 1. */
core_id_t prefix_shard(const struct prefix *p, unsigned shards, uint64_t key);
