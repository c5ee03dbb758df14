/* Is the data there that the filters need?  It may come later, so what is not is a warning; but
 * without it a member announces nothing, or nothing is validated, and nobody would see why. */
#pragma once

#include "control/config/loader.h"

/* A file of data, and where it is named. */
void data_named(struct loader *l, const struct place *at, const char *path);
/* After all else is known: files that are not there, AS-SETs without one, origin validation without
 * a source.  A faulty configuration has other worries. */
void check_data(struct loader *l);
