/* A plan with its ledger and checker, and the way from one member's mouth to another's ear. */
#pragma once

#include "bench/check.h"
#include "bench/message.h"

struct rig {
	struct plan plan;
	struct ledger *ledger;
	struct checker *checker;
};

/* Six members of which five announce: IPv4 and IPv6, each second group from three of them, each
 * fourth with communities that leave two members out. */
struct plan rig_plan(void);
void rig_init(struct rig *r, const struct plan *p); /* All sessions are up. */
void rig_fini(struct rig *r);
/* The announcer of the slot says the group; nobody has heard it yet. */
struct outgoing rig_say(struct rig *r, const struct group *g, unsigned slot, uint16_t version);
/* A member hears these messages; whether all could be parsed. */
bool rig_hear(struct rig *r, unsigned member, const struct outgoing *o);
/* Everything is said in version 0, and each member hears what is best for it. */
void rig_converge(struct rig *r);
struct verdict rig_verdict(const struct rig *r);
/* A group with so many slots. */
struct group rig_group(const struct rig *r, unsigned slots, bool is_controlled, bool is_v6);
