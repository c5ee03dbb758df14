/* OPEN. */
#include "tests/unit/wire/vector.h"
#include "rib/wire/open.h"

#include <criterion/criterion.h>

#define FRONT "04 fbf4 005a c6120001"
#define MP4   "0104 00010001"
#define MP6   "0104 00020001"
#define AS4   "4104 0000fbf4"

struct row {
	const char *name;
	const char *hex;
	bool is_ok;
	uint8_t subcode;
	struct open want;
};

/* clang-format off */
static const struct row rows[] = {
	{"no parameters: IPv4 alone, RFC 4760 §8", FRONT "00", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"one parameter with many capabilities", FRONT "16 0214" MP4 MP6 "0200" AS4, true, 0,
		{.asn = 64500, .has_as4 = true, .has_refresh = true, .has_multiprotocol = true,
		 .families = {true, true}}},
	{"one capability in each parameter", FRONT "1c 0206" MP4 "0206" MP6 "0202 0200" "0206" AS4, true, 0,
		{.asn = 64500, .has_as4 = true, .has_refresh = true, .has_multiprotocol = true,
		 .families = {true, true}}},
	{"IPv6 alone", FRONT "08 0206" MP6, true, 0,
		{.asn = 64500, .has_multiprotocol = true, .families = {false, true}}},
	{"EVPN alone: neither family", FRONT "08 0206 0104 00190046", true, 0,
		{.asn = 64500, .has_multiprotocol = true, .families = {false, false}}},
	{"4-octet AS wins", "04 5ba0 005a c6120001 08 0206 4104 00011170", true, 0,
		{.asn = 70000, .has_as4 = true, .families = {true, false}}},
	{"unknown capabilities are passed over, RFC 5492 §3", FRONT "0a 0208 8000 4004 00780001", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"extended parameters, RFC 9072 §2", FRONT "ff ff 0009 02 0006" MP6, true, 0,
		{.asn = 64500, .has_multiprotocol = true, .families = {false, true}}},
	{"extended parameters, first length ignored", FRONT "01 ff 0009 02 0006" MP6, true, 0,
		{.asn = 64500, .has_multiprotocol = true, .families = {false, true}}},
	{"version 3", "03 fbf4 005a c6120001 00", false, NOTIFY_OPEN_VERSION, {0}},
	{"AS 0, RFC 7607 §2", "04 0000 005a c6120001 00", false, NOTIFY_OPEN_PEER_AS, {0}},
	{"AS 0 in capability 65, RFC 7607 §2", FRONT "08 0206 4104 00000000", false, NOTIFY_OPEN_PEER_AS, {0}},
	{"hold time 1", "04 fbf4 0001 c6120001 00", false, NOTIFY_OPEN_HOLD_TIME, {0}},
	{"hold time 2", "04 fbf4 0002 c6120001 00", false, NOTIFY_OPEN_HOLD_TIME, {0}},
	{"router id 0", "04 fbf4 005a 00000000 00", false, NOTIFY_OPEN_BGP_ID, {0}},
	{"parameter of type 1", FRONT "03 0101 00", false, NOTIFY_OPEN_OPTIONAL, {0}},
	{"type 255 is not first, RFC 9072 §3", FRONT "04 0200 ff00", false, NOTIFY_OPEN_OPTIONAL, {0}},
	{"parameters shorter than they say", FRONT "09 0206" MP4, false, 0, {0}},
	{"octets after the parameters", FRONT "00 00", false, 0, {0}},
	{"parameter beyond the end", FRONT "08 0207" MP4, false, 0, {0}},
	{"parameter header cut off", FRONT "01 02", false, 0, {0}},
	{"capability beyond its parameter", FRONT "08 0206 0105 00010001", false, 0, {0}},
	{"capability 1 of 3 octets", FRONT "07 0205 0103 000100", false, 0, {0}},
	{"capability 65 of 2 octets", FRONT "06 0204 4102 fbf4", false, 0, {0}},
	{"capability 2 of 1 octet", FRONT "05 0203 0201 00", false, 0, {0}},
	{"extended length beyond the end", FRONT "ff ff 000a 02 0006" MP6, false, 0, {0}},
};
/* clang-format on */

static void expect_same(const char *name, const struct open *got, const struct open *want)
{
	cr_expect_eq(got->asn, want->asn, "%s", name);
	cr_expect_eq(got->has_as4, want->has_as4, "%s", name);
	cr_expect_eq(got->has_refresh, want->has_refresh, "%s", name);
	cr_expect_eq(got->has_multiprotocol, want->has_multiprotocol, "%s", name);
	cr_expect_arr_eq(got->families, want->families, sizeof(got->families), "%s", name);
}

/* RFC 4271 §4.2, §6.2; RFC 5492; RFC 9072. */
Test(wire, open_is_read_or_refused)
{
	struct guard g;
	guard_init(&g);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t bytes[256];
		size_t len = hex_bytes(rows[i].hex, bytes, sizeof(bytes));
		struct open o = {0};
		struct notify why = {0};
		bool is_ok = open_decode(guard_put(&g, bytes, len), &o, &why);
		cr_expect_eq(is_ok, rows[i].is_ok, "%s: subcode %d", rows[i].name, why.subcode);
		cr_expect_eq(why.code, is_ok ? NOTIFY_NONE : NOTIFY_OPEN, "%s", rows[i].name);
		cr_expect_eq(why.subcode, rows[i].subcode, "%s: subcode %d", rows[i].name,
			     why.subcode);
		expect_same(rows[i].name, &o, &rows[i].want);
		if (is_ok) {
			cr_expect_eq(o.hold_s, 90);
			cr_expect_eq(o.router_id, 0xc6120001);
		}
	}
	guard_fini(&g);
}

/* RFC 4271 §6.2: no cut of an OPEN is read beyond, and none passes for whole. */
Test(wire, open_cut_short_is_refused)
{
	struct guard g;
	guard_init(&g);
	uint8_t bytes[64];
	size_t len = hex_bytes(FRONT "16 0214" MP4 MP6 "0200" AS4, bytes, sizeof(bytes));
	for (size_t cut = 0; cut < len; cut++) {
		struct open o;
		struct notify why;
		cr_expect_not(open_decode(guard_put(&g, bytes, cut), &o, &why), "cut at %zu", cut);
	}
	guard_fini(&g);
}

/* RFC 4271 §4.2, RFC 6793 §4.1: what is written is read back, over all combinations. */
Test(wire, open_written_is_open_read)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		struct open o = {
			.asn = (bits & 1) != 0 ? 4200000000u : 64500,
			.hold_s = (bits & 2) != 0 ? 0 : 240,
			.router_id = 0x0a000001,
			.has_as4 = (bits & 1) != 0 || (bits & 4) != 0,
			.has_refresh = (bits & 8) != 0,
			.has_multiprotocol = (bits & 16) != 0,
			.families = {true, (bits & 16) != 0},
		};
		uint8_t buf[128];
		size_t len = open_encode(&o, buf, sizeof(buf));
		cr_assert_geq(len, 29);
		struct frame f;
		struct notify why = {0};
		cr_assert_eq(frame_next(span_of(buf, len), BGP_MESSAGE_MAX, &f, &why), FRAME_OK);
		cr_assert_eq(f.type, BGP_OPEN);
		struct open back;
		cr_assert(open_decode(f.body, &back, &why), "bits %u", bits);
		expect_same("round trip", &back, &o);
		cr_expect_eq(back.hold_s, o.hold_s);
		cr_expect_eq(back.router_id, o.router_id);
		uint16_t as2 = (uint16_t)(buf[20] << 8 | buf[21]);
		cr_expect_eq(as2, (bits & 1) != 0 ? 23456 : 64500);
		cr_expect_eq(open_encode(&o, buf, len - 1), 0);
	}
}
