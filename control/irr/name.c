/* AS-SET names: one pass over the components between colons. */
#include "control/irr/name.h"

#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"

#define SEPARATORS " \t\r\n,/;&"

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

static bool all_are_name_chars(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_name_char(text[i])) {
			return false;
		}
	}
	return true;
}

/* "AS<n>", without leading zeros so that each number has one name; 0 when it is not. */
static asn_t parse_asn(const char *text, size_t len)
{
	uint64_t n = 0;
	if (len < 3 || len > 12 || text[0] != 'A' || text[1] != 'S' || text[2] == '0') {
		return 0;
	}
	for (size_t i = 2; i < len; i++) {
		if (!is_digit(text[i])) {
			return 0;
		}
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	return n < UINT32_MAX ? (asn_t)n : 0;
}

/* RFC 2622 §5: "as-" and a name that ends in a letter or digit; AS-ANY is every AS there is. */
static bool is_set(const char *text, size_t len)
{
	return len > 3 && memcmp(text, "AS-", 3) == 0 && all_are_name_chars(text + 3, len - 3) &&
	       text[len - 1] != '-' && text[len - 1] != '_' &&
	       !(len == 6 && memcmp(text, "AS-ANY", 6) == 0);
}

static bool is_source(const char *text, size_t len)
{
	return len > 0 && is_letter(text[0]) && all_are_name_chars(text, len);
}

/* The components of a canonical text after its source; at least one is a set (RFC 2622 §5). */
static bool are_components(const char *text, size_t len, asn_t *out_asn)
{
	unsigned sets = 0, count = 0;
	asn_t asn = 0;
	for (size_t at = 0; at <= len;) {
		const char *colon = memchr(text + at, ':', len - at);
		size_t end = colon != NULL ? (size_t)(colon - text) : len;
		asn = parse_asn(text + at, end - at);
		bool is_a_set = is_set(text + at, end - at);
		if (asn == 0 && !is_a_set) {
			return false;
		}
		sets += is_a_set ? 1 : 0;
		count++;
		at = end + 1;
	}
	*out_asn = count == 1 ? asn : 0;
	return sets > 0 || count == 1;
}

static size_t source_len(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] == ':' && text[i + 1] == ':') {
			return i;
		}
	}
	return 0;
}

bool irr_name_parse(const char *text, size_t len, struct irr_name *out)
{
	struct irr_name n = {.asn = 0};
	if (len == 0 || len >= sizeof(n.text)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		n.text[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 32) : text[i];
	}
	size_t source = source_len(n.text, len);
	size_t begin = source > 0 ? source + 2 : 0;
	if ((source > 0 && !is_source(n.text, source)) ||
	    !are_components(n.text + begin, len - begin, &n.asn) || (source > 0 && n.asn != 0)) {
		return false;
	}
	*out = n;
	return true;
}

struct irr_name irr_name_of_asn(asn_t asn)
{
	struct irr_name n = {.asn = asn};
	ASSERT(asn != 0);
	(void)snprintf(n.text, sizeof(n.text), "AS%u", (unsigned)asn);
	return n;
}

bool irr_names_add(struct irr_names *n, const struct irr_name *name)
{
	unsigned at = 0;
	ASSERT(n->count <= IRR_NAMES_MAX);
	while (at < n->count && strcmp(n->item[at].text, name->text) < 0) {
		at++;
	}
	if (at < n->count && strcmp(n->item[at].text, name->text) == 0) {
		return true;
	}
	if (n->count == IRR_NAMES_MAX) {
		return false;
	}
	memmove(&n->item[at + 1], &n->item[at], (n->count - at) * sizeof(n->item[0]));
	n->item[at] = *name;
	n->count++;
	return true;
}

/* One word of PeeringDB's text; its other forms of a source become SRC::NAME. */
static bool parse_word(const char *word, size_t len, struct irr_name *out)
{
	char text[IRR_NAME_MAX];
	const char *at = memchr(word, '@', len), *colon = memchr(word, ':', len);
	if (irr_name_parse(word, len, out)) {
		return true;
	}
	if (len + 2 >= sizeof(text)) {
		return false;
	}
	if (at != NULL) {
		(void)snprintf(text, sizeof(text), "%.*s::%.*s", (int)(word + len - at - 1), at + 1,
			       (int)(at - word), word);
	} else if (colon != NULL) {
		(void)snprintf(text, sizeof(text), "%.*s::%.*s", (int)(colon - word), word,
			       (int)(word + len - colon - 1), colon + 1);
	} else {
		return false;
	}
	return irr_name_parse(text, strlen(text), out);
}

unsigned irr_names_add_text(struct irr_names *n, const char *text)
{
	unsigned count = 0;
	for (const char *at = text + strspn(text, SEPARATORS); *at != '\0';
	     at += strspn(at, SEPARATORS)) {
		size_t len = strcspn(at, SEPARATORS);
		struct irr_name name;
		if (parse_word(at, len, &name) && irr_names_add(n, &name)) {
			count++;
		}
		at += len;
	}
	return count;
}

bool irr_names_equal(const struct irr_names *a, const struct irr_names *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->item[i].text, b->item[i].text) != 0) {
			return false;
		}
	}
	return true;
}
