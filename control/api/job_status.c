/* `status`: one row about the whole server, from counters that any thread may read. */
#include <stdlib.h>

#include "control/api/busy.h"
#include "control/api/drop_json.h"
#include "control/api/job.h"
#include "control/api/memory.h"
#include "control/api/status_registry.h"
#include "control/irr/irr.h"
#include "rib/base/check.h"

static void set_number(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static json_t *workers_json(const struct api_env *env, usec_t now)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < server_core_count(env->server); i++) {
		const struct core_stats *st = server_core_stats(env->server, (core_id_t)i);
		json_t *w = json_object();
		set_number(w, "worker", i);
		if (i < env->config->dataplane.worker_count) {
			set_number(w, "cpu", env->config->dataplane.workers[i]);
		}
		double busy = busy_percent(env->busy, env->server, (core_id_t)i, now);
		json_object_set_new(w, "busy_percent",
				    json_real((double)(long)(busy * 10 + 0.5) / 10));
		set_number(w, "turns", metric_get(&st->turns));
		set_number(w, "frames_in", metric_get(&st->frames_in));
		set_number(w, "frames_out", metric_get(&st->frames_out));
		set_number(w, "connections", metric_get(&st->connections));
		json_array_append_new(list, w);
	}
	return list;
}

static json_t *sessions_json(const struct api_env *env, uint64_t *out_laggards, uint64_t *out_ids)
{
	uint64_t by_state[FSM_STATE_COUNT] = {0};
	uint64_t disabled = 0, configured = 0;
	for (unsigned i = 0; i < env->roster->capacity; i++) {
		struct member_status st;
		if (roster_client(env->roster, (peer_id_t)i) == NULL) {
			continue;
		}
		configured++;
		server_member_status(env->server, (peer_id_t)i, &st);
		by_state[st.state == FSM_OPEN_DELAYED ? FSM_ACTIVE : st.state]++;
		disabled += st.is_enabled ? 0 : 1;
		*out_laggards += st.pending > 0 ? 1 : 0;
		*out_ids += st.pending;
	}
	json_t *to = json_object();
	json_t *states = json_object();
	set_number(to, "configured", configured);
	set_number(to, "established", by_state[FSM_ESTABLISHED]);
	set_number(to, "disabled", disabled);
	for (unsigned s = 0; s < FSM_STATE_COUNT; s++) {
		if (s != FSM_OPEN_DELAYED) { /* Told as Active. */
			set_number(states, fsm_state_text((enum fsm_state)s), by_state[s]);
		}
	}
	json_object_set_new(to, "by_state", states);
	return to;
}

/* One family's numbers over all shards. */
static json_t *routes_json(const struct server *s, enum family family, uint64_t *out_paths)
{
	uint64_t entries = 0, paths = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		const struct shard_stats *st = shard_stats(server_shard(s, (core_id_t)i), family);
		entries += metric_get(&st->entries);
		paths += metric_get(&st->paths);
	}
	json_t *to = json_object();
	set_number(to, "prefixes", entries);
	set_number(to, "paths", paths);
	*out_paths += paths;
	return to;
}

static json_t *attrs_json(const struct server *s)
{
	uint64_t count = 0, bytes = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		const struct core_stats *st = server_core_stats(s, (core_id_t)i);
		count += metric_get(&st->attrs);
		bytes += metric_get(&st->attr_bytes);
	}
	json_t *to = json_object();
	set_number(to, "count", count);
	set_number(to, "bytes", bytes);
	return to;
}

static void add_log(const struct runlog *l, struct runlog_stats *sum, uint64_t *oldest)
{
	struct runlog_stats st;
	runlog_stats(l, &st);
	sum->bytes += st.bytes;
	sum->bytes_max += st.bytes_max;
	sum->encoded += st.encoded;
	sum->runs_dirty += st.runs_dirty;
	sum->end += st.end - st.begin;
	*oldest = max_u64(*oldest, st.end - st.begin);
}

static json_t *log_json(const struct server *s)
{
	struct runlog_stats sum = {0};
	uint64_t oldest = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		const struct shard *shard = server_shard(s, (core_id_t)i);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			for (unsigned k = shard_class_next(shard, (enum family)f, 0);
			     k < WIRE_CLASS_COUNT;
			     k = shard_class_next(shard, (enum family)f, k + 1)) {
				add_log(shard_log(shard, (enum family)f, k), &sum, &oldest);
			}
		}
	}
	json_t *to = json_object();
	set_number(to, "bytes", sum.bytes);
	set_number(to, "bytes_max", sum.bytes_max);
	set_number(to, "runs", sum.end);
	set_number(to, "longest", oldest);
	set_number(to, "runs_dirty", sum.runs_dirty);
	set_number(to, "prefixes_encoded", sum.encoded);
	return to;
}

/* Every row of the table of drops, with what all workers have counted. */
static json_t *drops_json(const struct server *s)
{
	json_t *list = json_array();
	for (unsigned d = 0; d < DROP_COUNT; d++) {
		uint64_t count = 0;
		for (unsigned i = 0; i < server_core_count(s); i++) {
			count += server_drops(s, (core_id_t)i, d);
		}
		json_array_append_new(list, drop_json(d, count));
	}
	return list;
}

static uint64_t events_lost(const struct server *s)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < server_core_count(s); i++) {
		count += metric_get(&server_core_stats(s, (core_id_t)i)->events_lost);
	}
	return count;
}

/* After our restart, while nothing is selected.  RFC 4724 §4.1. */
static void set_restart(json_t *row, const struct server *s, usec_t now)
{
	unsigned awaited = server_awaited(s);
	if (awaited > 0) {
		usec_t due = server_deferral_due(s);
		json_t *to = json_object();
		set_number(to, "awaited", awaited);
		set_number(to, "left_s", due > now ? (due - now) / USEC_PER_SEC : 0);
		json_object_set_new(row, "restarting", to);
	}
}

/* Of origin validation's data; `causeway rpki` says more. */
static json_t *rpki_json(const struct rpki *rpki)
{
	struct rpki_numbers n = rpki_numbers(rpki);
	json_t *to = json_object();
	set_number(to, "sources", rpki_source_count(rpki));
	set_number(to, "alarms", rpki_alarms(rpki));
	set_number(to, "vrps_ipv4", n.v4);
	set_number(to, "vrps_ipv6", n.v6);
	set_number(to, "aspas", n.customers);
	return to;
}

/* Of AS-SETs; `causeway irr` says more. */
static json_t *irr_json(const struct irr *irr)
{
	json_t *to = json_object();
	set_number(to, "as_sets", irr_set_count(irr));
	set_number(to, "alarms", irr_alarm_count(irr));
	return to;
}

/* How rules came into force. */
static json_t *rules_json(const struct policy_desk_numbers *n)
{
	json_t *to = json_object();
	json_object_set_new(to, "is_publishing", json_boolean(n->is_publishing));
	set_number(to, "published", n->made);
	set_number(to, "without_effect", n->left);
	set_number(to, "took_us", n->took_us);
	return to;
}

static void set_identity(json_t *row, const struct api_env *env, usec_t now)
{
	char text[ADDR_TEXT_MAX];
	json_object_set_new(row, "version", json_string(CAUSEWAY_VERSION));
	set_number(row, "started", (uint64_t)env->started_s);
	set_number(row, "uptime_s", (now - env->started) / USEC_PER_SEC);
	set_number(row, "rs_as", env->config->rs_as);
	json_object_set_new(row, "router_id",
			    json_string(addr_format(&env->config->router_id, text)));
}

/* Who the server is; where the looking glass is public also how much it has. */
static json_t *limited_json(const struct api_env *env, const struct sight *sight, usec_t now)
{
	uint64_t paths = 0, laggards = 0, ids = 0;
	json_t *row = json_object();
	set_identity(row, env, now);
	if (sight->sees_glass) {
		json_t *routes = json_object();
		json_object_set_new(row, "sessions", sessions_json(env, &laggards, &ids));
		json_object_set_new(routes, "ipv4", routes_json(env->server, FAMILY_IPV4, &paths));
		json_object_set_new(routes, "ipv6", routes_json(env->server, FAMILY_IPV6, &paths));
		json_object_set_new(row, "routes", routes);
	}
	return row;
}

static json_t *status_json(const struct api_env *env, usec_t now)
{
	uint64_t bytes = memory_table_bytes(env->server), paths = 0, laggards = 0, ids = 0;
	json_t *row = json_object();
	set_identity(row, env, now);
	set_restart(row, env->server, now);
	json_object_set_new(row, "workers", workers_json(env, now));
	json_object_set_new(row, "sessions", sessions_json(env, &laggards, &ids));
	json_t *routes = json_object();
	json_object_set_new(routes, "ipv4", routes_json(env->server, FAMILY_IPV4, &paths));
	json_object_set_new(routes, "ipv6", routes_json(env->server, FAMILY_IPV6, &paths));
	json_object_set_new(row, "routes", routes);
	json_object_set_new(row, "attribute_sets", attrs_json(env->server));
	json_t *memory = json_object();
	set_number(memory, "resident_bytes", memory_resident_bytes());
	set_number(memory, "table_bytes", bytes);
	set_number(memory, "bytes_per_path", paths > 0 ? bytes / paths : 0);
	json_object_set_new(row, "memory", memory);
	json_object_set_new(row, "log", log_json(env->server));
	json_t *pending = json_object();
	set_number(pending, "neighbors", laggards);
	set_number(pending, "prefixes", ids);
	json_object_set_new(row, "pending", pending);
	json_object_set_new(row, "drops", drops_json(env->server));
	set_number(row, "events_lost", events_lost(env->server));
	if (env->policy != NULL) {
		set_number(row, "policy_generation", env->policy->generation);
		json_object_set_new(row, "policy", rules_json(&env->rules));
	}
	if (env->registry.is_on) {
		json_object_set_new(row, "registry", status_registry(env));
	}
	if (env->rpki != NULL && rpki_source_count(env->rpki) > 0) {
		json_object_set_new(row, "rpki", rpki_json(env->rpki));
	}
	if (env->irr != NULL && irr_set_count(env->irr) > 0) {
		json_object_set_new(row, "irr", irr_json(env->irr));
	}
	return row;
}

static bool step(struct job *j, const struct api_env *env, struct reply *out, usec_t now)
{
	reply_head(out, json_pack("{s:s}", "command", api_command_text(j->request.command)));
	reply_row(out,
		  j->sight.is_limited ? limited_json(env, &j->sight, now) : status_json(env, now));
	reply_end(out, "done", NULL);
	return true;
}

static void free_status(struct job *j)
{
	free(j);
}

struct job *job_status(const struct api_request *r)
{
	struct job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct job){.step = step, .free = free_status, .request = *r};
	return j;
}
