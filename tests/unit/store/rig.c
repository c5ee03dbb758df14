/* See rig.h. */
#include "tests/unit/store/rig.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/registry/field.h"

void rig_init(struct rig *rig)
{
	*rig = (struct rig){.revision = 0};
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/cw-store-XXXXXX");
	cr_assert_not_null(mkdtemp(rig->dir));
}

const char *rig_path(const struct rig *rig, const char *name, char buf[128])
{
	snprintf(buf, 128, "%s/%s", rig->dir, name);
	return buf;
}

void rig_fini(struct rig *rig)
{
	char path[512];
	store_close(rig->store);
	DIR *d = opendir(rig->dir);
	cr_assert_not_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", rig->dir, e->d_name);
		if (e->d_name[0] != '.') {
			unlink(path);
		}
	}
	closedir(d);
	rmdir(rig->dir);
}

void rig_next(struct store *s, struct store_news *out)
{
	struct pollfd fd = {.fd = store_fd(s), .events = POLLIN};
	while (!store_take(s, out)) {
		cr_assert_gt(poll(&fd, 1, 10000), 0, "no news");
	}
}

void rig_await(struct store *s, enum store_news_kind kind, struct store_news *out)
{
	for (;;) {
		rig_next(s, out);
		if (out->kind == kind) {
			return;
		}
		bool is_bad = out->kind == STORE_FAILED || out->kind == STORE_AWAY;
		cr_assert(!is_bad, "%d for %d: %s", out->kind, kind, out->text);
		store_news_fini(out);
	}
}

struct store *rig_open(const struct rig *rig, const char *url, struct registry **out_registry)
{
	char why[STORE_TEXT_MAX] = "";
	const struct store_opts o = {.url = url, .state_dir = rig->dir};
	struct store *s = store_open(&o, why, sizeof(why));
	cr_assert_not_null(s, "%s", why);
	struct store_news n;
	rig_await(s, STORE_LOADED, &n);
	if (out_registry != NULL) {
		*out_registry = n.registry;
		n.registry = NULL;
	}
	store_news_fini(&n);
	rig_await(s, STORE_BACK, &n);
	return s;
}

const char *rig_id(unsigned number, char buf[REGISTRY_ID_MAX])
{
	snprintf(buf, REGISTRY_ID_MAX, "t-aaaaaa%07u", number);
	for (char *c = buf + 8; *c != '\0'; c++) {
		*c = (char)(*c - '0' + 'b');
	}
	return buf;
}

static json_t *tenant(uint64_t revision, unsigned number, const char *name)
{
	char id[REGISTRY_ID_MAX];
	struct registry_object *o = registry_object_new(REGISTRY_TENANT);
	struct registry_tenant *t = (struct registry_tenant *)o;
	memcpy(o->id.text, rig_id(number, id), strlen(rig_id(number, id)) + 1);
	o->revision = revision;
	o->created_s = o->updated_s = 1760000000;
	free(t->name);
	t->name = strdup(name);
	json_t *json = registry_object_json(o, REGISTRY_VIEW_STORE);
	registry_object_free(o);
	cr_assert_not_null(json);
	return json;
}

static struct registry_change *empty(uint64_t revision, size_t count)
{
	struct registry_change *c = calloc(1, sizeof(*c));
	cr_assert_not_null(c);
	c->revision = revision;
	c->at_s = 1760000000;
	c->author = (struct registry_author){
		.kind = AUTHOR_SOCKET, .role = ROLE_OPERATOR, .name = "test"};
	snprintf(c->summary, sizeof(c->summary), "a change");
	c->count = count;
	c->item = calloc(count, sizeof(*c->item));
	cr_assert_not_null(c->item);
	return c;
}

static void fill(struct registry_item *item, unsigned number)
{
	item->kind = REGISTRY_TENANT;
	rig_id(number, item->id.text);
}

struct registry_change *rig_change(uint64_t revision, unsigned number, const char *before,
				   const char *after)
{
	struct registry_change *c = empty(revision, 1);
	fill(&c->item[0], number);
	c->item[0].before = before != NULL ? tenant(revision - 1, number, before) : NULL;
	c->item[0].after = after != NULL ? tenant(revision, number, after) : NULL;
	return c;
}

struct registry_change *rig_many(uint64_t revision, unsigned first, unsigned count)
{
	struct registry_change *c = empty(revision, count);
	for (unsigned i = 0; i < count; i++) {
		fill(&c->item[i], first + i);
		c->item[i].after = tenant(revision, first + i, "one of many");
	}
	return c;
}

enum store_news_kind rig_commit(struct store *s, const struct registry_change *c,
				char why[STORE_TEXT_MAX])
{
	struct store_news n;
	cr_assert(store_commit(s, c));
	for (;;) {
		rig_next(s, &n);
		enum store_news_kind kind = n.kind;
		memcpy(why, n.text, sizeof(n.text));
		store_news_fini(&n);
		if (kind == STORE_COMMITTED || kind == STORE_CONFLICT || kind == STORE_FAILED) {
			return kind;
		}
	}
}

void rig_keep(struct store *s, struct registry_change *c)
{
	char why[STORE_TEXT_MAX];
	cr_assert_eq(rig_commit(s, c, why), STORE_COMMITTED, "%s", why);
	registry_change_free(c);
}

const char *rig_name(const struct registry *r, unsigned number)
{
	char id[REGISTRY_ID_MAX];
	const struct registry_object *o = registry_get(r, REGISTRY_TENANT, rig_id(number, id));
	return o != NULL ? ((const struct registry_tenant *)o)->name : NULL;
}
