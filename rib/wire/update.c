/* UPDATE, taken apart.
 *
 * Three fields lie one behind the other: withdrawn IPv4 prefixes, path attributes, announced IPv4
 * prefixes; everything of other families hides in two of the attributes.  Only when the borders of
 * all prefixes are certain may a fault be answered with less than the end of the session (RFC 7606
 * §3 j), so the prefix fields are judged first.
 *
 * RFC 4271 §4.3, §6.3; RFC 4760 §3–4, §7; RFC 4724 §2; RFC 7606 §3, §5; RFC 7911 §3. */
#include "rib/wire/update.h"

#include <stddef.h>

#include "rib/base/check.h"

struct fields {
	struct span withdrawn;
	struct span attrs;
	struct span nlri;
	struct nlri_form form; /* Of the two that hold prefixes. */
	uint32_t withdrawn_count;
	uint32_t nlri_count;
};

/* A fault of the message itself: `at` is what is wrong.  Nothing of it can be used. */
static void reset(struct update *out, enum fault fault, uint8_t subcode, size_t offset)
{
	ASSERT(fault_verdict(fault) == VERDICT_SESSION_RESET);
	struct attr_result *r = &out->attrs;
	*r = (struct attr_result){0};
	r->verdict = VERDICT_SESSION_RESET;
	r->fault = fault;
	r->offset = (uint16_t)offset;
	r->reason = fault_phrase(fault);
	r->section = fault_section(fault);
	r->why = notify_make(NOTIFY_UPDATE, subcode);
	r->fault_count = 1;
	r->note_count = 1;
	r->notes[0] = (struct fault_note){
		.fault = (uint8_t)fault, .verdict = VERDICT_SESSION_RESET, .offset = r->offset};
}

static size_t offset_in(struct span body, const uint8_t *at)
{
	return BGP_HEADER_LEN + (size_t)(at - body.data);
}

/* Find the three fields and judge the two that hold prefixes. */
static bool split(struct span body, const struct update_opts *opts, struct fields *f,
		  struct update *out)
{
	struct rd r = rd_of(body);
	f->withdrawn = rd_span(&r, rd_u16(&r));
	f->attrs = rd_span(&r, rd_u16(&r));
	f->nlri = rd_span(&r, rd_left(&r));
	if (!rd_is_ok(&r)) {
		reset(out, FAULT_FIELD_LENGTHS, NOTIFY_UPDATE_ATTR_LIST, BGP_HEADER_LEN);
		return false;
	}
	f->form = (struct nlri_form){FAMILY_IPV4, opts->has_path_ids[FAMILY_IPV4]};
	size_t valid = nlri_valid_len(f->withdrawn, f->form, &f->withdrawn_count);
	if (valid < f->withdrawn.len) {
		reset(out, FAULT_WITHDRAWN_PREFIX, NOTIFY_UPDATE_NETWORK,
		      offset_in(body, f->withdrawn.data + valid));
		return false;
	}
	valid = nlri_valid_len(f->nlri, f->form, &f->nlri_count);
	if (valid < f->nlri.len) {
		reset(out, FAULT_PREFIX, NOTIFY_UPDATE_NETWORK,
		      offset_in(body, f->nlri.data + valid));
		return false;
	}
	return true;
}

/* The prefixes of an MP attribute, if they are of a family that was negotiated. */
static struct update_nlri of_mp(const struct mp_nlri *mp, const struct update_opts *opts)
{
	if (!mp->is_known || !opts->families[mp->family]) {
		return (struct update_nlri){0};
	}
	return (struct update_nlri){
		.form = {mp->family, opts->has_path_ids[mp->family]},
		.nlri = mp->nlri,
		.count = mp->count,
		.next_hop = mp->next_hop,
	};
}

static void place_all(const struct fields *f, const struct update_opts *opts, struct update *out)
{
	if (opts->families[FAMILY_IPV4]) {
		out->withdrawn[UPDATE_FIELD] = (struct update_nlri){
			.form = f->form, .nlri = f->withdrawn, .count = f->withdrawn_count};
		out->announced[UPDATE_FIELD] = (struct update_nlri){
			.form = f->form,
			.nlri = f->nlri,
			.count = f->nlri_count,
			.next_hop = out->attrs.next_hop,
		};
	}
	out->withdrawn[UPDATE_MP] = of_mp(&out->attrs.unreach, opts);
	out->announced[UPDATE_MP] = of_mp(&out->attrs.reach, opts);
}

/* RFC 4760 §7: routes of a family that is given up are ignored from here on. */
static void drop_disabled(struct update *out)
{
	for (unsigned i = 0; i < UPDATE_PLACE_COUNT; i++) {
		if (out->attrs.is_disabled[out->withdrawn[i].form.family]) {
			out->withdrawn[i] = (struct update_nlri){0};
		}
		if (out->attrs.is_disabled[out->announced[i].form.family]) {
			out->announced[i] = (struct update_nlri){0};
		}
	}
}

static bool is_only(const uint32_t *seen, uint8_t type)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t wanted = i == type / 32u ? UINT32_C(1) << (type % 32u) : 0;
		if (seen[i] != wanted) {
			return false;
		}
	}
	return true;
}

/* RFC 4724 §2: an UPDATE without anything, or with an empty MP_UNREACH_NLRI alone. */
static void mark_end_of_rib(const struct fields *f, const struct update_opts *opts,
			    struct update *out)
{
	if (f->withdrawn.len > 0 || f->nlri.len > 0) {
		return;
	}
	const struct mp_nlri *unreach = &out->attrs.unreach;
	if (f->attrs.len == 0) {
		out->is_eor[FAMILY_IPV4] = opts->families[FAMILY_IPV4];
	} else if (unreach->is_known && unreach->nlri.len == 0 &&
		   is_only(out->attrs.seen, ATTR_MP_UNREACH_NLRI)) {
		out->is_eor[unreach->family] = opts->families[unreach->family];
	}
}

/* From offsets within the attributes to those within the message. */
static void shift_offsets(struct attr_result *r, size_t by)
{
	r->offset = (uint16_t)(r->offset + by);
	for (unsigned i = 0; i < r->note_count; i++) {
		r->notes[i].offset = (uint16_t)(r->notes[i].offset + by);
	}
}

void update_decode(struct span body, const struct update_opts *opts, struct attr_draft *draft,
		   struct update *out)
{
	struct fields f;
	/* The rest is attr_decode's to clear. */
	memset(out, 0, offsetof(struct update, attrs));
	if (!split(body, opts, &f, out)) {
		draft->wire_len = 0;
		return;
	}
	attr_decode(f.attrs, opts, f.nlri.len > 0, draft, &out->attrs);
	if (out->attrs.verdict != VERDICT_OK) {
		shift_offsets(&out->attrs, offset_in(body, f.attrs.data));
	}
	if (out->attrs.verdict == VERDICT_SESSION_RESET) {
		return;
	}
	place_all(&f, opts, out);
	if (out->attrs.verdict == VERDICT_AFI_DISABLE) {
		drop_disabled(out);
	}
	mark_end_of_rib(&f, opts, out);
}
