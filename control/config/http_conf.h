/* The configuration's `control.http` section: where HTTP is answered, and for whom. */
#pragma once

#include "rib/base/addr.h"

#define HTTP_LISTEN_MAX	     8
#define HTTP_RATE_DEFAULT    200 /* Requests a second of one address, and of one token. */
#define HTTP_LISTEN_TEXT_MAX (ADDR_TEXT_MAX + 8)

struct http_listen {
	struct addr addr;
	uint16_t port;
};

struct http_conf {
	struct http_listen listen[HTTP_LISTEN_MAX];
	unsigned listen_count;	 /* 0: no HTTP. */
	char *certificate, *key; /* PEM files; NULL: no TLS. */
	bool is_plain;		 /* Other than loopback addresses without TLS is meant. */
	bool is_glass_public;	 /* The looking glass needs no token. */
	uint32_t rate;
};

/* Everything as it is without a section. */
void http_conf_init(struct http_conf *c);
void http_conf_fini(struct http_conf *c);
bool http_conf_equal(const struct http_conf *a, const struct http_conf *b);
/* "127.0.0.1:8179", "[2001:db8::1]:443".  False: it is none, and *out is untouched. */
bool http_listen_parse(const char *text, struct http_listen *out);
/* The same text into `out` (HTTP_LISTEN_TEXT_MAX bytes); returns it. */
char *http_listen_format(const struct http_listen *l, char *out);
