/* Autonomous System Provider Authorisations and the verification of paths with them,
 * draft-ietf-sidrops-aspa-verification-28 ("the draft").
 *
 * Immutable; asked by any thread, counted by the control thread alone. */
#pragma once

#include "rib/base/bytes.h"

enum aspa_state { ASPA_UNKNOWN, ASPA_VALID, ASPA_INVALID };

struct aspa_record {
	asn_t customer;
	const asn_t *providers; /* Any order; AS 0 alone says that it has none. */
	unsigned provider_count;
};

struct aspa;

/* One reference is the caller's.  Several records of one customer are one with all their
 * providers.  NULL when memory is short. */
struct aspa *aspa_new(const struct aspa_record *records, size_t count);
void aspa_hold(struct aspa *a); /* Control; NULL does nothing. */
void aspa_put(struct aspa *a);	/* Control; NULL does nothing. */
/* NULL has no records in all that follows. */
size_t aspa_count(const struct aspa *a); /* Customers. */
size_t aspa_bytes(const struct aspa *a);
bool aspa_equal(const struct aspa *a, const struct aspa *b); /* O(n). */
/* Verify a path that a customer, a lateral peer or a route server's client sent ("upstream").
 * `as_path` has canonical segments of 4-octet numbers; `neighbor` is who sent it.  Any thread. */
enum aspa_state aspa_verify_upstream(const struct aspa *a, struct span as_path, asn_t neighbor);
/* What the records say of one hop: ASPA_VALID "Provider+", ASPA_INVALID "Not Provider+",
 * ASPA_UNKNOWN "No Attestation".  Any thread. */
enum aspa_state aspa_hop(const struct aspa *a, asn_t customer, asn_t provider);

const char *aspa_state_name(enum aspa_state s); /* "unknown", "valid", "invalid" */
