/* `irr`: whom to ask for AS-SETs, with the names of arouteserver.yml where it has them, and the
 * files that stand in for the questions. */
#include <stdlib.h>
#include <string.h>

#include "control/config/check_data.h"
#include "control/config/source.h"
#include "control/config/values.h"
#include "rib/base/check.h"

/* The text, without what a program would take for an option; NULL when it was reported. */
static const char *read_word(struct loader *l, const struct node *key, const struct node *v)
{
	const char *text;
	if (!is_there(v) || !value_text(l, v, key->text, &text)) {
		return NULL;
	}
	if (text[0] == '-' || strlen(text) > 255) {
		loader_fail(l, &v->at,
			    "'%s' can have 255 characters and must not begin with a dash",
			    key->text);
		return NULL;
	}
	return text;
}

static void replace(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
	ASSERT(*to != NULL);
}

static void read_bgpq4(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct irr_conf *c = target;
	const char *text = read_word(l, key, v);
	if (text != NULL) {
		replace(&c->bgpq4_path, text);
	}
}

static void read_whois(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct irr_conf *c = target;
	const char *text = read_word(l, key, v);
	if (text != NULL) {
		replace(&c->whois_path, text);
	}
}

static void read_host(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct irr_conf *c = target;
	const char *text = read_word(l, key, v);
	const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:_";
	if (text == NULL) {
		return;
	}
	if (text[strspn(text, letters)] != '\0') {
		loader_fail(l, &v->at,
			    "'host' must be a name or an address, with ':PORT' behind it where it "
			    "is not 43, not '%s'",
			    text);
		return;
	}
	replace(&c->host, text);
}

/* One source onto the list's text; false when it was reported. */
static bool add_source(struct loader *l, const struct node *v, const char *text, size_t len,
		       char out[IRR_SOURCES_MAX])
{
	size_t used = strlen(out);
	const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (len == 0 || text[0] == '-' || strspn(text, letters) < len) {
		loader_fail(l, &v->at,
			    "'sources' has names such as RIPE or ARIN-NONAUTH, not '%.*s'",
			    (int)len, text);
		return false;
	}
	if (used + len + 2 > IRR_SOURCES_MAX) {
		loader_fail(l, &v->at, "'sources' is too long; %d characters fit",
			    IRR_SOURCES_MAX - 1);
		return false;
	}
	if (used > 0) {
		out[used++] = ',';
	}
	memcpy(out + used, text, len);
	out[used + len] = '\0';
	return true;
}

/* "RIPE,RADB" */
static bool add_sources(struct loader *l, const struct node *v, char out[IRR_SOURCES_MAX])
{
	const char *text;
	if (!value_text(l, v, "sources", &text)) {
		return false;
	}
	for (;;) {
		text += strspn(text, " ");
		size_t len = strcspn(text, ", ");
		if (!add_source(l, v, text, len, out)) {
			return false;
		}
		text += len;
		text += strspn(text, " ");
		if (*text != ',') {
			return true;
		}
		text++;
	}
}

/* A list, or a text with commas; an empty list is "". */
static void read_list(struct loader *l, const struct node *key, const struct node *v, char **out)
{
	struct node item;
	void *cursor = NULL;
	char sources[IRR_SOURCES_MAX] = "";
	if (!is_there(v)) {
		return;
	}
	if (v->kind == NODE_SCALAR) {
		if (add_sources(l, v, sources)) {
			replace(out, sources);
		}
		return;
	}
	if (!value_is_list(l, v, key->text, "[RIPE, RADB]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (!add_sources(l, &item, sources)) {
			return;
		}
	}
	replace(out, sources);
}

static void read_sources(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	read_list(l, key, v, &((struct irr_conf *)target)->sources);
}

static void read_aut_num_sources(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	read_list(l, key, v, &((struct irr_conf *)target)->aut_num_sources);
}

static void read_number(struct loader *l, const struct node *key, const struct node *v,
			unsigned *out, uint32_t min, uint32_t max)
{
	uint32_t n;
	if (is_there(v) && value_number(l, v, key->text, min, max, &n)) {
		*out = n;
	}
}

static void read_timeout(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	read_number(l, key, v, &((struct irr_conf *)target)->timeout_s, 1, 3600);
}

static void read_threads(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	read_number(l, key, v, &((struct irr_conf *)target)->threads, 1, IRR_THREADS_MAX);
}

static void read_refresh(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	read_number(l, key, v, &((struct irr_conf *)target)->refresh_s, 60, 30 * 86400);
}

static void read_shrink(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	read_number(l, key, v, &((struct irr_conf *)target)->shrink_percent, 0, 100);
}

static void read_private(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct irr_conf *c = target;
	if (is_there(v)) {
		(void)value_bool(l, v, key->text, &c->has_private);
	}
}

/* A path, as seen from the file that names it. */
static bool read_path(struct loader *l, const struct node *key, const struct node *v, char **out)
{
	const char *text;
	if (!is_there(v) || !value_text(l, v, key->text, &text)) {
		return false;
	}
	free(*out);
	*out = path_beside(v->at.file, text);
	return true;
}

static void read_cache(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)read_path(l, key, v, &((struct irr_conf *)target)->cache_dir);
}

static void read_peeringdb(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	char **path = &((struct irr_conf *)target)->peeringdb;
	if (read_path(l, key, v, path)) {
		data_named(l, &v->at, *path);
	}
}

static void read_registrobr(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	char **path = &((struct irr_conf *)target)->registrobr;
	if (read_path(l, key, v, path)) {
		data_named(l, &v->at, *path);
	}
}

/* One `AS-SET: FILE`. */
static void add_file(struct loader *l, const struct node *key, const struct node *v,
		     struct irr_conf *c)
{
	struct irr_file file = {.path = NULL};
	if (key->kind != NODE_SCALAR || !irr_name_parse(key->text, strlen(key->text), &file.name)) {
		loader_fail(l, &key->at,
			    "'files' has AS-SETs such as AS-EXAMPLE or RIPE::AS-EXAMPLE, or an AS "
			    "such as AS64501, before each file");
		return;
	}
	for (unsigned i = 0; i < c->file_count; i++) {
		if (strcmp(c->file[i].name.text, file.name.text) == 0) {
			loader_fail(l, &key->at, "'%s' has a file already; keep one of the two",
				    file.name.text);
			return;
		}
	}
	if (!read_path(l, key, v, &file.path)) {
		return;
	}
	data_named(l, &v->at, file.path);
	struct irr_file *grown = realloc(c->file, (c->file_count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	c->file = grown;
	c->file[c->file_count++] = file;
}

static void read_files(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct irr_conf *c = target;
	struct node name, file;
	void *cursor = NULL;
	if (v->kind == NODE_LIST) {
		loader_fail(l, &v->at,
			    "'files' must be a folder, or a mapping such as {AS-EXAMPLE: "
			    "FILE}, not a list");
		return;
	}
	if (v->kind != NODE_MAP) {
		if (read_path(l, key, v, &c->files_dir)) {
			l->general.irr_files_at = v->at;
		}
		return;
	}
	while (node_next_pair(v, &cursor, l->errors, &name, &file)) {
		add_file(l, &name, &file, c);
	}
}

static const struct key irr_key[] = {
	{.name = "bgpq4_path", .read = read_bgpq4},
	{.name = "host", .read = read_host},
	{.name = "sources", .read = read_sources},
	{.name = "aut_num_sources", .read = read_aut_num_sources},
	{.name = "whois_path", .read = read_whois},
	{.name = "timeout", .read = read_timeout},
	{.name = "threads", .read = read_threads},
	{.name = "refresh", .read = read_refresh},
	{.name = "cache_dir", .read = read_cache},
	{.name = "shrink_percent", .read = read_shrink},
	{.name = "private_asns", .read = read_private},
	{.name = "files", .read = read_files},
	{.name = "peeringdb", .read = read_peeringdb},
	{.name = "registrobr", .read = read_registrobr},
};
static const struct key_table irr_keys = {
	.where = "irr", .keys = irr_key, .count = ARRAY_COUNT(irr_key), .is_once = true};

void read_irr(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	keys_walk(l, v, &irr_keys, &l->config->irr);
}
