/* Members of rows, and text that a terminal may see. */
#pragma once

#include <stdio.h>

#include <jansson.h>

static inline const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text != NULL ? text : "";
}

static inline unsigned long long number_of(const json_t *row, const char *name)
{
	return (unsigned long long)json_integer_value(json_object_get(row, name));
}

/* A number as a cell of a table; returns `buf`. */
static inline const char *cell_of(unsigned long long value, char buf[24])
{
	(void)snprintf(buf, 24, "%llu", value);
	return buf;
}

/* Print, with '?' for control characters, padded to `width`. */
void put_text(FILE *out, const char *text, int width);
