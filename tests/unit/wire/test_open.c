/* OPEN. */
#include "tests/unit/wire/vector.h"
#include "rib/base/prng.h"
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
		{.asn = 64500, .has_multiprotocol = true, .families = {false, true},
		 .has_extended_parameters = true}},
	{"extended parameters, first length ignored", FRONT "01 ff 0009 02 0006" MP6, true, 0,
		{.asn = 64500, .has_multiprotocol = true, .families = {false, true},
		 .has_extended_parameters = true}},
	{"no parameters in the extended form, RFC 9072 §2", FRONT "ff ff 0000", true, 0,
		{.asn = 64500, .families = {true, false}, .has_extended_parameters = true}},
	{"the same capability twice, RFC 5492 §4", FRONT "14 0212" MP6 MP6 "4104 0000fbf4", true, 0,
		{.asn = 64500, .has_as4 = true, .has_multiprotocol = true,
		 .families = {false, true}}},
	{"enhanced refresh, RFC 7313 §3.1", FRONT "06 0204 4600 0200", true, 0,
		{.asn = 64500, .has_refresh = true, .has_enhanced_refresh = true,
		 .families = {true, false}}},
	{"enhanced refresh of one octet is not understood", FRONT "05 0203 460100", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"extended message, RFC 8654 §3", FRONT "04 0202 0600", true, 0,
		{.asn = 64500, .has_extended_message = true, .families = {true, false}}},
	{"extended message of one octet is not understood", FRONT "05 0203 060100", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"IPv6 next hops, RFC 8950 §4", FRONT "10 020e 050c 0001 0080 0002 0001 0001 0002", true, 0,
		{.asn = 64500, .has_next_hop6 = true, .families = {true, false}}},
	{"IPv6 next hops of VPN routes only", FRONT "0a 0208 0506 0001 0080 0002", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"IPv6 next hops, half a tuple", FRONT "0d 020b 0509 0001 0001 0002 000100", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"role, RFC 9234 §4.1", FRONT "05 0203 090102", true, 0,
		{.asn = 64500, .has_role = true, .role = ROLE_RS_CLIENT,
		 .families = {true, false}}},
	{"the same role twice, RFC 9234 §4.2", FRONT "08 0206 090103 090103", true, 0,
		{.asn = 64500, .has_role = true, .role = ROLE_CUSTOMER, .families = {true, false}}},
	{"role of two octets is not understood", FRONT "06 0204 0902 0303", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"ADD-PATH, RFC 7911 §4", FRONT "0c 020a 4508 00010101 00020103", true, 0,
		{.asn = 64500, .add_path = {ADD_PATH_RECEIVE, ADD_PATH_RECEIVE | ADD_PATH_SEND},
		 .families = {true, false}}},
	{"ADD-PATH in two capabilities", FRONT "0e 020c 4504 00010102 4504 00020101", true, 0,
		{.asn = 64500, .add_path = {ADD_PATH_SEND, ADD_PATH_RECEIVE},
		 .families = {true, false}}},
	{"ADD-PATH with value 0 is ignored as a whole, RFC 7911 §4", FRONT "0c 020a 4508 00010101 00020100",
		true, 0, {.asn = 64500, .families = {true, false}}},
	{"ADD-PATH with value 4 is ignored as a whole", FRONT "0c 020a 4508 00010104 00020101", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"ADD-PATH, half a tuple", FRONT "0a 0208 4506 00010101 0002", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"ADD-PATH of labelled routes", FRONT "08 0206 4504 00010401", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"graceful restart without families, RFC 4724 §3", FRONT "06 0204 4002 0078", true, 0,
		{.asn = 64500, .graceful = {.is_present = true, .restart_s = 120},
		 .families = {true, false}}},
	{"graceful restart with everything, RFC 8538 §2", FRONT "0e 020c 400a cfff 00010180 00020100", true, 0,
		{.asn = 64500,
		 .families = {true, false}, .graceful = {.is_present = true, .is_restarting = true,
			.has_notification = true, .restart_s = 4095, .families = {true, true},
			.is_forwarding = {true, false}}}},
	{"graceful restart twice: the last one, RFC 4724 §3", FRONT "0e 020c 4006 8078 00010180 4002 003c",
		true, 0,
		{.asn = 64500, .graceful = {.is_present = true, .restart_s = 60},
		 .families = {true, false}}},
	{"graceful restart of one octet is not understood", FRONT "05 0203 400100", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"long-lived graceful restart, RFC 9494 §3.1",
		FRONT "16 0214 4002 0078 470e 00010180 015180 00020100 ffffff", true, 0,
		{.asn = 64500,
		 .families = {true, false}, .graceful = {.is_present = true, .restart_s = 120},
		 .long_lived = {.is_present = true,
		 .families = {true, true}, .is_forwarding = {true, false},
			.stale_s = {86400, 0xffffff}}}},
	{"long-lived before graceful restart", FRONT "0f 020d 4707 00010100 000001 4002 0078", true, 0,
		{.asn = 64500,
		 .families = {true, false}, .graceful = {.is_present = true, .restart_s = 120},
		 .long_lived = {.is_present = true, .families = {true, false}, .stale_s = {1, 0}}}},
	{"long-lived without graceful restart, RFC 9494 §4.1", FRONT "0b 0209 4707 00010100 000001", true, 0,
		{.asn = 64500, .families = {true, false}}},
	{"long-lived, half a tuple", FRONT "0d 020b 4705 00010100 00 4002 0078", true, 0,
		{.asn = 64500, .graceful = {.is_present = true, .restart_s = 120},
		 .families = {true, false}}},
	{"two roles, RFC 9234 §4.2", FRONT "08 0206 090102 090104", false, NOTIFY_OPEN_ROLE, {0}},
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

static void expect_same_restart(const char *name, const struct open *got, const struct open *want)
{
	const struct open_graceful *g = &got->graceful, *wg = &want->graceful;
	const struct open_long_lived *l = &got->long_lived, *wl = &want->long_lived;
	cr_expect_eq(g->is_present, wg->is_present, "%s", name);
	cr_expect_eq(g->is_restarting, wg->is_restarting, "%s", name);
	cr_expect_eq(g->has_notification, wg->has_notification, "%s", name);
	cr_expect_eq(g->restart_s, wg->restart_s, "%s", name);
	cr_expect_arr_eq(g->families, wg->families, sizeof(g->families), "%s", name);
	cr_expect_arr_eq(g->is_forwarding, wg->is_forwarding, sizeof(g->families), "%s", name);
	cr_expect_eq(l->is_present, wl->is_present, "%s", name);
	cr_expect_arr_eq(l->families, wl->families, sizeof(l->families), "%s", name);
	cr_expect_arr_eq(l->is_forwarding, wl->is_forwarding, sizeof(l->families), "%s", name);
	cr_expect_arr_eq(l->stale_s, wl->stale_s, sizeof(l->stale_s), "%s", name);
}

static void expect_same(const char *name, const struct open *got, const struct open *want)
{
	cr_expect_eq(got->asn, want->asn, "%s", name);
	cr_expect_eq(got->has_as4, want->has_as4, "%s", name);
	cr_expect_eq(got->has_refresh, want->has_refresh, "%s", name);
	cr_expect_eq(got->has_multiprotocol, want->has_multiprotocol, "%s", name);
	cr_expect_arr_eq(got->families, want->families, sizeof(got->families), "%s", name);
	cr_expect_eq(got->has_enhanced_refresh, want->has_enhanced_refresh, "%s", name);
	cr_expect_eq(got->has_extended_message, want->has_extended_message, "%s", name);
	cr_expect_eq(got->has_extended_parameters, want->has_extended_parameters, "%s", name);
	cr_expect_eq(got->has_next_hop6, want->has_next_hop6, "%s", name);
	cr_expect_eq(got->has_role, want->has_role, "%s", name);
	cr_expect_eq(got->role, want->role, "%s", name);
	cr_expect_arr_eq(got->add_path, want->add_path, sizeof(got->add_path), "%s", name);
	expect_same_restart(name, got, want);
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

static struct open random_open(struct prng *p)
{
	struct open o = {
		.asn = prng_chance(p, 1, 2) ? 4200000000u : 64500,
		.hold_s = prng_chance(p, 1, 2) ? 0 : 240,
		.router_id = 0x0a000001,
		.has_refresh = prng_chance(p, 1, 2),
		.has_multiprotocol = prng_chance(p, 1, 2),
		.has_enhanced_refresh = prng_chance(p, 1, 2),
		.has_extended_message = prng_chance(p, 1, 2),
		.has_extended_parameters = prng_chance(p, 1, 2),
		.has_next_hop6 = prng_chance(p, 1, 2),
		.has_role = prng_chance(p, 1, 2),
		.graceful = {.is_present = prng_chance(p, 1, 2)},
	};
	o.has_as4 = o.asn > UINT16_MAX || prng_chance(p, 1, 2);
	o.families[FAMILY_IPV4] = !o.has_multiprotocol || prng_chance(p, 3, 4);
	o.families[FAMILY_IPV6] = o.has_multiprotocol && (!o.families[0] || prng_chance(p, 1, 2));
	o.role = o.has_role ? (uint8_t)prng_below(p, 6) : 0;
	struct open_graceful *g = &o.graceful;
	g->is_restarting = g->is_present && prng_chance(p, 1, 2);
	g->has_notification = g->is_present && prng_chance(p, 1, 2);
	g->restart_s = g->is_present ? (uint16_t)prng_below(p, 4096) : 0;
	struct open_long_lived *l = &o.long_lived;
	l->is_present = g->is_present && prng_chance(p, 1, 2);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		o.add_path[f] = (uint8_t)prng_below(p, 4);
		g->families[f] = g->is_present && prng_chance(p, 1, 2);
		g->is_forwarding[f] = g->families[f] && prng_chance(p, 1, 2);
		l->families[f] = l->is_present && prng_chance(p, 1, 2);
		l->is_forwarding[f] = l->families[f] && prng_chance(p, 1, 2);
		l->stale_s[f] = l->families[f] ? (uint32_t)prng_below(p, 1 << 24) : 0;
	}
	return o;
}

/* RFC 4271 §4.2, RFC 6793 §4.1, RFC 9072 §2: what is written is read back, 4,000 random ones. */
Test(wire, open_written_is_open_read)
{
	struct guard g;
	guard_init(&g);
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct prng p;
		prng_init(&p, seed);
		struct open o = random_open(&p);
		uint8_t buf[OPEN_ENCODED_MAX];
		size_t len = open_encode(&o, buf, sizeof(buf));
		cr_assert_geq(len, 29);
		struct frame f;
		struct notify why = {0};
		cr_assert_eq(frame_next(guard_put(&g, buf, len), BGP_MESSAGE_MAX, &f, &why),
			     FRAME_OK);
		cr_assert_eq(f.type, BGP_OPEN);
		struct open back;
		cr_assert(open_decode(f.body, &back, &why), "seed %lu", seed);
		expect_same("round trip", &back, &o);
		cr_expect_eq(back.asn, o.asn);
		cr_expect_eq(back.hold_s, o.hold_s);
		cr_expect_eq(back.router_id, o.router_id);
		uint16_t as2 = (uint16_t)(buf[20] << 8 | buf[21]);
		cr_expect_eq(as2, o.asn > UINT16_MAX ? 23456 : 64500);
		cr_expect_eq(open_encode(&o, buf, len - 1), 0);
	}
	guard_fini(&g);
}

/* RFC 9072 §2: 255 octets and more of parameters, as only the extended form can hold them. */
Test(wire, open_with_many_parameters_is_read)
{
	struct guard g;
	guard_init(&g);
	static uint8_t bytes[4077];
	struct wr w = wr_of(bytes, sizeof(bytes));
	w.at += hex_bytes(FRONT "ff ff", bytes, sizeof(bytes));
	size_t length_at = wr_len(&w);
	wr_u16(&w, 0);
	while (wr_left(&w) > 600) { /* Unknown capabilities, then one that is known. */
		wr_u8(&w, 2);
		wr_u16(&w, 2 + 255);
		wr_u8(&w, 200);
		wr_u8(&w, 255);
		memset(w.at, 0xee, 255);
		w.at += 255;
	}
	w.at += hex_bytes("02 0006" MP6, w.at, wr_left(&w));
	wr_patch_u16(&w, length_at, (uint16_t)(wr_len(&w) - length_at - 2));
	struct open o;
	struct notify why;
	cr_assert_gt(wr_len(&w), 3000);
	cr_assert(open_decode(guard_put(&g, bytes, wr_len(&w)), &o, &why));
	cr_expect(o.families[FAMILY_IPV6] && o.has_extended_parameters);
	for (size_t cut = 0; cut < wr_len(&w); cut++) {
		cr_expect_not(open_decode(guard_put(&g, bytes, cut), &o, &why), "cut at %zu", cut);
	}
	guard_fini(&g);
}
