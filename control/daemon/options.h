/* The command line of `causewayd`.  Pure. */
#pragma once

#include "rib/base/units.h"

enum options_verdict { OPTIONS_RUN, OPTIONS_CHECK, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_USAGE };

struct options {
	const char *config; /* Borrowed from argv. */
};

/* For OPTIONS_USAGE `why` says what is wrong. */
enum options_verdict options_parse(int argc, char *const *argv, struct options *out, char *why,
				   size_t why_len);
extern const char options_help[];
