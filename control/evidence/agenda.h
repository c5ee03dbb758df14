/* What is to be looked at, and when: a heap by time.  The same subject may stand in it more than
 * once; to look twice costs a look.  Pure. */
#pragma once

#include "control/registry/object.h"

struct agenda_item {
	usec_t due;
	registry_id_t id;
	uint8_t types;	  /* 1 << enum evidence_type. */
	uint8_t failures; /* Of its source, in a row. */
	bool is_fresh;	  /* Nothing that is remembered will do. */
};

struct agenda {
	struct agenda_item *item;
	size_t count, max;
};

void agenda_fini(struct agenda *a);
void agenda_push(struct agenda *a, const struct agenda_item *item);
/* The first one, when it is due at `now`. */
bool agenda_pop(struct agenda *a, usec_t now, struct agenda_item *out);
usec_t agenda_due(const struct agenda *a); /* USEC_NEVER: nothing. */
/* Whether it is due at `now`; one that is to be tried again later is not.  O(n). */
bool agenda_has(const struct agenda *a, const char *id, usec_t now);
