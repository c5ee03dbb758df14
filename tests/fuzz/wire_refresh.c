/* ROUTE-REFRESH: what is taken is written again as it was; what is refused has an answer.
 *
 * Input: a byte (bit 0: enhanced refresh was agreed), then the body. */
#include "rib/base/check.h"
#include "rib/wire/refresh.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t message[BGP_HEADER_LEN + 4];
	uint8_t answer[BGP_HEADER_LEN + 2 + NOTIFY_DATA_MAX];
	struct refresh m;
	struct notify why = {0};

	if (len < 1) {
		return 0;
	}
	bool is_enhanced = (data[0] & 1) != 0;
	struct span body = guarded(span_of(data + 1, len - 1));
	switch (refresh_decode(body, is_enhanced, &m, &why)) {
	case REFRESH_OK:
		ASSERT(is_enhanced || m.kind == REFRESH_REQUEST);
		ASSERT(refresh_encode(&m, message, sizeof(message)) == sizeof(message));
		ASSERT(memcmp(message + BGP_HEADER_LEN, body.data, body.len) == 0);
		break;
	case REFRESH_BAD:
		ASSERT(body.len != 4);
		ASSERT(why.code == NOTIFY_HEADER || (is_enhanced && why.code == NOTIFY_REFRESH));
		ASSERT(notify_encode(&why, answer, sizeof(answer)) > 0);
		break;
	case REFRESH_IGNORED:
		ASSERT(why.code == NOTIFY_NONE);
		break;
	}
	return 0;
}
