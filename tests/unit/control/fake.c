/* The stand-in's functions have the names of core.h: the tests link them in place of core's. */
#include "tests/unit/control/fake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/api/metrics.h"

unsigned server_core_count(const struct server *s)
{
	return s->core_count;
}

const struct shard *server_shard(const struct server *s, core_id_t core)
{
	return s->shard[core];
}

core_id_t place_member(const struct server *s, const struct addr *addr)
{
	return (core_id_t)(addr->bytes[3] % s->core_count);
}

void server_member_status(const struct server *s, peer_id_t peer, struct member_status *out)
{
	*out = s->status[peer];
}

bool server_member_offence(const struct server *s, peer_id_t peer, struct member_offence *out)
{
	*out = s->offence[peer];
	return out->message.verdict != VERDICT_OK;
}

const struct core_stats *server_core_stats(const struct server *s, core_id_t core)
{
	return &s->stats[core];
}

uint64_t server_drops(const struct server *s, core_id_t core, unsigned i)
{
	return s->drops[core][i];
}

unsigned server_awaited(const struct server *s)
{
	return s->awaited;
}

usec_t server_deferral_due(const struct server *s)
{
	(void)s;
	return 160 * USEC_PER_SEC;
}

bool server_request(struct server *s, const struct request *r)
{
	if (s->is_ring_full || s->request_count == ARRAY_COUNT(s->request)) {
		return false;
	}
	s->request[s->request_count++] = *r;
	return true;
}

static int ask(struct server *s, char what, peer_id_t peer)
{
	if (s->is_ring_full) {
		return -EAGAIN;
	}
	cr_assert_lt(s->asked_count, ARRAY_COUNT(s->asked));
	snprintf(s->asked[s->asked_count++], sizeof(s->asked[0]), "%c%u", what, peer);
	return 0;
}

int server_take_member(struct server *s, const uint64_t *wanted)
{
	s->wanted = wanted;
	if (s->free_count == 0) {
		return s->is_without ? -ENOSPC : -EAGAIN;
	}
	s->free_count--;
	return (int)s->free_first++;
}

void server_give_member(struct server *s, peer_id_t peer)
{
	(void)ask(s, '<', peer);
}

int server_add_member(struct server *s, peer_id_t peer, const struct member_conf *conf)
{
	(void)conf;
	return ask(s, '+', peer);
}

int server_remove_member(struct server *s, peer_id_t peer)
{
	return ask(s, '-', peer);
}

int server_change_member(struct server *s, peer_id_t peer, const struct member_conf *conf)
{
	(void)conf;
	return ask(s, '~', peer);
}

bool server_has_member(const struct server *s, peer_id_t peer)
{
	return (s->waiting >> peer & 1) == 0;
}

static void bring_up(struct fake *f, unsigned peer)
{
	struct op up = {.kind = OP_UP,
			.peer = (peer_id_t)peer,
			.incarnation = 1,
			.router_id = 0x0a000001 + peer,
			.addr = f->client[peer].ip};
	for (unsigned i = 0; i < f->server.core_count; i++) {
		shard_apply(f->server.shard[i], &up);
	}
}

static struct state *make_state(struct fake *f)
{
	char why[256] = "";
	scratch_init(&f->scratch);
	cr_assert(state_open(f->scratch.dir, &f->own_state, why, sizeof(why)) == 0, "%s", why);
	return f->own_state;
}

void fake_init(struct fake *f, unsigned cores, struct state *state)
{
	epoch_thread_begin();
	*f = (struct fake){.server = {.core_count = cores}};
	for (unsigned i = 0; i < cores; i++) {
		const struct shard_opts opts = {.core = (core_id_t)i,
						.core_count = (core_id_t)cores,
						.peer_count = FAKE_MEMBERS,
						.key = 7};
		f->server.shard[i] = shard_new(&opts);
		cr_assert(f->server.shard[i] != NULL);
	}
	f->server.intern = intern_new(0, 7, 1000);
	f->config.client = f->client;
	f->config.client_count = FAKE_MEMBERS;
	f->config.rs_as = 64500;
	f->config.router_id = addr_v4(0xc6120001);
	snprintf(f->state_dir, sizeof(f->state_dir), "/state");
	f->config.control.state_dir = f->state_dir;
	for (unsigned i = 0; i < FAKE_MEMBERS; i++) {
		f->client[i] = (struct config_client){.asn = 64501 + i,
						      .ip = addr_v4(0xc6120101 + i),
						      .session.hold_s = 90,
						      .session.is_passive = true};
		bool is_up = i + 1 < FAKE_MEMBERS;
		f->server.status[i] =
			(struct member_status){.state = is_up ? FSM_ESTABLISHED : FSM_IDLE,
					       .since = 1 * USEC_PER_SEC,
					       .is_enabled = true,
					       .is_as4 = true,
					       .hold_s = 90,
					       .router_id = 0x0a000001 + i,
					       .families = {is_up, is_up}};
		bring_up(f, i);
	}
	f->roster = roster_new(&f->config, FAKE_MEMBERS);
	f->env = (struct api_env){.server = &f->server,
				  .config = &f->config,
				  .roster = f->roster,
				  .state = state != NULL ? state : make_state(f),
				  .started = 1,
				  .busy = &f->busy};
}

void fake_fini(struct fake *f)
{
	epoch_quiescent();
	for (unsigned i = 0; i < f->server.core_count; i++) {
		shard_free(f->server.shard[i]);
	}
	intern_free(f->server.intern);
	roster_free(f->roster);
	if (f->own_state != NULL) {
		state_close(f->own_state);
		scratch_fini(&f->scratch);
	}
	epoch_thread_end();
}

static size_t put_attr(uint8_t *at, uint8_t flags, uint8_t type, const uint8_t *value, uint8_t len)
{
	at[0] = flags;
	at[1] = type;
	at[2] = len;
	memcpy(at + 3, value, len);
	return 3 + (size_t)len;
}

static const struct attr *make_attr(struct fake *f, unsigned peer, const asn_t path[4],
				    uint32_t med, const struct prefix *prefix)
{
	static const uint8_t community[] = {0xfb, 0xf4, 0, 1, 0xff, 0xff, 0x02, 0x9a};
	struct attr_draft draft = {.wire_len = 0};
	struct next_hop nh = {.len = prefix->family == FAMILY_IPV4 ? 4 : 16};
	uint8_t value[64];
	struct wr w = wr_of(value, sizeof(value));
	uint8_t count = 0;
	while (count < 4 && path[count] != 0) {
		count++;
	}
	wr_u8(&w, 2);
	wr_u8(&w, count);
	for (unsigned i = 0; i < count; i++) {
		wr_u32(&w, path[i]);
	}
	size_t len = put_attr(draft.wire, 0x40, ATTR_ORIGIN, (const uint8_t[]){0}, 1);
	len += put_attr(draft.wire + len, 0x40, ATTR_AS_PATH, value, (uint8_t)wr_len(&w));
	if (med > 0) {
		w = wr_of(value, sizeof(value));
		wr_u32(&w, med);
		len += put_attr(draft.wire + len, 0x80, ATTR_MED, value, 4);
	}
	len += put_attr(draft.wire + len, 0xc0, ATTR_COMMUNITIES, community, sizeof(community));
	draft.wire_len = (uint16_t)len;
	attr_facts_compute(draft.wire, len, &draft.facts);
	memcpy(nh.bytes, f->client[peer].ip.bytes, 4);
	if (f->judge == NULL) {
		return intern_get(f->server.intern, &draft, &nh, 1);
	}
	judge_begin(f->judge, (peer_id_t)peer, &draft, &nh, REJECT_NONE);
	struct judged v = judge_route(f->judge, prefix);
	judge_end(f->judge);
	return v.attr;
}

void fake_announce(struct fake *f, unsigned peer, const char *prefix, const asn_t path[4],
		   uint32_t med, enum reject reason)
{
	struct op op = {.kind = OP_ANNOUNCE,
			.peer = (peer_id_t)peer,
			.incarnation = 1,
			.reason = (uint8_t)reason};
	cr_assert(prefix_parse(prefix, &op.prefix, NULL) == 0);
	op.family = op.prefix.family;
	op.attr = make_attr(f, peer, path, med, &op.prefix);
	cr_assert(op.attr != NULL);
	core_id_t shard = prefix_shard(&op.prefix, f->server.core_count, 7);
	shard_apply(f->server.shard[shard], &op);
}

void fake_settle(struct fake *f)
{
	struct op op;
	for (unsigned i = 0; i < f->server.core_count; i++) {
		for (unsigned turn = 0; turn < 100; turn++) {
			shard_turn(f->server.shard[i], f->now += USEC_PER_SEC, false);
			epoch_quiescent();
		}
		while (shard_pull(f->server.shard[i], 0, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(f->server.intern, op.attr, op.delta);
			}
		}
	}
}

static struct job *job_of(struct fake *f, const char *request)
{
	struct api_request r;
	char why[256];
	cr_assert(api_request_parse(request, strlen(request), &r, why, sizeof(why)), "%s", why);
	switch (r.command) {
	case API_STATUS:
		return job_status(&r);
	case API_NEIGHBORS:
	case API_NEIGHBOR:
		return job_neighbors(&r, &f->env);
	case API_ROUTES:
		return job_routes(&r);
	case API_EXPLAIN:
		return job_explain(&r);
	case API_RPKI:
		return job_rpki(&r);
	case API_IRR:
	case API_IRR_REFRESH:
	case API_IRR_ACCEPT:
		return job_irr(&r);
	case API_RESTART:
		return job_restart(&r);
	case API_EVENTS:
		return job_events(&r);
	case API_METRICS:
		return job_metrics(&r, &f->env);
	default:
		return job_change(&r);
	}
}

json_t *fake_ask(struct fake *f, const char *request)
{
	json_t *lines = json_array();
	struct reply reply = {0};
	struct job *j = job_of(f, request);
	usec_t now = 100 * USEC_PER_SEC;
	bool is_done = false;
	for (unsigned slice = 0; !is_done && slice < 10000; slice++) {
		is_done = j->step(j, &f->env, &reply, now);
		now += USEC_PER_MSEC;
		epoch_quiescent();
	}
	cr_assert(is_done);
	j->free(j);
	for (size_t at = reply.begin; at < reply.end;) {
		const char *end = memchr(reply.data + at, '\n', reply.end - at);
		cr_assert(end != NULL);
		size_t len = (size_t)(end - (reply.data + at));
		json_t *line = json_loadb(reply.data + at, len, 0, NULL);
		cr_assert(line != NULL);
		json_array_append_new(lines, line);
		at += len + 1;
	}
	reply_fini(&reply);
	return lines;
}
