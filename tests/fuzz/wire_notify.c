/* NOTIFICATION: read, told in words of any length, written and read again.
 *
 * Input: the body. */
#include "rib/base/check.h"
#include "rib/wire/frame.h"
#include "tests/fuzz/fuzz.h"

static void check_words(const struct notify *n)
{
	char whole[NOTIFY_TEXT_MAX], cut[NOTIFY_TEXT_MAX];

	notify_format(n, whole, sizeof(whole));
	for (const char *c = whole; *c != '\0'; c++) {
		ASSERT((unsigned char)*c >= ' ' && *c != 0x7f);
	}
	for (size_t len = 1; len < sizeof(cut); len += 7) {
		memset(cut, 'x', sizeof(cut));
		notify_format(n, cut, len);
		ASSERT(strlen(cut) < len && cut[len] == 'x');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t message[BGP_HEADER_LEN + 2 + NOTIFY_DATA_MAX];
	struct notify n, again;
	struct frame f;
	struct notify why;
	struct span body = guarded(span_of(data, len));

	if (!notify_decode(body, &n)) {
		ASSERT(body.len < 2);
		return 0;
	}
	check_words(&n);
	if (n.code == NOTIFY_NONE) {
		return 0;
	}
	size_t written = notify_encode(&n, message, sizeof(message));
	ASSERT(written == BGP_HEADER_LEN + min_u64(body.len, 2 + NOTIFY_DATA_MAX));
	ASSERT(frame_next(span_of(message, written), BGP_MESSAGE_MAX, &f, &why) == FRAME_OK);
	ASSERT(notify_decode(f.body, &again));
	ASSERT(again.code == n.code && again.subcode == n.subcode);
	ASSERT(again.data_len == n.data_len && memcmp(again.data, n.data, n.data_len) == 0);
	return 0;
}
