/* UPDATE, packed: as many prefixes to a message as it holds.
 *
 *     IPv4  announce   header | 0 | attributes with NEXT_HOP | prefixes ...
 *           withdraw   header | prefixes ...                 | 0
 *     IPv6  announce   header | 0 | MP_REACH_NLRI (prefixes ...), attributes
 *           withdraw   header | 0 | MP_UNREACH_NLRI (prefixes ...)
 *
 * IPv4 prefixes whose next hop is an IPv6 one are announced in MP_REACH_NLRI, too (RFC 8950 §3);
 * withdrawn they look like any.  Where path identifiers are agreed, one stands before each prefix.
 *
 * The MP attribute comes first and alone with its kind (RFC 7606 §5.1).  Its header is 3 octets,
 * or 4 when the value is longer than 255; so the number of prefixes is counted before the first
 * octet is written, and everything is written once, in order.
 *
 * RFC 4271 §4.3; RFC 4760 §3–4; RFC 2545 §3; RFC 4724 §2; RFC 7606 §5.1;
 * RFC 7911 §3; RFC 8654; RFC 8950 §3; RFC 9234 §5. */
#include "rib/wire/update.h"

#include "rib/base/check.h"
#include "rib/wire/attr_row.h"
#include "rib/wire/family.h"

#define LENGTHS_LEN  4 /* Withdrawn Routes Length and Total Path Attribute Length. */
#define SHORT_HEADER 3
#define LONG_HEADER  4

/* The longest prefix: a length octet and a whole address. */
static const size_t nlri_max[FAMILY_COUNT] = {[FAMILY_IPV4] = 5, [FAMILY_IPV6] = 17};

/* What is the same for all messages of one update_pack. */
struct packing {
	const struct update_form *form;
	const struct attr *a; /* NULL: withdraw. */
	struct attr_form attr_form;
	bool is_mp;
	size_t path_id_len;
	size_t attrs_len; /* Without the MP attribute. */
	size_t mp_fixed;  /* Value of the MP attribute before its prefixes. */
};

/* Prefixes of one message. */
struct batch {
	struct update_paths paths;
	size_t len; /* Their octets. */
};

/* IPv4 prefixes go with an IPv4 next hop, or where agreed with an IPv6 one (RFC 8950 §3). */
static bool has_place(const struct update_form *form, const struct attr *a)
{
	bool is_6 = a->next_hop_len == 16 || a->next_hop_len == 32;
	if (form->family == FAMILY_IPV6) {
		return is_6;
	}
	return a->next_hop_len == 4 || (is_6 && form->has_next_hop6);
}

static struct packing packing_of(const struct update_form *form, const struct attr *a)
{
	ASSERT(form->family < FAMILY_COUNT);
	ASSERT(form->message_max >= BGP_MESSAGE_MAX);
	struct packing p = {
		.form = form,
		.a = a,
		.path_id_len = form->has_path_ids ? PATH_ID_LEN : 0,
		.is_mp = form->family != FAMILY_IPV4,
		.mp_fixed = 2 + 1,
	};
	if (a != NULL) {
		ASSERT(has_place(form, a));
		p.is_mp = a->next_hop_len != 4;
		p.attr_form = (struct attr_form){.has_next_hop = !p.is_mp,
						 .is_as4 = form->is_as4,
						 .otc = form->otc,
						 .prepend = form->prepend};
		p.attrs_len = attr_encoded_len(a, &p.attr_form);
		/* AFI, SAFI, length of the next hop, next hop, reserved octet. */
		p.mp_fixed = 2 + 1 + 1 + a->next_hop_len + 1u;
	}
	return p;
}

static size_t one_max(const struct packing *p)
{
	return nlri_max[p->form->family] + p->path_id_len;
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

static struct batch batch_of(const struct packing *p, const struct update_paths *from, size_t done,
			     size_t room)
{
	struct batch b = {
		.paths = {.prefixes = from->prefixes + done,
			  .path_ids = p->path_id_len > 0 ? from->path_ids + done : NULL},
	};
	while (done + b.paths.count < from->count) {
		size_t len = p->path_id_len + nlri_len(&b.paths.prefixes[b.paths.count]);
		if (b.len + len > room) {
			break;
		}
		b.len += len;
		b.paths.count++;
	}
	return b;
}

static void put_prefixes(struct wr *w, const struct packing *p, const struct batch *b)
{
	for (size_t i = 0; i < b->paths.count; i++) {
		const struct prefix *prefix = &b->paths.prefixes[i];
		ASSERT(prefix->family == p->form->family);
		if (b->paths.path_ids != NULL) {
			nlri_encode_path(w, prefix, b->paths.path_ids[i]);
		} else {
			nlri_encode(w, prefix);
		}
	}
}

static void put_mp(struct wr *w, const struct packing *p, const struct batch *b)
{
	uint8_t type = p->a != NULL ? ATTR_MP_REACH_NLRI : ATTR_MP_UNREACH_NLRI;
	attr_put_header(w, ATTR_FLAG_OPTIONAL, type, p->mp_fixed + b->len);
	wr_u16(w, family_afi(p->form->family));
	wr_u8(w, SAFI_UNICAST);
	if (p->a != NULL) {
		wr_u8(w, p->a->next_hop_len);
		wr_copy(w, attr_next_hop_octets(p->a).data, p->a->next_hop_len);
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
		attr_encode(w, p->a, &p->attr_form);
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
	if (!has_place(form, a)) {
		return false;
	}
	struct packing p = packing_of(form, a);
	return room_for_nlri(&p, form->message_max) >= one_max(&p);
}

size_t update_pack(struct wr *w, const struct update_form *form, const struct attr *a,
		   const struct prefix *prefixes, size_t count)
{
	struct update_paths paths = {.prefixes = prefixes, .count = count};
	return update_pack_paths(w, form, a, &paths);
}

size_t update_pack_paths(struct wr *w, const struct update_form *form, const struct attr *a,
			 const struct update_paths *paths)
{
	ASSERT(wr_is_ok(w));
	ASSERT(form->has_path_ids == (paths->path_ids != NULL));
	struct packing p = packing_of(form, a);
	ASSERT(room_for_nlri(&p, form->message_max) >= one_max(&p));
	size_t done = 0;
	while (done < paths->count) {
		size_t len_max = (size_t)min_u64(form->message_max, wr_left(w));
		struct batch b = batch_of(&p, paths, done, room_for_nlri(&p, len_max));
		if (b.paths.count == 0) {
			break;
		}
		put_message(w, &p, &b);
		done += b.paths.count;
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
		wr_u16(&w, family_afi(family));
		wr_u8(&w, SAFI_UNICAST);
	}
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}
