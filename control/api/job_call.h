/* `call`: a call that comes by the control socket.
 *
 *     {"command": "call", "method": "POST", "path": "/api/v1/prefixes", "query": {…}, "body": {…},
 *      "if_match": 7, "key": "…"}
 *
 * Its answer: a head with the status as HTTP has it ("status", "revision", "location"), a row with
 * the document, and an end.  A problem is a row, too, and the end says refused, not_found or usage.
 * A body that is not JSON is {"media_type": …, "data": BASE64}, and so is such an answer. */
#pragma once

#include "control/api/job.h"

#define CALL_LINE_MAX (9 * 1024 * 1024) /* An import, and what is around it. */

/* Whether a line may be a call: then job_call says. */
bool line_may_be_call(const char *line, size_t len);
/* NULL without `why`: the line is another command.  NULL with it: it is none that can be done. */
struct job *job_call(const char *line, size_t len, const struct api_env *env, bool is_read_only,
		     char *why, size_t why_len);
