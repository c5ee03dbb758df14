/* The writer of OpenMetrics' text; see openmetrics.h. */
#include "control/api/openmetrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define TEXT_MIN ((size_t)32 * 1024)

static const struct {
	const char *name;
	const char *suffix; /* Of the samples' name. */
} types[] = {
	[OM_GAUGE] = {"gauge", ""},
	[OM_COUNTER] = {"counter", "_total"},
	[OM_INFO] = {"info", "_info"},
	[OM_STATESET] = {"stateset", ""},
};

void om_text_fini(struct om_text *t)
{
	free(t->data);
	*t = (struct om_text){0};
}

static void put(struct om_text *t, const char *bytes, size_t len)
{
	size_t size = t->size > 0 ? t->size : TEXT_MIN;
	while (size - t->len < len) {
		size *= 2;
	}
	if (size != t->size) {
		t->data = realloc(t->data, size);
		ASSERT(t->data != NULL);
		t->size = size;
	}
	memcpy(t->data + t->len, bytes, len);
	t->len += len;
}

static void put_string(struct om_text *t, const char *text)
{
	put(t, text, strlen(text));
}

/* "escaped-string" of the ABNF: a backslash before what would end it. */
static void put_escaped(struct om_text *t, const char *text)
{
	for (const char *c = text; *c != '\0';) {
		size_t plain = strcspn(c, "\\\"\n");
		put(t, c, plain);
		c += plain;
		if (*c != '\0') {
			const char escape[2] = {'\\', *c == '\n' ? 'n' : *c};
			put(t, escape, sizeof(escape));
			c++;
		}
	}
}

static void put_comment(struct om_text *t, const char *what, const char *name)
{
	put_string(t, "# ");
	put_string(t, what);
	put_string(t, " ");
	put_string(t, name);
	put_string(t, " ");
}

void om_family(struct om_text *t, const struct om_family *f)
{
	ASSERT(f->type < ARRAY_COUNT(types));
	put_comment(t, "TYPE", f->name);
	put_string(t, types[f->type].name);
	put_string(t, "\n");
	if (f->unit != NULL) {
		put_comment(t, "UNIT", f->name);
		put_string(t, f->unit);
		put_string(t, "\n");
	}
	put_comment(t, "HELP", f->name);
	put_escaped(t, f->help);
	put_string(t, "\n");
}

void om_label(struct om_labels *l, const char *name, const char *value)
{
	ASSERT(l->count < OM_LABELS_MAX);
	l->label[l->count++] = (struct om_label){.name = name, .value = value};
}

/* Name and labels, and the blank before the value. */
static void begin_sample(struct om_text *t, const struct om_family *f, const struct om_labels *l)
{
	put_string(t, f->name);
	put_string(t, types[f->type].suffix);
	for (unsigned i = 0; l != NULL && i < l->count; i++) {
		put_string(t, i == 0 ? "{" : ",");
		put_string(t, l->label[i].name);
		put_string(t, "=\"");
		put_escaped(t, l->label[i].value);
		put_string(t, "\"");
	}
	put_string(t, l != NULL && l->count > 0 ? "} " : " ");
}

void om_sample(struct om_text *t, const struct om_family *f, const struct om_labels *l,
	       uint64_t value)
{
	char text[32];
	begin_sample(t, f, l);
	(void)snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	put_string(t, text);
}

void om_sample_us(struct om_text *t, const struct om_family *f, const struct om_labels *l,
		  uint64_t value_us)
{
	char text[48];
	begin_sample(t, f, l);
	(void)snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64 "\n", value_us / USEC_PER_SEC,
		       value_us % USEC_PER_SEC);
	put_string(t, text);
}

void om_end(struct om_text *t)
{
	put_string(t, "# EOF\n");
}
