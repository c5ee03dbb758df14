/* A prefix exactly as bgpq4 -j writes it.
 *
 * All of a large exchange's filters have millions of items, and the JSON library takes three
 * microseconds for each: that is seconds in which nothing else is decided.  This reads the one form
 * that bgpq4 has, byte by byte as it writes it, and nothing else; whatever looks different, be it
 * good or bad, is the library's to judge, so that there is one opinion on what is valid. */
#pragma once

#include "control/irr/items.h"
#include "rib/policy/prefix_set.h"

/* { "prefix": "198.18.0.0\/24", "exact": true }
 * { "prefix": "198.18.0.0\/24", "exact": false, "less-equal": 28 }
 * { "prefix": "198.18.0.0\/24", "exact": false, "greater-equal": 26, "less-equal": 28 }
 * An items_reader; `out` is a struct prefix_rule. */
size_t bgpq4_prefix(struct span text, void *out);
