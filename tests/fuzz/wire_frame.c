/* Framing: what a stream is cut into.
 *
 * Input: a byte (bit 7: extended messages, RFC 8654), then the stream. */
#include "rib/base/check.h"
#include "rib/wire/frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire_opts.h"

/* A verdict of bad is final, whatever follows; of a whole message, the same with less behind it. */
static void check_shorter(struct span in, size_t len_max, enum frame_verdict verdict,
			  const struct frame *whole)
{
	struct frame f;
	struct notify why;
	size_t need = verdict == FRAME_OK ? whole->len : BGP_HEADER_LEN;

	ASSERT(frame_next(span_of(in.data, need), len_max, &f, &why) == verdict);
	ASSERT(frame_next(span_of(in.data, need - 1), len_max, &f, &why) != FRAME_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1) {
		return 0;
	}
	size_t len_max = (data[0] & HOW_EXTENDED) != 0 ? UINT16_MAX : BGP_MESSAGE_MAX;
	struct span rest = guarded(span_of(data + 1, len - 1));
	struct frame f;
	struct notify why = {0};
	enum frame_verdict verdict;

	while ((verdict = frame_next(rest, len_max, &f, &why)) == FRAME_OK) {
		ASSERT(f.len >= BGP_HEADER_LEN && f.len <= rest.len && f.len <= len_max);
		ASSERT(f.body.data == rest.data + BGP_HEADER_LEN);
		ASSERT(f.body.len == f.len - BGP_HEADER_LEN);
		bool is_short = f.type == BGP_OPEN || f.type == BGP_KEEPALIVE;
		ASSERT(!is_short || f.len <= BGP_MESSAGE_MAX);
		check_shorter(rest, len_max, verdict, &f);
		rest = span_of(rest.data + f.len, rest.len - f.len);
	}
	if (verdict == FRAME_BAD) {
		ASSERT(why.code == NOTIFY_HEADER);
		check_shorter(rest, len_max, verdict, NULL);
	}
	return 0;
}
