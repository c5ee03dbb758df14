/* UPDATEs become ops: kinds, shards, reasons, and exactly one reference for each ANNOUNCE.
 * RFC 4271 §4.3, §5.1.3, §6.3, §9.1.2; RFC 4760; RFC 7606; RFC 2545. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "dataplane/session/import.h"
#include "rib/base/prng.h"
#include "rib/wire/offence.h"
#include "rib/wire/role.h"
#include "tests/unit/wire/vector.h"

#define OPS_MAX	   65536
#define LOCAL_AS   64500
#define SHARDS	   3
#define SHARD_KEY  99
#define PEER	   7
#define WORKER	   2
#define GENERATION 11

/* Attributes in hex, RFC 4271 §4.3. */
#define ORIGIN	   "400101 00 "
#define PATH	   "400206 0201 0000fbf5 "
#define NEXT_HOP   "400304 c6120002 "
#define MED	   "800404 00000005 "
#define GOOD	   ORIGIN PATH NEXT_HOP
#define NET_A	   "18cb0071 " /* 203.0.113.0/24 */
#define NET_B	   "18c63364 " /* 198.51.100.0/24 */
#define NET_C	   "18c00002 " /* 192.0.2.0/24 */
#define V6_HOP	   "20010db8000000000000000000000002 "
#define V6_NET	   "30 20010db80001 "
#define REACH_V6   "800e1c 000201 10 " V6_HOP "00 " V6_NET
#define UNREACH_V6 "800f0a 000201 " V6_NET

struct bench {
	struct intern *intern;
	struct judge *judge;
	struct import_env env;
	struct import_stats stats;
	struct update_opts opts;
	struct addr local[2];
	struct op ops[OPS_MAX];
	core_id_t shard[OPS_MAX];
	unsigned count;
	unsigned runs;		     /* In which they came. */
	unsigned ends[FAMILY_COUNT]; /* End-of-RIBs heard. */
	unsigned faulty;	     /* UPDATEs told as such. */
	struct attr_result fault;    /* Of the last. */
	size_t fault_len;
	struct notify why;
};

static void push(void *context, core_id_t shard, const struct op *op, const struct op_run *run)
{
	struct bench *b = context;
	cr_assert(run->count > 0);
	b->runs++;
	for (uint32_t i = 0; i < run->count; i++) {
		cr_assert(b->count < OPS_MAX);
		b->shard[b->count] = shard;
		b->ops[b->count++] = op_at(op, run, i);
	}
}

static struct addr address(const char *text)
{
	struct addr a;
	cr_assert(addr_parse(text, &a) == 0);
	return a;
}

static struct bench *bench_new(size_t sets_max)
{
	struct bench *b = calloc(1, sizeof(*b));
	cr_assert(b != NULL);
	b->intern = intern_new(WORKER, 5, sets_max);
	cr_assert(b->intern != NULL);
	b->judge = judge_new(&(struct judge_opts){.intern = b->intern, .peer_count = 16});
	cr_assert(b->judge != NULL);
	b->local[0] = address("198.18.0.1");
	b->local[1] = address("2001:db8::1");
	b->env = (struct import_env){
		.judge = b->judge,
		.core = WORKER,
		.shard_count = SHARDS,
		.key = SHARD_KEY,
		.local_as = LOCAL_AS,
		.local_addr = b->local,
		.local_addr_count = 2,
	};
	b->opts = (struct update_opts){.accepts_as_set = true,
				       .is_as4 = true,
				       .families = {true, true},
				       .local_as = LOCAL_AS};
	return b;
}

static void bench_free(struct bench *b)
{
	intern_free(b->intern);
	judge_free(b->judge);
	free(b);
}

static unsigned announce_count(const struct bench *b)
{
	unsigned n = 0;
	for (unsigned i = 0; i < b->count; i++) {
		n += b->ops[i].kind == OP_ANNOUNCE;
	}
	return n;
}

/* What holds after any UPDATE: who sent it, where it goes, one reference for each ANNOUNCE. */
static void check_ops(const struct bench *b)
{
	cr_expect(intern_refs(b->intern) == announce_count(b));
	cr_expect(b->stats.announced == announce_count(b));
	cr_expect(b->stats.withdrawn == b->count - announce_count(b));
	for (unsigned i = 0; i < b->count; i++) {
		const struct op *op = &b->ops[i];
		cr_expect(op->kind == OP_ANNOUNCE || op->kind == OP_WITHDRAW);
		cr_expect(op->peer == PEER && op->from == WORKER && op->incarnation == GENERATION);
		cr_expect(op->family == op->prefix.family);
		cr_expect((op->kind == OP_ANNOUNCE) == (op->attr != NULL));
		cr_expect(b->shard[i] == prefix_shard(&op->prefix, SHARDS, SHARD_KEY));
	}
}

static void hear_end(void *context, enum family family)
{
	struct bench *b = context;
	b->ends[family]++;
}

static void hear_fault(void *context, struct span body, const struct attr_result *result)
{
	struct bench *b = context;
	b->faulty++;
	b->fault = *result;
	b->fault_len = body.len;
}

/* One slice of at most `room` ops; true when it was the last. */
static bool run_slice(struct bench *b, struct import_task *task, size_t room, enum verdict *out)
{
	struct import_sink sink = {
		.push = push, .end_of_rib = hear_end, .fault = hear_fault, .context = b};
	unsigned before = b->count;
	task->room = room;
	*out = import_update(&b->env, &b->opts, task, &sink, &b->stats, &b->why);
	cr_expect(b->count - before <= room);
	cr_expect(task->is_whole || b->count - before == room);
	check_ops(b);
	return task->is_whole;
}

static enum verdict run_bytes(struct bench *b, struct span body)
{
	struct import_task task = {.peer = PEER, .incarnation = GENERATION, .body = body};
	enum verdict v;
	cr_expect(run_slice(b, &task, SIZE_MAX, &v));
	return v;
}

static enum verdict run(struct bench *b, const char *withdrawn, const char *attrs, const char *nlri)
{
	static struct guard g;
	uint8_t body[4096];
	if (g.map == NULL) {
		guard_init(&g);
	}
	size_t len = hex_update(withdrawn, attrs, nlri, body);
	return run_bytes(b, guard_put(&g, body, len));
}

/* "announce 203.0.113.0/24 0, withdraw ..." */
static void expect_ops(const struct bench *b, const char *expected)
{
	char text[1024] = "";
	size_t at = 0;
	for (unsigned i = 0; i < b->count; i++) {
		char prefix[PREFIX_TEXT_MAX];
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %s", i == 0 ? "" : ", ",
				       b->ops[i].kind == OP_ANNOUNCE ? "+" : "-",
				       prefix_format(&b->ops[i].prefix, prefix));
		if (b->ops[i].reason != REJECT_NONE) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, " !%u",
					       b->ops[i].reason);
		}
	}
	cr_expect_str_eq(text, expected, "%s, not %s", text, expected);
}

Test(import, a_mixed_update_becomes_ops_in_order)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, NET_C, GOOD MED REACH_V6 UNREACH_V6, NET_A NET_B) == VERDICT_OK);
	expect_ops(b, "- 192.0.2.0/24, - 2001:db8:1::/48, + 203.0.113.0/24, + 198.51.100.0/24, "
		      "+ 2001:db8:1::/48");
	cr_expect(b->ops[2].attr == b->ops[3].attr); /* Interned once. */
	cr_expect(b->ops[4].attr != b->ops[2].attr); /* Another next hop. */
	cr_expect(b->ops[2].attr->facts.med == 5 && b->ops[2].attr->owner == WORKER);
	cr_expect(b->ops[2].attr->next_hop_len == 4 && b->ops[4].attr->next_hop_len == 16);
	cr_expect(intern_count(b->intern) == 2 && b->stats.updates == 1);
	bench_free(b);
}

/* RFC 4271 §4.3: withdrawn and announced at once is announced. */
Test(import, a_prefix_in_both_fields_ends_up_announced)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, NET_A, GOOD, NET_A) == VERDICT_OK);
	expect_ops(b, "- 203.0.113.0/24, + 203.0.113.0/24");
	bench_free(b);
}

/* RFC 7606 §5.1: IPv4 prefixes in the message's own field and in an MP attribute. */
Test(import, both_places_of_ipv4_are_heard)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, "", "800e0d 0001 01 04 c6120009 00 " NET_B GOOD, NET_A) == VERDICT_OK);
	expect_ops(b, "+ 203.0.113.0/24, + 198.51.100.0/24");
	cr_expect(attr_next_hop(b->ops[0].attr).bytes[3] == 2);
	cr_expect(attr_next_hop(b->ops[1].attr).bytes[3] == 9);
	bench_free(b);
}

Test(import, a_prefix_twice_takes_two_references)
{
	struct bench *b = bench_new(16);
	run(b, "", GOOD, NET_A NET_A NET_A);
	cr_expect(intern_refs(b->intern) == 3 && intern_count(b->intern) == 1);
	run(b, "", GOOD, NET_B);
	cr_expect(intern_refs(b->intern) == 4 && intern_count(b->intern) == 1);
	for (unsigned i = 0; i < b->count; i++) {
		intern_adjust(b->intern, b->ops[i].attr, -1);
	}
	cr_expect(intern_refs(b->intern) == 0 && intern_count(b->intern) == 0);
	bench_free(b);
}

/* RFC 4724 §2. */
/* RFC 4724 §2. */
Test(import, what_one_shard_is_told_in_a_row_is_one_op)
{
	struct bench *b = bench_new(16);
	/* All prefixes of an IPv4 /16 are in one shard. */
	run(b, NET_A "18cb0070 ", GOOD, "18cb0072 18cb0073 18cb0074 " NET_B);
	cr_expect_eq(b->count, 6);
	cr_expect_eq(b->runs, b->shard[2] == b->shard[5] ? 2 : 3);
	bench_free(b);
}

Test(import, runs_end_where_the_shard_changes)
{
	struct bench *b = bench_new(16);
	run(b, "", GOOD, NET_A NET_B NET_C NET_A NET_C NET_B);
	unsigned changes = 1;
	for (unsigned i = 1; i < b->count; i++) {
		changes += b->shard[i] != b->shard[i - 1];
	}
	cr_assert(changes > 1, "they are all in one shard");
	cr_expect_eq(b->runs, changes);
	expect_ops(b, "+ 203.0.113.0/24, + 198.51.100.0/24, + 192.0.2.0/24, + 203.0.113.0/24, "
		      "+ 192.0.2.0/24, + 198.51.100.0/24");
	bench_free(b);
}

Test(import, end_of_rib_is_told_and_pushes_nothing)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, "", "", "") == VERDICT_OK);
	cr_expect(b->ends[FAMILY_IPV4] == 1 && b->ends[FAMILY_IPV6] == 0);
	cr_expect(run(b, "", "800f03 000201", "") == VERDICT_OK);
	cr_expect(b->ends[FAMILY_IPV4] == 1 && b->ends[FAMILY_IPV6] == 1);
	cr_expect(b->stats.end_of_ribs == 2);
	cr_expect(b->count == 0 && b->stats.updates == 2 && intern_count(b->intern) == 0);
	bench_free(b);
}

/* RFC 7606 §2, §7: all prefixes of the message go, nothing is interned. */
Test(import, treat_as_withdraw_withdraws_what_it_announces)
{
	static const char *const faults[] = {
		"400101 07 " PATH NEXT_HOP REACH_V6,		/* ORIGIN 7 */
		ORIGIN "400205 0201 0000fb " NEXT_HOP REACH_V6, /* AS_PATH cut */
		ORIGIN NEXT_HOP REACH_V6,			/* AS_PATH missing */
		GOOD "c00803 fbf400 " REACH_V6,			/* COMMUNITIES of 3 octets */
	};
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		struct bench *b = bench_new(16);
		enum verdict v = run(b, NET_C, faults[i], NET_A NET_B);
		cr_expect(v == VERDICT_TREAT_AS_WITHDRAW, "fault %zu: %d", i, (int)v);
		expect_ops(b, "- 192.0.2.0/24, - 203.0.113.0/24, - 198.51.100.0/24, - "
			      "2001:db8:1::/48");
		cr_expect(b->stats.treat_as_withdraw == 1 && b->stats.last_fault != NULL);
		cr_expect(intern_count(b->intern) == 0);
		bench_free(b);
	}
}

/* RFC 7606 §6: every fault is counted under its name, whatever becomes of the message. */
Test(import, faults_are_counted_and_told)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, "", GOOD, NET_A) == VERDICT_OK);
	cr_expect(b->faulty == 0, "nothing to tell");
	cr_expect(run(b, "", GOOD "400601 00", NET_A) == VERDICT_ATTR_DISCARD);
	cr_expect(b->faulty == 1 && b->stats.faults[FAULT_LENGTH] == 1);
	cr_expect(run(b, "", "400101 07 " PATH NEXT_HOP "400601 00", NET_A) ==
		  VERDICT_TREAT_AS_WITHDRAW);
	cr_expect(b->stats.faults[FAULT_LENGTH] == 2 && b->stats.faults[FAULT_ORIGIN_VALUE] == 1);
	cr_expect(b->faulty == 2 && b->fault.verdict == VERDICT_TREAT_AS_WITHDRAW);
	cr_expect(b->fault.type == ATTR_ORIGIN && b->fault_len > 20);
	cr_expect(run(b, "18cb00", GOOD, NET_A) == VERDICT_SESSION_RESET);
	cr_expect(b->faulty == 3 && b->stats.faults[FAULT_WITHDRAWN_PREFIX] == 1);
	cr_expect(b->stats.session_reset == 1 && b->stats.treat_as_withdraw == 1);
	cr_expect(b->stats.attr_discard == 1 && b->stats.faults_untold == 0);
	bench_free(b);
}

/* Nine repeated attributes: more faults than a message can tell apart. */
Test(import, faults_beyond_those_told_apart_are_counted_too)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, "",
		      GOOD "400101 00 400101 00 400101 00 400101 00 400101 00 "
			   "400101 00 400101 00 400101 00 400101 00",
		      NET_A) == VERDICT_ATTR_DISCARD);
	cr_expect_eq(b->stats.faults[FAULT_DUPLICATE], FAULT_NOTES_MAX);
	cr_expect_eq(b->stats.faults_untold, 9 - FAULT_NOTES_MAX);
	bench_free(b);
}

/* RFC 7606 §7.6: the attribute goes, the route stays. */
Test(import, attribute_discard_announces_without_it)
{
	struct bench *b = bench_new(16);
	cr_expect(run(b, "", GOOD "400601 00", NET_A) == VERDICT_ATTR_DISCARD);
	expect_ops(b, "+ 203.0.113.0/24");
	cr_expect(attr_find(b->ops[0].attr, ATTR_ATOMIC_AGGREGATE).data == NULL);
	cr_expect(b->stats.attr_discard == 1 && b->stats.last_fault != NULL);
	bench_free(b);
}

/* RFC 7606 §3 b, §5.3. */
Test(import, session_reset_pushes_nothing_and_says_why)
{
	static const char *const cases[][3] = {
		{"", GOOD, "21cb007100"},		     /* 33 bits. */
		{"18cb00", GOOD, NET_A},		     /* Withdrawn cut off. */
		{NET_A, GOOD GOOD REACH_V6 REACH_V6, NET_B}, /* MP_REACH twice. */
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct bench *b = bench_new(16);
		cr_expect(run(b, cases[i][0], cases[i][1], cases[i][2]) == VERDICT_SESSION_RESET,
			  "case %zu", i);
		cr_expect(b->count == 0 && b->why.code == NOTIFY_UPDATE && b->why.subcode != 0);
		cr_expect(intern_count(b->intern) == 0 && b->stats.last_fault != NULL);
		bench_free(b);
	}
}

/* RFC 4271 §9.1.2: kept with its reason, outside the ranking. */
Test(import, our_own_as_in_the_path_is_a_loop)
{
	static const struct {
		const char *path;
		bool is_loop;
	} cases[] = {
		{"400206 0201 0000fbf4 ", true},
		{"40020a 0202 0000fbf5 0000fbf4 ", true},
		{"40020c 0201 0000fbf5 0101 0000fbf4 ", true}, /* In an AS_SET. */
		{"40020a 0202 0000fbf5 0000fbf6 ", false},
		{"400200 ", false},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct bench *b = bench_new(16);
		char attrs[256];
		snprintf(attrs, sizeof(attrs), "%s%s%s", ORIGIN, cases[i].path, NEXT_HOP);
		cr_expect(run(b, "", attrs, NET_A) == VERDICT_OK, "case %zu", i);
		cr_assert(b->count == 1 && b->ops[0].kind == OP_ANNOUNCE);
		cr_expect(b->ops[0].reason == (cases[i].is_loop ? REJECT_AS_LOOP : REJECT_NONE),
			  "case %zu", i);
		bench_free(b);
	}
}

#define OTC_OWN	  "c02304 0000fbf5 " /* With the AS of the member, 64501. */
#define OTC_OTHER "c02304 0000fbf6 "

/* RFC 9234 §5, ingress 1 to 3: by what we are to the member, what it sends is kept as a leak, is
 * marked with its AS, or is left as it is.  Each way of one UPDATE with both families. */
Test(import, otc_tells_leaks_and_marks_by_role)
{
	enum { NO_ROLE = ROLE_PEER + 1 };
	static const struct {
		uint8_t ours;
		const char *sent;
		enum reject reason;
		asn_t kept;
	} cases[] = {
		{ROLE_PROVIDER, "", REJECT_NONE, 0},
		{ROLE_PROVIDER, OTC_OWN, REJECT_LEAK, 64501},
		{ROLE_PROVIDER, OTC_OTHER, REJECT_LEAK, 64502},
		{ROLE_RS, "", REJECT_NONE, 0},
		{ROLE_RS, OTC_OWN, REJECT_LEAK, 64501},
		{ROLE_RS, OTC_OTHER, REJECT_LEAK, 64502},
		{ROLE_RS_CLIENT, "", REJECT_NONE, 64501},
		{ROLE_RS_CLIENT, OTC_OWN, REJECT_NONE, 64501},
		{ROLE_RS_CLIENT, OTC_OTHER, REJECT_NONE, 64502},
		{ROLE_CUSTOMER, "", REJECT_NONE, 64501},
		{ROLE_CUSTOMER, OTC_OTHER, REJECT_NONE, 64502},
		{ROLE_PEER, "", REJECT_NONE, 64501},
		{ROLE_PEER, OTC_OWN, REJECT_NONE, 64501},
		{ROLE_PEER, OTC_OTHER, REJECT_LEAK, 64502},
		{NO_ROLE, "", REJECT_NONE, 0},
		{NO_ROLE, OTC_OTHER, REJECT_NONE, 64502},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct bench *b = bench_new(16);
		char attrs[256];
		b->opts.has_role = cases[i].ours != NO_ROLE;
		b->opts.role = (uint8_t)(b->opts.has_role ? cases[i].ours : 0);
		b->opts.peer_as = 64501;
		snprintf(attrs, sizeof(attrs), "%s%s%s%s", GOOD, REACH_V6, cases[i].sent,
			 "c02a02 0102 ");
		cr_expect(run(b, "", attrs, NET_A) == VERDICT_OK, "case %zu", i);
		cr_assert(b->count == 2, "case %zu", i);
		for (unsigned op = 0; op < 2; op++) {
			const struct attr *a = b->ops[op].attr;
			cr_assert(b->ops[op].kind == OP_ANNOUNCE);
			cr_expect(b->ops[op].reason == cases[i].reason, "case %zu", i);
			cr_expect(a->facts.otc == cases[i].kept, "case %zu", i);
			cr_expect((attr_find(a, ATTR_OTC).len == 4) == (cases[i].kept != 0));
		}
		bench_free(b);
	}
}

/* RFC 9234 §5: malformed is treat-as-withdraw, whatever the roles. */
Test(import, malformed_otc_withdraws)
{
	for (unsigned role = 0; role <= ROLE_PEER; role++) {
		struct bench *b = bench_new(16);
		b->opts.has_role = true;
		b->opts.role = (uint8_t)role;
		b->opts.peer_as = 64501;
		cr_expect(run(b, "", GOOD "c02303 00fbf5 ", NET_A) == VERDICT_TREAT_AS_WITHDRAW);
		cr_expect(b->count == 1 && b->ops[0].kind == OP_WITHDRAW);
		bench_free(b);
	}
}

struct hop_case {
	const char *hop; /* Hex. */
	bool is_usable;
};

/* RFC 4271 §5.1.3, §6.3. */
Test(import, ipv4_next_hops_that_cannot_be_one_are_refused)
{
	static const struct hop_case cases[] = {
		{"c6120002", true},  {"01000001", true},  {"dfffffff", true},
		{"00000000", false}, {"00000001", false}, /* "This network". */
		{"7f000001", false}, {"7fffffff", false}, /* Loopback. */
		{"e0000001", false}, {"efffffff", false}, /* Multicast. */
		{"f0000001", false}, {"ffffffff", false}, /* Class E. */
		{"c6120001", false},			  /* Ours. */
	};
	for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
		struct bench *b = bench_new(16);
		char attrs[256];
		const struct hop_case *c = &cases[i / 2];
		bool is_mp = i % 2 == 1; /* RFC 4760 §3: IPv4 may come in MP_REACH_NLRI too. */
		snprintf(attrs, sizeof(attrs), is_mp ? "%s%s800e0d00010104%s00%s" : "%s%s400304%s",
			 ORIGIN, PATH, c->hop, NET_A);
		enum verdict v = run(b, "", attrs, is_mp ? "" : NET_A);
		cr_assert(b->count == 1);
		/* The decoder refuses most of them by itself; then there is no route either way. */
		bool is_taken = v == VERDICT_OK && b->ops[0].reason == REJECT_NONE;
		cr_expect(is_taken == c->is_usable, "%s", c->hop);
		cr_expect(v != VERDICT_OK || is_taken ||
			  b->ops[0].reason == REJECT_NEXT_HOP_UNUSABLE);
		bench_free(b);
	}
}

/* RFC 2545 §3: the first of two addresses is the global one. */
Test(import, ipv6_next_hops_need_a_global_address_first)
{
#define LL "fe800000000000000000000000000002"
	static const struct hop_case cases[] = {
		{"20010db8000000000000000000000002", true},
		{"20010db8000000000000000000000002" LL, true},
		{LL, false},
		{LL LL, false},
		{"00000000000000000000000000000000", false},
		{"00000000000000000000000000000000" LL, false},
		{"00000000000000000000000000000001", false}, /* Loopback. */
		{"ff020000000000000000000000000001", false}, /* Multicast. */
		{"20010db8000000000000000000000001", false}, /* Ours. */
	};
#undef LL
	for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
		struct bench *b = bench_new(16);
		char attrs[512];
		const struct hop_case *c = &cases[i / 2];
		bool is_ipv4 = i % 2 == 1; /* RFC 8950 §3: so may IPv4 prefixes have. */
		size_t len = strlen(c->hop) / 2;
		b->opts.has_next_hop6 = is_ipv4;
		snprintf(attrs, sizeof(attrs), "%s%s800e%02zx000%u01%02zx%s00%s", ORIGIN, PATH,
			 len + (is_ipv4 ? 9 : 12), is_ipv4 ? 1 : 2, len, c->hop,
			 is_ipv4 ? NET_A : V6_NET);
		enum verdict v = run(b, "", attrs, "");
		cr_assert(b->count == 1, "%s", c->hop);
		bool is_taken = v == VERDICT_OK && b->ops[0].reason == REJECT_NONE;
		cr_expect(is_taken == c->is_usable, "%s", c->hop);
		cr_expect(v != VERDICT_OK || is_taken ||
			  b->ops[0].reason == REJECT_NEXT_HOP_UNUSABLE);
		bench_free(b);
	}
}

/* A full table refuses the new set; what the member said before is withdrawn. */
Test(import, a_full_table_withdraws_and_counts)
{
	struct bench *b = bench_new(1);
	run(b, "", GOOD, NET_A);
	run(b, "", GOOD MED, NET_B NET_C);
	expect_ops(b, "+ 203.0.113.0/24, - 198.51.100.0/24, - 192.0.2.0/24");
	cr_expect(b->stats.refused_memory == 2 && b->stats.last_fault != NULL);
	run(b, "", GOOD, NET_C); /* A set that is known still goes in. */
	cr_expect(b->ops[3].kind == OP_ANNOUNCE && b->stats.refused_memory == 2);
	bench_free(b);
}

Test(import, a_family_that_was_not_negotiated_is_passed_over)
{
	struct bench *b = bench_new(16);
	b->opts.families[FAMILY_IPV6] = false;
	cr_expect(run(b, "", GOOD REACH_V6 UNREACH_V6, NET_A) == VERDICT_OK);
	expect_ops(b, "+ 203.0.113.0/24");
	b->count = 0;
	b->stats = (struct import_stats){0};
	intern_adjust(b->intern, b->ops[0].attr, -1);
	b->opts.families[FAMILY_IPV4] = false;
	b->opts.families[FAMILY_IPV6] = true;
	run(b, NET_B, GOOD REACH_V6, NET_A);
	expect_ops(b, "+ 2001:db8:1::/48");
	bench_free(b);
}

/* RFC 6793: the old form of a path becomes the same set. */
/* RFC 7911 §3: each family by itself; an id may be anything, 0 too. */
Test(import, path_ids_travel_with_their_prefixes)
{
	struct bench *b = bench_new(16);
	b->opts.has_path_ids[FAMILY_IPV4] = true;
	run(b, "ffffffff" NET_B, GOOD REACH_V6, "00000000" NET_A "00000007" NET_A);
	expect_ops(b, "- 198.51.100.0/24, + 203.0.113.0/24, + 203.0.113.0/24, + 2001:db8:1::/48");
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t ids[] = {UINT32_MAX, 0, 7};
		cr_expect(b->ops[i].has_path_id && b->ops[i].path_id == ids[i]);
	}
	cr_expect_not(b->ops[3].has_path_id);
	bench_free(b);
}

/* RFC 8326 §4.1: where the operator honours it, a route that is about to go is the last choice; the
 * community itself stays for the others to see. */
Test(import, graceful_shutdown_lowers_local_pref_where_it_is_honoured)
{
	struct bench *b = bench_new(16);
	run(b, "", GOOD "c00808 ffff0000 fbf40001 ", NET_A);
	b->opts.has_graceful_shutdown = true;
	b->opts.graceful_shutdown_pref = 7;
	run(b, "", GOOD "c00808 ffff0000 fbf40001 ", NET_A);
	run(b, "", GOOD, NET_A);
	cr_assert(b->count == 3);
	cr_expect_eq(b->ops[0].attr->facts.local_pref, 100);
	cr_expect_eq(b->ops[1].attr->facts.local_pref, 7);
	cr_expect_eq(b->ops[2].attr->facts.local_pref, 100);
	cr_expect_eq(attr_find(b->ops[1].attr, ATTR_COMMUNITIES).len, 8);
	cr_expect_null(attr_find(b->ops[1].attr, ATTR_LOCAL_PREF).data);
	bench_free(b);
}

Test(import, two_octet_paths_are_the_same_set)
{
	struct bench *b = bench_new(16);
	run(b, "", GOOD, NET_A);
	b->opts.is_as4 = false;
	run(b, "", ORIGIN "400204 0201 fbf5 " NEXT_HOP, NET_B);
	cr_expect(b->count == 2 && b->ops[0].attr == b->ops[1].attr);
	bench_free(b);
}

/* The longest message: as many ops as fit, each with its reference and its shard. */
Test(import, a_full_message_of_short_prefixes_keeps_count)
{
	struct bench *b = bench_new(16);
	uint8_t body[4096 - BGP_HEADER_LEN];
	size_t len = hex_update("", GOOD, "", body);
	unsigned nets = 0;
	bool has_shard[SHARDS] = {false};
	while (len + 3 <= sizeof(body)) {
		body[len++] = 16;
		body[len++] = (uint8_t)(1 + nets % 200);
		body[len++] = (uint8_t)(nets / 200);
		nets++;
	}
	cr_expect(run_bytes(b, span_of(body, len)) == VERDICT_OK);
	cr_expect(b->count == nets && intern_refs(b->intern) == nets);
	for (unsigned i = 0; i < b->count; i++) {
		has_shard[b->shard[i]] = true;
	}
	cr_expect(has_shard[0] && has_shard[1] && has_shard[2]);
	bench_free(b);
}

/* Octets of a body of prefixes with one octet each, RFC 8654's longest. */
static size_t longest_body(const char *attrs, uint8_t *body)
{
	size_t len = hex_update("", attrs, "", body);
	memset(body + len, 0, UINT16_MAX - BGP_HEADER_LEN - len);
	return UINT16_MAX - BGP_HEADER_LEN;
}

/* RFC 8654 §4: a message of 65,535 octets is taken, and 65,000 ops need room for a few only. */
Test(import, the_longest_message_goes_in_slices)
{
	static uint8_t body[UINT16_MAX];
	struct bench *b = bench_new(16);
	size_t len = longest_body(GOOD, body);
	struct import_task task = {
		.peer = PEER, .incarnation = GENERATION, .body = span_of(body, len)};
	enum verdict v;
	unsigned slices = 1;
	while (!run_slice(b, &task, 8192, &v)) {
		cr_assert(v == VERDICT_OK);
		slices++;
	}
	cr_expect(slices == 8);
	cr_expect(b->count == len - hex_update("", GOOD, "", body));
	cr_expect(b->count > 65400 && intern_count(b->intern) == 1);
	cr_expect(b->stats.updates == 1);
	bench_free(b);
}

/* An attribute of 60,000 octets: the message is taken, the route is not kept, the session stays. */
Test(import, attributes_beyond_the_bound_are_treated_as_withdrawn)
{
	static uint8_t body[UINT16_MAX];
	struct bench *b = bench_new(16);
	size_t len = hex_update("", GOOD "d063ea60 ", "", body);
	memset(body + len, 0x55, 60000);
	size_t attrs_len = len - 4 + 60000;
	body[2] = (uint8_t)(attrs_len >> 8);
	body[3] = (uint8_t)attrs_len;
	len += 60000;
	memcpy(body + len, "\x18\xcb\x00\x71", 4);
	cr_expect(run_bytes(b, span_of(body, len + 4)) == VERDICT_TREAT_AS_WITHDRAW);
	expect_ops(b, "- 203.0.113.0/24");
	cr_expect(b->stats.faults[FAULT_TOO_LARGE] == 1 && b->faulty == 1);
	struct offence kept;
	offence_keep(&kept, span_of(body, len + 4), &b->fault);
	static char text[OFFENCE_TEXT_MAX];
	cr_expect(strlen(offence_hex(&kept, text, sizeof(text))) ==
		  2 * (OFFENCE_KEPT_MAX + BGP_HEADER_LEN));
	bench_free(b);
}

/* Slices of any sizes push what one call pushes, in that order, and tell and count it once. */
Test(import, slices_do_what_the_whole_does)
{
	static const char *const bad[] = {"", "400504 000000", "c00801 00 ",
					  "800404 00000005 800404 00000005 ", "c02300 "};
	struct prng p;
	struct bench *whole = bench_new(16), *b = bench_new(16);
	prng_init(&p, 20261126);
	for (unsigned round = 0; round < 500; round++) {
		char attrs[512];
		uint8_t body[512];
		snprintf(attrs, sizeof(attrs), "%s%s%s", GOOD, REACH_V6 UNREACH_V6,
			 bad[prng_below(&p, ARRAY_COUNT(bad))]);
		b->opts.has_role = whole->opts.has_role = prng_chance(&p, 1, 2);
		b->opts.role = whole->opts.role = ROLE_RS_CLIENT;
		b->opts.peer_as = whole->opts.peer_as = 64501;
		size_t len = hex_update(NET_C NET_A, attrs, NET_A NET_B NET_C, body);
		enum verdict want = run_bytes(whole, span_of(body, len)), v;
		struct import_task task = {
			.peer = PEER, .incarnation = GENERATION, .body = span_of(body, len)};
		while (!run_slice(b, &task, 1 + (size_t)prng_below(&p, 3), &v)) {
			cr_assert(v == want);
		}
		cr_assert(v == want);
	}
	cr_assert(b->count == whole->count && b->count > 0);
	for (unsigned i = 0; i < b->count; i++) {
		const struct op *x = &b->ops[i], *y = &whole->ops[i];
		cr_assert(x->kind == y->kind && x->reason == y->reason);
		cr_assert(prefix_equal(&x->prefix, &y->prefix));
		cr_assert(b->shard[i] == whole->shard[i]);
	}
	cr_expect(b->faulty == whole->faulty && b->faulty > 0);
	cr_expect(b->stats.updates == 500 &&
		  b->stats.treat_as_withdraw == whole->stats.treat_as_withdraw &&
		  b->stats.attr_discard == whole->stats.attr_discard);
	cr_expect(memcmp(b->stats.faults, whole->stats.faults, sizeof(b->stats.faults)) == 0);
	bench_free(whole);
	bench_free(b);
}

/* Bodies with a few octets changed: whatever the verdict, references and ops stay in step. */
Test(import, noise_never_loses_a_reference)
{
	struct bench *b = bench_new(16);
	struct guard g;
	struct prng p;
	unsigned verdicts[VERDICT_SESSION_RESET + 1] = {0};
	guard_init(&g);
	prng_init(&p, 20261124);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t body[512];
		size_t len = hex_update(NET_C, GOOD MED REACH_V6 UNREACH_V6, NET_A NET_B, body);
		for (unsigned n = 1 + (unsigned)prng_below(&p, 3); n > 0; n--) {
			body[prng_below(&p, len)] = (uint8_t)prng_u64(&p);
		}
		b->count = 0;
		b->stats = (struct import_stats){0};
		enum verdict v = run_bytes(b, guard_put(&g, body, len));
		verdicts[v]++;
		cr_assert(v != VERDICT_SESSION_RESET || b->count == 0);
		for (unsigned i = 0; i < b->count; i++) {
			if (b->ops[i].kind == OP_ANNOUNCE) {
				intern_adjust(b->intern, b->ops[i].attr, -1);
			}
		}
		cr_assert(intern_count(b->intern) == 0);
	}
	cr_expect(verdicts[VERDICT_OK] > 0 && verdicts[VERDICT_TREAT_AS_WITHDRAW] > 0 &&
		  verdicts[VERDICT_SESSION_RESET] > 0);
	guard_fini(&g);
	bench_free(b);
}
