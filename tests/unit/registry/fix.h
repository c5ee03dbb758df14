/* A registry under test: commands as JSON in one line, and what comes of them. */
#pragma once

#include <criterion/criterion.h>

#include "control/registry/authorise.h"
#include "control/registry/field.h"
#include "control/registry/life.h"
#include "control/registry/plan.h"
#include "control/registry/registry_own.h"
#include "rib/base/prng.h"
#include "tests/support/whole.h"

#define START_S INT64_C(1795766400) /* 2026-11-27T08:00:00Z */

struct fix {
	struct registry *registry;
	struct registry_rules rules;
	struct prng prng;
	int64_t now_s;
	struct registry_author author;
	struct registry_change *change; /* The last one; applied. */
	struct registry_error error;	/* Of the last one that was refused. */
	registry_id_t made;		/* The last object that was made. */
};

void fix_init(struct fix *f, uint64_t seed);
void fix_fini(struct fix *f);
void fix_check_whole(struct fix *f);
struct registry_author fix_operator(void);
struct registry_author fix_tenant(const char *id);
/* Plan and apply; true when it was not refused. */
bool fix_run(struct fix *f, const struct registry_command *c);
/* `body` is JSON with ' for ", and printf's. */
bool fix_create(struct fix *f, enum registry_kind kind, const char *body, ...)
	__attribute__((format(printf, 3, 4)));
bool fix_update(struct fix *f, const char *id, const char *body, ...)
	__attribute__((format(printf, 3, 4)));
bool fix_delete(struct fix *f, const char *id);
bool fix_act(struct fix *f, const char *id, const char *action, const char *body);
/* As the system. */
bool fix_found(struct fix *f, const char *subject, const char *body, ...)
	__attribute__((format(printf, 3, 4)));
bool fix_tick(struct fix *f, int64_t seconds); /* Later. */
bool fix_undo(struct fix *f, const struct registry_change *undone);

/* A tenant with a verified AS number: their ids. */
struct fix_tenant {
	registry_id_t tenant, asn;
};
struct fix_tenant fix_customer(struct fix *f, const char *name, asn_t asn);
registry_id_t fix_site(struct fix *f);
/* A prefix of the customer's, as a draft. */
registry_id_t fix_prefix(struct fix *f, const struct fix_tenant *c, const char *prefix, asn_t asn);
/* The same, proven, and announced to all. */
registry_id_t fix_announced(struct fix *f, const struct fix_tenant *c, const char *prefix,
			    asn_t asn);
registry_id_t fix_session(struct fix *f, const struct fix_tenant *c, const char *site, asn_t asn);
const struct registry_prefix *fix_get_prefix(const struct fix *f, const char *id);
/* All objects by id, as the store has them; the caller's. */
json_t *fix_dump(const struct registry *r);
