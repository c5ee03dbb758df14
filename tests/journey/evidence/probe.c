/* Evidence as the server has it, without BGP and HTTP: the registry in SQLite, the RPKI's sources,
 * bgpq4 and the resolver of a configuration, and commands as JSON, one a line.
 *
 *     probe CONFIGURATION
 *
 * {"verb": "create"|"action", "kind", "id", "action", "body"}       as an operator
 * {"give": "signature"|"rdap"|"letter", "id", "body"|"text", "as": "tenant"|"operator"}
 * {"ask": "object"|"message"|"letter"|"check", "id", "file"}
 *
 * Each is answered by one line: what it asked for, {"ids": […]} of what was made, or
 * {"error": reason, "text"}. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "control/daemon/evidence_join.h"
#include "control/evidence/given.h"
#include "control/registry/change.h"
#include "rib/base/check.h"

struct probe {
	struct registrar *registrar;
	struct registry_rules rules;
	struct evidence_join *join;
	struct rpki *rpki;
	bool is_answered;
};

static const struct registry_author OPERATOR = {
	.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "operator"};

static usec_t clock_us(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (usec_t)at.tv_sec * USEC_PER_SEC + (usec_t)at.tv_nsec / 1000;
}

static void answer(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);
	puts(text);
	(void)fflush(stdout);
	free(text);
	json_decref(j);
}

static void refuse(const struct registry_error *e)
{
	answer(json_pack("{s:s, s:i, s:s}", "error", e->reason, "status", e->status, "text",
			 e->text));
}

static void done(void *context, const struct registry_change *change,
		 const struct registry_error *error)
{
	struct probe *p = context;
	p->is_answered = true;
	if (change == NULL) {
		refuse(error);
		return;
	}
	json_t *ids = json_array();
	for (size_t i = 0; i < change->count; i++) {
		json_array_append_new(ids, json_string(change->item[i].id.text));
	}
	answer(json_pack("{s:o}", "ids", ids));
}

static const char *text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));
	return text != NULL ? text : "";
}

static void submit(struct probe *p, struct registry_command *c)
{
	c->now_s = (int64_t)time(NULL);
	const struct registrar_command command = {.command = *c};
	p->is_answered = false;
	registrar_submit(p->registrar, &command, done, p);
}

static void command(struct probe *p, const json_t *line)
{
	enum registry_kind kind = REGISTRY_TENANT;
	(void)registry_kind_parse(text_of(line, "kind"), &kind);
	struct registry_command c = {
		.verb = strcmp(text_of(line, "verb"), "create") == 0 ? VERB_CREATE : VERB_ACTION,
		.kind = kind,
		.id = text_of(line, "id"),
		.action = text_of(line, "action"),
		.body = json_object_get(line, "body"),
		.author = OPERATOR};
	submit(p, &c);
}

static const struct registry_object *object_of(const struct probe *p, const json_t *line)
{
	enum registry_kind kind;
	return registry_kind_of_id(text_of(line, "id"), &kind)
		       ? registry_get(registrar_registry(p->registrar), kind, text_of(line, "id"))
		       : NULL;
}

static void give(struct probe *p, const json_t *line, const struct registry_object *o)
{
	struct registry_author author = OPERATOR;
	struct registry_error error;
	const char *what = text_of(line, "give"), *text = text_of(line, "text");
	json_t *body;
	if (strcmp(text_of(line, "as"), "tenant") == 0) {
		author.role = ROLE_TENANT;
		(void)snprintf(author.tenant.text, sizeof(author.tenant.text), "%s",
			       registry_tenant_of(o));
	}
	const struct given g = {.registry = registrar_registry(p->registrar),
				.object = o,
				.author = &author,
				.now_s = (int64_t)time(NULL)};
	if (strcmp(what, "signature") == 0) {
		body = given_signature(&g, json_object_get(line, "body"), &error);
	} else if (strcmp(what, "rdap") == 0) {
		body = given_rdap(&g, span_of(text, strlen(text)), &error);
	} else {
		body = given_letter(&g, span_of(text, strlen(text)), &error);
	}
	if (body == NULL) {
		refuse(&error);
		return;
	}
	struct registry_command c = {.verb = VERB_EVIDENCE,
				     .kind = o->kind,
				     .id = text_of(line, "id"),
				     .body = body,
				     .author = given_author(&g)};
	submit(p, &c);
	json_decref(body);
}

static bool write_letter(const struct probe *p, const struct registry_prefix *o, const char *path)
{
	uint8_t *pdf;
	size_t len;
	if (!given_letter_write(registrar_registry(p->registrar), &p->rules, o, (int64_t)time(NULL),
				&pdf, &len)) {
		return false;
	}
	FILE *f = fopen(path, "w");
	bool is_good = f != NULL && fwrite(pdf, 1, len, f) == len;
	is_good = f != NULL && fclose(f) == 0 && is_good;
	free(pdf);
	return is_good;
}

static void ask(struct probe *p, const json_t *line, const struct registry_object *o)
{
	const char *what = text_of(line, "ask");
	char text[GIVEN_MESSAGE_MAX];
	if (strcmp(what, "message") == 0) {
		(void)given_message((const void *)o, (int64_t)time(NULL), text);
		answer(json_pack("{s:s}", "message", text));
	} else if (strcmp(what, "letter") == 0) {
		answer(json_pack("{s:b}", "written",
				 write_letter(p, (const void *)o, text_of(line, "file"))));
	} else if (strcmp(what, "check") == 0) {
		evidence_check_now(evidence_join_evidence(p->join), o->id.text);
		answer(json_object());
	} else {
		answer(registry_show(registrar_registry(p->registrar), &p->rules, o,
				     (int64_t)time(NULL)));
	}
}

static void take_line(struct probe *p, const char *text)
{
	json_t *line = json_loads(text, 0, NULL);
	const struct registry_object *o = object_of(p, line);
	if (json_object_get(line, "verb") != NULL) {
		command(p, line);
	} else if (o == NULL) {
		answer(json_pack("{s:s, s:s}", "error", "not-found", "text", text));
	} else if (json_object_get(line, "give") != NULL) {
		give(p, line, o);
	} else {
		ask(p, line, o);
	}
	json_decref(line);
}

static void bytes(void *context, void *out, size_t len)
{
	(void)context;
	ASSERT(getrandom(out, len, 0) == (ssize_t)len);
}

static void turn(struct probe *p, int timeout_ms)
{
	struct pollfd fds[1 + REGISTRAR_FDS_MAX + RPKI_FDS_MAX + EVIDENCE_FDS_MAX] = {
		{.fd = 0, .events = POLLIN}};
	unsigned count = 1;
	count += registrar_fds(p->registrar, fds + count);
	count += rpki_fds(p->rpki, fds + count);
	count += evidence_join_fds(p->join, fds + count);
	(void)poll(fds, count, timeout_ms);
	(void)rpki_step(p->rpki, clock_us());
	(void)registrar_step(p->registrar, clock_us(), (int64_t)time(NULL));
}

static void loop(struct probe *p)
{
	static char line[1 << 20];
	bool has_more = false;
	p->is_answered = true;
	for (;;) {
		struct pollfd in = {.fd = 0, .events = POLLIN};
		turn(p, has_more ? 0 : 25);
		has_more = evidence_join_step(p->join, clock_us(), (int64_t)time(NULL));
		/* Unbuffered: whoever writes waits for each answer. */
		if (p->is_answered && poll(&in, 1, 0) == 1) {
			if (fgets(line, sizeof(line), stdin) == NULL) {
				return;
			}
			take_line(p, line);
		}
	}
}

static bool set_up(struct probe *p, const struct config *c)
{
	char why[400] = "";
	const struct store_opts opts = {.url = c->registry.database,
					.state_dir = c->control.state_dir};
	struct store *store = store_open(&opts, why, sizeof(why));
	if (store == NULL) {
		fprintf(stderr, "probe: %s\n", why);
		return false;
	}
	registry_rules_init(&p->rules);
	p->rules.evidence_accepted = c->registry.accepted;
	p->rules.recheck_s = c->registry.recheck_s;
	p->rules.rs_as = c->rs_as;
	p->rules.has_test_asns = true;
	p->rules.random = bytes;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		p->rules.len[f].min = c->registry.len[f].min;
		p->rules.len[f].max = c->registry.len[f].max;
	}
	for (unsigned i = 0; i < REGISTRY_PROOF_COUNT; i++) {
		p->rules.grace_s[i] = c->registry.grace_s[i];
	}
	p->registrar = registrar_new(store, &p->rules);
	p->rpki = rpki_new(&c->rpki, clock_us());
	p->join = evidence_join_new(p->registrar, p->rpki, c, 1);
	return true;
}

int main(int argc, char **argv)
{
	struct probe p = {.registrar = NULL};
	struct config_errors errors;
	struct config *c = argc == 2 ? config_load(argv[1], &errors) : NULL;
	if (argc == 2) {
		config_errors_print(&errors, stderr);
		config_errors_free(&errors);
	}
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	if (c == NULL || !set_up(&p, c)) {
		return 1;
	}
	while (registrar_state(p.registrar, NULL) == REGISTRAR_LOADING) {
		turn(&p, 25);
	}
	loop(&p);
	evidence_join_free(p.join);
	registrar_free(p.registrar);
	rpki_free(p.rpki);
	config_free(c);
	return 0;
}
