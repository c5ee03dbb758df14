/* A database as the store's thread sees it: SQLite or PostgreSQL, by one table of functions.
 *
 * All of it belongs to the store's thread, and all of it may wait, for as long as each function's
 * own bound.  `why` has STORE_TEXT_MAX bytes and never holds a password. */
#pragma once

#include "control/registry/object.h"
#include "control/store/record.h"
#include "control/store/store.h"

#define LINEAGE_MAX 20 /* Text that a registry gets when it is made. */

/* Where a registry stands. */
struct head {
	char lineage[LINEAGE_MAX];
	uint64_t revision, mark;
};

enum database_end {
	DATABASE_OK,
	DATABASE_CONFLICT, /* Another revision came first. */
	DATABASE_FAILED,   /* Nothing was done; the database is there. */
	DATABASE_LOST,	   /* The connection is gone; what was under way is done, or not. */
	DATABASE_BROKEN,   /* It is damaged, newer than we are, or no registry. */
};

struct database;

/* What a load finds, in order of kinds and ids.  False: enough, it fails. */
struct load_sink {
	bool (*object)(void *context, enum registry_kind kind, const char *id, uint64_t revision,
		       const char *body);
	void *context;
};
typedef void key_fn(void *context, const struct request_key *key); /* Borrowed. */

/* Which changes; see struct store_question. */
struct range {
	uint64_t after, before;	     /* Both excluded. */
	const char *what, *and_what; /* Mentioned; NULL: whatever. */
	unsigned limit;
	bool is_ascending;
};
typedef bool record_fn(void *context, const struct record *r); /* Borrowed; false: enough. */

struct database_ops {
	/* Connect; make the tables or bring them up to date. */
	enum database_end (*open)(struct database *d, char *why);
	enum database_end (*head)(struct database *d, struct head *out, char *why);
	/* All in one transaction. */
	enum database_end (*commit)(struct database *d, const struct record *r, char *why);
	/* All objects as they are at `out`. */
	enum database_end (*load)(struct database *d, const struct load_sink *sink,
				  struct head *out, char *why);
	/* Request keys that were used after `since_s`. */
	enum database_end (*keys)(struct database *d, int64_t since_s, key_fn *fn, void *context,
				  char *why);
	enum database_end (*records)(struct database *d, const struct range *range, record_fn *fn,
				     void *context, char *why);
	/* The caller's; NULL when there is none. */
	enum database_end (*document)(struct database *d, const char *id, char **out, char *why);
	/* Whether somebody else may have written since it was last asked.  LOST, too. */
	enum database_end (*look)(struct database *d, bool *out_changed, char *why);
	/* Of several servers one has the duty of what one alone should do, until its connection
	 * ends.  Whether it is this one, now that it has asked.  NULL: there are no others. */
	enum database_end (*duty)(struct database *d, bool *out_has, char *why);
	int (*fd)(
		const struct database *d); /* Readable when it is worth to look; −1: ask by time. */
	void (*close)(struct database *d); /* The connection, perhaps for a later open. */
	void (*free)(struct database *d);
};

struct database {
	const struct database_ops *ops;
	char *name; /* For people. */
};

/* `path` is a file's; made when it is missing.  `is_copy`: keeps no changes and documents, and does
 * not wait for the disk. */
struct database *sqlite_new(const char *path, bool is_copy);
/* NULL with `why` when the URL is none.  Whatever waits ends when `stop_fd` is readable. */
struct database *postgres_new(const char *url, int stop_fd, char *why);

/* Of a copy: everything in place of what there was, in one transaction, which an error ends. */
enum database_end sqlite_copy_begin(struct database *d, char *why);
bool sqlite_copy_object(struct database *d, enum registry_kind kind, const char *id,
			uint64_t revision, const char *body);
/* `head` NULL: the copy stays as it was. */
enum database_end sqlite_copy_end(struct database *d, const struct head *head, char *why);
/* The files are moved away (NAME.damaged); a copy that is closed. */
void sqlite_copy_discard(struct database *d);
