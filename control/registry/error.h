/* Why a command was refused: for programs (status, reason, pointer) and for people (text, remedy).
 */
#pragma once

#include "rib/base/units.h"

struct registry_error {
	int status;	  /* As HTTP's: 400, 403, 404, 409, 412, 422, 429, 500 */
	char reason[40];  /* Of reason.def. */
	char pointer[96]; /* JSON pointer to the member at fault; "". */
	char text[320], remedy[320];
};

/* Always false, for `return registry_fail(…)`.  The text is printf's; the remedy is the reason's,
 * unless another is put in its place afterwards. */
bool registry_fail(struct registry_error *e, int status, const char *reason, const char *pointer,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
