/* How many prefixes each member is sent: view() != NULL, counted for all members at once. */
#pragma once

#include "control/api/scan.h"

struct exported {
	unsigned peer_count;
	/* Entries with a path that fits the class. */
	uint64_t entries[WIRE_CLASS_COUNT][FAMILY_COUNT];
	/* Of these, those whose only such path is the member's own: [class][family][peer]. */
	uint32_t *own;
};

/* Zero counts; the caller ends it with exported_fini. */
void exported_init(struct exported *e, unsigned peer_count);
void exported_fini(struct exported *e);
void exported_add(struct exported *e, const struct scan_hit *hit);
/* For a member with this status; 0 unless it is established. */
uint64_t exported_of(const struct exported *e, peer_id_t peer, const struct member_status *status);
