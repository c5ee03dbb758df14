/* Checksums by the textbook loop of RFC 1071 §4.1: see wire_fix.h. */
#include "tests/support/wire_fix.h"

#define ETH_LEN 14
#define IP4_LEN 20
#define IP6_LEN 40

static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* RFC 1071 §4.1, the textbook loop. */
static uint32_t sum16(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += (i & 1) != 0 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

void wire_fix_l4(uint8_t *l4, size_t len, const struct addr *src, const struct addr *dst,
		 uint8_t proto)
{
	size_t at = proto == 6 ? 16 : 2;
	uint32_t sum = (uint32_t)len + proto;

	if ((proto != 1 && proto != 6 && proto != 58) || len < at + 2) {
		return;
	}
	put16(l4 + at, 0);
	if (proto == 1) {
		sum = 0; /* ICMP of IPv4 has no pseudo-header. */
	} else {
		sum = sum16(sum, src->bytes, family_bytes(src->family));
		sum = sum16(sum, dst->bytes, family_bytes(dst->family));
	}
	put16(l4 + at, (uint16_t)~sum16(sum, l4, len));
}

static void fix4(uint8_t *ip, size_t len)
{
	size_t header_len = (size_t)(ip[0] & 15) * 4;
	size_t total_len = (size_t)ip[2] << 8 | ip[3];

	if (header_len < IP4_LEN || header_len > len) {
		return;
	}
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum16(0, ip, header_len));
	if (total_len >= header_len && total_len <= len) {
		struct addr src = addr_make(FAMILY_IPV4, ip + 12);
		struct addr dst = addr_make(FAMILY_IPV4, ip + 16);

		wire_fix_l4(ip + header_len, total_len - header_len, &src, &dst, ip[9]);
	}
}

static void fix6(uint8_t *ip, size_t len)
{
	size_t at = IP6_LEN, end = IP6_LEN + ((size_t)ip[4] << 8 | ip[5]);
	uint8_t proto = ip[6];

	if (end > len) {
		return;
	}
	while ((proto == 0 || proto == 60) && at + 8 <= end) {
		proto = ip[at];
		at += (size_t)ip[at + 1] * 8 + 8;
	}
	if (at < end) {
		struct addr src = addr_make(FAMILY_IPV6, ip + 8);
		struct addr dst = addr_make(FAMILY_IPV6, ip + 24);

		wire_fix_l4(ip + at, end - at, &src, &dst, proto);
	}
}

void wire_fix(uint8_t *frame, size_t len)
{
	size_t at = ETH_LEN;

	if (len >= 18 && frame[12] == 0x81 && frame[13] == 0) {
		at += 4; /* An 802.1Q tag. */
	}
	if (len < at + IP4_LEN) {
		return;
	}
	unsigned type = (unsigned)frame[at - 2] << 8 | frame[at - 1];
	if (type == 0x0800) {
		fix4(frame + at, len - at);
	} else if (type == 0x86dd && len >= at + IP6_LEN) {
		fix6(frame + at, len - at);
	}
}
