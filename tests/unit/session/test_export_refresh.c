/* What an answer to a ROUTE-REFRESH looks like to the member.  RFC 7313 §4. */
#include <criterion/criterion.h>

#include "tests/unit/session/export_rig.h"

/* A member with RFC 7313, to the letter: BoRR makes what it holds stale, EoRR takes what still is.
 * But a right answer leaves nothing for EoRR to take: what went was withdrawn. */
struct refreshed {
	struct rig *rig;
	bool is_stale[NUMBERS][SLOTS];
	unsigned begins, ends, updates; /* `updates`: within the last answer. */
	bool is_between;
};

static void mark_fresh(struct refreshed *m, const struct prefix *p, unsigned slot)
{
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct prefix q = make_prefix(FAMILY_IPV4, i);
		m->is_stale[i][slot] = m->is_stale[i][slot] && !prefix_equal(p, &q);
	}
}

static void freshen(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct refreshed *m = context;
	mark_fresh(m, p, path_id >> 13);
	rig_note(m->rig, p, path_id, id);
}

static bool is_held(const struct rig *r, unsigned number, unsigned slot)
{
	bool has_paths = (r->class_idx & WIRE_CLASS_PATHS) != 0;
	return has_paths ? r->path[number][slot] != 0 : slot == 0 && r->held[number] != 0;
}

static void hear_border(struct refreshed *m, uint8_t kind)
{
	cr_assert_eq(m->is_between, kind == 2);
	m->is_between = kind == 1;
	m->begins += kind == 1;
	m->ends += kind == 2;
	m->updates = kind == 1 ? 0 : m->updates;
	for (unsigned i = 0; i < NUMBERS * SLOTS; i++) {
		bool *is_stale = &m->is_stale[i / SLOTS][i % SLOTS];
		cr_assert(kind == 1 || !*is_stale, "prefix %u would go and come back", i / SLOTS);
		*is_stale = kind == 1 && is_held(m->rig, i / SLOTS, i % SLOTS);
	}
}

/* Take in what was pushed since the last time, message by message. */
static void hear(struct refreshed *m)
{
	struct rig *r = m->rig;
	while (r->decoded < r->queue.end) {
		const uint8_t *message = r->queue.bytes + r->decoded;
		size_t len = (size_t)message[16] << 8 | message[17];
		if (message[18] == 5) {
			cr_assert_eq(len, 23);
			hear_border(m, message[21]);
		} else {
			m->updates++;
			cr_assert(naive_decode(message, len, r->class_idx, freshen, m));
		}
		r->decoded += len;
	}
}

/* What core does with what export wants of the shards. */
static void rescan(struct rig *r)
{
	if (export_take_rescan(&r->ex) & 1u << FAMILY_IPV4) {
		rig_apply(r, (struct op){.kind = OP_RESCAN, .peer = 0});
	}
}

static void go_on(struct refreshed *m, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		rig_pump(m->rig);
		rescan(m->rig);
		rig_turn(m->rig, 1);
	}
	rig_pump(m->rig);
	hear(m);
}

static void begin_enhanced(struct rig *r, struct refreshed *m)
{
	*m = (struct refreshed){.rig = r};
	rig_init(r, 0);
	for (unsigned i = 0; i < 4; i++) {
		rig_announce(r, i, i);
	}
	rig_turn(r, 1);
	rig_join(r);
	export_enhance(&r->ex);
}

Test(session, an_enhanced_answer_stands_between_its_borders)
{
	static struct rig r;
	struct refreshed m;
	begin_enhanced(&r, &m);
	r.queue.room = HELD_MAX;
	go_on(&m, 2);
	cr_assert(r.ex.is_eor_sent[FAMILY_IPV4]);
	cr_expect_eq(m.begins, 0, "the first dump is no answer");
	export_refresh(&r.ex, FAMILY_IPV6); /* Not joined. */
	export_refresh(&r.ex, FAMILY_IPV4);
	cr_expect_eq(export_take_rescan(&r.ex), 0, "BoRR goes before the shards are asked");
	rig_pump(&r);
	hear(&m);
	cr_expect(m.begins == 1 && m.is_between);
	go_on(&m, 3);
	cr_expect(m.ends == 1 && m.updates == 4);
	cr_expect_eq(r.ex.stats.refreshes, 1);
	go_on(&m, 3);
	cr_expect(m.begins == 1 && !m.is_between, "one request, one answer");
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, an_enhanced_answer_waits_for_the_end_of_rib)
{
	/* RFC 7313 §4: "MUST NOT send a BoRR ... before it sends the EoR". */
	static struct rig r;
	struct refreshed m;
	begin_enhanced(&r, &m);
	export_refresh(&r.ex, FAMILY_IPV4);
	rig_pump(&r); /* No room. */
	cr_expect_eq(export_take_rescan(&r.ex), 0);
	cr_expect_not(r.ex.is_eor_sent[FAMILY_IPV4]);
	r.queue.room = HELD_MAX;
	rig_pump(&r);
	cr_expect(r.ex.is_eor_sent[FAMILY_IPV4]);
	go_on(&m, 4);
	cr_expect(m.begins == 1 && m.ends == 1 && m.updates == 4);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, requests_within_an_answer_are_one_more)
{
	static struct rig r;
	struct refreshed m;
	begin_enhanced(&r, &m);
	r.queue.room = HELD_MAX;
	go_on(&m, 2);
	export_refresh(&r.ex, FAMILY_IPV4);
	rig_pump(&r);
	for (unsigned i = 0; i < 5; i++) {
		export_refresh(&r.ex, FAMILY_IPV4);
		rig_pump(&r);
		hear(&m);
		cr_expect(m.begins == 1 && m.is_between);
	}
	go_on(&m, 8);
	cr_expect(m.begins == 2 && m.ends == 2 && !m.is_between);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, what_a_dirty_run_no_longer_holds_is_said_before_the_answer_ends)
{
	/* Its newer run may not be there yet when the mark is; here it is, but without room. */
	static struct rig r;
	struct refreshed m;
	begin_enhanced(&r, &m);
	r.queue.room = HELD_MAX;
	go_on(&m, 2);
	export_refresh(&r.ex, FAMILY_IPV4);
	rig_pump(&r);
	rescan(&r);
	rig_turn(&r, 1);
	for (unsigned i = 0; i < 4; i++) {
		rig_announce(&r, i, 7); /* Every scan run is dirty, and says nothing that holds. */
	}
	rig_turn(&r, 1);
	r.queue.room = 0;
	rig_pump(&r);
	cr_expect_eq(r.ex.stats.pending, 4);
	r.queue.room = HELD_MAX;
	go_on(&m, 3);
	cr_expect_eq(r.ex.stats.pending, 0);
	cr_expect(m.ends == 1 && r.held[3] == ATTR_ID(1, 7));
	rig_announce(&r, 1, 8);
	rig_announce(&r, 2, 8);
	rig_turn(&r, 1);
	rig_announce(&r, 2, 9); /* Outside of an answer the newer run is enough. */
	rig_turn(&r, 1);
	r.queue.room = 0;
	rig_pump(&r);
	cr_expect_eq(r.ex.stats.pending, 0);
	r.queue.room = HELD_MAX;
	go_on(&m, 1);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

Test(session, a_plain_answer_has_no_borders)
{
	static struct rig r;
	struct refreshed m;
	begin_enhanced(&r, &m);
	r.ex.has_enhanced = false;
	r.queue.room = HELD_MAX;
	go_on(&m, 2);
	m.updates = 0;
	export_refresh(&r.ex, FAMILY_IPV4);
	rescan(&r);
	go_on(&m, 3);
	cr_expect(m.begins == 0 && m.updates == 4);
	r.queue.borrowed_count = 0;
	rig_fini(&r);
}

/* One step of a life in which refreshes, news and a slow reader with little room meet. */
static void random_life(struct refreshed *m, struct prng *p, unsigned step)
{
	struct rig *r = m->rig;
	if ((r->class_idx & WIRE_CLASS_PATHS) != 0) {
		rig_random_path(r, p);
	} else if (prng_chance(p, 1, 3)) {
		rig_apply(r, (struct op){.kind = OP_WITHDRAW,
					 .peer = 1,
					 .prefix = make_prefix(FAMILY_IPV4,
							       (unsigned)prng_below(p, NUMBERS))});
	} else {
		rig_announce(r, (unsigned)prng_below(p, NUMBERS), (unsigned)prng_below(p, 12));
	}
	if (prng_chance(p, 1, 20)) {
		export_refresh(&r->ex, FAMILY_IPV4);
	}
	if (prng_chance(p, 1, 2)) {
		rig_turn(r, prng_chance(p, 1, 20) ? LAG_US : 1);
	}
	if (prng_chance(p, 1, 3)) {
		bool is_stalled = step % 300 < 200;
		r->queue.room = is_stalled ? prng_below(p, 100) : prng_below(p, 3000);
		rig_pump(r);
		rescan(r);
		hear(m);
	}
	if (prng_chance(p, 1, 4)) {
		rig_acknowledge(r);
		cr_assert(export_settle(&r->ex, &r->sink));
	}
}

/* The same as wrong_in_the_end for a member that gets one path of each prefix. */
static unsigned wrong_of_one(struct rig *r)
{
	const struct slab *slab = shard_slab(r->shard, FAMILY_IPV4);
	struct update_form form = wire_form(FAMILY_IPV4, 0, MAKE_LOCAL_AS);
	uint32_t want[NUMBERS] = {0};
	for (entry_id_t id = 0; id < slab->count; id++) {
		struct paths_one one;
		const struct path *path = view(entry_paths(slab_at(slab, id), &one), 0, &form);
		struct prefix p = slab_prefix(slab, id);
		for (unsigned n = 0; n < NUMBERS && path != NULL; n++) {
			struct prefix q = make_prefix(FAMILY_IPV4, n);
			want[n] = prefix_equal(&p, &q) ? attr_id(path->attr) : want[n];
		}
	}
	return memcmp(want, r->held, sizeof(want)) != 0;
}

static unsigned live_enhanced(struct rig *r, unsigned seed, unsigned class_idx)
{
	struct refreshed m;
	struct prng p;
	prng_init(&p, seed);
	*r = (struct rig){.class_idx = 0};
	rig_init(r, 3000);
	r->class_idx = class_idx;
	m = (struct refreshed){.rig = r};
	rig_join(r);
	export_enhance(&r->ex);
	for (unsigned step = 0; step < 1500; step++) {
		random_life(&m, &p, step);
	}
	for (unsigned i = 0; i < 40; i++) {
		r->queue.room = HELD_MAX;
		go_on(&m, 2);
		rig_acknowledge(r);
		cr_assert(export_settle(&r->ex, &r->sink));
	}
	cr_expect(m.begins > 0 && m.ends == m.begins, "seed %u: %u begun, %u ended", seed, m.begins,
		  m.ends);
	cr_expect_not(r->ex.is_asked[FAMILY_IPV4]);
	cr_expect_eq(class_idx == 0 ? wrong_of_one(r) : rig_wrong_in_the_end(r), 0, "seed %u",
		     seed);
	unsigned evictions = (unsigned)r->ex.stats.evictions;
	r->queue.borrowed_count = 0;
	rig_fini(r);
	return evictions;
}

Test(session, an_enhanced_answer_takes_nothing_that_is_still_there, .timeout = 120)
{
	static struct rig r;
	unsigned evictions = 0;
	for (unsigned seed = 1; seed <= 40; seed++) {
		evictions += live_enhanced(&r, seed, seed % 2 == 0 ? 0 : WIRE_CLASS_PATHS);
	}
	cr_expect_gt(evictions, 10);
}
