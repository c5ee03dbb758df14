/* What differs between two configurations, in words that name the part: for a reload that can act
 * on some of it only.  Keys (password, tcp_ao) are left out: they have their own way. */
#pragma once

#include "control/config/config.h"

struct config_diff {
	unsigned count;	    /* Of all differences. */
	char first[16][96]; /* "dataplane", "neighbour 198.18.1.1: new". */
};

void config_diff(const struct config *running, const struct config *wanted,
		 struct config_diff *out);
/* The client with this address in `order`, which is config_order's; NULL when there is none. */
const struct config_client *config_find(const struct config_client *const *order, unsigned count,
					const struct addr *ip);
/* The clients ordered by address; the caller frees it. */
const struct config_client **config_order(const struct config *c);
