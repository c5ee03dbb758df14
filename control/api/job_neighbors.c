/* `neighbors` and `neighbor ADDRESS`: count what each member is sent, then a row for each.
 *
 * The counting walks all entries once, in slices, for all members together; the rows follow while
 * the socket has room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/auth_json.h"
#include "control/api/counts.h"
#include "control/api/drop_json.h"
#include "control/api/exported.h"
#include "control/api/job.h"
#include "control/api/offence_json.h"
#include "rib/base/check.h"
#include "rib/policy/policy.h"
#include "rib/wire/role.h"

struct neighbors_job {
	struct job job; /* First: the job is what others hold. */
	struct scan scan;
	struct exported exported;
	unsigned next; /* Member. */
	bool has_head;
};

static void set_number(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static void set_text(json_t *to, const char *name, const char *text)
{
	json_object_set_new(to, name, json_string(text));
}

static void set_counts(json_t *row, const struct server *s, peer_id_t peer)
{
	struct peer_counts v4 = peer_counts(s, FAMILY_IPV4, peer);
	struct peer_counts v6 = peer_counts(s, FAMILY_IPV6, peer);
	set_number(row, "received", v4.received + v6.received);
	set_number(row, "accepted", v4.accepted + v6.accepted);
	set_number(row, "filtered", v4.received + v6.received - v4.accepted - v6.accepted);
}

static void set_disabled(json_t *row, const struct api_env *env, const struct config_client *client)
{
	const struct state_disabled *d = state_find(env->state, &client->ip);
	if (d != NULL) {
		json_object_set_new(row, "disabled",
				    json_pack("{s:s, s:I}", "reason", d->reason, "since",
					      (json_int_t)d->since));
	} else if (client->is_disabled && client->disabled_why != NULL) {
		json_object_set_new(row, "disabled",
				    json_pack("{s:s}", "reason", client->disabled_why));
	}
}

/* What a looking glass shows. */
static json_t *glass_json(const struct neighbors_job *j, const struct api_env *env, peer_id_t peer,
			  const struct member_status *st, usec_t now)
{
	char text[ADDR_TEXT_MAX];
	const struct config_client *client = roster_client(env->roster, peer);
	json_t *row = json_object();
	set_text(row, "address", addr_format(&client->ip, text));
	set_number(row, "asn", client->asn);
	set_text(row, "state", fsm_state_text(st->state));
	usec_t since = st->since != 0 ? st->since : env->started;
	set_number(row, "since_s", now > since ? (now - since) / USEC_PER_SEC : 0);
	set_counts(row, env->server, peer);
	set_number(row, "exported", exported_of(&j->exported, peer, st));
	if (client->description != NULL) {
		set_text(row, "description", client->description);
	}
	return row;
}

static json_t *summary_json(const struct neighbors_job *j, const struct api_env *env,
			    peer_id_t peer, const struct member_status *st, usec_t now)
{
	const struct config_client *client = roster_client(env->roster, peer);
	json_t *row = glass_json(j, env, peer, st, now);
	json_object_set_new(row, "enabled", json_boolean(st->is_enabled));
	if (client->policy.tenant != NULL) {
		set_text(row, "tenant", client->policy.tenant);
	}
	if (client->session_id != NULL) {
		set_text(row, "session", client->session_id);
	}
	if (st->is_enabled && st->rest_due > now) {
		set_number(row, "rests_for_s", (st->rest_due - now) / USEC_PER_SEC + 1);
	}
	if (st->last_error[0] != '\0') {
		set_text(row, "last_error", st->last_error);
	}
	set_disabled(row, env, client);
	return row;
}

/* UPDATEs are sent from octets that many members share; what they carry is counted
 * (`prefixes_sent`), not they. */
static json_t *messages_json(const metric_t counts[6], bool is_sent)
{
	static const char *const names[] = {"faulty",	    "open",	 "update",
					    "notification", "keepalive", "refresh"};
	json_t *to = json_object();
	for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
		if (!is_sent || i != BGP_UPDATE) {
			set_number(to, names[i], metric_get(&counts[i]));
		}
	}
	return to;
}

/* RFC 7911: what this session has agreed on. */
static json_t *add_path_json(const struct member_status *st, unsigned family)
{
	bool is_sent = st->families[family] && (st->class_idx[family] & WIRE_CLASS_PATHS) != 0;
	json_t *to = json_object();
	json_object_set_new(to, "send", json_boolean(is_sent));
	json_object_set_new(to, "receive", json_boolean(st->sends_paths[family]));
	return to;
}

/* Said only when it is so. */
static void set_flag(json_t *row, const char *name, unsigned is_set)
{
	if (is_set != 0) {
		json_object_set_new(row, name, json_true());
	}
}

/* What holds for a family, and how often it came to that. */
static void set_limit(json_t *family, const struct max_prefix_status *st, unsigned f,
		      uint64_t blocked)
{
	static const char *const actions[] = {[MAX_PREFIX_OFF] = "none",
					      [MAX_PREFIX_WARN] = "warning",
					      [MAX_PREFIX_BLOCK] = "block",
					      [MAX_PREFIX_RESTART] = "restart",
					      [MAX_PREFIX_SHUTDOWN] = "shutdown"};
	char text[PREFIX_TEXT_MAX];
	if (st->rules.action == MAX_PREFIX_OFF || st->rules.limit[f] == 0) {
		return;
	}
	json_t *to = json_object();
	set_number(to, "limit", st->rules.limit[f]);
	set_text(to, "action", actions[st->rules.action]);
	set_text(to, "counts", st->rules.counts_rejected ? "received" : "accepted");
	set_number(to, "exceeded", st->exceeded[f]);
	set_number(to, "warnings", st->warnings[f]);
	set_number(to, "blocked", blocked);
	json_t *last = json_array();
	for (unsigned i = 0; i < st->last_count[f]; i++) {
		json_array_append_new(last, json_string(prefix_format(&st->last[f][i], text)));
	}
	json_object_set_new(to, "last", last);
	json_object_set_new(family, "max_prefix", to);
}

static json_t *families_json(const struct api_env *env, peer_id_t peer,
			     const struct member_status *st)
{
	static const char *const names[] = {"ipv4", "ipv6"};
	json_t *to = json_object();
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct peer_counts c = peer_counts(env->server, (enum family)f, peer);
		json_t *family = json_object();
		json_object_set_new(family, "negotiated", json_boolean(st->families[f]));
		json_object_set_new(family, "end_of_rib_sent", json_boolean(st->is_complete[f]));
		set_number(family, "received", c.received);
		set_number(family, "accepted", c.accepted);
		json_object_set_new(family, "add_path", add_path_json(st, f));
		if (st->is_stale[f] || c.stale > 0) {
			set_number(family, "stale", c.stale);
		}
		set_flag(family, "given_up", st->is_given_up[f]);
		set_number(family, "refused_paths", c.refused_paths);
		set_number(family, "refused_llgr", c.refused_llgr);
		set_limit(family, &st->max_prefix, f, c.blocked);
		json_object_set_new(to, names[f], family);
	}
	return to;
}

static void set_session(json_t *row, const struct config_client *client,
			const struct member_status *st)
{
	char text[ADDR_TEXT_MAX];
	if (st->state == FSM_ESTABLISHED) {
		struct addr id = addr_v4(st->router_id);
		set_text(row, "router_id", addr_format(&id, text));
		set_number(row, "hold_time", st->hold_s);
		json_object_set_new(row, "as4", json_boolean(st->is_as4));
		set_flag(row, "extended_messages", st->class_idx[FAMILY_IPV4] & WIRE_CLASS_LONG);
		set_flag(row, "ipv6_next_hops", st->class_idx[FAMILY_IPV4] & WIRE_CLASS_NEXT_HOP6);
	}
	set_number(row, "configured_hold_time", client->session.hold_s);
	set_number(row, "min_hold_time", client->session.hold_min_s);
	json_object_set_new(row, "passive", json_boolean(client->session.is_passive));
	set_number(row, "paths_limit", client->paths_limit);
	if (client->hop_limit_min != 0) {
		set_number(row, "hop_limit_min", client->hop_limit_min);
	}
	if (client->has_local_addr) {
		set_text(row, "local_address", addr_format(&client->local_addr, text));
	}
	set_number(row, "established_count", metric_get(&st->session.established));
}

/* RFC 9234: what we are to the neighbour, and what its last OPEN said that it is to us. */
static void set_roles(json_t *row, const struct session_conf *conf, const struct member_status *st)
{
	char number[16];
	if (conf->has_role) {
		set_text(row, "local_role", role_text(conf->role));
		json_object_set_new(row, "role_strict", json_boolean(conf->is_role_strict));
	}
	if (st->has_role) {
		const char *text = role_text(st->role);
		snprintf(number, sizeof(number), "%u", st->role);
		set_text(row, "peer_role", text != NULL ? text : number);
	}
}

/* What the neighbour's last OPEN says of a family, RFC 4724 §3, RFC 9494 §3.1. */
static void set_graceful_family(json_t *peer, const char *name, const struct member_status *st,
				enum family family)
{
	const struct open_graceful *g = &st->graceful;
	const struct open_long_lived *l = &st->long_lived;
	if (!g->families[family] && !l->families[family]) {
		return;
	}
	json_t *to = json_object();
	json_object_set_new(to, "forwarding", json_boolean(g->is_forwarding[family]));
	set_number(to, "long_lived_stale_time", l->families[family] ? l->stale_s[family] : 0);
	json_object_set_new(to, "long_lived", json_boolean(st->is_long_lived[family]));
	json_object_set_new(peer, name, to);
}

/* Both sides of RFC 4724 and RFC 9494. */
static void set_graceful(json_t *row, const struct session_conf *conf,
			 const struct member_status *st)
{
	json_t *to = json_object();
	if (conf->stale_s != 0) {
		json_t *ours = json_object();
		set_number(ours, "restart_time", conf->restart_s);
		set_number(ours, "stale_time", conf->stale_s);
		set_number(ours, "long_lived_stale_time", conf->long_stale_s);
		json_object_set_new(to, "ours", ours);
	}
	if (st->graceful.is_present) {
		json_t *peer = json_object();
		set_number(peer, "restart_time", st->graceful.restart_s);
		json_object_set_new(peer, "restarting", json_boolean(st->graceful.is_restarting));
		json_object_set_new(peer, "notification",
				    json_boolean(st->graceful.has_notification));
		json_object_set_new(peer, "long_lived", json_boolean(st->long_lived.is_present));
		set_graceful_family(peer, "ipv4", st, FAMILY_IPV4);
		set_graceful_family(peer, "ipv6", st, FAMILY_IPV6);
		json_object_set_new(to, "peer", peer);
	}
	json_object_set_new(to, "awaited", json_boolean(st->is_awaited));
	json_object_set_new(row, "graceful_restart", to);
}

/* RFC 4724: what is kept of an earlier session, and how long still. */
static void set_stale(json_t *row, const struct config_client *client,
		      const struct member_status *st, usec_t now)
{
	if (client->session.stale_s != 0) {
		set_number(row, "stale_time", client->session.stale_s);
	}
	if (st->stale_due != 0) {
		usec_t left = st->stale_due > now ? st->stale_due - now : 0;
		set_number(row, "stale_left_s", left / USEC_PER_SEC);
	}
}

/* Which families a refresh is under way in. */
static json_t *families_of(const bool is_in[FAMILY_COUNT])
{
	static const char *const names[] = {"ipv4", "ipv6"};
	json_t *list = json_array();
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (is_in[f]) {
			json_array_append_new(list, json_string(names[f]));
		}
	}
	return list;
}

/* RFC 2918, RFC 7313: what we asked the member for and how it came, and what it asked us for. */
static void set_refresh(json_t *row, const struct member_status *st)
{
	json_t *out = json_object();
	set_number(out, "requested", metric_get(&st->session.refresh_asked));
	set_number(out, "begun", metric_get(&st->renew.begun));
	set_number(out, "ended", metric_get(&st->renew.ended));
	set_number(out, "timed_out", metric_get(&st->renew.timed_out));
	json_object_set_new(out, "under_way", families_of(st->is_renewing));
	json_t *in = json_object();
	set_number(in, "requested", metric_get(&st->session.refresh_heard));
	set_number(in, "answered", st->refreshes_answered);
	json_object_set_new(in, "under_way", families_of(st->is_answering));
	json_t *to = json_object();
	json_object_set_new(to, "enhanced", json_boolean(st->has_enhanced_refresh));
	json_object_set_new(to, "of_member", out);
	json_object_set_new(to, "of_ours", in);
	set_number(to, "ignored",
		   metric_get(&st->session.refresh_ignored) + metric_get(&st->renew.ignored));
	json_object_set_new(row, "refresh", to);
}

/* What was wrong, where anything was. */
static json_t *faults_json(const struct import_stats *st)
{
	json_t *list = json_array();
	for (unsigned i = 1; i < FAULT_COUNT; i++) {
		uint64_t count = metric_get(&st->faults[i]);
		if (count > 0) {
			json_t *row = json_pack("{s:s}", "fault", fault_phrase((enum fault)i));
			set_number(row, "count", count);
			json_array_append_new(list, row);
		}
	}
	return list;
}

static void set_offence(json_t *row, const struct server *s, peer_id_t peer, usec_t now)
{
	json_t *offence = offence_json(s, peer, now);
	if (offence != NULL) {
		json_object_set_new(row, "last_offence", offence);
	}
}

static void set_import(json_t *row, const struct import_stats *st)
{
	json_t *to = json_object();
	set_number(to, "updates", metric_get(&st->updates));
	set_number(to, "announced", metric_get(&st->announced));
	set_number(to, "withdrawn", metric_get(&st->withdrawn));
	set_number(to, "end_of_ribs", metric_get(&st->end_of_ribs));
	set_number(to, "treat_as_withdraw", metric_get(&st->treat_as_withdraw));
	set_number(to, "attr_discard", metric_get(&st->attr_discard));
	set_number(to, "afi_disable", metric_get(&st->afi_disable));
	set_number(to, "session_reset", metric_get(&st->session_reset));
	json_object_set_new(to, "faults", faults_json(st));
	set_number(to, "faults_untold", metric_get(&st->faults_untold));
	set_number(to, "refused_memory", metric_get(&st->refused_memory));
	if (st->last_fault != NULL) {
		set_text(to, "last_fault", st->last_fault);
	}
	json_object_set_new(row, "import", to);
}

static void set_traffic(json_t *row, const struct member_status *st)
{
	json_object_set_new(row, "messages_in", messages_json(st->session.messages_in, false));
	json_object_set_new(row, "messages_out", messages_json(st->session.messages_out, true));
	set_number(row, "prefixes_sent", st->prefixes_sent);
	set_number(row, "withdraws_sent", st->withdraws_sent);
	set_number(row, "bytes_in", st->bytes_in);
	set_number(row, "bytes_out", st->bytes_out);
	set_number(row, "retransmits", st->retransmits);
	if (st->rtt_min_us != 0) {
		set_number(row, "rtt_min_us", st->rtt_min_us);
	}
	set_number(row, "send_queue_bytes", st->sendq_bytes);
	set_number(row, "pending", st->pending);
	set_number(row, "collisions", st->collisions);
}

/* What was dropped of this neighbour's segments. */
static json_t *drops_json(const struct member_status *st)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < DROP_MEMBER_COUNT; i++) {
		json_array_append_new(list, drop_json(DROP_MEMBER_FIRST + i, st->drops[i]));
	}
	return list;
}

/* How far the member is by the rules: the least threshold that it does not exceed. */
static void set_rtt(json_t *row, const struct policy *p, peer_id_t peer)
{
	if (p != NULL && p->rtt_ms != NULL && peer < p->peer_count && p->rtt_ms[peer] != 0) {
		set_number(row, "rtt_ms", p->rtt_ms[peer]);
	}
}

static void put_row(struct neighbors_job *j, const struct api_env *env, struct reply *out,
		    peer_id_t peer, usec_t now)
{
	struct member_status st;
	enum sight_degree degree = sight_of_peer(&j->job.sight, env, peer);
	if (degree == SIGHT_NONE) {
		return;
	}
	server_member_status(env->server, peer, &st);
	if (degree == SIGHT_GLASS) {
		reply_row(out, glass_json(j, env, peer, &st, now));
		return;
	}
	json_t *row = summary_json(j, env, peer, &st, now);
	if (j->job.request.command == API_NEIGHBOR) {
		const struct config_client *client = roster_client(env->roster, peer);
		set_session(row, client, &st);
		set_roles(row, &client->session, &st);
		set_graceful(row, &client->session, &st);
		set_stale(row, client, &st, now);
		set_refresh(row, &st);
		set_number(row, "worker", place_member(env->server, &client->ip));
		json_object_set_new(row, "families", families_json(env, peer, &st));
		set_import(row, &st.import);
		set_offence(row, env->server, peer, now);
		json_object_set_new(row, "authentication", auth_json(&st, now));
		set_traffic(row, &st);
		set_rtt(row, env->policy, peer);
		json_object_set_new(row, "drops", drops_json(&st));
	}
	reply_row(out, row);
}

static bool put_rows(struct neighbors_job *j, const struct api_env *env, struct reply *out,
		     usec_t now)
{
	if (j->job.request.command == API_NEIGHBOR) {
		peer_id_t peer = job_find(&j->job, env, &j->job.request.address, SIGHT_GLASS);
		if (peer != PEER_NONE) { /* Else it has just gone. */
			put_row(j, env, out, peer, now);
		}
		return true;
	}
	for (; j->next < env->roster->capacity && reply_has_room(out); j->next++) {
		if (roster_client(env->roster, (peer_id_t)j->next) != NULL) {
			put_row(j, env, out, (peer_id_t)j->next, now);
		}
	}
	return j->next == env->roster->capacity;
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	struct neighbors_job *j = (struct neighbors_job *)job;
	struct scan_hit hit;
	unsigned budget = JOB_SLICE;
	if (!j->has_head) {
		j->has_head = true;
		reply_head(out,
			   json_pack("{s:s}", "command", api_command_text(job->request.command)));
		if (job->request.command == API_NEIGHBOR &&
		    job_find(job, env, &job->request.address, SIGHT_GLASS) == PEER_NONE) {
			end_unknown(out, &job->request.address);
			return true;
		}
	}
	while (scan_next(&j->scan, &budget, &hit)) {
		exported_add(&j->exported, &hit, &budget);
	}
	if (!scan_is_done(&j->scan) || !put_rows(j, env, out, now)) {
		return false;
	}
	reply_end(out, "done", NULL);
	return true;
}

static void free_neighbors(struct job *job)
{
	struct neighbors_job *j = (struct neighbors_job *)job;
	exported_fini(&j->exported);
	free(j);
}

struct job *job_neighbors(const struct api_request *r, const struct api_env *env)
{
	struct neighbors_job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct neighbors_job){.job = {.step = step, .free = free_neighbors, .request = *r},
				    .scan = scan_of(env->server, true, true)};
	exported_init(&j->exported, env->server, env->roster->capacity);
	return &j->job;
}
