/* Ops: see op.h.  Here are only the words for a rejection. */
#include "rib/table/op.h"

#include "rib/base/check.h"

const char *reject_text(enum reject reason)
{
	static const char *const text[] = {
		[REJECT_NONE] = "accepted",
		[REJECT_AS_LOOP] = "our own AS is in the AS_PATH",
		[REJECT_NEXT_HOP] = "unusable next hop",
		[REJECT_LEAK] = "route leak: its OTC attribute forbids it",
	};
	static_assert(ARRAY_COUNT(text) == REJECT_COUNT, "every reason has its words");
	ASSERT(reason < REJECT_COUNT);
	return text[reason];
}
