/* ICMP (RFC 792) and ICMPv6 (RFC 4443).
 *
 * Error reports quote the front of the packet that they are about: its IP header and at least the
 * first eight bytes behind it (RFC 792; RFC 1812 §4.3.2.3 and RFC 4443 §2.4 c ask for more), which
 * for TCP are the ports and the sequence number.  We send neither IPv4 options nor IPv6 extension
 * headers, so a quoted packet with any was not ours, unless a router on the way put options in;
 * IPv4 options are stepped over.  The quoted packet must have come from where the report goes.
 * The reply repeats identifier, sequence number and data of the request, whatever they are. */
#include "dataplane/net/icmp.h"

#include "rib/base/csum.h"
#include "rib/base/check.h"

#define ICMP_HEADER_LEN 8

#define ICMP4_ECHO_REPLY      0
#define ICMP4_ECHO	      8
#define ICMP4_UNREACHABLE     3
#define ICMP4_QUENCH	      4
#define ICMP4_REDIRECT	      5
#define ICMP4_EXCEEDED	      11
#define ICMP4_PARAMETER	      12
#define ICMP4_CODE_PROTOCOL   2
#define ICMP4_CODE_PORT	      3
#define ICMP4_CODE_TOO_BIG    4
#define ICMP6_UNREACHABLE     1
#define ICMP6_TOO_BIG	      2
#define ICMP6_CODE_PROHIBITED 1
#define ICMP6_CODE_PORT	      4
#define ICMP6_ERRORS_END      128 /* RFC 4443 §2.1: types below are errors. */
#define ICMP6_ECHO	      128
#define ICMP6_ECHO_REPLY      129

enum net_drop icmp_check(const struct ip_packet *p)
{
	uint64_t sum = 0;

	if (p->l4.len < ICMP_HEADER_LEN) {
		return NET_DROP_ICMP_SHORT;
	}
	if (p->proto == IP_PROTO_ICMP6) {
		sum = csum_add_pseudo(sum, &p->src, &p->dst, p->proto, p->l4.len);
	}
	return csum_is_good(csum_add(sum, p->l4.data, p->l4.len)) ? NET_DROP_NONE
								  : NET_DROP_ICMP_CHECKSUM;
}

bool icmp_is_error(const struct ip_packet *p)
{
	uint8_t type = p->l4.data[0];

	ASSERT(p->l4.len >= ICMP_HEADER_LEN);
	if (p->proto == IP_PROTO_ICMP6) {
		return type < ICMP6_ERRORS_END;
	}
	return type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_EXCEEDED || type == ICMP4_PARAMETER;
}

enum net_drop icmp_is_echo(const struct ip_packet *p)
{
	uint8_t type = p->l4.data[0], code = p->l4.data[1];

	ASSERT(p->l4.len >= ICMP_HEADER_LEN);
	uint8_t echo = p->proto == IP_PROTO_ICMP6 ? ICMP6_ECHO : ICMP4_ECHO;
	return type == echo && code == 0 ? NET_DROP_NONE : NET_DROP_ICMP_TYPE;
}

static enum icmp_kind kind_of(const struct ip_packet *p)
{
	uint8_t type = p->l4.data[0], code = p->l4.data[1];

	if (p->proto == IP_PROTO_ICMP6) {
		if (type == ICMP6_TOO_BIG) {
			return ICMP_TOO_BIG; /* RFC 4443 §3.2: whatever the code. */
		}
		bool is_hard = type == ICMP6_UNREACHABLE &&
			       (code == ICMP6_CODE_PROHIBITED || code == ICMP6_CODE_PORT);
		return is_hard ? ICMP_HARD : ICMP_SOFT;
	}
	if (type != ICMP4_UNREACHABLE) {
		return ICMP_SOFT;
	}
	if (code == ICMP4_CODE_TOO_BIG) {
		return ICMP_TOO_BIG;
	}
	return code == ICMP4_CODE_PROTOCOL || code == ICMP4_CODE_PORT ? ICMP_HARD : ICMP_SOFT;
}

/* Step over a quoted IPv4 header, RFC 791. */
static bool quote4(struct rd *r, struct icmp_error *out, uint8_t *out_proto, size_t *out_len)
{
	if (rd_left(r) < IP4_HEADER_LEN) {
		return false;
	}
	uint8_t first = rd_u8(r);
	size_t words = first & 0x0f;

	(void)rd_u8(r);
	*out_len = rd_u16(r);
	(void)rd_u16(r);
	uint16_t fragment = rd_u16(r);
	(void)rd_u8(r);
	*out_proto = rd_u8(r);
	(void)rd_u16(r); /* Routers count the TTL down: the checksum says nothing. */
	out->local = addr_make(FAMILY_IPV4, rd_span(r, 4).data);
	out->remote = addr_make(FAMILY_IPV4, rd_span(r, 4).data);
	if (first >> 4 != 4 || words < 5 || (fragment & IP4_OFFSET_MASK) != 0) {
		return false;
	}
	(void)rd_span(r, words * 4 - IP4_HEADER_LEN);
	return true;
}

/* Step over a quoted IPv6 header, RFC 8200 §3. */
static bool quote6(struct rd *r, struct icmp_error *out, uint8_t *out_proto, size_t *out_len)
{
	if (rd_left(r) < IP6_HEADER_LEN || rd_u32(r) >> 28 != 6) {
		return false;
	}
	*out_len = (size_t)rd_u16(r) + IP6_HEADER_LEN;
	*out_proto = rd_u8(r);
	(void)rd_u8(r);
	out->local = addr_make(FAMILY_IPV6, rd_span(r, 16).data);
	out->remote = addr_make(FAMILY_IPV6, rd_span(r, 16).data);
	return true;
}

/* RFC 1191 §3, RFC 8201 §4: never below the minimum; RFC 5927 §7.2: a packet that fits was not
 * too big. */
static bool is_mtu_plausible(uint8_t family, uint32_t mtu, size_t quoted_len)
{
	if (family == FAMILY_IPV4 && mtu == 0) {
		return true; /* RFC 1191 §4: a router of before it. */
	}
	return mtu >= (family == FAMILY_IPV4 ? ICMP4_MTU_MIN : ICMP6_MTU_MIN) && mtu < quoted_len;
}

enum net_drop icmp_error_decode(const struct ip_packet *p, struct icmp_error *out)
{
	struct rd r = rd_of(p->l4);
	struct icmp_error e = {.kind = kind_of(p)};
	size_t quoted_len = 0;
	uint8_t proto = 0;

	(void)rd_u32(&r);
	uint32_t mtu = rd_u32(&r);
	ASSERT(rd_is_ok(&r)); /* icmp_check. */
	if (p->src.family == FAMILY_IPV4) {
		mtu &= UINT16_MAX; /* RFC 1191 §4: the upper half is unused. */
	}
	bool is_ours = p->src.family == FAMILY_IPV4 ? quote4(&r, &e, &proto, &quoted_len)
						    : quote6(&r, &e, &proto, &quoted_len);
	if (!is_ours || !addr_equal(&e.local, &p->dst)) {
		return NET_DROP_ICMP_QUOTE;
	}
	if (proto != IP_PROTO_TCP) {
		return NET_DROP_ICMP_ERROR;
	}
	e.local_port = rd_u16(&r);
	e.remote_port = rd_u16(&r);
	e.seq = rd_u32(&r);
	if (!rd_is_ok(&r)) {
		return NET_DROP_ICMP_QUOTE;
	}
	if (e.kind == ICMP_TOO_BIG) {
		if (!is_mtu_plausible(p->src.family, mtu, quoted_len)) {
			return NET_DROP_ICMP_MTU;
		}
		e.mtu = (uint16_t)mtu;
	}
	*out = e;
	return NET_DROP_NONE;
}

void icmp_echo_reply(const struct ip_packet *p, uint8_t *to)
{
	bool is6 = p->proto == IP_PROTO_ICMP6;
	uint64_t sum = 0;

	ASSERT(p->l4.len >= ICMP_HEADER_LEN);
	memcpy(to, p->l4.data, p->l4.len);
	to[0] = is6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
	memset(to + 2, 0, 2);
	if (is6) {
		/* Source and destination change places: the sum does not notice. */
		sum = csum_add_pseudo(sum, &p->src, &p->dst, p->proto, p->l4.len);
	}
	csum_store(csum_add(sum, to, p->l4.len), to + 2);
}
