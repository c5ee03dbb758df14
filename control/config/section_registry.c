/* `registry`: the database, our site, and what objects and their evidence are held against.
 *
 * Whatever is not said has its default, so `registry: {}` is a registry in state_dir/registry.db.
 * The URL of a database may hold a password: the file is then for the server's eyes only, and no
 * message shows the URL.
 */
#include "control/config/section_registry.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/check_data.h"
#include "control/config/source.h"
#include "rib/base/check.h"

#define DATABASE_DEFAULT "sqlite:registry.db"
#define DNS_PORT	 53
#define SITE_NAME_MAX	 63
#define DRAIN_S		 900
#define RECHECK_S	 3600
#define GRACE_S		 86400
#define GRACE_MAX_S	 (90 * 86400)

#define AT(field) offsetof(struct draft_general, registry.field)

static const char *const proof_texts[] = {
	[REGISTRY_PROOF_ROA] = "roa",
	[REGISTRY_PROOF_IRR] = "irr",
	[REGISTRY_PROOF_DNS] = "dns",
	[REGISTRY_PROOF_REMARK] = "remark",
	[REGISTRY_PROOF_SIGNATURE] = "signature",
	[REGISTRY_PROOF_LETTER] = "letter",
	[REGISTRY_PROOF_COUNT] = NULL,
};

/* Whether a URL has a password: behind the user's name, or as a parameter. */
static bool has_password(const char *url)
{
	const char *user = strstr(url, "://");
	size_t len = user != NULL ? strcspn(user + 3, "@/?") : 0;
	bool is_behind_name =
		user != NULL && user[3 + len] == '@' && memchr(user + 3, ':', len) != NULL;
	return is_behind_name || strstr(url, "password=") != NULL;
}

static void read_database(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	const char *text;
	(void)target;
	if (!is_there(v) || !value_text(l, v, key->text, &text)) {
		return;
	}
	bool is_sqlite = strncmp(text, "sqlite:", 7) == 0;
	bool is_postgres =
		strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0;
	if (has_password(text)) {
		l->has_secret = true;
	}
	if (!is_sqlite && !is_postgres) {
		loader_fail(l, &v->at,
			    "'database' must be sqlite:FILE, such as " DATABASE_DEFAULT
			    ", or postgresql://USER@HOST/NAME");
	} else if (is_sqlite && (text[7] == '\0' || text[7] == ':')) {
		loader_fail(l, &v->at,
			    "'database' names no file; write sqlite:FILE, such as " DATABASE_DEFAULT
			    " (relative to state_dir)");
	} else {
		(void)value_copy(l, v, key->text, &l->config->registry.database);
	}
}

static void read_site(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	const char *text;
	(void)target;
	if (!is_there(v) || !value_text(l, v, key->text, &text)) {
		return;
	}
	if (strlen(text) > SITE_NAME_MAX || text[strspn(text, letters)] != '\0') {
		loader_fail(l, &v->at,
			    "'site' must be the name of one of the registry's sites, of at most %d "
			    "letters, digits, '.', '-' and '_', such as fra1, not '%s'",
			    SITE_NAME_MAX, text);
		return;
	}
	(void)value_copy(l, v, key->text, &l->config->registry.site);
}

/* `accept`: a list of proofs. */
static void read_accept(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct registry_conf *c = &l->config->registry;
	struct node item;
	void *cursor = NULL;
	uint32_t proof, accepted = 0;
	unsigned count = 0;
	(void)target;
	if (!is_there(v) || !value_is_list(l, v, key->text, "[roa, irr, dns]")) {
		return;
	}
	for (; node_next_item(v, &cursor, l->errors, &item); count++) {
		if (value_choice(l, &item, key->text, proof_texts, &proof)) {
			accepted |= 1U << proof;
		}
	}
	if (count == 0) {
		loader_fail(l, &v->at,
			    "'accept' is empty, and no prefix could be proven; name at least one, "
			    "such as [letter] for what the operator approves");
	}
	c->accepted = accepted;
}

/* "ADDRESS@PORT", as resolvers write it; the port may be left out. */
static void read_forward(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct registry_conf *c = &l->config->registry;
	char address[ADDR_TEXT_MAX];
	const char *text;
	struct addr a;
	(void)target;
	if (!is_there(v) || !value_text(l, v, key->text, &text)) {
		return;
	}
	size_t len = strcspn(text, "@");
	const char *port_text = text[len] == '@' ? text + len + 1 : "53";
	char *end = NULL;
	unsigned long port = strtoul(port_text, &end, 10);
	snprintf(address, sizeof(address), "%.*s", (int)min_u64(len, sizeof(address) - 1), text);
	bool is_port = strspn(port_text, "0123456789") == strlen(port_text) && *end == '\0' &&
		       port > 0 && port <= UINT16_MAX;
	if (!is_port || len >= sizeof(address) || addr_parse(address, &a) != 0) {
		loader_fail(l, &v->at,
			    "'forward' must be an address, with '@PORT' behind it where it is not "
			    "%d, such as 198.18.0.53 or 127.0.0.1@5353, not '%s'",
			    DNS_PORT, text);
		return;
	}
	c->forward = a;
	c->forward_port = (uint16_t)port;
}

static void read_anchor(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	char **path = &l->config->registry.trust_anchor;
	const char *text;
	(void)target;
	if (is_there(v) && value_text(l, v, key->text, &text)) {
		free(*path);
		*path = path_beside(v->at.file, text);
		data_named(l, &v->at, *path);
	}
}

#define GRACE(text, proof)                                                                         \
	{                                                                                          \
		.name = text, .kind = KEY_NUMBER, .at = AT(grace_s[proof]), .max = GRACE_MAX_S     \
	}
static const struct key grace_key[] = {
	GRACE("roa", REGISTRY_PROOF_ROA),
	GRACE("irr", REGISTRY_PROOF_IRR),
	GRACE("dns", REGISTRY_PROOF_DNS),
	GRACE("remark", REGISTRY_PROOF_REMARK),
	GRACE("signature", REGISTRY_PROOF_SIGNATURE),
	GRACE("letter", REGISTRY_PROOF_LETTER),
};
static const struct key_table grace_keys = {
	.where = "registry.evidence.grace", .keys = grace_key, .count = ARRAY_COUNT(grace_key)};

static const struct key resolver_key[] = {
	{.name = "forward", .read = read_forward},
	{.name = "trust_anchor", .read = read_anchor},
};
static const struct key_table resolver_keys = {.where = "registry.evidence.resolver",
					       .keys = resolver_key,
					       .count = ARRAY_COUNT(resolver_key)};

static const struct key evidence_key[] = {
	{.name = "accept", .read = read_accept},
	{.name = "recheck", .kind = KEY_NUMBER, .at = AT(recheck_s), .min = 5, .max = 30 * 86400},
	{.name = "grace", .kind = KEY_GENERAL, .table = &grace_keys},
	{.name = "resolver", .kind = KEY_GENERAL, .table = &resolver_keys},
};
static const struct key_table evidence_keys = {
	.where = "registry.evidence", .keys = evidence_key, .count = ARRAY_COUNT(evidence_key)};

static const struct key len4_key[] = {
	{.name = "min", .kind = KEY_NUMBER, .at = AT(len_min[FAMILY_IPV4]), .min = 1, .max = 32},
	{.name = "max", .kind = KEY_NUMBER, .at = AT(len_max[FAMILY_IPV4]), .min = 1, .max = 32},
};
static const struct key_table len4_keys = {
	.where = "registry.prefix_length.ipv4", .keys = len4_key, .count = ARRAY_COUNT(len4_key)};
static const struct key len6_key[] = {
	{.name = "min", .kind = KEY_NUMBER, .at = AT(len_min[FAMILY_IPV6]), .min = 1, .max = 128},
	{.name = "max", .kind = KEY_NUMBER, .at = AT(len_max[FAMILY_IPV6]), .min = 1, .max = 128},
};
static const struct key_table len6_keys = {
	.where = "registry.prefix_length.ipv6", .keys = len6_key, .count = ARRAY_COUNT(len6_key)};
static const struct key len_key[] = {
	{.name = "ipv4", .kind = KEY_GENERAL, .table = &len4_keys},
	{.name = "ipv6", .kind = KEY_GENERAL, .table = &len6_keys},
};
static const struct key_table len_keys = {
	.where = "registry.prefix_length", .keys = len_key, .count = ARRAY_COUNT(len_key)};

#define COUNT_MAX 1000000
static const struct key limits_key[] = {
	{.name = "asns", .kind = KEY_NUMBER, .at = AT(asns), .max = COUNT_MAX},
	{.name = "prefixes", .kind = KEY_NUMBER, .at = AT(prefixes), .max = COUNT_MAX},
	{.name = "sessions", .kind = KEY_NUMBER, .at = AT(sessions), .max = COUNT_MAX},
	{.name = "routes_ipv4", .kind = KEY_NUMBER, .at = AT(routes_ipv4), .max = UINT32_MAX},
	{.name = "routes_ipv6", .kind = KEY_NUMBER, .at = AT(routes_ipv6), .max = UINT32_MAX},
};
static const struct key_table limits_keys = {
	.where = "registry.limits", .keys = limits_key, .count = ARRAY_COUNT(limits_key)};

static void read_lengths(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	(void)key;
	(void)target;
	l->general.registry.len_at = v->at;
	if (is_there(v)) {
		keys_walk(l, v, &len_keys, &l->general);
	}
}

static const struct key registry_key[] = {
	{.name = "database", .read = read_database},
	{.name = "site", .read = read_site},
	{.name = "drain", .kind = KEY_NUMBER, .at = AT(drain_s), .max = 86400},
	{.name = "evidence", .kind = KEY_GENERAL, .table = &evidence_keys},
	{.name = "prefix_length", .read = read_lengths, .table = &len_keys},
	{.name = "limits", .kind = KEY_GENERAL, .table = &limits_keys},
};
const struct key_table registry_keys = {.where = "registry",
					.keys = registry_key,
					.count = ARRAY_COUNT(registry_key),
					.is_once = true};

void read_registry(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	l->config->registry.is_on = true;
	if (is_there(v)) {
		keys_walk(l, v, &registry_keys, &l->general);
	}
}

static uint32_t or_default(struct set_number n, uint32_t otherwise)
{
	return n.is_set ? n.value : otherwise;
}

static void finish_lengths(struct loader *l)
{
	static const uint8_t min[] = {[FAMILY_IPV4] = 8, [FAMILY_IPV6] = 19};
	static const uint8_t max[] = {[FAMILY_IPV4] = 24, [FAMILY_IPV6] = 48};
	const struct draft_registry *d = &l->general.registry;
	struct registry_conf *c = &l->config->registry;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		c->len[f].min = (uint8_t)or_default(d->len_min[f], min[f]);
		c->len[f].max = (uint8_t)or_default(d->len_max[f], max[f]);
		if (c->len[f].min > c->len[f].max) {
			loader_fail(l, &d->len_at,
				    "'prefix_length' allows IPv%s prefixes from /%u to /%u, which "
				    "are none; 'min' must not be above 'max'",
				    f == FAMILY_IPV4 ? "4" : "6", c->len[f].min, c->len[f].max);
		}
	}
}

void finish_registry(struct loader *l)
{
	const struct draft_registry *d = &l->general.registry;
	struct registry_conf *c = &l->config->registry;
	if (c->database == NULL) {
		c->database = strdup(DATABASE_DEFAULT);
		ASSERT(c->database != NULL);
	}
	if (c->accepted == 0) {
		c->accepted = (1U << REGISTRY_PROOF_COUNT) - 1;
	}
	c->drain_s = or_default(d->drain_s, DRAIN_S);
	c->recheck_s = or_default(d->recheck_s, RECHECK_S);
	for (unsigned i = 0; i < REGISTRY_PROOF_COUNT; i++) {
		c->grace_s[i] = or_default(d->grace_s[i], GRACE_S);
	}
	c->limits = (struct registry_limits){.asns = or_default(d->asns, 10),
					     .prefixes = or_default(d->prefixes, 1000),
					     .sessions = or_default(d->sessions, 20),
					     .routes_ipv4 = or_default(d->routes_ipv4, 10000),
					     .routes_ipv6 = or_default(d->routes_ipv6, 10000)};
	finish_lengths(l);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool registry_conf_is_same_place(const struct registry_conf *a, const struct registry_conf *b)
{
	return a->is_on == b->is_on && is_same_text(a->database, b->database) &&
	       is_same_text(a->site, b->site) && addr_equal(&a->forward, &b->forward) &&
	       a->forward_port == b->forward_port && is_same_text(a->trust_anchor, b->trust_anchor);
}

bool registry_conf_equal_rules(const struct registry_conf *a, const struct registry_conf *b)
{
	const struct registry_limits *x = &a->limits, *y = &b->limits;
	bool is_same = a->accepted == b->accepted && a->recheck_s == b->recheck_s &&
		       a->drain_s == b->drain_s && x->asns == y->asns &&
		       x->prefixes == y->prefixes && x->sessions == y->sessions &&
		       x->routes_ipv4 == y->routes_ipv4 && x->routes_ipv6 == y->routes_ipv6;
	for (unsigned i = 0; i < REGISTRY_PROOF_COUNT; i++) {
		is_same &= a->grace_s[i] == b->grace_s[i];
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_same &= a->len[f].min == b->len[f].min && a->len[f].max == b->len[f].max;
	}
	return is_same;
}

void registry_conf_fini(struct registry_conf *c)
{
	if (c->database != NULL) {
		explicit_bzero(c->database, strlen(c->database));
	}
	free(c->database);
	free(c->site);
	free(c->trust_anchor);
	*c = (struct registry_conf){.database = NULL};
}
