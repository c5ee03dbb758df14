/* The store's thread on a database that is made up, and does what real ones do once in a year. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/keeper.h"
#include "tests/unit/store/rig.h"

struct fake {
	struct database base; /* First. */
	struct head head;
	struct record *kept; /* The one change that the database has. */
	bool loses_answer;   /* Of the next commit, which is done. */
	uint64_t others;     /* Revisions that others have made when it is back. */
	bool has_note;	     /* That others wrote came with an answer, and is read. */
	bool is_busy;	     /* They write while what they wrote is read, too. */
	int fd;
};

static struct fake *of(struct database *d)
{
	return (struct fake *)d;
}

static enum database_end fake_open(struct database *d, char *why)
{
	(void)why;
	of(d)->head.revision += of(d)->others;
	of(d)->others = 0;
	return DATABASE_OK;
}

static enum database_end fake_head(struct database *d, struct head *out, char *why)
{
	(void)why;
	*out = of(d)->head;
	return DATABASE_OK;
}

static void keep(struct fake *f, const struct record *r)
{
	record_free(f->kept);
	f->kept = calloc(1, sizeof(*f->kept));
	*f->kept = *r;
	f->kept->request = f->kept->documents = NULL;
	f->kept->body = strdup(r->body);
	f->head.revision = r->revision;
	f->head.mark = r->mark;
}

static enum database_end fake_commit(struct database *d, const struct record *r, char *why)
{
	keep(of(d), r);
	snprintf(why, STORE_TEXT_MAX, "the connection was cut");
	bool is_lost = of(d)->loses_answer;
	of(d)->loses_answer = false;
	return is_lost ? DATABASE_LOST : DATABASE_OK;
}

static enum database_end fake_load(struct database *d, const struct load_sink *sink,
				   struct head *out, char *why)
{
	(void)sink;
	return fake_head(d, out, why);
}

static enum database_end fake_keys(struct database *d, int64_t since_s, key_fn *fn, void *context,
				   char *why)
{
	(void)d, (void)since_s, (void)fn, (void)context, (void)why;
	return DATABASE_OK;
}

/* Another server writes while the database answers, and the word of it comes with the answer. */
static void others_write(struct fake *f)
{
	struct registry_change *c = rig_change(f->head.revision + 1, 1, NULL, "other");
	struct record *r = record_new(c);
	r->mark = record_mark(f->head.mark, r->body);
	keep(f, r);
	f->has_note = true;
	record_free(r);
	registry_change_free(c);
}

static enum database_end fake_records(struct database *d, const struct range *range, record_fn *fn,
				      void *context, char *why)
{
	const struct record *r = of(d)->kept;
	(void)why;
	if (r != NULL && r->revision > range->after && r->revision < range->before) {
		(void)fn(context, r);
		if (of(d)->is_busy) {
			of(d)->is_busy = false;
			others_write(of(d));
		}
	}
	return DATABASE_OK;
}

static enum database_end fake_document(struct database *d, const char *id, char **out, char *why)
{
	(void)id, (void)why;
	others_write(of(d));
	*out = NULL;
	return DATABASE_OK;
}

static enum database_end fake_look(struct database *d, bool *out_changed, char *why)
{
	(void)why;
	*out_changed = of(d)->has_note;
	of(d)->has_note = false;
	return DATABASE_OK;
}

static int fake_fd(const struct database *d)
{
	return ((const struct fake *)d)->fd;
}

static void fake_close(struct database *d)
{
	(void)d;
}

static void fake_free(struct database *d)
{
	record_free(of(d)->kept);
	close(of(d)->fd);
	free(d);
}

static const struct database_ops ops = {.open = fake_open,
					.head = fake_head,
					.commit = fake_commit,
					.load = fake_load,
					.keys = fake_keys,
					.records = fake_records,
					.document = fake_document,
					.look = fake_look,
					.fd = fake_fd,
					.close = fake_close,
					.free = fake_free};

struct run {
	struct fake *fake;
	struct queue *queue;
	struct keeper *keeper;
	pthread_t thread;
};

static void *serve(void *context)
{
	keeper_run(context);
	return NULL;
}

static void begin(struct run *r)
{
	static char name[] = "made up";
	r->fake = calloc(1, sizeof(*r->fake));
	r->fake->base = (struct database){.ops = &ops, .name = name};
	memcpy(r->fake->head.lineage, "one", 4);
	r->fake->fd = eventfd(0, EFD_CLOEXEC);
	r->queue = queue_new();
	r->keeper = keeper_new(r->queue, &r->fake->base, NULL, true);
	cr_assert_eq(pthread_create(&r->thread, NULL, serve, r->keeper), 0);
}

static void end(struct run *r)
{
	queue_stop(r->queue);
	(void)pthread_join(r->thread, NULL);
	keeper_free(r->keeper);
	queue_free(r->queue);
}

/* The next news of this kind. */
static void await(struct run *r, enum store_news_kind kind, struct store_news *out)
{
	struct pollfd fd = {.fd = queue_news_fd(r->queue), .events = POLLIN};
	for (;;) {
		while (!queue_take_news(r->queue, out)) {
			cr_assert_gt(poll(&fd, 1, 5000), 0, "no news of kind %d", kind);
		}
		if (out->kind == kind) {
			return;
		}
		store_news_fini(out);
	}
}

/* A commit whose answer was lost, and then more than 10,000 changes of others: all is read anew,
 * and the change is still told as the revision that it is. */
Test(keeper, a_change_that_was_kept_is_told_by_its_revision_before_all_is_read_anew)
{
	struct run r;
	struct store_news n;
	begin(&r);
	await(&r, STORE_BACK, &n);
	store_news_fini(&n);
	struct registry_change *c = rig_change(1, 1, NULL, "ours");
	r.fake->loses_answer = true;
	r.fake->others = 20000;
	cr_assert(queue_put_record(r.queue, record_new(c)));
	registry_change_free(c);
	await(&r, STORE_COMMITTED, &n);
	cr_expect_eq(n.revision, 1);
	store_news_fini(&n);
	await(&r, STORE_LOADED, &n);
	cr_expect_eq(n.revision, 20001);
	store_news_fini(&n);
	end(&r);
}

/* The descriptor does not become readable for what was read with the answer to something else, nor
 * for what was read with the change itself. */
Test(keeper, what_others_wrote_is_seen_though_the_word_of_it_came_with_an_answer)
{
	struct run r;
	struct store_news n;
	begin(&r);
	await(&r, STORE_BACK, &n);
	store_news_fini(&n);
	struct question *q = calloc(1, sizeof(*q));
	memcpy(q->document, "d-0000000000000", REGISTRY_ID_LEN);
	q->ticket = 1;
	r.fake->is_busy = true;
	cr_assert(queue_put_question(r.queue, q));
	for (uint64_t revision = 1; revision <= 2; revision++) {
		await(&r, STORE_CHANGE, &n);
		cr_expect_eq(n.revision, revision);
		store_news_fini(&n);
	}
	end(&r);
}
