/* Path attributes: canonical bytes, and random sets there and back. */
#include "tests/unit/wire/vector.h"
#include "rib/attr/aspath.h"
#include "rib/base/prng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SET_ATTRS_MAX 12

/* One attribute as the test means it: the codec is not asked. */
struct made {
	uint8_t type;
	uint8_t flags;
	uint16_t len;
	uint8_t value[1200];
};

struct set {
	size_t count;
	struct made attrs[SET_ATTRS_MAX];
};

static struct attr_draft draft;
static struct attr_draft draft_again;
static uint8_t bytes[VECTOR_MAX];
static struct set set;

static void random_fill(struct prng *p, struct made *m, size_t len)
{
	m->len = (uint16_t)len;
	for (size_t i = 0; i < len; i++) {
		m->value[i] = (uint8_t)prng_u64(p);
	}
}

static void random_path(struct prng *p, struct made *m)
{
	struct wr w = wr_of(m->value, sizeof(m->value));
	unsigned segs = (unsigned)prng_below(p, 4);
	for (unsigned s = 0; s < segs; s++) {
		unsigned count = 1 + (unsigned)prng_below(p, prng_chance(p, 1, 8) ? 90 : 5);
		wr_u8(&w, (uint8_t)(1 + prng_below(p, 2)));
		wr_u8(&w, (uint8_t)count);
		for (unsigned i = 0; i < count; i++) {
			bool is_large = prng_chance(p, 1, 3);
			wr_u32(&w, 1 + (asn_t)prng_below(p, is_large ? UINT32_MAX : UINT16_MAX));
		}
	}
	m->len = (uint16_t)wr_len(&w);
}

static struct made *add(uint8_t type, uint8_t flags)
{
	struct made *m = &set.attrs[set.count++];
	m->type = type;
	m->flags = flags;
	m->len = 0;
	return m;
}

static void add_some(struct prng *p, uint8_t type, uint8_t flags, size_t unit, size_t units_max)
{
	if (prng_chance(p, 1, 2)) {
		bool is_partial = flags == 0xc0 && prng_chance(p, 1, 4);
		struct made *m = add(type, is_partial ? flags | ATTR_FLAG_PARTIAL : flags);
		random_fill(p, m, unit * (1 + (size_t)prng_below(p, units_max)));
	}
}

/* A well-formed set in ascending order; the flags are the canonical ones. */
static void random_set(struct prng *p)
{
	set.count = 0;
	struct made *m = add(ATTR_ORIGIN, 0x40);
	m->len = 1;
	m->value[0] = (uint8_t)prng_below(p, 3);
	random_path(p, add(ATTR_AS_PATH, 0x40));
	add_some(p, ATTR_MED, 0x80, 4, 1);
	if (prng_chance(p, 1, 4)) {
		add(ATTR_ATOMIC_AGGREGATE, 0x40);
	}
	if (prng_chance(p, 1, 4)) {
		m = add(ATTR_AGGREGATOR, 0xc0);
		random_fill(p, m, 8);
		m->value[3] |= 1; /* Not AS 0. */
	}
	add_some(p, ATTR_COMMUNITIES, 0xc0, 4, 80);
	size_t before = set.count;
	add_some(p, ATTR_EXT_COMMUNITIES, 0xc0, 8, 40);
	for (size_t i = 0; set.count > before && i < set.attrs[before].len; i += 8) {
		set.attrs[before].value[i] &= 0xbf; /* Transitive: others do not stay. */
	}
	add_some(p, ATTR_LARGE_COMMUNITIES, 0xc0, 12, 30);
	if (prng_chance(p, 1, 2)) { /* Unknown: arrives without Partial, is kept with it. */
		random_fill(p, add(0x63, 0xe0), (size_t)prng_below(p, 300));
	}
}

/* Without `sloppy` the canonical form: the shortest length, exact flags; with it, what a sloppy
 * neighbour might send. */
static void put_made(struct wr *w, const struct made *m, struct prng *sloppy)
{
	bool is_long = m->len > 255 || (sloppy != NULL && prng_chance(sloppy, 1, 4));
	uint8_t flags = m->flags;
	if (sloppy != NULL) {
		flags |= (uint8_t)prng_below(sloppy, 16); /* Unused bits. */
		if (m->type == 0x63 && prng_chance(sloppy, 1, 2)) {
			flags &= (uint8_t)~ATTR_FLAG_PARTIAL;
		}
	}
	wr_u8(w, is_long ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(w, m->type);
	if (is_long) {
		wr_u16(w, m->len);
	} else {
		wr_u8(w, (uint8_t)m->len);
	}
	wr_copy(w, m->value, m->len);
}

static size_t put_shuffled(struct prng *p, uint8_t *out, size_t max)
{
	size_t order[SET_ATTRS_MAX];
	for (size_t i = 0; i < set.count; i++) {
		size_t j = (size_t)prng_below(p, i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	struct wr w = wr_of(out, max);
	for (size_t i = 0; i < set.count; i++) {
		put_made(&w, &set.attrs[order[i]], p);
	}
	cr_assert(wr_is_ok(&w));
	return wr_len(&w);
}

/* Encode the draft for `is_as4`, decode that, and expect the same draft. */
static void expect_round_trip(const struct guard *g, bool is_as4, uint64_t seed)
{
	static uint8_t out[VECTOR_MAX];
	struct next_hop next_hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	struct attr *a = attr_of_draft(&draft, &next_hop);
	struct attr_form form = {.has_next_hop = true, .is_as4 = is_as4};
	struct wr w = wr_of(out, a->wire_len + a->facts.wire2_extra + 7u);
	attr_encode(&w, a, &form);
	cr_assert(wr_is_ok(&w), "seed %lu: longer than wire_len + wire2_extra + 7", seed);
	cr_assert_eq(wr_len(&w), attr_encoded_len(a, &form), "seed %lu", seed);
	struct update_opts opts = {.is_as4 = is_as4, .accepts_as_set = true};
	struct attr_result r;
	attr_decode(guard_put(g, out, wr_len(&w)), &opts, true, &draft_again, &r);
	cr_assert_eq(r.verdict, VERDICT_OK, "seed %lu: %s", seed, r.reason ? r.reason : "");
	cr_assert_eq(draft_again.wire_len, draft.wire_len, "seed %lu as4 %d", seed, is_as4);
	cr_assert_arr_eq(draft_again.wire, draft.wire, draft.wire_len, "seed %lu", seed);
	cr_assert_eq(r.next_hop.len, 4);
	cr_assert_arr_eq(r.next_hop.bytes, next_hop.bytes, 4);
	free(a);
}

/* RFC 4271 §5, RFC 6793 §4.2: 2,000 random sets in random order become the expected canonical
 * bytes, and come back the same through new and old speakers. */
Test(wire, random_sets_are_canonical_and_survive_the_round_trip)
{
	struct guard g;
	guard_init(&g);
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct prng p;
		prng_init(&p, seed);
		random_set(&p);
		size_t len = put_shuffled(&p, bytes, sizeof(bytes));
		struct update_opts opts = {.is_as4 = true, .accepts_as_set = true};
		struct attr_result r;
		attr_decode(guard_put(&g, bytes, len), &opts, false, &draft, &r);
		cr_assert_eq(r.verdict, VERDICT_OK, "seed %lu: %s", seed, r.reason ? r.reason : "");
		static uint8_t want[VECTOR_MAX];
		struct wr w = wr_of(want, sizeof(want));
		for (size_t i = 0; i < set.count; i++) {
			put_made(&w, &set.attrs[i], NULL);
		}
		cr_assert_eq(draft.wire_len, wr_len(&w), "seed %lu", seed);
		cr_assert_arr_eq(draft.wire, want, wr_len(&w), "seed %lu", seed);
		expect_round_trip(&g, true, seed);
		expect_round_trip(&g, false, seed);
	}
	guard_fini(&g);
}

/* What is accepted, however mangled, is a well-formed canonical set. */
static void expect_well_formed(const struct guard *g, uint64_t seed)
{
	struct update_opts opts = {.is_as4 = true, .accepts_as_set = true};
	struct attr_result r;
	attr_decode(guard_put(g, draft.wire, draft.wire_len), &opts, false, &draft_again, &r);
	cr_assert_eq(r.verdict, VERDICT_OK, "seed %lu: %s", seed, r.reason ? r.reason : "");
	cr_assert_eq(draft_again.wire_len, draft.wire_len, "seed %lu", seed);
	cr_assert_arr_eq(draft_again.wire, draft.wire, draft.wire_len, "seed %lu", seed);
}

/* RFC 7606: mangled bytes get a verdict, never a crash; the rest of the rows is in test_error.c. */
Test(wire, mangled_sets_are_judged_without_harm)
{
	struct guard g;
	guard_init(&g);
	unsigned verdicts[VERDICT_SESSION_RESET + 1] = {0};
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct prng p;
		prng_init(&p, seed);
		random_set(&p);
		size_t len = put_shuffled(&p, bytes, sizeof(bytes));
		for (unsigned n = 1 + (unsigned)prng_below(&p, 4); n > 0; n--) {
			/* Headers lie in front more often than anywhere else. */
			size_t reach = prng_chance(&p, 1, 2) ? min_u64(len, 24) : len;
			bytes[prng_below(&p, reach)] = (uint8_t)prng_u64(&p);
		}
		struct update_opts opts = {
			.is_as4 = prng_chance(&p, 1, 2),
			.accepts_as_set = true,
		};
		struct attr_result r;
		bool has_nlri = prng_chance(&p, 1, 2);
		attr_decode(guard_put(&g, bytes, len), &opts, has_nlri, &draft, &r);
		verdicts[r.verdict]++;
		if (r.verdict <= VERDICT_ATTR_DISCARD && draft.wire_len > 0) {
			expect_well_formed(&g, seed);
		}
	}
	cr_expect_gt(verdicts[VERDICT_OK], 0);
	cr_expect_gt(verdicts[VERDICT_ATTR_DISCARD], 0);
	cr_expect_gt(verdicts[VERDICT_TREAT_AS_WITHDRAW], 0);
	cr_expect_gt(verdicts[VERDICT_SESSION_RESET], 0);
	guard_fini(&g);
}

/* RFC 4271 §4.3, RFC 7947 §2: the canonical set holds what members are to see, and no more. */
Test(wire, draft_leaves_out_what_does_not_travel)
{
	uint8_t in[512];
	size_t len = hex_bytes("c00804 fbf40001" /* Out of order. */
			       "800e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8"
			       "400101 02 400206 0201 0000fbf4 400304 c6120001 400504 00000064"
			       "800404 00000007 806301 aa c06401 bb 801a03 010003 800904 01020304",
			       in, sizeof(in));
	struct update_opts opts = {.is_as4 = true};
	struct attr_result r;
	attr_decode(span_of(in, len), &opts, true, &draft, &r);
	cr_assert_eq(r.verdict, VERDICT_ATTR_DISCARD);
	uint8_t want[128];
	size_t want_len = hex_bytes("400101 02 400206 0201 0000fbf4 800404 00000007"
				    "c00804 fbf40001 e06401 bb",
				    want, sizeof(want));
	cr_assert_eq(draft.wire_len, want_len);
	cr_assert_arr_eq(draft.wire, want, want_len);
	cr_assert_eq(draft.facts.med, 7);
	cr_assert(draft.facts.has_med);
	cr_assert_eq(draft.facts.local_pref, 100);
	cr_assert_eq(draft.facts.origin, ORIGIN_INCOMPLETE);
	cr_assert_eq(draft.facts.neighbor_as, 64500);
	cr_assert_eq(draft.facts.path_len, 1);
	cr_assert(r.has_next_hop);
	cr_assert(r.reach.is_present && r.reach.is_known);
	cr_assert_eq(r.reach.nlri.len, 5);
	for (unsigned type = 0; type < 256; type++) {
		static const uint8_t present[] = {1, 2, 3, 4, 5, 8, 9, 14, 26, 0x63, 0x64};
		bool want_seen = memchr(present, (int)type, sizeof(present)) != NULL;
		cr_expect_eq((r.seen[type / 32] >> (type % 32) & 1) != 0, want_seen, "%u", type);
	}
}

/* A set beyond the budget of a draft cannot be kept: only extended messages can carry one. */
Test(wire, set_beyond_the_budget_is_withdrawn)
{
	static uint8_t in[VECTOR_MAX];
	struct wr w = wr_of(in, sizeof(in));
	uint8_t head[64];
	wr_copy(&w, head,
		hex_bytes("400101 00 400206 0201 0000fbf4 400304 c6120001", head, sizeof(head)));
	size_t before = wr_len(&w);
	for (unsigned type = 0x63; type < 0x65; type++) {
		wr_u8(&w, 0xd0);
		wr_u8(&w, (uint8_t)type);
		wr_u16(&w, 5000);
		w.at += 5000;
	}
	struct update_opts opts = {.is_as4 = true};
	struct attr_result r;
	attr_decode(span_of(in, wr_len(&w)), &opts, true, &draft, &r);
	cr_assert_eq(r.verdict, VERDICT_TREAT_AS_WITHDRAW);
	cr_assert_str_eq(r.reason, "attribute set is too large");
	cr_assert_eq(draft.wire_len, 0);
	attr_decode(span_of(in, before + 5004), &opts, true, &draft, &r);
	cr_assert_eq(r.verdict, VERDICT_OK);
}

/* RFC 2545 §3: one address, two, or two of which the second is unset. */
Test(wire, ipv6_next_hop_forms)
{
	static const struct {
		const char *next_hop;
		uint8_t want;
	} cases[] = {
		{"10 20010db8000000000000000000000001", 16},
		{"20 20010db8000000000000000000000001 fe800000000000000000000000000001", 32},
		{"20 20010db8000000000000000000000001 00000000000000000000000000000000", 16},
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t value[64];
		size_t len = hex_bytes("0002 01", value, sizeof(value));
		len += hex_bytes(cases[i].next_hop, value + len, sizeof(value) - len);
		len += hex_bytes("00 20 20010db8", value + len, sizeof(value) - len);
		uint8_t in[128];
		struct wr w = wr_of(in, sizeof(in));
		wr_u8(&w, 0x80);
		wr_u8(&w, 14);
		wr_u8(&w, (uint8_t)len);
		wr_copy(&w, value, len);
		uint8_t rest[32];
		wr_copy(&w, rest, hex_bytes("400101 00 400206 0201 0000fbf4", rest, sizeof(rest)));
		struct update_opts opts = {.is_as4 = true, .accepts_as_set = true};
		struct attr_result r;
		attr_decode(span_of(in, wr_len(&w)), &opts, false, &draft, &r);
		cr_expect_eq(r.verdict, VERDICT_OK);
		cr_expect_eq(r.reach.next_hop.len, cases[i].want, "case %zu", i);
		cr_expect_eq(r.reach.next_hop.bytes[15], 1);
	}
}

static void decode_ok(const char *attrs, const struct update_opts *opts)
{
	uint8_t in[1024];
	struct attr_result r;
	size_t len = hex_bytes("400101 00 400206 0201 0000fbf4 400304 c6120001", in, sizeof(in));
	len += hex_bytes(attrs, in + len, sizeof(in) - len);
	attr_decode(span_of(in, len), opts, true, &draft, &r);
	cr_assert_eq(r.verdict, VERDICT_OK, "%s", r.reason == NULL ? "" : r.reason);
}

/* The draft beside ORIGIN and AS_PATH is `want`. */
static void expect_rest(const char *want)
{
	uint8_t bytes_want[512];
	size_t len = hex_bytes(want, bytes_want, sizeof(bytes_want));
	cr_assert_eq(draft.wire_len, 4 + 9 + len, "%u octets", draft.wire_len);
	cr_assert_arr_eq(draft.wire + 13, bytes_want, len);
}

/* RFC 4360 §6, RFC 5701 §2, RFC 8097 §2: what is not transitive stays in its AS.  RFC 8092 §3:
 * "silently remove redundant" values. */
Test(wire, communities_that_do_not_travel_are_left_out)
{
	static const struct update_opts opts = {.is_as4 = true};
	decode_ok("c01018 0002fbf400000001 4300000000000002 0003fbf400000002", &opts);
	expect_rest("c01010 0002fbf400000001 0003fbf400000002");
	decode_ok("c01008 4300000000000002", &opts);
	expect_rest("");
	decode_ok("c01928 400220010db8000000000000000000000001 0001"
		  "000220010db8000000000000000000000001 0002",
		  &opts);
	expect_rest("c01914 000220010db8000000000000000000000001 0002");
	decode_ok("c0203c 0000fbf40000000100000002 0000fbf40000000100000003"
		  "0000fbf40000000100000002 0000fbf40000000100000004 0000fbf40000000100000003",
		  &opts);
	expect_rest("c02024 0000fbf40000000100000002 0000fbf40000000100000003"
		    "0000fbf40000000100000004");
}

/* RFC 4271 §4.3: what is taken out may bring a length back to one octet. */
Test(wire, cleaned_attribute_has_the_shortest_header)
{
	static uint8_t in[1024];
	struct update_opts opts = {.is_as4 = true};
	struct attr_result r;
	struct wr w = wr_of(in, sizeof(in));
	uint8_t head[64];
	wr_copy(&w, head,
		hex_bytes("400101 00 400206 0201 0000fbf4 400304 c6120001", head, sizeof(head)));
	wr_u16(&w, 0xd020);
	wr_u16(&w, 30 * 12);
	for (unsigned i = 0; i < 30; i++) {
		wr_u32(&w, 64500);
		wr_u32(&w, 1);
		wr_u32(&w, i % 3);
	}
	attr_decode(span_of(in, wr_len(&w)), &opts, true, &draft, &r);
	cr_assert_eq(r.verdict, VERDICT_OK);
	expect_rest("c02024 0000fbf40000000100000000 0000fbf40000000100000001"
		    "0000fbf40000000100000002");
}

/* RFC 9234 §5: read as a fact; written where there is none and the form asks for it. */
Test(wire, otc_is_read_and_added)
{
	static const struct update_opts opts = {.is_as4 = true};
	struct next_hop next_hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	for (unsigned has = 0; has < 2; has++) {
		decode_ok(has != 0 ? "c02304 0000fbf5 c06301 aa" : "c06301 aa", &opts);
		cr_expect_eq(draft.facts.otc, has != 0 ? 64501 : 0);
		struct attr *a = attr_of_draft(&draft, &next_hop);
		for (unsigned is_as4 = 0; is_as4 < 2; is_as4++) {
			struct attr_form form = {
				.has_next_hop = true, .is_as4 = is_as4 != 0, .otc = 64500};
			uint8_t out[256];
			struct wr w = wr_of(out, sizeof(out));
			attr_encode(&w, a, &form);
			cr_assert_eq(wr_len(&w), attr_encoded_len(a, &form));
			struct update_opts back = {.is_as4 = is_as4 != 0};
			struct attr_result r;
			attr_decode(span_of(out, wr_len(&w)), &back, true, &draft_again, &r);
			cr_assert_eq(r.verdict, VERDICT_OK);
			cr_expect_eq(draft_again.facts.otc, has != 0 ? 64501 : 64500);
			cr_expect_eq(draft_again.wire_len, draft.wire_len + (has != 0 ? 0 : 7));
		}
		free(a);
	}
}

/* RFC 4271 §5.1.2 b, RFC 6793 §4.2.2: our AS before paths of every beginning and length, for new
 * and old speakers; read back, the path is ours and the old one. */
Test(wire, an_as_is_prepended)
{
	static const struct {
		uint8_t type;
		unsigned count; /* In the first segment; 0: an empty path. */
	} cases[] = {{AS_SEQUENCE, 0},	{AS_SEQUENCE, 1}, {AS_SEQUENCE, 61},  {AS_SEQUENCE, 62},
		     {AS_SEQUENCE, 63}, {AS_SET, 62},	  {AS_SEQUENCE, 254}, {AS_SEQUENCE, 255}};
	static const asn_t ours[] = {64500, 4200000000};
	struct next_hop next_hop = {.len = 4, .bytes = {198, 18, 0, 1}};
	for (unsigned i = 0; i < ARRAY_COUNT(cases) * 4; i++) {
		uint8_t in[1100], path[1100], out[2300];
		struct wr p = wr_of(path, sizeof(path));
		for (unsigned k = 0; k < cases[i / 4].count; k++) {
			if (k == 0) {
				wr_u8(&p, cases[i / 4].type);
				wr_u8(&p, (uint8_t)cases[i / 4].count);
			}
			wr_u32(&p, 64501 + k % 2 * 4200000000u % 70000);
		}
		struct wr w = wr_of(in, sizeof(in));
		wr_u32(&w, 0x40010100);
		attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, span_of(path, wr_len(&p)));
		wr_u32(&w, 0x40030400);
		w.at--;
		wr_u32(&w, 0xc6120001);
		const struct update_opts new = {.is_as4 = true, .accepts_as_set = true};
		struct attr_result r;
		attr_decode(span_of(in, wr_len(&w)), &new, true, &draft, &r);
		cr_assert_eq(r.verdict, VERDICT_OK, "case %u: %s", i, r.reason);
		struct attr *a = attr_of_draft(&draft, &next_hop);
		struct attr_form form = {
			.has_next_hop = true, .is_as4 = i % 2 == 0, .prepend = ours[i / 2 % 2]};
		struct wr o = wr_of(out, sizeof(out));
		attr_encode(&o, a, &form);
		cr_assert(wr_is_ok(&o));
		cr_expect_eq(wr_len(&o), attr_encoded_len(a, &form), "case %u", i);
		struct update_opts back = {.is_as4 = form.is_as4, .accepts_as_set = true};
		attr_decode(span_of(out, wr_len(&o)), &back, true, &draft_again, &r);
		cr_assert_eq(r.verdict, VERDICT_OK, "case %u: %s", i, r.reason);
		const struct attr_facts *was = &draft.facts, *now = &draft_again.facts;
		cr_expect_eq(now->path_len, was->path_len + 1, "case %u", i);
		cr_expect_eq(now->neighbor_as, form.prepend, "case %u", i);
		bool is_joined = cases[i / 4].type == AS_SEQUENCE && cases[i / 4].count > 0 &&
				 cases[i / 4].count < 255;
		cr_expect_eq(now->as_path.len, was->as_path.len + (is_joined ? 4 : 6), "case %u",
			     i);
		size_t rest = was->as_path.len - (is_joined ? 2u : 0u);
		cr_expect_arr_eq(draft_again.wire + now->as_path.offset + now->as_path.len - rest,
				 draft.wire + was->as_path.offset + was->as_path.len - rest, rest);
		free(a);
	}
}
