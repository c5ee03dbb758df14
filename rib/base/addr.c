/* Addresses and prefixes: pure functions over values.
 *
 * Reading leaves the strictness to inet_pton(): whole text, no leading zeros in dotted quads.
 * Writing IPv6 is our own, because the C library prints some addresses in the old
 * IPv4-compatible form where RFC 5952 does not (::1:2 as ::0.1.0.2). */
#include "rib/base/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"

/* Both are compared and hashed as a whole. */
static_assert(sizeof(struct addr) == 17, "no padding");
static_assert(sizeof(struct prefix) == 18, "no padding");

struct addr addr_v4(uint32_t host_order)
{
	return (struct addr){
		.bytes = {(uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
			  (uint8_t)(host_order >> 8), (uint8_t)host_order},
		.family = FAMILY_IPV4,
	};
}

struct addr addr_make(enum family family, const void *bytes)
{
	struct addr a = {.family = (uint8_t)family};

	ASSERT(family < FAMILY_COUNT);
	memcpy(a.bytes, bytes, family_bytes(a.family));
	return a;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family) {
		return a->family < b->family ? -1 : 1;
	}
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_is_zero(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	/* RFC 5771; RFC 4291 §2.7. */
	return a->family == FAMILY_IPV4 ? (a->bytes[0] & 0xf0) == 0xe0 : a->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t loopback[16] = {[15] = 1};

	return a->family == FAMILY_IPV4 ? a->bytes[0] == 127
					: memcmp(a->bytes, loopback, sizeof(loopback)) == 0;
}

bool addr_is_link_local(const struct addr *a)
{
	return a->family == FAMILY_IPV4 ? a->bytes[0] == 169 && a->bytes[1] == 254
					: a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

uint32_t addr_v4_host_order(const struct addr *a)
{
	ASSERT(a->family == FAMILY_IPV4);
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	       (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

int addr_parse(const char *text, struct addr *out)
{
	struct addr a = {.family = FAMILY_IPV4};

	if (strchr(text, ':') != NULL) {
		a.family = FAMILY_IPV6;
	}
	if (inet_pton(a.family == FAMILY_IPV4 ? AF_INET : AF_INET6, text, a.bytes) != 1) {
		return -EINVAL;
	}
	*out = a;
	return 0;
}

static char *put_decimal(char *at, unsigned value)
{
	ASSERT(value < 1000);
	if (value >= 100) {
		*at++ = (char)('0' + value / 100);
	}
	if (value >= 10) {
		*at++ = (char)('0' + value / 10 % 10);
	}
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *put_quad(char *at, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0) {
			*at++ = '.';
		}
		at = put_decimal(at, bytes[i]);
	}
	return at;
}

/* Lower case, no leading zeros: RFC 5952 §4.1, §4.3. */
static char *put_group(char *at, unsigned value)
{
	static const char hex[] = "0123456789abcdef";
	unsigned shift = 12;

	while (shift > 0 && value >> shift == 0) {
		shift -= 4;
	}
	*at++ = hex[value >> shift & 15];
	while (shift > 0) {
		shift -= 4;
		*at++ = hex[value >> shift & 15];
	}
	return at;
}

static unsigned group_at(const uint8_t *bytes, unsigned group)
{
	return (unsigned)bytes[2 * group] << 8 | bytes[2 * group + 1];
}

/* The first of the longest runs of two or more zero groups: RFC 5952 §4.2.  `*out_len` is 0 when
 * there is none. */
static unsigned zero_run(const uint8_t *bytes, unsigned *out_len)
{
	unsigned best = 0, best_len = 1, len = 0;

	for (unsigned group = 0; group < 8; group++) {
		len = group_at(bytes, group) == 0 ? len + 1 : 0;
		if (len > best_len) {
			best = group + 1 - len;
			best_len = len;
		}
	}
	*out_len = best_len >= 2 ? best_len : 0;
	return best;
}

static char *put_v6(char *at, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned run_len;
	unsigned run = zero_run(bytes, &run_len);

	/* RFC 5952 §5: ::ffff:0:0/96 is known to hold an IPv4 address. */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		memcpy(at, "::ffff:", 7);
		return put_quad(at + 7, bytes + 12);
	}
	for (unsigned group = 0; group < 8; group++) {
		if (run_len > 0 && group == run) {
			*at++ = ':';
			*at++ = ':';
			group += run_len - 1;
			continue;
		}
		if (group > 0 && at[-1] != ':') {
			*at++ = ':';
		}
		at = put_group(at, group_at(bytes, group));
	}
	return at;
}

char *addr_format(const struct addr *a, char *buf)
{
	char *end = a->family == FAMILY_IPV4 ? put_quad(buf, a->bytes) : put_v6(buf, a->bytes);

	ASSERT(end < buf + ADDR_TEXT_MAX);
	*end = '\0';
	return buf;
}

struct prefix prefix_make(const struct addr *a, unsigned len)
{
	struct prefix p = {.family = a->family, .len = (uint8_t)len};
	unsigned whole = len / 8;

	ASSERT(len <= family_bits(a->family));
	memcpy(p.bytes, a->bytes, whole);
	if (len % 8 != 0) {
		p.bytes[whole] = (uint8_t)(a->bytes[whole] & 0xff00U >> len % 8);
	}
	return p;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	if (a->family != b->family) {
		return a->family < b->family ? -1 : 1;
	}
	int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	return order != 0 ? order : (int)a->len - (int)b->len;
}

/* Whether the first `len` bits agree. */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned len)
{
	unsigned whole = len / 8;

	if (memcmp(a, b, whole) != 0) {
		return false;
	}
	return len % 8 == 0 || ((a[whole] ^ b[whole]) & 0xff00U >> len % 8 & 0xff) == 0;
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->len <= inner->len &&
	       bits_equal(outer->bytes, inner->bytes, outer->len);
}

bool prefix_has_addr(const struct prefix *p, const struct addr *a)
{
	return p->family == a->family && bits_equal(p->bytes, a->bytes, p->len);
}

/* One to three digits without leading zeros, up to `max`.  -1 when it is anything else. */
static int len_parse(const char *text, unsigned max)
{
	unsigned value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0')) {
		return -1;
	}
	for (size_t i = 0; i < digits; i++) {
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	return value <= max ? (int)value : -1;
}

int prefix_parse(const char *text, struct prefix *out, bool *out_host_bits)
{
	char addr_text[ADDR_TEXT_MAX];
	struct addr a;
	size_t addr_len = strcspn(text, "/");

	if (addr_len >= sizeof(addr_text)) {
		return -EINVAL;
	}
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';
	if (addr_parse(addr_text, &a) != 0) {
		return -EINVAL;
	}
	int len = (int)family_bits(a.family);
	if (text[addr_len] == '/') {
		len = len_parse(text + addr_len + 1, family_bits(a.family));
	}
	if (len < 0) {
		return -EINVAL;
	}
	*out = prefix_make(&a, (unsigned)len);
	if (out_host_bits != NULL) {
		*out_host_bits = memcmp(out->bytes, a.bytes, sizeof(a.bytes)) != 0;
	}
	return 0;
}

char *prefix_format(const struct prefix *p, char *buf)
{
	struct addr a = addr_make((enum family)p->family, p->bytes);

	addr_format(&a, buf);
	char *at = buf + strlen(buf);
	*at++ = '/';
	at = put_decimal(at, p->len);
	ASSERT(at < buf + PREFIX_TEXT_MAX);
	*at = '\0';
	return buf;
}

uint64_t prefix_hash(const struct prefix *p, uint64_t key)
{
	return hash_bytes(p, sizeof(*p), key);
}

core_id_t prefix_shard(const struct prefix *p, unsigned shards, uint64_t key)
{
	ASSERT(shards >= 1 && shards <= CORE_COUNT_MAX);
	uint64_t top = (uint64_t)p->bytes[0] << 8 | p->bytes[1];

	if (p->family == FAMILY_IPV6) {
		top = top << 16 | (uint64_t)p->bytes[2] << 8 | p->bytes[3];
	}
	uint64_t h = hash_mix(key, (uint64_t)p->family << 32 | top);
	/* The high half scaled to [0, shards): no division. */
	return (core_id_t)((h >> 32) * shards >> 32);
}
