/* Refused segments in the operator's words: how many, when the last, and what to look at first. */
#include "control/api/auth_json.h"

#include <stdio.h>

#include "rib/base/check.h"

/* For each verdict, by the kind that is configured here: what they were, and what to ask. */
static const struct words {
	const char *what[3], *ask[3]; /* [enum seg_auth]; NULL: cannot be. */
} words[AUTH_VERDICT_COUNT] = {
	[AUTH_MISSING] =
		{{[SEG_AUTH_MD5] = "without a digest", [SEG_AUTH_AO] = "without a signature"},
		 {[SEG_AUTH_MD5] = "has the neighbour the password, too?",
		  [SEG_AUTH_AO] = "has the neighbour the keys, too?"}},
	[AUTH_UNEXPECTED] = {{[SEG_AUTH_NONE] = "with a signature, and no key is configured here"},
			     {[SEG_AUTH_NONE] = "is 'password' or 'tcp_ao' missing here?"}},
	[AUTH_KIND] = {{[SEG_AUTH_MD5] = "signed with TCP-AO, and a password is configured here",
			[SEG_AUTH_AO] = "signed with TCP-MD5, and 'tcp_ao' is configured here"},
		       {[SEG_AUTH_MD5] = "which of the two was agreed upon?",
			[SEG_AUTH_AO] = "which of the two was agreed upon?"}},
	[AUTH_BAD] =
		{{[SEG_AUTH_MD5] = "with a wrong digest", [SEG_AUTH_AO] = "with a wrong digest"},
		 {[SEG_AUTH_MD5] = "is the password the same on both sides?",
		  [SEG_AUTH_AO] = "are key, algorithm and include_tcp_options the same on both "
				  "sides?"}},
	[AUTH_KEY_UNKNOWN] = {{[SEG_AUTH_AO] = "with a key id that is not configured here"},
			      {[SEG_AUTH_AO] = "is the neighbour's send_id a recv_id here?"}},
	[AUTH_NO_CONNECTION] = {{[SEG_AUTH_AO] = "of a connection that is no more"},
				{[SEG_AUTH_AO] = "after a restart this ends with the neighbour's "
						 "hold time"}},
};

static const char *const kind_names[] = {
	[SEG_AUTH_NONE] = "none", [SEG_AUTH_MD5] = "TCP-MD5", [SEG_AUTH_AO] = "TCP-AO"};

/* The kind may have been another one when the segments came: take the words of any then. */
static const char *pick(const char *const text[3], uint8_t kind)
{
	for (unsigned i = 0; text[kind] == NULL && i < 3; i++) {
		if (text[i] != NULL) {
			return text[i];
		}
	}
	return text[kind];
}

static json_t *refused_json(const struct member_status *st, enum auth_verdict v, usec_t now)
{
	char text[256];
	uint64_t count = st->drops[auth_drop(v)];
	usec_t last = st->refused_at[v];
	unsigned long long last_s = now > last ? (now - last) / USEC_PER_SEC : 0;
	uint8_t kind = st->auth.kind;
	snprintf(text, sizeof(text), "%s%s%llu segment%s %s, last %llu s ago: %s",
		 kind == SEG_AUTH_NONE ? "" : kind_names[kind], kind == SEG_AUTH_NONE ? "" : ": ",
		 (unsigned long long)count, count == 1 ? "" : "s", pick(words[v].what, kind),
		 last_s, pick(words[v].ask, kind));
	return json_pack("{s:I, s:I, s:s}", "count", (json_int_t)count, "last_s",
			 (json_int_t)last_s, "text", text);
}

/* How the keys stand, in words; empty when there is nothing to say. */
static void format_keys(const struct auth_status *a, char *buf, size_t len)
{
	buf[0] = '\0';
	if (a->kind == SEG_AUTH_AO && a->has_current) {
		snprintf(buf, len, "sends with id %u, asks for id %u", a->send_id, a->want_id);
	}
	if (a->retired > 0) {
		size_t used = strlen(buf);
		snprintf(buf + used, len - used, "%s%s", used > 0 ? "; " : "",
			 a->is_on_retired
				 ? "the former key is in use until the neighbour has the new one"
				 : "a former key is still accepted");
	}
}

json_t *auth_json(const struct member_status *st, usec_t now)
{
	char keys[128];
	json_t *to = json_object();
	json_t *refused = json_object();
	ASSERT(st->auth.kind < ARRAY_COUNT(kind_names));
	json_object_set_new(to, "kind", json_string(kind_names[st->auth.kind]));
	json_object_set_new(to, "keys", json_integer(st->auth.key_count));
	json_object_set_new(to, "former_keys", json_integer(st->auth.retired));
	if (st->auth.kind == SEG_AUTH_AO && st->auth.has_current) {
		json_object_set_new(to, "send_id", json_integer(st->auth.send_id));
		json_object_set_new(to, "wanted_id", json_integer(st->auth.want_id));
	}
	format_keys(&st->auth, keys, sizeof(keys));
	if (keys[0] != '\0') {
		json_object_set_new(to, "text", json_string(keys));
	}
	for (unsigned v = AUTH_OK + 1; v < AUTH_VERDICT_COUNT; v++) {
		enum tcp_drop drop = auth_drop((enum auth_verdict)v);
		if (st->drops[drop] > 0) {
			json_object_set_new(refused, tcp_drop_name(drop),
					    refused_json(st, (enum auth_verdict)v, now));
		}
	}
	json_object_set_new(to, "refused", refused);
	return to;
}
