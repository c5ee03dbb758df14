/* Which families' routes stay when a session ends, and for how long; and which ends allow it.
 * RFC 4724 §4.2; RFC 8538 §2–4; RFC 9494 §4. */
#include <criterion/criterion.h>

#include "dataplane/session/stale.h"
#include "tests/unit/session/link.h"

#define SEC	USEC_PER_SEC
#define RESTART 120
#define STALE	360
#define V4	(1u << FAMILY_IPV4)
#define V6	(1u << FAMILY_IPV6)
#define BOTH	(V4 | V6)

static const bool both[FAMILY_COUNT] = {true, true};

static void init(struct stale *st, usec_t stale_s, usec_t long_max_s)
{
	stale_init(st, &(struct stale_conf){.stale_us = stale_s * SEC,
					    .long_max_us = long_max_s * SEC});
}

/* An OPEN whose capability lists families, with the F bit for some. */
static struct open graceful_open(unsigned listed, unsigned forwarding)
{
	struct open o = open_good();
	o.graceful.is_present = true;
	o.graceful.restart_s = RESTART;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		o.graceful.families[f] = (listed & 1u << f) != 0;
		o.graceful.is_forwarding[f] = (forwarding & 1u << f) != 0;
	}
	return o;
}

/* After a session of both families that ended softly at 1000 s. */
static void ended(struct stale *st, const struct open *o)
{
	init(st, STALE, 0);
	cr_assert_eq(stale_up(st, o, both, 900 * SEC), 0);
	cr_assert_eq(stale_due(st), USEC_NEVER);
	stale_down(st, true, 1000 * SEC);
}

Test(stale, what_was_listed_and_agreed_stays_for_the_restart_time)
{
	for (unsigned listed = 0; listed <= BOTH; listed++) {
		for (unsigned agreed = 0; agreed <= BOTH; agreed++) {
			const bool families[] = {(agreed & V4) != 0, (agreed & V6) != 0};
			struct open o = graceful_open(listed, 0);
			struct stale st;
			init(&st, STALE, 0);
			stale_up(&st, &o, families, 0);
			cr_expect_eq(stale_down(&st, true, 1000 * SEC), listed & agreed);
			cr_expect_eq(stale_due(&st),
				     (listed & agreed) != 0 ? (1000 + RESTART) * SEC : USEC_NEVER);
		}
	}
}

Test(stale, nothing_stays_without_reason)
{
	struct stale st;
	struct open o = graceful_open(BOTH, BOTH);
	init(&st, STALE, 0);
	stale_up(&st, &o, both, 0);
	cr_expect_eq(stale_down(&st, false, 1000 * SEC), 0, "not an end that allows it");
	init(&st, 0, 0);
	stale_up(&st, &o, both, 0);
	cr_expect_eq(stale_down(&st, true, 1000 * SEC), 0, "not enabled");
	o.graceful.restart_s = 0;
	ended(&st, &o);
	cr_expect_eq(st.kept, 0, "no time to wait for");
	o = graceful_open(BOTH, BOTH);
	o.graceful.is_present = false;
	ended(&st, &o);
	cr_expect_eq(st.kept, 0, "no capability");
}

Test(stale, the_restart_timer_ends_all_at_its_time)
{
	struct stale st;
	struct open o = graceful_open(BOTH, 0);
	ended(&st, &o);
	cr_expect_eq(stale_tick(&st, (1000 + RESTART) * SEC - 1).gone, 0);
	cr_expect_eq(stale_tick(&st, (1000 + RESTART) * SEC).gone, BOTH);
	cr_expect_eq(stale_tick(&st, 9999 * SEC).gone, 0, "once");
	cr_expect_eq(stale_due(&st), USEC_NEVER);
}

/* RFC 4724 §4.2: whose F bit is not set, whose AFI and SAFI are not included, or whose capability
 * is not received: the Receiving Speaker "MUST immediately remove all the stale routes". */
Test(stale, what_the_member_has_not_preserved_goes_on_its_return)
{
	static const struct {
		unsigned listed, forwarding;
	} cases[] = {{BOTH, BOTH}, {BOTH, V4}, {BOTH, V6}, {BOTH, 0}, {V4, BOTH}, {0, 0}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct stale st;
		struct open first = graceful_open(BOTH, 0);
		struct open second = graceful_open(cases[i].listed, cases[i].forwarding);
		unsigned stays = cases[i].listed & cases[i].forwarding;
		ended(&st, &first);
		cr_expect_eq(stale_up(&st, &second, both, 1010 * SEC), BOTH & ~stays, "%zu", i);
		cr_expect_eq(st.kept, stays, "%zu", i);
		cr_expect_eq(stale_due(&st), stays != 0 ? (1010 + STALE) * SEC : USEC_NEVER);
	}
}

Test(stale, a_return_without_capability_family_or_identity_keeps_nothing)
{
	struct stale st;
	struct open first = graceful_open(BOTH, 0), other = graceful_open(BOTH, BOTH);
	const bool only_v4[FAMILY_COUNT] = {true, false};
	ended(&st, &first);
	cr_expect_eq(stale_up(&st, &other, only_v4, 1010 * SEC), V6, "not agreed any more");
	ended(&st, &first);
	other.router_id++;
	cr_expect_eq(stale_up(&st, &other, both, 1010 * SEC), BOTH, "another router");
	ended(&st, &first);
	other = open_good();
	cr_expect_eq(stale_up(&st, &other, both, 1010 * SEC), BOTH);
	cr_expect_eq(stale_down(&st, true, 1020 * SEC), 0, "and the next end keeps nothing");
}

Test(stale, end_of_rib_ends_its_family_alone)
{
	struct stale st;
	struct open o = graceful_open(BOTH, BOTH);
	ended(&st, &o);
	stale_up(&st, &o, both, 1010 * SEC);
	cr_expect(stale_end_of_rib(&st, FAMILY_IPV6));
	cr_expect_not(stale_end_of_rib(&st, FAMILY_IPV6), "once");
	cr_expect_eq(st.kept, V4);
	cr_expect_eq(stale_tick(&st, (1010 + STALE) * SEC).gone, V4, "the rest waits for its time");
	ended(&st, &o);
	stale_up(&st, &o, both, 1010 * SEC);
	cr_expect(stale_end_of_rib(&st, FAMILY_IPV4) && stale_end_of_rib(&st, FAMILY_IPV6));
	cr_expect_eq(stale_due(&st), USEC_NEVER);
}

Test(stale, a_second_restart_starts_anew)
{
	struct stale st;
	struct open o = graceful_open(BOTH, BOTH), v4 = graceful_open(V4, V4);
	ended(&st, &o);
	stale_up(&st, &o, both, 1010 * SEC);
	cr_expect_eq(stale_down(&st, true, 1020 * SEC), BOTH);
	cr_expect_eq(stale_due(&st), (1020 + RESTART) * SEC);
	cr_expect_eq(stale_up(&st, &v4, both, 1030 * SEC), V6);
	cr_expect_eq(stale_down(&st, true, 1040 * SEC), V4);
	stale_up(&st, &o, both, 1050 * SEC);
	cr_expect_eq(stale_down(&st, false, 1060 * SEC), 0);
	cr_expect_eq(stale_drop(&st), 0);
}

/* RFC 8538 §4.1: with the N bit of both sides what was stale already stays, too; not for ever. */
Test(stale, with_the_n_bit_a_second_restart_adds_for_a_bounded_time)
{
	struct stale st;
	struct open o = graceful_open(BOTH, BOTH);
	for (unsigned has_n = 0; has_n < 2; has_n++) {
		o.graceful.has_notification = has_n;
		ended(&st, &o);
		cr_expect_eq(st.added, 0, "nothing was stale");
		stale_up(&st, &o, both, 1010 * SEC);
		stale_end_of_rib(&st, FAMILY_IPV6);
		cr_expect_eq(stale_down(&st, true, 1020 * SEC), BOTH);
		cr_expect_eq(st.added, has_n ? V4 : 0);
		stale_up(&st, &o, both, 1130 * SEC);
		stale_down(&st, true, (1000 + RESTART + STALE) * SEC - 1);
		cr_expect_eq(st.added, has_n ? BOTH : 0);
		stale_up(&st, &o, both, (1000 + RESTART + STALE) * SEC);
		stale_down(&st, true, (1000 + RESTART + STALE) * SEC);
		cr_expect_eq(st.added, has_n ? V6 : 0, "the first end is too long ago");
		stale_up(&st, &o, both, 1500 * SEC);
		stale_down(&st, true, (1500 + STALE) * SEC);
		cr_expect_eq(st.added, 0, "the stale time is over, though no tick has come");
	}
}

#define LONG	 1000 /* The member's. */
#define LONG_MAX 800  /* Ours. */

/* The same with the long-lived capability for some. */
static struct open long_open(unsigned listed, unsigned long_lived, unsigned long_forwarding)
{
	struct open o = graceful_open(listed, listed);
	o.long_lived.is_present = true;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		o.long_lived.families[f] = (long_lived & 1u << f) != 0;
		o.long_lived.is_forwarding[f] = (long_forwarding & 1u << f) != 0;
		o.long_lived.stale_s[f] = LONG;
	}
	return o;
}

/* After a session that ended softly at 1000 s. */
static void long_ended(struct stale *st, const struct open *o, usec_t bound_s)
{
	init(st, STALE, bound_s);
	stale_up(st, o, both, 900 * SEC);
	stale_down(st, true, 1000 * SEC);
}

static void expect_step(struct stale *st, usec_t at_s, unsigned gone, unsigned long_lived)
{
	struct stale_step before = stale_tick(st, at_s * SEC - 1);
	cr_expect(before.gone == 0 && before.long_lived == 0, "not before %u s", (unsigned)at_s);
	struct stale_step step = stale_tick(st, at_s * SEC);
	cr_expect_eq(step.gone, gone, "at %u s", (unsigned)at_s);
	cr_expect_eq(step.long_lived, long_lived, "at %u s", (unsigned)at_s);
}

/* RFC 9494 §4.2: "the procedures would be applied serially: first those of GR and then those of
 * LLGR", for the smaller of the member's time and ours. */
Test(stale, the_long_lived_time_follows_the_restart_time)
{
	static const unsigned bounds[] = {LONG_MAX, LONG, 5000};
	for (size_t i = 0; i < ARRAY_COUNT(bounds); i++) {
		struct stale st;
		struct open o = long_open(BOTH, V4, V4);
		unsigned long_s = bounds[i] < LONG ? bounds[i] : LONG;
		long_ended(&st, &o, bounds[i]);
		cr_expect_eq(stale_end(&st, FAMILY_IPV4), (1000 + RESTART + long_s) * SEC);
		cr_expect_eq(stale_end(&st, FAMILY_IPV6), (1000 + RESTART) * SEC);
		expect_step(&st, 1000 + RESTART, V6, V4);
		cr_expect_eq(stale_end(&st, FAMILY_IPV4), (1000 + RESTART + long_s) * SEC);
		expect_step(&st, 1000 + RESTART + long_s, V4, 0);
		cr_expect(stale_due(&st) == USEC_NEVER && st.kept == 0);
	}
}

/* §4.2: a family that a capability does not list has a time of zero there. */
Test(stale, without_a_restart_time_the_long_lived_one_begins_at_once)
{
	struct stale st;
	struct open o = long_open(V6, V4, V4);
	init(&st, STALE, LONG_MAX);
	stale_up(&st, &o, both, 900 * SEC);
	cr_expect_eq(stale_down(&st, true, 1000 * SEC), BOTH);
	struct stale_step step = stale_tick(&st, 1000 * SEC);
	cr_expect(step.gone == 0 && step.long_lived == V4);
	expect_step(&st, 1000 + RESTART, V6, 0);
	expect_step(&st, 1000 + LONG_MAX, V4, 0);
}

Test(stale, nothing_becomes_long_lived_without_our_wish_or_its_time)
{
	struct stale st;
	struct open o = long_open(BOTH, BOTH, BOTH);
	long_ended(&st, &o, 0);
	expect_step(&st, 1000 + RESTART, BOTH, 0);
	o.long_lived.stale_s[FAMILY_IPV4] = 0;
	long_ended(&st, &o, LONG_MAX);
	expect_step(&st, 1000 + RESTART, V4, V6);
}

/* A worker looks at its timers last in a turn: the session may end first. */
Test(stale, a_time_that_is_over_is_over_before_its_tick)
{
	struct stale st;
	struct open o = long_open(BOTH, V4, V4);
	long_ended(&st, &o, LONG);
	expect_step(&st, 1000 + RESTART, V6, V4);
	usec_t over = (1000 + RESTART + LONG) * SEC;
	stale_up(&st, &o, both, over - SEC);
	cr_expect_eq(stale_down(&st, true, over), V6);
	long_ended(&st, &o, LONG);
	expect_step(&st, 1000 + RESTART, V6, V4);
	stale_up(&st, &o, both, over - SEC);
	cr_expect_eq(stale_down(&st, true, over - 1), BOTH);
}

/* §4.2: "if the F bit for a specific address family is not set in the newly received LLGR
 * Capability, or ... not included". */
Test(stale, the_long_lived_f_bit_decides_for_what_is_long_lived)
{
	static const struct {
		unsigned listed, forwarding;
	} cases[] = {{BOTH, BOTH}, {BOTH, V4}, {V6, BOTH}, {BOTH, 0}, {0, 0}};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct stale st;
		struct open first = long_open(BOTH, BOTH, BOTH);
		struct open second = long_open(BOTH, cases[i].listed, cases[i].forwarding);
		unsigned stays = cases[i].listed & cases[i].forwarding;
		long_ended(&st, &first, LONG_MAX);
		expect_step(&st, 1000 + RESTART, 0, BOTH);
		cr_expect_eq(stale_up(&st, &second, both, 1200 * SEC), BOTH & ~stays, "%zu", i);
		cr_expect_eq(st.kept, stays, "%zu", i);
	}
	struct stale st;
	struct open first = long_open(BOTH, BOTH, BOTH), second = long_open(BOTH, 0, 0);
	long_ended(&st, &first, LONG_MAX);
	cr_expect_eq(stale_up(&st, &second, both, 1010 * SEC), 0, "still only stale: the other");
}

/* §4.2: "The timer is neither stopped nor updated until EoR is received". */
Test(stale, the_long_lived_time_runs_on_through_returns_and_restarts)
{
	struct stale st;
	struct open o = long_open(BOTH, BOTH, BOTH);
	long_ended(&st, &o, LONG_MAX);
	expect_step(&st, 1000 + RESTART, 0, BOTH);
	stale_up(&st, &o, both, 1500 * SEC);
	cr_expect(stale_end_of_rib(&st, FAMILY_IPV6));
	cr_expect_eq(stale_down(&st, true, 1550 * SEC), BOTH);
	expect_step(&st, 1550 + RESTART, 0, BOTH);
	cr_expect_eq(stale_end(&st, FAMILY_IPV4), (1000 + RESTART + LONG_MAX) * SEC, "the first");
	cr_expect_eq(stale_end(&st, FAMILY_IPV6), (1550 + RESTART + LONG_MAX) * SEC, "a new one");
	expect_step(&st, 1000 + RESTART + LONG_MAX, V4, 0);
}

/* §4.2: "If the session subsequently resets prior to becoming synchronized, any remaining routes
 * ... MUST be removed immediately." */
Test(stale, a_time_that_ends_before_end_of_rib_ends_all)
{
	for (unsigned is_synchronized = 0; is_synchronized < 2; is_synchronized++) {
		struct stale st;
		struct open o = long_open(V4, V4, V4);
		long_ended(&st, &o, LONG_MAX);
		expect_step(&st, 1000 + RESTART, 0, V4);
		stale_up(&st, &o, both, 1700 * SEC);
		expect_step(&st, 1000 + RESTART + LONG_MAX, V4, 0);
		if (is_synchronized) {
			cr_expect_not(stale_end_of_rib(&st, FAMILY_IPV4), "nothing is left");
		}
		cr_expect_eq(stale_down(&st, true, 1950 * SEC), is_synchronized ? V4 : 0);
	}
}

Test(stale, what_is_long_lived_waits_for_end_of_rib_no_longer_than_the_stale_time)
{
	struct stale st;
	struct open o = long_open(BOTH, BOTH, BOTH);
	long_ended(&st, &o, LONG_MAX);
	expect_step(&st, 1000 + RESTART, 0, BOTH);
	stale_up(&st, &o, both, 1200 * SEC);
	cr_expect(stale_end_of_rib(&st, FAMILY_IPV6));
	expect_step(&st, 1200 + STALE, V4, 0);
	cr_expect_eq(stale_due(&st), USEC_NEVER);
}

/* Bring a session up whose member says `g`. */
static void up_with(struct session *s, bool is_ours, const struct open_graceful *g)
{
	uint8_t message[OPEN_ENCODED_MAX];
	struct session_conf conf = link_conf(0);
	conf.stale_s = is_ours ? 360 : 0;
	struct open o = open_good();
	o.graceful = *g;
	alone_init(s, &conf, FSM_OPEN_SENT);
	size_t len = open_encode(&o, message, sizeof(message));
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_DONE);
	session_sent(s, ALONE_NOW);
	len = message_make(BGP_KEEPALIVE, NULL, 0, message);
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_UP);
	session_sent(s, ALONE_NOW);
}

static void hear_notification(struct session *s, uint8_t code, uint8_t subcode)
{
	uint8_t message[64];
	struct notify n = notify_make(code, subcode);
	size_t len = notify_encode(&n, message, sizeof(message));
	cr_assert(session_rx(s, span_of(message, len), ALONE_NOW).kind == SESSION_RX_DOWN);
}

enum end { END_TRANSPORT, END_CEASE, END_HARD, END_HOLD, END_UPDATE, END_RESET, END_DISABLE };

static void end_by(struct session *s, enum end end)
{
	struct notify why = notify_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTR_LIST);
	switch (end) {
	case END_TRANSPORT:
		session_transport_down(s, "connection reset", ALONE_NOW);
		break;
	case END_CEASE:
		hear_notification(s, NOTIFY_CEASE, NOTIFY_CEASE_RESET);
		break;
	case END_HARD:
		hear_notification(s, NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET);
		break;
	case END_HOLD:
		session_tick(s, 0, ALONE_NOW + 91 * SEC);
		break;
	case END_UPDATE:
		session_update_failed(s, &why, ALONE_NOW);
		break;
	case END_RESET:
		why = notify_shutdown(NOTIFY_CEASE_RESET, "reset");
		session_reset(s, &why, ALONE_NOW);
		break;
	case END_DISABLE:
		why = notify_shutdown(NOTIFY_CEASE_SHUTDOWN, "bye");
		session_disable(s, &why, ALONE_NOW);
		break;
	}
	cr_assert(session_take_down(s));
	session_check(s);
}

/* RFC 4724 §4.2: without a NOTIFICATION; RFC 8538 §4: with one, when both have the N bit and it is
 * no Hard Reset. */
Test(stale, the_end_of_a_session_is_soft_or_not)
{
	static const struct {
		enum end end;
		bool without_n, with_n;
	} cases[] = {
		{END_TRANSPORT, true, true}, {END_CEASE, false, true},	{END_HARD, false, false},
		{END_HOLD, false, true},     {END_UPDATE, false, true}, {END_RESET, false, true},
		{END_DISABLE, false, false},
	};
	struct open_graceful g = {.is_present = true, .restart_s = RESTART, .families = {true}};
	struct session s;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		g.has_notification = false;
		up_with(&s, true, &g);
		end_by(&s, cases[i].end);
		cr_expect_eq(s.is_soft_end, cases[i].without_n, "%zu", i);
		g.has_notification = true;
		up_with(&s, true, &g);
		end_by(&s, cases[i].end);
		cr_expect_eq(s.is_soft_end, cases[i].with_n, "%zu with N", i);
		up_with(&s, false, &g);
		end_by(&s, cases[i].end);
		cr_expect_not(s.is_soft_end, "%zu: not ours", i);
		up_with(&s, true, &(struct open_graceful){0});
		end_by(&s, cases[i].end);
		cr_expect_not(s.is_soft_end, "%zu: not theirs", i);
	}
}

/* RFC 8538 §3.1, §5.1: the Cease of an end for good lies in a Hard Reset, where else routes would
 * stay. */
Test(stale, who_is_disabled_is_told_with_a_hard_reset)
{
	struct open_graceful g = {.is_present = true, .has_notification = true};
	struct session s;
	char text[NOTIFY_TEXT_MAX];
	up_with(&s, true, &g);
	end_by(&s, END_DISABLE);
	struct notify n = sent_notify(&s);
	cr_expect(n.code == NOTIFY_CEASE && n.subcode == NOTIFY_CEASE_HARD_RESET);
	cr_expect(n.data_len == 2 + 1 + 3 && n.data[0] == NOTIFY_CEASE &&
		  n.data[1] == NOTIFY_CEASE_SHUTDOWN && memcmp(n.data + 3, "bye", 3) == 0);
	cr_expect(strstr(notify_format(&n, text, sizeof(text)), "bye") != NULL, "%s", text);
	g.has_notification = false;
	up_with(&s, true, &g);
	end_by(&s, END_DISABLE);
	cr_expect(sent_notify(&s).subcode == NOTIFY_CEASE_SHUTDOWN);
}

/* RFC 4724 §4: a helper lists no family. */
Test(stale, our_open_offers_help_when_it_is_enabled)
{
	for (unsigned is_ours = 0; is_ours < 2; is_ours++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct frame f;
		struct notify why;
		struct open o;
		conf.stale_s = is_ours ? 360 : 0;
		conf.long_stale_s = 500;
		session_init(&s, &conf, 1, ALONE_NOW);
		session_enable(&s, ALONE_NOW);
		session_transport_up(&s, ALONE_NOW);
		cr_assert(frame_next(session_tx(&s), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
		cr_assert(open_decode(f.body, &o, &why));
		cr_expect_eq(o.graceful.is_present, is_ours);
		cr_expect_eq(o.graceful.has_notification, is_ours);
		cr_expect_eq(o.long_lived.is_present, is_ours, "only beside it");
		cr_expect(o.graceful.restart_s == 0 && !o.graceful.is_restarting);
		cr_expect(!o.graceful.families[0] && !o.graceful.families[1]);
	}
}

/* RFC 4724 §3, RFC 9494 §3.1: what we have told a member stays while we restart. */
Test(stale, our_open_lists_the_families_when_we_restart_gracefully)
{
	for (unsigned is_restarting = 0; is_restarting < 2; is_restarting++) {
		struct session s;
		struct session_conf conf = link_conf(0);
		struct frame f;
		struct notify why;
		struct open o;
		conf.stale_s = 360;
		conf.restart_s = 77;
		conf.long_stale_s = 500;
		conf.is_restarting = is_restarting;
		conf.families[FAMILY_IPV6] = false;
		session_init(&s, &conf, 1, ALONE_NOW);
		session_enable(&s, ALONE_NOW);
		session_transport_up(&s, ALONE_NOW);
		cr_assert(frame_next(session_tx(&s), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
		cr_assert(open_decode(f.body, &o, &why));
		cr_expect_eq(o.graceful.is_restarting, is_restarting, "the R bit");
		cr_expect_eq(o.graceful.restart_s, 77);
		cr_expect(o.graceful.families[0] && o.graceful.is_forwarding[0]);
		cr_expect(!o.graceful.families[1] && !o.long_lived.families[1]);
		cr_expect(o.long_lived.is_forwarding[0] && o.long_lived.stale_s[0] == 500);
	}
}

/* RFC 4724 §4.1: no NOTIFICATION; the connection is closed in order. */
Test(stale, who_leaves_says_nothing)
{
	struct open_graceful g = {.is_present = true, .has_notification = true};
	struct session s;
	up_with(&s, true, &g);
	session_leave(&s, ALONE_NOW);
	cr_expect(session_take_down(&s));
	cr_expect(session_tx(&s).len == 0 && s.want == SESSION_WANT_CLOSE);
	session_check(&s);
	session_transport_down(&s, "closed", ALONE_NOW);
	cr_expect_eq(s.want, SESSION_WANT_REFUSE);
	session_check(&s);
}
