/* A small world around shards: see world.h. */
#include "tests/unit/table/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define KEY 77

/* A FIFO of ops. */
struct mailbox {
	struct op *op;
	size_t head, tail, cap;
};

struct cursor {
	bool is_joined;
	bool is_complete;
	uint64_t position, acked;
	uint8_t *pending; /* [entry id]: an evicted member's; NULL when there is none. */
	uint32_t pending_ids;
};

struct member {
	bool is_up;
	incarnation_t incarnation;
	unsigned class_idx;
	uint32_t router_id;
	/* What it announced to us (attr: not counted here), and what it holds from us. */
	const struct attr *sent[FAMILY_COUNT][WORLD_NUMBERS];
	uint8_t reason[FAMILY_COUNT][WORLD_NUMBERS];
	uint32_t held[FAMILY_COUNT][WORLD_NUMBERS];
	struct cursor cursor[FAMILY_COUNT][WORLD_SHARDS];
};

struct world {
	struct world_opts opts;
	struct prng prng;
	usec_t now;
	uint64_t evictions;
	bool is_calm; /* Inboxes are not busy now. */
	struct intern *intern[WORLD_SHARDS];
	struct shard *shard[WORLD_SHARDS];
	struct mailbox to[WORLD_SHARDS][WORLD_SHARDS];	 /* [core][shard] */
	struct mailbox from[WORLD_SHARDS][WORLD_SHARDS]; /* [shard][core] */
	struct member member[WORLD_MEMBERS];
};

/* Peer ids lie in several words of an audience. */
static peer_id_t peer_of(unsigned member)
{
	return (peer_id_t)(member * 19);
}

static core_id_t core_of(const struct world *w, unsigned member)
{
	return (core_id_t)(member % w->opts.shards);
}

static void mailbox_push(struct mailbox *m, const struct op *op)
{
	if (m->tail == m->cap) {
		m->cap = m->cap == 0 ? 64 : m->cap * 2;
		m->op = realloc(m->op, m->cap * sizeof(*m->op));
	}
	m->op[m->tail++] = *op;
}

static bool mailbox_pop(struct mailbox *m, struct op *out)
{
	if (m->head == m->tail) {
		m->head = m->tail = 0;
		return false;
	}
	*out = m->op[m->head++];
	return true;
}

struct world *world_new(const struct world_opts *opts)
{
	struct world *w = calloc(1, sizeof(*w));
	w->opts = *opts;
	w->now = 1000;
	prng_init(&w->prng, opts->seed);
	cr_assert_leq(opts->shards, WORLD_SHARDS);
	cr_assert_leq(opts->members, WORLD_MEMBERS);
	cr_assert_leq(opts->numbers, WORLD_NUMBERS);
	for (unsigned i = 0; i < opts->shards; i++) {
		w->intern[i] = intern_new((core_id_t)i, KEY, 4096);
		w->shard[i] = shard_new(&(struct shard_opts){.core = (core_id_t)i,
							     .core_count = (core_id_t)opts->shards,
							     .peer_count = WORLD_PEERS,
							     .key = KEY,
							     .log_bytes_max = opts->log_bytes_max,
							     .gather_us = 2000});
	}
	return w;
}

struct shard *world_shard(struct world *w, unsigned shard)
{
	return w->shard[shard];
}

uint64_t world_evictions(const struct world *w)
{
	return w->evictions;
}

uint32_t world_held(const struct world *w, unsigned member, enum family family, unsigned number)
{
	return w->member[member].held[family][number];
}

/* Sessions. */

static struct op member_op(const struct world *w, unsigned member, enum op_kind kind)
{
	const struct member *m = &w->member[member];
	return (struct op){.kind = (uint8_t)kind,
			   .peer = peer_of(member),
			   .from = core_of(w, member),
			   .incarnation = m->incarnation};
}

static void send_op(struct world *w, unsigned member, unsigned shard, const struct op *op)
{
	mailbox_push(&w->to[core_of(w, member)][shard], op);
}

void world_up(struct world *w, unsigned member, unsigned class_idx)
{
	struct member *m = &w->member[member];
	cr_assert_not(m->is_up);
	m->is_up = true;
	m->incarnation++;
	m->class_idx = class_idx;
	m->router_id = (uint32_t)prng_below(&w->prng, 4);
	for (unsigned s = 0; s < w->opts.shards; s++) {
		struct op op = member_op(w, member, OP_UP);
		op.router_id = m->router_id;
		op.addr = addr_v4(0xc6120000u + member);
		send_op(w, member, s, &op);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			op = member_op(w, member, OP_JOIN);
			op.family = (uint8_t)f;
			op.class_idx = (uint8_t)class_idx;
			send_op(w, member, s, &op);
		}
	}
}

/* The lowest acknowledged position of the core's members in a log. */
static void publish_floor(struct world *w, core_id_t core, enum family f, unsigned class_idx,
			  unsigned shard)
{
	uint64_t floor = UINT64_MAX;
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct cursor *c = &w->member[i].cursor[f][shard];
		if (core_of(w, i) == core && w->member[i].class_idx == class_idx && c->is_joined) {
			floor = min_u64(floor, c->acked);
		}
	}
	runlog_set_floor(shard_log(w->shard[shard], f, class_idx), core, floor);
}

static void drop_pending(struct world *w, unsigned member, enum family f, unsigned shard)
{
	struct cursor *c = &w->member[member].cursor[f][shard];
	if (c->pending != NULL) {
		free(c->pending);
		c->pending = NULL;
		shard_pending_add(w->shard[shard], f, core_of(w, member), -1);
	}
}

void world_down(struct world *w, unsigned member)
{
	struct member *m = &w->member[member];
	cr_assert(m->is_up);
	m->is_up = false;
	memset(m->sent, 0, sizeof(m->sent));
	memset(m->held, 0, sizeof(m->held));
	for (unsigned s = 0; s < w->opts.shards; s++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			drop_pending(w, member, (enum family)f, s);
			m->cursor[f][s] = (struct cursor){0};
			publish_floor(w, core_of(w, member), (enum family)f, m->class_idx, s);
		}
		struct op op = member_op(w, member, OP_DOWN);
		send_op(w, member, s, &op);
	}
}

void world_announce(struct world *w, unsigned member, enum family family, unsigned number,
		    unsigned variant, enum reject reason)
{
	struct member *m = &w->member[member];
	struct op op = member_op(w, member, OP_ANNOUNCE);
	op.family = (uint8_t)family;
	op.prefix = make_prefix(family, number);
	op.attr = make_attr(w->intern[core_of(w, member)], member, variant, family);
	op.reason = (uint8_t)reason;
	m->sent[family][number] = op.attr;
	m->reason[family][number] = (uint8_t)reason;
	send_op(w, member, prefix_shard(&op.prefix, w->opts.shards, KEY), &op);
}

void world_withdraw(struct world *w, unsigned member, enum family family, unsigned number)
{
	struct op op = member_op(w, member, OP_WITHDRAW);
	op.family = (uint8_t)family;
	op.prefix = make_prefix(family, number);
	w->member[member].sent[family][number] = NULL;
	send_op(w, member, prefix_shard(&op.prefix, w->opts.shards, KEY), &op);
}

void world_rescan(struct world *w, unsigned member)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned s = 0; s < w->opts.shards; s++) {
			struct op op = member_op(w, member, OP_RESCAN);
			op.family = (uint8_t)f;
			send_op(w, member, s, &op);
		}
	}
}

/* Reading. */

struct hearing {
	struct world *w;
	unsigned member;
	uint32_t expected_id;
};

static void hear(void *context, const struct prefix *p, uint32_t id)
{
	struct hearing *h = context;
	struct member *m = &h->w->member[h->member];
	/* DESIGN §7.2: at every moment, never its own route. */
	cr_assert(id == 0 || ATTR_MEMBER(id) != h->member);
	cr_assert_eq(id, h->expected_id);
	for (unsigned n = 0; n < h->w->opts.numbers; n++) {
		struct prefix known = make_prefix((enum family)p->family, n);
		if (prefix_equal(&known, p)) {
			m->held[p->family][n] = id;
			return;
		}
	}
	cr_assert(false, "a prefix that nobody announced");
}

/* The view of one entry, as the member's worker would send it. */
static void hear_view(struct hearing *h, enum family f, unsigned shard, entry_id_t id)
{
	const struct member *m = &h->w->member[h->member];
	struct update_form form = wire_form(f, m->class_idx);
	const struct entry *e = slab_at(shard_slab(h->w->shard[shard], f), id);
	const struct path *p = view(epoch_read(e->published), peer_of(h->member), &form);
	h->expected_id = p != NULL ? attr_id(p->attr) : 0;
	hear(h, &e->prefix, h->expected_id);
}

/* Whether the run's statement about an id is what the member would hear now. */
static bool still_holds(const struct hearing *h, enum family f, unsigned shard, const struct run *r,
			entry_id_t id)
{
	struct update_form form = wire_form(f, h->w->member[h->member].class_idx);
	const struct entry *e = slab_at(shard_slab(h->w->shard[shard], f), id);
	const struct path *p = view(epoch_read(e->published), peer_of(h->member), &form);
	return (p != NULL ? p->attr : NULL) == r->attr;
}

static void hear_dirty(struct hearing *h, enum family f, unsigned shard, const struct run *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (still_holds(h, f, shard, r, r->ids[i])) {
			hear_view(h, f, shard, r->ids[i]);
		}
	}
}

static void hear_run(struct world *w, unsigned member, enum family f, unsigned shard,
		     const struct run *r)
{
	struct hearing h = {.w = w, .member = member};
	if (r->kind == RUN_MARK) {
		w->member[member].cursor[f][shard].is_complete = true;
	} else if (run_is_dirty(r)) {
		hear_dirty(&h, f, shard, r);
	} else {
		/* Between turns a clean run is never old news (runlog.h, guarantee b). */
		for (uint32_t i = 0; i < r->count; i++) {
			cr_assert(still_holds(&h, f, shard, r, r->ids[i]));
		}
		h.expected_id = r->kind == RUN_ANNOUNCE ? attr_id(r->attr) : 0;
		cr_assert(naive_decode(r->bytes, r->bytes_len, hear, &h));
	}
}

/* Bytes between acked and position may be sent again at any time: they must still be there. */
static void retransmit(const struct cursor *c, const struct runlog *log)
{
	for (uint64_t p = c->acked; p < c->position; p++) {
		const struct run *r = runlog_at(log, p);
		cr_assert(r->bytes_len == 0 || r->bytes[0] == 0xff);
		cr_assert_gt(r->audience->refs, 0);
	}
}

/* Leave the log: what was read is copied (acknowledged, here); unread ids become pending. */
static void evict(struct world *w, unsigned member, enum family f, unsigned shard)
{
	struct cursor *c = &w->member[member].cursor[f][shard];
	struct runlog *log = shard_log(w->shard[shard], f, w->member[member].class_idx);
	uint64_t below = runlog_evict_below(log);
	if (c->acked >= below) {
		return;
	}
	c->acked = c->position;
	if (c->position >= below) {
		return;
	}
	w->evictions++;
	if (c->pending == NULL) {
		c->pending_ids = 0;
		shard_pending_add(w->shard[shard], f, core_of(w, member), 1);
	}
	uint32_t ids = shard_slab(w->shard[shard], f)->count;
	c->pending = realloc(c->pending, ids + 1);
	memset(c->pending + c->pending_ids, 0, ids - c->pending_ids);
	c->pending_ids = ids;
	for (uint64_t end = runlog_end(log); c->position < end; c->position++) {
		const struct run *r = runlog_at(log, c->position);
		if (!audience_has(r->audience, peer_of(member))) {
			continue;
		}
		c->is_complete |= r->kind == RUN_MARK;
		for (uint32_t i = 0; i < r->count; i++) {
			c->pending[r->ids[i]] = 1;
		}
	}
	c->acked = c->position;
}

static void read_cursor(struct world *w, unsigned member, enum family f, unsigned shard,
			unsigned runs, bool is_acked)
{
	struct member *m = &w->member[member];
	struct cursor *c = &m->cursor[f][shard];
	if (!c->is_joined) {
		return;
	}
	struct runlog *log = shard_log(w->shard[shard], f, m->class_idx);
	evict(w, member, f, shard);
	if (c->pending != NULL && runs > 0) {
		struct hearing h = {.w = w, .member = member};
		for (entry_id_t id = 0; id < c->pending_ids; id++) {
			if (c->pending[id]) {
				hear_view(&h, f, shard, id);
			}
		}
		drop_pending(w, member, f, shard);
	}
	retransmit(c, log);
	uint64_t end = runlog_end(log);
	for (; runs > 0 && c->position < end; runs--, c->position++) {
		const struct run *r = runlog_at(log, c->position);
		if (audience_has(r->audience, peer_of(member))) {
			hear_run(w, member, f, shard, r);
		}
	}
	if (is_acked) {
		c->acked = c->position;
	}
	publish_floor(w, core_of(w, member), f, m->class_idx, shard);
}

void world_read(struct world *w, unsigned member, unsigned runs, bool is_acked)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned s = 0; s < w->opts.shards; s++) {
			read_cursor(w, member, (enum family)f, s, runs, is_acked);
		}
	}
}

/* Mailboxes. */

static void core_joined(struct world *w, unsigned shard, const struct op *op)
{
	unsigned member = op->peer / 19u;
	struct member *m = &w->member[member];
	if (!m->is_up || m->incarnation != op->incarnation) {
		return; /* A late answer. */
	}
	struct cursor *c = &m->cursor[op->family][shard];
	cr_assert_not(c->is_joined);
	cr_assert_eq(op->class_idx, m->class_idx);
	*c = (struct cursor){.is_joined = true, .position = op->position, .acked = op->position};
	publish_floor(w, core_of(w, member), (enum family)op->family, m->class_idx, shard);
	struct op ack = member_op(w, member, OP_JOIN_ACK);
	ack.family = op->family;
	ack.class_idx = op->class_idx;
	send_op(w, member, shard, &ack);
}

static bool deliver_to(struct world *w, unsigned core, unsigned shard)
{
	struct op op;
	if (shard_is_congested(w->shard[shard]) || !mailbox_pop(&w->to[core][shard], &op)) {
		return false;
	}
	shard_apply(w->shard[shard], &op);
	return true;
}

static bool deliver_from(struct world *w, unsigned shard, unsigned core)
{
	struct op op;
	if (!mailbox_pop(&w->from[shard][core], &op)) {
		return false;
	}
	if (op.kind == OP_JOINED) {
		core_joined(w, shard, &op);
	} else {
		cr_assert_eq(op.kind, OP_ADJUST);
		cr_assert_eq(op.attr->owner, core);
		intern_adjust(w->intern[core], op.attr, op.delta);
	}
	return true;
}

static void pull(struct world *w, unsigned shard)
{
	struct op op;
	for (unsigned c = 0; c < w->opts.shards; c++) {
		while (shard_pull(w->shard[shard], (core_id_t)c, &op)) {
			cr_assert_eq(op.from, shard);
			mailbox_push(&w->from[shard][c], &op);
		}
	}
}

void world_deliver_all(struct world *w)
{
	bool is_moving = true;
	while (is_moving) {
		is_moving = false;
		for (unsigned s = 0; s < w->opts.shards; s++) {
			pull(w, s);
			for (unsigned c = 0; c < w->opts.shards; c++) {
				while (deliver_to(w, c, s) || deliver_from(w, s, c)) {
					is_moving = true;
				}
			}
		}
	}
}

void world_turn(struct world *w, unsigned shard, usec_t forward)
{
	w->now += forward;
	shard_turn(w->shard[shard], w->now,
		   w->opts.is_busy && !w->is_calm && prng_chance(&w->prng, 1, 2));
	shard_check(w->shard[shard]);
	epoch_quiescent();
}

/* Chance. */

static void random_route(struct world *w, unsigned member)
{
	enum family f = prng_chance(&w->prng, 1, 3) ? FAMILY_IPV6 : FAMILY_IPV4;
	unsigned n = (unsigned)prng_below(&w->prng, w->opts.numbers);
	if (prng_chance(&w->prng, 1, 4)) {
		world_withdraw(w, member, f, n);
		return;
	}
	unsigned v = (unsigned)prng_below(&w->prng, prng_chance(&w->prng, 1, 8) ? VARIANT_COUNT
										: VARIANT_LARGE);
	world_announce(w, member, f, n, v, prng_chance(&w->prng, 1, 12) ? REJECT_NEXT_HOP : 0);
}

static void random_mail(struct world *w)
{
	unsigned c = (unsigned)prng_below(&w->prng, w->opts.shards);
	unsigned s = (unsigned)prng_below(&w->prng, w->opts.shards);
	unsigned n = (unsigned)prng_below(&w->prng, 12);
	while (n-- > 0 && (deliver_to(w, c, s) || deliver_from(w, s, c))) {
	}
	pull(w, s);
}

static void random_session(struct world *w, unsigned member)
{
	if (!w->member[member].is_up) {
		world_up(w, member, prng_chance(&w->prng, 1, 4));
	} else if (prng_chance(&w->prng, 1, 12)) {
		world_down(w, member);
	} else if (prng_chance(&w->prng, 1, 6)) {
		world_rescan(w, member);
	}
}

void world_step(struct world *w)
{
	unsigned member = (unsigned)prng_below(&w->prng, w->opts.members);
	bool is_slow = member % 3 == 2; /* Reads rarely. */
	switch (prng_below(&w->prng, 10)) {
	case 0:
		random_session(w, member);
		return;
	case 1:
	case 2:
	case 3:
		for (unsigned n = w->member[member].is_up ? 1 + (unsigned)prng_below(&w->prng, 4)
							  : 0;
		     n > 0; n--) {
			random_route(w, member);
		}
		return;
	case 4:
	case 5:
		random_mail(w);
		return;
	case 6:
	case 7:
		world_turn(w, (unsigned)prng_below(&w->prng, w->opts.shards),
			   prng_chance(&w->prng, 1, 10) ? LAG_US : prng_below(&w->prng, 3000));
		return;
	case 8:
		if (prng_chance(&w->prng, 1, 40)) {
			epoch_barrier();
		}
		return;
	default:
		if (!is_slow || prng_chance(&w->prng, 1, 10)) {
			world_read(w, member, (unsigned)prng_below(&w->prng, 8),
				   prng_chance(&w->prng, 1, 2));
		}
		return;
	}
}

/* Calm. */

static bool is_due(const struct world *w)
{
	for (unsigned s = 0; s < w->opts.shards; s++) {
		usec_t due = shard_due(w->shard[s]);
		if (due <= w->now) {
			return true;
		}
	}
	return false;
}

static bool has_unread(const struct world *w)
{
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct member *m = &w->member[i];
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			for (unsigned s = 0; m->is_up && s < w->opts.shards; s++) {
				const struct cursor *c = &m->cursor[f][s];
				struct runlog *log =
					shard_log(w->shard[s], (enum family)f, m->class_idx);
				if (!c->is_joined || c->acked < runlog_end(log) ||
				    c->pending != NULL) {
					return true;
				}
			}
		}
	}
	return false;
}

/* What the member should hold: the first of the naive order that it may have. */
static uint32_t oracle(const struct world *w, unsigned member, enum family f, unsigned number)
{
	struct path path[WORLD_MEMBERS] = {0};
	struct rank_peer rank[WORLD_PEERS] = {0};
	unsigned order[WORLD_MEMBERS], count = 0;
	struct update_form form = wire_form(f, w->member[member].class_idx);
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct member *m = &w->member[i];
		rank[peer_of(i)] = (struct rank_peer){m->router_id, addr_v4(0xc6120000u + i)};
		if (m->sent[f][number] != NULL) {
			path[count++] = (struct path){.attr = m->sent[f][number],
						      .peer = peer_of(i),
						      .reason = m->reason[f][number]};
		}
	}
	unsigned ranked = naive_rank(path, count, rank, order);
	for (unsigned i = 0; i < ranked; i++) {
		const struct path *p = &path[order[i]];
		if (p->peer != peer_of(member) && update_fits(p->attr, &form)) {
			return attr_id(p->attr);
		}
	}
	return 0;
}

static void compare(const struct world *w, unsigned member)
{
	const struct member *m = &w->member[member];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned n = 0; n < w->opts.numbers; n++) {
			uint32_t want = oracle(w, member, (enum family)f, n);
			cr_assert_eq(m->held[f][n], want,
				     "seed %llu member %u family %u number %u: %x, not %x",
				     (unsigned long long)w->opts.seed, member, f, n, m->held[f][n],
				     want);
		}
		for (unsigned s = 0; s < w->opts.shards; s++) {
			cr_assert(m->cursor[f][s].is_complete);
		}
	}
}

void world_calm(struct world *w)
{
	unsigned rounds = 0, quiet = 0;
	w->is_calm = true;
	do {
		cr_assert_lt(++rounds, 2000, "seed %llu does not come to rest",
			     (unsigned long long)w->opts.seed);
		world_deliver_all(w);
		for (unsigned s = 0; s < w->opts.shards; s++) {
			world_turn(w, s, 3000);
		}
		for (unsigned i = 0; i < w->opts.members; i++) {
			world_read(w, i, UINT32_MAX, true);
		}
		pull(w, 0);
		/* What was acknowledged just now makes room only with the next turn. */
		quiet = is_due(w) || has_unread(w) ? 0 : quiet + 1;
	} while (quiet < 3);
	w->is_calm = false;
	for (unsigned i = 0; i < w->opts.members; i++) {
		if (w->member[i].is_up) {
			compare(w, i);
		}
	}
}

void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->opts.members; i++) {
		if (w->member[i].is_up) {
			world_down(w, i);
		}
	}
	bool is_empty = false;
	for (unsigned round = 0; round < 12 && !is_empty; round++) {
		world_deliver_all(w);
		is_empty = true;
		for (unsigned s = 0; s < w->opts.shards; s++) {
			do {
				world_turn(w, s, 3000);
			} while (shard_due(w->shard[s]) <= w->now);
			is_empty &= shard_is_empty(w->shard[s]);
		}
		if (!is_empty) {
			epoch_barrier();
		}
	}
	world_deliver_all(w);
	for (unsigned s = 0; s < w->opts.shards; s++) {
		cr_assert(shard_is_empty(w->shard[s]), "seed %llu shard %u holds something",
			  (unsigned long long)w->opts.seed, s);
		cr_assert_eq(shard_due(w->shard[s]), USEC_NEVER);
		cr_assert_eq(intern_refs(w->intern[s]), 0, "seed %llu: references left",
			     (unsigned long long)w->opts.seed);
		cr_assert_eq(intern_count(w->intern[s]), 0);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			const struct shard_stats *st = shard_stats(w->shard[s], (enum family)f);
			cr_assert(st->entries == 0 && st->paths == 0 && st->path_bytes == 0);
			cr_assert(st->tombstones == 0 && st->retired == 0);
		}
	}
}

void world_free(struct world *w)
{
	for (unsigned s = 0; s < w->opts.shards; s++) {
		shard_free(w->shard[s]);
		intern_free(w->intern[s]);
		for (unsigned c = 0; c < w->opts.shards; c++) {
			free(w->to[c][s].op);
			free(w->from[s][c].op);
		}
	}
	for (unsigned i = 0; i < w->opts.members; i++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			for (unsigned s = 0; s < w->opts.shards; s++) {
				free(w->member[i].cursor[f][s].pending);
			}
		}
	}
	free(w);
}
