/* Reasons for which a route is kept out of the ranking.
 *
 * A rejected route stays in its entry with its reason, for the operator and the customer to see,
 * and is sent to nobody.  Reasons have arouteserver's codes where it has one, which looking glasses
 * and the `reject_cause` communities use. */
#pragma once

#include "rib/base/units.h"

enum reject {
#define X(NAME, name, code, text, remedy) REJECT_##NAME,
#include "rib/policy/reject.def"
#undef X
	REJECT_COUNT
};

#define REJECT_CODE_COUNT 16 /* arouteserver's are 0 to 15. */

/* Found by the session, not by rules: when rules change the reason stays. */
static inline bool reject_is_of_session(enum reject reason)
{
	return reason != REJECT_NONE && reason <= REJECT_MAX_PREFIX;
}

/* All are static, for any value below REJECT_COUNT. */
const char *reject_name(enum reject reason);   /* "rpki_invalid" */
const char *reject_text(enum reject reason);   /* What is wrong: a clause. */
const char *reject_remedy(enum reject reason); /* What to do: a sentence; "" for NONE. */
/* arouteserver's code; 0, "must be treated as rejected", where it has none. */
unsigned reject_code(enum reject reason);
