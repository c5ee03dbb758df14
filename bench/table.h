/* A real table: prefixes and attribute sets of an MRT dump, to be announced by made-up members.
 *
 * TABLE_DUMP_V2 (RFC 6396 §4.3), not compressed.  Each prefix is taken once, with its first path
 * that is a plain AS_SEQUENCE of public AS numbers; of its attributes ORIGIN, AS_PATH and
 * communities, but for those that would tell a route server what to do.  Prefixes with the same
 * attributes are one group, at most TABLE_GROUP_MAX in each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_GROUP_MAX 512

struct plan_attrs;
struct table;

/* From whole files in memory, one after the other; at most `limit` prefixes.  NULL when out of
 * memory or nothing was there. */
struct table *table_new(const uint8_t *data, size_t len, uint32_t limit);
/* The same, from a file. */
struct table *table_read(const char *path, uint32_t limit);
void table_free(struct table *t);

uint32_t table_prefix_count(const struct table *t);
uint32_t table_group_count(const struct table *t);
void table_group(const struct table *t, uint32_t g, uint32_t *first, uint32_t *count, bool *is_v6);
uint32_t table_group_of(const struct table *t, uint32_t prefix);
/* Append the group's path and communities. */
void table_say(const struct table *t, uint32_t g, struct plan_attrs *out);
/* As plan_prefix and plan_find. */
size_t table_prefix(const struct table *t, uint32_t number, uint8_t *to);
uint32_t table_find(const struct table *t, bool is_v6, const uint8_t *from);
