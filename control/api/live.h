/* The server's own resources, as handlers of other files show them. */
#pragma once

#include "control/api/call.h"

/* `j` tells what the caller may see, in its name. */
void live_run(struct call *c, struct job *j);
