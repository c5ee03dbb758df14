/* How much memory the server has, for those who show it. */
#pragma once

#include "dataplane/core/core.h"

/* Of the process; 0 when the kernel does not say. */
uint64_t memory_resident_bytes(void);
/* Tables and path arrays of all shards, and attribute sets. */
uint64_t memory_table_bytes(const struct server *s);
