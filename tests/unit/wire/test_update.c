/* UPDATE taken apart, and NLRI. */
#include "tests/unit/wire/vector.h"

#include <criterion/criterion.h>

#define BASE	 "400101 00 40020a 0202 0000fbf4 0000fbf5 400304 c6120001"
#define NH6	 "20010db8000000000000000000000001"
#define REACH6	 "800e1a 0002 01 10" NH6 "00 20 20010db8"
#define UNREACH6 "800f08 0002 01 20 20010db9"
#define REACH4	 "800e0d 0001 01 04 c6120009 00 18c63365"
#define UNREACH4 "800f07 0001 01 18c63366"

struct row {
	const char *name;
	const char *withdrawn;
	const char *attrs;
	const char *nlri;
	/* Octets of the spans, and the next hop lengths. */
	size_t withdrawn4, withdrawn6, announced4, announced6;
	uint8_t next_hop4, next_hop6;
	bool is_eor4, is_eor6;
};

/* clang-format off */
static const struct row rows[] = {
	{"End-of-RIB of IPv4, RFC 4724 §2", "", "", "", 0, 0, 0, 0, 0, 0, true, false},
	{"End-of-RIB of IPv6, RFC 4724 §2", "", "800f03 0002 01", "", 0, 0, 0, 0, 0, 0, false, true},
	{"End-of-RIB of IPv4 in the MP form", "", "800f03 0001 01", "", 0, 0, 0, 0, 0, 0, true, false},
	{"End-of-RIB of another family", "", "800f03 0019 46", "", 0, 0, 0, 0, 0, 0, false, false},
	{"empty MP_UNREACH beside others is none", "", "800f03 0002 01" BASE, "18c63364", 0, 0, 4, 0, 4, 0,
		false, false},
	{"empty MP_UNREACH beside withdrawn is none", "18c63364", "800f03 0002 01", "", 4, 0, 0, 0, 0, 0,
		false, false},
	{"IPv4 announced", "", BASE, "18c63364 18c63365", 0, 0, 8, 0, 4, 0, false, false},
	{"IPv4 withdrawn", "18c63364", "", "", 4, 0, 0, 0, 0, 0, false, false},
	{"IPv6 announced and withdrawn", "", REACH6 UNREACH6 BASE, "", 0, 5, 0, 5, 0, 16, false, false},
	{"IPv4 in MP_REACH, RFC 4760 §3", "", REACH4 BASE, "", 0, 0, 4, 0, 4, 0, false, false},
	{"IPv4 in MP_UNREACH, RFC 4760 §4", "", UNREACH4, "", 4, 0, 0, 0, 0, 0, false, false},
	{"everything, RFC 7606 §5.1", "18c63367", UNREACH6 BASE REACH6, "18c63364", 4, 5, 4, 5, 4, 16,
		false, false},
	{"IPv4 in all four places, RFC 7606 §5.1", "18c63367", UNREACH4 BASE REACH4, "18c63364", 8, 0, 8, 0,
		4, 0, false, false},
	{"trailing bits are ignored, RFC 4271 §4.3", "", BASE, "17c63365", 0, 0, 4, 0, 4, 0, false, false},
	{"the default route", "", BASE, "00", 0, 0, 1, 0, 4, 0, false, false},
};
/* clang-format on */

/* Octets of the prefixes of a family, wherever they stand. */
static size_t octets(const struct update_nlri at[UPDATE_PLACE_COUNT], enum family family)
{
	size_t len = 0;
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		len += at[i].form.family == family ? at[i].nlri.len : 0;
	}
	return len;
}

/* The length of the next hop in the first place where the family is announced; 0: nowhere. */
static uint8_t next_hop_len(const struct update *u, enum family family)
{
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		if (u->announced[i].form.family == family && u->announced[i].nlri.len > 0) {
			return u->announced[i].next_hop.len;
		}
	}
	return 0;
}

static void expect_row(const struct row *row, const struct update *u)
{
	cr_expect_eq(u->attrs.verdict, VERDICT_OK, "%s: %s", row->name,
		     u->attrs.reason == NULL ? "" : u->attrs.reason);
	cr_expect_eq(octets(u->withdrawn, FAMILY_IPV4), row->withdrawn4, "%s", row->name);
	cr_expect_eq(octets(u->withdrawn, FAMILY_IPV6), row->withdrawn6, "%s", row->name);
	cr_expect_eq(octets(u->announced, FAMILY_IPV4), row->announced4, "%s", row->name);
	cr_expect_eq(octets(u->announced, FAMILY_IPV6), row->announced6, "%s", row->name);
	cr_expect_eq(next_hop_len(u, FAMILY_IPV4), row->next_hop4, "%s", row->name);
	cr_expect_eq(next_hop_len(u, FAMILY_IPV6), row->next_hop6, "%s", row->name);
	cr_expect_eq(u->is_eor[FAMILY_IPV4], row->is_eor4, "%s", row->name);
	cr_expect_eq(u->is_eor[FAMILY_IPV6], row->is_eor6, "%s", row->name);
}

/* RFC 4271 §4.3, RFC 4760 §3–4, RFC 4724 §2. */
Test(wire, update_fields_land_in_their_families)
{
	struct guard g;
	guard_init(&g);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t bytes[1024];
		size_t len = hex_update(rows[i].withdrawn, rows[i].attrs, rows[i].nlri, bytes);
		struct update_opts opts = {.is_as4 = true, .families = {true, true}};
		struct attr_draft draft;
		struct update u;
		update_decode(guard_put(&g, bytes, len), &opts, &draft, &u);
		expect_row(&rows[i], &u);
	}
	guard_fini(&g);
}

/* RFC 4760 §3: the next hop of IPv4 prefixes is that of the attribute they came in. */
Test(wire, next_hop_follows_its_prefixes)
{
	uint8_t bytes[256];
	struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct attr_draft draft;
	struct update u;
	update_decode(span_of(bytes, hex_update("", REACH4 BASE, "", bytes)), &opts, &draft, &u);
	cr_assert_eq(u.announced[UPDATE_MP].next_hop.bytes[3], 9);
	update_decode(span_of(bytes, hex_update("", BASE, "00", bytes)), &opts, &draft, &u);
	cr_assert_eq(u.announced[UPDATE_FIELD].next_hop.bytes[3], 1);
	/* RFC 7606 §5.1: "in any position or combination", also both. */
	update_decode(span_of(bytes, hex_update("", BASE REACH4, "00", bytes)), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_OK);
	cr_assert_eq(u.announced[UPDATE_FIELD].nlri.len, 1);
	cr_assert_eq(u.announced[UPDATE_FIELD].next_hop.bytes[3], 1);
	cr_assert_eq(u.announced[UPDATE_MP].nlri.len, 4);
	cr_assert_eq(u.announced[UPDATE_MP].next_hop.bytes[3], 9);
}

/* RFC 4760 §8: a family that was not negotiated is ignored. */
Test(wire, families_not_negotiated_are_ignored)
{
	uint8_t bytes[512];
	size_t len = hex_update("18c63367", UNREACH6 BASE REACH6, "18c63364", bytes);
	struct attr_draft draft;
	struct update u;
	struct update_opts only6 = {.is_as4 = true, .families = {false, true}};
	update_decode(span_of(bytes, len), &only6, &draft, &u);
	cr_expect_eq(octets(u.withdrawn, FAMILY_IPV4) + octets(u.announced, FAMILY_IPV4), 0);
	cr_expect_eq(octets(u.announced, FAMILY_IPV6), 5);
	struct update_opts only4 = {.is_as4 = true, .families = {true, false}};
	update_decode(span_of(bytes, len), &only4, &draft, &u);
	cr_expect_eq(octets(u.withdrawn, FAMILY_IPV6) + octets(u.announced, FAMILY_IPV6), 0);
	cr_expect_eq(octets(u.announced, FAMILY_IPV4), 4);
	update_decode(span_of(bytes, hex_update("", "800f03 0002 01", "", bytes)), &only4, &draft,
		      &u);
	cr_expect_not(u.is_eor[FAMILY_IPV6]);
}

/* RFC 4724 §2. */
Test(wire, end_of_rib_written_is_end_of_rib_read)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		uint8_t buf[64];
		size_t len = update_eor_encode((enum family)f, buf, sizeof(buf));
		cr_assert_eq(len, f == FAMILY_IPV4 ? 23 : 29);
		struct frame frame;
		struct notify why;
		cr_assert_eq(frame_next(span_of(buf, len), BGP_MESSAGE_MAX, &frame, &why),
			     FRAME_OK);
		struct update_opts opts = {.is_as4 = true, .families = {true, true}};
		struct attr_draft draft;
		struct update u;
		update_decode(frame.body, &opts, &draft, &u);
		cr_expect_eq(u.attrs.verdict, VERDICT_OK);
		cr_expect(u.is_eor[f]);
		cr_expect_not(u.is_eor[1 - f]);
		cr_expect_eq(update_eor_encode((enum family)f, buf, len - 1), 0);
	}
}

/* RFC 4271 §4.3, RFC 7606 §5.3: every length, whole, one octet short, and one bit too long. */
Test(wire, nlri_of_every_length)
{
	struct guard g;
	guard_init(&g);
	uint8_t bytes[20];
	memset(bytes, 0xff, sizeof(bytes));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct nlri_form form = {(enum family)f, false};
		for (unsigned bits = 0; bits <= 255; bits++) {
			size_t whole = 1 + (bits + 7) / 8;
			bool is_good = bits <= family_bits((uint8_t)f);
			bytes[0] = (uint8_t)bits;
			uint32_t count = 77;
			size_t len = is_good ? whole : sizeof(bytes);
			struct span in = guard_put(&g, bytes, len);
			cr_expect_eq(nlri_is_valid(in, form, &count), is_good, "%u bits", bits);
			cr_expect_eq(count, is_good ? 1 : 0);
			struct rd r = rd_of(in);
			struct prefix p;
			cr_expect_eq(nlri_next(&r, form, &p, NULL), is_good, "%u bits", bits);
			if (!is_good) {
				continue;
			}
			unsigned ones = 0;
			for (size_t i = 0; i < sizeof(p.bytes); i++) {
				ones += (unsigned)__builtin_popcount(p.bytes[i]);
			}
			cr_expect_eq(ones, bits, "%u bits: %u ones", bits, ones);
			cr_expect_eq(p.len, bits);
			cr_expect_eq(p.family, f);
			cr_expect_not(nlri_next(&r, form, &p, NULL));
			if (whole > 1) {
				in = guard_put(&g, bytes, whole - 1);
				r = rd_of(in);
				cr_expect_not(nlri_is_valid(in, form, NULL));
				cr_expect_not(nlri_next(&r, form, &p, NULL));
			}
		}
	}
	guard_fini(&g);
}
