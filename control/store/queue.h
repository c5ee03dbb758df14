/* What the control thread and the store's say to each other: two locked queues with a descriptor
 * each.  Any thread. */
#pragma once

#include "control/store/database.h"

/* A question on its way; its texts are its own. */
struct question {
	struct question *next;
	uint64_t ticket, revision, before;
	unsigned limit;
	char document[REGISTRY_ID_MAX], object[REGISTRY_ID_MAX], tenant[REGISTRY_ID_MAX];
};

struct queue;

struct queue *queue_new(void);
void queue_free(struct queue *q);
int queue_ask_fd(const struct queue *q);  /* Readable when the store's thread has work, */
int queue_news_fd(const struct queue *q); /* when the control thread has news, */
int queue_stop_fd(const struct queue *q); /* and, from then on, when all has to end. */

/* Control thread. */
bool queue_put_record(struct queue *q, struct record *r); /* Taken; false: one is there. */
bool queue_put_question(struct queue *q, struct question *question); /* Taken; false: full. */
void queue_stop(struct queue *q);
bool queue_take_news(struct queue *q, struct store_news *out);

/* Store's thread. */
struct record *queue_take_record(struct queue *q);
struct question *queue_take_question(struct queue *q);
bool queue_is_stopped(struct queue *q);
void queue_clear_ask(struct queue *q);				  /* Before looking at it. */
void queue_put_news(struct queue *q, const struct store_news *n); /* What it owns is taken. */
