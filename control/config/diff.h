/* What differs between two configurations, after inheritance and defaults: what counts is what they
 * mean.  For a reload, which acts on it, and shows it first. */
#pragma once

#include "control/config/config.h"

enum change_kind {
	CHANGE_ADDED, /* Neighbours. */
	CHANGE_REMOVED,
	CHANGE_CHANGED,
	CHANGE_SERVER,	/* The server's own, in force at once. */
	CHANGE_RESTART, /* The server's own, in force after a restart of the process. */
	CHANGE_KIND_COUNT
};

/* One neighbour, or one thing of the server's. */
struct config_change {
	enum change_kind kind;
	struct addr ip; /* Of the neighbour. */
	/* CHANGED: what it takes. */
	bool has_session;    /* Of its session or the connection, */
	bool is_new_session; /* which has to end for it; */
	bool has_keys;	     /* of its keys; */
	bool has_state;	     /* of whether it is to be up at all; */
	bool has_limits;     /* of how many prefixes it may announce; */
	bool has_policy;     /* of the rules about its routes. */
	char what[240]; /* The keys, with commas between; "" when the neighbour is new or gone. */
};

struct config_diff {
	struct config_change *item; /* In the order of kinds. */
	unsigned count, by_kind[CHANGE_KIND_COUNT];
};

void config_diff(const struct config *running, const struct config *wanted,
		 struct config_diff *out);
void config_diff_free(struct config_diff *d);
/* The same of one neighbour: everything but kind and ip.  False when they mean the same. */
bool config_client_diff(const struct config_client *a, const struct config_client *b,
			struct config_change *out);
const char *change_kind_text(enum change_kind kind); /* "added" */
/* The client with this address in `order`, which is config_order's; NULL when there is none. */
const struct config_client *config_find(const struct config_client *const *order, unsigned count,
					const struct addr *ip);
/* The clients ordered by address; the caller frees it. */
const struct config_client **config_order(const struct config *c);
