/* Names of AS-SETs: what may come near an argument list, and what may not. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/irr/name.h"

static bool parses(const char *text, struct irr_name *out)
{
	return irr_name_parse(text, strlen(text), out);
}

Test(irr, the_forms_of_names_are_names)
{
	/* RFC 2622 §5 and arouteserver's SRC::AS-X. */
	static const struct {
		const char *text, *canonical;
		asn_t asn;
	} table[] = {
		{"AS-X", "AS-X", 0},
		{"as-example_1-b", "AS-EXAMPLE_1-B", 0},
		{"AS1:AS-X", "AS1:AS-X", 0},
		{"AS-X:AS2:AS-Y", "AS-X:AS2:AS-Y", 0},
		{"RIPE::AS-X", "RIPE::AS-X", 0},
		{"arin-nonauth::as1:as-x", "ARIN-NONAUTH::AS1:AS-X", 0},
		{"AS64501", "AS64501", 64501},
		{"as4294967294", "AS4294967294", 4294967294},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct irr_name n;
		cr_assert(parses(table[i].text, &n), "%s", table[i].text);
		cr_expect_str_eq(n.text, table[i].canonical);
		cr_expect(n.asn == table[i].asn, "%s", table[i].text);
	}
}

Test(irr, everything_else_is_no_name)
{
	static const char *const table[] = {
		"",
		"-",
		"-h",
		"--",
		"AS",
		"AS-",
		"AS0",
		"AS01",
		"AS4294967295",
		"AS99999999999",
		"ASX",
		"X",
		"AS-X Y",
		"AS-X;ls",
		"AS-X/../Y",
		"AS-X.json",
		"AS-X\n",
		"AS-$(X)",
		"::AS-X",
		"RIPE::",
		"RIPE::AS1",
		"RIPE::X",
		"RI.PE::AS-X",
		"-S::AS-X",
		"RIPE:AS-X",
		"AS1:AS2",
		"AS-X:",
		":AS-X",
		"AS-X::AS-Y::AS-Z",
		"A::B::AS-X",
		"AS-ANY",
		"RIPE::as-any",
		"AS-\xc3\xa4",
		"64501",
		"RS-X",
		"AS-X-",
		"AS-X_",
		"AS-_",
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		struct irr_name n = {.asn = 7};
		cr_expect(!parses(table[i], &n), "'%s'", table[i]);
		cr_expect(n.asn == 7);
	}
	struct irr_name n;
	char text[200];
	memset(text, 'A', sizeof(text));
	memcpy(text, "AS-", 3);
	cr_expect(irr_name_parse(text, IRR_NAME_MAX - 1, &n));
	cr_expect(!irr_name_parse(text, IRR_NAME_MAX, &n));
	cr_expect(!irr_name_parse("AS-X\0Y", 6, &n));
}

Test(irr, names_of_a_client_are_in_order_and_once)
{
	struct irr_names a = {.count = 0}, b = {.count = 0};
	struct irr_name x, y;
	cr_assert(parses("AS-X", &x) && parses("as-y", &y));
	cr_expect(irr_names_add(&a, &x) && irr_names_add(&a, &y) && irr_names_add(&a, &x));
	cr_expect(irr_names_add(&b, &y) && irr_names_add(&b, &x));
	cr_expect(a.count == 2 && irr_names_equal(&a, &b));
	b.count = 1;
	cr_expect(!irr_names_equal(&a, &b));
	for (asn_t n = 1; n <= IRR_NAMES_MAX + 5; n++) {
		struct irr_name name = irr_name_of_asn(n);
		cr_expect(irr_names_add(&a, &name) == (n <= IRR_NAMES_MAX - 2));
	}
	cr_expect(a.count == IRR_NAMES_MAX);
}

Test(irr, the_portals_free_text_gives_the_names_in_it)
{
	struct irr_names n = {.count = 0};
	cr_expect(irr_names_add_text(&n, "") == 0);
	cr_expect(irr_names_add_text(
			  &n, " AS-B, RIPE::AS-A / radb:as-c\tAS-D@ARIN none http://x -h") == 4);
	cr_assert(n.count == 4);
	cr_expect_str_eq(n.item[0].text, "ARIN::AS-D");
	cr_expect_str_eq(n.item[1].text, "AS-B");
	cr_expect_str_eq(n.item[2].text, "RADB::AS-C");
	cr_expect_str_eq(n.item[3].text, "RIPE::AS-A");
}
