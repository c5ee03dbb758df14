/* Rules say that nothing authorises a route; which authorisation is missing, or what it lacks, the
 * registry knows (registry_why); see refusal.h. */
#include "control/api/refusal.h"

#include <stdio.h>
#include <time.h>

#include "control/registry/authorise.h"
#include "control/store/registrar.h"

static const struct registry_session *session_of(const struct api_env *env, peer_id_t peer)
{
	if (env->registrar == NULL || peer >= env->roster->capacity) {
		return NULL;
	}
	return registry_session_at(registrar_registry(env->registrar),
				   &env->roster->row[peer].addr);
}

void refusal_of(const struct api_env *env, const struct path *p, const struct prefix *prefix,
		struct refusal *out)
{
	struct registry_why why;
	enum reject reason = (enum reject)p->reason;
	*out = (struct refusal){.text = reject_text(reason)};
	(void)snprintf(out->remedy, sizeof(out->remedy), "%s", reject_remedy(reason));
	if (reason != REJECT_UNAUTHORISED) {
		return;
	}
	const struct registry_session *s = session_of(env, p->peer);
	if (s != NULL &&
	    registry_why(registrar_registry(env->registrar), registrar_rules(env->registrar), s,
			 prefix, p->attr->facts.origin_as, (int64_t)time(NULL), &why)) {
		(void)snprintf(out->reason, sizeof(out->reason), "%s", why.reason);
		(void)snprintf(out->detail, sizeof(out->detail), "%s", why.text);
		(void)snprintf(out->remedy, sizeof(out->remedy), "%s", why.remedy);
	}
}
