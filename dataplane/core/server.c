/* The server: cores, shards, members and the mesh, made at start and taken apart at the end.
 */
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "rib/base/check.h"
#include "rib/base/hash.h"

#define REQUEST_RING 1024
#define EVENT_RING   4096
#define ATTRS_MAX    (8u * 1024 * 1024) /* Attribute sets of one worker. */
#define GATHER_US    (2 * USEC_PER_MSEC)

static struct judge *make_judge(const struct server *s, struct intern *intern)
{
	struct judge *j = NULL;
	if (intern != NULL) {
		j = judge_new(&(struct judge_opts){
			.intern = intern, .peer_count = s->capacity, .key = s->key});
	}
	if (j != NULL && !judge_adopt(j, s->policy)) {
		judge_free(j);
		return NULL;
	}
	return j;
}

static bool make_core(struct server *s, core_id_t id)
{
	struct core *c = &s->core[id];
	unsigned logs = s->opts.core_count * FAMILY_COUNT * WIRE_CLASS_COUNT;
	struct shard_opts shard = {
		.core = id,
		.core_count = (core_id_t)s->opts.core_count,
		.peer_count = (uint16_t)s->capacity,
		.key = s->key,
		.local_as = s->opts.local_as,
		.log_bytes_max = s->opts.log_bytes_max,
		.gather_us = GATHER_US,
		.pace_us = s->opts.pace_us != 0 ? s->opts.pace_us : PACE_US_DEFAULT,
		.pace_burst = s->opts.pace_burst,
		.view_max = s->opts.paths_sent_max,
		.is_deferred = s->opts.is_restarting && s->opts.member_count > 0,
		.deferred_count = (uint16_t)s->opts.member_count,
	};
	c->intern = shard.intern = intern_new(id, s->key, ATTRS_MAX);
	c->judge = shard.judge = make_judge(s, c->intern);
	c->id = id;
	c->server = s;
	c->now = s->opts.now;
	c->is_restarting = s->opts.is_restarting;
	c->deferral_due = server_deferral_due(s);
	prng_init(&c->prng, hash_mix(s->opts.seed, 100 + id));
	c->net = net_new(s->port, s->opts.port_count, hash_mix(s->opts.seed, 200 + id));
	c->shard = shard_new(&shard);
	c->wheel = wheel_new(s->opts.now);
	c->member = calloc(s->capacity, sizeof(struct member *));
	c->far_drop = calloc(s->capacity, sizeof(metric_t));
	c->end_seen = calloc(logs, sizeof(uint64_t));
	c->floor = malloc(logs * sizeof(uint64_t));
	bool has_output = output_init(c);
	c->signer = signer_new(lanes_best());
	c->requests = spsc_new(REQUEST_RING, sizeof(struct request));
	c->events = spsc_new(EVENT_RING, sizeof(struct event));
	s->shard[id] = c->shard;
	if (c->net == NULL || c->shard == NULL || c->intern == NULL || c->wheel == NULL ||
	    c->judge == NULL || c->member == NULL || c->far_drop == NULL || c->end_seen == NULL ||
	    c->floor == NULL || !has_output || c->signer == NULL || c->requests == NULL ||
	    c->events == NULL) {
		return false;
	}
	memset(c->floor, 0xff, logs * sizeof(uint64_t));
	return true;
}

static void make_import_env(struct core *c)
{
	struct server *s = c->server;
	unsigned count = 0;
	for (unsigned p = 0; p < s->opts.port_count; p++) {
		for (unsigned a = 0; a < s->port[p].addr_count; a++) {
			if (count < ARRAY_COUNT(c->local_addr)) {
				c->local_addr[count++] = s->port[p].addr[a].addr;
			}
		}
	}
	c->import_env = (struct import_env){
		.judge = c->judge,
		.core = c->id,
		.shard_count = (core_id_t)s->opts.core_count,
		.key = s->key,
		.local_as = s->opts.local_as,
		.local_addr = c->local_addr,
		.local_addr_count = count,
	};
}

static void *copy_of(const void *from, size_t size)
{
	void *to = malloc(size + 1);
	if (to != NULL && size > 0) {
		memcpy(to, from, size);
	}
	return to;
}

/* All 0, and untouched: those that nobody is take no memory before that. */
static void make_members(struct server *s)
{
	s->member_memory = calloc(s->capacity + 1, sizeof(*s->member));
	uintptr_t at = (uintptr_t)s->member_memory;
	s->member = (struct member *)((at + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

static struct member_conf *make_conf(const struct server *s)
{
	const struct server_opts *o = &s->opts;
	struct member_conf *conf = calloc(s->capacity, sizeof(*conf));
	if (conf != NULL && o->member_count > 0) {
		memcpy(conf, o->members, o->member_count * sizeof(*conf));
	}
	return conf;
}

static bool make_tables(struct server *s)
{
	const struct server_opts *o = &s->opts;
	s->key = hash_mix(o->seed, 1);
	s->conf = make_conf(s);
	s->port = copy_of(o->ports, o->port_count * sizeof(*o->ports));
	for (unsigned i = 0; i < o->port_count; i++) {
		s->nic_count = (unsigned)max_u64(s->nic_count, (uint64_t)o->ports[i].nic + 1);
	}
	s->kernel = calloc(o->port_count + 1, sizeof(struct nic *));
	s->nic = copy_of(o->nics, s->nic_count * sizeof(struct nic *));
	make_members(s);
	s->status = calloc(s->capacity, sizeof(*s->status));
	s->offence = calloc(s->capacity, sizeof(*s->offence));
	s->core = aligned_alloc(CACHE_LINE, (o->core_count * sizeof(*s->core) + CACHE_LINE - 1) /
						    CACHE_LINE * CACHE_LINE);
	s->shard = calloc(o->core_count, sizeof(struct shard *));
	if (s->conf == NULL || s->port == NULL || s->nic == NULL || s->kernel == NULL ||
	    s->member_memory == NULL || s->status == NULL || s->offence == NULL ||
	    s->core == NULL || s->shard == NULL) {
		free(s->core);
		s->core = NULL;
		return false;
	}
	for (unsigned i = 0; o->kernels != NULL && i < o->port_count; i++) {
		s->kernel[i] = o->kernels[i];
		s->port[i].has_kernel = s->kernel[i] != NULL;
		ASSERT(s->kernel[i] == NULL || s->kernel[i]->queue_count == o->core_count);
	}
	memset(s->core, 0, o->core_count * sizeof(*s->core));
	s->mesh = mesh_new(o->core_count, s->capacity);
	return s->mesh != NULL && slots_init(s);
}

/* Before anything else of a member: none may ever run without its keys. */
static bool make_keys(struct server *s)
{
	for (unsigned i = 0; i < s->opts.member_count; i++) {
		const struct auth_keys *keys = s->conf[i].keys;
		if (auth_keys_kind(keys) != SEG_AUTH_NONE) {
			s->member[i].auth.now = auth_new(keys);
			if (s->member[i].auth.now == NULL) {
				return false;
			}
		}
		s->conf[i].keys = NULL; /* The caller's. */
	}
	return true;
}

struct server *server_new(const struct server_opts *opts)
{
	ASSERT(opts->core_count >= 1 && opts->core_count <= CORE_COUNT_MAX);
	ASSERT(opts->member_count <= PEER_COUNT_MAX && opts->capacity <= PEER_COUNT_MAX);
	struct server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		return NULL;
	}
	s->opts = *opts;
	s->capacity = (unsigned)max_u64(1, max_u64(opts->capacity, opts->member_count));
	s->opts.send_bytes_max = opts->send_bytes_max == 0 ? SND_BUF_MAX : opts->send_bytes_max;
	s->policy = opts->policy;
	bool is_ok = make_tables(s) && make_keys(s);
	for (unsigned i = 0; is_ok && i < opts->core_count; i++) {
		is_ok = make_core(s, (core_id_t)i);
	}
	if (!is_ok) {
		server_free(s);
		return NULL;
	}
	for (unsigned i = 0; i < opts->core_count; i++) {
		make_import_env(&s->core[i]);
	}
	for (unsigned i = 0; i < opts->member_count; i++) {
		struct core *c = &s->core[i % opts->core_count];
		c->member[c->member_count++] = &s->member[i];
		member_init(&s->member[i], c, (peer_id_t)i, &s->conf[i]);
	}
	return s;
}

/* Frames on their way from worker to worker go back to their ports. */
static void free_mail(struct core *c)
{
	struct server *s = c->server;
	for (unsigned from = 0; s->mesh != NULL && from < s->opts.core_count; from++) {
		const struct mail *mail;
		while ((mail = mesh_take(s->mesh, (core_id_t)from, c->id)) != NULL) {
			if (mail->kind != MAIL_LEARN) {
				struct frame_buf frame = mail->frame;
				nic_release(s->nic[mail->nic], mail->queue, &frame, 1);
			}
		}
	}
}

/* What was on its way to a worker when it ended. */
static void free_requests(struct core *c)
{
	const struct request *r;
	while (c->requests != NULL && (r = spsc_pop(c->requests)) != NULL) {
		bool has_conf = r->kind == REQUEST_ADD || r->kind == REQUEST_CHANGE;
		auth_free(r->kind == REQUEST_KEYS || r->kind == REQUEST_ADD ? r->auth : NULL);
		free(has_conf ? r->conf : NULL);
		free(r->kind == REQUEST_ORIGINATE ? r->origins : NULL);
	}
	spsc_free(c->requests);
}

static void free_core(struct core *c)
{
	free_mail(c);
	for (unsigned i = 0; i < c->member_count; i++) {
		member_fini(c->member[i]);
	}
	output_fini(c);
	net_free(c->net);
	wheel_free(c->wheel);
	free(c->member);
	free(c->far_drop);
	free(c->end_seen);
	free(c->floor);
	signer_free(c->signer);
	free_requests(c);
	spsc_free(c->events);
}

void server_free(struct server *s)
{
	if (s == NULL) {
		return;
	}
	for (unsigned i = 0; s->core != NULL && i < s->opts.core_count; i++) {
		if (s->core[i].server != NULL) {
			free_core(&s->core[i]);
		}
	}
	for (unsigned i = 0; s->core != NULL && i < s->opts.core_count; i++) {
		shard_free(s->core[i].shard);
	}
	for (unsigned i = 0; s->core != NULL && i < s->opts.core_count; i++) {
		intern_free(s->core[i].intern);
		origin_fini(&s->core[i]);
		judge_free(s->core[i].judge);
	}
	for (unsigned i = 0; s->member_memory != NULL && i < s->capacity; i++) {
		keys_fini(&s->member[i]);
	}
	mesh_free(s->mesh);
	free(s->core);
	free(s->shard);
	free(s->conf);
	free(s->member_memory);
	free(s->status);
	free(s->offence);
	free(s->port);
	free(s->nic);
	free(s->kernel);
	slots_fini(s);
	free(s);
}

struct core *server_core(struct server *s, core_id_t core)
{
	ASSERT(core < s->opts.core_count);
	return &s->core[core];
}

unsigned server_core_count(const struct server *s)
{
	return s->opts.core_count;
}

const struct shard *server_shard(const struct server *s, core_id_t core)
{
	ASSERT(core < s->opts.core_count);
	return s->shard[core];
}

static bool send_request(struct server *s, core_id_t core, const struct request *r)
{
	struct request *cell = spsc_push(s->core[core].requests);
	if (cell == NULL) {
		return false;
	}
	*cell = *r;
	spsc_publish(s->core[core].requests);
	mesh_wake(s->mesh, core);
	return true;
}

bool server_request(struct server *s, const struct request *r)
{
	if (r->kind != REQUEST_SHUTDOWN && r->kind != REQUEST_RESTART) {
		ASSERT(r->peer < s->capacity);
		return send_request(s, place_worker(s, r->peer), r);
	}
	bool is_sent = true;
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		is_sent = send_request(s, (core_id_t)i, r) && is_sent;
	}
	return is_sent;
}

void server_publish_policy(struct server *s, const struct policy *p,
			   const struct policy_scope *scope)
{
	ASSERT(server_policy_is_done(s));
	ASSERT(s->policy == NULL || s->policy->generation != p->generation);
	s->scope = scope;
	epoch_publish(s->policy, p);
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		mesh_wake(s->mesh, (core_id_t)i);
	}
}

bool server_policy_is_done(const struct server *s)
{
	uint32_t generation = s->policy != NULL ? s->policy->generation : 0;
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		if (shard_swept(s->shard[i]) != generation) {
			return false;
		}
	}
	return true;
}

bool server_is_quiet(const struct server *s)
{
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		if (!__atomic_load_n(&s->core[i].is_quiet, __ATOMIC_ACQUIRE)) {
			return false;
		}
	}
	return true;
}

unsigned server_awaited(const struct server *s)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		sum += metric_get(&s->core[i].stats.awaited);
	}
	return (unsigned)sum;
}

usec_t server_deferral_due(const struct server *s)
{
	return s->opts.now + s->opts.deferral_us;
}

bool server_event(struct server *s, struct event *out)
{
	for (unsigned i = 0; i < s->opts.core_count; i++) {
		const struct event *e = spsc_pop(s->core[i].events);
		if (e != NULL) {
			*out = *e;
			spsc_release(s->core[i].events);
			return true;
		}
	}
	return false;
}

void cell_write(uint32_t *sequence, uint64_t *word, const void *from, size_t words)
{
	uint32_t before = *sequence;
	__atomic_store_n(sequence, before + 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < words; i++) {
		uint64_t one;
		memcpy(&one, (const uint8_t *)from + i * sizeof(one), sizeof(one));
		__atomic_store_n(&word[i], one, __ATOMIC_RELEASE);
	}
	/* 0 stays "never written", also after 2³¹ times. */
	uint32_t after = before + 2 != 0 ? before + 2 : 2;
	__atomic_store_n(sequence, after, __ATOMIC_RELEASE);
}

uint32_t cell_read(const uint32_t *sequence, const uint64_t *word, void *to, size_t words)
{
	uint32_t before, after;
	do {
		before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
		for (size_t i = 0; i < words; i++) {
			uint64_t one = __atomic_load_n(&word[i], __ATOMIC_ACQUIRE);
			memcpy((uint8_t *)to + i * sizeof(one), &one, sizeof(one));
		}
		after = __atomic_load_n(sequence, __ATOMIC_RELAXED);
	} while (before != after || (before & 1) != 0);
	return before;
}

void server_member_status(const struct server *s, peer_id_t peer, struct member_status *out)
{
	const struct status_cell *cell = &s->status[peer];
	cell_read(&cell->sequence, cell->word, out, STATUS_WORDS);
	out->drops[DROP_CORE_FIRST - DROP_MEMBER_FIRST + CORE_DROP_TTL_LOW] +=
		slots_far_drops(s, peer);
}

bool server_member_offence(const struct server *s, peer_id_t peer, struct member_offence *out)
{
	const struct offence_cell *cell = &s->offence[peer];
	return cell_read(&cell->sequence, cell->word, out, OFFENCE_WORDS) != 0 && out->at != 0;
}

const struct core_stats *server_core_stats(const struct server *s, core_id_t core)
{
	return &s->core[core].stats;
}

/* What the core's queues have lost; the ports count it. */
static struct nic_losses losses(const struct server *s, core_id_t core)
{
	struct nic_losses sum = {0};
	for (unsigned i = 0; i < s->nic_count; i++) {
		if (core < s->nic[i]->queue_count) {
			struct nic_losses of = nic_losses(s->nic[i], core);
			sum.missed += of.missed;
			sum.refused += of.refused;
		}
	}
	return sum;
}

uint64_t server_drops(const struct server *s, core_id_t core, unsigned i)
{
	const struct core *c = &s->core[core];
	ASSERT(i < DROP_COUNT);
	if (i == DROP_CORE_FIRST + CORE_DROP_PORT_MISSED) {
		return losses(s, core).missed;
	}
	if (i == DROP_CORE_FIRST + CORE_DROP_PORT_REFUSED) {
		return losses(s, core).refused;
	}
	return metric_get(i < DROP_MEMBER_FIRST ? &net_drops(c->net)[i]
						: &c->drop[i - DROP_MEMBER_FIRST]);
}
