/* `explain --to`: see explain_to.h.
 *
 * The entry is copied together with the members' ranking data, and ranked again on the copy, so
 * that the rules that are named belong to the order that is shown.  What policy says is asked of
 * the policy in force; what is shown as chosen is what the table holds. */
#include "control/api/explain_to.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/route_json.h"
#include "rib/attr/reach.h"
#include "rib/base/check.h"
#include "rib/policy/explain.h"

/* The member it is explained for. */
struct target {
	peer_id_t peer;
	const struct policy *policy;	    /* NULL: there are no rules. */
	const struct config_client *client; /* NULL: it is none any more. */
	const struct prefix *prefix;
	struct member_status status;
	struct update_form form;
	unsigned n; /* It gets up to so many paths (RFC 7911). */
	char name[ADDR_TEXT_MAX];
};

static struct target target_of(const struct api_env *env, peer_id_t to, const struct scan_hit *hit)
{
	struct target t = {.peer = to,
			   .policy = env->policy,
			   .client = roster_client(env->roster, to),
			   .prefix = &hit->prefix};
	server_member_status(env->server, to, &t.status);
	bool is_up = t.status.state == FSM_ESTABLISHED;
	t.form = shard_form(server_shard(env->server, 0), hit->family,
			    is_up ? t.status.class_idx[hit->family] : 0);
	t.n = t.form.has_path_ids ? shard_view_max(server_shard(env->server, 0)) : 1;
	addr_format(&env->roster->row[to].addr, t.name);
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

/* What policy says of an accepted path for the member; false when it says nothing. */
static bool note_of(const struct target *t, const struct path *p, struct to_note *out)
{
	if (t->policy == NULL || p->peer >= t->policy->peer_count) {
		return false;
	}
	*out = judge_explain_to(t->policy, p->peer, p->attr, t->prefix, t->peer);
	return true;
}

/* Why a member does not hear an announcer at all. */
static const char *view_of(const struct target *t)
{
	static const char *const text[] = {
		[ROUTE_VIEW_FULL] = "its export rules leave this neighbour out",
		[ROUTE_VIEW_CUSTOMERS_PEERS] = "its route_view is customers+peers, or its export "
					       "rules leave this neighbour out",
		[ROUTE_VIEW_OWN_TENANT] = "its route_view is own-tenant, or its export rules leave "
					  "this neighbour out",
		[ROUTE_VIEW_DEFAULT] = "its route_view is default",
		[ROUTE_VIEW_NONE] = "its route_view is none",
	};
	return t->client != NULL ? text[t->client->policy.route_view]
				 : "it hears nothing of this neighbour";
}

/* Policy keeps it from the member: the rule. */
static void forbidden(const struct target *t, const struct path *p, char *text, size_t len)
{
	struct to_note note;
	char prefix[PREFIX_TEXT_MAX];
	if (!note_of(t, p, &note) || !note.is_denied) {
		/* Judged by the policy before, whose sweep has not come here yet. */
		snprintf(text, len, "policy forbids it");
	} else if (note.community[0] != '\0') {
		snprintf(text, len, "its communities forbid it: %s, %s", note.community,
			 to_note_text(&note));
	} else if (note.rule == TO_VIEW) {
		snprintf(text, len, "policy forbids it: %s", view_of(t));
	} else if (note.rule == TO_EXPORT_DENY) {
		snprintf(text, len, "policy forbids it: %s, %s", to_note_text(&note),
			 prefix_format(&note.prefix_rule.prefix, prefix));
	} else {
		snprintf(text, len, "policy forbids it: %s", to_note_text(&note));
	}
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
		forbidden(t, p, text, 160);
		return text;
	}
	const char *why = unsuited(sent, &t->form);
	return why != NULL ? why : "ranked lower";
}

/* In which form the member is sent it, where that is another. */
static void set_dress(const struct target *t, const struct path *p, json_t *row)
{
	struct to_note note;
	if (p->peer == t->peer || !note_of(t, p, &note) || note.is_denied) {
		return;
	}
	if (note.prepends > 0) {
		json_object_set_new(row, "prepended", json_integer(note.prepends));
		json_object_set_new(row, "prepended_by", json_string(note.prepend_community));
	}
	if (note.is_draining) {
		json_object_set_new(row, "draining", json_true());
	}
	if (note.is_blackhole) {
		json_object_set_new(row, "blackhole", json_true());
	}
	if (note.adds_no_export) {
		json_object_set_new(row, "adds_no_export", json_true());
	}
	if (note.adds_no_advertise) {
		json_object_set_new(row, "adds_no_advertise", json_true());
	}
}

static json_t *candidate_json(const struct api_env *env, const struct prefix *prefix,
			      const struct paths *paths, unsigned i, const struct rank_peer *peers)
{
	json_t *row = route_json(env, prefix, paths, i, paths->path[i].attr);
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

static bool is_seen(const struct api_env *env, const struct sight *sight, const struct paths *paths,
		    unsigned i, const struct choice *chosen)
{
	enum sight_degree degree = sight_of_peer(sight, env, paths->path[i].peer);
	bool is_best = i == 0 && paths->ranked_count > 0;
	return degree == SIGHT_ALL || (degree == SIGHT_GLASS && is_best) ||
	       is_chosen(chosen, &paths->path[i]);
}

void explain_to(const struct api_env *env, const struct sight *sight, peer_id_t to,
		const struct scan_hit *hit, struct reply *out)
{
	char text[256];
	const struct target t = target_of(env, to, hit);
	struct rank_peer *peers =
		ranks_of(server_shard(env->server, (core_id_t)hit->shard), env->roster->capacity);
	struct paths *paths =
		copy_of(hit->paths, sizeof(*paths) + hit->paths->count * sizeof(struct path));
	decide_rank(paths, peers);
	struct choice chosen;
	chosen.count = view_n(paths, t.peer, &t.form, t.n, chosen.path);
	for (unsigned i = 0; i < paths->count; i++) {
		char fate[160];
		const struct path *p = &paths->path[i];
		if (!is_seen(env, sight, paths, i, &chosen)) {
			continue;
		}
		json_t *row = candidate_json(env, &hit->prefix, paths, i, peers);
		json_object_set_new(row, "fate", json_string(fate_of(&t, paths, i, &chosen, fate)));
		if (i < paths->ranked_count) {
			set_dress(&t, p, row);
		}
		if (t.form.has_path_ids && is_chosen(&chosen, p)) {
			json_object_set_new(row, "path_id", json_integer(path_id_sent(p)));
		}
		reply_row(out, row);
	}
	if (out->rows == 0) {
		reply_end(out, "not_found", EXPLAIN_TO_NOTHING);
	} else {
		end_text(&t, &chosen, paths, env->roster, text, sizeof(text));
		reply_end(out, "done", text);
	}
	free(paths);
	free(peers);
}
