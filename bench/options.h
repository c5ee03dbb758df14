/* The command line of causeway-bench. */
#pragma once

#include "bench/stage.h"

/* False when it is no use; `why` then says what is wrong with it. */
bool options_parse(struct options *o, int argc, char **argv, const char **why);
void options_usage(void);
