/* Routes of our own: a number of the table's that no member has announces them.
 *
 * The worker whose number it is makes each route's set like that of one that came in, has it judged
 * and tells the shards; so policy says who hears it, and everything behind is as ever.  New routes
 * replace the ones before: both lists are sorted, and one walk over them withdraws what is gone and
 * announces the rest, as far as the outboxes have room in a turn.  An announcement of what is
 * announced already changes nothing.
 *
 * The path is one AS number: our own, for a member takes nothing from an external peer without the
 * peer's AS in front (RFC 4271 §6.3); or that of the customer in whose name it is announced, as
 * members get what the customer announces itself (RFC 7947 §2.2.2.1).  That one's loop detection
 * keeps it from the customer. */
#include <errno.h>
#include <stdlib.h>

#include "dataplane/core/core_priv.h"
#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/policy/judge.h"

static void push(struct core *c, core_id_t shard, struct op *op)
{
	op->peer = c->origin.peer;
	op->from = c->id;
	op->incarnation = c->server->member[c->origin.peer].told;
	core_push(c, shard, op);
}

static void push_route(struct core *c, struct op *op)
{
	push(c, prefix_shard(&op->prefix, c->server->opts.core_count, c->server->key), op);
}

/* The shards know the number from now on; once. */
static void come_up(struct core *c)
{
	const struct server_opts *o = &c->server->opts;
	struct op up = {.kind = OP_UP, .router_id = o->router_id, .addr = addr_v4(o->router_id)};
	c->server->member[c->origin.peer].told++;
	for (unsigned shard = 0; shard < o->core_count; shard++) {
		push(c, (core_id_t)shard, &up);
	}
	c->origin.is_up = true;
}

static void withdraw(struct core *c, const struct origin_route *route)
{
	struct op op = {.kind = OP_WITHDRAW, .family = route->prefix.family};
	op.prefix = route->prefix;
	push_route(c, &op);
}

static void make_draft(const struct core *c, asn_t asn, struct attr_draft *draft)
{
	const uint8_t origin = ORIGIN_IGP;
	uint8_t path[6];
	struct wr p = wr_of(path, sizeof(path));
	wr_u8(&p, AS_SEQUENCE);
	wr_u8(&p, 1);
	wr_u32(&p, asn != 0 ? asn : c->server->opts.local_as);
	struct wr w = wr_of(draft->wire, sizeof(draft->wire));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, span_of(&origin, 1));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, span_of(path, wr_len(&p)));
	draft->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(draft->wire, draft->wire_len, &draft->facts);
}

static void announce(struct core *c, const struct origin_route *route)
{
	struct attr_draft draft; /* 8 KiB; routes of our own are no hot path. */
	struct next_hop hop = {.len = (uint8_t)family_bytes(route->next_hop.family)};
	struct op op = {.kind = OP_ANNOUNCE, .family = route->prefix.family};
	memcpy(hop.bytes, route->next_hop.bytes, hop.len);
	make_draft(c, route->asn, &draft);
	judge_begin(c->judge, c->origin.peer, &draft, &hop, REJECT_NONE);
	struct judged judged = judge_route(c->judge, &route->prefix);
	judge_end(c->judge);
	if (judged.attr == NULL) {
		withdraw(c, route); /* The table of sets is full. */
		return;
	}
	op.attr = judged.attr;
	op.reason = (uint8_t)judged.reason;
	op.prefix = route->prefix;
	op.policy = (uint16_t)judge_generation(c->judge);
	push_route(c, &op);
}

/* One step of the walk over what was announced and what is to be; false at its end. */
static bool walk(struct core *c)
{
	struct origination *o = &c->origin;
	bool has_old = o->had_at < o->had_count, has_new = o->at < o->count;
	if (!has_old && !has_new) {
		return false;
	}
	int order = !has_old   ? 1
		    : !has_new ? -1
			       : prefix_cmp(&o->had[o->had_at].prefix, &o->route[o->at].prefix);
	if (order < 0) {
		withdraw(c, &o->had[o->had_at]);
	} else {
		announce(c, &o->route[o->at++]);
	}
	o->had_at += order <= 0;
	return true;
}

void origin_turn(struct core *c)
{
	struct origination *o = &c->origin;
	if (!o->is_changing) {
		return;
	}
	c->did_work = true;
	size_t room = core_room(c);
	if (room < c->server->opts.core_count) {
		return;
	}
	if (!o->is_up) {
		come_up(c);
		room -= 1;
	}
	while (room > 0 && walk(c)) {
		room--;
	}
	o->is_changing = o->had_at < o->had_count || o->at < o->count;
}

/* What a walk has announced stands before what it has not yet withdrawn: both lists are sorted.
 * Lists are control's to make, and this one is made where nothing waits. */
static struct origin_route *join_lists(const struct origination *o, unsigned *out_count)
{
	unsigned left = o->had_count - o->had_at;
	struct origin_route *all = malloc((o->at + left + 1) * sizeof(*all));
	ASSERT(all != NULL);
	if (o->at > 0) {
		memcpy(all, o->route, o->at * sizeof(*all));
	}
	if (left > 0) {
		memcpy(all + o->at, o->had + o->had_at, left * sizeof(*all));
	}
	*out_count = o->at + left;
	return all;
}

void origin_set(struct core *c, const struct request *r)
{
	struct origination *o = &c->origin;
	ASSERT(!o->is_up || o->peer == r->peer);
	ASSERT(r->origin_count <= ORIGIN_ROUTES_MAX);
	struct origin_route *had = join_lists(o, &o->had_count);
	origin_fini(c);
	o->had = had;
	o->route = r->origins;
	o->count = r->origin_count;
	o->peer = r->peer;
	o->had_at = o->at = 0;
	o->is_changing = true;
}

void origin_fini(struct core *c)
{
	free(c->origin.had);
	free(c->origin.route);
	c->origin.had = c->origin.route = NULL;
}

int server_originate(struct server *s, const struct origin_route *route, unsigned count)
{
	struct request r = {
		.kind = REQUEST_ORIGINATE, .peer = server_origin(s), .origin_count = count};
	if (r.peer == PEER_NONE) {
		return -ENOSPC;
	}
	for (unsigned i = 1; i < count; i++) {
		ASSERT(prefix_cmp(&route[i - 1].prefix, &route[i].prefix) < 0);
	}
	ASSERT(count <= ORIGIN_ROUTES_MAX);
	r.origins = malloc((count + 1) * sizeof(*route));
	if (r.origins == NULL) {
		return -ENOMEM;
	}
	memcpy(r.origins, route, count * sizeof(*route));
	if (!server_request(s, &r)) {
		free(r.origins);
		return -EAGAIN;
	}
	return 0;
}
