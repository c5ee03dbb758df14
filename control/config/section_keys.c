/* `password` and `tcp_ao` of a client: what its segments are signed with.
 *
 * Messages name the place and what would be right, and never repeat what stands there: a secret in
 * the wrong place is a secret all the same.
 */
#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"
#include "rib/base/check.h"

#define HEX_MARK "hex:"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);
	return at == NULL ? -1 : (int)(at - digits);
}

/* "hex:…" after its mark. */
static bool parse_hex(const char *text, struct auth_key *out)
{
	size_t digits = strlen(text);
	if (digits == 0 || digits % 2 != 0 || digits / 2 > AUTH_SECRET_MAX) {
		return false;
	}
	for (size_t i = 0; i < digits; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		out->secret[i / 2] = (uint8_t)(high << 4 | low);
	}
	out->secret_len = (uint8_t)(digits / 2);
	return true;
}

static bool set_text(const char *text, struct auth_key *out)
{
	size_t len = strlen(text);
	if (len > AUTH_SECRET_MAX) {
		return false;
	}
	memcpy(out->secret, text, len);
	out->secret_len = (uint8_t)len;
	return true;
}

void password_read(struct loader *l, const struct node *key, const struct node *v,
		   struct draft_keys *d)
{
	const char *text;
	struct auth_key md5 = {.algorithm = AUTH_MD5};
	l->has_secret = true;
	d->password_at = key->at;
	if (!value_text(l, v, "password", &text)) {
		return;
	}
	if (!set_text(text, &md5)) {
		loader_fail(l, &v->at,
			    "'password' can have at most %d octets; agree on a shorter one with "
			    "the neighbour",
			    AUTH_SECRET_MAX);
		return;
	}
	d->keys.key[0] = md5;
	d->keys.count = 1;
	explicit_bzero(&md5, sizeof(md5));
}

/* One item of `tcp_ao` while it is read. */
struct draft_ao {
	struct auth_key key;
	bool has_send_id, has_recv_id, has_key;
};

static void read_id(struct loader *l, const struct node *v, const char *name, uint8_t *out,
		    bool *has)
{
	uint32_t id;
	*has = true;
	if (value_number(l, v, name, 0, UINT8_MAX, &id)) {
		*out = (uint8_t)id;
	}
}

static void read_send_id(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_ao *d = target;
	(void)key;
	read_id(l, v, "send_id", &d->key.send_id, &d->has_send_id);
}

static void read_recv_id(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_ao *d = target;
	(void)key;
	read_id(l, v, "recv_id", &d->key.recv_id, &d->has_recv_id);
}

static void read_algorithm(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct draft_ao *d = target;
	const char *text;
	(void)key;
	if (!value_text(l, v, "algorithm", &text)) {
		return;
	}
	if (strcmp(text, "hmac-sha-1-96") == 0) {
		d->key.algorithm = AUTH_HMAC_SHA_1_96;
	} else if (strcmp(text, "aes-128-cmac-96") == 0) {
		d->key.algorithm = AUTH_AES_128_CMAC_96;
	} else {
		loader_fail(l, &v->at, "'algorithm' must be hmac-sha-1-96 or aes-128-cmac-96");
	}
}

static void read_key(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_ao *d = target;
	const char *text;
	(void)key;
	d->has_key = true;
	if (!value_text(l, v, "key", &text)) {
		return;
	}
	size_t mark = strlen(HEX_MARK);
	bool is_hex = strncmp(text, HEX_MARK, mark) == 0;
	if (is_hex && !parse_hex(text + mark, &d->key)) {
		loader_fail(l, &v->at,
			    "'key' with 'hex:' must go on with 1 to %d octets of two hexadecimal "
			    "digits each",
			    AUTH_SECRET_MAX);
	} else if (!is_hex && !set_text(text, &d->key)) {
		loader_fail(l, &v->at,
			    "'key' can have at most %d octets; agree on a shorter one with the "
			    "neighbour",
			    AUTH_SECRET_MAX);
	}
}

static void read_include_options(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	struct draft_ao *d = target;
	bool includes;
	(void)key;
	if (value_bool(l, v, "include_tcp_options", &includes)) {
		d->key.excludes_options = !includes;
	}
}

static const struct key ao_key[] = {
	{.name = "send_id", .read = read_send_id},
	{.name = "recv_id", .read = read_recv_id},
	{.name = "algorithm", .read = read_algorithm},
	{.name = "key", .read = read_key},
	{.name = "include_tcp_options", .read = read_include_options},
};
static const struct key_table ao_keys = {
	.where = "clients[].tcp_ao[]", .keys = ao_key, .count = ARRAY_COUNT(ao_key)};

/* Ids name a key, RFC 5925 §3.1: each once in each direction. */
static void check_ids(struct loader *l, const struct place *at, const struct draft_keys *d,
		      const struct auth_key *key)
{
	for (unsigned i = 0; i < d->keys.count; i++) {
		bool is_send = d->keys.key[i].send_id == key->send_id;
		if (is_send || d->keys.key[i].recv_id == key->recv_id) {
			loader_fail(l, at,
				    "the %s %u is that of another key of this client; give each "
				    "key its own",
				    is_send ? "send_id" : "recv_id",
				    is_send ? key->send_id : key->recv_id);
			return;
		}
	}
}

static void read_ao_item(struct loader *l, const struct node *item, struct draft_keys *d)
{
	struct draft_ao draft = {.key = {.algorithm = AUTH_HMAC_SHA_1_96}};
	unsigned faults = l->errors->error_count;
	keys_walk(l, item, &ao_keys, &draft);
	if (item->kind != NODE_MAP) {
		return;
	}
	const char *missing = !draft.has_send_id   ? "send_id"
			      : !draft.has_recv_id ? "recv_id"
			      : !draft.has_key	   ? "key"
						   : NULL;
	if (missing != NULL) {
		loader_fail(l, &item->at,
			    "this key has no '%s'; a key has send_id, recv_id and key", missing);
	}
	if (l->errors->error_count == faults) {
		check_ids(l, &item->at, d, &draft.key);
		d->keys.key[d->keys.count++] = draft.key;
	}
	explicit_bzero(&draft, sizeof(draft));
}

void tcp_ao_read(struct loader *l, const struct node *key, const struct node *v,
		 struct draft_keys *d)
{
	struct node item;
	void *cursor = NULL;
	unsigned count = 0;
	l->has_secret = true;
	d->ao_at = key->at;
	d->keys.count = 0;
	if (v->kind == NODE_BAD) {
		return;
	}
	if (v->kind != NODE_LIST) {
		loader_fail(l, &v->at,
			    "'tcp_ao' must be a list of '- send_id: …' items, the preferred key "
			    "first, not %s",
			    node_kind_text(v->kind));
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (count++ == AUTH_KEYS_MAX) {
			loader_fail(l, &item.at, "'tcp_ao' can have at most %d keys",
				    AUTH_KEYS_MAX);
			return;
		}
		read_ao_item(l, &item, d);
	}
	if (count == 0) {
		loader_fail(l, &v->at, "'tcp_ao' is an empty list; give a key or remove it");
	}
}

void draft_keys_check(struct loader *l, const struct draft_keys *d)
{
	if (d->password_at.line != 0 && d->ao_at.line != 0) {
		loader_fail(l, &d->ao_at,
			    "'password' (line %d) and 'tcp_ao' exclude each other: a connection "
			    "has one kind of signature; remove one of the two",
			    d->password_at.line);
	}
}

struct auth_keys *draft_keys_copy(const struct draft_keys *d)
{
	if (d->keys.count == 0) {
		return NULL;
	}
	struct auth_keys *copy = malloc(sizeof(*copy));
	ASSERT(copy != NULL);
	*copy = d->keys;
	return copy;
}
