/* The registry in PostgreSQL and its local copy.  CAUSEWAY_POSTGRES is the URL of an empty database
 * of a cluster of the test's own (tests/journey/postgres/run makes it); each test has a schema of
 * its own.  One test at a time: -j1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <libpq-fe.h>

#include "tests/unit/store/rig.h"

struct pg {
	struct rig rig;
	char url[512], away[512]; /* `away`: nobody answers there. */
	PGconn *conn;
};

static void sql(const struct pg *p, const char *text)
{
	PGresult *r = PQexec(p->conn, text);
	ExecStatusType status = PQresultStatus(r);
	cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", text,
		  PQerrorMessage(p->conn));
	PQclear(r);
}

static long number(const struct pg *p, const char *text)
{
	PGresult *r = PQexec(p->conn, text);
	cr_assert_eq(PQresultStatus(r), PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(p->conn));
	long n = strtol(PQgetvalue(r, 0, 0), NULL, 10);
	PQclear(r);
	return n;
}

static void setup(struct pg *p)
{
	const char *url = getenv("CAUSEWAY_POSTGRES");
	char text[128];
	cr_assert_not_null(url, "CAUSEWAY_POSTGRES is not set");
	*p = (struct pg){.conn = PQconnectdb(url)};
	cr_assert_eq(PQstatus(p->conn), CONNECTION_OK, "%s", PQerrorMessage(p->conn));
	rig_init(&p->rig);
	snprintf(p->url, sizeof(p->url), "%s%soptions=-csearch_path%%3Dtest_%d", url,
		 strchr(url, '?') != NULL ? "&" : "?", (int)getpid());
	snprintf(p->away, sizeof(p->away), "postgresql://causeway@127.0.0.1:1/registry");
	snprintf(text, sizeof(text), "CREATE SCHEMA test_%d", (int)getpid());
	sql(p, text);
	snprintf(text, sizeof(text), "SET search_path = test_%d; SET client_min_messages = warning",
		 (int)getpid());
	sql(p, text);
}

static void teardown(struct pg *p)
{
	char text[128];
	rig_fini(&p->rig);
	snprintf(text, sizeof(text), "DROP SCHEMA test_%d CASCADE", (int)getpid());
	sql(p, text);
	PQfinish(p->conn);
}

static void reopen(struct pg *p, struct registry **out)
{
	store_close(p->rig.store);
	p->rig.store = NULL;
	p->rig.store = rig_open(&p->rig, p->url, out);
}

/* Open with what is in the folder; the first two news, of which the second says `text`. */
static void expect_away(struct pg *p, const char *url, const char *text)
{
	char why[STORE_TEXT_MAX];
	const struct store_opts o = {.url = url, .state_dir = p->rig.dir};
	struct store_news n;
	store_close(p->rig.store);
	p->rig.store = store_open(&o, why, sizeof(why));
	cr_assert_not_null(p->rig.store, "%s", why);
	rig_next(p->rig.store, &n);
	cr_assert(n.kind == STORE_LOADED && n.is_copy, "%d %s", n.kind, n.text);
	store_news_fini(&n);
	rig_next(p->rig.store, &n);
	cr_assert_eq(n.kind, STORE_AWAY, "%d", n.kind);
	cr_expect_not_null(strstr(n.text, text), "%s", n.text);
	store_news_fini(&n);
}

Test(postgres, what_was_kept_is_there_again_with_or_without_a_copy)
{
	struct pg p;
	struct registry *r = NULL;
	char path[128];
	struct stat st;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	rig_keep(p.rig.store, rig_change(2, 2, NULL, "zwei \"ü\" \\ '$1'"));
	rig_keep(p.rig.store, rig_change(3, 1, "one", NULL));
	for (unsigned i = 0; i < 2; i++) {
		reopen(&p, &r);
		cr_expect_eq(registry_revision(r), 3);
		cr_expect_null(rig_name(r, 1));
		cr_expect_str_eq(rig_name(r, 2), "zwei \"ü\" \\ '$1'");
		registry_free(r);
		cr_assert_eq(stat(rig_path(&p.rig, "registry-copy.db", path), &st), 0);
		cr_expect_eq(st.st_mode & 0777, 0600);
		cr_assert_eq(unlink(path), 0); /* The second time without. */
	}
	cr_expect_eq(number(&p, "SELECT count(*) FROM registry_mention"), 3);
	teardown(&p);
}

/* Who comes second has not the duty, or it would not be told of it; who goes leaves it. */
Test(postgres, the_duty_is_of_one_and_passes_on)
{
	struct pg p;
	struct rig other;
	struct store_news n;
	setup(&p);
	rig_init(&other);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	other.store = rig_open(&other, p.url, NULL);
	rig_keep(other.store, rig_change(1, 1, NULL, "one"));
	cr_expect_eq(number(&p, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 1);
	store_close(p.rig.store);
	p.rig.store = NULL;
	rig_await(other.store, STORE_DUTY, &n);
	store_news_fini(&n);
	cr_expect_eq(number(&p, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 1);
	rig_fini(&other);
	teardown(&p);
}

/* Several servers start on an empty database: one of them makes the tables. */
Test(postgres, two_stores_take_turns_and_have_the_same)
{
	struct pg p;
	struct rig other;
	struct store_news n;
	setup(&p);
	rig_init(&other);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	other.store = rig_open(&other, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	rig_await(other.store, STORE_CHANGE, &n);
	cr_expect(n.change->revision == 1 && n.change->count == 1);
	store_news_fini(&n);
	rig_keep(other.store, rig_change(2, 2, NULL, "two"));
	/* Both plan the third. */
	struct registry_change *c = rig_change(3, 3, NULL, "three");
	struct registry_change *d = rig_change(3, 4, NULL, "four");
	char why[STORE_TEXT_MAX];
	cr_assert(store_commit(other.store, d));
	enum store_news_kind mine = rig_commit(p.rig.store, c, why);
	enum store_news_kind theirs;
	do {
		rig_next(other.store, &n);
		theirs = n.kind;
		store_news_fini(&n);
	} while (theirs == STORE_CHANGE);
	cr_expect((mine == STORE_COMMITTED) != (theirs == STORE_COMMITTED), "%d %d", mine, theirs);
	cr_expect((mine == STORE_CONFLICT) != (theirs == STORE_CONFLICT), "%d %d", mine, theirs);
	registry_change_free(c);
	registry_change_free(d);
	cr_expect_eq(number(&p, "SELECT count(*) FROM registry_object"), 3);
	cr_expect_eq(number(&p, "SELECT revision FROM registry_head"), 3);
	rig_fini(&other);
	teardown(&p);
}

Test(postgres, a_start_without_the_database_runs_from_the_copy)
{
	struct pg p;
	struct store_news n;
	char why[STORE_TEXT_MAX];
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	expect_away(&p, p.away, "127.0.0.1");
	struct registry_change *c = rig_change(2, 2, NULL, "two");
	cr_expect_eq(rig_commit(p.rig.store, c, why), STORE_FAILED);
	registry_change_free(c);
	const struct store_question q = {.limit = 1};
	cr_assert_neq(store_ask(p.rig.store, &q), 0);
	do {
		rig_next(p.rig.store, &n);
	} while (n.kind != STORE_ANSWER);
	cr_expect(n.is_failed && n.text[0] != '\0');
	store_news_fini(&n);
	/* What came meanwhile is followed, change by change. */
	struct rig other;
	rig_init(&other);
	other.store = rig_open(&other, p.url, NULL);
	for (unsigned i = 2; i < 1300; i++) {
		rig_keep(other.store, rig_change(i, i, NULL, "more"));
	}
	rig_fini(&other);
	store_close(p.rig.store);
	const struct store_opts o = {.url = p.url, .state_dir = p.rig.dir};
	p.rig.store = store_open(&o, why, sizeof(why));
	unsigned count = 0;
	for (rig_next(p.rig.store, &n); n.kind != STORE_BACK; rig_next(p.rig.store, &n)) {
		cr_assert(n.kind != STORE_LOADED || (n.is_copy && n.revision == 1));
		cr_assert_neq(n.kind, STORE_AWAY, "%s", n.text);
		count += n.kind == STORE_CHANGE;
		store_news_fini(&n);
	}
	cr_expect_eq(count, 1298);
	teardown(&p);
}

Test(postgres, a_database_that_was_put_back_is_refused)
{
	struct pg p;
	struct registry *r = NULL;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	rig_keep(p.rig.store, rig_change(2, 2, NULL, "two"));
	sql(&p, "CREATE TABLE old_head AS TABLE registry_head");
	rig_keep(p.rig.store, rig_change(3, 3, NULL, "three"));
	/* Restored from the backup of revision 2. */
	sql(&p, "DELETE FROM registry_head; INSERT INTO registry_head TABLE old_head;"
		"DELETE FROM registry_change WHERE revision = 3;"
		"DELETE FROM registry_mention WHERE revision = 3;"
		"DELETE FROM registry_object WHERE revision = 3");
	expect_away(&p, p.url, "does not continue");
	/* And went on from there: revision 3 is another one. */
	struct rig other;
	rig_init(&other);
	other.store = rig_open(&other, p.url, NULL);
	rig_keep(other.store, rig_change(3, 4, NULL, "four"));
	rig_keep(other.store, rig_change(4, 5, NULL, "five"));
	expect_away(&p, p.url, "does not continue");
	rig_fini(&other);
	/* The remedy that it names. */
	char path[128];
	store_close(p.rig.store);
	p.rig.store = NULL;
	cr_assert_eq(unlink(rig_path(&p.rig, "registry-copy.db", path)), 0);
	reopen(&p, &r);
	cr_expect_eq(registry_revision(r), 4);
	registry_free(r);
	teardown(&p);
}

Test(postgres, another_registry_is_refused)
{
	struct pg p;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	store_close(p.rig.store);
	p.rig.store = NULL;
	sql(&p, "UPDATE registry_head SET lineage = 'another'");
	expect_away(&p, p.url, "does not continue");
	teardown(&p);
}

/* The change's own text is what it is known by: somebody edited it. */
Test(postgres, a_history_that_was_edited_is_refused)
{
	struct pg p;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	store_close(p.rig.store);
	p.rig.store = NULL;
	struct rig other;
	rig_init(&other);
	other.store = rig_open(&other, p.url, NULL);
	rig_keep(other.store, rig_change(2, 2, NULL, "two"));
	rig_fini(&other);
	sql(&p, "UPDATE registry_change SET body = replace(body, 'two', 'owt') WHERE revision = 2");
	expect_away(&p, p.url, "does not continue");
	teardown(&p);
}

Test(postgres, a_newer_format_is_not_touched)
{
	struct pg p;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	sql(&p, "UPDATE registry_version SET version = 99");
	expect_away(&p, p.url, "has format 99");
	cr_expect_eq(number(&p, "SELECT version FROM registry_version"), 99);
	teardown(&p);
}

Test(postgres, an_older_format_is_brought_up_to_date)
{
	struct pg p;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	store_close(p.rig.store);
	p.rig.store = NULL;
	sql(&p, "DROP TABLE registry_mention; UPDATE registry_version SET version = 1");
	reopen(&p, NULL);
	cr_expect_eq(number(&p, "SELECT version FROM registry_version"), 2);
	cr_expect_eq(number(&p, "SELECT count(*) FROM registry_mention"), 1);
	teardown(&p);
}

/* A statement that the server refuses: nothing of the change is there. */
Test(postgres, a_refused_change_is_not_half_there)
{
	struct pg p;
	char why[STORE_TEXT_MAX];
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	rig_keep(p.rig.store, rig_change(1, 1, NULL, "one"));
	sql(&p, "ALTER TABLE registry_mention ADD CONSTRAINT no CHECK (revision <> 2)");
	struct registry_change *c = rig_many(2, 10, 50);
	cr_expect_eq(rig_commit(p.rig.store, c, why), STORE_FAILED, "%s", why);
	registry_change_free(c);
	cr_expect_eq(number(&p, "SELECT count(*) FROM registry_object"), 1);
	cr_expect_eq(number(&p, "SELECT revision FROM registry_head"), 1);
	sql(&p, "ALTER TABLE registry_mention DROP CONSTRAINT no");
	rig_keep(p.rig.store, rig_change(2, 2, NULL, "two"));
	teardown(&p);
}

/* The connection is cut: the store comes back by itself, and keeps what is given then. */
/* A database may be set to another isolation for all that use it: then who waits for another's turn
 * would fail, and not find out whether it was first. */
Test(postgres, who_waits_for_its_turn_does_not_fail_for_it)
{
	struct pg p;
	struct store_news n;
	setup(&p);
	strncat(p.url, "%20-cdefault_transaction_isolation%3Dserializable",
		sizeof(p.url) - strlen(p.url) - 1);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	sql(&p, "BEGIN ISOLATION LEVEL READ COMMITTED");
	sql(&p, "UPDATE registry_head SET revision = revision");
	struct registry_change *c = rig_change(1, 1, NULL, "one");
	cr_assert(store_commit(p.rig.store, c));
	registry_change_free(c);
	for (unsigned i = 0; i < 1000; i++) {
		if (number(&p, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0) {
			break;
		}
		usleep(5000);
	}
	sql(&p, "COMMIT");
	rig_next(p.rig.store, &n);
	cr_expect_eq(n.kind, STORE_COMMITTED, "%d %s", n.kind, n.text);
	store_news_fini(&n);
	teardown(&p);
}

Test(postgres, a_connection_that_was_cut_comes_back)
{
	struct pg p;
	struct store_news n;
	setup(&p);
	p.rig.store = rig_open(&p.rig, p.url, NULL);
	for (unsigned i = 1; i <= 5; i++) {
		rig_keep(p.rig.store, rig_change(i, i, NULL, "x"));
		sql(&p, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			"application_name = 'causewayd' AND datname = current_database()");
		do {
			rig_next(p.rig.store, &n);
		} while (n.kind != STORE_BACK);
	}
	cr_expect_eq(number(&p, "SELECT revision FROM registry_head"), 5);
	teardown(&p);
}

Test(postgres, a_password_is_never_said)
{
	static const char *const urls[] = {
		"postgresql://causeway:hu%73h@127.0.0.1:1/registry",
		"postgresql://causeway:hush@nowhere.invalid/registry",
		"postgresql://127.0.0.1:1/registry?user=hush2&password=hush",
		"postgresql://causeway:pa@hush@127.0.0.1:1/registry",
		"postgresql://causeway:hush@127.0.0.1:port/registry",
		"postgresql://causeway:hush@127.0.0.1/registry?hush",
	};
	struct rig rig;
	rig_init(&rig);
	for (unsigned i = 0; i < ARRAY_COUNT(urls); i++) {
		char why[STORE_TEXT_MAX] = "";
		const struct store_opts o = {.url = urls[i], .state_dir = rig.dir};
		struct store *s = store_open(&o, why, sizeof(why));
		struct store_news n = {.text = ""};
		if (s != NULL) {
			do {
				rig_next(s, &n);
			} while (n.kind != STORE_AWAY);
			cr_expect_null(strstr(store_name(s), "hush"), "%s", store_name(s));
		}
		cr_expect(s != NULL || why[0] != '\0');
		cr_expect_null(strstr(n.text, "hush"), "%s", n.text);
		cr_expect_null(strstr(why, "hush"), "%s", why);
		store_close(s);
	}
	rig_fini(&rig);
}
