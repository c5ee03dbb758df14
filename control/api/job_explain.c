/* `explain PREFIX --to ADDRESS`: every candidate, why it stands where it stands, and what becomes
 * of it for the member.
 *
 * The entry is found by a walk (only its owner may probe the hash), copied together with the
 * members' ranking data, and ranked again on the copy, so that the rules that are named belong to
 * the order that is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/job.h"
#include "control/api/route_json.h"
#include "control/api/scan.h"
#include "rib/base/check.h"

struct explain_job {
	struct job job; /* First: the job is what others hold. */
	struct scan scan;
	bool has_begun;
	peer_id_t to;
};

/* The member it is explained for. */
struct target {
	peer_id_t peer;
	asn_t asn;
	const struct reach_conf *reach;
	struct member_status status;
	struct update_form form;
	unsigned n; /* It gets up to so many paths (RFC 7911). */
	char name[ADDR_TEXT_MAX];
};

static struct target target_of(const struct explain_job *j, const struct api_env *env)
{
	struct target t = {
		.peer = j->to, .asn = env->roster->row[j->to].asn, .reach = &env->config->reach};
	server_member_status(env->server, j->to, &t.status);
	enum family family = (enum family)j->job.request.prefix.family;
	unsigned class_idx = t.status.state == FSM_ESTABLISHED ? t.status.class_idx[family] : 0;
	t.form = shard_form(server_shard(env->server, 0), family, class_idx);
	t.n = t.form.has_path_ids ? shard_view_max(server_shard(env->server, 0)) : 1;
	addr_format(&j->job.request.to, t.name);
	return t;
}

/* What the member gets of an entry. */
struct choice {
	unsigned count;
	const struct path *path[VIEW_MAX];
};

static bool is_chosen(const struct choice *c, const struct path *p)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->path[i] == p) {
			return true;
		}
	}
	return false;
}

/* Why a set does not suit the form of the member that is sent it; NULL when it does. */
static const char *unsuited(const struct attr *a, const struct update_form *form)
{
	bool is_6 = a->next_hop_len != 4;
	if (a->facts.is_llgr_stale && !form->has_llgr) {
		return "long-lived stale: only for members with LLGR";
	}
	if (a->facts.otc != 0 && form->denies_otc) {
		return "has OTC: only for customers";
	}
	if (form->family == FAMILY_IPV4 && is_6 && !form->has_next_hop6) {
		return "its next hop is IPv6: not negotiated";
	}
	return update_fits(a, form) ? NULL : "too long for its messages";
}

/* Its communities, as the members' requests that they are, keep it from the member: which. */
static void forbidden(const struct target *t, const struct attr *a, char *text, size_t len)
{
	static const char *const rule_text[REACH_RULE_COUNT] = {
		[REACH_DENY_PEER] = "do not announce to peer",
		[REACH_ALLOW_PEER] = "announce to peer",
		[REACH_DENY_ALL] = "do not announce to any",
	};
	struct reach_verdict v = reach_explain(t->reach, a, t->asn);
	snprintf(text, len, "its communities forbid it: %s, %s", v.community, rule_text[v.rule]);
}

/* `text` is room for one that is put together. */
static const char *fate_of(const struct target *t, const struct paths *paths, unsigned i,
			   const struct choice *chosen, char text[160])
{
	const struct path *p = &paths->path[i];
	if (i >= paths->ranked_count) {
		return "rejected";
	}
	if (is_chosen(chosen, p)) {
		return "chosen";
	}
	if (p->peer == t->peer) {
		return "its own route";
	}
	const struct attr *sent = attr_sent_to(p->attr, t->peer);
	if (sent == NULL) {
		forbidden(t, p->attr, text, 160);
		return text;
	}
	const char *why = unsuited(sent, &t->form);
	return why != NULL ? why : "ranked lower";
}

static json_t *candidate_json(const struct roster *roster, const struct prefix *prefix,
			      const struct paths *paths, unsigned i, const struct rank_peer *peers)
{
	json_t *row = route_json(roster, prefix, paths, i, paths->path[i].attr);
	if (i < paths->ranked_count) {
		enum rule rule = decide_rule(paths, i, peers);
		json_object_set_new(row, "rule", json_string(rule_text(rule)));
	}
	return row;
}

static void end_text(const struct target *t, const struct choice *choice, const struct paths *paths,
		     const struct roster *roster, char *text, size_t len)
{
	char from[ADDR_TEXT_MAX] = "?";
	const struct path *chosen = choice->count > 0 ? choice->path[0] : NULL;
	bool is_up = t->status.state == FSM_ESTABLISHED;
	bool has_family = !is_up || t->status.families[t->form.family];
	if (chosen != NULL && chosen->peer < roster->capacity) {
		addr_format(&roster->row[chosen->peer].addr, from);
	}
	if (!has_family) {
		snprintf(text, len, "%s gets nothing: %s was not negotiated with it", t->name,
			 t->form.family == FAMILY_IPV4 ? "IPv4" : "IPv6");
	} else if (chosen == NULL) {
		snprintf(text, len,
			 "%s %s nothing: every path is its own, kept from it, rejected or unsuited",
			 t->name, is_up ? "gets" : "would get");
	} else if (is_up && t->form.has_path_ids) {
		snprintf(text, len, "%s gets %u of %u paths, of up to %u", t->name, choice->count,
			 (unsigned)paths->count, t->n);
	} else if (is_up) {
		snprintf(text, len, "%s gets the path from %s, rank %u", t->name, from,
			 (unsigned)(chosen - paths->path) + 1);
	} else {
		snprintf(text, len, "%s would get the path from %s, rank %u, but its session is %s",
			 t->name, from, (unsigned)(chosen - paths->path) + 1,
			 fsm_state_text(t->status.state));
	}
}

static void *copy_of(const void *from, size_t len)
{
	void *to = malloc(len + 1);
	ASSERT(to != NULL);
	memcpy(to, from, len);
	return to;
}

static struct rank_peer *ranks_of(const struct shard *shard, size_t count)
{
	struct rank_peer *to = malloc((count + 1) * sizeof(*to));
	ASSERT(to != NULL);
	for (size_t i = 0; i < count; i++) {
		to[i] = shard_rank_peer(shard, (peer_id_t)i);
	}
	return to;
}

static void explain(const struct explain_job *j, const struct api_env *env,
		    const struct scan_hit *hit, struct reply *out)
{
	const struct roster *roster = env->roster;
	char text[256];
	const struct target t = target_of(j, env);
	struct rank_peer *peers =
		ranks_of(server_shard(env->server, (core_id_t)hit->shard), roster->capacity);
	struct paths *paths =
		copy_of(hit->paths, sizeof(*paths) + hit->paths->count * sizeof(struct path));
	decide_rank(paths, peers);
	struct choice chosen;
	chosen.count = view_n(paths, t.peer, &t.form, t.n, chosen.path);
	for (unsigned i = 0; i < paths->count; i++) {
		char fate[160];
		json_t *row = candidate_json(roster, &hit->prefix, paths, i, peers);
		json_object_set_new(row, "fate", json_string(fate_of(&t, paths, i, &chosen, fate)));
		if (t.form.has_path_ids && is_chosen(&chosen, &paths->path[i])) {
			json_object_set_new(row, "path_id",
					    json_integer(path_id_sent(&paths->path[i])));
		}
		reply_row(out, row);
	}
	end_text(&t, &chosen, paths, roster, text, sizeof(text));
	reply_end(out, "done", text);
	free(paths);
	free(peers);
}

static bool begin(struct explain_job *j, const struct api_env *env, struct reply *out)
{
	char prefix[PREFIX_TEXT_MAX], to[ADDR_TEXT_MAX];
	const struct api_request *r = &j->job.request;
	j->has_begun = true;
	j->to = env_find(env, &r->to);
	reply_head(out,
		   json_pack("{s:s, s:s, s:s}", "command", api_command_text(r->command), "prefix",
			     prefix_format(&r->prefix, prefix), "to", addr_format(&r->to, to)));
	if (j->to == PEER_NONE) {
		end_unknown(out, &r->to);
		return false;
	}
	j->scan = scan_of(env->server, r->prefix.family == FAMILY_IPV4,
			  r->prefix.family == FAMILY_IPV6);
	return true;
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	(void)now;
	struct explain_job *j = (struct explain_job *)job;
	struct scan_hit hit;
	unsigned budget = JOB_SLICE;
	if (!j->has_begun && !begin(j, env, out)) {
		return true;
	}
	while (scan_next(&j->scan, &budget, &hit)) {
		if (prefix_equal(&hit.prefix, &job->request.prefix)) {
			explain(j, env, &hit, out);
			return true;
		}
	}
	if (!scan_is_done(&j->scan)) {
		return false;
	}
	reply_end(out, "not_found", "nobody announces this prefix");
	return true;
}

static void free_explain(struct job *job)
{
	free(job);
}

struct job *job_explain(const struct api_request *r)
{
	struct explain_job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct explain_job){.job = {.step = step, .free = free_explain, .request = *r},
				  .to = PEER_NONE};
	return &j->job;
}
