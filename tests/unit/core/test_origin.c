/* Routes of the server's own: who hears them, and in what form.  RFC 4271 §5.1.2, §6.3. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rib/policy/scope.h"
#include "rib/wire/update.h"
#include "tests/unit/core/desk.h"

/* What a host holds: a bit for each of the prefixes below. */
struct held {
	unsigned prefixes;
	asn_t first_as, path_len;
	uint8_t next_hop_last;
	unsigned updates;
	uint64_t announced, withdrawn; /* Prefixes. */
};

static struct held held[DESK_HOSTS];

static const struct {
	const char *text;
	uint32_t next_hop;
} ours[] = {
	{"0.0.0.0/0", 0xc61200fe},
	{"203.0.112.0/24", 0xc61200fd},
	{"203.0.113.0/24", 0xc61200fd},
	{"203.0.114.0/24", 0xc61200fd},
};

static struct origin_route route_of(unsigned i)
{
	struct origin_route r = {.next_hop = addr_v4(ours[i].next_hop)};
	cr_assert_eq(prefix_parse(ours[i].text, &r.prefix, NULL), 0);
	return r;
}

static void note(struct held *h, struct span nlri, bool is_there)
{
	struct rd rd = rd_of(nlri);
	struct prefix p;
	uint32_t path_id;
	while (nlri_next(&rd, (struct nlri_form){.family = FAMILY_IPV4}, &p, &path_id)) {
		for (unsigned i = 0; i < ARRAY_COUNT(ours); i++) {
			struct origin_route r = route_of(i);
			if (prefix_equal(&p, &r.prefix)) {
				h->prefixes =
					is_there ? h->prefixes | 1u << i : h->prefixes & ~(1u << i);
			}
		}
	}
}

static void hear(void *context, const uint8_t *message, size_t len)
{
	static struct attr_draft draft;
	struct held *h = context;
	const struct update_opts opts = {.is_as4 = true, .families = {true, true}};
	struct update u;
	if (message[18] != BGP_UPDATE) {
		return;
	}
	update_decode(span_of(message + 19, len - 19), &opts, &draft, &u);
	cr_assert_eq(u.attrs.verdict, VERDICT_OK);
	h->updates++;
	h->announced += u.announced[UPDATE_FIELD].count;
	h->withdrawn += u.withdrawn[UPDATE_FIELD].count;
	note(h, u.withdrawn[UPDATE_FIELD].nlri, false);
	note(h, u.announced[UPDATE_FIELD].nlri, true);
	if (u.announced[UPDATE_FIELD].count > 0) {
		h->first_as = draft.facts.neighbor_as;
		h->path_len = draft.facts.path_len;
		h->next_hop_last = u.announced[UPDATE_FIELD].next_hop.bytes[3];
	}
}

static void originate(struct desk *d, unsigned which)
{
	struct origin_route r[ARRAY_COUNT(ours)];
	unsigned count = 0;
	for (unsigned i = 0; i < ARRAY_COUNT(ours); i++) {
		if ((which & 1u << i) != 0) {
			r[count++] = route_of(i);
		}
	}
	cr_assert_eq(server_originate(d->server, r, count), 0);
}

static void stand(struct desk *d, unsigned workers)
{
	desk_init(d, &(struct desk_opts){.workers = workers, .capacity = 5});
	memset(held, 0, sizeof(held));
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		d->host[i].hear = hear;
		d->host[i].context = &held[i];
	}
	cr_assert_eq(server_origin(d->server), 4);
}

static void expect_held(unsigned prefixes, const char *when)
{
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		cr_expect_eq(held[i].prefixes, prefixes, "%s: host %u has %x", when, i,
			     held[i].prefixes);
	}
}

static void replace_case(unsigned workers)
{
	struct desk d;
	stand(&d, workers);
	desk_up(&d, 0, 0);
	originate(&d, 0x5);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held[0].prefixes, 0x5);
	cr_expect_eq(held[0].first_as, 65000);
	cr_expect_eq(held[0].path_len, 1);
	desk_up(&d, 1, 0);
	desk_up(&d, 2, 0);
	desk_run(&d, USEC_PER_SEC);
	expect_held(0x5, "joined");
	unsigned before = held[0].updates;
	originate(&d, 0x5);
	desk_run(&d, USEC_PER_SEC);
	cr_expect_eq(held[0].updates, before, "the same again is no news");
	originate(&d, 0xe);
	desk_run(&d, USEC_PER_SEC);
	expect_held(0xe, "replaced");
	cr_expect_eq(held[0].next_hop_last, 0xfd);
	/* A list on the heels of another. */
	originate(&d, 0x1);
	originate(&d, 0xb);
	originate(&d, 0x3);
	desk_run(&d, USEC_PER_SEC);
	expect_held(0x3, "the last of three");
	originate(&d, 0);
	desk_run(&d, USEC_PER_SEC);
	expect_held(0, "none");
	desk_fini(&d);
}

Test(origin, new_routes_replace_the_ones_before_1_worker)
{
	replace_case(1);
}

Test(origin, new_routes_replace_the_ones_before_3_workers)
{
	replace_case(3);
}

/* Rules decide who hears a route of our own, and what they become decides anew. */
Test(origin, policy_says_who_hears_them)
{
	struct desk d;
	stand(&d, 2);
	const peer_id_t local = server_origin(d.server);
	const struct policy_scope all = {.is_all = true};
	struct policy *p[2];
	for (unsigned g = 0; g < 2; g++) {
		p[g] = policy_new(server_capacity(d.server));
		p[g]->generation = g + 1;
		p[g]->rs_as = 65000;
		for (unsigned i = 0; i < DESK_HOSTS; i++) {
			p[g]->peer[i] = peer_policy_new();
			p[g]->peer[i]->asn = d.host[i].asn;
			p[g]->peer[i]->hears = calloc(1, sizeof(uint64_t));
			bool hears = g == 0 ? i == 0 : i != 0;
			p[g]->peer[i]->hears[0] = 7 | (hears ? UINT64_C(1) << local : 0);
		}
		cr_assert(policy_finish(p[g]));
	}
	server_publish_policy(d.server, p[0], &all);
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		desk_up(&d, i, 0);
	}
	originate(&d, 0x1);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(held[0].prefixes == 1 && held[1].prefixes == 0 && held[2].prefixes == 0);
	cr_assert(server_policy_is_done(d.server));
	server_publish_policy(d.server, p[1], &all);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(held[0].prefixes == 0 && held[1].prefixes == 1 && held[2].prefixes == 1);
	desk_fini(&d);
	policy_free(p[0]);
	policy_free(p[1]);
}

/* RFC 7947 §2.2.2.1: in a customer's name its AS number alone is the path. */
Test(origin, a_route_may_be_a_customers)
{
	struct desk d;
	stand(&d, 2);
	struct origin_route r = route_of(1);
	desk_up(&d, 0, 0);
	r.asn = 64999;
	cr_assert_eq(server_originate(d.server, &r, 1), 0);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(held[0].prefixes == 0x2 && held[0].first_as == 64999 && held[0].path_len == 1);
	r.asn = 0;
	cr_assert_eq(server_originate(d.server, &r, 1), 0);
	desk_run(&d, USEC_PER_SEC);
	cr_expect(held[0].prefixes == 0x2 && held[0].first_as == 65000 && held[0].path_len == 1);
	desk_fini(&d);
}

/* More than a turn has room for, and lists on the heels of others. */
Test(origin, as_many_as_may_be_come_and_go)
{
	static struct origin_route r[ORIGIN_ROUTES_MAX];
	struct desk d;
	stand(&d, 2);
	desk_up(&d, 0, 0);
	for (uint32_t i = 0; i < ORIGIN_ROUTES_MAX; i++) {
		struct addr a = addr_v4(0x0a000000u + (i << 8));
		r[i] = (struct origin_route){
			.prefix = prefix_make(&a, 24), .next_hop = addr_v4(0xc61200fe), .asn = i};
	}
	cr_assert_eq(server_originate(d.server, r, ORIGIN_ROUTES_MAX), 0);
	desk_run(&d, 2 * USEC_PER_SEC);
	cr_expect_eq(held[0].announced, ORIGIN_ROUTES_MAX);
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(server_originate(d.server, r + i * 500, 1000), 0);
	}
	cr_assert_eq(server_originate(d.server, r + 96, ORIGIN_ROUTES_MAX - 96), 0);
	desk_run(&d, 2 * USEC_PER_SEC);
	uint64_t there = held[0].announced - held[0].withdrawn;
	cr_assert_eq(server_originate(d.server, r, 0), 0);
	desk_run(&d, 2 * USEC_PER_SEC);
	cr_expect_geq(there, ORIGIN_ROUTES_MAX - 96);
	for (unsigned i = 0; i < server_core_count(d.server); i++) {
		const struct shard_stats *st =
			shard_stats(server_shard(d.server, (core_id_t)i), FAMILY_IPV4);
		cr_expect_eq(metric_get(&st->paths), 0);
	}
	desk_fini(&d);
}

/* Where every number is a member's there is none for it, and a number of ours is no member's. */
Test(origin, needs_a_number_of_its_own)
{
	struct desk d;
	struct origin_route r = route_of(0);
	desk_init(&d, &(struct desk_opts){.capacity = DESK_HOSTS});
	cr_expect_eq(server_origin(d.server), PEER_NONE);
	cr_expect_eq(server_originate(d.server, &r, 1), -ENOSPC);
	desk_fini(&d);
	desk_init(&d, &(struct desk_opts){.capacity = DESK_HOSTS + 1});
	cr_expect_eq(server_take_member(d.server, NULL), -ENOSPC);
	desk_fini(&d);
}
