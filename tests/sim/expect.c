/* What must be true: the oracle's tables once quiet, and the rules that hold at every moment. */
#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "tests/sim/history.h"

/* After the last fault.  A server that has not heard a member's end keeps the dead session for the
 * hold time: 90 s, but 4 minutes while it waits for an OPEN (RFC 4271 §8.2.2).  Retransmissions
 * have backed off to 60 s between two, a server that calls waits a few seconds between attempts,
 * and what comes after that takes milliseconds; or its routes stay for its restart time (30 s) and
 * the long-lived stale time (40 s); or a refresh without an End is over after six minutes. */
#define LIVENESS_US (470 * USEC_PER_SEC)
#define LASTING_US  (3 * USEC_PER_SEC)
#define ROUND_US    (300 * USEC_PER_MSEC)
#define SHOWN	    10

/* What the server of `site` may choose from: its own members' routes and, at the end, the one that
 * the other server has sent it (that server's own choice among its members).  The number. */
static unsigned candidates(const struct history *h, unsigned prefix, unsigned site,
			   struct naive_route *route, struct naive_speaker *who)
{
	const struct world *w = h->world;
	unsigned count = w->opts.members;
	struct naive_route theirs[WORLD_MEMBERS_MAX];

	for (unsigned i = 0; i < count; i++) {
		bool is_here = world_site_of(w, i) == site;
		struct naive_route none = {.is_set = false};
		who[i] = h->who[i];
		route[i] = is_here ? h->route[prefix][i] : none;
		theirs[i] = is_here ? none : h->route[prefix][i];
	}
	int best = naive_view(theirs, h->who, count, -1);
	route[count] = best >= 0 ? theirs[best] : (struct naive_route){.is_set = false};
	struct addr other = world_server_addr(1 - site, FAMILY_IPV4);
	who[count] = (struct naive_speaker){.router_id = addr_v4_host_order(&other),
					    .family = other.family};
	memcpy(who[count].addr, other.bytes, 16);
	return count + 1;
}

/* Whether a route can be sent to `who` at all (RFC 8654 §4, RFC 8950 §4). */
static bool is_sendable(const struct speaker_conf *who, const struct naive_attrs *a)
{
	return (who->is_long || naive_is_short(a)) && (who->has_next_hop6 || !a->has_next_hop6) &&
	       (who->graceful.has_long || !a->is_llgr_stale);
}

/* A prefix's routes as the server has them for `member`, and which of them it may have (RFC 9234
 * §5). */
static void for_member(const struct history *h, unsigned member, unsigned prefix,
		       struct naive_route route[WORLD_MEMBERS_MAX],
		       bool may_have[WORLD_MEMBERS_MAX])
{
	const struct world *w = h->world;
	char role = world_role(w, member);

	for (unsigned i = 0; i < w->opts.members; i++) {
		route[i] = h->route[prefix][i];
		struct naive_attrs *attrs = &route[i].attrs;
		bool is_taken = naive_receives(world_role(w, i), w->speaker[i].conf.asn, attrs);
		bool is_refused = rules_refuse(&w->rules, &w->scene, prefix, attrs);
		bool is_deaf = rules_deafen(&w->rules, member, i);
		h->totals->refused += route[i].is_set && is_refused;
		h->totals->unheard += route[i].is_set && is_deaf;
		route[i].is_set = route[i].is_set && is_taken && !is_refused;
		may_have[i] = i != member && !is_deaf &&
			      is_sendable(&w->speaker[member].conf, attrs) &&
			      naive_may_hear(&attrs->asks, w->speaker[member].conf.asn) &&
			      naive_sends(role, world_server_asn(0), attrs);
		h->totals->kept += route[i].is_set &&
				   !naive_may_hear(&attrs->asks, w->speaker[member].conf.asn);
	}
}

/* What `member` should hold for a prefix; false when nothing. */
static bool expected(struct history *h, unsigned member, unsigned prefix, struct naive_attrs *out)
{
	const struct world *w = h->world;
	struct naive_route route[WORLD_MEMBERS_MAX + 1];
	struct naive_speaker who[WORLD_MEMBERS_MAX + 1];
	int best;

	if (w->opts.has_paths) {
		struct naive_attrs attrs[WORLD_PATHS_SENT] = {0};
		unsigned count = paths_expected(h, member, prefix, attrs);
		*out = attrs[0];
		return count > 0;
	}
	if (w->opts.sites <= 1) {
		bool may_have[WORLD_MEMBERS_MAX];
		for_member(h, member, prefix, route, may_have);
		best = naive_first(route, h->who, w->opts.members, may_have);
	} else {
		unsigned count = candidates(h, prefix, world_site_of(w, member), route, who);
		best = naive_view(route, who, count, (int)member);
	}
	if (best >= 0) {
		*out = route[best].attrs;
	}
	return best >= 0;
}

/* Of a held route: its announcer's mark, the low half of its community; 0 when it has none. */
static unsigned announcer(const struct held_route *r)
{
	const uint8_t mark[] = {65000 >> 8, 65000 & 0xff};
	const uint8_t *at = memmem(r->attrs, sizeof(r->attrs) - 2, mark, sizeof(mark));
	return at == NULL ? 0 : (unsigned)at[2] << 8 | at[3];
}

/* Whether what `member` holds for a prefix is what the oracle says; says why not. */
static bool is_right(struct history *h, unsigned member, unsigned prefix, bool verbose)
{
	const struct speaker *s = &h->world->speaker[member];
	const struct held_route *held = &s->held[prefix];
	struct naive_attrs attrs;
	uint8_t bytes[NAIVE_LONG_MAX], next_hop[32];
	size_t len = 0, nh = 0;

	if (s->conf.takes_paths[h->world->universe[prefix].family]) {
		return paths_are_right(h, member, prefix, verbose);
	}
	bool has_route = expected(h, member, prefix, &attrs);

	if (has_route) {
		len = naive_expected(bytes, &attrs, s->conf.is_as4);
		nh = naive_next_hop(next_hop, &attrs, h->world->universe[prefix].family);
	}
	bool is_same = held->is_held == has_route &&
		       (!has_route || (held->attrs_len == len && held->next_hop_len == nh &&
				       held->attrs_hash == hash_bytes(bytes, len, 0) &&
				       memcmp(held->next_hop, next_hop, nh) == 0));
	if (!is_same && verbose) {
		fprintf(stderr, "seed %lu: member %u prefix %u: holds %s%u, expected %s%u\n",
			h->seed, member, prefix, held->is_held ? "one from AS " : "nothing ",
			held->is_held ? announcer(held) : 0, has_route ? "one from AS " : "nothing",
			has_route ? attrs.announcer : 0);
	}
	return is_same;
}

unsigned expect_wrong(struct history *h, bool is_partial, bool verbose)
{
	unsigned wrong = 0;

	for (unsigned m = 0; m < h->world->opts.members; m++) {
		const struct speaker *s = &h->world->speaker[m];
		bool is_up = s->state == SPEAKER_UP;

		if (h->is_out[m]) { /* What it still holds is nobody's business. */
			continue;
		}
		if (is_partial && (!is_up || h->is_liar[m])) {
			continue;
		}
		if (!is_up) {
			wrong += s->wants_up;
			continue;
		}
		for (unsigned i = 0; i < h->world->opts.universe; i++) {
			wrong += !is_right(h, m, i, verbose && wrong < SHOWN);
		}
	}
	return wrong;
}

bool expect_rules(struct history *h)
{
	bool is_ok = wire_faults(h->wire) == 0 && !h->has_failed;

	for (unsigned i = 0; i < h->world->opts.members; i++) {
		const struct speaker *s = &h->world->speaker[i];
		bool is_blamed = s->blamed != 0 && !h->is_liar[i];

		if (s->own_seen != 0 || s->kept_seen != 0 || s->is_broken || is_blamed ||
		    s->border_faults != 0) {
			fprintf(stderr,
				"seed %lu: member %u: %u own routes received, %u kept from it, "
				"broken %d, blamed "
				"%u, "
				"%u faults of borders (last notification %u/%u)\n",
				h->seed, i, s->own_seen, s->kept_seen, s->is_broken, s->blamed,
				s->border_faults, s->last_notification[0], s->last_notification[1]);
			is_ok = false;
		}
	}
	if (h->is_strict && h->lost != 0) {
		fprintf(stderr, "seed %lu: %u sessions were lost\n", h->seed, h->lost);
		is_ok = false;
	}
	return is_ok;
}

static void show_down(const struct history *h)
{
	const struct world *w = h->world;

	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct speaker *s = &w->speaker[i];
		const struct server *server = w->site[world_site_of(w, i)].server;
		struct member_status st = {0};

		if (s->wants_up && (s->state != SPEAKER_UP || !s->has_eor[0] || !s->has_eor[1])) {
			if (server != NULL) {
				server_member_status(server, world_peer_of(w, i), &st);
			}
			fprintf(stderr,
				"seed %lu: member %u is not up: state %d eor %d %d; at the server "
				"%u: %s\n",
				h->seed, i, s->state, s->has_eor[0], s->has_eor[1], st.state,
				st.last_error);
		}
	}
	for (unsigned i = 0; w->opts.sites > 1 && i < w->opts.sites; i++) {
		struct member_status st;
		server_member_status(w->site[i].server, world_link_of(w, i), &st);
		fprintf(stderr, "seed %lu: server %u: the other is %u: %s\n", h->seed, i, st.state,
			st.last_error);
	}
}

static bool is_settled(struct history *h)
{
	return world_is_up(h->world) && graceful_is_over(h) && refresh_is_over(h) &&
	       expect_wrong(h, false, false) == 0;
}

bool expect_settled(struct history *h)
{
	struct world *w = h->world;
	usec_t until = w->now + LIVENESS_US;

	history_end_stalls(h, true);
	while (w->now < until) {
		world_run(w, ROUND_US);
		history_note_downs(h);
		graceful_turn(h, true);
		refresh_turn(h);
		if (!is_settled(h)) {
			continue;
		}
		/* All may look right while a connection is dead on one side only, or a hold timer
		 * is about to expire for what the faults kept away: it must last. */
		world_run(w, LASTING_US);
		history_note_downs(h);
		if (is_settled(h)) {
			break;
		}
	}
	h->totals->paths_compared += w->opts.has_paths ? w->opts.universe : 0;
	h->totals->compared += w->opts.members * w->opts.universe;
	if (!world_is_up(w)) {
		show_down(h);
		return false;
	}
	bool is_right_now = expect_wrong(h, false, true) == 0;
	return expect_rules(h) && is_right_now;
}

void expect_dump(struct history *h)
{
	const struct world *w = h->world;

	for (unsigned m = 0; h->dump != NULL && m < w->opts.members; m++) {
		const struct speaker_conf *c = &w->speaker[m].conf;
		if (w->speaker[m].state != SPEAKER_UP || dump_leaves_out(c)) {
			continue;
		}
		if (h->is_out[m]) { /* It has not heard yet that it is no member any more. */
			dump_message(h->dump, c, NULL, 0, false);
			continue;
		}
		for (unsigned i = 0; i < w->opts.universe; i++) {
			struct naive_attrs attrs;
			if (expected(h, m, i, &attrs)) {
				dump_expect(h->dump, c, &w->universe[i], &attrs);
			}
		}
	}
}
