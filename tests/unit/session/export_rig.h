/* Export against a real shard and a send queue that does what the test says.  One worker; member 0
 * reads, member 1 announces. */
#pragma once

#include "dataplane/session/export.h"
#include "rib/base/prng.h"
#include "tests/unit/table/make.h"

#define NUMBERS	   40
#define HELD_MAX   (1u << 20)
#define SLOTS	   8 /* Paths of member 1 for a prefix, by slot. */
#define BORROW_MAX 512

/* A send queue: a borrowed piece is compared with the copy made when it was pushed. */
struct queue {
	uint64_t end, acked, room;
	uint8_t bytes[HELD_MAX];
	struct {
		const uint8_t *data;
		uint64_t offset;
		size_t len;
	} borrowed[BORROW_MAX];
	unsigned borrowed_count, privatized;
	bool is_out_of_memory;
};

struct rig {
	struct shard *shard;
	struct intern *intern;
	struct export ex;
	struct queue queue;
	struct export_sink sink;
	usec_t now;
	unsigned class_idx;
	uint32_t held[NUMBERS];	       /* What the bytes say: a set's id, 0 for none. */
	uint32_t path[NUMBERS][SLOTS]; /* In a class with path ids. */
	uint64_t decoded;
};

void rig_init(struct rig *r, size_t log_bytes_max);
void rig_fini(struct rig *r);
void rig_apply(struct rig *r, struct op op);
/* One turn of the worker: shard, mailbox, floors. */
void rig_turn(struct rig *r, usec_t forward);
void rig_announce(struct rig *r, unsigned number, unsigned variant);
void rig_random_path(struct rig *r, struct prng *p);
void rig_join(struct rig *r);
bool rig_pump(struct rig *r);
/* A naive_each: what the bytes say. */
void rig_note(void *context, const struct prefix *p, uint32_t path_id, uint32_t id);
/* Take in what was pushed since the last time. */
void rig_decode(struct rig *r);
void rig_acknowledge(struct rig *r);
/* Fill the log to its bound with news that the reader does not take. */
void rig_overfill(struct rig *r);
/* News goes on and waits for room, until somebody is asked to leave. */
void rig_lose_patience(struct rig *r);
/* Paths that the reader has and should not, or has not and should. */
unsigned rig_wrong_in_the_end(struct rig *r);
