/* A registry, a clock, RPKI data and a registrar for tests of evidence: all in memory. */
#pragma once

#include "control/evidence/evidence.h"
#include "control/registry/change.h"

#define WORLD_START_S 1795737600 /* 2026-11-27T00:00:00Z */
#define WORLD_TOKEN   "abcdefghijklm"
#define WORLD_ASN     "a-aaaaaaaaaaaaa" /* AS64500. */
#define WORLD_QUEUE   64

struct world {
	struct registry *registry;
	struct registry_rules rules;
	struct evidence *evidence;
	struct registry_conf conf;
	char dir[32]; /* Of files that stand in for the IRR: AS64500.json. */
	char sources[8], whois[48];
	struct irr_conf irr;
	struct roa *roa; /* Counted. */
	const char *stale;
	bool is_away;	/* The registrar takes nothing. */
	bool is_second; /* Another server has the duty. */
	usec_t now;
	unsigned objects;
	struct {
		char id[REGISTRY_ID_MAX];
		enum registry_verb verb;
		enum registry_kind kind;
		json_t *body;
		struct registry_author author;
		evidence_done *done;
		void *context;
	} queue[WORLD_QUEUE];
	unsigned queued;
	unsigned written; /* Changes with something in them. */
	unsigned commands;
};

/* `count` submitted prefixes, 198.18.N.0/24 of AS64500, in a registry with one tenant.  Their ids
 * are p-000000000000N. */
void world_init(struct world *w, unsigned count, uint32_t accepted);
void world_fini(struct world *w);
/* The ROAs are now: one of 198.18.0.0/15 up to /24 for this AS; 0: none at all. */
void world_set_roa(struct world *w, asn_t asn);
/* AS64500's route objects: the inside of a JSON array. */
void world_set_routes(struct world *w, const char *items);
/* What the server of aut-num objects answers; before it is set nobody is asked. */
void world_set_whois(struct world *w, const char *answer);
/* Make turns at one moment until so many changes are written; programs take real time. */
void world_wait(struct world *w, unsigned written);
/* Make turns until nothing is left to do now, and the clock then `us` further. */
void world_run(struct world *w, usec_t us);
const struct registry_prefix *world_prefix(const struct world *w, unsigned n);
/* The record; NULL: none. */
const struct registry_evidence *world_record(const struct world *w, unsigned n,
					     enum evidence_type type);
/* Plan and apply, as the registrar would; then those who listen are told.  False: it was refused,
 * with *out_error. */
bool world_command(struct world *w, const struct registry_command *c,
		   struct registry_error *out_error);
