/* Kinds of objects: their names, and the letters of their ids. */
#include "control/registry/object.h"

#include <string.h>

#include "rib/base/check.h"

static const struct kind_row {
	const char *text, *plural;
	char letter;
} kinds[] = {
	[REGISTRY_TENANT] = {"tenant", "tenants", 't'},
	[REGISTRY_ASN] = {"asn", "asns", 'a'},
	[REGISTRY_PREFIX] = {"prefix", "prefixes", 'p'},
	[REGISTRY_EVIDENCE] = {"evidence", "evidence", 'e'},
	[REGISTRY_SITE] = {"site", "sites", 's'},
	[REGISTRY_TEMPLATE] = {"template", "templates", 'm'},
	[REGISTRY_SESSION] = {"session", "sessions", 'n'},
	[REGISTRY_TOKEN] = {"token", "tokens", 'k'},
	[REGISTRY_DOCUMENT] = {"document", "documents", 'd'},
};
static_assert(ARRAY_COUNT(kinds) == REGISTRY_KIND_COUNT, "one row for each kind");

const char *registry_kind_text(enum registry_kind kind)
{
	ASSERT(kind < REGISTRY_KIND_COUNT);
	return kinds[kind].text;
}

const char *registry_kind_plural(enum registry_kind kind)
{
	ASSERT(kind < REGISTRY_KIND_COUNT);
	return kinds[kind].plural;
}

char registry_kind_letter(enum registry_kind kind)
{
	ASSERT(kind < REGISTRY_KIND_COUNT);
	return kinds[kind].letter;
}

bool registry_kind_parse(const char *text, enum registry_kind *out)
{
	for (unsigned k = 0; k < REGISTRY_KIND_COUNT; k++) {
		if (strcmp(text, kinds[k].text) == 0 || strcmp(text, kinds[k].plural) == 0) {
			*out = (enum registry_kind)k;
			return true;
		}
	}
	return false;
}

/* The characters are base32's of RFC 4648 §7, but any other letter will do, too: what matters is
 * that an id is short and harmless in paths, keys and texts. */
static bool is_id_rest(const char *text)
{
	return strlen(text) == REGISTRY_ID_LEN - 2 &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz") == REGISTRY_ID_LEN - 2;
}

bool registry_kind_of_id(const char *text, enum registry_kind *out)
{
	for (unsigned k = 0; k < REGISTRY_KIND_COUNT; k++) {
		if (text[0] == kinds[k].letter && text[1] == '-' && is_id_rest(text + 2)) {
			*out = (enum registry_kind)k;
			return true;
		}
	}
	return false;
}
