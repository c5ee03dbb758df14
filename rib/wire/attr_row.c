/* The rows of the attribute table and the functions that look into values.
 *
 * Column `verdict` is RFC 7606 §7, the rows in order of type.  Lengths are checked by the walker
 * from the columns, so a check function may rely on them.  Zero is a length only for AS_PATH and
 * ATOMIC_AGGREGATE (RFC 7606 §4).
 *
 * RFC 4271 §4.3, §5; RFC 7606 §7; RFC 1997; RFC 4360; RFC 4456; RFC 4760 §3–4; RFC 5065 §5;
 * RFC 5701; RFC 6793 §6; RFC 7311 §3; RFC 7607 §2; RFC 8092 §3, §6; RFC 8097; RFC 8950 §3;
 * RFC 9234 §5; RFC 9774 §3. */
#include "rib/wire/attr_row.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/wire/family.h"
#include "rib/wire/nlri.h"

#define LEN_ANY	      UINT16_MAX
#define EXT_LEN	      8	   /* RFC 4360 §2 */
#define EXT6_LEN      20   /* RFC 5701 §2 */
#define LARGE_LEN     12   /* RFC 8092 §3 */
#define EXT_NOT_TRANS 0x40 /* RFC 4360 §2, RFC 5701 §2 */

static enum fault check_origin(struct span value, const struct update_opts *opts,
			       struct attr_result *out)
{
	(void)opts;
	(void)out;
	return value.data[0] <= ORIGIN_INCOMPLETE ? FAULT_NONE : FAULT_ORIGIN_VALUE;
}

static bool has_type(const struct aspath_view *v, enum as_segment type)
{
	return (v->types >> type & 1) != 0;
}

static enum fault check_as_path(struct span value, const struct update_opts *opts,
				struct attr_result *out)
{
	(void)out;
	struct aspath_view v = aspath_view(value, opts->is_as4 ? 4 : 2);
	if (!v.is_valid) {
		return FAULT_PATH_SEGMENT;
	}
	if (has_type(&v, AS_CONFED_SET)) {
		return FAULT_PATH_AS_CONFED_SET;
	}
	if (has_type(&v, AS_CONFED_SEQUENCE)) {
		return FAULT_PATH_CONFED;
	}
	if (has_type(&v, AS_SET) && !opts->accepts_as_set) {
		return FAULT_PATH_AS_SET;
	}
	return v.has_zero ? FAULT_PATH_AS_0 : FAULT_NONE;
}

static enum fault check_next_hop(struct span value, const struct update_opts *opts,
				 struct attr_result *out)
{
	(void)opts;
	out->has_next_hop = true;
	out->next_hop.len = 4;
	memcpy(out->next_hop.bytes, value.data, 4);
	return FAULT_NONE;
}

/* RFC 7606 §7.7: 6 octets between speakers of 2-octet AS numbers, else 8. */
static enum fault check_aggregator(struct span value, const struct update_opts *opts,
				   struct attr_result *out)
{
	(void)out;
	if (value.len != (opts->is_as4 ? 8u : 6u)) {
		return FAULT_AGGREGATOR_LENGTH;
	}
	struct rd r = rd_of(value);
	asn_t asn = opts->is_as4 ? rd_u32(&r) : rd_u16(&r);
	return asn != 0 ? FAULT_NONE : FAULT_AGGREGATOR_AS_0;
}

/* RFC 6793 §6; a sequence of a confederation is not an error, the merge leaves it out. */
static enum fault check_as4_path(struct span value, const struct update_opts *opts,
				 struct attr_result *out)
{
	(void)out;
	struct aspath_view v = aspath_view(value, 4);
	if (!v.is_valid) {
		return FAULT_PATH4_SEGMENT;
	}
	if (has_type(&v, AS_CONFED_SET) && !opts->accepts_as_set) {
		return FAULT_PATH4_AS_CONFED_SET;
	}
	if (has_type(&v, AS_SET) && !opts->accepts_as_set) {
		return FAULT_PATH4_AS_SET;
	}
	return v.has_zero ? FAULT_PATH4_AS_0 : FAULT_NONE;
}

static enum fault check_as4_aggregator(struct span value, const struct update_opts *opts,
				       struct attr_result *out)
{
	(void)opts;
	(void)out;
	struct rd r = rd_of(value);
	return rd_u32(&r) != 0 ? FAULT_NONE : FAULT_AGGREGATOR4_AS_0;
}

/* Deviates: RFC 7607 §2 lists the attributes of its time; AS 0 is no more a neighbour in OTC. */
static enum fault check_otc(struct span value, const struct update_opts *opts,
			    struct attr_result *out)
{
	(void)opts;
	(void)out;
	struct rd r = rd_of(value);
	return rd_u32(&r) != 0 ? FAULT_NONE : FAULT_OTC_AS_0;
}

static void take_family(struct rd *r, struct mp_nlri *out)
{
	uint16_t afi = rd_u16(r);
	uint8_t safi = rd_u8(r);
	out->is_present = true;
	out->is_known = family_of_afi(afi, safi, &out->family);
}

/* IPv4: 4 octets.  IPv6, or IPv4 as RFC 8950 §3 allows when both sides agreed: a global address,
 * or that and a link-local one (RFC 2545 §3). */
static bool take_next_hop(enum family family, bool has_next_hop6, struct span bytes,
			  struct next_hop *out)
{
	static const uint8_t zero[16];
	bool is_4 = family == FAMILY_IPV4 && bytes.len == 4;
	bool is_6 =
		(family == FAMILY_IPV6 || has_next_hop6) && (bytes.len == 16 || bytes.len == 32);
	if (!is_4 && !is_6) {
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

static bool take_prefixes(struct mp_nlri *mp, struct span nlri, const struct update_opts *opts)
{
	mp->nlri = nlri;
	if (!mp->is_known) {
		return true;
	}
	struct nlri_form form = {mp->family, opts->has_path_ids[mp->family]};
	return nlri_is_valid(nlri, form, &mp->count);
}

/* RFC 4760 §3, RFC 7606 §5.3 and §7.11. */
static enum fault check_mp_reach(struct span value, const struct update_opts *opts,
				 struct attr_result *out)
{
	struct rd r = rd_of(value);
	struct mp_nlri mp = {0};
	take_family(&r, &mp);
	struct span next_hop = rd_span(&r, rd_u8(&r));
	rd_u8(&r); /* Reserved; "SHOULD be ignored upon receipt". */
	struct span nlri = rd_span(&r, rd_left(&r));
	if (!rd_is_ok(&r)) {
		return FAULT_REACH_NEXT_HOP_OVERRUN;
	}
	if (mp.is_known && !take_next_hop(mp.family, opts->has_next_hop6, next_hop, &mp.next_hop)) {
		return FAULT_REACH_NEXT_HOP_LENGTH;
	}
	if (!take_prefixes(&mp, nlri, opts)) {
		return FAULT_REACH_PREFIX;
	}
	out->reach = mp;
	return FAULT_NONE;
}

/* RFC 4760 §4, RFC 7606 §5.3. */
static enum fault check_mp_unreach(struct span value, const struct update_opts *opts,
				   struct attr_result *out)
{
	struct rd r = rd_of(value);
	struct mp_nlri mp = {0};
	take_family(&r, &mp);
	struct span nlri = rd_span(&r, rd_left(&r));
	ASSERT(rd_is_ok(&r));
	if (!take_prefixes(&mp, nlri, opts)) {
		return FAULT_UNREACH_PREFIX;
	}
	out->unreach = mp;
	return FAULT_NONE;
}

/* RFC 4360 §6, RFC 5701 §2: communities that do not travel across the border of an AS; the origin
 * validation state (RFC 8097 §2) is one of them. */
static size_t clean_not_transitive(uint8_t *value, size_t len, size_t unit)
{
	size_t kept = 0;
	for (size_t at = 0; at < len; at += unit) {
		if ((value[at] & EXT_NOT_TRANS) == 0) {
			memmove(value + kept, value + at, unit);
			kept += unit;
		}
	}
	return kept;
}

static size_t clean_ext(uint8_t *value, size_t len)
{
	return clean_not_transitive(value, len, EXT_LEN);
}

static size_t clean_ext6(uint8_t *value, size_t len)
{
	return clean_not_transitive(value, len, EXT6_LEN);
}

/* RFC 8092 §3: "silently remove redundant" values.  The number of those kept is bounded by the
 * draft: 683. */
static size_t clean_large(uint8_t *value, size_t len)
{
	size_t kept = 0;
	for (size_t at = 0; at < len; at += LARGE_LEN) {
		size_t i = 0;
		while (i < kept && memcmp(value + i, value + at, LARGE_LEN) != 0) {
			i += LARGE_LEN;
		}
		if (i == kept) {
			memmove(value + kept, value + at, LARGE_LEN);
			kept += LARGE_LEN;
		}
	}
	return kept;
}

/* The columns that most rows share. */
#define TEXTS(n, where)                                                                            \
	.name = n, .reason_flags = n ": wrong flags", .reason_length = n ": wrong length",         \
	.section = where
#define WELL_KNOWN .flags = ATTR_FLAG_TRANSITIVE, .verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define OPT_TRANSITIVE                                                                             \
	.flags = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,                                        \
	.verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define OPT_LOCAL	.flags = ATTR_FLAG_OPTIONAL, .verdict_flags = VERDICT_TREAT_AS_WITHDRAW
#define LENGTH(n)	.len_min = n, .len_max = n, .len_multiple = 1
#define LENGTHS(lo, hi) .len_min = lo, .len_max = hi, .len_multiple = 1
#define MULTIPLE(n)	.len_min = n, .len_max = LEN_ANY, .len_multiple = n
#define ESSENTIAL	.is_essential = true
#define MULTIPROTOCOL                                                                              \
	.flags = ATTR_FLAG_OPTIONAL, .is_mp = true, .verdict_flags = VERDICT_AFI_DISABLE,          \
	.verdict = VERDICT_AFI_DISABLE, .subcode = NOTIFY_UPDATE_OPTIONAL_ATTR
#define WITHDRAW(code) .verdict = VERDICT_TREAT_AS_WITHDRAW, .subcode = code
#define DISCARD(code)  .verdict = VERDICT_ATTR_DISCARD, .subcode = code

/* clang-format off */
const struct attr_row attr_rows[ATTR_ROW_COUNT] = {
	[ATTR_ORIGIN] = {TEXTS("ORIGIN", "RFC 7606 §7.1"), WELL_KNOWN, LENGTH(1), ESSENTIAL,
		WITHDRAW(NOTIFY_UPDATE_ORIGIN), .check = check_origin},
	[ATTR_AS_PATH] = {TEXTS("AS_PATH", "RFC 7606 §7.2"), WELL_KNOWN, LENGTHS(0, LEN_ANY),
		ESSENTIAL, WITHDRAW(NOTIFY_UPDATE_AS_PATH), .check = check_as_path},
	[ATTR_NEXT_HOP] = {TEXTS("NEXT_HOP", "RFC 7606 §7.3"), WELL_KNOWN, LENGTH(4), ESSENTIAL,
		WITHDRAW(NOTIFY_UPDATE_NEXT_HOP), .use = ATTR_USE_ASIDE, .check = check_next_hop},
	[ATTR_MED] = {TEXTS("MULTI_EXIT_DISC", "RFC 7606 §7.4"), OPT_LOCAL, LENGTH(4),
		WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	[ATTR_LOCAL_PREF] = {TEXTS("LOCAL_PREF", "RFC 7606 §7.5"), WELL_KNOWN, LENGTH(4),
		DISCARD(NOTIFY_UPDATE_ATTR_LENGTH), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "LOCAL_PREF: from an external neighbour"},
	[ATTR_ATOMIC_AGGREGATE] = {TEXTS("ATOMIC_AGGREGATE", "RFC 7606 §7.6"), WELL_KNOWN,
		LENGTH(0), DISCARD(NOTIFY_UPDATE_ATTR_LENGTH)},
	[ATTR_AGGREGATOR] = {TEXTS("AGGREGATOR", "RFC 7606 §7.7"), OPT_TRANSITIVE, LENGTHS(6, 8),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .check = check_aggregator},
	[ATTR_COMMUNITIES] = {TEXTS("COMMUNITIES", "RFC 7606 §7.8"), OPT_TRANSITIVE, MULTIPLE(4),
		WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR)},
	[ATTR_ORIGINATOR_ID] = {TEXTS("ORIGINATOR_ID", "RFC 7606 §7.9"), OPT_LOCAL, LENGTH(4),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "ORIGINATOR_ID: from an external neighbour"},
	[ATTR_CLUSTER_LIST] = {TEXTS("CLUSTER_LIST", "RFC 7606 §7.10"), OPT_LOCAL, MULTIPLE(4),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .refusal = ATTR_REFUSE_ALWAYS,
		.reason_refused = "CLUSTER_LIST: from an external neighbour"},
	/* §5.3, §7.11, §7.12: the NLRI cannot be located. */
	[ATTR_MP_REACH_NLRI] = {TEXTS("MP_REACH_NLRI", "RFC 7606 §5.3"), MULTIPROTOCOL,
		ESSENTIAL, LENGTHS(5, LEN_ANY), .use = ATTR_USE_ASIDE, .check = check_mp_reach},
	[ATTR_MP_UNREACH_NLRI] = {TEXTS("MP_UNREACH_NLRI", "RFC 7606 §5.3"), MULTIPROTOCOL,
		ESSENTIAL, LENGTHS(3, LEN_ANY), .use = ATTR_USE_ASIDE, .check = check_mp_unreach},
	[ATTR_EXT_COMMUNITIES] = {TEXTS("EXTENDED_COMMUNITIES", "RFC 7606 §7.14"), OPT_TRANSITIVE,
		MULTIPLE(EXT_LEN), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR), .clean = clean_ext},
	/* RFC 6793 §6: discard what is malformed; §4.1: and all of it from a new speaker. */
	[ATTR_AS4_PATH] = {TEXTS("AS4_PATH", "RFC 6793 §6"), OPT_TRANSITIVE, LENGTHS(6, LEN_ANY),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_ASIDE,
		.refusal = ATTR_REFUSE_AS4, .check = check_as4_path,
		.reason_refused = "AS4_PATH: from a speaker of 4-octet AS numbers"},
	[ATTR_AS4_AGGREGATOR] = {TEXTS("AS4_AGGREGATOR", "RFC 6793 §6"), OPT_TRANSITIVE, LENGTH(8),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_ASIDE,
		.refusal = ATTR_REFUSE_AS4, .check = check_as4_aggregator,
		.reason_refused = "AS4_AGGREGATOR: from a speaker of 4-octet AS numbers"},
	[ATTR_EXT_COMMUNITIES_IPV6] = {TEXTS("IPV6_EXTENDED_COMMUNITIES", "RFC 7606 §7.15"),
		OPT_TRANSITIVE, MULTIPLE(EXT6_LEN), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR),
		.clean = clean_ext6},
	/* RFC 7311 §3.2: without AIGP_SESSION passed over; a transitive one discarded. */
	[ATTR_AIGP] = {TEXTS("AIGP", "RFC 7311 §3.2"), .flags = ATTR_FLAG_OPTIONAL,
		.verdict_flags = VERDICT_ATTR_DISCARD, LENGTHS(0, LEN_ANY),
		DISCARD(NOTIFY_UPDATE_OPTIONAL_ATTR), .use = ATTR_USE_DROP},
	[ATTR_LARGE_COMMUNITIES] = {TEXTS("LARGE_COMMUNITIES", "RFC 8092 §6"), OPT_TRANSITIVE,
		MULTIPLE(LARGE_LEN), WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR), .clean = clean_large},
	[ATTR_OTC] = {TEXTS("OTC", "RFC 9234 §5"), OPT_TRANSITIVE, LENGTH(4),
		WITHDRAW(NOTIFY_UPDATE_OPTIONAL_ATTR), .check = check_otc},
};
/* clang-format on */
