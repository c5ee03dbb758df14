/* All drops of a worker in one table: those of the network, of connections, and its own.
 *
 * Each layer has its own list (net/net_drop.def, tcp/drop.def, core_drop.def), for a lower layer
 * knows nothing of a higher one; this table puts them together with layer, severity and text, so
 * that whoever shows drops needs to know no list.  Names are unique over all layers.
 */
#pragma once

#include "dataplane/net/net_drop.h"
#include "dataplane/tcp/drop.h"

enum core_drop {
#define DROP(name, severity, text) CORE_DROP_##name,
#include "dataplane/core/core_drop.def"
#undef DROP
	CORE_DROP_COUNT
};

/* The rows from DROP_MEMBER_FIRST on are also counted for each neighbour, as far as the neighbour
 * is known. */
enum {
	DROP_MEMBER_FIRST = NET_DROP_COUNT,
	DROP_CORE_FIRST = DROP_MEMBER_FIRST + TCP_DROP_COUNT,
	DROP_COUNT = DROP_CORE_FIRST + CORE_DROP_COUNT,
	DROP_MEMBER_COUNT = DROP_COUNT - DROP_MEMBER_FIRST,
};

struct drop_row {
	const char *name;     /* "TTL_LOW" */
	const char *layer;    /* "net", "tcp" or "core" */
	const char *severity; /* "PEER", "NORMAL" or "LOCAL" */
	const char *text;
};

const struct drop_row *drop_row(unsigned i);
