/* The registry's file: the embedded default, and the local copy of PostgreSQL's.
 *
 * WAL with synchronous=FULL: a transaction that was committed is on disk.  A copy's is not waited
 * for: after a loss of power it is a copy of a moment ago, and what came since is fetched again.
 * The file, its log and its index are for the server's eyes only: there are keys of sessions in it.
 * SQLite gives the two beside it the file's mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/store/lineage.h"
#include "control/store/schema.h"
#include "control/store/sqlite_own.h"
#include "rib/base/check.h"

#define BUSY_MS	       5000
#define APPLICATION_ID 0x43575247 /* "CWRG", in the file's head: whose it is. */

enum database_end sqlite_failed(struct sqlite *s, const char *what, char *why)
{
	int code = s->db != NULL ? sqlite3_errcode(s->db) & 0xff : SQLITE_CANTOPEN;
	const char *text = s->db != NULL ? sqlite3_errmsg(s->db) : "it cannot be opened";
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
		snprintf(why, STORE_TEXT_MAX,
			 "%s is damaged (%s); restore it from a backup, with the files beside it "
			 "(-wal, -shm) moved away",
			 s->path, text);
		return DATABASE_BROKEN;
	}
	const char *remedy = code == SQLITE_FULL       ? "; make room on its disk"
			     : code == SQLITE_BUSY     ? "; another program holds it"
			     : code == SQLITE_READONLY ? "; the server must be able to write it"
						       : "";
	snprintf(why, STORE_TEXT_MAX, "%s: cannot %s: %s%s", s->path, what, text, remedy);
	return DATABASE_FAILED;
}

sqlite3_stmt *sqlite_prepare(struct sqlite *s, const char *sql, const struct sqlite_value *value,
			     int count)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
		return NULL;
	}
	for (int i = 0; i < count; i++) {
		int code = value[i].is_text
				   ? sqlite3_bind_text(st, i + 1, value[i].text, -1, SQLITE_STATIC)
				   : sqlite3_bind_int64(st, i + 1, value[i].number);
		if (code != SQLITE_OK) {
			sqlite3_finalize(st);
			return NULL;
		}
	}
	return st;
}

int sqlite_run(struct sqlite *s, const char *sql, const struct sqlite_value *value, int count)
{
	sqlite3_stmt *st = sqlite_prepare(s, sql, value, count);
	if (st == NULL) {
		return sqlite3_errcode(s->db);
	}
	int code;
	do {
		code = sqlite3_step(st);
	} while (code == SQLITE_ROW);
	int end = sqlite3_finalize(st);
	return code == SQLITE_DONE ? SQLITE_OK : end;
}

void sqlite_roll_back(struct sqlite *s)
{
	if (!sqlite3_get_autocommit(s->db)) {
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
}

enum database_end sqlite_number(struct sqlite *s, const char *sql, int64_t otherwise, int64_t *out,
				char *why)
{
	enum database_end end = DATABASE_OK;
	sqlite3_stmt *st = sqlite_prepare(s, sql, NULL, 0);
	int code = st != NULL ? sqlite3_step(st) : SQLITE_ERROR;
	*out = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : otherwise;
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		end = sqlite_failed(s, "read it", why);
	}
	sqlite3_finalize(st);
	return end;
}

/* The file is there, and for nobody else to read, before SQLite sees it. */
static enum database_end make_private(const struct sqlite *s, char *why)
{
	struct stat st;
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_private = fd >= 0 && fstat(fd, &st) == 0 &&
			  ((st.st_mode & 077) == 0 || fchmod(fd, st.st_mode & 0700) == 0);
	int err = errno;
	if (fd >= 0) {
		close(fd);
	}
	if (is_private) {
		return DATABASE_OK;
	}
	snprintf(why, STORE_TEXT_MAX,
		 "cannot use the registry's file %s: %s; check owner and permissions of the file "
		 "and its folder, or set registry.database",
		 s->path, strerror(err));
	return DATABASE_FAILED;
}

/* Whose file it is: none's yet (0), ours (1), or another program's. */
static enum database_end check_owner(struct sqlite *s, int64_t *out_is_ours, char *why)
{
	int64_t id = 0, tables = 0;
	enum database_end end = sqlite_number(s, "PRAGMA application_id", 0, &id, why);
	if (end == DATABASE_OK) {
		end = sqlite_number(s, "SELECT count(*) FROM sqlite_schema", 0, &tables, why);
	}
	*out_is_ours = id == APPLICATION_ID;
	if (end == DATABASE_OK && id != APPLICATION_ID && (id != 0 || tables > 0)) {
		snprintf(why, STORE_TEXT_MAX,
			 "%s is another program's database; set registry.database to a file of the "
			 "registry's own",
			 s->path);
		return DATABASE_BROKEN;
	}
	return end;
}

static enum database_end configure(struct sqlite *s, char *why)
{
	static const char *const settings[] = {"PRAGMA journal_mode = WAL",
					       "PRAGMA trusted_schema = OFF",
					       "PRAGMA temp_store = MEMORY"};
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (unsigned i = 0; i < ARRAY_COUNT(settings); i++) {
		if (sqlite_run(s, settings[i], NULL, 0) != SQLITE_OK) {
			return sqlite_failed(s, "set it up", why);
		}
	}
	const char *waits =
		s->is_copy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL";
	if (sqlite_run(s, waits, NULL, 0) != SQLITE_OK) {
		return sqlite_failed(s, "set it up", why);
	}
	return DATABASE_OK;
}

/* What VACUUM INTO has written is on disk, and has its name only then; what it is put in place of
 * was cut short, or is from an upgrade before. */
static bool name_whole(const char *part, const char *path)
{
	int fd = open(part, O_RDONLY | O_CLOEXEC);
	bool is_whole = fd >= 0 && fsync(fd) == 0 && rename(part, path) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return is_whole;
}

/* The way back from an upgrade: the file as the older version left it. */
static enum database_end keep_old(struct sqlite *s, int64_t version, char *why)
{
	char *path = NULL, *part = NULL;
	if (s->is_copy) {
		return DATABASE_OK;
	}
	int len = asprintf(&path, "%s.format-%d", s->path, (int)version);
	int part_len = asprintf(&part, "%s.part-%d", path, (int)getpid());
	ASSERT(len > 0 && part_len > 0);
	int64_t now = version;
	enum database_end end = DATABASE_OK;
	const struct sqlite_value value[] = {SQLITE_TEXT_OF(part)};
	mode_t before = umask(0077);
	(void)unlink(part);
	if (sqlite_run(s, "VACUUM INTO ?1", value, 1) != SQLITE_OK) {
		end = sqlite_failed(s, "keep a copy from before the upgrade", why);
	} else {
		end = sqlite_number(s, "SELECT version FROM registry_version", 0, &now, why);
	}
	/* Another server that has upgraded it meanwhile has the copy. */
	if (end == DATABASE_OK && now == version && !name_whole(part, path)) {
		snprintf(why, STORE_TEXT_MAX, "cannot keep %s from before the upgrade: %s", path,
			 strerror(errno));
		end = DATABASE_FAILED;
	}
	(void)unlink(part);
	(void)umask(before);
	free(part);
	free(path);
	return end;
}

/* Inside a transaction: the steps from `version` on. */
static int migrate(struct sqlite *s, int64_t version)
{
	char lineage[LINEAGE_MAX], own[64];
	lineage_make(lineage);
	if (s->is_copy) {
		lineage[0] = '\0'; /* Of nothing, yet. */
	}
	int code = SQLITE_OK;
	if (version == 0) {
		snprintf(own, sizeof(own), "PRAGMA application_id = %d", APPLICATION_ID);
		code = sqlite3_exec(s->db, own, NULL, NULL, NULL);
	}
	if (version == 0 && code == SQLITE_OK) {
		code = sqlite3_exec(s->db,
				    "CREATE TABLE registry_version (version INTEGER NOT NULL);"
				    "INSERT INTO registry_version VALUES (0)",
				    NULL, NULL, NULL);
	}
	for (int64_t next = version + 1; code == SQLITE_OK && next <= SCHEMA_VERSION; next++) {
		code = sqlite3_exec(s->db, schema_sqlite((unsigned)next), NULL, NULL, NULL);
	}
	if (version == 0 && code == SQLITE_OK) {
		const struct sqlite_value value[] = {SQLITE_TEXT_OF(lineage)};
		code = sqlite_run(s, "INSERT INTO registry_head VALUES (?1, 0, 0)", value, 1);
	}
	const struct sqlite_value is_now[] = {SQLITE_NUMBER_OF(SCHEMA_VERSION)};
	return code != SQLITE_OK
		       ? code
		       : sqlite_run(s, "UPDATE registry_version SET version = ?1", is_now, 1);
}

/* Read under the lock, since another server may be at it. */
static enum database_end bring_up(struct sqlite *s, bool *out_is_older, char *why)
{
	int64_t is_ours = 0, version = 0;
	*out_is_older = false;
	if (sqlite_run(s, "BEGIN IMMEDIATE", NULL, 0) != SQLITE_OK) {
		return sqlite_failed(s, "open it", why);
	}
	enum database_end end = check_owner(s, &is_ours, why);
	if (end == DATABASE_OK && is_ours) {
		end = sqlite_number(s, "SELECT version FROM registry_version", 0, &version, why);
	}
	if (end == DATABASE_OK && version > SCHEMA_VERSION) {
		schema_say_newer(s->path, (long)version, why);
		end = DATABASE_BROKEN;
	}
	if (end == DATABASE_OK && version > 0 && version < SCHEMA_VERSION) {
		/* VACUUM INTO is not for transactions: again, once there is a copy. */
		sqlite_roll_back(s);
		*out_is_older = true;
		return keep_old(s, version, why);
	}
	if (end == DATABASE_OK && version == 0 &&
	    (migrate(s, 0) != SQLITE_OK || sqlite_run(s, "COMMIT", NULL, 0) != SQLITE_OK)) {
		end = sqlite_failed(s, "make its tables", why);
	}
	sqlite_roll_back(s);
	return end;
}

static enum database_end upgrade(struct sqlite *s, char *why)
{
	int64_t version = 0;
	if (sqlite_run(s, "BEGIN IMMEDIATE", NULL, 0) != SQLITE_OK) {
		return sqlite_failed(s, "upgrade it", why);
	}
	enum database_end end =
		sqlite_number(s, "SELECT version FROM registry_version", 0, &version, why);
	if (end == DATABASE_OK &&
	    (migrate(s, version) != SQLITE_OK || sqlite_run(s, "COMMIT", NULL, 0) != SQLITE_OK)) {
		end = sqlite_failed(s, "upgrade it", why);
	}
	sqlite_roll_back(s);
	return end;
}

static void sqlite_close(struct database *d)
{
	struct sqlite *s = sqlite_of(d);
	(void)sqlite3_close(s->db);
	s->db = NULL;
}

static enum database_end sqlite_open(struct database *d, char *why)
{
	struct sqlite *s = sqlite_of(d);
	bool is_older = false;
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	ASSERT(s->db == NULL);
	enum database_end end = make_private(s, why);
	if (end == DATABASE_OK && sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK) {
		end = sqlite_failed(s, "open it", why);
	}
	if (end == DATABASE_OK) {
		end = configure(s, why);
	}
	if (end == DATABASE_OK) {
		end = bring_up(s, &is_older, why);
	}
	if (end == DATABASE_OK && is_older) {
		end = upgrade(s, why);
	}
	if (end == DATABASE_OK) {
		end = sqlite_number(s, "PRAGMA data_version", 0, &s->data_version, why);
	}
	if (end != DATABASE_OK) {
		sqlite_close(d);
	}
	return end;
}

static enum database_end sqlite_look(struct database *d, bool *out_changed, char *why)
{
	struct sqlite *s = sqlite_of(d);
	int64_t version = 0;
	enum database_end end = sqlite_number(s, "PRAGMA data_version", 0, &version, why);
	*out_changed = end == DATABASE_OK && version != s->data_version;
	s->data_version = version;
	return end;
}

static int sqlite_fd(const struct database *d)
{
	(void)d;
	return -1;
}

static void sqlite_free(struct database *d)
{
	struct sqlite *s = sqlite_of(d);
	sqlite_close(d);
	free(s->path);
	free(s->base.name);
	free(s);
}

void sqlite_copy_discard(struct database *d)
{
	static const char *const beside[] = {"", "-wal", "-shm"};
	const struct sqlite *s = sqlite_of(d);
	char *from = NULL, *to = NULL;
	ASSERT(s->is_copy && s->db == NULL);
	for (unsigned i = 0; i < ARRAY_COUNT(beside); i++) {
		int len = asprintf(&from, "%s%s", s->path, beside[i]);
		ASSERT(len > 0);
		len = asprintf(&to, "%s.damaged%s", s->path, beside[i]);
		ASSERT(len > 0);
		(void)rename(from, to);
		free(from);
		free(to);
	}
}

struct database *sqlite_new(const char *path, bool is_copy)
{
	static const struct database_ops ops = {.open = sqlite_open,
						.head = sqlite_head,
						.commit = sqlite_commit,
						.load = sqlite_load,
						.keys = sqlite_keys,
						.records = sqlite_records,
						.document = sqlite_document,
						.look = sqlite_look,
						.fd = sqlite_fd,
						.close = sqlite_close,
						.free = sqlite_free};
	struct sqlite *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->base.ops = &ops;
	s->path = strdup(path);
	s->is_copy = is_copy;
	int len = asprintf(&s->base.name, "sqlite:%s", path);
	ASSERT(s->path != NULL && len > 0);
	return &s->base;
}
