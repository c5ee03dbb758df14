/* Who has which number, and how many numbers there are. */
#include <criterion/criterion.h>

#include "control/config/roster.h"

static struct config_client client[3];
static const struct config three = {.client = client, .client_count = 3};

static void name_clients(void)
{
	for (unsigned i = 0; i < ARRAY_COUNT(client); i++) {
		client[i] = (struct config_client){.asn = 101 + i, .ip = addr_v4(0xc6120001 + i)};
	}
}

Test(roster, at_the_start_clients_have_their_places_as_numbers)
{
	name_clients();
	struct roster *r = roster_new(&three, 5);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(roster_find(r, &client[i].ip), i);
		cr_expect_eq(roster_client(r, (peer_id_t)i), &client[i]);
	}
	cr_expect_null(roster_client(r, 3));
	cr_expect_null(roster_client(r, PEER_NONE));
	roster_free(r);
}

Test(roster, who_was_removed_is_known_by_name_until_another_has_the_number)
{
	const struct config_client fourth = {.asn = 104, .ip = addr_v4(0xc6120004)};
	name_clients();
	struct roster *r = roster_new(&three, 3);
	roster_remove(r, 1);
	cr_expect_null(roster_client(r, 1));
	cr_expect_eq(roster_find(r, &client[1].ip), PEER_NONE);
	cr_expect(addr_equal(&r->row[1].addr, &client[1].ip) && r->row[1].asn == 102);
	roster_set(r, 1, &fourth);
	cr_expect_eq(roster_find(r, &fourth.ip), 1);
	cr_expect_eq(r->row[1].asn, 104);
	roster_free(r);
}

static uint64_t kept(const struct roster *r, enum keep keep)
{
	return roster_kept(r, keep)[0];
}

/* Numbers 3 to 10 are nobody's. */
Test(roster, numbers_are_kept_for_views_where_a_registry_makes_sessions)
{
	struct config c = three;
	name_clients();
	struct roster *r = roster_new(&c, 11);
	cr_expect_eq(kept(r, KEEP_FULL), 0x7ff);
	roster_free(r);
	c.registry.is_on = true;
	r = roster_new(&c, 11);
	cr_expect_eq(kept(r, KEEP_NONE), 0x550);
	cr_expect_eq(kept(r, KEEP_CUSTOMERS_PEERS), 0x220);
	cr_expect_eq(kept(r, KEEP_FULL), 0x08f);
	roster_free(r);
	c.registry.is_on = false;
	client[1].policy.route_view = ROUTE_VIEW_NONE;
	r = roster_new(&c, 11);
	cr_expect_eq(kept(r, KEEP_NONE), 0x550, "somebody hears less already");
	roster_free(r);
}

Test(roster, a_number_stays_as_who_left_it)
{
	name_clients();
	struct roster *r = roster_new(&three, 4);
	client[1].policy.route_view = ROUTE_VIEW_OWN_TENANT;
	client[2].policy.route_view = ROUTE_VIEW_CUSTOMERS_PEERS;
	for (unsigned i = 0; i < 3; i++) {
		roster_remove(r, (peer_id_t)i);
	}
	cr_expect_eq(kept(r, KEEP_FULL), 0x9);
	cr_expect_eq(kept(r, KEEP_NONE), 0x2);
	cr_expect_eq(kept(r, KEEP_CUSTOMERS_PEERS), 0x4);
	roster_free(r);
}

/* Once for many, and only of those that nobody has. */
Test(roster, who_finds_no_number_of_its_kind_takes_half_of_the_others_along)
{
	name_clients();
	struct roster *r = roster_new(&three, 8);
	roster_share(r, 3, KEEP_FULL);
	cr_expect_eq(kept(r, KEEP_FULL), 0xff);
	roster_share(r, 3, KEEP_NONE);
	cr_expect_eq(kept(r, KEEP_NONE), 0xa8);
	roster_share(r, 4, KEEP_NONE);
	cr_expect_eq(kept(r, KEEP_NONE), 0xe8);
	cr_expect_eq(kept(r, KEEP_FULL), 0x17);
	roster_free(r);
}

Test(roster, there_are_more_numbers_than_clients)
{
	static const struct {
		unsigned clients, members_max, capacity;
	} table[] = {
		{0, 0, 64},	 {1, 0, 128}, {64, 0, 128},   {65, 0, 192},    {700, 0, 896},
		{8000, 0, 8192}, {1, 1, 1},   {10, 200, 200}, {8192, 0, 8192},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		const struct config c = {.client_count = table[i].clients,
					 .dataplane.members_max = table[i].members_max};
		cr_expect_eq(config_capacity(&c, 0), table[i].capacity, "%u", i);
	}
}

Test(roster, a_registry_may_grow_while_the_server_runs)
{
	static const struct {
		unsigned clients, sessions, members_max, capacity;
	} table[] = {
		{0, 0, 0, 256},	     {2, 3, 0, 320}, {0, 1000, 0, 1536},
		{8192, 10, 0, 8192}, {1, 1, 7, 7},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		const struct config c = {.client_count = table[i].clients,
					 .registry.is_on = true,
					 .dataplane.members_max = table[i].members_max};
		cr_expect_eq(config_capacity(&c, table[i].sessions), table[i].capacity, "%u", i);
	}
}
