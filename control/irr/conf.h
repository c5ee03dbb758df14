/* The configuration's `irr` section: whom to ask for AS-SETs, how often, and the files that stand
 * in for the questions. */
#pragma once

#include "control/irr/name.h"

#define IRR_THREADS_MAX 16
#define IRR_SOURCES_MAX 512 /* Of their text, with the terminator. */

struct irr_file {
	struct irr_name name;
	char *path;
};

struct irr_conf {
	char *bgpq4_path;
	char *host;
	char *sources; /* "RIPE,RADB" */
	char *whois_path;
	char *aut_num_sources; /* Whose aut-num objects prove AS numbers; "": none. */
	unsigned timeout_s, threads, refresh_s, shrink_percent;
	bool has_private;      /* `private_asns`: prefixes of private ASNs, too. */
	char *cache_dir;       /* NULL: state_dir/irr. */
	char *files_dir;       /* A file for each AS-SET; nobody is asked.  NULL: none. */
	struct irr_file *file; /* For these AS-SETs. */
	unsigned file_count;
	char *peeringdb, *registrobr; /* Files; NULL: none. */
};

/* Everything as it is without a section. */
void irr_conf_init(struct irr_conf *c);
void irr_conf_fini(struct irr_conf *c);
bool irr_conf_equal(const struct irr_conf *a, const struct irr_conf *b);
