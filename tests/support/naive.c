/* Naive BGP: see naive.h.  RFC 4271 §4, §9.1.2.2; RFC 4760 §3-5; RFC 6793; RFC 8092. */
#include "tests/support/naive.h"

#include <string.h>

static size_t put16(uint8_t *to, unsigned v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
	return 2;
}

static size_t put32(uint8_t *to, uint32_t v)
{
	put16(to, v >> 16);
	put16(to + 2, v & 0xffff);
	return 4;
}

static unsigned get16(const uint8_t *m)
{
	return (unsigned)m[0] << 8 | m[1];
}

static size_t header(uint8_t *to, unsigned type)
{
	memset(to, 0xff, 16);
	to[18] = (uint8_t)type;
	return 19;
}

static size_t finish(uint8_t *to, size_t len)
{
	put16(to + 16, (unsigned)len);
	return len;
}

size_t naive_open(uint8_t *to, uint32_t asn, uint32_t router_id, uint16_t hold, bool is_as4,
		  bool has_refresh)
{
	size_t n = header(to, 1);
	to[n++] = 4;
	n += put16(to + n, asn > 65535 ? 23456 : asn);
	n += put16(to + n, hold);
	n += put32(to + n, router_id);
	size_t opt = n++;
	for (unsigned afi = 1; afi <= 2; afi++) {
		const uint8_t cap[] = {2, 6, 1, 4, 0, (uint8_t)afi, 0, 1};
		memcpy(to + n, cap, sizeof(cap));
		n += sizeof(cap);
	}
	if (is_as4) {
		const uint8_t cap[] = {2, 6, 65, 4};
		memcpy(to + n, cap, sizeof(cap));
		n += sizeof(cap);
		n += put32(to + n, asn);
	}
	if (has_refresh) {
		const uint8_t cap[] = {2, 2, 2, 0};
		memcpy(to + n, cap, sizeof(cap));
		n += sizeof(cap);
	}
	to[opt] = (uint8_t)(n - opt - 1);
	return finish(to, n);
}

size_t naive_capability(uint8_t *open, size_t at, uint8_t code, const uint8_t *value, size_t len)
{
	const uint8_t head[] = {2, (uint8_t)(len + 2), code, (uint8_t)len};
	memcpy(open + at, head, sizeof(head));
	memcpy(open + at + sizeof(head), value, len);
	open[28] = (uint8_t)(open[28] + sizeof(head) + len);
	return finish(open, at + sizeof(head) + len);
}

size_t naive_keepalive(uint8_t *to)
{
	return finish(to, header(to, 4));
}

size_t naive_refresh(uint8_t *to, unsigned family)
{
	size_t n = header(to, 5);
	n += put16(to + n, family + 1);
	to[n++] = 0;
	to[n++] = 1;
	return finish(to, n);
}

size_t naive_border(uint8_t *to, unsigned family, bool is_end)
{
	size_t n = naive_refresh(to, family);
	to[21] = is_end ? 2 : 1;
	return n;
}

/* RFC 4724 §2 */
size_t naive_end_of_rib(uint8_t *to, unsigned family)
{
	size_t n = header(to, 2);
	n += put16(to + n, 0);
	if (family == 0) {
		n += put16(to + n, 0);
		return finish(to, n);
	}
	const uint8_t mp[] = {0, 6, 0x80, 15, 3, 0, 2, 1};
	memcpy(to + n, mp, sizeof(mp));
	return finish(to, n + sizeof(mp));
}

static size_t put_attr(uint8_t *to, unsigned flags, unsigned type, const uint8_t *value, size_t len)
{
	to[0] = (uint8_t)flags;
	to[1] = (uint8_t)type;
	to[2] = (uint8_t)len;
	memcpy(to + 3, value, len);
	return 3 + len;
}

/* The unknown attribute, with its padding. */
static size_t put_unknown(uint8_t *to, const struct naive_attrs *a, unsigned flags)
{
	if (a->padding == 0) {
		return put_attr(to, flags, 99, (const uint8_t *)"causeway", 8);
	}
	to[0] = (uint8_t)(flags | 0x10);
	to[1] = 99;
	put16(to + 2, 8u + a->padding);
	memcpy(to + 4, "causeway", 8);
	memset(to + 12, 0x77, a->padding);
	return 12 + a->padding;
}

static size_t put_path(uint8_t *to, unsigned type, unsigned flags, const struct naive_attrs *a,
		       bool is_as4)
{
	uint8_t v[64] = {2, a->path_len};
	size_t n = 2;
	if (a->path_len == 0) {
		n = 0;
	}
	for (unsigned i = 0; i < a->path_len; i++) {
		uint32_t as = a->path[i];
		n += is_as4 ? put32(v + n, as) : put16(v + n, as > 65535 ? 23456 : as);
	}
	return put_attr(to, flags, type, v, n);
}

static bool has_wide_as(const struct naive_attrs *a)
{
	for (unsigned i = 0; i < a->path_len; i++) {
		if (a->path[i] > 65535) {
			return true;
		}
	}
	return false;
}

/* What is asked in this form. */
static size_t put_asks(uint8_t *to, const struct naive_asks *asks, unsigned form)
{
	size_t n = 0;
	for (unsigned i = 0; i < asks->count; i++) {
		const struct naive_ask *ask = &asks->ask[i];
		unsigned number =
			NAIVE_ASK + (unsigned)(strchr(NAIVE_ASKS, ask->what) - NAIVE_ASKS);
		if (ask->form != form) {
			continue;
		}
		if (form == 0) {
			n += put16(to + n, number);
			n += put16(to + n, ask->asn);
		} else if (form == 1) {
			n += put16(to + n, 0x0002);
			n += put16(to + n, number);
			n += put32(to + n, ask->asn);
		} else {
			n += put32(to + n, NAIVE_ASK_AS);
			n += put32(to + n, number);
			n += put32(to + n, ask->asn);
		}
	}
	return n;
}

static bool has_ask(const struct naive_asks *asks, char what, uint32_t asn)
{
	for (unsigned i = 0; i < asks->count; i++) {
		if (asks->ask[i].what == what && asks->ask[i].asn == asn) {
			return true;
		}
	}
	return false;
}

bool naive_may_hear(const struct naive_asks *asks, uint32_t asn)
{
	if (has_ask(asks, 'N', asn)) {
		return false;
	}
	return has_ask(asks, 'Y', asn) || !has_ask(asks, 'X', 0);
}

/* Everything but next hop and MP attributes; `partial` is the flag of the unknown attribute. */
static size_t put_common(uint8_t *to, const struct naive_attrs *a, bool is_as4, unsigned partial,
			 const uint8_t *next_hop4)
{
	uint8_t v[8 + 12 * (1 + NAIVE_ASK_MAX)];
	size_t n = put_attr(to, 0x40, 1, &a->origin, 1);
	n += put_path(to + n, 2, 0x40, a, is_as4);
	if (next_hop4 != NULL) {
		n += put_attr(to + n, 0x40, 3, next_hop4, 4);
	}
	if (a->has_med) {
		put32(v, a->med);
		n += put_attr(to + n, 0x80, 4, v, 4);
	}
	put32(v, 65000u << 16 | a->announcer);
	put32(v + 4, 0xffff0006); /* LLGR_STALE */
	size_t std = a->is_llgr_stale ? 8 : 4;
	n += put_attr(to + n, 0xc0, 8, v, std + put_asks(v + std, &a->asks, 0));
	size_t ext = put_asks(v, &a->asks, 1);
	if (ext > 0) {
		n += put_attr(to + n, 0xc0, 16, v, ext);
	}
	if (!is_as4 && has_wide_as(a)) {
		n += put_path(to + n, 17, 0xc0, a, true);
	}
	put32(v, 65000);
	put32(v + 4, a->serial);
	put32(v + 8, a->announcer);
	n += put_attr(to + n, 0xc0, 32, v, 12 + put_asks(v + 12, &a->asks, 2));
	if (a->otc != 0) {
		put32(v, a->otc);
		n += put_attr(to + n, 0xc0, 35, v, 4);
	}
	if (a->has_unknown) {
		n += put_unknown(to + n, a, 0xc0 | partial);
	}
	return n;
}

static size_t put_prefix(uint8_t *to, const struct naive_prefix *p)
{
	size_t bytes = (p->len + 7u) / 8;
	size_t n = p->has_path_id ? put32(to, p->path_id) : 0;
	to[n] = p->len;
	memcpy(to + n + 1, p->bytes, bytes);
	return n + 1 + bytes;
}

static size_t put_prefixes(uint8_t *to, const struct naive_prefix *p, unsigned count)
{
	size_t n = 0;
	for (unsigned i = 0; i < count; i++) {
		n += put_prefix(to + n, &p[i]);
	}
	return n;
}

size_t naive_announce(uint8_t *to, const struct naive_attrs *a, const struct naive_prefix *p,
		      unsigned count, bool is_as4)
{
	size_t n = header(to, 2);
	n += put16(to + n, 0);
	size_t len_at = n;
	n += 2;
	if (p[0].family == 0 && !a->has_next_hop6) {
		n += put_common(to + n, a, is_as4, 0, a->next_hop);
		put16(to + len_at, (unsigned)(n - len_at - 2));
		n += put_prefixes(to + n, p, count);
		return finish(to, n);
	}
	n += put_common(to + n, a, is_as4, 0, NULL);
	to[n++] = 0x90; /* Optional, extended length. */
	to[n++] = 14;
	size_t mp_at = n;
	n += 2;
	const uint8_t mp[] = {0, (uint8_t)(p[0].family + 1), 1, a->has_link_local ? 32 : 16};
	memcpy(to + n, mp, sizeof(mp));
	n += sizeof(mp);
	n += naive_next_hop(to + n, a, p[0].family);
	to[n++] = 0;
	n += put_prefixes(to + n, p, count);
	put16(to + mp_at, (unsigned)(n - mp_at - 2));
	put16(to + len_at, (unsigned)(n - len_at - 2));
	return finish(to, n);
}

size_t naive_next_hop(uint8_t *to, const struct naive_attrs *a, unsigned family)
{
	if (family == 0 && !a->has_next_hop6) {
		memcpy(to, a->next_hop, 4);
		return 4;
	}
	memcpy(to, a->next_hop, 16);
	if (!a->has_link_local) {
		return 16;
	}
	memset(to + 16, 0, 16);
	to[16] = 0xfe;
	to[17] = 0x80;
	memcpy(to + 24, a->next_hop + 8, 8);
	return 32;
}

size_t naive_withdraw(uint8_t *to, const struct naive_prefix *p, unsigned count)
{
	size_t n = header(to, 2);
	if (p[0].family == 0) {
		size_t len = put_prefixes(to + n + 2, p, count);
		put16(to + n, (unsigned)len);
		n += 2 + len;
		n += put16(to + n, 0);
		return finish(to, n);
	}
	n += put16(to + n, 0);
	size_t len = put_prefixes(to + n + 2 + 7, p, count);
	put16(to + n, (unsigned)(len + 7));
	n += 2;
	to[n++] = 0x90;
	to[n++] = 15;
	n += put16(to + n, (unsigned)(len + 3));
	to[n++] = 0;
	to[n++] = 2;
	to[n++] = 1;
	return finish(to, n + len);
}

size_t naive_expected(uint8_t *to, const struct naive_attrs *a, bool is_as4)
{
	struct naive_attrs sent = *a;
	sent.asks.count = 0;
	return put_common(to, &sent, is_as4, 0x20, NULL);
}

/* Read prefixes; false when they do not fill the bytes exactly. */
static bool read_prefixes(const uint8_t *m, size_t len, unsigned family, const struct naive_sink *s,
			  const uint8_t *attrs, size_t attrs_len, const uint8_t *nh, size_t nh_len)
{
	size_t at = 0;
	while (at < len) {
		struct naive_prefix p = {.family = (uint8_t)family};
		if (s->has_path_ids[family]) {
			if (at + 5 > len) {
				return false;
			}
			p.has_path_id = true;
			p.path_id = get16(m + at) << 16 | get16(m + at + 2);
			at += 4;
		}
		p.len = m[at];
		size_t bytes = (p.len + 7u) / 8;
		if (p.len > (family == 0 ? 32 : 128) || at + 1 + bytes > len) {
			return false;
		}
		memcpy(p.bytes, m + at + 1, bytes);
		if (p.len % 8 != 0) {
			uint8_t mask = (uint8_t)(0xff << (8 - p.len % 8));
			if ((p.bytes[bytes - 1] & ~mask) != 0) {
				return false; /* We never send bits past the length. */
			}
		}
		s->route(s->context, &p, attrs, attrs_len, nh, nh_len);
		at += 1 + bytes;
	}
	return true;
}

/* What was found among the path attributes. */
struct found {
	uint8_t rest[65536];
	size_t rest_len;
	const uint8_t *next_hop, *reach, *unreach;
	size_t next_hop_len, reach_len, unreach_len;
	uint32_t types_last;
	bool has_any;
};

static bool read_attrs(const uint8_t *m, size_t len, struct found *f)
{
	size_t at = 0;
	while (at < len) {
		if (at + 3 > len) {
			return false;
		}
		bool is_long = (m[at] & 0x10) != 0;
		size_t head = is_long ? 4 : 3;
		if (at + head > len) {
			return false;
		}
		size_t value = is_long ? get16(m + at + 2) : m[at + 2];
		unsigned type = m[at + 1];
		if (at + head + value > len) {
			return false;
		}
		const uint8_t *v = m + at + head;
		f->has_any = true;
		if (type == 3) {
			f->next_hop = v;
			f->next_hop_len = value;
		} else if (type == 14) {
			f->reach = v;
			f->reach_len = value;
		} else if (type == 15) {
			f->unreach = v;
			f->unreach_len = value;
		} else {
			memcpy(f->rest + f->rest_len, m + at, head + value);
			f->rest_len += head + value;
		}
		at += head + value;
	}
	return true;
}

static bool read_mp(const struct found *f, const struct naive_sink *s)
{
	if (f->reach != NULL) {
		if (f->reach_len < 5 || f->reach[0] != 0 || f->reach[2] != 1) {
			return false;
		}
		unsigned afi = f->reach[1];
		size_t nh = f->reach[3];
		bool is_agreed = afi == 2 || (afi == 1 && s->has_next_hop6);
		if (!is_agreed || f->reach_len < 5 + nh || (nh != 16 && nh != 32) ||
		    !read_prefixes(f->reach + 5 + nh, f->reach_len - 5 - nh, afi - 1, s, f->rest,
				   f->rest_len, f->reach + 4, nh)) {
			return false;
		}
	}
	if (f->unreach != NULL) {
		if (f->unreach_len < 3 || get16(f->unreach) != 2 || f->unreach[2] != 1) {
			return false;
		}
		if (f->unreach_len == 3 && f->rest_len == 0) {
			s->end_of_rib(s->context, 1);
		}
		return read_prefixes(f->unreach + 3, f->unreach_len - 3, 1, s, NULL, 0, NULL, 0);
	}
	return true;
}

static bool read_update(const uint8_t *m, size_t len, const struct naive_sink *s)
{
	if (len < 23) {
		return false;
	}
	size_t withdrawn = get16(m + 19);
	if (23 + withdrawn > len) {
		return false;
	}
	size_t attrs_len = get16(m + 21 + withdrawn);
	if (23 + withdrawn + attrs_len > len) {
		return false;
	}
	struct found f;
	memset(&f.rest_len, 0, sizeof(f) - offsetof(struct found, rest_len));
	if (len == 23) {
		s->end_of_rib(s->context, 0);
	}
	const uint8_t *nlri = m + 23 + withdrawn + attrs_len;
	size_t nlri_len = len - 23 - withdrawn - attrs_len;
	return read_prefixes(m + 21, withdrawn, 0, s, NULL, 0, NULL, 0) &&
	       read_attrs(m + 23 + withdrawn, attrs_len, &f) && read_mp(&f, s) &&
	       (nlri_len == 0 || f.next_hop_len == 4) &&
	       read_prefixes(nlri, nlri_len, 0, s, f.rest, f.rest_len, f.next_hop, f.next_hop_len);
}

bool naive_message(const uint8_t *m, size_t len, const struct naive_sink *sink)
{
	for (unsigned i = 0; i < 16; i++) {
		if (len < 19 || m[i] != 0xff) {
			return false;
		}
	}
	if (get16(m + 16) != len || len > (sink->is_long ? 65535 : 4096)) {
		return false;
	}
	switch (m[18]) {
	case 1:
		return len >= 29;
	case 2:
		return read_update(m, len, sink);
	case 3:
		return len >= 21;
	case 4:
		return len == 19;
	case 5:
		return len == 23;
	default:
		return false;
	}
}

/* Whether b beats a in the last two steps of RFC 4271 §9.1.2.2 (f, g). */
static bool beats_by_id(const struct naive_speaker *a, const struct naive_speaker *b)
{
	if (a->router_id != b->router_id) {
		return b->router_id < a->router_id;
	}
	if (a->family != b->family) {
		return b->family < a->family;
	}
	return memcmp(b->addr, a->addr, sizeof(a->addr)) < 0;
}

/* RFC 4271 §9.1.2.2 over the routes still in `is_in`; the index of the best, or -1. */
static int best_of(const struct naive_route *r, const struct naive_speaker *sp, unsigned count,
		   const bool *is_in)
{
	bool in[64];
	unsigned len = 255, origin = 255;
	memcpy(in, is_in, count * sizeof(bool));
	for (unsigned i = 0; i < count; i++) {
		len = in[i] && r[i].attrs.path_len < len ? r[i].attrs.path_len : len;
	}
	for (unsigned i = 0; i < count; i++) {
		in[i] = in[i] && r[i].attrs.path_len == len;
		origin = in[i] && r[i].attrs.origin < origin ? r[i].attrs.origin : origin;
	}
	for (unsigned i = 0; i < count; i++) {
		in[i] = in[i] && r[i].attrs.origin == origin;
	}
	bool keep[64];
	for (unsigned i = 0; i < count; i++) {
		keep[i] = in[i];
		for (unsigned j = 0; j < count && keep[i]; j++) {
			bool is_same = in[j] && r[i].attrs.path_len > 0 &&
				       r[j].attrs.path[0] == r[i].attrs.path[0];
			uint32_t mi = r[i].attrs.has_med ? r[i].attrs.med : 0;
			uint32_t mj = r[j].attrs.has_med ? r[j].attrs.med : 0;
			keep[i] = !(is_same && mj < mi);
		}
	}
	int best = -1;
	for (unsigned i = 0; i < count; i++) {
		if (keep[i] && (best < 0 || beats_by_id(&sp[best], &sp[i]))) {
			best = (int)i;
		}
	}
	return best;
}

int naive_first(const struct naive_route *routes, const struct naive_speaker *speakers,
		unsigned count, const bool *may_have)
{
	bool in[64];
	int best = -1;
	for (int is_stale = 0; is_stale <= 1; is_stale++) {
		for (unsigned i = 0; i < count; i++) {
			in[i] = routes[i].is_set &&
				routes[i].attrs.is_llgr_stale == (is_stale == 1);
		}
		while ((best = best_of(routes, speakers, count, in)) >= 0 && !may_have[best]) {
			in[best] = false;
		}
		if (best >= 0) {
			break;
		}
	}
	return best;
}

int naive_view(const struct naive_route *routes, const struct naive_speaker *speakers,
	       unsigned count, int member)
{
	bool may_have[64];
	for (unsigned i = 0; i < count; i++) {
		may_have[i] = (int)i != member;
	}
	return naive_first(routes, speakers, count, may_have);
}

bool naive_is_short(const struct naive_attrs *a)
{
	return a->padding < 3500;
}

/* Whether a's octets are lower: next hop, then attributes as they are sent. */
static bool is_lower(const struct naive_attrs *a, const struct naive_attrs *b)
{
	uint8_t x[NAIVE_ATTRS_MAX] = {0}, y[NAIVE_ATTRS_MAX] = {0};
	int c = memcmp(a->next_hop, b->next_hop, sizeof(a->next_hop));
	c = c != 0 ? c : a->has_next_hop6 - b->has_next_hop6; /* The shorter first. */
	put_common(x, a, true, 0x20, NULL);
	put_common(y, b, true, 0x20, NULL);
	return c != 0 ? c < 0 : memcmp(x, y, sizeof(x)) < 0;
}

/* The offers in an order in which the first of equal ones of one speaker is the better. */
static void order_by_octets(const struct naive_offer *offers, unsigned count, int *order)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned at = i;
		while (at > 0 && is_lower(&offers[i].attrs, &offers[order[at - 1]].attrs)) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (int)i;
	}
}

static bool is_for(const struct naive_offer *o, const struct naive_wish *wish)
{
	return o->owner != wish->member && (o->attrs.otc == 0 || !wish->denies_otc) &&
	       (!o->attrs.has_next_hop6 || wish->has_next_hop6) &&
	       (wish->deaf == NULL || (wish->deaf[o->owner / 64] >> o->owner % 64 & 1) == 0) &&
	       (wish->asn == 0 || naive_may_hear(&o->attrs.asks, wish->asn));
}

unsigned naive_views(const struct naive_offer *offers, unsigned count,
		     const struct naive_speaker *speakers, const struct naive_wish *wish, int *out)
{
	int order[64];
	struct naive_route route[64];
	struct naive_speaker speaker[64];
	unsigned found = 0;
	order_by_octets(offers, count, order);
	for (unsigned i = 0; i < count; i++) {
		route[i] = (struct naive_route){true, offers[order[i]].attrs};
		speaker[i] = speakers[offers[order[i]].owner];
	}
	/* RFC 9494 §4.3: long-lived stale routes after all others. */
	for (int is_stale = 0; is_stale <= (wish->has_llgr ? 1 : 0); is_stale++) {
		bool in[64];
		int best;
		for (unsigned i = 0; i < count; i++) {
			in[i] = offers[order[i]].is_llgr_stale == (is_stale == 1);
		}
		while ((best = best_of(route, speaker, count, in)) >= 0) {
			in[best] = false;
			if (is_for(&offers[order[best]], wish) && found < wish->n) {
				out[found++] = order[best];
			}
		}
	}
	return found;
}

/* RFC 9234 §5, ingress 1, 2 and 3, one after the other. */
bool naive_receives(char member_is, uint32_t member_as, struct naive_attrs *a)
{
	if (a->otc != 0 && (member_is == 'C' || member_is == 'K')) {
		return false;
	}
	if (a->otc != 0 && member_is == 'E' && a->otc != member_as) {
		return false;
	}
	if (a->otc == 0 && (member_is == 'P' || member_is == 'E' || member_is == 'S')) {
		a->otc = member_as;
	}
	return true;
}

/* RFC 9234 §5, egress 2, then 1: what is added on the way out is no reason to keep it back. */
bool naive_sends(char member_is, uint32_t server_as, struct naive_attrs *a)
{
	if (a->otc != 0 && (member_is == 'P' || member_is == 'E' || member_is == 'S')) {
		return false;
	}
	if (a->otc == 0 && (member_is == 'C' || member_is == 'E' || member_is == 'K')) {
		a->otc = server_as;
	}
	return true;
}
