#include "tests/unit/evidence/world.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/evidence/record.h"
#include "control/registry/field.h"
#include "rib/base/log.h"
#include "rib/base/prng.h"

#define TURNS_MAX 100000

static const struct registry *get_registry(void *context)
{
	struct world *w = context;
	return w->is_away ? NULL : w->registry;
}

static const struct registry_rules *get_rules(void *context)
{
	return &((struct world *)context)->rules;
}

static struct roa *get_roa(void *context, const char **out_stale)
{
	struct world *w = context;
	*out_stale = w->stale;
	return w->roa;
}

static bool has_duty(void *context)
{
	return !((const struct world *)context)->is_second;
}

static void submit(void *context, const struct registry_command *c, evidence_done *done,
		   void *done_context)
{
	struct world *w = context;
	cr_assert(w->queued < WORLD_QUEUE);
	cr_assert(c->verb == VERB_EVIDENCE || c->verb == VERB_TICK);
	w->queue[w->queued].verb = c->verb;
	w->queue[w->queued].kind = c->kind;
	w->queue[w->queued].body = json_incref((json_t *)(uintptr_t)c->body);
	w->queue[w->queued].author = c->author;
	w->queue[w->queued].done = done;
	w->queue[w->queued].context = done_context;
	(void)snprintf(w->queue[w->queued].id, REGISTRY_ID_MAX, "%s", c->id);
	w->queued++;
	w->commands++;
}

static void forget(void *context, void *done_context)
{
	struct world *w = context;
	for (unsigned i = 0; i < w->queued; i++) {
		if (w->queue[i].context == done_context) {
			w->queue[i].done = NULL;
		}
	}
}

static void bytes(void *context, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)out)[i] = (uint8_t)prng_u64(context);
	}
}

static struct registry_object *put_id(struct registry_object *o, const char *id)
{
	o->revision = 1;
	o->created_s = o->updated_s = WORLD_START_S;
	(void)snprintf(o->id.text, sizeof(o->id.text), "%s", id);
	return o;
}

static void add(json_t *objects, struct registry_object *o)
{
	json_t *json = registry_object_json(o, REGISTRY_VIEW_STORE);
	cr_assert(json != NULL);
	json_object_set_new(json, "kind", json_string(registry_kind_text(o->kind)));
	json_array_append_new(objects, json);
	registry_object_free(o);
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = strdup(with);
}

static void add_prefix(json_t *objects, unsigned n)
{
	char id[REGISTRY_ID_MAX], text[32];
	struct registry_prefix *p = (void *)registry_object_new(REGISTRY_PREFIX);
	(void)snprintf(id, sizeof(id), "p-%013u", n);
	(void)snprintf(text, sizeof(text), "198.%u.%u.0/24", 18 + n / 256, n % 256);
	put_id(&p->object, id);
	cr_assert(prefix_parse(text, &p->prefix, NULL) == 0);
	p->max_length = 24;
	p->state = PREFIX_PENDING;
	p->origins.item = malloc(sizeof(asn_t));
	p->origins.item[0] = 64500;
	p->origins.count = 1;
	(void)snprintf(p->tenant.text, sizeof(p->tenant.text), "t-aaaaaaaaaaaaa");
	replace(&p->proof_token, WORLD_TOKEN);
	add(objects, &p->object);
}

/* The operator's word for the AS number. */
static void add_word(json_t *objects)
{
	struct registry_evidence *e = (void *)registry_object_new(REGISTRY_EVIDENCE);
	(void)snprintf(e->tenant.text, sizeof(e->tenant.text), "t-aaaaaaaaaaaaa");
	(void)snprintf(e->subject.text, sizeof(e->subject.text), WORLD_ASN);
	e->type = EVIDENCE_OPERATOR;
	e->result = RESULT_VALID;
	add(objects, put_id(&e->object, "e-aaaaaaaaaaaaa"));
}

static void load(struct world *w, unsigned count)
{
	char why[200] = "";
	json_t *objects = json_array();
	struct registry_tenant *t = (void *)registry_object_new(REGISTRY_TENANT);
	struct registry_asn *a = (void *)registry_object_new(REGISTRY_ASN);
	replace(&t->name, "Example");
	t->is_enabled = true;
	add(objects, put_id(&t->object, "t-aaaaaaaaaaaaa"));
	put_id(&a->object, "a-aaaaaaaaaaaaa");
	a->asn = 64500;
	a->state = ASN_VERIFIED;
	(void)snprintf(a->tenant.text, sizeof(a->tenant.text), "t-aaaaaaaaaaaaa");
	replace(&a->proof_token, WORLD_TOKEN);
	add(objects, &a->object);
	add_word(objects);
	for (unsigned n = 0; n < count; n++) {
		add_prefix(objects, n);
	}
	w->registry = registry_new();
	cr_assert(registry_load(w->registry, 1, objects, why, sizeof(why)), "%s", why);
	json_decref(objects);
}

void world_init(struct world *w, unsigned count, uint32_t accepted)
{
	static struct prng prng;
	log_set_level(LOG_ERROR);
	*w = (struct world){
		.dir = "/tmp/cw-world-XXXXXX", .sources = "RIPE", .now = 1000 * USEC_PER_SEC};
	cr_assert(mkdtemp(w->dir) != NULL);
	prng_init(&prng, 3);
	registry_rules_init(&w->rules);
	w->rules.evidence_accepted = accepted;
	w->rules.recheck_s = 3600;
	w->rules.random = bytes;
	w->rules.random_context = &prng;
	(void)snprintf(w->whois, sizeof(w->whois), "%s/whois", w->dir);
	w->irr = (struct irr_conf){.whois_path = w->whois,
				   .aut_num_sources = w->sources,
				   .host = w->sources,
				   .files_dir = w->dir,
				   .sources = w->sources,
				   .timeout_s = 60};
	world_set_routes(w, "");
	load(w, count);
	w->conf.forward_port = 1; /* Nobody answers there. */
	cr_assert(addr_parse("127.0.0.1", &w->conf.forward) == 0);
	const struct evidence_opts opts = {.world = {.context = w,
						     .registry = get_registry,
						     .rules = get_rules,
						     .roa = get_roa,
						     .has_duty = has_duty,
						     .submit = submit,
						     .forget = forget},
					   .conf = &w->conf,
					   .irr = &w->irr,
					   .seed = 1};
	w->evidence = evidence_new(&opts);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void world_fini(struct world *w)
{
	evidence_free(w->evidence);
	for (unsigned i = 0; i < w->queued; i++) {
		cr_expect(w->queue[i].done == NULL);
		json_decref(w->queue[i].body);
	}
	registry_free(w->registry);
	roa_put(w->roa);
	(void)nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void world_set_roa(struct world *w, asn_t asn)
{
	struct vrp vrp = {.len_max = 24, .asn = asn};
	cr_assert(prefix_parse("198.18.0.0/15", &vrp.prefix, NULL) == 0);
	roa_put(w->roa);
	w->roa = roa_new(&vrp, asn != 0 ? 1 : 0);
}

void world_set_routes(struct world *w, const char *items)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/AS64500.json", w->dir);
	FILE *f = fopen(path, "w");
	cr_assert(f != NULL);
	fprintf(f, "{\"irr\": [%s]}\n", items);
	fclose(f);
}

void world_set_whois(struct world *w, const char *answer)
{
	FILE *f = fopen(w->whois, "w");
	cr_assert(f != NULL);
	fprintf(f, "#!/bin/sh\ncat <<'END'\n%s\nEND\n", answer);
	fclose(f);
	cr_assert(chmod(w->whois, 0755) == 0);
	w->rules.has_aut_num = true;
}

static int64_t now_s(const struct world *w)
{
	return WORLD_START_S + (int64_t)(w->now / USEC_PER_SEC);
}

static bool plan(struct world *w, const struct registry_command *c,
		 struct registry_change **out_change, struct registry_error *out_error)
{
	if (!registry_plan(w->registry, &w->rules, c, out_change, out_error)) {
		return false;
	}
	if ((*out_change)->count > 0) {
		cr_assert(registry_apply(w->registry, *out_change));
		w->written++;
		evidence_changed(w->evidence, *out_change);
	}
	return true;
}

bool world_command(struct world *w, const struct registry_command *c,
		   struct registry_error *out_error)
{
	struct registry_change *change = NULL;
	struct registry_command command = *c;
	command.now_s = now_s(w);
	bool is_good = plan(w, &command, &change, out_error);
	registry_change_free(change);
	return is_good;
}

/* The registrar's turn. */
static void commit_all(struct world *w)
{
	for (unsigned i = 0; i < w->queued; i++) {
		struct registry_change *change = NULL;
		struct registry_error error = {.status = 0};
		const struct registry_command c = {.verb = w->queue[i].verb,
						   .kind = w->queue[i].kind,
						   .id = w->queue[i].id,
						   .body = w->queue[i].body,
						   .author = w->queue[i].author,
						   .now_s = now_s(w)};
		bool is_good = plan(w, &c, &change, &error);
		w->queue[i].done(w->queue[i].context, change, is_good ? NULL : &error);
		registry_change_free(change);
		json_decref(w->queue[i].body);
	}
	w->queued = 0;
}

void world_wait(struct world *w, unsigned written)
{
	for (unsigned i = 0; i < 10000 && w->written < written; i++) {
		(void)evidence_step(w->evidence, w->now, now_s(w));
		commit_all(w);
		(void)poll(NULL, 0, 1);
	}
	cr_assert(w->written == written, "%u", w->written);
}

void world_run(struct world *w, usec_t us)
{
	unsigned turns = 0;
	const usec_t end = w->now + us;
	do {
		while (evidence_step(w->evidence, w->now, now_s(w)) || w->queued > 0) {
			commit_all(w);
			cr_assert(turns++ < TURNS_MAX);
		}
		w->now += 500 * USEC_PER_MSEC;
	} while (w->now < end);
}

const struct registry_prefix *world_prefix(const struct world *w, unsigned n)
{
	char id[REGISTRY_ID_MAX];
	(void)snprintf(id, sizeof(id), "p-%013u", n);
	return (const void *)registry_get(w->registry, REGISTRY_PREFIX, id);
}

const struct registry_evidence *world_record(const struct world *w, unsigned n,
					     enum evidence_type type)
{
	return record_find(w->registry, world_prefix(w, n)->object.id.text, type);
}
