/* Literals and numbers, one after the other: see bgpq4.h. */
#include "control/irr/bgpq4.h"

#include <string.h>

#define DIGITS_MAX 3

struct scan {
	const char *at, *end;
};

static bool eat(struct scan *s, const char *literal)
{
	size_t len = strlen(literal);
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, literal, len) != 0) {
		return false;
	}
	s->at += len;
	return true;
}

/* Up to three digits, without leading zeros: JSON has none. */
static bool eat_number(struct scan *s, unsigned *out)
{
	const char *from = s->at;
	unsigned value = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - from < DIGITS_MAX) {
		value = value * 10 + (unsigned)(*s->at++ - '0');
	}
	*out = value;
	return s->at > from && (*from != '0' || s->at - from == 1);
}

static bool is_of_prefix(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	       c == '.' || c == ':' || c == '/';
}

/* The string up to its closing quote, which is taken, too; the slash may be escaped. */
static bool eat_prefix(struct scan *s, struct prefix *out)
{
	char text[PREFIX_TEXT_MAX];
	size_t len = 0;
	bool has_host_bits = true;
	while (s->at < s->end && *s->at != '"') {
		if (*s->at == '\\' && s->end - s->at > 1 && s->at[1] == '/') {
			s->at++;
		}
		if (!is_of_prefix(*s->at) || len + 1 == sizeof(text)) {
			return false;
		}
		text[len++] = *s->at++;
	}
	text[len] = '\0';
	return eat(s, "\"") && prefix_parse(text, out, &has_host_bits) == 0 && !has_host_bits;
}

/* Behind `"exact": false`.  Bounds that make no sense are left to the library. */
static bool eat_bounds(struct scan *s, struct prefix_rule *rule)
{
	unsigned ge = rule->prefix.len, le;
	if (eat(s, ", \"greater-equal\": ") && !eat_number(s, &ge)) {
		return false;
	}
	if (!eat(s, ", \"less-equal\": ") || !eat_number(s, &le) || ge < rule->prefix.len ||
	    le < ge || le > family_bits(rule->prefix.family)) {
		return false;
	}
	rule->ge = (uint8_t)ge;
	rule->le = (uint8_t)le;
	return true;
}

size_t bgpq4_prefix(struct span text, void *out)
{
	const char *from = (const char *)text.data;
	struct scan s = {.at = from, .end = from + text.len};
	struct prefix_rule rule = {.origin = 0};
	if (!eat(&s, "{ \"prefix\": \"") || !eat_prefix(&s, &rule.prefix) ||
	    !eat(&s, ", \"exact\": ")) {
		return 0;
	}
	rule.ge = rule.le = rule.prefix.len;
	if (!eat(&s, "true") && (!eat(&s, "false") || !eat_bounds(&s, &rule))) {
		return 0;
	}
	if (!eat(&s, " }")) {
		return 0;
	}
	*(struct prefix_rule *)out = rule;
	return (size_t)(s.at - from);
}
