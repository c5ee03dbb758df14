/* Communities as text.  An octet string that is no whole number of communities ends at the last
 * whole one. */
#include "rib/attr/community.h"

#include "rib/base/text.h"

#define EXT_TYPE_AS2	   0x00
#define EXT_TYPE_IPV4	   0x01
#define EXT_TYPE_AS4	   0x02
#define EXT_NON_TRANSITIVE 0x40 /* RFC 4360 §2 */
#define EXT_SUBTYPE_TARGET 0x02 /* RFC 4360 §4 */
#define EXT_SUBTYPE_ORIGIN 0x03 /* RFC 4360 §5 */

static const char *separator(const struct text *t)
{
	return t->len > 0 ? " " : "";
}

char *community_format(struct span value, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	struct rd r = rd_of(value);

	while (!t.is_cut && rd_left(&r) >= 4) {
		unsigned high = rd_u16(&r);
		unsigned low = rd_u16(&r);
		text_printf(&t, "%s%u:%u", separator(&t), high, low);
	}
	return buf;
}

/* The name of a subtype that the three AS and address types share; NULL when it has none here. */
static const char *ext_name(uint8_t type, uint8_t subtype)
{
	if ((type & ~EXT_NON_TRANSITIVE) > EXT_TYPE_AS4) {
		return NULL;
	}
	if (subtype == EXT_SUBTYPE_TARGET) {
		return "rt";
	}
	return subtype == EXT_SUBTYPE_ORIGIN ? "ro" : NULL;
}

static void ext_put(struct text *t, struct span community)
{
	struct rd r = rd_of(community);
	uint8_t type = rd_u8(&r);
	uint8_t subtype = rd_u8(&r);
	const char *name = ext_name(type, subtype);
	struct rd value = r;

	if (name == NULL) {
		struct rd whole = rd_of(community);
		uint32_t high = rd_u32(&whole);
		uint32_t low = rd_u32(&whole);
		text_printf(t, "%sgeneric:0x%x:0x%x", separator(t), high, low);
		return;
	}
	if ((type & ~EXT_NON_TRANSITIVE) == EXT_TYPE_AS2) {
		/* RFC 4360 §3.1: 2 octets of AS, 4 of number. */
		unsigned as2 = rd_u16(&value);
		text_printf(t, "%s%s:%u:%u", separator(t), name, as2, rd_u32(&value));
	} else if ((type & ~EXT_NON_TRANSITIVE) == EXT_TYPE_IPV4) {
		/* RFC 4360 §3.2 */
		char addr_text[ADDR_TEXT_MAX];
		struct addr a = addr_v4(rd_u32(&value));
		text_printf(t, "%s%s:%s:%u", separator(t), name, addr_format(&a, addr_text),
			    (unsigned)rd_u16(&value));
	} else {
		/* RFC 5668 §2: 4 octets of AS, 2 of number. */
		asn_t as4 = rd_u32(&value);
		text_printf(t, "%s%s:%u:%u", separator(t), name, as4, (unsigned)rd_u16(&value));
	}
}

char *community_ext_format(struct span value, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	struct rd r = rd_of(value);

	while (!t.is_cut && rd_left(&r) >= 8) {
		ext_put(&t, rd_span(&r, 8));
	}
	return buf;
}

char *community_large_format(struct span value, char *buf, size_t len)
{
	struct text t = text_of(buf, len);
	struct rd r = rd_of(value);

	while (!t.is_cut && rd_left(&r) >= 12) {
		uint32_t global = rd_u32(&r);
		uint32_t local1 = rd_u32(&r);
		uint32_t local2 = rd_u32(&r);
		text_printf(&t, "%s%u:%u:%u", separator(&t), global, local1, local2);
	}
	return buf;
}
