/* Registro.br's bulk whois file as route objects: which AS originates which prefix.
 *
 *     AS64501|Some Network|00.000.000/0001-00|198.18.0.0/16|2001:db8::/32
 *
 * Made in slices.  Control thread. */
#pragma once

#include "rib/base/bytes.h"
#include "rib/policy/prefix_set.h"

struct registrobr_parse {
	const char *text; /* Borrowed. */
	size_t len, at;
	struct prefix_rule *rule;
	size_t count, capacity;
};

/* `text` is borrowed until the end. */
void registrobr_parse_init(struct registrobr_parse *p, const char *text, size_t len);
/* True when the end is reached. */
bool registrobr_parse_step(struct registrobr_parse *p, size_t lines_max);
/* The routes: rules with an origin, of the prefix and all longer ones.  One reference is the
 * caller's; NULL when there was none, so that a wrong file is not an empty registry. */
struct prefix_set *registrobr_parse_take(struct registrobr_parse *p);
void registrobr_parse_fini(struct registrobr_parse *p);
