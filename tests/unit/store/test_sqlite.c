/* The registry in a file: what was kept is there again, and what is not ours is refused. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "tests/unit/store/rig.h"

#define URL "sqlite:registry.db"

/* Run SQL on the file as another program would. */
static void sql(const struct rig *rig, const char *text)
{
	char path[128];
	sqlite3 *db = NULL;
	cr_assert_eq(sqlite3_open(rig_path(rig, "registry.db", path), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s: %s", text,
		     sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t count(const struct rig *rig, const char *text)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	cr_assert_eq(sqlite3_open(rig_path(rig, "registry.db", path), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK, "%s", text);
	cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* Why a store cannot be opened; it must not be. */
static void refused(const struct rig *rig, char why[STORE_TEXT_MAX])
{
	const struct store_opts o = {.url = URL, .state_dir = rig->dir};
	cr_assert_null(store_open(&o, why, STORE_TEXT_MAX));
}

Test(sqlite, what_was_kept_is_there_again)
{
	struct rig rig;
	struct registry *r = NULL;
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, &r);
	cr_assert_eq(registry_revision(r), 0);
	registry_free(r);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	rig_keep(rig.store, rig_change(2, 2, NULL, "two"));
	rig_keep(rig.store, rig_change(3, 1, "one", "uno"));
	rig_keep(rig.store, rig_change(4, 2, "two", NULL));
	store_close(rig.store);
	rig.store = rig_open(&rig, URL, &r);
	cr_expect_eq(registry_revision(r), 4);
	cr_expect_str_eq(rig_name(r, 1), "uno");
	cr_expect_null(rig_name(r, 2));
	registry_free(r);
	rig_fini(&rig);
}

Test(sqlite, the_file_is_for_nobody_else)
{
	struct rig rig;
	struct stat st;
	char path[128];
	rig_init(&rig);
	mode_t before = umask(0);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	(void)umask(before);
	static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm"};
	for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
		cr_assert_eq(stat(rig_path(&rig, names[i], path), &st), 0, "%s", names[i]);
		cr_expect_eq(st.st_mode & 0777, 0600, "%s: %o", names[i], st.st_mode);
	}
	store_close(rig.store);
	rig.store = NULL;
	/* What became readable is made private again. */
	cr_assert_eq(chmod(rig_path(&rig, "registry.db", path), 0644), 0);
	rig.store = rig_open(&rig, URL, NULL);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	rig_fini(&rig);
}

Test(sqlite, a_newer_format_is_refused_with_the_way_back)
{
	struct rig rig;
	char why[STORE_TEXT_MAX];
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	store_close(rig.store);
	rig.store = NULL;
	sql(&rig, "UPDATE registry_version SET version = 99");
	refused(&rig, why);
	cr_expect_not_null(strstr(why, "has format 99, and this version knows up to"), "%s", why);
	cr_expect_not_null(strstr(why, "run the newer version again"), "%s", why);
	cr_expect_eq(count(&rig, "SELECT version FROM registry_version"), 99);
	rig_fini(&rig);
}

/* Format 1 had no mentions: they are made of the changes, and the file of before is kept. */
Test(sqlite, an_older_format_is_brought_up_to_date)
{
	struct rig rig;
	struct registry *r = NULL;
	struct store_news n;
	char id[REGISTRY_ID_MAX], path[128];
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	rig_keep(rig.store, rig_change(2, 2, NULL, "two"));
	store_close(rig.store);
	sql(&rig, "DROP TABLE registry_mention; UPDATE registry_version SET version = 1");
	rig.store = rig_open(&rig, URL, &r);
	cr_expect_str_eq(rig_name(r, 2), "two");
	registry_free(r);
	cr_expect_eq(count(&rig, "SELECT version FROM registry_version"), 2);
	cr_expect_eq(access(rig_path(&rig, "registry.db.format-1", path), R_OK), 0);
	const struct store_question q = {.object = rig_id(2, id), .limit = 10};
	cr_assert_neq(store_ask(rig.store, &q), 0);
	rig_await(rig.store, STORE_ANSWER, &n);
	cr_expect(n.found_count == 1 && n.found[0]->revision == 2);
	store_news_fini(&n);
	rig_fini(&rig);
}

/* A page of changes is bounded by what is in them, too. */
Test(sqlite, large_changes_come_a_few_at_a_time)
{
	struct rig rig;
	struct store_news n;
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_many(1, 1, 6000));
	rig_keep(rig.store, rig_many(2, 6001, 4000));
	rig_keep(rig.store, rig_many(3, 10001, 1));
	const struct store_question pages[] = {{.limit = 100}, {.before = 2, .limit = 100}};
	static const size_t count[] = {2, 1};
	static const uint64_t next[] = {2, 0};
	for (unsigned i = 0; i < ARRAY_COUNT(pages); i++) {
		cr_assert_neq(store_ask(rig.store, &pages[i]), 0);
		rig_await(rig.store, STORE_ANSWER, &n);
		cr_expect(n.found_count == count[i] && n.next == next[i], "%zu, then %llu",
			  n.found_count, (unsigned long long)n.next);
		store_news_fini(&n);
	}
	rig_fini(&rig);
}

/* Who went back once and upgrades again wants the way back to today; and a copy that was cut short
 * the last time is none. */
Test(sqlite, the_copy_from_before_an_upgrade_is_of_this_upgrade)
{
	struct rig rig;
	sqlite3 *old = NULL;
	sqlite3_stmt *st = NULL;
	char path[128];
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	store_close(rig.store);
	sql(&rig, "DROP TABLE registry_mention; UPDATE registry_version SET version = 1");
	FILE *f = fopen(rig_path(&rig, "registry.db.format-1", path), "w");
	cr_assert(f != NULL && fputs("the copy of last year, or half of one", f) >= 0);
	cr_assert_eq(fclose(f), 0);
	rig.store = rig_open(&rig, URL, NULL);
	cr_assert_eq(sqlite3_open_v2(path, &old, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(old, "SELECT revision FROM registry_head", -1, &st, NULL),
		     SQLITE_OK, "%s", sqlite3_errmsg(old));
	cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
	cr_expect_eq(sqlite3_column_int(st, 0), 1);
	sqlite3_finalize(st);
	sqlite3_close(old);
	rig_fini(&rig);
}

Test(sqlite, another_programs_database_is_refused)
{
	struct rig rig;
	char why[STORE_TEXT_MAX];
	rig_init(&rig);
	sql(&rig, "CREATE TABLE theirs (x)");
	refused(&rig, why);
	cr_expect_not_null(strstr(why, "another program's database"), "%s", why);
	cr_expect_eq(count(&rig, "SELECT count(*) FROM sqlite_schema"), 1);
	rig_fini(&rig);
}

Test(sqlite, a_file_that_is_no_database_is_refused)
{
	struct rig rig;
	char why[STORE_TEXT_MAX], path[128];
	rig_init(&rig);
	FILE *f = fopen(rig_path(&rig, "registry.db", path), "w");
	for (unsigned i = 0; i < 1000; i++) {
		fputs("this is a letter, and no database. ", f);
	}
	fclose(f);
	refused(&rig, why);
	cr_expect_not_null(strstr(why, "is damaged"), "%s", why);
	cr_expect_not_null(strstr(why, "restore it from a backup"), "%s", why);
	rig_fini(&rig);
}

/* Pages in the middle of the file are garbled: it is said, and no registry is made of the rest. */
Test(sqlite, a_damaged_file_is_not_loaded)
{
	struct rig rig;
	struct store_news n;
	char why[STORE_TEXT_MAX] = "", path[128];
	struct stat st;
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_many(1, 1, 2000));
	store_close(rig.store);
	rig.store = NULL;
	sql(&rig, "PRAGMA wal_checkpoint(TRUNCATE)");
	cr_assert_eq(stat(rig_path(&rig, "registry.db", path), &st), 0);
	FILE *f = fopen(path, "r+");
	for (long at = 4096L * 30; at + 4096 < st.st_size; at += 4096L * 3) {
		fseek(f, at, SEEK_SET);
		for (unsigned i = 0; i < 512; i++) {
			fputs("\377garble\377", f);
		}
	}
	fclose(f);
	const struct store_opts o = {.url = URL, .state_dir = rig.dir};
	rig.store = store_open(&o, why, sizeof(why));
	if (rig.store != NULL) {
		rig_next(rig.store, &n);
		cr_expect_eq(n.kind, STORE_AWAY, "%d", n.kind);
		snprintf(why, sizeof(why), "%s", n.text);
		store_news_fini(&n);
	}
	cr_expect_not_null(strstr(why, "is damaged"), "%s", why);
	rig_fini(&rig);
}

/* An object that was changed by hand into something else: the registry is not read without it. */
Test(sqlite, an_object_that_is_none_is_said)
{
	struct rig rig;
	struct store_news n;
	char why[STORE_TEXT_MAX] = "";
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	store_close(rig.store);
	sql(&rig, "UPDATE registry_object SET body = '{\"id\": 7}'");
	const struct store_opts o = {.url = URL, .state_dir = rig.dir};
	rig.store = store_open(&o, why, sizeof(why));
	cr_assert_not_null(rig.store);
	rig_next(rig.store, &n);
	cr_expect(n.kind == STORE_AWAY && strstr(n.text, "restore a backup") != NULL, "%s", n.text);
	store_news_fini(&n);
	rig_fini(&rig);
}

Test(sqlite, a_folder_that_is_not_there_is_said)
{
	char why[STORE_TEXT_MAX];
	const struct store_opts o = {.url = URL, .state_dir = "/nonexistent/causeway"};
	cr_assert_null(store_open(&o, why, sizeof(why)));
	cr_expect_not_null(strstr(why, "No such file"), "%s", why);
	cr_expect_not_null(strstr(why, "registry.database"), "%s", why);
}

/* The disk is full in the middle of a change: nothing of it is there, and later ones are kept. */
Test(sqlite, a_full_disk_costs_one_change_only)
{
	struct rig rig;
	struct registry *r = NULL;
	char why[STORE_TEXT_MAX];
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	(void)signal(SIGXFSZ, SIG_IGN);
	struct rlimit before;
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit small = {.rlim_cur = 400000, .rlim_max = before.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct registry_change *c = rig_many(2, 100, 2000);
	cr_expect_eq(rig_commit(rig.store, c, why), STORE_FAILED, "%s", why);
	registry_change_free(c);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	rig_keep(rig.store, rig_change(2, 2, NULL, "two"));
	store_close(rig.store);
	rig.store = rig_open(&rig, URL, &r);
	cr_expect_eq(registry_revision(r), 2);
	cr_expect_eq(registry_count(r, REGISTRY_TENANT, NULL), 2);
	registry_free(r);
	rig_fini(&rig);
}

/* Two servers on one file: who comes second is told what came first, and may try again. */
Test(sqlite, two_stores_take_turns)
{
	struct rig rig;
	struct store_news n;
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	struct store *other = rig_open(&rig, URL, NULL);
	rig_keep(rig.store, rig_change(1, 1, NULL, "one"));
	struct registry_change *c = rig_change(1, 2, NULL, "two");
	cr_assert(store_commit(other, c));
	rig_next(other, &n);
	cr_assert_eq(n.kind, STORE_CHANGE, "%d", n.kind);
	cr_expect(n.change->revision == 1 && n.change->count == 1);
	store_news_fini(&n);
	rig_next(other, &n);
	cr_expect_eq(n.kind, STORE_CONFLICT);
	registry_change_free(c);
	rig_keep(other, rig_change(2, 2, NULL, "two"));
	/* The first learns of it without having to write. */
	rig_await(rig.store, STORE_CHANGE, &n);
	cr_expect_eq(n.change->revision, 2);
	store_news_fini(&n);
	store_close(other);
	rig_fini(&rig);
}

Test(sqlite, changes_are_found_by_page_object_and_revision)
{
	struct rig rig;
	struct store_news n;
	char id[REGISTRY_ID_MAX];
	rig_init(&rig);
	rig.store = rig_open(&rig, URL, NULL);
	for (unsigned i = 1; i <= 9; i++) {
		rig_keep(rig.store, rig_change(i, i % 3 + 1, i > 3 ? "x" : NULL, "x"));
	}
	const struct store_question pages[] = {
		{.limit = 4}, {.before = 6, .limit = 4}, {.before = 2, .limit = 4}};
	static const uint64_t first[] = {9, 5, 1}, next[] = {6, 2, 0};
	for (unsigned i = 0; i < ARRAY_COUNT(pages); i++) {
		cr_assert_neq(store_ask(rig.store, &pages[i]), 0);
		rig_await(rig.store, STORE_ANSWER, &n);
		cr_expect(n.found[0]->revision == first[i] && n.next == next[i], "%u", i);
		store_news_fini(&n);
	}
	const struct store_question about = {.object = rig_id(2, id), .before = 7, .limit = 9};
	cr_assert_neq(store_ask(rig.store, &about), 0);
	rig_await(rig.store, STORE_ANSWER, &n);
	cr_expect(n.found_count == 2 && n.found[0]->revision == 4 && n.found[1]->revision == 1);
	store_news_fini(&n);
	const struct store_question one = {.revision = 8};
	cr_assert_neq(store_ask(rig.store, &one), 0);
	rig_await(rig.store, STORE_ANSWER, &n);
	cr_expect(n.found_count == 1 && n.found[0]->revision == 8 && n.next == 0);
	store_news_fini(&n);
	rig_fini(&rig);
}
