/* Path attributes: from the bytes of an UPDATE to a draft.
 *
 * Two steps.  The first walks the field as received, in any order, judges each attribute by its row
 * of the table and remembers where the good ones lie.  The second writes them out in ascending
 * order of type, so that equal sets become equal bytes: shortest length form, 4-octet AS numbers,
 * unused flag bits clear.  The worst fault decides the verdict (RFC 7606 §3 h).
 *
 * RFC 4271 §4.3, §5, §6.3; RFC 7606 §3–5, §7; RFC 6793 §4.2.3. */
#include "rib/wire/attr_codec.h"

#include "rib/base/check.h"
#include "rib/wire/as2.h"
#include "rib/wire/attr_row.h"

#define KIND_FLAGS (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)

/* One attribute as it lies in the message. */
struct raw_attr {
	struct span whole; /* From the flags on: the data of a NOTIFICATION. */
	struct span value;
	uint8_t flags;
	uint8_t type;
};

/* Where the value of a good attribute lies, and the flags it is to have. */
struct found {
	struct span value;
	uint8_t flags;
};

struct decoder {
	const struct attr_decode_opts *opts;
	struct attr_result *out;
	uint32_t good[8];	 /* Types for which `found` is set. */
	struct found found[256]; /* Undefined where `good` has no bit: never cleared, 6 KiB. */
};

static bool bit_has(const uint32_t *bits, uint8_t type)
{
	return (bits[type / 32] >> (type % 32) & 1) != 0;
}

static void bit_set(uint32_t *bits, uint8_t type)
{
	bits[type / 32] |= UINT32_C(1) << (type % 32);
}

/* Remember a fault if it is worse than those before. */
static void fault(struct decoder *d, uint8_t type, enum verdict verdict, const char *reason,
		  struct notify why)
{
	ASSERT(verdict != VERDICT_OK);
	ASSERT(reason != NULL);
	if (verdict > d->out->verdict) {
		d->out->verdict = verdict;
		d->out->type = type;
		d->out->reason = reason;
		d->out->why = why;
	}
}

/* A fault of one attribute: RFC 4271 §6.3 puts the attribute into the NOTIFICATION. */
static void attr_fault(struct decoder *d, const struct raw_attr *a, enum verdict verdict,
		       const char *reason, uint8_t subcode)
{
	bool has_data = subcode != NOTIFY_UPDATE_ATTR_LIST && subcode != NOTIFY_UPDATE_AS_PATH;
	struct span data = has_data ? a->whole : span_of(NULL, 0);
	fault(d, a->type, verdict, reason, notify_with(NOTIFY_UPDATE, subcode, data));
}

static void keep(struct decoder *d, const struct raw_attr *a, uint8_t flags)
{
	bit_set(d->good, a->type);
	d->found[a->type] = (struct found){.value = a->value, .flags = flags};
}

/* RFC 4271 §5, §9: unknown attributes. */
static void take_unknown(struct decoder *d, const struct raw_attr *a)
{
	if ((a->flags & ATTR_FLAG_OPTIONAL) == 0) {
		attr_fault(d, a, VERDICT_SESSION_RESET, "unrecognized well-known attribute",
			   NOTIFY_UPDATE_WELL_KNOWN_UNKNOWN);
	} else if ((a->flags & ATTR_FLAG_TRANSITIVE) != 0) {
		keep(d, a, KIND_FLAGS | ATTR_FLAG_PARTIAL);
	}
}

static bool length_is_good(const struct attr_row *row, size_t len)
{
	return len >= row->len_min && len <= row->len_max && len % row->len_multiple == 0;
}

static bool is_refused(const struct decoder *d, const struct attr_row *row)
{
	return row->refusal == ATTR_REFUSE_ALWAYS ||
	       (row->refusal == ATTR_REFUSE_AS4 && d->opts->is_as4);
}

static void take_known(struct decoder *d, const struct attr_row *row, const struct raw_attr *a)
{
	if (is_refused(d, row)) {
		attr_fault(d, a, VERDICT_ATTR_DISCARD, row->reason_refused, row->subcode);
		return;
	}
	if ((a->flags & KIND_FLAGS) != row->flags) { /* RFC 7606 §3 c. */
		bool is_mp = row->verdict_flags == VERDICT_SESSION_RESET;
		attr_fault(d, a, row->verdict_flags, row->reason_flags,
			   is_mp ? row->subcode : NOTIFY_UPDATE_ATTR_FLAGS);
		return;
	}
	if (!length_is_good(row, a->value.len)) {
		bool is_mp = row->verdict == VERDICT_SESSION_RESET;
		attr_fault(d, a, row->verdict, row->reason_length,
			   is_mp ? row->subcode : NOTIFY_UPDATE_ATTR_LENGTH);
		return;
	}
	const char *reason =
		row->check == NULL ? NULL : row->check(a->value, d->opts->is_as4, d->out);
	if (reason != NULL) {
		attr_fault(d, a, row->verdict, reason, row->subcode);
		return;
	}
	if (row->use != ATTR_USE_DROP) {
		/* Partial means something only on what is optional and transitive. */
		uint8_t partial = row->flags == KIND_FLAGS ? a->flags & ATTR_FLAG_PARTIAL : 0;
		keep(d, a, row->flags | partial);
	}
}

static void take(struct decoder *d, const struct raw_attr *a)
{
	bool is_mp = a->type == ATTR_MP_REACH_NLRI || a->type == ATTR_MP_UNREACH_NLRI;
	if (bit_has(d->out->seen, a->type)) { /* RFC 7606 §3 g. */
		attr_fault(d, a, is_mp ? VERDICT_SESSION_RESET : VERDICT_ATTR_DISCARD,
			   "attribute appears twice", NOTIFY_UPDATE_ATTR_LIST);
		return;
	}
	bit_set(d->out->seen, a->type);
	const struct attr_row *row = attr_row_of(a->type);
	if (row == NULL) {
		take_unknown(d, a);
	} else {
		take_known(d, row, a);
	}
}

/* The attribute at the front of `r`; false when it is cut off.  `out->type` is set as far as its
 * octet is there. */
static bool read_attr(struct rd *r, struct raw_attr *out)
{
	const uint8_t *start = r->at;
	*out = (struct raw_attr){0};
	out->flags = rd_u8(r);
	out->type = rd_u8(r);
	size_t len = (out->flags & ATTR_FLAG_EXT_LEN) != 0 ? rd_u16(r) : rd_u8(r);
	out->value = rd_span(r, len);
	out->whole = span_of(start, (size_t)(r->at - start));
	return rd_is_ok(r);
}

static void walk(struct decoder *d, struct span in)
{
	struct rd r = rd_of(in);
	while (rd_left(&r) > 0 && d->out->verdict != VERDICT_SESSION_RESET) {
		struct raw_attr a;
		if (read_attr(&r, &a)) {
			take(d, &a);
			continue;
		}
		/* RFC 7606 §4; but NLRI that are cut off cannot be withdrawn either, §3 j. */
		bool is_mp = a.type == ATTR_MP_REACH_NLRI || a.type == ATTR_MP_UNREACH_NLRI;
		attr_fault(d, &a, is_mp ? VERDICT_SESSION_RESET : VERDICT_TREAT_AS_WITHDRAW,
			   "attribute exceeds the attributes field", NOTIFY_UPDATE_ATTR_LIST);
	}
}

/* RFC 7606 §3 d; RFC 4760 §3: NEXT_HOP only together with the NLRI field. */
static void check_mandatory(struct decoder *d)
{
	static const struct {
		uint8_t type;
		const char *reason;
	} mandatory[] = {
		{ATTR_ORIGIN, "ORIGIN is missing"},
		{ATTR_AS_PATH, "AS_PATH is missing"},
		{ATTR_NEXT_HOP, "NEXT_HOP is missing"},
	};
	for (size_t i = 0; i < ARRAY_COUNT(mandatory); i++) {
		uint8_t type = mandatory[i].type;
		bool is_wanted = type != ATTR_NEXT_HOP || d->opts->has_nlri;
		if (is_wanted && !bit_has(d->out->seen, type)) {
			fault(d, type, VERDICT_TREAT_AS_WITHDRAW, mandatory[i].reason,
			      notify_with(NOTIFY_UPDATE, NOTIFY_UPDATE_WELL_KNOWN_MISSING,
					  span_of(&type, 1)));
		}
	}
}

/* RFC 4271 §6.3: a NEXT_HOP that cannot be the address of a host. */
static bool next_hop_is_host(enum family family, const struct next_hop *next_hop)
{
	struct addr a = addr_make(family, next_hop->bytes);
	bool is_reserved = family == FAMILY_IPV4 && a.bytes[0] >= 240;
	return !addr_is_zero(&a) && !addr_is_multicast(&a) && !addr_is_loopback(&a) && !is_reserved;
}

static void check_next_hops(struct decoder *d)
{
	const struct attr_result *out = d->out;
	struct notify why = notify_make(NOTIFY_UPDATE, NOTIFY_UPDATE_NEXT_HOP);
	/* RFC 4760 §3: without NLRI beside it, NEXT_HOP is ignored. */
	if (d->opts->has_nlri && out->has_next_hop &&
	    !next_hop_is_host(FAMILY_IPV4, &out->next_hop)) {
		fault(d, ATTR_NEXT_HOP, VERDICT_TREAT_AS_WITHDRAW, "NEXT_HOP: not a host", why);
	}
	if (out->reach.is_known && !next_hop_is_host(out->reach.family, &out->reach.next_hop)) {
		fault(d, ATTR_MP_REACH_NLRI, VERDICT_TREAT_AS_WITHDRAW,
		      "MP_REACH_NLRI: next hop is not a host", why);
	}
}

/* What only the whole set can tell. */
static void check_set(struct decoder *d)
{
	bool is_reachable = d->opts->has_nlri || d->out->reach.nlri.len > 0;
	if (is_reachable) {
		check_mandatory(d);
		check_next_hops(d);
	} else if (d->out->verdict == VERDICT_TREAT_AS_WITHDRAW) {
		/* RFC 7606 §5.2: with no reachable NLRI found, perhaps it was not found. */
		d->out->verdict = VERDICT_SESSION_RESET;
	}
}

static struct span good_value(const struct decoder *d, uint8_t type)
{
	return bit_has(d->good, type) ? d->found[type].value : span_of(NULL, 0);
}

static asn_t aggregator_as2(const struct decoder *d)
{
	struct rd r = rd_of(good_value(d, ATTR_AGGREGATOR));
	return rd_u16(&r);
}

/* RFC 6793 §4.2.3: an AGGREGATOR that is not AS_TRANS was written by an old speaker after the
 * AS4_ attributes; when both aggregators are there, those are stale. */
static bool as4_is_stale(const struct decoder *d)
{
	return bit_has(d->good, ATTR_AGGREGATOR) && bit_has(d->good, ATTR_AS4_AGGREGATOR) &&
	       aggregator_as2(d) != AS_TRANS;
}

static void build_as_path2(const struct decoder *d, struct wr *w, const struct found *f)
{
	struct span as4 = good_value(d, ATTR_AS4_PATH);
	if (as4_is_stale(d)) {
		as4.len = 0;
	}
	/* The length is known afterwards: leave room for the long header, then close the gap. */
	size_t start = wr_len(w);
	wr_u32(w, 0);
	as2_path_merge(w, f->value, as4);
	if (!wr_is_ok(w)) {
		return;
	}
	uint8_t *value = w->begin + start + 4;
	size_t len = (size_t)(w->at - value);
	w->at = w->begin + start;
	attr_put_header(w, f->flags, ATTR_AS_PATH, len);
	memmove(w->at, value, len);
	w->at += len;
}

static void build_aggregator2(const struct decoder *d, struct wr *w, const struct found *f)
{
	attr_put_header(w, f->flags, ATTR_AGGREGATOR, 8);
	struct span as4 = good_value(d, ATTR_AS4_AGGREGATOR);
	if (as4.len > 0 && !as4_is_stale(d)) {
		wr_copy(w, as4.data, as4.len);
	} else {
		wr_u32(w, aggregator_as2(d));
		wr_copy(w, f->value.data + 2, 4);
	}
}

static void build_one(const struct decoder *d, struct wr *w, uint8_t type)
{
	const struct attr_row *row = attr_row_of(type);
	const struct found *f = &d->found[type];
	if (row != NULL && row->use != ATTR_USE_KEEP) {
		return;
	}
	if (type == ATTR_AS_PATH && !d->opts->is_as4) {
		build_as_path2(d, w, f);
	} else if (type == ATTR_AGGREGATOR && !d->opts->is_as4) {
		build_aggregator2(d, w, f);
	} else {
		attr_put_header(w, f->flags, type, f->value.len);
		wr_copy(w, f->value.data, f->value.len);
	}
}

/* The canonical bytes: every good attribute, ascending. */
static void build(struct decoder *d, struct attr_draft *draft)
{
	struct wr w = wr_of(draft->wire, sizeof(draft->wire));
	for (unsigned i = 0; i < ARRAY_COUNT(d->good); i++) {
		for (uint32_t bits = d->good[i]; bits != 0; bits &= bits - 1) {
			build_one(d, &w, (uint8_t)(i * 32 + (unsigned)__builtin_ctz(bits)));
		}
	}
	if (!wr_is_ok(&w)) {
		fault(d, 0, VERDICT_TREAT_AS_WITHDRAW, "attribute set is too large",
		      notify_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTR_LIST));
		return;
	}
	draft->wire_len = (uint16_t)wr_len(&w);
}

void attr_decode(struct span in, const struct attr_decode_opts *opts, struct attr_draft *draft,
		 struct attr_result *out)
{
	struct decoder d; /* Not initialised as a whole: see `found`. */
	d.opts = opts;
	d.out = out;
	memset(d.good, 0, sizeof(d.good));
	*out = (struct attr_result){0};
	draft->wire_len = 0;
	walk(&d, in);
	if (out->verdict != VERDICT_SESSION_RESET) {
		check_set(&d);
	}
	if (out->verdict != VERDICT_SESSION_RESET) {
		build(&d, draft);
	}
	attr_facts_compute(draft->wire, draft->wire_len, &draft->facts);
	ASSERT((out->verdict == VERDICT_OK) == (out->reason == NULL));
}
