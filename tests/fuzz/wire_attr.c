/* Path attributes alone: what was accepted is canonical, so decoding it again changes nothing.
 *
 * Input: a byte that says how the session reads (wire_opts.h), one whose lowest bit tells whether
 * there are IPv4 prefixes, then the attributes. */
#include <stdlib.h>

#include "rib/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire_opts.h"

#define OTC_ADDED 64499

static void check_canonical(const struct attr_draft *draft, uint8_t how)
{
	static struct attr_draft again;
	struct update_opts opts = wire_opts(how & (uint8_t) ~(HOW_AS2 | HOW_FIRST_AS));
	struct attr_result r;

	attr_decode(guarded(span_of(draft->wire, draft->wire_len)), &opts, false, &again, &r);
	ASSERT(r.verdict == VERDICT_OK);
	ASSERT(again.wire_len == draft->wire_len);
	ASSERT(memcmp(again.wire, draft->wire, draft->wire_len) == 0);
	ASSERT(again.facts.path_len == draft->facts.path_len);
	ASSERT(again.facts.otc == draft->facts.otc);
}

/* Types ascend, and no attribute that stands elsewhere is among them. */
static void check_order(const struct attr_draft *draft)
{
	struct rd r = rd_of(span_of(draft->wire, draft->wire_len));
	int before = -1;

	while (rd_left(&r) > 0) {
		uint8_t flags = rd_u8(&r);
		uint8_t type = rd_u8(&r);
		size_t len = (flags & ATTR_FLAG_EXT_LEN) != 0 ? rd_u16(&r) : rd_u8(&r);

		rd_span(&r, len);
		ASSERT(rd_is_ok(&r));
		ASSERT(type > before);
		ASSERT(type != ATTR_NEXT_HOP && type != ATTR_LOCAL_PREF);
		ASSERT(type != ATTR_MP_REACH_NLRI && type != ATTR_MP_UNREACH_NLRI);
		ASSERT(type != ATTR_AS4_PATH && type != ATTR_AS4_AGGREGATOR);
		ASSERT((flags & ATTR_FLAG_EXT_LEN) == 0 || len > UINT8_MAX);
		before = type;
	}
}

/* Written in every form: as long as foretold, and read again it is the same. */
static void check_forms(const struct attr_draft *draft, uint8_t how)
{
	static struct attr_draft again;
	const struct next_hop next_hop = {.len = 4, .bytes = {198, 18, 0, 2}};
	struct attr *a = malloc(attr_bytes(draft->wire_len, next_hop.len));
	struct attr_result r;

	ASSERT(a != NULL);
	attr_write(a, draft, &next_hop);
	attr_facts_compute(a->wire, a->wire_len, &a->facts);
	ASSERT(a->facts.wire2_extra == draft->facts.wire2_extra);
	for (unsigned i = 0; i < 8; i++) {
		struct attr_form form = {.has_next_hop = (i & 1) != 0,
					 .is_as4 = (i & 2) != 0,
					 .otc = (i & 4) != 0 ? OTC_ADDED : 0};
		struct update_opts opts = wire_opts(how & (uint8_t) ~(HOW_FIRST_AS | HOW_LISTS));
		size_t len = attr_encoded_len(a, &form);
		uint8_t *bytes = malloc(len + 1); /* The sanitizer guards its end. */
		struct wr w = wr_of(bytes, len);

		ASSERT(bytes != NULL);
		attr_encode(&w, a, &form);
		ASSERT(wr_is_ok(&w) && wr_len(&w) == len);
		opts.is_as4 = form.is_as4;
		attr_decode(span_of(bytes, len), &opts, false, &again, &r);
		ASSERT(r.verdict == VERDICT_OK && r.has_next_hop == form.has_next_hop);
		bool adds_otc = form.otc != 0 && a->facts.otc == 0;
		ASSERT(again.facts.otc == (adds_otc ? form.otc : a->facts.otc));
		ASSERT(again.wire_len == a->wire_len + (adds_otc ? 7 : 0));
		ASSERT(adds_otc || memcmp(again.wire, a->wire, a->wire_len) == 0);
		free(bytes);
	}
	free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct attr_draft draft;
	struct attr_result r;

	if (len < 2) {
		return 0;
	}
	struct update_opts opts = wire_opts(data[0]);
	struct span in = guarded(span_of(data + 2, len - 2));
	attr_decode(in, &opts, (data[1] & 1) != 0, &draft, &r);
	ASSERT(r.verdict < VERDICT_COUNT);
	check_order(&draft);
	if (attr_is_usable(&r)) {
		check_canonical(&draft, data[0]);
		check_forms(&draft, data[0]);
	} else if (r.verdict == VERDICT_SESSION_RESET) {
		ASSERT(draft.wire_len == 0);
	}
	return 0;
}
