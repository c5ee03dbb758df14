/* The statuses of refusals: titles, and which reasons come with them; one table, problem.def. */
#pragma once

#include "rib/base/units.h"

struct problem_row {
	int status;
	const char *title;   /* RFC 9110's, in words. */
	const char *name;    /* "NotFound": in the description. */
	const char *reasons; /* Codes with spaces between; "": any. */
	const char *text;    /* A sentence. */
};

/* The n-th; NULL behind the last. */
const struct problem_row *problem_at(unsigned n);
/* "Not Found"; "Error" for a status that is not ours. */
const char *problem_title(int status);
