/* Letters of authorisation: what we write is a PDF whatever names are in it, and what comes back
 * is looked at. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/evidence/letter.h"

static unsigned count(const uint8_t *pdf, size_t len, const char *what)
{
	unsigned found = 0;
	const uint8_t *at = pdf;
	while ((at = memmem(at, len - (size_t)(at - pdf), what, strlen(what))) != NULL) {
		found++;
		at++;
	}
	return found;
}

/* The number of pages. */
static unsigned write(const char *holder, unsigned row_count, const char *font)
{
	struct letter_row *row = calloc(row_count + 1, sizeof(*row));
	for (unsigned i = 0; i < row_count; i++) {
		row[i] = (struct letter_row){.len_max = 24, .origins = "AS64500, AS64501"};
		cr_assert(prefix_parse("198.18.0.0/15", &row[i].prefix, NULL) == 0);
	}
	const struct letter l = {.holder = holder,
				 .contact = "noc@example.net",
				 .operator_name = "AS64500",
				 .reference = "p-aaaaaaaaaaaaa",
				 .date_s = 1795737600,
				 .row = row,
				 .row_count = row_count,
				 .font = font};
	uint8_t *pdf = NULL;
	size_t len = 0;
	cr_assert(letter_write(&l, &pdf, &len));
	cr_expect(len > 500 && memcmp(pdf, "%PDF-", 5) == 0);
	cr_expect(count(pdf, len, "%%EOF") == 1);
	struct finding f;
	letter_check(span_of(pdf, len), &f);
	cr_expect(f.result == FINDING_PENDING);
	const unsigned pages = count(pdf, len, "/Type /Page\n");
	free(pdf);
	free(row);
	return pages;
}

static const char *const FONTS[] = {NULL, LETTER_FONT, "/nowhere/no.ttf"};

Test(letter, a_short_one_is_one_page_and_a_long_one_several)
{
	for (unsigned i = 0; i < ARRAY_COUNT(FONTS); i++) {
		cr_expect(write("Example GmbH", 1, FONTS[i]) == 1);
		cr_expect(write("Example GmbH", 100, FONTS[i]) > 3);
	}
}

Test(letter, any_name_makes_a_letter)
{
	static const char *const names[] = {
		"",
		"(\\) unbalanced ((",
		"M\xC3\xBCller & S\xC3\xB6hne",
		"\xD0\x9F\xD1\x80\xD0\xB8\xD0\xBC\xD0\xB5\xD1\x80",
		"\xE4\xBE\x8B \xF0\x9F\x8C\x8D",
		"\x80\xFF\xC3",
		"\xC3(\xE2\x82",
		"\xED\xA0\x80 \xF8\x88\x80\x80\x80",
		"line\nend\ttab\x01\x7F",
	};
	for (unsigned k = 0; k < ARRAY_COUNT(FONTS); k++) {
		for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
			cr_expect(write(names[i], 1, FONTS[k]) == 1);
		}
	}
}

Test(letter, a_name_without_blanks_and_without_end_is_broken_into_lines)
{
	static char name[5000];
	memset(name, 'W', sizeof(name) - 1);
	for (unsigned k = 0; k < ARRAY_COUNT(FONTS); k++) {
		cr_expect(write(name, 1, FONTS[k]) > 1);
	}
}

Test(letter, only_a_pdf_of_at_most_a_mebibyte_is_taken)
{
	static uint8_t big[LETTER_BYTES_MAX + 1] = "%PDF-1.4";
	struct finding f;
	letter_check(span_of(big, sizeof(big) - 1), &f);
	cr_expect(f.result == FINDING_PENDING);
	letter_check(span_of(big, sizeof(big)), &f);
	cr_expect(f.result == FINDING_INVALID);
	cr_expect_str_eq(f.reason, "loa-missing");
	letter_check(span_of("%PD", 3), &f);
	cr_expect(f.result == FINDING_INVALID);
	letter_check(span_of("<html>%PDF-", 11), &f);
	cr_expect(f.result == FINDING_INVALID);
}
