/* What networks say of themselves at PeeringDB, from a dump: how many prefixes they announce, that
 * they are never behind a route server, and their AS-SET.
 *
 * The dump is the answer of /api/net?depth=0, {"data": [{"asn": …}, …]}, or a dump of the whole
 * database, {"net": {"data": […]}, …}.
 *
 * Made in slices, immutable then.  Control thread. */
#pragma once

#include "control/irr/items.h"
#include "rib/policy/asn_set.h"

struct peeringdb_net {
	asn_t asn;
	uint32_t prefixes[FAMILY_COUNT]; /* `info_prefixes4`, `info_prefixes6` */
	bool is_never_via_rs;		 /* `info_never_via_route_servers` */
	char *as_set;			 /* `irr_as_set`: free text; NULL: none. */
};

struct peeringdb;

struct peeringdb_parse {
	struct items walk;
	struct peeringdb *made;
	char why[96]; /* BAD. */
};

enum peeringdb_verdict { PEERINGDB_MORE, PEERINGDB_DONE, PEERINGDB_BAD };

/* `text` is borrowed until the end. */
void peeringdb_parse_init(struct peeringdb_parse *p, const char *text, size_t len);
enum peeringdb_verdict peeringdb_parse_step(struct peeringdb_parse *p, size_t items_max);
/* DONE: the dump is the caller's. */
struct peeringdb *peeringdb_parse_take(struct peeringdb_parse *p);
void peeringdb_parse_fini(struct peeringdb_parse *p);
void peeringdb_free(struct peeringdb *d);

/* NULL is a dump with nobody in it, in all that follows. */
size_t peeringdb_count(const struct peeringdb *d);
const struct peeringdb_net *peeringdb_find(const struct peeringdb *d, asn_t asn);
/* The networks that are never behind a route server; borrowed. */
struct asn_set *peeringdb_never_via_rs(const struct peeringdb *d);
/* arouteserver's `max_prefix.peering_db`: (prefixes + absolute) * (1 + relative / 100). */
uint32_t peeringdb_limit(uint32_t prefixes, uint32_t absolute, uint32_t relative_percent);
