/* How many routes each member is sent: what view_n() would find, counted for all at once. */
#pragma once

#include "control/api/scan.h"

/* Of the members of one class. */
struct exported_class {
	uint8_t class_idx;
	enum family family;
	uint64_t routes; /* Of a member without a path of its own. */
	uint32_t *less;	 /* [peer]: what it is sent less, because of its own paths. */
};

struct exported {
	const struct server *server;
	unsigned peer_count;
	unsigned count;
	struct exported_class *of; /* Of the classes that had members at the beginning. */
};

/* Zero counts; the caller ends it with exported_fini. */
void exported_init(struct exported *e, const struct server *server, unsigned peer_count);
void exported_fini(struct exported *e);
/* Counts *budget down for the members that it has to ask one by one, as scan_next does for ids. */
void exported_add(struct exported *e, const struct scan_hit *hit, unsigned *budget);
/* For a member with this status; 0 unless it is established. */
uint64_t exported_family(const struct exported *e, peer_id_t peer, const struct member_status *st,
			 enum family family);
uint64_t exported_of(const struct exported *e, peer_id_t peer, const struct member_status *st);
