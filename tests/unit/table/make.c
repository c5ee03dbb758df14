/* What the tests of the table share: see make.h. */
#include "tests/unit/table/make.h"

#include <stdlib.h>

#include "rib/base/check.h"

static void put_attr(struct wr *w, uint8_t flags, uint8_t type, const void *value, size_t len)
{
	wr_u8(w, len > 255 ? flags | ATTR_FLAG_EXT_LEN : flags);
	wr_u8(w, type);
	if (len > 255) {
		wr_u16(w, (uint16_t)len);
	} else {
		wr_u8(w, (uint8_t)len);
	}
	wr_copy(w, value, len);
}

const struct attr *make_attr_spec(struct intern *in, const struct attr_spec *spec,
				  enum family family)
{
	static const uint8_t pad[ATTR_WIRE_MAX];
	struct attr_draft *d = calloc(1, sizeof(*d));
	struct wr w = wr_of(d->wire, sizeof(d->wire));
	uint8_t value[256];
	value[0] = (uint8_t)spec->origin;
	put_attr(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, value, 1);
	struct wr v = wr_of(value, sizeof(value));
	wr_u8(&v, 2);
	wr_u8(&v, (uint8_t)spec->path_len);
	for (unsigned i = 0; i < spec->path_len; i++) {
		wr_u32(&v, i == 0 ? spec->neighbor_as : 4200000000u + i);
	}
	put_attr(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, value, wr_len(&v));
	v = wr_of(value, sizeof(value));
	wr_u32(&v, spec->med);
	put_attr(&w, ATTR_FLAG_OPTIONAL, ATTR_MED, value, 4);
	v = wr_of(value, sizeof(value));
	wr_u32(&v, spec->id);
	if (spec->community != 0) {
		wr_u32(&v, spec->community);
	}
	put_attr(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, value,
		 wr_len(&v));
	if (spec->pad > 0) {
		put_attr(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, 99, pad, spec->pad);
	}
	ASSERT(wr_is_ok(&w));
	d->wire_len = (uint16_t)wr_len(&w);
	attr_facts_compute(d->wire, d->wire_len, &d->facts);
	ASSERT(d->facts.path_len == spec->path_len && d->facts.med == spec->med);
	ASSERT(d->facts.neighbor_as == spec->neighbor_as);
	struct next_hop hop = {.len = family == FAMILY_IPV4 ? 4 : 16};
	hop.bytes[hop.len - 1] = (uint8_t)(spec->id >> 16);
	hop.bytes[0] = 0x20;
	const struct attr *a = intern_get(in, d, &hop, 1);
	ASSERT(a != NULL);
	/* Only policy sets it; no bytes do. */
	((struct attr *)(uintptr_t)a)->facts.local_pref = spec->local_pref;
	free(d);
	return a;
}

const struct attr *make_attr(struct intern *in, unsigned member, unsigned variant,
			     enum family family)
{
	struct attr_spec spec = {
		.local_pref = variant >= 20 && variant < 24 ? 200 : 100,
		.path_len = 1 + variant / 3 % 2,
		.neighbor_as = 64500 + member / 2, /* Two members share an AS. */
		.origin = variant / 6 % 2,
		.med = variant % 3 * 10,
		.id = ATTR_ID(member, variant),
	};
	if (variant == VARIANT_LARGE) {
		spec.path_len = 60; /* 2-octet form: AS4_PATH beside a shorter AS_PATH. */
		spec.pad = 3700;
	} else if (variant == VARIANT_HUGE) {
		spec.pad = 4090;
	} else if (variant == VARIANT_NO_LLGR) {
		spec.community = 0xffff0007;
	} else if (variant == VARIANT_LLGR) {
		spec.community = 0xffff0006;
	}
	return make_attr_spec(in, &spec, family);
}

/* The first community; with ATTR_LLGR when LLGR_STALE (65535:6) is among the others. */
static uint32_t id_of(struct span communities)
{
	struct rd r = rd_of(communities);
	uint32_t id = rd_u32(&r);
	while (rd_left(&r) >= 4) {
		id |= rd_u32(&r) == 0xffff0006 ? ATTR_LLGR : 0;
	}
	return id;
}

uint32_t attr_id(const struct attr *a)
{
	return id_of(attr_find(a, ATTR_COMMUNITIES));
}

struct prefix make_prefix(enum family family, unsigned number)
{
	uint8_t bytes[16] = {0};
	if (family == FAMILY_IPV4) {
		bytes[0] = (uint8_t)(10 + (number >> 16));
		bytes[1] = (uint8_t)(number >> 8);
		bytes[2] = (uint8_t)number;
		bytes[3] = 1;
	} else {
		bytes[0] = 0x20;
		bytes[1] = 0x01;
		bytes[2] = (uint8_t)(number >> 8);
		bytes[3] = (uint8_t)number;
		bytes[7] = 5;
	}
	struct addr a = addr_make(family, bytes);
	return prefix_make(&a, family == FAMILY_IPV4 ? 24 : 48 + number % 16);
}

struct paths *make_paths(const struct path *path, unsigned count)
{
	struct paths *p = calloc(1, sizeof(*p) + count * sizeof(*path));
	p->count = (uint16_t)count;
	memcpy(p->path, path, count * sizeof(*path));
	return p;
}

static uint32_t worst_of(const struct path *p, unsigned step)
{
	const struct attr_facts *f = &p->attr->facts;
	const uint32_t badness[] = {(attr_id(p->attr) & ATTR_LLGR) != 0, UINT32_MAX - f->local_pref,
				    f->path_len, f->origin};
	return badness[step];
}

/* Of two paths of one member: next hop, then attributes, as octets. */
static bool is_lower(const struct attr *a, const struct attr *b)
{
	int c = memcmp(a->next_hop.bytes, b->next_hop.bytes, sizeof(a->next_hop.bytes));
	size_t len = a->wire_len < b->wire_len ? a->wire_len : b->wire_len;
	c = c != 0 ? c : memcmp(a->wire, b->wire, len);
	return c != 0 ? c < 0 : a->wire_len < b->wire_len;
}

int naive_best(const struct path *path, const bool *is_out, unsigned count,
	       const struct rank_peer *peers)
{
	bool out[64];
	ASSERT(count <= ARRAY_COUNT(out));
	memcpy(out, is_out, count);
	for (unsigned step = 0; step < 4; step++) {
		uint32_t best = UINT32_MAX;
		for (unsigned i = 0; i < count; i++) {
			if (!out[i] && worst_of(&path[i], step) < best) {
				best = worst_of(&path[i], step);
			}
		}
		for (unsigned i = 0; i < count; i++) {
			out[i] |= worst_of(&path[i], step) > best;
		}
	}
	/* RFC 4271 §9.1.2.2 c: the loop of the RFC, with n, m named as there. */
	bool less[64] = {false};
	for (unsigned m = 0; m < count; m++) {
		for (unsigned n = 0; n < count && !out[m]; n++) {
			const struct attr_facts *fm = &path[m].attr->facts,
						*fn = &path[n].attr->facts;
			less[m] |=
				!out[n] && fn->neighbor_as == fm->neighbor_as && fn->med < fm->med;
		}
	}
	int best = -1;
	for (unsigned i = 0; i < count; i++) {
		if (out[i] || less[i]) {
			continue;
		}
		if (best < 0) {
			best = (int)i;
			continue;
		}
		const struct rank_peer *a = &peers[path[i].peer], *b = &peers[path[best].peer];
		if (path[i].peer == path[best].peer) {
			if (is_lower(path[i].attr, path[best].attr)) {
				best = (int)i;
			}
		} else if (a->router_id != b->router_id ? a->router_id < b->router_id
							: addr_cmp(&a->addr, &b->addr) < 0) {
			best = (int)i;
		}
	}
	return best;
}

unsigned naive_rank(const struct path *path, unsigned count, const struct rank_peer *peers,
		    unsigned *order)
{
	bool out[64] = {false};
	unsigned ranked = 0;
	for (unsigned i = 0; i < count; i++) {
		out[i] = path[i].reason != 0;
	}
	for (int best; (best = naive_best(path, out, count, peers)) >= 0;) {
		order[ranked++] = (unsigned)best;
		out[best] = true;
	}
	return ranked;
}

struct decoding {
	void (*each)(void *context, const struct prefix *p, uint32_t id);
	void (*each_path)(void *context, const struct prefix *p, uint32_t path_id, uint32_t id);
	void *context;
};

static bool decode_nlri(const struct decoding *d, struct span s, enum family family, uint32_t id)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) > 0) {
		uint32_t path_id = d->each_path != NULL ? rd_u32(&r) : 0;
		struct prefix p = {.family = (uint8_t)family, .len = rd_u8(&r)};
		if (p.len > family_bits(p.family)) {
			return false;
		}
		rd_copy(&r, p.bytes, (p.len + 7u) / 8);
		if (!rd_is_ok(&r)) {
			return false;
		}
		if (d->each_path != NULL) {
			d->each_path(d->context, &p, path_id, id);
		} else {
			d->each(d->context, &p, id);
		}
	}
	return true;
}

static bool decode_update(const struct decoding *d, struct span body)
{
	struct rd r = rd_of(body);
	struct span withdrawn = rd_span(&r, rd_u16(&r));
	struct rd attrs = rd_of(rd_span(&r, rd_u16(&r)));
	struct span nlri = span_of(r.at, rd_left(&r));
	struct span reach = {0}, unreach = {0};
	uint32_t id = 0;
	while (rd_left(&attrs) > 0) {
		uint8_t flags = rd_u8(&attrs), type = rd_u8(&attrs);
		size_t len = flags & ATTR_FLAG_EXT_LEN ? rd_u16(&attrs) : rd_u8(&attrs);
		struct span value = rd_span(&attrs, len);
		struct rd v = rd_of(value);
		if (type == ATTR_COMMUNITIES) {
			id = id_of(value);
		} else if (type == ATTR_MP_REACH_NLRI || type == ATTR_MP_UNREACH_NLRI) {
			rd_span(&v, 3); /* AFI, SAFI */
			if (type == ATTR_MP_REACH_NLRI) {
				rd_span(&v, rd_u8(&v));
				rd_u8(&v);
			}
			*(type == ATTR_MP_REACH_NLRI ? &reach : &unreach) =
				span_of(v.at, rd_left(&v));
		}
		if (!rd_is_ok(&v)) {
			return false;
		}
	}
	return rd_is_ok(&r) && rd_is_ok(&attrs) && (nlri.len + reach.len == 0 || id != 0) &&
	       decode_nlri(d, withdrawn, FAMILY_IPV4, 0) &&
	       decode_nlri(d, unreach, FAMILY_IPV6, 0) && decode_nlri(d, nlri, FAMILY_IPV4, id) &&
	       decode_nlri(d, reach, FAMILY_IPV6, id);
}

static bool decode_all(const struct decoding *d, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(span_of(bytes, len));
	while (rd_left(&r) > 0) {
		for (unsigned i = 0; i < 16; i++) {
			if (rd_u8(&r) != 0xff) {
				return false;
			}
		}
		unsigned message = rd_u16(&r), type = rd_u8(&r);
		if (message < 23 || message > 4096 || type != 2) {
			return false;
		}
		struct span body = rd_span(&r, message - 19);
		if (!rd_is_ok(&r) || !decode_update(d, body)) {
			return false;
		}
	}
	return true;
}

bool naive_decode(const uint8_t *bytes, size_t len,
		  void (*each)(void *context, const struct prefix *p, uint32_t id), void *context)
{
	return decode_all(&(struct decoding){.each = each, .context = context}, bytes, len);
}

bool naive_decode_paths(const uint8_t *bytes, size_t len,
			void (*each)(void *context, const struct prefix *p, uint32_t path_id,
				     uint32_t id),
			void *context)
{
	return decode_all(&(struct decoding){.each_path = each, .context = context}, bytes, len);
}
