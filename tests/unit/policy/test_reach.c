/* Reach: every combination of requests against the rules tried one by one; what is scrubbed; and
 * that nothing is left.  RFC 1997, RFC 4360, RFC 5668, RFC 8092. */
#include "rib/policy/reach.h"

#include <criterion/criterion.h>

#include "tests/unit/attr/build.h"

#define MEMBERS 5
#define RS	4200000000u

/* The third and the fourth are one AS's; the last one's number takes 32 bits. */
static const asn_t asn[MEMBERS] = {65001, 65002, 65003, 65003, 4200000001u};

static struct reach_conf conf_of_wizard(void)
{
	/* As arouteserver's `configure` writes them, but that no std has our 32-bit AS number. */
	static const uint32_t lrg[REACH_RULE_COUNT][3] = {{RS, 0, 0}, {RS, 1, 0}, {RS, 0, 0}};
	struct reach_conf c = {0};
	for (unsigned r = 0; r < REACH_RULE_COUNT; r++) {
		bool has_peer = r != REACH_DENY_ALL;
		struct community_pattern p = {.is_set = true, .has_peer_as = has_peer};
		memcpy(p.field, lrg[r], sizeof(p.field));
		c.pattern[r][COMMUNITY_LRG] = p;
		p.field[0] = r == REACH_ALLOW_PEER ? 64500 : 0;
		p.field[1] = 0;
		p.field[2] = 0;
		c.pattern[r][COMMUNITY_STD] = p;
		p.is_origin = r == REACH_ALLOW_PEER;
		c.pattern[r][COMMUNITY_EXT] = p;
	}
	return c;
}

struct bench {
	struct reach_conf conf;
	struct reach_rules *rules;
	struct intern *intern;
	struct reach_table *reach;
};

static struct bench bench_new(size_t sets_max)
{
	struct bench b = {.conf = conf_of_wizard()};
	b.rules = reach_rules_new(&b.conf, asn, MEMBERS);
	b.intern = intern_new(0, 9, sets_max);
	b.reach = reach_new(b.rules, b.intern, 11);
	return b;
}

static void bench_free(struct bench *b)
{
	cr_expect_eq(intern_count(b->intern), 0);
	cr_expect_eq(reach_count(b->reach), 0);
	intern_free(b->intern);
	reach_free(b->reach);
	reach_rules_free(b->rules);
}

/* The communities of a set in their three forms, as it is put together. */
struct said {
	uint8_t bytes[COMMUNITY_FORM_COUNT][512];
	struct wr w[COMMUNITY_FORM_COUNT];
};

static void said_begin(struct said *s)
{
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		s->w[f] = wr_of(s->bytes[f], sizeof(s->bytes[f]));
	}
}

static void say(struct said *s, enum community_form form, enum reach_rule rule, asn_t who)
{
	struct wr *w = &s->w[form];
	if (form == COMMUNITY_STD) {
		wr_u16(w, rule == REACH_ALLOW_PEER ? 64500 : 0);
		wr_u16(w, (uint16_t)who);
	} else if (form == COMMUNITY_EXT) {
		wr_u16(w, rule == REACH_ALLOW_PEER ? 0x0003 : 0x0002);
		wr_u16(w, rule == REACH_ALLOW_PEER ? 64500 : 0);
		wr_u32(w, who);
	} else {
		wr_u32(w, RS);
		wr_u32(w, rule == REACH_ALLOW_PEER);
		wr_u32(w, who);
	}
}

static const struct attr *intern_said(struct bench *b, const struct said *s, uint32_t med)
{
	static const uint8_t type[] = {ATTR_COMMUNITIES, ATTR_EXT_COMMUNITIES,
				       ATTR_LARGE_COMMUNITIES};
	const struct next_hop hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	struct draft_text d;
	draft_begin(&d);
	draft_u8(&d, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, ORIGIN_IGP);
	draft_u32(&d, ATTR_FLAG_OPTIONAL, ATTR_MED, med);
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		if (wr_len(&s->w[f]) > 0) {
			draft_put(&d, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, type[f],
				  s->bytes[f], wr_len(&s->w[f]));
		}
	}
	return reach_intern(b->reach, draft_end(&d), &hop, 1);
}

/* Bit i of `denied`, `allowed`: member i is named (and so is who shares its AS). */
static bool may_hear(unsigned denied, unsigned allowed, bool is_denied_all, unsigned member)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		if ((denied >> i & 1) != 0 && asn[i] == asn[member]) {
			return false;
		}
	}
	for (unsigned i = 0; i < MEMBERS; i++) {
		if ((allowed >> i & 1) != 0 && asn[i] == asn[member]) {
			return true;
		}
	}
	return !is_denied_all;
}

static void expect_reach(struct bench *b, const struct attr *a, unsigned denied, unsigned allowed,
			 bool is_denied_all)
{
	unsigned hearers = 0;
	for (unsigned m = 0; m < MEMBERS; m++) {
		bool may = may_hear(denied, allowed, is_denied_all, m);
		hearers += may;
		cr_expect_eq(attr_sent_to(a, (peer_id_t)m) != NULL, may, "%x %x %d: member %u",
			     denied, allowed, is_denied_all, m);
		struct reach_verdict v = reach_explain(&b->conf, a, asn[m]);
		cr_expect_eq(v.is_denied, !may, "%x %x %d: explained to %u", denied, allowed,
			     is_denied_all, m);
		cr_expect_eq(v.is_matched, v.community[0] != '\0');
	}
	cr_expect_eq(a->reach == NULL, hearers == MEMBERS, "everyone is no set");
}

Test(policy, reach_is_that_of_the_rules_tried_one_by_one)
{
	struct bench b = bench_new(100);
	for (unsigned i = 0; i < 2u << 2 * MEMBERS; i++) {
		unsigned denied = i % (1u << MEMBERS), allowed = i >> MEMBERS & 31;
		bool is_denied_all = i >> 2 * MEMBERS != 0;
		struct said s;
		said_begin(&s);
		for (unsigned m = 0; m < MEMBERS; m++) {
			enum community_form form = (enum community_form)((i + m) % 3);
			form = form == COMMUNITY_STD && asn[m] > 65535 ? COMMUNITY_LRG : form;
			if ((denied >> m & 1) != 0) {
				say(&s, form, REACH_DENY_PEER, asn[m]);
			}
			if ((allowed >> m & 1) != 0) {
				say(&s, form, REACH_ALLOW_PEER, asn[m]);
			}
		}
		if (is_denied_all) {
			say(&s, (enum community_form)(i % 3), REACH_DENY_ALL, 0);
		}
		const struct attr *a = intern_said(&b, &s, 1);
		expect_reach(&b, a, denied, allowed, is_denied_all);
		intern_adjust(b.intern, a, -1);
	}
	bench_free(&b);
}

Test(policy, what_was_asked_is_not_sent)
{
	struct bench b = bench_new(100);
	struct said s;
	said_begin(&s);
	const struct attr *plain = intern_said(&b, &s, 7);
	cr_expect_null(plain->sent);
	say(&s, COMMUNITY_STD, REACH_DENY_PEER, 65001);
	say(&s, COMMUNITY_LRG, REACH_ALLOW_PEER, 64777); /* Nobody has it. */
	const struct attr *asking = intern_said(&b, &s, 7);
	cr_expect_eq(attr_sent_to(asking, 1), plain, "without, it is another's set");
	wr_u32(&s.w[COMMUNITY_STD], 65001u << 16 | 5);
	const struct attr *more = intern_said(&b, &s, 7);
	const struct span left = attr_find(attr_sent_to(more, 1), ATTR_COMMUNITIES);
	cr_expect_eq(left.len, 4);
	cr_expect_eq(left.data[3], 5);
	cr_expect_null(attr_find(attr_sent_to(more, 1), ATTR_LARGE_COMMUNITIES).data);
	cr_expect_eq(reach_count(b.reach), 1, "two sets with one audience");
	/* The sent set lives as long as who needs it. */
	intern_adjust(b.intern, plain, -1);
	cr_expect_eq(intern_count(b.intern), 4);
	intern_adjust(b.intern, more, -1);
	cr_expect_eq(intern_count(b.intern), 2);
	intern_adjust(b.intern, asking, -1);
	bench_free(&b);
}

Test(policy, other_communities_ask_nothing)
{
	/* Non-transitive (RFC 4360 §2), of an address (§3.2), of another subtype. */
	static const uint8_t ext[][8] = {{0x40, 2, 0, 0, 0, 0, 0xfd, 0xe9},
					 {0x01, 2, 0, 0, 0, 0, 0xfd, 0xe9},
					 {0x00, 3, 0, 0, 0, 0, 0xfd, 0xe9},
					 {0x00, 9, 0, 0, 0, 0, 0xfd, 0xe9}};
	struct bench b = bench_new(100);
	for (unsigned i = 0; i < ARRAY_COUNT(ext); i++) {
		struct said s;
		said_begin(&s);
		wr_copy(&s.w[COMMUNITY_EXT], ext[i], 8);
		wr_u32(&s.w[COMMUNITY_STD], 64501u << 16 | 65001);
		const struct attr *a = intern_said(&b, &s, i);
		cr_expect(a->reach == NULL && a->sent == NULL, "case %u", i);
		intern_adjust(b.intern, a, -1);
	}
	bench_free(&b);
}

Test(policy, an_as_number_of_four_octets_is_no_two_octet_one)
{
	struct bench b = bench_new(100);
	struct said s;
	said_begin(&s);
	say(&s, COMMUNITY_STD, REACH_DENY_PEER, 4200000001u & 0xffff);
	const struct attr *a = intern_said(&b, &s, 1);
	expect_reach(&b, a, 0, 0, false);
	intern_adjust(b.intern, a, -1);
	bench_free(&b);
}

Test(policy, without_room_for_the_set_that_is_sent_there_is_none)
{
	struct bench b = bench_new(1);
	struct said s;
	said_begin(&s);
	say(&s, COMMUNITY_STD, REACH_DENY_PEER, 65001);
	cr_expect_null(intern_said(&b, &s, 1), "it would be sent as it is");
	bench_free(&b);
	b = bench_new(2);
	const struct attr *a = intern_said(&b, &s, 1);
	cr_assert_not_null(a);
	cr_expect_null(intern_said(&b, &s, 2));
	cr_expect_eq(reach_count(b.reach), 1);
	intern_adjust(b.intern, a, -1);
	bench_free(&b);
}
