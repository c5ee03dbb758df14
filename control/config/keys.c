/* Keys and values: every mapping against its table, every value against its kind.
 *
 * Messages name the key as the file has it, what stands there, and what could.  A wrong key is
 * compared with the known ones by edit distance, since most are typing mistakes.
 */
#include "control/config/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/config/loader.h"
#include "rib/attr/aspath.h"
#include "rib/base/check.h"

/* Longer names are never close to a known key. */
#define NAME_MAX_COMPARED 64

/* Levenshtein distance with one row. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t b_len = strlen(b);
	unsigned row[NAME_MAX_COMPARED + 1];
	ASSERT(b_len <= NAME_MAX_COMPARED);
	for (size_t j = 0; j <= b_len; j++) {
		row[j] = (unsigned)j;
	}
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b_len; j++) {
			unsigned change = diagonal + (a[i] != b[j] ? 1 : 0);
			diagonal = row[j + 1];
			unsigned edit = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			row[j + 1] = change < edit ? change : edit;
		}
	}
	return row[b_len];
}

/* The keys of a table, with those that it shares; NULL past the last. */
static const struct key *key_at(const struct key_table *table, unsigned i)
{
	if (i < table->count) {
		return &table->keys[i];
	}
	i -= table->count;
	return table->also != NULL && i < table->also->count ? &table->also->keys[i] : NULL;
}

static bool is_read(const struct key *key)
{
	return key->kind <= KEY_GENERAL;
}

const char *keys_nearest(const char *name, const struct key_table *table)
{
	size_t len = strlen(name);
	if (len > NAME_MAX_COMPARED) {
		return NULL;
	}
	/* One slip in a short name, two in an ordinary one (a transposition is two). */
	unsigned best = (unsigned)(len < 3 ? 1 : len / 3 > 2 ? len / 3 : 2) + 1;
	const char *nearest = NULL;
	const struct key *key;
	for (unsigned i = 0; (key = key_at(table, i)) != NULL; i++) {
		unsigned distance = is_read(key) ? edit_distance(name, key->name) : best;
		if (distance < best) {
			best = distance;
			nearest = key->name;
		}
	}
	return nearest;
}

static const struct key *find_key(const char *name, const struct key_table *table)
{
	const struct key *key;
	for (unsigned i = 0; (key = key_at(table, i)) != NULL; i++) {
		if (strcmp(name, key->name) == 0) {
			return key;
		}
	}
	return NULL;
}

static void report_unknown(struct loader *l, const struct node *key, const struct key_table *table)
{
	const char *in = table->where[0] != '\0' ? " in " : "";
	const char *nearest = keys_nearest(key->text, table);
	if (nearest != NULL) {
		loader_fail(l, &key->at, "unknown key '%s'%s%s; did you mean '%s'?", key->text, in,
			    table->where, nearest);
	} else {
		char known[512] = "";
		size_t used = 0;
		const struct key *k;
		for (unsigned i = 0; (k = key_at(table, i)) != NULL; i++) {
			if (is_read(k) && used < sizeof(known) - 48) {
				used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
							 used > 0 ? ", " : "", k->name);
			}
		}
		loader_fail(l, &key->at, "unknown key '%s'%s%s; known here: %s", key->text, in,
			    table->where, known);
	}
}

static void report_unsupported(struct loader *l, const struct node *key, const struct key *known,
			       const struct key_table *table)
{
	const char *dot = table->where[0] != '\0' ? "." : "";
	switch (known->kind) {
	case KEY_FOREIGN:
		loader_warn(l, &key->at, "'%s%s%s' %s%s; remove it to silence this", table->where,
			    dot, key->text,
			    known->note != NULL ? "has no effect: "
						: "is not supported yet and has no effect",
			    known->note != NULL ? known->note : "");
		break;
	case KEY_UNSAFE:
		loader_fail(l, &key->at, "'%s%s%s' is not supported by this version: %s",
			    table->where, dot, key->text, known->note);
		break;
	default:
		loader_fail(l, &key->at, "'%s%s%s' is not in this version; remove it", table->where,
			    dot, key->text);
		break;
	}
}

/* Whether the key stands here for the first time: in this mapping, or in all files. */
static bool is_first(struct loader *l, const struct node *key, const struct key *known,
		     struct seen_list *seen)
{
	for (unsigned i = 0; i < seen->count; i++) {
		const struct place *first = &seen->item[i].at;
		if (seen->item[i].key == known) {
			loader_fail(l, &key->at,
				    "'%s' was set before, at %s:%d:%d; keep one of the two",
				    key->text, first->file, first->line, first->column);
			return false;
		}
	}
	if (seen->count == seen->max) {
		seen->max = seen->max * 2 + 8;
		struct seen_key *grown = realloc(seen->item, seen->max * sizeof(*grown));
		ASSERT(grown != NULL);
		seen->item = grown;
	}
	seen->item[seen->count++] = (struct seen_key){.key = known, .at = key->at};
	return true;
}

/* One pair of a mapping. */
static const struct key *known_key(struct loader *l, const struct node *key,
				   const struct key_table *table)
{
	if (key->kind != NODE_SCALAR) {
		loader_fail(l, &key->at, "a key must be a plain name, not %s",
			    node_kind_text(key->kind));
		return NULL;
	}
	const struct key *known = find_key(key->text, table);
	if (known == NULL) {
		report_unknown(l, key, table);
	}
	return known;
}

static void read_number(struct loader *l, const struct key *known, const struct node *key,
			const struct node *v, void *target)
{
	struct set_number *out = (void *)((char *)target + known->at);
	uint32_t number;
	bool is_true;
	if (!is_there(v)) {
		return;
	}
	if (known->kind == KEY_BOOL && value_bool(l, v, key->text, &is_true)) {
		draft_set(l, key, out, is_true);
	} else if (known->kind == KEY_NUMBER &&
		   value_number(l, v, key->text, known->min, known->max, &number)) {
		draft_set(l, key, out, number);
	} else if (known->kind == KEY_CHOICE &&
		   value_choice(l, v, key->text, known->choices, &number)) {
		draft_set(l, key, out, number);
	}
}

static void read_known(struct loader *l, const struct key *known, const struct node *key,
		       const struct node *v, const struct key_table *table, void *target)
{
	switch (known->kind) {
	case KEY_READ:
		known->read(l, key, v, target);
		break;
	case KEY_BOOL:
	case KEY_NUMBER:
	case KEY_CHOICE:
		read_number(l, known, key, v, target);
		break;
	case KEY_MAP:
	case KEY_GENERAL:
		if (is_there(v)) {
			keys_walk(l, v, known->table,
				  known->kind == KEY_MAP ? target : &l->general);
		}
		break;
	default:
		report_unsupported(l, key, known, table);
		break;
	}
}

void keys_walk(struct loader *l, const struct node *map, const struct key_table *table,
	       void *target)
{
	if (map->kind == NODE_BAD) {
		return;
	}
	if (map->kind != NODE_MAP) {
		loader_fail(l, &map->at, "%s%smust be a mapping of 'key: value' lines, not %s",
			    table->where[0] != '\0' ? table->where : "a configuration file", " ",
			    node_kind_text(map->kind));
		return;
	}
	struct seen_list here = {.count = 0};
	struct seen_list *seen = table->is_once ? &l->seen : &here;

	struct node key, value;
	void *cursor = NULL;
	while (node_next_pair(map, &cursor, l->errors, &key, &value)) {
		const struct key *known = known_key(l, &key, table);
		if (known != NULL && is_first(l, &key, known, seen)) {
			read_known(l, known, &key, &value, table, target);
		}
	}
	free(here.item);
}

bool value_text(struct loader *l, const struct node *v, const char *name, const char **out)
{
	if (v->kind == NODE_SCALAR && v->text[0] != '\0') {
		*out = v->text;
		return true;
	}
	if (v->kind != NODE_BAD) {
		loader_fail(l, &v->at, "'%s' must be a single value, not %s", name,
			    v->kind == NODE_SCALAR ? "an empty text" : node_kind_text(v->kind));
	}
	return false;
}

bool value_copy(struct loader *l, const struct node *v, const char *name, char **out)
{
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	free(*out);
	*out = strdup(text);
	ASSERT(*out != NULL);
	return true;
}

/* Decimal digits only: "0x10", "1e3", "+5" and " 5" are refused. */
static bool parse_decimal(const char *text, uint64_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 15 || strspn(text, "0123456789") != len) {
		return false;
	}
	*out = strtoull(text, NULL, 10);
	return true;
}

bool value_number(struct loader *l, const struct node *v, const char *name, uint32_t min,
		  uint32_t max, uint32_t *out)
{
	const char *text;
	uint64_t number = 0;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	if (!parse_decimal(text, &number) || number < min || number > max) {
		loader_fail(l, &v->at, "'%s' must be a number from %u to %u, not '%s'", name, min,
			    max, text);
		return false;
	}
	*out = (uint32_t)number;
	return true;
}

bool value_bool(struct loader *l, const struct node *v, const char *name, bool *out)
{
	/* The words of YAML 1.1, which existing files use. */
	static const char *const yes[] = {"true", "yes", "on"};
	static const char *const no[] = {"false", "no", "off"};
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*out = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	loader_fail(l, &v->at, "'%s' must be true or false, not '%s'", name, text);
	return false;
}

bool value_choice(struct loader *l, const struct node *v, const char *name,
		  const char *const *choices, uint32_t *out)
{
	char known[256] = "";
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	for (uint32_t i = 0; choices[i] != NULL; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*out = i;
			return true;
		}
		const char *joint = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
		size_t used = strlen(known);
		snprintf(known + used, sizeof(known) - used, "%s%s", joint, choices[i]);
	}
	loader_fail(l, &v->at, "'%s' must be %s, not '%s'", name, known, text);
	return false;
}

bool value_is_list(struct loader *l, const struct node *v, const char *name, const char *example)
{
	if (v->kind != NODE_LIST && v->kind != NODE_BAD) {
		loader_fail(l, &v->at, "'%s' must be a list such as %s, not %s", name, example,
			    node_kind_text(v->kind));
	}
	return v->kind == NODE_LIST;
}

bool value_addr(struct loader *l, const struct node *v, const char *name, struct addr *out)
{
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	struct addr a;
	if (addr_parse(text, &a) != 0) {
		loader_fail(l, &v->at,
			    "'%s' must be an IPv4 or IPv6 address such as 198.18.1.1 or "
			    "2001:db8::1, not '%s'",
			    name, text);
		return false;
	}
	if (addr_is_zero(&a) || addr_is_multicast(&a) || addr_is_loopback(&a) ||
	    addr_is_link_local(&a)) {
		loader_fail(l, &v->at, "'%s' must be a global unicast address, not '%s'", name,
			    text);
		return false;
	}
	*out = a;
	return true;
}

bool value_asn(struct loader *l, const struct node *v, const char *name, asn_t *out)
{
	const char *text;
	uint64_t number = 0;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	const char *digits = strncasecmp(text, "AS", 2) == 0 ? text + 2 : text;
	if (!parse_decimal(digits, &number) || number < 1 || number > 4294967294U) {
		loader_fail(l, &v->at, "'%s' must be an AS number from 1 to 4294967294, not '%s'",
			    name, text);
		return false;
	}
	if (number == AS_TRANS) {
		loader_fail(l, &v->at,
			    "'%s' cannot be 23456 (AS_TRANS, RFC 6793); write the real AS number",
			    name);
		return false;
	}
	*out = (asn_t)number;
	return true;
}

/* Split "address/length"; the length is missing when there is no slash. */
static bool split_interface(const char *text, struct addr *out, unsigned *out_len)
{
	char buf[PREFIX_TEXT_MAX];
	const char *slash = strchr(text, '/');
	uint64_t len = 0;
	if (slash == NULL || (size_t)(slash - text) >= sizeof(buf)) {
		return false;
	}
	memcpy(buf, text, (size_t)(slash - text));
	buf[slash - text] = '\0';
	if (addr_parse(buf, out) != 0 || !parse_decimal(slash + 1, &len) ||
	    len > family_bits(out->family) || len == 0) {
		return false;
	}
	*out_len = (unsigned)len;
	return true;
}

/* The first and the last address of an IPv4 subnet name the net and its broadcast. */
static bool is_host_part_usable(const struct addr *a, unsigned len)
{
	if (a->family != FAMILY_IPV4 || len >= 31) {
		return true;
	}
	uint32_t host_mask = UINT32_MAX >> len;
	uint32_t host = addr_v4_host_order(a) & host_mask;
	return host != 0 && host != host_mask;
}

bool value_interface(struct loader *l, const struct node *v, struct addr *out, uint8_t *out_len)
{
	const char *text;
	struct addr a;
	unsigned len = 0;
	if (!value_text(l, v, "addresses", &text)) {
		return false;
	}
	if (!split_interface(text, &a, &len)) {
		loader_fail(l, &v->at,
			    "an address of a port is written address/length, such as "
			    "198.18.0.1/16 or 2001:db8::1/64, not '%s'",
			    text);
		return false;
	}
	if (addr_is_zero(&a) || addr_is_multicast(&a) || addr_is_loopback(&a) ||
	    addr_is_link_local(&a) || !is_host_part_usable(&a, len)) {
		loader_fail(l, &v->at,
			    "'%s' cannot be an address of ours; take a unicast host address of the "
			    "subnet",
			    text);
		return false;
	}
	*out = a;
	*out_len = (uint8_t)len;
	return true;
}
