/* Calls on the registry's resources, with a registrar that keeps what they change. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/call.h"
#include "control/evidence/evidence.h"
#include "control/store/registrar.h"
#include "rib/base/prng.h"
#include "tests/unit/store/rig.h"

#define NOW_S INT64_C(1795766400)

/* A registry in which A has a /16, out of which B has a /24. */
struct desk {
	struct rig rig;
	struct registry_rules rules;
	struct prng prng;
	struct config config;
	struct registry_conf conf;
	struct irr_conf irr;
	struct api_env env;
	int64_t now_s;
	registry_id_t a, b, c, parent, child;
};

static void seeded(void *context, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)out)[i] = (uint8_t)prng_u64(context);
	}
}

static void turn(struct desk *d)
{
	struct pollfd fds[REGISTRAR_FDS_MAX];
	if (!registrar_step(d->env.registrar, 1, d->now_s)) {
		unsigned count = registrar_fds(d->env.registrar, fds);
		cr_assert_gt(poll(fds, count, 10000), 0, "nothing happens");
	}
}

struct asked {
	const char *method, *path, *type, *body, *key;
	const registry_id_t *tenant; /* NULL: an operator asks. */
};

static const char *const as_json = "application/json";

/* The call, answered; the caller's. */
static struct call *ask(struct desk *d, const struct asked *q)
{
	char path[200];
	enum call_method method;
	cr_assert(call_method_parse(q->method, &method));
	struct call *c = call_new(&d->env, method);
	(void)snprintf(path, sizeof(path), ROUTE_ROOT "%s", q->path);
	char *query = strchr(path, '?');
	if (query != NULL) {
		*query++ = '\0';
		char *value = strchr(query, '=');
		*value++ = '\0';
		cr_assert(call_add_query(c, query, value));
	}
	cr_assert(call_find(c, path), "%s", path);
	c->who = (struct registry_author){.kind = AUTHOR_TOKEN, .role = ROLE_OPERATOR, .name = "x"};
	if (q->tenant != NULL) {
		c->who.role = ROLE_TENANT;
		c->who.tenant = *q->tenant;
	}
	if (q->key != NULL) {
		(void)snprintf(c->request_key, sizeof(c->request_key), "%s", q->key);
	}
	const char *body = q->body != NULL ? q->body : "";
	cr_assert(call_take_body(c, q->type != NULL ? q->type : as_json,
				 span_of(body, strlen(body))));
	call_run(c, 1, d->now_s);
	while (c->answer == ANSWER_NONE) {
		turn(d);
	}
	return c;
}

/* What an operator makes; its id. */
static registry_id_t make(struct desk *d, const char *path, const char *body)
{
	registry_id_t id = {.text = ""};
	struct call *c = ask(d, &(struct asked){.method = "POST", .path = path, .body = body});
	cr_assert_eq(c->status, 201, "%s", json_string_value(json_object_get(c->json, "detail")));
	(void)snprintf(id.text, sizeof(id.text), "%s",
		       json_string_value(json_object_get(c->json, "id")));
	call_free(c);
	return id;
}

static registry_id_t make_tenant(struct desk *d, const char *name, unsigned asn)
{
	char body[256];
	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"contact\":\"phone of %s\"}", name,
		       name);
	registry_id_t id = make(d, "/tenants", body);
	(void)snprintf(body, sizeof(body), "{\"tenant\":\"%s\",\"asn\":%u}", id.text, asn);
	(void)make(d, "/asns", body);
	return id;
}

static registry_id_t make_prefix(struct desk *d, const registry_id_t *tenant, const char *prefix,
				 const char *rest)
{
	char body[256];
	(void)snprintf(body, sizeof(body), "{\"tenant\":\"%s\",\"prefix\":\"%s\",%s}", tenant->text,
		       prefix, rest);
	return make(d, "/prefixes", body);
}

static const struct registry *registry_of(void *context)
{
	const struct desk *d = context;
	return registrar_registry(d->env.registrar);
}

static const struct registry_rules *rules_of(void *context)
{
	const struct desk *d = context;
	return &d->rules;
}

static void begin(struct desk *d)
{
	char why[STORE_TEXT_MAX], rest[100];
	memset(d, 0, sizeof(*d));
	rig_init(&d->rig);
	const struct store_opts o = {.url = "sqlite:registry.db", .state_dir = d->rig.dir};
	struct store *s = store_open(&o, why, sizeof(why));
	cr_assert_not_null(s, "%s", why);
	registry_rules_init(&d->rules);
	prng_init(&d->prng, 7);
	d->rules.random = seeded;
	d->rules.random_context = &d->prng;
	d->rules.rs_as = 64999;
	d->now_s = NOW_S;
	d->env = (struct api_env){.config = &d->config, .registrar = registrar_new(s, &d->rules)};
	while (registrar_state(d->env.registrar, NULL) != REGISTRAR_READY) {
		turn(d);
	}
	d->a = make_tenant(d, "A", 398101);
	d->b = make_tenant(d, "B", 398102);
	d->c = make_tenant(d, "C", 398103);
	d->parent =
		make_prefix(d, &d->a, "185.77.0.0/16", "\"origins\":[398101],\"max_length\":24");
	(void)snprintf(rest, sizeof(rest), "\"origins\":[398102],\"parent\":\"%s\"",
		       d->parent.text);
	d->child = make_prefix(d, &d->b, "185.77.4.0/24", rest);
	const struct evidence_opts e = {
		.world = {.context = d, .registry = registry_of, .rules = rules_of},
		.conf = &d->conf,
		.irr = &d->irr};
	d->env.evidence = evidence_new(&e);
}

static void end(struct desk *d)
{
	evidence_free(d->env.evidence);
	registrar_free(d->env.registrar);
	rig_fini(&d->rig);
}

static const char *about(const registry_id_t *prefix, const char *what, char buf[100])
{
	(void)snprintf(buf, 100, "/prefixes/%s%s", prefix->text, what);
	return buf;
}

static int status_of(struct desk *d, const struct asked *q)
{
	struct call *c = ask(d, q);
	int status = c->status;
	call_free(c);
	return status;
}

/* Whoever repeats an upload with its key gets its answer, and be it a second later. */
Test(resource, a_repeated_letter_is_answered_as_the_first)
{
	struct desk d;
	char path[100];
	begin(&d);
	cr_expect_eq(status_of(&d, &(struct asked){.method = "POST",
						   .path = about(&d.child, "/submit", path),
						   .tenant = &d.b}),
		     200);
	struct asked q = {.method = "POST",
			  .path = about(&d.child, "/letter", path),
			  .type = "application/pdf",
			  .body = "%PDF-1.4\n%%EOF\n",
			  .key = "once",
			  .tenant = &d.b};
	cr_expect_eq(status_of(&d, &q), 200);
	uint64_t revision = registry_revision(registrar_registry(d.env.registrar));
	d.now_s++;
	cr_expect_eq(status_of(&d, &q), 200);
	cr_expect_eq(registry_revision(registrar_registry(d.env.registrar)), revision);
	q.body = "%PDF-1.5\n%%EOF\n";
	cr_expect_eq(status_of(&d, &q), 422, "another letter is another request");
	end(&d);
}

/* Who delegated a prefix sees it, but may not have it looked at. */
Test(resource, a_look_at_proofs_begins_for_those_alone_who_may_ask_for_it)
{
	struct desk d;
	char path[100];
	begin(&d);
	struct asked q = {
		.method = "POST", .path = about(&d.child, "/check", path), .tenant = &d.a};
	cr_expect_eq(status_of(&d, &q), 403);
	cr_expect_eq(evidence_numbers(d.env.evidence).waiting, 0);
	q.tenant = &d.c;
	cr_expect_eq(status_of(&d, &q), 404);
	cr_expect_eq(evidence_numbers(d.env.evidence).waiting, 0);
	q.tenant = &d.b;
	cr_expect_eq(status_of(&d, &q), 200);
	cr_expect_eq(evidence_numbers(d.env.evidence).waiting, 1);
	end(&d);
}

/* The letter has name and contact of the prefix's tenant. */
Test(resource, a_letter_is_for_its_tenant)
{
	struct desk d;
	char path[100];
	begin(&d);
	struct asked q = {.method = "GET", .path = about(&d.child, "/letter", path)};
	q.tenant = &d.a;
	cr_expect_eq(status_of(&d, &q), 403);
	q.tenant = &d.b;
	cr_expect_eq(status_of(&d, &q), 200);
	q.tenant = NULL;
	cr_expect_eq(status_of(&d, &q), 200);
	end(&d);
}

static size_t items_of(struct desk *d, const struct asked *q, bool *out_has_more)
{
	struct call *c = ask(d, q);
	size_t count = json_array_size(json_object_get(c->json, "items"));
	cr_assert_eq(c->status, 200);
	*out_has_more = !json_is_null(json_object_get(c->json, "next_cursor"));
	call_free(c);
	return count;
}

/* So many that one answer does not look at them all. */
static void delegate_many(struct desk *d, unsigned count)
{
	char rest[40];
	registry_id_t other =
		make_prefix(d, &d->a, "185.0.0.0/10", "\"origins\":[398101],\"max_length\":24");
	json_t *list = json_array();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(rest, sizeof(rest), "185.%u.%u.0/24", i >> 8, i & 255);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:[i], s:s}", "kind",
						      "prefix", "tenant", d->b.text, "prefix", rest,
						      "origins", 398102, "parent", other.text));
	}
	char *body = json_dumps(list, JSON_COMPACT);
	const struct asked q = {.method = "POST", .path = "/import", .body = body};
	d->rules.quota.prefixes = 2 * count;
	cr_assert_eq(status_of(d, &q), 200);
	free(body);
	json_decref(list);
	d->parent = other;
}

/* An empty list that goes on would say that there are many. */
Test(resource, what_was_delegated_out_of_anothers_is_counted_for_nobody)
{
	struct desk d;
	char path[100];
	bool has_more;
	begin(&d);
	delegate_many(&d, 4100);
	(void)snprintf(path, sizeof(path), "/prefixes?parent=%s", d.parent.text);
	struct asked q = {.method = "GET", .path = path, .tenant = &d.c};
	cr_expect_eq(items_of(&d, &q, &has_more), 0);
	cr_expect(!has_more);
	q.tenant = &d.a;
	cr_expect_eq(items_of(&d, &q, &has_more), 100);
	cr_expect(has_more);
	q.tenant = &d.b;
	cr_expect_eq(items_of(&d, &q, &has_more), 100);
	cr_expect(has_more);
	end(&d);
}

struct tag {
	uint64_t revision, state;
};

static bool is_tag(const struct call *c)
{
	const struct tag *known = c->carrier;
	return c->revision == known->revision && c->state_revision == known->state;
}

/* Whether the list was made for who knows `tag`, which is then the list's. */
static bool is_made(struct desk *d, const char *path, struct tag *tag)
{
	struct call *c = call_new(&d->env, CALL_GET);
	char full[64];
	(void)snprintf(full, sizeof(full), ROUTE_ROOT "%s", path);
	cr_assert(call_find(c, full));
	c->who = (struct registry_author){.kind = AUTHOR_TOKEN, .role = ROLE_OPERATOR, .name = "x"};
	c->carrier = tag;
	c->is_known = is_tag;
	call_run(c, 1, d->now_s);
	cr_assert_eq(c->status, 200);
	bool is = c->json != NULL;
	*tag = (struct tag){c->revision, c->state_revision};
	call_free(c);
	return is;
}

/* Pages ask for their lists every few seconds. */
Test(resource, a_list_that_is_known_is_not_made)
{
	struct desk d;
	struct tag prefixes = {0, 0}, tenants = {0, 0};
	begin(&d);
	cr_expect(is_made(&d, "/prefixes", &prefixes));
	cr_expect(is_made(&d, "/tenants", &tenants));
	cr_expect(!is_made(&d, "/prefixes", &prefixes));
	cr_expect(!is_made(&d, "/tenants", &tenants));
	(void)make_tenant(&d, "D", 398104);
	cr_expect(is_made(&d, "/prefixes", &prefixes), "something has changed");
	cr_expect(!is_made(&d, "/prefixes", &prefixes));
	cr_expect(is_made(&d, "/tenants", &tenants));
	/* What can prove a prefix is configured, and shown. */
	d.rules.evidence_accepted ^= 1U << EVIDENCE_LETTER;
	cr_expect(is_made(&d, "/prefixes", &prefixes));
	cr_expect(!is_made(&d, "/tenants", &tenants));
	end(&d);
}
