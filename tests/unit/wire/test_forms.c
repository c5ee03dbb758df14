/* Forms of an UPDATE that two sides can agree on: path identifiers, IPv6 next hops of IPv4
 * prefixes, long messages. */
#include "tests/unit/wire/vector.h"
#include "rib/base/prng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ROUTES_MAX 9000
#define OUT_MAX	   (512 * 1024)

static struct prefix prefixes[ROUTES_MAX];
static uint32_t path_ids[ROUTES_MAX];
static uint8_t out[OUT_MAX];
static struct attr_draft draft;

static void random_routes(struct prng *p, enum family family)
{
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		uint8_t bytes[16];
		for (size_t b = 0; b < sizeof(bytes); b++) {
			bytes[b] = (uint8_t)prng_u64(p);
		}
		struct addr a = addr_make(family, bytes);
		unsigned bits = (unsigned)prng_below(p, family_bits((uint8_t)family) + 1);
		prefixes[i] = prefix_make(&a, bits);
		path_ids[i] = (uint32_t)prng_u64(p);
	}
}

static struct attr *set_with(uint8_t next_hop_len)
{
	static const char hex[] = "400101 00 40020a 0202 0000fbf4 0000fbf5 c00804 fbf40001";
	struct wr w = wr_of(draft.wire, sizeof(draft.wire));
	draft.wire_len = (uint16_t)hex_bytes(hex, w.at, wr_left(&w));
	attr_facts_compute(draft.wire, draft.wire_len, &draft.facts);
	struct next_hop next_hop = {.len = next_hop_len};
	memset(next_hop.bytes, 0x20, next_hop_len);
	return attr_of_draft(&draft, &next_hop);
}

static void expect_routes(const struct update_nlri *n, size_t *count)
{
	struct rd r = rd_of(n->nlri);
	struct prefix prefix;
	uint32_t path_id;
	uint32_t found = 0;
	while (nlri_next(&r, n->form, &prefix, &path_id)) {
		cr_assert(prefix_equal(&prefix, &prefixes[*count]));
		cr_assert_eq(path_id, n->form.has_path_ids ? path_ids[*count] : 0);
		(*count)++;
		found++;
	}
	cr_assert_eq(found, n->count);
}

/* Decode what was packed: every route in its order, in as few messages as it takes. */
static void expect_all_back(const struct wr *w, const struct update_form *form,
			    const struct attr *a)
{
	struct update_opts opts = {
		.is_as4 = true, .families = {true, true}, .has_next_hop6 = form->has_next_hop6};
	opts.has_path_ids[form->family] = form->has_path_ids;
	size_t count = 0;
	struct span rest = span_of(out, wr_len(w));
	while (rest.len > 0) {
		struct frame frame;
		struct notify why;
		struct update u;
		cr_assert_eq(frame_next(rest, form->message_max, &frame, &why), FRAME_OK);
		update_decode(frame.body, &opts, &draft, &u);
		cr_assert_eq(u.attrs.verdict, VERDICT_OK, "%s", u.attrs.reason);
		for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
			const struct update_nlri *n = a != NULL ? &u.announced[i] : &u.withdrawn[i];
			expect_routes(n, &count);
			if (a != NULL && n->nlri.len > 0) {
				cr_assert_eq(n->next_hop.len, a->next_hop_len);
			}
		}
		rest = span_of(rest.data + frame.len, rest.len - frame.len);
		cr_assert(rest.len == 0 || frame.len > form->message_max - 22u, "not full");
	}
	cr_assert_eq(count, ROUTES_MAX);
}

/* RFC 7911 §3, RFC 8654 §4, RFC 8950 §3: all forms, announced and withdrawn, there and back. */
Test(wire, every_form_is_packed_and_decoded)
{
	static const uint8_t next_hops[] = {0, 4, 16, 32}; /* 0: withdraw. */
	for (unsigned bits = 0; bits < 32; bits++) {
		struct update_form form = {
			.family = (bits & 1) != 0 ? FAMILY_IPV6 : FAMILY_IPV4,
			.is_as4 = true,
			.has_path_ids = (bits & 2) != 0,
			.message_max = (bits & 4) != 0 ? UINT16_MAX : BGP_MESSAGE_MAX,
			.has_next_hop6 = true,
		};
		uint8_t next_hop_len = next_hops[bits >> 3];
		if (form.family == FAMILY_IPV6 && next_hop_len == 4) {
			continue;
		}
		struct prng p;
		prng_init(&p, bits + 1);
		random_routes(&p, form.family);
		struct attr *a = next_hop_len > 0 ? set_with(next_hop_len) : NULL;
		struct update_paths paths = {
			.prefixes = prefixes,
			.path_ids = form.has_path_ids ? path_ids : NULL,
			.count = ROUTES_MAX,
		};
		struct wr w = wr_of(out, sizeof(out));
		cr_assert_eq(update_pack_paths(&w, &form, a, &paths), ROUTES_MAX);
		expect_all_back(&w, &form, a);
		free(a);
	}
}

/* The octets as the documents draw them. */
Test(wire, forms_are_written_to_the_octet)
{
	static const struct {
		struct update_form form;
		uint8_t next_hop_len;
		const char *want; /* After the header. */
	} cases[] = {
		/* RFC 7911 §3. */
		{{.family = FAMILY_IPV4, .has_path_ids = true},
		 4,
		 "0000 001f 400101 00 40020a 0202 0000fbf4 0000fbf5 400304 20202020"
		 "c00804 fbf40001 00000007 18c63364"},
		{{.family = FAMILY_IPV4, .has_path_ids = true}, 0, "0008 00000007 18c63364 0000"},
		/* RFC 8950 §3: AFI 1 with a next hop of 16. */
		{{.family = FAMILY_IPV4, .has_next_hop6 = true},
		 16,
		 "0000 0034 800e19 0001 01 10 20202020202020202020202020202020 00 18c63364"
		 "400101 00 40020a 0202 0000fbf4 0000fbf5 c00804 fbf40001"},
		{{.family = FAMILY_IPV4, .has_next_hop6 = true}, 0, "0004 18c63364 0000"},
		/* RFC 9234 §5. */
		{{.family = FAMILY_IPV4, .otc = 64500},
		 4,
		 "0000 0026 400101 00 40020a 0202 0000fbf4 0000fbf5 400304 20202020"
		 "c00804 fbf40001 c02304 0000fbf4 18c63364"},
		/* RFC 4271 §5.1.2. */
		{{.family = FAMILY_IPV4, .prepend = 64500},
		 4,
		 "0000 0023 400101 00 40020e 0203 0000fbf4 0000fbf4 0000fbf5 400304 20202020"
		 "c00804 fbf40001 18c63364"},
	};
	struct addr address = addr_v4(0xc6336400);
	struct prefix prefix = prefix_make(&address, 24);
	uint32_t path_id = 7;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct update_form form = cases[i].form;
		form.is_as4 = true;
		form.message_max = BGP_MESSAGE_MAX;
		struct attr *a = cases[i].next_hop_len > 0 ? set_with(cases[i].next_hop_len) : NULL;
		struct update_paths paths = {&prefix, form.has_path_ids ? &path_id : NULL, 1};
		struct wr w = wr_of(out, sizeof(out));
		cr_assert_eq(update_pack_paths(&w, &form, a, &paths), 1);
		uint8_t want[128];
		size_t len = hex_bytes(cases[i].want, want, sizeof(want));
		cr_assert_eq(wr_len(&w), BGP_HEADER_LEN + len, "case %zu: %zu", i, wr_len(&w));
		cr_assert_arr_eq(out + BGP_HEADER_LEN, want, len, "case %zu", i);
		free(a);
	}
}

/* RFC 8950 §4, RFC 4760 §3: a route goes only where its next hop can be written. */
Test(wire, a_next_hop_without_a_place_does_not_fit)
{
	static const uint8_t lens[] = {4, 16, 32};
	for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
		struct attr *a = set_with(lens[i]);
		for (unsigned f = 0; f < FAMILY_COUNT; f++) {
			struct update_form form = {.family = (enum family)f,
						   .message_max = BGP_MESSAGE_MAX};
			cr_expect_eq(update_fits(a, &form), (f == FAMILY_IPV4) == (lens[i] == 4));
			form.has_next_hop6 = true;
			cr_expect_eq(update_fits(a, &form), f == FAMILY_IPV4 || lens[i] != 4);
		}
		free(a);
	}
}

/* RFC 7911 §3, RFC 7606 §5.3: every cut of a prefix with its identifier is malformed. */
Test(wire, path_identifiers_cut_short_are_malformed)
{
	struct guard g;
	guard_init(&g);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		struct nlri_form form = {(enum family)f, true};
		uint8_t one[21] = {0, 0, 0, 1};
		one[4] = (uint8_t)family_bits((uint8_t)f);
		size_t whole = 5 + family_bytes((uint8_t)f);
		for (size_t len = 0; len <= whole; len++) {
			uint32_t count = 77;
			struct span in = guard_put(&g, one, len);
			bool is_good = len == 0 || len == whole;
			cr_expect_eq(nlri_is_valid(in, form, &count), is_good, "%zu octets", len);
			cr_expect_eq(count, len == whole ? 1 : 0);
			struct rd r = rd_of(in);
			struct prefix p;
			uint32_t path_id;
			cr_expect_eq(nlri_next(&r, form, &p, &path_id), len == whole);
		}
	}
	guard_fini(&g);
}
