/* Big JSON answers, walked item by item.
 *
 * What bgpq4 and PeeringDB give is one object with a long array in it.  A tree of the whole would
 * cost some hundred bytes and a microsecond for each item, all at once; so the frame (objects,
 * keys, arrays) is walked here and each item of an array is parsed on its own, by the JSON library,
 * when it is asked for.  The caller stops where its time is up and goes on later.
 *
 * Several documents may follow one another, and objects may be in objects; members that are neither
 * arrays nor objects are passed over.  Bytes from outside: whatever they are, the walk ends. */
#pragma once

#include <jansson.h>

#include "rib/base/bytes.h"

enum items_verdict { ITEMS_ITEM, ITEMS_END, ITEMS_BAD };
enum items_place { ITEMS_OUTSIDE, ITEMS_IN_OBJECT, ITEMS_IN_ARRAY };

struct items {
	const char *text; /* Borrowed. */
	size_t len, at;
	enum items_place place;
	bool is_first;	/* Of the object or array: no comma goes before it. */
	unsigned depth; /* Objects around this place. */
	unsigned documents;
	bool is_bad;
};

/* Reads an item at the start of `text` that has one certain form: its length; 0: it has another. */
typedef size_t items_reader(struct span text, void *out);

void items_init(struct items *w, const char *text, size_t len);
/* The next item; the caller frees it.  After END or BAD always the same again; END only when there
 * was at least one whole document. */
enum items_verdict items_next(struct items *w, json_t **out_item);
/* True when an item came next that `read` knew: it is past.  False: nothing has changed, and
 * items_next tells what comes. */
bool items_shortcut(struct items *w, items_reader *read, void *out);
