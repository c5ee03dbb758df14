/* Path attributes: from the bytes of an UPDATE to a draft.
 *
 * Two steps.  The first walks the field as received, in any order, judges each attribute by its row
 * of the table and remembers where the good ones lie.  The second writes them out in ascending
 * order of type, so that equal sets become equal bytes: shortest length form, 4-octet AS numbers,
 * unused flag bits clear.  The worst fault decides the verdict (RFC 7606 §3 h).
 *
 * RFC 4271 §4.3, §5, §6.3; RFC 7606 §3–5, §7; RFC 6793 §4.2.3. */
#include "rib/wire/attr_codec.h"

#include <stddef.h>

#include "rib/base/check.h"
#include "rib/wire/as2.h"
#include "rib/wire/attr_row.h"
#include "rib/wire/family.h"

#define LONG_HEADER 4 /* Flags, type, two octets of length. */
#define KIND_FLAGS  (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)

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
	const struct update_opts *opts;
	struct attr_result *out;
	const uint8_t *begin; /* Of the field: offsets count from here. */
	bool has_nlri;
	bool is_reachable;	 /* Something is announced, even if it could not be read. */
	bool has_error;		 /* TREAT_AS_WITHDRAW that the operator's list did not ask for. */
	uint8_t subcode;	 /* Of the worst fault's NOTIFICATION, */
	struct span data;	 /* and what goes with it. */
	uint32_t good[8];	 /* Types for which `found` is set. */
	struct found found[256]; /* Undefined where `good` has no bit: never cleared, 6 KiB. */
};

/* A fault with all that is to be said about it. */
struct finding {
	enum fault fault;
	enum verdict verdict;
	uint8_t type;
	uint8_t subcode;
	const uint8_t *at; /* The first octet of what is wrong. */
	struct span data;  /* Of the NOTIFICATION. */
	const char *reason;
	const char *section;
};

static bool bit_has(const uint32_t *bits, uint8_t type)
{
	return (bits[type / 32] >> (type % 32) & 1) != 0;
}

static void bit_set(uint32_t *bits, uint8_t type)
{
	bits[type / 32] |= UINT32_C(1) << (type % 32);
}

/* RFC 7606 §3 h: the strongest action counts, of equal ones the first; but what the operator's
 * list asks for comes after what the neighbour did wrong. */
static bool is_worse(const struct attr_result *out, const struct finding *f)
{
	return f->verdict > out->verdict ||
	       (f->verdict == out->verdict && out->fault == FAULT_LIST_WITHDRAW);
}

static void note(struct decoder *d, const struct finding *f)
{
	ASSERT(f->verdict != VERDICT_OK);
	ASSERT(f->reason != NULL);
	struct attr_result *out = d->out;
	uint16_t offset = (uint16_t)(f->at - d->begin);
	out->fault_count++;
	if (out->note_count < FAULT_NOTES_MAX) {
		out->notes[out->note_count++] = (struct fault_note){
			.fault = (uint8_t)f->fault,
			.verdict = (uint8_t)f->verdict,
			.type = f->type,
			.offset = offset,
		};
	}
	if (f->verdict == VERDICT_TREAT_AS_WITHDRAW) {
		out->is_withdraw = true;
		d->has_error |= f->fault != FAULT_LIST_WITHDRAW;
	}
	if (is_worse(out, f)) {
		out->verdict = f->verdict;
		out->fault = f->fault;
		out->type = f->type;
		out->offset = offset;
		out->reason = f->reason;
		out->section = f->section;
		d->subcode = f->subcode;
		d->data = f->data;
	}
}

/* Whether the session has another family than this one, which the message leaves. */
static bool has_other(const struct decoder *d, enum family family)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (f != family && d->opts->families[f] && !d->out->is_disabled[f]) {
			return true;
		}
	}
	return false;
}

/* RFC 4760 §7: the family can be given up only when it can be read.  One that is not carried on
 * this session is given up already; any other only by a caller that does so, and while there is
 * one to go on with: a message may have faults in two. */
static enum verdict disable_or_reset(struct decoder *d, const struct raw_attr *a)
{
	struct rd r = rd_of(a->value);
	uint16_t afi = rd_u16(&r);
	uint8_t safi = rd_u8(&r);
	enum family family;
	if (!rd_is_ok(&r)) {
		return VERDICT_SESSION_RESET;
	}
	if (!family_of_afi(afi, safi, &family) || !d->opts->families[family]) {
		return VERDICT_AFI_DISABLE;
	}
	if (!d->opts->can_disable || !has_other(d, family)) {
		return VERDICT_SESSION_RESET;
	}
	d->out->is_disabled[family] = true;
	return VERDICT_AFI_DISABLE;
}

static enum verdict verdict_of(struct decoder *d, const struct raw_attr *a,
			       const struct attr_row *row, enum fault fault)
{
	enum verdict verdict = fault_verdict(fault);
	if (verdict == VERDICT_OK) {
		ASSERT(row != NULL);
		verdict = fault == FAULT_FLAGS ? row->verdict_flags : row->verdict;
	}
	return verdict == VERDICT_AFI_DISABLE ? disable_or_reset(d, a) : verdict;
}

static const char *reason_of(const struct attr_row *row, enum fault fault)
{
	switch (fault) {
	case FAULT_FLAGS:
		return row->reason_flags;
	case FAULT_LENGTH:
		return row->reason_length;
	case FAULT_REFUSED:
		return row->reason_refused;
	default:
		return fault_phrase(fault);
	}
}

/* RFC 4271 §6.3, and RFC 4760 §7 for the MP attributes. */
static uint8_t subcode_of(const struct attr_row *row, enum fault fault)
{
	switch (fault) {
	case FAULT_OVERRUN:
	case FAULT_MP_OVERRUN:
	case FAULT_DUPLICATE:
	case FAULT_MP_DUPLICATE:
		return NOTIFY_UPDATE_ATTR_LIST;
	case FAULT_UNKNOWN_WELL_KNOWN:
		return NOTIFY_UPDATE_WELL_KNOWN_UNKNOWN;
	case FAULT_FLAGS:
		return row->is_mp ? row->subcode : NOTIFY_UPDATE_ATTR_FLAGS;
	case FAULT_LENGTH:
		return row->is_mp ? row->subcode : NOTIFY_UPDATE_ATTR_LENGTH;
	default:
		return row != NULL ? row->subcode : NOTIFY_UPDATE_OPTIONAL_ATTR;
	}
}

/* A fault of one attribute: RFC 4271 §6.3 puts the attribute into the NOTIFICATION. */
static void attr_fault(struct decoder *d, const struct raw_attr *a, const struct attr_row *row,
		       enum fault fault)
{
	const char *section = fault_section(fault);
	struct finding f = {
		.fault = fault,
		.verdict = verdict_of(d, a, row, fault),
		.type = a->type,
		.subcode = subcode_of(row, fault),
		.at = a->whole.data,
		.reason = reason_of(row, fault),
		.section = section == NULL ? row->section : section,
	};
	if (f.subcode != NOTIFY_UPDATE_ATTR_LIST && f.subcode != NOTIFY_UPDATE_AS_PATH) {
		f.data = a->whole;
	}
	note(d, &f);
}

/* A fault that only the whole set shows. */
static void set_fault(struct decoder *d, uint8_t type, enum fault fault, uint8_t subcode)
{
	static const uint8_t types[] = {ATTR_ORIGIN, ATTR_AS_PATH, ATTR_NEXT_HOP};
	bool is_there = bit_has(d->good, type);
	struct finding f = {
		.fault = fault,
		.verdict = fault_verdict(fault),
		.type = type,
		.subcode = subcode,
		.at = is_there ? d->found[type].value.data : d->begin,
		.reason = fault_phrase(fault),
		.section = fault_section(fault),
	};
	if (f.verdict == VERDICT_OK) {
		f.verdict = attr_row_of(type)->verdict;
	}
	if (subcode == NOTIFY_UPDATE_WELL_KNOWN_MISSING) {
		ASSERT(type >= ATTR_ORIGIN && type <= ATTR_NEXT_HOP);
		f.data = span_of(&types[type - ATTR_ORIGIN], 1);
	}
	note(d, &f);
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
		attr_fault(d, a, NULL, FAULT_UNKNOWN_WELL_KNOWN);
	} else if ((a->flags & ATTR_FLAG_TRANSITIVE) != 0) {
		keep(d, a, KIND_FLAGS | ATTR_FLAG_PARTIAL);
	}
}

static bool length_is_good(const struct attr_row *row, size_t len)
{
	return len >= row->len_min && len <= row->len_max &&
	       (row->len_multiple <= 1 || len % row->len_multiple == 0);
}

static bool is_refused(const struct decoder *d, const struct attr_row *row)
{
	return row->refusal == ATTR_REFUSE_ALWAYS ||
	       (row->refusal == ATTR_REFUSE_AS4 && d->opts->is_as4);
}

static enum fault fault_of(struct decoder *d, const struct attr_row *row, const struct raw_attr *a)
{
	if (is_refused(d, row)) {
		return FAULT_REFUSED;
	}
	if ((a->flags & KIND_FLAGS) != row->flags) {
		return FAULT_FLAGS;
	}
	if (!length_is_good(row, a->value.len)) {
		return FAULT_LENGTH;
	}
	return row->check == NULL ? FAULT_NONE : row->check(a->value, d->opts, d->out);
}

static void take_known(struct decoder *d, const struct attr_row *row, const struct raw_attr *a)
{
	enum fault fault = fault_of(d, row, a);
	if (fault != FAULT_NONE) {
		attr_fault(d, a, row, fault);
	} else if (row->use != ATTR_USE_DROP) {
		/* Partial means something only on what is optional and transitive. */
		uint8_t partial = row->flags == KIND_FLAGS ? a->flags & ATTR_FLAG_PARTIAL : 0;
		keep(d, a, row->flags | partial);
	}
}

/* Whether the operator's lists have done with the attribute. */
static bool take_listed(struct decoder *d, const struct attr_row *row, const struct raw_attr *a)
{
	const struct attr_lists *lists = d->opts->lists;
	if (lists == NULL || (row != NULL && row->is_essential)) {
		return false;
	}
	if (bit_has(lists->withdraw, a->type)) {
		attr_fault(d, a, row, FAULT_LIST_WITHDRAW);
		return true;
	}
	if (bit_has(lists->discard, a->type)) {
		attr_fault(d, a, row, FAULT_LIST_DISCARD);
		return true;
	}
	return false;
}

static void take(struct decoder *d, const struct raw_attr *a)
{
	const struct attr_row *row = attr_row_of(a->type);
	if (bit_has(d->out->seen, a->type)) { /* RFC 7606 §3 g. */
		bool is_mp = row != NULL && row->is_mp;
		attr_fault(d, a, row, is_mp ? FAULT_MP_DUPLICATE : FAULT_DUPLICATE);
		return;
	}
	bit_set(d->out->seen, a->type);
	if (take_listed(d, row, a)) {
		return;
	}
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
		const struct attr_row *row = attr_row_of(a.type);
		bool is_mp = row != NULL && row->is_mp;
		attr_fault(d, &a, row, is_mp ? FAULT_MP_OVERRUN : FAULT_OVERRUN);
	}
}

/* RFC 7606 §3 d; RFC 4760 §3: NEXT_HOP only together with the NLRI field. */
static void check_mandatory(struct decoder *d)
{
	static const struct {
		uint8_t type;
		enum fault fault;
	} mandatory[] = {
		{ATTR_ORIGIN, FAULT_ORIGIN_MISSING},
		{ATTR_AS_PATH, FAULT_AS_PATH_MISSING},
		{ATTR_NEXT_HOP, FAULT_NEXT_HOP_MISSING},
	};
	for (size_t i = 0; i < ARRAY_COUNT(mandatory); i++) {
		uint8_t type = mandatory[i].type;
		bool is_wanted = type != ATTR_NEXT_HOP || d->has_nlri;
		if (is_wanted && !bit_has(d->out->seen, type)) {
			set_fault(d, type, mandatory[i].fault, NOTIFY_UPDATE_WELL_KNOWN_MISSING);
		}
	}
}

/* RFC 4271 §6.3: a NEXT_HOP that cannot be the address of a host. */
static bool next_hop_is_host(const struct next_hop *next_hop)
{
	enum family family = next_hop->len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	struct addr a = addr_make(family, next_hop->bytes);
	bool is_reserved = family == FAMILY_IPV4 && a.bytes[0] >= 240;
	return !addr_is_zero(&a) && !addr_is_multicast(&a) && !addr_is_loopback(&a) && !is_reserved;
}

static void check_next_hops(struct decoder *d)
{
	const struct attr_result *out = d->out;
	/* RFC 4760 §3: without NLRI beside it, NEXT_HOP is ignored. */
	if (d->has_nlri && out->has_next_hop && !next_hop_is_host(&out->next_hop)) {
		set_fault(d, ATTR_NEXT_HOP, FAULT_NEXT_HOP_HOST, NOTIFY_UPDATE_NEXT_HOP);
	}
	if (out->reach.is_known && !next_hop_is_host(&out->reach.next_hop)) {
		set_fault(d, ATTR_MP_REACH_NLRI, FAULT_REACH_NEXT_HOP_HOST, NOTIFY_UPDATE_NEXT_HOP);
	}
}

/* What only the whole set can tell. */
static void check_set(struct decoder *d)
{
	/* A malformed MP_REACH_NLRI was there all the same: its own verdict covers it. */
	bool is_lost = bit_has(d->out->seen, ATTR_MP_REACH_NLRI) && !d->out->reach.is_present;
	d->is_reachable = d->has_nlri || d->out->reach.nlri.len > 0 || is_lost;
	if (d->is_reachable) {
		check_mandatory(d);
		check_next_hops(d);
	} else if (d->has_error) {
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

/* Write an attribute anew at `start`, its value being further back in the same buffer. */
static void put_again(struct wr *w, size_t start, uint8_t flags, uint8_t type, struct span value)
{
	w->at = w->begin + start;
	attr_put_header(w, flags, type, value.len);
	ASSERT(w->at <= value.data);
	memmove(w->at, value.data, value.len);
	w->at += value.len;
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
	if (wr_is_ok(w)) {
		uint8_t *value = w->begin + start + LONG_HEADER;
		put_again(w, start, f->flags, ATTR_AS_PATH,
			  span_of(value, (size_t)(w->at - value)));
	}
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

/* As received, but for what `row` takes out. */
static void build_plain(struct wr *w, const struct attr_row *row, uint8_t type,
			const struct found *f)
{
	size_t start = wr_len(w);
	attr_put_header(w, f->flags, type, f->value.len);
	wr_copy(w, f->value.data, f->value.len);
	if (row == NULL || row->clean == NULL || !wr_is_ok(w)) {
		return;
	}
	uint8_t *value = w->at - f->value.len;
	size_t len = row->clean(value, f->value.len);
	if (len == 0) {
		w->at = w->begin + start;
	} else if (len < f->value.len) {
		put_again(w, start, f->flags, type, span_of(value, len));
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
		build_plain(w, row, type, f);
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
		set_fault(d, 0, FAULT_TOO_LARGE, NOTIFY_UPDATE_ATTR_LIST);
		return;
	}
	draft->wire_len = (uint16_t)wr_len(&w);
}

/* RFC 7606 §7.2, RFC 4271 §6.3: the path as it will be used, for an AS4_PATH may have replaced the
 * whole of an old speaker's AS_PATH. */
static void check_first_as(struct decoder *d, const struct attr_draft *draft)
{
	asn_t want = d->opts->first_as;
	if (want != 0 && d->is_reachable && bit_has(d->good, ATTR_AS_PATH) && draft->wire_len > 0 &&
	    draft->facts.neighbor_as != want) {
		set_fault(d, ATTR_AS_PATH, FAULT_PATH_FIRST_AS, NOTIFY_UPDATE_AS_PATH);
	}
}

void attr_decode(struct span in, const struct update_opts *opts, bool has_nlri,
		 struct attr_draft *draft, struct attr_result *out)
{
	struct decoder d; /* Not initialised as a whole: see `found`. */
	d.opts = opts;
	d.out = out;
	d.begin = in.data;
	d.has_nlri = has_nlri;
	d.is_reachable = false;
	d.has_error = false;
	memset(d.good, 0, sizeof(d.good));
	/* All but the octets of `why`, which mean nothing without its length. */
	memset(out, 0, offsetof(struct attr_result, why) + offsetof(struct notify, data));
	draft->wire_len = 0;
	walk(&d, in);
	if (out->verdict != VERDICT_SESSION_RESET) {
		check_set(&d);
	}
	if (out->verdict != VERDICT_SESSION_RESET) {
		build(&d, draft);
	} else {
		out->why = notify_with(NOTIFY_UPDATE, d.subcode, d.data);
	}
	attr_facts_compute(draft->wire, draft->wire_len, &draft->facts);
	if (out->verdict != VERDICT_SESSION_RESET) {
		check_first_as(&d, draft);
	}
	ASSERT((out->verdict == VERDICT_OK) == (out->reason == NULL));
}
