/* How a prefix and an ASN live: the onboarding machine, pure.
 *
 * A prefix's state moves by events: what its tenant does, and what follows from its evidence, its
 * time window and the clock.  The whole machine is one table of states and events; the test walks
 * every cell.  Evidence is judged apart: any accepted proof will do; RPKI Invalid and an operator's
 * no outweigh all; a proof that is lost counts on until its grace is over; a source that fails says
 * nothing (so nothing gets worse because a source is away). */
#pragma once

#include "control/registry/registry.h"

enum prefix_event {
	EVENT_SUBMIT,
	EVENT_PROVEN,
	EVENT_REFUSED, /* Checked, and not proven. */
	EVENT_LOST,    /* It was proven, and the grace is over. */
	EVENT_OPENED,  /* Its time has come; */
	EVENT_CLOSED,  /* has been put off; */
	EVENT_EXPIRED, /* is over; */
	EVENT_RENEWED, /* is no longer over. */
	EVENT_ON,
	EVENT_LIMITED,
	EVENT_OFF,
	EVENT_DRAIN,
	EVENT_RELEASE,
	EVENT_COUNT
};

struct life_cell {
	enum prefix_state next;
	const char *refusal; /* A reason code; NULL: the event is taken. */
};

struct life_cell life_next(enum prefix_state state, enum prefix_event event);
bool life_is_announced(enum prefix_state state); /* Announced, limited or draining. */
/* It is, and its time is not over: the clock counts even where nothing can be written down. */
bool life_can_announce(const struct registry_prefix *p, int64_t now_s);
bool life_is_proven(enum prefix_state state);

enum life_proof {
	PROOF_NONE, /* Nothing is known yet. */
	PROOF_VALID,
	PROOF_FAILING, /* Lost, but in its grace. */
	PROOF_FAILED,  /* Checked, and never was one. */
	PROOF_LOST,
	PROOF_VETOED, /* RPKI Invalid, or an operator's no. */
};

struct life_judgement {
	enum life_proof proof;
	const char *reason; /* Of the evidence, or static; never NULL. */
	int64_t due_s;	    /* When time alone changes it; 0: never. */
};

static inline bool life_holds(enum life_proof proof)
{
	return proof == PROOF_VALID || proof == PROOF_FAILING;
}

struct life_evidence { /* All that there is about one subject. */
	const struct registry_evidence *item[EVIDENCE_TYPE_COUNT];
	unsigned count;
};

struct life_judgement life_judge(const struct life_evidence *e, const struct registry_rules *rules,
				 int64_t now_s);
bool life_is_veto(const struct registry_evidence *e);
/* Whether a record is about this origin: one that names none is about any. */
bool life_is_for(const struct registry_evidence *e, asn_t origin);
/* Whether an accepted proof that holds is one for this origin. */
bool life_has_origin(const struct life_evidence *e, const struct registry_rules *rules,
		     int64_t now_s, asn_t origin);
/* What a new check makes of a record: `e` holds what is there, `result` and so on what was found.
 * False: it says what is known. */
struct life_finding {
	enum evidence_result result;
	const char *reason, *detail, *author, *document;
	int64_t expires_s, next_check_s;
	struct registry_asns origins; /* Borrowed. */
	bool is_final;		      /* What was a proof has no grace. */
};

/* The reason of a record that an operator has rejected. */
#define LIFE_REJECTED "evidence-rejected"
/* In the words of a record that waits for an operator: what is behind it ends with the decision. */
#define LIFE_WAITS "; an operator has to "

bool life_record(struct registry_evidence *e, const struct life_finding *found, int64_t now_s);

/* What the state follows from, beside the prefix itself. */
struct life_facts {
	struct life_judgement judged;
	int64_t now_s, drain_s;
};

/* Let a prefix move as far as facts and clock bring it; state, reason, since and due are set. */
void life_settle(struct registry_prefix *p, const struct life_facts *facts);
