/* What is in the registry's file: see schema.c for its tables.
 *
 * Marks and hashes are 64 bits without a sign and SQL's numbers have one; the bits are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "control/store/schema.h"
#include "control/store/sqlite_own.h"
#include "rib/base/check.h"

static const char *text_at(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

static void read_head(sqlite3_stmt *st, struct head *out)
{
	const char *lineage = text_at(st, 0);
	*out = (struct head){.revision = (uint64_t)sqlite3_column_int64(st, 1),
			     .mark = (uint64_t)sqlite3_column_int64(st, 2)};
	snprintf(out->lineage, sizeof(out->lineage), "%s", lineage != NULL ? lineage : "");
}

enum database_end sqlite_head(struct database *d, struct head *out, char *why)
{
	struct sqlite *s = sqlite_of(d);
	sqlite3_stmt *st =
		sqlite_prepare(s, "SELECT lineage, revision, mark FROM registry_head", NULL, 0);
	enum database_end end = DATABASE_OK;
	if (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
		read_head(st, out);
	} else {
		end = sqlite_failed(s, "read it", why);
	}
	sqlite3_finalize(st);
	return end;
}

/* The head's turn, which only one of several servers can have. */
static int take_turn(struct sqlite *s, const struct record *r, bool *out_is_ours)
{
	const struct sqlite_value value[] = {SQLITE_NUMBER_OF(r->revision),
					     SQLITE_NUMBER_OF(r->mark),
					     SQLITE_NUMBER_OF(r->mark_before)};
	int code = sqlite_run(s,
			      "UPDATE registry_head SET revision = ?1, mark = ?2 "
			      "WHERE revision = ?1 - 1 AND mark = ?3",
			      value, ARRAY_COUNT(value));
	*out_is_ours = code == SQLITE_OK && sqlite3_changes(s->db) == 1;
	return code;
}

static int put_objects(struct sqlite *s, const struct record *r)
{
	const struct sqlite_value value[] = {SQLITE_NUMBER_OF(r->revision),
					     SQLITE_TEXT_OF(r->body)};
	int code = sqlite_run(
		s,
		"INSERT OR REPLACE INTO registry_object (id, kind, revision, body) "
		"SELECT value ->> '$.id', value ->> '$.kind', ?1, value -> '$.after' "
		"FROM json_each(?2, '$.items') WHERE json_type(value, '$.after') = 'object'",
		value, ARRAY_COUNT(value));
	const struct sqlite_value gone[] = {SQLITE_TEXT_OF(r->body)};
	return code != SQLITE_OK
		       ? code
		       : sqlite_run(s,
				    "DELETE FROM registry_object WHERE id IN (SELECT value ->> "
				    "'$.id' FROM json_each(?1, '$.items') WHERE "
				    "ifnull(json_type(value, '$.after'), 'null') <> 'object')",
				    gone, 1);
}

static int put_change(struct sqlite *s, const struct record *r)
{
	const struct sqlite_value value[] = {
		SQLITE_NUMBER_OF(r->revision), SQLITE_NUMBER_OF(r->mark),
		SQLITE_NUMBER_OF(r->at_s),     SQLITE_TEXT_OF(r->writer),
		SQLITE_TEXT_OF(r->request),    SQLITE_NUMBER_OF(r->request_hash),
		SQLITE_TEXT_OF(r->body)};
	const struct sqlite_value revision[] = {SQLITE_NUMBER_OF(r->revision)};
	const struct sqlite_value documents[] = {SQLITE_TEXT_OF(r->documents)};
	int code = sqlite_run(s,
			      "INSERT INTO registry_change (revision, mark, at, writer, request, "
			      "request_hash, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			      value, ARRAY_COUNT(value));
	if (code == SQLITE_OK) {
		code = sqlite_run(
			s,
			"INSERT INTO registry_mention (what, revision) " SCHEMA_SQLITE_MENTIONED
			" AND c.revision = ?1",
			revision, 1);
	}
	if (code == SQLITE_OK && r->documents != NULL) {
		code = sqlite_run(s,
				  "INSERT OR REPLACE INTO registry_document (id, data) "
				  "SELECT key, value FROM json_each(?1)",
				  documents, 1);
	}
	return code;
}

/* Whether a commit that failed was done all the same: the head says. */
static enum database_end ask_whether(struct sqlite *s, const struct record *r, char *why)
{
	struct head head;
	char unused[STORE_TEXT_MAX];
	enum database_end end = sqlite_failed(s, "write it", why);
	sqlite_roll_back(s);
	if (sqlite_head(&s->base, &head, unused) == DATABASE_OK && head.revision == r->revision &&
	    head.mark == r->mark) {
		return DATABASE_OK;
	}
	return end;
}

enum database_end sqlite_commit(struct database *d, const struct record *r, char *why)
{
	struct sqlite *s = sqlite_of(d);
	bool is_ours = false;
	int code = sqlite_run(s, "BEGIN IMMEDIATE", NULL, 0);
	if (code == SQLITE_OK) {
		code = take_turn(s, r, &is_ours);
	}
	if (code == SQLITE_OK && !is_ours) {
		sqlite_roll_back(s);
		return DATABASE_CONFLICT;
	}
	if (code == SQLITE_OK) {
		code = put_objects(s, r);
	}
	if (code == SQLITE_OK && !s->is_copy) {
		code = put_change(s, r);
	}
	if (code == SQLITE_OK) {
		code = sqlite_run(s, "COMMIT", NULL, 0);
	}
	return code == SQLITE_OK ? DATABASE_OK : ask_whether(s, r, why);
}

static enum database_end load_kind(struct sqlite *s, enum registry_kind kind,
				   const struct load_sink *sink, char *why)
{
	const struct sqlite_value value[] = {SQLITE_TEXT_OF(registry_kind_text(kind))};
	sqlite3_stmt *st = sqlite_prepare(
		s, "SELECT id, revision, body FROM registry_object WHERE kind = ?1 ORDER BY id",
		value, 1);
	int code = st != NULL ? SQLITE_ROW : SQLITE_ERROR;
	bool is_taken = true;
	while (is_taken && code == SQLITE_ROW) {
		code = sqlite3_step(st);
		is_taken = code != SQLITE_ROW ||
			   sink->object(sink->context, kind, text_at(st, 0),
					(uint64_t)sqlite3_column_int64(st, 1), text_at(st, 2));
	}
	enum database_end end = !is_taken	      ? DATABASE_FAILED
				: code == SQLITE_DONE ? DATABASE_OK
						      : sqlite_failed(s, "read it", why);
	sqlite3_finalize(st);
	return end;
}

enum database_end sqlite_keys(struct database *d, int64_t since_s, key_fn *fn, void *context,
			      char *why)
{
	struct sqlite *s = sqlite_of(d);
	const struct sqlite_value value[] = {SQLITE_NUMBER_OF(since_s)};
	sqlite3_stmt *st = sqlite_prepare(s,
					  "SELECT request, request_hash, revision, at FROM "
					  "registry_change WHERE request IS NOT NULL AND at > ?1",
					  value, 1);
	int code = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
	for (; code == SQLITE_ROW; code = sqlite3_step(st)) {
		char *text = strdup(text_at(st, 0));
		ASSERT(text != NULL);
		const struct request_key key = {.text = text,
						.hash = (uint64_t)sqlite3_column_int64(st, 1),
						.revision = (uint64_t)sqlite3_column_int64(st, 2),
						.at_s = sqlite3_column_int64(st, 3)};
		fn(context, &key);
		free(text);
	}
	enum database_end end =
		code == SQLITE_DONE ? DATABASE_OK : sqlite_failed(s, "read it", why);
	sqlite3_finalize(st);
	return end;
}

enum database_end sqlite_load(struct database *d, const struct load_sink *sink, struct head *out,
			      char *why)
{
	struct sqlite *s = sqlite_of(d);
	struct head head;
	if (sqlite_run(s, "BEGIN", NULL, 0) != SQLITE_OK) {
		return sqlite_failed(s, "read it", why);
	}
	enum database_end end = sqlite_head(d, &head, why);
	for (unsigned kind = 0; end == DATABASE_OK && kind < REGISTRY_KIND_COUNT; kind++) {
		end = load_kind(s, (enum registry_kind)kind, sink, why);
	}
	sqlite_roll_back(s);
	if (end == DATABASE_OK) {
		*out = head;
	}
	return end;
}

/* A row of RECORD_COLUMNS; the texts are SQLite's until the next step. */
#define RECORD_COLUMNS "c.revision, c.mark, c.at, c.writer, c.request, c.request_hash, c.body"
static bool give_record(sqlite3_stmt *st, record_fn *fn, void *context)
{
	char *request = sqlite3_column_type(st, 4) == SQLITE_NULL ? NULL : strdup(text_at(st, 4));
	char *body = strdup(text_at(st, 6));
	ASSERT(body != NULL);
	struct record r = {.revision = (uint64_t)sqlite3_column_int64(st, 0),
			   .mark = (uint64_t)sqlite3_column_int64(st, 1),
			   .at_s = sqlite3_column_int64(st, 2),
			   .request = request,
			   .request_hash = (uint64_t)sqlite3_column_int64(st, 5),
			   .body = body};
	snprintf(r.writer, sizeof(r.writer), "%s", text_at(st, 3));
	bool goes_on = fn(context, &r);
	free(request);
	free(body);
	return goes_on;
}

enum database_end sqlite_records(struct database *d, const struct range *range, record_fn *fn,
				 void *context, char *why)
{
	struct sqlite *s = sqlite_of(d);
	const char *and_what = range->and_what != NULL ? range->and_what : range->what;
	const struct sqlite_value value[] = {SQLITE_NUMBER_OF(range->after),
					     SQLITE_NUMBER_OF(range->before),
					     SQLITE_NUMBER_OF(range->limit),
					     SQLITE_TEXT_OF(range->what), SQLITE_TEXT_OF(and_what)};
	const char *sql =
		range->what != NULL
			? "SELECT " RECORD_COLUMNS
			  " FROM registry_mention m JOIN registry_change c ON c.revision = "
			  "m.revision WHERE m.what = ?4 AND m.revision > ?1 AND m.revision < ?2 "
			  "AND EXISTS (SELECT 1 FROM registry_mention t WHERE t.what = ?5 AND "
			  "t.revision = m.revision) ORDER BY m.revision DESC LIMIT ?3"
		: range->is_ascending
			? "SELECT " RECORD_COLUMNS
			  " FROM registry_change c WHERE c.revision > ?1 AND c.revision < ?2 "
			  "ORDER BY c.revision LIMIT ?3"
			: "SELECT " RECORD_COLUMNS
			  " FROM registry_change c WHERE c.revision > ?1 AND c.revision < ?2 "
			  "ORDER BY c.revision DESC LIMIT ?3";
	sqlite3_stmt *st = sqlite_prepare(s, sql, value, range->what != NULL ? 5 : 3);
	int code = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
	while (code == SQLITE_ROW && give_record(st, fn, context)) {
		code = sqlite3_step(st);
	}
	enum database_end end = code == SQLITE_DONE || code == SQLITE_ROW
					? DATABASE_OK
					: sqlite_failed(s, "read it", why);
	sqlite3_finalize(st);
	return end;
}

enum database_end sqlite_document(struct database *d, const char *id, char **out, char *why)
{
	struct sqlite *s = sqlite_of(d);
	const struct sqlite_value value[] = {SQLITE_TEXT_OF(id)};
	sqlite3_stmt *st =
		sqlite_prepare(s, "SELECT data FROM registry_document WHERE id = ?1", value, 1);
	int code = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
	*out = NULL;
	if (code == SQLITE_ROW) {
		*out = strdup(text_at(st, 0));
		ASSERT(*out != NULL);
	}
	enum database_end end = code == SQLITE_ROW || code == SQLITE_DONE
					? DATABASE_OK
					: sqlite_failed(s, "read it", why);
	sqlite3_finalize(st);
	return end;
}

enum database_end sqlite_copy_begin(struct database *d, char *why)
{
	struct sqlite *s = sqlite_of(d);
	ASSERT(s->is_copy);
	if (sqlite_run(s, "BEGIN IMMEDIATE", NULL, 0) != SQLITE_OK ||
	    sqlite_run(s, "DELETE FROM registry_object", NULL, 0) != SQLITE_OK) {
		enum database_end end = sqlite_failed(s, "write it", why);
		sqlite_roll_back(s);
		return end;
	}
	return DATABASE_OK;
}

bool sqlite_copy_object(struct database *d, enum registry_kind kind, const char *id,
			uint64_t revision, const char *body)
{
	const struct sqlite_value value[] = {SQLITE_TEXT_OF(id),
					     SQLITE_TEXT_OF(registry_kind_text(kind)),
					     SQLITE_NUMBER_OF(revision), SQLITE_TEXT_OF(body)};
	return sqlite_run(sqlite_of(d),
			  "INSERT INTO registry_object (id, kind, revision, body) VALUES (?1, ?2, "
			  "?3, ?4)",
			  value, ARRAY_COUNT(value)) == SQLITE_OK;
}

enum database_end sqlite_copy_end(struct database *d, const struct head *head, char *why)
{
	struct sqlite *s = sqlite_of(d);
	if (head == NULL) {
		sqlite_roll_back(s);
		return DATABASE_OK;
	}
	const struct sqlite_value value[] = {SQLITE_TEXT_OF(head->lineage),
					     SQLITE_NUMBER_OF(head->revision),
					     SQLITE_NUMBER_OF(head->mark)};
	if (sqlite_run(s, "UPDATE registry_head SET lineage = ?1, revision = ?2, mark = ?3", value,
		       ARRAY_COUNT(value)) != SQLITE_OK ||
	    sqlite_run(s, "COMMIT", NULL, 0) != SQLITE_OK) {
		enum database_end end = sqlite_failed(s, "write it", why);
		sqlite_roll_back(s);
		return end;
	}
	return DATABASE_OK;
}
