/* Communities when all files are read: `rs_as` gets its number, defaults of a preset come in, and
 * each community is held against every other one.
 *
 * Two meanings may not share a community, or what members ask for would be uncertain, and what we
 * say would be scrubbed with it.  `peer_as` stands for members' AS numbers, which are neither 0 nor
 * ours nor private ones, so "0:rs_as" and "0:peer_as" go together: arouteserver's rule. */
#include <stdlib.h>
#include <string.h>

#include "control/config/communities.h"
#include "rib/base/check.h"

/* Euro-IX's large communities (version 1.1). */
static const struct preset_community {
	enum community_name name;
	const char *lrg;
} euro_ix[] = {
	{COMMUNITY_DO_NOT_ANNOUNCE_TO_ANY, "rs_as:0:0"},
	{COMMUNITY_DO_NOT_ANNOUNCE_TO_PEER, "rs_as:0:peer_as"},
	{COMMUNITY_ANNOUNCE_TO_PEER, "rs_as:1:peer_as"},
	{COMMUNITY_DO_NOT_ANNOUNCE_RTT_HIGHER, "rs_as:2:dyn_val"},
	{COMMUNITY_DO_NOT_ANNOUNCE_RTT_LOWER, "rs_as:3:dyn_val"},
	{COMMUNITY_PREPEND_ONCE_TO_ANY, "rs_as:101:0"},
	{COMMUNITY_PREPEND_TWICE_TO_ANY, "rs_as:102:0"},
	{COMMUNITY_PREPEND_THRICE_TO_ANY, "rs_as:103:0"},
	{COMMUNITY_PREPEND_ONCE_TO_PEER, "rs_as:101:peer_as"},
	{COMMUNITY_PREPEND_TWICE_TO_PEER, "rs_as:102:peer_as"},
	{COMMUNITY_PREPEND_THRICE_TO_PEER, "rs_as:103:peer_as"},
	{COMMUNITY_ROV_VALID, "rs_as:1000:1"},
	{COMMUNITY_ROV_UNKNOWN, "rs_as:1000:2"},
	{COMMUNITY_ROV_NOT_PERFORMED, "rs_as:1000:3"},
	{COMMUNITY_ROV_INVALID, "rs_as:1000:4"},
};
static const struct preset_cause {
	unsigned code;
	const char *lrg;
} euro_ix_cause[] = {
	{1, "rs_as:1101:5"},  {2, "rs_as:1101:3"},   {5, "rs_as:1101:8"},  {6, "rs_as:1101:7"},
	{7, "rs_as:1101:4"},  {8, "rs_as:1101:14"},  {9, "rs_as:1101:10"}, {10, "rs_as:1101:3"},
	{12, "rs_as:1101:9"}, {14, "rs_as:1101:13"},
};

static void set_preset(const struct loader *l, const char *text, struct draft_pattern *out)
{
	*out = (struct draft_pattern){.at = l->general.preset_at};
	bool is_good = community_parse(text, COMMUNITY_LRG, out);
	ASSERT(is_good);
}

void communities_add_preset(struct loader *l)
{
	struct draft_general *g = &l->general;
	if (g->preset.value == 0) {
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(euro_ix); i++) {
		if (!g->is_named[euro_ix[i].name]) {
			set_preset(l, euro_ix[i].lrg,
				   &g->community[euro_ix[i].name][COMMUNITY_LRG]);
		}
	}
	for (unsigned i = 0; i < ARRAY_COUNT(euro_ix_cause) && !g->has_causes; i++) {
		set_preset(l, euro_ix_cause[i].lrg,
			   &g->cause[euro_ix_cause[i].code][COMMUNITY_LRG]);
	}
}

/* What a number of the form may be at most. */
static uint32_t field_max(const struct community_pattern *p, enum community_form form, unsigned i)
{
	if (form == COMMUNITY_STD) {
		return UINT16_MAX;
	}
	/* RFC 5668 §2: a 4-octet AS number leaves 2 octets. */
	return form == COMMUNITY_EXT && i == 1 && p->field[0] > UINT16_MAX ? UINT16_MAX
									   : UINT32_MAX;
}

/* A pattern among all that are there. */
enum { KIND_CUSTOM = COMMUNITY_INBOUND + 1 };
struct found {
	const char *name;
	unsigned kind; /* enum community_kind, or KIND_CUSTOM. */
	bool is_cause; /* Causes may share communities with one another. */
	enum community_form form;
	struct draft_pattern *draft;
};

static bool finish_pattern(struct loader *l, const struct found *f)
{
	struct community_pattern *p = &f->draft->value;
	for (unsigned i = 0; i < 3; i++) {
		p->field[i] = f->draft->is_rs_as[i] ? l->config->rs_as : p->field[i];
		if (p->field[i] > field_max(p, f->form, i)) {
			loader_fail(l, &f->draft->at,
				    "%u in '%s' of '%s' is too large for this kind of community; "
				    "use 'lrg'",
				    p->field[i], community_form_name[f->form], f->name);
			return false;
		}
	}
	if (f->form == COMMUNITY_STD && p->field[0] == UINT16_MAX) {
		loader_fail(l, &f->draft->at,
			    "'std' of '%s' cannot begin with 65535: these communities are "
			    "well-known ones (RFC 1997)",
			    f->name);
		return false;
	}
	return true;
}

static bool is_private(uint32_t asn)
{
	return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000U && asn <= 4294967294U);
}

/* Whether a community can be of both patterns. */
static bool is_shared(const struct found *a, const struct found *b, asn_t rs_as)
{
	const struct community_pattern *p = &a->draft->value, *q = &b->draft->value;
	unsigned last = community_last(a->form);
	if (p->is_origin != q->is_origin) {
		return false;
	}
	for (unsigned i = 0; i < last; i++) {
		if (p->field[i] != q->field[i]) {
			return false;
		}
	}
	if (p->has_peer_as == q->has_peer_as && p->has_dyn_val == q->has_dyn_val) {
		return p->has_peer_as || p->has_dyn_val || p->field[last] == q->field[last];
	}
	if (p->has_dyn_val || q->has_dyn_val) {
		return true;
	}
	uint32_t number = p->has_peer_as ? q->field[last] : p->field[last];
	return number != 0 && number != rs_as && !is_private(number);
}

static void check_pair(struct loader *l, const struct found *a, const struct found *b)
{
	bool is_equal = memcmp(a->draft->value.field, b->draft->value.field,
			       sizeof(a->draft->value.field)) == 0 &&
			a->draft->value.has_peer_as == b->draft->value.has_peer_as &&
			a->draft->value.has_dyn_val == b->draft->value.has_dyn_val;
	/* What we say may overlap with what we say, unless it is the same. */
	bool are_ours = a->kind != COMMUNITY_INBOUND && b->kind != COMMUNITY_INBOUND;
	bool is_internal = a->kind == COMMUNITY_INTERNAL || b->kind == COMMUNITY_INTERNAL;
	if (a->form != b->form || (a->is_cause && b->is_cause) ||
	    !is_shared(a, b, l->config->rs_as) || (are_ours && !is_internal && !is_equal) ||
	    (a->kind == COMMUNITY_INTERNAL && b->kind == COMMUNITY_INTERNAL && !is_equal)) {
		return;
	}
	loader_fail(l, &b->draft->at, "'%s' of '%s' %s that of '%s', too; change one of the two",
		    community_form_name[b->form], b->name, is_equal ? "is" : "can be", a->name);
}

static unsigned add_forms(struct found *out, const struct found *what, struct draft_pattern *form)
{
	unsigned count = 0;
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		if (form[f].value.is_set) {
			out[count] = *what;
			out[count].form = (enum community_form)f;
			out[count++].draft = &form[f];
		}
	}
	return count;
}

#define FOUND_MAX ((COMMUNITY_NAME_COUNT + REJECT_CODE_COUNT + CUSTOM_MAX) * COMMUNITY_FORM_COUNT)

static unsigned find_all(struct draft_general *g, struct found *out)
{
	unsigned count = 0;
	for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
		const struct found f = {.name = community_info[i].name,
					.kind = community_info[i].kind};
		count += add_forms(out + count, &f, g->community[i]);
	}
	for (unsigned i = 0; i < REJECT_CODE_COUNT; i++) {
		const struct found f = {
			.name = "reject_cause_map", .kind = COMMUNITY_INTERNAL, .is_cause = true};
		count += add_forms(out + count, &f, g->cause[i]);
	}
	for (unsigned i = 0; i < g->custom_count; i++) {
		const struct found f = {.name = g->custom[i].name, .kind = KIND_CUSTOM};
		count += add_forms(out + count, &f, g->custom[i].form);
	}
	ASSERT(count <= FOUND_MAX);
	return count;
}

static void take_custom(struct loader *l)
{
	const struct draft_general *g = &l->general;
	struct policy_conf *p = &l->config->policy;
	p->custom = calloc(g->custom_count + 1, sizeof(*p->custom));
	ASSERT(p->custom != NULL);
	p->custom_count = g->custom_count;
	for (unsigned i = 0; i < g->custom_count; i++) {
		struct custom_community *c = &p->custom[i];
		c->name = strdup(g->custom[i].name);
		ASSERT(c->name != NULL);
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			const struct community_pattern *from = &g->custom[i].form[f].value;
			c->is_set[f] = from->is_set;
			c->value[f] = (struct community_value){.form = (uint8_t)f,
							       .is_origin = from->is_origin};
			memcpy(c->value[f].field, from->field, sizeof(from->field));
		}
	}
}

static void take_patterns(struct loader *l)
{
	const struct draft_general *g = &l->general;
	struct policy_conf *p = &l->config->policy;
	for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
		for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
			p->pattern[i][f] = g->community[i][f].value;
		}
		for (unsigned i = 0; i < REJECT_CODE_COUNT; i++) {
			p->cause_map[i][f] = g->cause[i][f].value;
		}
	}
}

void finish_communities(struct loader *l)
{
	struct found *found = calloc(FOUND_MAX, sizeof(*found));
	ASSERT(found != NULL);
	communities_add_preset(l);
	unsigned all = find_all(&l->general, found), count = 0;
	for (unsigned i = 0; i < all; i++) {
		if (finish_pattern(l, &found[i])) {
			found[count++] = found[i];
		}
	}
	for (unsigned i = 0; i < count; i++) {
		for (unsigned k = 0; k < i; k++) {
			check_pair(l, &found[k], &found[i]);
		}
	}
	take_patterns(l);
	take_custom(l);
	free(found);
}
