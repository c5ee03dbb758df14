/* The mistakes found in a configuration, collected with their places. */
#pragma once

#include "control/config/config.h"

/* A place in a file; `file` is borrowed from the document.  Line 0: the file as a whole. */
struct place {
	const char *file;
	int line, column;
};

/* Add one mistake (or warning).  Copies everything. */
void errors_add(struct config_errors *e, const struct place *at, bool is_warning,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Order by file, line and column; equal places keep their order. */
void errors_sort(struct config_errors *e);
