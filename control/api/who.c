/* Tokens are the registry's objects; sockets are guarded by the file system. */
#include "control/api/who.h"

#include <stdio.h>
#include <string.h>

#include "control/registry/registry.h"
#include "control/store/registrar.h"
#include "rib/base/check.h"

static bool is_enabled(const struct registry *r, const char *tenant)
{
	const struct registry_object *o = registry_get(r, REGISTRY_TENANT, tenant);
	return o != NULL && ((const struct registry_tenant *)o)->is_enabled;
}

bool who_of_token(const struct api_env *env, const char *token, int64_t now_s,
		  struct registry_author *out)
{
	static const enum registry_role roles[] = {[TOKEN_OPERATOR] = ROLE_OPERATOR,
						   [TOKEN_VIEWER] = ROLE_VIEWER,
						   [TOKEN_TENANT] = ROLE_TENANT};
	if (env->registrar == NULL) {
		return false;
	}
	const struct registry *r = registrar_registry(env->registrar);
	const struct registry_token *t = registry_token_of(r, token, now_s);
	if (t == NULL || t->role >= ARRAY_COUNT(roles)) {
		return false;
	}
	struct registry_author who = {.kind = AUTHOR_TOKEN, .role = roles[t->role]};
	if (who.role == ROLE_TENANT && !is_enabled(r, t->tenant.text)) {
		return false;
	}
	if (who.role == ROLE_TENANT) {
		who.tenant = t->tenant;
	}
	(void)snprintf(who.name, sizeof(who.name), "%s",
		       t->name[0] != '\0' ? t->name : t->object.id.text);
	*out = who;
	return true;
}

struct registry_author who_of_socket(bool is_read_only, uid_t uid)
{
	struct registry_author who = {.kind = AUTHOR_SOCKET,
				      .role = is_read_only ? ROLE_VIEWER : ROLE_OPERATOR};
	(void)snprintf(who.name, sizeof(who.name), "uid %u", (unsigned)uid);
	return who;
}
