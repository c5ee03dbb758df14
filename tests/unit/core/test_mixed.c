/* All features at once: three members whose capabilities are others in each session, who announce,
 * refresh, restart, replace their connections and are reset, in any order; between messages and in
 * the middle of them.  Every invariant is checked on the way, and in the end nothing is left. */
#include <criterion/criterion.h>

#include "dataplane/core/core_priv.h"
#include "rib/wire/role.h"
#include "tests/unit/core/desk.h"

#define WORKERS 5 /* With so many the rings are short. */
#define EVENTS	150
#define SEEDS	8

struct mixed {
	struct desk d;
	struct prng prng;
	unsigned last[DESK_HOSTS]; /* Connection that was dialled last. */
	struct open open[DESK_HOSTS];
};

static unsigned below(struct mixed *x, unsigned n)
{
	return (unsigned)prng_below(&x->prng, n);
}

static bool coin(struct mixed *x)
{
	return below(x, 2) != 0;
}

static void configure(struct member_conf *conf, unsigned i)
{
	static const uint8_t roles[DESK_HOSTS] = {ROLE_RS, ROLE_PEER, ROLE_CUSTOMER};
	struct session_conf *s = &conf->session;
	s->stale_s = 3;
	s->restart_s = 20;
	s->long_stale_s = 5;
	s->has_enhanced_refresh = s->has_extended_message = s->has_next_hop6 = true;
	s->has_graceful_shutdown = true;
	s->has_role = true;
	s->role = roles[i];
	s->add_path[FAMILY_IPV4] = s->add_path[FAMILY_IPV6] = ADD_PATH_RECEIVE | ADD_PATH_SEND;
	s->is_damped = i == 1;
	s->delay_open_s = i == 2 ? 1 : 0;
	conf->paths_max = 2;
}

static void run(struct mixed *x, usec_t us)
{
	struct desk *d = &x->d;
	for (usec_t until = d->now + us; d->now < until; d->now += 300) {
		nic_hub_set_time(d->hub, d->now, 20);
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

/* The connection of host `i` that is open and has been dialled last; NULL: there is none. */
static struct host_connection *connection(struct mixed *x, unsigned i)
{
	struct host_connection *c = &x->d.host[i].connection[x->last[i]];
	bool has_room = host_is_up(c) && sendq_bytes(tcp_sendq(c->tcp)) < 8192;
	return has_room ? c : NULL;
}

/* One that is about to end takes nothing. */
static void say(struct host_connection *c, enum bgp_type type, const void *body, size_t len)
{
	static uint8_t m[UINT16_MAX];
	struct wr w = wr_of(m, sizeof(m));
	frame_begin(&w, type);
	wr_copy(&w, body, len);
	frame_end(&w, 0);
	cr_assert(wr_is_ok(&w));
	(void)sendq_push_copy(tcp_sendq(c->tcp), span_of(m, wr_len(&w)));
}

static bool has_paths(const struct mixed *x, unsigned i, enum family family)
{
	return (x->open[i].add_path[family] & ADD_PATH_SEND) != 0;
}

static struct open random_open(struct mixed *x, unsigned i)
{
	static const uint8_t roles[DESK_HOSTS] = {ROLE_RS_CLIENT, ROLE_PEER, ROLE_PROVIDER};
	struct open o = {.asn = 101 + i,
			 .hold_s = coin(x) ? 90 : 0,
			 .router_id = below(x, 8) == 0 ? 51 : 50,
			 .has_as4 = below(x, 4) != 0,
			 .has_multiprotocol = true,
			 .families = {true, below(x, 4) != 0},
			 .has_refresh = true,
			 .has_next_hop6 = coin(x),
			 .has_extended_message = coin(x),
			 .has_enhanced_refresh = below(x, 4) != 0,
			 .has_role = coin(x),
			 .role = roles[i]};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		o.add_path[f] = o.families[f] ? (uint8_t)below(x, 4) : 0;
	}
	if (below(x, 4) != 0) {
		o.graceful = (struct open_graceful){.is_present = true,
						    .has_notification = coin(x),
						    .is_restarting = coin(x),
						    .restart_s = (uint16_t)below(x, 4),
						    .families = {true, coin(x)},
						    .is_forwarding = {true, coin(x)}};
		o.long_lived.is_present = coin(x);
		o.long_lived.families[0] = o.long_lived.is_forwarding[0] = o.long_lived.is_present;
		o.long_lived.stale_s[0] = o.long_lived.is_present ? below(x, 6) : 0;
	}
	return o;
}

/* Open another connection, while the last may be alive, closing or dead. */
static void dial(struct mixed *x, unsigned i)
{
	struct host *h = &x->d.host[i];
	uint8_t m[256];
	x->last[i] = (x->last[i] + 1) % HOST_CONNECTIONS;
	host_dial(h, x->last[i], x->d.now);
	run(x, 20 * USEC_PER_MSEC);
	struct host_connection *c = connection(x, i);
	if (c == NULL) {
		return;
	}
	x->open[i] = random_open(x, i);
	size_t len = open_encode(&x->open[i], m, sizeof(m));
	cr_assert(len > 0 && sendq_push_copy(tcp_sendq(c->tcp), span_of(m, len)));
	say(c, BGP_KEEPALIVE, NULL, 0);
	run(x, 20 * USEC_PER_MSEC);
}

static void put_attribute(struct wr *w, uint16_t flags_type, uint32_t value)
{
	wr_u16(w, flags_type);
	wr_u8(w, 4);
	wr_u32(w, value);
}

/* The attributes of one of a few sets. */
static void put_set(struct wr *w, struct mixed *x, unsigned i)
{
	static const uint32_t community[] = {0xffff0000u, 0xffff0006u, 0xffff0007u};
	const uint8_t as4[9] = {0x40, 2, 6, 2, 1, 0, 0, 0, (uint8_t)(101 + i)};
	const uint8_t as2[7] = {0x40, 2, 4, 2, 1, 0, (uint8_t)(101 + i)};
	bool is_as4 = x->open[i].has_as4;
	wr_u32(w, 0x40010100u + below(x, 3));
	wr_copy(w, is_as4 ? as4 : as2, is_as4 ? sizeof(as4) : sizeof(as2));
	put_attribute(w, 0x4003, 0xc612000bu + i);
	if (below(x, 3) == 0) {
		put_attribute(w, 0xc008, community[below(x, 3)]);
	}
	if (below(x, 3) == 0) {
		put_attribute(w, 0xc023, 101 + below(x, 3)); /* OTC */
	}
}

static void put_prefixes(struct wr *w, struct mixed *x, unsigned i, unsigned count, unsigned bits)
{
	size_t max = x->open[i].has_extended_message ? UINT16_MAX : BGP_MESSAGE_MAX;
	uint32_t first = below(x, 16);
	for (unsigned k = 0; k < count && wr_len(w) + 10 + BGP_HEADER_LEN <= max; k++) {
		if (has_paths(x, i, FAMILY_IPV4)) {
			wr_u32(w, 1 + below(x, 3));
		}
		wr_u8(w, (uint8_t)bits);
		if (bits == 24) {
			wr_u8(w, 11);
			wr_u16(w, (uint16_t)(first + k));
		}
	}
}

static void set_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Announce or withdraw up to `count` IPv4 prefixes of 0 or 24 bits. */
static void update(struct mixed *x, unsigned i, unsigned count, unsigned bits)
{
	static uint8_t body[UINT16_MAX];
	struct host_connection *c = connection(x, i);
	struct wr w = wr_of(body, sizeof(body));
	if (c == NULL) {
		return;
	}
	wr_u16(&w, 0);
	if (below(x, 4) == 0) {
		put_prefixes(&w, x, i, count, bits);
		set_u16(body, wr_len(&w) - 2);
		wr_u16(&w, 0);
	} else {
		wr_u16(&w, 0);
		put_set(&w, x, i);
		set_u16(body + 2, wr_len(&w) - 4);
		put_prefixes(&w, x, i, count, bits);
	}
	if (below(x, 8) == 0) { /* Somewhere in front a bit is wrong. */
		body[below(x, (unsigned)min_u64(wr_len(&w), 64))] ^= (uint8_t)(1u << below(x, 8));
	}
	say(c, BGP_UPDATE, body, wr_len(&w));
}

/* A family of which nothing can be read: RFC 7606 §2, AFI/SAFI disable. */
static void unreadable(struct mixed *x, unsigned i)
{
	const uint8_t body[] = {0, 0, 0, 7, 0x80, 15, 4, 0, (uint8_t)(1 + below(x, 2)), 1, 129};
	struct host_connection *c = connection(x, i);
	if (c != NULL) {
		say(c, BGP_UPDATE, body, sizeof(body));
	}
}

static void end_of_rib(struct mixed *x, unsigned i)
{
	static const uint8_t v4[4] = {0}, v6[] = {0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1};
	struct host_connection *c = connection(x, i);
	if (c != NULL) {
		say(c, BGP_UPDATE, v4, sizeof(v4));
		say(c, BGP_UPDATE, v6, sizeof(v6));
	}
}

static void refresh(struct mixed *x, unsigned i)
{
	const uint8_t body[4] = {0, (uint8_t)(1 + below(x, 2)), (uint8_t)below(x, 3), 1};
	struct host_connection *c = connection(x, i);
	if (c != NULL) {
		say(c, BGP_ROUTE_REFRESH, body, sizeof(body));
	}
}

static void end(struct mixed *x, unsigned i)
{
	struct host_connection *c = connection(x, i);
	if (c == NULL) {
		return;
	}
	switch (below(x, 3)) {
	case 0:
		tcp_abort(c->tcp);
		break;
	case 1:
		tcp_close(c->tcp);
		break;
	default:
		say(c, BGP_NOTIFICATION, (const uint8_t[2]){6, (uint8_t)(2 + below(x, 8))}, 2);
		break;
	}
}

static void ask(struct mixed *x, unsigned i, enum request_kind kind)
{
	const struct request r = {.kind = kind, .peer = (peer_id_t)i, .text = "x"};
	cr_assert(server_request(x->d.server, &r));
}

static void happen(struct mixed *x)
{
	unsigned i = below(x, DESK_HOSTS);
	switch (below(x, 17)) {
	case 0:
	case 1:
		dial(x, i);
		break;
	case 2:
	case 3:
	case 4:
		update(x, i, 1 + below(x, 20), 24);
		break;
	case 5:
	case 6: /* As many as fit: of one prefix, then all go to one shard. */
		update(x, i, UINT16_MAX, below(x, 3) != 0 ? 0 : 24);
		break;
	case 7:
	case 8:
		end_of_rib(x, i);
		break;
	case 9:
	case 10:
	case 11:
		refresh(x, i);
		break;
	case 12:
		end(x, i);
		break;
	case 13:
		ask(x, i, coin(x) ? REQUEST_RESET : REQUEST_REFRESH);
		break;
	case 14:
		x->d.host[i].is_deaf = below(x, 4) == 0;
		break;
	case 15:
		unreadable(x, i);
		break;
	default:
		run(x, below(x, 2500) * USEC_PER_MSEC);
		break;
	}
	if (coin(x)) {
		run(x, below(x, 8) * 300);
	}
}

static void expect_nothing_left(struct mixed *x)
{
	struct desk *d = &x->d;
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		d->host[i].is_deaf = false;
		ask(x, i, REQUEST_DISABLE);
	}
	run(x, 8 * USEC_PER_SEC);
	for (unsigned c = 0; c < d->workers; c++) {
		cr_expect(shard_is_empty(server_shard(d->server, (core_id_t)c)));
		cr_expect_eq(metric_get(&server_core_stats(d->server, (core_id_t)c)->attrs), 0);
	}
}

/* RFC 4724 §4.1: whatever is under way, the server ends soon, and says no word. */
static void expect_quiet(struct mixed *x)
{
	struct desk *d = &x->d;
	bool has_heard[DESK_HOSTS];
	run(x, 50 * USEC_PER_MSEC); /* What was asked before is over. */
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		struct host_connection *c = connection(x, i);
		has_heard[i] = c == NULL || c->heard[BGP_NOTIFICATION] > 0 ||
			       d->server->member[i].session.state != FSM_ESTABLISHED;
	}
	ask(x, 0, REQUEST_RESTART);
	run(x, 5 * USEC_PER_SEC);
	cr_expect(server_is_quiet(d->server));
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		const struct host_connection *c = &d->host[i].connection[x->last[i]];
		cr_expect(has_heard[i] || c->heard[BGP_NOTIFICATION] == 0);
	}
}

static void history(uint64_t seed)
{
	static struct mixed x;
	x = (struct mixed){0};
	prng_init(&x.prng, seed);
	desk_init(&x.d, &(struct desk_opts){.workers = 1 + below(&x, WORKERS),
					    .is_active = coin(&x),
					    .is_restarting = coin(&x),
					    .deferral_s = 4,
					    .log_bytes_max = coin(&x) ? 0 : 100000,
					    .configure = configure});
	for (unsigned i = 0; i < DESK_HOSTS; i++) {
		x.d.host[i].is_listening = coin(&x);
		dial(&x, i);
	}
	for (unsigned n = 0; n < EVENTS; n++) {
		happen(&x);
	}
	if (coin(&x)) {
		expect_quiet(&x);
	} else {
		expect_nothing_left(&x);
	}
	desk_fini(&x.d);
}

Test(mixed, nothing_breaks_and_nothing_is_left)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		history(seed);
	}
}
