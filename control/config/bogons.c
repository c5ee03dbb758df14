/* Bogons, each with all longer prefixes but for the default routes: RFC 6890's special-purpose
 * blocks, and of IPv6 what is not handed out. */
#include "control/config/bogons.h"

#include "rib/base/check.h"

static const struct bogon {
	const char *prefix;
	bool is_exact;
} bogons[] = {
	{"0.0.0.0/0", true}, /* The default route. */
	{"0.0.0.0/8", false},
	{"10.0.0.0/8", false},
	{"100.64.0.0/10", false}, /* RFC 6598 */
	{"127.0.0.0/8", false},
	{"169.254.0.0/16", false},
	{"172.16.0.0/12", false},
	{"192.0.2.0/24", false},   /* RFC 5737 */
	{"192.88.99.0/24", false}, /* RFC 7526 */
	{"192.168.0.0/16", false},
	{"198.18.0.0/15", false}, /* RFC 2544 */
	{"198.51.100.0/24", false},
	{"203.0.113.0/24", false},
	{"224.0.0.0/3", false},
	{"::/0", true},
	{"::/8", false},
	{"64:ff9b::/96", false}, /* RFC 6052 */
	{"100::/8", false},	 /* RFC 6666 */
	{"200::/7", false},
	{"400::/6", false},
	{"800::/5", false},
	{"1000::/4", false},
	{"2001::/33", false}, /* RFC 4380 */
	{"2001:0:8000::/33", false},
	{"2001:2::/48", false}, /* RFC 5180 */
	{"2001:3::/32", false}, /* RFC 7450 */
	{"2001:10::/28", false},
	{"2001:20::/28", false},  /* RFC 7343 */
	{"2001:db8::/32", false}, /* RFC 3849 */
	{"2002::/16", false},
	{"3ffe::/16", false},
	{"4000::/3", false},
	{"5f00::/8", false},
	{"6000::/3", false},
	{"8000::/3", false},
	{"a000::/3", false},
	{"c000::/3", false},
	{"e000::/4", false},
	{"f000::/5", false},
	{"f800::/6", false},
	{"fc00::/7", false},
	{"fe80::/10", false},
	{"fec0::/10", false},
	{"ff00::/8", false},
};

struct prefix_set *bogons_new(void)
{
	struct prefix_rule rule[ARRAY_COUNT(bogons)];
	for (unsigned i = 0; i < ARRAY_COUNT(bogons); i++) {
		int err = prefix_parse(bogons[i].prefix, &rule[i].prefix, NULL);
		ASSERT(err == 0);
		rule[i].ge = rule[i].prefix.len;
		rule[i].le = (uint8_t)(bogons[i].is_exact ? rule[i].prefix.len
							  : family_bits(rule[i].prefix.family));
		rule[i].origin = 0;
	}
	struct prefix_set *set = prefix_set_new(rule, ARRAY_COUNT(bogons));
	ASSERT(set != NULL);
	return set;
}
