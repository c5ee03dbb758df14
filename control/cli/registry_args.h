/* The words behind `causeway registry`, understood: a call to the API, over the control socket.
 *
 * Names and forms of fields are those of the registry's own tables (registry/field.h), so what can
 * be written over HTTP can be written here.  Pure but for the files that are named. */
#pragma once

#include <stdio.h>

#include "control/cli/args.h"

/* `argv` begins behind "registry"; `out` has its socket.  As cli_parse. */
enum cli_verdict registry_args(int argc, char *const *argv, struct cli *out, char *why,
			       size_t why_len);
extern const char registry_help[];
/* For `--help` among the words; behind "create KIND" the kind's fields. */
void registry_help_put(FILE *out, int argc, char *const *argv);
