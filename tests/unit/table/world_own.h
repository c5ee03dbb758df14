/* What world.c (acts, mailboxes, readers) and world_run.c (chance, the oracle) share. */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>

#include "control/policy/scope.h"
#include "tests/unit/table/world.h"

#define KEY	   77
#define WORLD_HELD 64
#define WORLD_ERA  24 /* Changes of rules between two calms. */

/* A FIFO of ops. */
struct mailbox {
	struct op *op;
	size_t head, tail, cap;
};

/* A path that was withdrawn in a run that its reader left unread. */
struct gone {
	entry_id_t entry;
	uint32_t path_id;
};

struct cursor {
	bool is_joined;
	bool is_complete;
	uint64_t position, acked;
	uint8_t *pending; /* [entry id]: an evicted member's; NULL when there is none. */
	uint32_t pending_ids;
	struct gone *gone;
	size_t gone_count;
};

/* What a member announced, as the oracle knows it. */
struct sent {
	const struct attr *attr; /* NULL: nothing.  Not counted here. */
	uint8_t reason;		 /* What its session found. */
	asn_t origin;
	uint8_t ask;
	bool is_stale;
	bool is_old; /* Not announced again in the refresh that is under way. */
};

struct member {
	bool is_up;
	incarnation_t incarnation;
	uint8_t class_idx[FAMILY_COUNT];
	uint32_t router_id;
	/* What it announced to us (attr: not counted here), and what it holds from us. */
	struct sent sent[FAMILY_COUNT][WORLD_NUMBERS][WORLD_IDS];
	bool has_ids; /* It sends path ids, in this session. */
	bool is_kept[FAMILY_COUNT];
	bool is_llgr[FAMILY_COUNT];
	bool is_renewing[FAMILY_COUNT];
	uint32_t held[FAMILY_COUNT][WORLD_NUMBERS];
	/* In a class with path ids: by path id; empty where `id` is 0. */
	struct {
		uint32_t path_id, id;
	} path[FAMILY_COUNT][WORLD_NUMBERS][WORLD_HELD];
	struct cursor cursor[FAMILY_COUNT][WORLD_SHARDS];
};

struct world {
	struct world_opts opts;
	struct prng prng;
	usec_t now;
	uint64_t evictions;
	bool is_calm; /* Inboxes are not busy now. */
	struct intern *intern[WORLD_SHARDS];
	/* Rules by generation, from 1 on, those since the last calm; with has_reach. */
	struct make_rules era[WORLD_ERA];
	unsigned era_count;
	struct policy *policy, *older; /* Published; and the one before, while somebody reads it. */
	struct policy_scope scope;
	struct judge *judge[WORLD_SHARDS]; /* NULL without has_reach. */
	struct intern *own;		   /* Sets that the oracle makes. */
	struct shard *shard[WORLD_SHARDS];
	struct mailbox to[WORLD_SHARDS][WORLD_SHARDS];	 /* [core][shard] */
	struct mailbox from[WORLD_SHARDS][WORLD_SHARDS]; /* [shard][core] */
	struct member member[WORLD_MEMBERS];
};

/* The rules that were published last. */
static inline const struct make_rules *rules_now(const struct world *w)
{
	return &w->era[w->era_count - 1];
}

static inline peer_id_t peer_of(unsigned member)
{
	return make_peer(member);
}

/* One op moves; false when there is none, or the shard is congested. */
/* A worker's judge; NULL where there are no rules. */
struct judge *judge_of(const struct world *w, struct intern *intern);
/* The op's set and reason, as the member's worker judges. */
void judge_op(struct world *w, unsigned member, unsigned variant, struct op *op);
/* The set as the oracle sees it.  Rules, where there are some, leave LOCAL_PREF to nobody. */
const struct attr *own_attr(struct world *w, unsigned member, unsigned variant, enum family family);
/* Everyone judges by the rules that were published last. */
bool has_swept(const struct world *w);
bool deliver_to(struct world *w, unsigned core, unsigned shard);
bool deliver_from(struct world *w, unsigned shard, unsigned core);
/* What the shard sends goes into the mailboxes. */
void pull(struct world *w, unsigned shard);
void mailbox_push(struct mailbox *m, const struct op *op);
