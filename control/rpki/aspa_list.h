/* ASPA records as a file has them, on their way into one struct aspa. */
#pragma once

#include "rib/policy/aspa.h"

struct aspa_list {
	struct aspa_row {
		asn_t customer;
		size_t first; /* In `provider`. */
		unsigned provider_count;
	} * row;
	size_t count, max;
	asn_t *provider;
	size_t provider_count, provider_max;
};

/* Begin a customer's record; providers that follow are its own.  False when memory is short. */
bool aspa_list_begin(struct aspa_list *l, asn_t customer);
bool aspa_list_provider(struct aspa_list *l, asn_t provider);
void aspa_list_fini(struct aspa_list *l);
/* One table of all lists; NULL when memory is short, or there is no record. */
struct aspa *aspa_list_join(const struct aspa_list *const *lists, unsigned count);
