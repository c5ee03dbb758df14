/* What a member hears: the stream that we send it, cut into messages and read by code that is not
 * the server's.  Every message must be one that a careful receiver accepts, in a place where it may
 * stand; UPDATEs fill a table of routes, to be held against what the member should have.
 *
 * RFC 4271 §4; RFC 4760; RFC 7911; RFC 7313; RFC 8654; RFC 8950. */
#pragma once

#include "rib/attr/attr.h"
#include "rib/wire/update.h"

#define HEARER_ROUTES_MAX 1024

struct heard_route {
	struct prefix prefix;
	uint32_t path_id;
	uint64_t rest; /* Hash of the attributes but next hop, prefixes and OTC. */
	asn_t otc;     /* 0: none. */
	bool is_old;   /* Not heard since the last BoRR. */
	uint8_t next_hop_len;
	uint8_t next_hop[32];
};

struct hearer {
	struct update_form form[FAMILY_COUNT]; /* As agreed; what UPDATEs must keep to. */
	bool may_update;		       /* The session was established. */
	bool is_enhanced;		       /* BoRR and EoRR may come. */
	bool has_open, is_over;		       /* OPEN came first, NOTIFICATION last. */
	bool is_overfull;		       /* More routes than there is room for. */
	bool is_renewing[FAMILY_COUNT];	       /* Between BoRR and EoRR. */
	unsigned route_count, ends[FAMILY_COUNT];
	size_t partial_len;
	struct heard_route route[HEARER_ROUTES_MAX];
	uint8_t partial[UINT16_MAX];
};

/* A new connection. */
void hearer_reset(struct hearer *h);
void hearer_take(struct hearer *h, struct span bytes);
/* Whether it has this route, and in this form. */
bool hearer_has(const struct hearer *h, const struct prefix *p, uint32_t path_id,
		const struct attr *attr);
unsigned hearer_count(const struct hearer *h, enum family family);
