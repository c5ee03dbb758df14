/* NOTIFICATION: made, written and read.  RFC 4271 §4.5; how it sounds in words is notify_text.c.
 *
 * The data octets are kept up to NOTIFY_DATA_MAX: enough for what RFC 4271 §6 asks for and for a
 * shutdown communication of RFC 9003's size.  What we send ourselves is at most of RFC 8203's size,
 * which old and new receivers both accept. */
#include "rib/wire/notify.h"

#include "rib/base/check.h"
#include "rib/wire/frame.h"
#include "rib/wire/utf8.h"

#define SHUTDOWN_TEXT_MAX 127 /* With its length no more than RFC 8203 §2 allowed for the text. */

struct notify notify_make(uint8_t code, uint8_t subcode)
{
	return (struct notify){.code = code, .subcode = subcode};
}

struct notify notify_with(uint8_t code, uint8_t subcode, struct span data)
{
	struct notify n = notify_make(code, subcode);
	n.data_len = (uint16_t)min_u64(data.len, NOTIFY_DATA_MAX);
	if (n.data_len > 0) {
		memcpy(n.data, data.data, n.data_len);
	}
	return n;
}

struct notify notify_shutdown(uint8_t subcode, const char *text)
{
	struct notify n = notify_make(NOTIFY_CEASE, subcode);
	size_t len = text == NULL ? 0 : utf8_cut(span_of(text, strlen(text)), SHUTDOWN_TEXT_MAX);
	ASSERT(len <= SHUTDOWN_TEXT_MAX);
	if (len > 0) {
		n.data[0] = (uint8_t)len;
		memcpy(n.data + 1, text, len);
		n.data_len = (uint16_t)(len + 1);
	}
	return n;
}

size_t notify_encode(const struct notify *n, uint8_t *buf, size_t len)
{
	ASSERT(n->code != NOTIFY_NONE);
	ASSERT(n->data_len <= NOTIFY_DATA_MAX);
	struct wr w = wr_of(buf, len);
	frame_begin(&w, BGP_NOTIFICATION);
	wr_u8(&w, n->code);
	wr_u8(&w, n->subcode);
	wr_copy(&w, n->data, n->data_len);
	frame_end(&w, 0);
	return wr_is_ok(&w) ? wr_len(&w) : 0;
}

bool notify_decode(struct span body, struct notify *out)
{
	struct rd r = rd_of(body);
	uint8_t code = rd_u8(&r);
	uint8_t subcode = rd_u8(&r);
	if (!rd_is_ok(&r)) {
		return false;
	}
	*out = notify_with(code, subcode, rd_span(&r, rd_left(&r)));
	return true;
}
