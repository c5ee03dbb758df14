/* OPEN: what open_decode accepts must survive open_encode and open_decode.
 *
 * Input: the body. */
#include "rib/base/check.h"
#include "rib/wire/open.h"
#include "tests/fuzz/fuzz.h"

/* A value that says multiprotocol but nothing that we carry has no form of its own. */
static bool has_form(const struct open *o)
{
	return !o->has_multiprotocol || o->families[FAMILY_IPV4] || o->families[FAMILY_IPV6];
}

static void check_round_trip(const struct open *first)
{
	uint8_t once[OPEN_ENCODED_MAX], twice[OPEN_ENCODED_MAX];
	struct open second;
	struct frame f;
	struct notify why;
	size_t len = open_encode(first, once, sizeof(once));

	ASSERT(len >= BGP_HEADER_LEN + 10);
	ASSERT(frame_next(span_of(once, len), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
	ASSERT(open_decode(f.body, &second, &why));
	ASSERT(second.asn == first->asn && second.hold_s == first->hold_s);
	ASSERT(second.router_id == first->router_id && second.has_as4 == first->has_as4);
	/* Every other field, whatever there will be: the same value has the same bytes. */
	ASSERT(open_encode(&second, twice, sizeof(twice)) == len);
	ASSERT(memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct open o, untouched;
	struct notify why = {0};

	memset(&o, 0xa5, sizeof(o));
	memcpy(&untouched, &o, sizeof(o));
	if (!open_decode(guarded(span_of(data, len)), &o, &why)) {
		ASSERT(why.code == NOTIFY_OPEN);
		ASSERT(memcmp(&o, &untouched, sizeof(o)) == 0);
		return 0;
	}
	ASSERT(o.asn != 0 && o.router_id != 0 && (o.hold_s == 0 || o.hold_s >= 3));
	ASSERT(o.graceful.is_present || !o.long_lived.is_present);
	if (has_form(&o)) {
		check_round_trip(&o);
	}
	return 0;
}
