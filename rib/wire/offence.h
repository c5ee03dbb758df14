/* The last message of a member that was not accepted whole: kept for the operator, told in words.
 *
 * The caller owns the memory and decides when one replaces another. */
#pragma once

#include "rib/wire/attr_codec.h"

#define OFFENCE_KEPT_MAX 4096 /* Octets of the message; the excess only counts. */
/* For offence_format: the words, and two digits for each octet. */
#define OFFENCE_TEXT_MAX (256 + 2 * (OFFENCE_KEPT_MAX + 19))

struct offence {
	uint8_t verdict; /* enum verdict; OK: none was kept. */
	uint8_t fault;	 /* enum fault */
	uint8_t type;	 /* The attribute; 0 when it is none. */
	uint16_t offset; /* Within the message, its header included. */
	uint16_t body_len;
	const char *reason; /* Static. */
	const char *section;
	uint8_t body[OFFENCE_KEPT_MAX]; /* After the header. */
};

/* Keep the body of an UPDATE and what was found in it (a verdict other than OK). */
void offence_keep(struct offence *o, struct span body, const struct attr_result *result);
/* "treat-as-withdraw: AS_PATH: AS 0 (RFC 7607 §2), attribute 2 at octet 27 of 52" into `buf`;
 * truncated with "..." when `len` is short.  Returns `buf`. */
char *offence_format(const struct offence *o, char *buf, size_t len);
/* The whole message in hex, its header included; what was not kept is left out.  Cut at a whole
 * octet when `len` (>= 1) is short.  Returns `buf`. */
char *offence_hex(const struct offence *o, char *buf, size_t len);
