/* Sums of counters, and what the kernel says; see memory.h. */
#include "control/api/memory.h"

#include <stdio.h>
#include <unistd.h>

uint64_t memory_resident_bytes(void)
{
	unsigned long long total = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f == NULL) {
		return 0;
	}
	int got = fscanf(f, "%llu %llu", &total, &resident);
	fclose(f);
	return got == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t memory_table_bytes(const struct server *s)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		bytes += metric_get(&server_core_stats(s, (core_id_t)i)->attr_bytes);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st =
				shard_stats(server_shard(s, (core_id_t)i), (enum family)f);
			bytes += metric_get(&st->table_bytes) + metric_get(&st->path_bytes);
		}
	}
	return bytes;
}
