/* Commands go in, changes come out: kept before they are answered, each exactly once. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "control/store/registrar.h"
#include "rib/base/prng.h"
#include "tests/unit/store/rig.h"

#define NOW_S INT64_C(1795766400)

/* A registrar with the random bytes and the clock of the test. */
struct desk {
	struct registry_rules rules;
	struct prng prng;
	struct registrar *r;
	usec_t now;
};

static void seeded(void *context, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)out)[i] = (uint8_t)prng_u64(context);
	}
}

static void desk_open(struct desk *d, const struct rig *rig, const char *url, uint64_t seed)
{
	char why[STORE_TEXT_MAX];
	const struct store_opts o = {.url = url, .state_dir = rig->dir};
	struct store *s = store_open(&o, why, sizeof(why));
	cr_assert_not_null(s, "%s", why);
	memset(d, 0, sizeof(*d));
	registry_rules_init(&d->rules);
	prng_init(&d->prng, seed);
	d->rules.random = seeded;
	d->rules.random_context = &d->prng;
	d->rules.rs_as = 64999;
	d->r = registrar_new(s, &d->rules);
	d->now = 1;
}

/* One turn; waits for news when there was nothing to do. */
static void turn(struct desk *d)
{
	struct pollfd fds[REGISTRAR_FDS_MAX];
	if (!registrar_step(d->r, d->now, NOW_S)) {
		unsigned count = registrar_fds(d->r, fds);
		cr_assert_gt(poll(fds, count, 10000), 0, "nothing happens");
	}
}

static void await_ready(struct desk *d)
{
	while (registrar_state(d->r, NULL) != REGISTRAR_READY) {
		turn(d);
	}
}

/* What became of a command. */
struct answer {
	unsigned count;
	int status; /* 200, or the error's. */
	uint64_t revision;
	size_t items;
	bool has_secrets;
	char id[REGISTRY_ID_MAX], reason[40];
};

static void done(void *context, const struct registry_change *change,
		 const struct registry_error *error)
{
	struct answer *a = context;
	a->count++;
	a->status = error != NULL ? error->status : 200;
	if (error != NULL) {
		snprintf(a->reason, sizeof(a->reason), "%s", error->reason);
		return;
	}
	a->revision = change->revision;
	a->items = change->count;
	a->has_secrets = change->secrets != NULL;
	if (change->count > 0) {
		snprintf(a->id, sizeof(a->id), "%s", change->item[0].id.text);
	}
}

static const struct registry_author operator= {
	.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "root"};

static struct registrar_command create(enum registry_kind kind, const json_t *body)
{
	return (struct registrar_command){
		.command = {.verb = VERB_CREATE, .kind = kind, .body = body, .author = operator} };
}

static json_t *named(const char *name)
{
	return json_pack("{s:s}", "name", name);
}

static void submit(struct desk *d, const struct registrar_command *c, struct answer *a)
{
	*a = (struct answer){.count = 0};
	registrar_submit(d->r, c, done, a);
}

/* Submit and wait for the answer. */
static void run(struct desk *d, const struct registrar_command *c, struct answer *a)
{
	submit(d, c, a);
	while (a->count == 0) {
		turn(d);
	}
}

static void make_tenant(struct desk *d, const char *name, struct answer *a)
{
	json_t *body = named(name);
	const struct registrar_command c = create(REGISTRY_TENANT, body);
	run(d, &c, a);
	json_decref(body);
}

static const struct registry_tenant *tenant_of(const struct desk *d, const char *id)
{
	return (const struct registry_tenant *)registry_get(registrar_registry(d->r),
							    REGISTRY_TENANT, id);
}

struct hearing {
	const struct desk *desk;
	unsigned changes, loads;
	bool is_early; /* Told before it was in the registry. */
};

static void hear(void *context, const struct registry_change *change)
{
	struct hearing *h = context;
	h->changes += change != NULL;
	h->loads += change == NULL;
	if (change != NULL &&
	    registry_revision(registrar_registry(h->desk->r)) != change->revision) {
		h->is_early = true;
	}
}

Test(registrar, what_is_answered_is_in_the_registry_and_on_disk)
{
	struct rig rig;
	struct desk d;
	struct answer a;
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	struct hearing h = {.desk = &d};
	registrar_listen(d.r, hear, &h);
	cr_expect_eq(registrar_state(d.r, NULL), REGISTRAR_LOADING);
	await_ready(&d);
	make_tenant(&d, "one", &a);
	cr_assert(a.count == 1 && a.status == 200 && a.revision == 1, "%d %s", a.status, a.reason);
	cr_expect_str_eq(tenant_of(&d, a.id)->name, "one");
	cr_expect(h.changes == 1 && h.loads == 1 && !h.is_early);
	registrar_free(d.r);
	desk_open(&d, &rig, "sqlite:registry.db", 2);
	await_ready(&d);
	cr_expect_str_eq(tenant_of(&d, a.id)->name, "one");
	registrar_free(d.r);
	rig_fini(&rig);
}

Test(registrar, a_dry_run_changes_nothing)
{
	struct rig rig;
	struct desk d;
	struct answer a;
	json_t *body = named("one");
	struct registrar_command c = create(REGISTRY_TENANT, body);
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	c.is_dry_run = true;
	run(&d, &c, &a);
	cr_expect(a.status == 200 && a.items == 1);
	cr_expect_eq(registry_revision(registrar_registry(d.r)), 0);
	cr_expect_null(tenant_of(&d, a.id));
	registrar_free(d.r);
	json_decref(body);
	rig_fini(&rig);
}

Test(registrar, what_the_plan_refuses_is_answered_with_its_reason)
{
	struct rig rig;
	struct desk d;
	struct answer a;
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	make_tenant(&d, "one", &a);
	make_tenant(&d, "one", &a);
	cr_expect(a.count == 1 && a.status >= 400, "%d", a.status);
	cr_expect_str_eq(a.reason, "not-unique");
	cr_expect_eq(registry_revision(registrar_registry(d.r)), 1);
	registrar_free(d.r);
	rig_fini(&rig);
}

/* The same request again, also after a restart, is the same change; another one is refused. */
Test(registrar, a_request_key_is_good_for_one_request)
{
	struct rig rig;
	struct desk d;
	struct answer first, a;
	json_t *body = named("one");
	struct registrar_command c = create(REGISTRY_TENANT, body);
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	c.command.request_key = "key-1";
	c.command.request_hash = UINT64_C(0xfedcba9876543210);
	run(&d, &c, &first);
	cr_assert_eq(first.status, 200);
	run(&d, &c, &a);
	cr_expect(a.status == 200 && a.revision == 1 && strcmp(a.id, first.id) == 0);
	registrar_free(d.r);
	desk_open(&d, &rig, "sqlite:registry.db", 2);
	await_ready(&d);
	run(&d, &c, &a);
	cr_expect(a.status == 200 && a.revision == 1 && strcmp(a.id, first.id) == 0);
	c.command.request_hash++;
	run(&d, &c, &a);
	cr_expect(a.status == 422 && strcmp(a.reason, "request-key") == 0);
	/* Another author's key is another key. */
	snprintf(c.command.author.name, sizeof(c.command.author.name), "somebody");
	run(&d, &c, &a);
	cr_expect_str_eq(a.reason, "not-unique");
	cr_expect_eq(registry_revision(registrar_registry(d.r)), 1);
	registrar_free(d.r);
	json_decref(body);
	rig_fini(&rig);
}

Test(registrar, a_change_is_undone_by_its_revision)
{
	struct rig rig;
	struct desk d;
	struct answer made, a;
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	make_tenant(&d, "one", &made);
	json_t *body = named("uno");
	struct registrar_command c = {.command = {.verb = VERB_UPDATE,
						  .kind = REGISTRY_TENANT,
						  .id = made.id,
						  .body = body,
						  .author = operator} };
	run(&d, &c, &a);
	cr_assert(a.status == 200 && a.revision == 2);
	cr_expect_str_eq(tenant_of(&d, made.id)->name, "uno");
	c = (struct registrar_command){
		.command = {.verb = VERB_UNDO, .author = operator}, .undo_of = 2};
	run(&d, &c, &a);
	cr_assert(a.status == 200 && a.revision == 3, "%d %s", a.status, a.reason);
	cr_expect_str_eq(tenant_of(&d, made.id)->name, "one");
	c.undo_of = 77;
	run(&d, &c, &a);
	cr_expect(a.status == 404, "%d", a.status);
	registrar_free(d.r);
	json_decref(body);
	rig_fini(&rig);
}

/* Each command is answered once, in order, however many come at once; what is too much is not
 * done. */
Test(registrar, more_than_the_queue_holds_are_refused)
{
	enum { COUNT = REGISTRAR_QUEUE_MAX + 50 };
	static struct answer answers[COUNT];
	struct rig rig;
	struct desk d;
	unsigned good = 0, busy = 0;
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	for (unsigned i = 0; i < COUNT; i++) {
		char name[32];
		snprintf(name, sizeof(name), "tenant %u", i);
		json_t *body = named(name);
		const struct registrar_command c = create(REGISTRY_TENANT, body);
		submit(&d, &c, &answers[i]);
		json_decref(body);
	}
	while (answers[COUNT - 1].count == 0) {
		turn(&d);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		cr_expect_eq(answers[i].count, 1, "%u", i);
		good += answers[i].status == 200;
		busy += answers[i].status == 429;
		cr_expect(answers[i].status != 200 || answers[i].revision == i + 1);
	}
	cr_expect(good == REGISTRAR_QUEUE_MAX && busy == 50, "%u %u", good, busy);
	registrar_free(d.r);
	rig_fini(&rig);
}

/* Two servers with one file: whatever they plan at the same time, both have all of it. */
Test(registrar, two_registrars_on_one_file_have_the_same)
{
	enum { EACH = 60 };
	struct rig rig;
	struct desk d[2];
	static struct answer answers[2][EACH];
	rig_init(&rig);
	for (unsigned i = 0; i < 2; i++) {
		desk_open(&d[i], &rig, "sqlite:registry.db", i + 1);
		await_ready(&d[i]);
	}
	for (unsigned i = 0; i < 2 * EACH; i++) {
		char name[32];
		snprintf(name, sizeof(name), "of %u, %u", i % 2, i / 2);
		json_t *body = named(name);
		const struct registrar_command c = create(REGISTRY_TENANT, body);
		submit(&d[i % 2], &c, &answers[i % 2][i / 2]);
		json_decref(body);
	}
	uint64_t revision[2] = {0, 0};
	for (unsigned turns = 0; revision[0] < 2 * EACH || revision[1] < 2 * EACH; turns++) {
		cr_assert_lt(turns, 20000);
		for (unsigned i = 0; i < 2; i++) {
			struct pollfd fds[REGISTRAR_FDS_MAX];
			(void)poll(fds, registrar_fds(d[i].r, fds), 1);
			(void)registrar_step(d[i].r, d[i].now, NOW_S);
			revision[i] = registry_revision(registrar_registry(d[i].r));
		}
	}
	struct registrar_counts counts[2];
	for (unsigned i = 0; i < 2; i++) {
		registrar_count(d[i].r, &counts[i]);
		for (unsigned n = 0; n < EACH; n++) {
			const struct answer *a = &answers[i][n];
			cr_assert(a->count == 1 && a->status == 200, "%d %s", a->status, a->reason);
			cr_expect_not_null(tenant_of(&d[0], a->id));
			cr_expect_not_null(tenant_of(&d[1], a->id));
		}
		cr_expect(counts[i].commits == EACH && counts[i].foreign == EACH);
	}
	registrar_free(d[0].r);
	registrar_free(d[1].r);
	rig_fini(&rig);
}

Test(registrar, who_has_gone_is_not_told_and_the_change_is_made)
{
	struct rig rig;
	struct desk d;
	struct answer gone, a;
	json_t *body = named("gone");
	const struct registrar_command c = create(REGISTRY_TENANT, body);
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	submit(&d, &c, &gone);
	registrar_forget(d.r, &gone);
	make_tenant(&d, "here", &a);
	cr_expect(gone.count == 0 && a.revision == 2);
	registrar_free(d.r);
	json_decref(body);
	rig_fini(&rig);
}

struct papers {
	unsigned count;
	char *data;
	bool is_failed;
};

static void see_data(void *context, const char *data, const struct registry_error *error)
{
	struct papers *p = context;
	p->count++;
	p->data = data != NULL ? strdup(data) : NULL;
	p->is_failed = error != NULL;
}

struct page {
	unsigned count;
	size_t changes;
	bool has_data;
};

static void see_page(void *context, struct registry_change *const *change, size_t count,
		     uint64_t next, const struct registry_error *error)
{
	struct page *p = context;
	(void)next;
	p->count++;
	p->changes = count;
	cr_assert_null(error);
	for (size_t i = 0; i < count; i++) {
		json_t *json = registry_change_json(change[i], REGISTRY_VIEW_STORE);
		char *text = json_dumps(json, 0);
		p->has_data |= strstr(text, "cGFwZXI") != NULL;
		free(text);
		json_decref(json);
	}
}

static bool take_id(void *context, const struct registry_object *o)
{
	snprintf(context, REGISTRY_ID_MAX, "%s", o->id.text);
	return false;
}

static void bring_letter(struct desk *d, const char *asn, const char *data, struct answer *a)
{
	json_t *body = json_pack("{s:s,s:s,s:{s:s,s:s}}", "type", "letter", "result", "pending",
				 "document", "media_type", "application/pdf", "data", data);
	cr_assert_not_null(body);
	const struct registrar_command c = {.command = {.verb = VERB_EVIDENCE,
							.kind = REGISTRY_ASN,
							.id = asn,
							.body = body,
							.author = operator} };
	run(d, &c, a);
	json_decref(body);
}

/* A document's data lie apart: not in memory, not in the changes; and they have a limit. */
Test(registrar, documents_are_kept_apart)
{
	struct rig rig;
	struct desk d;
	struct answer tenant, asn, a;
	struct papers papers = {.count = 0};
	struct page page = {.count = 0};
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	make_tenant(&d, "one", &tenant);
	json_t *body = json_pack("{s:s,s:i}", "tenant", tenant.id, "asn", 3320);
	const struct registrar_command c = create(REGISTRY_ASN, body);
	run(&d, &c, &asn);
	cr_assert_eq(asn.status, 200, "%s", asn.reason);
	bring_letter(&d, asn.id, "cGFwZXIgcGFwZXI=", &a);
	cr_assert_eq(a.status, 200, "%s", a.reason);
	registrar_free(d.r);
	desk_open(&d, &rig, "sqlite:registry.db", 2);
	await_ready(&d);
	char id[REGISTRY_ID_MAX] = "";
	registry_each(registrar_registry(d.r), REGISTRY_DOCUMENT, NULL, NULL, take_id, id);
	cr_assert_neq(id[0], '\0');
	const struct store_question q = {.limit = 10};
	registrar_changes(d.r, &q, see_page, &page);
	while (page.count == 0) {
		turn(&d);
	}
	cr_expect(page.changes == 3 && !page.has_data);
	registrar_document(d.r, id, see_data, &papers);
	while (papers.count == 0) {
		turn(&d);
	}
	cr_expect_str_eq(papers.data, "cGFwZXIgcGFwZXI=");
	free(papers.data);
	size_t len = (STORE_DOCUMENT_MAX + 2) / 3 * 4 + 4;
	char *much = malloc(len + 1);
	cr_assert_not_null(much);
	memset(much, 'A', len);
	much[len] = '\0';
	bring_letter(&d, asn.id, much, &a);
	cr_expect(a.status >= 400, "%d", a.status);
	free(much);
	registrar_free(d.r);
	json_decref(body);
	rig_fini(&rig);
}

/* The disk is full: the command is refused, the registry is as it was, and the next is kept. */
Test(registrar, a_change_that_cannot_be_kept_is_not_made)
{
	struct rig rig;
	struct desk d;
	struct answer a;
	struct rlimit before;
	rig_init(&rig);
	desk_open(&d, &rig, "sqlite:registry.db", 1);
	await_ready(&d);
	make_tenant(&d, "one", &a);
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit none = {.rlim_cur = 1, .rlim_max = before.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	make_tenant(&d, "two", &a);
	cr_expect(a.status == 503 && strcmp(a.reason, "database") == 0, "%d %s", a.status,
		  a.reason);
	cr_expect_eq(registry_revision(registrar_registry(d.r)), 1);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	make_tenant(&d, "three", &a);
	cr_expect(a.status == 200 && a.revision == 2, "%d %s", a.status, a.reason);
	registrar_free(d.r);
	rig_fini(&rig);
}
