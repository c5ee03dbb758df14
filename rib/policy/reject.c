/* Reasons for which a route is kept out of the ranking: see reject.h. */
#include "rib/policy/reject.h"

#include "rib/base/check.h"

static const struct {
	const char *name;
	const char *text;
	const char *remedy;
	uint8_t code;
} rows[REJECT_COUNT] = {
#define X(NAME, NAME_TEXT, CODE, TEXT, REMEDY)                                                     \
	[REJECT_##NAME] = {.name = NAME_TEXT, .text = TEXT, .remedy = REMEDY, .code = CODE},
#include "rib/policy/reject.def"
#undef X
};

const char *reject_name(enum reject reason)
{
	ASSERT(reason < REJECT_COUNT);
	return rows[reason].name;
}

const char *reject_text(enum reject reason)
{
	ASSERT(reason < REJECT_COUNT);
	return rows[reason].text;
}

const char *reject_remedy(enum reject reason)
{
	ASSERT(reason < REJECT_COUNT);
	return rows[reason].remedy;
}

unsigned reject_code(enum reject reason)
{
	ASSERT(reason < REJECT_COUNT);
	return rows[reason].code;
}
