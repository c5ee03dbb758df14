/* Decide: see decide.h.
 *
 * The accepted paths are sorted by what needs no set: LOCAL_PREF, AS_PATH length, ORIGIN
 * (RFC 4271 §9.1.1, §9.1.2.2 a, b).  Each stretch of equal ones is then ordered by the choice of
 * §9.1.2.2 c, f, g applied again and again.  Step c removes every path for which another of the
 * same neighbour AS has a lower MED; of what is left the lowest identifier, then address, wins.
 * So of one neighbour AS, sorted by (MED, identifier, address), only the first can win: the choice
 * is a merge of the groups' heads.
 *
 *     AS 1: (MED 0, id 5) (MED 9, id 1)      heads: id 5, id 4  → id 4
 *     AS 2: (MED 7, id 4) (MED 7, id 6)      heads: id 5, id 6  → id 5
 *                                            heads: id 1, id 6  → id 1, then id 6
 *
 * Steps d (external over internal) and e (interior cost) never differ in a route server.
 * Deviates: RFC 5004's preference for the older route is not used; the order is a function of the
 * set alone, and so the same on every shard and after every restart.
 */
#include "rib/table/decide.h"

#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define INSERTION_MAX 24 /* Up to here insertion sort wins; arrays are mostly sorted already. */

/* qsort_r's shape: the context is the peers. */
typedef int compare_fn(const void *, const void *, void *);

static int three_way(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_strength(const struct path *a, const struct path *b)
{
	const struct attr_facts *fa = &a->attr->facts, *fb = &b->attr->facts;
	int c = fa->is_llgr_stale - fb->is_llgr_stale; /* RFC 9494 §4.3: least preferred. */
	c = c != 0 ? c : three_way(fb->local_pref, fa->local_pref);
	c = c != 0 ? c : three_way(fa->path_len, fb->path_len);
	return c != 0 ? c : three_way(fa->origin, fb->origin);
}

static int by_key(const struct path *a, const struct path *b)
{
	return a->peer != b->peer ? three_way(a->peer, b->peer) : three_way(a->slot, b->slot);
}

/* Accepted before rejected; the accepted by strength, the rejected by peer and slot. */
static int by_strength(const void *a, const void *b, void *peers)
{
	(void)peers;
	const struct path *pa = a, *pb = b;
	bool ra = pa->reason != 0, rb = pb->reason != 0;
	if (ra || rb) {
		return ra && rb ? by_key(pa, pb) : ra - rb;
	}
	int c = compare_strength(pa, pb);
	return c != 0 ? c : by_key(pa, pb);
}

static int compare_octets(const void *a, size_t a_len, const void *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

/* Of two paths of one member.  RFC 7911 names no rule, and path ids mean nothing (§3): so the order
 * is one of contents, and does not depend on when they came. */
static int compare_content(const struct path *a, const struct path *b)
{
	const struct attr *x = a->attr, *y = b->attr;
	if (a->peer != b->peer || x == y) {
		return 0;
	}
	const struct span a_hop = attr_next_hop_octets(x), b_hop = attr_next_hop_octets(y);
	int c = compare_octets(a_hop.data, a_hop.len, b_hop.data, b_hop.len);
	return c != 0 ? c : compare_octets(x->wire, x->wire_len, y->wire, y->wire_len);
}

static int by_identity(const void *a, const void *b, void *peers)
{
	const struct path *pa = a, *pb = b;
	const struct rank_peer *peer = peers;
	const struct rank_peer *x = &peer[pa->peer], *y = &peer[pb->peer];
	int c = three_way(x->router_id, y->router_id);
	c = c != 0 ? c : addr_cmp(&x->addr, &y->addr);
	c = c != 0 ? c : compare_content(pa, pb);
	return c != 0 ? c : by_key(pa, pb);
}

static int by_group(const void *a, const void *b, void *peers)
{
	const struct path *pa = a, *pb = b;
	const struct attr_facts *fa = &pa->attr->facts, *fb = &pb->attr->facts;
	int c = three_way(fa->neighbor_as, fb->neighbor_as);
	c = c != 0 ? c : three_way(fa->med, fb->med);
	return c != 0 ? c : by_identity(a, b, peers);
}

static void sort(struct path *p, size_t count, compare_fn *compare, const struct rank_peer *peers)
{
	void *context = (void *)(uintptr_t)peers;
	if (count > INSERTION_MAX) {
		qsort_r(p, count, sizeof(*p), compare, context);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct path moving = p[i];
		size_t at = i;
		for (; at > 0 && compare(&p[at - 1], &moving, context) > 0; at--) {
			p[at] = p[at - 1];
		}
		p[at] = moving;
	}
}

/* Merge groups that lie one after another, each sorted: the best of the heads comes first, then
 * again.  In place, O(count²) moves at worst. */
static void merge_groups(struct path *p, size_t count, const struct rank_peer *peers)
{
	void *context = (void *)(uintptr_t)peers;
	for (size_t i = 0; i + 1 < count; i++) {
		size_t best = i;
		for (size_t j = i + 1; j < count; j++) {
			bool is_head =
				p[j].attr->facts.neighbor_as != p[j - 1].attr->facts.neighbor_as;
			if (is_head && by_identity(&p[j], &p[best], context) < 0) {
				best = j;
			}
		}
		struct path chosen = p[best];
		memmove(&p[i + 1], &p[i], (best - i) * sizeof(*p));
		p[i] = chosen;
	}
}

/* Order paths that are equally strong. */
static void rank_equals(struct path *p, size_t count, const struct rank_peer *peers)
{
	bool has_med = false;
	for (size_t i = 1; i < count; i++) {
		has_med |= p[i].attr->facts.med != p[0].attr->facts.med;
	}
	if (!has_med) {
		sort(p, count, by_identity, peers);
		return;
	}
	sort(p, count, by_group, peers);
	merge_groups(p, count, peers);
}

void decide_rank(struct paths *paths, const struct rank_peer *peers)
{
	struct path *p = paths->path;
	sort(p, paths->count, by_strength, peers);
	uint16_t ranked = 0;
	while (ranked < paths->count && p[ranked].reason == 0) {
		ranked++;
	}
	paths->ranked_count = ranked;
	for (size_t begin = 0; begin < ranked;) {
		size_t end = begin + 1;
		while (end < ranked && compare_strength(&p[begin], &p[end]) == 0) {
			end++;
		}
		if (end - begin > 1) {
			rank_equals(&p[begin], end - begin, peers);
		}
		begin = end;
	}
}

enum rule decide_rule(const struct paths *paths, unsigned i, const struct rank_peer *peers)
{
	ASSERT(i < paths->ranked_count);
	if (i + 1u >= paths->ranked_count) {
		return RULE_ONLY;
	}
	const struct path *a = &paths->path[i], *b = &paths->path[i + 1];
	const struct attr_facts *fa = &a->attr->facts, *fb = &b->attr->facts;
	if (fa->is_llgr_stale != fb->is_llgr_stale) {
		return RULE_LLGR_STALE;
	}
	if (fa->local_pref != fb->local_pref) {
		return RULE_LOCAL_PREF;
	}
	if (fa->path_len != fb->path_len) {
		return RULE_PATH_LEN;
	}
	if (fa->origin != fb->origin) {
		return RULE_ORIGIN;
	}
	if (fa->neighbor_as == fb->neighbor_as && fa->med != fb->med) {
		return RULE_MED;
	}
	if (a->peer == b->peer) {
		return RULE_CONTENT;
	}
	return peers[a->peer].router_id != peers[b->peer].router_id ? RULE_ROUTER_ID
								    : RULE_PEER_ADDR;
}

const char *rule_text(enum rule r)
{
	static const char *const text[] = {
		[RULE_LLGR_STALE] = "not long-lived stale",
		[RULE_LOCAL_PREF] = "higher LOCAL_PREF",
		[RULE_PATH_LEN] = "shorter AS_PATH",
		[RULE_ORIGIN] = "lower ORIGIN",
		[RULE_MED] = "lower MED",
		[RULE_ROUTER_ID] = "lower router id",
		[RULE_PEER_ADDR] = "lower peer address",
		[RULE_CONTENT] = "lower next hop or attributes, of one member",
		[RULE_ONLY] = "the only path",
	};
	static_assert(ARRAY_COUNT(text) == RULE_COUNT, "every rule has its words");
	ASSERT(r < RULE_COUNT);
	return text[r];
}
