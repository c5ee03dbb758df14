/* YAML through libfyaml, with a line and column for every node.
 *
 * libfyaml gives marks to tokens, that is to scalars; a mapping's place is that of its first key, a
 * list's that of its first item, and an empty one's that of the key it belongs to.  Its parser runs
 * with a collecting diagnostic, so that syntax errors come back as data.  Duplicate keys are let
 * through here and reported by the reader of the mapping, which knows both places.  Aliases are
 * resolved one by one and not by expansion, so nested ones cannot blow a file up.
 */
#include "control/config/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "rib/base/check.h"

struct yaml {
	const struct source *source;
	struct expanded *expanded; /* Texts with what the environment said. */
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct fy_document *doc;
	struct node root;
};

struct expanded {
	struct expanded *next;
	size_t len;
	char text[];
};

/* How far to look down for a token; deeper nodes have no business in a configuration. */
#define PLACE_DEPTH_MAX 8
#define ENV_NAME_MAX	128

/* The first scalar at or below `fy`: where the node begins for a reader. */
static struct fy_node *first_scalar(struct fy_node *fy)
{
	for (unsigned depth = 0; fy != NULL && depth < PLACE_DEPTH_MAX; depth++) {
		void *cursor = NULL;
		if (fy_node_is_mapping(fy)) {
			struct fy_node_pair *pair = fy_node_mapping_iterate(fy, &cursor);
			fy = pair != NULL ? fy_node_pair_key(pair) : NULL;
		} else if (fy_node_is_sequence(fy)) {
			fy = fy_node_sequence_iterate(fy, &cursor);
		} else {
			return fy;
		}
	}
	return NULL;
}

static struct place place_of(const struct yaml *y, struct fy_node *fy, const struct place *fallback)
{
	struct fy_node *scalar = first_scalar(fy);
	struct fy_token *token = scalar != NULL ? fy_node_get_scalar_token(scalar) : NULL;
	const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;
	if (mark == NULL) {
		return *fallback;
	}
	/* A mark stands behind the quotation mark or the asterisk; a reader looks at that. */
	enum fy_node_style style = fy_node_get_style(scalar);
	bool has_lead =
		style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED || style == FYNS_ALIAS;
	return source_place(y->source, mark->line + 1,
			    mark->column + (has_lead && mark->column > 0 ? 0 : 1));
}

/* The end of the name that begins at "${"; NULL when it is none. */
static const char *name_end(const char *text)
{
	size_t len = strspn(text + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_");
	return len > 0 && len < ENV_NAME_MAX && text[2 + len] == '}' ? text + 2 + len : NULL;
}

/* Write `text` with its variables replaced into `out`, or only count; how many bytes it takes. */
static size_t replace_env(const struct node *n, const char *text, char *out,
			  struct config_errors *errors)
{
	size_t len = 0;
	while (*text != '\0') {
		const char *end = text[0] == '$' && text[1] == '{' ? name_end(text) : NULL;
		if (end == NULL) {
			if (out != NULL) {
				out[len] = *text;
			}
			len++;
			text++;
			continue;
		}
		char name[ENV_NAME_MAX + 1] = "";
		memcpy(name, text + 2, (size_t)(end - text) - 2);
		const char *value = getenv(name);
		if (value != NULL && out != NULL) {
			memcpy(out + len, value, strlen(value));
		} else if (value == NULL && out == NULL) {
			errors_add(errors, &n->at, true,
				   "the environment has no '%s', and nothing is taken for it; set "
				   "it where the server is started",
				   name);
		}
		len += value != NULL ? strlen(value) : 0;
		text = end + 1;
	}
	return len;
}

static void expand_env(struct node *n, struct config_errors *errors)
{
	if (strstr(n->text, "${") == NULL) {
		return;
	}
	size_t len = replace_env(n, n->text, NULL, errors);
	struct expanded *e = malloc(sizeof(*e) + len + 1);
	ASSERT(e != NULL);
	*e = (struct expanded){.next = n->yaml->expanded, .len = len};
	n->yaml->expanded = e;
	(void)replace_env(n, n->text, e->text, errors);
	e->text[len] = '\0';
	n->text = e->text;
	if (len == 0) {
		n->kind = NODE_NULL;
	}
}

static void set_scalar(struct node *n, struct config_errors *errors)
{
	size_t len = 0;
	const char *text = fy_node_get_scalar(n->fy, &len);
	n->text = fy_node_get_scalar0(n->fy);
	if (text == NULL || n->text == NULL) {
		n->kind = NODE_NULL;
		return;
	}
	bool is_plain = fy_node_get_style(n->fy) == FYNS_PLAIN;
	if (is_plain && (len == 0 || strcmp(n->text, "null") == 0 || strcmp(n->text, "~") == 0)) {
		n->kind = NODE_NULL;
		return;
	}
	n->kind = NODE_SCALAR;
	if (strlen(n->text) != len) {
		errors_add(errors, &n->at, false, "the text has a NUL byte in it; leave it out");
		n->kind = NODE_BAD;
		return;
	}
	expand_env(n, errors);
}

/* Of these keys nothing is ever repeated in a message: it may be a piece of a secret. */
static bool is_secret(const struct node *key)
{
	return key->kind == NODE_SCALAR &&
	       (strcmp(key->text, "password") == 0 || strcmp(key->text, "key") == 0);
}

/* `quotes`: whether a message may say what stands there. */
static struct node node_of(const struct node *parent, struct fy_node *fy, bool quotes,
			   struct config_errors *errors)
{
	struct node n = {.yaml = parent->yaml,
			 .fy = fy,
			 .kind = NODE_NULL,
			 .at = place_of(parent->yaml, fy, &parent->at)};
	if (fy == NULL) {
		return n;
	}
	if (fy_node_is_alias(fy)) {
		n.fy = fy_node_resolve_alias(fy);
		if (n.fy == NULL || fy_node_is_alias(n.fy)) {
			errors_add(errors, &n.at, false,
				   "there is no anchor '&%s'; define it or write the value here; a "
				   "text that begins with '*' needs quotation marks",
				   quotes ? fy_node_get_scalar0(fy) : "…");
			n.kind = NODE_BAD;
			return n;
		}
	}
	struct fy_token *tag = fy_node_get_tag_token(n.fy);
	if (tag != NULL) {
		errors_add(errors, &n.at, false,
			   "the tag '%s' is not supported; other files come in by a line "
			   "'!include FILE' of its own or by the root key 'include'; a text that "
			   "begins with '!' needs quotation marks",
			   quotes ? fy_token_get_text0(tag) : "!…");
		n.kind = NODE_BAD;
	} else if (fy_node_is_mapping(n.fy)) {
		n.kind = NODE_MAP;
	} else if (fy_node_is_sequence(n.fy)) {
		n.kind = NODE_LIST;
	} else {
		set_scalar(&n, errors);
	}
	return n;
}

/* Move libfyaml's findings over; returns how many. */
static unsigned report(struct yaml *y, struct config_errors *errors)
{
	unsigned count = 0;
	void *cursor = NULL;
	const struct fy_diag_error *found;
	while ((found = fy_diag_errors_iterate(y->diag, &cursor)) != NULL) {
		struct place at = source_place(y->source, found->line, found->column);
		errors_add(errors, &at, false, "this is not valid YAML: %s", found->msg);
		count++;
	}
	return count;
}

static bool has_content(const char *text, size_t len)
{
	bool is_comment = false;
	for (size_t i = 0; i < len; i++) {
		is_comment = text[i] == '\n' ? false : is_comment || text[i] == '#';
		if (!is_comment && strchr(" \t\r\n", text[i]) == NULL) {
			return true;
		}
	}
	return false;
}

static struct fy_parser *parser_new(struct fy_diag **out_diag)
{
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	diag_cfg.level = FYET_ERROR;
	*out_diag = fy_diag_create(&diag_cfg);
	ASSERT(*out_diag != NULL);
	fy_diag_set_collect_errors(*out_diag, true);

	const struct fy_parse_cfg cfg = {.flags = FYPCF_ALLOW_DUPLICATE_KEYS, .diag = *out_diag};
	struct fy_parser *parser = fy_parser_create(&cfg);
	ASSERT(parser != NULL);
	return parser;
}

/* The place of `at` in the text. */
static struct place place_in(const struct yaml *y, const char *text, const char *at)
{
	int line = 1, column = 1;
	for (; text < at; text++) {
		column = *text == '\n' ? 1 : column + 1;
		line += *text == '\n';
	}
	return source_place(y->source, line, column);
}

/* Whether a line begins at `at`, by any break that YAML has or had (1.1 §5.4), or the text, after a
 * byte order mark. */
static bool begins_line(const char *text, const char *at)
{
	static const char *const breaks[] = {"\n", "\r", "\xc2\x85", "\xe2\x80\xa8",
					     "\xe2\x80\xa9"};
	size_t before = (size_t)(at - text);
	for (unsigned i = 0; i < ARRAY_COUNT(breaks); i++) {
		size_t len = strlen(breaks[i]);
		if (before >= len && memcmp(at - len, breaks[i], len) == 0) {
			return true;
		}
	}
	return before == 0 || (before == 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
}

/* What libfyaml's scanner would not end on, and what no configuration needs: NUL bytes, and
 * directives other than %YAML. */
static bool is_text(const struct yaml *y, const char *text, size_t len,
		    struct config_errors *errors)
{
	static const char known[] = "%YAML 1.";
	const char *nul = memchr(text, '\0', len);
	if (nul != NULL) {
		const struct place at = place_in(y, text, nul);
		errors_add(errors, &at, false,
			   "this is not valid YAML: a NUL byte; is the file UTF-8 text?");
		return false;
	}
	for (const char *percent = strchr(text, '%'); percent != NULL;
	     percent = strchr(percent + 1, '%')) {
		if (begins_line(text, percent) && strncmp(percent, known, strlen(known)) != 0) {
			const struct place at = place_in(y, text, percent);
			errors_add(
				errors, &at, false,
				"a line that begins with '%%' is a directive, and there is no use "
				"for one here; remove it");
			return false;
		}
	}
	return true;
}

/* Exactly one document; a second one is reported at its first node. */
static bool load_document(struct yaml *y, struct config_errors *errors)
{
	const struct place whole = source_place(y->source, 1, 1);
	size_t len;
	const char *text = source_text(y->source, &len);
	if (!is_text(y, text, len, errors)) {
		return false;
	}
	if (fy_parser_set_string(y->parser, text, len) == 0) {
		y->doc = fy_parse_load_document(y->parser);
	}
	if (y->doc == NULL) {
		if (report(y, errors) == 0) {
			errors_add(errors, &whole, false,
				   has_content(text, len)
					   ? "this is not valid YAML: is the file UTF-8 text?"
					   : "the file is empty; see docs/guide.md for an example");
		}
		return false;
	}
	struct fy_document *second = fy_parse_load_document(y->parser);
	if (second != NULL) {
		struct place at = place_of(y, fy_document_root(second), &whole);
		errors_add(errors, &at, false,
			   "a second YAML document begins here; put everything into one");
		fy_parse_document_destroy(y->parser, second);
		return false;
	}
	return report(y, errors) == 0;
}

struct yaml *yaml_parse(const struct source *source, struct config_errors *errors)
{
	struct yaml *y = calloc(1, sizeof(*y));
	ASSERT(y != NULL);
	y->source = source;
	y->parser = parser_new(&y->diag);
	if (!load_document(y, errors)) {
		yaml_free(y);
		return NULL;
	}
	const struct node start = {.yaml = y, .at = source_place(source, 1, 1)};
	y->root = node_of(&start, fy_document_root(y->doc), true, errors);
	return y;
}

void yaml_free(struct yaml *y)
{
	if (y == NULL) {
		return;
	}
	if (y->doc != NULL) {
		fy_parse_document_destroy(y->parser, y->doc);
	}
	fy_parser_destroy(y->parser);
	fy_diag_destroy(y->diag);
	while (y->expanded != NULL) {
		struct expanded *e = y->expanded;
		y->expanded = e->next;
		explicit_bzero(e->text, e->len);
		free(e);
	}
	free(y);
}

struct node yaml_root(const struct yaml *y)
{
	return y->root;
}

bool node_next_pair(const struct node *map, void **cursor, struct config_errors *errors,
		    struct node *out_key, struct node *out_value)
{
	ASSERT(map->kind == NODE_MAP);
	struct fy_node_pair *pair = fy_node_mapping_iterate(map->fy, cursor);
	if (pair == NULL) {
		return false;
	}
	*out_key = node_of(map, fy_node_pair_key(pair), true, errors);
	*out_value = node_of(out_key, fy_node_pair_value(pair), !is_secret(out_key), errors);
	return true;
}

bool node_next_item(const struct node *list, void **cursor, struct config_errors *errors,
		    struct node *out_item)
{
	ASSERT(list->kind == NODE_LIST);
	struct fy_node *item = fy_node_sequence_iterate(list->fy, cursor);
	if (item == NULL) {
		return false;
	}
	*out_item = node_of(list, item, true, errors);
	return true;
}

const char *node_kind_text(enum node_kind kind)
{
	static const char *const text[] = {[NODE_NULL] = "nothing",
					   [NODE_SCALAR] = "a single value",
					   [NODE_LIST] = "a list",
					   [NODE_MAP] = "a mapping",
					   [NODE_BAD] = "a faulty value"};
	return text[kind];
}
