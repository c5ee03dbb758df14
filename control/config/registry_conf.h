/* `registry`: where customers' objects are kept, and what they are held against, as configured. */
#pragma once

#include "rib/base/addr.h"

/* Ways to prove a prefix or an AS number. */
enum registry_proof {
	REGISTRY_PROOF_ROA,
	REGISTRY_PROOF_IRR,
	REGISTRY_PROOF_DNS,
	REGISTRY_PROOF_REMARK,
	REGISTRY_PROOF_SIGNATURE,
	REGISTRY_PROOF_LETTER,
	REGISTRY_PROOF_COUNT
};

/* What a tenant may have when the operator said nothing of its own. */
struct registry_limits {
	uint32_t asns, prefixes, sessions, routes_ipv4, routes_ipv6;
};

struct registry_conf {
	bool is_on;	   /* There is a section. */
	char *database;	   /* "sqlite:PATH", or "postgresql://…", perhaps with a password. */
	char *site;	   /* The name of ours; NULL: sessions of all sites are this server's. */
	uint32_t accepted; /* Bits by enum registry_proof: any of them proves a prefix. */
	unsigned drain_s;  /* From drain to withdrawn; 0: not by itself. */
	unsigned recheck_s;
	unsigned grace_s[REGISTRY_PROOF_COUNT]; /* From lost evidence to the prefix's suspension. */
	struct addr forward;			/* Port 0: the system's resolver. */
	uint16_t forward_port;
	char *trust_anchor; /* DNSSEC's, a file; NULL: the system's, where there is one. */
	struct {
		uint8_t min, max;
	} len[FAMILY_COUNT]; /* Of prefixes that customers may bring. */
	struct registry_limits limits;
};

/* Whether only what a reload can change differs: not the database, the site and the resolver. */
bool registry_conf_is_same_place(const struct registry_conf *a, const struct registry_conf *b);
bool registry_conf_equal_rules(const struct registry_conf *a, const struct registry_conf *b);
void registry_conf_fini(struct registry_conf *c); /* The URL is wiped. */
