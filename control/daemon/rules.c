/* Sources and server around the desk: see rules.h. */
#include "control/daemon/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "control/daemon/rtt_class.h"
#include "control/policy/feed_irr.h"
#include "rib/base/check.h"
#include "rib/base/log.h"

#define RTT_US USEC_PER_SEC /* How often round-trip times are looked at. */

struct rules {
	const struct config *config;
	const struct roster *roster;
	struct policy_desk *desk;
	struct server *server;
	struct rpki *rpki;
	struct feed_irr *feed;
	struct rtt_class *rtt; /* [roster->capacity] */
	usec_t rtt_due;
	bool is_origin_due;	   /* Our own routes have to be said (again); */
	struct origin_route *said; /* these were. */
	unsigned said_count;
};

static void publish(void *server, const struct policy *p, const struct policy_scope *scope)
{
	server_publish_policy(server, p, scope);
}

static bool is_done(const void *server)
{
	return server_policy_is_done(server);
}

struct rules *rules_new(const struct config *c, const struct roster *roster)
{
	struct rules *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->config = c;
	r->roster = roster;
	r->desk = policy_desk_new(c, roster);
	r->rtt = calloc(roster->capacity + 1, sizeof(*r->rtt));
	ASSERT(r->rtt != NULL);
	return r;
}

void rules_free(struct rules *r)
{
	if (r != NULL) {
		policy_desk_free(r->desk);
		free(r->said);
		free(r->rtt);
		free(r);
	}
}

struct policy_desk *rules_desk(const struct rules *r)
{
	return r->desk;
}

void rules_serve(struct rules *r, struct server *server)
{
	const struct policy_publisher p = {
		.publish = publish, .is_done = is_done, .server = server};
	r->server = server;
	policy_desk_attach(r->desk, &p);
}

static void take_roas(struct rules *r)
{
	policy_desk_set_rpki(r->desk, rpki_roa(r->rpki), rpki_aspa(r->rpki),
			     rpki_take_touched(r->rpki));
}

static bool is_said(const struct rules *r, const struct origin_route *route, unsigned count)
{
	bool is_same = count == r->said_count;
	for (unsigned i = 0; i < count && is_same; i++) {
		const struct origin_route *a = &r->said[i], *b = &route[i];
		is_same = prefix_equal(&a->prefix, &b->prefix) &&
			  addr_equal(&a->next_hop, &b->next_hop) && a->asn == b->asn;
	}
	return is_same;
}

static int say(struct rules *r, struct origin_route *route, unsigned count)
{
	int err = is_said(r, route, count) ? 0 : server_originate(r->server, route, count);
	if (err == 0) {
		free(r->said);
		r->said = route;
		r->said_count = count;
	} else {
		free(route);
	}
	return err;
}

/* Our own default route and customers' prefixes, with their next hops.  A worker that takes no
 * request now is asked again. */
static void originate(struct rules *r)
{
	unsigned count;
	struct policy_originated *own = policy_desk_own(r->desk, &count);
	struct origin_route *route = calloc(count + 1, sizeof(*route));
	ASSERT(route != NULL && count <= ORIGIN_ROUTES_MAX);
	for (unsigned i = 0; i < count; i++) {
		route[i] = (struct origin_route){
			.prefix = own[i].prefix, .next_hop = own[i].next_hop, .asn = own[i].asn};
	}
	/* Without a number for it there was none before, and no default is wanted: the loader has
	 * seen to that. */
	int err = say(r, route, count);
	if (err == -ENOSPC && count > 0) {
		log_event(LOG_ERROR, "routes not originated", "detail",
			  "every number is a neighbour's; raise dataplane.members_max and restart "
			  "the server",
			  NULL);
	}
	r->is_origin_due = err == -EAGAIN;
	free(own);
}

void rules_set_originated(struct rules *r, const struct policy_originated *route, unsigned count)
{
	ASSERT(count <= RULES_ORIGINATED_MAX);
	r->is_origin_due |= policy_desk_set_originated(r->desk, route, count);
}

void rules_begin(struct rules *r, struct rpki *rpki, struct irr *irr, usec_t now)
{
	r->rpki = rpki;
	take_roas(r);
	r->feed = feed_irr_new(irr, r->desk, r->config, r->roster);
	feed_irr_step(r->feed, now);
	(void)policy_desk_step(r->desk, now);
	if (policy_conf_has_default(&r->config->policy)) {
		originate(r);
	}
}

void rules_end(struct rules *r)
{
	if (r != NULL) {
		feed_irr_free(r->feed);
		r->feed = NULL;
	}
}

void rules_adopt(struct rules *r)
{
	policy_desk_configure(r->desk, r->config);
	r->is_origin_due = true;
	if (r->feed != NULL) {
		feed_irr_configure(r->feed, r->config);
	}
}

/* A number that another member has now begins without a time. */
static void look_at_rtt(struct rules *r, peer_id_t peer, usec_t now)
{
	const struct policy_conf *conf = &r->config->policy;
	struct member_status st;
	if (roster_client(r->roster, peer) == NULL) {
		r->rtt[peer] = (struct rtt_class){.ms = 0};
	} else {
		server_member_status(r->server, peer, &st);
		(void)rtt_class_step(&r->rtt[peer], conf->rtt_threshold_ms,
				     conf->rtt_threshold_count, st.rtt_min_us, now);
	}
	policy_desk_set_rtt(r->desk, peer, r->rtt[peer].ms);
}

void rules_step(struct rules *r, bool has_roas, usec_t now)
{
	if (has_roas) {
		take_roas(r);
	}
	feed_irr_step(r->feed, now);
	if (now >= r->rtt_due) {
		r->rtt_due = now + RTT_US;
		for (unsigned i = 0; i < r->roster->capacity; i++) {
			look_at_rtt(r, (peer_id_t)i, now);
		}
	}
	(void)policy_desk_step(r->desk, now);
	if (r->is_origin_due) {
		originate(r);
	}
}
