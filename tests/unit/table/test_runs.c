/* A run of prefixes does what ops about each of them do, one after the other. */
#include "rib/base/hash.h"
#include "rib/base/prng.h"
#include "tests/unit/table/rig.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define NUMBERS 40
#define RUN_MAX 12

/* One play: by runs, or prefix by prefix. */
struct play {
	struct prng prng;
	bool is_by_runs;
	uint64_t seen; /* A digest of all that was there whenever it was calm. */
	struct rig rig;
};

static void say(struct play *p, const struct op *op, unsigned variant, const struct op_run *run)
{
	struct op o = *op;
	for (uint32_t i = 0; op->kind == OP_ANNOUNCE && i < run->count; i++) {
		o.attr = make_attr(p->rig.intern, op->peer, variant, FAMILY_IPV4);
	}
	if (p->is_by_runs) {
		shard_apply_run(p->rig.shard, &o, run);
		return;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		struct op one = op_at(&o, run, i);
		shard_apply(p->rig.shard, &one);
	}
}

static uint64_t digest_of(const struct prefix *prefix, const struct paths *paths)
{
	uint64_t sum = hash_bytes(prefix->bytes, sizeof(prefix->bytes), prefix->len);
	for (unsigned i = 0; i < paths->count; i++) {
		const struct path *path = &paths->path[i];
		sum = hash_mix(sum, path_key(path));
		sum = hash_mix(sum + path->reason, path->attr->hash);
	}
	return sum;
}

/* Which id a prefix has depends on when ids become free. */
static void see_all(struct play *p)
{
	const struct slab *slab = shard_slab(p->rig.shard, FAMILY_IPV4);
	uint64_t sum = 0;
	for (entry_id_t id = 0; id < slab->count; id++) {
		const struct paths *paths = rig_paths(&p->rig, id);
		const struct prefix prefix = slab_prefix(slab, id);
		sum += paths != NULL ? digest_of(&prefix, paths) : 0;
	}
	p->seen = hash_mix(p->seen, sum);
	for (peer_id_t peer = 0; peer < 3; peer++) {
		const void *stats = shard_peer_stats(p->rig.shard, FAMILY_IPV4, peer);
		p->seen = hash_bytes(stats, sizeof(struct shard_peer_stats), p->seen);
	}
}

/* Prefixes may come twice in a run, and ids with them; the third member sends path ids. */
static void say_something(struct play *p)
{
	struct prefix prefix[RUN_MAX];
	uint32_t path_id[RUN_MAX];
	struct op op = {.peer = (peer_id_t)prng_below(&p->prng, 3), .incarnation = 1};
	struct op_run run = {prefix, path_id, 1 + (uint32_t)prng_below(&p->prng, RUN_MAX)};
	op.kind = prng_chance(&p->prng, 2, 3) ? OP_ANNOUNCE : OP_WITHDRAW;
	op.has_path_id = op.peer == 2;
	op.is_capped = op.kind == OP_ANNOUNCE && prng_chance(&p->prng, 1, 8);
	op.reason = op.kind == OP_ANNOUNCE && prng_chance(&p->prng, 1, 8) ? REJECT_AS_LOOP : 0;
	op.incarnation = prng_chance(&p->prng, 1, 16) ? 7 : 1; /* Of no session. */
	for (uint32_t i = 0; i < run.count; i++) {
		prefix[i] = make_prefix(FAMILY_IPV4, (unsigned)prng_below(&p->prng, NUMBERS));
		path_id[i] = (uint32_t)prng_below(&p->prng, 4);
	}
	say(p, &op, (unsigned)prng_below(&p->prng, 3), &run);
}

static uint64_t play(unsigned seed, bool is_by_runs)
{
	static struct play p;
	p = (struct play){.is_by_runs = is_by_runs};
	prng_init(&p.prng, seed);
	rig_init(&p.rig, 0);
	for (peer_id_t peer = 0; peer < 4; peer++) {
		rig_join(&p.rig, peer);
	}
	for (unsigned step = 0; step < 300; step++) {
		say_something(&p);
		if (prng_chance(&p.prng, 1, 4)) {
			rig_settle(&p.rig);
			see_all(&p);
		}
	}
	rig_fini(&p.rig);
	return p.seen;
}

Test(table, a_run_does_what_its_prefixes_do_one_by_one)
{
	for (unsigned seed = 0; seed < 20; seed++) {
		cr_assert_eq(play(seed, true), play(seed, false), "seed %u", seed);
	}
}

/* What a worker would see that looks just when the shard begins to read the prefixes. */
static struct {
	void *page;
	size_t len;
	const struct shard_peer_stats *stats;
	uint64_t announces;
} glance;

static void on_fault(int number)
{
	(void)number;
	glance.announces = metric_get(&glance.stats->announces);
	mprotect(glance.page, glance.len, PROT_READ | PROT_WRITE);
}

/* shard.h: else a prefix limit takes for room what is not counted yet. */
Test(table, announcements_are_counted_after_what_came_of_them)
{
	static struct rig r;
	struct sigaction act = {.sa_handler = on_fault};
	rig_init(&r, 0);
	rig_join(&r, 0);
	glance.len = (size_t)sysconf(_SC_PAGESIZE);
	glance.page =
		mmap(NULL, glance.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(glance.page != MAP_FAILED);
	glance.stats = shard_peer_stats(r.shard, FAMILY_IPV4, 0);
	glance.announces = 9;
	*(struct prefix *)glance.page = make_prefix(FAMILY_IPV4, 5);
	struct op op = {.kind = OP_ANNOUNCE, .incarnation = 1};
	op.attr = make_attr(r.intern, 0, 1, FAMILY_IPV4);
	cr_assert(sigaction(SIGSEGV, &act, NULL) == 0);
	mprotect(glance.page, glance.len, PROT_NONE);
	shard_apply_run(r.shard, &op, &(struct op_run){glance.page, &(uint32_t){0}, 1});
	cr_expect_eq(glance.announces, 0);
	cr_expect(metric_get(&glance.stats->announces) == 1);
	cr_expect(metric_get(&glance.stats->accepted) == 1);
	munmap(glance.page, glance.len);
	rig_fini(&r);
}
