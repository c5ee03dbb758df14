/* What the makes of routers share.  Private to this folder. */
#pragma once

#include "control/snippet/snippet.h"

#define SNIPPET_NAME_MAX 25 /* With the terminator; the shortest that a router takes. */

/* A configuration while it is written. */
struct sheet {
	FILE *out;
	const struct snippet *s;
	char name[SNIPPET_NAME_MAX]; /* A name that every router takes. */
	char server[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];
	const char *key;
};

void write_bird(const struct sheet *w);
void write_frr(const struct sheet *w);
void write_openbgpd(const struct sheet *w);
void write_gobgp(const struct sheet *w);
void write_ios_xe(const struct sheet *w);
void write_ios_xr(const struct sheet *w);
void write_junos(const struct sheet *w);
void write_eos(const struct sheet *w);
void write_mikrotik(const struct sheet *w);

/* Lines of comment that begin with `mark`: what this is, and what is left to do. */
void write_head(const struct sheet *w, const char *mark);
/* "4" or "6". */
char family_digit(uint8_t family);
/* Each prefix of the family that may be announced. */
#define EACH_PREFIX(w, p, family_)                                                                 \
	for (const struct snippet_prefix *p = (w)->s->prefix;                                      \
	     p != NULL && p < (w)->s->prefix + (w)->s->prefix_count; p++)                          \
		if (p->prefix.family == (family_))
unsigned prefixes_of(const struct sheet *w, uint8_t family);
/* Into `text`, PREFIX_TEXT_MAX octets. */
const char *prefix_words(const struct snippet_prefix *p, char *text);
/* As a mask, as IOS wants it: "192.0.2.0 255.255.255.0"; IPv4. */
const char *prefix_masked(const struct snippet_prefix *p, char *text, size_t len);
