/* Every pair of roles, and every rule of the procedures by role.  RFC 9234 §4.2, §5. */
#include <criterion/criterion.h>

#include "rib/base/check.h"
#include "rib/wire/role.h"

/* RFC 9234 §4.2, Table 2; all other pairs, and numbers without a name, do not fit. */
Test(role, five_pairs_fit_and_no_other)
{
	static const struct {
		uint8_t ours, theirs;
	} fits[] = {{ROLE_PROVIDER, ROLE_CUSTOMER},
		    {ROLE_CUSTOMER, ROLE_PROVIDER},
		    {ROLE_RS, ROLE_RS_CLIENT},
		    {ROLE_RS_CLIENT, ROLE_RS},
		    {ROLE_PEER, ROLE_PEER}};
	for (unsigned ours = 0; ours < ROLE_COUNT; ours++) {
		for (unsigned theirs = 0; theirs < 256; theirs++) {
			bool is_wanted = false;
			for (size_t i = 0; i < ARRAY_COUNT(fits); i++) {
				is_wanted |= fits[i].ours == ours && fits[i].theirs == theirs;
			}
			cr_expect(role_is_pair(ours, theirs) == is_wanted, "%u %u", ours, theirs);
		}
	}
}

/* RFC 9234 §5: ingress 1 to 3 and egress 1 and 2, by what we are. */
Test(role, procedures_are_those_of_section_5)
{
	static const struct {
		uint8_t ours;
		bool is_leak_own, is_leak_other; /* OTC with the member's AS; with another. */
		bool marks, adds, denies;
	} rules[] = {
		{ROLE_PROVIDER, true, true, false, true, false},
		{ROLE_RS, true, true, false, true, false},
		{ROLE_RS_CLIENT, false, false, true, false, true},
		{ROLE_CUSTOMER, false, false, true, false, true},
		{ROLE_PEER, false, true, true, true, true},
	};
	cr_assert(ARRAY_COUNT(rules) == ROLE_COUNT);
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		uint8_t ours = rules[i].ours;
		const char *name = role_text(ours);
		cr_expect(!role_is_leak(ours, 0, 64501), "%s", name);
		cr_expect(role_is_leak(ours, 64501, 64501) == rules[i].is_leak_own, "%s", name);
		cr_expect(role_is_leak(ours, 64502, 64501) == rules[i].is_leak_other, "%s", name);
		cr_expect(role_marks(ours) == rules[i].marks, "%s", name);
		cr_expect(role_adds_otc(ours) == rules[i].adds, "%s", name);
		cr_expect(role_denies_otc(ours) == rules[i].denies, "%s", name);
	}
}

Test(role, names_are_read_as_they_are_written)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		uint8_t role = 99;
		cr_expect(role_parse(role_text(r), &role) && role == r);
	}
	uint8_t role = 99;
	cr_expect(!role_parse("", &role) && !role_parse("RS", &role) &&
		  !role_parse("rs_client", &role) && !role_parse("rs-", &role));
	cr_expect(role == 99 && role_text(ROLE_COUNT) == NULL && role_text(255) == NULL);
}
