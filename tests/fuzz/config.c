/* The configuration: whatever a file holds, mistakes have places, and what is accepted makes rules.
 *
 * Input: the file. */
#include <stdlib.h>
#include <string.h>

#include "control/config/diff.h"
#include "control/policy/build.h"
#include "control/policy/scope.h"
#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"

#define NAME "/nonexistent/causeway.yml" /* No file that it includes beside itself is there. */

/* libfyaml 0.7.12 loses the text of some scalars that it finds fault with.  That documents are
 * given back is for the unit tests, which have no such exception. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

static void check_errors(const struct config_errors *e, bool is_accepted)
{
	unsigned errors = 0;
	for (unsigned i = 0; i < e->count; i++) {
		const struct config_error *one = &e->item[i];
		ASSERT(one->text[0] != '\0' && one->line >= 0 && one->column >= 0);
		errors += !one->is_warning;
	}
	ASSERT(errors == e->error_count);
	ASSERT(is_accepted == (errors == 0));
}

/* The same rules twice: nothing differs. */
static void check_rules(const struct config *c)
{
	const struct policy_sources sources = {.irr = NULL};
	const struct config_client **client = calloc(c->client_count + 1, sizeof(*client));
	struct policy_scope scope;
	ASSERT(client != NULL);
	for (unsigned i = 0; i < c->client_count; i++) {
		client[i] = &c->client[i];
	}
	struct policy_input in = {.conf = &c->policy,
				  .rs_as = c->rs_as,
				  .peer_count = c->client_count,
				  .client = client,
				  .sources = &sources,
				  .generation = 1};
	struct policy *first = policy_build(&in);
	in.before = first;
	in.generation = 2;
	struct policy *second = policy_build(&in);
	ASSERT(first != NULL && second != NULL);
	bool is_changed = policy_scope_between(first, second, NULL, &scope);
	ASSERT(!is_changed);
	policy_free(first);
	policy_free(second);
	free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config_errors errors;
	struct config_diff diff;
	struct config *c = config_parse(NAME, (const char *)data, len, &errors);
	check_errors(&errors, c != NULL);
	if (c != NULL) {
		config_diff(c, c, &diff);
		ASSERT(diff.count == 0);
		check_rules(c);
	}
	config_free(c);
	config_errors_free(&errors);
	return 0;
}
