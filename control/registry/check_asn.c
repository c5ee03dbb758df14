/* What an AS number may be, and its AS-SETs. */
#include "control/registry/check.h"

#include <stdio.h>

static const struct asn_range {
	asn_t first, last;
	const char *what;
	bool is_for_tests;
} reserved[] = {
	{0, 0, "reserved (RFC 7607)", false},
	{23456, 23456, "AS_TRANS (RFC 6793)", false},
	{64496, 64511, "for documentation (RFC 5398)", true},
	{65535, 65535, "reserved (RFC 7300)", false},
	{65536, 65551, "for documentation (RFC 5398)", true},
	{65552, 131071, "reserved by IANA", false},
	{4294967295u, 4294967295u, "reserved (RFC 7300)", false},
};

static bool check_number(struct tx *t, const struct registry_asn *a)
{
	const struct registry_tenant *tenant = tx_get(t, REGISTRY_TENANT, a->tenant.text);
	for (unsigned i = 0; i < ARRAY_COUNT(reserved); i++) {
		const struct asn_range *r = &reserved[i];
		if (a->asn >= r->first && a->asn <= r->last &&
		    !(r->is_for_tests && t->rules->has_test_asns)) {
			return registry_fail(t->error, 422, "asn-reserved", "/asn", "AS%u is %s.",
					     a->asn, r->what);
		}
	}
	if (registry_asn_is_private(a->asn) && tenant->mode != MODE_LOCAL) {
		return registry_fail(t->error, 422, "asn-private", "/asn",
				     "AS%u is private (RFC 6996), and %s is in mode global.",
				     a->asn, tenant->name);
	}
	if (a->asn == t->rules->rs_as) {
		return registry_fail(t->error, 422, "asn-own", "/asn",
				     "AS%u is the route server's own.", a->asn);
	}
	return true;
}

static bool check_unique(struct tx *t, const struct registry_asn *a)
{
	const struct registry_asn *own = settle_asn_of(t->registry, a->asn, a->tenant.text);
	if (own != NULL) {
		return registry_fail(t->error, 409, "not-unique", "/asn",
				     "AS%u is registered already: %s.", a->asn,
				     own->object.id.text);
	}
	return true;
}

/* A 16-bit stand-in for a number that standard communities have no room for. */
static bool check_alias(struct tx *t, const struct registry_asn *a)
{
	struct key_cursor alias = key_asn(TAG_ALIAS, a->asn_alias, NULL);
	struct key_cursor number = key_asn(TAG_ASN, a->asn_alias, NULL);
	struct key_cursor own = key_asn(TAG_ALIAS, a->asn, NULL);
	if (a->asn_alias == 0) {
		if (registry_first(t->registry, &own) != NULL) {
			return registry_fail(t->error, 409, "not-unique", "/asn",
					     "AS%u stands for another AS number here.", a->asn);
		}
		return true;
	}
	if (a->asn <= UINT16_MAX || a->asn_alias == 23456 || a->asn_alias == t->rules->rs_as) {
		return registry_fail(t->error, 422, "form", "/asn_alias",
				     "Only a 32-bit number has an alias, and %u has to be free.",
				     a->asn_alias);
	}
	const struct registry_object *o = registry_first(t->registry, &alias);
	o = o != NULL && strcmp(o->id.text, a->object.id.text) != 0
		    ? o
		    : registry_first(t->registry, &number);
	if (o != NULL) {
		return registry_fail(t->error, 409, "not-unique", "/asn_alias", "%u is taken.",
				     a->asn_alias);
	}
	return true;
}

static bool is_word(const char *text, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_";
	for (size_t i = 0; i < len; i++) {
		if (strchr(letters, text[i]) == NULL) {
			return false;
		}
	}
	return len > 0;
}

static bool begins_as(const char *text, size_t len)
{
	return len > 2 && (text[0] == 'A' || text[0] == 'a') && (text[1] == 'S' || text[1] == 's');
}

/* RFC 2622 §5: AS-X, or a path of those and AS numbers; the field writes a source before it. */
static bool is_as_set(const char *text)
{
	const char *source = strstr(text, "::");
	bool has_set = false;
	if (source != NULL) {
		if (!is_word(text, (size_t)(source - text)) || text[0] == '-') {
			return false;
		}
		text = source + 2;
	}
	for (;;) {
		size_t len = strcspn(text, ":");
		bool is_set = begins_as(text, len) && text[2] == '-' && len > 3;
		bool is_number = begins_as(text, len) && strspn(text + 2, "0123456789") == len - 2;
		if (!is_word(text, len) || !(is_set || is_number)) {
			return false;
		}
		has_set |= is_set;
		if (text[len] == '\0') {
			return has_set;
		}
		text += len + 1;
	}
}

static bool check_as_sets(struct tx *t, const struct registry_asn *a)
{
	char pointer[40];
	for (size_t i = 0; i < a->as_sets.count; i++) {
		if (!is_as_set(a->as_sets.item[i])) {
			snprintf(pointer, sizeof(pointer), "/as_sets/%zu", i);
			registry_fail(t->error, 422, "form", pointer, "%s is no AS-SET.",
				      a->as_sets.item[i]);
			snprintf(t->error->remedy, sizeof(t->error->remedy),
				 "Write it like AS-EXAMPLE, AS64500:AS-EXAMPLE or "
				 "RIPE::AS-EXAMPLE.");
			return false;
		}
	}
	return true;
}

bool check_asn(struct tx *t, const struct registry_asn *a, const struct registry_asn *before)
{
	bool is_other = before == NULL || before->asn_alias != a->asn_alias;
	if (before == NULL && (!check_number(t, a) || !check_unique(t, a))) {
		return false;
	}
	return check_as_sets(t, a) && (!is_other || check_alias(t, a));
}
