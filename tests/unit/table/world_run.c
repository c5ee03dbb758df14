/* Chance, calm and the oracle: see world.h. */
#include "tests/unit/table/world_own.h"

/* Chance. */

static void random_route(struct world *w, unsigned member)
{
	enum family f = prng_chance(&w->prng, 1, 3) ? FAMILY_IPV6 : FAMILY_IPV4;
	unsigned n = (unsigned)prng_below(&w->prng, w->opts.numbers);
	unsigned id = w->member[member].has_ids ? 1 + (unsigned)prng_below(&w->prng, 4) : 0;
	if (prng_chance(&w->prng, 1, 4)) {
		world_withdraw(w, member, f, n, id);
		return;
	}
	bool is_special = prng_chance(&w->prng, w->opts.has_all ? 3 : 1, 4);
	unsigned v = (unsigned)prng_below(&w->prng, is_special ? VARIANT_COUNT : VARIANT_LARGE);
	if (w->opts.has_reach && v < VARIANT_LARGE && prng_chance(&w->prng, 1, 2)) {
		v += VARIANT_COUNT * (unsigned)prng_below(&w->prng, ASK_COUNT);
	}
	world_announce(w, member, f, n, id, v, prng_chance(&w->prng, 1, 12) ? REJECT_AS_LOOP : 0);
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

static void random_end(struct world *w, unsigned member)
{
	bool is_kept[FAMILY_COUNT];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		is_kept[f] = !w->opts.is_plain && !prng_chance(&w->prng, 1, 3);
	}
	world_restart(w, member, is_kept);
}

/* Timers of restarts, and End-of-RIB. */
static void random_timer(struct world *w, unsigned member)
{
	enum family f = (enum family)prng_below(&w->prng, FAMILY_COUNT);
	switch (prng_below(&w->prng, 3)) {
	case 0:
		world_stale_end(w, member, f);
		return;
	case 1:
		world_llgr(w, member, f);
		return;
	default:
		if (w->opts.is_deferred) {
			world_settled(w, member);
		}
		return;
	}
}

static uint8_t random_class(struct world *w)
{
	if (w->opts.has_all) {
		return (uint8_t)prng_below(&w->prng, WIRE_CLASS_COUNT);
	}
	unsigned class_idx = prng_chance(&w->prng, 1, 4) ? WIRE_CLASS_AS2 : 0;
	if (!w->opts.is_plain && prng_chance(&w->prng, 1, 2)) {
		class_idx |= WIRE_CLASS_LLGR;
	}
	if (!w->opts.is_plain && prng_chance(&w->prng, 1, 3)) {
		class_idx |= WIRE_CLASS_PATHS;
	}
	return (uint8_t)class_idx;
}

/* The families are negotiated apart. */
static void random_up(struct world *w, unsigned member)
{
	uint8_t class_idx[FAMILY_COUNT];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		class_idx[f] = random_class(w);
	}
	world_up(w, member, class_idx);
}

/* The member refreshes, in whatever order. */
static void random_renewal(struct world *w, unsigned member)
{
	enum family f = (enum family)prng_below(&w->prng, FAMILY_COUNT);
	if (prng_chance(&w->prng, 1, 10)) {
		world_drop(w, member, f);
	} else if (prng_chance(&w->prng, 1, 2)) {
		world_renew(w, member, f);
	} else {
		world_renew_end(w, member, f);
	}
}

/* Who has come waits until it is judged by rules that know it. */
static bool may_come_up(const struct world *w, unsigned member)
{
	return w->policy == NULL || ((rules_now(w)->out >> member & 1) == 0 && has_swept(w));
}

static void random_session(struct world *w, unsigned member)
{
	if (!w->opts.is_plain && prng_chance(&w->prng, 1, 5)) {
		random_timer(w, member);
	} else if (!w->member[member].is_up) {
		if (may_come_up(w, member)) {
			random_up(w, member);
		}
	} else if (prng_chance(&w->prng, 1, 12)) {
		random_end(w, member);
	} else if (prng_chance(&w->prng, 1, 6)) {
		world_rescan(w, member);
	} else if (prng_chance(&w->prng, 1, 3)) {
		random_renewal(w, member);
	}
}

/* A member that is away goes, or comes, with other ears. */
static void random_membership(struct world *w, struct make_rules *r)
{
	unsigned member = (unsigned)prng_below(&w->prng, w->opts.members);
	if (!w->member[member].is_up) {
		r->out ^= (uint16_t)(1u << member);
		r->deaf[member] = (uint16_t)(prng_chance(&w->prng, 1, 2)
						     ? prng_below(&w->prng, 1u << MAKE_MEMBERS)
						     : 0);
	}
}

/* One thing is another in the rules, or several. */
static void random_rules(struct world *w)
{
	static const asn_t origins[] = {0, 0, 4200000001u, 64500, 64501};
	struct make_rules r = *rules_now(w);
	enum family f = (enum family)prng_below(&w->prng, FAMILY_COUNT);
	unsigned n = (unsigned)prng_below(&w->prng, w->opts.numbers);
	do {
		switch (prng_below(&w->prng, 6)) {
		case 0: {
			bool *knows = &r.knows[prng_below(&w->prng, MAKE_ASK_KINDS)];
			*knows = !*knows;
			break;
		}
		case 1:
			r.deaf[prng_below(&w->prng, w->opts.members)] ^=
				(uint16_t)(1u << prng_below(&w->prng, w->opts.members));
			break;
		case 2:
			r.black[f] ^= UINT64_C(1) << n;
			break;
		case 3:
		case 4:
			random_membership(w, &r);
			break;
		default:
			r.origin[f][n] = origins[prng_below(&w->prng, ARRAY_COUNT(origins))];
			break;
		}
	} while (prng_chance(&w->prng, 1, 3));
	world_publish(w, &r);
}

void world_step(struct world *w)
{
	if (w->opts.has_rules && prng_chance(&w->prng, 1, 8)) {
		unsigned core = (unsigned)prng_below(&w->prng, w->opts.shards);
		if (prng_chance(&w->prng, 1, 3)) {
			random_rules(w);
		} else {
			world_adopt(w, core);
		}
		return;
	}
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
					shard_log(w->shard[s], (enum family)f, m->class_idx[f]);
				if (!c->is_joined || c->acked < runlog_end(log) ||
				    c->pending != NULL) {
					return true;
				}
			}
		}
	}
	return false;
}

/* By the rules of the moment. */
static uint8_t reason_of(const struct world *w, unsigned from, const struct sent *s, enum family f,
			 unsigned number)
{
	if (s->reason != REJECT_NONE || w->policy == NULL) {
		return s->reason;
	}
	return (uint8_t)make_reason(rules_now(w), from, f, number, s->origin);
}

static uint32_t asked(const struct world *w, unsigned ask)
{
	return w->policy != NULL && make_leaves_asks(rules_now(w), ask) ? ATTR_ASKED : 0;
}

/* What the member should hold: the first `n` of the naive order that it may have. */
static unsigned oracle(const struct world *w, unsigned member, enum family f, unsigned number,
		       unsigned n, uint32_t *out)
{
	struct path path[WORLD_MEMBERS * (WORLD_PATHS + 1)] = {0};
	struct rank_peer rank[WORLD_PEERS] = {0};
	unsigned order[ARRAY_COUNT(path)], ask[ARRAY_COUNT(path)], count = 0, found = 0;
	for (unsigned i = 0; i < w->opts.members; i++) {
		const struct member *m = &w->member[i];
		rank[peer_of(i)] = (struct rank_peer){m->router_id, addr_v4(0xc6120000u + i)};
		for (unsigned id = 0; id < WORLD_IDS; id++) {
			const struct sent *s = &m->sent[f][number][id];
			if (s->attr != NULL) {
				ask[count] = s->ask;
				path[count++] =
					(struct path){.attr = s->attr,
						      .peer = peer_of(i),
						      .reason = reason_of(w, i, s, f, number)};
			}
		}
	}
	unsigned ranked = naive_rank(path, count, rank, order);
	for (unsigned i = 0; i < ranked && found < n; i++) {
		const struct path *p = &path[order[i]];
		bool may_have = w->policy == NULL ||
				make_may_have(rules_now(w), p->peer / 19u, ask[order[i]], member);
		if (p->peer != peer_of(member) && may_have &&
		    naive_suits(p->attr, f, w->member[member].class_idx[f])) {
			out[found++] = attr_id(p->attr) | asked(w, ask[order[i]]);
		}
	}
	return found;
}

/* The member holds exactly these sets, each under another path id. */
static void compare_paths(const struct world *w, unsigned member, enum family f, unsigned n)
{
	const struct member *m = &w->member[member];
	uint32_t want[WORLD_VIEW];
	unsigned count = oracle(w, member, f, n, WORLD_VIEW, want), held = 0;
	for (unsigned i = 0; i < WORLD_HELD; i++) {
		uint32_t id = m->path[f][n][i].id;
		bool is_wanted = id == 0;
		for (unsigned k = 0; k < count && !is_wanted; k++) {
			is_wanted = want[k] == id;
			want[k] = is_wanted ? 0 : want[k]; /* Each once. */
		}
		cr_assert(is_wanted, "seed %llu member %u family %u number %u: holds %x",
			  (unsigned long long)w->opts.seed, member, f, n, id);
		held += id != 0;
	}
	cr_assert_eq(held, count, "seed %llu member %u family %u number %u: %u of %u",
		     (unsigned long long)w->opts.seed, member, f, n, held, count);
}

static void compare(const struct world *w, unsigned member)
{
	const struct member *m = &w->member[member];
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		for (unsigned n = 0; n < w->opts.numbers; n++) {
			uint32_t want = 0;
			if ((m->class_idx[f] & WIRE_CLASS_PATHS) != 0) {
				compare_paths(w, member, (enum family)f, n);
				continue;
			}
			oracle(w, member, (enum family)f, n, 1, &want);
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

/* Ranked and rejected, each by its reason. */
static void compare_counts(const struct world *w, unsigned member)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		uint64_t want[REJECT_COUNT] = {0}, has[REJECT_COUNT] = {0};
		for (unsigned n = 0; n < w->opts.numbers; n++) {
			for (unsigned id = 0; id < WORLD_IDS; id++) {
				const struct sent *s = &w->member[member].sent[f][n][id];
				if (s->attr != NULL) {
					want[reason_of(w, member, s, (enum family)f, n)]++;
				}
			}
		}
		for (unsigned s = 0; s < w->opts.shards; s++) {
			const struct shard_peer_stats *st =
				shard_peer_stats(w->shard[s], (enum family)f, peer_of(member));
			has[REJECT_NONE] += st->accepted;
			for (unsigned r = 1; r < REJECT_COUNT; r++) {
				has[r] += st->rejected[r];
			}
		}
		for (unsigned r = 0; r < REJECT_COUNT; r++) {
			cr_assert_eq(
				has[r], want[r], "seed %llu member %u family %u: %s %u, not %u",
				(unsigned long long)w->opts.seed, member, f,
				reject_name((enum reject)r), (unsigned)has[r], (unsigned)want[r]);
		}
	}
}

/* The deferral timer fires. */
static void settle_all(struct world *w)
{
	for (unsigned s = 0; w->opts.is_deferred && s < w->opts.shards; s++) {
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			mailbox_push(&w->to[0][s], &(struct op){.kind = OP_SETTLED,
								.family = (uint8_t)f,
								.peer = PEER_NONE});
		}
	}
}

#define CALM_STEP_US 3000
#define CALM_ROUNDS  5
static_assert((CALM_ROUNDS - 1) * CALM_STEP_US >= 2 * WORLD_PACE_US, "what is paced is sent");

void world_calm(struct world *w)
{
	unsigned rounds = 0, quiet = 0;
	w->is_calm = true;
	settle_all(w);
	do {
		cr_assert_lt(++rounds, 2000, "seed %llu does not come to rest",
			     (unsigned long long)w->opts.seed);
		world_deliver_all(w);
		for (unsigned s = 0; s < w->opts.shards; s++) {
			world_adopt(w, s);
			world_turn(w, s, CALM_STEP_US);
		}
		for (unsigned i = 0; i < w->opts.members; i++) {
			world_read(w, i, UINT32_MAX, true);
		}
		pull(w, 0);
		/* What was acknowledged just now makes room only with the next turn; and what is
		 * paced waits twice at most. */
		quiet = is_due(w) || has_unread(w) ? 0 : quiet + 1;
	} while (quiet < CALM_ROUNDS);
	w->is_calm = false;
	cr_assert(has_swept(w));
	for (unsigned i = 0; i < w->opts.members; i++) {
		compare_counts(w, i);
		if (w->member[i].is_up) {
			compare(w, i);
		}
	}
	/* From here on nobody may be sent what the present rules deny, unless others come. */
	w->era[0] = *rules_now(w);
	w->era_count = 1;
}

void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->opts.members; i++) {
		if (w->member[i].is_up) {
			world_down(w, i);
		} else {
			world_stale_end(w, i, FAMILY_IPV4);
			world_stale_end(w, i, FAMILY_IPV6);
		}
	}
	settle_all(w);
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
