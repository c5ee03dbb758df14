/* Forms of what the API gives and takes beside the registry's objects: one table, form.def, says of
 * each member its form, whether it is always there, and what it means.
 *
 * The JSON schemas of the description are made of it, and the live tests hold every answer to them:
 * a member that no row has is a failure there. */
#pragma once

#include <jansson.h>

#include "rib/base/units.h"

enum form_type {
	FORM_ANSWER, /* Begins a form that is answered; */
	FORM_INPUT,  /* one that is given, and knows no other members. */
	FORM_RAW,    /* A schema as it is: `of`. */
	FORM_SAME,   /* All members of the form `of`. */
	FORM_TEXT,
	FORM_NUMBER,
	FORM_REAL,
	FORM_BOOL,
	FORM_ASN,
	FORM_ADDRESS,
	FORM_PREFIX,
	FORM_TIME,   /* RFC 3339. */
	FORM_SECOND, /* Seconds since 1970. */
	FORM_CHOICE, /* One of the words. */
	FORM_CHOICES,
	FORM_TEXTS,
	FORM_OBJECT, /* Of the form `of`; "": of any. */
	FORM_LIST,   /* Of these. */
	FORM_MAP,    /* Names that are data, each with one of these. */
	FORM_COUNTS, /* A number for each of the words. */
};

enum form_presence {
	FORM_ALWAYS,
	FORM_OR_NULL,	/* Always there, and may be null. */
	FORM_SOMETIMES, /* Left out where it says nothing. */
	FORM_MAY_NULL,	/* Both. */
};

/* Put the schema of every form into `schemas`, which has those of the registry's kinds already. */
void form_put_all(json_t *schemas);
/* A reference to a schema. */
json_t *form_reference(const char *name);
/* A list of the words that `word` gives, up to NULL. */
json_t *form_words(const char *(*word)(unsigned n));
/* An example for each schema of `schemas`, as its member "examples". */
void form_put_examples(json_t *schemas);
/* One for a value of `schema`, the value of a member called `name`.  NULL: there is none. */
json_t *form_example(const json_t *schemas, const char *name, const json_t *schema);
