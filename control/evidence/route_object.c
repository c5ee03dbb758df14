#include "control/evidence/route_object.h"

#include "rib/base/check.h"

/* Lists are in the order of their prefixes, but may have several rules of one. */
static size_t lower_bound(const struct irr_list *l, const struct prefix *p)
{
	size_t low = 0, high = l->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (prefix_cmp(&l->rules[middle].prefix, p) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

bool route_object_has(const struct irr_list *l, const struct prefix *p)
{
	if (l == NULL) {
		return false;
	}
	for (size_t i = lower_bound(l, p); i < l->count && prefix_equal(&l->rules[i].prefix, p);
	     i++) {
		/* Registered as it is: `ge` is its own length. */
		if (l->rules[i].ge == p->len) {
			return true;
		}
	}
	return false;
}

/* The longest shorter one that has an object; false: none. */
static bool find_covering(const struct irr_list *l, const struct prefix *p, struct prefix *out)
{
	const struct addr first = addr_make((enum family)p->family, p->bytes);
	for (unsigned len = p->len; len-- > 0;) {
		*out = prefix_make(&first, len);
		if (route_object_has(l, out)) {
			return true;
		}
	}
	return false;
}

static const char *object_name(const struct claim *c)
{
	return c->prefix.family == FAMILY_IPV4 ? "route" : "route6";
}

/* Another origin of the same object that has what this one lacks; 0: none. */
static asn_t registered_by(const struct claim *c, const struct route_answer *answer)
{
	for (unsigned i = 0; i < c->origin_count; i++) {
		if (answer[i].failed == NULL && route_object_has(answer[i].list, &c->prefix)) {
			return c->origins[i];
		}
	}
	return 0;
}

static void say_missing(const struct claim *c, const struct route_answer *answer, unsigned i,
			struct finding *out)
{
	char text[PREFIX_TEXT_MAX], wide[PREFIX_TEXT_MAX];
	struct prefix covering;
	const char *object = object_name(c);
	const asn_t origin = c->origins[i], other = registered_by(c, answer);
	prefix_format(&c->prefix, text);
	if (route_object_has(answer[i].any, &c->prefix)) {
		finding_say(out, FINDING_MISMATCH, "irr-source-untrusted",
			    "the %s object of %s, AS%u stands in a source that is not trusted here",
			    object, text, origin);
	} else if (other != 0) {
		finding_say(out, FINDING_MISMATCH, "irr-origin-mismatch",
			    "the %s object of %s is AS%u's; create one with origin AS%u", object,
			    text, other, origin);
	} else if (find_covering(answer[i].list, &c->prefix, &covering)) {
		finding_say(out, FINDING_MISSING, "irr-missing",
			    "AS%u has a %s object of %s, but none of %s itself: create it", origin,
			    object, prefix_format(&covering, wide), text);
	} else {
		finding_say(out, FINDING_MISSING, "irr-missing",
			    "there is no %s object of %s with origin AS%u: create it", object, text,
			    origin);
	}
}

void route_object_check(const struct claim *c, const struct route_answer *answer,
			const char *sources, struct finding *out)
{
	char text[PREFIX_TEXT_MAX], origins[CLAIM_ORIGINS_MAX];
	*out = (struct finding){.reason = ""};
	if (c->origin_count == 0) {
		finding_say(out, FINDING_MISSING, "irr-missing", "no origin is named");
		return;
	}
	out->result = FINDING_VALID;
	for (unsigned i = 0; i < c->origin_count; i++) {
		struct finding one = {.result = FINDING_VALID, .reason = ""};
		ASSERT(answer[i].origin == c->origins[i]);
		if (answer[i].failed != NULL) {
			/* Nothing is known of the whole then. */
			*out = (struct finding){.reason = ""};
			finding_say(out, FINDING_ERROR, "", "AS%u could not be asked for: %s",
				    c->origins[i], answer[i].failed);
			return;
		}
		if (!route_object_has(answer[i].list, &c->prefix)) {
			say_missing(c, answer, i, &one);
		}
		finding_take_origin(out, c->origins[i], &one);
	}
	finding_settle_origins(out);
	if (out->detail[0] == '\0') {
		finding_say(out, FINDING_VALID, "", "%s objects of %s with origin %s in %s",
			    object_name(c), prefix_format(&c->prefix, text),
			    claim_origins(c, origins),
			    sources[0] != '\0' ? sources : "the server's sources");
	}
}
