/* Sets of several parts: who is sent what of one path. */
#include <criterion/criterion.h>

#include "tests/unit/table/rig.h"

#define MEMBERS 4u /* They hear; member 9 and 8 announce. */
#define NUMBER	5
#define FROM	9u

struct scene {
	struct audience_table *audiences;
	unsigned class_idx;
	uint64_t seen; /* Runs of the log. */
	struct rig rig;
};

static void begin(struct scene *s, unsigned class_idx)
{
	rig_init_opts(&s->rig, &(struct shard_opts){.view_max = 2});
	s->audiences = audience_table_new((RIG_PEERS + 63) / 64, 5);
	s->class_idx = class_idx;
	intern_set_audiences(s->rig.intern, s->audiences);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct op o = {.kind = OP_JOIN,
			       .peer = make_peer(i),
			       .incarnation = 1,
			       .class_idx = (uint8_t)class_idx};
		rig_op(&s->rig, OP_UP, o.peer, 1);
		shard_apply(s->rig.shard, &o);
		rig_op(&s->rig, OP_JOIN_ACK, o.peer, 1);
	}
	rig_op(&s->rig, OP_UP, make_peer(FROM), 1);
	rig_op(&s->rig, OP_UP, make_peer(FROM - 1), 1);
	rig_settle(&s->rig);
	s->rig.log = shard_log(s->rig.shard, FAMILY_IPV4, class_idx);
	s->seen = rig_stats(&s->rig).end;
	runlog_set_floor(s->rig.log, 0, s->seen);
}

static void end(struct scene *s)
{
	rig_fini(&s->rig);
	audience_table_free(s->audiences);
}

/* One part more: these members (bits) are sent this variant. */
static void add_part(struct scene *s, struct attr_dress *dress, unsigned members, unsigned variant)
{
	uint64_t word[(RIG_PEERS + 63) / 64] = {0};
	for (unsigned i = 0; i < MEMBERS; i++) {
		if ((members >> i & 1) != 0) {
			bits_set(word, make_peer(i));
		}
	}
	dress->has_parts = true;
	dress->part[dress->count++] =
		(struct reach_part){.members = audience_get_any(s->audiences, word),
				    .sent = make_attr(s->rig.intern, FROM, variant, FAMILY_IPV4)};
}

/* Member 9's route, as variant 0 to us. */
static void announce(struct scene *s, const struct attr_dress *dress)
{
	struct made made;
	struct op o = {.kind = OP_ANNOUNCE, .peer = make_peer(FROM), .incarnation = 1};
	make_draft(FROM, 0, FAMILY_IPV4, &made);
	o.prefix = make_prefix(FAMILY_IPV4, NUMBER);
	o.attr = intern_get_dressed(s->rig.intern, &made.draft, &made.hop, dress, 1);
	shard_apply(s->rig.shard, &o);
	rig_turn(&s->rig);
}

/* The next run says this set (0: withdrawn) to these members. */
static void expect_run(struct scene *s, uint32_t id, unsigned members)
{
	cr_assert_lt(s->seen, rig_stats(&s->rig).end);
	const struct run *run = runlog_at(s->rig.log, s->seen++);
	cr_expect_eq(run->kind, id != 0 ? RUN_ANNOUNCE : RUN_WITHDRAW);
	cr_expect(id == 0 || attr_id(run->attr) == id, "run %u", (unsigned)s->seen);
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_expect_eq(audience_has(run->audience, make_peer(i)), (members >> i & 1) != 0,
			     "run %u, member %u", (unsigned)s->seen, i);
	}
}

static void expect_silence(const struct scene *s)
{
	cr_expect_eq(s->seen, rig_stats(&s->rig).end);
}

/* What the member's worker would send of the prefix. */
static uint32_t view_of(struct scene *s, unsigned member)
{
	struct update_form form = wire_form(FAMILY_IPV4, s->class_idx, MAKE_LOCAL_AS);
	const struct path *p = view(rig_paths(&s->rig, 0), make_peer(member), &form);
	return p != NULL ? attr_id(attr_sent_to(p->attr, make_peer(member))) : 0;
}

static void play_parts(struct scene *s)
{
	const uint32_t plain = ATTR_ID(FROM, 2), other = ATTR_ID(FROM, 3);
	struct attr_dress dress = {.count = 0};
	add_part(s, &dress, 1u << 0 | 1u << 1, 2);
	add_part(s, &dress, 1u << 2, 3);
	announce(s, &dress);
	expect_run(s, plain, 1u << 0 | 1u << 1);
	expect_run(s, other, 1u << 2);
	expect_silence(s);
	cr_expect_eq(view_of(s, 1), plain);
	cr_expect_eq(view_of(s, 2), other);
	cr_expect_eq(view_of(s, 3), 0);
	/* One moves to the other form, one is let in. */
	dress = (struct attr_dress){.count = 0};
	add_part(s, &dress, 1u << 0 | 1u << 3, 2);
	add_part(s, &dress, 1u << 2 | 1u << 1, 3);
	announce(s, &dress);
	expect_run(s, plain, 1u << 3);
	expect_run(s, other, 1u << 1);
	expect_silence(s);
	/* The same for everybody: who had it already is not told. */
	dress = (struct attr_dress){.sent = make_attr(s->rig.intern, FROM, 3, FAMILY_IPV4)};
	announce(s, &dress);
	expect_run(s, other, 1u << 0 | 1u << 3);
	expect_silence(s);
	/* Kept from all of them. */
	dress = (struct attr_dress){.has_parts = true};
	announce(s, &dress);
	expect_run(s, 0, 15);
	expect_silence(s);
}

Test(table, members_of_one_class_are_sent_one_path_in_several_forms)
{
	struct scene s;
	begin(&s, 0);
	play_parts(&s);
	end(&s);
}

Test(table, members_of_several_paths_are_sent_each_in_its_form)
{
	struct scene s;
	begin(&s, WIRE_CLASS_PATHS);
	play_parts(&s);
	end(&s);
}

Test(table, a_form_that_does_not_suit_the_class_gives_way_to_the_next_path)
{
	struct scene s;
	struct attr_dress dress = {.count = 0};
	begin(&s, 0);
	rig_announce(&s.rig, make_peer(FROM - 1), 1, NUMBER, 3); /* A longer path. */
	rig_turn(&s.rig);
	s.seen++;
	add_part(&s, &dress, 1u << 0, VARIANT_HUGE);
	add_part(&s, &dress, 1u << 1 | 1u << 2, 2);
	announce(&s, &dress);
	expect_run(&s, ATTR_ID(FROM, 2), 1u << 1 | 1u << 2);
	expect_silence(&s);
	cr_expect_eq(view_of(&s, 0), ATTR_ID(make_peer(FROM - 1), 3));
	cr_expect_eq(view_of(&s, 1), ATTR_ID(FROM, 2));
	/* Who joins is scanned for in the same way. */
	struct op o = {.kind = OP_JOIN, .peer = 1, .incarnation = 1};
	rig_op(&s.rig, OP_UP, 1, 1);
	shard_apply(s.rig.shard, &o);
	rig_settle(&s.rig);
	expect_run(&s, ATTR_ID(make_peer(FROM - 1), 3), 0);
	end(&s);
}
