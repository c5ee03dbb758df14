/* Answers of the registry: lists as tables with a few columns for each kind, one object as lines,
 * texts and documents as they are. */
#include <string.h>

#include "control/cli/layout.h"
#include "control/cli/put.h"
#include "control/cli/tables.h"
#include "rib/base/check.h"

#define COLUMNS_MAX 7

/* By the first letter of an id; a change has none. */
static const struct kind_columns {
	char letter;
	const char *column[COLUMNS_MAX];
} kinds[] = {
	{'t', {"id", "mode", "is_enabled", "name"}},
	{'a', {"id", "asn", "state", "tenant", "reason"}},
	{'p', {"id", "prefix", "state", "announce", "origins", "reason"}},
	{'e', {"id", "subject", "type", "result", "reason"}},
	{'s', {"id", "name", "pool_ipv4", "pool_ipv6"}},
	{'m', {"id", "name", "route_view", "description"}},
	{'n', {"id", "address", "asn", "tenant", "is_enabled", "description"}},
	{'k', {"id", "role", "expires_at", "name"}},
	{'d', {"id", "media_type", "size", "tenant"}},
	{'\0', {"revision", "at", "author.name", "summary"}},
};

/* How a list is laid out: as wide as what is in it. */
struct lines {
	unsigned count;
	int width[COLUMNS_MAX];
	bool is_broken[COLUMNS_MAX]; /* It begins a line, for the one before is full. */
};

/* A value in words; `buf` is for those that have to be put together. */
static const char *words_of(const json_t *value, char *buf, size_t size)
{
	size_t i, len = 0;
	const json_t *item;
	char one[128];
	if (json_is_string(value)) {
		return json_string_value(value);
	}
	buf[0] = '\0';
	if (json_is_boolean(value)) {
		return json_is_true(value) ? "yes" : "no";
	}
	if (json_is_integer(value)) {
		(void)snprintf(buf, size, "%lld", (long long)json_integer_value(value));
	}
	if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			if (len + 1 < size && !json_is_array(item)) {
				len += (size_t)snprintf(buf + len, size - len, "%s%s",
							i > 0 ? ", " : "",
							words_of(item, one, sizeof(one)));
			}
		}
	}
	return json_is_null(value) || value == NULL ? "-" : buf;
}

/* "author.name" is the name of the author. */
static const json_t *member_of(const json_t *row, const char *name)
{
	char outer[32];
	const char *dot = strchr(name, '.');
	if (dot == NULL) {
		return json_object_get(row, name);
	}
	(void)snprintf(outer, sizeof(outer), "%.*s", (int)(dot - name), name);
	return json_object_get(json_object_get(row, outer), dot + 1);
}

static const struct kind_columns *columns_of(const json_t *item)
{
	char letter = text_of(item, "id")[0];
	unsigned i = 0;
	while (i + 1 < ARRAY_COUNT(kinds) && kinds[i].letter != letter) {
		i++;
	}
	return &kinds[i];
}

/* `columns` of the terminal, 0: there is none.  What does not fit goes on in the next line. */
static struct lines lines_of(const struct kind_columns *k, const json_t *items, int columns)
{
	struct lines l = {0};
	size_t i;
	const json_t *item;
	char buf[512];
	int at = 0;
	for (; l.count < COLUMNS_MAX && k->column[l.count] != NULL; l.count++) {
		const char *name = k->column[l.count];
		int *width = &l.width[l.count];
		*width = layout_text_width(name);
		json_array_foreach(items, i, item)
		{
			int one = layout_text_width(
				words_of(member_of(item, name), buf, sizeof(buf)));
			*width = one > *width ? one : *width;
		}
		l.is_broken[l.count] = l.count > 0 && columns > 0 && at + 1 + *width > columns;
		at = l.is_broken[l.count] ? 2 + *width : at + (l.count > 0 ? 1 : 0) + *width;
	}
	return l;
}

static void put_cell(FILE *out, const struct lines *l, unsigned c, const char *text)
{
	bool is_end = c + 1 == l->count || l->is_broken[c + 1];
	put_text(out, l->is_broken[c] ? "  " : "", 0);
	put_text(out, text, is_end ? 0 : l->width[c]);
	fputc(is_end ? '\n' : ' ', out);
}

static void put_title(FILE *out, const struct kind_columns *k, const struct lines *l)
{
	for (unsigned c = 0; c < l->count; c++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%s", k->column[c]);
		for (char *at = name; *at != '\0'; at++) {
			*at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
		}
		put_cell(out, l, c, name);
	}
}

static void put_list(FILE *out, const json_t *row, int columns)
{
	size_t i;
	const json_t *item, *items = json_object_get(row, "items");
	const struct kind_columns *k = columns_of(json_array_get(items, 0));
	const struct lines l = lines_of(k, items, columns);
	char buf[512];
	json_array_foreach(items, i, item)
	{
		if (i == 0) {
			put_title(out, k, &l);
		}
		for (unsigned c = 0; c < l.count; c++) {
			const json_t *value = member_of(item, k->column[c]);
			put_cell(out, &l, c, words_of(value, buf, sizeof(buf)));
		}
	}
	if (json_is_string(json_object_get(row, "next_cursor"))) {
		fprintf(out, "more: --cursor %s\n", text_of(row, "next_cursor"));
	}
}

static void put_member(FILE *out, const char *name, const json_t *value)
{
	char buf[1024];
	put_text(out, "", 2);
	put_text(out, name, 20);
	fputc(' ', out);
	put_text(out, words_of(value, buf, sizeof(buf)), 0);
	fputc('\n', out);
}

/* Of a check that has said nothing there is nothing to be read. */
static bool is_nothing(const json_t *value)
{
	return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

/* Members of members as "checks.roa.result": of two levels, which is all there are. */
static void put_object(FILE *out, const json_t *row)
{
	const char *name, *inner, *last;
	json_t *value, *one, *leaf;
	char path[128];
	json_object_foreach((json_t *)(uintptr_t)row, name, value)
	{
		if (!json_is_object(value)) {
			put_member(out, name, value);
			continue;
		}
		json_object_foreach(value, inner, one)
		{
			(void)snprintf(path, sizeof(path), "%s.%s", name, inner);
			if (!json_is_object(one)) {
				put_member(out, path, one);
				continue;
			}
			json_object_foreach(one, last, leaf)
			{
				if (is_nothing(leaf)) {
					continue;
				}
				(void)snprintf(path, sizeof(path), "%s.%s.%s", name, inner, last);
				put_member(out, path, leaf);
			}
		}
	}
}

/* What would be, or was, done to one object: the members that differ. */
static void put_item(FILE *out, const json_t *item)
{
	const json_t *before = json_object_get(item, "before"),
		     *after = json_object_get(item, "after");
	const char *name;
	json_t *value;
	char was[512], is[512];
	fprintf(out, "%s %s %s\n",
		!json_is_object(before)	 ? "create"
		: !json_is_object(after) ? "delete"
					 : "change",
		text_of(item, "kind"), text_of(item, "id"));
	json_object_foreach((json_t *)(uintptr_t)after, name, value)
	{
		const json_t *old = json_object_get(before, name);
		if (!json_equal(old, value)) {
			fprintf(out, "  %-20s ", name);
			put_text(out, words_of(old, was, sizeof(was)), 0);
			fputs(" -> ", out);
			put_text(out, words_of(value, is, sizeof(is)), 0);
			fputc('\n', out);
		}
	}
}

static void put_change(FILE *out, const json_t *change)
{
	size_t i;
	const json_t *item, *items = json_object_get(change, "items");
	put_text(out, text_of(change, "summary"), 0);
	fputc('\n', out);
	json_array_foreach(items, i, item)
	{
		put_item(out, item);
	}
	if (json_array_size(items) == 0) {
		fputs("nothing would be another\n", out);
	}
}

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 4648 §4. */
static void put_base64(FILE *out, const char *text)
{
	unsigned bits = 0, count = 0;
	for (; digit_of(*text) >= 0; text++) {
		bits = bits << 6 | (unsigned)digit_of(*text);
		count += 6;
		if (count >= 8) {
			count -= 8;
			fputc((int)(bits >> count & 0xff), out);
		}
	}
}

void table_registry_row(FILE *out, const json_t *head, const json_t *row, int columns)
{
	const json_t *change = json_object_get(row, "change");
	if (number_of(head, "status") >= 400) {
		return; /* The end says it. */
	}
	if (json_is_array(json_object_get(row, "items")) &&
	    json_object_get(row, "summary") == NULL) {
		put_list(out, row, columns);
	} else if (json_is_object(change)) {
		put_change(out, change);
	} else if (json_is_array(json_object_get(row, "items"))) {
		put_change(out, row);
	} else if (json_object_get(row, "media_type") != NULL &&
		   json_object_get(row, "text") != NULL) {
		fputs(text_of(row, "text"), out);
	} else if (json_object_get(row, "media_type") != NULL &&
		   json_object_get(row, "id") == NULL) {
		put_base64(out, text_of(row, "data"));
	} else {
		put_object(out, row);
	}
}

void table_registry_problem(FILE *out, const json_t *problem)
{
	if (text_of(problem, "pointer")[0] != '\0') {
		fputs("  at:     ", out);
		put_text(out, text_of(problem, "pointer"), 0);
		fputc('\n', out);
	}
	if (text_of(problem, "remedy")[0] != '\0') {
		fputs("  remedy: ", out);
		put_text(out, text_of(problem, "remedy"), 0);
		fputc('\n', out);
	}
}
