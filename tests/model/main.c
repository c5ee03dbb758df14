/* The log's protocol, over all interleavings of its steps.
 *
 *     protocol [--limit N] [NAME...]
 *
 * Two workers, three prefixes, two members that read (world.h).  Each scenario is a short program
 * for each worker; its steps are the product's own, cut where another worker could see the
 * difference: publication of an entry, mark, append, freeing of a run, evict_below; reading a run,
 * asking for a view, a push, acknowledgement, a pending set, a floor.  Every order in which the
 * steps of the two can follow each other is played, for members that get one path and for such as
 * get several (RFC 7911).  The cuts are put in by the linker (--wrap), so the code is the code. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rib/base/check.h"
#include "tests/model/explore.h"
#include "tests/model/world.h"

#define SMALL_LOG 400 /* Bytes: three or four runs. */
#define SPARE_LOG 800 /* Two more. */

struct scenario {
	const char *name;
	size_t log_bytes_max;
	void (*begin)(struct world *w);
	void (*program[EXPLORE_WORKERS])(struct world *w);
};

struct play {
	const struct scenario *scenario;
	struct world world;
};

/* Both read, and know all three prefixes. */
static void know_all(struct world *w)
{
	for (unsigned n = 0; n < NUMBERS; n++) {
		world_say(w, 2, n, 0);
	}
	world_join(w, 0);
	world_join(w, 1);
	world_calm(w);
}

static void turn(struct world *w)
{
	world_turn(w, 1);
	world_rest(w, 0);
}

static void read_all(struct world *w)
{
	world_pump(w, 1, QUEUE_BYTES);
	world_rest(w, 1);
}

/* A prefix changes and another goes, while one reads. */
static void change_0(struct world *w)
{
	world_say(w, 2, 0, 1);
	turn(w);
	world_say(w, 2, 1, -1);
	turn(w);
	world_pump(w, 0, QUEUE_BYTES);
}

static void change_1(struct world *w)
{
	read_all(w);
	world_ack(w, 1);
	read_all(w);
}

/* From A to B, and back to A and to B again within one batch. */
static void back_0(struct world *w)
{
	world_say(w, 2, 0, 1);
	turn(w);
	world_say(w, 2, 0, 0);
	world_say(w, 2, 0, 1);
	turn(w);
}

static void back_1(struct world *w)
{
	read_all(w);
	read_all(w);
}

/* Runs that wait for a reader are overtaken by news: one of two ids in a run goes stale. */
static void overtake_begin(struct world *w)
{
	know_all(w);
	world_say(w, 2, 0, 1);
	world_say(w, 2, 1, 1);
	world_turn(w, 1);
}

static void overtake_0(struct world *w)
{
	world_say(w, 2, 0, 2);
	world_say(w, 2, 1, -1);
	turn(w);
}

static void overtake_1(struct world *w)
{
	world_pump(w, 1, 60); /* Hardly one message. */
	world_rest(w, 1);
	world_ack(w, 1);
	read_all(w);
}

/* What is read, but not acknowledged, must stay; what is acknowledged goes. */
static void acknowledge_0(struct world *w)
{
	for (int i = 1; i < 3; i++) {
		world_say(w, 2, 0, i);
		turn(w);
	}
}

static void acknowledge_1(struct world *w)
{
	read_all(w);
	world_ack(w, 1);
	world_settle(w, 1);
	world_rest(w, 1);
	world_pump(w, 1, QUEUE_BYTES);
}

/* The third prefix is still to come. */
static void know_two(struct world *w)
{
	world_say(w, 2, 0, 0);
	world_say(w, 2, 1, 0);
	world_join(w, 0);
	world_join(w, 1);
	world_calm(w);
}

/* A reader stands still while the log is full: it is asked to leave, and answered by views. */
static void stall(struct world *w, unsigned other, unsigned last)
{
	for (int i = 1; i < 8; i++) {
		world_say(w, 2, i % 2 != 0 ? 1 : other, i);
		world_turn(w, 1);
	}
	world_pump(w, 0, QUEUE_BYTES);
	world_ack(w, 0);
	world_settle(w, 0);
	world_rest(w, 0);
	world_say(w, 2, last, 8);
	world_turn(w, 1);
	world_turn(w, LAG_US + 1);
}

static void evict_begin(struct world *w)
{
	know_all(w);
	stall(w, 0, 2);
}

static void evict_0(struct world *w)
{
	world_say(w, 2, 0, -1);
	world_say(w, 2, 1, 9);
	turn(w);
}

static void evict_1(struct world *w)
{
	world_settle(w, 1);
	world_rest(w, 1);
	world_pump(w, 1, 70);
	read_all(w);
}

/* Who was evicted asks for views while what they show is replaced. */
static void view_begin_with(struct world *w, unsigned other)
{
	know_two(w);
	world_say(w, 2, 0, 9);
	stall(w, other, 1);
	world_settle(w, 1);
	world_floor(w, 1);
	for (unsigned i = 0; i < 3; i++) {
		world_turn(w, 1);
	}
}

/* A later run names the entry, too. */
static void view_begin(struct world *w)
{
	view_begin_with(w, 0);
}

/* No run has the entry's set any more. */
static void view_alone_begin(struct world *w)
{
	view_begin_with(w, 1);
}

static void view_0(struct world *w)
{
	world_say(w, 2, 0, 10);
	world_turn(w, 1);
}

static void view_1(struct world *w)
{
	world_pump(w, 1, QUEUE_BYTES);
}

/* What the one reader announces is news for the other alone. */
static void narrow_0(struct world *w)
{
	world_say(w, 0, 0, 20);
	world_turn(w, 1);
}

/* A run that the other has not read stays true while a second path comes, which is news for the
 * announcer of the best alone; then that one has another. */
static void spare_begin(struct world *w)
{
	know_two(w);
	world_say(w, 0, 0, 20);
	stall(w, 1, 1);
	world_settle(w, 1);
	world_floor(w, 1);
	for (unsigned i = 0; i < 3; i++) {
		world_turn(w, 1);
	}
	world_say(w, 0, 0, 21);
	world_turn(w, 1);
	world_say(w, 2, 0, 1);
	world_turn(w, 1);
}

static void spare_0(struct world *w)
{
	world_say(w, 0, 0, 22);
	world_turn(w, 1);
}

/* Somebody joins while routes come and go. */
static void join_begin(struct world *w)
{
	world_join(w, 0);
	world_say(w, 2, 0, 0);
	world_say(w, 2, 1, 0);
	world_calm(w);
}

static void join_0(struct world *w)
{
	world_say(w, 2, 0, 1);
	world_inbox(w);
	turn(w);
	world_say(w, 2, 1, -1);
	world_inbox(w);
	turn(w);
}

static bool has_mail(void *context)
{
	return ((const struct play *)context)->world.reader[1].mail_count > 0;
}

/* UP and JOIN. */
static bool has_inbox(void *context)
{
	return ((const struct play *)context)->world.inbox_count >= 2;
}

static void joined_0(struct world *w)
{
	explore_wait(has_inbox, (struct explore_touch){.reads = TOUCH_MAIL});
	join_0(w);
}

static void join_1(struct world *w)
{
	world_join(w, 1);
	explore_wait(has_mail, (struct explore_touch){.reads = TOUCH_MAIL});
	world_mail(w, 1);
	read_all(w);
}

/* Two announce; one's session ends and begins again, and its paths are swept meanwhile. */
static void sweep_begin(struct world *w)
{
	know_all(w);
	world_say(w, 3, 0, 3);
	world_calm(w);
}

static void sweep_0(struct world *w)
{
	world_down(w, 2);
	world_turn(w, 1);
	world_up(w, 2);
	world_say(w, 2, 1, 1);
	turn(w);
}

/* An entry goes and its place is given to another prefix, under the eyes of a reader. */
static void reuse_begin(struct world *w)
{
	know_two(w);
	world_say(w, 2, 0, -1);
	world_turn(w, 1);
	world_pump(w, 0, QUEUE_BYTES);
	world_ack(w, 0);
	world_settle(w, 0);
	world_rest(w, 0);
}

static void reuse_0(struct world *w)
{
	turn(w);
	turn(w);
	world_say(w, 2, 2, 1);
	turn(w);
}

static void reuse_1(struct world *w)
{
	read_all(w);
	world_ack(w, 1);
	world_settle(w, 1);
	world_rest(w, 1);
}

/* The same, with the entry's id in a pending set. */
static void reuse_evicted_begin(struct world *w)
{
	know_two(w);
	world_say(w, 2, 0, -1);
	stall(w, 1, 1);
	world_settle(w, 1);
	world_floor(w, 1);
}

static void reuse_evicted_0(struct world *w)
{
	world_turn(w, 1);
	world_quiet();
	world_turn(w, 1);
	world_say(w, 2, 2, 1);
	world_turn(w, 1);
}

static void reuse_evicted_1(struct world *w)
{
	world_quiet();
	world_pump(w, 1, QUEUE_BYTES);
}

/* A refresh is being answered (RFC 7313): a dirty run of the scan puts an id into a pending set,
 * which is answered when the run with the news has been read. */
static void refresh_begin(struct world *w)
{
	know_all(w);
	world_refresh(w, 1);
	world_pump(w, 1, QUEUE_BYTES);
	world_inbox(w);
	world_turn(w, 1);
	world_say(w, 2, 0, 1);
	world_turn(w, 1);
}

static void refresh_0(struct world *w)
{
	world_say(w, 2, 0, 2);
	turn(w);
}

/* A reader leaves amid everything, and is back at once. */
static void leave_0(struct world *w)
{
	world_say(w, 2, 0, 1);
	turn(w);
	world_inbox(w);
	world_say(w, 2, 0, 2);
	turn(w);
}

static void leave_1(struct world *w)
{
	world_pump(w, 1, QUEUE_BYTES);
	world_leave(w, 1);
	world_join(w, 1);
	world_rest(w, 1);
}

/* A reader that announces itself: it never hears its own. */
static void own_begin(struct world *w)
{
	know_all(w);
	world_say(w, 3, 0, 1);
	world_calm(w);
}

static void own_0(struct world *w)
{
	world_say(w, 1, 0, 5);
	turn(w);
	world_say(w, 2, 0, -1);
	turn(w);
}

static const struct scenario scenarios[] = {
	{"change", 0, know_all, {change_0, change_1}},
	{"back", 0, know_all, {back_0, back_1}},
	{"overtake", 0, overtake_begin, {overtake_0, overtake_1}},
	{"acknowledge", 0, know_all, {acknowledge_0, acknowledge_1}},
	{"evict", SMALL_LOG, evict_begin, {evict_0, evict_1}},
	{"view", SMALL_LOG, view_begin, {view_0, view_1}},
	{"view_alone", SMALL_LOG, view_alone_begin, {view_0, view_1}},
	{"narrow", SMALL_LOG, view_begin, {narrow_0, view_1}},
	{"spare", SPARE_LOG, spare_begin, {spare_0, view_1}},
	{"join", 0, join_begin, {joined_0, join_1}},
	{"sweep", 0, sweep_begin, {sweep_0, view_1}},
	{"reuse", 0, reuse_begin, {reuse_0, reuse_1}},
	{"reuse_evicted", SMALL_LOG, reuse_evicted_begin, {reuse_evicted_0, reuse_evicted_1}},
	{"refresh", 0, refresh_begin, {refresh_0, view_1}},
	{"leave", 0, know_all, {leave_0, leave_1}},
	{"own", 0, own_begin, {own_0, back_1}},
};

static void begin(void *context)
{
	struct play *p = context;
	world_begin(&p->world);
	p->scenario->begin(&p->world);
}

static void end(void *context)
{
	world_end(&((struct play *)context)->world);
}

static void program_0(void *context)
{
	struct play *p = context;
	p->scenario->program[0](&p->world);
}

static void program_1(void *context)
{
	struct play *p = context;
	p->scenario->program[1](&p->world);
}

static const char *playing;

static void on_abort(int number)
{
	fprintf(stderr, "protocol: %s: FAILED in the order ", playing);
	explore_print_order();
	signal(number, SIG_DFL);
	raise(number);
}

static bool play(const struct scenario *s, unsigned class_idx, uint64_t limit)
{
	static struct play p;
	p = (struct play){.scenario = s,
			  .world = {.class_idx = class_idx, .log_bytes_max = s->log_bytes_max}};
	const struct explore_plan plan = {
		.context = &p, .begin = begin, .end = end, .program = {program_0, program_1}};
	struct explore_count count;
	playing = s->name;
	bool is_all = explore_all(&plan, limit, &count);
	printf("protocol: %s%s: %s %lu orders of up to %u steps, %lu of them played twice, %lu "
	       "routes heard\n",
	       s->name, class_idx != 0 ? ", several paths" : "", is_all ? "all" : "the first",
	       count.runs, count.depth, count.equal, p.world.heard);
	fflush(stdout);
	return count.runs > 1 && p.world.heard > 0;
}

int main(int argc, char **argv)
{
	static const unsigned classes[] = {0, WIRE_CLASS_PATHS};
	static const struct option longs[] = {
		{"limit", 1, NULL, 'l'}, {"poison", 0, NULL, 'p'}, {NULL, 0, NULL, 0}};
	uint64_t limit = 0;
	bool is_poisoning = false;
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'l') {
			limit = strtoul(optarg, NULL, 10);
		} else if (c == 'p') {
			is_poisoning = true;
		} else {
			fprintf(stderr, "usage: protocol [--limit N] [--poison] [NAME...]\n");
			return 64;
		}
	}
	/* A world is made some 10,000 times a second: keep its memory. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (is_poisoning) {
		mallopt(M_PERTURB, 0xa5); /* What is freed does not look as if it were there. */
	}
	signal(SIGABRT, on_abort);
	signal(SIGSEGV, on_abort);
	bool is_good = true;
	for (unsigned i = 0; i < ARRAY_COUNT(scenarios); i++) {
		bool is_wanted = optind == argc;
		for (int a = optind; a < argc; a++) {
			is_wanted = is_wanted || strcmp(argv[a], scenarios[i].name) == 0;
		}
		for (unsigned k = 0; is_wanted && k < ARRAY_COUNT(classes); k++) {
			is_good = play(&scenarios[i], classes[k], limit) && is_good;
		}
	}
	return is_good ? 0 : 1;
}
