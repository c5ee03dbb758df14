/* The frame of a document, and the library's parser for what is in it.
 *
 * Place by place:   outside --{--> object --"key":[--> array --]--> object --}--> outside
 *                                  object --"key":{--> object --}--> object
 */
#include "control/irr/items.h"

#include "rib/base/check.h"

void items_init(struct items *w, const char *text, size_t len)
{
	*w = (struct items){.text = text, .len = len};
}

/* The next byte that is no blank; 0 at the end. */
static char peek(struct items *w)
{
	while (w->at < w->len && (w->text[w->at] == ' ' || w->text[w->at] == '\n' ||
				  w->text[w->at] == '\t' || w->text[w->at] == '\r')) {
		w->at++;
	}
	return w->at < w->len ? w->text[w->at] : '\0';
}

static bool take(struct items *w, char c)
{
	if (peek(w) != c) {
		return false;
	}
	w->at++;
	return true;
}

/* One JSON value from here on; NULL when there is none. */
static json_t *value(struct items *w)
{
	json_error_t error;
	const size_t flags = JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES;
	if (peek(w) == '\0') {
		return NULL;
	}
	json_t *v = json_loadb(w->text + w->at, w->len - w->at, flags, &error);
	if (v != NULL) {
		ASSERT(error.position > 0 && (size_t)error.position <= w->len - w->at);
		w->at += (size_t)error.position;
	}
	return v;
}

/* A value that nobody wants. */
static bool pass(struct items *w)
{
	json_t *v = value(w);
	json_decref(v);
	return v != NULL;
}

/* Past the bracket. */
static bool enter(struct items *w, enum items_place place)
{
	w->at++;
	w->place = place;
	w->is_first = true;
	w->depth += place == ITEMS_IN_OBJECT ? 1 : 0;
	return true;
}

static void leave_object(struct items *w)
{
	ASSERT(w->depth > 0);
	w->is_first = false;
	if (--w->depth == 0) {
		w->place = ITEMS_OUTSIDE;
		w->documents++;
	}
}

/* One step inside the object: its end, or a member. */
static bool step_object(struct items *w)
{
	if (take(w, '}')) {
		leave_object(w);
		return true;
	}
	if (!w->is_first && !take(w, ',')) {
		return false;
	}
	w->is_first = false;
	if (peek(w) != '"' || !pass(w) || !take(w, ':')) {
		return false;
	}
	char c = peek(w);
	return c == '[' ? enter(w, ITEMS_IN_ARRAY) : c == '{' ? enter(w, ITEMS_IN_OBJECT) : pass(w);
}

/* One step inside the array; *out_item is set when it was an item. */
static bool step_array(struct items *w, json_t **out_item)
{
	if (take(w, ']')) {
		w->place = ITEMS_IN_OBJECT;
		w->is_first = false;
		return true;
	}
	if (!w->is_first && !take(w, ',')) {
		return false;
	}
	w->is_first = false;
	*out_item = value(w);
	return *out_item != NULL;
}

enum items_verdict items_next(struct items *w, json_t **out_item)
{
	while (!w->is_bad) {
		json_t *item = NULL;
		switch (w->place) {
		case ITEMS_OUTSIDE:
			if (peek(w) == '\0' && w->at == w->len && w->documents > 0) {
				return ITEMS_END;
			}
			w->is_bad = peek(w) != '{' || !enter(w, ITEMS_IN_OBJECT);
			break;
		case ITEMS_IN_OBJECT:
			w->is_bad = !step_object(w);
			break;
		case ITEMS_IN_ARRAY:
			w->is_bad = !step_array(w, &item);
			break;
		}
		if (item != NULL) {
			*out_item = item;
			return ITEMS_ITEM;
		}
	}
	return ITEMS_BAD;
}

bool items_shortcut(struct items *w, items_reader *read, void *out)
{
	struct items next = *w;
	if (w->is_bad || w->place != ITEMS_IN_ARRAY || (!w->is_first && !take(&next, ','))) {
		return false;
	}
	(void)peek(&next);
	size_t len = read(span_of(next.text + next.at, next.len - next.at), out);
	if (len == 0) {
		return false;
	}
	ASSERT(len <= next.len - next.at);
	next.at += len;
	next.is_first = false;
	*w = next;
	return true;
}
