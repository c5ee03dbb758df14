/* UPDATE, taken apart.
 *
 * Three fields lie one behind the other: withdrawn IPv4 prefixes, path attributes, announced IPv4
 * prefixes; everything of other families hides in two of the attributes.  Only when the borders of
 * all prefixes are certain may a fault be answered with less than the end of the session (RFC 7606
 * §3 j), so the prefix fields are judged first.
 *
 * RFC 4271 §4.3, §6.3; RFC 4760 §3–4; RFC 4724 §2; RFC 7606 §3, §5. */
#include "rib/wire/update.h"

#include "rib/base/check.h"

struct fields {
	struct span withdrawn;
	struct span attrs;
	struct span nlri;
};

static void reset(struct update *out, uint8_t subcode, const char *reason)
{
	out->attrs.verdict = VERDICT_SESSION_RESET;
	out->attrs.type = 0;
	out->attrs.reason = reason;
	out->attrs.why = notify_make(NOTIFY_UPDATE, subcode);
}

/* Find the three fields and judge the two that hold prefixes. */
static bool split(struct span body, struct fields *f, struct update *out)
{
	struct rd r = rd_of(body);
	f->withdrawn = rd_span(&r, rd_u16(&r));
	f->attrs = rd_span(&r, rd_u16(&r));
	f->nlri = rd_span(&r, rd_left(&r));
	if (!rd_is_ok(&r)) { /* RFC 7606 §3 b. */
		reset(out, NOTIFY_UPDATE_ATTR_LIST, "field lengths exceed the message");
		return false;
	}
	if (!nlri_is_valid(f->withdrawn, FAMILY_IPV4, NULL)) { /* RFC 7606 §3 i. */
		reset(out, NOTIFY_UPDATE_NETWORK, "malformed withdrawn prefix");
		return false;
	}
	if (!nlri_is_valid(f->nlri, FAMILY_IPV4, NULL)) {
		reset(out, NOTIFY_UPDATE_NETWORK, "malformed prefix");
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
		.family = mp->family, .nlri = mp->nlri, .next_hop = mp->next_hop};
}

static void place_all(const struct fields *f, const struct update_opts *opts, struct update *out)
{
	if (opts->families[FAMILY_IPV4]) {
		out->withdrawn[UPDATE_FIELD].nlri = f->withdrawn;
		out->announced[UPDATE_FIELD].nlri = f->nlri;
		out->announced[UPDATE_FIELD].next_hop = out->attrs.next_hop;
	}
	out->withdrawn[UPDATE_MP] = of_mp(&out->attrs.unreach, opts);
	out->announced[UPDATE_MP] = of_mp(&out->attrs.reach, opts);
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

void update_decode(struct span body, const struct update_opts *opts, struct attr_draft *draft,
		   struct update *out)
{
	struct fields f;
	*out = (struct update){0};
	if (!split(body, &f, out)) {
		draft->wire_len = 0;
		return;
	}
	struct attr_decode_opts attr_opts = {
		.is_as4 = opts->is_as4, .has_nlri = f.nlri.len > 0, .local_as = opts->local_as};
	attr_decode(f.attrs, &attr_opts, draft, &out->attrs);
	if (out->attrs.verdict == VERDICT_SESSION_RESET) {
		return;
	}
	place_all(&f, opts, out);
	mark_end_of_rib(&f, opts, out);
}
