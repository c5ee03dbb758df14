/* What a session may be: its address, its AS number, how it is authenticated. */
#include "control/registry/check.h"

#include "control/registry/allot.h"

static bool check_refs(struct tx *t, const struct registry_session *s)
{
	const struct registry_asn *a = settle_asn_of(t->registry, s->asn, s->tenant.text);
	if (tx_get(t, REGISTRY_SITE, s->site.text) == NULL) {
		return check_not_found(t, "/site", s->site.text);
	}
	if (s->template_id.text[0] != '\0' &&
	    tx_get(t, REGISTRY_TEMPLATE, s->template_id.text) == NULL) {
		return check_not_found(t, "/template", s->template_id.text);
	}
	if (a == NULL || a->state == ASN_REVOKED) {
		return registry_fail(t->error, 422, "asn-unverified", "/asn",
				     "AS%u is not registered for the tenant.", s->asn);
	}
	return true;
}

static bool check_authentication(struct tx *t, const struct registry_session *s)
{
	bool has_key = s->key[0] != '\0';
	if (has_key != (s->options.authentication != SESSION_AUTH_NONE)) {
		return registry_fail(t->error, 422, "form", "/key", "There is %s.",
				     has_key ? "a key but no authentication for it"
					     : "no key for the authentication");
	}
	/* RFC 5082 §3 is about neighbours that are directly connected. */
	if (s->options.gtsm && s->options.multihop != 0) {
		return registry_fail(t->error, 422, "form", "/gtsm",
				     "gtsm and multihop exclude each other.");
	}
	/* RFC 4271 §4.2 */
	if (s->options.hold_time != 0 && s->options.hold_time < 3) {
		return registry_fail(t->error, 422, "form", "/hold_time",
				     "hold_time has to be at least 3 seconds.");
	}
	return true;
}

bool check_session(struct tx *t, const struct registry_session *s,
		   const struct registry_session *before)
{
	bool is_new = before == NULL;
	return check_authentication(t, s) && (!is_new || (check_refs(t, s) && allot_check(t, s)));
}
