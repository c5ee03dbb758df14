/* The store's thread: one database, perhaps a copy, and where we stand (`mine`).
 *
 *     no registry ── load (from the copy, else from the database) ──► mine
 *     connected:   commits, questions; what others wrote is followed from mine on
 *     away:        tried again, later and later; commits and questions fail at once
 *     back:        the database must continue mine, or it stays away, with an alarm
 *
 * What is followed has to continue what we have, mark by mark; so a database that was put back, and
 * one that went on differently from there, are both seen.
 */
#include "control/store/keeper.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/registry/registry.h"
#include "control/store/lineage.h"
#include "control/store/loading.h"
#include "rib/base/check.h"

#define FOLLOW_COUNT 500   /* Changes read at a time. */
#define FOLLOW_MAX   10000 /* More that were missed: everything is read anew. */
#define LOOK_MS	     1000  /* How often a database without a descriptor is looked at. */
#define DUTY_MS	     2000  /* How often who has not the duty asks for it. */
#define RETRY_MIN_US (100 * USEC_PER_MSEC)
#define RETRY_MAX_US (10 * USEC_PER_SEC)

struct keeper {
	struct queue *queue;
	struct database *db, *copy;
	bool is_connected, has_mine, is_copy_stale, has_duty;
	struct head mine;
	char writer[LINEAGE_MAX];
	struct record *under_way; /* Its fate is unknown: the database went away. */
	usec_t retry_at, retry_us, duty_at;
	int64_t away_s;		       /* Since when; 0: it is not. */
	char away_why[STORE_TEXT_MAX]; /* As it was told. */
};

static usec_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void tell(struct keeper *k, enum store_news_kind kind, const char *text)
{
	struct store_news n = {
		.kind = kind, .revision = k->mine.revision, .at_s = (int64_t)time(NULL)};
	snprintf(n.text, sizeof(n.text), "%s", text);
	queue_put_news(k->queue, &n);
}

/* The database cannot be used, or must not.  Said once for each reason. */
static void go_away(struct keeper *k, const char *why)
{
	k->db->ops->close(k->db);
	k->is_connected = k->has_duty = false;
	k->retry_us = k->away_s == 0 ? RETRY_MIN_US : min_u64(k->retry_us * 2, RETRY_MAX_US);
	k->retry_at = monotonic() + k->retry_us;
	if (k->away_s != 0 && strcmp(k->away_why, why) == 0) {
		return;
	}
	k->away_s = k->away_s != 0 ? k->away_s : (int64_t)time(NULL);
	snprintf(k->away_why, sizeof(k->away_why), "%s", why);
	struct store_news n = {.kind = STORE_AWAY, .at_s = k->away_s};
	snprintf(n.text, sizeof(n.text), "%s", why);
	queue_put_news(k->queue, &n);
}

/* What a function of the database ended with, when it was not what was hoped for. */
static void take_end(struct keeper *k, enum database_end end, const char *why)
{
	if (end == DATABASE_LOST || end == DATABASE_BROKEN) {
		go_away(k, why);
	}
}

/* The copy has what the registry has.  It is a help only: errors are told, and that is all. */
static void copy_record(struct keeper *k, const struct record *r)
{
	char why[STORE_TEXT_MAX], text[STORE_TEXT_MAX];
	if (k->copy == NULL || k->is_copy_stale) {
		return;
	}
	if (k->copy->ops->commit(k->copy, r, why) != DATABASE_OK) {
		k->is_copy_stale = true;
		snprintf(text, sizeof(text), "the local copy is not kept up to date: %.300s", why);
		tell(k, STORE_NOTE, text);
	}
}

static void advance(struct keeper *k, struct record *r)
{
	r->mark_before = k->mine.mark;
	copy_record(k, r);
	k->mine.revision = r->revision;
	k->mine.mark = r->mark;
}

static bool is_under_way(const struct keeper *k, const struct record *r)
{
	const struct record *ours = k->under_way;
	return ours != NULL && ours->revision == r->revision && ours->mark == r->mark &&
	       strcmp(ours->writer, r->writer) == 0;
}

struct following {
	struct keeper *k;
	unsigned count;
	bool is_foreign; /* It does not continue what we have. */
};

static bool follow_one(void *context, const struct record *found)
{
	struct following *f = context;
	struct keeper *k = f->k;
	struct record r = *found;
	if (r.revision != k->mine.revision + 1 || record_mark(k->mine.mark, r.body) != r.mark) {
		f->is_foreign = true;
		return false;
	}
	struct store_news n = {.kind = STORE_COMMITTED, .revision = r.revision};
	if (is_under_way(k, &r)) {
		record_free(k->under_way);
		k->under_way = NULL;
	} else {
		n.kind = STORE_CHANGE;
		n.change = loading_change(r.body);
		if (n.change == NULL) {
			f->is_foreign = true;
			return false;
		}
	}
	advance(k, &r);
	queue_put_news(k->queue, &n);
	f->count++;
	return true;
}

static void say_foreign(const struct keeper *k, const struct head *head, char *why)
{
	snprintf(why, STORE_TEXT_MAX,
		 "%s does not continue the registry that this server has (revision %llu of %s; the "
		 "database has %llu of %s): it was put back, or is another; restore it, or stop, "
		 "move %s away and start again to take it as it is",
		 k->db->name, (unsigned long long)k->mine.revision, k->mine.lineage,
		 (unsigned long long)head->revision, head->lineage,
		 k->copy != NULL ? k->copy->name + sizeof("sqlite:") - 1 : "nothing");
}

/* What others wrote since.  FAILED, BROKEN or LOST end the connection. */
static enum database_end follow(struct keeper *k, char *why)
{
	struct following f = {.k = k};
	enum database_end end;
	do {
		const struct range range = {.after = k->mine.revision,
					    .before = INT64_MAX,
					    .limit = FOLLOW_COUNT,
					    .is_ascending = true};
		f.count = 0;
		end = k->db->ops->records(k->db, &range, follow_one, &f, why);
	} while (end == DATABASE_OK && !f.is_foreign && f.count == FOLLOW_COUNT);
	if (end == DATABASE_OK && f.is_foreign) {
		struct head head = {.revision = 0};
		(void)k->db->ops->head(k->db, &head, why);
		say_foreign(k, &head, why);
		end = DATABASE_BROKEN;
	}
	return end;
}

/* The whole registry, from the database or from the copy. */
static enum database_end load(struct keeper *k, struct database *from, char *why)
{
	struct loading *l = loading_new(from != k->copy ? k->copy : NULL);
	struct head head;
	enum database_end end = from->ops->load(from, loading_sink(l), &head, why);
	struct store_news n = {.kind = STORE_LOADED, .is_copy = from == k->copy};
	if (end == DATABASE_OK || loading_is_faulty(l)) {
		n.registry = loading_finish(l, &head, why);
		end = n.registry != NULL ? DATABASE_OK : DATABASE_BROKEN;
	}
	if (end == DATABASE_OK) {
		k->mine = head;
		k->has_mine = true;
		k->is_copy_stale = from != k->copy && !loading_is_copied(l);
		n.revision = head.revision;
		queue_put_news(k->queue, &n);
	}
	loading_free(l);
	return end;
}

static void take_key(void *context, const struct request_key *key)
{
	struct store_news *n = context;
	if (n->key_count % 64 == 0) {
		n->key = reallocarray(n->key, n->key_count + 64, sizeof(*n->key));
		ASSERT(n->key != NULL);
	}
	n->key[n->key_count] = *key;
	n->key[n->key_count].text = strdup(key->text);
	ASSERT(n->key[n->key_count].text != NULL);
	n->key_count++;
}

static enum database_end load_keys(struct keeper *k, char *why)
{
	struct store_news n = {.kind = STORE_KEYS};
	int64_t since_s = (int64_t)time(NULL) - KEYS_AGE_S;
	enum database_end end = k->db->ops->keys(k->db, since_s, take_key, &n, why);
	if (end == DATABASE_OK) {
		queue_put_news(k->queue, &n);
	} else {
		store_news_fini(&n);
	}
	return end;
}

struct one_mark {
	uint64_t mark;
	char writer[LINEAGE_MAX];
	bool is_there;
};

static bool see_mark(void *context, const struct record *r)
{
	struct one_mark *one = context;
	one->mark = r->mark;
	memcpy(one->writer, r->writer, sizeof(one->writer));
	one->is_there = true;
	return false;
}

/* Whether the database's history has our revision as we know it. */
static enum database_end check_history(struct keeper *k, const struct head *head, char *why)
{
	struct one_mark one = {.mark = 0, .is_there = k->mine.revision == 0};
	const struct range range = {
		.after = k->mine.revision - 1, .before = k->mine.revision + 1, .limit = 1};
	enum database_end end = DATABASE_OK;
	bool is_same = strcmp(head->lineage, k->mine.lineage) == 0;
	if (is_same && k->mine.revision > 0) {
		end = k->db->ops->records(k->db, &range, see_mark, &one, why);
	}
	if (end == DATABASE_OK && (!is_same || !one.is_there || one.mark != k->mine.mark)) {
		say_foreign(k, head, why);
		end = DATABASE_BROKEN;
	}
	return end;
}

/* Everything is read anew: what was under way is looked for first. */
static enum database_end reload(struct keeper *k, char *why)
{
	const struct record *r = k->under_way;
	struct one_mark one = {.is_there = false};
	enum database_end end = DATABASE_OK;
	if (r != NULL) {
		const struct range range = {
			.after = r->revision - 1, .before = r->revision + 1, .limit = 1};
		end = k->db->ops->records(k->db, &range, see_mark, &one, why);
	}
	if (one.is_there && one.mark == r->mark && strcmp(one.writer, r->writer) == 0) {
		struct store_news n = {.kind = STORE_COMMITTED, .revision = r->revision};
		record_free(k->under_way);
		k->under_way = NULL;
		queue_put_news(k->queue, &n);
	}
	return end == DATABASE_OK ? load(k, k->db, why) : end;
}

/* From here on we have what the database has. */
static enum database_end join(struct keeper *k, char *why)
{
	struct head head;
	enum database_end end = k->db->ops->head(k->db, &head, why);
	if (end == DATABASE_OK && k->has_mine) {
		end = check_history(k, &head, why);
	}
	if (end == DATABASE_OK && !k->has_mine) {
		end = load(k, k->db, why);
	} else if (end == DATABASE_OK && head.revision - k->mine.revision > FOLLOW_MAX) {
		end = reload(k, why);
	} else if (end == DATABASE_OK) {
		end = follow(k, why);
	}
	return end == DATABASE_OK ? load_keys(k, why) : end;
}

static void end_under_way(struct keeper *k)
{
	if (k->under_way != NULL) {
		record_free(k->under_way);
		k->under_way = NULL;
		tell(k, STORE_CONFLICT, "");
	}
}

static enum database_end ask_duty(struct keeper *k, char *why)
{
	k->duty_at = monotonic() + (usec_t)DUTY_MS * USEC_PER_MSEC;
	k->has_duty = k->db->ops->duty == NULL;
	return k->has_duty ? DATABASE_OK : k->db->ops->duty(k->db, &k->has_duty, why);
}

static void connect(struct keeper *k, bool is_open)
{
	char why[STORE_TEXT_MAX] = "";
	enum database_end end = is_open ? DATABASE_OK : k->db->ops->open(k->db, why);
	if (end == DATABASE_OK) {
		end = join(k, why);
	}
	if (end == DATABASE_OK) {
		end = ask_duty(k, why);
	}
	if (queue_is_stopped(k->queue)) {
		return;
	}
	if (end != DATABASE_OK) {
		go_away(k, why);
		return;
	}
	k->is_connected = true;
	k->away_s = 0;
	end_under_way(k);
	struct store_news n = {
		.kind = STORE_BACK, .revision = k->mine.revision, .has_duty = k->has_duty};
	queue_put_news(k->queue, &n);
}

/* Who had the duty may have gone. */
static void seek_duty(struct keeper *k)
{
	char why[STORE_TEXT_MAX];
	enum database_end end = ask_duty(k, why);
	if (end != DATABASE_OK) {
		take_end(k, end, why);
	} else if (k->has_duty) {
		tell(k, STORE_DUTY, "");
	}
}

/* Others were first: what they wrote goes before the news of that. */
static void lose_turn(struct keeper *k)
{
	char why[STORE_TEXT_MAX];
	uint64_t before = k->mine.revision;
	enum database_end end = follow(k, why);
	if (end == DATABASE_OK && k->mine.revision == before) {
		struct head head;
		end = k->db->ops->head(k->db, &head, why);
		if (end == DATABASE_OK) {
			say_foreign(k, &head, why);
			end = DATABASE_BROKEN;
		}
	}
	if (end != DATABASE_OK) {
		go_away(k, why);
	}
	tell(k, STORE_CONFLICT, "");
}

static void commit(struct keeper *k, struct record *r)
{
	char why[STORE_TEXT_MAX];
	usec_t start = monotonic();
	memcpy(r->writer, k->writer, sizeof(r->writer));
	r->mark_before = k->mine.mark;
	r->mark = record_mark(k->mine.mark, r->body);
	enum database_end end = DATABASE_CONFLICT;
	if (r->revision == k->mine.revision + 1) {
		end = k->db->ops->commit(k->db, r, why);
	}
	if (end == DATABASE_LOST) {
		k->under_way = r;
		go_away(k, why);
		return;
	}
	if (end == DATABASE_OK) {
		advance(k, r);
		struct store_news n = {.kind = STORE_COMMITTED,
				       .revision = r->revision,
				       .took_us = monotonic() - start};
		queue_put_news(k->queue, &n);
	} else if (end == DATABASE_CONFLICT && r->revision > k->mine.revision) {
		lose_turn(k);
	} else if (end == DATABASE_CONFLICT) {
		tell(k, STORE_CONFLICT, ""); /* The news of it is on its way. */
	} else {
		tell(k, STORE_FAILED, why);
		take_end(k, end, why);
	}
	record_free(r);
}

struct finding {
	struct store_news *news;
	unsigned limit, seen;
	size_t items;
	uint64_t last; /* Revision. */
	bool is_more;
};

static bool find_one(void *context, const struct record *r)
{
	struct finding *f = context;
	struct store_news *n = f->news;
	struct registry_change *change = f->seen < f->limit ? loading_change(r->body) : NULL;
	size_t items = change != NULL ? change->count : 0;
	/* A hundred imports are half a gigabyte: who asks for them asks again. */
	if (f->seen == f->limit || (f->items > 0 && f->items + items > STORE_ITEMS_MAX)) {
		registry_change_free(change);
		f->is_more = true;
		return false;
	}
	f->seen++;
	f->items += items;
	f->last = r->revision;
	if (change != NULL) {
		n->found[n->found_count++] = change;
	}
	return true;
}

static enum database_end find(struct keeper *k, const struct question *q, struct store_news *n)
{
	bool has_object = q->object[0] != '\0', has_tenant = q->tenant[0] != '\0';
	struct finding f = {.news = n, .limit = q->revision != 0 ? 1 : q->limit};
	struct range range = {.before = q->before != 0 ? q->before : INT64_MAX,
			      .what = has_object   ? q->object
				      : has_tenant ? q->tenant
						   : NULL,
			      .and_what = has_object && has_tenant ? q->tenant : NULL,
			      .limit = f.limit + 1};
	if (q->revision != 0) {
		range.after = q->revision - 1;
		range.before = q->revision + 1;
	}
	n->found = calloc(f.limit, sizeof(*n->found));
	ASSERT(n->found != NULL);
	enum database_end end = k->db->ops->records(k->db, &range, find_one, &f, n->text);
	n->next = f.is_more ? f.last : 0;
	return end;
}

static void answer(struct keeper *k, const struct question *q)
{
	struct store_news n = {.kind = STORE_ANSWER, .ticket = q->ticket};
	enum database_end end = DATABASE_FAILED;
	if (!k->is_connected) {
		snprintf(n.text, sizeof(n.text), "%s", k->away_why);
	} else if (q->document[0] != '\0') {
		end = k->db->ops->document(k->db, q->document, &n.data, n.text);
	} else {
		end = find(k, q, &n);
	}
	char why[STORE_TEXT_MAX];
	memcpy(why, n.text, sizeof(why));
	n.is_failed = end != DATABASE_OK;
	queue_put_news(k->queue, &n);
	take_end(k, end, why);
}

static void serve(struct keeper *k)
{
	struct record *r = queue_take_record(k->queue);
	struct question *q;
	if (r != NULL && k->is_connected) {
		commit(k, r);
	} else if (r != NULL) {
		record_free(r);
		tell(k, STORE_FAILED, k->away_why);
	}
	while (!queue_is_stopped(k->queue) && (q = queue_take_question(k->queue)) != NULL) {
		answer(k, q);
		free(q);
	}
}

/* True: others have written, and have been followed. */
static bool look(struct keeper *k)
{
	char why[STORE_TEXT_MAX];
	bool has_changed = false;
	enum database_end end = k->db->ops->look(k->db, &has_changed, why);
	if (end == DATABASE_OK && has_changed) {
		end = follow(k, why);
	}
	if (end != DATABASE_OK) {
		go_away(k, why);
	}
	return has_changed;
}

static int timeout_ms(const struct keeper *k)
{
	usec_t now = monotonic();
	if (!k->is_connected) {
		return k->retry_at <= now ? 0 : (int)((k->retry_at - now) / USEC_PER_MSEC) + 1;
	}
	if (k->db->ops->fd(k->db) < 0) {
		return LOOK_MS;
	}
	return k->has_duty	   ? -1
	       : k->duty_at <= now ? 0
				   : (int)((k->duty_at - now) / USEC_PER_MSEC) + 1;
}

/* Until there is something to do. */
static void wait(struct keeper *k)
{
	/* What came with an answer does not make the descriptor readable again: neither with one of
	 * before, nor with those that this look itself asks for. */
	bool is_news = k->is_connected && k->db->ops->fd(k->db) >= 0 && look(k);
	int fd = k->is_connected ? k->db->ops->fd(k->db) : -1;
	struct pollfd fds[] = {{.fd = queue_ask_fd(k->queue), .events = POLLIN},
			       {.fd = queue_stop_fd(k->queue), .events = POLLIN},
			       {.fd = fd, .events = POLLIN}};
	int ready = poll(fds, fd >= 0 ? 3 : 2, is_news ? 0 : timeout_ms(k));
	if (fds[0].revents != 0) {
		queue_clear_ask(k->queue);
	}
	if (k->is_connected && (ready == 0 || fd >= 0)) {
		(void)look(k);
	}
}

/* The copy is what there is until the database is reached; one that cannot be read is not. */
static void load_copy(struct keeper *k)
{
	char why[STORE_TEXT_MAX], text[STORE_TEXT_MAX];
	struct head head;
	enum database_end end = k->copy->ops->open(k->copy, why);
	if (end == DATABASE_OK) {
		end = k->copy->ops->head(k->copy, &head, why);
	}
	if (end == DATABASE_OK && head.lineage[0] != '\0') {
		end = load(k, k->copy, why);
	}
	if (end != DATABASE_OK) {
		snprintf(text, sizeof(text), "the local copy is made anew: %.350s", why);
		tell(k, STORE_NOTE, text);
		k->copy->ops->close(k->copy);
		sqlite_copy_discard(k->copy);
		k->is_copy_stale = k->copy->ops->open(k->copy, why) != DATABASE_OK;
	}
}

void keeper_run(struct keeper *k)
{
	if (k->copy != NULL) {
		load_copy(k);
	}
	if (k->is_connected) {
		connect(k, true);
	}
	while (!queue_is_stopped(k->queue)) {
		if (!k->is_connected && monotonic() >= k->retry_at) {
			connect(k, false);
		}
		if (k->is_connected && !k->has_duty && monotonic() >= k->duty_at) {
			seek_duty(k);
		}
		wait(k);
		serve(k);
	}
}

struct keeper *keeper_new(struct queue *queue, struct database *db, struct database *copy,
			  bool is_open)
{
	struct keeper *k = calloc(1, sizeof(*k));
	ASSERT(k != NULL);
	k->queue = queue;
	k->db = db;
	k->copy = copy;
	k->is_connected = is_open;
	snprintf(k->away_why, sizeof(k->away_why), "%s was not reached yet", db->name);
	lineage_make(k->writer);
	return k;
}

void keeper_free(struct keeper *k)
{
	if (k == NULL) {
		return;
	}
	k->db->ops->free(k->db);
	if (k->copy != NULL) {
		k->copy->ops->free(k->copy);
	}
	record_free(k->under_way);
	free(k);
}
