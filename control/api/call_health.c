/* /health: that the control loop answers at all. */
#include "control/api/handlers.h"

void serve_health(struct call *c)
{
	usec_t up = c->now > c->env->started ? c->now - c->env->started : 0;
	call_answer(c, 200,
		    json_pack("{s:s, s:s, s:I}", "status", "ok", "version", CAUSEWAY_VERSION,
			      "uptime_s", (json_int_t)(up / USEC_PER_SEC)));
}
