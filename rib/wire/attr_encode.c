/* Path attributes: from an interned set to the bytes of an UPDATE.
 *
 * The canonical bytes are what a speaker of 4-octet AS numbers gets; only NEXT_HOP is put in its
 * place.  An old speaker gets AS_PATH and AGGREGATOR with 2-octet numbers and, where one did not
 * fit, the truth in AS4_PATH and AS4_AGGREGATOR (RFC 6793 §4.2.2).  Order stays ascending.
 *
 * RFC 4271 §5 ("SHOULD order path attributes"), §5.1.2, §5.1.3; RFC 6793 §4.2.2; RFC 9234 §5. */
#include "rib/wire/attr_codec.h"

#include "rib/base/check.h"
#include "rib/wire/as2.h"
#include "rib/wire/attr_row.h"

#define TYPE_PAST_END 256u
#define NEXT_HOP_LEN  (3u + 4u) /* With the header. */
#define OTC_LEN	      (3u + 4u)

#define PREPENDED_MAX (ATTR_WIRE_MAX + 2u + 4u)

struct encoder {
	struct wr *w;
	const struct attr *a;
	const struct attr_form *form;
	uint8_t prepended[PREPENDED_MAX]; /* AS_PATH, where an AS is prepended. */
};

static struct span path_of(const struct attr *a)
{
	return span_of(a->wire + a->facts.as_path.offset, a->facts.as_path.len);
}

/* RFC 4271 §5.1.2 b: an AS that is prepended goes into a leading AS_SEQUENCE that has room for it,
 * or else makes one of its own. */
static bool is_joined(struct span path)
{
	return path.len > 0 && path.data[0] == AS_SEQUENCE && path.data[1] < UINT8_MAX;
}

/* AS_PATH as it is sent, of 4-octet numbers. */
static struct span sent_path(struct encoder *e)
{
	struct span path = path_of(e->a);
	if (e->form->prepend == 0) {
		return path;
	}
	bool joins = is_joined(path);
	struct wr w = wr_of(e->prepended, sizeof(e->prepended));
	wr_u8(&w, AS_SEQUENCE);
	wr_u8(&w, joins ? (uint8_t)(path.data[1] + 1) : 1);
	wr_u32(&w, e->form->prepend);
	wr_copy(&w, path.data + (joins ? 2 : 0), path.len - (joins ? 2 : 0));
	ASSERT(wr_is_ok(&w));
	return span_of(e->prepended, wr_len(&w));
}

/* By how much it makes the attributes longer. */
static size_t prepended_len(const struct attr *a)
{
	struct span path = path_of(a);
	size_t more = is_joined(path) ? 4 : 6;
	bool is_header_longer = path.len <= UINT8_MAX && path.len + more > UINT8_MAX;
	return more + (is_header_longer ? 1 : 0);
}

static void put_next_hop(const struct encoder *e)
{
	struct span hop = attr_next_hop_octets(e->a);
	ASSERT(hop.len == 4);
	attr_put_header(e->w, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, 4);
	wr_copy(e->w, hop.data, 4);
}

static void put_as4_path(struct encoder *e)
{
	struct span path = sent_path(e);
	if (!as2_path_is_mappable(path)) {
		attr_put_header(e->w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_AS4_PATH,
				path.len);
		wr_copy(e->w, path.data, path.len);
	}
}

static bool aggregator_is_mappable(struct span value)
{
	struct rd r = rd_of(value);
	return rd_u32(&r) <= UINT16_MAX;
}

static void put_as4_aggregator(const struct encoder *e)
{
	struct span value = attr_find(e->a, ATTR_AGGREGATOR);
	if (value.len > 0 && !aggregator_is_mappable(value)) {
		attr_put_header(e->w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
				ATTR_AS4_AGGREGATOR, value.len);
		wr_copy(e->w, value.data, value.len);
	}
}

/* RFC 9234 §5: where there is one already, it stands among the canonical bytes. */
static void put_otc(const struct encoder *e)
{
	attr_put_header(e->w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC, 4);
	wr_u32(e->w, e->form->otc);
}

/* Whether `type` belongs between the attributes `before` and `after`. */
static bool is_place(unsigned before, uint8_t type, unsigned after)
{
	return before < type && type < after;
}

/* What does not stand among the canonical bytes, in its place. */
static void put_between(struct encoder *e, unsigned before, unsigned after)
{
	if (e->form->has_next_hop && is_place(before, ATTR_NEXT_HOP, after)) {
		put_next_hop(e);
	}
	if (is_place(before, ATTR_AS4_PATH, after)) {
		put_as4_path(e);
	}
	if (is_place(before, ATTR_AS4_AGGREGATOR, after)) {
		put_as4_aggregator(e);
	}
	if (e->form->otc != 0 && is_place(before, ATTR_OTC, after)) {
		put_otc(e);
	}
}

static void put_aggregator2(const struct encoder *e, uint8_t flags, struct span value)
{
	struct rd r = rd_of(value);
	asn_t asn = rd_u32(&r);
	attr_put_header(e->w, flags, ATTR_AGGREGATOR, 6);
	wr_u16(e->w, asn > UINT16_MAX ? AS_TRANS : (uint16_t)asn);
	wr_copy(e->w, r.at, rd_left(&r));
}

static void put_one(struct encoder *e, uint8_t flags, uint8_t type, struct span value)
{
	flags &= (uint8_t)~ATTR_FLAG_EXT_LEN;
	if (type == ATTR_AS_PATH) {
		value = sent_path(e);
		attr_put_header(e->w, flags, type, as2_path_len(value));
		as2_path_encode(e->w, value);
	} else if (type == ATTR_AGGREGATOR) {
		put_aggregator2(e, flags, value);
	} else {
		attr_put_header(e->w, flags, type, value.len);
		wr_copy(e->w, value.data, value.len);
	}
}

/* Copy the canonical attributes from `*pos` on whose type is below `type`. */
static void copy_below(const struct encoder *e, size_t *pos, unsigned type)
{
	size_t from = *pos;
	size_t to = from;
	uint8_t flags;
	uint8_t found;
	struct span value;
	while (attr_next(e->a, pos, &flags, &found, &value) && found < type) {
		to = *pos;
	}
	wr_copy(e->w, e->a->wire + from, to - from);
	*pos = to;
}

static void put_prepended(struct encoder *e)
{
	struct span path = sent_path(e);
	attr_put_header(e->w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path.len);
	wr_copy(e->w, path.data, path.len);
}

/* For 4-octet speakers the canonical bytes are right as they are: two things may come between, and
 * AS_PATH may begin with another AS. */
static void encode_as4(struct encoder *e)
{
	size_t pos = 0;
	if (e->form->prepend != 0) {
		uint8_t flags, type;
		struct span value;
		copy_below(e, &pos, ATTR_AS_PATH);
		put_prepended(e);
		bool is_there = attr_next(e->a, &pos, &flags, &type, &value);
		ASSERT(is_there && type == ATTR_AS_PATH); /* RFC 4271 §5: mandatory. */
	}
	if (e->form->has_next_hop) {
		copy_below(e, &pos, ATTR_NEXT_HOP);
		put_next_hop(e);
	}
	if (e->form->otc != 0 && e->a->facts.otc == 0) {
		copy_below(e, &pos, ATTR_OTC);
		put_otc(e);
	}
	wr_copy(e->w, e->a->wire + pos, e->a->wire_len - pos);
}

static void encode_as2(struct encoder *e)
{
	size_t pos = 0;
	unsigned before = 0;
	uint8_t flags;
	uint8_t type;
	struct span value;
	while (attr_next(e->a, &pos, &flags, &type, &value)) {
		ASSERT(type > before || before == 0);
		put_between(e, before, type);
		put_one(e, flags, type, value);
		before = type;
	}
	put_between(e, before, TYPE_PAST_END);
}

void attr_encode(struct wr *w, const struct attr *a, const struct attr_form *form)
{
	struct encoder e; /* Its room for a path is filled when it is needed. */
	e.w = w;
	e.a = a;
	e.form = form;
	if (form->is_as4) {
		encode_as4(&e);
	} else {
		encode_as2(&e);
	}
}

size_t attr_encoded_len(const struct attr *a, const struct attr_form *form)
{
	if (form->is_as4) {
		bool adds_otc = form->otc != 0 && a->facts.otc == 0;
		return a->wire_len + (form->has_next_hop ? NEXT_HOP_LEN : 0u) +
		       (adds_otc ? OTC_LEN : 0u) + (form->prepend != 0 ? prepended_len(a) : 0u);
	}
	/* Written once for nothing: exact by construction, and old speakers are rare.  Beside the
	 * set's own bytes there is at most a second AS_PATH. */
	uint8_t scratch[2 * ATTR_WIRE_MAX + 128];
	struct wr w = wr_of(scratch, sizeof(scratch));
	attr_encode(&w, a, form);
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}
