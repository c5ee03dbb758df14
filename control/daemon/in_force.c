/* A short queue: see in_force.h. */
#include "control/daemon/in_force.h"

#include <string.h>

#include "rib/base/check.h"

void in_force_await(struct in_force *f, uint64_t revision, usec_t now)
{
	if (f->count < IN_FORCE_MAX) {
		f->change[f->count++] = (struct in_force_change){.since = now};
	}
	struct in_force_change *last = &f->change[f->count - 1];
	last->revision = revision;
	last->ticket = 0; /* Its rules may be known, and are not those of this one. */
}

void in_force_take(struct in_force *f, uint64_t ticket)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (f->change[i].ticket == 0) {
			f->change[i].ticket = ticket;
		}
	}
}

const struct in_force_change *in_force_first(const struct in_force *f)
{
	return f->count > 0 ? &f->change[0] : NULL;
}

void in_force_pass(struct in_force *f)
{
	ASSERT(f->count > 0);
	f->count--;
	memmove(f->change, f->change + 1, f->count * sizeof(f->change[0]));
}
