/* Counted lists: see lists.h. */
#include "control/config/lists.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

struct names *names_new(const char *const *name, unsigned count)
{
	struct names *n = calloc(1, sizeof(*n) + count * sizeof(n->name[0]));
	ASSERT(n != NULL);
	n->refs = 1;
	n->count = count;
	for (unsigned i = 0; i < count; i++) {
		n->name[i] = strdup(name[i]);
		ASSERT(n->name[i] != NULL);
	}
	return n;
}

struct names *names_hold(struct names *n)
{
	if (n != NULL) {
		n->refs++;
	}
	return n;
}

void names_put(struct names *n)
{
	if (n == NULL || --n->refs > 0) {
		return;
	}
	for (unsigned i = 0; i < n->count; i++) {
		free(n->name[i]);
	}
	free(n);
}

bool names_equal(const struct names *a, const struct names *b)
{
	unsigned count = a != NULL ? a->count : 0;
	if (count != (b != NULL ? b->count : 0)) {
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(a->name[i], b->name[i]) != 0) {
			return false;
		}
	}
	return true;
}

struct addrs *addrs_new(const struct addr *addr, unsigned count)
{
	struct addrs *a = calloc(1, sizeof(*a) + count * sizeof(a->addr[0]));
	ASSERT(a != NULL);
	a->refs = 1;
	a->count = count;
	for (unsigned i = 0; i < count; i++) {
		a->addr[i] = addr[i];
	}
	return a;
}

struct addrs *addrs_hold(struct addrs *a)
{
	if (a != NULL) {
		a->refs++;
	}
	return a;
}

void addrs_put(struct addrs *a)
{
	if (a != NULL && --a->refs == 0) {
		free(a);
	}
}

bool addrs_equal(const struct addrs *a, const struct addrs *b)
{
	unsigned count = a != NULL ? a->count : 0;
	if (count != (b != NULL ? b->count : 0)) {
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		if (!addr_equal(&a->addr[i], &b->addr[i])) {
			return false;
		}
	}
	return true;
}
