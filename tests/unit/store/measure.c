/* How fast the store is, and how large: store_measure URL FOLDER.  The database must be empty.
 *
 * Commits one after another, as the registrar does them; 100,000 prefixes in changes of 10,000;
 * and a load of all of it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/registry/field.h"
#include "control/registry/registry.h"
#include "control/store/store.h"

#define COMMITS	 2000
#define PREFIXES 100000
#define EACH	 10000

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A line of /proc/self/status, in MiB. */
static long memory(const char *name)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			kib = strtol(line + strlen(name) + 1, NULL, 10);
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return kib / 1024;
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void await(struct store *s, enum store_news_kind kind, struct store_news *out)
{
	struct pollfd fd = {.fd = store_fd(s), .events = POLLIN};
	for (;;) {
		while (!store_take(s, out)) {
			(void)poll(&fd, 1, -1);
		}
		if (out->kind == kind) {
			return;
		}
		if (out->kind == STORE_FAILED || out->kind == STORE_AWAY) {
			fail("store", out->text);
		}
		store_news_fini(out);
	}
}

static void make_id(char out[REGISTRY_ID_MAX], char letter, unsigned number)
{
	snprintf(out, REGISTRY_ID_MAX, "%c-%013u", letter, number);
	for (char *c = out + 2; *c != '\0'; c++) {
		*c = (char)(*c - '0' + 'b');
	}
}

static struct registry_change *begin(uint64_t revision, size_t count)
{
	struct registry_change *c = calloc(1, sizeof(*c));
	c->revision = revision;
	c->at_s = 1795766400;
	c->author = (struct registry_author){
		.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "measure"};
	snprintf(c->summary, sizeof(c->summary), "a change");
	c->count = count;
	c->item = calloc(count, sizeof(*c->item));
	return c;
}

static json_t *tenant(uint64_t revision, const char *id, unsigned number)
{
	struct registry_object *o = registry_object_new(REGISTRY_TENANT);
	struct registry_tenant *t = (struct registry_tenant *)o;
	snprintf(o->id.text, sizeof(o->id.text), "%s", id);
	o->revision = revision;
	o->created_s = o->updated_s = 1795766400;
	free(t->name);
	if (asprintf(&t->name, "tenant %u", number) < 0) {
		exit(1);
	}
	json_t *json = registry_object_json(o, REGISTRY_VIEW_STORE);
	registry_object_free(o);
	return json;
}

static json_t *prefix(uint64_t revision, const char *id, const char *owner, unsigned number)
{
	struct registry_object *o = registry_object_new(REGISTRY_PREFIX);
	struct registry_prefix *p = (struct registry_prefix *)o;
	struct addr a = addr_v4(0x0b000000U + (number << 8));
	snprintf(o->id.text, sizeof(o->id.text), "%s", id);
	snprintf(p->tenant.text, sizeof(p->tenant.text), "%s", owner);
	o->revision = revision;
	o->created_s = o->updated_s = 1795766400;
	p->prefix = prefix_make(&a, 24);
	p->max_length = 24;
	free(p->proof_token);
	p->proof_token = strdup("cw-abcdefghijklmnopqrstuvwxyz");
	p->origins.item = calloc(1, sizeof(asn_t));
	p->origins.item[0] = 3320;
	p->origins.count = 1;
	json_t *json = registry_object_json(o, REGISTRY_VIEW_STORE);
	registry_object_free(o);
	return json;
}

static void keep(struct store *s, struct registry_change *c)
{
	struct store_news n;
	if (!store_commit(s, c)) {
		fail("store", "a commit is under way");
	}
	await(s, STORE_COMMITTED, &n);
	store_news_fini(&n);
	registry_change_free(c);
}

static struct store *open_store(const struct store_opts *o, struct registry **out)
{
	char why[STORE_TEXT_MAX];
	struct store_news n;
	struct store *s = store_open(o, why, sizeof(why));
	if (s == NULL) {
		fail("store_open", why);
	}
	await(s, STORE_LOADED, &n);
	*out = n.registry;
	n.registry = NULL;
	store_news_fini(&n);
	return s;
}

/* Tenants one by one, prefixes by the thousand. */
static void fill(struct store *s)
{
	char owner[REGISTRY_ID_MAX];
	double start = seconds(), slowest = 0;
	uint64_t revision = 0;
	for (unsigned i = 0; i < COMMITS; i++) {
		double began = seconds();
		struct registry_change *c = begin(++revision, 1);
		make_id(c->item[0].id.text, 't', i);
		c->item[0].kind = REGISTRY_TENANT;
		c->item[0].after = tenant(revision, c->item[0].id.text, i);
		keep(s, c);
		slowest = seconds() - began > slowest ? seconds() - began : slowest;
	}
	double took = seconds() - start;
	printf("%u commits of one object: %.0f a second, the slowest %.1f ms\n", COMMITS,
	       COMMITS / took, slowest * 1e3);
	start = seconds();
	make_id(owner, 't', 0);
	for (unsigned first = 0; first < PREFIXES; first += EACH) {
		struct registry_change *c = begin(++revision, EACH);
		for (unsigned i = 0; i < EACH; i++) {
			make_id(c->item[i].id.text, 'p', first + i);
			c->item[i].kind = REGISTRY_PREFIX;
			c->item[i].after = prefix(revision, c->item[i].id.text, owner, first + i);
		}
		keep(s, c);
	}
	printf("%u commits of %u objects: %.2f s each\n", PREFIXES / EACH, EACH,
	       (seconds() - start) / (PREFIXES / EACH));
}

int main(int argc, char **argv)
{
	struct registry *r;
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: store_measure URL FOLDER [load]\n");
		return 64;
	}
	const struct store_opts o = {.url = argv[1], .state_dir = argv[2]};
	if (argc == 3) {
		struct store *s = open_store(&o, &r);
		registry_free(r);
		fill(s);
		store_close(s);
		return 0;
	}
	long before = memory("VmRSS");
	double start = seconds();
	struct store *s = open_store(&o, &r);
	printf("load of revision %llu with %zu prefixes: %.2f s, %ld MiB more than before, %ld MiB "
	       "at most\n",
	       (unsigned long long)registry_revision(r), registry_count(r, REGISTRY_PREFIX, NULL),
	       seconds() - start, memory("VmRSS") - before, memory("VmHWM"));
	registry_free(r);
	store_close(s);
	return 0;
}
