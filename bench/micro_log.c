/* micro_log: what a run of the export log costs, from its appending to its end.
 *
 * The log alone:
 *
 *   append    a run of four prefixes with its UPDATE
 *   mark      the runs that name an entry, when its news concern who hears them; when they do not
 *   free      a run that everybody has acknowledged
 *
 * And N members with their cursors over what a shard has told them of 4,096 sets of four prefixes,
 * while their connections take everything:
 *
 *   all       one member announces, all others hear each run
 *   overlap   a quarter of the runs more, each for one member alone (the announcer of the best of
 *             two paths gets the second)
 *   filtered  every other set is kept from one member in eight
 *   few       all is kept from seven members in eight: runs that most must pass
 *
 *     micro_log [--members N]
 *
 * `read` walks and hands over, `settle` learns that all is acknowledged: nanoseconds for each run
 * of the log and each member, heard or not; `flush` tells how long the shard took for a run, `free`
 * for freeing it.  Prints one JSON object; times are the best of several rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/table_house.h"
#include "dataplane/session/export.h"
#include "rib/base/check.h"
#include "rib/base/epoch.h"
#include "rib/table/runlog_own.h"

#define ROUNDS	  5
#define PER_SET	  4u
#define SETS	  2048u /* In a batch of the shard. */
#define RUN_BYTES 90u	/* Of an UPDATE with four /24s. */
#define FEW	  8u

static double per(uint64_t ns, double count)
{
	return (double)ns / count;
}

/* A connection that takes whatever comes, and acknowledges when it is told to. */
struct drain {
	uint64_t end, acked;
};

static bool drain_push(void *queue, struct span s)
{
	struct drain *d = queue;
	d->end += s.len;
	return true;
}

static uint64_t drain_room(const void *queue)
{
	(void)queue;
	return UINT32_MAX;
}

static uint64_t drain_end(const void *queue)
{
	return ((const struct drain *)queue)->end;
}

static uint64_t drain_acked(const void *queue)
{
	return ((const struct drain *)queue)->acked;
}

static bool drain_privatize(void *queue)
{
	(void)queue;
	return true;
}

static struct export_sink sink_of(struct drain *d)
{
	return (struct export_sink){.queue = d,
				    .push_ref = drain_push,
				    .push_copy = drain_push,
				    .room = drain_room,
				    .end = drain_end,
				    .acked = drain_acked,
				    .privatize = drain_privatize};
}

struct bench {
	struct table_house house;
	struct export *export;
	struct drain *drain;
};

struct figures {
	uint64_t flush, read, settle, free;
	uint64_t runs, bytes;
};

static void join_all(struct bench *b, unsigned members)
{
	static const uint8_t classes[FAMILY_COUNT];
	const bool families[FAMILY_COUNT] = {true, false};
	table_house_init(&b->house, members);
	b->export = calloc(members, sizeof(*b->export));
	b->drain = calloc(members, sizeof(*b->drain));
	ASSERT(b->export != NULL && b->drain != NULL);
	uint64_t end = runlog_end(b->house.log);
	runlog_set_floor(b->house.log, 0, end);
	for (unsigned i = 0; i < members; i++) {
		export_init(&b->export[i], (peer_id_t)i, 0, &b -> house.shard, 1);
		bool is_open = export_open(&b->export[i], families, classes);
		ASSERT(is_open);
		export_joined(&b->export[i], FAMILY_IPV4, 0, end);
	}
}

static void leave_all(struct bench *b)
{
	for (unsigned i = 0; i < b->house.members; i++) {
		struct export_sink sink = sink_of(&b->drain[i]);
		bool is_safe = export_close(&b->export[i], &sink);
		ASSERT(is_safe);
		export_fini(&b->export[i]);
	}
	table_house_fini(&b->house);
	free(b->export);
	free(b->drain);
}

enum work { WORK_ALL, WORK_OVERLAP, WORK_FILTERED, WORK_FEW, WORK_COUNT };

static const char *const work_names[] = {"all", "overlap", "filtered", "few"};

/* A path of each prefix, in new sets each time; two of every other one where paths overlap. */
static void announce_all(struct bench *b, enum work work, unsigned version)
{
	struct table_house *h = &b->house;
	for (unsigned n = 0; n < SETS * PER_SET; n++) {
		unsigned set = n / PER_SET, number = set + version * SETS;
		peer_id_t peer = (peer_id_t)(set / 64 % h->members);
		bool is_kept = work == WORK_FEW || (work == WORK_FILTERED && set % 2 != 0);
		const struct attr *a =
			is_kept ? table_house_filtered(h, peer, number, 2, FEW, work == WORK_FEW)
				: table_house_attr(h, peer, number, 2);
		table_house_say(h, peer, n, a);
		if (work == WORK_OVERLAP && set % 4 == 0) {
			peer = (peer_id_t)((peer + 1u) % h->members);
			table_house_say(h, peer, n, table_house_attr(h, peer, number, 3));
		}
	}
}

/* What every member hears of it. */
static uint64_t pump_all(struct bench *b)
{
	uint64_t begin = table_house_clock();
	for (unsigned i = 0; i < b->house.members; i++) {
		struct export_sink sink = sink_of(&b->drain[i]);
		bool has_pushed;
		export_pump(&b->export[i], &sink, &has_pushed);
	}
	return table_house_clock() - begin;
}

static uint64_t acknowledge_all(struct bench *b)
{
	uint64_t begin = table_house_clock(), floor = UINT64_MAX;
	for (unsigned i = 0; i < b->house.members; i++) {
		struct export_sink sink = sink_of(&b->drain[i]);
		b->drain[i].acked = b->drain[i].end;
		export_settle(&b->export[i], &sink);
		floor = min_u64(floor, export_floor(&b->export[i], FAMILY_IPV4, 0));
	}
	runlog_set_floor(b->house.log, 0, floor);
	ASSERT(floor == runlog_end(b->house.log));
	return table_house_clock() - begin;
}

static uint64_t turn(struct bench *b)
{
	uint64_t begin = table_house_clock();
	table_house_turn(&b->house);
	return table_house_clock() - begin;
}

static void round_of(struct bench *b, enum work work, unsigned version, struct figures *f)
{
	uint64_t before = runlog_end(b->house.log), bytes = 0;
	for (unsigned i = 0; i < b->house.members; i++) {
		bytes -= b->drain[i].end;
	}
	announce_all(b, work, version);
	f->flush = min_u64(f->flush, turn(b));
	f->runs = runlog_end(b->house.log) - before;
	f->read = min_u64(f->read, pump_all(b));
	f->settle = min_u64(f->settle, acknowledge_all(b));
	f->free = min_u64(f->free, turn(b));
	table_house_settle(&b->house);
	for (unsigned i = 0; i < b->house.members; i++) {
		bytes += b->drain[i].end;
	}
	f->bytes = bytes;
}

static void measure(unsigned members, enum work work)
{
	struct bench b;
	struct figures f = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0};
	join_all(&b, members);
	for (unsigned i = 0; i < ROUNDS; i++) {
		round_of(&b, work, i, &f);
	}
	leave_all(&b);
	double pairs = (double)f.runs * members;
	printf("%s{\"work\": \"%s\", \"runs\": %lu, \"bytes_per_member\": %.0f, "
	       "\"flush_ns_per_run\": %.0f, \"read_ns\": %.2f, \"settle_ns\": %.2f, "
	       "\"free_ns_per_run\": %.0f}",
	       work == WORK_ALL ? "" : ", ", work_names[work], f.runs, (double)f.bytes / members,
	       per(f.flush, (double)f.runs), per(f.read, pairs), per(f.settle, pairs),
	       per(f.free, (double)f.runs));
}

/* The log alone. */
struct alone {
	struct slab_own slab;
	struct runlog *log;
	struct retire *retire;
	struct audience_table *audiences;
	struct audience *everyone, *one, *others; /* `others`: but the one. */
};

static void alone_init(struct alone *a, unsigned members)
{
	uint64_t word[PEER_COUNT_MAX / 64] = {1};
	slab_init(&a->slab, FAMILY_IPV4);
	for (unsigned i = 0; i < SETS * PER_SET; i++) {
		struct prefix p = {.family = FAMILY_IPV4, .len = 24};
		slab_take(&a->slab, &p);
	}
	a->log = runlog_new(&a->slab.slab, 1, SIZE_MAX / 4);
	a->retire = retire_new();
	a->audiences = audience_table_new((members + 63) / 64, 1);
	a->one = audience_get(a->audiences, word);
	for (unsigned i = 0; i < members; i++) {
		bits_set(word, i);
	}
	a->everyone = audience_get(a->audiences, word);
	bits_clear(word, 0);
	a->others = audience_get(a->audiences, word);
}

static void alone_fini(struct alone *a)
{
	struct retired item;
	retire_flush(a->retire);
	epoch_barrier();
	while (retire_pop(a->retire, &item)) {
		free(item.object);
	}
	retire_free(a->retire);
	runlog_free(a->log);
	audience_table_free(a->audiences);
	slab_fini(&a->slab);
}

static uint64_t append_all(struct alone *a)
{
	static const uint8_t bytes[RUN_BYTES];
	uint64_t begin = table_house_clock();
	for (unsigned set = 0; set < SETS; set++) {
		entry_id_t ids[PER_SET];
		for (unsigned i = 0; i < PER_SET; i++) {
			ids[i] = set * PER_SET + i;
		}
		runlog_append(a->log,
			      &(struct runlog_content){.kind = RUN_WITHDRAW,
						       .audience = a->others,
						       .ids = ids,
						       .count = PER_SET,
						       .bytes = bytes,
						       .bytes_len = RUN_BYTES},
			      a->retire);
	}
	return table_house_clock() - begin;
}

static uint64_t mark_all(struct alone *a, struct audience *hears)
{
	uint64_t begin = table_house_clock();
	for (entry_id_t id = 0; id < SETS * PER_SET; id++) {
		runlog_mark(a->log, id, hears);
	}
	return table_house_clock() - begin;
}

static uint64_t drop_all(struct alone *a)
{
	uint64_t begin = table_house_clock();
	for (const struct run *run; (run = runlog_oldest(a->log)) != NULL;) {
		for (uint32_t i = 0; i < run->count; i++) {
			slab_at(&a->slab.slab, run->ids[i])->names--;
		}
		runlog_drop(a->log);
	}
	return table_house_clock() - begin;
}

static void measure_alone(unsigned members)
{
	struct alone a;
	uint64_t append = UINT64_MAX, spare = UINT64_MAX, mark = UINT64_MAX, drop = UINT64_MAX;
	alone_init(&a, members);
	for (unsigned i = 0; i < ROUNDS; i++) {
		append = min_u64(append, append_all(&a));
		spare = min_u64(spare, mark_all(&a, a.one));
		mark = min_u64(mark, mark_all(&a, a.everyone));
		drop = min_u64(drop, drop_all(&a));
	}
	alone_fini(&a);
	const double ids = SETS * PER_SET;
	printf("\"append_ns_per_run\": %.0f, \"mark_ns_per_prefix\": %.1f, "
	       "\"spare_ns_per_prefix\": %.1f, \"free_ns_per_run\": %.0f",
	       per(append, SETS), per(mark, ids), per(spare, ids), per(drop, SETS));
}

int main(int argc, char **argv)
{
	bool has_members = argc == 3 && strcmp(argv[1], "--members") == 0;
	unsigned members = has_members ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	if ((argc != 1 && !has_members) || members < 2 || members > PEER_COUNT_MAX) {
		fprintf(stderr, "usage: micro_log [--members N]\n");
		return EXIT_FAILURE;
	}
	static_assert(ARRAY_COUNT(work_names) == WORK_COUNT, "each work has its name");
	epoch_thread_begin();
	printf("{\"bench\": \"micro_log\", \"members\": %u, ", members);
	measure_alone(members);
	printf(", \"works\": [");
	for (unsigned work = 0; work < WORK_COUNT; work++) {
		measure(members, (enum work)work);
	}
	printf("]}\n");
	epoch_thread_end();
	return EXIT_SUCCESS;
}
