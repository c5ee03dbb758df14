/* Lists of texts and of addresses, as values of keys: immutable, and counted so that the clients
 * of one entry share them.  Control thread. */
#pragma once

#include "rib/base/addr.h"

struct names {
	unsigned refs, count;
	char *name[];
};

struct addrs {
	unsigned refs, count;
	struct addr addr[];
};

/* One reference is the caller's; the texts are copied. */
struct names *names_new(const char *const *name, unsigned count);
struct names *names_hold(struct names *n);			/* Returns it; NULL stays NULL. */
void names_put(struct names *n);				/* NULL does nothing. */
bool names_equal(const struct names *a, const struct names *b); /* NULL is empty. */

struct addrs *addrs_new(const struct addr *addr, unsigned count);
struct addrs *addrs_hold(struct addrs *a);
void addrs_put(struct addrs *a);
bool addrs_equal(const struct addrs *a, const struct addrs *b);
