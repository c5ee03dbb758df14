/* Members who come, change and go: what the server is asked, in which order, and what of many
 * words about one member is left. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/daemon/membership.h"
#include "tests/unit/control/fake.h"

#define CAPACITY 6
#define CLIENTS	 9

struct rig {
	struct scratch scratch;
	struct server server;
	struct config config;
	struct config_client client[CLIENTS]; /* The first two are members. */
	struct auth_keys keys;
	struct roster *roster;
	struct state *state;
	struct membership *members;
	uint64_t told, settled; /* Rules seen to, and in force. */
	bool are_slow;		/* They take their time. */
};

static uint64_t rules_changed(void *context)
{
	return ++((struct rig *)context)->told;
}

static bool rules_are_settled(void *context, uint64_t ticket)
{
	const struct rig *r = context;
	return !r->are_slow || r->settled >= ticket;
}

static void stand(struct rig *r)
{
	char why[256];
	*r = (struct rig){.server = {.core_count = 1, .free_first = 2, .free_count = 4}};
	scratch_init(&r->scratch);
	for (unsigned i = 0; i < CLIENTS; i++) {
		r->client[i] = (struct config_client){
			.asn = 64501 + i, .ip = addr_v4(0xc6120101u + i), .session.hold_s = 90};
	}
	r->keys = (struct auth_keys){.count = 1, .key[0] = {.secret_len = 1, .secret = "k"}};
	r->config = (struct config){.client = r->client, .client_count = 2};
	r->roster = roster_new(&r->config, CAPACITY);
	cr_assert_eq(state_open(r->scratch.dir, &r->state, why, sizeof(why)), 0);
	const struct membership_opts opts = {.server = &r->server,
					     .roster = r->roster,
					     .state = r->state,
					     .rules_changed = rules_changed,
					     .rules_are_settled = rules_are_settled,
					     .context = r};
	r->members = membership_new(&opts);
}

static void end(struct rig *r)
{
	for (unsigned i = 0; i < r->server.request_count; i++) {
		auth_free(r->server.request[i].auth);
	}
	membership_free(r->members);
	roster_free(r->roster);
	state_close(r->state);
	scratch_fini(&r->scratch);
}

static void set(struct rig *r, unsigned who, const struct config_client *client)
{
	membership_set(r->members, &r->client[who].ip, client, MEMBERS_OF_REGISTRY);
}

static void expect_asked(const struct rig *r, const char *wanted)
{
	char text[256] = "";
	size_t len = 0;
	for (unsigned i = 0; i < r->server.asked_count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
					r->server.asked[i]);
	}
	cr_expect_str_eq(text, wanted);
}

static bool is_busy(const struct rig *r)
{
	return membership_is_busy(r->members, MEMBERS_OF_REGISTRY);
}

Test(membership, one_change_is_one_request_and_touches_nobody_else)
{
	struct rig r;
	stand(&r);
	struct config_client slower = r.client[1];
	slower.session.hold_s = 30;
	set(&r, 1, &slower);
	cr_expect_eq(roster_client(r.roster, 1), &slower, "the roster follows at once");
	membership_step(r.members);
	expect_asked(&r, "~1");
	cr_expect(!is_busy(&r) && r.told == 1 && r.server.request_count == 0);
	membership_step(r.members);
	expect_asked(&r, "~1");
	end(&r);
}

Test(membership, the_same_again_asks_nothing)
{
	struct rig r;
	stand(&r);
	struct config_client copy = r.client[0];
	set(&r, 0, &copy);
	membership_step(r.members);
	expect_asked(&r, "");
	cr_expect(r.told == 0 && !is_busy(&r) && roster_client(r.roster, 0) == &copy);
	end(&r);
}

Test(membership, those_that_leave_go_before_others_come)
{
	struct rig r;
	stand(&r);
	set(&r, 2, &r.client[2]);
	set(&r, 0, NULL);
	cr_expect_eq(roster_find(r.roster, &r.client[0].ip), PEER_NONE);
	membership_step(r.members);
	expect_asked(&r, "-0 +2");
	cr_expect_eq(roster_find(r.roster, &r.client[2].ip), 2);
	end(&r);
}

/* Many words while the ring is full are one request when it is not. */
Test(membership, changes_of_one_member_are_merged)
{
	struct rig r;
	stand(&r);
	struct config_client one = r.client[0], two, three;
	r.server.is_ring_full = true;
	one.session.hold_s = 30;
	set(&r, 0, &one);
	membership_step(r.members);
	two = one;
	two.keys = &r.keys;
	set(&r, 0, &two);
	three = two;
	three.session.hold_s = 40;
	set(&r, 0, &three);
	membership_step(r.members);
	expect_asked(&r, "");
	cr_expect(is_busy(&r) && roster_client(r.roster, 0) == &three);
	r.server.is_ring_full = false;
	membership_step(r.members);
	expect_asked(&r, "~0");
	cr_expect(r.server.request_count == 1 && r.server.request[0].kind == REQUEST_KEYS);
	cr_expect_not(is_busy(&r));
	end(&r);
}

Test(membership, who_is_changed_and_then_removed_is_only_removed)
{
	struct rig r;
	stand(&r);
	struct config_client one = r.client[0];
	r.server.is_ring_full = true;
	one.session.hold_s = 30;
	set(&r, 0, &one);
	membership_step(r.members);
	set(&r, 0, NULL);
	r.server.is_ring_full = false;
	membership_step(r.members);
	expect_asked(&r, "-0");
	end(&r);
}

Test(membership, who_goes_and_comes_again_gets_another_number)
{
	struct rig r;
	stand(&r);
	r.server.is_ring_full = true;
	set(&r, 0, NULL);
	membership_step(r.members);
	set(&r, 0, &r.client[0]);
	cr_expect_eq(membership_client(r.members, &r.client[0].ip), &r.client[0]);
	r.server.is_ring_full = false;
	membership_step(r.members);
	expect_asked(&r, "-0 +2");
	cr_expect_eq(roster_find(r.roster, &r.client[0].ip), 2);
	cr_expect_not(is_busy(&r));
	end(&r);
}

Test(membership, who_waits_for_a_number_and_is_removed_never_came)
{
	struct rig r;
	stand(&r);
	r.server.free_count = 0;
	set(&r, 3, &r.client[3]);
	membership_step(r.members);
	cr_expect(is_busy(&r));
	set(&r, 3, NULL);
	cr_expect_not(is_busy(&r));
	r.server.free_count = 1;
	membership_step(r.members);
	expect_asked(&r, "");
	end(&r);
}

Test(membership, who_waits_for_rules_and_is_removed_gives_the_number_back)
{
	struct rig r;
	stand(&r);
	r.are_slow = true;
	set(&r, 3, &r.client[3]);
	membership_step(r.members);
	cr_expect_eq(roster_find(r.roster, &r.client[3].ip), 2, "the rules know who it is");
	set(&r, 3, NULL);
	membership_step(r.members);
	expect_asked(&r, "<2");
	cr_expect(!is_busy(&r) && r.told == 2);
	cr_expect_eq(roster_find(r.roster, &r.client[3].ip), PEER_NONE);
	end(&r);
}

/* Others' changes go on coming: it waits for the rules that know it, not for a quiet moment. */
Test(membership, who_is_new_waits_for_its_own_rules_alone)
{
	struct rig r;
	stand(&r);
	r.are_slow = true;
	set(&r, 3, &r.client[3]);
	membership_step(r.members);
	uint64_t ticket = membership_rules(r.members);
	set(&r, 4, &r.client[4]);
	membership_step(r.members);
	cr_expect_gt(membership_rules(r.members), ticket);
	r.settled = ticket;
	membership_step(r.members);
	expect_asked(&r, "+2");
	cr_expect(is_busy(&r));
	r.settled = membership_rules(r.members);
	membership_step(r.members);
	expect_asked(&r, "+2 +3");
	end(&r);
}

Test(membership, who_is_another_while_it_waits_waits_for_those_rules)
{
	struct rig r;
	stand(&r);
	struct config_client other = r.client[3];
	other.asn = 65000;
	r.are_slow = true;
	set(&r, 3, &r.client[3]);
	membership_step(r.members);
	r.settled = membership_rules(r.members);
	set(&r, 3, &other);
	membership_step(r.members);
	expect_asked(&r, "");
	r.settled = membership_rules(r.members);
	membership_step(r.members);
	expect_asked(&r, "+2");
	cr_expect_eq(roster_client(r.roster, 2), &other);
	end(&r);
}

/* RFC 9003: the member reads who stopped it and why, the operator's own word before others'. */
Test(membership, who_is_disabled_is_told_why)
{
	struct rig r;
	char why[] = "The tenant is disabled.";
	stand(&r);
	struct config_client off = r.client[0], on = r.client[1];
	off.is_disabled = true;
	off.disabled_why = why;
	set(&r, 0, &off);
	membership_step(r.members);
	cr_assert_eq(r.server.request_count, 1);
	cr_expect_str_eq(r.server.request[0].text, "The tenant is disabled.");
	cr_assert_eq(state_disable(r.state, &on.ip, "cable work", 1), 0);
	off = on; /* Of whom the operator has said something, too. */
	off.is_disabled = true;
	set(&r, 1, &off);
	membership_step(r.members);
	cr_assert_eq(r.server.request_count, 2);
	cr_expect_str_eq(r.server.request[1].text, "cable work");
	end(&r);
}

/* The worker hears of the state alone; what an operator disabled stays so. */
Test(membership, disabling_and_enabling_are_requests_of_their_own)
{
	struct rig r;
	stand(&r);
	struct config_client off = r.client[0];
	off.is_disabled = true;
	set(&r, 0, &off);
	membership_step(r.members);
	cr_assert_eq(r.server.request_count, 1);
	cr_expect_eq(r.server.request[0].kind, REQUEST_DISABLE);
	set(&r, 0, &r.client[0]);
	membership_step(r.members);
	cr_assert_eq(r.server.request_count, 2);
	cr_expect_eq(r.server.request[1].kind, REQUEST_ENABLE);
	set(&r, 0, &off);
	cr_assert_eq(state_disable(r.state, &off.ip, "mine", 1), 0);
	set(&r, 0, &r.client[0]);
	membership_step(r.members);
	cr_assert_eq(r.server.request_count, 3);
	cr_expect_eq(r.server.request[2].kind, REQUEST_DISABLE);
	expect_asked(&r, "");
	end(&r);
}

Test(membership, each_source_knows_when_its_own_is_done)
{
	struct rig r;
	stand(&r);
	r.server.free_count = 0;
	set(&r, 3, &r.client[3]);
	membership_set(r.members, &r.client[0].ip, NULL, MEMBERS_OF_FILES);
	cr_expect(membership_is_busy(r.members, MEMBERS_OF_FILES) && is_busy(&r));
	membership_step(r.members);
	cr_expect(!membership_is_busy(r.members, MEMBERS_OF_FILES) && is_busy(&r));
	membership_set(r.members, &r.client[3].ip, &r.client[3], MEMBERS_OF_FILES);
	cr_expect(membership_is_busy(r.members, MEMBERS_OF_FILES) && is_busy(&r));
	end(&r);
}

Test(membership, who_comes_asks_for_a_number_that_hears_as_much)
{
	struct rig r;
	stand(&r);
	r.client[2].policy.route_view = ROUTE_VIEW_OWN_TENANT;
	set(&r, 2, &r.client[2]);
	membership_step(r.members);
	cr_expect_eq(r.server.wanted, roster_kept(r.roster, KEEP_NONE));
	/* There was none: so are three of five that nobody had now. */
	cr_expect_eq(*roster_kept(r.roster, KEEP_NONE), 0x28);
	set(&r, 3, &r.client[3]);
	membership_step(r.members);
	cr_expect_eq(r.server.wanted, roster_kept(r.roster, KEEP_FULL));
	end(&r);
}
