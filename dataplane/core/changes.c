/* Members that come, go and change: the worker's side of slots.c.
 *
 * A member that is removed says so (Cease/Peer De-configured), leaves the shards with all that is
 * kept of it, and stays on the worker only for as long as its connections end in order, some
 * seconds at most.  Then the shards are told to forget its number, and control sees it count.
 *
 * A number's next member goes on counting incarnations where the last one stopped: what is still
 * under way of that one is then known to be dead, as between two sessions of one member.
 *
 * RFC 4486 §3, §4. */
#include "dataplane/core/transport.h"

#include <stdlib.h>

#include "dataplane/session/change.h"
#include "rib/base/check.h"

void member_add(struct core *c, const struct request *r)
{
	struct member *m = &c->server->member[r->peer];
	struct member_conf *conf = &c->server->conf[r->peer];
	ASSERT(!m->is_used && c->member_count < c->server->capacity);
	*conf = *r->conf;
	free(r->conf);
	conf->is_enabled = conf->is_enabled && !c->is_stopping;
	conf->is_awaited = false; /* It was no member before our restart. */
	m->auth = (struct member_auth){.now = r->auth};
	c->member[c->member_count++] = m;
	member_init(m, c, r->peer, conf);
}

void member_remove(struct member *m)
{
	const struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_DECONFIGURED);
	m->is_removed = true;
	m->core->removed_count++;
	session_disable(&m->session, &why, m->core->now);
	member_sync(m);
	member_drop_stale(m);
}

/* Answers in its name that wait for the end of this turn. */
static void drop_answers(struct member *m)
{
	struct core *c = m->core;
	unsigned kept = 0;
	for (unsigned i = 0; i < c->answer_count; i++) {
		if (c->answer[i].member != m) {
			c->answer[kept++] = c->answer[i];
		}
	}
	c->answer_count = kept;
}

static void let_go(struct member *m)
{
	struct core *c = m->core;
	unsigned at = 0;
	while (c->member[at] != m) {
		at++;
	}
	c->member[at] = c->member[--c->member_count];
	c->removed_count--;
	if (m->tcp != NULL) {
		transport_disconnect(m); /* Deviates: RFC 9293 §3.6.1, no TIME-WAIT for nobody. */
	}
	drop_answers(m);
	for (unsigned kind = 0; kind < WORK_COUNT; kind++) {
		work_drop(c, (enum work)kind, m);
	}
	member_forget(m);
	c->is_floor_dirty = true;
	uint32_t *gone = &c->server->gone[m->id];
	__atomic_store_n(gone, *gone + 1, __ATOMIC_RELEASE);
}

void member_turn_removed(struct core *c)
{
	for (unsigned i = c->member_count; i-- > 0;) {
		struct member *m = c->member[i];
		if (m->is_removed && !m->is_up && transport_is_quiet(m)) {
			c->did_work = true;
			let_go(m);
		}
	}
}

/* What of a member is neither in its OPEN nor read by the session, and yet agreed on with it. */
static bool is_same_place(const struct member_conf *a, const struct member_conf *b)
{
	return a->asn == b->asn && a->hop_limit_min == b->hop_limit_min &&
	       a->paths_max == b->paths_max && a->has_local_addr == b->has_local_addr &&
	       (!a->has_local_addr || addr_equal(&a->local_addr, &b->local_addr));
}

/* The member says its routes again, on this session or on the next. */
static void read_again(struct member *m)
{
	const struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG);
	if (m->session.state == FSM_ESTABLISHED && m->session.peer.has_refresh) {
		member_ask_refresh(m);
	} else {
		session_reset(&m->session, &why, m->core->now);
	}
}

void member_change(struct member *m, struct member_conf *conf)
{
	const struct notify why = notify_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG);
	struct member_conf *mine = &m->core->server->conf[m->id];
	const struct session_conf session = member_session(m->core, conf);
	enum session_change change = session_change(&m->session, &session);
	bool is_other_as = mine->asn != conf->asn;
	if (!is_same_place(mine, conf)) {
		change = SESSION_CHANGE_ENDS;
	}
	conf->is_enabled = mine->is_enabled;
	conf->is_awaited = mine->is_awaited;
	*mine = *conf;
	free(conf);
	m->stale.conf = member_stale(&session);
	limits_change(m, &mine->max_prefix);
	if (change == SESSION_CHANGE_ENDS) {
		rival_free(m); /* Its OPEN says what was. */
		session_reset(&m->session, &why, m->core->now);
	} else if (change == SESSION_CHANGE_READS) {
		read_again(m);
	}
	member_sync(m);
	if (is_other_as || session.stale_s == 0) {
		member_drop_stale(m); /* Another's, or not wanted. */
	}
}
