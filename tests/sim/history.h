/* One seeded history of whole servers: what the files of the simulator share.
 *
 * history.c plays events, trouble.c brings faults, restarts and attackers, expect.c holds what is
 * against the oracle and the invariants, main.c counts seeds.
 */
#pragma once

#include "tests/sim/dump.h"
#include "tests/support/rogue.h"
#include "tests/support/world.h"

enum history_kind {
	HISTORY_PLAIN,	/* One server; a little loss at most. */
	HISTORY_FAULTS, /* One server on faulty links. */
	HISTORY_PAIR,	/* Two servers, which restart; often on faulty links. */
	HISTORY_ROGUES, /* One server, attacked. */
	HISTORY_KIND_COUNT
};

struct totals {
	uint64_t histories, kind[HISTORY_KIND_COUNT];
	uint64_t events, announced, withdrawn, downs, lost, refreshes, stalls, compared, messages,
		evictions, paced, segments, long_messages, next_hops6;
	uint64_t fault[NIC_FAULT_COUNT], too_big_told;
	uint64_t paths_gone, paths_compared;
	uint64_t asked, asked_anew,
		kept; /* Announcements that ask who may hear them; looks at one kept. */
	uint64_t rules_changed, refused, unheard; /* And looks at one so. */
	uint64_t answers, left_out, renewed;
	uint64_t came, gone, changed; /* Members, while the server ran. */
	uint64_t member_restarts, ends_of_rib, stale_compared, long_stale_compared;
	uint64_t restarts, attack[ROGUE_ATTACK_COUNT], kills, deaths, mangle[MANGLE_COUNT], blinks;
};

#define HISTORY_SERIALS 512 /* Announcements of a history. */

#define PATH_SLOTS 3 /* Paths of a prefix that a member has at most. */

/* What should be left of a family whose member restarts. */
struct stay {
	bool is_long, is_overdue;
	usec_t due, long_due; /* USEC_NEVER: not running. */
	usec_t add_until;     /* RFC 8538 §4.1: a bound of what may stay through several ends. */
};

struct absence {
	bool is_up;
	unsigned ups_known;
	uint32_t router_id; /* Of its last session. */
	usec_t cut_until;
	bool never_ends; /* Sends no End-of-RIB. */
	struct stay family[2];
};

struct history {
	struct world *world;
	enum history_kind kind;
	struct naive_route (*route)[WORLD_MEMBERS_MAX]; /* [universe] */
	bool (*is_stale)[WORLD_MEMBERS_MAX];		/* The same: of an earlier session. */
	struct naive_speaker who[WORLD_MEMBERS_MAX];
	struct absence absence[WORLD_MEMBERS_MAX];
	struct naive_route (*more)[WORLD_MEMBERS_MAX][PATH_SLOTS - 1]; /* Behind route: paths.c. */
	/* Slots of paths that were not said again since the refresh began: bits. */
	uint8_t (*is_old)[WORLD_MEMBERS_MAX];
	usec_t renew_due[WORLD_MEMBERS_MAX][2]; /* Then it is over; USEC_NEVER: none. */
	unsigned leaver;			/* Who restarts just now; else UINT_MAX. */
	bool has_failed;
	bool has_changes;		    /* Members come, go and are changed. */
	bool is_out[WORLD_MEMBERS_MAX];	    /* It is no member now. */
	bool is_changed[WORLD_MEMBERS_MAX]; /* Its session may have ended for it. */
	bool has_rules;			    /* They change. */
	unsigned downs_known[WORLD_MEMBERS_MAX];
	uint32_t serial;
	struct naive_asks asks[HISTORY_SERIALS]; /* [serial] */
	usec_t stalled_until[WORLD_MEMBERS_MAX];
	/* No session may be lost but by our own doing. */
	bool is_strict;
	unsigned lost; /* Sessions of which this was expected and that were lost. */
	struct wire *wire;
	bool is_hard;	    /* Faults that can end sessions: cuts, black holes, heavy loss. */
	struct nic *bearer; /* Of ICMP messages; a guest of the LAN. */
	bool tells_too_big;
	usec_t restart_at[WORLD_SITES_MAX]; /* 0: it runs. */
	struct rogue rogue;
	bool is_liar[WORLD_MEMBERS_MAX];
	struct mangler mangler[WORLD_MEMBERS_MAX];
	size_t memory_before;
	struct dump *dump;
	uint64_t seed;
	struct totals *totals;
};

/* history.c */
/* `world` is memory only, and used again from one history to the next: it is large. */
bool history_run(uint64_t seed, struct world *world, struct dump *dump, struct totals *totals);
const char *history_kind_text(enum history_kind kind);
/* A member does something. */
void history_event(struct history *h);
/* Sessions that ended by themselves took their routes with them. */
void history_note_downs(struct history *h);
void history_end_stalls(struct history *h, bool all);
/* The member announces a prefix as it had it, if it had. */
void history_announce_again(struct history *h, unsigned member, unsigned prefix);

/* graceful.c */
void graceful_prepare(const struct history *h, struct world_opts *opts, struct prng *p);
void graceful_begin(struct history *h);
/* A member restarts; false when it is not one of those. */
bool graceful_event(struct history *h, unsigned member);
/* Nothing of the member is left. */
void graceful_forget(struct history *h, unsigned member);
/* Time has passed; the last time, all are told that all has been said. */
void graceful_turn(struct history *h, bool is_last);
/* Nothing stale is held any more. */
bool graceful_is_over(const struct history *h);

/* refresh.c */
void refresh_ask(struct history *h, unsigned member);
/* The operator wants the member to be asked. */
void refresh_request(struct history *h, unsigned member);
/* Its session, and with it any refresh, has ended. */
void refresh_forget(struct history *h, unsigned member);
void refresh_turn(struct history *h);
/* Everything asked for has been answered, and nothing waits for an End. */
bool refresh_is_over(const struct history *h);

/* members.c */
void members_prepare(struct history *h, struct world_opts *opts);
/* The operator does something to the member, perhaps; false when it is none now. */
bool members_event(struct history *h, unsigned member);
/* Every second of those that are out is a member again; false when that takes too long. */
bool members_end(struct history *h);

/* paths.c */
struct naive_route *paths_slot(struct history *h, unsigned member, unsigned prefix, unsigned slot);
/* Which of its paths a member speaks of. */
unsigned paths_draw_slot(struct history *h, unsigned member, unsigned family);
/* A prefix as it stands on the wire. */
struct naive_prefix paths_prefix(const struct history *h, unsigned member, unsigned prefix,
				 unsigned slot);
unsigned paths_set(struct history *h, unsigned member, unsigned prefix); /* Bits of slots. */
/* What a member should hold, best first; how many. */
unsigned paths_expected(struct history *h, unsigned member, unsigned prefix,
			struct naive_attrs out[WORLD_PATHS_SENT]);
bool paths_are_right(struct history *h, unsigned member, unsigned prefix, bool verbose);

/* trouble.c */
void trouble_prepare(struct history *h, struct world_opts *opts, struct prng *p); /* The options. */
void trouble_begin(struct history *h); /* The world stands. */
bool trouble_turn(struct history *h);  /* Between two events; false when a rule was broken. */
void trouble_end(struct history *h);   /* No trouble from now on. */
void trouble_fini(struct history *h);

/* expect.c */
/* Routes that are not what the oracle says.  Only of members that are up and honest if
 * `is_partial`; `verbose` says which. */
unsigned expect_wrong(struct history *h, bool is_partial, bool verbose);
/* The invariants that hold at every moment. */
bool expect_rules(struct history *h);
/* Time passes until everyone who wants to be up is and holds what he should; false when that takes
 * longer than it may. */
bool expect_settled(struct history *h);
void expect_dump(struct history *h);
