/* The table of drops below TCP as text, made from net_drop.def so that no name can be missing. */
#include "dataplane/net/net_drop.h"

#include "rib/base/check.h"
#include "rib/base/units.h"

static const struct {
	const char *name;
	const char *text;
} table[] = {
#define DROP(name, severity, text) {#name, text},
#include "dataplane/net/net_drop.def"
#undef DROP
};

static_assert(ARRAY_COUNT(table) == NET_DROP_COUNT, "one row for each drop");

const char *net_drop_name(enum net_drop d)
{
	ASSERT(d < NET_DROP_COUNT);
	return table[d].name;
}

const char *net_drop_text(enum net_drop d)
{
	ASSERT(d < NET_DROP_COUNT);
	return table[d].text;
}
