/* Assertions: what a failed one says, and that a true one costs nothing. */
#include "rib/base/check.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/base/dies.h"

enum { LINE_BEFORE = __LINE__ };
static void fail_one(void)
{
	ASSERT(LINE_BEFORE < 0);
}

static void hold_one(void)
{
	ASSERT(LINE_BEFORE > 0);
}

Test(check, failed_assertion_names_expression_and_place)
{
	char text[512], place[64];

	cr_assert(dies(fail_one, text, sizeof(text)));
	snprintf(place, sizeof(place), "test_check.c:%d\n", LINE_BEFORE + 3);
	cr_expect_not_null(strstr(text, "assertion failed: LINE_BEFORE < 0 at "), "%s", text);
	cr_expect_not_null(strstr(text, place), "%s", text);
}

Test(check, true_assertion_goes_on)
{
	cr_expect_not(dies(hold_one, NULL, 0));
}
