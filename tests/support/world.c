/* The exchange in a process: see world.h.  The server is AS 65000 (id 198.18.0.1) on 198.18.0.1 and
 * 2001:db8:0:1::1, the second one has the next numbers; member i is AS 100 + i (a 4-octet AS for
 * every third). */
#include "tests/support/world.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>

#include "rib/base/check.h"

#define STEP_US	  20
#define LINK_US	  30
#define START_US  (100 * USEC_PER_SEC)
#define SERVER_V4 0xc6120001u
#define SERVER_AS 65000u

static struct addr v6_addr(unsigned host)
{
	const uint8_t bytes[16] = {
		0x20,	      1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, (uint8_t)(host >> 8),
		(uint8_t)host};
	return addr_make(FAMILY_IPV6, bytes);
}

/* Every fifth member peers over IPv6. */
static struct addr member_addr(unsigned i)
{
	return i % 5 == 4 ? v6_addr(0x100 + i) : addr_v4(SERVER_V4 + 0xff + i);
}

static uint32_t member_asn(unsigned i)
{
	return i % 3 == 2 ? 4200000000u / 65536 * 65536 + 100 + i : 100 + i;
}

static struct mac mac_of(unsigned host)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
}

static void tap_record(void *context, const uint8_t *message, size_t len, bool is_up)
{
	struct world_tap *tap = context;
	struct world *w = tap->world;
	if (w->opts.record != NULL) {
		w->opts.record(w->opts.context, tap->member, message, len, is_up);
	}
}

static bool keep_frame(void *context, const struct frame_buf *frame)
{
	struct world *w = context;
	if (w->opts.frame != NULL) {
		w->opts.frame(w->opts.context, frame);
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		struct mac mac = mac_of(0x100 + i);
		if (w->is_cut[i] && (memcmp(frame->data, mac.bytes, 6) == 0 ||
				     memcmp(frame->data + 6, mac.bytes, 6) == 0)) {
			return false;
		}
	}
	return w->opts.loss_per_mille == 0 || !prng_chance(&w->prng, w->opts.loss_per_mille, 1000);
}

static void make_universe(struct world *w)
{
	for (unsigned i = 0; i < w->opts.universe; i++) {
		struct naive_prefix *p = &w->universe[i];
		unsigned k = i / 2;
		*p = (struct naive_prefix){.family = (uint8_t)(i % 2)};
		if (p->family == 0) {
			p->len = (uint8_t)(k % 7 == 0 ? 17 : 24);
			p->bytes[0] = 20;
			p->bytes[1] = (uint8_t)(k % 13);
			p->bytes[2] = p->len == 17 ? (uint8_t)(k << 7) : (uint8_t)k;
		} else {
			p->len = (uint8_t)(k % 7 == 0 ? 33 : 48);
			p->bytes[0] = 0x2a;
			p->bytes[3] = (uint8_t)(k % 13);
			p->bytes[4] = p->len == 33 ? (uint8_t)(k << 7) : (uint8_t)k;
			p->bytes[5] = p->len == 33 ? 0 : 1;
		}
	}
	/* Distinct by construction but for the short ones: make those distinct too. */
	for (unsigned i = 0; i < w->opts.universe; i++) {
		struct naive_prefix *p = &w->universe[i];
		if (p->len == 17) {
			p->bytes[0] = (uint8_t)(30 + i / 2 % 64);
			p->bytes[1] = (uint8_t)(i / 128);
		} else if (p->len == 33) {
			p->bytes[1] = (uint8_t)(i / 2);
		}
		for (unsigned j = 0; j < i; j++) {
			ASSERT(memcmp(p, &w->universe[j], sizeof(*p)) != 0);
		}
	}
}

static unsigned site_count(const struct world *w)
{
	return w->opts.sites == 0 ? 1 : w->opts.sites;
}

unsigned world_site_of(const struct world *w, unsigned member)
{
	return member % site_count(w);
}

peer_id_t world_peer_of(const struct world *w, unsigned member)
{
	return w->peer[member];
}

/* Behind the site's members. */
peer_id_t world_link_of(const struct world *w, unsigned site)
{
	return (peer_id_t)((w->opts.members + site_count(w) - 1 - site) / site_count(w));
}

struct mac world_server_mac(unsigned site)
{
	return mac_of(1 + site);
}

struct addr world_server_addr(unsigned site, uint8_t family)
{
	return family == FAMILY_IPV4 ? addr_v4(SERVER_V4 + site) : v6_addr(1 + site);
}

struct mac world_guest_mac(unsigned n)
{
	return mac_of(0x600 + n);
}

uint32_t world_server_asn(unsigned site)
{
	return SERVER_AS + site;
}

char world_role(const struct world *w, unsigned member)
{
	return w->opts.has_roles ? NAIVE_ROLES[(member + w->opts.seed) % sizeof(NAIVE_ROLES)] : 0;
}

/* RFC 9234 §4.2, Table 2, from the other side. */
static uint8_t server_role(char member_is)
{
	switch (member_is) {
	case 'C':
		return ROLE_PROVIDER;
	case 'P':
		return ROLE_CUSTOMER;
	case 'S':
		return ROLE_RS_CLIENT;
	case 'E':
		return ROLE_PEER;
	default:
		return ROLE_RS;
	}
}

static const struct auth_keys *keys_of(const struct world *w, unsigned member)
{
	return w->opts.keys == NULL ? NULL : w->opts.keys(member);
}

struct member_conf world_conf(const struct world *w, unsigned member)
{
	return (struct member_conf){
		.asn = member_asn(member),
		.addr = member_addr(member),
		.session.hold_s = 90,
		.session.hold_min_s = 3,
		.session.retry_s = 5,
		.session.is_passive = !w->opts.are_active,
		.session.has_role = world_role(w, member) != 0,
		.session.role = server_role(world_role(w, member)),
		.session.has_extended_message = w->opts.has_long,
		.session.has_enhanced_refresh = w->opts.has_enhanced,
		.session.has_next_hop6 = w->opts.has_long,
		.session.add_path = {w->opts.has_paths ? 3 : 0, w->opts.has_paths ? 3 : 0},
		.session.stale_s = w->opts.stale_s,
		.session.long_stale_s = w->opts.long_stale_s,
		.keys = keys_of(w, member),
		.is_enabled = true};
}

static unsigned configure_members(struct world *w, unsigned site, struct member_conf *conf)
{
	unsigned count = 0;
	for (unsigned i = site; i < w->opts.members; i += site_count(w)) {
		w->peer[i] = (peer_id_t)count;
		conf[count++] = world_conf(w, i);
	}
	if (site_count(w) > 1) {
		ASSERT(count == world_link_of(w, site));
		conf[count++] =
			(struct member_conf){.asn = SERVER_AS + 1 - site,
					     .addr = world_server_addr(1 - site, FAMILY_IPV4),
					     .session.hold_s = 90,
					     .session.hold_min_s = 3,
					     .session.retry_s = 5,
					     .session.is_passive = w->opts.caller != site,
					     .is_enabled = true};
	}
	return count;
}

static void set_scene(struct world *w, const struct member_conf *conf, unsigned count)
{
	w->scene.members = count;
	w->scene.universe = w->universe;
	w->scene.universe_count = w->opts.universe;
	for (unsigned i = 0; i < count; i++) {
		w->scene.asn[i] = conf[i].asn;
	}
}

bool world_change_rules(struct world *w)
{
	struct world_site *s = &w->site[0];
	if (s->server == NULL || s->policy == NULL || !server_policy_is_done(s->server)) {
		return false;
	}
	struct rules was = w->rules;
	rules_change(&w->rules, &w->scene, &w->prng);
	policy_free(s->older);
	rules_scope_free(&s->scope);
	s->older = s->policy;
	s->scope = rules_scope(&was, &w->rules, &w->scene);
	s->policy = rules_policy(&w->rules, &w->scene);
	server_publish_policy(s->server, s->policy, &s->scope);
	return true;
}

void world_start_server(struct world *w, unsigned site)
{
	struct member_conf conf[WORLD_MEMBERS_MAX + 1];
	struct world_site *s = &w->site[site];
	unsigned queues = w->opts.queues == 0 ? w->opts.workers : w->opts.queues;

	ASSERT(s->server == NULL);
	s->nic = nic_mem_open(w->hub, world_server_mac(site), 1500, (uint16_t)queues);
	if (w->opts.tso_max != 0) {
		nic_mem_set_tso(s->nic, w->opts.tso_max);
	}
	if (w->opts.has_faulty_site && site + 1 == site_count(w)) {
		s->nic = nic_fault_new(s->nic, w->opts.seed ^ w->now);
		nic_fault_set_time(s->nic, w->now);
	}
	struct net_port_conf port = {.mac = world_server_mac(site), .mtu = 1500, .addr_count = 2};
	port.addr[0].addr = world_server_addr(site, FAMILY_IPV4);
	port.addr[0].prefix_len = 16;
	port.addr[1].addr = world_server_addr(site, FAMILY_IPV6);
	port.addr[1].prefix_len = 64;
	unsigned count = configure_members(w, site, conf);
	if (w->opts.asks != NULL) {
		set_scene(w, conf, count);
		s->policy = rules_policy(&w->rules, &w->scene);
	}
	struct server_opts opts = {
		.local_as = SERVER_AS + site,
		.router_id = SERVER_V4 + site,
		.core_count = w->opts.workers,
		.seed = w->opts.seed ^ (site + w->now - START_US),
		.members = conf,
		.member_count = count,
		.capacity = w->opts.spare > 0 ? w->opts.members + w->opts.spare : 0,
		.ports = &port,
		.nics = &s->nic,
		.port_count = 1,
		.log_bytes_max = w->opts.log_bytes_max,
		.send_bytes_max = w->opts.send_bytes_max,
		.pace_us = w->opts.pace_us,
		.pace_burst = w->opts.pace_us != 0 ? 1 : 0,
		.paths_sent_max = WORLD_PATHS_SENT,
		.policy = s->policy,
		.now = w->now,
	};
	s->server = server_new(&opts);
	ASSERT(s->server != NULL);
	memset(s->core_due, 0, sizeof(s->core_due));
	w->server = w->site[0].server;
}

void world_stop_server(struct world *w, unsigned site)
{
	struct world_site *s = &w->site[site];
	server_free(s->server);
	policy_free(s->policy);
	policy_free(s->older);
	rules_scope_free(&s->scope);
	s->server = NULL;
	s->policy = s->older = NULL;
	s->nic->ops->close(s->nic);
	s->nic = NULL;
	w->server = w->site[0].server;
	epoch_barrier();
}

void world_remove(struct world *w, unsigned member)
{
	ASSERT(w->opts.spare > 0 && w->peer[member] != PEER_NONE);
	int err = server_remove_member(w->server, w->peer[member]);
	ASSERT(err == 0);
	w->peer[member] = PEER_NONE;
}

bool world_add(struct world *w, unsigned member)
{
	const struct member_conf conf = world_conf(w, member);
	ASSERT(w->opts.spare > 0 && w->peer[member] == PEER_NONE);
	int peer = server_take_member(w->server, NULL);
	int err = peer < 0 ? peer : server_add_member(w->server, (peer_id_t)peer, &conf);
	if (err != 0 && peer >= 0) {
		server_give_member(w->server, (peer_id_t)peer);
	}
	ASSERT(err == 0 || err == -EAGAIN);
	w->peer[member] = err == 0 ? (peer_id_t)peer : PEER_NONE;
	return err == 0;
}

void world_fault_member(struct world *w, unsigned member, enum nic_fault_way way,
			const struct nic_fault_plan *plan)
{
	ASSERT(w->opts.has_faulty_links);
	nic_fault_set_plan(w->nic[member], way, plan);
}

void world_fault_site(struct world *w, enum nic_fault_way way, const struct nic_fault_plan *plan)
{
	ASSERT(w->opts.has_faulty_site);
	if (w->site[site_count(w) - 1].nic != NULL) {
		nic_fault_set_plan(w->site[site_count(w) - 1].nic, way, plan);
	}
}

static bool has_paths_way(const struct world *w, unsigned member, unsigned family, uint64_t way)
{
	return w->opts.has_paths && ((w->opts.seed + member + family * (member % 3)) & way) != 0;
}

static void make_speaker(struct world *w, unsigned i)
{
	bool is_v4 = member_addr(i).family == FAMILY_IPV4;
	struct speaker_conf conf = {
		.asn = member_asn(i),
		.router_id = 0x0a000000u + (i * 7919u) % 251 * 256 + 1,
		.addr = member_addr(i),
		.server = world_server_addr(world_site_of(w, i), member_addr(i).family),
		.prefix_len = is_v4 ? 16 : 64,
		.mac = mac_of(0x100 + i),
		.is_as4 = !(w->opts.has_old_speakers && i % 4 == 3 && member_asn(i) <= 65535),
		.has_refresh = true,
		.is_long = w->opts.has_long && (w->opts.seed + i) % 2 == 0,
		.has_next_hop6 = w->opts.has_long && (w->opts.seed + i) / 2 % 2 == 0,
		.takes_paths = {has_paths_way(w, i, 0, 1), has_paths_way(w, i, 1, 1)},
		.sends_paths = {has_paths_way(w, i, 0, 2), has_paths_way(w, i, 1, 2)},
		.has_enhanced = w->opts.has_enhanced && (w->opts.seed + i) % 2 == 0,
		.hold_s = 90,
		.window_bytes = w->opts.window_bytes == 0 ? 16384 : w->opts.window_bytes,
		.keys = keys_of(w, i),
		.universe = w->universe,
		.universe_count = w->opts.universe,
		.asks = w->opts.asks,
		.seed = w->opts.seed + i,
		.record = tap_record,
		.context = &w->tap[i],
	};
	w->tap[i] = (struct world_tap){.world = w, .member = i};
	w->nic[i] = nic_mem_open(w->hub, conf.mac, 1500, 1);
	if (w->opts.has_faulty_links) {
		w->nic[i] = nic_fault_new(w->nic[i], w->opts.seed * 64 + i);
	}
	speaker_init(&w->speaker[i], &conf, w->nic[i]);
}

void world_init(struct world *w, const struct world_opts *opts)
{
	memset(w, 0, offsetof(struct world, speaker)); /* Speakers are large. */
	w->opts = *opts;
	w->now = START_US;
	prng_init(&w->prng, opts->seed);
	epoch_thread_begin_alone();
	make_universe(w);
	w->rules.generation = 1;
	w->hub = nic_hub_new(opts->members + site_count(w) + opts->guests, 4096);
	nic_hub_set_time(w->hub, w->now, LINK_US);
	nic_hub_set_filter(w->hub, keep_frame, w);
	ASSERT(w->hub != NULL);
	for (unsigned i = 0; i < site_count(w); i++) {
		world_start_server(w, i);
	}
	for (unsigned i = 0; i < opts->members; i++) {
		make_speaker(w, i);
	}
}

void world_fini(struct world *w)
{
	for (unsigned i = 0; i < site_count(w); i++) {
		if (w->site[i].server != NULL) {
			world_stop_server(w, i);
		}
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		speaker_fini(&w->speaker[i]);
		w->nic[i]->ops->close(w->nic[i]);
	}
	nic_hub_free(w->hub);
	epoch_barrier();
	epoch_thread_end();
}

static unsigned core_count(const struct world *w)
{
	return w->opts.workers * site_count(w);
}

static bool step_core(struct world *w, struct world_site *s, unsigned worker)
{
	if (s->server == NULL) {
		return false;
	}
	if (w->is_frozen || worker + w->opts.workers * (unsigned)(s - w->site) == w->idler) {
		return true;
	}
	struct core *core = server_core(s->server, (core_id_t)worker);
	s->core_due[worker] = core_step(core, w->now);
	core_check(core);
	return s->core_due[worker] <= w->now;
}

static bool step_one(struct world *w, unsigned who)
{
	if (who >= core_count(w)) {
		return speaker_step(&w->speaker[who - core_count(w)], w->now);
	}
	return step_core(w, &w->site[who / w->opts.workers], who % w->opts.workers);
}

static void set_time(struct world *w)
{
	nic_hub_set_time(w->hub, w->now, LINK_US);
	for (unsigned i = 0; w->opts.has_faulty_links && i < w->opts.members; i++) {
		nic_fault_set_time(w->nic[i], w->now);
	}
	struct nic *last = w->site[site_count(w) - 1].nic;
	if (w->opts.has_faulty_site && last != NULL) {
		nic_fault_set_time(last, w->now);
	}
}

static usec_t next_due(const struct world *w)
{
	usec_t due = nic_hub_due(w->hub);
	for (unsigned i = 0; i < core_count(w); i++) {
		const struct world_site *s = &w->site[i / w->opts.workers];
		if (s->server != NULL) {
			due = min_u64(due, s->core_due[i % w->opts.workers]);
		}
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		due = min_u64(due, speaker_due(&w->speaker[i]));
		if (w->opts.has_faulty_links) {
			due = min_u64(due, nic_fault_due(w->nic[i]));
		}
	}
	const struct nic *last = w->site[site_count(w) - 1].nic;
	if (w->opts.has_faulty_site && last != NULL) {
		due = min_u64(due, nic_fault_due(last));
	}
	return due;
}

void world_turn(struct world *w, usec_t limit)
{
	unsigned count = core_count(w) + w->opts.members;
	unsigned order[WORLD_SITES_MAX * CORE_COUNT_MAX + WORLD_MEMBERS_MAX];
	bool did = false;
	set_time(w);
	w->idler = UINT_MAX;
	if (w->opts.may_skip_workers && prng_chance(&w->prng, 1, 3)) {
		w->idler = (unsigned)prng_below(&w->prng, core_count(w));
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned j = (unsigned)prng_below(&w->prng, i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < count; i++) {
		did = step_one(w, order[i]) || did;
	}
	if (w->opts.spare > 0 && !w->is_frozen) {
		(void)server_settle_members(w->server);
	}
	usec_t next = w->now + 1 + prng_below(&w->prng, STEP_US);
	if (!did) {
		next = max_u64(next, next_due(w));
	}
	w->now = min_u64(next, max_u64(limit, w->now + 1));
}

void world_run(struct world *w, usec_t us)
{
	usec_t until = w->now + us;
	while (w->now < until) {
		world_turn(w, until);
	}
}

bool world_run_until(struct world *w, bool (*is_done)(const struct world *w), usec_t us)
{
	usec_t until = w->now + us;
	while (!is_done(w)) {
		if (w->now >= until) {
			return false;
		}
		world_turn(w, until);
	}
	return true;
}

static bool is_link_up(const struct world *w)
{
	for (unsigned i = 0; site_count(w) > 1 && i < site_count(w); i++) {
		struct member_status st;
		if (w->site[i].server == NULL) {
			return false;
		}
		server_member_status(w->site[i].server, world_link_of(w, i), &st);
		if (st.state != FSM_ESTABLISHED || !st.is_complete[0] || !st.is_complete[1]) {
			return false;
		}
	}
	return true;
}

bool world_is_up(const struct world *w)
{
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct speaker *s = &w->speaker[i];
		if (s->wants_up && (s->state != SPEAKER_UP || !s->has_eor[0] || !s->has_eor[1])) {
			return false;
		}
	}
	return is_link_up(w);
}

static bool is_log_empty(const struct shard *shard, enum family f)
{
	for (unsigned k = shard_class_next(shard, f, 0); k < WIRE_CLASS_COUNT;
	     k = shard_class_next(shard, f, k + 1)) {
		struct runlog_stats log;
		runlog_stats(shard_log(shard, f, k), &log);
		if (log.begin != log.end) {
			return false;
		}
	}
	return true;
}

static bool is_core_empty(const struct server *server, core_id_t core)
{
	const struct shard *shard = server_shard(server, core);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct shard_stats *st = shard_stats(shard, (enum family)f);
		if (st->entries != 0 || st->paths != 0 || st->tombstones != 0 || st->retired != 0 ||
		    !is_log_empty(shard, (enum family)f)) {
			return false;
		}
	}
	const struct core_stats *cs = server_core_stats(server, core);
	return cs->attrs == 0 && cs->connections == 0;
}

static bool is_empty(const struct world *w)
{
	for (unsigned i = 0; i < core_count(w); i++) {
		const struct server *server = w->site[i / w->opts.workers].server;
		if (server != NULL && !is_core_empty(server, (core_id_t)(i % w->opts.workers))) {
			return false;
		}
	}
	return true;
}

static void show_core(const struct server *server, core_id_t core)
{
	const struct shard *shard = server_shard(server, core);
	const struct core_stats *cs = server_core_stats(server, core);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct shard_stats *st = shard_stats(shard, (enum family)f);
		fprintf(stderr,
			"shard %u family %u: entries %lu paths %lu tombstones %lu retired %lu; "
			"worker: attrs %lu connections %lu\n",
			core, f, st->entries, st->paths, st->tombstones, st->retired, cs->attrs,
			cs->connections);
	}
}

void world_expect_empty(struct world *w)
{
	for (unsigned round = 0; round < 700 && !is_empty(w); round++) {
		epoch_barrier();
		world_run(w, 200 * USEC_PER_MSEC);
	}
	for (unsigned i = 0; i < core_count(w) && !is_empty(w); i++) {
		if (w->site[i / w->opts.workers].server != NULL) {
			show_core(w->site[i / w->opts.workers].server,
				  (core_id_t)(i % w->opts.workers));
		}
	}
	ASSERT(is_empty(w));
}
