/* The world of the model: one shard of worker 0, one member on each worker, two who announce.
 *
 * Member 0 reads on worker 0, member 1 on worker 1; members 2 and 3 announce, and worker 0 decodes
 * them.  All of it is the product's own code (rib/table, dataplane/session/export) but for the
 * mailboxes, the send queues and the grace periods, which are ordinary lists here.
 *
 * What is judged, in each world:
 *  - a member never hears its own route, nor news that is older than what it has heard of the
 *    prefix before (what it hears is a subsequence of what its view has been);
 *  - bytes that were pushed and are not acknowledged stay as they were;
 *  - at its End-of-RIB a member has heard of every prefix what it was when it joined, or later;
 *  - once quiet, what it heard last is what it should have;
 *  - with all members gone nothing is left: no run, path, attribute set. */
#pragma once

#include "dataplane/session/export.h"
#include "tests/model/explore.h"
#include "tests/unit/table/make.h"

/* What steps touch (explore.h). */
#define TOUCH_RUN	(1u << 0) /* Runs that may be freed: their bytes. */
#define TOUCH_DIRTY	(1u << 1)
#define TOUCH_END	(1u << 2)
#define TOUCH_FLOOR	(1u << 3)
#define TOUCH_EVICT	(1u << 4)
#define TOUCH_PENDING	(1u << 5)
#define TOUCH_MAIL	(1u << 6)
#define TOUCH_QUIET	(1u << 7)
#define TOUCH_ATTR	(1u << 8) /* What grace periods protect. */
#define TOUCH_ENTRIES	(0xffffu << 16)
#define TOUCH_ENTRY(id) (1u << (16 + (id) % 16))

static inline void step_read(uint32_t what)
{
	explore_step((struct explore_touch){.reads = what});
}

static inline void step_write(uint32_t what)
{
	explore_step((struct explore_touch){.writes = what});
}

#define READERS	     2
#define PEERS	     4
#define NUMBERS	     3
#define HISTORY_MAX  32
#define QUEUE_BYTES  16384
#define BORROWED_MAX 64

struct borrowed {
	const uint8_t *data;
	uint64_t offset;
	size_t len;
};

/* A send queue. */
struct queue {
	uint8_t bytes[QUEUE_BYTES];
	uint64_t end, acked, room, decoded;
	struct borrowed borrowed[BORROWED_MAX];
	unsigned borrowed_count;
};

/* What a member should have had of a prefix (and of its path by a member, where it gets several),
 * one after the other since it joined or before, 0 for nothing; and how far it has heard. */
struct story {
	uint32_t id[HISTORY_MAX];
	unsigned count;
	unsigned heard; /* Index of the last that it heard; of what was when it joined, before. */
	bool has_heard;
};

struct reader {
	struct world *world;
	struct export ex;
	struct export_sink sink;
	struct queue queue;
	bool is_up, has_joined, was_complete;
	struct story story[NUMBERS][PEERS];
	struct op mail[8]; /* From the shard. */
	unsigned mail_count;
};

struct world {
	unsigned class_idx;
	size_t log_bytes_max;
	usec_t now;
	struct intern *intern;
	struct shard *shard;
	struct reader reader[READERS];
	const struct attr *said[NUMBERS][PEERS]; /* By whom; NULL for nothing. */
	incarnation_t incarnation[PEERS];
	struct op inbox[32]; /* From worker 1. */
	unsigned inbox_count;
	uint64_t heard; /* Routes and withdrawals, of all worlds. */
};

void world_begin(struct world *w);
/* Everything arrives, is judged, and everyone leaves. */
void world_end(struct world *w);

/* Worker 0. */
/* A member announces (or, variant < 0, withdraws) a prefix. */
void world_say(struct world *w, peer_id_t peer, unsigned number, int variant);
/* An announcer's session ends; a new one begins. */
void world_down(struct world *w, peer_id_t peer);
void world_up(struct world *w, peer_id_t peer);
void world_inbox(struct world *w);
void world_turn(struct world *w, usec_t forward);

/* The worker of the reader. */
void world_join(struct world *w, unsigned reader);
void world_leave(struct world *w, unsigned reader);
/* JOINED, if it has come. */
void world_mail(struct world *w, unsigned reader);
/* The member wants everything again (RFC 7313); the next pump begins to answer. */
void world_refresh(struct world *w, unsigned reader);
/* Read the log while there is room for `room` bytes. */
void world_pump(struct world *w, unsigned reader, uint64_t room);
void world_ack(struct world *w, unsigned reader);
/* Note what is acknowledged, obey evictions. */
void world_settle(struct world *w, unsigned reader);
void world_floor(struct world *w, unsigned reader);
void world_quiet(void); /* The worker's quiescent point. */
/* The end of a worker's turn: floor and quiescent point. */
void world_rest(struct world *w, unsigned reader);
/* Several turns of both workers, from outside of programs. */
void world_calm(struct world *w);
