/* Dry runs: see trial.h. */
#include "control/policy/trial.h"

#include "rib/base/check.h"
#include "rib/policy/asks.h"
#include "rib/policy/check.h"

void policy_trial_begin(struct policy_trial *t, const struct server *server,
			const struct policy *rules)
{
	*t = (struct policy_trial){.scan = scan_of(server, true, true), .rules = rules};
}

/* A route's reason under the rules; what the session has found stays. */
static enum reject judge(const struct policy *p, const struct path *path,
			 const struct prefix *prefix)
{
	const struct set_view v = set_view_of(path->attr);
	struct check check;
	struct route_verdict route;
	if (reject_is_of_session((enum reject)path->reason)) {
		return (enum reject)path->reason;
	}
	uint64_t meanings = asks_read(p->index, v.facts, v.wire);
	check_begin(&check, p, path->peer, &v, meanings);
	check_route(&check, prefix, &route);
	return route.reason;
}

static void count(struct policy_trial *t, const struct path *path, const struct prefix *prefix)
{
	t->routes++;
	if (path->peer >= t->rules->peer_count || t->rules->peer[path->peer] == NULL) {
		t->gone++;
		return;
	}
	enum reject was = (enum reject)path->reason, now = judge(t->rules, path, prefix);
	if (was == now) {
		return;
	}
	t->to_rejected += was == REJECT_NONE;
	t->to_accepted += now == REJECT_NONE;
	t->other_reason += was != REJECT_NONE && now != REJECT_NONE;
}

bool policy_trial_step(struct policy_trial *t, unsigned budget)
{
	struct scan_hit hit;
	while (scan_next(&t->scan, &budget, &hit)) {
		for (unsigned i = 0; i < hit.paths->count; i++) {
			count(t, &hit.paths->path[i], &hit.prefix);
		}
	}
	return scan_is_done(&t->scan);
}
