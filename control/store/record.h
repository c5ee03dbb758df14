/* A change as it is written: texts, made in the control thread, read in the store's. */
#pragma once

#include "control/registry/change.h"

struct record {
	uint64_t revision;
	uint64_t mark_before, mark; /* See store.h (c). */
	int64_t at_s;
	char writer[20]; /* Which server's: random, for its life. */
	char *request;	 /* "AUTHOR\nKEY"; NULL: none. */
	uint64_t request_hash;
	char *body;	 /* The change, STORE view, without documents' data. */
	char *documents; /* {"ID": "base64", …}; NULL: none. */
};

/* Its texts; the marks and the writer are the store's to fill in.  `c` is borrowed. */
struct record *record_new(const struct registry_change *c);
void record_free(struct record *r); /* NULL does nothing. */
/* The mark of a change with this text, behind one with that mark. */
uint64_t record_mark(uint64_t before, const char *body);
/* "AUTHOR\nKEY" of a change, or of a command; the caller's. */
char *record_request(const struct registry_author *author, const char *key);
