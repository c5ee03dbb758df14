/* The states of a prefix as a table, and what moves it. */
#include "control/registry/life.h"

#include <string.h>

#include "control/registry/field_own.h"
#include "rib/base/check.h"

#define GO(state)                                                                                  \
	{                                                                                          \
		PREFIX_##state, NULL                                                               \
	}
#define NO(state, reason)                                                                          \
	{                                                                                          \
		PREFIX_##state, reason                                                             \
	}
/* What cannot be, or changes nothing. */
#define STAY(state) GO(state)

/* In the order of enum prefix_event: submit, proven, refused, lost, opened, closed, expired,
 * renewed, on, limited, off, drain, release.  Before a prefix is provisioned, on, limited and off
 * are wishes that are kept (`announce`) until it is. */
static const struct life_cell cells[PREFIX_STATE_COUNT][EVENT_COUNT] = {
	[PREFIX_DRAFT] = {GO(PENDING), STAY(DRAFT), STAY(DRAFT), STAY(DRAFT), STAY(DRAFT),
			  STAY(DRAFT), STAY(DRAFT), STAY(DRAFT), STAY(DRAFT), STAY(DRAFT),
			  STAY(DRAFT), NO(DRAFT, "not-announced"), GO(RELEASED)},
	[PREFIX_PENDING] = {STAY(PENDING), GO(VALIDATED), GO(FAILED), GO(FAILED), STAY(PENDING),
			    STAY(PENDING), GO(EXPIRED), STAY(PENDING), STAY(PENDING), STAY(PENDING),
			    STAY(PENDING), NO(PENDING, "not-announced"), GO(RELEASED)},
	[PREFIX_VALIDATED] = {STAY(VALIDATED), STAY(VALIDATED), GO(SUSPENDED), GO(SUSPENDED),
			      GO(PROVISIONED), STAY(VALIDATED), GO(EXPIRED), STAY(VALIDATED),
			      STAY(VALIDATED), STAY(VALIDATED), STAY(VALIDATED),
			      NO(VALIDATED, "not-announced"), GO(RELEASED)},
	[PREFIX_PROVISIONED] = {STAY(PROVISIONED), STAY(PROVISIONED), GO(SUSPENDED), GO(SUSPENDED),
				STAY(PROVISIONED), GO(VALIDATED), GO(EXPIRED), STAY(PROVISIONED),
				GO(ANNOUNCED), GO(LIMITED), STAY(PROVISIONED),
				NO(PROVISIONED, "not-announced"), GO(RELEASED)},
	[PREFIX_LIMITED] = {STAY(LIMITED), STAY(LIMITED), GO(SUSPENDED), GO(SUSPENDED),
			    STAY(LIMITED), GO(VALIDATED), GO(EXPIRED), STAY(LIMITED), GO(ANNOUNCED),
			    STAY(LIMITED), GO(WITHDRAWN), GO(DRAINING),
			    NO(LIMITED, "still-announced")},
	[PREFIX_ANNOUNCED] = {STAY(ANNOUNCED), STAY(ANNOUNCED), GO(SUSPENDED), GO(SUSPENDED),
			      STAY(ANNOUNCED), GO(VALIDATED), GO(EXPIRED), STAY(ANNOUNCED),
			      STAY(ANNOUNCED), GO(LIMITED), GO(WITHDRAWN), GO(DRAINING),
			      NO(ANNOUNCED, "still-announced")},
	[PREFIX_DRAINING] = {STAY(DRAINING), STAY(DRAINING), GO(SUSPENDED), GO(SUSPENDED),
			     STAY(DRAINING), GO(VALIDATED), GO(EXPIRED), STAY(DRAINING),
			     GO(ANNOUNCED), GO(LIMITED), GO(WITHDRAWN), STAY(DRAINING),
			     NO(DRAINING, "still-announced")},
	[PREFIX_WITHDRAWN] = {STAY(WITHDRAWN), STAY(WITHDRAWN), GO(SUSPENDED), GO(SUSPENDED),
			      STAY(WITHDRAWN), GO(VALIDATED), GO(EXPIRED), STAY(WITHDRAWN),
			      GO(ANNOUNCED), GO(LIMITED), STAY(WITHDRAWN),
			      NO(WITHDRAWN, "not-announced"), GO(RELEASED)},
	[PREFIX_RELEASED] = {NO(RELEASED, "released"), STAY(RELEASED), STAY(RELEASED),
			     STAY(RELEASED), STAY(RELEASED), STAY(RELEASED), STAY(RELEASED),
			     STAY(RELEASED), NO(RELEASED, "released"), NO(RELEASED, "released"),
			     STAY(RELEASED), NO(RELEASED, "released"), STAY(RELEASED)},
	[PREFIX_FAILED] = {GO(PENDING), GO(VALIDATED), STAY(FAILED), STAY(FAILED), STAY(FAILED),
			   STAY(FAILED), GO(EXPIRED), STAY(FAILED), STAY(FAILED), STAY(FAILED),
			   STAY(FAILED), NO(FAILED, "not-announced"), GO(RELEASED)},
	[PREFIX_SUSPENDED] = {STAY(SUSPENDED), GO(VALIDATED), STAY(SUSPENDED), STAY(SUSPENDED),
			      STAY(SUSPENDED), STAY(SUSPENDED), GO(EXPIRED), STAY(SUSPENDED),
			      STAY(SUSPENDED), STAY(SUSPENDED), STAY(SUSPENDED),
			      NO(SUSPENDED, "not-announced"), GO(RELEASED)},
	[PREFIX_EXPIRED] = {NO(EXPIRED, "expired"), STAY(EXPIRED), STAY(EXPIRED), STAY(EXPIRED),
			    STAY(EXPIRED), STAY(EXPIRED), STAY(EXPIRED), GO(PENDING), STAY(EXPIRED),
			    STAY(EXPIRED), STAY(EXPIRED), NO(EXPIRED, "not-announced"),
			    GO(RELEASED)},
};

struct life_cell life_next(enum prefix_state state, enum prefix_event event)
{
	ASSERT(state < PREFIX_STATE_COUNT && event < EVENT_COUNT);
	return cells[state][event];
}

bool life_is_announced(enum prefix_state state)
{
	return state == PREFIX_LIMITED || state == PREFIX_ANNOUNCED || state == PREFIX_DRAINING;
}

bool life_is_proven(enum prefix_state state)
{
	return life_is_announced(state) || state == PREFIX_VALIDATED ||
	       state == PREFIX_PROVISIONED || state == PREFIX_WITHDRAWN;
}

static bool is_over(const struct registry_prefix *p, int64_t now_s)
{
	return p->not_after_s != 0 && now_s >= p->not_after_s;
}

bool life_can_announce(const struct registry_prefix *p, int64_t now_s)
{
	return life_is_announced((enum prefix_state)p->state) && !is_over(p, now_s);
}

static bool is_early(const struct registry_prefix *p, int64_t now_s)
{
	return p->not_before_s != 0 && now_s < p->not_before_s;
}

/* When a prefix that drains has done so; 0: never by itself. */
static int64_t drained_s(const struct registry_prefix *p, const struct life_facts *f)
{
	return p->state == PREFIX_DRAINING && f->drain_s != 0 ? p->since_s + f->drain_s : 0;
}

/* What the wish asks of a state that is not as the wish is.  An undo may bring a state back to a
 * wish that is another by now. */
static enum prefix_event wish_of(const struct registry_prefix *p)
{
	enum prefix_state s = (enum prefix_state)p->state;
	switch (p->announce) {
	case ANNOUNCE_ON:
		return s != PREFIX_ANNOUNCED ? EVENT_ON : EVENT_COUNT;
	case ANNOUNCE_LIMITED:
		return s != PREFIX_LIMITED ? EVENT_LIMITED : EVENT_COUNT;
	default:
		return s == PREFIX_ANNOUNCED || s == PREFIX_LIMITED ? EVENT_OFF : EVENT_COUNT;
	}
}

/* What time and proof make happen in a state; false: nothing. */
static bool event_of(const struct registry_prefix *p, const struct life_facts *f,
		     enum prefix_event *out)
{
	enum prefix_state s = (enum prefix_state)p->state;
	bool holds = life_holds(f->judged.proof);
	if (s == PREFIX_DRAFT || s == PREFIX_RELEASED) {
		return false;
	}
	if (s == PREFIX_EXPIRED || is_over(p, f->now_s)) {
		*out = is_over(p, f->now_s) ? EVENT_EXPIRED : EVENT_RENEWED;
	} else if (!holds && f->judged.proof != PROOF_NONE) {
		*out = f->judged.proof == PROOF_FAILED ? EVENT_REFUSED : EVENT_LOST;
	} else if (!holds) {
		*out = life_is_proven(s) ? EVENT_LOST : EVENT_COUNT;
	} else if (!life_is_proven(s)) {
		*out = EVENT_PROVEN;
	} else if (is_early(p, f->now_s)) {
		*out = EVENT_CLOSED;
	} else if (drained_s(p, f) != 0 && f->now_s >= drained_s(p, f)) {
		*out = EVENT_OFF;
	} else if (s == PREFIX_VALIDATED) {
		*out = EVENT_OPENED;
	} else {
		*out = wish_of(p);
	}
	return *out != EVENT_COUNT;
}

static const char *reason_of(const struct registry_prefix *p, const struct life_facts *f)
{
	switch (p->state) {
	case PREFIX_DRAFT:
		return "not-submitted";
	case PREFIX_VALIDATED:
		return "not-yet";
	case PREFIX_RELEASED:
		return "released";
	case PREFIX_EXPIRED:
		return "expired";
	default:
		return f->judged.proof == PROOF_VALID ? "" : f->judged.reason;
	}
}

static void earlier(int64_t *due_s, int64_t at_s, int64_t now_s)
{
	if (at_s > now_s && (*due_s == 0 || at_s < *due_s)) {
		*due_s = at_s;
	}
}

static int64_t due_of(const struct registry_prefix *p, const struct life_facts *f)
{
	int64_t due_s = 0;
	if (p->state == PREFIX_DRAFT || p->state == PREFIX_RELEASED || p->state == PREFIX_EXPIRED) {
		return 0;
	}
	earlier(&due_s, p->not_after_s, f->now_s);
	earlier(&due_s, f->judged.due_s, f->now_s);
	earlier(&due_s, drained_s(p, f), f->now_s);
	if (p->state == PREFIX_VALIDATED) {
		earlier(&due_s, p->not_before_s, f->now_s);
	}
	return due_s;
}

void life_settle(struct registry_prefix *p, const struct life_facts *facts)
{
	enum prefix_event event;
	enum prefix_state before = (enum prefix_state)p->state;
	/* Renewed, proven, opened, on: no way is longer. */
	for (unsigned steps = 0; event_of(p, facts, &event); steps++) {
		struct life_cell cell = life_next((enum prefix_state)p->state, event);
		if (cell.next == p->state) {
			break;
		}
		ASSERT(cell.refusal == NULL && steps < 8);
		p->state = (uint8_t)cell.next;
	}
	if (p->state != before || p->since_s == 0) {
		p->since_s = facts->now_s;
	}
	registry_text_set(&p->reason, reason_of(p, facts));
	p->due_s = due_of(p, facts);
}
