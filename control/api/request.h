/* A request line of the control socket, understood.
 *
 * One JSON object: {"command": "routes", "prefix": "192.0.2.0/24", "match": "longer", …}.  Members
 * that a command does not know are refused, as everywhere. */
#pragma once

#include <jansson.h>

#include "control/irr/name.h"
#include "rib/base/addr.h"

#define REQUEST_LINE_MAX 4096

enum api_command {
	API_STATUS,
	API_NEIGHBORS,
	API_NEIGHBOR,
	API_ENABLE,
	API_DISABLE,
	API_RESET,
	API_REFRESH,
	API_ROUTES,
	API_EXPLAIN,
	API_RPKI,
	API_IRR,
	API_IRR_REFRESH,
	API_IRR_ACCEPT,
	API_RESTART,
	API_RELOAD,
	API_METRICS,
	API_EVENTS,
	API_COMMAND_COUNT
};

enum api_match { API_MATCH_EXACT, API_MATCH_LONGER, API_MATCH_COVERING };

/* Where an answer of routes goes on: a slot in a table of a shard, and of what it has for the
 * answer the rows that were told.  Its text is for the one who asks to give back. */
struct api_cursor {
	unsigned shard, family, skip;
	entry_id_t id;
};

struct api_request {
	enum api_command command;
	bool has_address, has_prefix, has_from, has_to;
	struct addr address; /* neighbor */
	struct prefix prefix;
	enum api_match match;
	struct addr from, to;
	bool is_filtered, is_best, is_dry_run;
	bool is_following;
	uint64_t after; /* events: the last that was seen. */
	bool has_origin;
	asn_t origin; /* rpki */
	bool has_as_set;
	struct irr_name as_set; /* irr… */
	char reason[128];
	uint64_t limit; /* routes: rows at most; 0: all. */
	bool has_cursor;
	struct api_cursor cursor;
};

/* What is wrong with a request. */
struct api_fault {
	char member[32]; /* Of the request; "": of it as a whole. */
	char why[256];
};

/* Parse one line without its line break.  False with the reason in `why`. */
bool api_request_parse(const char *line, size_t len, struct api_request *out, char *why,
		       size_t why_len);
/* The same of an object. */
bool api_request_read(json_t *root, struct api_request *out, struct api_fault *out_fault);
#define API_CURSOR_TEXT_MAX 48
void api_cursor_format(const struct api_cursor *c, char out[API_CURSOR_TEXT_MAX]);
/* Whether the command changes anything: not for the read-only socket. */
bool api_command_is_change(enum api_command command);
/* The n-th of enum api_match; NULL behind the last. */
const char *api_match_text(unsigned n);
const char *api_command_text(enum api_command command); /* "neighbors" */
