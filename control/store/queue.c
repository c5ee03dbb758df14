/* See queue.h. */
#include "control/store/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rib/base/check.h"

struct news_node {
	struct news_node *next;
	struct store_news news;
};

struct queue {
	int ask_fd, news_fd, stop_fd;
	pthread_mutex_t lock; /* Of what follows. */
	struct record *record;
	struct question *first, **last;
	unsigned question_count;
	struct news_node *news, **news_last;
	bool is_stopped;
};

static void signal_fd(int fd)
{
	const uint64_t one = 1;
	ssize_t wrote = write(fd, &one, sizeof(one));
	ASSERT(wrote == (ssize_t)sizeof(one));
}

static void clear_fd(int fd)
{
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));
	(void)got; /* Nothing was there. */
}

struct queue *queue_new(void)
{
	struct queue *q = calloc(1, sizeof(*q));
	ASSERT(q != NULL);
	q->ask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT(q->ask_fd >= 0 && q->news_fd >= 0 && q->stop_fd >= 0);
	q->last = &q->first;
	q->news_last = &q->news;
	(void)pthread_mutex_init(&q->lock, NULL);
	return q;
}

void queue_free(struct queue *q)
{
	struct question *question;
	struct store_news news;
	record_free(q->record);
	while ((question = queue_take_question(q)) != NULL) {
		free(question);
	}
	while (queue_take_news(q, &news)) {
		store_news_fini(&news);
	}
	(void)pthread_mutex_destroy(&q->lock);
	close(q->ask_fd);
	close(q->news_fd);
	close(q->stop_fd);
	free(q);
}

int queue_ask_fd(const struct queue *q)
{
	return q->ask_fd;
}

int queue_news_fd(const struct queue *q)
{
	return q->news_fd;
}

int queue_stop_fd(const struct queue *q)
{
	return q->stop_fd;
}

bool queue_put_record(struct queue *q, struct record *r)
{
	pthread_mutex_lock(&q->lock);
	bool is_free = q->record == NULL;
	if (is_free) {
		q->record = r;
	}
	pthread_mutex_unlock(&q->lock);
	if (is_free) {
		signal_fd(q->ask_fd);
	}
	return is_free;
}

bool queue_put_question(struct queue *q, struct question *question)
{
	question->next = NULL;
	pthread_mutex_lock(&q->lock);
	bool is_room = q->question_count < STORE_QUESTIONS_MAX;
	if (is_room) {
		*q->last = question;
		q->last = &question->next;
		q->question_count++;
	}
	pthread_mutex_unlock(&q->lock);
	if (is_room) {
		signal_fd(q->ask_fd);
	}
	return is_room;
}

void queue_stop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->is_stopped = true;
	pthread_mutex_unlock(&q->lock);
	signal_fd(q->stop_fd);
}

bool queue_is_stopped(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool is_stopped = q->is_stopped;
	pthread_mutex_unlock(&q->lock);
	return is_stopped;
}

struct record *queue_take_record(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct record *r = q->record;
	q->record = NULL;
	pthread_mutex_unlock(&q->lock);
	return r;
}

struct question *queue_take_question(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct question *question = q->first;
	if (question != NULL) {
		q->first = question->next;
		q->last = q->first == NULL ? &q->first : q->last;
		q->question_count--;
	}
	pthread_mutex_unlock(&q->lock);
	return question;
}

void queue_clear_ask(struct queue *q)
{
	clear_fd(q->ask_fd);
}

void queue_put_news(struct queue *q, const struct store_news *n)
{
	struct news_node *node = calloc(1, sizeof(*node));
	ASSERT(node != NULL);
	node->news = *n;
	pthread_mutex_lock(&q->lock);
	*q->news_last = node;
	q->news_last = &node->next;
	pthread_mutex_unlock(&q->lock);
	signal_fd(q->news_fd);
}

bool queue_take_news(struct queue *q, struct store_news *out)
{
	pthread_mutex_lock(&q->lock);
	struct news_node *node = q->news;
	if (node != NULL) {
		q->news = node->next;
		q->news_last = q->news == NULL ? &q->news : q->news_last;
	}
	if (q->news == NULL) {
		clear_fd(q->news_fd);
	}
	pthread_mutex_unlock(&q->lock);
	if (node == NULL) {
		return false;
	}
	*out = node->news;
	free(node);
	return true;
}
