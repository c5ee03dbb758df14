/* A file that stands beside the AS-SETs (PeeringDB's dump, registro.br's routes): read in slices,
 * and again when it is another file.  One that cannot be read leaves what was there. */
#pragma once

#include "control/irr/file.h"
#include "control/irr/peeringdb.h"
#include "control/irr/registrobr.h"

struct dump {
	const char *path; /* Borrowed; NULL: none. */
	bool is_routes;	  /* registro.br's; else PeeringDB's. */
	usec_t due;	  /* When to look for another file. */
	struct file_stamp stamp;
	enum { DUMP_IDLE, DUMP_READING, DUMP_PARSING } state;
	bool is_failed;
	struct file_read file;
	struct peeringdb_parse nets_parse;
	struct registrobr_parse routes_parse;
	struct peeringdb *nets;
	struct prefix_set *routes;
};

void dump_init(struct dump *d, const char *path, bool is_routes);
void dump_fini(struct dump *d);
/* Another path (or NULL): what the old one gave is forgotten once the new one is read. */
void dump_configure(struct dump *d, const char *path, usec_t now);
/* A slice.  True when what it holds is another now. */
bool dump_step(struct dump *d, usec_t now);
/* Whether the next step has something to do. */
bool dump_has_work(const struct dump *d);
