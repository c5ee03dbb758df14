/* `control.http`: addresses to listen on, TLS, and what is answered without a token.
 *
 * Tokens travel in each request, so plain HTTP is for loopback addresses: what a proxy or an
 * operator on the host speaks.  Anything else must be said (`plain: true`).
 */
#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"

#define LISTEN_EXAMPLE "\"127.0.0.1:8179\" or \"[2001:db8::1]:443\""

struct draft_http {
	struct http_conf *conf;
	struct place listen_at[HTTP_LISTEN_MAX], tls_at, plain_at;
	bool has_listen; /* Given, and be it faulty. */
	bool has_tls, has_plain;
};

static bool is_listed(const struct http_conf *c, const struct http_listen *wanted)
{
	bool is = false;
	for (unsigned i = 0; i < c->listen_count; i++) {
		is |= addr_equal(&c->listen[i].addr, &wanted->addr) &&
		      c->listen[i].port == wanted->port;
	}
	return is;
}

static void add_listen(struct loader *l, const struct node *v, struct draft_http *d)
{
	const char *text;
	struct http_listen wanted;
	struct http_conf *c = d->conf;
	if (!value_text(l, v, "listen", &text)) {
		return;
	}
	if (!http_listen_parse(text, &wanted)) {
		loader_fail(l, &v->at,
			    "'listen' must be an address and a port, such as " LISTEN_EXAMPLE
			    ", not '%s'",
			    text);
	} else if (is_listed(c, &wanted)) {
		loader_fail(l, &v->at, "'listen' has %s twice; keep one", text);
	} else if (c->listen_count == HTTP_LISTEN_MAX) {
		loader_fail(l, &v->at, "'listen' can have at most %u addresses", HTTP_LISTEN_MAX);
	} else {
		d->listen_at[c->listen_count] = v->at;
		c->listen[c->listen_count++] = wanted;
	}
}

static void read_listen(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	struct draft_http *d = target;
	struct node item;
	void *cursor = NULL;
	unsigned count = 0;
	d->has_listen = true;
	if (v->kind != NODE_LIST) {
		add_listen(l, v, d);
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		add_listen(l, &item, d);
		count++;
	}
	if (count == 0) {
		loader_fail(l, &key->at, "'listen' is an empty list; remove 'http' for no HTTP");
	}
}

static void read_file(struct loader *l, const struct node *key, const struct node *v, char **out)
{
	const char *text;
	if (value_text(l, v, key->text, &text)) {
		free(*out);
		*out = path_beside(v->at.file, text);
	}
}

static void read_certificate(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	read_file(l, key, v, &((struct draft_http *)target)->conf->certificate);
}

static void read_key(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	read_file(l, key, v, &((struct draft_http *)target)->conf->key);
}

static const struct key tls_key[] = {
	{.name = "certificate", .read = read_certificate},
	{.name = "key", .read = read_key},
};
static const struct key_table tls_keys = {.where = "control.http.tls",
					  .keys = tls_key,
					  .count = ARRAY_COUNT(tls_key),
					  .is_once = true};

static void read_tls(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_http *d = target;
	unsigned errors = l->errors->error_count;
	keys_walk(l, v, &tls_keys, d);
	d->has_tls = true;
	d->tls_at = key->at;
	if (l->errors->error_count == errors &&
	    (d->conf->certificate == NULL || d->conf->key == NULL)) {
		loader_fail(l, &key->at,
			    "'control.http.tls' needs both 'certificate' and 'key', each the name "
			    "of a PEM file");
	}
}

static void read_plain(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_http *d = target;
	d->has_plain = value_bool(l, v, "plain", &d->conf->is_plain);
	d->plain_at = key->at;
}

static void read_glass(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	static const char *const choices[] = {"private", "public", NULL};
	uint32_t choice;
	if (value_choice(l, v, "looking_glass", choices, &choice)) {
		((struct draft_http *)target)->conf->is_glass_public = choice == 1;
	}
}

static void read_rate(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)value_number(l, v, key->text, 1, 1000000, &((struct draft_http *)target)->conf->rate);
}

static const struct key http_key[] = {
	{.name = "listen", .read = read_listen}, {.name = "tls", .read = read_tls},
	{.name = "plain", .read = read_plain},	 {.name = "looking_glass", .read = read_glass},
	{.name = "rate", .read = read_rate},
};
static const struct key_table http_keys = {
	.where = "control.http", .keys = http_key, .count = ARRAY_COUNT(http_key), .is_once = true};

/* What only the whole section shows. */
static void check_plain(struct loader *l, const struct draft_http *d)
{
	char text[HTTP_LISTEN_TEXT_MAX];
	if (d->has_tls && d->conf->is_plain) {
		loader_fail(l, &d->plain_at,
			    "'tls' and 'plain: true' exclude each other; keep one of them");
	}
	for (unsigned i = 0; !d->has_tls && !d->conf->is_plain && i < d->conf->listen_count; i++) {
		if (!addr_is_loopback(&d->conf->listen[i].addr)) {
			loader_fail(l, &d->listen_at[i],
				    "%s is no loopback address, and without 'tls' everybody on the "
				    "way could read tokens; add 'tls: {certificate: FILE, key: "
				    "FILE}', or 'plain: true' if that is meant",
				    http_listen_format(&d->conf->listen[i], text));
		}
	}
}

void read_http(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	struct draft_http d = {.conf = &l->config->control.http};
	keys_walk(l, v, &http_keys, &d);
	if (v->kind == NODE_MAP && !d.has_listen) {
		loader_fail(l, &key->at, "'control.http' needs 'listen', such as " LISTEN_EXAMPLE);
	}
	check_plain(l, &d);
}
