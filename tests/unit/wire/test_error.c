/* Every fault of RFC 7606 §3–§7, and what it is answered with: one row, one UPDATE. */
#include "tests/unit/wire/vector.h"

#include <criterion/criterion.h>

#define ORIGIN	 "400101 00"
#define PATH	 "40020a 0202 0000fbf4 0000fbf5"
#define PATH2	 "400206 0202 fbf4 fbf5"
#define NEXT_HOP "400304 c6120001"
#define MED	 "800404 0000000a"
#define BASE	 ORIGIN PATH NEXT_HOP
#define BASE2	 ORIGIN PATH2 NEXT_HOP
#define NLRI	 "18c63364"
#define NH6	 "20010db8000000000000000000000001"
#define REACH6	 "800e1a 0002 01 10" NH6 "00 20 20010db8"
#define UNREACH6 "800f08 0002 01 20 20010db8"

struct row {
	const char *name;
	const char *withdrawn;
	const char *attrs;
	const char *nlri;
	bool is_as2;
	enum verdict verdict;
	uint8_t type;
	uint8_t subcode; /* Of the NOTIFICATION, when the verdict is a reset. */
};

#define OK	 .verdict = VERDICT_OK
#define DISCARD	 .verdict = VERDICT_ATTR_DISCARD
#define WITHDRAW .verdict = VERDICT_TREAT_AS_WITHDRAW
#define RESET	 .verdict = VERDICT_SESSION_RESET

/* clang-format off */
static const struct row rows[] = {
	{"plain IPv4", "", BASE, NLRI, OK},
	{"plain IPv6", "", ORIGIN PATH REACH6, "", OK},
	{"MP_REACH in the middle, RFC 7606 §5.1", "", ORIGIN REACH6 PATH, "", OK},
	{"withdraw only", "18c63364", "", "", OK},
	{"all four fields at once, §5.1", "18c63365", REACH6 UNREACH6 BASE, NLRI, OK},
	{"no lengths for the second field, §3 b", NULL, "0000", "", RESET, .subcode = 1},
	{"withdrawn length too large, §3 b", NULL, "00050000", "", RESET, .subcode = 1},
	{"attributes length too large, §3 b", NULL, "00000001", "", RESET, .subcode = 1},
	{"Optional bit set on ORIGIN, §3 c", "", "c00101 00" PATH NEXT_HOP, NLRI, WITHDRAW, .type = 1},
	{"Transitive bit clear on AS_PATH, §3 c", "", ORIGIN "00020a 0202 0000fbf4 0000fbf5" NEXT_HOP,
		NLRI, WITHDRAW, .type = 2},
	{"Transitive bit on MED, §3 c", "", BASE "c00404 00000001", NLRI, WITHDRAW, .type = 4},
	{"Optional bit clear on COMMUNITIES, §3 c", "", BASE "400804 fbf40001", NLRI, WITHDRAW, .type = 8},
	{"Transitive bit clear on LARGE_COMMUNITIES, §3 c", "", BASE
		"80200c 0000fbf4 00000001 00000002", NLRI, WITHDRAW, .type = 32},
	{"Partial bit on ORIGIN is no fault, §3 c", "", "600101 00" PATH NEXT_HOP, NLRI, OK},
	{"low flag bits are ignored, RFC 4271 §4.3", "", "4f0101 00" "4f020a 0202 0000fbf4 0000fbf5"
		"4f0304 c6120001", NLRI, OK},
	{"Extended Length on a short attribute, RFC 4271 §4.3", "", "50010001 00" PATH NEXT_HOP, NLRI, OK},
	{"ORIGIN missing, §3 d", "", PATH NEXT_HOP, NLRI, WITHDRAW, .type = 1},
	{"AS_PATH missing, §3 d", "", ORIGIN NEXT_HOP, NLRI, WITHDRAW, .type = 2},
	{"NEXT_HOP missing, §3 d", "", ORIGIN PATH, NLRI, WITHDRAW, .type = 3},
	{"no attributes but NLRI, §3 d", "", "", NLRI, WITHDRAW, .type = 1},
	{"AS_PATH missing beside MP_REACH, §3 d", "", ORIGIN REACH6, "", WITHDRAW, .type = 2},
	{"MP_REACH twice, §3 g", "", REACH6 REACH6 ORIGIN PATH, "", RESET, .type = 14, .subcode = 1},
	{"MP_UNREACH twice, §3 g", "", UNREACH6 UNREACH6, "", RESET, .type = 15, .subcode = 1},
	{"ORIGIN twice: the first counts, §3 g", "", BASE "400101 02", NLRI, DISCARD, .type = 1},
	{"a bad second ORIGIN is not looked at, §3 g", "", BASE "400101 09", NLRI, DISCARD, .type = 1},
	{"unknown attribute twice, §3 g", "", BASE "c0630101 c0630102", NLRI, DISCARD, .type = 0x63},
	{"the strongest of several faults, §3 h", "", "400101 05" PATH NEXT_HOP "400601 00", NLRI,
		WITHDRAW, .type = 1},
	{"withdrawn prefix of 33 bits, §3 i", "21c633640000", "", "", RESET, .subcode = 10},
	{"last attribute too long, §4", "", BASE "c00808 fbf40001", NLRI, WITHDRAW, .type = 8},
	{"two octets left, §4", "", BASE "c008", NLRI, WITHDRAW, .type = 8},
	{"one octet left, §4", "", BASE "c0", NLRI, WITHDRAW, .type = 0},
	{"extended length, three octets left, §4", "", BASE "d00800", NLRI, WITHDRAW, .type = 8},
	{"MP_REACH cut off, §4 and §3 j", "", BASE "800e20 0002 01", NLRI, RESET, .type = 14, .subcode = 1},
	{"MED of zero length, §4", "", BASE "800400", NLRI, WITHDRAW, .type = 4},
	{"fault without reachable NLRI, §5.2", "18c63364", ORIGIN "400201 02", "", RESET, .type = 2,
		.subcode = 11},
	{"fault beside MP_UNREACH alone, §5.2", "", UNREACH6 "c00803 fbf400", "", RESET, .type = 8,
		.subcode = 5},
	{"discard without reachable NLRI is no reset, §5.2", "18c63364", "400504 00000064", "", DISCARD,
		.type = 5},
	{"prefix of 33 bits, §5.3", "", BASE, "21c633640000", RESET, .subcode = 10},
	{"prefix cut off, §5.3", "", BASE, "18c633", RESET, .subcode = 10},
	{"IPv6 prefix of 129 bits, §5.3", "", ORIGIN PATH "800e27 0002 01 10" NH6
		"00 81 20010db8 00000000000000000000000000", "", RESET, .type = 14, .subcode = 9},
	{"IPv6 prefix cut off, §5.3", "", ORIGIN PATH "800e19 0002 01 10" NH6 "00 20 20010d", "", RESET,
		.type = 14, .subcode = 9},
	{"MP_UNREACH prefix cut off, §5.3", "", "800f07 0002 01 20 20010d", "", RESET, .type = 15,
		.subcode = 9},
	{"MP_REACH with Transitive bit, §5.3", "", ORIGIN PATH "c00e1a 0002 01 10" NH6 "00 20 20010db8",
		"", RESET, .type = 14, .subcode = 9},
	{"MP_REACH of 4 octets, §5.3", "", ORIGIN PATH "800e04 00020100", "", RESET, .type = 14,
		.subcode = 9},
	{"MP_UNREACH of 2 octets, §5.3", "", "800f02 0002", "", RESET, .type = 15, .subcode = 9},
	{"MP_REACH next hop beyond the attribute, §7.11", "", ORIGIN PATH "800e08 000201ff 20010db8", "",
		RESET, .type = 14, .subcode = 9},
	{"MP_REACH IPv6 with a next hop of 4, §7.11", "", ORIGIN PATH
		"800e0e 0002 01 04 c6120001 00 20 20010db8", "", RESET, .type = 14, .subcode = 9},
	{"MP_REACH IPv4 with a next hop of 16, §7.11", "", ORIGIN PATH
		"800e19 0001 01 10" NH6 "00 18c63364", "", RESET, .type = 14, .subcode = 9},
	{"MP_REACH of a family we do not carry", "", ORIGIN PATH "800e0b 0019 41 04 c6120001 00 ff ff",
		"", OK},
	{"ORIGIN of two octets, §7.1", "", "400102 0000" PATH NEXT_HOP, NLRI, WITHDRAW, .type = 1},
	{"ORIGIN of value 3, §7.1", "", "400101 03" PATH NEXT_HOP, NLRI, WITHDRAW, .type = 1},
	{"AS_PATH segment type 5, §7.2", "", ORIGIN "400206 0501 0000fbf4" NEXT_HOP, NLRI, WITHDRAW,
		.type = 2},
	{"AS_PATH segment overrun, §7.2", "", ORIGIN "400206 0202 0000fbf4" NEXT_HOP, NLRI, WITHDRAW,
		.type = 2},
	{"AS_PATH segment underrun, §7.2", "", ORIGIN "400207 0201 0000fbf4 02" NEXT_HOP, NLRI, WITHDRAW,
		.type = 2},
	{"AS_PATH empty segment, §7.2", "", ORIGIN "400208 0200 0201 0000fbf4" NEXT_HOP, NLRI, WITHDRAW,
		.type = 2},
	{"empty AS_PATH is well-formed, §4", "", ORIGIN "400200" NEXT_HOP, NLRI, OK},
	{"AS_SET after a sequence, RFC 9774 §3", "", ORIGIN "400210 0201 0000fbf4 0102 0000fbf5 0000fbf6"
		NEXT_HOP, NLRI, WITHDRAW, .type = 2},
	{"confederation segment, RFC 5065 §5", "", ORIGIN "400206 0301 0000fbf4" NEXT_HOP, NLRI, WITHDRAW,
		.type = 2},
	{"AS 0 in AS_PATH, RFC 7607 §2", "", ORIGIN "40020a 0202 0000fbf4 00000000" NEXT_HOP, NLRI,
		WITHDRAW, .type = 2},
	{"NEXT_HOP of 5 octets, §7.3", "", ORIGIN PATH "400305 c612000100", NLRI, WITHDRAW, .type = 3},
	{"NEXT_HOP 0.0.0.0, RFC 4271 §6.3", "", ORIGIN PATH "400304 00000000", NLRI, WITHDRAW, .type = 3},
	{"NEXT_HOP multicast, RFC 4271 §6.3", "", ORIGIN PATH "400304 e0000001", NLRI, WITHDRAW,
		.type = 3},
	{"NEXT_HOP 0.0.0.0 beside MP_REACH is ignored", "", ORIGIN PATH "400304 00000000" REACH6, "", OK},
	{"MP_REACH next hop ::", "", ORIGIN PATH
		"800e1a 0002 01 10 00000000000000000000000000000000 00 20 20010db8", "", WITHDRAW, .type = 14},
	{"MED of 3 octets, §7.4", "", BASE "800403 000001", NLRI, WITHDRAW, .type = 4},
	{"LOCAL_PREF, §7.5", "", BASE "400504 00000064", NLRI, DISCARD, .type = 5},
	{"malformed LOCAL_PREF, §7.5", "", BASE "c00501 00", NLRI, DISCARD, .type = 5},
	{"ATOMIC_AGGREGATE of 1 octet, §7.6", "", BASE "400601 00", NLRI, DISCARD, .type = 6},
	{"ATOMIC_AGGREGATE, §4", "", BASE "400600", NLRI, OK},
	{"AGGREGATOR of 6 octets from a new speaker, §7.7", "", BASE "c00706 fbf4 c6120001", NLRI, DISCARD,
		.type = 7},
	{"AGGREGATOR of 8 octets from an old speaker, §7.7", "", BASE2 "c00708 0000fbf4 c6120001", NLRI,
		.is_as2 = true, DISCARD, .type = 7},
	{"AGGREGATOR of 7 octets, §7.7", "", BASE "c00707 0000fbf4 c61200", NLRI, DISCARD, .type = 7},
	{"AGGREGATOR of AS 0, RFC 7607 §2", "", BASE "c00708 00000000 c6120001", NLRI, DISCARD, .type = 7},
	{"COMMUNITIES of 5 octets, §7.8", "", BASE "c00805 fbf4000100", NLRI, WITHDRAW, .type = 8},
	{"COMMUNITIES of 0 octets, §7.8", "", BASE "c00800", NLRI, WITHDRAW, .type = 8},
	{"ORIGINATOR_ID, §7.9", "", BASE "800904 c6120001", NLRI, DISCARD, .type = 9},
	{"CLUSTER_LIST, §7.10", "", BASE "800a04 c6120001", NLRI, DISCARD, .type = 10},
	{"EXTENDED_COMMUNITIES of 4 octets, §7.14", "", BASE "c01004 0002fbf4", NLRI, WITHDRAW, .type = 16},
	{"unknown type of extended community is no fault, §7.14", "", BASE "c01008 ffff000000000001", NLRI,
		OK},
	{"IPv6 extended communities of 8 octets, §7.15", "", BASE "c01908 0002fbf400000001", NLRI, WITHDRAW,
		.type = 25},
	{"AS4_PATH from a new speaker, RFC 6793 §4.1", "", BASE "c01106 0201 00011170", NLRI, DISCARD,
		.type = 17},
	{"AS4_AGGREGATOR from a new speaker, RFC 6793 §4.1", "", BASE "c01208 00011170 c6120001", NLRI,
		DISCARD, .type = 18},
	{"malformed AS4_PATH, RFC 6793 §6", "", BASE2 "c01106 0202 00011170", NLRI, .is_as2 = true, DISCARD,
		.type = 17},
	{"short AS4_PATH, RFC 6793 §6", "", BASE2 "c01102 0200", NLRI, .is_as2 = true, DISCARD, .type = 17},
	{"AS 0 in AS4_PATH, RFC 7607 §2", "", BASE2 "c01106 0201 00000000", NLRI, .is_as2 = true, DISCARD,
		.type = 17},
	{"AS4_AGGREGATOR of 6 octets, RFC 6793 §6", "", BASE2 "c01206 fbf4c6120001", NLRI, .is_as2 = true,
		DISCARD, .type = 18},
	{"2-octet AS_PATH from a new speaker", "", BASE2, NLRI, WITHDRAW, .type = 2},
	{"LARGE_COMMUNITIES of 11 octets, RFC 8092 §6", "", BASE "c0200b 0000fbf4 00000001 000000", NLRI,
		WITHDRAW, .type = 32},
	{"transitive AIGP, RFC 7311 §3", "", BASE "c01a0b 01000b 0000000000000001", NLRI, DISCARD,
		.type = 26},
	{"AIGP is passed over", "", BASE "801a0b 01000b 0000000000000001", NLRI, OK},
	{"unknown optional non-transitive is passed over, RFC 4271 §5", "", BASE "806301 aa", NLRI, OK},
	{"unknown optional transitive is kept, RFC 4271 §5", "", BASE "c06301 aa", NLRI, OK},
	{"unknown well-known, RFC 4271 §6.3", "", BASE "406301 aa", NLRI, RESET, .type = 0x63, .subcode = 2},
};
/* clang-format on */

static size_t body_of(const struct row *row, uint8_t *out)
{
	/* Without the first field the second one is the raw body. */
	return row->withdrawn == NULL ? hex_bytes(row->attrs, out, VECTOR_MAX)
				      : hex_update(row->withdrawn, row->attrs, row->nlri, out);
}

static void check_row(const struct guard *g, const struct row *row)
{
	static uint8_t bytes[VECTOR_MAX];
	struct span body = guard_put(g, bytes, body_of(row, bytes));
	struct update_opts opts = {.is_as4 = !row->is_as2, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(body, &opts, &draft, &u);
	const char *reason = u.attrs.reason == NULL ? "none" : u.attrs.reason;
	cr_expect_eq(u.attrs.verdict, row->verdict, "%s: verdict %d, reason %s", row->name,
		     u.attrs.verdict, reason);
	cr_expect_eq(u.attrs.type, row->type, "%s: type %d, reason %s", row->name, u.attrs.type,
		     reason);
	cr_expect_eq(u.attrs.reason == NULL, row->verdict == VERDICT_OK, "%s", row->name);
	if (row->verdict == VERDICT_SESSION_RESET) {
		cr_expect_eq(u.attrs.why.code, NOTIFY_UPDATE, "%s", row->name);
		cr_expect_eq(u.attrs.why.subcode, row->subcode, "%s: subcode %d", row->name,
			     u.attrs.why.subcode);
	}
}

/* RFC 7606 §3–§7, RFC 4271 §6.3, RFC 6793 §6, RFC 7607. */
Test(wire, each_malformed_update_gets_its_verdict)
{
	cr_assert_geq(ARRAY_COUNT(rows), 40);
	struct guard g;
	guard_init(&g);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		check_row(&g, &rows[i]);
	}
	guard_fini(&g);
}

/* RFC 4271 §6.3: the erroneous attribute (type, length, value) is the NOTIFICATION's data. */
Test(wire, notification_carries_the_offending_attribute)
{
	uint8_t body[256];
	size_t len = hex_update("", BASE "406302 aabb", NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(body, len), &opts, &draft, &u);
	static const uint8_t whole[] = {0x40, 0x63, 0x02, 0xaa, 0xbb};
	cr_assert_eq(u.attrs.why.data_len, sizeof(whole));
	cr_assert_arr_eq(u.attrs.why.data, whole, sizeof(whole));
}

/* RFC 7606 §2: with treat-as-withdraw the prefixes are still known. */
Test(wire, treat_as_withdraw_still_names_the_prefixes)
{
	uint8_t body[256];
	size_t len = hex_update("18c63365", "400101 07" PATH NEXT_HOP, NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(body, len), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_TREAT_AS_WITHDRAW);
	cr_assert_eq(u.announced[UPDATE_FIELD].nlri.len, 4);
	cr_assert_eq(u.withdrawn[UPDATE_FIELD].nlri.len, 4);
	cr_assert_str_eq(u.attrs.reason, "ORIGIN: undefined value");
}

/* RFC 4271 §4.3: every proper prefix of a well-formed body is answered without a read beyond it. */
Test(wire, no_truncation_reads_past_the_end)
{
	struct guard g;
	guard_init(&g);
	uint8_t body[512];
	size_t len = hex_update("18c63365", REACH6 BASE MED "c00804 fbf40001", NLRI, body);
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	for (size_t cut = 0; cut < len; cut++) {
		struct attr_draft draft;
		struct update u;
		update_decode(guard_put(&g, body, cut), &opts, &draft, &u);
		/* Cut within the last field, a shorter body may be well-formed by itself. */
		bool is_whole = cut == len - 4;
		cr_expect_eq(u.attrs.verdict == VERDICT_SESSION_RESET, !is_whole, "cut at %zu",
			     cut);
	}
	guard_fini(&g);
}
