/* What an object may be, beside its form: one check for each kind. */
#pragma once

#include "control/registry/settle.h"

/* `before`: what it takes the place of, or NULL.  `o` is not yet in the registry.  False with the
 * plan's error. */
bool check_object(struct tx *t, const struct registry_object *o,
		  const struct registry_object *before);
/* Whether it may be deleted. */
bool check_delete(struct tx *t, const struct registry_object *o);
/* Whether the command's author may write an object; "not found" to those who may not know. */
bool check_author(struct tx *t, const struct registry_object *o);

/* Of check_prefix.c and check_session.c. */
bool check_prefix(struct tx *t, const struct registry_prefix *p,
		  const struct registry_prefix *before);
bool check_session(struct tx *t, const struct registry_session *s,
		   const struct registry_session *before);
bool check_asn(struct tx *t, const struct registry_asn *a, const struct registry_asn *before);
/* A tenant's quotas, with the rules' where it has none of its own. */
struct registry_quota check_quota_of(const struct registry *r, const struct registry_rules *rules,
				     const char *tenant);
bool check_not_found(struct tx *t, const char *pointer, const char *id);
