#include "control/evidence/agenda.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

void agenda_fini(struct agenda *a)
{
	free(a->item);
	*a = (struct agenda){.count = 0};
}

static void swap(struct agenda *a, size_t i, size_t k)
{
	const struct agenda_item item = a->item[i];
	a->item[i] = a->item[k];
	a->item[k] = item;
}

void agenda_push(struct agenda *a, const struct agenda_item *item)
{
	if (a->count == a->max) {
		a->max = a->max * 2 + 64;
		struct agenda_item *grown = realloc(a->item, a->max * sizeof(*grown));
		ASSERT(grown != NULL);
		a->item = grown;
	}
	size_t at = a->count++;
	a->item[at] = *item;
	while (at > 0 && a->item[at].due < a->item[(at - 1) / 2].due) {
		swap(a, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sink(struct agenda *a)
{
	size_t at = 0;
	for (;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < a->count; child++) {
			if (a->item[child].due < a->item[least].due) {
				least = child;
			}
		}
		if (least == at) {
			return;
		}
		swap(a, at, least);
		at = least;
	}
}

bool agenda_pop(struct agenda *a, usec_t now, struct agenda_item *out)
{
	if (a->count == 0 || a->item[0].due > now) {
		return false;
	}
	*out = a->item[0];
	a->item[0] = a->item[--a->count];
	sink(a);
	return true;
}

usec_t agenda_due(const struct agenda *a)
{
	return a->count > 0 ? a->item[0].due : USEC_NEVER;
}

bool agenda_has(const struct agenda *a, const char *id, usec_t now)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->item[i].due <= now && strcmp(a->item[i].id.text, id) == 0) {
			return true;
		}
	}
	return false;
}
