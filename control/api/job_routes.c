/* `routes`: entries in table order, each path that the request asks for.
 *
 * Without --to the rows are the ranked paths (or the rejected ones); with it they are what the
 * member is sent, which is view_n() and nothing else, without the communities that were for us.
 *
 * A limited answer ends with a cursor: slots are never another prefix's while they are somebody's,
 * so who goes on there misses nothing that was there all the time, and sees nothing twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/job.h"
#include "control/api/route_json.h"
#include "control/api/scan.h"
#include "rib/base/check.h"

struct routes_job {
	struct job job; /* First: the job is what others hold. */
	struct scan scan;
	bool has_begun;
	peer_id_t from, to;
	uint8_t class_idx[FAMILY_COUNT]; /* Of `to`, as negotiated when the request came. */
	unsigned told;			 /* Rows of this entry, now or in an answer before. */
	unsigned skip;			 /* Of these, in an answer before. */
	bool is_full;			 /* As many rows as were asked for. */
};

static bool is_wanted(const struct api_request *r, const struct prefix *p)
{
	if (!r->has_prefix) {
		return true;
	}
	switch (r->match) {
	case API_MATCH_LONGER:
		return prefix_contains(&r->prefix, p);
	case API_MATCH_COVERING:
		return prefix_contains(p, &r->prefix);
	default:
		return prefix_equal(p, &r->prefix);
	}
}

/* Whether this path is the asker's to see, where the request does not say whose answer it is. */
static bool is_seen(const struct routes_job *j, const struct api_env *env,
		    const struct scan_hit *hit, const struct path *p)
{
	enum sight_degree degree = sight_of_peer(&j->job.sight, env, p->peer);
	bool is_best = p == hit->paths->path && hit->paths->ranked_count > 0;
	return degree == SIGHT_ALL || (degree == SIGHT_GLASS && is_best);
}

/* Whether the next row of the entry is to be told in this answer. */
static bool is_due(struct routes_job *j, const struct reply *out)
{
	uint64_t limit = j->job.request.limit;
	if (j->is_full || j->told++ < j->skip) {
		return false;
	}
	if (limit != 0 && out->rows >= limit) {
		j->is_full = true;
		j->told--; /* It is the first of the next answer. */
		return false;
	}
	return true;
}

/* `path_id`: under which the member is sent it; 0 for none. */
static void put_path(struct routes_job *j, const struct api_env *env, const struct scan_hit *hit,
		     const struct path *p, uint32_t path_id, struct reply *out)
{
	if (j->from != PEER_NONE && p->peer != j->from) {
		return;
	}
	if ((j->to == PEER_NONE && !is_seen(j, env, hit, p)) || !is_due(j, out)) {
		return;
	}
	const struct attr *attr = j->to != PEER_NONE ? attr_sent_to(p->attr, j->to) : p->attr;
	json_t *row =
		route_json(env, &hit->prefix, hit->paths, (unsigned)(p - hit->paths->path), attr);
	if (path_id != 0) {
		json_object_set_new(row, "path_id", json_integer(path_id));
	}
	reply_row(out, row);
}

static void put_view(struct routes_job *j, const struct api_env *env, const struct scan_hit *hit,
		     struct reply *out)
{
	const struct shard *shard = server_shard(env->server, (core_id_t)hit->shard);
	const struct update_form form = shard_form(shard, hit->family, j->class_idx[hit->family]);
	const struct path *seen[VIEW_MAX];
	unsigned n = form.has_path_ids ? shard_view_max(shard) : 1;
	unsigned count = view_n(hit->paths, j->to, &form, n, seen);
	for (unsigned i = 0; i < count; i++) {
		put_path(j, env, hit, seen[i], form.has_path_ids ? path_id_sent(seen[i]) : 0, out);
	}
}

static void put_entry(struct routes_job *j, const struct api_env *env, const struct scan_hit *hit,
		      struct reply *out)
{
	const struct api_request *r = &j->job.request;
	unsigned begin = r->is_filtered ? hit->paths->ranked_count : 0;
	unsigned end = r->is_filtered ? hit->paths->count : hit->paths->ranked_count;
	if (j->to != PEER_NONE) {
		put_view(j, env, hit, out);
		return;
	}
	if (r->is_best && end > 1) {
		end = 1;
	}
	for (unsigned i = begin; i < end; i++) {
		put_path(j, env, hit, &hit->paths->path[i], 0, out);
	}
}

/* Neighbour `addr` of the request; false after an answer that it is none of ours. */
static bool find_from(struct routes_job *j, const struct api_env *env, struct reply *out)
{
	const struct api_request *r = &j->job.request;
	j->from = r->has_from ? job_find(&j->job, env, &r->from, SIGHT_GLASS) : PEER_NONE;
	if (r->has_from && j->from == PEER_NONE) {
		end_unknown(out, &r->from);
		return false;
	}
	return true;
}

/* What a member is sent is between it and us. */
static bool find_to(struct routes_job *j, const struct api_env *env, struct reply *out)
{
	const struct api_request *r = &j->job.request;
	j->to = r->has_to ? job_find(&j->job, env, &r->to, SIGHT_ALL) : PEER_NONE;
	if (r->has_to && j->to == PEER_NONE) {
		end_unknown(out, &r->to);
		return false;
	}
	return true;
}

/* Look `to` up: only an established session is sent anything.  False after an answer. */
static bool begin_to(struct routes_job *j, const struct api_env *env, struct reply *out)
{
	struct member_status st;
	char addr[ADDR_TEXT_MAX], text[128];
	if (j->to == PEER_NONE) {
		return true;
	}
	server_member_status(env->server, j->to, &st);
	if (st.state != FSM_ESTABLISHED) {
		snprintf(text, sizeof(text), "%s is %s: nothing is sent to it",
			 addr_format(&j->job.request.to, addr), fsm_state_text(st.state));
		reply_end(out, "refused", text);
		return false;
	}
	memcpy(j->class_idx, st.class_idx, sizeof(j->class_idx));
	j->scan.families[FAMILY_IPV4] = j->scan.families[FAMILY_IPV4] && st.families[FAMILY_IPV4];
	j->scan.families[FAMILY_IPV6] = j->scan.families[FAMILY_IPV6] && st.families[FAMILY_IPV6];
	return true;
}

static bool begin(struct routes_job *j, const struct api_env *env, struct reply *out)
{
	const struct api_request *r = &j->job.request;
	reply_head(out, json_pack("{s:s}", "command", api_command_text(r->command)));
	j->has_begun = true;
	j->scan = scan_of(env->server, !r->has_prefix || r->prefix.family == FAMILY_IPV4,
			  !r->has_prefix || r->prefix.family == FAMILY_IPV6);
	if (r->has_cursor) {
		j->scan.shard = r->cursor.shard;
		j->scan.family = r->cursor.family;
		j->scan.id = r->cursor.id;
	}
	return find_from(j, env, out) && find_to(j, env, out) && begin_to(j, env, out);
}

/* The entry of a hit; where the cursor was, without what was told. */
static void take_hit(struct routes_job *j, const struct api_env *env, const struct scan_hit *hit,
		     struct reply *out)
{
	const struct api_cursor *c = &j->job.request.cursor;
	entry_id_t id = j->scan.id - 1;
	bool is_begun = j->job.request.has_cursor && hit->shard == c->shard &&
			(unsigned)hit->family == c->family && id == c->id;
	j->told = 0;
	j->skip = is_begun ? c->skip : 0;
	put_entry(j, env, hit, out);
	if (j->is_full) {
		char text[API_CURSOR_TEXT_MAX];
		const struct api_cursor next = {hit->shard, (unsigned)hit->family, j->told, id};
		api_cursor_format(&next, text);
		reply_next(out, text);
	}
}

static void finish(const struct routes_job *j, struct reply *out)
{
	bool is_missing = out->rows == 0 && j->job.request.has_prefix && !j->job.request.has_cursor;
	reply_end(out, is_missing ? "not_found" : "done", is_missing ? "no such route" : NULL);
}

static bool step(struct job *job, const struct api_env *env, struct reply *out, usec_t now)
{
	(void)now;
	struct routes_job *j = (struct routes_job *)job;
	struct scan_hit hit;
	unsigned budget = JOB_SLICE;
	if (!j->has_begun && !begin(j, env, out)) {
		return true;
	}
	while (!j->is_full && reply_has_room(out) && scan_next(&j->scan, &budget, &hit)) {
		if (is_wanted(&job->request, &hit.prefix)) {
			take_hit(j, env, &hit, out);
		}
	}
	if (!j->is_full && !scan_is_done(&j->scan)) {
		return false;
	}
	finish(j, out);
	return true;
}

static void free_routes(struct job *job)
{
	free(job);
}

struct job *job_routes(const struct api_request *r)
{
	struct routes_job *j = malloc(sizeof(*j));
	ASSERT(j != NULL);
	*j = (struct routes_job){.job = {.step = step, .free = free_routes, .request = *r},
				 .from = PEER_NONE,
				 .to = PEER_NONE};
	return &j->job;
}
