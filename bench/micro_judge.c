/* micro_judge: what policy adds to the import of a route.
 *
 *     build/bench/micro_judge [FILE]
 *
 * FILE has a routing table's prefixes, one a line; without it they are made up.  A member announces
 * them all, seven to a set of attributes, as a real table has them, the sets in no order: a path of
 * five, six communities.  Its filter is the whole table, and there are 500,000 ROA payloads, so
 * nothing is cheap because it is small.  Measured is the judge alone, from a decoded set to an
 * interned one for each prefix: without rules, with every check, with the informational communities
 * that most exchanges add, and with a control community in each tenth set.  Prints one JSON object,
 * in ns per prefix; times are the best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rib/base/check.h"
#include "rib/base/prng.h"
#include "rib/policy/asn_set.h"
#include "rib/policy/judge.h"
#include "rib/policy/prefix_set.h"
#include "rib/policy/roa.h"

#define ROUNDS	      5
#define PREFIXES_MAX  4000000
#define MADE_UP	      700000
#define PER_SET	      7
#define VRPS	      500000
#define MEMBERS	      1000
#define HOPS	      5
#define RS	      64500
#define ORIGINS	      70000
#define ORIGINS_BEGIN 131072 /* Behind the reserved ones. */

struct table {
	struct prefix *prefix;
	size_t count;  /* A multiple of PER_SET. */
	uint32_t *set; /* The order of the sets. */
	size_t set_count;
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *room_for(size_t count, size_t size)
{
	void *p = calloc(count, size);
	ASSERT(p != NULL);
	return p;
}

static void table_read(struct table *t, const char *path)
{
	char line[128];
	FILE *f = fopen(path, "r");
	ASSERT(f != NULL);
	while (t->count < PREFIXES_MAX && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		t->count += prefix_parse(line, &t->prefix[t->count], NULL) == 0;
	}
	fclose(f);
}

static struct table table_make(const char *path, struct prng *chance)
{
	struct table t = {.prefix = room_for(PREFIXES_MAX, sizeof(*t.prefix))};
	if (path != NULL) {
		table_read(&t, path);
	}
	for (uint32_t i = 0; path == NULL && i < MADE_UP; i++) {
		struct addr a = addr_v4(0x14000000u + i * 0x300u);
		t.prefix[t.count++] = prefix_make(&a, 22 + i % 3);
	}
	t.set_count = t.count / PER_SET;
	t.count = t.set_count * PER_SET;
	t.set = room_for(t.set_count, sizeof(*t.set));
	for (size_t i = 0; i < t.set_count; i++) {
		t.set[i] = (uint32_t)i;
	}
	for (size_t i = t.set_count - 1; i > 0; i--) {
		size_t k = prng_below(chance, i + 1);
		uint32_t other = t.set[k];
		t.set[k] = t.set[i];
		t.set[i] = other;
	}
	return t;
}

static asn_t origin_of(uint32_t set)
{
	return ORIGINS_BEGIN + set * 2654435761u % ORIGINS;
}

static void put_path(struct wr *w, uint32_t set)
{
	uint8_t value[2 + 4 * HOPS];
	struct wr path = wr_of(value, sizeof(value));
	wr_u8(&path, 2);
	wr_u8(&path, HOPS);
	wr_u32(&path, ORIGINS_BEGIN - 1000 - ORIGINS);
	for (unsigned i = 1; i + 1 < HOPS; i++) {
		wr_u32(&path, 1000 + (set >> i) % 5000);
	}
	wr_u32(&path, origin_of(set));
	attr_put(w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, span_of(value, sizeof(value)));
}

/* Six communities that mean nothing here, or one of them asks for something. */
static void put_communities(struct wr *w, uint32_t set, bool asks)
{
	uint8_t std[3 * 4], lrg[3 * 12];
	struct wr s = wr_of(std, sizeof(std)), l = wr_of(lrg, sizeof(lrg));
	for (unsigned i = 0; i < 3; i++) {
		wr_u16(&s, (uint16_t)(3000 + set % 500));
		wr_u16(&s, (uint16_t)(100 * i));
		wr_u32(&l, asks && i == 0 ? RS : 3000 + set % 500);
		wr_u32(&l, i);
		wr_u32(&l, 1000 + set % MEMBERS);
	}
	uint8_t flags = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE;
	attr_put(w, flags, ATTR_COMMUNITIES, span_of(std, sizeof(std)));
	attr_put(w, flags, ATTR_LARGE_COMMUNITIES, span_of(lrg, sizeof(lrg)));
}

static void make_draft(uint32_t set, bool asks, struct attr_draft *out)
{
	const uint8_t origin = ORIGIN_IGP;
	struct wr w = wr_of(out->wire, sizeof(out->wire));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, span_of(&origin, 1));
	put_path(&w, set);
	put_communities(&w, set, asks);
	out->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(out->wire, out->wire_len, &out->facts);
}

static struct prefix_set *all_of(const struct table *t)
{
	struct prefix_rule *rule = room_for(t->count, sizeof(*rule));
	for (size_t i = 0; i < t->count; i++) {
		rule[i] = (struct prefix_rule){
			.prefix = t->prefix[i], .ge = t->prefix[i].len, .le = t->prefix[i].len};
	}
	struct prefix_set *set = prefix_set_new(rule, t->count);
	free(rule);
	ASSERT(set != NULL);
	return set;
}

static struct roa *roas_of(const struct table *t, struct prng *chance)
{
	struct vrp *vrp = room_for(VRPS, sizeof(*vrp));
	for (size_t i = 0; i < VRPS; i++) {
		size_t at = prng_below(chance, t->count);
		vrp[i] = (struct vrp){.prefix = t->prefix[at],
				      .len_max = t->prefix[at].len,
				      .asn = origin_of((uint32_t)(at / PER_SET))};
	}
	struct roa *r = roa_new(vrp, VRPS);
	free(vrp);
	ASSERT(r != NULL);
	return r;
}

static struct prefix_set *bogons(void)
{
	static const char *const text[] = {
		"0.0.0.0/8",	 "10.0.0.0/8",	    "127.0.0.0/8",    "169.254.0.0/16",
		"172.16.0.0/12", "192.0.2.0/24",    "192.88.99.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"100.64.0.0/10",
	};
	struct prefix_rule rule[ARRAY_COUNT(text)];
	for (unsigned i = 0; i < ARRAY_COUNT(text); i++) {
		int error = prefix_parse(text[i], &rule[i].prefix, NULL);
		ASSERT(error == 0);
		rule[i].ge = rule[i].prefix.len;
		rule[i].le = 32;
		rule[i].origin = 0;
	}
	return prefix_set_new(rule, ARRAY_COUNT(text));
}

static struct asn_set *numbers(asn_t begin, unsigned count)
{
	asn_t *asn = room_for(count, sizeof(*asn));
	for (unsigned i = 0; i < count; i++) {
		asn[i] = begin + i;
	}
	struct asn_set *set = asn_set_new(asn, count);
	free(asn);
	return set;
}

static void give_meanings(struct policy *p)
{
	static const struct {
		enum community_name name;
		uint32_t field;
		bool has_peer_as;
	} rows[] = {
		{COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER, 0, true},
		{COMMUNITY_ANNOUNCE_TO_PEER, 1, true},
		{COMMUNITY_PREPEND_ONCE_TO_PEER, 101, true},
		{COMMUNITY_PREPEND_TWICE_TO_PEER, 102, true},
		{COMMUNITY_PREPEND_THRICE_TO_PEER, 103, true},
		{COMMUNITY_ORIGIN_PRESENT_IN_AS_SET, 64512, false},
		{COMMUNITY_PREFIX_PRESENT_IN_AS_SET, 64513, false},
		{COMMUNITY_PREFIX_VALIDATED_VIA_ROAS, 64514, false},
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		p->pattern[rows[i].name][COMMUNITY_LRG] =
			(struct community_pattern){.is_set = true,
						   .has_peer_as = rows[i].has_peer_as,
						   .field = {RS, rows[i].field}};
	}
}

/* Every rule that there is about what is announced. */
static struct policy *policy_make(const struct table *t, bool tags, struct prng *chance)
{
	struct policy *p = policy_new(MEMBERS);
	ASSERT(p != NULL);
	give_meanings(p);
	p->generation = 1;
	p->rs_as = RS;
	p->has_transit_rule = p->rejects_not_global = p->obeys_well_known = true;
	p->uses_roas_as_route_objects = true;
	p->tags_as_set = tags;
	p->transit_free = numbers(100, 14);
	p->never_via_rs = numbers(200, 200);
	p->bogon = bogons();
	p->global_black = bogons();
	p->roa = roas_of(t, chance);
	p->blackhole[FAMILY_IPV4] = p->blackhole[FAMILY_IPV6] = BLACKHOLE_UNCHANGED;
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct peer_policy *peer = p->peer[i] = peer_policy_new();
		ASSERT(peer != NULL);
		peer->asn = 1000 + i;
		peer->has_blackhole_to = true;
	}
	struct peer_policy *from = p->peer[0];
	from->asn = ORIGINS_BEGIN - 1000 - ORIGINS;
	from->addr = addr_v4(0xc6120001u);
	from->next_hop = NEXT_HOP_STRICT;
	from->path_len_max = 32;
	from->enforces_first_as = from->rejects_invalid_as = true;
	from->enforces_origin = from->enforces_prefix = true;
	from->has_rov = from->rejects_rov_invalid = true;
	from->communities_max = 100;
	from->black = bogons();
	from->as_set = numbers(ORIGINS_BEGIN, ORIGINS);
	from->as_set_prefix = all_of(t);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		from->len[f].min = 8;
		from->len[f].max = 128;
	}
	bool is_finished = policy_finish(p);
	ASSERT(is_finished);
	return p;
}

struct run {
	struct intern *intern;
	struct judge *judge;
	const struct attr **held;
	uint64_t accepted;
};

static void judge_all(struct run *r, const struct table *t, unsigned asking)
{
	static struct attr_draft draft;
	const struct next_hop hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	r->accepted = 0;
	for (size_t i = 0; i < t->set_count; i++) {
		uint32_t set = t->set[i];
		make_draft(set, asking != 0 && i % asking == 0, &draft);
		judge_begin(r->judge, 0, &draft, &hop, REJECT_NONE);
		for (unsigned k = 0; k < PER_SET; k++) {
			size_t at = (size_t)set * PER_SET + k;
			struct judged j = judge_route(r->judge, &t->prefix[at]);
			ASSERT(j.attr != NULL);
			r->held[at] = j.attr;
			r->accepted += j.reason == REJECT_NONE;
		}
		judge_end(r->judge);
	}
}

static void let_go(struct run *r, const struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		intern_adjust(r->intern, r->held[i], -1);
	}
	ASSERT(intern_count(r->intern) == 0);
}

static double measure(const struct table *t, const struct policy *p, unsigned asking,
		      double *out_accepted)
{
	double best = 1e18;
	struct run r = {.intern = intern_new(0, 1, 8u << 20),
			.held = room_for(t->count, sizeof(*r.held))};
	r.judge = judge_new(
		&(struct judge_opts){.intern = r.intern, .peer_count = MEMBERS, .key = 1});
	ASSERT(r.judge != NULL);
	bool is_adopted = judge_adopt(r.judge, p);
	ASSERT(is_adopted);
	for (unsigned round = 0; round < ROUNDS; round++) {
		double begin = now_ns();
		judge_all(&r, t, asking);
		double took = now_ns() - begin;
		best = took < best ? took : best;
		let_go(&r, t);
	}
	*out_accepted = (double)r.accepted / (double)t->count;
	intern_free(r.intern);
	judge_free(r.judge);
	free(r.held);
	return best / (double)t->count;
}

int main(int argc, char **argv)
{
	struct prng chance;
	double accepted;
	prng_init(&chance, 1);
	struct table t = table_make(argc > 1 ? argv[1] : NULL, &chance);
	struct policy *checks = policy_make(&t, false, &chance);
	struct policy *tags = policy_make(&t, true, &chance);
	double none = measure(&t, NULL, 0, &accepted);
	double checked = measure(&t, checks, 0, &accepted);
	double tagged = measure(&t, tags, 0, &accepted);
	double asked = measure(&t, checks, 10, &accepted);
	printf("{\"bench\": \"micro_judge\", \"prefixes\": %zu, \"sets\": %zu, \"is_real\": %s, "
	       "\"accepted\": %.3f, \"none_ns\": %.1f, \"checked_ns\": %.1f, \"tagged_ns\": %.1f, "
	       "\"asked_ns\": %.1f}\n",
	       t.count, t.set_count, argc > 1 ? "true" : "false", accepted, none, checked, tagged,
	       asked);
	policy_free(checks);
	policy_free(tags);
	free(t.prefix);
	free(t.set);
	return 0;
}
