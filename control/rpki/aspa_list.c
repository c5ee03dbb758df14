#include "control/rpki/aspa_list.h"

#include <stdlib.h>

#include "rib/base/check.h"

/* Room for one more; false when memory is short. */
static bool grow(void **items, size_t size, size_t count, size_t *max)
{
	if (count < *max) {
		return true;
	}
	size_t wanted = *max == 0 ? 64 : *max * 2;
	void *more = reallocarray(*items, wanted, size);
	if (more == NULL) {
		return false;
	}
	*items = more;
	*max = wanted;
	return true;
}

bool aspa_list_begin(struct aspa_list *l, asn_t customer)
{
	void *rows = l->row;
	bool has_room = grow(&rows, sizeof(*l->row), l->count, &l->max);
	l->row = rows;
	if (has_room) {
		l->row[l->count++] =
			(struct aspa_row){.customer = customer, .first = l->provider_count};
	}
	return has_room;
}

bool aspa_list_provider(struct aspa_list *l, asn_t provider)
{
	ASSERT(l->count > 0);
	void *providers = l->provider;
	bool has_room = grow(&providers, sizeof(*l->provider), l->provider_count, &l->provider_max);
	l->provider = providers;
	if (has_room) {
		l->provider[l->provider_count++] = provider;
		l->row[l->count - 1].provider_count++;
	}
	return has_room;
}

void aspa_list_fini(struct aspa_list *l)
{
	free(l->row);
	free(l->provider);
	*l = (struct aspa_list){0};
}

struct aspa *aspa_list_join(const struct aspa_list *const *lists, unsigned count)
{
	size_t total = 0, n = 0;
	for (unsigned i = 0; i < count; i++) {
		total += lists[i]->count;
	}
	struct aspa_record *records = calloc(total + 1, sizeof(*records));
	if (total == 0 || records == NULL) {
		free(records);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i]->count; j++) {
			const struct aspa_row *row = &lists[i]->row[j];
			records[n++] =
				(struct aspa_record){.customer = row->customer,
						     .providers = lists[i]->provider + row->first,
						     .provider_count = row->provider_count};
		}
	}
	struct aspa *all = aspa_new(records, n);
	free(records);
	return all;
}
