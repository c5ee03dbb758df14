/* `explain --from`: see explain_from.h.
 *
 * The checks are made again, by the policy in force, and all of them whether or not one before has
 * failed: who has two things to mend should hear of both.  The verdict is the one by which the
 * route stands in the table, which a change of policy under way may not have reached. */
#include "control/api/explain_from.h"

#include <stdio.h>

#include "control/api/refusal.h"
#include "control/api/route_json.h"
#include "rib/base/check.h"
#include "rib/policy/explain.h"

static json_t *note_json(const struct check_note *note)
{
	json_t *row = json_pack("{s:s, s:s, s:s}", "check", reject_name(note->reason), "verdict",
				check_verdict_name(note->verdict), "key", note->key);
	if (note->detail[0] != '\0') {
		json_object_set_new(row, "detail", json_string(note->detail));
	}
	return row;
}

/* Without rules there is what the session has found, and nothing else. */
static json_t *checks_json(const struct policy *policy, const struct path *p,
			   const struct prefix *prefix)
{
	struct check_note note[CHECK_NOTES_MAX];
	json_t *list = json_array();
	if (policy == NULL || p->peer >= policy->peer_count) {
		return list;
	}
	enum reject reason = (enum reject)p->reason;
	enum reject known = reject_is_of_session(reason) ? reason : REJECT_NONE;
	unsigned count = check_explain(policy, p->peer, p->attr, known, prefix, note);
	for (unsigned i = 0; i < count; i++) {
		json_array_append_new(list, note_json(&note[i]));
	}
	return list;
}

static void end(const struct api_env *env, const struct prefix *prefix, const struct path *p,
		unsigned count, struct reply *out)
{
	struct refusal why;
	char name[ADDR_TEXT_MAX], text[1024];
	addr_format(&env->roster->row[p->peer].addr, name);
	enum reject reason = (enum reject)p->reason;
	if (count > 1) {
		snprintf(text, sizeof(text), "%s announces %u paths of this prefix", name, count);
	} else if (reason == REJECT_NONE) {
		snprintf(text, sizeof(text), "the route of %s is accepted", name);
	} else {
		refusal_of(env, p, prefix, &why);
		snprintf(text, sizeof(text), "the route of %s is rejected: %s. %s%s%s", name,
			 why.text, why.detail, why.detail[0] != '\0' ? " " : "", why.remedy);
	}
	reply_end(out, "done", text);
}

void explain_from(const struct api_env *env, peer_id_t from, const struct scan_hit *hit,
		  struct reply *out)
{
	const struct path *last = NULL;
	unsigned count = 0;
	for (unsigned i = 0; i < hit->paths->count; i++) {
		const struct path *p = &hit->paths->path[i];
		if (p->peer != from) {
			continue;
		}
		json_t *row = route_json(env, &hit->prefix, hit->paths, i, p->attr);
		json_object_set_new(row, "checks", checks_json(env->policy, p, &hit->prefix));
		reply_row(out, row);
		last = p;
		count++;
	}
	if (last == NULL) {
		reply_end(out, "not_found", EXPLAIN_FROM_NOTHING);
		return;
	}
	end(env, &hit->prefix, last, count, out);
}
