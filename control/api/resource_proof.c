/* Proofs that are given with a request: judged at once, and written as evidence. */
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/api/resource.h"
#include "control/evidence/given.h"
#include "rib/base/check.h"

static struct given given_of(const struct call *c, const struct registry_object *o)
{
	return (struct given){.registry = registrar_registry(c->env->registrar),
			      .rules = registrar_rules(c->env->registrar),
			      .object = o,
			      .author = &c->who,
			      .now_s = c->now_s};
}

/* Takes `body`; NULL: `error` says why. */
static void submit(struct call *c, const struct given *g, json_t *body,
		   const struct registry_error *error)
{
	if (body == NULL) {
		call_problem(c, error);
		return;
	}
	const struct resource_command command = {.verb = VERB_EVIDENCE,
						 .kind = g->object->kind,
						 .id = c->arg[0],
						 .body = body,
						 .author = given_author(g)};
	resource_submit(c, &command);
	json_decref(body);
}

void serve_signature(struct call *c)
{
	const struct registry_object *o = resource_own_object(c);
	struct registry_error error;
	if (o != NULL) {
		const struct given g = given_of(c, o);
		submit(c, &g, given_signature(&g, c->body, &error), &error);
	}
}

void serve_rdap(struct call *c)
{
	const struct registry_object *o = resource_own_object(c);
	struct registry_error error;
	if (o == NULL) {
		return;
	}
	/* By the control socket it comes as a value; what is no JSON, or nothing, is none. */
	char *text = c->body != NULL ? json_dumps(c->body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	const struct given g = given_of(c, o);
	struct span said = text != NULL ? span_of(text, strlen(text)) : c->raw;
	submit(c, &g, given_rdap(&g, said, &error), &error);
	free(text);
}

void serve_letter_given(struct call *c)
{
	const struct registry_object *o = resource_own_object(c);
	struct registry_error error;
	if (o != NULL) {
		const struct given g = given_of(c, o);
		submit(c, &g, given_letter(&g, c->raw, &error), &error);
	}
}

void serve_message(struct call *c)
{
	const struct registry_object *o = resource_object(c);
	if (o == NULL) {
		return;
	}
	char *text = malloc(GIVEN_MESSAGE_MAX);
	ASSERT(text != NULL);
	size_t len = given_message((const struct registry_prefix *)o, c->now_s, text);
	call_answer_bytes(c, "text/plain; charset=utf-8", text, len);
}

/* The letter has the tenant's name and contact, which are nobody's who delegated the prefix. */
void serve_letter(struct call *c)
{
	const struct registry_object *o =
		c->who.role == ROLE_TENANT ? resource_own_object(c) : resource_object(c);
	uint8_t *pdf = NULL;
	size_t len = 0;
	if (o == NULL) {
		return;
	}
	if (!given_letter_write(registrar_registry(c->env->registrar),
				registrar_rules(c->env->registrar),
				(const struct registry_prefix *)o, c->now_s, &pdf, &len)) {
		call_fail(c, 500, "memory", "the letter could not be made");
		return;
	}
	call_answer_bytes(c, "application/pdf", (char *)pdf, len);
}
