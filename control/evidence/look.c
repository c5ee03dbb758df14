#include "control/evidence/look.h"

#include <stdlib.h>
#include <string.h>

#include "control/evidence/record.h"
#include "control/evidence/route_object.h"
#include "rib/base/check.h"

enum look_state { LOOK_FREE, LOOK_ASKING, LOOK_WAITING, LOOK_COMPLETE };

struct look {
	struct looks *all;
	enum look_state state;
	struct look_done done;
	usec_t age_us;
	/* A copy of the claim. */
	struct prefix prefix;
	uint8_t len_max;
	asn_t origins[FINDING_ORIGINS_MAX];
	unsigned origin_count;
	struct txt txt;
};

struct looks {
	struct resolver *resolver;
	const char *why;
	struct irr_ask *irr;
	struct look item[LOOKS_MAX];
};

struct looks *looks_new(struct resolver *resolver, const char *why, struct irr_ask *irr)
{
	struct looks *l = calloc(1, sizeof(*l));
	ASSERT(l != NULL);
	l->resolver = resolver;
	l->why = why;
	l->irr = irr;
	return l;
}

void looks_free(struct looks *l)
{
	for (unsigned i = 0; l != NULL && i < LOOKS_MAX; i++) {
		if (l->resolver != NULL) {
			resolver_forget(l->resolver, &l->item[i]);
		}
	}
	free(l);
}

bool looks_has(const struct looks *l, const char *id)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (l->item[i].state != LOOK_FREE && strcmp(l->item[i].done.id.text, id) == 0) {
			return true;
		}
	}
	return false;
}

bool looks_begin(struct looks *l, const struct registry_prefix *p, enum evidence_type type,
		 uint8_t failures, usec_t age_us)
{
	struct look *k = l->item;
	ASSERT(type == EVIDENCE_DNS || type == EVIDENCE_IRR);
	ASSERT(p->origins.count <= FINDING_ORIGINS_MAX);
	while (k < l->item + LOOKS_MAX && k->state != LOOK_FREE) {
		k++;
	}
	if (k == l->item + LOOKS_MAX) {
		return false;
	}
	*k = (struct look){.all = l,
			   .state = LOOK_ASKING,
			   .age_us = age_us,
			   .prefix = p->prefix,
			   .len_max = (uint8_t)p->max_length,
			   .origin_count = (unsigned)p->origins.count};
	k->done = (struct look_done){.id = p->object.id, .type = type, .failures = failures};
	memcpy(k->origins, p->origins.item, p->origins.count * sizeof(k->origins[0]));
	txt_init(&k->txt, &k->prefix, p->proof_token);
	return true;
}

static void end(struct look *k, const struct finding *f)
{
	k->done.finding = *f;
	k->state = LOOK_COMPLETE;
}

static void dns_answer(void *context, const struct txt_reply *reply)
{
	struct look *k = context;
	ASSERT(k->state == LOOK_WAITING);
	k->state = LOOK_ASKING;
	if (txt_take(&k->txt, reply)) {
		end(k, &k->txt.finding);
	}
}

static void step_dns(struct look *k, usec_t now)
{
	char name[REVERSE_NAME_MAX];
	if (k->all->resolver == NULL) {
		struct finding f = {.reason = ""};
		finding_say(&f, FINDING_ERROR, "", "no name can be looked up: %s", k->all->why);
		end(k, &f);
	} else if (k->state == LOOK_ASKING) {
		k->state = LOOK_WAITING;
		if (!resolver_ask(k->all->resolver, txt_name(&k->txt, name), dns_answer, k, now)) {
			k->state = LOOK_ASKING; /* Next turn. */
		}
	}
}

/* The answers for all origins; false: some have still to come. */
static bool gather(struct look *k, bool is_any, struct irr_ask_answer *out, usec_t now)
{
	bool has_all = true;
	for (unsigned i = 0; i < k->origin_count; i++) {
		out[i] = irr_ask_get(k->all->irr, k->origins[i], is_any,
				     (enum family)k->prefix.family, k->age_us, now);
		has_all = has_all && out[i].state != IRR_ASK_WAIT;
	}
	return has_all;
}

static bool lacks_object(const struct look *k, const struct irr_ask_answer *a)
{
	for (unsigned i = 0; i < k->origin_count; i++) {
		if (a[i].state == IRR_ASK_GOOD && !route_object_has(a[i].list, &k->prefix)) {
			return true;
		}
	}
	return false;
}

static void step_irr(struct look *k, const char *sources, usec_t now)
{
	struct irr_ask_answer trusted[FINDING_ORIGINS_MAX], any[FINDING_ORIGINS_MAX];
	struct route_answer answer[FINDING_ORIGINS_MAX];
	struct finding f;
	const struct claim c = {.prefix = k->prefix,
				.len_max = k->len_max,
				.origins = k->origins,
				.origin_count = k->origin_count};
	if (!gather(k, false, trusted, now)) {
		return;
	}
	/* Without a list of sources all are trusted. */
	const bool asks_any = sources[0] != '\0' && lacks_object(k, trusted);
	if (asks_any && !gather(k, true, any, now)) {
		return;
	}
	for (unsigned i = 0; i < k->origin_count; i++) {
		const bool has_any = asks_any && any[i].state == IRR_ASK_GOOD;
		answer[i] = (struct route_answer){
			.origin = k->origins[i],
			.failed = trusted[i].state == IRR_ASK_FAILED ? trusted[i].why : NULL,
			.list = trusted[i].list,
			.any = has_any ? any[i].list : NULL};
	}
	route_object_check(&c, answer, sources, &f);
	end(k, &f);
}

void looks_step(struct looks *l, const char *sources, usec_t now)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		struct look *k = &l->item[i];
		if (k->state != LOOK_ASKING && k->state != LOOK_WAITING) {
			continue;
		}
		if (k->done.type == EVIDENCE_DNS) {
			step_dns(k, now);
		} else {
			step_irr(k, sources, now);
		}
	}
}

bool looks_take(struct looks *l, struct look_done *out)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (l->item[i].state == LOOK_COMPLETE) {
			*out = l->item[i].done;
			l->item[i].state = LOOK_FREE;
			return true;
		}
	}
	return false;
}
