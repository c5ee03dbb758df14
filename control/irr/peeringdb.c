/* One network is one item of "data"; sorted by number when all are there. */
#include "control/irr/peeringdb.h"

#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"

struct peeringdb {
	struct peeringdb_net *net;
	size_t count, capacity;
	struct asn_set *never_via_rs;
};

void peeringdb_parse_init(struct peeringdb_parse *p, const char *text, size_t len)
{
	*p = (struct peeringdb_parse){.made = calloc(1, sizeof(*p->made))};
	ASSERT(p->made != NULL);
	items_init(&p->walk, text, len);
}

void peeringdb_free(struct peeringdb *d)
{
	if (d == NULL) {
		return;
	}
	for (size_t i = 0; i < d->count; i++) {
		free(d->net[i].as_set);
	}
	asn_set_put(d->never_via_rs);
	free(d->net);
	free(d);
}

void peeringdb_parse_fini(struct peeringdb_parse *p)
{
	peeringdb_free(p->made);
	p->made = NULL;
}

struct peeringdb *peeringdb_parse_take(struct peeringdb_parse *p)
{
	struct peeringdb *d = p->made;
	p->made = NULL;
	return d;
}

/* A count that may be missing. */
static uint32_t read_count(const json_t *item, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(item, key));
	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* Items of other kinds than networks are passed over; those of a network's (its ports at exchanges,
 * its people) have its number, too, and name it by `net_id`. */
static void add_net(struct peeringdb *d, const json_t *item)
{
	json_int_t asn = json_integer_value(json_object_get(item, "asn"));
	const char *as_set = json_string_value(json_object_get(item, "irr_as_set"));
	if (asn <= 0 || asn >= UINT32_MAX || json_object_get(item, "net_id") != NULL) {
		return;
	}
	if (d->count == d->capacity) {
		d->capacity = d->capacity == 0 ? 1024 : d->capacity * 2;
		struct peeringdb_net *grown = realloc(d->net, d->capacity * sizeof(*grown));
		ASSERT(grown != NULL);
		d->net = grown;
	}
	struct peeringdb_net *net = &d->net[d->count++];
	*net = (struct peeringdb_net){
		.asn = (asn_t)asn,
		.prefixes = {read_count(item, "info_prefixes4"),
			     read_count(item, "info_prefixes6")},
		.is_never_via_rs =
			json_is_true(json_object_get(item, "info_never_via_route_servers")),
	};
	if (as_set != NULL && as_set[0] != '\0') {
		net->as_set = strdup(as_set);
		ASSERT(net->as_set != NULL);
	}
}

static int net_order(const void *a, const void *b)
{
	asn_t x = ((const struct peeringdb_net *)a)->asn;
	asn_t y = ((const struct peeringdb_net *)b)->asn;
	return (x > y) - (x < y);
}

static void settle(struct peeringdb *d)
{
	asn_t *never = malloc((d->count + 1) * sizeof(*never));
	size_t count = 0;
	ASSERT(never != NULL);
	qsort(d->net, d->count, sizeof(*d->net), net_order);
	for (size_t i = 0; i < d->count; i++) {
		if (d->net[i].is_never_via_rs) {
			never[count++] = d->net[i].asn;
		}
	}
	d->never_via_rs = asn_set_new(never, count);
	ASSERT(d->never_via_rs != NULL);
	free(never);
}

static enum peeringdb_verdict bad(struct peeringdb_parse *p, const char *what)
{
	(void)snprintf(p->why, sizeof(p->why), "%s after %zu networks", what, p->made->count);
	return PEERINGDB_BAD;
}

enum peeringdb_verdict peeringdb_parse_step(struct peeringdb_parse *p, size_t items_max)
{
	for (size_t i = 0; i < items_max; i++) {
		json_t *item = NULL;
		switch (items_next(&p->walk, &item)) {
		case ITEMS_BAD:
			return bad(p, "no whole JSON document: it ends or is garbled");
		case ITEMS_END:
			if (p->made->count == 0) {
				return bad(p, "no network in it: the end");
			}
			settle(p->made);
			return PEERINGDB_DONE;
		default:
			break;
		}
		add_net(p->made, item);
		json_decref(item);
	}
	return PEERINGDB_MORE;
}

size_t peeringdb_count(const struct peeringdb *d)
{
	return d != NULL ? d->count : 0;
}

const struct peeringdb_net *peeringdb_find(const struct peeringdb *d, asn_t asn)
{
	const struct peeringdb_net wanted = {.asn = asn};
	if (d == NULL || d->count == 0) {
		return NULL;
	}
	return bsearch(&wanted, d->net, d->count, sizeof(*d->net), net_order);
}

struct asn_set *peeringdb_never_via_rs(const struct peeringdb *d)
{
	return d != NULL ? d->never_via_rs : NULL;
}

uint32_t peeringdb_limit(uint32_t prefixes, uint32_t absolute, uint32_t relative_percent)
{
	uint64_t sum = min_u64((uint64_t)prefixes + absolute, UINT32_MAX);
	return (uint32_t)min_u64(sum + sum * relative_percent / 100, UINT32_MAX);
}
