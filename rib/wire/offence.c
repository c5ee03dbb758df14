/* Offending messages: kept, and told.  RFC 7606 §6 wants them logged with what was wrong, so that
 * an operator can show the neighbour his own octets. */
#include "rib/wire/offence.h"

#include "rib/base/check.h"
#include "rib/base/text.h"
#include "rib/wire/frame.h"

void offence_keep(struct offence *o, struct span body, const struct attr_result *result)
{
	ASSERT(result->verdict != VERDICT_OK);
	ASSERT(body.len <= UINT16_MAX - BGP_HEADER_LEN);
	o->verdict = (uint8_t)result->verdict;
	o->fault = (uint8_t)result->fault;
	o->type = result->type;
	o->offset = result->offset;
	o->reason = result->reason;
	o->section = result->section;
	o->body_len = (uint16_t)body.len;
	if (body.len > 0) {
		memcpy(o->body, body.data, (size_t)min_u64(body.len, OFFENCE_KEPT_MAX));
	}
}

char *offence_format(const struct offence *o, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	if (o->verdict == VERDICT_OK) {
		text_put(&t, "none");
		return buf;
	}
	text_put(&t, verdict_name(o->verdict));
	text_printf(&t, ": %s", o->reason);
	text_printf(&t, " (%s)", o->section);
	if (o->type != 0) {
		text_printf(&t, ", attribute %u", o->type);
	}
	text_printf(&t, " at octet %u of %u", o->offset, BGP_HEADER_LEN + o->body_len);
	return buf;
}

static size_t put_hex(char *buf, size_t len, size_t at, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.len && at + 2 < len; i++) {
		buf[at++] = digits[bytes.data[i] >> 4];
		buf[at++] = digits[bytes.data[i] & 15];
	}
	return at;
}

char *offence_hex(const struct offence *o, char *buf, size_t len)
{
	ASSERT(len >= 1);
	size_t kept = (size_t)min_u64(o->body_len, OFFENCE_KEPT_MAX);
	uint8_t header[BGP_HEADER_LEN];
	struct wr w = wr_of(header, sizeof(header));
	frame_begin(&w, BGP_UPDATE);
	wr_patch_u16(&w, sizeof(header) - 3, (uint16_t)(BGP_HEADER_LEN + o->body_len));
	size_t at = put_hex(buf, len, 0, span_of(header, sizeof(header)));
	at = put_hex(buf, len, at, span_of(o->body, kept));
	buf[at] = '\0';
	return buf;
}
