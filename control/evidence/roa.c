#include "control/evidence/roa.h"

#include <stdio.h>

#include "rib/base/check.h"

#define COVERING_MAX 256 /* More are not looked at for words; RFC 6811's verdict has them all. */

/* What the payloads that cover a prefix say of one origin. */
struct cover {
	unsigned count;
	bool has_origin;
	uint8_t len_max; /* The longest that one of the origin's own allows. */
	asn_t other;	 /* The origin of another one; 0: none. */
};

static struct cover look(const struct roa *vrps, const struct claim *c, asn_t origin)
{
	struct vrp vrp[COVERING_MAX];
	struct cover found = {.count = roa_covering(vrps, &c->prefix, vrp, COVERING_MAX)};
	for (unsigned i = 0; i < found.count && i < COVERING_MAX; i++) {
		/* RFC 6483 §4: AS 0 is nobody's. */
		if (vrp[i].asn == origin && origin != 0) {
			found.has_origin = true;
			found.len_max =
				vrp[i].len_max > found.len_max ? vrp[i].len_max : found.len_max;
		} else if (found.other == 0) {
			found.other = vrp[i].asn;
		}
	}
	return found;
}

/* One origin; VALID says nothing. */
static void check_origin(const struct roa *vrps, const struct claim *c, asn_t origin,
			 struct finding *out)
{
	char text[PREFIX_TEXT_MAX];
	const struct cover found = look(vrps, c, origin);
	prefix_format(&c->prefix, text);
	out->result = FINDING_VALID;
	if (found.count == 0) {
		finding_say(out, FINDING_MISSING, "roa-missing",
			    "no ROA covers %s; create one for AS%u with maxLength %u", text, origin,
			    c->len_max);
	} else if (!found.has_origin) {
		/* RFC 6811 §2: covered, but not matched. */
		finding_say(out, FINDING_INVALID, "roa-asn-mismatch",
			    "ROAs cover %s, but for AS%u, not for AS%u; create one for AS%u with "
			    "maxLength %u",
			    text, found.other, origin, origin, c->len_max);
	} else if (found.len_max < c->prefix.len) {
		finding_say(out, FINDING_INVALID, "roa-maxlength",
			    "the ROA of AS%u over %s ends at maxLength %u; it has to be %u", origin,
			    text, found.len_max, c->len_max);
	} else if (found.len_max < c->len_max) {
		/* The prefix itself is valid: this is no "no", it is a ROA that is not there. */
		finding_say(out, FINDING_MISSING, "roa-maxlength",
			    "the ROA of AS%u allows %s up to /%u, but up to /%u is asked for; "
			    "raise the ROA's maxLength, or lower max_length to %u",
			    origin, text, found.len_max, c->len_max, found.len_max);
	}
}

void roa_check(const struct roa *vrps, const char *stale, const struct claim *c,
	       struct finding *out)
{
	char text[PREFIX_TEXT_MAX], origins[CLAIM_ORIGINS_MAX];
	*out = (struct finding){.reason = ""};
	if (stale != NULL) {
		finding_say(out, FINDING_ERROR, "", "RPKI data cannot be used now: %s", stale);
		return;
	}
	if (c->origin_count == 0) {
		finding_say(out, FINDING_MISSING, "roa-missing", "no origin is named");
		return;
	}
	out->result = FINDING_VALID;
	for (unsigned i = 0; i < c->origin_count; i++) {
		struct finding one = {.reason = ""};
		check_origin(vrps, c, c->origins[i], &one);
		finding_take_origin(out, c->origins[i], &one);
	}
	finding_settle_origins(out);
	if (out->detail[0] == '\0') {
		finding_say(out, FINDING_VALID, "", "a ROA allows %s up to /%u for %s",
			    prefix_format(&c->prefix, text), c->len_max, claim_origins(c, origins));
	}
}
