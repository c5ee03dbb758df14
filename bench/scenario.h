/* The scenarios: what is done to a server, and what is measured while it is done. */
#pragma once

#include "bench/stage.h"

struct scenario_default {
	const char *option; /* As on the command line; NULL ends the list. */
	unsigned value;
};

struct scenario {
	const char *name, *what;
	bool (*run)(struct stage *s); /* False when something failed. */
	struct scenario_default defaults[10];
};

/* NULL when there is none of that name. */
const struct scenario *scenario_find(const char *name);
/* The i-th; NULL behind the last. */
const struct scenario *scenario_at(unsigned i);

/* scenario_late.c: how late changes arrive. */
bool scenario_change(struct stage *s);
bool scenario_beside(struct stage *s);
bool scenario_stalled(struct stage *s);
bool scenario_flapper(struct stage *s);
