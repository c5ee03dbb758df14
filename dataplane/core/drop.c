/* The table of all drops, made from the layers' lists so that no name can be missing. */
#include "dataplane/core/drop.h"

#include "rib/base/check.h"
#include "rib/base/units.h"

static const struct drop_row rows[] = {
#define DROP(name, severity, text) {#name, "net", #severity, text},
#include "dataplane/net/net_drop.def"
#undef DROP
#define DROP(name, severity, text) {#name, "tcp", #severity, text},
#include "dataplane/tcp/drop.def"
#undef DROP
#define DROP(name, severity, text) {#name, "core", #severity, text},
#include "dataplane/core/core_drop.def"
#undef DROP
};

static_assert(ARRAY_COUNT(rows) == DROP_COUNT, "one row for each drop");

const struct drop_row *drop_row(unsigned i)
{
	ASSERT(i < DROP_COUNT);
	return &rows[i];
}
