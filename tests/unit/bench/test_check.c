/* The checker must find each kind of mistake: bench/check.h. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/bench/rig.h"

static struct rig converged(void)
{
	static struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	rig_converge(&r);
	return r;
}

Test(check, a_server_without_mistakes_passes)
{
	struct rig r;
	struct plan p = rig_plan();
	rig_init(&r, &p);
	rig_converge(&r);
	struct verdict v = rig_verdict(&r);
	const struct tally *t = checker_tally(r.checker);
	cr_assert_gt(v.expected, 700);
	cr_assert_eq(v.right, v.expected);
	cr_assert_eq(ledger_pending(r.ledger), 0);
	cr_assert_eq(t->wrong + t->own + t->leaked + t->repeated, 0);
	cr_assert_eq(t->announced, v.expected);
	rig_fini(&r);
}

Test(check, missing_is_found)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = {0};
	message_withdraw(&o, &r.plan, &g);
	cr_assert(rig_hear(&r, 5, &o));
	struct verdict v = rig_verdict(&r);
	cr_assert_eq(v.missing, g.count);
	cr_assert_eq(checker_tally(r.checker)->withdrawn, g.count);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, stale_is_found)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, true);
	struct outgoing o = rig_say(&r, &g, 0, 1);
	for (unsigned m = 0; m < r.plan.members; m++) {
		if (m != g.home && m != 5) {
			cr_assert(rig_hear(&r, m, &o));
		}
	}
	struct verdict v = rig_verdict(&r);
	cr_assert_eq(v.stale, g.count, "member 5 still holds version 0");
	cr_assert_eq(v.missing + v.superfluous + v.wrong, 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, the_second_best_is_stale)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 3, false, false);
	unsigned second = (1 + 3 - g.number % 3) % 3;
	struct outgoing o = rig_say(&r, &g, second, 0);
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(rig_verdict(&r).stale, g.count);
	cr_assert_eq(checker_tally(r.checker)->wrong, 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, superfluous_is_found)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	ledger_take_back(r.ledger, &g, 0);
	struct verdict v = rig_verdict(&r);
	cr_assert_eq(v.superfluous, g.count * 5);
	cr_assert_eq(v.missing + v.stale + v.wrong, 0);
	rig_fini(&r);
}

Test(check, a_leak_is_found)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, true, false);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	cr_assert(rig_hear(&r, plan_left_out(&r.plan, &g, 0, 1), &o));
	cr_assert_eq(checker_tally(r.checker)->leaked, g.count);
	cr_assert_eq(rig_verdict(&r).superfluous, g.count);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, own_routes_are_counted_and_not_held)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	cr_assert(rig_hear(&r, g.home, &o));
	cr_assert_eq(checker_tally(r.checker)->own, g.count);
	cr_assert_eq(ledger_pending(r.ledger), 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, repeated_is_counted)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(checker_tally(r.checker)->repeated, g.count);
	outgoing_fini(&o);
	rig_fini(&r);
}

/* Where an attribute of this type begins in the first message. */
static uint8_t *attr_of(struct outgoing *o, uint8_t type)
{
	size_t end = 23 + ((size_t)o->data[21] << 8 | o->data[22]);
	for (size_t at = 23; at < end;) {
		bool is_long = (o->data[at] & 0x10) != 0;
		size_t len =
			is_long ? (size_t)o->data[at + 2] << 8 | o->data[at + 3] : o->data[at + 2];
		if (o->data[at + 1] == type) {
			return o->data + at + (is_long ? 4 : 3);
		}
		at += len + (is_long ? 4 : 3);
	}
	cr_assert_fail("no attribute %u", type);
	return NULL;
}

/* One octet changed in the value of each attribute that a message has. */
Test(check, any_changed_attribute_is_wrong)
{
	static const struct {
		uint8_t type, octet;
		bool is_v6;
	} changed[] = {{1, 0, false}, {2, 5, false}, {2, 13, false}, {3, 3, false},
		       {8, 1, false}, {8, 3, false}, {14, 19, true}, {2, 9, true}};
	for (unsigned i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		struct rig r = converged();
		struct group g = rig_group(&r, 1, false, changed[i].is_v6);
		struct outgoing o = rig_say(&r, &g, 0, 0);
		attr_of(&o, changed[i].type)[changed[i].octet] ^= 1;
		cr_assert(rig_hear(&r, 5, &o));
		cr_assert_eq(checker_tally(r.checker)->wrong, g.count, "type %u octet %u",
			     changed[i].type, changed[i].octet);
		cr_assert_eq(rig_verdict(&r).wrong, g.count);
		outgoing_fini(&o);
		rig_fini(&r);
	}
}

/* A message with the attribute put in front of the others. */
static struct outgoing with_attr(const struct outgoing *from, const uint8_t *attr, size_t len)
{
	struct outgoing o = {.data = malloc(from->len + len), .len = from->len + len};
	memcpy(o.data, from->data, 23);
	memcpy(o.data + 23, attr, len);
	memcpy(o.data + 23 + len, from->data + 23, from->len - 23);
	o.data[17] = (uint8_t)(o.data[17] + len);
	o.data[22] = (uint8_t)(o.data[22] + len);
	return o;
}

Test(check, an_added_attribute_is_wrong)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	const uint8_t med[] = {0x80, 4, 4, 0, 0, 0, 0};
	struct outgoing more = with_attr(&o, med, sizeof(med));
	cr_assert(rig_hear(&r, 5, &more));
	cr_assert_eq(checker_tally(r.checker)->wrong, g.count);
	outgoing_fini(&more);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, communities_to_the_server_may_be_removed)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, true, false);
	struct plan without = r.plan;
	struct outgoing o = {0};
	without.control_pct = 0;
	g.is_controlled = false;
	message_announce(&o, &without, &g, 0, 0);
	g.is_controlled = true;
	unsigned m = 0;
	while (!plan_may_have(&r.plan, &g, 0, m)) {
		m++;
	}
	cr_assert(rig_hear(&r, m, &o));
	cr_assert_eq(checker_tally(r.checker)->repeated, g.count);
	cr_assert_eq(checker_tally(r.checker)->wrong, 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, a_version_that_nobody_said_is_wrong)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = {0};
	message_announce(&o, &r.plan, &g, 0, 2);
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(checker_tally(r.checker)->wrong, g.count);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, a_prefix_of_nobody_is_wrong)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, false);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	o.data[o.len - 3] = 0x0f; /* Of the last prefix. */
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(checker_tally(r.checker)->wrong, 1);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, what_is_cut_off_cannot_be_parsed)
{
	struct rig r = converged();
	struct group g = rig_group(&r, 1, false, true);
	struct outgoing o = rig_say(&r, &g, 0, 0);
	unsigned refused = 0;
	for (size_t len = 19; len < o.len; len++) {
		uint8_t *copy = malloc(len); /* So that reading beyond it shows. */
		memcpy(copy, o.data, len);
		refused +=
			!check_update(r.checker, 5, copy, len, check_ahead(r.checker, copy, len));
		free(copy);
	}
	cr_assert_eq(refused, o.len - 19);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, a_large_group_goes_in_several_messages)
{
	struct rig r;
	struct plan p = rig_plan();
	p.prefixes = 3000;
	p.prefixes6 = 2000;
	p.per_set = 3000;
	rig_init(&r, &p);
	rig_converge(&r);
	cr_assert_eq(rig_verdict(&r).right, ledger_expected_count(r.ledger));
	cr_assert_eq(ledger_pending(r.ledger), 0);
	struct group g = rig_group(&r, 1, false, true);
	struct outgoing o = {0};
	message_withdraw(&o, &p, &g);
	cr_expect_eq(o.prefixes, 2000);
	cr_expect_gt(o.updates, 1);
	uint64_t heard = checker_tally(r.checker)->updates;
	cr_assert(rig_hear(&r, 5, &o));
	cr_assert_eq(rig_verdict(&r).missing, 2000);
	cr_expect_eq(checker_tally(r.checker)->updates, heard + o.updates);
	cr_expect_eq(checker_tally(r.checker)->empty, 0);
	outgoing_fini(&o);
	rig_fini(&r);
}

Test(check, an_end_of_rib_counts_as_empty)
{
	struct rig r = converged();
	uint8_t end_of_rib[23] = {[17] = 23, [18] = 2}; /* RFC 4724 §2 */
	struct outgoing o = {.data = end_of_rib, .len = sizeof(end_of_rib)};
	memset(end_of_rib, 0xff, 16);
	cr_assert(rig_hear(&r, 5, &o));
	cr_expect_eq(checker_tally(r.checker)->empty, 1);
	rig_fini(&r);
}
