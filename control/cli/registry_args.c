/* Words become method and path, FIELD=VALUE a body, --FIELD VALUE a query; see registry_args.h. */
#include "control/cli/registry_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/registry/field.h"
#include "rib/base/check.h"

const char registry_help[] =
	"usage: causeway [--socket PATH] [--json] registry COMMAND\n"
	"\n"
	"  tenants|asns|prefixes|evidence|sites|templates|sessions|tokens|documents|changes\n"
	"       [list] [--FIELD VALUE]... [--limit N] [--cursor C]     what there is\n"
	"  show ID | show REVISION           one object, or one change\n"
	"  create KIND FIELD=VALUE...        make a tenant, asn, prefix, site, template, session, "
	"token\n"
	"  create KIND --help                its fields, with what they mean\n"
	"  set ID FIELD=VALUE...             change it; lists with commas, 'null' for none\n"
	"  delete ID\n"
	"  submit|check|withdraw|drain|release ID\n"
	"  announce ID [--limited]           to everybody, or as a test\n"
	"  approve ID | reject ID --reason TEXT | revoke ID [--reason TEXT]\n"
	"  key ID                            a session's new key, shown once\n"
	"  config ID --router NAME           what a router needs: bird, bird3, frr, openbgpd, "
	"gobgp,\n"
	"                                    ios-xe, ios-xr, junos, eos, mikrotik\n"
	"  message ID                        the text to sign for a prefix\n"
	"  signature ID CERTIFICATE FILE     its signature (raw or base64), and whose it is (PEM)\n"
	"  letter ID > FILE                  the letter to sign for a prefix, as PDF\n"
	"  letter ID FILE                    the signed letter\n"
	"  rdap ID FILE                      the RDAP record that has the proof's token\n"
	"  undo REVISION | import FILE       FILE is an array of objects in JSON\n"
	"  status | whoami                   state of the registry here; who you are\n"
	"\n"
	"  --dry-run                  say what would change, and change nothing\n"
	"  --if-match REVISION        only if the object is still of this revision\n"
	"  --idempotency-key TEXT     the same command with the same text is done once a day\n";

#define FILE_MAX ((size_t)1 << 20) /* What the server takes. */

struct words {
	const char *word[64];
	unsigned count;
	json_t *query;
	bool is_limited;
	const char *reason, *key, *revision; /* NULL: not given. */
	char *why;
	size_t why_len;
};

static bool fail(const struct words *w, const char *format, const char *what)
{
	(void)snprintf(w->why, w->why_len, format, what);
	return false;
}

static bool is_number(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= 18 && strspn(text, "0123456789") == len;
}

/* "--router NAME" and "--router=NAME"; *at moves over the value. */
static bool take_option(struct words *w, int argc, char *const *argv, int *at, struct cli *out)
{
	char name[64];
	const char *option = argv[*at] + 2, *equals = strchr(option, '=');
	size_t len = equals != NULL ? (size_t)(equals - option) : strlen(option);
	if (strcmp(option, "json") == 0) {
		out->is_json = true;
		return true;
	}
	if (strcmp(option, "limited") == 0) {
		w->is_limited = true;
		return true;
	}
	if (strcmp(option, "dry-run") == 0) {
		json_object_set_new(w->query, "dry_run", json_true());
		return true;
	}
	if (len == 0 || len >= sizeof(name)) {
		return fail(w, "'%s' is no option", argv[*at]);
	}
	if (equals == NULL && *at + 1 >= argc) {
		return fail(w, "'%s' needs a value", argv[*at]);
	}
	const char *value = equals != NULL ? equals + 1 : argv[++*at];
	memcpy(name, option, len);
	name[len] = '\0';
	if (strcmp(name, "socket") == 0) {
		out->socket = value;
	} else if (strcmp(name, "reason") == 0) {
		w->reason = value;
	} else if (strcmp(name, "idempotency-key") == 0) {
		w->key = value;
	} else if (strcmp(name, "if-match") == 0) {
		w->revision = value;
		return is_number(value) || fail(w, "'%s' is no revision", value);
	} else if (json_object_set_new(w->query, name, json_string(value)) != 0) {
		return fail(w, "the value of '--%s' is not UTF-8", name);
	}
	return true;
}

static bool split(struct words *w, int argc, char *const *argv, struct cli *out)
{
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(w, argc, argv, &i, out)) {
				return false;
			}
		} else if (w->count == ARRAY_COUNT(w->word)) {
			return fail(w, "'%s' is one word too many", argv[i]);
		} else {
			w->word[w->count++] = argv[i];
		}
	}
	return w->count > 0 || fail(w, "%s", "what of the registry? see causeway registry --help");
}

/* --- Values --- */

static json_t *scalar(const struct field *f, const char *text)
{
	bool wants_number =
		f->type == FIELD_NUMBER || f->type == FIELD_ASN || f->type == FIELD_ASNS;
	if (strcmp(text, "null") == 0) {
		return json_null();
	}
	if (f->type == FIELD_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		return json_boolean(text[0] == 't');
	}
	if (wants_number && strncmp(text, "AS", 2) == 0 && is_number(text + 2)) {
		text += 2;
	}
	/* What is none is sent as it is: the server says what it should be. */
	return wants_number && is_number(text) ? json_integer((json_int_t)strtoull(text, NULL, 10))
					       : json_string(text);
}

static json_t *list(const struct field *f, const char *text)
{
	json_t *to = json_array();
	char *copy = strdup(text), *save = NULL;
	ASSERT(copy != NULL);
	for (char *item = strtok_r(copy, ",", &save); item != NULL;
	     item = strtok_r(NULL, ",", &save)) {
		json_array_append_new(to, scalar(f, item));
	}
	free(copy);
	return to;
}

static json_t *value_of(const struct field *f, const char *text)
{
	switch (f->type) {
	case FIELD_ASNS:
	case FIELD_IDS:
	case FIELD_ADDRS:
	case FIELD_TEXTS:
	case FIELD_FAMILIES:
		return list(f, text);
	default:
		return scalar(f, text);
	}
}

/* "quota.asns=5", "origins=64501,64502". */
static bool set_field(const struct words *w, enum registry_kind kind, const char *word,
		      json_t *body)
{
	char name[64], *dot;
	const char *equals = strchr(word, '=');
	if (equals == NULL || (size_t)(equals - word) >= sizeof(name)) {
		return fail(w, "'%s' is not FIELD=VALUE", word);
	}
	memcpy(name, word, (size_t)(equals - word));
	name[equals - word] = '\0';
	dot = strchr(name, '.');
	if (dot != NULL) {
		*dot = '\0';
	}
	const struct field *f = field_find(registry_fields(kind), name);
	json_t *to = body;
	if (f != NULL && dot != NULL) {
		f = f->type == FIELD_GROUP ? field_find(f->group, dot + 1) : NULL;
		to = json_object_get(body, name);
		if (to == NULL) {
			to = json_object();
			json_object_set_new(body, name, to);
		}
	}
	if (f == NULL) {
		(void)snprintf(w->why, w->why_len,
			       "'%.100s': there is no such field; see causeway registry create %s "
			       "--help",
			       word, registry_kind_text(kind));
		return false;
	}
	return json_object_set_new(to, f->name, value_of(f, equals + 1)) == 0 ||
	       fail(w, "'%s' is not UTF-8 text", word);
}

/* --- Commands --- */

static void set_call(struct cli *out, const struct words *w, const char *method, json_t *path,
		     json_t *body)
{
	json_t *r = out->request;
	json_object_set_new(r, "command", json_string("call"));
	json_object_set_new(r, "method", json_string(method));
	json_object_set_new(r, "path", path);
	if (json_object_size(w->query) > 0) {
		json_object_set(r, "query", w->query);
	}
	if (w->revision != NULL) {
		json_object_set_new(r, "if_match",
				    json_integer((json_int_t)strtoull(w->revision, NULL, 10)));
	}
	if (w->key != NULL) {
		json_object_set_new(r, "key", json_string(w->key));
	}
	if (body != NULL) {
		json_object_set_new(r, "body", body);
	}
}

static json_t *path_of(enum registry_kind kind, const char *id, const char *action)
{
	return json_sprintf("/api/v1/%s%s%s%s%s", registry_kind_plural(kind), id != NULL ? "/" : "",
			    id != NULL ? id : "", action != NULL ? "/" : "",
			    action != NULL ? action : "");
}

static bool has_words(const struct words *w, unsigned count)
{
	if (w->count < count) {
		return fail(w, "'%s' needs an operand; see causeway registry --help", w->word[0]);
	}
	return w->count == count || fail(w, "'%s' is one word too many", w->word[count]);
}

static bool kind_of(const struct words *w, enum registry_kind *out)
{
	return registry_kind_of_id(w->word[1], out) ||
	       fail(w, "'%s' is no id; the lists show them, as in causeway registry tenants",
		    w->word[1]);
}

static bool list_of(const struct words *w, struct cli *out)
{
	bool has_list = w->count > 1 && strcmp(w->word[1], "list") == 0;
	if (!has_words(w, has_list ? 2 : 1)) {
		return false;
	}
	set_call(out, w, "GET", json_sprintf("/api/v1/%s", w->word[0]), NULL);
	return true;
}

static bool show(const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	if (!has_words(w, 2)) {
		return false;
	}
	if (is_number(w->word[1])) {
		set_call(out, w, "GET", json_sprintf("/api/v1/changes/%s", w->word[1]), NULL);
		return true;
	}
	if (!kind_of(w, &kind)) {
		return false;
	}
	set_call(out, w, "GET", path_of(kind, w->word[1], NULL), NULL);
	return true;
}

static bool fields_of(const struct words *w, enum registry_kind kind, json_t *body)
{
	for (unsigned i = 2; i < w->count; i++) {
		if (!set_field(w, kind, w->word[i], body)) {
			return false;
		}
	}
	return true;
}

static bool create(const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	if (w->count < 2 || !registry_kind_parse(w->word[1], &kind)) {
		return fail(w, "%s",
			    "it is 'create KIND FIELD=VALUE...', and KIND one of tenant, asn, "
			    "prefix, site, template, session, token");
	}
	json_t *body = json_object();
	set_call(out, w, "POST", path_of(kind, NULL, NULL), body);
	return fields_of(w, kind, body);
}

static bool set(const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	if (w->count < 3) {
		return fail(w, "%s", "it is 'set ID FIELD=VALUE...'");
	}
	if (!kind_of(w, &kind)) {
		return false;
	}
	json_t *body = json_object();
	set_call(out, w, "PATCH", path_of(kind, w->word[1], NULL), body);
	return fields_of(w, kind, body);
}

static bool delete (const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	if (!has_words(w, 2) || !kind_of(w, &kind)) {
		return false;
	}
	set_call(out, w, "DELETE", path_of(kind, w->word[1], NULL), NULL);
	return true;
}

/* What the API calls by the same name, of whichever kind the id is. */
static bool act(const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	json_t *body = NULL;
	if (!has_words(w, 2) || !kind_of(w, &kind)) {
		return false;
	}
	if (w->reason != NULL) {
		body = json_pack("{s:s}", "reason", w->reason);
	} else if (strcmp(w->word[0], "announce") == 0) {
		body = json_pack("{s:s}", "to", w->is_limited ? "limited" : "all");
	}
	set_call(out, w, "POST", path_of(kind, w->word[1], w->word[0]), body);
	return true;
}

static bool read(const struct words *w, struct cli *out)
{
	enum registry_kind kind;
	const char *what = strcmp(w->word[0], "config") == 0 ? "configuration" : w->word[0];
	if (!has_words(w, 2) || !kind_of(w, &kind)) {
		return false;
	}
	set_call(out, w, "GET", path_of(kind, w->word[1], what), NULL);
	return true;
}

/* --- Files --- */

/* `file`, at most FILE_MAX octets; the caller frees them.  NULL: `why` says why. */
static char *load(const struct words *w, const char *file, size_t *out_len)
{
	FILE *from = fopen(file, "re");
	char *data = malloc(FILE_MAX + 1);
	ASSERT(data != NULL);
	size_t len = from != NULL ? fread(data, 1, FILE_MAX + 1, from) : 0;
	const char *wrong = from == NULL || ferror(from) ? strerror(errno)
			    : len == 0			 ? "it is empty"
			    : len > FILE_MAX		 ? "it is larger than 1 MiB"
							 : NULL;
	if (from != NULL) {
		(void)fclose(from);
	}
	if (wrong != NULL) {
		(void)snprintf(w->why, w->why_len, "%.160s: %s", file, wrong);
		free(data);
		return NULL;
	}
	data[len] = '\0';
	*out_len = len;
	return data;
}

/* RFC 4648 §4. */
static json_t *base64(const char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc(len / 3 * 4 + 5), *to = text;
	ASSERT(text != NULL);
	for (size_t at = 0; at < len; at += 3) {
		unsigned bits = 0, count = len - at < 3 ? (unsigned)(len - at) : 3;
		for (unsigned i = 0; i < 3; i++) {
			bits = bits << 8 | (i < count ? (unsigned char)data[at + i] : 0U);
		}
		for (unsigned i = 0; i < 4; i++) {
			*to++ = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
		}
	}
	json_t *out = json_stringn(text, (size_t)(to - text));
	free(text);
	return out;
}

/* Text in base64 already is not done again: it has nothing but its letters. */
static json_t *signature_of(const char *data, size_t len)
{
	bool is_text = strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789+/=\r\n") == len;
	char *to = malloc(len + 1);
	size_t kept = 0;
	ASSERT(to != NULL);
	for (size_t i = 0; is_text && i < len; i++) {
		if (data[i] != '\r' && data[i] != '\n') {
			to[kept++] = data[i];
		}
	}
	json_t *out = is_text ? json_stringn(to, kept) : base64(data, len);
	free(to);
	return out;
}

/* `body` is taken; NULL: `why` says why there is none. */
static bool give(const struct words *w, struct cli *out, json_t *body)
{
	enum registry_kind kind;
	if (body == NULL || !kind_of(w, &kind)) {
		json_decref(body);
		return false;
	}
	set_call(out, w, "POST", path_of(kind, w->word[1], w->word[0]), body);
	return true;
}

static bool letter(const struct words *w, struct cli *out)
{
	size_t len = 0;
	if (w->count < 3) {
		return read(w, out);
	}
	char *data = has_words(w, 3) ? load(w, w->word[2], &len) : NULL;
	json_t *body = data != NULL ? json_pack("{s:s, s:o}", "media_type", "application/pdf",
						"data", base64(data, len))
				    : NULL;
	free(data);
	return give(w, out, body);
}

static bool signature(const struct words *w, struct cli *out)
{
	size_t cert_len = 0, len = 0;
	json_t *body = NULL;
	if (!has_words(w, 4)) {
		return false;
	}
	char *cert = load(w, w->word[2], &cert_len);
	char *data = cert != NULL ? load(w, w->word[3], &len) : NULL;
	if (data != NULL) {
		body = json_pack("{s:s#, s:o}", "certificate", cert, (int)cert_len, "signature",
				 signature_of(data, len));
		if (body == NULL) {
			(void)fail(w, "%.160s: it is no PEM text", w->word[2]);
		}
	}
	free(cert);
	free(data);
	return give(w, out, body);
}

/* NULL: `why` says why. */
static json_t *load_json(const struct words *w, const char *file)
{
	json_error_t error;
	json_t *body = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	if (body == NULL) {
		/* What was not opened has no line, and says its name. */
		(void)(error.line > 0 ? snprintf(w->why, w->why_len, "%.100s: line %d: %.120s",
						 file, error.line, error.text)
				      : snprintf(w->why, w->why_len, "%.200s", error.text));
	}
	return body;
}

static bool rdap(const struct words *w, struct cli *out)
{
	return has_words(w, 3) && give(w, out, load_json(w, w->word[2]));
}

static bool import(const struct words *w, struct cli *out)
{
	json_t *body = has_words(w, 2) ? load_json(w, w->word[1]) : NULL;
	if (body != NULL) {
		set_call(out, w, "POST", json_string("/api/v1/import"), body);
	}
	return body != NULL;
}

/* The registry's part of `status`. */
static bool status(const struct words *w, struct cli *out)
{
	out->view = VIEW_REGISTRY_STATUS;
	json_object_set_new(out->request, "command", json_string("status"));
	return has_words(w, 1);
}

static bool undo(const struct words *w, struct cli *out)
{
	if (!has_words(w, 2)) {
		return false;
	}
	if (!is_number(w->word[1])) {
		return fail(w, "'%s' is no revision", w->word[1]);
	}
	set_call(out, w, "POST", json_sprintf("/api/v1/changes/%s/undo", w->word[1]), NULL);
	return true;
}

static bool whoami(const struct words *w, struct cli *out)
{
	set_call(out, w, "GET", json_string("/api/v1/whoami"), NULL);
	return has_words(w, 1);
}

static const struct {
	const char *name;
	bool (*read)(const struct words *w, struct cli *out);
} commands[] = {
	{"show", show},	     {"create", create},     {"set", set},
	{"delete", delete},  {"check", act},	     {"submit", act},
	{"approve", act},    {"reject", act},	     {"revoke", act},
	{"announce", act},   {"withdraw", act},	     {"drain", act},
	{"release", act},    {"key", act},	     {"config", read},
	{"message", read},   {"letter", letter},     {"signature", signature},
	{"rdap", rdap},	     {"status", status},     {"undo", undo},
	{"import", import},  {"whoami", whoami},     {"tenants", list_of},
	{"asns", list_of},   {"prefixes", list_of},  {"evidence", list_of},
	{"sites", list_of},  {"templates", list_of}, {"sessions", list_of},
	{"tokens", list_of}, {"documents", list_of}, {"changes", list_of},
};

/* What a command does not heed is a mistake, and not ignored. */
static bool are_options_right(const struct words *w)
{
	static const char *const with_reason[] = {"approve", "reject", "revoke"};
	const char *name = w->word[0];
	bool takes_reason = false, is_status = strcmp(name, "status") == 0;
	for (unsigned i = 0; i < ARRAY_COUNT(with_reason); i++) {
		takes_reason = takes_reason || strcmp(name, with_reason[i]) == 0;
	}
	if (w->reason != NULL && !takes_reason) {
		return fail(w, "'--reason' does not belong to '%s'", name);
	}
	if (w->is_limited && strcmp(name, "announce") != 0) {
		return fail(w, "'--limited' does not belong to '%s'", name);
	}
	return !is_status ||
	       (json_object_size(w->query) == 0 && w->key == NULL && w->revision == NULL) ||
	       fail(w, "'%s' takes none of these options", name);
}

static bool understand(const struct words *w, struct cli *out)
{
	if (!are_options_right(w)) {
		return false;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(commands); i++) {
		if (strcmp(w->word[0], commands[i].name) == 0) {
			return commands[i].read(w, out);
		}
	}
	return fail(w, "'registry' has no command '%s'; see causeway registry --help", w->word[0]);
}

/* --- Help --- */

static void put_field(FILE *out, const char *group, const struct field *f)
{
	bool is_written = (f->flags & (FIELD_OPERATOR | FIELD_TENANT | FIELD_CREATE)) != 0;
	char name[64];
	if (f->type == FIELD_GROUP) {
		for (size_t i = 0; is_written && i < f->group->count; i++) {
			put_field(out, f->name, &f->group->field[i]);
		}
		return;
	}
	if (!is_written && group == NULL) {
		return;
	}
	(void)snprintf(name, sizeof(name), "%s%s%s", group != NULL ? group : "",
		       group != NULL ? "." : "", f->name);
	fprintf(out, "  %-20s %s", name, f->text);
	for (size_t i = 0; f->choices != NULL && f->choices[i] != NULL; i++) {
		fprintf(out, "%s%s", i == 0 ? " (" : ", ", f->choices[i]);
	}
	fputs(f->choices != NULL ? ")\n" : "\n", out);
}

void registry_help_put(FILE *out, int argc, char *const *argv)
{
	enum registry_kind kind;
	for (int i = 0; i + 1 < argc; i++) {
		if (strcmp(argv[i], "create") == 0 && registry_kind_parse(argv[i + 1], &kind)) {
			const struct field_table *t = registry_fields(kind);
			fprintf(out, "fields of a %s:\n", registry_kind_text(kind));
			for (size_t k = 0; k < t->count; k++) {
				put_field(out, NULL, &t->field[k]);
			}
			return;
		}
	}
	fputs(registry_help, out);
}

enum cli_verdict registry_args(int argc, char *const *argv, struct cli *out, char *why,
			       size_t why_len)
{
	struct words w = {.query = json_object(), .why = why, .why_len = why_len};
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			json_decref(w.query);
			out->view = VIEW_REGISTRY;
			return CLI_HELP;
		}
	}
	out->view = VIEW_REGISTRY;
	out->request = json_object();
	bool is_good = split(&w, argc, argv, out) && understand(&w, out);
	json_decref(w.query);
	if (!is_good) {
		json_decref(out->request);
		return CLI_USAGE;
	}
	return CLI_RUN;
}
