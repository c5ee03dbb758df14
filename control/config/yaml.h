/* YAML as the configuration sees it: nodes that know their place.
 *
 * A node is a small value over libfyaml's tree, so that the rest of the room knows nothing of that
 * library.  Aliases are followed; tags and documents after the first are refused.  `${NAME}` in a
 * text is what the environment has under that name, as arouteserver has it. */
#pragma once

#include "control/config/source.h"

struct fy_node;
struct yaml;

enum node_kind {
	NODE_NULL, /* Nothing after the key, or `null`. */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_BAD, /* An alias without anchor, or text with a NUL inside: already reported. */
};

struct node {
	struct yaml *yaml;
	struct fy_node *fy;
	enum node_kind kind;
	const char *text; /* SCALAR: borrowed from the document. */
	struct place at;
};

/* Parse a file's text.  NULL when it is no YAML document (reported) or has nothing in it
 * (reported).  `source` is borrowed until yaml_free. */
struct yaml *yaml_parse(const struct source *source, struct config_errors *errors);
void yaml_free(struct yaml *y);
struct node yaml_root(const struct yaml *y);

/* The next pair of a MAP or item of a LIST, in the order of the file; `*cursor` starts NULL. */
bool node_next_pair(const struct node *map, void **cursor, struct config_errors *errors,
		    struct node *out_key, struct node *out_value);
bool node_next_item(const struct node *list, void **cursor, struct config_errors *errors,
		    struct node *out_item);
const char *node_kind_text(enum node_kind kind); /* "a list" */
