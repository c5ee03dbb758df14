/* The control thread's side of the store: see store.h. */
#include "control/store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/registry/registry.h"
#include "control/store/keeper.h"
#include "rib/base/check.h"

struct store {
	struct queue *queue;
	struct keeper *keeper;
	pthread_t thread;
	char *name;
	uint64_t tickets;
};

static void *run(void *context)
{
	keeper_run(context);
	return NULL;
}

static char *path_in(const char *dir, const char *path)
{
	char *whole = NULL;
	int len = path[0] == '/' ? asprintf(&whole, "%s", path)
				 : asprintf(&whole, "%s/%s", dir, path);
	ASSERT(len > 0);
	return whole;
}

/* SQLite's file, opened. */
static struct database *open_file(const struct store_opts *o, char *why)
{
	char *path = path_in(o->state_dir, o->url + strlen("sqlite:"));
	struct database *db = sqlite_new(path, false);
	free(path);
	if (db->ops->open(db, why) != DATABASE_OK) {
		db->ops->free(db);
		return NULL;
	}
	return db;
}

struct store *store_open(const struct store_opts *o, char *why, size_t why_size)
{
	char text[STORE_TEXT_MAX] = "";
	struct queue *queue = queue_new();
	struct database *db = NULL, *copy = NULL;
	bool is_file = strncmp(o->url, "sqlite:", 7) == 0;
	if (is_file) {
		db = open_file(o, text);
	} else {
		db = postgres_new(o->url, queue_stop_fd(queue), text);
	}
	if (db == NULL) {
		snprintf(why, why_size, "%s", text);
		queue_free(queue);
		return NULL;
	}
	if (!is_file) {
		char *path = path_in(o->state_dir, "registry-copy.db");
		copy = sqlite_new(path, true);
		free(path);
	}
	struct store *s = calloc(1, sizeof(*s));
	ASSERT(s != NULL);
	s->queue = queue;
	s->name = strdup(db->name);
	s->keeper = keeper_new(queue, db, copy, is_file);
	ASSERT(s->name != NULL);
	int err = pthread_create(&s->thread, NULL, run, s->keeper);
	ASSERT(err == 0);
	return s;
}

void store_close(struct store *s)
{
	if (s == NULL) {
		return;
	}
	queue_stop(s->queue);
	(void)pthread_join(s->thread, NULL);
	keeper_free(s->keeper);
	queue_free(s->queue);
	free(s->name);
	free(s);
}

int store_fd(const struct store *s)
{
	return queue_news_fd(s->queue);
}

const char *store_name(const struct store *s)
{
	return s->name;
}

bool store_commit(struct store *s, const struct registry_change *c)
{
	struct record *r = record_new(c);
	if (!queue_put_record(s->queue, r)) {
		record_free(r);
		return false;
	}
	return true;
}

bool store_take(struct store *s, struct store_news *out)
{
	return queue_take_news(s->queue, out);
}

void store_news_fini(struct store_news *n)
{
	registry_free(n->registry);
	registry_change_free(n->change);
	for (size_t i = 0; i < n->key_count; i++) {
		free(n->key[i].text);
	}
	free(n->key);
	for (size_t i = 0; i < n->found_count; i++) {
		registry_change_free(n->found[i]);
	}
	free(n->found);
	free(n->data);
	*n = (struct store_news){.registry = NULL};
}

static void copy_id(char to[REGISTRY_ID_MAX], const char *from)
{
	snprintf(to, REGISTRY_ID_MAX, "%s", from != NULL ? from : "");
}

uint64_t store_ask(struct store *s, const struct store_question *q)
{
	struct question *question = calloc(1, sizeof(*question));
	ASSERT(question != NULL);
	question->ticket = ++s->tickets;
	question->revision = q->revision;
	question->before = min_u64(q->before, INT64_MAX);
	question->limit = (unsigned)min_u64(max_u64(q->limit, 1), STORE_PAGE_MAX);
	copy_id(question->document, q->document);
	copy_id(question->object, q->object);
	copy_id(question->tenant, q->tenant);
	if (!queue_put_question(s->queue, question)) {
		free(question);
		return 0;
	}
	return s->tickets;
}
