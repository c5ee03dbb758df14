/* Subjects move. */
#include "control/registry/settle.h"

#include "control/registry/field_own.h"
#include "control/registry/memory.h"

/* Ids that are still to be settled. */
struct work {
	struct tx *tx;
	registry_id_t *id;
	size_t count, room;
};

static void work_add(struct work *w, const char *id)
{
	if (w->count == w->room) {
		w->room = w->room == 0 ? 16 : w->room * 2;
		w->id = realloc(w->id, w->room * sizeof(*w->id));
		ASSERT(w->id != NULL);
	}
	w->id[w->count] = (registry_id_t){.text = ""};
	memcpy(w->id[w->count++].text, id, REGISTRY_ID_LEN);
}

static bool work_add_object(void *context, const struct registry_object *o)
{
	work_add(context, o->id.text);
	return true;
}

static bool collect(void *context, const struct registry_object *o)
{
	struct life_evidence *e = context;
	if (e->count < EVIDENCE_TYPE_COUNT) {
		e->item[e->count++] = (const struct registry_evidence *)o;
	}
	return true;
}

struct life_evidence settle_evidence(const struct registry *r, const char *subject)
{
	struct life_evidence e = {.count = 0};
	registry_evidence_of(r, subject, collect, &e);
	return e;
}

struct find_asn {
	const char *tenant;
	const struct registry_asn *found;
};

static bool is_of_tenant(void *context, const struct registry_object *o)
{
	struct find_asn *f = context;
	const struct registry_asn *a = (const struct registry_asn *)o;
	if (strcmp(a->tenant.text, f->tenant) == 0) {
		f->found = a;
	}
	return f->found == NULL;
}

const struct registry_asn *settle_asn_of(const struct registry *r, asn_t asn, const char *tenant)
{
	struct find_asn f = {.tenant = tenant};
	struct key_cursor c = key_asn(TAG_ASN, asn, NULL);
	registry_walk(r, &c, is_of_tenant, &f);
	return f.found;
}

/* RFC 6996 §5. */
bool registry_asn_is_private(asn_t asn)
{
	return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000u && asn <= 4294967294u);
}

static bool is_parent_proven(const struct registry *r, const struct registry_prefix *p)
{
	const struct registry_prefix *parent =
		(const struct registry_prefix *)registry_get(r, REGISTRY_PREFIX, p->parent.text);
	return parent != NULL && life_is_proven((enum prefix_state)parent->state);
}

static bool is_origin_verified(const struct registry *r, const struct registry_rules *rules,
			       const struct registry_prefix *p, asn_t origin)
{
	const struct registry_asn *a = settle_asn_of(r, origin, p->tenant.text);
	return (a != NULL && a->state == ASN_VERIFIED) ||
	       (p->is_originated && origin == rules->rs_as);
}

/* Whether a record is about the prefix's tenant: a proof for an AS number of somebody else is
 * somebody else's proof.  A ROA or a route object for the server's own number says that the server
 * may announce the prefix, and not for whom. */
static bool speaks_for(const struct registry *r, const struct registry_rules *rules,
		       const struct registry_prefix *p, const struct registry_evidence *e)
{
	bool names_tenant = e->type != EVIDENCE_ROA && e->type != EVIDENCE_IRR;
	for (size_t i = 0; i < p->origins.count; i++) {
		asn_t origin = p->origins.item[i];
		if (life_is_for(e, origin) && (names_tenant || origin != rules->rs_as) &&
		    is_origin_verified(r, rules, p, origin)) {
			return true;
		}
	}
	return e->origins.count == 0;
}

/* Why a proof that holds is none for this tenant. */
static const char *reason_of_others(const struct registry_rules *rules,
				    const struct registry_prefix *p, const struct life_evidence *e)
{
	bool is_ours = false, is_claimed = false;
	for (unsigned k = 0; k < e->count; k++) {
		for (size_t i = 0; i < p->origins.count; i++) {
			bool is_for = life_is_for(e->item[k], p->origins.item[i]);
			is_ours |= is_for && p->origins.item[i] == rules->rs_as;
			is_claimed |= is_for && p->origins.item[i] != rules->rs_as;
		}
	}
	/* One that was for other origins is still to be looked at again. */
	return is_claimed ? "asn-unverified" : is_ours ? "ownership-token-missing" : "pending";
}

/* What the records say that are about the tenant; all of them may say no. */
static struct life_judgement judge_evidence(const struct registry *r,
					    const struct registry_rules *rules,
					    const struct registry_prefix *p, int64_t now_s)
{
	struct life_evidence all = settle_evidence(r, p->object.id.text), own = {.count = 0},
			     others = {.count = 0};
	for (unsigned i = 0; i < all.count; i++) {
		bool counts = life_is_veto(all.item[i]) || speaks_for(r, rules, p, all.item[i]);
		struct life_evidence *to = counts ? &own : &others;
		to->item[to->count++] = all.item[i];
	}
	struct life_judgement j = life_judge(&own, rules, now_s);
	struct life_judgement of_others = life_judge(&others, rules, now_s);
	if (!life_holds(j.proof) && j.proof != PROOF_VETOED && life_holds(of_others.proof)) {
		const char *reason = of_others.proof == PROOF_FAILING
					     ? of_others.reason
					     : reason_of_others(rules, p, &others);
		j = (struct life_judgement){
			.proof = PROOF_NONE, .reason = reason, .due_s = of_others.due_s};
	}
	return j;
}

/* A delegated prefix is proven by the one that it is delegated out of, but for a veto. */
static struct life_judgement judge_ownership(const struct registry *r,
					     const struct registry_rules *rules,
					     const struct registry_prefix *p, int64_t now_s)
{
	struct life_judgement j = judge_evidence(r, rules, p, now_s);
	if (p->parent.text[0] == '\0' || j.proof == PROOF_VETOED || j.proof == PROOF_VALID) {
		return j;
	}
	if (is_parent_proven(r, p)) {
		return (struct life_judgement){.proof = PROOF_VALID, .reason = ""};
	}
	if (!life_holds(j.proof)) {
		j = (struct life_judgement){.proof = PROOF_NONE, .reason = "parent-unproven"};
	}
	return j;
}

struct life_judgement settle_judge(const struct registry *r, const struct registry_rules *rules,
				   const struct registry_prefix *p, int64_t now_s)
{
	struct life_judgement j = judge_ownership(r, rules, p, now_s);
	bool has_origin = false;
	for (size_t i = 0; i < p->origins.count; i++) {
		has_origin |= is_origin_verified(r, rules, p, p->origins.item[i]);
	}
	if (life_holds(j.proof) && !has_origin) {
		j.proof = PROOF_NONE;
		j.reason = "asn-unverified"; /* Its own due time stays. */
	}
	return j;
}

/* Those origins that are the tenant's own verified ones, and that a proof speaks for; none before
 * the prefix is proven. */
static void activate_origins(const struct registry *r, const struct registry_rules *rules,
			     int64_t now_s, struct registry_prefix *p)
{
	struct life_evidence e = settle_evidence(r, p->object.id.text);
	bool is_delegated = p->parent.text[0] != '\0' && is_parent_proven(r, p);
	bool is_proven = life_is_proven((enum prefix_state)p->state);
	asn_t *item = registry_alloc(p->origins.count, sizeof(asn_t));
	size_t count = 0;
	for (size_t i = 0; is_proven && i < p->origins.count; i++) {
		asn_t origin = p->origins.item[i];
		if (is_origin_verified(r, rules, p, origin) &&
		    (is_delegated || life_has_origin(&e, rules, now_s, origin))) {
			item[count++] = origin;
		}
	}
	free(p->active_origins.item);
	p->active_origins.item = count > 0 ? item : NULL;
	p->active_origins.count = count;
	if (count == 0) {
		free(item);
	}
}

/* As far as evidence and clock bring it. */
static void move_prefix(const struct registry *r, const struct registry_rules *rules, int64_t now_s,
			struct registry_prefix *p)
{
	struct life_facts facts = {.judged = settle_judge(r, rules, p, now_s),
				   .drain_s = rules->drain_s,
				   .now_s = now_s};
	life_settle(p, &facts);
	activate_origins(r, rules, now_s, p);
}

static void settle_prefix(struct work *w, const char *id, bool is_first)
{
	struct tx *t = w->tx;
	struct registry_prefix *p = tx_copy(t, REGISTRY_PREFIX, id);
	const struct registry_prefix *before = is_first ? tx_before(t, REGISTRY_PREFIX, id) : p;
	bool was_proven = before != NULL && life_is_proven((enum prefix_state)before->state);
	bool was_lately = life_is_proven((enum prefix_state)p->state);
	move_prefix(t->registry, t->rules, t->now_s, p);
	bool is_proven = life_is_proven((enum prefix_state)p->state);
	tx_put(t, &p->object);
	if (is_proven != was_proven || is_proven != was_lately) {
		registry_delegated(t->registry, id, NULL, work_add_object, w);
	}
}

struct find_holder {
	const struct registry_asn *own, *found;
};

static bool is_holder(void *context, const struct registry_object *o)
{
	struct find_holder *f = context;
	const struct registry_asn *a = (const struct registry_asn *)o;
	if (a->state == ASN_VERIFIED && strcmp(o->id.text, f->own->object.id.text) != 0) {
		f->found = a;
	}
	return f->found == NULL;
}

/* Who has proven a number first has it.  What an undo brings back is not the first. */
static struct life_judgement judge_asn(const struct registry *r, const struct registry_rules *rules,
				       const struct registry_asn *a, int64_t now_s)
{
	struct find_holder holder = {.own = a};
	struct key_cursor c = key_asn(TAG_ASN, a->asn, NULL);
	registry_walk(r, &c, is_holder, &holder);
	struct life_evidence e = settle_evidence(r, a->object.id.text);
	struct life_judgement j = life_judge(&e, rules, now_s);
	/* A private number is proven by nobody's word: there is no holder. */
	if (registry_asn_is_private(a->asn) && j.proof != PROOF_VETOED) {
		j = (struct life_judgement){.proof = PROOF_VALID, .reason = ""};
	}
	if (life_holds(j.proof) && holder.found != NULL) {
		j.proof = PROOF_NONE;
		j.reason = "asn-taken";
	}
	return j;
}

static enum asn_state asn_next(const struct registry_asn *a, enum life_proof proof)
{
	if (a->state == ASN_REVOKED) {
		return ASN_REVOKED;
	}
	if (life_holds(proof)) {
		return ASN_VERIFIED;
	}
	return a->state == ASN_PENDING ? ASN_PENDING : ASN_SUSPENDED;
}

/* Those that want a number, who wanted it first in front. */
struct claims {
	const struct registry_asn **item;
	size_t count;
};

static bool claim_add(void *context, const struct registry_object *o)
{
	struct claims *c = context;
	size_t at = c->count++;
	c->item = realloc(c->item, c->count * sizeof(struct registry_asn *));
	ASSERT(c->item != NULL);
	for (; at > 0 && c->item[at - 1]->object.created_s > o->created_s; at--) {
		c->item[at] = c->item[at - 1];
	}
	c->item[at] = (const struct registry_asn *)o;
	return true;
}

static void add_claims(struct work *w, asn_t asn)
{
	struct claims claims = {.count = 0};
	struct key_cursor c = key_asn(TAG_ASN, asn, NULL);
	registry_walk(w->tx->registry, &c, claim_add, &claims);
	for (size_t i = 0; i < claims.count; i++) {
		work_add(w, claims.item[i]->object.id.text);
	}
	free(claims.item);
}

/* Whoever loses a number makes room for others, whose turn comes later in the same work. */
static void settle_asn(struct work *w, const char *id, bool is_first)
{
	struct tx *t = w->tx;
	struct registry_asn *a = tx_copy(t, REGISTRY_ASN, id);
	struct life_judgement j = judge_asn(t->registry, t->rules, a, t->now_s);
	const struct registry_asn *known = is_first ? tx_before(t, REGISTRY_ASN, id) : a;
	bool was_verified = known != NULL && known->state == ASN_VERIFIED;
	enum asn_state before = (enum asn_state)a->state;
	asn_t asn = a->asn;
	a->state = (uint8_t)asn_next(a, j.proof);
	registry_text_set(&a->reason, a->state == ASN_REVOKED ? "revoked" : j.reason);
	a->due_s = a->state == ASN_REVOKED ? 0 : j.due_s;
	if (a->state == ASN_VERIFIED && before != ASN_VERIFIED) {
		a->verified_s = t->now_s;
	}
	struct key_cursor c = key_asn(TAG_ORIGIN, a->asn, a->tenant.text);
	bool is_verified = a->state == ASN_VERIFIED;
	tx_put(t, &a->object);
	if (is_verified != was_verified || is_verified != (before == ASN_VERIFIED)) {
		registry_walk(t->registry, &c, work_add_object, w);
	}
	if (was_verified && !is_verified) {
		add_claims(w, asn);
	}
}

static bool prefix_moves(const struct registry *r, const struct registry_rules *rules,
			 const struct registry_object *o, int64_t now_s)
{
	struct registry_prefix *p = (struct registry_prefix *)registry_object_copy(o);
	const struct registry_prefix *is = (const struct registry_prefix *)o;
	move_prefix(r, rules, now_s, p);
	bool moves = p->state != is->state || p->active_origins.count != is->active_origins.count;
	for (size_t i = 0; !moves && i < p->active_origins.count; i++) {
		moves = p->active_origins.item[i] != is->active_origins.item[i];
	}
	registry_object_free(&p->object);
	return moves;
}

bool settle_moves(const struct registry *r, const struct registry_rules *rules,
		  const struct registry_object *o, int64_t now_s)
{
	const struct registry_asn *a = (const struct registry_asn *)o;
	return o->kind == REGISTRY_PREFIX
		       ? prefix_moves(r, rules, o, now_s)
		       : asn_next(a, judge_asn(r, rules, a, now_s).proof) != a->state;
}

/* A chain of delegations is at most a few long (check_prefix.c), a prefix is looked at again only
 * when its parent has changed, and a number that is lost once is not won and lost again.  The first
 * `first_count` are compared with what they were before the plan: it may have written them. */
static void work_off(struct work *w, size_t first_count)
{
	for (size_t i = 0; i < w->count; i++) {
		registry_id_t one = w->id[i];
		if (registry_get(w->tx->registry, REGISTRY_ASN, one.text) != NULL) {
			settle_asn(w, one.text, i < first_count);
		} else if (registry_get(w->tx->registry, REGISTRY_PREFIX, one.text) != NULL) {
			settle_prefix(w, one.text, i < first_count);
		}
	}
	free(w->id);
}

void settle(struct tx *t, const char *id)
{
	struct work w = {.tx = t};
	work_add(&w, id);
	work_off(&w, 1);
}

void settle_claims(struct tx *t, asn_t asn)
{
	struct work w = {.tx = t};
	add_claims(&w, asn);
	work_off(&w, 0);
}
