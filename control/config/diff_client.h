/* The names of what differs.  Private to this folder. */
#pragma once

#include "control/config/diff.h"

/* Add a name, unless it is the last one there. */
void diff_name(struct config_change *c, const char *name);
