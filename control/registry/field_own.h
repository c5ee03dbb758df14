/* What the files around fields share. */
#pragma once

#include "control/registry/field.h"

static inline void *field_in(const struct field *f, void *structure)
{
	return (char *)structure + f->at;
}

static inline const void *field_of(const struct field *f, const void *structure)
{
	return (const char *)structure + f->at;
}

/* Free what it points to; it is then as when it was zero. */
void field_clear(const struct field *f, void *at);
/* Take a value of JSON; what was there is freed.  False with error (pointer: `where`/name…); the
 * field is then unchanged or partly changed, and still to be freed with its object. */
bool field_read(const struct field *f, const json_t *value, void *at, const char *where,
		struct registry_error *out_error);
json_t *field_json(const struct field *f, const void *at);
/* Replace an object's text. */
void registry_text_set(char **at, const char *text);
