/* The pull reader: tokens of RFC 8259, and a loop with a stack of its own to pass over a value. */
#include "control/rpki/json_in.h"

#include <stdarg.h>
#include <stdio.h>

#include "rib/base/check.h"

struct json_in json_in_of(const char *text, size_t len)
{
	return (struct json_in){.begin = text, .at = text, .end = text + len};
}

void json_in_fail(struct json_in *in, const char *format, ...)
{
	va_list args;
	if (in->is_bad) {
		return;
	}
	in->is_bad = true;
	in->bad_at = in->at;
	va_start(args, format);
	(void)vsnprintf(in->why, sizeof(in->why), format, args);
	va_end(args);
	in->at = in->end;
}

void json_in_place(const struct json_in *in, unsigned *out_line, unsigned *out_column)
{
	const char *line = in->begin, *stop = in->is_bad ? in->bad_at : in->at;
	unsigned number = 1;
	for (const char *p = in->begin; p < stop; p++) {
		if (*p == '\n') {
			number++;
			line = p + 1;
		}
	}
	*out_line = number;
	*out_column = (unsigned)(stop - line) + 1;
}

static void skip_space(struct json_in *in)
{
	while (in->at < in->end &&
	       (*in->at == ' ' || *in->at == '\n' || *in->at == '\t' || *in->at == '\r')) {
		in->at++;
	}
}

static bool is_digit(const struct json_in *in)
{
	return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

enum json_kind json_in_peek(struct json_in *in)
{
	skip_space(in);
	if (in->at == in->end) {
		json_in_fail(in, "the text ends in the middle");
		return JSON_IN_BAD;
	}
	switch (*in->at) {
	case '{':
		return JSON_IN_OBJECT;
	case '[':
		return JSON_IN_ARRAY;
	case '"':
		return JSON_IN_STRING;
	case 't':
	case 'f':
	case 'n':
		return JSON_IN_WORD;
	case '-':
		return JSON_IN_NUMBER;
	default:
		if (is_digit(in)) {
			return JSON_IN_NUMBER;
		}
		json_in_fail(in, "no value can begin here");
		return JSON_IN_BAD;
	}
}

static bool take(struct json_in *in, char c)
{
	skip_space(in);
	if (in->at < in->end && *in->at == c) {
		in->at++;
		return true;
	}
	return false;
}

bool json_in_enter(struct json_in *in, enum json_kind kind)
{
	ASSERT(kind == JSON_IN_OBJECT || kind == JSON_IN_ARRAY);
	if (json_in_peek(in) != kind) {
		json_in_fail(in, "here should be %s", kind == JSON_IN_OBJECT ? "{" : "[");
		return false;
	}
	in->at++;
	return true;
}

/* To the next member or item, or over the closing bracket. */
static bool next(struct json_in *in, unsigned *count, char close)
{
	if (in->is_bad || take(in, close)) {
		return false;
	}
	if (*count > 0 && !take(in, ',')) {
		json_in_fail(in,
			     in->at == in->end ? "the text ends in the middle"
					       : "here should be , or %c",
			     close);
		return false;
	}
	(*count)++;
	return true;
}

bool json_in_member(struct json_in *in, unsigned *count, struct span *out_name)
{
	if (!next(in, count, '}') || !json_in_string(in, out_name)) {
		return false;
	}
	if (!take(in, ':')) {
		json_in_fail(in, "here should be a colon");
	}
	return !in->is_bad;
}

bool json_in_item(struct json_in *in, unsigned *count)
{
	return next(in, count, ']');
}

bool json_in_number(struct json_in *in, uint64_t max, uint64_t *out)
{
	const char *start = in->at;
	uint64_t value = 0;
	if (json_in_peek(in) != JSON_IN_NUMBER || !is_digit(in)) {
		json_in_fail(in, "here should be a number from 0 on");
		return false;
	}
	start = in->at;
	while (is_digit(in)) {
		uint64_t digit = (uint64_t)(*in->at - '0');
		if (value > (max - min_u64(digit, max)) / 10) {
			json_in_fail(in, "the number is over %llu", (unsigned long long)max);
			return false;
		}
		value = value * 10 + digit;
		in->at++;
	}
	bool has_zero_first = *start == '0' && in->at - start > 1;
	if (value > max || has_zero_first ||
	    (in->at < in->end && (*in->at == '.' || *in->at == 'e' || *in->at == 'E'))) {
		json_in_fail(in, "here should be a whole number up to %llu",
			     (unsigned long long)max);
		return false;
	}
	*out = value;
	return true;
}

/* One of \" \\ \/ \b \f \n \r \t \uXXXX, behind the backslash. */
static void pass_escape(struct json_in *in)
{
	static const char plain[] = "\"\\/bfnrt";
	unsigned digits = 0;
	if (in->at == in->end) {
		return;
	}
	char c = *in->at++;
	if (c != 'u') {
		if (c == '\0' || strchr(plain, c) == NULL) {
			json_in_fail(in, "there is no such escape");
		}
		return;
	}
	while (digits < 4 && in->at < in->end &&
	       (is_digit(in) || (*in->at >= 'a' && *in->at <= 'f') ||
		(*in->at >= 'A' && *in->at <= 'F'))) {
		in->at++;
		digits++;
	}
	if (digits < 4) {
		json_in_fail(in, "\\u is not followed by four digits");
	}
}

bool json_in_string(struct json_in *in, struct span *out)
{
	if (json_in_peek(in) != JSON_IN_STRING) {
		json_in_fail(in, "here should be a string");
		return false;
	}
	const char *start = ++in->at;
	while (in->at < in->end && *in->at != '"') {
		if ((unsigned char)*in->at < 0x20) {
			json_in_fail(in, "a control character in a string");
			return false;
		}
		if (*in->at++ == '\\') {
			pass_escape(in);
		}
	}
	if (in->at == in->end) {
		json_in_fail(in, "a string does not end");
		return false;
	}
	*out = span_of(start, (size_t)(in->at - start));
	in->at++;
	return true;
}

static void pass_word(struct json_in *in)
{
	static const char *const words[] = {"true", "false", "null"};
	for (unsigned i = 0; i < ARRAY_COUNT(words); i++) {
		size_t len = strlen(words[i]);
		if ((size_t)(in->end - in->at) >= len && memcmp(in->at, words[i], len) == 0) {
			in->at += len;
			return;
		}
	}
	json_in_fail(in, "no value can begin here");
}

static void pass_digits(struct json_in *in)
{
	if (!is_digit(in)) {
		json_in_fail(in, "here should be a digit");
	}
	while (is_digit(in)) {
		in->at++;
	}
}

/* -? digits (. digits)? ([eE] [+-]? digits)?, the first digits without leading zeros. */
static void pass_number(struct json_in *in)
{
	in->at += *in->at == '-' ? 1 : 0;
	const char *first = in->at;
	pass_digits(in);
	if (!in->is_bad && *first == '0' && in->at - first > 1) {
		json_in_fail(in, "a number begins with 0");
	}
	if (in->at < in->end && *in->at == '.') {
		in->at++;
		pass_digits(in);
	}
	if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
		in->at++;
		in->at += in->at < in->end && (*in->at == '+' || *in->at == '-') ? 1 : 0;
		pass_digits(in);
	}
}

static void pass_scalar(struct json_in *in, enum json_kind kind)
{
	struct span unused;
	if (kind == JSON_IN_STRING) {
		(void)json_in_string(in, &unused);
	} else if (kind == JSON_IN_NUMBER) {
		pass_number(in);
	} else if (kind == JSON_IN_WORD) {
		pass_word(in);
	}
}

void json_in_skip(struct json_in *in)
{
	struct {
		bool is_object;
		unsigned count;
	} level[JSON_DEPTH_MAX];
	unsigned depth = 0;
	struct span unused;
	do {
		if (depth > 0) {
			unsigned *count = &level[depth - 1].count;
			bool has_more = level[depth - 1].is_object
						? json_in_member(in, count, &unused)
						: json_in_item(in, count);
			if (!has_more) {
				depth--;
				continue;
			}
		}
		enum json_kind kind = json_in_peek(in);
		if (kind != JSON_IN_OBJECT && kind != JSON_IN_ARRAY) {
			pass_scalar(in, kind);
		} else if (depth == JSON_DEPTH_MAX) {
			json_in_fail(in, "nested deeper than %d", JSON_DEPTH_MAX);
		} else {
			in->at++;
			level[depth].is_object = kind == JSON_IN_OBJECT;
			level[depth++].count = 0;
		}
	} while (depth > 0 && !in->is_bad);
}

void json_in_end(struct json_in *in)
{
	skip_space(in);
	if (in->at < in->end) {
		json_in_fail(in, "something follows the end");
	}
}
