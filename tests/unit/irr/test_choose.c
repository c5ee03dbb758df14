/* Which AS-SETs a client has: its own, PeeringDB's, itself. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/irr/choose.h"

Test(irr, a_client_has_its_own_sets_else_peeringdbs_else_itself)
{
	static const char text[] =
		"{\"data\": [{\"asn\": 64501, \"irr_as_set\": \"AS-P RADB:AS-Q\"},"
		"{\"asn\": 64502, \"irr_as_set\": \"none\"}]}";
	static const char *const own[] = {"AS-X", "RIPE::AS-Y"};
	struct peeringdb_parse p;
	struct irr_names n;
	peeringdb_parse_init(&p, text, strlen(text));
	cr_assert(peeringdb_parse_step(&p, 100) == PEERINGDB_DONE);

	struct irr_choice c = {.asn = 64501, .asks_peeringdb = true, .dump = p.made};
	irr_choose(&c, &n);
	cr_assert(n.count == 2);
	cr_expect_str_eq(n.item[0].text, "AS-P");
	cr_expect_str_eq(n.item[1].text, "RADB::AS-Q");
	/* Its own go before; */
	c.as_sets = own;
	c.as_set_count = 2;
	irr_choose(&c, &n);
	cr_assert(n.count == 2);
	cr_expect_str_eq(n.item[1].text, "RIPE::AS-Y");
	/* who is not to ask, is not in the dump, or has no name there, stands for itself. */
	const struct irr_choice alone[] = {
		{.asn = 64501, .dump = p.made},
		{.asn = 64502, .dump = p.made, .asks_peeringdb = true},
		{.asn = 64503, .dump = p.made, .asks_peeringdb = true},
		{.asn = 64504, .asks_peeringdb = true},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(alone); i++) {
		irr_choose(&alone[i], &n);
		cr_assert(n.count == 1);
		cr_expect(n.item[0].asn == alone[i].asn);
	}
	peeringdb_parse_fini(&p);
}
