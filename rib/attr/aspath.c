/* AS_PATH values.
 *
 * One walker over segments; length, membership and text are loops over it, and validity is a walk
 * of its own, for it sees every path that arrives.  Everything here accepts any bytes: a walk ends
 * where a segment would run past the value. */
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

/* Inlined with constants, so that each width gets a loop of its own. */
static inline struct aspath_view walk(struct span path, unsigned asn_bytes)
{
	struct aspath_view v = {.is_valid = true};
	const uint8_t *at = path.data;
	const uint8_t *end = path.data + path.len;

	while (at < end) {
		/* RFC 7606 §7.2: overrun, underrun, an unknown type, a segment of length zero. */
		size_t left = (size_t)(end - at);
		if (left < 2 || at[0] < AS_SET || at[0] > AS_CONFED_SET || at[1] == 0 ||
		    (size_t)at[1] * asn_bytes > left - 2) {
			return (struct aspath_view){0};
		}
		v.types |= 1u << at[0];
		const uint8_t *asns_end = at + 2 + (size_t)at[1] * asn_bytes;
		for (at += 2; at < asns_end; at += asn_bytes) {
			struct rd r = rd_of(span_of(at, asn_bytes));
			asn_t asn = asn_bytes == 2 ? rd_u16(&r) : rd_u32(&r);
			v.has_zero |= asn == 0;
		}
	}
	return v;
}

struct aspath_view aspath_view(struct span value, unsigned asn_bytes)
{
	return asn_bytes == 2 ? walk(value, 2) : walk(value, 4);
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
