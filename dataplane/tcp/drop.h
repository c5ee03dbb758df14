/* The names of TCP's drops, from the table drop.def. */
#pragma once

enum tcp_drop {
#define DROP(name, severity, text) TCP_DROP_##name,
#include "dataplane/tcp/drop.def"
#undef DROP
	TCP_DROP_COUNT
};

const char *tcp_drop_name(enum tcp_drop d); /* "SEQ_OLD" */
const char *tcp_drop_text(enum tcp_drop d);
