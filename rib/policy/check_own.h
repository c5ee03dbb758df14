/* What check.c, check_explain.c and explain.c share. */
#pragma once

#include "rib/policy/check.h"

struct check_row {
	enum reject reason;
	bool is_of_set;
	bool is_for_blackhole;
	const char *key;
	bool (*is_on)(const struct check *c);
	bool (*fails)(struct check *c);
};

extern const struct check_row check_rows[];
extern const unsigned check_row_count;

/* The route that is checked next. */
void check_next(struct check *c, const struct prefix *prefix);
enum rov_state check_rov(struct check *c);
const struct irr_look *check_irr(struct check *c);
const struct path_look *check_path(struct check *c);
/* Whether the authorisation that the route has, the most specific one, is among `some`. */
bool check_is_among(const struct check *c, const struct prefix_set *some);
unsigned check_community_count(const struct attr_facts *facts); /* Of all forms. */
