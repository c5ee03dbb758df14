/* A registrar alone, for tests that kill it: store_drive URL FOLDER NAME FIRST LAST
 *
 * Change i makes the tenants NAME-i-a, -b and -c, with the request key NAME-i; one that was refused
 * for now is commanded again.  "ok i REVISION" is written when it is answered.  Then, and at once
 * without FIRST and LAST, "at REVISION" and a line for each tenant. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "control/store/registrar.h"
#include "rib/base/check.h"

struct outcome {
	unsigned count;
	int status;
	uint64_t revision;
	char text[320];
};

static usec_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void random_bytes(void *context, void *out, size_t len)
{
	(void)context;
	ssize_t got = getrandom(out, len, 0);
	ASSERT(got == (ssize_t)len);
}

static void turn(struct registrar *r)
{
	struct pollfd fds[REGISTRAR_FDS_MAX];
	if (!registrar_step(r, monotonic(), (int64_t)time(NULL))) {
		(void)poll(fds, registrar_fds(r, fds), 100);
	}
}

static void done(void *context, const struct registry_change *change,
		 const struct registry_error *error)
{
	struct outcome *o = context;
	o->count = 1;
	o->status = error != NULL ? error->status : 200;
	o->revision = change != NULL ? change->revision : 0;
	snprintf(o->text, sizeof(o->text), "%s", error != NULL ? error->text : "");
}

static json_t *three(const char *name, unsigned number)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < 3; i++) {
		json_array_append_new(
			list, json_pack("{s:s,s:o}", "kind", "tenant", "name",
					json_sprintf("%s-%u-%c", name, number, (int)('a' + i))));
	}
	return list;
}

static void make(struct registrar *r, const char *name, unsigned number)
{
	char key[80];
	struct outcome o = {.count = 0};
	json_t *body = three(name, number);
	snprintf(key, sizeof(key), "%s-%u", name, number);
	const struct registrar_command c = {
		.command = {
			.verb = VERB_IMPORT,
			.body = body,
			.request_key = key,
			.request_hash = number,
			.author = {.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "root"}}};
	while (o.status != 200) {
		o = (struct outcome){.count = 0};
		registrar_submit(r, &c, done, &o);
		while (o.count == 0) {
			turn(r);
		}
		if (o.status != 200 && o.status != 503) {
			fprintf(stderr, "change %u: %d %s\n", number, o.status, o.text);
			exit(1);
		}
		if (o.status == 503) {
			usleep(20000);
		}
	}
	json_decref(body);
	printf("ok %u %llu\n", number, (unsigned long long)o.revision);
	fflush(stdout);
}

static bool show(void *context, const struct registry_object *o)
{
	(void)context;
	printf("%s %s %llu\n", o->id.text, ((const struct registry_tenant *)o)->name,
	       (unsigned long long)o->revision);
	return true;
}

int main(int argc, char **argv)
{
	char why[STORE_TEXT_MAX];
	struct registry_rules rules;
	if (argc != 3 && argc != 6) {
		fprintf(stderr, "usage: store_drive URL FOLDER [NAME FIRST LAST]\n");
		return 64;
	}
	const struct store_opts o = {.url = argv[1], .state_dir = argv[2]};
	struct store *s = store_open(&o, why, sizeof(why));
	if (s == NULL) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	registry_rules_init(&rules);
	rules.random = random_bytes;
	struct registrar *r = registrar_new(s, &rules);
	while (registrar_state(r, NULL) != REGISTRAR_READY) {
		turn(r);
	}
	for (unsigned i = argc == 6 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
	     argc == 6 && i <= (unsigned)strtoul(argv[5], NULL, 10); i++) {
		make(r, argv[3], i);
	}
	const struct registry *registry = registrar_registry(r);
	printf("at %llu\n", (unsigned long long)registry_revision(registry));
	registry_each(registry, REGISTRY_TENANT, NULL, NULL, show, NULL);
	registrar_free(r);
	return 0;
}
