/* Reason codes, from reason.def. */
#include "control/registry/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/registry/error.h"
#include "rib/base/check.h"

static const struct reason_row {
	const char *code, *text, *remedy;
} reasons[] = {
#define X(code, text, remedy) {code, text, remedy},
#include "control/registry/reason.def"
#undef X
};

static const struct reason_row *reason_find(const char *code)
{
	for (unsigned i = 0; i < ARRAY_COUNT(reasons); i++) {
		if (strcmp(reasons[i].code, code) == 0) {
			return &reasons[i];
		}
	}
	return NULL;
}

const char *registry_reason_text(const char *code)
{
	const struct reason_row *row = reason_find(code);
	return row == NULL ? "" : row->text;
}

const char *registry_reason_remedy(const char *code)
{
	const struct reason_row *row = reason_find(code);
	return row == NULL ? "" : row->remedy;
}

const char *registry_reason_at(unsigned n)
{
	return n < ARRAY_COUNT(reasons) ? reasons[n].code : NULL;
}

bool registry_fail(struct registry_error *e, int status, const char *reason, const char *pointer,
		   const char *format, ...)
{
	const struct reason_row *row = reason_find(reason);
	ASSERT(row != NULL);
	*e = (struct registry_error){.status = status};
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	snprintf(e->pointer, sizeof(e->pointer), "%s", pointer);
	snprintf(e->remedy, sizeof(e->remedy), "%s", row->remedy);
	va_list args;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return false;
}
