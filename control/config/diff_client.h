/* What differs between two of a neighbour's configurations.  Private to this folder. */
#pragma once

#include "control/config/diff.h"

/* Everything but kind and ip; false when they mean the same. */
bool diff_client(const struct config_client *a, const struct config_client *b,
		 struct config_change *out);
/* Add a name, unless it is the last one there. */
void diff_name(struct config_change *c, const char *name);
