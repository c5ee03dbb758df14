/* Export: a member's cursors over the logs, and what goes from them into its send queue.
 *
 * For each (family, shard) that the member joined there is a cursor: the position to read next and
 * the position up to which everything is acknowledged.  While the send queue has room, runs whose
 * audience holds the member are pushed by reference; a run that is dirty is re-checked id by id
 * against view() and what still holds is pushed as a copy (state compression).  Acknowledged
 * stream offsets move the acknowledged position; the worker's floor for a log is the lowest of
 * them.
 *
 * A member that stands still while a log is full is asked to leave its position (evict): first the
 * send queue's borrowed bytes are copied out; if the read position is still too old, the ids of the
 * unread runs go into the cursor's pending set (a bitmap over entry ids) and the position jumps to
 * the end.  Pending ids are answered later from view(), whatever it then is.  Where the member
 * gets several paths (RFC 7911) the view does not tell which it had before; so the (entry, path id)
 * pairs that the unread runs withdraw are kept, too, and go out first, unless they are back.
 *
 * A ROUTE-REFRESH is answered by another scan of the shards.  Where RFC 7313 is agreed the answer
 * is a matter of its own: it begins only when the family's End-of-RIB is out and no other answer is
 * under way (more requests until then are one), BoRR goes into the queue before the shards are
 * asked, and EoRR when the marks of this scan were read.  So of two marks there is never a doubt
 * whose they are.  Within an answer a route that a dirty run names, but no longer holds, goes into
 * the pending set: its newer run may stand behind the mark, and after EoRR is too late for it.
 *
 * Invariants: acked <= position; a borrowed byte in the send queue belongs to a run at or above the
 * acknowledged position; End-of-RIB goes out once, after the marks of all shards were read and no
 * pending set is left; EoRR likewise, once for each BoRR.  Pure; owner: the session's worker.
 * DESIGN: docs/design.md, "Export".
 */
#pragma once

#include "rib/base/metric.h"
#include "rib/table/shard.h"

/* Where bytes go: the transport's send queue, seen through four functions so that this room does
 * not know TCP.  Offsets are stream offsets that never wrap. */
struct export_sink {
	void *queue;
	bool (*push_ref)(void *queue, struct span s);
	bool (*push_copy)(void *queue, struct span s);
	uint64_t (*room)(const void *queue); /* Bytes that a reference may have now. */
	uint64_t (*end)(const void *queue);
	uint64_t (*acked)(const void *queue);
	bool (*privatize)(void *queue); /* Copy all borrowed bytes. */
};

struct export_stats {
	metric_t prefixes_sent; /* Announced, in UPDATEs handed to the transport. */
	metric_t withdraws_sent;
	metric_t updates_sent; /* Runs or re-encoded pieces pushed. */
	metric_t evictions;
	metric_t pending;   /* Ids in pending sets now. */
	metric_t refreshes; /* Answered: EoRR went out, or (RFC 2918) the shards were asked. */
};

/* A path that an unread run withdraws. */
struct export_gone {
	entry_id_t entry;
	uint32_t path_id;
};

struct export_cursor {
	struct runlog *log; /* NULL until JOINED. */
	uint64_t position;  /* Next run to read. */
	uint64_t acked;	    /* Everything below needs no bytes of the log any more. */
	uint32_t marks;	    /* Of this cursor, in the queue of marks. */
	bool is_complete;   /* The scan's mark was read. */
	uint32_t pending_count;
	uint32_t pending_scan; /* Next id to look at. */
	uint32_t pending_cap;  /* Bits in the set. */
	uint64_t *pending;     /* NULL when there is none. */
	uint32_t gone_count, gone_cap;
	struct export_gone *gone; /* Beside `pending`; a stack. */
};

/* "Once the transport acknowledged `offset`, this cursor is done up to `position`." */
struct export_mark {
	uint64_t offset;
	uint64_t position;
	uint32_t cursor;
};

struct export
{
	peer_id_t peer;
	core_id_t core;
	uint8_t class_idx[FAMILY_COUNT]; /* Of a family that was opened. */
	unsigned shard_count;
	struct shard *const *shard;   /* Of the server; borrowed. */
	struct export_cursor *cursor; /* [family * shard_count + shard] */
	bool is_joined[FAMILY_COUNT];
	bool is_eor_sent[FAMILY_COUNT];
	bool has_enhanced;		 /* RFC 7313 */
	bool is_asked[FAMILY_COUNT];	 /* A request waits for its answer. */
	bool is_answering[FAMILY_COUNT]; /* Between BoRR and EoRR. */
	unsigned rescan;		 /* Families (bits) that the shards are to scan again. */
	unsigned next;			 /* Round robin over cursors. */
	struct export_mark *mark;	 /* Ring, grows to the send queue's bound. */
	uint32_t mark_cap, mark_head, mark_tail;
	struct export_stats stats;
};

void export_init(struct export *ex, peer_id_t peer, core_id_t core, struct shard *const *shard,
		 unsigned shard_count);
/* Nothing may be joined any more (export_close). */
void export_fini(struct export *ex);

/* The member became established: it will join `families`, each in its wire class.  False when
 * memory is short (nothing changed). */
bool export_open(struct export *ex, const bool families[FAMILY_COUNT],
		 const uint8_t class_idx[FAMILY_COUNT]);
/* RFC 7313 is agreed: answers are marked.  Right after export_open. */
void export_enhance(struct export *ex);
/* The member wants a family again.  Ignored while nothing is joined. */
void export_refresh(struct export *ex, enum family family);
/* For which families (bits) every shard must be sent RESCAN now; to be asked after export_refresh
 * and export_pump. */
unsigned export_take_rescan(struct export *ex);
/* A shard answered JOIN. */
void export_joined(struct export *ex, enum family family, core_id_t shard, uint64_t position);
/* Leave everything; bytes still borrowed by `sink` (NULL: the transport is gone) are copied out.
 * False when there was no memory to copy: the caller must drop the transport at once. */
bool export_close(struct export *ex, const struct export_sink *sink);

/* Move on: note acknowledgements, read the logs while the sink has room.  Returns whether there
 * may be more to send once the sink has room again (false: idle until a log grows).
 * `*out_pushed` tells whether anything was pushed.  Under RCU. */
bool export_pump(struct export *ex, const struct export_sink *sink, bool *out_pushed);
/* Lowest acknowledged position of the member in the shard's log of its class; UINT64_MAX when it
 * has no cursor there. */
uint64_t export_floor(const struct export *ex, enum family family, core_id_t shard);
/* Note acknowledgements and obey runlog_evict_below.  False when there was no memory for it, or
 * when with path ids the unread runs withdraw more than a million paths: the caller must end the
 * session (Cease/Out of Resources). */
bool export_settle(struct export *ex, const struct export_sink *sink);
bool export_is_complete(const struct export *ex, enum family family);
