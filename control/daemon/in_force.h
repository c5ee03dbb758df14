/* Changes that are not in force everywhere yet, and how long that takes.
 *
 * A change is waited for from the moment in which it is applied until every worker judges by the
 * rules that follow from it.  When too many are waited for, the last stands for those behind it,
 * with their rules and its own beginning.  Pure.  Control thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rib/base/units.h"

#define IN_FORCE_MAX 64

struct in_force_change {
	uint64_t revision;
	usec_t since;
	uint64_t ticket; /* Of the rules; 0: not known yet. */
};

struct in_force {
	struct in_force_change change[IN_FORCE_MAX];
	unsigned count;
};

void in_force_await(struct in_force *f, uint64_t revision, usec_t now);
/* The rules that those without a ticket take. */
void in_force_take(struct in_force *f, uint64_t ticket);
/* The first, in order; NULL: nothing is waited for.  Good until it is passed. */
const struct in_force_change *in_force_first(const struct in_force *f);
void in_force_pass(struct in_force *f); /* The first is in force. */
