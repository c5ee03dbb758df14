/* The words behind `causeway registry`: understood as a call, or refused with a sentence.
 *
 * Input: the words, a line each. */
#include "control/cli/registry_args.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 70

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len), *save = NULL, *word[WORDS_MAX];
	char why[300] = "";
	int count = 0;
	struct cli out = {.socket = CLI_SOCKET_DEFAULT};
	ASSERT(text != NULL);
	for (char *at = strtok_r(text, "\n", &save); at != NULL && count < WORDS_MAX;
	     at = strtok_r(NULL, "\n", &save)) {
		/* It opens the file behind it. */
		if (strcmp(at, "import") != 0) {
			word[count++] = at;
		}
	}
	enum cli_verdict v = registry_args(count, word, &out, why, sizeof(why));
	if (v == CLI_RUN) {
		char *line = json_dumps(out.request, JSON_COMPACT);
		ASSERT(line != NULL && strchr(line, '\n') == NULL);
		ASSERT(json_string_length(json_object_get(out.request, "path")) > 0);
		free(line);
		json_decref(out.request);
	} else {
		ASSERT(v != CLI_USAGE || (why[0] != '\0' && strlen(why) < sizeof(why)));
	}
	free(text);
	return 0;
}
