/* A session's new configuration: see change.h. */
#include "dataplane/session/change.h"

#include "rib/base/check.h"

/* What both OPENs, and what was agreed on with them, say. */
static bool is_same_offer(const struct session_conf *a, const struct session_conf *b)
{
	return a->peer_as == b->peer_as && a->local_as == b->local_as &&
	       a->router_id == b->router_id && a->hold_s == b->hold_s &&
	       a->hold_min_s == b->hold_min_s && a->stale_s == b->stale_s &&
	       a->restart_s == b->restart_s && a->long_stale_s == b->long_stale_s &&
	       memcmp(a->families, b->families, sizeof(a->families)) == 0 &&
	       a->has_enhanced_refresh == b->has_enhanced_refresh &&
	       a->has_extended_message == b->has_extended_message &&
	       a->has_next_hop6 == b->has_next_hop6 &&
	       a->prepends_local_as == b->prepends_local_as && a->has_role == b->has_role &&
	       a->is_role_strict == b->is_role_strict && a->role == b->role &&
	       memcmp(a->add_path, b->add_path, sizeof(a->add_path)) == 0;
}

/* How a connection comes about: of no meaning to one that is established. */
static bool is_same_approach(const struct session_conf *a, const struct session_conf *b)
{
	return a->is_passive == b->is_passive && a->delay_open_s == b->delay_open_s;
}

static bool is_same_reading(const struct session_conf *a, const struct session_conf *b)
{
	return a->accepts_as_set == b->accepts_as_set &&
	       a->enforces_first_as == b->enforces_first_as &&
	       a->has_graceful_shutdown == b->has_graceful_shutdown &&
	       a->graceful_shutdown_pref == b->graceful_shutdown_pref &&
	       memcmp(&a->lists, &b->lists, sizeof(a->lists)) == 0;
}

enum session_change session_change(struct session *s, const struct session_conf *conf)
{
	const struct session_conf old = s->conf;
	struct update_opts *opts = &s->terms.opts;
	ASSERT(conf->local_as != 0 && conf->peer_as != 0);
	s->conf = *conf;
	if (!is_same_offer(&old, conf) ||
	    (s->state != FSM_ESTABLISHED && !is_same_approach(&old, conf))) {
		return SESSION_CHANGE_ENDS;
	}
	if (s->state < FSM_OPEN_CONFIRM || is_same_reading(&old, conf)) {
		return SESSION_CHANGE_NONE;
	}
	ASSERT(opts->lists == &s->conf.lists);
	opts->accepts_as_set = conf->accepts_as_set;
	opts->first_as = conf->enforces_first_as ? conf->peer_as : 0;
	opts->has_graceful_shutdown = conf->has_graceful_shutdown;
	opts->graceful_shutdown_pref = conf->graceful_shutdown_pref;
	return SESSION_CHANGE_READS;
}
