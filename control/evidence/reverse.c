#include "control/evidence/reverse.h"

#include "rib/base/check.h"
#include "rib/base/text.h"

static unsigned step_of(const struct prefix *p)
{
	return p->family == FAMILY_IPV4 ? 8 : 4;
}

unsigned reverse_part_count(const struct prefix *p)
{
	unsigned over = p->len % step_of(p);
	return over == 0 ? 1 : 1U << (step_of(p) - over);
}

struct prefix reverse_part(const struct prefix *p, unsigned i)
{
	const unsigned count = reverse_part_count(p);
	ASSERT(i < count);
	struct addr a = addr_make((enum family)p->family, p->bytes);
	unsigned len = p->len;
	/* Bits of `i`, the highest first, stand behind the prefix. */
	for (unsigned half = count >> 1; half > 0; half >>= 1, len++) {
		if ((i & half) != 0) {
			a.bytes[len / 8] |= (uint8_t)(0x80 >> (len % 8));
		}
	}
	return prefix_make(&a, len);
}

struct prefix reverse_enclosing(const struct prefix *p)
{
	const struct addr a = addr_make((enum family)p->family, p->bytes);
	return prefix_make(&a, p->len - p->len % step_of(p));
}

char *reverse_name(const struct prefix *zone, char out[REVERSE_NAME_MAX])
{
	struct text t = text_of(out, REVERSE_NAME_MAX);
	const unsigned step = step_of(zone);
	ASSERT(zone->len % step == 0);
	text_put(&t, REVERSE_LABEL ".");
	for (unsigned i = zone->len / step; i-- > 0;) {
		if (step == 8) {
			text_printf(&t, "%u.", zone->bytes[i]);
		} else {
			text_printf(&t, "%x.", (zone->bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15U);
		}
	}
	text_put(&t, step == 8 ? "in-addr.arpa." : "ip6.arpa.");
	ASSERT(!t.is_cut);
	return out;
}
