#include "control/evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/evidence/agenda.h"
#include "control/evidence/aut_num_ask.h"
#include "control/evidence/look.h"
#include "control/evidence/record.h"
#include "control/evidence/roa.h"
#include "control/evidence/source.h"
#include "control/registry/change.h"
#include "control/registry/settle.h"
#include "rib/base/check.h"
#include "rib/base/log.h"
#include "rib/base/prng.h"

#define TYPE(t)		((uint8_t)(1U << (t)))
#define TYPES_ASKED	((uint8_t)(TYPE(EVIDENCE_ROA) | TYPE(EVIDENCE_IRR) | TYPE(EVIDENCE_DNS)))
#define WRITES_MAX	32  /* Commands under way. */
#define SLICE		200 /* Prefixes of one turn: some hundred microseconds. */
#define AGENDA_FULL	1024
#define DNS_TIMEOUT_US	(10 * USEC_PER_SEC)
#define FRESH_US	(5 * USEC_PER_SEC) /* So old may be what "now" gets. */
#define USUAL_US	(600 * USEC_PER_SEC)
#define RETRY_US	(30 * USEC_PER_SEC)
#define RETRY_SHIFT_MAX 6
#define NO_ROOM_US	(50 * USEC_PER_MSEC)
#define NOT_TAKEN_US	(5 * USEC_PER_SEC)

/* A pass over all prefixes, in the order of their ids. */
struct walk {
	bool is_on;
	registry_id_t at; /* Done up to here. */
};

/* A finding on its way into the registry. */
struct writing {
	struct evidence *evidence; /* NULL: free. */
	struct agenda_item item;
	enum evidence_type type;
	bool was_proof, was_lost;
	enum finding_result result;
	const char *reason;
	const char *kind; /* "prefix" or "asn". */
	char subject[PREFIX_TEXT_MAX], tenant[REGISTRY_ID_MAX];
};

/* For ever round all of a kind. */
struct round {
	struct walk walk;
	usec_t due;
};

struct evidence {
	struct evidence_world world;
	struct irr_ask *irr;
	const struct irr_conf *irr_conf;
	struct resolver *resolver;
	char no_resolver[160];
	struct looks *looks;
	struct aut_num_ask *aut_nums;
	struct agenda agenda;
	struct prng prng;
	usec_t now;
	int64_t now_s;
	bool has_duty;	   /* What follows is done by the server that has it. */
	struct walk first; /* All is new: what has no record is looked at soon. */
	struct walk roas;  /* The RPKI's data are others. */
	struct round prefixes, asns;
	struct roa *roa; /* Held: what `roas` goes by. */
	bool has_roa, is_roa_stale;
	struct writing write[WRITES_MAX];
	unsigned writing; /* Of these. */
	struct asked_source source[EVIDENCE_TYPE_COUNT];
	struct evidence_numbers numbers;
};

struct evidence *evidence_new(const struct evidence_opts *o)
{
	char forward[ADDR_TEXT_MAX + 8], address[ADDR_TEXT_MAX];
	struct evidence *e = calloc(1, sizeof(*e));
	ASSERT(e != NULL);
	e->world = o->world;
	e->irr_conf = o->irr;
	e->irr = irr_ask_new(o->irr);
	(void)snprintf(forward, sizeof(forward), "%s@%u", addr_format(&o->conf->forward, address),
		       o->conf->forward_port);
	const struct resolver_opts resolver = {.forward =
						       o->conf->forward_port != 0 ? forward : NULL,
					       .trust_anchor = o->conf->trust_anchor,
					       .timeout_us = DNS_TIMEOUT_US};
	e->resolver = resolver_new(&resolver, e->no_resolver, sizeof(e->no_resolver));
	if (e->resolver == NULL) {
		log_event(LOG_WARNING, "no resolver", "detail", e->no_resolver, NULL);
	}
	e->looks = looks_new(e->resolver, e->no_resolver, e->irr);
	e->aut_nums = aut_num_ask_new(o->irr);
	prng_init(&e->prng, o->seed);
	e->first.is_on = true;
	return e;
}

void evidence_free(struct evidence *e)
{
	if (e != NULL) {
		for (unsigned i = 0; i < WRITES_MAX; i++) {
			if (e->write[i].evidence != NULL) {
				e->world.forget(e->world.context, &e->write[i]);
			}
		}
		aut_num_ask_free(e->aut_nums);
		looks_free(e->looks);
		resolver_free(e->resolver);
		irr_ask_free(e->irr);
		agenda_fini(&e->agenda);
		roa_put(e->roa);
		free(e);
	}
}

void evidence_configure(struct evidence *e, const struct irr_conf *irr)
{
	e->irr_conf = irr;
	irr_ask_configure(e->irr, irr);
	aut_num_ask_configure(e->aut_nums, irr);
	e->first = (struct walk){.is_on = true}; /* The rules may be others, too. */
}

/* --- the agenda -------------------------------------------------------------------------- */

static uint8_t accepted(const struct evidence *e)
{
	const struct registry_rules *rules = e->world.rules(e->world.context);
	return (uint8_t)(rules->evidence_accepted & TYPES_ASKED);
}

static void visit(struct evidence *e, const registry_id_t *id, uint8_t types, bool is_fresh)
{
	const struct agenda_item item = {
		.due = e->now, .id = *id, .types = types, .is_fresh = is_fresh};
	agenda_push(&e->agenda, &item);
}

/* Again, later each time, and not all at once. */
static void visit_later(struct evidence *e, const struct agenda_item *before, uint8_t types)
{
	struct agenda_item item = *before;
	const unsigned shift = item.failures < RETRY_SHIFT_MAX ? item.failures : RETRY_SHIFT_MAX;
	const usec_t wait = RETRY_US << shift;
	if (!e->has_duty) {
		return; /* Somebody asked for one look. */
	}
	item.types = types;
	item.failures = (uint8_t)(item.failures < UINT8_MAX ? item.failures + 1 : UINT8_MAX);
	item.due = e->now + wait + prng_below(&e->prng, wait / 2);
	agenda_push(&e->agenda, &item);
}

void evidence_check_now(struct evidence *e, const char *id)
{
	registry_id_t key = {.text = ""};
	if (!agenda_has(&e->agenda, id, e->now) && !looks_has(e->looks, id) &&
	    !aut_num_ask_has(e->aut_nums, id)) {
		(void)snprintf(key.text, sizeof(key.text), "%s", id);
		visit(e, &key, TYPES_ASKED, true);
	}
}

static bool is_state_checked(const json_t *prefix)
{
	const char *state = json_string_value(json_object_get(prefix, "state"));
	return state != NULL && strcmp(state, "draft") != 0 && strcmp(state, "released") != 0;
}

/* So old may be what a visit in turn gets: other prefixes of the origin share it, but the visit
 * before does not. */
static usec_t usual_age(const struct evidence *e)
{
	const struct registry_rules *rules = e->world.rules(e->world.context);
	return min_u64(USUAL_US, (usec_t)rules->recheck_s * USEC_PER_SEC / 2);
}

/* Whether another answer may be expected than before the change. */
static bool claims_other(const struct registry_item *i)
{
	static const char *const members[] = {"origins", "max_length", "proof_token"};
	if (!is_state_checked(i->after)) {
		return false;
	}
	if (i->before == NULL || !is_state_checked(i->before)) {
		return true;
	}
	for (unsigned m = 0; m < ARRAY_COUNT(members); m++) {
		if (!json_equal(json_object_get(i->before, members[m]),
				json_object_get(i->after, members[m]))) {
			return true;
		}
	}
	return false;
}

/* A number that nobody asked for yet, or one that is wanted again. */
static bool is_asn_news(const struct registry_item *i)
{
	static const char *const members[] = {"proof_token", "state"};
	const char *state = json_string_value(json_object_get(i->after, "state"));
	if (i->before == NULL) {
		return true;
	}
	for (unsigned m = 0; m < ARRAY_COUNT(members); m++) {
		if (!json_equal(json_object_get(i->before, members[m]),
				json_object_get(i->after, members[m]))) {
			return state != NULL && strcmp(state, "pending") == 0;
		}
	}
	return false;
}

void evidence_changed(struct evidence *e, const struct registry_change *change)
{
	if (change == NULL) {
		e->first = (struct walk){.is_on = true};
		e->roas = (struct walk){.is_on = e->has_roa};
		return;
	}
	if (!e->has_duty) {
		return;
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct registry_item *item = &change->item[i];
		if (item->kind == REGISTRY_PREFIX && item->after != NULL && claims_other(item)) {
			visit(e, &item->id, TYPES_ASKED, true);
		} else if (item->kind == REGISTRY_ASN && item->after != NULL && is_asn_news(item)) {
			visit(e, &item->id, TYPE(EVIDENCE_IRR), true);
		}
	}
}

/* --- what was found ---------------------------------------------------------------------- */

static void note_source(struct evidence *e, enum evidence_type type, const registry_id_t *id,
			const struct finding *f)
{
	struct asked_source *s = &e->source[type];
	e->numbers.checks[type]++;
	e->numbers.errors[type] += f->result == FINDING_ERROR ? 1 : 0;
	if (!asked_source_take(s, type, id, f, e->now)) {
		return;
	}
	if (s->is_failing) {
		e->numbers.alarms++;
		log_event(LOG_WARNING, "evidence source fails", "type", record_type_text(type),
			  "detail", f->detail, NULL);
	} else {
		e->numbers.alarms--;
		log_event(LOG_NOTICE, "evidence source answers", "type", record_type_text(type),
			  NULL);
	}
}

/* The registry has it: what an operator has to know. */
static void tell(const struct writing *w)
{
	const bool is_proof = w->result == FINDING_VALID;
	if (w->was_proof && !is_proof && w->result != FINDING_ERROR) {
		log_event(LOG_WARNING, "evidence lost", w->kind, w->subject, "tenant", w->tenant,
			  "type", record_type_text(w->type), "result",
			  finding_result_text(w->result), "reason", w->reason, NULL);
	} else if (w->was_lost && is_proof) {
		log_event(LOG_NOTICE, "evidence back", w->kind, w->subject, "tenant", w->tenant,
			  "type", record_type_text(w->type), NULL);
	}
}

static void write_done(void *context, const struct registry_change *change,
		       const struct registry_error *error)
{
	struct writing *w = context;
	struct evidence *e = w->evidence;
	e->writing--;
	if (change != NULL) {
		e->numbers.written += change->count > 0 ? 1 : 0;
		tell(w);
	} else if (error->status == 404) {
		/* It was deleted meanwhile. */
	} else if (error->status == 429 || error->status == 503) {
		w->item.due = e->now + NOT_TAKEN_US;
		agenda_push(&e->agenda, &w->item);
	} else {
		e->numbers.refused++;
		log_event(LOG_WARNING, "evidence not taken", w->kind, w->subject, "type",
			  record_type_text(w->type), "detail", error->text, NULL);
	}
	*w = (struct writing){.evidence = NULL};
}

static struct writing *writing_new(struct evidence *e)
{
	for (unsigned i = 0; i < WRITES_MAX; i++) {
		if (e->write[i].evidence == NULL) {
			e->writing++;
			return &e->write[i];
		}
	}
	ASSERT(false); /* Who looks has seen to it that there is room. */
	return NULL;
}

/* What a proof is about, for the log. */
static void name_subject(const struct registry_object *o, char out[PREFIX_TEXT_MAX])
{
	if (o->kind == REGISTRY_ASN) {
		(void)snprintf(out, PREFIX_TEXT_MAX, "%u", ((const struct registry_asn *)o)->asn);
	} else {
		prefix_format(&((const struct registry_prefix *)o)->prefix, out);
	}
}

/* Nothing was found, and all the same it is no longer what it should be: another kind of evidence
 * is accepted, or the clock was put back. */
static void settle_again(struct evidence *e, const struct registry_object *o)
{
	const struct registry *r = e->world.registry(e->world.context);
	const struct registry_rules *rules = e->world.rules(e->world.context);
	if (e->writing >= WRITES_MAX || !settle_moves(r, rules, o, e->now_s)) {
		return;
	}
	struct writing *w = writing_new(e);
	*w = (struct writing){
		.evidence = e, .item = {.id = o->id}, .kind = registry_kind_text(o->kind)};
	name_subject(o, w->subject);
	const struct registry_command c = {
		.verb = VERB_TICK,
		.kind = o->kind,
		.id = o->id.text,
		.author = {.kind = AUTHOR_SYSTEM, .role = ROLE_SYSTEM, .name = "evidence"},
		.now_s = e->now_s,
	};
	e->world.submit(e->world.context, &c, write_done, w);
}

static void write(struct evidence *e, const struct registry_object *o, enum evidence_type type,
		  const struct finding *f)
{
	const struct registry *r = e->world.registry(e->world.context);
	const struct registry_evidence *before = record_find(r, o->id.text, type);
	struct writing *w = writing_new(e);
	*w = (struct writing){
		.evidence = e,
		.item = {.id = o->id, .types = TYPE(type)},
		.type = type,
		.was_proof = before != NULL && before->result == RESULT_VALID,
		.was_lost = before != NULL && before->failing_since_s != 0,
		.result = f->result,
		.reason = f->reason,
		.kind = registry_kind_text(o->kind),
	};
	name_subject(o, w->subject);
	(void)snprintf(w->tenant, sizeof(w->tenant), "%s", registry_tenant_of(o));
	json_t *body = record_body(type, f);
	const struct registry_command c = {
		.verb = VERB_EVIDENCE,
		.kind = o->kind,
		.id = o->id.text,
		.body = body,
		.author = {.kind = AUTHOR_SYSTEM, .role = ROLE_SYSTEM, .name = "evidence"},
		.now_s = e->now_s,
	};
	e->world.submit(e->world.context, &c, write_done, w);
	json_decref(body);
}

/* A prefix or an ASN whose proofs are looked at; NULL: it is gone, or they are not. */
static const struct registry_object *subject_of(const struct registry *r, const char *id)
{
	const struct registry_object *p = registry_get(r, REGISTRY_PREFIX, id);
	const struct registry_object *a = registry_get(r, REGISTRY_ASN, id);
	if (p != NULL) {
		return record_is_checked((const void *)p) ? p : NULL;
	}
	const bool is_asked = a != NULL && ((const struct registry_asn *)a)->state != ASN_REVOKED;
	return is_asked ? a : NULL;
}

/* The registry may have changed since the look began; the prefix is looked at again then. */
static void found(struct evidence *e, const struct agenda_item *item, enum evidence_type type,
		  const struct finding *f)
{
	const struct registry *r = e->world.registry(e->world.context);
	note_source(e, type, &item->id, f);
	if (f->result == FINDING_ERROR && type != EVIDENCE_ROA) {
		visit_later(e, item, TYPE(type));
	}
	const struct registry_object *o = r != NULL ? subject_of(r, item->id.text) : NULL;
	if (o != NULL && record_is_news(record_find(r, item->id.text, type), f)) {
		write(e, o, type, f);
	}
}

/* --- looking ----------------------------------------------------------------------------- */

static void look_at_roas(struct evidence *e, const struct agenda_item *item,
			 const struct registry_prefix *p)
{
	struct finding f;
	const struct claim c = record_claim(p);
	const char *stale = NULL;
	(void)e->world.roa(e->world.context, &stale);
	if (stale == NULL && !e->has_roa) {
		return; /* The walk over all will come to it. */
	}
	roa_check(e->roa, stale, &c, &f);
	found(e, item, EVIDENCE_ROA, &f);
}

/* An aut-num has nothing to say of a number that belongs to nobody. */
static void look_at_asn(struct evidence *e, const struct agenda_item *item,
			const struct registry_asn *a)
{
	const struct registry_rules *rules = e->world.rules(e->world.context);
	if (rules->has_aut_num && !registry_asn_is_private(a->asn) &&
	    !aut_num_ask_begin(e->aut_nums, a, item->failures)) {
		struct agenda_item again = *item;
		again.due = e->now + USEC_PER_SEC;
		agenda_push(&e->agenda, &again);
	}
}

static void look_at(struct evidence *e, const struct agenda_item *item)
{
	const struct registry *r = e->world.registry(e->world.context);
	const struct registry_object *o = subject_of(r, item->id.text);
	const struct registry_prefix *p = (const void *)o;
	static const enum evidence_type asked[] = {EVIDENCE_DNS, EVIDENCE_IRR};
	uint8_t types = item->types & accepted(e), left = 0;
	if (o == NULL || o->kind == REGISTRY_ASN) {
		if (o != NULL) {
			look_at_asn(e, item, (const void *)o);
		}
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(asked); i++) {
		if ((types & TYPE(asked[i])) != 0 &&
		    !looks_begin(e->looks, p, asked[i], item->failures,
				 item->is_fresh ? FRESH_US : usual_age(e))) {
			left |= TYPE(asked[i]);
		}
	}
	if ((types & TYPE(EVIDENCE_ROA)) != 0) {
		look_at_roas(e, item, p);
	}
	if (left != 0) {
		struct agenda_item again = *item;
		again.types = left;
		again.due = e->now + NO_ROOM_US;
		agenda_push(&e->agenda, &again);
	}
}

static void take_looks(struct evidence *e)
{
	struct look_done done;
	looks_step(e->looks, e->irr_conf->sources, e->now);
	while (e->writing < WRITES_MAX && looks_take(e->looks, &done)) {
		const struct agenda_item item = {.id = done.id,
						 .failures = done.failures,
						 .types = TYPE(done.type),
						 .is_fresh = true};
		found(e, &item, done.type, &done.finding);
	}
}

static void take_aut_nums(struct evidence *e)
{
	struct aut_num_done done;
	while (e->writing < WRITES_MAX && aut_num_ask_step(e->aut_nums, e->now, &done)) {
		const struct agenda_item item = {.id = done.id,
						 .failures = done.failures,
						 .types = TYPE(EVIDENCE_IRR),
						 .is_fresh = true};
		found(e, &item, EVIDENCE_IRR, &done.finding);
	}
}

static bool keep_agenda(struct evidence *e)
{
	struct agenda_item item;
	unsigned count = 0;
	while (e->writing < WRITES_MAX && count < SLICE && agenda_pop(&e->agenda, e->now, &item)) {
		look_at(e, &item);
		count++;
	}
	return e->writing < WRITES_MAX && agenda_due(&e->agenda) <= e->now;
}

/* --- walks ------------------------------------------------------------------------------- */

typedef void walk_fn(struct evidence *e, const struct registry_object *o);

struct pass {
	struct evidence *evidence;
	walk_fn *fn;
	struct walk *walk;
	unsigned left;
};

static bool pass_one(void *context, const struct registry_object *o)
{
	struct pass *pass = context;
	pass->left--;
	pass->walk->at = o->id;
	pass->fn(pass->evidence, o);
	return pass->left > 0 && pass->evidence->writing < WRITES_MAX;
}

/* True when it can go on at once: it has not reached the end, and what it finds can be written. */
static bool walk_on(struct evidence *e, enum registry_kind kind, struct walk *walk, unsigned steps,
		    walk_fn *fn)
{
	struct pass pass = {.evidence = e, .fn = fn, .walk = walk, .left = steps};
	const registry_id_t from = walk->at;
	if (e->writing < WRITES_MAX) {
		registry_each(e->world.registry(e->world.context), kind, NULL,
			      from.text[0] != '\0' ? from.text : NULL, pass_one, &pass);
		walk->is_on = pass.left == 0 || e->writing >= WRITES_MAX;
	}
	return walk->is_on && e->writing < WRITES_MAX;
}

/* What has no record yet is looked for. */
static void visit_new(struct evidence *e, const struct registry_object *o)
{
	const struct registry_prefix *p = (const void *)o;
	static const enum evidence_type asked[] = {EVIDENCE_DNS, EVIDENCE_IRR};
	const struct registry *r = e->world.registry(e->world.context);
	uint8_t types = 0;
	for (unsigned i = 0; record_is_checked(p) && i < ARRAY_COUNT(asked); i++) {
		const struct registry_evidence *x = record_find(r, p->object.id.text, asked[i]);
		types |= x == NULL || x->result == RESULT_PENDING ? TYPE(asked[i]) : 0;
	}
	if (types != 0) {
		visit(e, &p->object.id, types, false);
	}
	settle_again(e, o);
}

static void visit_roas(struct evidence *e, const struct registry_object *o)
{
	const struct registry_prefix *p = (const void *)o;
	const struct agenda_item item = {.id = p->object.id, .types = TYPE(EVIDENCE_ROA)};
	if (record_is_checked(p) && (accepted(e) & TYPE(EVIDENCE_ROA)) != 0) {
		look_at_roas(e, &item, p);
	}
}

static void visit_usual(struct evidence *e, const struct registry_object *o)
{
	if (record_is_checked((const void *)o)) {
		visit(e, &o->id, TYPES_ASKED, false);
	}
	settle_again(e, o);
}

/* One that is verified otherwise needs no asking; one that rests on its aut-num does. */
static void visit_asn(struct evidence *e, const struct registry_object *o)
{
	const struct registry *r = e->world.registry(e->world.context);
	const struct registry_evidence *x = record_find(r, o->id.text, EVIDENCE_IRR);
	const bool rests_on_it =
		x != NULL && (x->result == RESULT_VALID || x->failing_since_s != 0);
	if (rests_on_it || ((const struct registry_asn *)o)->state != ASN_VERIFIED) {
		visit(e, &o->id, TYPE(EVIDENCE_IRR), false);
	}
	settle_again(e, o);
}

/* Other data: all prefixes are looked at again, which is a look-up in memory for each and no more.
 * Data that have become too old change nothing. */
static bool walk_roas(struct evidence *e)
{
	const char *stale = NULL;
	struct roa *roa = e->world.roa(e->world.context, &stale);
	const bool is_other = roa != e->roa || !e->has_roa;
	if (stale == NULL && (is_other || e->is_roa_stale)) {
		roa_hold(roa);
		roa_put(e->roa);
		e->roa = roa;
		e->has_roa = true;
		e->roas = (struct walk){.is_on = true};
	}
	e->is_roa_stale = stale != NULL;
	return e->has_duty && e->roas.is_on && stale == NULL &&
	       walk_on(e, REGISTRY_PREFIX, &e->roas, SLICE, visit_roas);
}

/* One after the other, so that all are visited in the configured time. */
static void walk_round(struct evidence *e, struct round *round, enum registry_kind kind,
		       walk_fn *fn)
{
	const struct registry *r = e->world.registry(e->world.context);
	const struct registry_rules *rules = e->world.rules(e->world.context);
	const size_t count = registry_count(r, kind, NULL);
	const usec_t all_us = (usec_t)rules->recheck_s * USEC_PER_SEC;
	const usec_t each_us = all_us / max_u64(count, 1);
	if (round->due == 0 || round->due + all_us < e->now) {
		round->due = e->now + each_us;
	}
	for (unsigned i = 0; i < SLICE && round->due <= e->now && count > 0; i++) {
		if (e->agenda.count >= AGENDA_FULL || e->writing >= WRITES_MAX) {
			return;
		}
		if (walk_on(e, kind, &round->walk, 1, fn)) {
			round->due += each_us + 1;
		} else {
			round->walk.at = (registry_id_t){.text = ""}; /* Round again. */
		}
	}
}

/* Who takes the duty over does not know what the one before has seen.  Who has lost it sees its
 * sources no more, and is silent about them. */
static void take_duty(struct evidence *e)
{
	const bool had = e->has_duty;
	e->has_duty = e->world.has_duty(e->world.context);
	if (e->has_duty && !had) {
		e->first = (struct walk){.is_on = true};
		e->roas = (struct walk){.is_on = e->has_roa};
	} else if (had && !e->has_duty) {
		e->numbers.alarms = 0;
		memset(e->source, 0, sizeof(e->source));
	}
}

bool evidence_step(struct evidence *e, usec_t now, int64_t now_s)
{
	bool has_more = false;
	e->now = now;
	e->now_s = now_s;
	if (e->resolver != NULL) {
		resolver_step(e->resolver, now);
	}
	/* From what is wanted to what is asked, so that nothing waits for the next turn. */
	take_duty(e);
	if (e->world.registry(e->world.context) != NULL) {
		has_more = walk_roas(e);
		if (e->has_duty && e->first.is_on) {
			has_more = walk_on(e, REGISTRY_PREFIX, &e->first, SLICE, visit_new) ||
				   has_more;
		}
		if (e->has_duty) {
			walk_round(e, &e->prefixes, REGISTRY_PREFIX, visit_usual);
			walk_round(e, &e->asns, REGISTRY_ASN, visit_asn);
		}
		has_more = keep_agenda(e) || has_more;
		take_looks(e);
		take_aut_nums(e);
	}
	return irr_ask_step(e->irr, now) || has_more;
}

unsigned evidence_fds(const struct evidence *e, struct pollfd out[EVIDENCE_FDS_MAX])
{
	unsigned count = irr_ask_fds(e->irr, out);
	count += aut_num_ask_fds(e->aut_nums, out + count);
	if (e->resolver != NULL) {
		out[count++] = (struct pollfd){.fd = resolver_fd(e->resolver), .events = POLLIN};
	}
	return count;
}

const char *evidence_failing(const struct evidence *e, enum evidence_type type)
{
	ASSERT((unsigned)type < EVIDENCE_TYPE_COUNT);
	return e->source[type].is_failing ? e->source[type].why : NULL;
}

struct evidence_numbers evidence_numbers(const struct evidence *e)
{
	struct evidence_numbers n = e->numbers;
	n.waiting = e->agenda.count;
	return n;
}
