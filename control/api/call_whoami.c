/* /whoami: what the caller's token is. */
#include "control/api/handlers.h"

void serve_whoami(struct call *c)
{
	static const char *const roles[] = {[ROLE_NOBODY] = "nobody",
					    [ROLE_TENANT] = "tenant",
					    [ROLE_VIEWER] = "viewer",
					    [ROLE_OPERATOR] = "operator",
					    [ROLE_SYSTEM] = "system"};
	bool is_tenant = c->who.role == ROLE_TENANT;
	call_answer(c, 200,
		    json_pack("{s:s, s:s, s:o}", "role", roles[c->who.role], "name", c->who.name,
			      "tenant", is_tenant ? json_string(c->who.tenant.text) : json_null()));
}
