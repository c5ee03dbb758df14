/* Reason codes: what they mean, and what to do. */
#pragma once

#include "rib/base/units.h"

/* "" for a code that is not ours. */
const char *registry_reason_text(const char *code);
const char *registry_reason_remedy(const char *code);
/* The n-th code; NULL behind the last. */
const char *registry_reason_at(unsigned n);
