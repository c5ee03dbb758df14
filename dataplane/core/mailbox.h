/* The mailbox mesh: bounded rings from every worker to every worker, and to and from control.
 *
 * Two rings for each ordered pair: ops about routes (struct op) and frames that belong to another
 * worker's connections (struct mail).  A worker also has rings to itself: what its shard sends
 * comes like that of any other.  Cells become visible at mesh_flush, once a turn; whoever sleeps is
 * then woken through its eventfd.
 *
 * Room: a session's message is read only when every outbox has room for OP_ROOM ops beyond
 * `reserve`, which is kept for what cannot wait (STALE, DOWN, STALE_END, LLGR, RENEW_END, DROP,
 * SETTLED, JOIN_ACK, RESCAN of every member).
 */
#pragma once

#include "dataplane/net/net.h"
#include "rib/base/spsc.h"
#include "rib/table/op.h"

#define OP_ROOM	       (2 * 4096)    /* A message of 4096 octets; a longer one goes in slices. */
#define OP_RING_FEW    32768	     /* Beyond the reserve, with up to RING_FEW workers. */
#define OP_RING_MANY   (2 * OP_ROOM) /* The mesh has n² rings: with more of them each is smaller. */
#define RING_FEW       4
#define MAIL_RING      1024
#define OPS_PER_MEMBER 20 /* Reserved for each member. */

enum mail_kind { MAIL_RX, MAIL_TX, MAIL_LEARN };

/* A frame handed over (taken by the receiver), or a neighbour's address that was learned. */
struct mail {
	uint8_t kind;  /* enum mail_kind */
	uint8_t nic;   /* Of the frame. */
	uint8_t port;  /* Where the neighbour is. */
	uint8_t queue; /* The queue whose buffer it is, for nic_release. */
	struct mac mac;
	union {
		struct frame_buf frame;
		struct addr addr;
	};
};

struct mesh;

/* `member_count` sizes the reserve.  NULL when memory or descriptors are short. */
struct mesh *mesh_new(unsigned core_count, unsigned member_count);
void mesh_free(struct mesh *m);

/* Ops that `from` may push to every worker beyond the reserve; 0 when any outbox is short. */
size_t mesh_room(struct mesh *m, core_id_t from);
/* Room towards one worker beyond the reserve. */
size_t mesh_room_to(struct mesh *m, core_id_t from, core_id_t to);
/* Push one op; the caller has made sure of room (the reserve counts). */
void mesh_push(struct mesh *m, core_id_t from, core_id_t to, const struct op *op);
const struct op *mesh_pop(struct mesh *m, core_id_t from, core_id_t to);
/* The next cell to fill, or NULL when the ring is full. */
struct mail *mesh_mail(struct mesh *m, core_id_t from, core_id_t to);
/* Cells that `from` may still fill. */
size_t mesh_mail_room(struct mesh *m, core_id_t from, core_id_t to);
const struct mail *mesh_take(struct mesh *m, core_id_t from, core_id_t to);
/* Hand consumed cells of all inboxes of `core` back. */
void mesh_release(struct mesh *m, core_id_t core);
/* Publish everything that `from` pushed and wake sleepers. */
void mesh_flush(struct mesh *m, core_id_t from);
/* Whether any op or mail waits for `core`. */
bool mesh_has_mail(struct mesh *m, core_id_t core);
/* Whether ops wait from any worker. */
bool mesh_has_ops(struct mesh *m, core_id_t core);

int mesh_wake_fd(const struct mesh *m, core_id_t core);
void mesh_wake(struct mesh *m, core_id_t core); /* Any thread. */
void mesh_sleep_begin(struct mesh *m, core_id_t core);
void mesh_sleep_end(struct mesh *m, core_id_t core);
