/* The registry's only writer: see registrar.h.
 *
 * The first of the queue is planned and given to the store; it stays the first until its fate is
 * known.  CONFLICT plans it again, on a registry that by then has what came first.  What has to be
 * read before it can be planned (the change to undo, the first answer to a request key) holds the
 * queue up for that long.
 */
#include "control/store/registrar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "control/registry/field.h"
#include "control/store/record.h"
#include "control/store/waiting.h"
#include "rib/base/check.h"
#include "rib/base/log.h"

#define TURN_MAX     64			 /* Commands that end without the database in one step. */
#define PATIENCE_US  (10 * USEC_PER_SEC) /* For a change whose fate is unknown. */
#define SLOW_US	     USEC_PER_SEC
#define TICK_AGAIN_S 60 /* After a tick that found nothing though something was due. */
#define ASKED_MAX    STORE_QUESTIONS_MAX

struct listener {
	registrar_changed *changed;
	void *context;
};

/* A question on its way: of somebody, or (`for_first`) of ours for the first command. */
struct asked {
	uint64_t ticket;
	bool for_first, is_replay;
	registrar_found *found;
	registrar_data *data;
	void *context;
};

struct registrar {
	struct store *store;
	const struct registry_rules *rules;
	struct registry *registry;
	struct request_keys *keys;
	enum registrar_state state;
	bool has_duty;
	char why[STORE_TEXT_MAX];
	bool is_loaded;
	struct waiting *first, **last;
	struct registry_change *under_way; /* Of the first. */
	usec_t patience;  /* Until when it may be unknown; USEC_NEVER: as long as it takes. */
	bool is_given_up; /* It was answered; is it kept? */
	struct asked asked[ASKED_MAX];
	unsigned asked_count;
	struct listener *listener;
	unsigned listener_count;
	int64_t tick_s;	 /* When the next tick is due. */
	bool is_ticking; /* One is in the queue. */
	usec_t now;
	int64_t now_s;
	struct registrar_counts counts;
};

bool registrar_has_duty(const struct registrar *r)
{
	return r->has_duty;
}

const char *registrar_state_text(enum registrar_state state)
{
	static const char *const texts[] = {[REGISTRAR_LOADING] = "loading",
					    [REGISTRAR_READY] = "ready",
					    [REGISTRAR_READ_ONLY] = "read-only",
					    [REGISTRAR_BROKEN] = "broken"};
	ASSERT(state < ARRAY_COUNT(texts));
	return texts[state];
}

struct registrar *registrar_new(struct store *store, const struct registry_rules *rules)
{
	struct registrar *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->store = store;
	r->rules = rules;
	r->registry = registry_new();
	r->keys = request_keys_new();
	r->last = &r->first;
	r->patience = USEC_NEVER;
	r->tick_s = INT64_MAX;
	snprintf(r->why, sizeof(r->why), "the registry is being read from %s", store_name(store));
	return r;
}

void registrar_free(struct registrar *r)
{
	struct waiting *w;
	if (r == NULL) {
		return;
	}
	store_close(r->store);
	while ((w = r->first) != NULL) {
		r->first = w->next;
		waiting_free(w);
	}
	registry_change_free(r->under_way);
	registry_free(r->registry);
	request_keys_free(r->keys);
	free(r->listener);
	free(r);
}

static void plan_tick(struct registrar *r)
{
	r->tick_s = r->is_loaded ? registry_due_s(r->registry) : INT64_MAX;
}

void registrar_set_rules(struct registrar *r, const struct registry_rules *rules)
{
	r->rules = rules;
	plan_tick(r);
}

const struct registry_rules *registrar_rules(const struct registrar *r)
{
	return r->rules;
}

const struct registry *registrar_registry(const struct registrar *r)
{
	return r->registry;
}

enum registrar_state registrar_state(const struct registrar *r, const char **why)
{
	if (why != NULL) {
		*why = r->why;
	}
	return r->state;
}

void registrar_count(const struct registrar *r, struct registrar_counts *out)
{
	*out = r->counts;
}

/* --- Listeners --- */

void registrar_listen(struct registrar *r, registrar_changed *changed, void *context)
{
	r->listener = reallocarray(r->listener, r->listener_count + 1, sizeof(*r->listener));
	ASSERT(r->listener != NULL);
	r->listener[r->listener_count++] =
		(struct listener){.changed = changed, .context = context};
}

void registrar_unlisten(struct registrar *r, void *context)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < r->listener_count; i++) {
		if (r->listener[i].context != context) {
			r->listener[kept++] = r->listener[i];
		}
	}
	r->listener_count = kept;
}

static void tell_all(struct registrar *r, const struct registry_change *change)
{
	for (unsigned i = 0; i < r->listener_count; i++) {
		r->listener[i].changed(r->listener[i].context, change);
	}
}

/* --- Changes --- */

static void put_key(struct registrar *r, const struct registry_change *c)
{
	if (c->request_key[0] != '\0') {
		char *text = record_request(&c->author, c->request_key);
		const struct request_key key = {.text = text,
						.hash = c->request_hash,
						.revision = c->revision,
						.at_s = c->at_s};
		request_keys_put(r->keys, &key);
		free(text);
	}
}

/* False: it does not fit, which only a fault of a program explains; nothing more is written. */
static bool apply(struct registrar *r, const struct registry_change *c)
{
	if (!registry_apply(r->registry, c)) {
		r->state = REGISTRAR_BROKEN;
		snprintf(
			r->why, sizeof(r->why),
			"change %llu of the registry does not fit what this server has; restart it "
			"to read everything anew",
			(unsigned long long)c->revision);
		log_event(LOG_ERROR, "registry is broken", "detail", r->why, NULL);
		return false;
	}
	put_key(r, c);
	plan_tick(r);
	tell_all(r, c);
	return true;
}

/* Our own, for all that is due. */
static bool is_tick(const struct waiting *w)
{
	return w->command.verb == VERB_TICK && w->command.id == NULL;
}

/* The first has its answer. */
static void remove_first(struct registrar *r)
{
	struct waiting *w = r->first;
	r->first = w->next;
	r->last = r->first == NULL ? &r->first : r->last;
	r->counts.queued--;
	r->is_ticking &= !is_tick(w);
	registry_change_free(r->under_way);
	r->under_way = NULL;
	r->patience = USEC_NEVER;
	r->is_given_up = false;
	waiting_free(w);
}

static void refuse_first(struct registrar *r, int status, const char *reason, const char *remedy,
			 const char *text)
{
	r->counts.refused++;
	waiting_refuse(r->first, status, reason, remedy, "%s", text);
	remove_first(r);
}

static void refuse_away(struct registrar *r)
{
	refuse_first(r, 503, "database-away", "Try again later; the operator has to restore it.",
		     r->why);
}

/* --- What the store says --- */

static void take_committed(struct registrar *r, const struct store_news *n)
{
	struct registry_change *c = r->under_way;
	ASSERT(c != NULL && c->revision == n->revision);
	r->counts.commits++;
	r->counts.commit_us_last = n->took_us;
	r->counts.commit_us_max = max_u64(r->counts.commit_us_max, n->took_us);
	if (n->took_us > SLOW_US) {
		r->counts.slow++;
		log_printf(LOG_WARNING, "registry commit was slow", "revision %llu took %llu ms",
			   (unsigned long long)c->revision,
			   (unsigned long long)(n->took_us / USEC_PER_MSEC));
	}
	if (!apply(r, c)) {
		refuse_first(r, 500, "database", "Tell the operator.", r->why);
		return;
	}
	waiting_answer(r->first, c, NULL);
	remove_first(r);
}

static void take_failed(struct registrar *r, const char *text)
{
	r->counts.failures++;
	log_event(LOG_ERROR, "registry change was not kept", "detail", text, NULL);
	if (r->under_way != NULL) {
		refuse_first(r, 503, "database",
			     "Nothing was changed; try again once the operator has put it right.",
			     text);
	}
}

/* It is planned again, unless nobody waits any more. */
static void take_conflict(struct registrar *r)
{
	r->counts.conflicts++;
	if (r->under_way == NULL) {
		return;
	}
	if (r->is_given_up) {
		remove_first(r);
		return;
	}
	registry_change_free(r->under_way);
	r->under_way = NULL;
	r->patience = USEC_NEVER;
}

static void take_loaded(struct registrar *r, struct store_news *n)
{
	registry_free(r->registry);
	r->registry = n->registry;
	n->registry = NULL;
	r->is_loaded = true;
	plan_tick(r);
	if (r->state == REGISTRAR_LOADING) {
		r->state = REGISTRAR_READ_ONLY;
	}
	log_printf(LOG_INFO, "registry loaded", "revision %llu of %s",
		   (unsigned long long)n->revision,
		   n->is_copy ? "the local copy" : store_name(r->store));
	tell_all(r, NULL);
}

static void take_keys(struct registrar *r, const struct store_news *n)
{
	request_keys_free(r->keys);
	r->keys = request_keys_new();
	for (size_t i = 0; i < n->key_count; i++) {
		request_keys_put(r->keys, &n->key[i]);
	}
}

static void take_away(struct registrar *r, const struct store_news *n)
{
	char since[REGISTRY_TIME_MAX];
	r->has_duty = false;
	if (r->state == REGISTRAR_READY) {
		r->state = REGISTRAR_READ_ONLY;
	}
	if (r->under_way != NULL && r->patience == USEC_NEVER) {
		r->patience = r->now + PATIENCE_US;
	}
	r->counts.away_since_s = n->at_s;
	if (r->state != REGISTRAR_BROKEN) {
		snprintf(r->why, sizeof(r->why), "the database is away since %s: %.340s",
			 registry_time_format(n->at_s, since), n->text);
	}
	log_event(LOG_ERROR, "registry database is away", "detail", n->text, NULL);
}

static void take_back(struct registrar *r, bool has_duty)
{
	r->has_duty = has_duty;
	if (r->counts.away_since_s != 0) {
		log_event(LOG_NOTICE, "registry database is back", NULL);
	}
	r->counts.away_since_s = 0;
	if (r->state != REGISTRAR_BROKEN) {
		r->state = REGISTRAR_READY;
		r->why[0] = '\0';
	}
}

static void answer_asker(const struct asked *a, const struct store_news *n)
{
	struct registry_error e = {.status = 503, .reason = "database-away"};
	snprintf(e.text, sizeof(e.text), "%.319s", n->text);
	snprintf(e.remedy, sizeof(e.remedy), "Try again later.");
	const struct registry_error *error = n->is_failed ? &e : NULL;
	if (a->found != NULL) {
		a->found(a->context, n->found, n->found_count, n->next, error);
	} else if (a->data != NULL) {
		a->data(a->context, n->data, error);
	}
}

/* What had to be read before the first could be planned. */
static void take_first(struct registrar *r, const struct asked *a, struct store_news *n)
{
	struct waiting *w = r->first;
	ASSERT(w != NULL && w->is_asked);
	w->is_asked = false;
	if (n->is_failed) {
		refuse_away(r);
	} else if (n->found_count == 0) {
		refuse_first(r, 404, "not-found", "Correct the revision.",
			     "there is no such change");
	} else if (a->is_replay) {
		waiting_answer(w, n->found[0], NULL);
		remove_first(r);
	} else {
		w->undo = n->found[0];
		n->found_count = 0;
	}
}

static void take_answer(struct registrar *r, struct store_news *n)
{
	for (unsigned i = 0; i < r->asked_count; i++) {
		if (r->asked[i].ticket == n->ticket) {
			const struct asked a = r->asked[i];
			r->asked[i] = r->asked[--r->asked_count];
			if (a.for_first) {
				take_first(r, &a, n);
			} else {
				answer_asker(&a, n);
			}
			return;
		}
	}
}

static void take_news(struct registrar *r, struct store_news *n)
{
	switch (n->kind) {
	case STORE_LOADED:
		take_loaded(r, n);
		break;
	case STORE_KEYS:
		take_keys(r, n);
		break;
	case STORE_COMMITTED:
		take_committed(r, n);
		break;
	case STORE_CONFLICT:
		take_conflict(r);
		break;
	case STORE_FAILED:
		take_failed(r, n->text);
		break;
	case STORE_CHANGE:
		r->counts.foreign++;
		(void)apply(r, n->change);
		break;
	case STORE_AWAY:
		take_away(r, n);
		break;
	case STORE_BACK:
		take_back(r, n->has_duty);
		break;
	case STORE_DUTY:
		r->has_duty = true;
		log_event(LOG_NOTICE, "registry duty taken over", NULL);
		break;
	case STORE_NOTE:
		log_event(LOG_WARNING, "registry store", "detail", n->text, NULL);
		break;
	case STORE_ANSWER:
		take_answer(r, n);
		break;
	}
}

/* --- Commands --- */

static void append(struct registrar *r, struct waiting *w)
{
	*r->last = w;
	r->last = &w->next;
	r->counts.queued++;
}

/* Answered in its turn, as all are: the queue has room for the refusals, too. */
void registrar_submit(struct registrar *r, const struct registrar_command *c, registrar_done *done,
		      void *context)
{
	struct waiting *w = waiting_new(c, done, context);
	w->is_refused = r->counts.queued >= REGISTRAR_QUEUE_MAX;
	append(r, w);
}

void registrar_forget(struct registrar *r, void *context)
{
	for (struct waiting *w = r->first; w != NULL; w = w->next) {
		if (w->context == context) {
			w->done = NULL;
		}
	}
	for (unsigned i = 0; i < r->asked_count; i++) {
		if (!r->asked[i].for_first && r->asked[i].context == context) {
			r->asked[i].found = NULL;
			r->asked[i].data = NULL;
		}
	}
}

static void submit_tick(struct registrar *r)
{
	const struct registrar_command c = {
		.command = {
			.verb = VERB_TICK,
			.author = {.kind = AUTHOR_SYSTEM, .role = ROLE_SYSTEM, .name = "time"}}};
	append(r, waiting_new(&c, NULL, NULL));
	r->is_ticking = true;
}

/* The first waits for a change to be read. */
static void read_first(struct registrar *r, uint64_t revision, bool is_replay)
{
	const struct store_question q = {.revision = revision, .limit = 1};
	uint64_t ticket = r->asked_count < ASKED_MAX ? store_ask(r->store, &q) : 0;
	if (ticket == 0) {
		refuse_first(r, 429, "busy", "Try again later.", "too much is being asked");
		return;
	}
	r->asked[r->asked_count++] =
		(struct asked){.ticket = ticket, .for_first = true, .is_replay = is_replay};
	r->first->is_asked = true;
}

/* Whether the first was commanded before, with the same key: it is answered as it was then. */
static bool is_repeated(struct registrar *r)
{
	const struct waiting *w = r->first;
	const struct request_key *key = w->request != NULL && !w->is_dry_run
						? request_keys_find(r->keys, w->request, r->now_s)
						: NULL;
	if (key == NULL) {
		return false;
	}
	if (key->hash != w->command.request_hash) {
		refuse_first(r, 422, "request-key", "Use a new Idempotency-Key for a new request.",
			     "the Idempotency-Key was used for another request");
	} else {
		read_first(r, key->revision, true);
	}
	return true;
}

static bool has_large_document(const struct registry_change *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const json_t *data = c->item[i].kind == REGISTRY_DOCUMENT
					     ? json_object_get(c->item[i].after, "data")
					     : NULL;
		if (data != NULL && json_string_length(data) > (STORE_DOCUMENT_MAX + 2) / 3 * 4) {
			return true;
		}
	}
	return false;
}

static void finish_planned(struct registrar *r, struct registry_change *c)
{
	if (r->first->is_dry_run || c->count == 0) {
		if (is_tick(r->first)) {
			r->tick_s = r->now_s + TICK_AGAIN_S;
		}
		waiting_answer(r->first, c, NULL);
		registry_change_free(c);
		remove_first(r);
		return;
	}
	const char *why = c->count > REGISTRAR_ITEMS_MAX ? "one change can have 10,000 objects"
			  : has_large_document(c)	 ? "a document can have 1 MiB"
							 : NULL;
	if (why != NULL) {
		registry_change_free(c);
		refuse_first(r, 413, "too-large", "Give less at a time.", why);
		return;
	}
	r->under_way = c;
	bool is_taken = store_commit(r->store, c);
	ASSERT(is_taken);
}

/* Plan the first, or refuse it. */
static void plan_first(struct registrar *r)
{
	struct registry_change *change = NULL;
	struct registry_error error = {.status = 500};
	struct waiting *w = r->first;
	w->command.now_s = r->now_s;
	w->command.undo = w->undo;
	if (registry_plan(r->registry, r->rules, &w->command, &change, &error)) {
		finish_planned(r, change);
		return;
	}
	r->counts.refused++;
	waiting_answer(w, NULL, &error);
	remove_first(r);
}

static void serve_first(struct registrar *r)
{
	struct waiting *w = r->first;
	bool can_plan = r->is_loaded && r->state != REGISTRAR_BROKEN;
	if (w->is_refused) {
		refuse_first(r, 429, "busy", "Try again later, with less at a time.",
			     "too many changes are waiting");
	} else if (!can_plan || (r->state != REGISTRAR_READY && !w->is_dry_run)) {
		refuse_away(r);
	} else if (is_repeated(r)) {
		return;
	} else if (w->command.verb == VERB_UNDO && w->undo == NULL) {
		read_first(r, w->undo_of, false);
	} else {
		plan_first(r);
	}
}

static bool is_held_up(const struct registrar *r)
{
	return r->first == NULL || r->under_way != NULL || r->first->is_asked;
}

/* The database went away under the first, and does not come back. */
static void lose_patience(struct registrar *r)
{
	if (r->under_way != NULL && !r->is_given_up && r->now >= r->patience) {
		r->is_given_up = true;
		r->counts.refused++;
		waiting_refuse(
			r->first, 503, "database-away",
			"Ask again with the same Idempotency-Key, or look at the changes, "
			"once the database is back.",
			"the database went away while the change was being kept, and whether "
			"it was is not known yet");
	}
}

bool registrar_step(struct registrar *r, usec_t now, int64_t now_s)
{
	struct store_news n;
	bool has_worked = false;
	r->now = now;
	r->now_s = now_s;
	while (store_take(r->store, &n)) {
		take_news(r, &n);
		store_news_fini(&n);
		has_worked = true;
	}
	lose_patience(r);
	if (r->state == REGISTRAR_READY && !r->is_ticking && now_s >= r->tick_s) {
		submit_tick(r);
	}
	for (unsigned i = 0; i < TURN_MAX && !is_held_up(r); i++) {
		serve_first(r);
		has_worked = true;
	}
	return has_worked;
}

unsigned registrar_fds(const struct registrar *r, struct pollfd *out)
{
	out[0] = (struct pollfd){.fd = store_fd(r->store), .events = POLLIN};
	return 1;
}

usec_t registrar_due(const struct registrar *r)
{
	if (!is_held_up(r)) {
		return r->now;
	}
	usec_t due = r->is_given_up ? USEC_NEVER : r->patience;
	if (r->state == REGISTRAR_READY && !r->is_ticking && r->tick_s != INT64_MAX) {
		int64_t ahead_s = r->tick_s > r->now_s ? r->tick_s - r->now_s : 0;
		due = min_u64(due, r->now + (usec_t)ahead_s * USEC_PER_SEC);
	}
	return due;
}

/* --- Questions --- */

static void ask(struct registrar *r, const struct store_question *q, const struct asked *a)
{
	struct asked asked = *a;
	asked.ticket = r->asked_count < ASKED_MAX ? store_ask(r->store, q) : 0;
	if (asked.ticket != 0) {
		r->asked[r->asked_count++] = asked;
		return;
	}
	struct store_news n = {.is_failed = true, .text = "too much is being asked"};
	answer_asker(&asked, &n);
}

void registrar_changes(struct registrar *r, const struct store_question *q, registrar_found *found,
		       void *context)
{
	const struct asked a = {.found = found, .context = context};
	ask(r, q, &a);
}

void registrar_document(struct registrar *r, const char *id, registrar_data *found, void *context)
{
	const struct store_question q = {.document = id};
	const struct asked a = {.data = found, .context = context};
	ask(r, &q, &a);
}
