/* `rpki`: where origin validation's data come from, as configured. */
#pragma once

#include "rib/base/units.h"

struct rpki_cache_conf {
	char *address; /* Or a name. */
	uint16_t port;
	bool is_ssh;
	char *user, *private_key, *host_key;   /* SSH's. */
	uint8_t preference;		       /* Smaller is better. */
	unsigned refresh_s, retry_s, expire_s; /* 0: as the cache says. */
};

struct rpki_file_conf {
	char *path;
	uint8_t preference;
	unsigned age_max_s;    /* 0: any. */
	char **anchors;	       /* Trust anchors whose VRPs are taken. */
	unsigned anchor_count; /* 0: all. */
};

struct rpki_conf {
	struct rpki_cache_conf *cache;
	unsigned cache_count;
	struct rpki_file_conf *file;
	unsigned file_count;
	unsigned shrink_max; /* Percent by which a source's records may become fewer at once. */
};

bool rpki_conf_equal(const struct rpki_conf *a, const struct rpki_conf *b);
void rpki_conf_fini(struct rpki_conf *c);
