/* NLRI: a length in bits, then as many octets as it takes.  RFC 4271 §4.3, RFC 4760 §5; RFC 7911
 * §3 puts four octets of path identifier before each.
 *
 * A field is validated once, as a whole, before anyone walks it: with one wrong length the borders
 * of all later prefixes are unknown, so there is nothing to save (RFC 7606 §5.3, §3 j).  The walk
 * afterwards is safe on any bytes, it only stops early on bad ones. */
#include "rib/wire/nlri.h"

#include <endian.h>

#include "rib/base/check.h"

/* Inlined with constants, so that each form gets a loop of its own. */
static inline size_t valid_len(struct span value, unsigned bits_max, size_t id_len,
			       uint32_t *out_count)
{
	size_t at = 0;
	uint32_t count = 0;
	while (value.len - at > id_len) {
		unsigned bits = value.data[at + id_len];
		size_t len = id_len + 1 + (bits + 7u) / 8;
		if (bits > bits_max || len > value.len - at) {
			break;
		}
		at += len;
		count++;
	}
	*out_count = count;
	return at;
}

size_t nlri_valid_len(struct span value, struct nlri_form form, uint32_t *out_count)
{
	uint32_t count = 0;
	size_t len;
	if (form.family == FAMILY_IPV4) {
		len = form.has_path_ids ? valid_len(value, 32, PATH_ID_LEN, &count)
					: valid_len(value, 32, 0, &count);
	} else {
		len = form.has_path_ids ? valid_len(value, 128, PATH_ID_LEN, &count)
					: valid_len(value, 128, 0, &count);
	}
	if (out_count != NULL) {
		*out_count = count;
	}
	return len;
}

/* The address of a prefix: `bits` of it, the rest zero ("the value of trailing bits is
 * irrelevant", RFC 4271 §4.3).  Nearly always there is more behind it in the field, so that a whole
 * address can be read at once and cut by a mask.  It is written in words, for so it is hashed next:
 * what was written in pieces has to wait for its way to the cache. */
static inline void read_address(struct rd *r, enum family family, unsigned bits, uint8_t out[16])
{
	size_t bytes = (bits + 7u) / 8;
	if (family == FAMILY_IPV4 && rd_left(r) >= 4) {
		uint32_t address;
		uint64_t word[2] = {0, 0};
		memcpy(&address, r->at, 4);
		address &= htobe32(bits == 0 ? 0 : UINT32_MAX << (32 - bits));
		memcpy(word, &address, 4);
		memcpy(out, word, 16);
	} else {
		memset(out, 0, 16);
		memcpy(out, r->at, bytes);
		if (bits % 8 != 0) {
			out[bytes - 1] &= (uint8_t)(0xff00u >> (bits % 8));
		}
	}
	r->at += bytes;
}

static inline bool next(struct rd *r, struct nlri_form form, struct prefix *out,
			uint32_t *out_path_id)
{
	if (rd_left(r) == 0) {
		return false;
	}
	uint32_t path_id = form.has_path_ids ? rd_u32(r) : 0;
	uint8_t bits = rd_u8(r);
	if (!rd_is_ok(r) || bits > family_bits((uint8_t)form.family) ||
	    !rd_need(r, (bits + 7u) / 8)) {
		return false;
	}
	out->family = (uint8_t)form.family;
	out->len = bits;
	read_address(r, form.family, bits, out->bytes);
	if (out_path_id != NULL) {
		*out_path_id = path_id;
	}
	return true;
}

bool nlri_next(struct rd *r, struct nlri_form form, struct prefix *out, uint32_t *out_path_id)
{
	return next(r, form, out, out_path_id);
}

static inline uint32_t take(struct rd *r, struct nlri_form form, struct prefix *out,
			    uint32_t *out_path_id, uint32_t max)
{
	uint32_t count = 0;
	while (count < max && next(r, form, &out[count], &out_path_id[count])) {
		count++;
	}
	return count;
}

uint32_t nlri_take(struct rd *r, struct nlri_form form, struct prefix *out, uint32_t *out_path_id,
		   uint32_t max)
{
	if (form.family == FAMILY_IPV4 && !form.has_path_ids) { /* A loop of its own for most. */
		return take(r, (struct nlri_form){FAMILY_IPV4, false}, out, out_path_id, max);
	}
	return take(r, form, out, out_path_id, max);
}

void nlri_encode(struct wr *w, const struct prefix *p)
{
	ASSERT(p->len <= family_bits(p->family));
	size_t len = nlri_len(p);
	if (w->bad || wr_left(w) < 1 + sizeof(p->bytes)) {
		wr_u8(w, p->len);
		wr_copy(w, p->bytes, len - 1);
		return;
	}
	/* With room for the whole address: one copy of a fixed size, of which `len` count. */
	w->at[0] = p->len;
	memcpy(w->at + 1, p->bytes, sizeof(p->bytes));
	w->at += len;
}

void nlri_encode_path(struct wr *w, const struct prefix *p, uint32_t path_id)
{
	wr_u32(w, path_id);
	nlri_encode(w, p);
}
