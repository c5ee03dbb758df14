/* Clients that no file names: as one in a file, by the same defaults and checks. */
#include <string.h>

#include <criterion/criterion.h>

#include "control/config/client_make.h"
#include "control/config/diff.h"
#include "rib/wire/role.h"
#include "tests/unit/control/scratch.h"

#define CFG                                                                                        \
	"dataplane: {ports: [{device: x, addresses: [198.18.0.1/16, '2001:db8::1/64']}]}\n"        \
	"cfg: {rs_as: 64500, router_id: 198.18.0.1, hold_time: 45, send_hold_time: 300,\n"         \
	"  filtering: {max_as_path_len: 9, max_prefix: {action: block, general_limit_ipv6: "       \
	"77}}}\n"

static struct config *load(struct scratch *s, const char *clients)
{
	char text[2048];
	struct config_errors e;
	snprintf(text, sizeof(text), CFG "%s", clients);
	struct config *c = scratch_load(s, text, &e);
	cr_assert(c != NULL);
	config_errors_free(&e);
	return c;
}

static struct client_wish wish_of(const char *ip)
{
	struct client_wish w = {.asn = 64501, .is_passive = true, .families = {true, true}};
	cr_assert_eq(addr_parse(ip, &w.ip), 0);
	return w;
}

Test(client_make, it_is_as_one_in_a_file)
{
	struct scratch s;
	char why[256] = "";
	struct auth_keys keys = {.count = 1, .key[0] = {.secret_len = 6, .secret = "secret"}};
	struct config_change what;
	scratch_init(&s);
	struct config *c = load(
		&s, "clients:\n- {asn: 64501, ip: 198.18.1.1, description: a, password: secret,\n"
		    "  gtsm: true, multihop: 3, add_path: {send: true, receive: true}, cfg: {\n"
		    "  tenant: t-1, route_view: own-tenant, filtering: {\n"
		    "  roles: {enabled: true, local_role: provider},\n"
		    "  rpki_bgp_origin_validation: {enabled: true, reject_invalid: true},\n"
		    "  irrdb: {enforce_origin_in_as_set: false, enforce_prefix_in_as_set: false},\n"
		    "  max_prefix: {limit_ipv4: 9, peering_db: {enabled: false}}}}}\n");
	struct client_wish w = wish_of("198.18.1.1");
	w.description = "a";
	w.tenant = "t-1";
	w.session = "n-1";
	w.keys = &keys;
	w.has_gtsm = w.has_role = w.sends_paths = w.receives_paths = true;
	w.hops = 3;
	w.role = ROLE_PROVIDER;
	w.route_view = ROUTE_VIEW_OWN_TENANT;
	w.max_prefix[FAMILY_IPV4] = 9;
	struct config_client *made = config_client_new(c, &w, why, sizeof(why));
	cr_assert_not_null(made, "%s", why);
	memset(made->session.families, 0, sizeof(made->session.families));
	cr_expect_not(config_client_diff(&c->client[0], made, &what), "%s", what.what);
	cr_expect(made->session.hold_s == 45 && made->session.send_hold_s == 300);
	cr_expect(made->policy.path_len_max == 9 && made->hop_limit_min == 253);
	cr_expect_eq(made->policy.max_prefix.limit[FAMILY_IPV6], 77, "cfg's");
	cr_expect_str_eq(made->session_id, "n-1");
	cr_expect_null(c->client[0].session_id);
	config_client_free(made);
	config_free(c);
	scratch_fini(&s);
}

Test(client_make, its_own_goes_before_cfgs)
{
	struct scratch s;
	char why[256] = "";
	scratch_init(&s);
	struct config *c = load(&s, "clients: []\n");
	struct client_wish w = wish_of("2001:db8::5");
	w.hold_s = 9;
	w.is_disabled = true;
	w.disabled_why = "for a reason";
	struct config_client *made = config_client_new(c, &w, why, sizeof(why));
	cr_assert_not_null(made, "%s", why);
	cr_expect(made->session.hold_s == 9 && made->is_disabled);
	cr_expect_str_eq(made->disabled_why, "for a reason");
	cr_expect(made->session.has_next_hop6, "RFC 8950: IPv4 over IPv6");
	cr_expect(!made->policy.irr.enforces_origin && made->policy.has_rov);
	config_client_free(made);
	w.families[FAMILY_IPV4] = false;
	made = config_client_new(c, &w, why, sizeof(why));
	cr_assert_not_null(made);
	cr_expect(!made->session.families[FAMILY_IPV4] && !made->session.has_next_hop6);
	config_client_free(made);
	config_free(c);
	scratch_fini(&s);
}

Test(client_make, what_a_file_may_not_say_it_may_not_be)
{
	static const struct {
		const char *ip, *why;
		asn_t asn;
		uint16_t hold_s;
	} table[] = {
		{"198.18.0.1", "our own address", 64501, 0},
		{"203.0.113.1", "no port's subnet", 64501, 0},
		{"198.18.1.1", "AS number of the route server", 64500, 0},
		{"198.18.1.1", "send_hold_time", 64501, 600},
	};
	struct scratch s;
	scratch_init(&s);
	struct config *c = load(&s, "clients: []\n");
	for (unsigned i = 0; i < ARRAY_COUNT(table); i++) {
		char why[256] = "";
		struct client_wish w = wish_of(table[i].ip);
		w.asn = table[i].asn;
		w.hold_s = table[i].hold_s;
		cr_expect_null(config_client_new(c, &w, why, sizeof(why)));
		cr_expect_not_null(strstr(why, table[i].why), "%s: %s", table[i].why, why);
	}
	config_free(c);
	scratch_fini(&s);
}
