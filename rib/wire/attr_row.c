/* The rows of the attribute table and the functions that look into values.
 *
 * Column `verdict` is RFC 7606 §7, the rows in order of type.  Lengths are checked by the walker
 * from the columns, so a check function may rely on them.  Zero is a length only for AS_PATH and
 * ATOMIC_AGGREGATE (RFC 7606 §4).
 *
 * RFC 4271 §4.3, §5; RFC 7606 §7; RFC 1997; RFC 4360; RFC 4456; RFC 4760 §3–4; RFC 5065 §5;
 * RFC 5701; RFC 6793 §6; RFC 7311 §3; RFC 7607 §2; RFC 8092 §6. */
#include "rib/wire/attr_row.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/wire/as2.h"
#include "rib/wire/nlri.h"

#define SAFI_UNICAST 1
#define LEN_ANY	     UINT16_MAX

static const char *check_origin(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	(void)out;
	return value.data[0] <= ORIGIN_INCOMPLETE ? NULL : "ORIGIN: undefined value";
}

static const char *check_as_path(struct span value, bool is_as4, struct attr_result *out)
{
	(void)out;
	unsigned asn_bytes = is_as4 ? 4 : 2;
	if (!aspath_is_valid(value, asn_bytes)) {
		return "AS_PATH: malformed segments"; /* RFC 7606 §7.2 */
	}
	struct rd r = rd_of(value);
	struct as_seg seg;
	while (as_seg_next(&r, asn_bytes, &seg)) {
		if (seg.type == AS_CONFED_SEQUENCE || seg.type == AS_CONFED_SET) {
			return "AS_PATH: confederation segment"; /* RFC 5065 §5 */
		}
		if (as_seg_has_zero(&seg, asn_bytes)) {
			return "AS_PATH: AS 0"; /* RFC 7607 §2 */
		}
	}
	return NULL;
}

static const char *check_next_hop(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	out->has_next_hop = true;
	out->next_hop.len = 4;
	memcpy(out->next_hop.bytes, value.data, 4);
	return NULL;
}

/* RFC 7606 §7.7: 6 octets between speakers of 2-octet AS numbers, else 8. */
static const char *check_aggregator(struct span value, bool is_as4, struct attr_result *out)
{
	(void)out;
	if (value.len != (is_as4 ? 8u : 6u)) {
		return "AGGREGATOR: wrong length";
	}
	struct rd r = rd_of(value);
	asn_t asn = is_as4 ? rd_u32(&r) : rd_u16(&r);
	return asn != 0 ? NULL : "AGGREGATOR: AS 0"; /* RFC 7607 §2 */
}

/* RFC 6793 §6; confederation segments are not an error, the merge leaves them out. */
static const char *check_as4_path(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	(void)out;
	if (!aspath_is_valid(value, 4)) {
		return "AS4_PATH: malformed segments";
	}
	struct rd r = rd_of(value);
	struct as_seg seg;
	while (as_seg_next(&r, 4, &seg)) {
		if (as_seg_has_zero(&seg, 4)) {
			return "AS4_PATH: AS 0"; /* RFC 7607 §2 */
		}
	}
	return NULL;
}

static const char *check_as4_aggregator(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	(void)out;
	struct rd r = rd_of(value);
	return rd_u32(&r) != 0 ? NULL : "AS4_AGGREGATOR: AS 0"; /* RFC 7607 §2 */
}

static void take_family(struct rd *r, struct mp_nlri *out)
{
	uint16_t afi = rd_u16(r);
	uint8_t safi = rd_u8(r);
	out->is_present = true;
	out->is_known = (afi == 1 || afi == 2) && safi == SAFI_UNICAST;
	out->family = afi == 2 ? FAMILY_IPV6 : FAMILY_IPV4;
}

/* IPv4: 4 octets.  IPv6: a global address, or that and a link-local one (RFC 2545 §3). */
static bool take_next_hop(enum family family, struct span bytes, struct next_hop *out)
{
	static const uint8_t zero[16];
	if (family == FAMILY_IPV4 ? bytes.len != 4 : (bytes.len != 16 && bytes.len != 32)) {
		return false;
	}
	out->len = (uint8_t)bytes.len;
	memcpy(out->bytes, bytes.data, bytes.len);
	if (out->len == 32 && memcmp(out->bytes + 16, zero, 16) == 0) {
		/* Some routers always send both and leave the second one unset: there is none. */
		out->len = 16;
	}
	return true;
}

/* RFC 4760 §3, RFC 7606 §5.3 and §7.11. */
static const char *check_mp_reach(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	struct rd r = rd_of(value);
	struct mp_nlri mp = {0};
	take_family(&r, &mp);
	struct span next_hop = rd_span(&r, rd_u8(&r));
	rd_u8(&r); /* Reserved; "MUST be ignored upon receipt". */
	mp.nlri = rd_span(&r, rd_left(&r));
	if (!rd_is_ok(&r)) {
		return "MP_REACH_NLRI: next hop exceeds the attribute";
	}
	if (mp.is_known && !take_next_hop(mp.family, next_hop, &mp.next_hop)) {
		return "MP_REACH_NLRI: wrong next hop length";
	}
	if (mp.is_known && !nlri_is_valid(mp.nlri, mp.family, NULL)) {
		return "MP_REACH_NLRI: malformed prefix";
	}
	out->reach = mp;
	return NULL;
}

/* RFC 4760 §4, RFC 7606 §5.3. */
static const char *check_mp_unreach(struct span value, bool is_as4, struct attr_result *out)
{
	(void)is_as4;
	struct rd r = rd_of(value);
	struct mp_nlri mp = {0};
	take_family(&r, &mp);
	mp.nlri = rd_span(&r, rd_left(&r));
	ASSERT(rd_is_ok(&r));
	if (mp.is_known && !nlri_is_valid(mp.nlri, mp.family, NULL)) {
		return "MP_UNREACH_NLRI: malformed prefix";
	}
	out->unreach = mp;
	return NULL;
}

/* The columns that most rows share. */
#define TEXTS(n)   .name = n, .reason_flags = n ": wrong flags", .reason_length = n ": wrong length"
#define WELL_KNOWN .flags = ATTR_FLAG_TRANSITIVE, .verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define OPT_TRANSITIVE                                                                             \
	.flags = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,                                        \
	.verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define OPT_LOCAL	.flags = ATTR_FLAG_OPTIONAL, .verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define LENGTH(n)	.len_min = n, .len_max = n, .len_multiple = 1
#define LENGTHS(lo, hi) .len_min = lo, .len_max = hi, .len_multiple = 1
#define MULTIPLE(n)	.len_min = n, .len_max = LEN_ANY, .len_multiple = n
#define WITHDRAW(code)	.verdict = VERDICT_TREAT_AS_WITHDRAW, .subcode = code
#define DISCARD(code)	.verdict = VERDICT_ATTR_DISCARD, .subcode = code

/* clang-format off */
static const struct attr_row rows[] = {
	[ATTR_ORIGIN] = {TEXTS("ORIGIN"), WELL_KNOWN, LENGTH(1),	/* RFC 7606 §7.1 */
		WITHDRAW(NOTIFY_UPDATE_ORIGIN), .check = check_origin},
	[ATTR_AS_PATH] = {TEXTS("AS_PATH"), WELL_KNOWN, LENGTHS(0, LEN_ANY),	/* §7.2 */
		WITHDRAW(NOTIFY_UPDATE_AS_PATH), .check = check_as_path},
	[ATTR_NEXT_HOP] = {TEXTS("NEXT_HOP"), WELL_KNOWN, LENGTH(4),	/* §7.3 */
		WITHDRAW(NOTIFY_UPDATE_NEXT_HOP), .use = ATTR_USE_ASIDE, .check = check_next_hop},
	[ATTR_MED] = {TEXTS("MULTI_EXIT_DISC"), OPT_LOCAL, LENGTH(4),	/* §7.4 */
		WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	[ATTR_LOCAL_PREF] = {TEXTS("LOCAL_PREF"), WELL_KNOWN, LENGTH(4),	/* §7.5 */
		DISCARD(NOTIFY_UPDATE_ATTR_LENGTH), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "LOCAL_PREF: from an external neighbour"},
	[ATTR_ATOMIC_AGGREGATE] = {TEXTS("ATOMIC_AGGREGATE"), WELL_KNOWN, LENGTH(0),	/* §7.6 */
		DISCARD(NOTIFY_UPDATE_ATTR_LENGTH)},
	[ATTR_AGGREGATOR] = {TEXTS("AGGREGATOR"), OPT_TRANSITIVE, LENGTHS(6, 8),	/* §7.7 */
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .check = check_aggregator},
	[ATTR_COMMUNITIES] = {TEXTS("COMMUNITIES"), OPT_TRANSITIVE, MULTIPLE(4),	/* §7.8 */
		WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	[ATTR_ORIGINATOR_ID] = {TEXTS("ORIGINATOR_ID"), OPT_LOCAL, LENGTH(4),	/* §7.9 */
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "ORIGINATOR_ID: from an external neighbour"},
	[ATTR_CLUSTER_LIST] = {TEXTS("CLUSTER_LIST"), OPT_LOCAL, MULTIPLE(4),	/* §7.10 */
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "CLUSTER_LIST: from an external neighbour"},
	/* §5.3 and §7.11: the NLRI cannot be located, so the session cannot be saved. */
	[ATTR_MP_REACH_NLRI] = {TEXTS("MP_REACH_NLRI"), .flags = ATTR_FLAG_OPTIONAL,
		.verdict_flags = VERDICT_SESSION_RESET, .verdict = VERDICT_SESSION_RESET,
		.subcode = NOTIFY_UPDATE_OPTIONAL_ATTR, LENGTHS(5, LEN_ANY),
		.use = ATTR_USE_ASIDE, .check = check_mp_reach},
	[ATTR_MP_UNREACH_NLRI] = {TEXTS("MP_UNREACH_NLRI"), .flags = ATTR_FLAG_OPTIONAL,
		.verdict_flags = VERDICT_SESSION_RESET, .verdict = VERDICT_SESSION_RESET,
		.subcode = NOTIFY_UPDATE_OPTIONAL_ATTR, LENGTHS(3, LEN_ANY),
		.use = ATTR_USE_ASIDE, .check = check_mp_unreach},
	[ATTR_EXT_COMMUNITIES] = {TEXTS("EXTENDED_COMMUNITIES"), OPT_TRANSITIVE,	/* §7.14 */
		MULTIPLE(8), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	/* RFC 6793 §6: discard what is malformed; §4.1: and all of it from a new speaker. */
	[ATTR_AS4_PATH] = {TEXTS("AS4_PATH"), OPT_TRANSITIVE, LENGTHS(6, LEN_ANY),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_ASIDE,
		.refusal = ATTR_REFUSE_AS4, .check = check_as4_path,
		.reason_refused = "AS4_PATH: from a speaker of 4-octet AS numbers"},
	[ATTR_AS4_AGGREGATOR] = {TEXTS("AS4_AGGREGATOR"), OPT_TRANSITIVE, LENGTH(8),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_ASIDE,
		.refusal = ATTR_REFUSE_AS4, .check = check_as4_aggregator,
		.reason_refused = "AS4_AGGREGATOR: from a speaker of 4-octet AS numbers"},
	[ATTR_EXT_COMMUNITIES_IPV6] = {TEXTS("IPV6_EXTENDED_COMMUNITIES"),	/* §7.15 */
		OPT_TRANSITIVE, MULTIPLE(20), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	/* RFC 7311 §3: without AIGP_SESSION passed over; a transitive one discarded. */
	[ATTR_AIGP] = {TEXTS("AIGP"), .flags = ATTR_FLAG_OPTIONAL,
		.verdict_flags = VERDICT_ATTR_DISCARD, LENGTHS(0, LEN_ANY),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_DROP},
	[ATTR_LARGE_COMMUNITIES] = {TEXTS("LARGE_COMMUNITIES"), OPT_TRANSITIVE,	/* RFC 8092 §6 */
		MULTIPLE(12), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
};
/* clang-format on */

const struct attr_row *attr_row_of(uint8_t type)
{
	return type < ARRAY_COUNT(rows) && rows[type].name != NULL ? &rows[type] : NULL;
}

void attr_put_header(struct wr *w, uint8_t flags, uint8_t type, size_t len)
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
