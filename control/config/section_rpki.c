/* `rpki`: the caches and files of origin validation; and arouteserver's `cfg.rpki_roas`.
 *
 * arouteserver makes filters of a file that it fetches; a running server follows its sources.  So
 * `source: rtr` is `rpki.caches`, and of `ripe_rpki_validator_url` what names a file is one of
 * `rpki.files`, in its order, with arouteserver's bounds on age and trust anchors.  Where those two
 * are set they hold for `rpki.files`, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/check_data.h"
#include "control/config/loader.h"
#include "rib/base/check.h"

#define RTR_PORT       323 /* RFC 8210 §13. */
#define SSH_PORT       22
#define SOURCES_MAX    32
#define SHRINK_DEFAULT 50
#define AGE_MAX_S      (366 * 86400)

static void *grow(void *items, size_t size, unsigned count)
{
	void *more = reallocarray(items, count + 1, size);
	ASSERT(more != NULL);
	memset((char *)more + count * size, 0, size);
	return more;
}

static void add_text(char ***list, unsigned *count, const char *text)
{
	*list = grow(*list, sizeof(**list), *count);
	(*list)[*count] = strdup(text);
	ASSERT((*list)[*count] != NULL);
	(*count)++;
}

static bool has_room(struct loader *l, const struct place *at)
{
	const struct rpki_conf *c = &l->config->rpki;
	if (c->cache_count + c->file_count < SOURCES_MAX) {
		return true;
	}
	loader_fail(l, at, "there can be at most %d caches and files together; remove this one",
		    SOURCES_MAX);
	return false;
}

/* A cache while it is read. */
struct draft_cache {
	struct rpki_cache_conf value;
	bool has_port;
};

static void read_address(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_cache *d = target;
	(void)value_copy(l, v, key->text, &d->value.address);
}

static void read_port(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_cache *d = target;
	uint32_t port = 0;
	d->has_port = true;
	if (value_number(l, v, key->text, 1, UINT16_MAX, &port)) {
		d->value.port = (uint16_t)port;
	}
}

static void read_transport(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct draft_cache *d = target;
	const char *text;
	if (!value_text(l, v, key->text, &text)) {
		return;
	}
	if (strcmp(text, "tcp") != 0 && strcmp(text, "ssh") != 0) {
		loader_fail(l, &v->at, "'transport' must be tcp or ssh, not '%s'", text);
		return;
	}
	d->value.is_ssh = strcmp(text, "ssh") == 0;
}

static void read_user(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_cache *d = target;
	(void)value_copy(l, v, key->text, &d->value.user);
}

/* A file's path; relative to the file that names it. */
static bool value_path(struct loader *l, const struct node *v, const char *name, char **out)
{
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	const char *slash = text[0] != '/' ? strrchr(v->at.file, '/') : NULL;
	int folder_len = slash != NULL ? (int)(slash - v->at.file) + 1 : 0;
	free(*out);
	int len = asprintf(out, "%.*s%s", folder_len, v->at.file, text);
	ASSERT(len > 0);
	return true;
}

static void read_private_key(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	struct draft_cache *d = target;
	(void)value_path(l, v, key->text, &d->value.private_key);
}

static void read_host_key(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	struct draft_cache *d = target;
	(void)value_path(l, v, key->text, &d->value.host_key);
}

static bool value_preference(struct loader *l, const struct node *key, const struct node *v,
			     uint8_t *out)
{
	uint32_t value = 0;
	if (!value_number(l, v, key->text, 1, UINT8_MAX, &value)) {
		return false;
	}
	*out = (uint8_t)value;
	return true;
}

static void read_preference(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_cache *d = target;
	(void)value_preference(l, key, v, &d->value.preference);
}

/* Bounds: RFC 8210 §6. */
static void read_refresh(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_cache *d = target;
	(void)value_number(l, v, key->text, 1, 86400, &d->value.refresh_s);
}

static void read_retry(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_cache *d = target;
	(void)value_number(l, v, key->text, 1, 7200, &d->value.retry_s);
}

static void read_expire(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_cache *d = target;
	(void)value_number(l, v, key->text, 600, 172800, &d->value.expire_s);
}

static const struct key cache_key[] = {
	{.name = "address", .read = read_address},
	{.name = "port", .read = read_port},
	{.name = "transport", .read = read_transport},
	{.name = "user", .read = read_user},
	{.name = "private_key", .read = read_private_key},
	{.name = "host_key", .read = read_host_key},
	{.name = "preference", .read = read_preference},
	{.name = "refresh", .read = read_refresh},
	{.name = "retry", .read = read_retry},
	{.name = "expire", .read = read_expire},
};
static const struct key_table cache_keys = {
	.where = "rpki.caches[]", .keys = cache_key, .count = ARRAY_COUNT(cache_key)};

static void check_ssh(struct loader *l, const struct place *at, const struct rpki_cache_conf *c)
{
	bool has_all = c->user != NULL && c->private_key != NULL && c->host_key != NULL;
	bool has_any = c->user != NULL || c->private_key != NULL || c->host_key != NULL;
	if (c->is_ssh && !has_all) {
		loader_fail(l, at,
			    "over ssh a cache needs 'user', 'private_key' and 'host_key' (a "
			    "known_hosts file with its key)");
	} else if (!c->is_ssh && has_any) {
		loader_fail(l, at,
			    "'user', 'private_key' and 'host_key' go with 'transport: ssh'; "
			    "remove them or add it");
	}
}

static void check_cache(struct loader *l, const struct place *at, const struct rpki_cache_conf *c)
{
	const struct rpki_conf *all = &l->config->rpki;
	if (c->address == NULL) {
		loader_fail(l, at, "this cache has no 'address'");
		return;
	}
	check_ssh(l, at, c);
	if (c->refresh_s != 0 && c->expire_s != 0 && c->expire_s <= c->refresh_s) {
		loader_fail(l, at, "'expire' must be longer than 'refresh' (RFC 8210 §6)");
	}
	for (unsigned i = 0; i < all->cache_count; i++) {
		if (all->cache[i].port == c->port &&
		    strcmp(all->cache[i].address, c->address) == 0) {
			loader_fail(l, at, "the cache %s port %u was configured before; keep one",
				    c->address, c->port);
		}
	}
}

static void free_cache(struct rpki_cache_conf *c)
{
	free(c->address);
	free(c->user);
	free(c->private_key);
	free(c->host_key);
}

static void read_cache(struct loader *l, const struct node *v)
{
	struct draft_cache d = {.value = {.preference = 1}};
	unsigned before = l->errors->error_count;
	keys_walk(l, v, &cache_keys, &d);
	if (!d.has_port) {
		d.value.port = d.value.is_ssh ? SSH_PORT : RTR_PORT;
	}
	if (l->errors->error_count == before) {
		check_cache(l, &v->at, &d.value);
	}
	if (l->errors->error_count > before || !has_room(l, &v->at)) {
		free_cache(&d.value);
		return;
	}
	struct rpki_conf *c = &l->config->rpki;
	c->cache = grow(c->cache, sizeof(*c->cache), c->cache_count);
	c->cache[c->cache_count++] = d.value;
}

static void read_caches(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	(void)target;
	struct node item;
	void *cursor = NULL;
	if (!value_is_list(l, v, "caches", "[{address: 198.18.0.9, port: 323}]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		read_cache(l, &item);
	}
}

/* A file while it is read. */
struct draft_file {
	struct rpki_file_conf value;
};

static void read_path(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_file *d = target;
	(void)value_path(l, v, key->text, &d->value.path);
}

static void read_file_preference(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	struct draft_file *d = target;
	(void)value_preference(l, key, v, &d->value.preference);
}

static void read_max_age(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_file *d = target;
	(void)value_number(l, v, key->text, 1, AGE_MAX_S, &d->value.age_max_s);
}

static void read_anchors(struct loader *l, const struct node *key, const struct node *v,
			 char ***list, unsigned *count)
{
	struct node item;
	void *cursor = NULL;
	const char *text;
	if (!value_is_list(l, v, key->text, "[ripe, apnic]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (value_text(l, &item, key->text, &text)) {
			add_text(list, count, text);
		}
	}
}

static void read_file_anchors(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	struct draft_file *d = target;
	read_anchors(l, key, v, &d->value.anchors, &d->value.anchor_count);
}

static const struct key file_key[] = {
	{.name = "path", .read = read_path},
	{.name = "preference", .read = read_file_preference},
	{.name = "max_age", .read = read_max_age},
	{.name = "trust_anchors", .read = read_file_anchors},
};
static const struct key_table file_keys = {
	.where = "rpki.files[]", .keys = file_key, .count = ARRAY_COUNT(file_key)};

static void free_file(struct rpki_file_conf *f)
{
	for (unsigned i = 0; i < f->anchor_count; i++) {
		free(f->anchors[i]);
	}
	free(f->anchors);
	free(f->path);
}

/* Takes what the file owns. */
static void add_file(struct loader *l, const struct place *at, struct rpki_file_conf *f)
{
	struct rpki_conf *c = &l->config->rpki;
	bool is_good = has_room(l, at);
	for (unsigned i = 0; i < c->file_count && is_good; i++) {
		if (strcmp(c->file[i].path, f->path) == 0) {
			loader_fail(l, at, "the file %s was named before; keep one", f->path);
			is_good = false;
		}
	}
	if (!is_good) {
		free_file(f);
		return;
	}
	c->file = grow(c->file, sizeof(*c->file), c->file_count);
	c->file[c->file_count++] = *f;
}

static void read_file(struct loader *l, const struct node *v)
{
	struct draft_file d = {.value = {.preference = 1}};
	unsigned before = l->errors->error_count;
	if (v->kind == NODE_MAP) {
		keys_walk(l, v, &file_keys, &d);
		if (l->errors->error_count == before && d.value.path == NULL) {
			loader_fail(l, &v->at, "this file has no 'path'");
		}
	} else {
		(void)value_path(l, v, "files", &d.value.path);
	}
	if (l->errors->error_count > before) {
		free_file(&d.value);
		return;
	}
	if (d.value.path != NULL) {
		data_named(l, &v->at, d.value.path);
		add_file(l, &v->at, &d.value);
	}
}

static void read_files(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	struct node item;
	void *cursor = NULL;
	if (!value_is_list(l, v, "files", "[/var/lib/rpki-client/json]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		read_file(l, &item);
	}
}

static void read_shrink_max(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)target;
	l->has_shrink_max = value_number(l, v, key->text, 1, 100, &l->config->rpki.shrink_max);
}

static const struct key rpki_key[] = {
	{.name = "caches", .read = read_caches},
	{.name = "files", .read = read_files},
	{.name = "shrink_max", .read = read_shrink_max},
};
static const struct key_table rpki_keys = {
	.where = "rpki", .keys = rpki_key, .count = ARRAY_COUNT(rpki_key), .is_once = true};

void read_rpki(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	keys_walk(l, v, &rpki_keys, target);
}

/* One of `ripe_rpki_validator_url`: the first that is good counts, so each is a group. */
static void take_url(struct loader *l, const char *text, unsigned preference)
{
	const struct draft_general *g = &l->general;
	const struct names *anchors = l->config->policy.roas.trust_anchors;
	const char *path = strncmp(text, "file://", 7) == 0 ? text + 7 : text;
	if (path[0] != '/') {
		loader_warn(l, &g->roas_urls_at,
			    "'%s' is not fetched by the server; let a timer fetch it, and name the "
			    "file here or in 'rpki.files'",
			    text);
		return;
	}
	struct rpki_file_conf f = {.path = strdup(path),
				   .preference = (uint8_t)min_u64(preference, UINT8_MAX),
				   .age_max_s = l->config->policy.roas.age_max_s};
	ASSERT(f.path != NULL);
	for (unsigned i = 0; i < anchors->count; i++) {
		add_text(&f.anchors, &f.anchor_count, anchors->name[i]);
	}
	data_named(l, &g->roas_urls_at, path);
	add_file(l, &g->roas_urls_at, &f);
}

/* What was set for arouteserver's files holds for ours, where they say nothing themselves. */
static void finish_file(const struct draft_general *g, struct rpki_file_conf *f)
{
	if (f->age_max_s == 0 && g->roas_age_s.is_set) {
		f->age_max_s = g->roas_age_s.value;
	}
	if (f->anchor_count > 0 || g->roas_anchors == NULL) {
		return;
	}
	for (unsigned i = 0; i < g->roas_anchors->count; i++) {
		add_text(&f->anchors, &f->anchor_count, g->roas_anchors->name[i]);
	}
}

void finish_rpki(struct loader *l)
{
	struct rpki_conf *c = &l->config->rpki;
	const struct draft_general *g = &l->general;
	bool is_rtr = l->config->policy.roas.is_rtr;
	if (!l->has_shrink_max) {
		c->shrink_max = SHRINK_DEFAULT;
	}
	for (unsigned i = 0; i < c->file_count; i++) {
		finish_file(g, &c->file[i]);
	}
	for (unsigned i = 0; g->roas_urls != NULL && !is_rtr && i < g->roas_urls->count; i++) {
		take_url(l, g->roas_urls->name[i], i + 1);
	}
	if (is_rtr && c->cache_count == 0) {
		loader_warn(
			l, &l->start,
			"'cfg.rpki_roas.source: rtr' names no cache; add them as 'rpki: {caches: "
			"[{address: …}]}'");
	}
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_cache(const struct rpki_cache_conf *a, const struct rpki_cache_conf *b)
{
	return is_same_text(a->address, b->address) && a->port == b->port &&
	       a->is_ssh == b->is_ssh && is_same_text(a->user, b->user) &&
	       is_same_text(a->private_key, b->private_key) &&
	       is_same_text(a->host_key, b->host_key) && a->preference == b->preference &&
	       a->refresh_s == b->refresh_s && a->retry_s == b->retry_s &&
	       a->expire_s == b->expire_s;
}

static bool is_same_file(const struct rpki_file_conf *a, const struct rpki_file_conf *b)
{
	bool is_same = is_same_text(a->path, b->path) && a->preference == b->preference &&
		       a->age_max_s == b->age_max_s && a->anchor_count == b->anchor_count;
	for (unsigned i = 0; is_same && i < a->anchor_count; i++) {
		is_same = is_same_text(a->anchors[i], b->anchors[i]);
	}
	return is_same;
}

bool rpki_conf_equal(const struct rpki_conf *a, const struct rpki_conf *b)
{
	bool is_same = a->cache_count == b->cache_count && a->file_count == b->file_count &&
		       a->shrink_max == b->shrink_max;
	for (unsigned i = 0; is_same && i < a->cache_count; i++) {
		is_same = is_same_cache(&a->cache[i], &b->cache[i]);
	}
	for (unsigned i = 0; is_same && i < a->file_count; i++) {
		is_same = is_same_file(&a->file[i], &b->file[i]);
	}
	return is_same;
}

void rpki_conf_fini(struct rpki_conf *c)
{
	for (unsigned i = 0; i < c->cache_count; i++) {
		free_cache(&c->cache[i]);
	}
	for (unsigned i = 0; i < c->file_count; i++) {
		free_file(&c->file[i]);
	}
	free(c->cache);
	free(c->file);
	*c = (struct rpki_conf){0};
}
