/* The rules of RFC 7313 §4 for the side that listens; see renew.h. */
#include "dataplane/session/renew.h"

#include "rib/base/check.h"

void renew_up(struct renew *r, bool is_graceful)
{
	ASSERT(r->under_way == 0);
	r->awaits_end_of_rib = is_graceful ? (1u << FAMILY_COUNT) - 1 : 0;
}

void renew_down(struct renew *r)
{
	r->under_way = 0;
}

bool renew_begin(struct renew *r, enum family family, usec_t now)
{
	ASSERT(family < FAMILY_COUNT);
	if (r->awaits_end_of_rib & 1u << family) {
		/* RFC 7313 §4: "MUST ignore any BoRRs ... before the speaker receives the EoR". */
		metric_add(&r->stats.ignored, 1);
		return false;
	}
	r->under_way |= 1u << family;
	r->due[family] = now + RENEW_MAX_US;
	metric_add(&r->stats.begun, 1);
	return true;
}

bool renew_end(struct renew *r, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	if (!(r->under_way & 1u << family)) {
		metric_add(&r->stats.ignored, 1);
		return false;
	}
	r->under_way &= ~(1u << family);
	metric_add(&r->stats.ended, 1);
	return true;
}

void renew_end_of_rib(struct renew *r, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	r->awaits_end_of_rib &= ~(1u << family);
}

void renew_forget(struct renew *r, enum family family)
{
	ASSERT(family < FAMILY_COUNT);
	r->under_way &= ~(1u << family);
}

unsigned renew_tick(struct renew *r, usec_t now)
{
	unsigned over = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (r->under_way & 1u << f && now >= r->due[f]) {
			over |= 1u << f;
			metric_add(&r->stats.timed_out, 1);
		}
	}
	r->under_way &= ~over;
	return over;
}

usec_t renew_due(const struct renew *r)
{
	usec_t due = USEC_NEVER;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (r->under_way & 1u << f) {
			due = min_u64(due, r->due[f]);
		}
	}
	return due;
}
