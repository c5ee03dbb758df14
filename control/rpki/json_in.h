/* JSON read value by value, without a tree: for files of half a million records.
 *
 * The reader walks over text that stays where it is; its user says what it expects.  The error is
 * sticky, as in a cursor: read on, check once; after an error there is nothing more.  Nesting is
 * bounded and nothing recurses.  RFC 8259; duplicate names are for the user to refuse. */
#pragma once

#include "rib/base/bytes.h"

#define JSON_DEPTH_MAX 32

enum json_kind {
	JSON_IN_OBJECT,
	JSON_IN_ARRAY,
	JSON_IN_STRING,
	JSON_IN_NUMBER,
	JSON_IN_WORD,
	JSON_IN_BAD
};

struct json_in {
	const char *begin, *at, *end;
	bool is_bad;
	const char *bad_at;
	char why[96];
};

/* `text` is borrowed. */
struct json_in json_in_of(const char *text, size_t len);
/* What comes next; BAD at the end and where no value can begin. */
enum json_kind json_in_peek(struct json_in *in);
/* Go into an object or array; false (and bad) when it is none. */
bool json_in_enter(struct json_in *in, enum json_kind kind);
/* The next member of the object gone into, its name without escapes undone: the value is to be
 * read or skipped before the next call.  `*count` starts at 0.  False after the last. */
bool json_in_member(struct json_in *in, unsigned *count, struct span *out_name);
/* The same for the items of an array. */
bool json_in_item(struct json_in *in, unsigned *count);
/* A whole number from 0 to `max`. */
bool json_in_number(struct json_in *in, uint64_t max, uint64_t *out);
/* A string as it stands between its quotes; escapes stay as they are. */
bool json_in_string(struct json_in *in, struct span *out);
/* Any value, whole. */
void json_in_skip(struct json_in *in);
/* Nothing but space may follow. */
void json_in_end(struct json_in *in);
/* The first mistake is kept. */
void json_in_fail(struct json_in *in, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Where it was: line and column from 1. */
void json_in_place(const struct json_in *in, unsigned *out_line, unsigned *out_column);

static inline bool json_in_is(struct span s, const char *text)
{
	size_t len = strlen(text);
	return s.len == len && memcmp(s.data, text, len) == 0;
}
