/* Between old and new speakers: RFC 6793.
 *
 * An old speaker's AS_PATH has AS_TRANS wherever a number did not fit; the true numbers ride along
 * in AS4_PATH, which old speakers pass on untouched.  So AS4_PATH is right about the tail (the part
 * that was there when the last new speaker wrote it) and AS_PATH is right about the length:
 *
 *     AS_PATH    100 200 23456 23456 64500
 *     AS4_PATH           70000 80000 64500
 *     merged     100 200 70000 80000 64500     as many from the front as AS4_PATH is shorter
 *
 * Hops are counted as for route selection: an AS_SET is one, a confederation segment none. */
#include "rib/wire/as2.h"

#include "rib/base/check.h"

bool as_seg_next(struct rd *r, unsigned asn_bytes, struct as_seg *out)
{
	if (rd_left(r) == 0) {
		return false;
	}
	uint8_t type = rd_u8(r);
	uint8_t count = rd_u8(r);
	struct span asns = rd_span(r, (size_t)count * asn_bytes);
	if (!rd_is_ok(r)) {
		return false;
	}
	*out = (struct as_seg){.type = type, .count = count, .asns = asns.data};
	return true;
}

static asn_t seg_asn(const struct as_seg *seg, unsigned asn_bytes, unsigned i)
{
	struct rd r = rd_of(span_of(seg->asns + (size_t)i * asn_bytes, asn_bytes));
	return asn_bytes == 2 ? rd_u16(&r) : rd_u32(&r);
}

static bool seg_is_confed(const struct as_seg *seg)
{
	return seg->type == AS_CONFED_SEQUENCE || seg->type == AS_CONFED_SET;
}

static unsigned path_hops(struct span path, unsigned asn_bytes)
{
	struct rd r = rd_of(path);
	struct as_seg seg;
	unsigned hops = 0;
	while (as_seg_next(&r, asn_bytes, &seg)) {
		if (!seg_is_confed(&seg)) {
			hops += seg.type == AS_SEQUENCE ? seg.count : 1;
		}
	}
	return hops;
}

/* Append `count` numbers of a segment; to the sequence that was begun at `*last` when the sum still
 * fits there, so that the merged path looks as if a new speaker had sent it. */
static void put_seg(struct wr *w, uint8_t **last, const struct as_seg *seg, unsigned asn_bytes,
		    unsigned count)
{
	if (!wr_is_ok(w)) {
		return; /* `*last` may stand at the end of the buffer. */
	}
	bool is_joined = *last != NULL && (*last)[0] == AS_SEQUENCE && seg->type == AS_SEQUENCE &&
			 (*last)[1] + count <= UINT8_MAX;
	if (is_joined) {
		(*last)[1] = (uint8_t)((*last)[1] + count);
	} else {
		*last = w->at;
		wr_u8(w, seg->type);
		wr_u8(w, (uint8_t)count);
	}
	for (unsigned i = 0; i < count; i++) {
		wr_u32(w, seg_asn(seg, asn_bytes, i));
	}
}

void as2_path_merge(struct wr *w, struct span path2, struct span path4)
{
	unsigned hops2 = path_hops(path2, 2);
	unsigned hops4 = path_hops(path4, 4);
	/* An AS4_PATH longer than the AS_PATH cannot belong to it: ignored. */
	bool has4 = hops4 > 0 && hops4 <= hops2;
	unsigned take = has4 ? hops2 - hops4 : hops2;
	struct rd r = rd_of(path2);
	struct as_seg seg;
	uint8_t *last = NULL;
	while (take > 0 && as_seg_next(&r, 2, &seg)) {
		bool is_sequence = seg.type == AS_SEQUENCE;
		unsigned count = is_sequence ? (unsigned)min_u64(seg.count, take) : seg.count;
		uint8_t *apart = NULL; /* Segments of AS_PATH stay as they are. */
		put_seg(w, &apart, &seg, 2, count);
		last = apart;
		take -= is_sequence ? count : 1;
	}
	if (!has4) {
		return;
	}
	r = rd_of(path4);
	while (as_seg_next(&r, 4, &seg)) {
		if (!seg_is_confed(&seg)) { /* RFC 6793 §6: such segments are left out. */
			put_seg(w, &last, &seg, 4, seg.count);
			last = NULL; /* Only the seam is closed. */
		}
	}
}

bool as2_path_is_mappable(struct span path)
{
	struct rd r = rd_of(path);
	struct as_seg seg;
	while (as_seg_next(&r, 4, &seg)) {
		for (unsigned i = 0; i < seg.count; i++) {
			if (seg_asn(&seg, 4, i) > UINT16_MAX) {
				return false;
			}
		}
	}
	return true;
}

size_t as2_path_len(struct span path)
{
	struct rd r = rd_of(path);
	struct as_seg seg;
	size_t len = 0;
	while (as_seg_next(&r, 4, &seg)) {
		len += 2 + 2u * seg.count;
	}
	return len;
}

void as2_path_encode(struct wr *w, struct span path)
{
	struct rd r = rd_of(path);
	struct as_seg seg;
	while (as_seg_next(&r, 4, &seg)) {
		wr_u8(w, seg.type);
		wr_u8(w, seg.count);
		for (unsigned i = 0; i < seg.count; i++) {
			asn_t asn = seg_asn(&seg, 4, i);
			wr_u16(w, asn > UINT16_MAX ? AS_TRANS : (uint16_t)asn);
		}
	}
}
