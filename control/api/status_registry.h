/* What `status` says of the registry: how far this server's copy is, whether changes can be kept,
 * and what fails. */
#pragma once

#include "control/api/job.h"

/* env->registry.is_on; what is not there yet (registrar, evidence) is left out. */
json_t *status_registry(const struct api_env *env);
