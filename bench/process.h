/* What the kernel says of a server's processes; `pids` is a list like "12,34", NULL for none. */
#pragma once

#include <stdint.h>

/* CPU nanoseconds, user and system, of all threads so far. */
uint64_t process_cpu_ns(const char *pids);
/* Resident set plus huge pages. */
uint64_t process_memory_kb(const char *pids);
