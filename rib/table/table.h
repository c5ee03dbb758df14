/* A table: one family of a shard.  The struct that the parts of the room work on.
 *
 *     announce, withdraw ──→ table.c
 *     working.c     what they make of an entry's paths (dirty.c: which entries), and references
 *     reuse.c       publication, grace periods, freed runs, reuse of slots
 *     flush.c       dirty entries: publish, mark, append the difference
 *     several.c     the difference, and the scan, where members get several paths
 *     walk.c        both, where policy does not give a path to everyone in one form
 *     carousel.c    scan runs for those that join
 *     sweep.c       paths of dead incarnations; what a change of rules may touch
 *     restart.c     which of these stay (stale), for how long, and when selection begins;
 *                   refreshes, which end paths of a live session
 *     forget.c      when the number of a member that is gone may be another's
 *     batch.c       what flush and carousel append, grouped and packed
 *     member.c      who is joined, where its reading starts, who still has to be told
 *
 * References: an entry's are in working.h; each announcing run holds one.  Private to rib/table. */
#pragma once

#include "rib/table/audience_cache.h"
#include "rib/table/batch.h"
#include "rib/table/dirty.h"
#include "rib/table/lag.h"
#include "rib/table/outbox.h"
#include "rib/table/pace.h"
#include "rib/table/pathid.h"
#include "rib/table/ptable.h"
#include "rib/table/shard.h"
#include "rib/table/working.h"

/* A member as all families see it. */
struct peer {
	incarnation_t incarnation;
	bool is_up;
	uint8_t paths_max; /* Of one prefix; 0 = the shard's. */
};

/* A member in one family; see member.c, carousel.c for the rider part, restart.c for the last. */
struct member {
	bool is_waiting; /* JOIN was applied; it takes effect with the next whole flush. */
	bool is_joined;
	bool is_guarded;      /* JOINED went out, JOIN_ACK did not come yet. */
	bool is_reply_queued; /* In the list of JOINED to send. */
	bool is_riding;
	uint8_t class_idx;
	core_id_t from; /* JOIN's worker. */
	peer_id_t wait_next, wait_prev;
	peer_id_t guard_next, guard_prev;
	peer_id_t rider_next, rider_prev;
	peer_id_t reply_next;
	entry_id_t rider_start;
	entry_id_t rider_count; /* Ids that existed when it boarded: later ones need no scan. */
	uint64_t rider_lap;
	uint64_t position; /* Of JOINED. */
	bool is_kept;	   /* Paths of the generations kept_first..kept_last stay as stale ones. */
	bool is_llgr;	   /* Those up to llgr_last become, or are, long-lived stale. */
	bool is_renewing;  /* A refresh is under way: it began with `generation`. */
	uint16_t kept_first, kept_last, llgr_last;
	uint16_t live_first, generation; /* Of the session that is up; the last is what is new. */
	uint16_t oldest;		 /* See restart_renew. */
	uint32_t fresh_count;		 /* Paths of the newest generation, while it is live. */
	uint64_t unblock; /* Paths over the prefix limit that the sweep under way may accept. */
	uint32_t times_forgotten; /* Atomic; forget.c */
};

/* What a path is while its member's sessions come and go. */
enum path_life {
	PATH_LIVE,
	PATH_OLD, /* Live, but announced before the refresh that is under way. */
	PATH_STALE,
	PATH_STALE_LONG,
	PATH_GONE,
};

/* Doubly linked through members; PEER_NONE ends. */
struct member_list {
	peer_id_t head, tail;
};

/* A circle over entry ids: where it is, and how often it came around. */
struct circle {
	entry_id_t at;
	uint64_t lap;
};

/* One wire class of the family: what its members need once there is one. */
struct wire_class {
	struct runlog *log;
	struct audience_cache *members;
	struct audience_cache *riders;
	struct member_list guards; /* By position. */
	struct member_list ride;   /* By boarding: the head's turn ends first. */
	struct circle scan;
	struct lag flush_lag, scan_lag;
	/* An empty log gives back what it needs no more in the first turn after that; nobody is
	 * woken for it. */
	usec_t rest_due;
};

enum forget_stage { FORGET_NONE, FORGET_PATHS, FORGET_RUNS, FORGET_GRACE };

/* What members that are gone still stand in: see forget.c. */
struct forget {
	uint64_t *waiting; /* Bits: for the next round. */
	uint64_t *going;   /* Of the round that is on. */
	unsigned waiting_count;
	enum forget_stage stage;
	uint64_t end[WIRE_CLASS_COUNT]; /* Of the logs, when FORGET_RUNS began. */
};

/* One worker's count of pending sets; it alone writes. */
struct pending {
	int64_t count;
} __attribute__((aligned(CACHE_LINE)));

struct walk;

struct table {
	enum family family;
	unsigned core_count, peer_count;
	usec_t gather_us;
	asn_t local_as;
	size_t log_bytes_max;
	const struct rank_peer *rank; /* The shard's, as the next three. */
	const struct peer *peer;
	struct audience_table *audiences;
	struct outbox *outbox;
	struct intern *intern;
	struct judge *judge;
	uint16_t paths_max;
	uint16_t view_max;

	struct slab_own slab;
	struct ptable ptable;
	struct pathids pathids;
	struct retire *retire;
	struct batch *batch;
	struct walk *walk;
	struct wire_class *wire[WIRE_CLASS_COUNT]; /* NULL before the first JOIN. */
	struct class_set made;			   /* Those that are there; for any thread. */
	struct class_set joined;		   /* Of these, those that have members. */
	/* The logs of `wire`, for any thread: readers stay off what the owner writes. */
	struct runlog *log[WIRE_CLASS_COUNT];
	struct member *member;	     /* [peer] */
	struct member_list waiting;  /* For the next whole flush, in the order of JOIN. */
	struct member_list *replies; /* [core]: singly linked by reply_next. */
	uint64_t *scratch;	     /* Words for one audience. */

	struct dirty dirty;
	usec_t dirty_since; /* USEC_NEVER when not known yet. */
	struct dirty paced; /* Entries that change too often: dirty, and not flushed before */
	usec_t paced_due;   /* then all of them are asked about again; USEC_NEVER when empty. */
	bool is_gathering;
	bool has_more_frees; /* The last turn's budgets were not enough. */
	bool has_more_expired;

	uint64_t *awaited; /* Members that a deferred selection waits for. */
	unsigned awaited_count;

	struct circle sweep, sweep_end; /* Done when `sweep` has come around to sweep_end. */
	bool is_sweeping;
	struct circle judge_end; /* Likewise. */
	bool is_judging;
	const struct policy_scope *scope; /* While it is judging. */

	struct forget forget;

	entry_id_t *tomb; /* Ring of QUEUED entries. */
	uint32_t tomb_mask, tomb_head, tomb_tail;

	struct pending *pending; /* [core] */
	struct shard_peer_stats *peer_stats;
	struct shard_stats stats;
	struct pace pace; /* Last: it is large. */
};

/* The circle has passed `end` again. */
static inline bool circle_is_done(const struct circle *c, const struct circle *end)
{
	return c->lap > end->lap && c->at >= end->at;
}

static inline struct update_form table_form(const struct table *t, unsigned class_idx)
{
	return wire_form(t->family, class_idx, t->local_as);
}

/* A dirty entry's. */
static inline struct dirty_item *table_item(const struct table *t, const struct entry *e)
{
	return dirty_at(e->is_paced ? &t->paced : &t->dirty, e->place);
}

struct table_opts {
	const struct shard_opts *shard;
	enum family family;
	const struct rank_peer *rank;
	const struct peer *peer;
	struct audience_table *audiences;
	struct outbox *outbox;
};

void table_init(struct table *t, const struct table_opts *opts);
/* Grace periods are waited for. */
void table_fini(struct table *t);

void table_announce(struct table *t, const struct op *op, const struct op_run *run);
void table_withdraw(struct table *t, const struct op *op, const struct op_run *run);
/* Make what the class needs, if it is not there. */
void table_need_class(struct table *t, unsigned class_idx);
/* Give working path `i` another set, or another reason; takes the set's reference. */
void table_dress_path(struct table *t, entry_id_t id, unsigned i, const struct attr *attr,
		      enum reject reason);
/* Path arrays took `before` bytes and take `after` now. */
void table_count_bytes(struct table *t, size_t before, size_t after);
/* reuse.c */
/* Publish the oldest dirty entry, retire what was published; it is clean. */
void table_publish(struct table *t);
/* Slices of a turn. */
void table_expire(struct table *t);
void table_free_runs(struct table *t);
void table_reclaim(struct table *t);
void table_watch(struct table *t, usec_t now);
void table_count(struct table *t);
/* Whether tombstones wait and could go. */
bool table_can_reclaim(const struct table *t);
int64_t table_pending(const struct table *t);

/* flush.c */
void flush_turn(struct table *t, usec_t now, bool is_inbox_busy);
bool flush_is_held(const struct table *t);
/* carousel.c */
void carousel_board(struct table *t, peer_id_t peer);
void carousel_leave(struct table *t, peer_id_t peer);
void carousel_turn(struct table *t, unsigned class_idx);
bool carousel_is_held(const struct table *t, unsigned class_idx);
/* sweep.c */
void sweep_begin(struct table *t);
/* Judge again what the scope has, which is borrowed while is_judging. */
void sweep_judge(struct table *t, const struct policy_scope *scope);
void sweep_turn(struct table *t);
/* restart.c */
enum path_life path_life(const struct table *t, const struct path *p);
/* `is_added`: what is stale already stays, too. */
void restart_stale(struct table *t, peer_id_t peer, bool is_added);
void restart_stale_end(struct table *t, peer_id_t peer);
void restart_llgr(struct table *t, peer_id_t peer);
/* The member's session began, ended. */
void restart_up(struct table *t, peer_id_t peer);
void restart_down(struct table *t, peer_id_t peer);
/* The member announces everything again; it has done so. */
void restart_renew(struct table *t, peer_id_t peer);
void restart_renew_end(struct table *t, peer_id_t peer);
/* Everything of the member goes, and its session stays. */
void restart_drop(struct table *t, peer_id_t peer);
/* There is room under the member's prefix limit again. */
void restart_unblock(struct table *t, peer_id_t peer, uint64_t grant);
/* Selection need not wait for the member (PEER_NONE: for anyone) any more. */
void restart_settled(struct table *t, peer_id_t peer);
static inline bool restart_is_deferred(const struct table *t)
{
	return t->awaited_count > 0;
}
/* forget.c */
void forget_init(struct table *t);
void forget_fini(struct table *t);
/* The member is down, and never comes back. */
void forget_begin(struct table *t, peer_id_t peer);
void forget_turn(struct table *t);
/* The grace period of the round is over. */
void forget_end(struct table *t);
static inline bool forget_is_under_way(const struct table *t)
{
	return t->forget.stage != FORGET_NONE || t->forget.waiting_count > 0;
}
/* member.c */
void member_join(struct table *t, const struct op *op);
/* JOINs that waited take effect, if nothing is dirty now. */
void member_admit(struct table *t);
void member_ack(struct table *t, const struct op *op);
void member_rescan(struct table *t, const struct op *op);
void member_leave(struct table *t, peer_id_t peer);
bool member_pull(struct table *t, core_id_t core, struct op *out);
/* The lowest position of a class that a JOINED protects; UINT64_MAX when none does. */
uint64_t member_guard(const struct table *t, unsigned class_idx);
bool member_has_guards(const struct table *t);
/* check.c */
void table_check(const struct table *t);
bool table_is_empty(const struct table *t);
