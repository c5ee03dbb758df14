/* The registry in PostgreSQL, which several servers share.
 *
 * A change is one statement: it takes the head's turn, and only when it has it (nobody else was
 * first) writes the rest and notifies; so it is one transaction and one exchange with the server.
 * The others wait for the head's row, see the new revision, and have a conflict.
 * Rows are read in pages, each a query of its own inside one transaction that sees one state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/store/database.h"
#include "control/store/lineage.h"
#include "control/store/pq.h"
#include "control/store/schema.h"
#include "rib/base/check.h"

#define PAGE	   "2000" /* Objects of one query. */
#define PAGE_COUNT 2000
#define SCHEMA_KEY "4918713127" /* Of the lock under which tables are made: a number of ours. */
/* A host that vanished keeps its duty for half a minute, not for two hours.  And who waits for a
 * row sees what it has become, whatever is the default there: a turn that is lost is no failure. */
#define SESSION_SQL                                                                                \
	"SELECT set_config('default_transaction_isolation', 'read committed', false), "            \
	"set_config('tcp_keepalives_idle', '10', false), "                                         \
	"set_config('tcp_keepalives_interval', '5', false), "                                      \
	"set_config('tcp_keepalives_count', '4', false)"
#define DUTY_KEY "4918713128" /* Of the lock that who has the duty holds. */

struct postgres {
	struct database base; /* First. */
	struct pq pq;
	int patience_s; /* For one statement. */
};

static struct postgres *of(struct database *d)
{
	return (struct postgres *)d;
}

/* The server's name before what it said. */
static void name_why(const struct postgres *s, char *why)
{
	char text[STORE_TEXT_MAX];
	snprintf(text, sizeof(text), "%.120s: %.270s", s->base.name, why);
	memcpy(why, text, sizeof(text));
}

/* SQLSTATE classes: 53 no room, 57 being stopped, 08 connection: it may be well again. */
static enum database_end refused(const struct postgres *s, const PGresult *r, char *why)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	pq_say(&s->pq, PQresultErrorMessage(r), why);
	name_why(s, why);
	bool is_going =
		state != NULL && (strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0);
	return is_going ? DATABASE_LOST : DATABASE_FAILED;
}

/* OK with the result, which is the caller's. */
static enum database_end query(struct postgres *s, const char *sql, const char *const *value,
			       int count, PGresult **out, char *why)
{
	PGresult *r = pq_query(&s->pq, sql, value, count, s->patience_s, why);
	if (r == NULL) {
		name_why(s, why);
		return DATABASE_LOST;
	}
	if (!pq_is_good(r)) {
		enum database_end end = refused(s, r, why);
		PQclear(r);
		return end;
	}
	*out = r;
	return DATABASE_OK;
}

static enum database_end run(struct postgres *s, const char *sql, char *why)
{
	PGresult *r;
	enum database_end end = query(s, sql, NULL, 0, &r, why);
	if (end == DATABASE_OK) {
		PQclear(r);
	}
	return end;
}

static int64_t number_at(const PGresult *r, int row, int column)
{
	return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

/* A statement list, one after another: parameters go with single ones only. */
static enum database_end run_all(struct postgres *s, const char *sql, char *why)
{
	enum database_end end = DATABASE_OK;
	char *text = strdup(sql), *rest = text, *one;
	ASSERT(text != NULL);
	while (end == DATABASE_OK && (one = strsep(&rest, ";")) != NULL) {
		if (one[0] != '\0') {
			end = run(s, one, why);
		}
	}
	free(text);
	return end;
}

static enum database_end make_head(struct postgres *s, char *why)
{
	char lineage[LINEAGE_MAX];
	const char *value[] = {lineage};
	PGresult *r;
	lineage_make(lineage);
	enum database_end end =
		query(s, "INSERT INTO registry_head VALUES ($1, 0, 0)", value, 1, &r, why);
	if (end == DATABASE_OK) {
		PQclear(r);
	}
	return end;
}

/* Inside the transaction that has the lock. */
static enum database_end migrate(struct postgres *s, long version, char *why)
{
	char text[16];
	const char *value[] = {text};
	enum database_end end = DATABASE_OK;
	PGresult *r;
	if (version == 0) {
		end = run_all(s,
			      "CREATE TABLE registry_version (version BIGINT NOT NULL);"
			      "INSERT INTO registry_version VALUES (0)",
			      why);
	}
	/* A step that goes through years of changes would begin anew for ever. */
	s->patience_s = PQ_MIGRATE_S;
	for (long next = version + 1; end == DATABASE_OK && next <= SCHEMA_VERSION; next++) {
		end = run_all(s, schema_postgres((unsigned)next), why);
	}
	s->patience_s = PQ_QUERY_S;
	if (version == 0 && end == DATABASE_OK) {
		end = make_head(s, why);
	}
	snprintf(text, sizeof(text), "%d", SCHEMA_VERSION);
	if (end == DATABASE_OK) {
		end = query(s, "UPDATE registry_version SET version = $1::bigint", value, 1, &r,
			    why);
	}
	if (end == DATABASE_OK) {
		PQclear(r);
	}
	return end;
}

/* 0 when there are no tables. */
static enum database_end read_version(struct postgres *s, long *out, char *why)
{
	PGresult *r = NULL;
	*out = 0;
	enum database_end end =
		query(s, "SELECT to_regclass('registry_version') IS NOT NULL", NULL, 0, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	bool is_there = PQgetvalue(r, 0, 0)[0] == 't';
	PQclear(r);
	if (!is_there) {
		return DATABASE_OK;
	}
	end = query(s, "SELECT version FROM registry_version", NULL, 0, &r, why);
	if (end == DATABASE_OK) {
		*out = PQntuples(r) == 1 ? (long)number_at(r, 0, 0) : 0;
		PQclear(r);
	}
	return end;
}

/* Several servers may start at once: one of them makes the tables. */
static enum database_end bring_up(struct postgres *s, char *why)
{
	char unused[STORE_TEXT_MAX];
	long version = 0;
	enum database_end end = read_version(s, &version, why);
	if (end != DATABASE_OK || version == SCHEMA_VERSION) {
		return end;
	}
	end = run(s, "BEGIN", why);
	if (end == DATABASE_OK) {
		end = run(s, "SELECT pg_advisory_xact_lock(" SCHEMA_KEY ")", why);
	}
	if (end == DATABASE_OK) {
		end = read_version(s, &version, why);
	}
	if (end == DATABASE_OK && version > SCHEMA_VERSION) {
		schema_say_newer(s->base.name, version, why);
		end = DATABASE_BROKEN;
	}
	if (end == DATABASE_OK && version < SCHEMA_VERSION) {
		end = migrate(s, version, why);
	}
	if (end == DATABASE_OK) {
		return run(s, "COMMIT", why);
	}
	(void)run(s, "ROLLBACK", unused);
	return end;
}

static void postgres_close(struct database *d)
{
	pq_disconnect(&of(d)->pq);
}

static enum database_end postgres_open(struct database *d, char *why)
{
	struct postgres *s = of(d);
	pq_disconnect(&s->pq);
	if (!pq_connect(&s->pq, why)) {
		name_why(s, why);
		return DATABASE_LOST;
	}
	enum database_end end = run(s, SESSION_SQL, why);
	if (end == DATABASE_OK) {
		end = bring_up(s, why);
	}
	if (end == DATABASE_OK) {
		/* Before the first look: nothing is missed. */
		end = run(s, "LISTEN causeway_registry", why);
	}
	return end;
}

static void read_head(const PGresult *r, struct head *out)
{
	*out = (struct head){.revision = (uint64_t)number_at(r, 0, 1),
			     .mark = (uint64_t)number_at(r, 0, 2)};
	snprintf(out->lineage, sizeof(out->lineage), "%s", PQgetvalue(r, 0, 0));
}

static enum database_end postgres_head(struct database *d, struct head *out, char *why)
{
	struct postgres *s = of(d);
	PGresult *r;
	enum database_end end =
		query(s, "SELECT lineage, revision, mark FROM registry_head", NULL, 0, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	if (PQntuples(r) == 1) {
		read_head(r, out);
	} else {
		snprintf(why, STORE_TEXT_MAX,
			 "%.150s has lost its registry_head; restore it from a backup",
			 s->base.name);
		end = DATABASE_BROKEN;
	}
	PQclear(r);
	return end;
}

#define ITEMS "json_array_elements($7::text::json -> 'items') i"
static const char commit_sql[] =
	"WITH turn AS (UPDATE registry_head SET revision = $1::bigint, mark = $2::bigint WHERE "
	"revision = $1::bigint - 1 AND mark = $9::bigint RETURNING revision), "
	"kept AS (INSERT INTO registry_change (revision, mark, at, writer, request, request_hash, "
	"body) SELECT revision, $2::bigint, $3::bigint, $4::text, $5::text, $6::bigint, $7::text "
	"FROM turn), "
	"put AS (INSERT INTO registry_object (id, kind, revision, body) SELECT i.value ->> 'id', "
	"i.value ->> 'kind', turn.revision, i.value ->> 'after' FROM turn, " ITEMS
	" WHERE json_typeof(i.value -> 'after') = 'object' ON CONFLICT (id) DO UPDATE SET kind = "
	"excluded.kind, revision = excluded.revision, body = excluded.body), "
	"gone AS (DELETE FROM registry_object o USING turn, " ITEMS " WHERE o.id = i.value ->> "
	"'id' AND coalesce(json_typeof(i.value -> 'after'), 'null') <> 'object'), "
	"said AS (INSERT INTO registry_mention (what, revision) SELECT DISTINCT w.value, "
	"turn.revision FROM turn, " ITEMS ", LATERAL (VALUES (i.value ->> 'id'), (i.value -> "
	"'before' ->> 'tenant'), (i.value -> 'after' ->> 'tenant')) w (value) WHERE w.value IS "
	"NOT NULL), "
	"papers AS (INSERT INTO registry_document (id, data) SELECT key, value FROM turn, "
	"json_each_text(coalesce($8::text, '{}')::json) ON CONFLICT (id) DO UPDATE SET data = "
	"excluded.data) "
	"SELECT pg_notify('causeway_registry', revision::text) FROM turn";

static enum database_end postgres_commit(struct database *d, const struct record *r, char *why)
{
	struct postgres *s = of(d);
	char revision[24], mark[24], at[24], hash[24], before[24];
	snprintf(revision, sizeof(revision), "%" PRIu64, r->revision);
	snprintf(mark, sizeof(mark), "%" PRId64, (int64_t)r->mark);
	snprintf(at, sizeof(at), "%" PRId64, r->at_s);
	snprintf(hash, sizeof(hash), "%" PRId64, (int64_t)r->request_hash);
	snprintf(before, sizeof(before), "%" PRId64, (int64_t)r->mark_before);
	const char *value[] = {revision, mark,	  at,		r->writer, r->request,
			       hash,	 r->body, r->documents, before};
	PGresult *result;
	enum database_end end = query(s, commit_sql, value, ARRAY_COUNT(value), &result, why);
	if (end == DATABASE_OK) {
		end = PQntuples(result) == 1 ? DATABASE_OK : DATABASE_CONFLICT;
		PQclear(result);
	}
	return end;
}

static enum database_end load_page(struct postgres *s, enum registry_kind kind,
				   const struct load_sink *sink, char after[REGISTRY_ID_MAX],
				   int *out_count, char *why)
{
	const char *value[] = {registry_kind_text(kind), after};
	PGresult *r;
	enum database_end end =
		query(s,
		      "SELECT id, revision, body FROM registry_object WHERE kind = $1 AND id > $2 "
		      "ORDER BY id LIMIT " PAGE,
		      value, 2, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	*out_count = PQntuples(r);
	for (int i = 0; end == DATABASE_OK && i < *out_count; i++) {
		const char *id = PQgetvalue(r, i, 0);
		if (!sink->object(sink->context, kind, id, (uint64_t)number_at(r, i, 1),
				  PQgetvalue(r, i, 2))) {
			end = DATABASE_FAILED;
		}
		snprintf(after, REGISTRY_ID_MAX, "%s", id);
	}
	PQclear(r);
	return end;
}

static enum database_end postgres_load(struct database *d, const struct load_sink *sink,
				       struct head *out, char *why)
{
	struct postgres *s = of(d);
	char unused[STORE_TEXT_MAX];
	struct head head;
	enum database_end end = run(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", why);
	if (end == DATABASE_OK) {
		end = postgres_head(d, &head, why);
	}
	for (unsigned kind = 0; end == DATABASE_OK && kind < REGISTRY_KIND_COUNT; kind++) {
		char after[REGISTRY_ID_MAX] = "";
		int count = PAGE_COUNT;
		while (end == DATABASE_OK && count == PAGE_COUNT) {
			end = load_page(s, (enum registry_kind)kind, sink, after, &count, why);
		}
	}
	(void)run(s, "ROLLBACK", unused);
	if (end == DATABASE_OK) {
		*out = head;
	}
	return end;
}

static enum database_end postgres_keys(struct database *d, int64_t since_s, key_fn *fn,
				       void *context, char *why)
{
	struct postgres *s = of(d);
	char since[24];
	const char *value[] = {since};
	PGresult *r;
	snprintf(since, sizeof(since), "%" PRId64, since_s);
	enum database_end end =
		query(s,
		      "SELECT request, request_hash, revision, at FROM registry_change WHERE "
		      "request IS NOT NULL AND at > $1::bigint",
		      value, 1, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	for (int i = 0; i < PQntuples(r); i++) {
		const struct request_key key = {.text = PQgetvalue(r, i, 0),
						.hash = (uint64_t)number_at(r, i, 1),
						.revision = (uint64_t)number_at(r, i, 2),
						.at_s = number_at(r, i, 3)};
		fn(context, &key);
	}
	PQclear(r);
	return DATABASE_OK;
}

#define RECORD_COLUMNS "c.revision, c.mark, c.at, c.writer, c.request, c.request_hash, c.body"
static bool give_record(const PGresult *r, int i, record_fn *fn, void *context)
{
	struct record record = {.revision = (uint64_t)number_at(r, i, 0),
				.mark = (uint64_t)number_at(r, i, 1),
				.at_s = number_at(r, i, 2),
				.request = PQgetisnull(r, i, 4) ? NULL : PQgetvalue(r, i, 4),
				.request_hash = (uint64_t)number_at(r, i, 5),
				.body = PQgetvalue(r, i, 6)};
	snprintf(record.writer, sizeof(record.writer), "%s", PQgetvalue(r, i, 3));
	return fn(context, &record);
}

static enum database_end postgres_records(struct database *d, const struct range *range,
					  record_fn *fn, void *context, char *why)
{
	struct postgres *s = of(d);
	char after[24], before[24], limit[24];
	snprintf(after, sizeof(after), "%" PRIu64, range->after);
	snprintf(before, sizeof(before), "%" PRIu64, range->before);
	snprintf(limit, sizeof(limit), "%u", range->limit);
	const char *and_what = range->and_what != NULL ? range->and_what : range->what;
	const char *value[] = {after, before, limit, range->what, and_what};
	const char *sql =
		range->what != NULL
			? "SELECT " RECORD_COLUMNS
			  " FROM registry_mention m JOIN registry_change c ON c.revision = "
			  "m.revision WHERE m.what = $4 AND m.revision > $1::bigint AND m.revision "
			  "< $2::bigint AND EXISTS (SELECT 1 FROM registry_mention t WHERE t.what "
			  "= $5 AND t.revision = m.revision) ORDER BY m.revision DESC LIMIT "
			  "$3::bigint"
		: range->is_ascending
			? "SELECT " RECORD_COLUMNS
			  " FROM registry_change c WHERE c.revision > $1::bigint AND c.revision < "
			  "$2::bigint ORDER BY c.revision LIMIT $3::bigint"
			: "SELECT " RECORD_COLUMNS
			  " FROM registry_change c WHERE c.revision > $1::bigint AND c.revision < "
			  "$2::bigint ORDER BY c.revision DESC LIMIT $3::bigint";
	PGresult *r;
	enum database_end end = query(s, sql, value, range->what != NULL ? 5 : 3, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	for (int i = 0; i < PQntuples(r) && give_record(r, i, fn, context); i++) {
	}
	PQclear(r);
	return DATABASE_OK;
}

/* The lock is the connection's, and goes with it. */
static enum database_end postgres_duty(struct database *d, bool *out_has, char *why)
{
	struct postgres *s = of(d);
	PGresult *r;
	enum database_end end =
		query(s, "SELECT pg_try_advisory_lock(" DUTY_KEY ")", NULL, 0, &r, why);
	if (end == DATABASE_OK) {
		*out_has = PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == 't';
		PQclear(r);
	}
	return end;
}

static enum database_end postgres_document(struct database *d, const char *id, char **out,
					   char *why)
{
	struct postgres *s = of(d);
	const char *value[] = {id};
	PGresult *r;
	enum database_end end =
		query(s, "SELECT data FROM registry_document WHERE id = $1", value, 1, &r, why);
	if (end != DATABASE_OK) {
		return end;
	}
	*out = NULL;
	if (PQntuples(r) == 1) {
		*out = strdup(PQgetvalue(r, 0, 0));
		ASSERT(*out != NULL);
	}
	PQclear(r);
	return DATABASE_OK;
}

static enum database_end postgres_look(struct database *d, bool *out_changed, char *why)
{
	struct postgres *s = of(d);
	PGnotify *n;
	*out_changed = false;
	if (PQconsumeInput(s->pq.conn) == 0 || PQstatus(s->pq.conn) == CONNECTION_BAD) {
		pq_say(&s->pq, PQerrorMessage(s->pq.conn), why);
		name_why(s, why);
		return DATABASE_LOST;
	}
	while ((n = PQnotifies(s->pq.conn)) != NULL) {
		*out_changed |= n->be_pid != PQbackendPID(s->pq.conn);
		PQfreemem(n);
	}
	return DATABASE_OK;
}

static int postgres_fd(const struct database *d)
{
	return PQsocket(((const struct postgres *)d)->pq.conn);
}

static void postgres_free(struct database *d)
{
	struct postgres *s = of(d);
	pq_fini(&s->pq);
	free(s->base.name);
	free(s);
}

struct database *postgres_new(const char *url, int stop_fd, char *why)
{
	static const struct database_ops ops = {.open = postgres_open,
						.head = postgres_head,
						.commit = postgres_commit,
						.load = postgres_load,
						.keys = postgres_keys,
						.records = postgres_records,
						.document = postgres_document,
						.duty = postgres_duty,
						.look = postgres_look,
						.fd = postgres_fd,
						.close = postgres_close,
						.free = postgres_free};
	struct postgres *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->base.ops = &ops;
	s->patience_s = PQ_QUERY_S;
	if (!pq_init(&s->pq, url, stop_fd, why)) {
		free(s);
		return NULL;
	}
	s->base.name = pq_name(url);
	return &s->base;
}
