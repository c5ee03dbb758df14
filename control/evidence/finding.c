#include "control/evidence/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"

static const char *const RESULT_TEXT[] = {
	[FINDING_PENDING] = "pending", [FINDING_VALID] = "valid",
	[FINDING_MISSING] = "missing", [FINDING_MISMATCH] = "mismatch",
	[FINDING_INVALID] = "invalid", [FINDING_EXPIRED] = "expired",
	[FINDING_ERROR] = "error",
};
static_assert(ARRAY_COUNT(RESULT_TEXT) == FINDING_RESULT_COUNT, "each result has its word");

const char *finding_result_text(enum finding_result r)
{
	ASSERT((unsigned)r < FINDING_RESULT_COUNT);
	return RESULT_TEXT[r];
}

/* Sources say things in any encoding and none; the registry takes text. */
static void clean(char *text)
{
	for (; *text != '\0'; text++) {
		*text = *text >= ' ' && *text <= '~' ? *text : '?';
	}
}

void finding_say(struct finding *f, enum finding_result result, const char *reason,
		 const char *format, ...)
{
	va_list args;
	f->result = result;
	f->reason = reason;
	va_start(args, format);
	(void)vsnprintf(f->detail, sizeof(f->detail), format, args);
	va_end(args);
	clean(f->detail);
}

void finding_take_origin(struct finding *whole, asn_t origin, const struct finding *one)
{
	ASSERT(whole->origin_count < FINDING_ORIGINS_MAX);
	if (one->result == FINDING_VALID) {
		whole->origins[whole->origin_count++] = origin;
	} else if (one->result > whole->result) {
		/* VALID < MISSING < MISMATCH < INVALID, as the enum has them. */
		finding_say(whole, one->result, one->reason, "%s", one->detail);
	}
}

void finding_settle_origins(struct finding *whole)
{
	if (whole->origin_count > 0) {
		whole->result = FINDING_VALID;
	}
}

void finding_prove_origins(struct finding *f, const asn_t *origins, unsigned count)
{
	ASSERT(count <= FINDING_ORIGINS_MAX);
	memcpy(f->origins, origins, count * sizeof(f->origins[0]));
	f->origin_count = count;
}
