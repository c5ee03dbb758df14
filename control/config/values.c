/* Lists of AS numbers, names and addresses: see values.h. */
#include "control/config/values.h"

#include <stdlib.h>
#include <string.h>

#include "control/irr/name.h"
#include "rib/base/check.h"

struct asns {
	asn_t *item;
	size_t count, max;
};

static void asns_add(struct asns *a, asn_t asn)
{
	if (a->count == a->max) {
		a->max = a->max * 2 + 16;
		asn_t *grown = realloc(a->item, a->max * sizeof(*grown));
		ASSERT(grown != NULL);
		a->item = grown;
	}
	a->item[a->count++] = asn;
}

/* "174, 701": each as if it stood alone. */
static void split_asns(struct loader *l, const struct node *key, const struct node *v,
		       struct asns *out)
{
	const char *text = v->text;
	for (;;) {
		char part[16] = "";
		size_t len = strcspn(text, ",");
		size_t skip = strspn(text, " \t");
		size_t end = len;
		while (end > skip && strchr(" \t", text[end - 1]) != NULL) {
			end--;
		}
		asn_t asn;
		struct node one = *v;
		one.text = part;
		if (skip < end) {
			snprintf(part, sizeof(part), "%.*s", (int)(end - skip), text + skip);
		}
		if (value_asn(l, &one, key->text, &asn)) {
			asns_add(out, asn);
		}
		if (text[len] == '\0') {
			return;
		}
		text += len + 1;
	}
}

void values_asns(struct loader *l, const struct node *key, const struct node *v,
		 struct asn_set **out)
{
	struct asns asns = {.count = 0};
	struct node item;
	void *cursor = NULL;
	if (!is_there(v)) {
		return;
	}
	if (v->kind == NODE_SCALAR) {
		split_asns(l, key, v, &asns);
	} else if (!value_is_list(l, v, key->text, "[64501, 64502]")) {
		return;
	}
	while (v->kind == NODE_LIST && node_next_item(v, &cursor, l->errors, &item)) {
		asn_t asn;
		if (value_asn(l, &item, key->text, &asn)) {
			asns_add(&asns, asn);
		}
	}
	asn_set_put(*out);
	*out = asn_set_new(asns.item, asns.count);
	ASSERT(*out != NULL);
	free(asns.item);
}

struct texts {
	char **item;
	unsigned count, max;
};

static void texts_add(struct texts *t, const char *text)
{
	if (t->count == t->max) {
		t->max = t->max * 2 + 8;
		char **grown = realloc(t->item, t->max * sizeof(*grown));
		ASSERT(grown != NULL);
		t->item = grown;
	}
	t->item[t->count] = strdup(text);
	ASSERT(t->item[t->count] != NULL);
	t->count++;
}

static struct names *texts_take(struct texts *t)
{
	struct names *names = names_new((const char *const *)t->item, t->count);
	for (unsigned i = 0; i < t->count; i++) {
		free(t->item[i]);
	}
	free(t->item);
	return names;
}

static void add_name(struct loader *l, const struct node *key, const struct node *v, bool is_as,
		     struct texts *out)
{
	const char *text;
	struct irr_name name;
	if (!value_text(l, v, key->text, &text)) {
		return;
	}
	if (!is_as) {
		texts_add(out, text);
		return;
	}
	if (!irr_name_parse(text, strlen(text), &name)) {
		loader_fail(l, &v->at,
			    "'%s' has AS-SETs such as AS-EXAMPLE, AS64501:AS-EXAMPLE or "
			    "RIPE::AS-EXAMPLE, not '%s'",
			    key->text, text);
		return;
	}
	texts_add(out, name.text);
}

static void read_names(struct loader *l, const struct node *key, const struct node *v, bool is_as,
		       struct names **out)
{
	struct texts texts = {.count = 0};
	struct node item;
	void *cursor = NULL;
	if (!is_there(v)) {
		return;
	}
	if (v->kind == NODE_SCALAR) {
		add_name(l, key, v, is_as, &texts);
	} else if (!value_is_list(l, v, key->text, is_as ? "[AS-EXAMPLE]" : "[NAME]")) {
		return;
	}
	while (v->kind == NODE_LIST && node_next_item(v, &cursor, l->errors, &item)) {
		add_name(l, key, &item, is_as, &texts);
	}
	names_put(*out);
	*out = texts_take(&texts);
}

void values_as_sets(struct loader *l, const struct node *key, const struct node *v,
		    struct names **out)
{
	read_names(l, key, v, true, out);
}

void values_names(struct loader *l, const struct node *key, const struct node *v,
		  struct names **out)
{
	read_names(l, key, v, false, out);
}

void values_addrs(struct loader *l, const struct node *key, const struct node *v,
		  struct addrs **out)
{
	struct addr found[64];
	unsigned count = 0;
	struct node item;
	void *cursor = NULL;
	if (!is_there(v) || !value_is_list(l, v, key->text, "[198.18.1.1]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		struct addr a;
		if (!value_addr(l, &item, key->text, &a)) {
			continue;
		}
		if (count == ARRAY_COUNT(found)) {
			loader_fail(l, &item.at, "'%s' can have at most %zu addresses", key->text,
				    ARRAY_COUNT(found));
			break;
		}
		found[count++] = a;
	}
	addrs_put(*out);
	*out = addrs_new(found, count);
}
