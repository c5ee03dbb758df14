/* AS_PATH values.
 *
 * One walker over segments; validity, length, membership and text are loops over it.  Everything
 * here accepts any bytes: the walker ends where a segment would run past the value. */
#include "rib/attr/aspath.h"

#include "rib/base/text.h"

bool aspath_next(struct rd *r, unsigned asn_bytes, uint8_t *out_type, struct span *out_asns)
{
	uint8_t type = rd_u8(r);
	size_t count = rd_u8(r);
	struct span asns = rd_span(r, count * asn_bytes);

	if (!rd_is_ok(r)) {
		return false;
	}
	*out_type = type;
	*out_asns = asns;
	return true;
}

bool aspath_is_valid(struct span value, unsigned asn_bytes)
{
	struct rd r = rd_of(value);
	uint8_t type;
	struct span asns;

	while (rd_left(&r) > 0) {
		/* RFC 7606 §7.2: overrun, underrun, an unknown type, a segment of length zero. */
		if (!aspath_next(&r, asn_bytes, &type, &asns) || type < AS_SET ||
		    type > AS_CONFED_SET || asns.len == 0) {
			return false;
		}
	}
	return true;
}

unsigned aspath_hops(struct span value)
{
	struct rd r = rd_of(value);
	uint8_t type;
	struct span asns;
	unsigned hops = 0;

	while (aspath_next(&r, 4, &type, &asns)) {
		hops += aspath_segment_hops(type, asns);
	}
	return hops;
}

bool aspath_contains(struct span value, asn_t asn)
{
	struct rd r = rd_of(value);
	uint8_t type;
	struct span asns;

	while (aspath_next(&r, 4, &type, &asns)) {
		struct rd list = rd_of(asns);
		while (rd_left(&list) > 0) {
			if (rd_u32(&list) == asn) {
				return true;
			}
		}
	}
	return false;
}

/* How each segment is dressed; RFC 5065 has no text form, this is the usual one. */
static const struct {
	const char *open, *between, *close;
} marks[] = {
	[0] = {"?", ",", "?"},
	[AS_SET] = {"{", ",", "}"},
	[AS_SEQUENCE] = {"", " ", ""},
	[AS_CONFED_SEQUENCE] = {"(", " ", ")"},
	[AS_CONFED_SET] = {"[", ",", "]"},
};

char *aspath_format(struct span value, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	struct rd r = rd_of(value);
	uint8_t type;
	struct span asns;

	while (!t.is_cut && aspath_next(&r, 4, &type, &asns)) {
		unsigned mark = type < ARRAY_COUNT(marks) ? type : 0;
		struct rd list = rd_of(asns);
		const char *before = marks[mark].open;

		text_put(&t, t.len > 0 ? " " : "");
		while (!t.is_cut && rd_left(&list) > 0) {
			text_printf(&t, "%s%u", before, rd_u32(&list));
			before = marks[mark].between;
		}
		text_put(&t, marks[mark].close);
	}
	return buf;
}
