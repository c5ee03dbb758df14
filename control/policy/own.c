/* What the server announces itself: see own.h. */
#include "control/policy/own.h"

#include <stdlib.h>
#include <string.h>

#include "control/policy/hears.h"
#include "rib/base/check.h"

static int order_by_prefix(const void *a, const void *b)
{
	const struct policy_originated *x = a, *y = b;
	int order = prefix_cmp(&x->prefix, &y->prefix);
	/* Ours first. */
	return order != 0 ? order : (x->asn != 0) - (y->asn != 0);
}

struct policy_originated *own_list(const struct policy_conf *conf,
				   const struct policy_sources *sources, unsigned *out_count)
{
	unsigned all = sources->originated_count, count = 0;
	struct policy_originated *list = calloc(all + FAMILY_COUNT, sizeof(*list));
	ASSERT(list != NULL);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (conf->has_default[f]) {
			list[count++] =
				(struct policy_originated){.prefix = {.family = (uint8_t)f},
							   .next_hop = conf->default_next_hop[f]};
		}
	}
	if (all > 0) {
		memcpy(list + count, sources->originated, all * sizeof(*list));
		count += all;
	}
	qsort(list, count, sizeof(*list), order_by_prefix);
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++) {
		if (kept == 0 || !prefix_equal(&list[kept - 1].prefix, &list[i].prefix)) {
			list[kept++] = list[i];
		}
	}
	*out_count = kept;
	return list;
}

/* Whose: routes of one customer, limited or not, are heard by the same members. */
struct owner {
	const struct policy_originated *route;
	unsigned place;
};

static int compare_owners(const struct policy_originated *a, const struct policy_originated *b)
{
	const char *x = a->tenant != NULL ? a->tenant : "", *y = b->tenant != NULL ? b->tenant : "";
	if (a->asn != b->asn) {
		return a->asn < b->asn ? -1 : 1;
	}
	int order = strcmp(x, y);
	if (order == 0) {
		order = (int)a->is_limited - (int)b->is_limited;
	}
	return order != 0 || a->asn != 0 ? order : (a->prefix.len != 0) - (b->prefix.len != 0);
}

static int order_by_owner(const void *a, const void *b)
{
	return compare_owners(((const struct owner *)a)->route, ((const struct owner *)b)->route);
}

struct own_routes *own_build(const struct policy_input *in)
{
	unsigned count, audiences = 0, words = (in->peer_count + 63) / 64;
	struct policy_originated *list = own_list(in->conf, in->sources, &count);
	struct owner *owner = calloc(count + 1, sizeof(*owner));
	struct own_route *route = calloc(count + 1, sizeof(*route));
	uint64_t *bits = calloc((size_t)count * words + 1, sizeof(*bits));
	ASSERT(owner != NULL && route != NULL && bits != NULL);
	for (unsigned i = 0; i < count; i++) {
		owner[i] = (struct owner){.route = &list[i], .place = i};
	}
	qsort(owner, count, sizeof(*owner), order_by_owner);
	for (unsigned i = 0; i < count; i++) {
		const struct policy_originated *o = owner[i].route;
		if (i == 0 || compare_owners(owner[i - 1].route, o) != 0) {
			hearers_of(in, o, bits + (size_t)audiences++ * words);
		}
		route[owner[i].place] = (struct own_route){.prefix = o->prefix,
							   .asn = o->asn,
							   .is_draining = o->is_draining,
							   .audience = audiences - 1};
	}
	struct own_routes *own =
		count > 0 ? own_routes_new(route, count, bits, audiences, words) : NULL;
	ASSERT(count == 0 || own != NULL);
	free(list);
	free(owner);
	free(route);
	free(bits);
	return own;
}

peer_id_t own_number(const struct policy_input *in)
{
	peer_id_t last = (peer_id_t)(in->peer_count - 1);
	bool has_any = policy_conf_has_default(in->conf) || in->sources->originated_count > 0;
	return has_any && in->client[last] == NULL ? last : PEER_NONE;
}
