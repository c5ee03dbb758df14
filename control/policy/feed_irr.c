/* Everything is set again when anything has changed: what is the same costs nothing further. */
#include "control/policy/feed_irr.h"

#include <stdlib.h>

#include "rib/base/check.h"

#define GATHER_US USEC_PER_SEC

struct feed_irr {
	struct irr *irr;
	struct policy_desk *desk;
	const struct config *config;
	const struct roster *roster;
	struct irr_use *use;
	bool is_touched;
	uint32_t generation; /* Of the data, as it was put on the desk. */
	usec_t since;	     /* Other data wait; 0: none. */
};

struct feed_irr *feed_irr_new(struct irr *irr, struct policy_desk *desk, const struct config *c,
			      const struct roster *roster)
{
	struct feed_irr *f = calloc(1, sizeof(*f));
	ASSERT(f != NULL);
	*f = (struct feed_irr){.irr = irr,
			       .desk = desk,
			       .config = c,
			       .roster = roster,
			       .use = irr_use_new(irr, roster->capacity),
			       .is_touched = true};
	return f;
}

void feed_irr_free(struct feed_irr *f)
{
	if (f != NULL) {
		irr_use_free(f->use);
		free(f);
	}
}

void feed_irr_configure(struct feed_irr *f, const struct config *c)
{
	f->config = c;
	f->is_touched = true;
}

bool feed_irr_is_needed(const struct policy_conf *conf, const struct client_policy *client)
{
	static const enum community_name tags[] = {
		COMMUNITY_ORIGIN_PRESENT_IN_AS_SET, COMMUNITY_ORIGIN_NOT_PRESENT_IN_AS_SET,
		COMMUNITY_PREFIX_PRESENT_IN_AS_SET, COMMUNITY_PREFIX_NOT_PRESENT_IN_AS_SET};
	if (client->irr.enforces_origin || client->irr.enforces_prefix) {
		return true;
	}
	bool is_tagged = false;
	for (unsigned i = 0; conf->irr.tags_as_set && i < ARRAY_COUNT(tags); i++) {
		for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
			is_tagged = is_tagged || conf->pattern[tags[i]][form].is_set;
		}
	}
	return is_tagged;
}

static void feed_member(struct feed_irr *f, peer_id_t peer, usec_t now)
{
	const struct config_client *client = roster_client(f->roster, peer);
	const struct policy_conf *conf = &f->config->policy;
	if (client == NULL || !feed_irr_is_needed(conf, &client->policy)) {
		irr_use_set(f->use, peer, NULL, now);
		policy_desk_set_irr(f->desk, peer, NULL, NULL);
		return;
	}
	const struct names *as_sets = client->policy.irr.as_sets;
	const struct irr_choice choice = {
		.asn = client->asn,
		.as_sets = as_sets != NULL ? (const char *const *)as_sets->name : NULL,
		.as_set_count = as_sets != NULL ? as_sets->count : 0,
		.asks_peeringdb = conf->irr.asks_peeringdb,
	};
	irr_use_set(f->use, peer, &choice, now);
	const struct irr_filter *filter = irr_use_of(f->use, peer);
	policy_desk_set_irr(f->desk, peer, filter->asns, filter->prefixes);
}

/* While more answers are on their way they become one change. */
static bool is_early(struct feed_irr *f, usec_t now)
{
	f->since = f->since == 0 ? now : f->since;
	return irr_is_asking(f->irr) && now - f->since < GATHER_US;
}

void feed_irr_step(struct feed_irr *f, usec_t now)
{
	if (!f->is_touched && (f->generation == irr_generation(f->irr) || is_early(f, now))) {
		return;
	}
	f->is_touched = false;
	f->since = 0;
	f->generation = irr_generation(f->irr);
	for (unsigned peer = 0; peer < f->roster->capacity; peer++) {
		feed_member(f, (peer_id_t)peer, now);
	}
	policy_desk_set_never_via(f->desk, peeringdb_never_via_rs(irr_peeringdb(f->irr)));
	policy_desk_set_registrobr(f->desk, irr_registrobr(f->irr));
}
