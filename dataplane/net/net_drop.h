/* The names of the drops below TCP, from the table net_drop.def. */
#pragma once

enum net_drop {
#define DROP(name, severity, text) NET_DROP_##name,
#include "dataplane/net/net_drop.def"
#undef DROP
	NET_DROP_COUNT
};

#define NET_DROP_NONE NET_DROP_COUNT /* What a decoder says of good input. */

const char *net_drop_name(enum net_drop d); /* "ETH_SHORT" */
const char *net_drop_text(enum net_drop d);
