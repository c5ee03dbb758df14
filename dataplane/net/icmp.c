/* ICMP (RFC 792) and ICMPv6 (RFC 4443): echo is answered; errors about our packets are counted but
 * not acted upon, because nothing in them is authenticated (RFC 5927) and TCP's own timers decide.
 * The reply repeats identifier, sequence number and data of the request, whatever they are. */
#include "dataplane/net/icmp.h"

#include "rib/base/csum.h"
#include "rib/base/check.h"

#define ICMP_HEADER_LEN 8

#define ICMP4_ECHO_REPLY  0
#define ICMP4_ECHO	  8
#define ICMP4_UNREACHABLE 3
#define ICMP4_QUENCH	  4
#define ICMP4_REDIRECT	  5
#define ICMP4_EXCEEDED	  11
#define ICMP4_PARAMETER	  12
#define ICMP6_ERRORS_END  128 /* RFC 4443 §2.1: types below are errors. */
#define ICMP6_ECHO	  128
#define ICMP6_ECHO_REPLY  129

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

enum net_drop icmp_is_echo(const struct ip_packet *p)
{
	uint8_t type = p->l4.data[0], code = p->l4.data[1];
	bool is_error;

	ASSERT(p->l4.len >= ICMP_HEADER_LEN);
	if (p->proto == IP_PROTO_ICMP6) {
		is_error = type < ICMP6_ERRORS_END;
	} else {
		is_error = type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH ||
			   type == ICMP4_REDIRECT || type == ICMP4_EXCEEDED ||
			   type == ICMP4_PARAMETER;
	}
	if (is_error) {
		return NET_DROP_ICMP_ERROR;
	}
	uint8_t echo = p->proto == IP_PROTO_ICMP6 ? ICMP6_ECHO : ICMP4_ECHO;
	return type == echo && code == 0 ? NET_DROP_NONE : NET_DROP_ICMP_TYPE;
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
