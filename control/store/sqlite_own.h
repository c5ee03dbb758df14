/* What sqlite.c (the file) and sqlite_run.c (what is in it) share. */
#pragma once

#include <sqlite3.h>

#include "control/store/database.h"

struct sqlite {
	struct database base; /* First. */
	char *path;
	bool is_copy;
	sqlite3 *db;
	int64_t data_version; /* Another one: somebody else wrote. */
};

static inline struct sqlite *sqlite_of(struct database *d)
{
	return (struct sqlite *)d;
}

/* A value to bind: a text (NULL is SQL's), or a number. */
struct sqlite_value {
	bool is_text;
	const char *text;
	int64_t number;
};
#define SQLITE_TEXT_OF(t)   ((struct sqlite_value){.is_text = true, .text = (t)})
#define SQLITE_NUMBER_OF(n) ((struct sqlite_value){.number = (int64_t)(n)})

/* What went wrong last, in words; BROKEN when the file itself is at fault. */
enum database_end sqlite_failed(struct sqlite *s, const char *what, char *why);
/* A statement with its values bound, `count` of them; NULL when it failed. */
sqlite3_stmt *sqlite_prepare(struct sqlite *s, const char *sql, const struct sqlite_value *value,
			     int count);
/* Run a statement that gives no rows; SQLite's code. */
int sqlite_run(struct sqlite *s, const char *sql, const struct sqlite_value *value, int count);
void sqlite_roll_back(struct sqlite *s);
/* A number that a statement gives; `otherwise` when it gives no row. */
enum database_end sqlite_number(struct sqlite *s, const char *sql, int64_t otherwise, int64_t *out,
				char *why);

enum database_end sqlite_head(struct database *d, struct head *out, char *why);
enum database_end sqlite_commit(struct database *d, const struct record *r, char *why);
enum database_end sqlite_load(struct database *d, const struct load_sink *sink, struct head *out,
			      char *why);
enum database_end sqlite_keys(struct database *d, int64_t since_s, key_fn *fn, void *context,
			      char *why);
enum database_end sqlite_records(struct database *d, const struct range *range, record_fn *fn,
				 void *context, char *why);
enum database_end sqlite_document(struct database *d, const char *id, char **out, char *why);
