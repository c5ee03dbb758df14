/* Prefixes for tests of sets: from text, and by chance. */
#pragma once

#include "rib/base/addr.h"
#include "rib/base/prng.h"

struct prefix prefix_of(const char *text);
/* Crowded on purpose, so that prefixes nest, repeat and lie side by side: few bits vary, at the
 * top, around the bytes' bounds and at the end; every length occurs. */
struct prefix prefix_by_chance(struct prng *chance);
