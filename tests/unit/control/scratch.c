/* Scratch directories: made with mkdtemp, emptied and removed at the end. */
#include "tests/unit/control/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

void scratch_init(struct scratch *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/cw-unit-XXXXXX");
	cr_assert(mkdtemp(s->dir) != NULL);
}

const char *scratch_path(const struct scratch *s, const char *name, char buf[256])
{
	snprintf(buf, 256, "%s/%s", s->dir, name);
	return buf;
}

void scratch_fini(struct scratch *s)
{
	char path[256];
	DIR *d = opendir(s->dir);
	cr_assert(d != NULL);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			char name[128];
			snprintf(name, sizeof(name), "%.120s", entry->d_name);
			unlink(scratch_path(s, name, path));
		}
	}
	closedir(d);
	rmdir(s->dir);
}

void scratch_write(const struct scratch *s, const char *name, const char *text)
{
	char path[256];
	FILE *f = fopen(scratch_path(s, name, path), "w");
	cr_assert(f != NULL);
	fputs(text, f);
	fclose(f);
}

struct config *scratch_load(struct scratch *s, const char *yaml, struct config_errors *e)
{
	char path[256];
	scratch_write(s, "main.yml", yaml);
	struct config *c = config_load(scratch_path(s, "main.yml", path), e);
	if (c == NULL) {
		config_errors_print(e, stderr);
	}
	return c;
}

unsigned scratch_findings(const struct config_errors *e)
{
	unsigned count = 0;
	for (unsigned i = 0; i < e->count; i++) {
		count += !e->item[i].is_warning || strstr(e->item[i].text, "here now") == NULL;
	}
	return count;
}
