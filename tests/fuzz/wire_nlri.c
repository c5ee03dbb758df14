/* NLRI of both families, with and without path identifiers: a valid field, written anew, holds the
 * same routes in as many octets.
 *
 * Input: a byte (bit 0: IPv6, bit 1: path identifiers), then the field. */
#include "rib/base/check.h"
#include "rib/wire/nlri.h"
#include "tests/fuzz/fuzz.h"

static void put(struct wr *w, struct nlri_form form, const struct prefix *p, uint32_t path_id)
{
	if (form.has_path_ids) {
		nlri_encode_path(w, p, path_id);
	} else {
		nlri_encode(w, p);
	}
}

/* Walk `in` and write what is there; returns how many. */
static uint32_t rewrite(struct span in, struct nlri_form form, struct wr *w)
{
	struct rd r = rd_of(in);
	struct prefix p;
	uint32_t path_id;
	uint32_t count = 0;

	while (nlri_next(&r, form, &p, &path_id)) {
		struct addr a = addr_make(form.family, p.bytes);
		struct prefix canonical = prefix_make(&a, p.len);

		ASSERT(p.family == form.family && p.len <= family_bits(p.family));
		ASSERT(prefix_equal(&p, &canonical));
		put(w, form, &p, path_id);
		count++;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Exactly as long as needed: the encoder must not count on more. */
	static uint8_t once[GUARD_MAX], twice[GUARD_MAX];
	uint32_t count = 0;

	if (len < 1) {
		return 0;
	}
	struct nlri_form form = {(data[0] & 1) != 0 ? FAMILY_IPV6 : FAMILY_IPV4,
				 (data[0] & 2) != 0};
	struct span in = guarded(span_of(data + 1, len - 1));
	size_t valid = nlri_valid_len(in, form, &count);
	ASSERT(valid <= in.len);
	ASSERT(nlri_is_valid(in, form, NULL) == (valid == in.len));
	in.len = valid;
	ASSERT(nlri_is_valid(in, form, NULL));
	struct wr w = wr_of(once, valid);
	ASSERT(rewrite(in, form, &w) == count);
	ASSERT(wr_is_ok(&w) && wr_len(&w) == valid);
	struct wr again = wr_of(twice, valid);
	ASSERT(rewrite(span_of(once, valid), form, &again) == count);
	ASSERT(wr_len(&again) == valid && memcmp(once, twice, valid) == 0);
	return 0;
}
