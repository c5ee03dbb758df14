/* NOTIFICATION, in bytes and in words. */
#include "tests/unit/wire/vector.h"
#include "rib/wire/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct row {
	uint8_t code;
	uint8_t subcode;
	const char *data; /* Hex. */
	const char *text;
};

static const struct row rows[] = {
	{1, 1, "", "Message Header: Connection Not Synchronized"},
	{1, 2, "0012", "Message Header: Bad Message Length (18 octets)"},
	{1, 3, "09", "Message Header: Bad Message Type (type 9)"},
	{2, 0, "", "OPEN: Unspecific"},
	{2, 1, "0004", "OPEN: Unsupported Version Number (version 4 is supported)"},
	{2, 2, "", "OPEN: Bad Peer AS"},
	{2, 3, "", "OPEN: Bad BGP Identifier"},
	{2, 4, "", "OPEN: Unsupported Optional Parameter"},
	{2, 6, "", "OPEN: Unacceptable Hold Time"},
	{2, 7, "410400000001", "OPEN: Unsupported Capability (capability 65)"},
	{2, 11, "", "OPEN: Role Mismatch"},
	{2, 99, "", "OPEN: subcode 99"},
	{3, 1, "", "UPDATE: Malformed Attribute List"},
	{3, 2, "406302aabb", "UPDATE: Unrecognized Well-known Attribute (attribute 99)"},
	{3, 3, "03", "UPDATE: Missing Well-known Attribute (NEXT_HOP)"},
	{3, 4, "c0010100", "UPDATE: Attribute Flags Error (ORIGIN)"},
	{3, 5, "c00803000000", "UPDATE: Attribute Length Error (COMMUNITIES)"},
	{3, 6, "40010107", "UPDATE: Invalid ORIGIN Attribute (ORIGIN)"},
	{3, 8, "", "UPDATE: Invalid NEXT_HOP Attribute"},
	{3, 9, "800e", "UPDATE: Optional Attribute Error"},
	{3, 10, "", "UPDATE: Invalid Network Field"},
	{3, 11, "", "UPDATE: Malformed AS_PATH"},
	{4, 0, "", "Hold Timer Expired"},
	{5, 0, "", "Finite State Machine: Unspecified Error"},
	{5, 3, "", "Finite State Machine: Unexpected Message in Established State"},
	{5, 2, "02",
	 "Finite State Machine: Unexpected Message in OpenConfirm State (message type 2)"},
	{6, 0, "", "Cease: Unspecific"},
	{6, 1, "", "Cease: Maximum Number of Prefixes Reached"},
	{6, 1, "000101000003e8",
	 "Cease: Maximum Number of Prefixes Reached (IPv4 unicast, limit 1000)"},
	{6, 1, "00190100000001",
	 "Cease: Maximum Number of Prefixes Reached (AFI 25 SAFI 1, limit 1)"},
	{6, 2, "", "Cease: Administrative Shutdown"},
	{6, 2, "00", "Cease: Administrative Shutdown"},
	{6, 2, "0b6d61696e74656e616e6365", "Cease: Administrative Shutdown (\"maintenance\")"},
	{6, 2, "206d61696e74", "Cease: Administrative Shutdown (\"maint\")"},
	{6, 4, "02c3bc", "Cease: Administrative Reset (\"\xc3\xbc\")"},
	{6, 4, "06610a1b5bc3ff", "Cease: Administrative Reset (\"a??[??\")"},
	{6, 2, "08c0af61eda08062", "Cease: Administrative Shutdown (\"??a???b\")"},
	{6, 2, "03e280ae", "Cease: Administrative Shutdown (\"?\")"}, /* U+202E */
	{6, 3, "", "Cease: Peer De-configured"},
	{6, 5, "", "Cease: Connection Rejected"},
	{6, 6, "", "Cease: Other Configuration Change"},
	{6, 7, "", "Cease: Connection Collision Resolution"},
	{6, 8, "", "Cease: Out of Resources"},
	{6, 9, "", "Cease: Hard Reset"},
	{6, 9, "06020361626300", "Cease: Hard Reset (Cease: Administrative Shutdown (\"abc\"))"},
	{6, 9, "0609", "Cease: Hard Reset (Cease: Hard Reset)"},
	{6, 10, "", "Cease: BFD Down"},
	{7, 1, "", "ROUTE-REFRESH: Invalid Message Length"},
	{8, 0, "", "Send Hold Timer Expired"},
	{0, 0, "", "code 0, subcode 0"},
	{200, 201, "ff", "code 200, subcode 201"},
};

static struct notify notify_of(const struct row *row)
{
	uint8_t data[NOTIFY_DATA_MAX];
	size_t len = hex_bytes(row->data, data, sizeof(data));
	return notify_with(row->code, row->subcode, span_of(data, len));
}

/* RFC 4271 §6, RFC 4486, RFC 8538 §3.1, RFC 9003 §2, RFC 9384. */
Test(wire, notification_is_told_in_words)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char text[NOTIFY_TEXT_MAX];
		struct notify n = notify_of(&rows[i]);
		cr_expect_str_eq(notify_format(&n, text, sizeof(text)), rows[i].text);
	}
}

/* Whatever the size of the buffer: the beginning of the text, "..." if that is not all, a zero. */
Test(wire, notification_text_is_cut_to_fit)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct notify n = notify_of(&rows[i]);
		size_t whole = strlen(rows[i].text);
		for (size_t len = 1; len <= whole + 1; len++) {
			char text[NOTIFY_TEXT_MAX];
			memset(text, 'x', sizeof(text));
			notify_format(&n, text, len);
			size_t shown = strlen(text);
			cr_expect_lt(shown, len);
			cr_expect_eq(text[len], 'x');
			if (shown != whole || text[shown - 1] == '.') {
				size_t dots = (size_t)min_u64(shown, 3);
				shown -= dots;
				cr_expect_eq(strspn(text + shown, "."), dots);
			}
			cr_expect(shown <= whole && memcmp(text, rows[i].text, shown) == 0, "'%s'",
				  text);
		}
	}
}

/* RFC 4271 §4.5: no data at all, and any cut of it, is read safely. */
Test(wire, any_notification_is_read_and_told)
{
	struct guard g;
	guard_init(&g);
	uint8_t body[300];
	for (size_t i = 0; i < sizeof(body); i++) {
		body[i] = (uint8_t)(i * 37 + 11);
	}
	for (unsigned code = 0; code < 16; code++) {
		for (size_t len = 0; len < 300; len++) {
			body[0] = (uint8_t)code;
			body[1] = (uint8_t)(len % 13);
			struct notify n;
			bool is_ok = notify_decode(guard_put(&g, body, len), &n);
			cr_assert_eq(is_ok, len >= 2);
			char text[NOTIFY_TEXT_MAX];
			if (is_ok) {
				notify_format(&n, text, sizeof(text));
				cr_assert_lt(strlen(text), sizeof(text));
			}
		}
	}
	guard_fini(&g);
}

/* RFC 8538 §5.2, RFC 9003 §2: a communication of 255 octets, whose last character has two, arrives
 * whole in a Hard Reset, too. */
Test(wire, longest_communication_in_a_hard_reset_is_told_whole)
{
	uint8_t body[2 + 2 + 1 + 255] = {NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, NOTIFY_CEASE,
					 NOTIFY_CEASE_SHUTDOWN, 255};
	memset(body + 5, 'a', 253);
	memcpy(body + 5 + 253, "\xc3\xa9", 2);
	struct notify n;
	char text[NOTIFY_TEXT_MAX];
	cr_assert(notify_decode(span_of(body, sizeof(body)), &n));
	notify_format(&n, text, sizeof(text));
	cr_expect_not_null(strstr(text, "a\xc3\xa9\"))"), "%s", text);
}

/* RFC 4271 §4.5. */
Test(wire, notification_written_is_notification_read)
{
	uint8_t data[400];
	memset(data, 0xa5, sizeof(data));
	struct notify n = notify_with(NOTIFY_UPDATE, 5, span_of(data, sizeof(data)));
	cr_assert_eq(n.data_len, NOTIFY_DATA_MAX);
	uint8_t buf[512];
	size_t len = notify_encode(&n, buf, sizeof(buf));
	cr_assert_eq(len, 21 + NOTIFY_DATA_MAX);
	struct frame f;
	struct notify back;
	cr_assert_eq(frame_next(span_of(buf, len), BGP_MESSAGE_MAX, &f, &back), FRAME_OK);
	cr_assert_eq(f.type, BGP_NOTIFICATION);
	cr_assert(notify_decode(f.body, &back));
	cr_assert_eq(back.code, n.code);
	cr_assert_eq(back.subcode, n.subcode);
	cr_assert_eq(back.data_len, n.data_len);
	cr_assert_arr_eq(back.data, n.data, n.data_len);
	cr_assert_eq(notify_encode(&n, buf, len - 1), 0);
}

/* RFC 9003 §2: the text is never cut inside a character. */
Test(wire, shutdown_text_is_cut_between_characters)
{
	for (size_t lead = 0; lead < 8; lead++) {
		char text[256] = "";
		size_t at = 0;
		for (size_t i = 0; i < lead; i++) {
			text[at++] = 'a';
		}
		while (at < 200) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, "\xe2\x82\xac");
		}
		struct notify n = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, text);
		size_t whole = lead + (127 - lead) / 3 * 3;
		cr_expect_eq(n.data[0], whole, "%zu: %u", lead, n.data[0]);
		cr_expect_eq(n.data_len, whole + 1);
	}
	struct notify n = notify_shutdown(NOTIFY_CEASE_RESET, NULL);
	cr_assert_eq(n.data_len, 0);
	cr_assert_eq(n.code, NOTIFY_CEASE);
	n = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, "bye");
	cr_assert_eq(n.data_len, 4);
	cr_assert_arr_eq(n.data, "\3bye", 4);
}
