/* `cfg.communities`: the communities by which members steer their routes.
 *
 * A community has up to three forms, and each is a pattern: numbers, `rs_as` for ours, and
 * `peer_as`, as the last, for the member's that is meant.  What the numbers are is known when all
 * files are read, for `rs_as` may stand anywhere.  Names are arouteserver's; those that this
 * version does not act on are named in a warning each.  RFC 1997, RFC 4360, RFC 8092. */
#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"

#define PARTS_MAX 4

static const char *const rule_name[REACH_RULE_COUNT] = {
	[REACH_DENY_PEER] = "do_not_announce_to_peer",
	[REACH_ALLOW_PEER] = "announce_to_peer",
	[REACH_DENY_ALL] = "do_not_announce_to_any",
};
static const char *const form_name[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = "std", [COMMUNITY_EXT] = "ext", [COMMUNITY_LRG] = "lrg"};
static const char *const form_example[COMMUNITY_FORM_COUNT] = {
	[COMMUNITY_STD] = "0:", [COMMUNITY_EXT] = "rt:0:", [COMMUNITY_LRG] = "rs_as:0:"};

static unsigned split(const char *text, char part[PARTS_MAX][16])
{
	unsigned count = 0;
	for (;; text++) {
		size_t len = strcspn(text, ":");
		if (count == PARTS_MAX || len == 0 || len > 15) {
			return 0;
		}
		memcpy(part[count], text, len);
		part[count++][len] = '\0';
		text += len;
		if (*text == '\0') {
			return count;
		}
	}
}

/* One number or macro into field `i`; false when it is neither. */
static bool read_part(const char *text, unsigned i, bool is_last, struct draft_pattern *out)
{
	if (strcmp(text, "rs_as") == 0) {
		out->is_rs_as[i] = true;
		return true;
	}
	if (strcmp(text, "peer_as") == 0) {
		out->value.has_peer_as = true;
		return is_last;
	}
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	out->value.field[i] = (uint32_t)number;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= UINT32_MAX;
}

/* False when the text has not the form's shape. */
static bool parse(const char *text, enum community_form form, struct draft_pattern *out)
{
	char part[PARTS_MAX][16];
	unsigned count = split(text, part), first = form == COMMUNITY_EXT ? 1 : 0;
	unsigned fields = form == COMMUNITY_LRG ? 3 : 2;
	if (count != first + fields) {
		return false;
	}
	if (form == COMMUNITY_EXT) {
		out->value.is_origin = strcmp(part[0], "ro") == 0;
		if (!out->value.is_origin && strcmp(part[0], "rt") != 0) {
			return false;
		}
	}
	for (unsigned i = 0; i < fields; i++) {
		if (!read_part(part[first + i], i, i + 1 == fields, out)) {
			return false;
		}
	}
	out->value.is_set = true;
	return true;
}

static void read_form(struct loader *l, const struct node *v, enum reach_rule rule,
		      enum community_form form)
{
	const char *text;
	struct draft_pattern fresh = {.at = v->at};
	bool wants_peer = rule != REACH_DENY_ALL;
	if (!value_text(l, v, form_name[form], &text)) {
		return;
	}
	if (!parse(text, form, &fresh) || fresh.value.has_peer_as != wants_peer) {
		loader_fail(l, &v->at,
			    "'%s' of '%s' must be %s such as '%s%s', of numbers and rs_as%s, not "
			    "'%s'",
			    form_name[form], rule_name[rule],
			    form == COMMUNITY_STD   ? "a community"
			    : form == COMMUNITY_EXT ? "an extended community"
						    : "a large community",
			    form_example[form], wants_peer ? "peer_as" : "rs_as",
			    wants_peer ? ", with peer_as as the last" : "", text);
		return;
	}
	l->community[rule][form] = fresh;
}

/* The target says which rule's mapping it is. */
static void read_std(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, *(const enum reach_rule *)target, COMMUNITY_STD);
}

static void read_ext(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, *(const enum reach_rule *)target, COMMUNITY_EXT);
}

static void read_lrg(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	read_form(l, v, *(const enum reach_rule *)target, COMMUNITY_LRG);
}

static const struct key form_key[] = {
	{.name = "std", .read = read_std},
	{.name = "ext", .read = read_ext},
	{.name = "lrg", .read = read_lrg},
};

static void read_rule(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)target;
	enum reach_rule rule = REACH_DENY_PEER;
	while (strcmp(rule_name[rule], key->text) != 0) {
		rule++;
	}
	const struct key_table table = {
		.where = rule_name[rule], .keys = form_key, .count = ARRAY_COUNT(form_key)};
	keys_walk(l, v, &table, &rule);
}

static const struct key communities_key[] = {
	{.name = "do_not_announce_to_any", .read = read_rule},
	{.name = "do_not_announce_to_peer", .read = read_rule},
	{.name = "announce_to_peer", .read = read_rule},
	{.name = "do_not_announce_to_peers_with_rtt_lower_than", .kind = KEY_FOREIGN},
	{.name = "do_not_announce_to_peers_with_rtt_higher_than", .kind = KEY_FOREIGN},
	{.name = "announce_to_peers_with_rtt_lower_than", .kind = KEY_FOREIGN},
	{.name = "announce_to_peers_with_rtt_higher_than", .kind = KEY_FOREIGN},
	{.name = "prepend_once_to_any", .kind = KEY_FOREIGN},
	{.name = "prepend_once_to_peer", .kind = KEY_FOREIGN},
	{.name = "prepend_once_to_peers_with_rtt_lower_than", .kind = KEY_FOREIGN},
	{.name = "prepend_once_to_peers_with_rtt_higher_than", .kind = KEY_FOREIGN},
	{.name = "prepend_twice_to_any", .kind = KEY_FOREIGN},
	{.name = "prepend_twice_to_peer", .kind = KEY_FOREIGN},
	{.name = "prepend_twice_to_peers_with_rtt_lower_than", .kind = KEY_FOREIGN},
	{.name = "prepend_twice_to_peers_with_rtt_higher_than", .kind = KEY_FOREIGN},
	{.name = "prepend_thrice_to_any", .kind = KEY_FOREIGN},
	{.name = "prepend_thrice_to_peer", .kind = KEY_FOREIGN},
	{.name = "prepend_thrice_to_peers_with_rtt_lower_than", .kind = KEY_FOREIGN},
	{.name = "prepend_thrice_to_peers_with_rtt_higher_than", .kind = KEY_FOREIGN},
	{.name = "add_noexport_to_any", .kind = KEY_FOREIGN},
	{.name = "add_noexport_to_peer", .kind = KEY_FOREIGN},
	{.name = "add_noadvertise_to_any", .kind = KEY_FOREIGN},
	{.name = "add_noadvertise_to_peer", .kind = KEY_FOREIGN},
	{.name = "blackholing", .kind = KEY_FOREIGN},
	{.name = "origin_present_in_as_set", .kind = KEY_FOREIGN},
	{.name = "origin_not_present_in_as_set", .kind = KEY_FOREIGN},
	{.name = "prefix_present_in_as_set", .kind = KEY_FOREIGN},
	{.name = "prefix_not_present_in_as_set", .kind = KEY_FOREIGN},
	{.name = "prefix_validated_via_rpki_roas", .kind = KEY_FOREIGN},
	{.name = "prefix_validated_via_arin_whois_db_dump", .kind = KEY_FOREIGN},
	{.name = "prefix_validated_via_registrobr_whois_db_dump", .kind = KEY_FOREIGN},
	{.name = "route_validated_via_white_list", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation_not_performed", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation_valid", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation_unknown", .kind = KEY_FOREIGN},
	{.name = "rpki_bgp_origin_validation_invalid", .kind = KEY_FOREIGN},
	{.name = "reject_cause", .kind = KEY_FOREIGN},
	{.name = "rejected_route_announced_by", .kind = KEY_FOREIGN},
	{.name = "reject_cause_map", .kind = KEY_FOREIGN},
};
static const struct key_table communities_keys = {
	.where = "cfg.communities", .keys = communities_key, .count = ARRAY_COUNT(communities_key)};

void read_communities(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	keys_walk(l, v, &communities_keys, NULL);
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

static void finish_pattern(struct loader *l, struct draft_pattern *d, enum reach_rule rule,
			   enum community_form form)
{
	struct community_pattern *p = &d->value;
	for (unsigned i = 0; i < 3; i++) {
		p->field[i] = d->is_rs_as[i] ? l->config->rs_as : p->field[i];
		if (p->field[i] > field_max(p, form, i)) {
			loader_fail(l, &d->at,
				    "%u in '%s' of '%s' is too large for this kind of community; "
				    "use 'lrg'",
				    p->field[i], form_name[form], rule_name[rule]);
			return;
		}
	}
	if (form == COMMUNITY_STD && p->field[0] == UINT16_MAX) {
		loader_fail(l, &d->at,
			    "'std' of '%s' cannot begin with 65535: these communities are "
			    "well-known ones (RFC 1997)",
			    rule_name[rule]);
		return;
	}
	l->config->reach.pattern[rule][form] = *p;
}

bool community_pattern_equal(const struct community_pattern *a, const struct community_pattern *b)
{
	return a->is_set == b->is_set && a->has_peer_as == b->has_peer_as &&
	       a->is_origin == b->is_origin && memcmp(a->field, b->field, sizeof(a->field)) == 0;
}

/* One community cannot ask for two things. */
static void check_twice(struct loader *l, enum reach_rule rule, enum community_form form)
{
	const struct community_pattern *p = &l->config->reach.pattern[rule][form];
	for (unsigned r = 0; r < (unsigned)rule && p->is_set; r++) {
		if (community_pattern_equal(p, &l->config->reach.pattern[r][form])) {
			loader_fail(l, &l->community[rule][form].at,
				    "'%s' of '%s' is that of '%s', too; change one of the two",
				    form_name[form], rule_name[rule], rule_name[r]);
		}
	}
}

void finish_communities(struct loader *l)
{
	for (unsigned r = 0; r < REACH_RULE_COUNT; r++) {
		for (unsigned f = 0; f < COMMUNITY_FORM_COUNT; f++) {
			if (l->community[r][f].value.is_set) {
				finish_pattern(l, &l->community[r][f], (enum reach_rule)r,
					       (enum community_form)f);
				check_twice(l, (enum reach_rule)r, (enum community_form)f);
			}
		}
	}
}
