/* `restart`: asked of the daemon, which ends without a NOTIFICATION: members keep our routes.
 *
 * What would keep the server from coming back is found before it goes: a faulty configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/job.h"
#include "rib/base/check.h"

static bool is_config_good(const char *file)
{
	struct config_errors errors;
	struct config *c = config_load(file, &errors);
	bool is_good = c != NULL;
	config_errors_free(&errors);
	config_free(c);
	return is_good;
}

static bool step(struct job *j, const struct api_env *env, struct reply *out, usec_t now)
{
	(void)now;
	reply_head(out, json_pack("{s:s}", "command", api_command_text(j->request.command)));
	if (!is_config_good(env->config_file)) {
		reply_end(out, "refused",
			  "the configuration file is faulty, so the server would not come back; "
			  "see causewayd --check");
		return true;
	}
	env->wish->is_restart = true;
	env->wish->uid = j->uid;
	memcpy(env->wish->reason, j->request.reason, sizeof(env->wish->reason));
	static_assert(sizeof(env->wish->reason) == sizeof(j->request.reason), "one text, one size");
	reply_end(out, "done", "the server ends, and its members keep its routes");
	return true;
}

static void free_restart(struct job *j)
{
	free(j);
}

struct job *job_restart(const struct api_request *r)
{
	struct job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct job){.step = step, .free = free_restart, .request = *r};
	return j;
}
