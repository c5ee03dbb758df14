/* AFI/SAFI disable: a family that cannot be read goes, and the session stays with the other.
 * RFC 7606 §2, §5.3; RFC 4760 §7. */
#include <criterion/criterion.h>

#include "tests/unit/core/desk.h"

#define STALE_S 60

/* 203.0.113.0/24. */
static const uint8_t v4[28] = {0, 0, 0,	  20,	0x40, 1, 1,   0,  0x40, 2,  6,	2,   1, 0,
			       0, 0, 101, 0x40, 3,    4, 198, 18, 0,	11, 24, 203, 0, 113};
/* 2001:db8:1::/48. */
static const uint8_t v6_head[] = {0, 0, 0, 43, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0, 101};
static const uint8_t v6_reach[] = {0x80, 14, 28, 0,    2, 1,	16,   0x20, 1, 0x0d, 0xb8,
				   0,	 0,  0,	 0,    0, 0,	0,    0,    0, 0,    0,
				   2,	 0,  48, 0x20, 1, 0x0d, 0xb8, 0,    1};

static void say(struct desk *d, const void *body, size_t len)
{
	host_send(&d->host[0].connection[0], BGP_UPDATE, body, len);
	desk_run(d, USEC_PER_SEC);
}

/* One IPv6 route; `length` is its prefix's. */
static void say_v6(struct desk *d, uint8_t length)
{
	uint8_t body[sizeof(v6_head) + sizeof(v6_reach)];
	memcpy(body, v6_head, sizeof(v6_head));
	memcpy(body + sizeof(v6_head), v6_reach, sizeof(v6_reach));
	body[3] = (uint8_t)(sizeof(body) - 4);
	body[sizeof(v6_head) + 24] = length;
	say(d, body, sizeof(body));
}

static uint64_t held(struct desk *d, enum family family)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		const struct shard *s = server_shard(d->server, (core_id_t)c);
		sum += metric_get(&shard_peer_stats(s, family, 0)->received);
	}
	return sum;
}

static void stand(struct desk *d, unsigned workers)
{
	desk_init(d, &(struct desk_opts){.workers = workers, .stale_s = STALE_S});
	d->host[0].graceful = (struct open_graceful){.is_present = true,
						     .restart_s = 30,
						     .families = {true, true},
						     .is_forwarding = {true, true}};
	desk_up(d, 1, 0);
	desk_up(d, 0, 0);
	say(d, v4, sizeof(v4));
	say_v6(d, 48);
	cr_assert(held(d, FAMILY_IPV4) == 1 && held(d, FAMILY_IPV6) == 1);
}

static void give_up_case(unsigned workers)
{
	struct desk d;
	stand(&d, workers);
	unsigned before = d.host[1].connection[0].heard[BGP_UPDATE];
	say_v6(&d, 129);
	struct member_status st = desk_status(&d, 0);
	cr_expect_eq(st.state, FSM_ESTABLISHED);
	cr_expect(st.is_given_up[FAMILY_IPV6] && !st.is_given_up[FAMILY_IPV4]);
	cr_expect_eq(metric_get(&st.import.afi_disable), 1u);
	cr_expect(held(&d, FAMILY_IPV4) == 1 && held(&d, FAMILY_IPV6) == 0);
	cr_expect_eq(d.host[1].connection[0].heard[BGP_UPDATE], before + 1, "one withdrawal");
	say_v6(&d, 48);
	cr_expect_eq(held(&d, FAMILY_IPV6), 0u, "what follows is passed over");
	say(&d, v4, sizeof(v4));
	cr_expect_eq(held(&d, FAMILY_IPV4), 1u);
	desk_fini(&d);
}

Test(give_up, the_family_goes_and_the_other_stays_1_worker)
{
	give_up_case(1);
}

Test(give_up, the_family_goes_and_the_other_stays_3_workers)
{
	give_up_case(3);
}

/* Nor can both at once: prefixes of 129 bits in MP_REACH of IPv6, of 33 in MP_UNREACH of IPv4. */
Test(give_up, both_families_of_one_message_are_a_reset)
{
	static const uint8_t unreach[] = {0x80, 15, 4, 0, 1, 1, 33};
	uint8_t body[sizeof(v6_head) + sizeof(v6_reach) + sizeof(unreach)];
	struct desk d;
	stand(&d, 1);
	memcpy(body, v6_head, sizeof(v6_head));
	memcpy(body + sizeof(v6_head), v6_reach, sizeof(v6_reach));
	memcpy(body + sizeof(v6_head) + sizeof(v6_reach), unreach, sizeof(unreach));
	body[3] = (uint8_t)(sizeof(body) - 4);
	body[sizeof(v6_head) + 24] = 129;
	say(&d, body, sizeof(body));
	cr_expect_neq(desk_status(&d, 0).state, FSM_ESTABLISHED);
	cr_expect_eq(d.host[0].connection[0].notification[0], NOTIFY_UPDATE);
	desk_fini(&d);
}

/* The last family that is read cannot be given up. */
Test(give_up, the_last_family_is_a_reset)
{
	struct desk d;
	stand(&d, 1);
	say_v6(&d, 129);
	/* MP_REACH of IPv4 with a prefix of 33 bits. */
	static const uint8_t bad[] = {0, 0, 0,	 25, 0x40, 1,	1,    0,  0x40, 2, 6,
				      2, 1, 0,	 0,  0,	   101, 0x80, 14, 11,	0, 1,
				      1, 4, 198, 18, 0,	   11,	0,    33, 203};
	uint8_t body[sizeof(bad)];
	memcpy(body, bad, sizeof(bad));
	body[3] = (uint8_t)(sizeof(bad) - 4);
	say(&d, body, sizeof(body));
	cr_expect_eq(desk_status(&d, 0).state != FSM_ESTABLISHED, true);
	cr_expect_eq(d.host[0].connection[0].notification[0], NOTIFY_UPDATE);
	desk_fini(&d);
}

/* Nothing of the family is there to be kept; and the next session begins anew. */
Test(give_up, a_restart_keeps_the_other_family_alone)
{
	struct desk d;
	stand(&d, 1);
	say_v6(&d, 129);
	tcp_abort(d.host[0].connection[0].tcp);
	desk_run(&d, USEC_PER_SEC);
	struct member_status st = desk_status(&d, 0);
	cr_assert_neq(st.state, FSM_ESTABLISHED);
	cr_expect(st.is_stale[FAMILY_IPV4] && !st.is_stale[FAMILY_IPV6]);
	cr_expect(held(&d, FAMILY_IPV4) == 1 && held(&d, FAMILY_IPV6) == 0);
	desk_up(&d, 0, 1);
	cr_expect_not(desk_status(&d, 0).is_given_up[FAMILY_IPV6]);
	desk_fini(&d);
}
