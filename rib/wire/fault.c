/* The list of faults as a table. */
#include "rib/wire/fault.h"

#include "rib/base/check.h"

#define VERDICT_ROW VERDICT_OK /* The attribute's row decides. */

struct fault_row {
	const char *phrase;
	const char *section;
	enum verdict verdict;
};

static const struct fault_row rows[FAULT_COUNT] = {
	[FAULT_NONE] = {"none", NULL, VERDICT_OK},
#define FAULT(name, phrase, section, verdict) [FAULT_##name] = {phrase, section, VERDICT_##verdict},
#include "rib/wire/fault.def"
#undef FAULT
};

static const char *const names[VERDICT_COUNT] = {
	[VERDICT_OK] = "ok",
	[VERDICT_ATTR_DISCARD] = "attribute-discard",
	[VERDICT_TREAT_AS_WITHDRAW] = "treat-as-withdraw",
	[VERDICT_AFI_DISABLE] = "afi-disable",
	[VERDICT_SESSION_RESET] = "session-reset",
};

const char *verdict_name(enum verdict verdict)
{
	ASSERT(verdict < VERDICT_COUNT);
	return names[verdict];
}

const char *fault_phrase(enum fault fault)
{
	ASSERT(fault < FAULT_COUNT);
	return rows[fault].phrase;
}

const char *fault_section(enum fault fault)
{
	ASSERT(fault < FAULT_COUNT);
	return rows[fault].section;
}

enum verdict fault_verdict(enum fault fault)
{
	ASSERT(fault < FAULT_COUNT);
	return rows[fault].verdict;
}
