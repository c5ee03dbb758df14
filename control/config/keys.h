/* Known keys as tables, and the values behind them.
 *
 * A mapping of the configuration is one table of keys; the walk reports what is not in it.  There
 * is no third way between read and reported: a key that this version does not act on is an error,
 * or a warning where leaving it out is what an existing file can live with. */
#pragma once

#include "control/config/yaml.h"

struct loader;

enum key_kind {
	KEY_READ,    /* `read` deals with it. */
	KEY_BOOL,    /* A struct set_number at `at` in the target takes it; */
	KEY_NUMBER,  /* from `min` to `max`; */
	KEY_CHOICE,  /* the number of one of `choices`. */
	KEY_MAP,     /* `table`, with the same target; nothing there is an empty mapping. */
	KEY_GENERAL, /* `table`, with the loader's draft of what the server has but once. */
	KEY_FOREIGN, /* arouteserver's, not supported yet: a warning. */
	KEY_UNSAFE,  /* The same, but to go on without it would be unsafe: an error. */
	KEY_LATER,   /* Ours, of a later version: an error. */
};

struct key {
	const char *name;
	enum key_kind kind;
	/* `target` is what the caller of keys_walk gave. */
	void (*read)(struct loader *l, const struct node *key, const struct node *value,
		     void *target);
	const char
		*note; /* UNSAFE: why.  FOREIGN: why it is not needed; NULL: not yet supported. */
	size_t at;
	uint32_t min, max;
	const char *const *choices; /* Ends with NULL. */
	const struct key_table *table;
};

struct key_table {
	const char *where; /* "dataplane", for messages; "" at the root. */
	const struct key *keys;
	unsigned count;
	const struct key_table *also; /* Its keys are known here, too; NULL: none. */
	bool is_once; /* The mapping may be spread over files, but each key stands once. */
};

/* Read a mapping by its table; anything but a mapping is reported. */
void keys_walk(struct loader *l, const struct node *map, const struct key_table *table,
	       void *target);
/* The known name that `name` probably means, or NULL. */
const char *keys_nearest(const char *name, const struct key_table *table);

/* Whether a policy key's value is there: arouteserver takes nothing for the default. */
static inline bool is_there(const struct node *v)
{
	return v->kind != NODE_NULL && v->kind != NODE_BAD;
}

/* Values.  False when the value was reported; *out is then untouched.  `name` is the key's. */
bool value_text(struct loader *l, const struct node *v, const char *name, const char **out);
bool value_copy(struct loader *l, const struct node *v, const char *name, char **out);
bool value_number(struct loader *l, const struct node *v, const char *name, uint32_t min,
		  uint32_t max, uint32_t *out);
bool value_bool(struct loader *l, const struct node *v, const char *name, bool *out);
/* The number of a word among `choices`, which ends with NULL. */
bool value_choice(struct loader *l, const struct node *v, const char *name,
		  const char *const *choices, uint32_t *out);
/* Whether it is a list; `example` shows what one looks like. */
bool value_is_list(struct loader *l, const struct node *v, const char *name, const char *example);
bool value_addr(struct loader *l, const struct node *v, const char *name, struct addr *out);
/* An AS number that a BGP speaker can have: not 0, 23456 or 4294967295. */
bool value_asn(struct loader *l, const struct node *v, const char *name, asn_t *out);
/* "address/length" of an interface. */
bool value_interface(struct loader *l, const struct node *v, struct addr *out, uint8_t *out_len);
