/* NLRI: a length in bits, then as many octets as it takes.  RFC 4271 §4.3, RFC 4760 §5.
 *
 * A field is validated once, as a whole, before anyone walks it: with one wrong length the borders
 * of all later prefixes are unknown, so there is nothing to save (RFC 7606 §5.3, §3 j).  The walk
 * afterwards is safe on any bytes, it only stops early on bad ones. */
#include "rib/wire/nlri.h"

#include "rib/base/check.h"

bool nlri_is_valid(struct span value, enum family family, uint32_t *out_count)
{
	unsigned bits_max = family_bits((uint8_t)family);
	size_t at = 0;
	uint32_t count = 0;
	while (at < value.len) {
		unsigned bits = value.data[at];
		size_t bytes = (bits + 7u) / 8;
		if (bits > bits_max || bytes > value.len - at - 1) {
			return false;
		}
		at += 1 + bytes;
		count++;
	}
	if (out_count != NULL) {
		*out_count = count;
	}
	return true;
}

bool nlri_next(struct rd *r, enum family family, struct prefix *out)
{
	if (rd_left(r) == 0) {
		return false;
	}
	uint8_t bits = rd_u8(r);
	size_t bytes = (bits + 7u) / 8;
	if (bits > family_bits((uint8_t)family) || !rd_need(r, bytes)) {
		return false;
	}
	struct prefix p = {.family = (uint8_t)family, .len = bits};
	memcpy(p.bytes, r->at, bytes);
	r->at += bytes;
	if (bits % 8 != 0) {
		/* "The value of trailing bits is irrelevant", RFC 4271 §4.3. */
		p.bytes[bytes - 1] &= (uint8_t)(0xff00u >> (bits % 8));
	}
	*out = p;
	return true;
}

void nlri_encode(struct wr *w, const struct prefix *p)
{
	ASSERT(p->len <= family_bits(p->family));
	wr_u8(w, p->len);
	wr_copy(w, p->bytes, nlri_len(p) - 1);
}
