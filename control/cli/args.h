/* The command line of `causeway`, understood: a request for the server and how to show the answer.
 * Files that are given are read, and nothing else is done. */
#pragma once

#include <jansson.h>

#include "rib/base/units.h"

#define CLI_SOCKET_DEFAULT "/run/causeway/control.sock"

enum cli_view {
	VIEW_STATUS,
	VIEW_NEIGHBORS,
	VIEW_NEIGHBOR,
	VIEW_ROUTES,
	VIEW_EXPLAIN,
	VIEW_RPKI,
	VIEW_IRR,
	VIEW_CHANGE,
	VIEW_RELOAD,
	VIEW_METRICS,
	VIEW_EVENTS,
	VIEW_REGISTRY,
	VIEW_REGISTRY_STATUS,
	VIEW_COUNT
};

enum cli_verdict { CLI_RUN, CLI_HELP, CLI_VERSION, CLI_USAGE };

struct cli {
	const char *socket;
	bool is_json;
	enum cli_view view;
	bool is_endless;  /* events: rows come until the server or the user ends. */
	bool is_detailed; /* routes: one exact prefix, so all attributes are shown. */
	int columns;	  /* Of the terminal; 0: none.  The caller sets it. */
	json_t *request;  /* RUN: the caller frees it. */
};

/* `argv` without the program's name.  For CLI_USAGE `why` says what is wrong. */
enum cli_verdict cli_parse(int argc, char *const *argv, struct cli *out, char *why, size_t why_len);
extern const char cli_help[];
