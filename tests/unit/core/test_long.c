/* UPDATEs of 65,535 octets (RFC 8654) on whole servers: they hold more prefixes than the rings to
 * the shards have room for, and go in by slices. */
#include <criterion/criterion.h>

#include "dataplane/core/core_priv.h"
#include "tests/unit/core/desk.h"

#define ATTRS_LEN 20
#define WORKERS	  5 /* With so many the rings are short. */
#define BODY_MAX  (UINT16_MAX - BGP_HEADER_LEN)

static const uint8_t front[4 + ATTRS_LEN] = {0, 0, 0, ATTRS_LEN, 0x40, 1,    1, 0, 0x40, 2,  6, 2,
					     1, 0, 0, 0,	 101,  0x40, 3, 4, 198,	 18, 0, 11};

static const uint8_t small[] = {0, 0, 0,   20,	 0x40, 1, 1,   0,  0x40, 2,  6,	 2,   1, 0,
				0, 0, 102, 0x40, 3,    4, 198, 18, 0,	 12, 24, 203, 0, 113};

static const struct member *member(const struct desk *d)
{
	return &d->server->member[0];
}

/* Counts the turns that begin in the middle of an UPDATE. */
static void look(struct desk *d)
{
	d->sent += member(d)->update_len > 0;
}

/* As desk_run, but in longer turns, and without looking at every route after each. */
static void run(struct desk *d, usec_t us)
{
	for (usec_t until = d->now + us; d->now < until; d->now += 500) {
		nic_hub_set_time(d->hub, d->now, 20);
		d->before(d);
		for (unsigned c = 0; c < d->workers; c++) {
			core_step(server_core(d->server, (core_id_t)c), d->now);
		}
		for (unsigned i = 0; i < DESK_HOSTS; i++) {
			host_step(&d->host[i], d->now);
		}
	}
	for (unsigned c = 0; c < d->workers; c++) {
		core_check(server_core(d->server, (core_id_t)c));
	}
}

static struct member_status status(struct desk *d, unsigned i)
{
	struct member_status st;
	server_member_status(d->server, (peer_id_t)i, &st);
	return st;
}

static void stand(struct desk *d, unsigned workers)
{
	desk_init(d, &(struct desk_opts){.workers = workers, .has_extended_message = true});
	d->host[0].has_extended_message = true;
	desk_up(d, 1, 0);
	desk_up(d, 0, 0);
	d->before = look;
}

/* Prefixes of `bits` (a multiple of 8) as many as fit, all different while there are enough. */
static size_t fill(uint8_t body[BODY_MAX], unsigned bits, unsigned *out_count)
{
	size_t len = sizeof(front), bytes = bits / 8;
	memcpy(body, front, len);
	unsigned count = 0;
	for (; len + 1 + bytes <= BODY_MAX; count++) {
		uint32_t net = bits == 0 ? 0 : (0x0b000000u >> (32 - bits)) + count;
		body[len++] = (uint8_t)bits;
		for (size_t i = 0; i < bytes; i++) {
			body[len++] = (uint8_t)(net >> 8 * (bytes - 1 - i));
		}
	}
	*out_count = count;
	return len;
}

static uint64_t held(struct desk *d, unsigned peer)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		sum += metric_get(&shard_peer_stats(server_shard(d->server, (core_id_t)c),
						    FAMILY_IPV4, (peer_id_t)peer)
					   ->received);
	}
	return sum;
}

static uint64_t sets(struct desk *d)
{
	uint64_t sum = 0;
	for (unsigned c = 0; c < d->workers; c++) {
		sum += metric_get(&server_core_stats(d->server, (core_id_t)c)->attrs);
	}
	return sum;
}

static void all_different(unsigned workers)
{
	static uint8_t body[BODY_MAX];
	struct desk d;
	unsigned count;
	stand(&d, workers);
	size_t len = fill(body, 24, &count);
	cr_assert(count > 16000);
	host_send(&d.host[0].connection[0], BGP_UPDATE, body, len);
	host_send(&d.host[1].connection[0], BGP_UPDATE, small, sizeof(small));
	run(&d, 3 * USEC_PER_SEC);
	struct member_status st = status(&d, 0), other = status(&d, 1);
	cr_expect(st.state == FSM_ESTABLISHED && other.state == FSM_ESTABLISHED);
	cr_expect(metric_get(&st.import.updates) == 1);
	cr_expect_eq(metric_get(&st.import.announced), count);
	cr_expect_eq(held(&d, 0), count);
	cr_expect_eq(held(&d, 1), 1);
	cr_expect_eq(metric_get(&other.prefixes_sent), count);
	desk_fini(&d);
}

Test(long, a_full_update_arrives_whole_1_worker)
{
	all_different(1);
}

Test(long, a_full_update_arrives_whole_3_workers)
{
	all_different(3);
}

/* Notes the longest message. */
static void hear(void *context, const uint8_t *message, size_t len)
{
	size_t *longest = context;
	(void)message;
	*longest = max_u64(*longest, len);
}

/* RFC 8654 §4: long ones go to who has advertised the capability, and to nobody else. */
Test(long, they_go_out_as_long_as_the_member_takes_them)
{
	static uint8_t body[BODY_MAX];
	for (unsigned is_long = 0; is_long < 2; is_long++) {
		struct desk d;
		unsigned count;
		size_t longest = 0;
		desk_init(&d, &(struct desk_opts){.workers = 2, .has_extended_message = true});
		d.before = look;
		d.host[0].has_extended_message = true;
		d.host[1].has_extended_message = is_long == 1;
		d.host[1].hear = hear;
		d.host[1].context = &longest;
		desk_up(&d, 1, 0);
		desk_up(&d, 0, 0);
		size_t len = fill(body, 24, &count);
		host_send(&d.host[0].connection[0], BGP_UPDATE, body, len);
		run(&d, 3 * USEC_PER_SEC);
		struct member_status other = status(&d, 1);
		cr_expect_eq(metric_get(&other.prefixes_sent), count);
		cr_expect(is_long == 1 ? longest > 3 * BGP_MESSAGE_MAX
				       : longest > 3000 && longest <= BGP_MESSAGE_MAX,
			  "%zu", longest);
		desk_fini(&d);
	}
}

/* More ops than any ring holds, all for one shard. */
Test(long, more_prefixes_than_a_ring_holds_go_in_slices)
{
	static uint8_t body[BODY_MAX];
	struct desk d;
	unsigned count;
	stand(&d, WORKERS);
	size_t len = fill(body, 0, &count);
	cr_assert(count > 65000);
	host_send(&d.host[0].connection[0], BGP_UPDATE, body, len);
	host_send(&d.host[0].connection[0], BGP_UPDATE, (const uint8_t[4]){0}, 4);
	host_send(&d.host[1].connection[0], BGP_UPDATE, small, sizeof(small));
	run(&d, 2 * USEC_PER_SEC);
	struct member_status st = status(&d, 0);
	cr_expect(d.sent >= 1, "it waited %lu turns", d.sent);
	cr_expect(st.state == FSM_ESTABLISHED);
	cr_expect_eq(metric_get(&st.import.updates), 2);
	cr_expect_eq(metric_get(&st.import.end_of_ribs), 1, "what comes behind it is read");
	cr_expect_eq(metric_get(&st.import.announced), count);
	cr_expect_eq(held(&d, 0), 1);
	cr_expect_eq(held(&d, 1), 1);
	cr_expect_eq(sets(&d), 2);
	desk_fini(&d);
}

/* A worker's own shard is told at once, but not more in a turn than keeps turns short. */
Test(long, a_turn_applies_only_so_much_of_its_own)
{
	static uint8_t body[BODY_MAX];
	struct desk d;
	unsigned count;
	stand(&d, 1);
	const struct shard_stats *stats = shard_stats(d.server->shard[0], FAMILY_IPV4);
	size_t len = fill(body, 0, &count);
	uint64_t before = metric_get(&stats->ops), seen = before, most = 0;
	host_send(&d.host[0].connection[0], BGP_UPDATE, body, len);
	while (seen < before + count) {
		run(&d, 500);
		uint64_t ops = metric_get(&stats->ops);
		most = ops - seen > most ? ops - seen : most;
		seen = ops;
	}
	cr_expect(most > OP_ROOM && most <= OWN_OPS, "%lu in a turn", most);
	cr_expect(d.sent >= 3, "it waited %lu turns", d.sent);
	desk_fini(&d);
}

#define FLOOD_PREFIXES 540 /* Sixteen such messages leave no room for another, and no budget. */
#define FLOOD_BODY     (BGP_MESSAGE_MAX - BGP_HEADER_LEN)

/* An UPDATE of 4,096 octets with that many prefixes. */
static void fill_flood(uint8_t body[FLOOD_BODY])
{
	const unsigned pad = FLOOD_BODY - sizeof(front) - 4 - 4 * FLOOD_PREFIXES;
	const uint8_t head[4] = {0xd0, 250, (uint8_t)(pad >> 8), (uint8_t)pad};
	memset(body, 0, FLOOD_BODY);
	memcpy(body, front, sizeof(front));
	body[2] = (uint8_t)((ATTRS_LEN + 4 + pad) >> 8);
	body[3] = (uint8_t)(ATTRS_LEN + 4 + pad);
	memcpy(body + sizeof(front), head, sizeof(head));
	uint8_t *at = body + sizeof(front) + 4 + pad;
	for (unsigned i = 0; i < FLOOD_PREFIXES; i++, at += 4) {
		at[0] = 24;
		at[1] = 11;
		at[2] = (uint8_t)(i >> 8);
		at[3] = (uint8_t)i;
	}
}

/* The first host always has more to say. */
static void flood(struct desk *d)
{
	static uint8_t body[FLOOD_BODY];
	struct host_connection *c = &d->host[0].connection[0];
	fill_flood(body);
	while (sendq_room(tcp_sendq(c->tcp)) >= BGP_MESSAGE_MAX) {
		host_send(c, BGP_UPDATE, body, sizeof(body));
		d->sent++;
	}
}

/* Turns of the hosts alone, then of the server alone. */
static void step_hosts(struct desk *d)
{
	for (unsigned n = 0; n < 10; n++, d->now += 500) {
		nic_hub_set_time(d->hub, d->now, 20);
		d->before(d);
		for (unsigned i = 0; i < DESK_HOSTS; i++) {
			host_step(&d->host[i], d->now);
		}
	}
}

static void step_server(struct desk *d)
{
	nic_hub_set_time(d->hub, d->now, 20);
	core_step(server_core(d->server, 0), d->now);
	d->now += 500;
}

/* Before each turn all that the first may have in it waits, before the other's message. */
Test(long, who_has_one_route_is_read_beside_one_that_always_has_more)
{
	struct desk d;
	stand(&d, 1);
	const struct shard_stats *stats = shard_stats(d.server->shard[0], FAMILY_IPV4);
	d.before = flood;
	run(&d, USEC_PER_SEC / 2); /* Windows are open by then. */
	step_hosts(&d);
	host_send(&d.host[1].connection[0], BGP_UPDATE, small, sizeof(small));
	for (unsigned turn = 0; turn < 2; turn++) {
		uint64_t before = metric_get(&stats->ops);
		step_hosts(&d);
		step_server(&d);
		uint64_t ops = metric_get(&stats->ops) - before;
		cr_expect_geq(ops, 16 * FLOOD_PREFIXES, "%lu in a turn", ops);
		cr_expect_eq(held(&d, 1), turn, "after turn %u", turn);
	}
	desk_fini(&d);
}

/* Resets the connection as soon as an UPDATE is half applied. */
static void cut(struct desk *d)
{
	if (member(d)->update_len > 0 && d->sent == 0) {
		tcp_abort(d->host[0].connection[0].tcp);
		d->sent = 1;
	}
}

/* What was applied goes with the session, and nothing is left over for its next connection. */
Test(long, a_session_may_end_between_slices)
{
	static uint8_t body[BODY_MAX];
	struct desk d;
	unsigned count;
	stand(&d, WORKERS);
	d.before = cut;
	size_t len = fill(body, 0, &count);
	host_send(&d.host[0].connection[0], BGP_UPDATE, body, len);
	run(&d, USEC_PER_SEC);
	cr_assert(d.sent == 1, "it was never half applied");
	cr_expect_neq(status(&d, 0).state, FSM_ESTABLISHED);
	cr_expect(member(&d)->update_len == 0 && held(&d, 0) == 0 && sets(&d) == 0);
	desk_up(&d, 0, 1);
	host_send(&d.host[0].connection[1], BGP_UPDATE, body, len);
	run(&d, USEC_PER_SEC);
	cr_expect_eq(held(&d, 0), 1);
	struct member_status other = status(&d, 1);
	cr_expect(metric_get(&other.prefixes_sent) == metric_get(&other.withdraws_sent) + 1);
	desk_fini(&d);
}

/* RFC 8654 §4: who has not advertised it keeps the old limit, and says so. */
Test(long, without_the_capability_4097_octets_end_the_session)
{
	static uint8_t body[BODY_MAX];
	struct desk d;
	unsigned count;
	desk_init(&d, &(struct desk_opts){.workers = 1});
	desk_up(&d, 0, 0);
	d.before = look;
	fill(body, 24, &count);
	host_send(&d.host[0].connection[0], BGP_UPDATE, body, 4097 - BGP_HEADER_LEN);
	run(&d, USEC_PER_SEC);
	const struct host_connection *c = &d.host[0].connection[0];
	cr_expect(c->notification[0] == NOTIFY_HEADER &&
		  c->notification[1] == NOTIFY_HEADER_LENGTH);
	desk_fini(&d);
}
