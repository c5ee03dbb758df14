/* Does an action end the process by an assertion?  Run in a child, so that it also works under
 * sanitizers, where a test that expects a signal does not. */
#pragma once

#include "rib/base/units.h"

/* True when `act` aborts; what it printed is in `out_text` (`size` bytes, may be NULL). */
bool dies(void (*act)(void), char *out_text, size_t size);
