/* A client that no file names: the registry's.  What its maker does not say is as for a client in
 * the files, by the same defaults, inheritance and checks. */
#pragma once

#include "control/config/config.h"

struct client_wish {
	asn_t asn;
	struct addr ip;
	const char *description; /* NULL: none. */
	const char *tenant, *session;
	const struct auth_keys *keys; /* Copied; NULL: none. */
	bool families[FAMILY_COUNT];
	uint16_t hold_s; /* 0: inherited. */
	bool has_gtsm;
	uint8_t hops; /* 0: inherited. */
	bool is_passive, is_disabled;
	const char *disabled_why; /* NULL: nothing more is known. */
	bool has_role;
	uint8_t role; /* enum role: ours. */
	bool sends_paths, receives_paths;
	enum route_view route_view;
	uint32_t max_prefix[FAMILY_COUNT]; /* 0: inherited. */
};

/* Whether AS numbers that are for documentation alone are taken: cfg lets them into a path. */
bool config_takes_test_asns(const struct config *c);
/* NULL, and `why` says what is wrong with it.  The caller frees it.  Control thread. */
struct config_client *config_client_new(const struct config *c, const struct client_wish *wish,
					char *why, size_t why_len);
void config_client_free(struct config_client *client); /* NULL is fine. */
