/* A member that announces a family again: RFC 7313 §4. */
#include "dataplane/session/renew.h"

#include <criterion/criterion.h>

Test(renew, a_refresh_has_a_beginning_and_an_end)
{
	struct renew r = {0};
	renew_up(&r, false);
	cr_expect_eq(renew_due(&r), USEC_NEVER);
	cr_expect(renew_begin(&r, FAMILY_IPV4, 5));
	cr_expect_eq(renew_due(&r), 5 + RENEW_MAX_US);
	cr_expect_not(renew_end(&r, FAMILY_IPV6), "that one has not begun");
	cr_expect(renew_end(&r, FAMILY_IPV4));
	cr_expect_not(renew_end(&r, FAMILY_IPV4));
	cr_expect_eq(renew_due(&r), USEC_NEVER);
	cr_expect(r.stats.begun == 1 && r.stats.ended == 1 && r.stats.ignored == 2);
}

Test(renew, a_refresh_without_end_is_over_in_time)
{
	struct renew r = {0};
	renew_up(&r, false);
	cr_expect(renew_begin(&r, FAMILY_IPV4, 0));
	cr_expect(renew_begin(&r, FAMILY_IPV6, 7));
	cr_expect(renew_begin(&r, FAMILY_IPV4, 9), "again: its time starts anew");
	cr_expect_eq(renew_tick(&r, RENEW_MAX_US + 6), 0);
	cr_expect_eq(renew_tick(&r, RENEW_MAX_US + 7), 1u << FAMILY_IPV6);
	cr_expect_eq(renew_tick(&r, RENEW_MAX_US + 9), 1u << FAMILY_IPV4);
	cr_expect_eq(renew_tick(&r, RENEW_MAX_US + 9), 0);
	cr_expect_not(renew_end(&r, FAMILY_IPV4), "too late");
	cr_expect_eq(r.stats.timed_out, 2);
}

Test(renew, with_graceful_restart_none_begins_before_the_end_of_rib)
{
	struct renew r = {0};
	renew_up(&r, true);
	cr_expect_not(renew_begin(&r, FAMILY_IPV4, 0));
	renew_end_of_rib(&r, FAMILY_IPV4);
	cr_expect(renew_begin(&r, FAMILY_IPV4, 0));
	cr_expect_not(renew_begin(&r, FAMILY_IPV6, 0));
	renew_down(&r);
	cr_expect_eq(renew_due(&r), USEC_NEVER);
	renew_up(&r, true);
	cr_expect_not(renew_begin(&r, FAMILY_IPV4, 0), "each session has its own");
}
