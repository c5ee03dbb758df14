/* Addresses out of a site's pools. */
#pragma once

#include "control/registry/tx.h"

/* A free address for a session that has none.  False with error: the pool is exhausted. */
bool allot_address(struct tx *t, struct registry_session *s);
/* Whether a session may have its address: nobody else's, and one of the pool unless an operator
 * says so. */
bool allot_check(struct tx *t, const struct registry_session *s);
