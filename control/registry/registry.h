/* The registry in memory: a fold of changes.
 *
 * Pure: no clock, no I/O, no thread of its own.  All of it belongs to the control thread.  Its one
 * writer (control/store/registrar.h) makes a change of a command (plan.h), stores it, and applies
 * it here; whoever applies the same changes has the same registry. */
#pragma once

#include "control/registry/object.h"
#include "rib/policy/prefix_set.h"

struct registry;
struct registry_change;

/* What objects are checked against: of the configuration. */
struct registry_rules {
	struct {
		uint8_t min, max;
	} len[FAMILY_COUNT];
	struct prefix_set *bogons;	      /* Borrowed; NULL: none. */
	uint32_t evidence_accepted;	      /* 1 << type; operator's word always counts. */
	int64_t grace_s[EVIDENCE_TYPE_COUNT]; /* A proof that is lost holds this long. */
	bool has_aut_num;		      /* AS numbers are asked for in an IRR. */
	int64_t recheck_s;
	int64_t drain_s; /* A prefix that drains is withdrawn after this; 0: not by itself. */
	struct registry_quota quota; /* Of a tenant that has none of its own. */
	asn_t rs_as;
	bool has_test_asns;		/* Those of RFC 5398 for documentation may be registered. */
	const struct addr *server_addr; /* Ours: never given to a session.  Borrowed. */
	size_t server_addr_count;
	/* Addresses that the configuration's own clients have; NULL: none. */
	bool (*is_taken)(void *context, const struct addr *a);
	void *context;
	/* Bytes that nobody can guess, for ids and secrets (gnutls_rnd, getrandom); tests give
	 * seeded ones.  Must be there. */
	void (*random)(void *context, void *out, size_t len);
	void *random_context;
};

/* Our defaults, without bogons, addresses and `random`. */
void registry_rules_init(struct registry_rules *rules);

struct registry *registry_new(void);
void registry_free(struct registry *r);
uint64_t registry_revision(const struct registry *r);
/* All objects (STORE view) at a revision, in place of what there is.  False: one of them is none
 * (text into `why`); nothing is done. */
bool registry_load(struct registry *r, uint64_t revision, const json_t *objects, char *why,
		   size_t why_size);
/* The same in pieces, into a registry that is fresh; on any thread.  After a false it is only to be
 * freed. */
bool registry_load_some(struct registry *r, const json_t *objects, char *why, size_t why_size);
void registry_load_end(struct registry *r, uint64_t revision);
/* The next revision, whole.  `change` stays the caller's.  False: it does not fit what is there;
 * nothing is done. */
bool registry_apply(struct registry *r, const struct registry_change *change);

/* Good until the next apply or load.  NULL: there is none. */
const struct registry_object *registry_get(const struct registry *r, enum registry_kind kind,
					   const char *id);
size_t registry_count(const struct registry *r, enum registry_kind kind, const char *tenant);
typedef bool registry_fn(void *context, const struct registry_object *o); /* False: enough. */
/* In order of ids, from behind `after` (NULL: from the first); `tenant` NULL: all. */
void registry_each(const struct registry *r, enum registry_kind kind, const char *tenant,
		   const char *after, registry_fn *fn, void *context);
/* Prefixes that equal, cover or lie inside `p`: those that cover it first, the shortest first. */
void registry_prefixes_at(const struct registry *r, const struct prefix *p, registry_fn *fn,
			  void *context);
/* All evidence of an ASN or a prefix. */
void registry_evidence_of(const struct registry *r, const char *subject, registry_fn *fn,
			  void *context);
/* Prefixes that are delegated out of one, as registry_each. */
void registry_delegated(const struct registry *r, const char *parent, const char *after,
			registry_fn *fn, void *context);
/* Whether the site with this id has that name; NULL: whichever it is. */
bool registry_site_is(const struct registry *r, const char *id, const char *name);
const struct registry_session *registry_session_at(const struct registry *r, const struct addr *a);
/* The token that "cwy_<id>_<secret>" is; NULL when it is none, or no more.  The time that it takes
 * says nothing about the secret. */
const struct registry_token *registry_token_of(const struct registry *r, const char *text,
					       int64_t now_s);
/* Time passes: when VERB_TICK will find something.  INT64_MAX: never. */
int64_t registry_due_s(const struct registry *r);
/* An object as the API shows it: with what is computed (remedy; a prefix's checks). */
json_t *registry_show(const struct registry *r, const struct registry_rules *rules,
		      const struct registry_object *o, int64_t now_s);
/* Assert that the indexes are what the objects say.  Slow: for tests. */
void registry_check(const struct registry *r);
