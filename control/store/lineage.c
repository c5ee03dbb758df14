/* See lineage.h. */
#include "control/store/lineage.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "rib/base/check.h"

void lineage_make(char *out)
{
	uint64_t bits = 0;
	ssize_t got = getrandom(&bits, sizeof(bits), 0);
	ASSERT(got == (ssize_t)sizeof(bits));
	snprintf(out, 20, "%016" PRIx64, bits);
}
