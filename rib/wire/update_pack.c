/* UPDATE, packed: as many prefixes to a message as it holds.
 *
 *     IPv4  announce   header | 0 | attributes with NEXT_HOP | prefixes ...
 *           withdraw   header | prefixes ...                 | 0
 *     IPv6  announce   header | 0 | MP_REACH_NLRI (prefixes ...), attributes
 *           withdraw   header | 0 | MP_UNREACH_NLRI (prefixes ...)
 *
 * The MP attribute comes first and alone with its kind (RFC 7606 §5.1).  Its header is 3 octets,
 * or 4 when the value is longer than 255; so the number of prefixes is counted before the first
 * octet is written, and everything is written once, in order.
 *
 * RFC 4271 §4.3; RFC 4760 §3–4; RFC 2545 §3; RFC 4724 §2; RFC 7606 §5.1. */
#include "rib/wire/update.h"

#include "rib/base/check.h"
#include "rib/wire/attr_row.h"

#define LENGTHS_LEN  4 /* Withdrawn Routes Length and Total Path Attribute Length. */
#define SHORT_HEADER 3
#define LONG_HEADER  4
#define SAFI_UNICAST 1

static const uint16_t afi_of[FAMILY_COUNT] = {[FAMILY_IPV4] = 1, [FAMILY_IPV6] = 2};
/* The longest prefix: a length octet and a whole address. */
static const size_t nlri_max[FAMILY_COUNT] = {[FAMILY_IPV4] = 5, [FAMILY_IPV6] = 17};

/* What is the same for all messages of one update_pack. */
struct packing {
	const struct update_form *form;
	const struct attr *a; /* NULL: withdraw. */
	bool is_mp;
	size_t attrs_len; /* Without the MP attribute. */
	size_t mp_fixed;  /* Value of the MP attribute before its prefixes. */
};

/* Prefixes of one message. */
struct batch {
	const struct prefix *prefixes;
	size_t count;
	size_t len; /* Their octets. */
};

static struct packing packing_of(const struct update_form *form, const struct attr *a)
{
	ASSERT(form->family < FAMILY_COUNT);
	ASSERT(form->message_max >= BGP_MESSAGE_MAX);
	struct packing p = {.form = form, .a = a, .is_mp = form->family != FAMILY_IPV4};
	if (a != NULL) {
		size_t next_hop_len = a->next_hop.len;
		ASSERT(p.is_mp ? next_hop_len == 16 || next_hop_len == 32 : next_hop_len == 4);
		p.attrs_len = attr_encoded_len(a, form->family, form->is_as4);
		/* AFI, SAFI, length of the next hop, next hop, reserved octet. */
		p.mp_fixed = 2 + 1 + 1 + next_hop_len + 1;
	} else {
		p.mp_fixed = 2 + 1;
	}
	return p;
}

/* Octets for prefixes in a message of `len_max`; 0 when there is no room at all. */
static size_t room_for_nlri(const struct packing *p, size_t len_max)
{
	size_t fixed = BGP_HEADER_LEN + LENGTHS_LEN + p->attrs_len;
	if (!p->is_mp) {
		return len_max > fixed ? len_max - fixed : 0;
	}
	fixed += SHORT_HEADER + p->mp_fixed;
	if (len_max <= fixed) {
		return 0;
	}
	size_t room = len_max - fixed;
	/* From 256 octets of value on, the header takes one of them. */
	return p->mp_fixed + room > UINT8_MAX ? room - (LONG_HEADER - SHORT_HEADER) : room;
}

static struct batch batch_of(const struct prefix *prefixes, size_t count, size_t room)
{
	struct batch b = {.prefixes = prefixes};
	while (b.count < count) {
		size_t len = nlri_len(&prefixes[b.count]);
		if (b.len + len > room) {
			break;
		}
		b.len += len;
		b.count++;
	}
	return b;
}

static void put_prefixes(struct wr *w, const struct packing *p, const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		ASSERT(b->prefixes[i].family == p->form->family);
		nlri_encode(w, &b->prefixes[i]);
	}
}

static void put_mp(struct wr *w, const struct packing *p, const struct batch *b)
{
	uint8_t type = p->a != NULL ? ATTR_MP_REACH_NLRI : ATTR_MP_UNREACH_NLRI;
	attr_put_header(w, ATTR_FLAG_OPTIONAL, type, p->mp_fixed + b->len);
	wr_u16(w, afi_of[p->form->family]);
	wr_u8(w, SAFI_UNICAST);
	if (p->a != NULL) {
		wr_u8(w, p->a->next_hop.len);
		wr_copy(w, p->a->next_hop.bytes, p->a->next_hop.len);
		wr_u8(w, 0);
	}
	put_prefixes(w, p, b);
}

static void put_message(struct wr *w, const struct packing *p, const struct batch *b)
{
	size_t start = wr_len(w);
	bool is_withdrawn_field = !p->is_mp && p->a == NULL;
	frame_begin(w, BGP_UPDATE);
	wr_u16(w, is_withdrawn_field ? (uint16_t)b->len : 0);
	if (is_withdrawn_field) {
		put_prefixes(w, p, b);
	}
	size_t attrs_at = wr_len(w);
	wr_u16(w, 0);
	if (p->is_mp) {
		put_mp(w, p, b);
	}
	if (p->a != NULL) {
		attr_encode(w, p->a, p->form->family, p->form->is_as4);
	}
	wr_patch_u16(w, attrs_at, (uint16_t)(wr_len(w) - attrs_at - 2));
	if (!p->is_mp && p->a != NULL) {
		put_prefixes(w, p, b);
	}
	frame_end(w, start);
	ASSERT(wr_is_ok(w));
	ASSERT(wr_len(w) - start <= p->form->message_max);
}

bool update_fits(const struct attr *a, const struct update_form *form)
{
	ASSERT(a != NULL);
	struct packing p = packing_of(form, a);
	return room_for_nlri(&p, form->message_max) >= nlri_max[form->family];
}

size_t update_pack(struct wr *w, const struct update_form *form, const struct attr *a,
		   const struct prefix *prefixes, size_t count)
{
	ASSERT(wr_is_ok(w));
	struct packing p = packing_of(form, a);
	ASSERT(room_for_nlri(&p, form->message_max) >= nlri_max[form->family]);
	size_t done = 0;
	while (done < count) {
		size_t len_max = (size_t)min_u64(form->message_max, wr_left(w));
		struct batch b =
			batch_of(prefixes + done, count - done, room_for_nlri(&p, len_max));
		if (b.count == 0) {
			break;
		}
		put_message(w, &p, &b);
		done += b.count;
	}
	return done;
}

size_t update_eor_encode(enum family family, uint8_t *buf, size_t len)
{
	ASSERT(family < FAMILY_COUNT);
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_UPDATE);
	wr_u16(&w, 0);
	if (family == FAMILY_IPV4) {
		wr_u16(&w, 0);
	} else {
		wr_u16(&w, SHORT_HEADER + 3);
		attr_put_header(&w, ATTR_FLAG_OPTIONAL, ATTR_MP_UNREACH_NLRI, 3);
		wr_u16(&w, afi_of[family]);
		wr_u8(&w, SAFI_UNICAST);
	}
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}
