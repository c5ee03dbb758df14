/* A member's prefix limits: the machine (session/max_prefix.h) joined to shards and session.
 *
 * The shards' counts are added up soon after announcements, each time the member is read while no
 * room is left, and now and then in between: rules may have changed what is accepted.
 */
#include "dataplane/core/core_priv.h"

#include <stdio.h>

#include "rib/base/check.h"

#define SOON_US	    (100 * USEC_PER_MSEC) /* After announcements. */
#define AT_ONCE_US  (1 * USEC_PER_MSEC)	  /* While some are on their way, and there is no room. */
#define BLOCKED_US  (1 * USEC_PER_SEC)
#define SOMETIME_US (5 * USEC_PER_SEC)

static const struct shard_peer_stats *stats_of(const struct member *m, unsigned shard,
					       enum family family)
{
	return shard_peer_stats(m->core->server->shard[shard], family, m->id);
}

static struct max_prefix_tally tally_of(const struct member *m, enum family family)
{
	struct max_prefix_tally sum = {0};
	for (unsigned i = 0; i < m->core->server->opts.core_count; i++) {
		const struct shard_peer_stats *s = stats_of(m, i, family);
		/* First what came, then what became of it: never less than all. */
		sum.announces += metric_get(&s->announces);
		sum.blocked += metric_get(&s->blocked);
		sum.received += metric_get(&s->received);
		sum.accepted += metric_get(&s->accepted);
	}
	return sum;
}

/* Each shard is to accept of what it keeps out itself. */
static void grant(struct member *m, enum family family)
{
	uint64_t left = m->limits.machine.family[family].grant;
	for (unsigned i = 0; i < m->core->server->opts.core_count; i++) {
		uint64_t blocked = metric_get(&stats_of(m, i, family)->blocked);
		struct op op = {.kind = OP_UNBLOCK,
				.family = (uint8_t)family,
				.grant = min_u64(left, blocked)};
		if (op.grant > 0) {
			left -= op.grant;
			member_push(m, (core_id_t)i, &op);
		}
	}
}

/* Down, until the operator enables it: control has to know, and to remember. */
static void shut(struct member *m, const struct notify *why, const char *text)
{
	snprintf(m->limits.untold, sizeof(m->limits.untold), "%.127s", text);
	session_disable(&m->session, why, m->core->now);
	member_drop_stale(m);
}

static void act(struct member *m, enum family family, enum max_prefix_step step)
{
	const struct max_prefix *machine = &m->limits.machine;
	struct notify why = max_prefix_notify(machine, family);
	char text[NOTIFY_TEXT_MAX];
	max_prefix_format(machine, family, step, text, sizeof(text));
	switch (step) {
	case MAX_PREFIX_NOTHING:
		break;
	case MAX_PREFIX_GRANT:
		grant(m, family);
		break;
	case MAX_PREFIX_NEAR:
	case MAX_PREFIX_OVER:
	case MAX_PREFIX_FULL:
		member_tell(m, EVENT_LIMIT, text);
		break;
	case MAX_PREFIX_END:
		member_tell(m, EVENT_LIMIT, text);
		session_pause(&m->session, &why,
			      m->core->now + machine->rules.restart_after_s * USEC_PER_SEC,
			      m->core->now);
		member_drop_stale(m);
		break;
	case MAX_PREFIX_END_FOR_GOOD:
		shut(m, &why, text);
		break;
	}
}

/* When counts are wanted again if nothing more is announced. */
static usec_t period(const struct max_prefix *machine)
{
	bool is_coming = false, has_blocked = false;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_coming = is_coming || machine->family[f].coming > 0;
		has_blocked = has_blocked || machine->family[f].blocked > 0;
	}
	if (is_coming && max_prefix_is_pressed(machine)) {
		return AT_ONCE_US;
	}
	if (is_coming) {
		return SOON_US;
	}
	return has_blocked ? BLOCKED_US : SOMETIME_US;
}

void limits_init(struct member *m)
{
	max_prefix_init(&m->limits.machine, &m->conf->max_prefix);
	m->limits.due = USEC_NEVER;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		/* Who had the number before has announced, too. */
		m->limits.machine.family[f].pushed = tally_of(m, (enum family)f).announces;
	}
}

void limits_up(struct member *m)
{
	bool is_on = m->is_up && max_prefix_is_on(&m->limits.machine);
	m->limits.due = is_on ? m->core->now : USEC_NEVER;
}

void limits_change(struct member *m, const struct max_prefix_rules *rules)
{
	if (max_prefix_rules_equal(&m->limits.machine.rules, rules)) {
		return;
	}
	max_prefix_set_rules(&m->limits.machine, rules);
	limits_up(m);
}

void limits_look(struct member *m)
{
	usec_t now = m->core->now;
	/* A grant wants room like a message. */
	if (!m->is_up || mesh_room(m->core->server->mesh, m->core->id) < OP_ROOM) {
		m->limits.due = m->is_up ? now + AT_ONCE_US : USEC_NEVER;
		return;
	}
	for (unsigned f = 0; f < FAMILY_COUNT && m->session.state == FSM_ESTABLISHED; f++) {
		struct max_prefix_tally tally = tally_of(m, (enum family)f);
		act(m, (enum family)f,
		    max_prefix_count(&m->limits.machine, (enum family)f, &tally, now));
	}
	m->limits.due = now + period(&m->limits.machine);
}

void limits_tick(struct member *m)
{
	if (m->limits.untold[0] != '\0' && member_tell(m, EVENT_LIMIT_DOWN, m->limits.untold)) {
		m->limits.untold[0] = '\0';
	}
	if (m->core->now >= m->limits.due) {
		limits_look(m);
	}
}

usec_t limits_due(const struct member *m)
{
	usec_t untold = m->limits.untold[0] != '\0' ? m->core->now + AT_ONCE_US : USEC_NEVER;
	return min_u64(untold, m->limits.due);
}

/* Counts are wanted soon. */
static void expect(struct member *m)
{
	if (m->limits.due != USEC_NEVER) {
		m->limits.due = min_u64(m->limits.due, m->core->now + SOON_US);
	}
}

bool limits_pass(struct member *m, const struct op *op, uint32_t count)
{
	expect(m);
	return max_prefix_pass(&m->limits.machine, (enum family)op->family, count,
			       op->reason == REJECT_NONE);
}

bool limits_cap(struct member *m, const struct op *op)
{
	bool is_accepted = op->reason == REJECT_NONE;
	expect(m);
	return max_prefix_push(&m->limits.machine, &op->prefix, is_accepted);
}

void limits_publish(const struct member *m, struct max_prefix_status *out)
{
	*out = (struct max_prefix_status){.rules = m->limits.machine.rules};
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const struct max_prefix_family *from = &m->limits.machine.family[f];
		out->exceeded[f] = from->exceeded;
		out->warnings[f] = from->warnings;
		out->last_count[f] = from->last_count;
		for (unsigned i = 0; i < from->last_count; i++) {
			unsigned back = MAX_PREFIX_LAST - 1 - i;
			unsigned at = (from->last_next + back) % MAX_PREFIX_LAST;
			out->last[f][i] = from->last[at];
		}
	}
}
