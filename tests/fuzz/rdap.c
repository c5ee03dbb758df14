/* RDAP's JSON as customers give it: a finding about a prefix and about an AS number; the same of
 * the same bytes, and its words fit.
 *
 * Input: the JSON. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "control/evidence/cert.h"
#include "control/evidence/rdap.h"
#include "rib/base/check.h"

static void check(struct span in, const struct rdap_subject *s)
{
	struct finding f = {.origin_count = 0}, again = {.origin_count = 0};
	rdap_check((const char *)in.data, in.len, s, &f);
	rdap_check((const char *)in.data, in.len, s, &again);
	ASSERT(f.result < FINDING_RESULT_COUNT && f.reason != NULL);
	ASSERT(f.result == again.result && strcmp(f.detail, again.detail) == 0);
	ASSERT(memchr(f.detail, '\0', sizeof(f.detail)) != NULL);
	ASSERT(f.detail[0] != '\0' || f.result == FINDING_VALID);
	size_t len = strnlen(f.certificate, sizeof(f.certificate));
	ASSERT(len == 0 || len == CERT_FINGERPRINT_MAX - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char token[] = "causeway-0123456789abcdef";
	struct prefix p;
	struct span in = guarded(span_of(data, len));
	ASSERT(prefix_parse("203.0.113.0/24", &p, NULL) == 0);
	check(in, &(struct rdap_subject){.prefix = &p, .token = token});
	ASSERT(prefix_parse("2001:db8::/48", &p, NULL) == 0);
	check(in, &(struct rdap_subject){.prefix = &p, .token = token});
	check(in, &(struct rdap_subject){.asn = 64500, .token = token});
	return 0;
}
