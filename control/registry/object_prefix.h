/* The kinds of objects that a customer brings and proves; included by object.h. */
#pragma once

#include "control/registry/object.h"

enum asn_state { ASN_PENDING, ASN_VERIFIED, ASN_SUSPENDED, ASN_REVOKED };

struct registry_asn {
	struct registry_object object;
	registry_id_t tenant;
	asn_t asn;
	struct registry_texts as_sets;
	uint32_t asn_alias; /* 16 bits. */
	uint8_t state;	    /* enum asn_state */
	char *reason, *proof_token;
	int64_t verified_s;
	int64_t due_s; /* When time alone changes its state. */
};

enum announce { ANNOUNCE_OFF, ANNOUNCE_LIMITED, ANNOUNCE_ON };

enum prefix_state {
	PREFIX_DRAFT,
	PREFIX_PENDING,
	PREFIX_VALIDATED, /* Proven; its time has not come. */
	PREFIX_PROVISIONED,
	PREFIX_LIMITED,
	PREFIX_ANNOUNCED,
	PREFIX_DRAINING,
	PREFIX_WITHDRAWN,
	PREFIX_RELEASED,
	PREFIX_FAILED,
	PREFIX_SUSPENDED,
	PREFIX_EXPIRED,
	PREFIX_STATE_COUNT
};

struct registry_prefix {
	struct registry_object object;
	registry_id_t tenant, parent;
	struct prefix prefix;
	uint32_t max_length;
	struct registry_asns origins;
	struct registry_ids sites; /* Empty: all. */
	int64_t not_before_s, not_after_s;
	char *description;
	uint8_t announce; /* enum announce: what the customer wants. */
	bool is_originated;
	struct addr next_hop_ipv4, next_hop_ipv6;
	char *proof_token;
	uint8_t state; /* enum prefix_state */
	char *reason;
	struct registry_asns active_origins; /* Those that are proven. */
	int64_t since_s;		     /* In this state. */
	int64_t due_s;			     /* When time alone changes its state. */
};

enum evidence_type {
	EVIDENCE_ROA,
	EVIDENCE_IRR,
	EVIDENCE_DNS,
	EVIDENCE_REMARK,
	EVIDENCE_SIGNATURE,
	EVIDENCE_LETTER,
	EVIDENCE_OPERATOR,
	EVIDENCE_TYPE_COUNT
};

enum evidence_result {
	RESULT_PENDING,
	RESULT_VALID,
	RESULT_MISSING,
	RESULT_MISMATCH,
	RESULT_INVALID,
	RESULT_EXPIRED,
	RESULT_ERROR, /* The source did not answer: says nothing about the subject. */
	RESULT_COUNT
};

/* One for each subject and type. */
struct registry_evidence {
	struct registry_object object;
	registry_id_t tenant, subject, document;
	uint8_t type, result;
	char *reason, *detail, *author;
	char *error;		      /* What the source failed with since it last answered. */
	struct registry_asns origins; /* For which it is a proof; empty: for any. */
	int64_t checked_s, expires_s, next_check_s;
	int64_t failing_since_s; /* It was a proof until then; 0: it is one, or never was. */
};
