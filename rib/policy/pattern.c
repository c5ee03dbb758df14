/* Communities as patterns: see pattern.h. */
#include "rib/policy/pattern.h"

#include "rib/attr/community.h"
#include "rib/base/check.h"

#define EXT_TYPE_AS2	   0x00 /* RFC 4360 §3.1 */
#define EXT_TYPE_AS4	   0x02 /* RFC 5668 §2 */
#define EXT_SUBTYPE_TARGET 0x02 /* RFC 4360 §4 */
#define EXT_SUBTYPE_ORIGIN 0x03 /* RFC 4360 §5 */

const struct community_info community_info[COMMUNITY_NAME_COUNT] = {
#define X(NAME, NAME_TEXT, KIND, HAS_PEER_AS, HAS_DYN_VAL, IS_RTT)                                 \
	[COMMUNITY_##NAME] = {NAME_TEXT, COMMUNITY_##KIND, HAS_PEER_AS, HAS_DYN_VAL, IS_RTT},
#include "rib/policy/communities.def"
#undef X
};

enum community_name community_by_name(const char *name)
{
	unsigned i = 0;
	while (i < COMMUNITY_NAME_COUNT && strcmp(community_info[i].name, name) != 0) {
		i++;
	}
	return (enum community_name)i;
}

/* Where each form's communities stand, and how long one is. */
static const struct form {
	uint8_t attr_type;
	uint8_t len;
} forms[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = {ATTR_COMMUNITIES, 4},
	[COMMUNITY_EXT] = {ATTR_EXT_COMMUNITIES, 8},
	[COMMUNITY_LRG] = {ATTR_LARGE_COMMUNITIES, COMMUNITY_LEN_MAX},
};

unsigned community_len(enum community_form form)
{
	return forms[form].len;
}

uint8_t community_attr(enum community_form form)
{
	return forms[form].attr_type;
}

enum community_form community_form_of(uint8_t attr_type)
{
	unsigned form = 0;
	while (form < COMMUNITY_FORM_COUNT && forms[form].attr_type != attr_type) {
		form++;
	}
	return (enum community_form)form;
}

const struct attr_slice *community_slice(const struct attr_facts *facts, enum community_form form)
{
	return form == COMMUNITY_STD   ? &facts->communities
	       : form == COMMUNITY_EXT ? &facts->ext_communities
				       : &facts->large_communities;
}

static struct community read_ext(struct rd *r)
{
	uint8_t type = rd_u8(r);
	uint8_t subtype = rd_u8(r);
	struct rd value = rd_of(rd_span(r, 6));
	struct community c = {.is_origin = subtype == EXT_SUBTYPE_ORIGIN};
	c.is_known = (type == EXT_TYPE_AS2 || type == EXT_TYPE_AS4) &&
		     (subtype == EXT_SUBTYPE_TARGET || subtype == EXT_SUBTYPE_ORIGIN);
	if (type == EXT_TYPE_AS2) {
		c.field[0] = rd_u16(&value);
		c.field[1] = rd_u32(&value);
	} else {
		c.field[0] = rd_u32(&value);
		c.field[1] = rd_u16(&value);
	}
	return c;
}

struct community community_read(struct rd *r, enum community_form form)
{
	if (form == COMMUNITY_EXT) {
		return read_ext(r);
	}
	struct community c = {.is_known = true};
	if (form == COMMUNITY_STD) {
		c.field[0] = rd_u16(r);
		c.field[1] = rd_u16(r);
	} else {
		for (unsigned i = 0; i < 3; i++) {
			c.field[i] = rd_u32(r);
		}
	}
	return c;
}

bool pattern_matches(const struct community_pattern *p, enum community_form form,
		     const struct community *c)
{
	unsigned last = community_last(form);
	if (!p->is_set || !c->is_known || p->is_origin != c->is_origin) {
		return false;
	}
	for (unsigned i = 0; i < last; i++) {
		if (p->field[i] != c->field[i]) {
			return false;
		}
	}
	return p->has_peer_as || p->has_dyn_val || p->field[last] == c->field[last];
}

struct community_value pattern_value(const struct community_pattern *p, enum community_form form,
				     uint32_t last)
{
	ASSERT(p->is_set);
	struct community_value v = {.form = (uint8_t)form, .is_origin = p->is_origin};
	memcpy(v.field, p->field, sizeof(v.field));
	if (p->has_peer_as || p->has_dyn_val) {
		v.field[community_last(form)] = last;
	}
	return v;
}

bool community_value_equal(const struct community_value *a, const struct community_value *b)
{
	return a->form == b->form && a->is_origin == b->is_origin &&
	       memcmp(a->field, b->field, (community_last(a->form) + 1) * sizeof(a->field[0])) == 0;
}

static void write_ext(struct wr *w, const struct community_value *v)
{
	bool is_as4 = v->field[0] > UINT16_MAX;
	wr_u8(w, is_as4 ? EXT_TYPE_AS4 : EXT_TYPE_AS2);
	wr_u8(w, v->is_origin ? EXT_SUBTYPE_ORIGIN : EXT_SUBTYPE_TARGET);
	if (is_as4) {
		wr_u32(w, v->field[0]);
		wr_u16(w, (uint16_t)v->field[1]);
	} else {
		wr_u16(w, (uint16_t)v->field[0]);
		wr_u32(w, v->field[1]);
	}
}

void community_value_write(struct wr *w, const struct community_value *v)
{
	ASSERT(v->form < COMMUNITY_FORM_COUNT);
	if (v->form == COMMUNITY_EXT) {
		write_ext(w, v);
	} else if (v->form == COMMUNITY_STD) {
		wr_u16(w, (uint16_t)v->field[0]);
		wr_u16(w, (uint16_t)v->field[1]);
	} else {
		for (unsigned i = 0; i < 3; i++) {
			wr_u32(w, v->field[i]);
		}
	}
}

char *community_octets_text(enum community_form form, const uint8_t *octets, char *buf)
{
	struct span value = span_of(octets, forms[form].len);
	if (form == COMMUNITY_STD) {
		return community_format(value, buf, COMMUNITY_TEXT_MAX);
	}
	return form == COMMUNITY_EXT ? community_ext_format(value, buf, COMMUNITY_TEXT_MAX)
				     : community_large_format(value, buf, COMMUNITY_TEXT_MAX);
}
