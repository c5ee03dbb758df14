/* Tables in narrow terminals: what goes, what is cut, and what a program gets. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/cli/layout.h"
#include "control/cli/tables.h"
#include "rib/base/units.h"

static const struct column columns[] = {
	{.title = "ADDRESS", .width = 12},
	{.title = "ASN", .width = 6, .rank = 1, .is_right = true},
	{.title = "NAME", .width = 10, .least = 4, .rank = 2},
	{.title = "SEEN", .width = 5, .rank = 3, .is_right = true},
	{.title = "TEXT", .least = 8, .gap = 2},
};

static const char *const values[] = {"192.0.2.1", "64500", "An exchange", "9s",
				     "what there is to say"};

static char *print(const char *const *cell, int width, char text[512])
{
	FILE *out = fmemopen(text, 512, "w");
	const struct layout l = layout_fit(columns, ARRAY_COUNT(columns), width);
	layout_row(&l, out, cell);
	fclose(out);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static unsigned shown(const struct layout *l)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < l->count; i++) {
		bits |= l->is_shown[i] ? 1U << i : 0;
	}
	return bits;
}

Test(layout, a_program_gets_everything_at_its_place)
{
	char text[512], wanted[512];
	(void)snprintf(wanted, sizeof(wanted), "%-12s %6s %-10s %5s  %s", values[0], values[1],
		       values[2], values[3], values[4]);
	cr_expect_str_eq(print(values, 0, text), wanted);
}

Test(layout, what_is_least_missed_goes_first)
{
	static const struct {
		int width;
		unsigned shown;
	} cases[] = {
		{200, 0x1f}, {44, 0x1f}, /* 12 + 7 + (1 + 4) + 6 + (2 + 8) = 40 at the least. */
		{40, 0x1f},  {39, 0x17}, {34, 0x17}, {33, 0x13},
		{29, 0x13},  {28, 0x11}, {22, 0x11}, {1, 0x11},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct layout l = layout_fit(columns, ARRAY_COUNT(columns), cases[i].width);
		cr_expect_eq(shown(&l), cases[i].shown, "%d: %x", cases[i].width, shown(&l));
	}
}

Test(layout, no_line_is_longer_than_the_terminal)
{
	char text[512];
	for (int width = 22; width < 120; width++) {
		int len = layout_text_width(print(values, width, text));
		cr_expect_leq(len, width, "%d: %s", width, text);
	}
}

Test(layout, what_is_cut_says_so)
{
	char text[512];
	cr_expect_str_eq(print(values, 40, text), "192.0.2.1     64500 An …    9s  what th…");
	cr_expect_str_eq(print(values, 22, text), "192.0.2.1     what th…");
}

/* An IPv6 address is never cut: it takes of the blanks, and then of the text. */
Test(layout, a_long_value_takes_of_what_is_behind_it)
{
	const char *const cell[] = {"2001:db8::1234", "64500", "A", "9s", "what there is to say"};
	char text[512];
	cr_expect_str_eq(print(cell, 46, text), "2001:db8::1234 64500 A            9s  what th…");
	for (int width = 26; width < 80; width++) {
		cr_expect_leq(layout_text_width(print(cell, width, text)), width, "%s", text);
	}
}

Test(layout, characters_are_counted_and_a_terminal_is_safe)
{
	const char *const cell[] = {"192.0.2.1", "64500",
				    "\xc3\x84\xc3\x96\xc3\x9c\xc3\x84\xc3\x96", "9s",
				    "a\x1b[2Jb and more than that\xc2\x9b"};
	char text[512];
	cr_expect_str_eq(print(cell, 40, text),
			 "192.0.2.1     64500 \xc3\x84\xc3\x96\xc3\x9c…    9s  a?[2Jb …");
}

Test(layout, whether_the_text_has_room)
{
	const struct layout l = layout_fit(columns, ARRAY_COUNT(columns), 61);
	const struct layout narrow = layout_fit(columns, ARRAY_COUNT(columns), 55);
	const struct layout none = layout_fit(columns, ARRAY_COUNT(columns), 0);
	cr_expect(layout_has_room(&l, values));
	cr_expect(!layout_has_room(&narrow, values));
	cr_expect(layout_has_room(&none, values));
}

/* The path may be cut, the reason may not. */
Test(layout, the_reason_of_a_rejection_has_a_line_of_its_own)
{
	char text[1024] = "";
	json_t *row = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "prefix", "192.0.2.0/24",
				"rank", 0, "from", "198.18.1.1", "next_hop", "198.18.1.1",
				"as_path", "64501 64502 64503 64504 64505 64506", "origin", "IGP",
				"rejected", "the origin is not authorised");
	FILE *out = fmemopen(text, sizeof(text), "w");
	table_routes_row(out, row, false, 80);
	fclose(out);
	cr_expect(strstr(text, "\n    rejected    the origin is not authorised\n") != NULL, "%s",
		  text);
	cr_expect(strstr(text, "…\n") != NULL, "%s", text);
	out = fmemopen(text, sizeof(text), "w");
	table_routes_row(out, row, false, 0);
	fclose(out);
	cr_expect(strstr(text, "64506 IGP  (rejected: the origin is not authorised)\n") != NULL,
		  "%s", text);
	json_decref(row);
}

/* The least that says which session is in trouble. */
Test(layout, neighbours_fit_into_36_columns_and_more)
{
	char text[1024];
	json_t *row = json_pack("{s:s, s:i, s:s, s:i, s:i, s:i, s:i, s:i, s:s}", "address",
				"198.18.1.1", "asn", 64501, "state", "Established", "since_s", 70,
				"received", 1, "accepted", 2, "filtered", 3, "exported", 4,
				"description", "Example Networks at the exchange in Springfield");
	for (int width = 36; width < 140; width++) {
		FILE *out = fmemopen(text, sizeof(text), "w");
		table_neighbors_title(out, width);
		table_neighbors_row(out, row, width);
		fclose(out);
		for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
			cr_expect_leq(layout_text_width(line), width, "%d: %s", width, line);
		}
		cr_expect(strstr(text, "STATE") != NULL);
		cr_expect_eq(strstr(text, "DESCRIPTION") != NULL, width >= 80, "%d", width);
	}
	json_decref(row);
}
