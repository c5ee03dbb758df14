/* An alarm is what somebody has to look at: a database that does not keep changes, and each kind of
 * proof whose source does not answer. */
#include "control/api/status_registry.h"

#include <string.h>

#include "control/evidence/evidence.h"
#include "control/evidence/record.h"
#include "control/registry/field.h"
#include "control/store/registrar.h"
#include "rib/base/check.h"

/* Kinds that the server looks at by itself. */
static const enum evidence_type asked[] = {EVIDENCE_ROA, EVIDENCE_IRR, EVIDENCE_DNS};

static void set_number(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static void put_numbers(json_t *to, const struct registry_numbers *n)
{
	set_number(to, "revision", n->revision);
	set_number(to, "revision_in_force", n->revision_in_force);
	set_number(to, "took_us", n->took_us);
	set_number(to, "took_us_max", n->took_us_max);
	set_number(to, "changes", n->changes);
	set_number(to, "slow", n->slow);
	set_number(to, "pending", n->pending);
	set_number(to, "sessions", n->sessions);
	set_number(to, "refused", n->refused);
	json_object_set_new(to, "has_duty", json_boolean(n->has_duty));
}

/* The kind alone: the rest of a URL may be a password. */
static const char *database_kind(const char *url)
{
	return strncmp(url, "sqlite:", 7) == 0 ? "sqlite" : "postgresql";
}

static unsigned put_store(json_t *to, const struct registrar *r)
{
	struct registrar_counts counts;
	char at[REGISTRY_TIME_MAX];
	registrar_count(r, &counts);
	set_number(to, "commits", counts.commits);
	set_number(to, "failed_commits", counts.failures);
	set_number(to, "queued", counts.queued);
	json_object_set_new(to, "away_since",
			    counts.away_since_s != 0
				    ? json_string(registry_time_format(counts.away_since_s, at))
				    : json_null());
	enum registrar_state state = registrar_state(r, NULL);
	return state == REGISTRAR_READ_ONLY || state == REGISTRAR_BROKEN ? 1 : 0;
}

static unsigned put_evidence(json_t *to, const struct evidence *e)
{
	json_t *failing = json_array();
	set_number(to, "checks_waiting", evidence_numbers(e).waiting);
	for (unsigned i = 0; i < ARRAY_COUNT(asked); i++) {
		const char *why = evidence_failing(e, asked[i]);
		if (why != NULL) {
			json_array_append_new(failing,
					      json_pack("{s:s, s:s}", "type",
							record_type_text(asked[i]), "text", why));
		}
	}
	json_object_set_new(to, "failing_sources", failing);
	return (unsigned)json_array_size(failing);
}

json_t *status_registry(const struct api_env *env)
{
	const struct registry_numbers *n = &env->registry;
	unsigned alarms = 0;
	ASSERT(n->is_on && n->state != NULL);
	json_t *to = json_pack("{s:s}", "state", n->state);
	if (n->why != NULL && n->why[0] != '\0') {
		json_object_set_new(to, "detail", json_string(n->why));
	}
	if (env->config->registry.database != NULL) {
		json_object_set_new(to, "database",
				    json_string(database_kind(env->config->registry.database)));
	}
	json_object_set_new(to, "site",
			    env->config->registry.site != NULL
				    ? json_string(env->config->registry.site)
				    : json_null());
	put_numbers(to, n);
	if (env->registrar != NULL) {
		alarms += put_store(to, env->registrar);
	}
	if (env->evidence != NULL) {
		alarms += put_evidence(to, env->evidence);
	}
	set_number(to, "alarms", alarms);
	return to;
}
