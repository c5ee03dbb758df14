/* Until when a change of the registry is waited for. */
#include <criterion/criterion.h>

#include "control/daemon/in_force.h"

Test(in_force, changes_are_waited_for_in_order)
{
	struct in_force f = {.count = 0};
	cr_expect_null(in_force_first(&f));
	in_force_await(&f, 7, 100);
	in_force_take(&f, 1);
	in_force_await(&f, 8, 200);
	in_force_take(&f, 2);
	cr_expect(in_force_first(&f)->revision == 7 && in_force_first(&f)->ticket == 1);
	in_force_pass(&f);
	cr_expect(in_force_first(&f)->revision == 8 && in_force_first(&f)->ticket == 2);
	cr_expect_eq(in_force_first(&f)->since, 200);
	in_force_pass(&f);
	cr_expect_null(in_force_first(&f));
}

/* The rules of the one whose place it takes may be in force long before its own. */
Test(in_force, one_too_many_is_waited_for_with_its_own_rules)
{
	struct in_force f = {.count = 0};
	for (unsigned i = 0; i < IN_FORCE_MAX; i++) {
		in_force_await(&f, i + 1, i);
	}
	in_force_take(&f, 1);
	in_force_await(&f, IN_FORCE_MAX + 1, 1000);
	in_force_take(&f, 2);
	for (unsigned i = 1; i < IN_FORCE_MAX; i++) {
		cr_assert_eq(in_force_first(&f)->ticket, 1);
		in_force_pass(&f);
	}
	cr_expect_eq(in_force_first(&f)->revision, IN_FORCE_MAX + 1);
	cr_expect_eq(in_force_first(&f)->ticket, 2);
	cr_expect_eq(in_force_first(&f)->since, IN_FORCE_MAX - 1);
}
