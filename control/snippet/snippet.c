/* The makes of routers as a table, and what they share: see snippet.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "control/snippet/write.h"
#include "rib/base/check.h"

static const struct {
	const char *name, *title;
	void (*write)(const struct sheet *w);
} routers[] = {
	[SNIPPET_BIRD] = {"bird", "BIRD 2", write_bird},
	[SNIPPET_BIRD3] = {"bird3", "BIRD 3", write_bird},
	[SNIPPET_FRR] = {"frr", "FRRouting", write_frr},
	[SNIPPET_OPENBGPD] = {"openbgpd", "OpenBGPD", write_openbgpd},
	[SNIPPET_GOBGP] = {"gobgp", "GoBGP", write_gobgp},
	[SNIPPET_IOS_XE] = {"ios-xe", "Cisco IOS XE", write_ios_xe},
	[SNIPPET_IOS_XR] = {"ios-xr", "Cisco IOS XR", write_ios_xr},
	[SNIPPET_JUNOS] = {"junos", "Juniper Junos", write_junos},
	[SNIPPET_EOS] = {"eos", "Arista EOS", write_eos},
	[SNIPPET_MIKROTIK] = {"mikrotik", "MikroTik RouterOS 7", write_mikrotik},
};
static_assert(ARRAY_COUNT(routers) == SNIPPET_ROUTER_COUNT, "a row for each make");

const char *snippet_router_name(enum snippet_router router)
{
	return routers[router].name;
}

const char *snippet_router_title(enum snippet_router router)
{
	return routers[router].title;
}

bool snippet_router_find(const char *name, enum snippet_router *out)
{
	for (unsigned i = 0; i < SNIPPET_ROUTER_COUNT; i++) {
		if (strcmp(routers[i].name, name) == 0) {
			*out = (enum snippet_router)i;
			return true;
		}
	}
	return false;
}

/* Letters, digits and '_' alone, beginning with a letter. */
static void take_name(struct sheet *w)
{
	size_t len = 0;
	const char *from = w->s->name != NULL ? w->s->name : "";
	if (!isalpha((unsigned char)from[0])) {
		w->name[len++] = 'c';
		w->name[len++] = 'w';
		w->name[len++] = '_';
	}
	for (; *from != '\0' && len < sizeof(w->name) - 1; from++) {
		w->name[len++] = isalnum((unsigned char)*from) ? *from : '_';
	}
	w->name[len] = '\0';
}

/* A key goes into ten grammars: with none of these characters it means the same in each. */
static bool is_plain_key(const char *key)
{
	for (; *key != '\0'; key++) {
		if (!isalnum((unsigned char)*key) && strchr("-._+/=", *key) == NULL) {
			return false;
		}
	}
	return true;
}

char *snippet_text(enum snippet_router router, const struct snippet *s)
{
	char *text = NULL;
	size_t len = 0;
	struct sheet w = {.s = s, .key = SNIPPET_KEY_PLACE};
	ASSERT(s->local.family == s->server.family);
	if (s->key != NULL && s->key[0] != '\0' && is_plain_key(s->key)) {
		w.key = s->key;
	}
	take_name(&w);
	addr_format(&s->server, w.server);
	addr_format(&s->local, w.local);
	w.out = open_memstream(&text, &len);
	if (w.out == NULL) {
		return NULL;
	}
	routers[router].write(&w);
	if (fclose(w.out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

void write_head(const struct sheet *w, const char *mark)
{
	const struct snippet *s = w->s;
	fprintf(w->out, "%s BGP session %s: AS%u (%s) with the route server AS%u (%s)\n", mark,
		w->name, s->asn, w->local, s->server_asn, w->server);
	if (s->auth != SNIPPET_AUTH_NONE && w->key != s->key) {
		fprintf(w->out,
			"%s Replace " SNIPPET_KEY_PLACE
			" by the key that was shown when it was made.\n",
			mark);
	}
	if (s->prefix_count == 0) {
		fprintf(w->out,
			"%s No prefix may be announced yet: come back for this page when one "
			"may.\n",
			mark);
	}
}

char family_digit(uint8_t family)
{
	return family == FAMILY_IPV4 ? '4' : '6';
}

unsigned prefixes_of(const struct sheet *w, uint8_t family)
{
	unsigned count = 0;
	EACH_PREFIX(w, p, family)
	{
		count++;
	}
	return count;
}

const char *prefix_words(const struct snippet_prefix *p, char *text)
{
	return prefix_format(&p->prefix, text);
}

const char *prefix_masked(const struct snippet_prefix *p, char *text, size_t len)
{
	char net[ADDR_TEXT_MAX], mask[ADDR_TEXT_MAX];
	uint32_t bits = p->prefix.len == 0 ? 0 : UINT32_MAX << (32 - p->prefix.len);
	struct addr a = addr_make(FAMILY_IPV4, p->prefix.bytes), m = addr_v4(bits);
	snprintf(text, len, "%s %s", addr_format(&a, net), addr_format(&m, mask));
	return text;
}
