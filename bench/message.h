/* The messages that the members of a plan send.  RFC 4271 §4, RFC 4760 §3, RFC 6793, RFC 8092. */
#pragma once

#include "bench/plan.h"

#define MESSAGE_MAX   4096
#define MESSAGE_ATTRS 2048 /* The attributes of any plan, without MP_REACH_NLRI. */

/* Bytes to be sent, growing; `is_short` when memory was not there. */
struct outgoing {
	uint8_t *data;
	size_t len, max;
	uint64_t updates, prefixes; /* In it. */
	bool is_short;
};

void outgoing_fini(struct outgoing *o);

size_t message_open(const struct plan *p, unsigned member, uint8_t *to);
size_t message_keepalive(uint8_t *to);
/* Cease/Administrative Shutdown. */
size_t message_cease(uint8_t *to);
/* All attributes but where the next hop stands; in order of their types. */
size_t message_attrs(const struct plan_attrs *a, uint8_t *to);
/* Announce a group, or take it back: as many UPDATEs as it needs. */
void message_announce(struct outgoing *o, const struct plan *p, const struct group *g,
		      unsigned slot, uint16_t version);
void message_withdraw(struct outgoing *o, const struct plan *p, const struct group *g);
/* The next hop of a member for IPv6: 2001:db8::, then its IPv4 address. */
void message_next_hop6(const struct plan *p, unsigned member, uint8_t to[16]);
