/* What a whole server takes for a delivery, without a wire: members in memory (house.h) announce
 * routes, and every one of them gets those of all others.
 *
 *     micro_fanout [--members N] [--announcers N] [--prefixes N] [--per-set N] [--mtu N]
 *                  [--rounds N] [--asking N] [--overlap N] [--changes N]
 *     micro_fanout --threads N ...
 *
 * Without --threads there is one worker in virtual time, so that a run repeats another step by
 * step.  With it N workers run in real time, each on a CPU of its own.  Prints one JSON object.
 * CPU is that of the workers' threads without what the other side took (measured by the time-stamp
 * counter); of all rounds the best counts, for whatever else runs on the machine only ever adds.
 * Elapsed is the longest CPU time of a worker from the first UPDATE to its last delivery, waiting
 * for the others included: workers never sleep here.
 *
 * With --changes, after that so many changes of one UPDATE, each when the one before is over: how
 * long from the first look at it until the last member's segment has been handed to the NIC,
 * without what the other side took, of the last round.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/house.h"
#include "rib/base/check.h"
#include "rib/base/epoch.h"

#define TURN_US	    30			  /* A turn in virtual time: about what one takes. */
#define QUIET_US    (50 * USEC_PER_MSEC)  /* Nothing left for so long: that was all. */
#define SETTLE_US   (400 * USEC_PER_MSEC) /* Then the status is published, too. */
#define KNOCK_US    (20 * USEC_PER_MSEC)
#define KNOCKS	    64
#define WORKERS_MAX 16

enum phase { PHASE_UP, PHASE_FED, PHASE_END };

struct bed {
	struct house_opts opts;
	struct house *house;
	usec_t now; /* Of the only worker. */
	int phase;  /* Atomic: enum phase, of all threads. */
	unsigned changes;
	double ticks_per_ns;
};

struct figures {
	double cpu_ns, elapsed_ns;
	double change_us[3]; /* Least, median, 99th percentile. */
	uint64_t deliveries, sent, segments, bytes, runs, dirty, acks, turns;
};

static uint64_t nsec(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double calibrate(void)
{
	uint64_t begin = nsec(CLOCK_MONOTONIC), ticks = house_ticks(), end;
	while ((end = nsec(CLOCK_MONOTONIC)) < begin + 20000000) {
	}
	return (double)(house_ticks() - ticks) / (double)(end - begin);
}

static uint64_t deliveries_expected(const struct house_opts *o)
{
	unsigned kept = 0; /* Prefixes of an announcer that one of the others is not to have. */
	for (unsigned first = 0, set = 0; o->asking > 0 && first < o->prefixes; set++) {
		unsigned count = (unsigned)min_u64(o->per_set, o->prefixes - first);
		kept += set % o->asking == 0 ? count : 0;
		first += count;
	}
	unsigned shared = 0; /* That their best announcer gets from another one. */
	for (unsigned first = 0, set = 0; o->overlap > 0 && first < o->prefixes; set++) {
		unsigned count = (unsigned)min_u64(o->per_set, o->prefixes - first);
		shared += house_is_shared(o, set) ? count : 0;
		first += count;
	}
	return (uint64_t)o->announcers * ((uint64_t)o->prefixes * (o->members - 1) - kept + shared);
}

/* As the members' status says. */
static uint64_t deliveries(const struct bed *b)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < b->opts.members; i++) {
		struct member_status st;
		server_member_status(house_server(b->house), (peer_id_t)i, &st);
		sum += st.prefixes_sent;
	}
	return sum;
}

static uint64_t count_up(const struct bed *b)
{
	uint64_t up = 0;
	for (unsigned i = 0; i < b->opts.members; i++) {
		struct member_status st;
		server_member_status(house_server(b->house), (peer_id_t)i, &st);
		up += st.is_complete[FAMILY_IPV4];
	}
	return up;
}

/* Runs so far; *out_dirty (or NULL): how many of them were superseded. */
static uint64_t runs(const struct bed *b, uint64_t *out_dirty)
{
	uint64_t sum = 0, dirty = 0;
	for (unsigned w = 0; w < b->opts.workers; w++) {
		struct runlog_stats log;
		const struct shard *shard = server_shard(house_server(b->house), (core_id_t)w);
		runlog_stats(shard_log(shard, FAMILY_IPV4, 0), &log);
		sum += log.end;
		dirty += log.runs_dirty;
	}
	if (out_dirty != NULL) {
		*out_dirty = dirty;
	}
	return sum;
}

/* One turn; true while it has more to do at once.  An idle worker goes to when it is due. */
static bool turn(struct bed *b)
{
	usec_t due = core_step(server_core(house_server(b->house), 0), b->now);
	b->now += TURN_US;
	if (due < b->now || house_has_mail(b->house, 0)) {
		return true;
	}
	b->now = min_u64(due, b->now + USEC_PER_MSEC);
	return false;
}

static void turn_for(struct bed *b, usec_t us)
{
	for (usec_t until = b->now + us; b->now < until;) {
		turn(b);
	}
}

static void bring_up(struct bed *b)
{
	while (house_knock(b->house, 0, KNOCKS)) {
		turn_for(b, KNOCK_US);
	}
	while (count_up(b) < b->opts.members) {
		turn_for(b, SETTLE_US);
		house_knock(b->house, 0, KNOCKS);
	}
}

/* Turns until nothing more leaves; *out_cpu and *out_side as they were when the last had left. */
static uint64_t deliver(struct bed *b, uint64_t *out_cpu, uint64_t *out_side)
{
	const struct house_count *count = house_count(b->house, 0);
	uint64_t seen = count->bytes, turns = 0;
	usec_t quiet_since = b->now;
	*out_cpu = nsec(CLOCK_THREAD_CPUTIME_ID);
	while (b->now < quiet_since + QUIET_US) {
		bool is_busy = turn(b);
		turns++;
		if (!is_busy && count->bytes != seen) {
			*out_cpu = nsec(CLOCK_THREAD_CPUTIME_ID);
			*out_side = count->ticks;
		}
		if (is_busy || count->bytes != seen) {
			quiet_since = b->now;
		}
		seen = is_busy ? 0 : count->bytes;
	}
	return turns;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Ticks that the server has taken for one change. */
static double change_once(struct bed *b, unsigned member, unsigned version)
{
	const struct house_count *count = house_count(b->house, 0);
	uint64_t segments = count->segments, last = 0, spent = 0;
	house_change(b->house, member, version);
	uint64_t begin = house_ticks(), spent_before = count->ticks;
	for (usec_t until = b->now + QUIET_US; b->now < until;) {
		turn(b);
		if (last == 0 && count->segments - segments >= b->opts.members - 1) {
			last = count->last;
			spent = count->last_spent;
		}
	}
	ASSERT(last != 0 && count->segments - segments == b->opts.members - 1);
	return (double)(last - begin) - (double)(spent - spent_before);
}

static void measure_changes(struct bed *b, struct figures *f)
{
	double *us = calloc(b->changes, sizeof(*us));
	ASSERT(us != NULL);
	for (unsigned i = 0; i < b->changes; i++) {
		us[i] = change_once(b, i % b->opts.announcers, 1 + i / b->opts.announcers) /
			b->ticks_per_ns / 1000;
	}
	qsort(us, b->changes, sizeof(*us), compare_double);
	f->change_us[0] = us[0];
	f->change_us[1] = us[b->changes / 2];
	f->change_us[2] = us[b->changes * 99 / 100];
	free(us);
}

static struct figures one_worker(struct bed *b)
{
	struct figures f = {.deliveries = deliveries_expected(&b->opts)};
	const struct house_count *count = house_count(b->house, 0);
	bring_up(b);
	struct house_count before = *count;
	uint64_t runs_before = runs(b, NULL), side = before.ticks, cpu;
	uint64_t begin = nsec(CLOCK_THREAD_CPUTIME_ID);
	house_feed(b->house, 0);
	f.turns = deliver(b, &cpu, &side);
	f.cpu_ns = (double)(cpu - begin) - (double)(side - before.ticks) / b->ticks_per_ns;
	f.elapsed_ns = f.cpu_ns;
	f.segments = count->segments - before.segments;
	f.bytes = count->bytes - before.bytes;
	f.acks = count->acks - before.acks;
	f.runs = runs(b, &f.dirty) - runs_before;
	turn_for(b, SETTLE_US);
	f.sent = deliveries(b);
	/* Who hears of a better path later than of the first is told twice. */
	ASSERT(f.sent == f.deliveries || (b->opts.overlap > 0 && f.sent > f.deliveries));
	if (b->changes > 0) {
		measure_changes(b, &f);
	}
	return f;
}

struct thread {
	pthread_t id;
	struct bed *bed;
	unsigned queue;
	double cpu_ns; /* From the first UPDATE to the last delivery, without the other side. */
};

static void pin(unsigned cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static usec_t clock_us(void)
{
	return nsec(CLOCK_MONOTONIC) / 1000;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct house *house = t->bed->house;
	struct core *core = server_core(house_server(house), (core_id_t)t->queue);
	const struct house_count *count = house_count(house, t->queue);
	uint64_t begin = 0, side = 0, seen = 0;
	usec_t knock_due = 0;
	int phase;
	pin(t->queue);
	core_begin(core);
	while ((phase = __atomic_load_n(&t->bed->phase, __ATOMIC_ACQUIRE)) != PHASE_END) {
		usec_t now = clock_us();
		if (phase == PHASE_UP && now >= knock_due) {
			house_knock(house, t->queue, KNOCKS);
			knock_due = now + KNOCK_US;
		}
		if (phase == PHASE_FED && begin == 0) {
			house_feed(house, t->queue);
			begin = nsec(CLOCK_THREAD_CPUTIME_ID);
			side = count->ticks;
		}
		core_step(core, now);
		if (begin != 0 && count->bytes != seen) {
			seen = count->bytes;
			t->cpu_ns = (double)(nsec(CLOCK_THREAD_CPUTIME_ID) - begin) -
				    (double)(count->ticks - side) / t->bed->ticks_per_ns;
		}
	}
	core_end(core);
	return NULL;
}

/* Until the members' status says so many. */
static void wait_for(const struct bed *b, uint64_t (*what)(const struct bed *), uint64_t count)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	while (what(b) < count) {
		nanosleep(&nap, NULL);
	}
}

static struct figures many_workers(struct bed *b)
{
	struct figures f = {.deliveries = deliveries_expected(&b->opts)};
	struct thread thread[WORKERS_MAX] = {0};
	epoch_offline();
	for (unsigned i = 0; i < b->opts.workers; i++) {
		thread[i] = (struct thread){.bed = b, .queue = i};
		int error = pthread_create(&thread[i].id, NULL, thread_main, &thread[i]);
		ASSERT(error == 0);
	}
	wait_for(b, count_up, b->opts.members);
	uint64_t runs_before = runs(b, NULL);
	__atomic_store_n(&b->phase, PHASE_FED, __ATOMIC_RELEASE);
	wait_for(b, deliveries, f.deliveries);
	__atomic_store_n(&b->phase, PHASE_END, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < b->opts.workers; i++) {
		pthread_join(thread[i].id, NULL);
		const struct house_count *count = house_count(b->house, i);
		f.segments += count->segments;
		f.acks += count->acks;
		f.cpu_ns += thread[i].cpu_ns;
		f.elapsed_ns = f.elapsed_ns > thread[i].cpu_ns ? f.elapsed_ns : thread[i].cpu_ns;
	}
	epoch_online();
	f.runs = runs(b, &f.dirty) - runs_before;
	return f;
}

static void better(struct figures *best, const struct figures *f)
{
	if (best->cpu_ns == 0 || f->cpu_ns < best->cpu_ns) {
		double elapsed = best->elapsed_ns;
		*best = *f;
		best->elapsed_ns = elapsed;
	}
	if (best->elapsed_ns == 0 || f->elapsed_ns < best->elapsed_ns) {
		best->elapsed_ns = f->elapsed_ns;
	}
}

static void print(const struct house_opts *o, const struct figures *f)
{
	double pairs = (double)f->runs * (o->members - 1);
	printf("{\"members\": %u, \"workers\": %u, \"deliveries\": %" PRIu64 ", \"runs\": %" PRIu64
	       ", \"dirty\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"segments\": %" PRIu64
	       ", \"acks\": %" PRIu64 ", \"turns\": %" PRIu64
	       ", \"prefixes_per_run\": %.2f, \"ns_per_delivery\": %.2f, \"ns_per_run\": %.1f, "
	       "\"ns_per_segment\": %.0f, \"elapsed_ms\": %.1f",
	       o->members, o->workers, f->deliveries, f->runs, f->dirty, f->sent, f->segments,
	       f->acks, f->turns, (double)f->deliveries / pairs, f->cpu_ns / (double)f->deliveries,
	       f->cpu_ns / pairs, f->cpu_ns / (double)f->segments, f->elapsed_ns / 1e6);
	if (f->change_us[0] > 0) {
		printf(", \"change_least_us\": %.1f, \"change_p50_us\": %.1f, "
		       "\"change_p99_us\": %.1f",
		       f->change_us[0], f->change_us[1], f->change_us[2]);
	}
	printf("}\n");
}

/* What the command line asks for. */
struct order {
	struct house_opts opts;
	unsigned threads, rounds, changes;
};

static bool parse(int argc, char **argv, struct order *order)
{
	struct house_opts *o = &order->opts;
	const struct {
		const char *name;
		unsigned *to;
	} option[] = {{"--members", &o->members},   {"--announcers", &o->announcers},
		      {"--prefixes", &o->prefixes}, {"--per-set", &o->per_set},
		      {"--mtu", &o->mtu},	    {"--threads", &order->threads},
		      {"--asking", &o->asking},	    {"--overlap", &o->overlap},
		      {"--rounds", &order->rounds}, {"--changes", &order->changes}};
	for (int i = 1; i < argc; i += 2) {
		unsigned k = 0;
		while (k < ARRAY_COUNT(option) && strcmp(argv[i], option[k].name) != 0) {
			k++;
		}
		if (k == ARRAY_COUNT(option) || i + 1 == argc) {
			return false;
		}
		*option[k].to = (unsigned)strtoul(argv[i + 1], NULL, 10);
	}
	o->workers = order->threads > 0 ? order->threads : 1;
	o->announcers = o->announcers == 0 ? o->members : o->announcers;
	/* A change must be heard by all others: it is of the only path. */
	bool may_change = order->threads == 0 && o->overlap == 0 && o->asking == 0;
	return o->members > 1 && o->announcers <= o->members && o->per_set > 0 &&
	       order->rounds > 0 && o->workers <= WORKERS_MAX &&
	       (order->changes == 0 || may_change);
}

int main(int argc, char **argv)
{
	struct order order = {
		.opts = {.members = 1000, .workers = 1, .prefixes = 50, .per_set = 4, .mtu = 1500},
		.rounds = 3};
	struct figures best = {0};
	if (!parse(argc, argv, &order)) {
		fprintf(stderr, "usage: micro_fanout [--members N] [--announcers N] [--prefixes N] "
				"[--per-set N] [--mtu N] [--rounds N]\n"
				"                    [--threads N | --changes N | --asking N "
				"--overlap N]\n");
		return EXIT_FAILURE;
	}
	unsigned threads = order.threads;
	if (threads == 0) {
		epoch_thread_begin_alone();
	} else {
		epoch_thread_begin();
	}
	for (unsigned i = 0; i < order.rounds; i++) {
		order.opts.now = threads == 0 ? USEC_PER_SEC : clock_us();
		struct bed b = {.opts = order.opts,
				.house = house_new(&order.opts),
				.now = order.opts.now,
				.changes = order.changes,
				.ticks_per_ns = calibrate()};
		struct figures f = threads == 0 ? one_worker(&b) : many_workers(&b);
		better(&best, &f);
		house_free(b.house);
	}
	epoch_thread_end();
	print(&order.opts, &best);
	return EXIT_SUCCESS;
}
