/* The attributes that members are sent: see dress.h. */
#include "rib/policy/dress.h"

#include "rib/attr/aspath.h"
#include "rib/base/check.h"

#define FLAGS_COMMUNITY (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)
#define SEGMENT_ASN_MAX 255

/* The last ones are BLACKHOLE, NO_EXPORT, NO_ADVERTISE and GRACEFUL_SHUTDOWN. */
static_assert(ATTACH_MAX + (COMMUNITY_ROV_NOT_PERFORMED + 1) + 4 <= DRESS_ADD_MAX,
	      "what is attached, told and added has room");

/* Communities to add, as octets, by form. */
struct additions {
	struct wr w[COMMUNITY_FORM_COUNT];
	uint8_t octets[COMMUNITY_FORM_COUNT][DRESS_ADD_MAX * COMMUNITY_LEN_MAX];
};

uint64_t dress_scrubbed(void)
{
	return (MEANING_BIT(MEANING_CUSTOM) << 1) - 1;
}

bool dress_is_plain(const struct dress *d, uint64_t meanings)
{
	return (d->scrubbed & meanings) == 0 && d->prepend == 0 && !d->adds_blackhole &&
	       !d->adds_no_export && !d->adds_no_advertise && !d->adds_graceful_shutdown &&
	       d->tags == 0 && d->attach_count == 0;
}

static void add_value(struct additions *a, const struct community_value *v)
{
	community_value_write(&a->w[v->form], v);
}

static void add_well_known(struct additions *a, bool is_added, uint32_t community)
{
	if (is_added) {
		wr_u32(&a->w[COMMUNITY_STD], community);
	}
}

static void collect(const struct policy *p, const struct dress *d, struct additions *out)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		out->w[form] = wr_of(out->octets[form], sizeof(out->octets[form]));
	}
	for (unsigned i = 0; i < d->attach_count; i++) {
		add_value(out, &d->attach[i]);
	}
	for (uint32_t left = d->tags; left != 0; left &= left - 1) {
		unsigned name = (unsigned)__builtin_ctz(left);
		for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
			const struct community_pattern *pattern = &p->pattern[name][form];
			if (pattern->is_set) {
				struct community_value v =
					pattern_value(pattern, (enum community_form)form, 0);
				add_value(out, &v);
			}
		}
	}
	add_well_known(out, d->adds_blackhole, COMMUNITY_BLACKHOLE);
	add_well_known(out, d->adds_no_export, COMMUNITY_NO_EXPORT);
	add_well_known(out, d->adds_no_advertise, COMMUNITY_NO_ADVERTISE);
	add_well_known(out, d->adds_graceful_shutdown, COMMUNITY_GRACEFUL_SHUTDOWN);
}

static bool is_scrubbed(const struct policy *p, const struct dress *d, enum community_form form,
			const uint8_t *octets)
{
	if (!index_may_mean(p->index, form, octets)) {
		return false;
	}
	struct rd r = rd_of(span_of(octets, community_len(form)));
	struct community c = community_read(&r, form);
	struct matcher_range m = index_matchers(p->index, form, &c);
	for (unsigned i = 0; i < m.count; i++) {
		if ((d->scrubbed & MEANING_BIT(m.first[i].meaning)) != 0 &&
		    matcher_has(&m.first[i], c.field[community_last(form)])) {
			return true;
		}
	}
	return false;
}

/* Whether one of `len` octets is among those. */
static bool has_octets(struct span among, const uint8_t *octets, size_t len)
{
	for (size_t at = 0; at + len <= among.len; at += len) {
		if (memcmp(among.data + at, octets, len) == 0) {
			return true;
		}
	}
	return false;
}

/* One attribute of communities: those that stay, then the new ones that are not among them.
 * Without any it is left out, unless it came so. */
static void put_communities(struct wr *w, const struct policy *p, const struct dress *d,
			    enum community_form form, const struct wr *added, uint8_t flags,
			    struct span value)
{
	uint8_t rest[ATTR_WIRE_MAX];
	struct wr kept = wr_of(rest, sizeof(rest));
	struct rd rd = rd_of(value);
	unsigned len = community_len(form);
	while (rd_left(&rd) >= len) {
		if (!is_scrubbed(p, d, form, rd.at)) {
			wr_copy(&kept, rd.at, len);
		}
		rd.at += len;
	}
	for (size_t at = 0; at < wr_len(added); at += len) {
		if (!has_octets(span_of(rest, wr_len(&kept)), added->begin + at, len)) {
			wr_copy(&kept, added->begin + at, len);
		}
	}
	w->bad |= kept.bad;
	if (wr_len(&kept) > 0 || value.len == 0) {
		attr_put(w, flags, community_attr(form), span_of(rest, wr_len(&kept)));
	}
}

/* RFC 4271 §5.1.2: into the leading AS_SEQUENCE while it has room, else into a new one. */
static void put_prepended(struct wr *w, uint8_t flags, const struct dress *d, struct span path)
{
	uint8_t longer[ATTR_WIRE_MAX];
	struct wr to = wr_of(longer, sizeof(longer));
	struct rd r = rd_of(path);
	uint8_t type = AS_SEQUENCE, count = 0;
	if (path.len >= 2 && path.data[0] == AS_SEQUENCE &&
	    path.data[1] + d->prepend <= SEGMENT_ASN_MAX) {
		type = rd_u8(&r);
		count = rd_u8(&r);
	}
	wr_u8(&to, type);
	wr_u8(&to, (uint8_t)(count + d->prepend));
	for (unsigned i = 0; i < d->prepend; i++) {
		wr_u32(&to, d->prepend_as);
	}
	wr_copy(&to, r.at, rd_left(&r));
	w->bad |= to.bad;
	attr_put(w, flags, ATTR_AS_PATH, span_of(longer, wr_len(&to)));
}

/* New attributes of communities whose place is before `type`. */
static void put_new(struct wr *w, const struct policy *p, const struct dress *d,
		    const struct additions *a, bool is_put[COMMUNITY_FORM_COUNT], unsigned type)
{
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		if (is_put[form] || community_attr((enum community_form)form) >= type) {
			continue;
		}
		is_put[form] = true;
		if (wr_len(&a->w[form]) > 0) {
			put_communities(w, p, d, (enum community_form)form, &a->w[form],
					FLAGS_COMMUNITY, span_of(w->at, 0));
		}
	}
}

static void put_attribute(struct wr *w, const struct policy *p, const struct dress *d,
			  const struct additions *a, uint8_t flags, uint8_t type, struct span value)
{
	enum community_form form = community_form_of(type);
	if (form < COMMUNITY_FORM_COUNT) {
		put_communities(w, p, d, form, &a->w[form], flags, value);
	} else if (type == ATTR_AS_PATH && d->prepend > 0) {
		put_prepended(w, flags, d, value);
	} else {
		attr_put(w, flags, type, value);
	}
}

bool dress_write(const struct policy *p, const struct dress *d, const struct set_view *v,
		 struct attr_draft *out)
{
	struct additions a; /* Octets are filled as they are needed. */
	bool is_put[COMMUNITY_FORM_COUNT] = {false};
	struct wr w = wr_of(out->wire, sizeof(out->wire));
	struct rd r = rd_of(span_of(v->wire, v->wire_len));
	uint8_t flags, type;
	struct span value;
	collect(p, d, &a);
	while (rd_left(&r) > 0 && attr_wire_next(&r, &flags, &type, &value)) {
		put_new(&w, p, d, &a, is_put, type);
		enum community_form form = community_form_of(type);
		if (form < COMMUNITY_FORM_COUNT) {
			is_put[form] = true;
		}
		put_attribute(&w, p, d, &a, flags, type, value);
	}
	put_new(&w, p, d, &a, is_put, UINT8_MAX + 1);
	for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
		w.bad |= a.w[form].bad;
	}
	if (!wr_is_ok(&w)) {
		return false;
	}
	out->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(out->wire, out->wire_len, &out->facts);
	return true;
}
