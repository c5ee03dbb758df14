/* Several paths of a prefix: RFC 7911, both ways.
 *
 * A member that sends path ids has up to three paths of a prefix, each with its own id; the first
 * stands in h->route like everybody's, the others in h->more.  One that takes path ids should hold
 * the best WORLD_PATHS_SENT that are not its own, under whatever ids; the oracle is naive_views. */
#include <stdio.h>
#include <string.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "tests/sim/history.h"

#define OFFERS_MAX 64

struct naive_route *paths_slot(struct history *h, unsigned member, unsigned prefix, unsigned slot)
{
	return slot == 0 ? &h->route[prefix][member] : &h->more[prefix][member][slot - 1];
}

unsigned paths_draw_slot(struct history *h, unsigned member, unsigned family)
{
	bool has_ids = h->world->speaker[member].conf.sends_paths[family];
	return has_ids ? (unsigned)prng_below(&h->world->prng, PATH_SLOTS) : 0;
}

struct naive_prefix paths_prefix(const struct history *h, unsigned member, unsigned prefix,
				 unsigned slot)
{
	struct naive_prefix p = h->world->universe[prefix];
	p.has_path_id = h->world->speaker[member].conf.sends_paths[p.family];
	p.path_id = slot * 0x01000003u + member * 7;
	return p;
}

unsigned paths_set(struct history *h, unsigned member, unsigned prefix)
{
	unsigned set = 0;
	for (unsigned k = 0; k < PATH_SLOTS; k++) {
		set |= paths_slot(h, member, prefix, k)->is_set ? 1u << k : 0;
	}
	return set;
}

static bool is_refused(const struct history *h, unsigned prefix, const struct naive_route *r)
{
	return rules_refuse(&h->world->rules, &h->world->scene, prefix, &r->attrs);
}

static unsigned offers_of(struct history *h, unsigned prefix, struct naive_offer *out)
{
	unsigned count = 0;
	for (unsigned i = 0; i < h->world->opts.members; i++) {
		for (unsigned k = 0; k < PATH_SLOTS; k++) {
			const struct naive_route *r = paths_slot(h, i, prefix, k);
			if (r->is_set && !is_refused(h, prefix, r)) {
				ASSERT(count < OFFERS_MAX);
				out[count++] = (struct naive_offer){.owner = i, .attrs = r->attrs};
			}
		}
	}
	return count;
}

unsigned paths_expected(struct history *h, unsigned member, unsigned prefix,
			struct naive_attrs out[WORLD_PATHS_SENT])
{
	const struct speaker_conf *c = &h->world->speaker[member].conf;
	struct naive_offer offer[OFFERS_MAX];
	int view[OFFERS_MAX];
	unsigned count = offers_of(h, prefix, offer);
	bool has_ids = c->takes_paths[h->world->universe[prefix].family];
	struct naive_wish wish = {.member = member,
				  .asn = c->asn,
				  .deaf = h->world->rules.deaf[member],
				  .n = has_ids ? WORLD_PATHS_SENT : 1};
	unsigned found = naive_views(offer, count, h->who, &wish, view);
	for (unsigned i = 0; i < found; i++) {
		out[i] = offer[view[i]].attrs;
	}
	return found;
}

static bool is_held(const struct speaker *s, unsigned prefix, const struct naive_attrs *a)
{
	uint8_t bytes[NAIVE_LONG_MAX], next_hop[32];
	size_t len = naive_expected(bytes, a, s->conf.is_as4);
	size_t nh = naive_next_hop(next_hop, a, s->conf.universe[prefix].family);
	for (unsigned k = 0; k < HELD_PATHS_MAX; k++) {
		const struct held_path *p = &s->path[prefix][k];
		if (p->is_held && p->attrs_len == len && p->next_hop_len == nh &&
		    p->attrs_hash == hash_bytes(bytes, len, 0) &&
		    memcmp(p->next_hop, next_hop, nh) == 0) {
			return true;
		}
	}
	return false;
}

bool paths_are_right(struct history *h, unsigned member, unsigned prefix, bool verbose)
{
	const struct speaker *s = &h->world->speaker[member];
	struct naive_attrs attrs[WORLD_PATHS_SENT];
	unsigned count = paths_expected(h, member, prefix, attrs);
	unsigned held = 0, missing = 0;
	for (unsigned k = 0; k < HELD_PATHS_MAX; k++) {
		held += s->path[prefix][k].is_held;
	}
	for (unsigned i = 0; i < count; i++) {
		missing += !is_held(s, prefix, &attrs[i]);
	}
	/* Each set is another one (its serial): none counts twice. */
	bool is_right = held == count && missing == 0;
	if (!is_right && verbose) {
		fprintf(stderr,
			"seed %lu: member %u prefix %u: holds %u paths, expected %u, %u are "
			"missing\n",
			h->seed, member, prefix, held, count, missing);
	}
	return is_right;
}
