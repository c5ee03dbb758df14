/* The careful receiver; see hearer.h. */
#include "tests/fuzz/hearer.h"

#include <stddef.h>

#include "rib/base/check.h"
#include "rib/base/hash.h"
#include "rib/wire/open.h"

#define HEADER_LEN 19

enum { TYPE_OPEN = 1, TYPE_UPDATE, TYPE_NOTIFICATION, TYPE_KEEPALIVE, TYPE_REFRESH };
enum { ATTRIBUTE_NEXT_HOP = 3, ATTRIBUTE_REACH = 14, ATTRIBUTE_UNREACH = 15, ATTRIBUTE_OTC = 35 };

/* The path attributes of one UPDATE. */
struct heard_attrs {
	struct rd reach, unreach, next_hop;
	bool has_reach, has_unreach, has_next_hop;
	uint8_t rest[UINT16_MAX];
	size_t rest_len;
	asn_t otc;
};

void hearer_reset(struct hearer *h)
{
	memset(h, 0, offsetof(struct hearer, route));
}

static void route_drop(struct hearer *h, const struct prefix *p, uint32_t path_id)
{
	for (unsigned i = 0; i < h->route_count; i++) {
		if (h->route[i].path_id == path_id && prefix_equal(&h->route[i].prefix, p)) {
			h->route[i] = h->route[--h->route_count];
			return;
		}
	}
}

static void route_put(struct hearer *h, const struct heard_route *r)
{
	route_drop(h, &r->prefix, r->path_id);
	if (h->route_count == HEARER_ROUTES_MAX) {
		h->is_overfull = true;
		return;
	}
	h->route[h->route_count++] = *r;
}

/* Prefixes of one field; `r` is what they are announced with, NULL: withdrawn. */
static void take_prefixes(struct hearer *h, struct rd field, enum family family,
			  const struct heard_route *r)
{
	struct heard_route route = r != NULL ? *r : (struct heard_route){.path_id = 0};

	while (rd_left(&field) > 0) {
		route.path_id = h->form[family].has_path_ids ? rd_u32(&field) : 0;
		route.prefix = (struct prefix){.family = (uint8_t)family, .len = rd_u8(&field)};
		ASSERT(route.prefix.len <= (family == FAMILY_IPV4 ? 32 : 128));
		size_t octets = (route.prefix.len + 7u) / 8;
		rd_copy(&field, route.prefix.bytes, octets);
		ASSERT(rd_is_ok(&field));
		unsigned spare = (unsigned)octets * 8 - route.prefix.len;
		/* We never send bits past the length. */
		ASSERT(octets == 0 || (route.prefix.bytes[octets - 1] & ((1u << spare) - 1)) == 0);
		if (r != NULL) {
			route_put(h, &route);
		} else {
			route_drop(h, &route.prefix, route.path_id);
		}
	}
}

/* Each type once, in ascending order. */
static void read_attributes(struct rd field, struct heard_attrs *out)
{
	int before = -1;

	out->rest_len = 0;
	out->otc = 0;
	out->has_reach = out->has_unreach = out->has_next_hop = false;
	while (rd_left(&field) > 0) {
		const uint8_t *start = field.at;
		bool is_long = (rd_u8(&field) & 0x10) != 0;
		uint8_t type = rd_u8(&field);
		size_t len = is_long ? rd_u16(&field) : rd_u8(&field);
		struct rd value = rd_of(rd_span(&field, len));
		ASSERT(rd_is_ok(&field));
		if (type == ATTRIBUTE_REACH) {
			ASSERT(!out->has_reach);
			out->reach = value;
			out->has_reach = true;
			continue;
		}
		if (type == ATTRIBUTE_UNREACH) {
			ASSERT(!out->has_unreach);
			out->unreach = value;
			out->has_unreach = true;
			continue;
		}
		ASSERT(type > before);
		before = type;
		if (type == ATTRIBUTE_NEXT_HOP) {
			ASSERT(len == 4);
			out->next_hop = value;
			out->has_next_hop = true;
		} else if (type == ATTRIBUTE_OTC) {
			ASSERT(len == 4);
			out->otc = rd_u32(&value);
		} else {
			memcpy(out->rest + out->rest_len, start, (size_t)(field.at - start));
			out->rest_len += (size_t)(field.at - start);
		}
	}
}

static struct heard_route route_of(const struct heard_attrs *a, struct rd next_hop)
{
	struct heard_route r = {
		.rest = hash_bytes(a->rest, a->rest_len, 0),
		.otc = a->otc,
		.next_hop_len = (uint8_t)rd_left(&next_hop),
	};

	ASSERT(rd_left(&next_hop) <= sizeof(r.next_hop));
	rd_copy(&next_hop, r.next_hop, r.next_hop_len);
	return r;
}

static enum family read_family(struct rd *r)
{
	unsigned afi = rd_u16(r), safi = rd_u8(r);

	ASSERT((afi == 1 || afi == 2) && safi == 1 && rd_is_ok(r));
	return afi == 1 ? FAMILY_IPV4 : FAMILY_IPV6;
}

static void take_reach(struct hearer *h, const struct heard_attrs *a)
{
	struct rd r = a->reach;
	enum family family = read_family(&r);
	size_t len = rd_u8(&r);
	struct rd next_hop = rd_of(rd_span(&r, len));

	rd_u8(&r);
	ASSERT(rd_is_ok(&r) && rd_left(&r) > 0 && a->rest_len > 0);
	/* RFC 8950 §3: what is no IPv4 next hop must have been agreed. */
	ASSERT(len == 16 || len == 32);
	ASSERT(family == FAMILY_IPV6 || h->form[family].has_next_hop6);
	struct heard_route route = route_of(a, next_hop);
	take_prefixes(h, r, family, &route);
}

static void take_update(struct hearer *h, struct rd body)
{
	static struct heard_attrs a;
	bool is_end = rd_left(&body) == 4; /* RFC 4724 §2. */
	struct rd withdrawn = rd_of(rd_span(&body, rd_u16(&body)));
	struct rd attrs = rd_of(rd_span(&body, rd_u16(&body)));

	ASSERT(h->may_update && rd_is_ok(&body));
	read_attributes(attrs, &a);
	take_prefixes(h, withdrawn, FAMILY_IPV4, NULL);
	if (a.has_unreach) {
		enum family family = read_family(&a.unreach);

		h->ends[family] += rd_left(&a.unreach) == 0;
		take_prefixes(h, a.unreach, family, NULL);
	}
	if (a.has_reach) {
		take_reach(h, &a);
	}
	if (rd_left(&body) > 0) {
		ASSERT(a.has_next_hop && a.rest_len > 0);
		struct heard_route route = route_of(&a, a.next_hop);
		take_prefixes(h, body, FAMILY_IPV4, &route);
	}
	h->ends[FAMILY_IPV4] += is_end;
}

static void take_open(struct hearer *h, struct rd body)
{
	struct notify why;
	struct open open;

	ASSERT(!h->has_open);
	ASSERT(open_decode(span_of(body.at, rd_left(&body)), &open, &why));
	h->has_open = true;
}

/* RFC 7313 §4: what was not sent again from BoRR to EoRR goes.  But we withdraw what we withdraw,
 * so nothing of the kind may be left: a receiver would miss it, if only until it is sent again. */
static void take_border(struct hearer *h, enum family family, bool is_end)
{
	ASSERT(h->is_enhanced && h->ends[family] > 0 && h->is_renewing[family] == is_end);
	h->is_renewing[family] = !is_end;
	for (unsigned i = 0; i < h->route_count; i++) {
		struct heard_route *r = &h->route[i];
		if (r->prefix.family == family) {
			ASSERT(!is_end || !r->is_old || h->is_overfull);
			r->is_old = !is_end;
		}
	}
}

static void take_refresh(struct hearer *h, struct rd body)
{
	ASSERT(rd_left(&body) == 4 && h->may_update);
	unsigned afi = rd_u16(&body), kind = rd_u8(&body), safi = rd_u8(&body);
	ASSERT((afi == 1 || afi == 2) && safi == 1 && kind <= 2);
	if (kind != 0) {
		take_border(h, afi == 1 ? FAMILY_IPV4 : FAMILY_IPV6, kind == 2);
	}
}

static void take_message(struct hearer *h, uint8_t type, struct rd body)
{
	ASSERT(!h->is_over);
	ASSERT(h->has_open || type == TYPE_OPEN || type == TYPE_NOTIFICATION);
	switch (type) {
	case TYPE_OPEN:
		take_open(h, body);
		break;
	case TYPE_UPDATE:
		take_update(h, body);
		break;
	case TYPE_NOTIFICATION:
		ASSERT(rd_left(&body) >= 2);
		h->is_over = true;
		break;
	case TYPE_KEEPALIVE:
		ASSERT(rd_left(&body) == 0);
		break;
	default:
		ASSERT(type == TYPE_REFRESH);
		take_refresh(h, body);
		break;
	}
}

/* RFC 8654 §3, §4: only some messages may be long, and only where that was agreed. */
static size_t message_max(const struct hearer *h, uint8_t type)
{
	if (type != TYPE_UPDATE || !h->may_update) {
		return 4096;
	}
	return max_u64(h->form[FAMILY_IPV4].message_max, h->form[FAMILY_IPV6].message_max);
}

void hearer_take(struct hearer *h, struct span bytes)
{
	while (bytes.len > 0) {
		size_t want = HEADER_LEN;
		if (h->partial_len >= HEADER_LEN) {
			want = (size_t)h->partial[16] << 8 | h->partial[17];
		}
		size_t some = min_u64(want - h->partial_len, bytes.len);
		memcpy(h->partial + h->partial_len, bytes.data, some);
		h->partial_len += some;
		bytes = span_of(bytes.data + some, bytes.len - some);
		if (h->partial_len < HEADER_LEN) {
			continue;
		}
		uint8_t type = h->partial[18];
		want = (size_t)h->partial[16] << 8 | h->partial[17];
		for (unsigned i = 0; i < 16; i++) {
			ASSERT(h->partial[i] == 0xff);
		}
		ASSERT(want >= HEADER_LEN && want <= message_max(h, type));
		if (h->partial_len == want) {
			take_message(h, type,
				     rd_of(span_of(h->partial + HEADER_LEN, want - HEADER_LEN)));
			h->partial_len = 0;
		}
	}
}

/* A set's own bytes without OTC. */
static uint64_t hash_without_otc(const struct attr *a)
{
	static uint8_t rest[ATTR_WIRE_MAX];
	struct span otc = attr_find(a, ATTR_OTC);
	size_t first = a->wire_len, skipped = 0;

	if (otc.data != NULL) {
		skipped = 3 + otc.len;
		first = (size_t)(otc.data - a->wire) - 3;
	}
	memcpy(rest, a->wire, first);
	memcpy(rest + first, a->wire + first + skipped, a->wire_len - first - skipped);
	return hash_bytes(rest, a->wire_len - skipped, 0);
}

bool hearer_has(const struct hearer *h, const struct prefix *p, uint32_t path_id,
		const struct attr *attr)
{
	const struct update_form *form = &h->form[p->family];

	for (unsigned i = 0; i < h->route_count; i++) {
		const struct heard_route *r = &h->route[i];
		if (r->path_id != path_id || !prefix_equal(&r->prefix, p)) {
			continue;
		}
		if (r->next_hop_len != attr->next_hop_len ||
		    memcmp(r->next_hop, attr_next_hop_octets(attr).data, r->next_hop_len) != 0 ||
		    r->otc != (attr->facts.otc != 0 ? attr->facts.otc : form->otc)) {
			return false;
		}
		/* In the 2-octet form paths are written otherwise. */
		return !form->is_as4 || r->rest == hash_without_otc(attr);
	}
	return false;
}

unsigned hearer_count(const struct hearer *h, enum family family)
{
	unsigned count = 0;

	for (unsigned i = 0; i < h->route_count; i++) {
		count += h->route[i].prefix.family == family;
	}
	return count;
}
