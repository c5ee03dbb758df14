/* A certificate chain and its key, shared by the connections that began with it.
 *
 * A reload makes another one; a handshake under way ends with what it began with. */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "rib/base/units.h"

/* TLS 1.2 and later (RFC 8996), by our preference. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct tls;

/* Read PEM files.  NULL with `why` and the remedy. */
struct tls *tls_load(const char *certificate, const char *key, char *why, size_t why_len);
struct tls *tls_get(struct tls *t);
void tls_put(struct tls *t); /* NULL does nothing. */
/* For GnuTLS: borrowed of `t`. */
void tls_choose(struct tls *t, gnutls_pcert_st **out_chain, unsigned *out_len,
		gnutls_privkey_t *out_key);
