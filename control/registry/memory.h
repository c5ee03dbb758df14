/* Memory of the registry's: of the control thread, for ordinary things of bounded size.  When there
 * is none, the server cannot do its work, and stops. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

static inline void *registry_alloc(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size);
	ASSERT(p != NULL);
	return p;
}

static inline char *registry_text(const char *text)
{
	char *copy = strdup(text);
	ASSERT(copy != NULL);
	return copy;
}
