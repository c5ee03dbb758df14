/* Names and texts of TCP's drops, from the same table as the enum, so that they cannot differ. */
#include "dataplane/tcp/drop.h"

#include "rib/base/check.h"

static const char *const names[] = {
#define DROP(name, severity, text) [TCP_DROP_##name] = #name,
#include "dataplane/tcp/drop.def"
#undef DROP
};

static const char *const texts[] = {
#define DROP(name, severity, text) [TCP_DROP_##name] = text,
#include "dataplane/tcp/drop.def"
#undef DROP
};

static_assert(sizeof(names) / sizeof(names[0]) == TCP_DROP_COUNT, "each drop has a name");
static_assert(sizeof(texts) / sizeof(texts[0]) == TCP_DROP_COUNT, "each drop has a text");

const char *tcp_drop_name(enum tcp_drop d)
{
	ASSERT(d < TCP_DROP_COUNT);
	return names[d];
}

const char *tcp_drop_text(enum tcp_drop d)
{
	ASSERT(d < TCP_DROP_COUNT);
	return texts[d];
}
