/* Walking canonical attributes, and the facts computed from them.
 *
 * The bytes are our own encoding of what the codec has accepted, yet the walk is bounded by their
 * length alone: a length that runs past the end simply ends it. */
#include "rib/attr/attr.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"

#define LOCAL_PREF_DEFAULT 100

bool attr_wire_next(struct rd *r, uint8_t *out_flags, uint8_t *out_type, struct span *out_value)
{
	uint8_t flags = rd_u8(r);
	uint8_t type = rd_u8(r);
	size_t len = (flags & ATTR_FLAG_EXT_LEN) != 0 ? rd_u16(r) : rd_u8(r);
	struct span value = rd_span(r, len);

	if (!rd_is_ok(r)) {
		return false;
	}
	*out_flags = flags;
	*out_type = type;
	*out_value = value;
	return true;
}

bool attr_next(const struct attr *a, size_t *pos, uint8_t *out_flags, uint8_t *out_type,
	       struct span *out_value)
{
	ASSERT(*pos <= a->wire_len);
	struct rd r = rd_of(span_of(a->wire + *pos, a->wire_len - *pos));

	if (!attr_wire_next(&r, out_flags, out_type, out_value)) {
		return false;
	}
	*pos = (size_t)(r.at - a->wire);
	return true;
}

void attr_write(struct attr *a, const struct attr_draft *draft, const struct next_hop *next_hop)
{
	ASSERT(draft->wire_len <= ATTR_WIRE_MAX);
	ASSERT(next_hop->len <= sizeof(next_hop->bytes));
	*a = (struct attr){
		.facts = draft->facts,
		.wire_len = draft->wire_len,
		.next_hop_len = next_hop->len,
	};
	memcpy(a->wire, draft->wire, draft->wire_len);
	memcpy(a->wire + draft->wire_len, next_hop->bytes, next_hop->len);
}

struct span attr_find(const struct attr *a, uint8_t type)
{
	size_t pos = 0;
	uint8_t flags, found;
	struct span value;

	/* Ascending type codes: past the one we look for there is nothing to find. */
	while (attr_next(a, &pos, &flags, &found, &value) && found <= type) {
		if (found == type) {
			return value;
		}
	}
	return span_of(NULL, 0);
}

static size_t header_len(size_t value_len)
{
	return value_len > UINT8_MAX ? 4 : 3;
}

/* The facts of AS_PATH, from one walk; returns by how many bytes its RFC 6793 2-octet form is
 * longer. */
static int as_path_facts(struct span value, struct attr_facts *f)
{
	struct rd r = rd_of(value);
	uint8_t type;
	struct span asns;
	size_t len2 = 0;
	unsigned hops = 0;
	asn_t all = 0; /* Any bit above the 16th: a number that does not fit. */
	bool is_first = true;

	f->neighbor_as = 0;
	f->origin_as = 0;
	while (aspath_next(&r, 4, &type, &asns)) {
		struct rd list = rd_of(asns);
		asn_t first = rd_u32(&list);
		asn_t asn = first;

		all |= first;
		while (rd_left(&list) > 0) {
			asn = rd_u32(&list);
			all |= asn;
		}
		if (is_first && type == AS_SEQUENCE) {
			f->neighbor_as = first;
		}
		f->origin_as = type == AS_SEQUENCE ? asn : 0;
		hops += aspath_segment_hops(type, asns);
		len2 += 2 + asns.len / 2;
		is_first = false;
	}
	f->path_len = (uint16_t)hops;
	/* RFC 6793 §4.2.2: AS4_PATH only when a number does not fit.  It leaves confederation
	 * segments out; they are counted here all the same, to be on the safe side. */
	size_t form2 = header_len(len2) + len2;
	size_t form4 = header_len(value.len) + value.len;
	return all > UINT16_MAX ? (int)form2 : (int)form2 - (int)form4;
}

/* By how many bytes AGGREGATOR's 2-octet form is longer.  RFC 6793 §4.2.2. */
static int aggregator_extra(struct span value)
{
	struct rd r = rd_of(value);
	bool is_big = rd_u32(&r) > UINT16_MAX;

	/* 6 bytes of value instead of 8; with AS4_AGGREGATOR (3 + 8) beside it when needed. */
	return is_big ? 3 + 8 - 2 : -2;
}

static void community_facts(struct span value, struct attr_facts *f)
{
	struct rd r = rd_of(value);

	while (rd_left(&r) >= 4) {
		uint32_t community = rd_u32(&r);

		f->is_llgr_stale = f->is_llgr_stale || community == COMMUNITY_LLGR_STALE;
		f->is_no_llgr = f->is_no_llgr || community == COMMUNITY_NO_LLGR;
		f->is_graceful_shutdown |= community == COMMUNITY_GRACEFUL_SHUTDOWN;
	}
}

static uint32_t u32_of(struct span value)
{
	struct rd r = rd_of(value);

	return rd_u32(&r);
}

void attr_facts_compute(const uint8_t *wire, size_t wire_len, struct attr_facts *out)
{
	struct attr_facts f = {.local_pref = LOCAL_PREF_DEFAULT, .origin = ORIGIN_INCOMPLETE};
	struct rd r = rd_of(span_of(wire, wire_len));
	uint8_t flags, type;
	struct span value;
	int extra = 0;

	ASSERT(wire_len <= ATTR_WIRE_MAX);
	while (attr_wire_next(&r, &flags, &type, &value)) {
		struct attr_slice slice = {
			.offset = (uint16_t)(value.data - wire),
			.len = (uint16_t)value.len,
		};
		switch (type) {
		case ATTR_ORIGIN:
			f.origin = value.len > 0 ? value.data[0] : ORIGIN_INCOMPLETE;
			break;
		case ATTR_AS_PATH:
			f.as_path = slice;
			extra += as_path_facts(value, &f);
			break;
		case ATTR_MED:
			f.med = u32_of(value);
			f.has_med = true;
			break;
		case ATTR_LOCAL_PREF:
			f.local_pref = u32_of(value);
			break;
		case ATTR_AGGREGATOR:
			extra += aggregator_extra(value);
			break;
		case ATTR_COMMUNITIES:
			f.communities = slice;
			community_facts(value, &f);
			break;
		case ATTR_EXT_COMMUNITIES:
			f.ext_communities = slice;
			break;
		case ATTR_LARGE_COMMUNITIES:
			f.large_communities = slice;
			break;
		case ATTR_OTC:
			f.otc = u32_of(value);
			break;
		default:
			break;
		}
	}
	f.wire2_extra = extra > 0 ? (uint16_t)extra : 0;
	*out = f;
}

void attr_put(struct wr *w, uint8_t flags, uint8_t type, struct span value)
{
	bool is_long = header_len(value.len) > 3;

	wr_u8(w, is_long ? flags | ATTR_FLAG_EXT_LEN : flags & (uint8_t)~ATTR_FLAG_EXT_LEN);
	wr_u8(w, type);
	if (is_long) {
		wr_u16(w, (uint16_t)value.len);
	} else {
		wr_u8(w, (uint8_t)value.len);
	}
	wr_copy(w, value.data, value.len);
}

bool attr_add_community(const struct attr *a, uint32_t community, struct attr_draft *out)
{
	struct wr w = wr_of(out->wire, sizeof(out->wire));
	struct span old = {0};
	uint8_t flags = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE;
	size_t before = 0, after = 0; /* The attribute stands between, or would stand there. */
	size_t pos = 0;
	uint8_t its_flags, type;
	struct span value;

	while (attr_next(a, &pos, &its_flags, &type, &value) && type <= ATTR_COMMUNITIES) {
		after = pos;
		if (type == ATTR_COMMUNITIES) {
			old = value;
			flags = its_flags & (uint8_t)~ATTR_FLAG_EXT_LEN;
		} else {
			before = pos;
		}
	}
	wr_copy(&w, a->wire, before);
	wr_u8(&w, header_len(old.len + 4) > 3 ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(&w, ATTR_COMMUNITIES);
	if (header_len(old.len + 4) > 3) {
		wr_u16(&w, (uint16_t)(old.len + 4));
	} else {
		wr_u8(&w, (uint8_t)(old.len + 4));
	}
	wr_copy(&w, old.data, old.len);
	wr_u32(&w, community);
	wr_copy(&w, a->wire + after, a->wire_len - after);
	if (!wr_is_ok(&w)) {
		return false;
	}
	out->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(out->wire, out->wire_len, &out->facts);
	out->facts.local_pref = a->facts.local_pref;
	return true;
}

bool attr_add_otc(struct attr_draft *draft, asn_t otc)
{
	uint8_t bytes[3 + 4];
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct rd r = rd_of(span_of(draft->wire, draft->wire_len));
	size_t at = 0;
	uint8_t flags, type;
	struct span value;

	ASSERT(otc != 0 && draft->facts.otc == 0);
	if (draft->wire_len > ATTR_WIRE_MAX - sizeof(bytes)) {
		return false;
	}
	while (attr_wire_next(&r, &flags, &type, &value) && type < ATTR_OTC) {
		at = (size_t)(value.data + value.len - draft->wire);
	}
	wr_u8(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE);
	wr_u8(&w, ATTR_OTC);
	wr_u8(&w, 4);
	wr_u32(&w, otc);
	memmove(draft->wire + at + sizeof(bytes), draft->wire + at, draft->wire_len - at);
	memcpy(draft->wire + at, bytes, sizeof(bytes));
	draft->wire_len = (uint16_t)(draft->wire_len + sizeof(bytes));
	/* The slices that facts know lie before it: OTC has the highest of their types. */
	draft->facts.otc = otc;
	return true;
}
