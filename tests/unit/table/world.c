/* A small world around shards: see world.h. */
#include "tests/unit/table/world_own.h"

static core_id_t core_of(const struct world *w, unsigned member)
{
	return (core_id_t)(member % w->opts.shards);
}

void mailbox_push(struct mailbox *m, const struct op *op)
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
	w->own = intern_new(0, KEY, 65536);
	w->era[0] = make_rules_open();
	w->era_count = 1;
	w->policy = opts->has_reach ? make_policy(&w->era[0]) : NULL;
	for (unsigned i = 0; i < opts->shards; i++) {
		w->intern[i] = intern_new((core_id_t)i, KEY, 4096);
		w->judge[i] = judge_of(w, w->intern[i]);
		w->shard[i] = shard_new(
			&(struct shard_opts){.core = (core_id_t)i,
					     .core_count = (core_id_t)opts->shards,
					     .peer_count = WORLD_PEERS,
					     .key = KEY,
					     .local_as = MAKE_LOCAL_AS,
					     .log_bytes_max = opts->log_bytes_max,
					     .intern = w->intern[i],
					     .judge = w->judge[i],
					     .paths_max = WORLD_PATHS,
					     .view_max = WORLD_VIEW,
					     .is_deferred = opts->is_deferred,
					     .gather_us = 2000,
					     .pace_us = opts->is_paced ? WORLD_PACE_US : 0,
					     .pace_burst = (uint16_t)(1 + opts->seed % 3)});
	}
	return w;
}

void world_free(struct world *w)
{
	for (unsigned s = 0; s < w->opts.shards; s++) {
		shard_free(w->shard[s]);
		cr_assert(w->judge[s] == NULL || judge_audiences(w->judge[s]) == 0);
		intern_free(w->intern[s]);
		judge_free(w->judge[s]);
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
	intern_free(w->own);
	policy_free(w->policy);
	policy_free(w->older);
	policy_scope_fini(&w->scope);
	free(w);
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

/* Routes leave the oracle's memory: all, or the stale ones. */
static void forget(struct member *m, enum family f, bool is_stale_only)
{
	for (unsigned n = 0; n < WORLD_NUMBERS; n++) {
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			struct sent *s = &m->sent[f][n][id];
			if (!is_stale_only || s->is_stale) {
				*s = (struct sent){0};
			}
		}
	}
	m->is_kept[f] = m->is_llgr[f] = false;
}

static void keep(struct member *m, enum family f, bool is_added)
{
	for (unsigned n = 0; n < WORLD_NUMBERS; n++) {
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			struct sent *s = &m->sent[f][n][id];
			if (s->is_stale && !m->is_llgr[f] && !is_added) {
				*s = (struct sent){0}; /* RFC 4724 §4.2: consecutive restarts. */
			}
			s->is_stale = s->attr != NULL;
			s->is_old = false;
		}
	}
	m->is_kept[f] = true;
}

void world_up(struct world *w, unsigned member, const uint8_t class_idx[FAMILY_COUNT])
{
	struct member *m = &w->member[member];
	cr_assert_not(m->is_up);
	m->is_up = true;
	m->incarnation++;
	memcpy(m->class_idx, class_idx, sizeof(m->class_idx));
	m->has_ids = !w->opts.is_plain && prng_chance(&w->prng, 1, 3);
	if (m->incarnation == 1 || prng_chance(&w->prng, 1, 4)) {
		uint32_t before = m->router_id;
		m->router_id = 1 + (uint32_t)prng_below(&w->prng, 4);
		for (unsigned f = 0; f < FAMILY_COUNT && m->router_id != before; f++) {
			forget(m, (enum family)f, true); /* Another router. */
		}
	}
	for (unsigned s = 0; s < w->opts.shards; s++) {
		struct op op = member_op(w, member, OP_UP);
		op.router_id = m->router_id;
		op.addr = addr_v4(0xc6120000u + member);
		send_op(w, member, s, &op);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			op = member_op(w, member, OP_JOIN);
			op.family = (uint8_t)f;
			op.class_idx = class_idx[f];
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
		if (core_of(w, i) == core && w->member[i].class_idx[f] == class_idx &&
		    c->is_joined) {
			floor = min_u64(floor, c->acked);
		}
	}
	struct runlog *log = shard_log(w->shard[shard], f, class_idx);
	if (log != NULL) { /* JOIN may not have come there yet. */
		runlog_set_floor(log, core, floor);
	}
}

static void drop_pending(struct world *w, unsigned member, enum family f, unsigned shard)
{
	struct cursor *c = &w->member[member].cursor[f][shard];
	if (c->pending != NULL) {
		free(c->pending);
		free(c->gone);
		c->pending = NULL;
		c->gone = NULL;
		c->gone_count = 0;
		shard_pending_add(w->shard[shard], f, core_of(w, member), -1);
	}
}

void world_down(struct world *w, unsigned member)
{
	const bool is_kept[FAMILY_COUNT] = {false};
	world_restart(w, member, is_kept);
}

static void send_all(struct world *w, unsigned member, enum op_kind kind, unsigned family)
{
	struct op op = member_op(w, member, kind);
	op.family = (uint8_t)family;
	for (unsigned s = 0; s < w->opts.shards; s++) {
		send_op(w, member, s, &op);
	}
}

void world_stale_end(struct world *w, unsigned member, enum family family)
{
	forget(&w->member[member], family, true);
	send_all(w, member, OP_STALE_END, family);
}

/* The naive form of a long-lived stale route; NULL when it must go (RFC 9494 §4.2). */
static const struct attr *dressed(struct world *w, const struct attr *a)
{
	struct attr_draft draft;
	if (ATTR_VARIANT(attr_id(a)) == VARIANT_NO_LLGR) {
		return NULL;
	}
	if ((attr_id(a) & ATTR_LLGR) != 0) {
		return a;
	}
	cr_assert(attr_add_community(a, 0xffff0006, &draft));
	const struct next_hop hop = attr_next_hop(a);
	return intern_get(w->own, &draft, &hop, 1);
}

void world_llgr(struct world *w, unsigned member, enum family family)
{
	struct member *m = &w->member[member];
	for (unsigned n = 0; n < WORLD_NUMBERS; n++) {
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			struct sent *s = &m->sent[family][n][id];
			if (s->is_stale) {
				s->attr = dressed(w, s->attr);
				s->is_stale = s->attr != NULL;
			}
		}
	}
	m->is_llgr[family] = m->is_kept[family];
	send_all(w, member, OP_LLGR, family);
}

void world_renew(struct world *w, unsigned member, enum family family)
{
	struct member *m = &w->member[member];
	for (unsigned n = 0; n < WORLD_NUMBERS && !m->is_kept[family]; n++) {
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			struct sent *s = &m->sent[family][n][id];
			s->is_old = s->attr != NULL;
		}
	}
	/* RFC 7313 §4: not before the End-of-RIB. */
	m->is_renewing[family] = !m->is_kept[family];
	send_all(w, member, OP_RENEW, family);
}

void world_renew_end(struct world *w, unsigned member, enum family family)
{
	struct member *m = &w->member[member];
	for (unsigned n = 0; n < WORLD_NUMBERS && m->is_renewing[family]; n++) {
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			struct sent *s = &m->sent[family][n][id];
			if (s->is_old) {
				*s = (struct sent){0};
			}
		}
	}
	m->is_renewing[family] = false;
	send_all(w, member, OP_RENEW_END, family);
}

void world_drop(struct world *w, unsigned member, enum family family)
{
	struct member *m = &w->member[member];
	forget(m, family, false);
	m->is_renewing[family] = false;
	send_all(w, member, OP_DROP, family);
}

void world_settled(struct world *w, unsigned member)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		send_all(w, member, OP_SETTLED, f);
	}
}

/* With the N bit or without (RFC 8538 §4.1). */
static void keep_all(struct world *w, unsigned member, enum family f)
{
	struct op op = member_op(w, member, OP_STALE);
	op.family = (uint8_t)f;
	op.is_added = prng_chance(&w->prng, 1, 2);
	keep(&w->member[member], f, op.is_added);
	for (unsigned s = 0; s < w->opts.shards; s++) {
		send_op(w, member, s, &op);
	}
}

void world_restart(struct world *w, unsigned member, const bool *is_kept)
{
	struct member *m = &w->member[member];
	cr_assert(m->is_up);
	m->is_up = false;
	memset(m->held, 0, sizeof(m->held));
	memset(m->path, 0, sizeof(m->path));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		m->is_renewing[f] = false;
		if (is_kept[f]) {
			keep_all(w, member, (enum family)f);
		} else {
			forget(m, (enum family)f, false);
		}
	}
	for (unsigned s = 0; s < w->opts.shards; s++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			drop_pending(w, member, (enum family)f, s);
			m->cursor[f][s] = (struct cursor){0};
			publish_floor(w, core_of(w, member), (enum family)f, m->class_idx[f], s);
		}
		struct op op = member_op(w, member, OP_DOWN);
		send_op(w, member, s, &op);
	}
}

static void put_id(struct op *op, unsigned path_id)
{
	op->has_path_id = path_id != 0;
	op->path_id = path_id * 0x3fffffffu; /* All of the 32 bits matter. */
}

/* Whether one more path with an id is allowed; the stale or old one with the lowest id makes room.
 */
static bool has_room(struct member *m, enum family family, unsigned number)
{
	unsigned count = 0;
	struct sent *stale = NULL;
	for (unsigned id = WORLD_IDS; id-- > 1;) {
		struct sent *s = &m->sent[family][number][id];
		count += s->attr != NULL;
		stale = s->is_stale || s->is_old ? s : stale;
	}
	if (count >= WORLD_PATHS && stale != NULL) {
		*stale = (struct sent){0};
		return true;
	}
	return count < WORLD_PATHS;
}

void world_announce(struct world *w, unsigned member, enum family family, unsigned number,
		    unsigned path_id, unsigned variant, enum reject reason)
{
	struct member *m = &w->member[member];
	struct op op = member_op(w, member, OP_ANNOUNCE);
	op.family = (uint8_t)family;
	op.prefix = make_prefix(family, number);
	op.reason = (uint8_t)reason;
	judge_op(w, member, variant, &op);
	put_id(&op, path_id);
	struct sent *s = &m->sent[family][number][path_id];
	if (path_id == 0 || s->attr != NULL || has_room(m, family, number)) {
		/* Its own copy: rules change what becomes of ours. */
		const struct attr *attr = own_attr(w, member, variant, family);
		*s = (struct sent){.attr = attr,
				   .reason = (uint8_t)reason,
				   .origin = attr->facts.origin_as,
				   .ask = (uint8_t)(variant / VARIANT_COUNT)};
	}
	send_op(w, member, prefix_shard(&op.prefix, w->opts.shards, KEY), &op);
}

void world_withdraw(struct world *w, unsigned member, enum family family, unsigned number,
		    unsigned path_id)
{
	struct op op = member_op(w, member, OP_WITHDRAW);
	op.family = (uint8_t)family;
	op.prefix = make_prefix(family, number);
	put_id(&op, path_id);
	w->member[member].sent[family][number][path_id] = (struct sent){0};
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

static unsigned class_of(const struct hearing *h, enum family f)
{
	return h->w->member[h->member].class_idx[f];
}

static bool has_paths(const struct hearing *h, enum family f)
{
	return (class_of(h, f) & WIRE_CLASS_PATHS) != 0;
}

/* The member has the path, or with id 0 not any more. */
static void hold(struct member *m, enum family f, unsigned n, uint32_t path_id, uint32_t id)
{
	unsigned free = WORLD_HELD;
	for (unsigned i = 0; i < WORLD_HELD; i++) {
		if (m->path[f][n][i].id != 0 && m->path[f][n][i].path_id == path_id) {
			m->path[f][n][i].id = id;
			return;
		}
		free = m->path[f][n][i].id == 0 ? i : free;
	}
	if (id != 0) {
		cr_assert_lt(free, WORLD_HELD);
		m->path[f][n][free].path_id = path_id;
		m->path[f][n][free].id = id;
	}
}

/* Whether the member may have been meant by some of the rules since the last calm.  (A set's origin
 * is not told here; black lists are.) */
static bool could_have(const struct hearing *h, const struct prefix *p, uint32_t id)
{
	bool could = false;
	unsigned n = 0;
	for (struct prefix known = make_prefix((enum family)p->family, 0); !prefix_equal(&known, p);
	     known = make_prefix((enum family)p->family, n)) {
		cr_assert_lt(++n, WORLD_NUMBERS);
	}
	for (unsigned i = 0; i < h->w->era_count; i++) {
		const struct make_rules *r = &h->w->era[i];
		could |= make_may_have(r, ATTR_MEMBER(id), ATTR_ASK(id), h->member) &&
			 (r->black[p->family] >> n & 1) == 0;
	}
	return could;
}

static void hear(void *context, const struct prefix *p, uint32_t path_id, uint32_t id)
{
	struct hearing *h = context;
	struct member *m = &h->w->member[h->member];
	/* DESIGN §7.2: at every moment, never its own route. */
	cr_assert(id == 0 || ATTR_MEMBER(id) != h->member);
	/* And never one that all rules since the last calm have kept from it. */
	cr_assert(id == 0 || h->w->policy == NULL || could_have(h, p, id));
	cr_assert_eq(id, h->expected_id);
	for (unsigned n = 0; n < h->w->opts.numbers; n++) {
		struct prefix known = make_prefix((enum family)p->family, n);
		if (prefix_equal(&known, p) && has_paths(h, (enum family)p->family)) {
			cr_assert_neq(path_id, 0);
			hold(m, (enum family)p->family, n, path_id, id);
			return;
		}
		if (prefix_equal(&known, p)) {
			m->held[p->family][n] = id;
			return;
		}
	}
	cr_assert(false, "a prefix that nobody announced");
}

/* What the member's worker would send of an entry now: one path or several.  Returns how many. */
static unsigned views(const struct hearing *h, enum family f, unsigned shard, entry_id_t id,
		      struct paths_one *one, const struct path **out)
{
	const struct slab *slab = shard_slab(h->w->shard[shard], f);
	struct update_form form = wire_form(f, class_of(h, f), MAKE_LOCAL_AS);
	return view_n(entry_paths(slab_at(slab, id), one), peer_of(h->member), &form,
		      has_paths(h, f) ? WORLD_VIEW : 1, out);
}

/* The set of a path now; NULL when the member should not have it. */
static const struct attr *now_of(const struct hearing *h, enum family f, unsigned shard,
				 entry_id_t id, uint32_t path_id)
{
	struct paths_one one;
	const struct path *path[VIEW_MAX];
	unsigned count = views(h, f, shard, id, &one, path);
	for (unsigned i = 0; i < count; i++) {
		if (!has_paths(h, f) || path_id_sent(path[i]) == path_id) {
			return attr_sent_to(path[i]->attr, peer_of(h->member));
		}
	}
	return NULL;
}

static struct prefix prefix_of(const struct hearing *h, enum family f, unsigned shard,
			       entry_id_t id)
{
	return slab_prefix(shard_slab(h->w->shard[shard], f), id);
}

static void hear_one(struct hearing *h, struct prefix p, uint32_t path_id, const struct attr *attr)
{
	h->expected_id = attr != NULL ? attr_sent_id(attr) : 0;
	hear(h, &p, path_id, h->expected_id);
}

/* The whole view of one entry, as the member's worker would send it. */
static void hear_view(struct hearing *h, enum family f, unsigned shard, entry_id_t id)
{
	struct paths_one one;
	const struct path *path[VIEW_MAX];
	unsigned count = views(h, f, shard, id, &one, path);
	for (unsigned i = 0; i < count; i++) {
		hear_one(h, prefix_of(h, f, shard, id), path_id_sent(path[i]),
			 attr_sent_to(path[i]->attr, peer_of(h->member)));
	}
	if (count == 0 && !has_paths(h, f)) {
		hear_one(h, prefix_of(h, f, shard, id), 0, NULL);
	}
}

static uint32_t run_path_id(const struct run *r, uint32_t i)
{
	return r->path_ids != NULL ? r->path_ids[i] : 0;
}

static void hear_dirty(struct hearing *h, enum family f, unsigned shard, const struct run *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (attr_equal(now_of(h, f, shard, r->ids[i], run_path_id(r, i)), r->attr)) {
			hear_one(h, prefix_of(h, f, shard, r->ids[i]), run_path_id(r, i), r->attr);
		}
	}
}

static void hear_run(struct world *w, unsigned member, enum family f, unsigned shard,
		     const struct run *r)
{
	struct hearing h = {.w = w, .member = member};
	if (r->kind == RUN_MARK) {
		w->member[member].cursor[f][shard].is_complete = true;
		return;
	}
	cr_assert_eq(r->path_ids != NULL, has_paths(&h, f));
	if (run_is_dirty(r)) {
		hear_dirty(&h, f, shard, r);
		return;
	}
	/* Between turns a clean run is never old news (runlog.h, guarantee b). */
	for (uint32_t i = 0; i < r->count; i++) {
		cr_assert(attr_equal(now_of(&h, f, shard, r->ids[i], run_path_id(r, i)), r->attr));
	}
	h.expected_id = r->kind == RUN_ANNOUNCE ? attr_sent_id(r->attr) : 0;
	cr_assert(naive_decode(r->bytes, r->bytes_len, class_of(&h, f), hear, &h));
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

/* What is withdrawn in a run that is left unread cannot be told from the view later. */
static void leave_gone(struct cursor *c, const struct run *r)
{
	if (r->path_ids == NULL || r->kind != RUN_WITHDRAW) {
		return;
	}
	c->gone = realloc(c->gone, (c->gone_count + r->count) * sizeof(*c->gone));
	for (uint32_t i = 0; i < r->count; i++) {
		c->gone[c->gone_count++] = (struct gone){r->ids[i], r->path_ids[i]};
	}
}

/* Leave the log: what was read is copied (acknowledged, here); unread ids become pending. */
static void evict(struct world *w, unsigned member, enum family f, unsigned shard)
{
	struct cursor *c = &w->member[member].cursor[f][shard];
	struct runlog *log = shard_log(w->shard[shard], f, w->member[member].class_idx[f]);
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
		leave_gone(c, r);
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
	struct runlog *log = shard_log(w->shard[shard], f, m->class_idx[f]);
	evict(w, member, f, shard);
	if (c->pending != NULL && runs > 0) {
		struct hearing h = {.w = w, .member = member};
		for (size_t i = 0; i < c->gone_count; i++) {
			const struct gone *g = &c->gone[i];
			if (now_of(&h, f, shard, g->entry, g->path_id) == NULL) {
				hear_one(&h, prefix_of(&h, f, shard, g->entry), g->path_id, NULL);
			}
		}
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
	publish_floor(w, core_of(w, member), f, m->class_idx[f], shard);
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
	cr_assert_eq(op->class_idx, m->class_idx[op->family]);
	*c = (struct cursor){.is_joined = true, .position = op->position, .acked = op->position};
	publish_floor(w, core_of(w, member), (enum family)op->family, op->class_idx, shard);
	struct op ack = member_op(w, member, OP_JOIN_ACK);
	ack.family = op->family;
	ack.class_idx = op->class_idx;
	send_op(w, member, shard, &ack);
}

bool deliver_to(struct world *w, unsigned core, unsigned shard)
{
	struct op op;
	if (shard_is_congested(w->shard[shard]) || !mailbox_pop(&w->to[core][shard], &op)) {
		return false;
	}
	shard_apply(w->shard[shard], &op);
	return true;
}

bool deliver_from(struct world *w, unsigned shard, unsigned core)
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

void pull(struct world *w, unsigned shard)
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
