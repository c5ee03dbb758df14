/* ICMP as far as a server on a LAN needs it: answering echo.  RFC 792, RFC 4443 §4. */
#pragma once

#include "dataplane/net/ip.h"

/* Whether the message (of either family, by p->proto) is whole: length and checksum. */
enum net_drop icmp_check(const struct ip_packet *p);
/* Whether a whole message is an echo request; if not, the name under which it is dropped. */
enum net_drop icmp_is_echo(const struct ip_packet *p);
/* Write the reply's ICMP message (p->l4.len bytes) to the request in `p`. */
void icmp_echo_reply(const struct ip_packet *p, uint8_t *to);
