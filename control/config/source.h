/* A configuration file's text, with its `!include` lines put in.
 *
 * arouteserver reads a line that says `!include FILE`, and nothing else, as the lines of that file,
 * whatever its indentation; relative to the file that is read.  Places in messages stay those of
 * the file in which a line stands. */
#pragma once

#include <sys/types.h>

#include "control/config/errors.h"

struct source;

struct source_opts {
	const char *path; /* Of the file. */
	char *text;	  /* Taken; `len` bytes and a NUL. */
	size_t len;
	bool is_open; /* Everybody may read it. */
};

/* NULL when an `!include` cannot be followed: reported, with its place.  Control thread. */
struct source *source_new(const struct source_opts *opts, struct config_errors *errors);
/* The texts are wiped, since there may be secrets in them. */
void source_free(struct source *s);
const char *source_text(const struct source *s, size_t *out_len);
/* Whether everybody may read one of the files behind it. */
bool source_is_open(const struct source *s);
/* Where line `line` (from 1) of the text comes from. */
struct place source_place(const struct source *s, int line, int column);

struct file_facts {
	bool needs_regular; /* In: nothing that could block or never end. */
	size_t len;
	bool is_open;
	dev_t device;
	ino_t inode;
	int err; /* −errno when it could not be read. */
};

/* The whole of a file, with a NUL behind it; NULL when it cannot be read. */
char *file_read(const char *path, struct file_facts *facts);
/* `path` as seen from the file that names it; the caller frees it. */
char *path_beside(const char *includer, const char *path);
