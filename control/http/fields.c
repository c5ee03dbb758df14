/* What clients send in header fields is bytes from outside: each reader says yes or no. */
#include "control/http/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *tag_format(uint64_t revision, uint64_t state, char *out)
{
	int len = snprintf(out, TAG_MAX, "\"%llu", (unsigned long long)revision);
	if (state != 0) {
		len += snprintf(out + len, TAG_MAX - (size_t)len, "-%llu",
				(unsigned long long)state);
	}
	(void)snprintf(out + len, TAG_MAX - (size_t)len, "\"");
	return out;
}

/* Digits at `*at`, and past them. */
static bool take_digits(const char **at, uint64_t *out)
{
	size_t len = strspn(*at, "0123456789");
	if (len == 0 || len > 18) {
		return false;
	}
	*out = strtoull(*at, NULL, 10);
	*at += len;
	return true;
}

bool number_parse(const char *text, uint64_t *out)
{
	uint64_t value;
	if (!take_digits(&text, &value) || *text != '\0') {
		return false;
	}
	*out = value;
	return true;
}

bool tag_match_parse(const char *text, uint64_t *out_revision)
{
	uint64_t revision = 0, state;
	if (strcmp(text, "*") == 0) {
		*out_revision = 0;
		return true;
	}
	/* RFC 9110 §13.1.1: weak tags never match, so they are no tags here. */
	if (*text++ != '"' || !take_digits(&text, &revision) || revision == 0) {
		return false;
	}
	if (*text == '-' && (text++, !take_digits(&text, &state))) {
		return false;
	}
	if (strcmp(text, "\"") != 0) {
		return false;
	}
	*out_revision = revision;
	return true;
}

bool tag_none_match(const char *text, const char *tag)
{
	size_t len = strlen(tag);
	if (strcmp(text, "*") == 0) {
		return true;
	}
	while (*text != '\0') {
		text += strspn(text, " \t,");
		text += strncmp(text, "W/", 2) == 0 ? 2 : 0;
		if (strncmp(text, tag, len) == 0 && strchr(" \t,", text[len]) != NULL) {
			return true;
		}
		text += strcspn(text, ",");
	}
	return false;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
		c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

size_t unescape(char *text)
{
	char *to = text;
	for (const char *at = text; *at != '\0'; at++) {
		int high = at[0] == '%' ? hex_digit(at[1]) : -1;
		int low = high >= 0 ? hex_digit(at[2]) : -1;
		if (low >= 0 && high + low > 0) {
			*to++ = (char)(high * 16 + low);
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

const char *bearer_of(const char *authorization)
{
	static const char scheme[] = "Bearer ";
	if (strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0) {
		return NULL;
	}
	const char *token = authorization + sizeof(scheme) - 1;
	token += strspn(token, " ");
	return *token != '\0' ? token : NULL;
}

bool request_key_parse(const char *text, char *out, size_t size)
{
	size_t len = strlen(text);
	if (len == 0 || len >= size) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '!' || text[i] > '~') {
			return false;
		}
	}
	memcpy(out, text, len + 1);
	return true;
}
