/* What the kernel says: see process.h. */
#include "bench/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* CPU nanoseconds of all threads of one process so far. */
static uint64_t cpu_of(const char *pid)
{
	char path[512];
	uint64_t sum = 0;
	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		unsigned long long ns;
		if (e->d_name[0] == '.') {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%s/task/%.64s/schedstat", pid, e->d_name);
		FILE *f = fopen(path, "r");
		if (f != NULL && fscanf(f, "%llu", &ns) == 1) {
			sum += ns;
		}
		if (f != NULL) {
			fclose(f);
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	return sum;
}

/* Resident set plus huge pages, in kB. */
static uint64_t memory_of(const char *pid)
{
	char path[512], line[256];
	uint64_t sum = 0;
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned long long kb;
		if (sscanf(line, "VmRSS: %llu", &kb) == 1 ||
		    sscanf(line, "HugetlbPages: %llu", &kb) == 1) {
			sum += kb;
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return sum;
}

static uint64_t for_pids(const char *pids, uint64_t (*get)(const char *pid))
{
	char copy[256];
	uint64_t sum = 0;
	snprintf(copy, sizeof(copy), "%s", pids != NULL ? pids : "");
	char *save = NULL;
	for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
		sum += get(p);
	}
	return sum;
}

uint64_t process_cpu_ns(const char *pids)
{
	return for_pids(pids, cpu_of);
}

uint64_t process_memory_kb(const char *pids)
{
	return for_pids(pids, memory_of);
}
