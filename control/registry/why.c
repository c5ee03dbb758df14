/* Why an announcement is not authorised, in words, and what to do about it. */
#include <stdarg.h>
#include <stdio.h>

#include "control/registry/authorise.h"
#include "control/registry/life.h"
#include "control/registry/reason.h"
#include "control/registry/registry_own.h"
#include "control/registry/words.h"

static bool say(struct registry_why *out, const char *reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool say(struct registry_why *out, const char *reason, const char *format, ...)
{
	va_list args;
	out->reason = reason;
	va_start(args, format);
	vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
	words_cut(out->text);
	snprintf(out->remedy, sizeof(out->remedy), "%s", registry_reason_remedy(reason));
	return true;
}

/* The same text that is static: a reason is stored with an object, and `out` outlives that. */
static const char *static_reason(const char *code)
{
	const char *known;
	for (unsigned i = 0; (known = registry_reason_at(i)) != NULL; i++) {
		if (strcmp(known, code) == 0) {
			return known;
		}
	}
	return "evidence-lost";
}

/* The tenant's prefix that comes nearest to an announcement: the most specific one that covers
 * it; and whether another tenant has one. */
struct nearest {
	const struct registry_session *session;
	const struct prefix *prefix;
	asn_t origin;
	int64_t now_s;
	const struct registry_prefix *own, *other;
	unsigned rank; /* Of `own`: how many hurdles it takes. */
};

static bool has_site(const struct registry_prefix *p, const char *site)
{
	for (size_t i = 0; i < p->sites.count; i++) {
		if (strcmp(p->sites.item[i].text, site) == 0) {
			return true;
		}
	}
	return p->sites.count == 0;
}

static bool has(const struct registry_asns *list, asn_t asn)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->item[i] == asn) {
			return true;
		}
	}
	return false;
}

/* What stands in the way, in the order in which a customer would mend it. */
enum hurdle {
	HURDLE_SITE,
	HURDLE_LENGTH,
	HURDLE_ORIGIN,
	HURDLE_STATE,
	HURDLE_TIME, /* Over by the clock, whatever the state still says. */
	HURDLE_PROOF,
	HURDLE_NONE
};

static enum hurdle hurdle_of(const struct nearest *n, const struct registry_prefix *p)
{
	if (!has_site(p, n->session->site.text)) {
		return HURDLE_SITE;
	}
	if (n->prefix->len > p->max_length) {
		return HURDLE_LENGTH;
	}
	if (!has(&p->origins, n->origin)) {
		return HURDLE_ORIGIN;
	}
	if (!life_is_announced((enum prefix_state)p->state)) {
		return HURDLE_STATE;
	}
	if (p->not_after_s != 0 && n->now_s >= p->not_after_s) {
		return HURDLE_TIME;
	}
	return has(&p->active_origins, n->origin) ? HURDLE_NONE : HURDLE_PROOF;
}

static bool look_at(void *context, const struct registry_object *o)
{
	struct nearest *n = context;
	const struct registry_prefix *p = (const struct registry_prefix *)o;
	if (p->prefix.len > n->prefix->len) {
		return false; /* The covering ones come first. */
	}
	if (strcmp(p->tenant.text, n->session->tenant.text) != 0) {
		n->other = p->state == PREFIX_RELEASED ? n->other : p;
		return true;
	}
	unsigned rank = hurdle_of(n, p);
	if (n->own == NULL || rank >= n->rank) {
		n->own = p;
		n->rank = rank;
	}
	return true;
}

static bool say_state(const struct registry_prefix *p, const char *text, struct registry_why *out)
{
	const char *reason = p->reason[0] == '\0' ? "pending" : p->reason;
	switch (p->state) {
	case PREFIX_DRAFT:
		return say(out, "not-submitted", "%s is a draft.", text);
	case PREFIX_PENDING:
		return say(out, static_reason(reason), "%s is not validated yet: %s", text,
			   registry_reason_text(reason));
	case PREFIX_FAILED:
		return say(out, static_reason(reason), "%s could not be validated: %s", text,
			   registry_reason_text(reason));
	case PREFIX_SUSPENDED:
		return say(out, static_reason(reason), "%s is suspended: %s", text,
			   registry_reason_text(reason));
	case PREFIX_VALIDATED:
		return say(out, "not-yet", "%s may not be announced before its time.", text);
	case PREFIX_EXPIRED:
		return say(out, "expired", "%s may not be announced any more.", text);
	case PREFIX_RELEASED:
		return say(out, "released", "%s has been released.", text);
	default:
		return say(out, "withdrawn", "The announcement of %s is switched off.", text);
	}
}

static bool say_hurdle(const struct nearest *n, struct registry_why *out)
{
	const struct registry_prefix *p = n->own;
	char text[PREFIX_TEXT_MAX];
	prefix_format(&p->prefix, text);
	switch ((enum hurdle)n->rank) {
	case HURDLE_SITE:
		return say(out, "wrong-site", "%s is not registered for this site.", text);
	case HURDLE_LENGTH:
		return say(out, "too-specific", "/%u is longer than the max_length /%u of %s.",
			   n->prefix->len, p->max_length, text);
	case HURDLE_ORIGIN:
		return say(out, "wrong-origin", "AS%u is not an origin of %s.", n->origin, text);
	case HURDLE_STATE:
		return say_state(p, text, out);
	case HURDLE_TIME:
		return say(out, "expired", "%s may not be announced any more.", text);
	case HURDLE_PROOF:
		return say(out, "asn-unverified", "AS%u is not proven as an origin of %s.",
			   n->origin, text);
	default:
		return false;
	}
}

bool registry_session_runs(const struct registry *r, const struct registry_session *s,
			   struct registry_why *out_why)
{
	struct registry_why unasked;
	struct registry_why *out = out_why == NULL ? &unasked : out_why;
	const struct registry_tenant *tenant =
		(const struct registry_tenant *)registry_get(r, REGISTRY_TENANT, s->tenant.text);
	struct key_cursor c = key_asn(TAG_ASN, s->asn, NULL);
	struct keyset_walk w = keyset_from(r->index, &c.key);
	const struct registry_object *o;
	bool is_verified = false;
	while ((o = keyset_next(&w, &c.key, c.len, NULL)) != NULL) {
		const struct registry_asn *a = (const struct registry_asn *)o;
		is_verified |=
			a->state == ASN_VERIFIED && strcmp(a->tenant.text, s->tenant.text) == 0;
	}
	if (tenant == NULL || !tenant->is_enabled) {
		return !say(out, "tenant-disabled", "The tenant is disabled.");
	}
	if (!s->is_enabled) {
		return !say(out, "session-disabled", "The session is disabled.");
	}
	if (!is_verified) {
		return !say(out, "asn-unverified", "AS%u is not verified.", s->asn);
	}
	return true;
}

bool registry_why(const struct registry *r, const struct registry_rules *rules,
		  const struct registry_session *s, const struct prefix *p, asn_t origin,
		  int64_t now_s, struct registry_why *out)
{
	struct nearest n = {.session = s, .prefix = p, .origin = origin, .now_s = now_s};
	char text[PREFIX_TEXT_MAX];
	(void)rules;
	if (!registry_session_runs(r, s, out)) {
		return true;
	}
	registry_prefixes_at(r, p, look_at, &n);
	prefix_format(p, text);
	if (n.own != NULL) {
		return say_hurdle(&n, out);
	}
	if (n.other != NULL) {
		return say(out, "other-tenant", "%s belongs to another tenant.", text);
	}
	return say(out, "unknown-prefix", "%s is not registered.", text);
}
