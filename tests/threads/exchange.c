/* The server on threads: see exchange.h.  The server is AS 65000 on 198.18.0.1 and 2001:db8::1;
 * member i is AS 100 + i, every fourth of them without 4-octet AS numbers. */
#include "tests/threads/exchange.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "rib/base/check.h"

#define SERVER_V4   0xc6120001u
#define EMPTY_TURNS 20
#define NAP_US	    200
#define CHECK_TURNS 1024 /* Turns of a worker between two checks of its invariants. */

static usec_t clock_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void nap(struct exchange_worker *w)
{
	struct pollfd wait[4];
	int fd[4];
	bool covers_nics;
	unsigned count = core_wait_fds(w->core, fd, 4, &covers_nics);
	for (unsigned i = 0; i < count; i++) {
		wait[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
	}
	const struct timespec ts = {.tv_nsec = NAP_US * 1000};
	if (core_sleep_begin(w->core)) {
		epoch_offline();
		ppoll(wait, count, &ts, NULL);
		epoch_online();
	}
	core_sleep_end(w->core);
	w->naps++;
}

static void *worker_main(void *arg)
{
	struct exchange_worker *w = arg;
	unsigned empty = 0;
	core_begin(w->core);
	while (!__atomic_load_n(w->is_stopping, __ATOMIC_ACQUIRE)) {
		usec_t now = clock_now();
		empty = core_step(w->core, now) <= now ? 0 : empty + 1;
		if (++w->turns % CHECK_TURNS == 0) {
			core_check(w->core);
		}
		if (empty >= EMPTY_TURNS) {
			nap(w);
		} else if (prng_chance(&w->prng, 1, 16)) {
			sched_yield();
		}
	}
	core_end(w->core);
	return NULL;
}

static struct addr v6_addr(unsigned host)
{
	uint8_t bytes[16] = {0x20, 1, 0x0d, 0xb8};
	bytes[14] = (uint8_t)(host >> 8);
	bytes[15] = (uint8_t)host;
	return addr_make(FAMILY_IPV6, bytes);
}

static struct addr member_addr(unsigned i)
{
	return i % 5 == 4 ? v6_addr(0x100 + i) : addr_v4(SERVER_V4 + 0xff + i);
}

static struct mac mac_of(unsigned host)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
}

static void make_universe(struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.universe; i++) {
		struct naive_prefix *p = &x->universe[i];
		*p = (struct naive_prefix){.family = (uint8_t)(i % 2)};
		p->len = p->family == 0 ? 24 : 48;
		p->bytes[0] = p->family == 0 ? 20 : 0x2a;
		p->bytes[1] = (uint8_t)(i / 2); /* In the bits that choose the shard. */
		p->bytes[2] = 7;
	}
}

static void make_server(struct exchange *x)
{
	x->scene = (struct rules_scene){.members = x->opts.members,
					.spare = 1,
					.universe = x->universe,
					.universe_count = x->opts.universe};
	struct member_conf *conf = x->conf;
	for (unsigned i = 0; i < x->opts.members; i++) {
		x->scene.asn[i] = 100 + i;
		conf[i] = (struct member_conf){.asn = 100 + i,
					       .addr = member_addr(i),
					       .session.hold_s = 90,
					       .session.hold_min_s = 3,
					       .session.is_passive = true,
					       .session.has_extended_message = true,
					       .session.has_next_hop6 = true,
					       .is_enabled = true};
	}
	struct net_port_conf port = {.mac = mac_of(1), .mtu = 1500, .addr_count = 2};
	port.addr[0].addr = addr_v4(SERVER_V4);
	port.addr[0].prefix_len = 16;
	port.addr[1].addr = v6_addr(1);
	port.addr[1].prefix_len = 64;
	x->rules.generation = 1;
	x->policy = rules_policy(&x->rules, &x->scene);
	x->server = server_new(&(struct server_opts){
		.local_as = 65000,
		.router_id = SERVER_V4,
		.core_count = WORKERS,
		.seed = x->opts.seed,
		.members = conf,
		.member_count = x->opts.members,
		.capacity = x->opts.members + x->scene.spare,
		.ports = &port,
		.nics = &x->server_nic,
		.port_count = 1,
		.log_bytes_max = x->opts.log_bytes_max,
		.send_bytes_max = x->opts.send_bytes_max,
		.now = x->now,
		.policy = x->policy,
	});
	ASSERT(x->server != NULL);
}

static void make_speaker(struct exchange *x, unsigned i)
{
	bool is_v4 = member_addr(i).family == FAMILY_IPV4;
	struct speaker_conf conf = {
		.asn = 100 + i,
		.router_id = 0x0a000000u + (i * 7919u) % 251 * 256 + 1,
		.addr = member_addr(i),
		.server = is_v4 ? addr_v4(SERVER_V4) : v6_addr(1),
		.prefix_len = is_v4 ? 16 : 64,
		.mac = mac_of(0x100 + i),
		.is_as4 = i % 4 != 3,
		/* Up to six wire classes in each family, made as members join them. */
		.is_long = i % 3 == 1,
		.has_next_hop6 = i % 2 == 1,
		.has_refresh = true,
		.hold_s = 90,
		.window_bytes = x->opts.window_bytes == 0 ? 16384 : x->opts.window_bytes,
		.universe = x->universe,
		.universe_count = x->opts.universe,
		.seed = x->opts.seed + i,
	};
	x->nic[i] = nic_pipe_open(x->hub, conf.mac, 1500, 1, 2048);
	x->who[i] = (struct naive_speaker){.router_id = conf.router_id, .family = conf.addr.family};
	memcpy(x->who[i].addr, conf.addr.bytes, sizeof(x->who[i].addr));
	speaker_init(&x->speaker[i], &conf, x->nic[i]);
}

void exchange_init(struct exchange *x, const struct exchange_opts *opts)
{
	ASSERT(opts->members <= MEMBERS_MAX && opts->universe <= UNIVERSE_MAX);
	*x = (struct exchange){.opts = *opts, .now = clock_now(), .out = -1};
	prng_init(&x->prng, opts->seed);
	epoch_thread_begin();
	make_universe(x);
	x->hub = nic_pipe_hub_new(opts->members + 1);
	x->server_nic = nic_pipe_open(x->hub, mac_of(1), 1500, (uint16_t)opts->queues, 4096);
	make_server(x);
	for (unsigned i = 0; i < opts->members; i++) {
		make_speaker(x, i);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		struct exchange_worker *w = &x->worker[i];
		*w = (struct exchange_worker){.core = server_core(x->server, (core_id_t)i),
					      .is_stopping = &x->is_stopping};
		prng_init(&w->prng, opts->seed + 1000 + i);
		int error = pthread_create(&w->thread, NULL, worker_main, w);
		ASSERT(error == 0);
	}
}

void exchange_fini(struct exchange *x)
{
	__atomic_store_n(&x->is_stopping, true, __ATOMIC_RELEASE);
	epoch_offline();
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(x->worker[i].thread, NULL);
	}
	epoch_online();
	for (unsigned i = 0; i < WORKERS; i++) {
		core_check(server_core(x->server, (core_id_t)i));
		ASSERT(shard_is_empty(server_shard(x->server, (core_id_t)i)));
	}
	server_free(x->server);
	policy_free(x->policy);
	policy_free(x->older);
	rules_scope_free(&x->scope);
	x->server_nic->ops->close(x->server_nic);
	for (unsigned i = 0; i < x->opts.members; i++) {
		speaker_fini(&x->speaker[i]);
		x->nic[i]->ops->close(x->nic[i]);
	}
	nic_pipe_hub_free(x->hub);
	epoch_thread_end();
}

void exchange_turn(struct exchange *x)
{
	bool did = false;
	x->now = clock_now();
	(void)server_settle_members(x->server);
	for (unsigned i = 0; i < x->opts.members; i++) {
		did = speaker_step(&x->speaker[i], x->now) || did;
	}
	if (!did) {
		const struct timespec ts = {.tv_nsec = NAP_US * 1000};
		epoch_offline();
		nanosleep(&ts, NULL);
		epoch_online();
	}
}

static void watch_entry(struct exchange *x, const struct slab *slab, entry_id_t id,
			enum family family)
{
	struct paths_one one;
	const struct paths *paths = entry_paths(slab_at(slab, id), &one);
	peer_id_t peer = (peer_id_t)prng_below(&x->prng, x->opts.members);
	struct update_form form = wire_form(family, 0, 0);
	const struct path *seen = view(paths, peer, &form);
	ASSERT(seen == NULL || (seen->peer != peer && seen->reason == 0));
	for (unsigned i = 0; paths != NULL && i < paths->count; i++) {
		const struct attr *a = paths->path[i].attr;
		struct prefix p = slab_prefix(slab, id);
		ASSERT(p.family == family && p.len == (family == 0 ? 24 : 48));
		ASSERT(paths->path[i].peer <= x->opts.members && a->owner < WORKERS);
		for (unsigned k = 0; k < a->wire_len; k++) {
			x->watched_bytes += a->wire[k];
		}
		x->watched++;
	}
}

static void watch_shard(struct exchange *x, const struct shard *shard, enum family family)
{
	const struct slab *slab = shard_slab(shard, family);
	for (entry_id_t id = 0; id < epoch_read(slab->count); id++) {
		watch_entry(x, slab, id, family);
	}
	for (unsigned k = shard_class_next(shard, family, 0); k < WIRE_CLASS_COUNT;
	     k = shard_class_next(shard, family, k + 1)) {
		struct runlog_stats log;
		runlog_stats(shard_log(shard, family, k), &log);
		ASSERT(log.begin <= log.end);
	}
	for (unsigned i = 0; i < x->opts.members; i++) {
		struct rank_peer r = shard_rank_peer(shard, (peer_id_t)i);
		ASSERT(r.router_id == 0 || r.router_id == x->who[i].router_id);
		ASSERT(metric_get(&shard_peer_stats(shard, family, (peer_id_t)i)->received) <=
		       x->opts.universe);
	}
}

void exchange_watch(struct exchange *x)
{
	struct event event;
	while (server_event(x->server, &event)) {
		ASSERT(event.peer < x->opts.members);
	}
	for (unsigned i = 0; i < x->opts.members; i++) {
		struct member_status st;
		server_member_status(x->server, (peer_id_t)i, &st);
		/* What was published together is seen together. */
		ASSERT(st.router_id == 0 || st.router_id == x->who[i].router_id);
		ASSERT((st.router_id != 0) == (st.state == FSM_ESTABLISHED));
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		watch_shard(x, server_shard(x->server, (core_id_t)i), FAMILY_IPV4);
		watch_shard(x, server_shard(x->server, (core_id_t)i), FAMILY_IPV6);
	}
	epoch_quiescent();
}

/* What nobody reads any more goes at once, so that reading it would be seen. */
static bool is_published(struct exchange *x)
{
	if (!server_policy_is_done(x->server)) {
		return false;
	}
	policy_free(x->older);
	rules_scope_free(&x->scope);
	x->older = NULL;
	return true;
}

bool exchange_change_rules(struct exchange *x)
{
	if (!is_published(x)) {
		return false;
	}
	struct rules was = x->rules;
	rules_change(&x->rules, &x->scene, &x->prng);
	for (unsigned i = 0; i < x->opts.members; i++) {
		x->rules.is_out[i] = (int)i == x->out && !x->has_number;
	}
	x->is_rules_due = false;
	x->older = x->policy;
	x->scope = rules_scope(&was, &x->rules, &x->scene);
	x->policy = rules_policy(&x->rules, &x->scene);
	server_publish_policy(x->server, x->policy, &x->scope);
	return true;
}

bool exchange_remove(struct exchange *x, unsigned member)
{
	enum speaker_state state = x->speaker[member].state;
	/* Who is about to connect would try for ever. */
	bool is_steady = state == SPEAKER_UP || state == SPEAKER_DOWN;
	if (x->out >= 0 || !is_steady || server_remove_member(x->server, (peer_id_t)member) != 0) {
		return false;
	}
	x->out = (int)member;
	x->has_number = false;
	x->is_rules_due = true;
	x->speaker[member].wants_up = false;
	return true;
}

bool exchange_add(struct exchange *x)
{
	if (x->is_rules_due && !exchange_change_rules(x)) {
		return false;
	}
	/* With a connection from before it would be told nothing about its routes. */
	if (x->out < 0 || x->speaker[x->out].state != SPEAKER_DOWN) {
		return false;
	}
	if (!x->has_number) {
		int number = server_take_member(x->server, NULL);
		ASSERT(number == x->out || number == -EAGAIN);
		x->has_number = x->is_rules_due = number >= 0;
		return false;
	}
	if (!is_published(x) || x->rules.is_out[x->out] ||
	    server_add_member(x->server, (peer_id_t)x->out, &x->conf[x->out]) != 0) {
		return false;
	}
	x->speaker[x->out].wants_up = true;
	x->out = -1;
	return true;
}

void exchange_change_member(struct exchange *x, unsigned member)
{
	struct member_conf *conf = &x->conf[member];
	conf->session.retry_s = (uint16_t)(3 + prng_below(&x->prng, 5));
	conf->max_prefix.limit[FAMILY_IPV4] = 1000 + (uint32_t)prng_below(&x->prng, 5);
	if (prng_chance(&x->prng, 1, 4)) {
		conf->session.hold_s = prng_chance(&x->prng, 1, 2) ? 60 : 90;
	}
	if ((int)member != x->out) {
		(void)server_change_member(x->server, (peer_id_t)member, conf);
	}
}

void exchange_originate(struct exchange *x, unsigned count)
{
	struct origin_route route[3];
	ASSERT(count <= ARRAY_COUNT(route));
	for (unsigned i = 0; i < count; i++) {
		struct addr a = addr_v4(0xcb007100u + (i << 8));
		route[i] = (struct origin_route){.prefix = prefix_make(&a, 24),
						 .next_hop = addr_v4(SERVER_V4)};
	}
	(void)server_originate(x->server, route, count);
}

bool exchange_is_empty(const struct exchange *x)
{
	uint64_t held = 0;
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct shard *shard = server_shard(x->server, (core_id_t)i);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st = shard_stats(shard, (enum family)f);
			held += metric_get(&st->entries) + metric_get(&st->paths) +
				metric_get(&st->tombstones) + metric_get(&st->retired) +
				metric_get(&st->path_bytes);
			for (unsigned k = shard_class_next(shard, (enum family)f, 0);
			     k < WIRE_CLASS_COUNT;
			     k = shard_class_next(shard, (enum family)f, k + 1)) {
				struct runlog_stats log;
				runlog_stats(shard_log(shard, (enum family)f, k), &log);
				held += log.end - log.begin;
			}
		}
		held += metric_get(&server_core_stats(x->server, (core_id_t)i)->attrs);
	}
	return held == 0;
}

bool exchange_is_up(const struct exchange *x)
{
	for (unsigned i = 0; i < x->opts.members; i++) {
		const struct speaker *s = &x->speaker[i];
		if (s->wants_up && (s->state != SPEAKER_UP || !s->has_eor[0] || !s->has_eor[1])) {
			return false;
		}
	}
	return true;
}
