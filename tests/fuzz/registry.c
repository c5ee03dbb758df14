/* Commands to the registry, as text: two tenants with what they bring, and whatever is asked of it.
 * Each change is applied, written as JSON and read again; then nothing is half there, looking again
 * changes nothing, and a refusal has a status, words and a remedy.
 *
 * Input: lines, "VKA[ID ][ACTION ]JSON": V a verb (c create, u update, d delete, a action,
 * e evidence, i import, t tick, z undo), K the kind's letter, A who asks (o operator, a and b
 * tenants, s system, v viewer). */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/registry/authorise.h"
#include "control/registry/plan.h"
#include "rib/base/check.h"
#include "rib/base/prng.h"
#include "tests/support/whole.h"

#define START_S	  INT64_C(1795766400) /* 2026-11-27T08:00:00Z */
#define LINES_MAX 40
#define KEPT	  8

static const char kinds[] = "tapesmnkd"; /* In the order of enum registry_kind. */

struct world {
	struct registry *registry;
	struct registry_rules rules;
	struct prng prng;
	int64_t now_s;
	registry_id_t tenant[2];
	struct registry_change *kept[KEPT];
	unsigned count;
	bool is_checked; /* What sets the world up is not. */
};

static void seeded(void *context, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)out)[i] = (uint8_t)prng_u64(context);
	}
}

static void check_why(const struct world *w)
{
	struct prefix p;
	struct registry_why why;
	struct addr a = addr_v4(198u << 24 | 18u << 16 | 2);
	const struct registry_session *s = registry_session_at(w->registry, &a);
	ASSERT(prefix_parse("203.0.113.0/24", &p, NULL) == 0);
	if (s == NULL) {
		return;
	}
	struct registry_grant g;
	registry_grant(w->registry, &w->rules, s, w->now_s, NULL, &g);
	bool is_granted = prefix_set_match(g.authorised, &p, 4200, NULL) &&
			  registry_session_runs(w->registry, s, NULL);
	ASSERT(is_granted != registry_why(w->registry, &w->rules, s, &p, 4200, w->now_s, &why));
	registry_grant_put(&g);
}

/* Through JSON and back it is the same change, and can be applied. */
static void apply(struct world *w, struct registry_change *c)
{
	const struct whole whole = {.registry = w->registry, .rules = &w->rules, .now_s = w->now_s};
	json_t *json = registry_change_json(c, REGISTRY_VIEW_STORE);
	json_t *shown = registry_change_json(c, REGISTRY_VIEW_API);
	struct registry_change *copy = registry_change_from_json(json);
	ASSERT(copy != NULL);
	json_t *again = registry_change_json(copy, REGISTRY_VIEW_STORE);
	char *text = json_dumps(shown, 0);
	ASSERT(text != NULL && json_equal(json, again));
	ASSERT(registry_apply(w->registry, copy));
	if (w->is_checked) {
		registry_check(w->registry);
		whole_check(&whole);
		check_why(w);
	}
	free(text);
	json_decref(json);
	json_decref(shown);
	json_decref(again);
	registry_change_free(c);
	registry_change_free(w->kept[w->count % KEPT]);
	w->kept[w->count++ % KEPT] = copy;
}

static void run(struct world *w, struct registry_command *c)
{
	struct registry_change *change = NULL;
	struct registry_error error = {.status = 0};
	uint64_t revision = registry_revision(w->registry);
	c->now_s = w->now_s;
	if (registry_plan(w->registry, &w->rules, c, &change, &error)) {
		apply(w, change);
	} else {
		ASSERT(error.status >= 400 && error.text[0] != '\0' && error.reason != NULL);
		ASSERT(error.remedy[0] != '\0' && registry_revision(w->registry) == revision);
	}
}

static struct registry_author author_of(const struct world *w, char letter)
{
	struct registry_author a = {.kind = AUTHOR_TOKEN, .role = ROLE_OPERATOR, .name = "fuzz"};
	if (letter == 'a' || letter == 'b') {
		a.role = ROLE_TENANT;
		a.tenant = w->tenant[letter - 'a'];
	} else if (letter == 's' || letter == 'v') {
		a.role = letter == 's' ? ROLE_SYSTEM : ROLE_VIEWER;
	}
	return a;
}

/* The next word of the line into `out`, which is as large as ids and actions can be. */
static char *word_of(char *at, char out[40])
{
	size_t len = strcspn(at, " ");
	(void)snprintf(out, 40, "%.*s", (int)len, at);
	at += len;
	return *at == ' ' ? at + 1 : at;
}

static void run_body(struct world *w, struct registry_command *c, const char *text)
{
	json_t *body = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	bool needs_body = c->verb == VERB_CREATE || c->verb == VERB_UPDATE ||
			  c->verb == VERB_EVIDENCE || c->verb == VERB_IMPORT;
	c->body = body;
	/* The API takes only objects, and arrays to be imported: call.c. */
	if (needs_body ? json_is_object(body) || c->verb == VERB_IMPORT
		       : body == NULL || json_is_object(body)) {
		run(w, c);
	}
	json_decref(body);
}

static void run_line(struct world *w, char *line)
{
	char id[40], action[40];
	static const char verbs[] = "cudizaet"; /* In the order of enum registry_verb. */
	const char *verb = strlen(line) < 3 ? NULL : strchr(verbs, line[0]);
	const char *kind = verb == NULL ? NULL : strchr(kinds, line[1]);
	if (kind == NULL || line[0] == '\0' || line[1] == '\0') {
		return;
	}
	struct registry_command c = {.verb = (enum registry_verb)(verb - verbs),
				     .kind = (enum registry_kind)(kind - kinds),
				     .author = author_of(w, line[2])};
	char *rest = line + 3;
	if (c.verb == VERB_TICK) {
		w->now_s += (int64_t)strtoul(rest, NULL, 10) % 10000000;
		c.author.role = ROLE_SYSTEM;
		run(w, &c);
		return;
	}
	if (c.verb == VERB_UNDO) {
		c.undo = w->kept[strtoul(rest, NULL, 10) % KEPT];
		run(w, &c);
		return;
	}
	if (c.verb != VERB_CREATE && c.verb != VERB_IMPORT) {
		rest = word_of(rest, id);
		c.id = id;
	}
	if (c.verb == VERB_ACTION) {
		rest = word_of(rest, action);
		c.action = action;
	}
	run_body(w, &c, rest);
}

static registry_id_t made(const struct world *w)
{
	const struct registry_change *c = w->kept[(w->count - 1) % KEPT];
	return c->item[0].id;
}

static registry_id_t set_up(struct world *w, const char *format, const char *id)
{
	char line[400];
	unsigned before = w->count;
	(void)snprintf(line, sizeof(line), format, id, id);
	run_line(w, line);
	ASSERT(w->count == before + 1);
	return made(w);
}

static void begin(struct world *w)
{
	registry_id_t id[2], site;
	w->registry = registry_new();
	w->now_s = START_S;
	registry_rules_init(&w->rules);
	prng_init(&w->prng, 1);
	w->rules.random = seeded;
	w->rules.random_context = &w->prng;
	w->rules.rs_as = 64999;
	w->tenant[0] = set_up(w, "cto{\"name\": \"a\"}", "");
	w->tenant[1] = set_up(w, "cto{\"name\": \"b\"}", "");
	id[0] = set_up(w, "cao{\"tenant\": \"%s\", \"asn\": 4200}", w->tenant[0].text);
	id[1] = set_up(w, "cao{\"tenant\": \"%s\", \"asn\": 4201}", w->tenant[1].text);
	set_up(w, "aao%s approve {}", id[0].text);
	set_up(w, "aao%s approve {}", id[1].text);
	site = set_up(w, "cso{\"name\": \"s\", \"pool_ipv4\": \"198.18.0.0/29\"}", "");
	(void)snprintf(id[1].text, sizeof(id[1].text), "%s", site.text);
	set_up(w, "cna{\"asn\": 4200, \"site\": \"%s\"}", site.text);
	id[0] = set_up(w,
		       "cpa{\"prefix\": \"203.0.112.0/22\", \"max_length\": 24, "
		       "\"origins\": [4200]}",
		       "");
	set_up(w, "apo%s approve {}", id[0].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w = {.count = 0};
	char *text = strndup((const char *)data, len), *save = NULL;
	unsigned lines = 0;
	ASSERT(text != NULL);
	begin(&w);
	w.is_checked = true;
	for (char *line = strtok_r(text, "\n", &save); line != NULL && lines < LINES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		run_line(&w, line);
		lines++;
	}
	for (unsigned i = 0; i < KEPT; i++) {
		registry_change_free(w.kept[i]);
	}
	registry_free(w.registry);
	free(text);
	return 0;
}
