/* Alarms are compared with those of the second before; see watch.h.
 *
 * An alarm is known by what it is of, "rpki FILE" or "irr AS-SET", and has a detail in words.  One
 * that has another detail is told again. */
#include "control/daemon/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/evidence/evidence.h"
#include "control/evidence/record.h"
#include "control/irr/irr.h"
#include "control/store/registrar.h"
#include "rib/base/check.h"

#define ITEMS_MAX   100 /* Of a change, named in one event. */
#define TENANTS_MAX 64	/* Told of one change. */

struct watch {
	struct feed *feed;
	const struct roster *roster;
	struct registrar *registrar; /* That we listen to; NULL: none. */
	usec_t due;
	uint64_t rules_made;
	bool has_rules; /* `rules_made` is known. */
	json_t *alarms; /* Of the last look: name → detail. */
};

uint64_t watch_now_us(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

static const char *tenant_of(void *context, const struct addr *a)
{
	const struct watch *w = context;
	peer_id_t peer = roster_find(w->roster, a);
	return peer != PEER_NONE ? roster_client(w->roster, peer)->policy.tenant : NULL;
}

struct watch *watch_new(struct feed *feed, const struct roster *roster)
{
	struct watch *w = calloc(1, sizeof(*w));
	ASSERT(w != NULL);
	w->feed = feed;
	w->roster = roster;
	feed_ask(feed, tenant_of, w);
	w->alarms = json_object();
	return w;
}

void watch_free(struct watch *w)
{
	if (w != NULL) {
		if (w->registrar != NULL) {
			registrar_unlisten(w->registrar, w);
		}
		json_decref(w->alarms);
		free(w);
	}
}

static void add_alarm(json_t *to, const char *kind, const char *of, const char *detail)
{
	char name[512];
	(void)snprintf(name, sizeof(name), "%s %s", kind, of);
	/* A program's words need not be UTF-8. */
	json_t *text = json_string(detail);
	json_object_set_new(to, name, text != NULL ? text : json_string("(not readable)"));
}

/* Whose an item is; "": nobody's. */
static const char *tenant_of_item(const struct registry_item *item)
{
	const json_t *object = item->after != NULL ? item->after : item->before;
	const char *tenant = json_string_value(json_object_get(object, "tenant"));
	if (item->kind == REGISTRY_TENANT) {
		return item->id.text;
	}
	return tenant != NULL ? tenant : "";
}

static const char *member_of(const struct registry_item *item, const char *name)
{
	const char *text = json_string_value(json_object_get(item->after, name));
	return text != NULL ? text : "";
}

/* A proof has another result. */
static void tell_evidence(struct watch *w, const struct registry_item *item)
{
	char text[256];
	const char *before = json_string_value(json_object_get(item->before, "result"));
	if (item->after == NULL ||
	    (before != NULL && strcmp(before, member_of(item, "result")) == 0)) {
		return;
	}
	(void)snprintf(text, sizeof(text), "the proof by %s of %s is %s", member_of(item, "type"),
		       member_of(item, "subject"), member_of(item, "result"));
	feed_push(w->feed,
		  &(struct feed_event){.type = FEED_EVIDENCE,
				       .at_us = watch_now_us(),
				       .tenant = tenant_of_item(item),
				       .text = text,
				       .data = json_pack("{s:s, s:s, s:s, s:s, s:s}", "evidence",
							 item->id.text, "subject",
							 member_of(item, "subject"), "type",
							 member_of(item, "type"), "result",
							 member_of(item, "result"), "reason",
							 member_of(item, "reason"))});
}

/* What of a change is one tenant's: an event of its own, so that nobody hears of others'. */
static void tell_change(struct watch *w, const struct registry_change *change, const char *tenant)
{
	size_t count = 0;
	json_t *items = json_array();
	for (size_t i = 0; i < change->count; i++) {
		const struct registry_item *item = &change->item[i];
		if (strcmp(tenant_of_item(item), tenant) == 0 && count++ < ITEMS_MAX) {
			json_array_append_new(items, json_pack("{s:s, s:s}", "kind",
							       registry_kind_text(item->kind), "id",
							       item->id.text));
		}
	}
	feed_push(w->feed,
		  &(struct feed_event){.type = FEED_CHANGE,
				       .at_us = watch_now_us(),
				       .tenant = tenant,
				       .text = count == change->count
						       ? change->summary
						       : "changed with objects of others",
				       .data = json_pack("{s:I, s:I, s:o}", "revision",
							 (json_int_t)change->revision, "count",
							 (json_int_t)count, "items", items)});
}

static void changed(void *context, const struct registry_change *change)
{
	struct watch *w = context;
	json_t *told = json_object();
	if (change == NULL) {
		json_decref(told);
		feed_push(w->feed, &(struct feed_event){.type = FEED_CHANGE,
							.at_us = watch_now_us(),
							.text = "the registry was loaded"});
		return;
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct registry_item *item = &change->item[i];
		const char *tenant = tenant_of_item(item);
		if (json_object_get(told, tenant) == NULL && json_object_size(told) < TENANTS_MAX) {
			json_object_set_new(told, tenant, json_true());
			tell_change(w, change, tenant);
		}
		if (item->kind == REGISTRY_EVIDENCE && i < ITEMS_MAX) {
			tell_evidence(w, item);
		}
	}
	json_decref(told);
}

static json_t *look_for_alarms(const struct api_env *env)
{
	json_t *found = json_object();
	for (unsigned i = 0; env->rpki != NULL && i < rpki_source_count(env->rpki); i++) {
		const struct source *s = rpki_source(env->rpki, i);
		if (s->alarm != SOURCE_FINE) {
			add_alarm(found, "rpki", s->name, s->detail);
		}
	}
	const char *why = "";
	if (env->registrar != NULL && registrar_state(env->registrar, &why) != REGISTRAR_READY &&
	    registrar_state(env->registrar, NULL) != REGISTRAR_LOADING) {
		add_alarm(found, "store", "database", why);
	}
	for (unsigned i = 0; env->irr != NULL && i < irr_set_count(env->irr); i++) {
		const struct irr_set *s = irr_set_at(env->irr, i);
		const struct irr_set_part *part = irr_set_alarmed(s);
		if (part != NULL) {
			add_alarm(found, "irr", s->name.text, part->detail);
		}
	}
	for (unsigned t = 0; env->evidence != NULL && t < EVIDENCE_TYPE_COUNT; t++) {
		const char *fails = evidence_failing(env->evidence, (enum evidence_type)t);
		if (fails != NULL) {
			add_alarm(found, "evidence", record_type_text((enum evidence_type)t),
				  fails);
		}
	}
	return found;
}

static void tell_alarm(struct watch *w, const char *name, bool is_on, const char *detail)
{
	char text[768];
	const char *of = strchr(name, ' ');
	ASSERT(of != NULL);
	(void)snprintf(text, sizeof(text), is_on ? "%s: %s" : "%s: the alarm is over", of + 1,
		       detail);
	feed_push(w->feed,
		  &(struct feed_event){.type = FEED_ALARM,
				       .at_us = watch_now_us(),
				       .text = text,
				       .data = json_pack("{s:s%, s:s, s:b, s:s}", "source", name,
							 (size_t)(of - name), "name", of + 1,
							 "is_on", is_on, "detail", detail)});
}

static void watch_alarms(struct watch *w, const struct api_env *env)
{
	json_t *found = look_for_alarms(env);
	const char *name;
	json_t *detail;
	json_object_foreach(found, name, detail)
	{
		if (!json_equal(json_object_get(w->alarms, name), detail)) {
			tell_alarm(w, name, true, json_string_value(detail));
		}
	}
	json_object_foreach(w->alarms, name, detail)
	{
		if (json_object_get(found, name) == NULL) {
			tell_alarm(w, name, false, json_string_value(detail));
		}
	}
	json_decref(w->alarms);
	w->alarms = found;
}

/* However many generations a second made, it is one event. */
static void watch_rules(struct watch *w, const struct api_env *env)
{
	bool is_new = w->has_rules && env->rules.made != w->rules_made;
	w->has_rules = true;
	w->rules_made = env->rules.made;
	if (is_new) {
		feed_push(w->feed, &(struct feed_event){
					   .type = FEED_RULES,
					   .at_us = watch_now_us(),
					   .text = "other rules are in force",
					   .data = json_pack("{s:I}", "generation",
							     (json_int_t)env->rules.generation)});
	}
}

void watch_step(struct watch *w, const struct api_env *env, usec_t now)
{
	if (w->registrar == NULL && env->registrar != NULL) {
		w->registrar = env->registrar;
		registrar_listen(w->registrar, changed, w);
	}
	if (now < w->due) {
		return;
	}
	w->due = now + USEC_PER_SEC;
	watch_alarms(w, env);
	watch_rules(w, env);
}

void watch_reload(struct watch *w)
{
	feed_push(w->feed, &(struct feed_event){.type = FEED_RELOAD,
						.at_us = watch_now_us(),
						.text = "the configuration was read again"});
}
