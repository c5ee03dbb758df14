/* Looking into answers: see answers.h. */
#include "tests/unit/control/answers.h"

#include <string.h>

void fake_fill(struct fake *f)
{
	fake_announce(f, 0, "192.0.2.0/24", (const asn_t[4]){64501, 65001}, 0, REJECT_NONE);
	fake_announce(f, 1, "192.0.2.0/24", (const asn_t[4]){64502, 65002, 65001}, 5, REJECT_NONE);
	fake_announce(f, 2, "192.0.2.0/24", (const asn_t[4]){64503}, 0, REJECT_AS_LOOP);
	fake_announce(f, 0, "192.0.2.128/25", (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_announce(f, 1, "198.51.100.0/24", (const asn_t[4]){64502}, 0, REJECT_NONE);
	fake_announce(f, 0, "2001:db8:1::/48", (const asn_t[4]){64501}, 0, REJECT_NONE);
	fake_settle(f);
}

const json_t *answer_row(const json_t *lines, size_t i)
{
	size_t at;
	json_t *line;
	json_array_foreach(lines, at, line)
	{
		const json_t *row = json_object_get(line, "row");
		if (row != NULL && i-- == 0) {
			return row;
		}
	}
	return NULL;
}

const char *answer_text(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text != NULL ? text : "";
}

long answer_number(const json_t *row, const char *name)
{
	return (long)json_integer_value(json_object_get(row, name));
}

const json_t *answer_end(const json_t *lines)
{
	return json_object_get(json_array_get(lines, json_array_size(lines) - 1), "end");
}

const json_t *answer_row_with(const json_t *lines, const char *name, const char *value)
{
	const json_t *row;
	for (size_t i = 0; (row = answer_row(lines, i)) != NULL; i++) {
		if (strcmp(answer_text(row, name), value) == 0) {
			return row;
		}
	}
	return NULL;
}
