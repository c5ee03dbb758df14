/* Import: an UPDATE becomes ops.
 *
 * The decoder has the hard part behind it: what arrives here is a verdict and spans of well-formed
 * prefixes.  Withdrawals go first, so that a prefix that an UPDATE both withdraws and announces
 * ends up announced (RFC 4271 §4.3): ops of one prefix go to one shard and stay in order.
 *
 * Runs: prefixes of one sequence that go to the same shard with the same verdict, one after the
 * other, are one op.  They are read some at a time, so that shards can begin to look for them while
 * the set is judged and interned.
 *
 * References: the judge interns a set for each prefix (mostly the same one), and an ANNOUNCE
 * carries one reference of it away for each of its prefixes.  So between calls the table's sum of
 * references is what shards hold or will be handed.  By which generation of rules that was stands
 * in the op, for the shard may have others by then.
 *
 * Slices: a message of 65,535 octets (RFC 8654) may hold 65,000 prefixes, eight times as many ops
 * as a member may be sure of room for.  Rings for that would cost every pair of workers 3 MiB, for
 * what hardly anybody sends.  Instead it is applied as far as there is room, and decoded again for
 * the rest: nothing is held in between but how far that was, so a session may end at any time, and
 * the message waits where it is, in the receive buffer, which shuts the member's window.
 *
 * A route that must not be used (our AS in its path, leaked, a next hop that cannot be one) is
 * announced to its shard all the same, with the reason: it is kept outside the ranking for the
 * operator to see, and it replaces what the member said before.  Only when the table of sets is
 * full, or a mark has no room in the set, is there nothing to keep: then the prefix is withdrawn,
 * and counted.
 *
 * RFC 4271 §5.1.3, §6.3, §9.1.2; RFC 2545 §3; RFC 4760 §3; RFC 7606 §2; RFC 9234 §5. */
#include "dataplane/session/import.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"
#include "rib/wire/role.h"

#define AHEAD_MAX 64 /* Prefixes that are read before any of them is judged. */

/* Prefixes that were read. */
struct ahead {
	struct prefix prefix[AHEAD_MAX];
	uint32_t path_id[AHEAD_MAX];
	core_id_t shard[AHEAD_MAX];
};

/* What all ops of a call have in common. */
struct import {
	const struct import_env *env;
	const struct update_opts *opts;
	const struct import_sink *sink;
	struct import_stats *stats;
	bool is_first;	  /* Of the message's slices: what is counted once is counted now. */
	uint32_t skip;	  /* Prefixes that former slices have done. */
	size_t octet;	  /* Of its sequence: where the next prefix begins. */
	uint32_t room;	  /* Ops that may still be pushed. */
	uint32_t total;	  /* Prefixes of the message so far. */
	uint32_t refused; /* Of the share: there was no room for their sets. */
	struct op op;	  /* Of the run that grows. */
	struct ahead *ahead;
};

/* The prefixes of a sequence that are this slice's. */
struct share {
	uint32_t skip;
	uint32_t count;
};

static bool is_ours(const struct import_env *env, const struct addr *a)
{
	for (unsigned i = 0; i < env->local_addr_count; i++) {
		if (addr_equal(&env->local_addr[i], a)) {
			return true;
		}
	}
	return false;
}

/* The decoder has refused what is no host address at all (RFC 4271 §6.3).  Left are those that are
 * one, but nobody else can use: "this network" (RFC 1122 §3.2.1.3), a link-local address without a
 * global one before it (RFC 2545 §3), and our own (RFC 4271 §5.1.3 a). */
static bool is_next_hop_usable(const struct import_env *env, struct span nh)
{
	/* An IPv4 prefix may have an IPv6 next hop (RFC 8950 §3). */
	enum family family = nh.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	ASSERT(nh.len >= family_bytes((uint8_t)family));
	struct addr a = addr_make(family, nh.data);
	if (family == FAMILY_IPV4 ? a.bytes[0] == 0 : addr_is_link_local(&a)) {
		return false;
	}
	return !is_ours(env, &a);
}

/* What is wrong with a route whatever the rules are. */
static enum reject fault_of(const struct import *im, const struct attr_draft *draft,
			    const struct next_hop *next_hop)
{
	const struct import_env *env = im->env;
	const struct update_opts *opts = im->opts;
	const struct attr_slice *path = &draft->facts.as_path;
	if (aspath_contains(span_of(draft->wire + path->offset, path->len), env->local_as)) {
		return REJECT_AS_LOOP;
	}
	/* RFC 9234 §5, ingress 1 and 2: a leaked route is ineligible. */
	if (opts->has_role && role_is_leak(opts->role, draft->facts.otc, opts->peer_as)) {
		return REJECT_LEAK;
	}
	return is_next_hop_usable(env, span_of(next_hop->bytes, next_hop->len))
		       ? REJECT_NONE
		       : REJECT_NEXT_HOP_UNUSABLE;
}

static struct share share_of(struct import *im, const struct update_nlri *n)
{
	struct share s = {.skip = (uint32_t)min_u64(im->skip, n->count)};
	s.count = (uint32_t)min_u64(n->count - s.skip, im->room);
	im->skip -= s.skip;
	im->room -= s.count;
	im->total += n->count;
	return s;
}

/* Of a share that was judged. */
static void count_judged(struct import *im, uint32_t count)
{
	metric_add(&im->stats->announced, count - im->refused);
	if (im->refused > 0) {
		metric_add(&im->stats->withdrawn, im->refused);
		metric_add(&im->stats->refused_memory, im->refused);
		im->stats->last_fault = "the table of attribute sets is full";
		im->refused = 0;
	}
}

/* Read some prefixes of a valid sequence; shards may begin to look for them. */
static void read_ahead(struct import *im, struct rd *r, struct nlri_form form, uint32_t count)
{
	const struct import_env *env = im->env;
	uint32_t read = nlri_take(r, form, im->ahead->prefix, im->ahead->path_id, count);
	ASSERT(read == count); /* The decoder's promise. */
	for (uint32_t i = 0; i < count; i++) {
		im->ahead->shard[i] =
			prefix_shard(&im->ahead->prefix[i], env->shard_count, env->key);
		if (im->sink->expect != NULL) {
			im->sink->expect(im->sink->context, im->ahead->shard[i],
					 &im->ahead->prefix[i]);
		}
	}
}

/* Push prefixes first..end-1 of those that were read, as im->op. */
static void push_run(struct import *im, uint32_t first, uint32_t end)
{
	struct op_run run = {&im->ahead->prefix[first], &im->ahead->path_id[first], end - first};
	if (run.count > 0) {
		im->sink->push(im->sink->context, im->ahead->shard[first], &im->op, &run);
	}
}

/* Push what was read, as it was prepared. */
static void push_read(struct import *im, uint32_t count)
{
	uint32_t first = 0;
	for (uint32_t i = 1; i < count; i++) {
		if (im->ahead->shard[i] != im->ahead->shard[first]) {
			push_run(im, first, i);
			first = i;
		}
	}
	push_run(im, first, count);
}

/* The same as the judge says.  Without room for its set there is nothing to keep of a prefix: then
 * it is withdrawn. */
static void push_judged(struct import *im, uint32_t count)
{
	struct ahead *ahead = im->ahead;
	uint32_t first = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct judged v = judge_route(im->env->judge, &ahead->prefix[i]);
		if (ahead->shard[i] != ahead->shard[first] || v.attr != im->op.attr ||
		    v.reason != im->op.reason) {
			push_run(im, first, i);
			first = i;
			im->op.kind = v.attr != NULL ? OP_ANNOUNCE : OP_WITHDRAW;
			im->op.reason = (uint8_t)v.reason;
			im->op.attr = v.attr; /* The run takes the references. */
		}
		im->refused += v.attr == NULL;
	}
	push_run(im, first, count);
}

/* Push the share of a valid sequence.  Only one that was begun in a former slice has anything to
 * skip: `octet` is where that ended. */
static void push_share(struct import *im, const struct update_nlri *n, struct share share,
		       bool is_judged)
{
	struct rd r = rd_of(n->nlri);
	rd_span(&r, share.skip > 0 ? im->octet : 0);
	im->op.family = (uint8_t)n->form.family;
	im->op.has_path_id = n->form.has_path_ids;
	for (uint32_t done = 0; done < share.count;) {
		uint32_t some = (uint32_t)min_u64(share.count - done, AHEAD_MAX);
		read_ahead(im, &r, n->form, some);
		if (is_judged) {
			push_judged(im, some);
		} else {
			push_read(im, some);
		}
		done += some;
	}
	im->octet = (size_t)(r.at - n->nlri.data);
}

static void withdraw(struct import *im, const struct update_nlri *n)
{
	struct share share = share_of(im, n);
	if (share.count > 0) {
		im->op.kind = OP_WITHDRAW;
		im->op.reason = REJECT_NONE;
		im->op.attr = NULL;
		push_share(im, n, share, false);
		metric_add(&im->stats->withdrawn, share.count);
	}
}

static void announce(struct import *im, const struct update_nlri *n, struct attr_draft *draft)
{
	struct judge *judge = im->env->judge;
	struct share share = share_of(im, n);
	if (share.count > 0) {
		judge_begin(judge, im->op.peer, draft, &n->next_hop,
			    fault_of(im, draft, &n->next_hop));
		im->op.policy = (uint16_t)judge_generation(judge);
		im->op.kind = OP_WITHDRAW; /* Until something is judged. */
		im->op.reason = REJECT_NONE;
		im->op.attr = NULL;
		push_share(im, n, share, true);
		judge_end(judge);
		count_judged(im, share.count);
	}
}

/* RFC 9234 §5, ingress 3: what a Provider, a Peer or an RS sends is for customers alone.  False
 * when the set is so large that the mark has no room: without it the route cannot be used. */
static bool mark(struct import *im, struct attr_draft *draft)
{
	const struct update_opts *opts = im->opts;
	if (!opts->has_role || !role_marks(opts->role) || draft->facts.otc != 0) {
		return true;
	}
	bool has_room = attr_add_otc(draft, opts->peer_as);
	if (!has_room && im->is_first) {
		im->stats->last_fault = "the attributes leave no room for OTC";
		metric_add(&im->stats->treat_as_withdraw, 1);
	}
	return has_room;
}

static void count_faults(struct import_stats *stats, const struct attr_result *result)
{
	ASSERT(result->note_count <= result->fault_count);
	for (unsigned i = 0; i < result->note_count; i++) {
		metric_add(&stats->faults[result->notes[i].fault], 1);
	}
	metric_add(&stats->faults_untold, result->fault_count - result->note_count);
}

static void count_verdict(struct import_stats *stats, const struct attr_result *result)
{
	metric_add(&stats->updates, 1);
	if (result->verdict != VERDICT_OK) {
		stats->last_fault = result->reason;
	}
	if (result->verdict == VERDICT_TREAT_AS_WITHDRAW) {
		metric_add(&stats->treat_as_withdraw, 1);
	} else if (result->verdict == VERDICT_ATTR_DISCARD) {
		metric_add(&stats->attr_discard, 1);
	} else if (result->verdict == VERDICT_AFI_DISABLE) {
		metric_add(&stats->afi_disable, 1);
	} else if (result->verdict == VERDICT_SESSION_RESET) {
		metric_add(&stats->session_reset, 1);
	}
	count_faults(stats, result);
}

static void end_of_rib(const struct import_sink *sink, const struct update *u,
		       struct import_stats *stats)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (u->is_eor[f]) {
			metric_add(&stats->end_of_ribs, 1);
			if (sink->end_of_rib != NULL) {
				sink->end_of_rib(sink->context, (enum family)f);
			}
		}
	}
}

static void disable(const struct import_sink *sink, const struct attr_result *result)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (result->is_disabled[f]) {
			sink->disable(sink->context, (enum family)f);
		}
	}
}

/* The first slice counts and tells what was found in the message. */
static void tell(struct import *im, struct span body, const struct attr_result *result)
{
	if (!im->is_first) {
		return;
	}
	count_verdict(im->stats, result);
	if (result->verdict != VERDICT_OK && im->sink->fault != NULL) {
		im->sink->fault(im->sink->context, body, result);
	}
}

static void apply(struct import *im, const struct update *u, struct attr_draft *draft)
{
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		withdraw(im, &u->withdrawn[i]);
	}
	bool is_usable = attr_is_usable(&u->attrs) && mark(im, draft);
	if (im->opts->has_graceful_shutdown && draft->facts.is_graceful_shutdown) {
		draft->facts.local_pref = im->opts->graceful_shutdown_pref; /* RFC 8326 §4.1 */
	}
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		if (is_usable) {
			announce(im, &u->announced[i], draft);
		} else {
			withdraw(im, &u->announced[i]);
		}
	}
}

enum verdict import_update(const struct import_env *env, const struct update_opts *opts,
			   struct import_task *task, const struct import_sink *sink,
			   struct import_stats *stats, struct notify *out_why)
{
	ASSERT(env->shard_count >= 1);
	ASSERT(task->room >= 1 && !task->is_whole);
	struct attr_draft draft; /* 8 KiB, filled by the decoder alone. */
	struct update u;
	struct ahead ahead;
	update_decode(task->body, opts, &draft, &u);
	struct import im = {
		.env = env,
		.opts = opts,
		.sink = sink,
		.stats = stats,
		.is_first = task->done == 0,
		.skip = task->done,
		.octet = task->octet,
		.room = (uint32_t)min_u64(task->room, UINT32_MAX),
		.op = {.peer = task->peer, .from = env->core, .incarnation = task->incarnation},
		.ahead = &ahead,
	};
	tell(&im, task->body, &u.attrs);
	if (u.attrs.verdict == VERDICT_SESSION_RESET) {
		task->is_whole = true;
		*out_why = u.attrs.why;
		return u.attrs.verdict;
	}
	uint32_t room = im.room;
	apply(&im, &u, &draft);
	task->done += room - im.room;
	task->octet = im.octet;
	task->is_whole = task->done >= im.total;
	if (task->is_whole) {
		end_of_rib(sink, &u, stats);
		disable(sink, &u.attrs);
	}
	return u.attrs.verdict;
}
