/* The tables, as the steps that made them: a new database takes all of them, an older one those
 * that it has not. */
#pragma once

#define SCHEMA_VERSION 2

/* Rows (what, revision) of registry_mention for the changes of registry_change; a condition on `c`
 * may follow. */
#define SCHEMA_SQLITE_MENTIONED                                                                    \
	"SELECT DISTINCT w.value, c.revision FROM registry_change c, json_each(c.body, "           \
	"'$.items') "                                                                              \
	"i, json_each(json_array(i.value ->> '$.id', i.value ->> '$.before.tenant', i.value ->> "  \
	"'$.after.tenant')) w WHERE w.value IS NOT NULL"
#define SCHEMA_POSTGRES_MENTIONED                                                                  \
	"SELECT DISTINCT w.value, c.revision FROM registry_change c, "                             \
	"json_array_elements(c.body::json -> 'items') i, LATERAL (VALUES (i.value ->> "            \
	"'id'), (i.value -> 'before' ->> 'tenant'), (i.value -> 'after' ->> 'tenant')) w (value) " \
	"WHERE w.value IS NOT NULL"

/* What leads from `version` − 1 to it; 1 <= version <= SCHEMA_VERSION.  Some statements each. */
const char *schema_sqlite(unsigned version);
const char *schema_postgres(unsigned version);
/* "… has format 3, and this version knows up to 2; …" */
void schema_say_newer(const char *name, long version, char *why);
