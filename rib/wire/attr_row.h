/* The descriptor table: what each known path attribute must look like.  Private to this folder.
 *
 * A row is data: flags, bounds of the length, RFC 7606's verdict when it is malformed, RFC 4271's
 * subcode for the NOTIFICATION, and at most one function that looks into the value. */
#pragma once

#include "rib/base/check.h"
#include "rib/wire/attr_codec.h"

/* Codes that only this folder knows; the rest is enum attr_type. */
enum {
	ATTR_ORIGINATOR_ID = 9,		/* RFC 4456 */
	ATTR_CLUSTER_LIST = 10,		/* RFC 4456 */
	ATTR_EXT_COMMUNITIES_IPV6 = 25, /* RFC 5701 */
	ATTR_AIGP = 26,			/* RFC 7311 */
};

enum attr_use {
	ATTR_USE_KEEP,	/* Among the canonical bytes. */
	ATTR_USE_ASIDE, /* Read, but kept elsewhere or merged into another. */
	ATTR_USE_DROP,	/* Of no use here; passed over in silence. */
};

/* From whom an attribute is refused as such, whatever it holds. */
enum attr_refusal {
	ATTR_REFUSE_NEVER,
	ATTR_REFUSE_ALWAYS, /* It has no place on an external session. */
	ATTR_REFUSE_AS4,    /* RFC 6793 §4.1: from a speaker of 4-octet AS numbers. */
};

struct attr_row {
	const char *name;
	const char *reason_flags; /* Fixed phrases for the operator. */
	const char *reason_length;
	const char *reason_refused;
	const char *section; /* Where its length, or its refusal, is dealt with. */
	enum attr_use use;
	enum attr_refusal refusal;
	bool is_mp;
	bool is_essential;	    /* Never on the operator's lists. */
	uint8_t flags;		    /* Optional and Transitive as specified. */
	enum verdict verdict_flags; /* When they differ. */
	enum verdict verdict;	    /* When anything else is wrong. */
	uint8_t subcode;	    /* Of the value; flags and length have their own. */
	uint16_t len_min;
	uint16_t len_max;
	uint16_t len_multiple;
	/* NULL, or a look at the value: FAULT_NONE when it is well. */
	enum fault (*check)(struct span value, const struct update_opts *opts,
			    struct attr_result *out);
	/* NULL, or: take out in place what is not to be kept; returns what is left. */
	size_t (*clean)(uint8_t *value, size_t len);
};

#define ATTR_ROW_COUNT (ATTR_OTC + 1)

extern const struct attr_row attr_rows[ATTR_ROW_COUNT];

/* The row of a type code; NULL when we do not know it. */
static inline const struct attr_row *attr_row_of(uint8_t type)
{
	return type < ATTR_ROW_COUNT && attr_rows[type].name != NULL ? &attr_rows[type] : NULL;
}

/* The header of an attribute in its shortest form: Extended Length only above 255 octets. */
static inline void attr_put_header(struct wr *w, uint8_t flags, uint8_t type, size_t len)
{
	ASSERT((flags & ATTR_FLAG_EXT_LEN) == 0);
	ASSERT(len <= UINT16_MAX);
	bool is_ext = len > UINT8_MAX;
	wr_u8(w, is_ext ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(w, type);
	if (is_ext) {
		wr_u16(w, (uint16_t)len);
	} else {
		wr_u8(w, (uint8_t)len);
	}
}
