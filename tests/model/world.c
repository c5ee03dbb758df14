#include "tests/model/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"

#define ANNOUNCER 2

static struct runlog *log_of(const struct world *w)
{
	return shard_log(w->shard, FAMILY_IPV4, w->class_idx);
}

static bool has_paths(const struct world *w)
{
	return (w->class_idx & WIRE_CLASS_PATHS) != 0;
}

/* The bytes that the transport may have to send again are still there. */
static void check_borrowed(const struct world *w)
{
	for (unsigned r = 0; r < READERS; r++) {
		const struct queue *q = &w->reader[r].queue;
		for (unsigned i = 0; i < q->borrowed_count; i++) {
			const struct borrowed *b = &q->borrowed[i];
			ASSERT(memcmp(b->data, q->bytes + b->offset, b->len) == 0);
		}
	}
}

static void hear(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct reader *r = context;
	unsigned number = 0;
	struct prefix q = make_prefix(FAMILY_IPV4, 0);
	while (!prefix_equal(p, &q)) {
		ASSERT(++number < NUMBERS);
		q = make_prefix(FAMILY_IPV4, number);
	}
	unsigned who = path_id == 0 ? 0 : (path_id - 1) & (PEER_COUNT_MAX - 1);
	ASSERT(who < PEERS);
	struct story *s = &r->story[number][who];
	while (s->heard < s->count && s->id[s->heard] != id) {
		s->heard++;
	}
	ASSERT(s->heard < s->count); /* Else it is old news, or was never said. */
	s->has_heard = true;
	r->world->heard++;
}

/* Nothing heard is right when there was nothing, then or later. */
static bool knows(const struct story *s)
{
	bool is_silence = false;
	for (unsigned i = s->heard; i < s->count; i++) {
		is_silence = is_silence || s->id[i] == 0;
	}
	return s->has_heard || is_silence;
}

/* What was pushed since the last time; the naive decoder takes UPDATEs that say something. */
static void decode(struct reader *r)
{
	struct queue *q = &r->queue;
	while (q->decoded < q->end) {
		const uint8_t *m = q->bytes + q->decoded;
		size_t len = (size_t)m[16] << 8 | m[17];
		bool is_border = m[18] == 5 || (m[18] == 2 && len == 23);
		ASSERT(is_border || naive_decode(m, len, r->world->class_idx, hear, r));
		q->decoded += len;
	}
}

static bool push(struct queue *q, struct span s)
{
	if (s.len > q->room) {
		return false;
	}
	ASSERT(q->end + s.len <= QUEUE_BYTES);
	memcpy(q->bytes + q->end, s.data, s.len);
	q->end += s.len;
	q->room -= s.len;
	return true;
}

static bool push_copy(void *queue, struct span s)
{
	step_read(TOUCH_ATTR | TOUCH_ENTRIES);
	return push(queue, s);
}

static bool push_ref(void *queue, struct span s)
{
	struct queue *q = queue;
	uint64_t offset = q->end;
	step_read(TOUCH_RUN);
	if (!push(q, s)) {
		return false;
	}
	ASSERT(q->borrowed_count < BORROWED_MAX);
	q->borrowed[q->borrowed_count++] =
		(struct borrowed){.data = s.data, .offset = offset, .len = s.len};
	return true;
}

static uint64_t queue_room(const void *queue)
{
	return ((const struct queue *)queue)->room;
}

static uint64_t queue_end(const void *queue)
{
	return ((const struct queue *)queue)->end;
}

static uint64_t queue_acked(const void *queue)
{
	return ((const struct queue *)queue)->acked;
}

static bool privatize(void *queue)
{
	((struct queue *)queue)->borrowed_count = 0;
	return true;
}

/* What each reader should have of the prefix from now on. */
static void tell(struct reader *r, unsigned number, unsigned who, uint32_t id)
{
	struct story *s = &r->story[number][who];
	if (s->id[s->count - 1] != id) {
		ASSERT(s->count < HISTORY_MAX);
		s->id[s->count++] = id;
	}
}

static void tell_readers(struct world *w, unsigned number)
{
	struct path path[PEERS];
	struct rank_peer peers[PEERS];
	unsigned count = 0, order[PEERS];
	for (peer_id_t i = 0; i < PEERS; i++) {
		peers[i] = shard_rank_peer(w->shard, i);
		if (w->said[number][i] != NULL) {
			path[count++] = (struct path){.attr = w->said[number][i], .peer = i};
		}
	}
	unsigned ranked = naive_rank(path, count, peers, order);
	for (unsigned r = 0; r < READERS; r++) {
		const struct attr *first = NULL;
		for (unsigned i = ranked; i > 0; i--) {
			const struct path *p = &path[order[i - 1]];
			first = p->peer != r ? p->attr : first;
		}
		if (!has_paths(w)) {
			tell(&w->reader[r], number, 0, first != NULL ? attr_id(first) : 0);
			continue;
		}
		for (peer_id_t i = 0; i < PEERS; i++) {
			const struct attr *a = i != r ? w->said[number][i] : NULL;
			tell(&w->reader[r], number, i, a != NULL ? attr_id(a) : 0);
		}
	}
}

static void apply(struct world *w, struct op op)
{
	op.incarnation = w->incarnation[op.peer];
	shard_apply(w->shard, &op);
}

void world_say(struct world *w, peer_id_t peer, unsigned number, int variant)
{
	struct op op = {
		.kind = OP_WITHDRAW, .peer = peer, .prefix = make_prefix(FAMILY_IPV4, number)};
	if (variant >= 0) {
		op.kind = OP_ANNOUNCE;
		op.attr = make_attr(w->intern, peer, (unsigned)variant, FAMILY_IPV4);
	}
	/* The shard's own path keeps the set until the next change, which replaces this. */
	w->said[number][peer] = variant >= 0 ? op.attr : NULL;
	tell_readers(w, number);
	apply(w, op);
}

void world_down(struct world *w, peer_id_t peer)
{
	for (unsigned n = 0; n < NUMBERS; n++) {
		w->said[n][peer] = NULL;
		tell_readers(w, n);
	}
	apply(w, (struct op){.kind = OP_DOWN, .peer = peer});
}

void world_up(struct world *w, peer_id_t peer)
{
	w->incarnation[peer]++;
	apply(w, (struct op){.kind = OP_UP, .peer = peer, .router_id = 1u + peer});
}

void world_inbox(struct world *w)
{
	step_write(TOUCH_MAIL);
	for (unsigned i = 0; i < w->inbox_count; i++) {
		shard_apply(w->shard, &w->inbox[i]);
	}
	w->inbox_count = 0;
}

void world_turn(struct world *w, usec_t forward)
{
	struct op op;
	w->now += forward;
	shard_turn(w->shard, w->now, false);
	step_write(TOUCH_MAIL | TOUCH_ATTR);
	for (core_id_t core = 0; core < READERS; core++) {
		while (shard_pull(w->shard, core, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(w->intern, op.attr, op.delta);
				continue;
			}
			struct reader *r = &w->reader[core];
			ASSERT(op.kind == OP_JOINED && r->mail_count < ARRAY_COUNT(r->mail));
			r->mail[r->mail_count++] = op;
		}
	}
	shard_check(w->shard);
	check_borrowed(w);
}

/* To the shard, by way of the mailbox where the worker is another. */
static void send(struct world *w, unsigned reader, struct op op)
{
	op.peer = (peer_id_t)reader;
	op.from = (core_id_t)reader;
	op.incarnation = w->incarnation[reader];
	if (reader == 0) {
		shard_apply(w->shard, &op);
	} else {
		step_write(TOUCH_MAIL);
		ASSERT(w->inbox_count < ARRAY_COUNT(w->inbox));
		w->inbox[w->inbox_count++] = op;
	}
}

void world_join(struct world *w, unsigned reader)
{
	struct reader *r = &w->reader[reader];
	const bool families[FAMILY_COUNT] = {[FAMILY_IPV4] = true};
	const uint8_t class_idx[FAMILY_COUNT] = {[FAMILY_IPV4] = (uint8_t)w->class_idx};
	ASSERT(export_open(&r->ex, families, class_idx));
	export_enhance(&r->ex);
	w->incarnation[reader]++;
	r->is_up = true;
	r->was_complete = false;
	for (unsigned n = 0; n < NUMBERS; n++) {
		for (unsigned i = 0; i < PEERS; i++) {
			struct story *s = &r->story[n][i];
			s->heard = s->count - 1;
			s->has_heard = false;
		}
	}
	send(w, reader, (struct op){.kind = OP_UP, .router_id = 1u + reader});
	send(w, reader, (struct op){.kind = OP_JOIN, .class_idx = (uint8_t)w->class_idx});
}

void world_leave(struct world *w, unsigned reader)
{
	struct reader *r = &w->reader[reader];
	export_close(&r->ex, &r->sink);
	send(w, reader, (struct op){.kind = OP_DOWN});
	r->is_up = r->has_joined = false;
	world_floor(w, reader);
}

void world_mail(struct world *w, unsigned reader)
{
	struct reader *r = &w->reader[reader];
	step_write(TOUCH_MAIL);
	for (unsigned i = 0; i < r->mail_count; i++) {
		const struct op *op = &r->mail[i];
		if (!r->is_up || op->incarnation != w->incarnation[reader]) {
			continue;
		}
		export_joined(&r->ex, FAMILY_IPV4, 0, op->position);
		r->has_joined = true;
		runlog_set_floor(log_of(w), (core_id_t)reader, op->position);
		send(w, reader, (struct op){.kind = OP_JOIN_ACK});
	}
	r->mail_count = 0;
}

void world_pump(struct world *w, unsigned reader, uint64_t room)
{
	struct reader *r = &w->reader[reader];
	bool has_pushed;
	r->queue.room = room;
	export_pump(&r->ex, &r->sink, &has_pushed);
	if (export_take_rescan(&r->ex) != 0) {
		send(w, reader, (struct op){.kind = OP_RESCAN});
	}
	decode(r);
	if (!r->was_complete && r->ex.is_eor_sent[FAMILY_IPV4]) {
		r->was_complete = true;
		for (unsigned n = 0; n < NUMBERS; n++) {
			for (unsigned i = 0; i < PEERS; i++) {
				ASSERT(knows(&r->story[n][i]));
			}
		}
	}
}

void world_refresh(struct world *w, unsigned reader)
{
	export_refresh(&w->reader[reader].ex, FAMILY_IPV4);
}

void world_ack(struct world *w, unsigned reader)
{
	struct queue *q = &w->reader[reader].queue;
	step_read(TOUCH_RUN);
	check_borrowed(w);
	q->acked = q->end;
	q->borrowed_count = 0;
}

void world_settle(struct world *w, unsigned reader)
{
	struct reader *r = &w->reader[reader];
	ASSERT(export_settle(&r->ex, &r->sink));
}

void world_floor(struct world *w, unsigned reader)
{
	const struct reader *r = &w->reader[reader];
	if (log_of(w) != NULL) {
		runlog_set_floor(log_of(w), (core_id_t)reader,
				 r->has_joined ? export_floor(&r->ex, FAMILY_IPV4, 0) : UINT64_MAX);
	}
}

void world_quiet(void)
{
	step_write(TOUCH_QUIET);
	epoch_quiescent();
}

void world_rest(struct world *w, unsigned reader)
{
	world_floor(w, reader);
	world_quiet();
}

static void calm_once(struct world *w)
{
	explore_as(0);
	world_inbox(w);
	world_turn(w, USEC_PER_MSEC);
	for (unsigned r = 0; r < READERS; r++) {
		explore_as(r);
		world_mail(w, r);
		world_ack(w, r);
		world_settle(w, r);
		world_pump(w, r, QUEUE_BYTES);
		world_ack(w, r);
		world_settle(w, r);
		world_rest(w, r);
	}
}

void world_calm(struct world *w)
{
	for (unsigned i = 0; i < 8; i++) {
		calm_once(w);
	}
}

void world_begin(struct world *w)
{
	*w = (struct world){.class_idx = w->class_idx,
			    .log_bytes_max = w->log_bytes_max,
			    .heard = w->heard,
			    .now = 1};
	w->intern = intern_new(0, 5, 1000);
	w->shard = shard_new(&(struct shard_opts){.core_count = READERS,
						  .peer_count = PEERS,
						  .key = 5,
						  .local_as = MAKE_LOCAL_AS,
						  .intern = w->intern,
						  .log_bytes_max = w->log_bytes_max});
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = &w->reader[i];
		r->world = w;
		r->sink = (struct export_sink){.queue = &r->queue,
					       .push_ref = push_ref,
					       .push_copy = push_copy,
					       .room = queue_room,
					       .end = queue_end,
					       .acked = queue_acked,
					       .privatize = privatize};
		for (unsigned n = 0; n < NUMBERS * PEERS; n++) {
			r->story[n / PEERS][n % PEERS].count = 1;
		}
		export_init(&r->ex, (peer_id_t)i, (core_id_t)i, &w->shard, 1);
	}
	explore_as(0);
	for (peer_id_t i = ANNOUNCER; i < PEERS; i++) {
		world_up(w, i);
	}
}

static void judge(const struct reader *r)
{
	for (unsigned n = 0; r->is_up && n < NUMBERS; n++) {
		for (unsigned i = 0; i < PEERS; i++) {
			const struct story *s = &r->story[n][i];
			uint32_t last = s->id[s->count - 1];
			ASSERT(s->has_heard ? s->id[s->heard] == last : last == 0);
		}
	}
}

void world_end(struct world *w)
{
	world_calm(w);
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = &w->reader[i];
		judge(r);
		ASSERT(!r->is_up || r->was_complete);
		explore_as(i);
		world_leave(w, i);
	}
	explore_as(0);
	for (peer_id_t i = ANNOUNCER; i < PEERS; i++) {
		apply(w, (struct op){.kind = OP_DOWN, .peer = i});
	}
	for (unsigned i = 0; i < 20 && !shard_is_empty(w->shard); i++) {
		calm_once(w);
	}
	ASSERT(shard_is_empty(w->shard));
	ASSERT(intern_count(w->intern) == 0);
	for (unsigned i = 0; i < READERS; i++) {
		export_fini(&w->reader[i].ex);
	}
	epoch_barrier();
	shard_free(w->shard);
	intern_free(w->intern);
}
