/* What is said where communities keep a route from some: to each whom it concerns, and to nobody
 * else. */
#include <criterion/criterion.h>

#include "tests/unit/table/rig.h"

#define MEMBERS 4u /* 2 and 3 are of one AS, the one after member 1's. */
#define NUMBER	5

struct scene {
	struct policy *policy;
	struct judge *judge;
	uint64_t seen;	/* Runs of the log. */
	struct rig rig; /* Its size is not fixed. */
};

static void begin(struct scene *s)
{
	rig_init(&s->rig, 0);
	const struct make_rules rules = make_rules_open();
	s->policy = make_policy(&rules);
	s->judge = judge_new(&(struct judge_opts){s->rig.intern, MAKE_PEERS, 5});
	cr_assert(judge_adopt(s->judge, s->policy));
	for (unsigned i = 0; i < MEMBERS; i++) {
		rig_join(&s->rig, make_peer(i));
	}
	rig_settle(&s->rig);
	s->seen = rig_stats(&s->rig).end;
	runlog_set_floor(s->rig.log, 0, s->seen);
}

static void end(struct scene *s)
{
	rig_fini(&s->rig);
	judge_free(s->judge);
	policy_free(s->policy);
}

/* The member announces its one set with these asks. */
static void announce(struct scene *s, unsigned member, unsigned ask)
{
	struct op o = {.kind = OP_ANNOUNCE, .peer = make_peer(member), .incarnation = 1};
	o.prefix = make_prefix(FAMILY_IPV4, NUMBER);
	struct made made;
	make_draft(member, VARIANT_QUIET + VARIANT_COUNT * ask, FAMILY_IPV4, &made);
	judge_begin(s->judge, o.peer, &made.draft, &made.hop, REJECT_NONE);
	o.attr = judge_route(s->judge, &o.prefix).attr;
	judge_end(s->judge);
	shard_apply(s->rig.shard, &o);
	rig_turn(&s->rig);
}

/* The next run is of this kind, for these members (bits). */
static void expect_run(struct scene *s, enum run_kind kind, unsigned members)
{
	cr_assert_lt(s->seen, rig_stats(&s->rig).end);
	const struct run *run = runlog_at(s->rig.log, s->seen++);
	cr_expect_eq(run->kind, kind);
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_expect_eq(audience_has(run->audience, make_peer(i)), (members >> i & 1) != 0,
			     "run %u, member %u", (unsigned)s->seen, i);
	}
}

static void expect_silence(const struct scene *s)
{
	cr_expect_eq(s->seen, rig_stats(&s->rig).end);
}

Test(table, what_is_asked_anew_is_news_for_those_alone_whom_it_concerns)
{
	struct scene s;
	begin(&s);
	announce(&s, 1, ASK_DENY_NEXT);
	expect_run(&s, RUN_ANNOUNCE, 1u << 0);
	announce(&s, 1, 0);
	expect_run(&s, RUN_ANNOUNCE, 1u << 2 | 1u << 3);
	announce(&s, 1, ASK_DENY_ALL | ASK_ALLOW_NEXT);
	expect_run(&s, RUN_WITHDRAW, 1u << 0);
	announce(&s, 1, ASK_ALLOW_NEXT);
	expect_run(&s, RUN_ANNOUNCE, 1u << 0);
	announce(&s, 1, ASK_DENY_NONE);
	expect_silence(&s);
	end(&s);
}

Test(table, who_is_kept_from_the_best_path_gets_the_next_that_it_may_have)
{
	struct scene s;
	begin(&s);
	announce(&s, 0, 0);
	expect_run(&s, RUN_ANNOUNCE, 1u << 1 | 1u << 2 | 1u << 3);
	/* The same rank; the lower identifier is better.  Its announcer gets the only other. */
	announce(&s, 1, ASK_DENY_NEXT);
	expect_run(&s, RUN_ANNOUNCE, 1u << 0);
	/* The best goes: 2 and 3 have nothing else that they may have. */
	rig_withdraw(&s.rig, make_peer(0), NUMBER);
	rig_turn(&s.rig);
	expect_run(&s, RUN_WITHDRAW, 1u << 1 | 1u << 2 | 1u << 3);
	expect_silence(&s);
	announce(&s, 3, ASK_DENY_ALL);
	expect_silence(&s);
	end(&s);
}
