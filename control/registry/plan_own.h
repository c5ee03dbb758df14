/* The parts of a plan: one for each verb, and what is filled in when an object is made. */
#pragma once

#include "control/registry/check.h"

/* All: false with the plan's error. */
/* `id`: the one it is to have, or NULL; *out_id (may be NULL): the one it has. */
bool plan_create(struct tx *t, enum registry_kind kind, const json_t *body, const char *id,
		 registry_id_t *out_id);
bool plan_update(struct tx *t, enum registry_kind kind, const char *id, const json_t *body);
bool plan_delete(struct tx *t, enum registry_kind kind, const char *id);
bool plan_action(struct tx *t);
bool plan_evidence(struct tx *t);
bool plan_import(struct tx *t);
bool plan_undo(struct tx *t);
bool plan_tick(struct tx *t);

/* The command's object, if its author may write it and it has the revision that is asked for. */
const void *plan_find(struct tx *t, enum registry_kind kind, const char *id);
/* "prefix 203.0.113.0/24" */
#define PLAN_TITLE_MAX 100
const char *plan_title(const struct registry_object *o, char *buf);

/* What a new object has before the body is merged into it, and what is made after. */
void make_defaults(struct tx *t, struct registry_object *o, const json_t *body);
bool make_finish(struct tx *t, struct registry_object *o, const json_t *body);
/* A session's new key, answered once. */
void make_key(struct tx *t, struct registry_session *s);
/* The key before is taken beside the new one for a while, so that the member can change its own in
 * peace.  RFC 5925 §3.1: another key has other numbers. */
void make_key_room(struct tx *t, struct registry_session *s, const struct registry_session *before);
void make_no_old_key(struct registry_session *s);

/* Take a finding about a subject into its evidence, and let it move. */
void record_finding(struct tx *t, const struct registry_object *subject, enum evidence_type type,
		    const struct life_finding *found);
/* The letter of a prefix of which more is wanted than it says is no proof any more, without grace;
 * false: there is none that is one, or may become one. */
bool end_letter(struct tx *t, const char *prefix);
/* Let a prefix's tenant do something; false with error: its state forbids it. */
bool prefix_event(struct tx *t, const struct registry_prefix *p, enum prefix_event event);
