/* What policy makes of a route: see judge.h. */
#include "rib/policy/judge.h"

#include <stdlib.h>

#include "rib/attr/audience.h"
#include "rib/base/check.h"
#include "rib/policy/export_index.h"
#include "rib/policy/plan.h"
#include "rib/policy/scope.h"

#define LOCAL_PREF_DEFAULT 100
#define LOCAL_PREF_OWN	   50 /* A member's own announcement goes before ours in its name. */
#define VARIANTS_MAX	   8
#define REFS_BATCH	   64

/* What of a set's routes may differ; told apart by a word beside the takers. */
struct variant_key {
	const struct audience *takers; /* NULL: no member's rule speaks of the prefix. */
	union {
		struct {
			uint32_t tags;
			bool is_rejected : 1, is_unsent : 1, is_blackhole : 1;
			bool is_limited : 1, is_draining : 1;
			uint8_t family; /* With is_blackhole. */
		};
		uint64_t word;
	};
};

/* An answer, and the references of it that are not yet given away. */
struct variant {
	struct variant_key key;
	const struct attr *attr;
	uint32_t refs;
	bool is_given; /* It is the set that the judge was begun with. */
	bool fits;     /* Else the attributes have no room for what would be added. */
};

struct judge {
	struct intern *intern;
	unsigned peer_count;
	struct audience_table *audiences;
	const struct policy *policy;
	struct planner *planner;
	uint64_t *takers; /* Scratch: a set of members. */
	/* The set that it was begun with. */
	bool is_begun;
	peer_id_t peer;
	enum reject known;
	const struct attr *given;
	struct attr_draft *draft; /* NULL: `given` has not been copied yet. */
	struct next_hop next_hop;
	struct set_view view;
	uint64_t meanings;
	struct check check;
	unsigned variant_count, variant_next; /* The one that makes room. */
	struct variant variant[VARIANTS_MAX];
	struct attr_draft copy, sent; /* 8 KiB each. */
};

struct judge *judge_new(const struct judge_opts *o)
{
	ASSERT(o->peer_count <= PEER_COUNT_MAX);
	struct judge *j = calloc(1, sizeof(*j));
	unsigned words = o->peer_count > 0 ? (o->peer_count + 63) / 64 : 1;
	if (j == NULL) {
		return NULL;
	}
	j->intern = o->intern;
	j->peer_count = o->peer_count;
	j->takers = calloc(words, sizeof(*j->takers));
	j->audiences = audience_table_new(words, o->key);
	if (j->takers == NULL) {
		judge_free(j);
		return NULL;
	}
	intern_set_audiences(o->intern, j->audiences);
	return j;
}

void judge_free(struct judge *j)
{
	if (j != NULL) {
		planner_free(j->planner);
		audience_table_free(j->audiences);
		free(j->takers);
		free(j);
	}
}

bool judge_adopt(struct judge *j, const struct policy *p)
{
	ASSERT(!j->is_begun);
	struct planner *planner = NULL;
	if (p != NULL) {
		ASSERT(p->index != NULL && p->peer_count == j->peer_count);
		planner = planner_new(p);
		if (planner == NULL) {
			return false;
		}
	}
	planner_free(j->planner);
	j->planner = planner;
	j->policy = p;
	return true;
}

const struct policy *judge_policy(const struct judge *j)
{
	return j->policy;
}

uint32_t judge_generation(const struct judge *j)
{
	return j->policy != NULL ? j->policy->generation : 0;
}

size_t judge_audiences(const struct judge *j)
{
	return audience_count(j->audiences);
}

static void begin(struct judge *j, peer_id_t peer, enum reject known)
{
	ASSERT(!j->is_begun && j->variant_count == 0);
	j->is_begun = true;
	j->peer = peer;
	j->known = known;
	if (j->policy != NULL && known == REJECT_NONE) {
		ASSERT(peer < j->policy->peer_count);
		j->meanings = asks_read(j->policy->index, j->view.facts, j->view.wire);
		check_begin(&j->check, j->policy, peer, &j->view, j->meanings);
	}
}

void judge_begin(struct judge *j, peer_id_t peer, struct attr_draft *draft,
		 const struct next_hop *next_hop, enum reject known)
{
	j->given = NULL;
	j->draft = draft;
	j->next_hop = *next_hop;
	j->view = (struct set_view){.facts = &draft->facts,
				    .wire = draft->wire,
				    .wire_len = draft->wire_len,
				    .next_hop = span_of(j->next_hop.bytes, next_hop->len)};
	begin(j, peer, known);
}

void judge_begin_attr(struct judge *j, peer_id_t peer, const struct attr *a, enum reject known)
{
	j->given = a;
	j->draft = NULL;
	j->next_hop = attr_next_hop(a);
	j->view = set_view_of(a);
	begin(j, peer, known);
}

/* The set that it was begun with, to be interned. */
static struct attr_draft *draft_of(struct judge *j)
{
	if (j->draft == NULL) {
		j->copy.facts = j->given->facts;
		j->copy.wire_len = j->given->wire_len;
		memcpy(j->copy.wire, j->given->wire, j->given->wire_len);
		j->draft = &j->copy;
	}
	return j->draft;
}

/* RFC 8326 §4.1.  Without rules it stays what the caller says. */
static uint32_t local_pref_of(const struct judge *j, const struct variant_key *key)
{
	if (j->policy == NULL) {
		return j->view.facts->local_pref;
	}
	const struct peer_policy *peer = j->policy->peer[j->peer];
	if (key->is_draining) {
		return 0;
	}
	if (j->known == REJECT_NONE && j->check.is_own) {
		return LOCAL_PREF_OWN;
	}
	bool is_lowered = peer != NULL && peer->has_graceful_shutdown &&
			  j->view.facts->is_graceful_shutdown && !key->is_rejected &&
			  !key->is_blackhole;
	return is_lowered ? peer->graceful_shutdown_pref : LOCAL_PREF_DEFAULT;
}

/* Where next hops are checked, the global address is, and a link-local one behind it may be another
 * member's: routers would prefer it.  Deviates: RFC 2545 §3, the global one is sent alone. */
static struct next_hop checked_next_hop(const struct judge *j, const struct variant_key *key)
{
	const struct peer_policy *peer = j->policy != NULL ? j->policy->peer[j->peer] : NULL;
	struct next_hop hop = j->next_hop;
	if (hop.len == 32 && peer != NULL && peer->next_hop != NEXT_HOP_ANY && !key->is_rejected) {
		hop.len = 16;
	}
	return hop;
}

static struct next_hop sent_next_hop(const struct judge *j, const struct variant_key *key)
{
	if (!key->is_blackhole || j->policy->blackhole[key->family] != BLACKHOLE_REWRITE) {
		return checked_next_hop(j, key);
	}
	const struct addr *a = &j->policy->blackhole_next_hop[key->family];
	struct next_hop hop = {.len = (uint8_t)family_bytes(a->family)};
	memcpy(hop.bytes, a->bytes, hop.len);
	return hop;
}

static bool is_same_hop(const struct next_hop *a, const struct next_hop *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* What a part is sent. */
struct wording {
	const struct attr_draft *draft; /* NULL: the attributes as they were received. */
	struct next_hop next_hop;
	bool fits;
};

/* The draft is the judge's, until the next wording. */
static struct wording word(struct judge *j, const struct variant_key *key, const struct dress *d)
{
	struct wording w = {.next_hop = sent_next_hop(j, key), .fits = true};
	if (!dress_is_plain(d, j->meanings)) {
		w.fits = dress_write(j->policy, d, &j->view, &j->sent);
		w.draft = &j->sent;
	}
	return w;
}

static bool is_plain(const struct judge *j, const struct wording *w)
{
	return w->draft == NULL && is_same_hop(&w->next_hop, &j->next_hop);
}

static bool is_worded_so(const struct judge *j, const struct wording *w, const struct attr *sent)
{
	struct span hop = attr_next_hop_octets(sent);
	const uint8_t *wire = w->draft != NULL ? w->draft->wire : j->view.wire;
	size_t len = w->draft != NULL ? w->draft->wire_len : j->view.wire_len;
	return sent->wire_len == len && hop.len == w->next_hop.len &&
	       memcmp(sent->wire, wire, len) == 0 &&
	       memcmp(hop.data, w->next_hop.bytes, hop.len) == 0;
}

/* Whether the set that the judge was begun with is in that dress already, in whichever worker's
 * tables: then nothing has changed. */
static bool is_given_so(struct judge *j, const struct variant_key *key, const struct plan *plan)
{
	const struct attr *a = j->given;
	if (a == NULL || a->facts.local_pref != local_pref_of(j, key)) {
		return false;
	}
	if (plan->is_for_everyone) {
		struct wording w = word(j, key, &plan->part[0].dress);
		return w.fits && a->reach == NULL &&
		       (is_plain(j, &w) ? a->sent == NULL
					: a->sent != NULL && is_worded_so(j, &w, a->sent));
	}
	if (a->reach == NULL || a->reach->count != plan->count) {
		return false;
	}
	for (unsigned i = 0; i < plan->count; i++) {
		const struct reach_part *part = &a->reach->part[i];
		struct wording w = word(j, key, &plan->part[i].dress);
		if (!w.fits || !is_worded_so(j, &w, part->sent) ||
		    memcmp(part->members->word, plan->part[i].members,
			   part->members->words * sizeof(uint64_t)) != 0) {
			return false;
		}
	}
	return true;
}

static const struct attr *intern_wording(struct judge *j, const struct wording *w)
{
	if (w->draft != NULL) {
		return intern_get(j->intern, w->draft, &w->next_hop, 1);
	}
	struct attr_draft *draft = draft_of(j);
	draft->facts.local_pref = LOCAL_PREF_DEFAULT;
	return intern_get(j->intern, draft, &w->next_hop, 1);
}

static void give_back(struct judge *j, const struct attr_dress *dress)
{
	if (dress->sent != NULL) {
		intern_adjust(j->intern, dress->sent, -1);
	}
	for (unsigned i = 0; i < dress->count; i++) {
		audience_put(j->audiences, dress->part[i].members);
		intern_adjust(j->intern, dress->part[i].sent, -1);
	}
}

/* The dress that a plan asks for.  False, and nothing taken, when the table is full or something
 * does not fit. */
static bool make_dress(struct judge *j, const struct variant_key *key, const struct plan *plan,
		       struct attr_dress *out, bool *out_fits)
{
	out->sent = NULL;
	out->count = 0;
	out->has_parts = !plan->is_for_everyone;
	*out_fits = true;
	for (unsigned i = 0; i < plan->count; i++) {
		struct wording w = word(j, key, &plan->part[i].dress);
		if (plan->is_for_everyone && is_plain(j, &w)) {
			return true;
		}
		const struct attr *sent = w.fits ? intern_wording(j, &w) : NULL;
		if (sent == NULL) {
			*out_fits = w.fits;
			give_back(j, out);
			return false;
		}
		if (plan->is_for_everyone) {
			out->sent = sent;
		} else {
			out->part[out->count++] = (struct reach_part){
				.members = audience_get_any(j->audiences, plan->part[i].members),
				.sent = sent,
			};
		}
	}
	return true;
}

static void make_variant(struct judge *j, const struct plan *plan, struct variant *v)
{
	struct attr_dress dress;
	v->is_given = is_given_so(j, &v->key, plan);
	v->attr = v->is_given ? j->given : NULL;
	v->refs = 0;
	v->fits = true;
	if (v->is_given || !make_dress(j, &v->key, plan, &dress, &v->fits)) {
		return;
	}
	struct attr_draft *draft = draft_of(j);
	draft->facts.local_pref = local_pref_of(j, &v->key);
	v->attr = intern_get_dressed(j->intern, draft, &j->next_hop, &dress, REFS_BATCH);
	v->refs = v->attr != NULL ? REFS_BATCH : 0;
}

static void settle(struct judge *j, struct variant *v)
{
	if (v->refs > 0) {
		intern_adjust(j->intern, v->attr, -(int64_t)v->refs);
	}
	if (v->key.takers != NULL) {
		audience_put(j->audiences, (struct audience *)(uintptr_t)v->key.takers);
	}
}

/* NULL when it has not been made. */
static struct variant *variant_find(struct judge *j, const struct variant_key *key)
{
	for (unsigned i = 0; i < j->variant_count; i++) {
		if (j->variant[i].key.word == key->word &&
		    j->variant[i].key.takers == key->takers) {
			return &j->variant[i];
		}
	}
	return NULL;
}

static struct variant *variant_place(struct judge *j)
{
	if (j->variant_count < VARIANTS_MAX) {
		return &j->variant[j->variant_count++];
	}
	struct variant *v = &j->variant[j->variant_next++ % VARIANTS_MAX];
	settle(j, v);
	return v;
}

/* As it was received, for everyone: what is rejected, or judged without rules. */
static const struct plan plan_of_nothing = {.is_for_everyone = true, .count = 1};

/* Takes the key's audience. */
static struct variant *variant_of(struct judge *j, const struct variant_key *key,
				  const struct route_verdict *verdict)
{
	struct variant *v = variant_find(j, key);
	if (v != NULL) {
		if (key->takers != NULL) {
			audience_put(j->audiences, (struct audience *)(uintptr_t)key->takers);
		}
		return v;
	}
	struct plan plan;
	v = variant_place(j);
	v->key = *key;
	if (key->is_rejected || j->policy == NULL) {
		make_variant(j, &plan_of_nothing, v);
		return v;
	}
	const struct plan_route route = {
		.peer = j->peer,
		.view = &j->view,
		.meanings = j->meanings,
		.verdict = verdict,
		.takers = key->takers != NULL ? key->takers->word : NULL,
	};
	plan_make(j->planner, &route, &plan);
	make_variant(j, &plan, v);
	return v;
}

static struct judged answer(struct judge *j, struct variant *v, enum reject reason)
{
	if (v->is_given || v->attr == NULL) {
		return (struct judged){.attr = v->attr, .reason = reason};
	}
	if (v->refs == 0) {
		intern_adjust(j->intern, v->attr, REFS_BATCH);
		v->refs = REFS_BATCH;
	}
	v->refs--;
	return (struct judged){.attr = v->attr, .reason = reason};
}

/* Of a route of our own, those who hear it. */
static const struct audience *takers_of(struct judge *j, const struct prefix *prefix,
					const struct own_route *own)
{
	const struct export_index *exports = index_exports(j->policy->index);
	unsigned words = index_words(j->policy->index);
	bool has_rules = exports != NULL &&
			 export_index_find(exports, prefix, j->view.facts->origin_as, j->takers);
	if (own != NULL) {
		const uint64_t *hearers = own_hearers(j->policy->own, own);
		const uint64_t *rest = exports != NULL ? export_index_rest(exports) : hearers;
		for (unsigned i = 0; i < words; i++) {
			j->takers[i] = (has_rules ? j->takers[i] : rest[i]) & hearers[i];
		}
	}
	return has_rules || own != NULL ? audience_get_any(j->audiences, j->takers) : NULL;
}

struct judged judge_route(struct judge *j, const struct prefix *prefix)
{
	ASSERT(j->is_begun);
	struct route_verdict verdict = {.reason = j->known};
	struct variant_key key = {.takers = NULL, .word = 0};
	bool has_rules = j->policy != NULL && j->known == REJECT_NONE;
	if (!has_rules && j->variant_count > 0) {
		return answer(j, &j->variant[0], j->known); /* There is no other. */
	}
	if (has_rules) {
		check_route(&j->check, prefix, &verdict);
	}
	key.is_rejected = verdict.reason != REJECT_NONE;
	if (has_rules && !key.is_rejected) {
		key.tags = verdict.tags;
		key.is_unsent = verdict.is_unsent;
		key.is_limited = verdict.is_limited;
		key.is_draining = verdict.is_draining;
		key.is_blackhole = verdict.is_blackhole;
		key.family = verdict.is_blackhole ? prefix->family : 0;
		key.takers = takers_of(j, prefix, verdict.own);
	}
	struct variant *v = variant_of(j, &key, &verdict);
	if (!v->fits) {
		/* What would be added has no room: nobody can be sent it as policy wants it. */
		struct variant_key rejected = {.takers = NULL, .word = 0};
		rejected.is_rejected = true;
		return answer(j, variant_of(j, &rejected, &verdict), REJECT_COMMUNITIES);
	}
	return answer(j, v, verdict.reason);
}

void judge_end(struct judge *j)
{
	ASSERT(j->is_begun);
	for (unsigned i = 0; i < j->variant_count; i++) {
		settle(j, &j->variant[i]);
	}
	j->variant_count = 0;
	j->is_begun = false;
}

bool judge_is_said(const struct judge *j, const struct policy_scope *scope, const struct attr *a,
		   enum reject reason)
{
	/* What is kept out is so whatever it asks for; but for what would not fit. */
	if (j->policy == NULL || (reason != REJECT_NONE && reason != REJECT_COMMUNITIES)) {
		return false;
	}
	const struct policy_index *x = j->policy->index;
	if (scope->meanings != 0 && (asks_read(x, &a->facts, a->wire) & scope->meanings) != 0) {
		return true;
	}
	/* Who asks is sent on without what was asked. */
	bool is_dressed = a->reach != NULL || a->sent != NULL;
	return scope->named_count > 0 && (is_dressed || reason != REJECT_NONE) &&
	       asks_name(x, &a->facts, a->wire, scope->named, scope->named_count);
}
