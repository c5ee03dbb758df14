/* X.509 certificates and signatures made with their keys, by GnuTLS.
 *
 * A certificate is no more here than a public key with a time in which it is good: whom it belongs
 * to is decided by where it was found (given.h), by the SHA-256 of all of it, not by who signed it.
 * Keys: RSA from 2048 bits with RSA-PSS and SHA-256 (RFC 8017 §8.1), ECDSA on P-256 or P-384 with
 * SHA-256 or SHA-384 (RFC 5480, FIPS 186).  Pure; any bytes may come. */
#pragma once

#include "control/evidence/finding.h"
#include "rib/base/bytes.h"

#define CERT_BYTES_MAX	     ((size_t)16 << 10)
#define CERT_SIGNATURE_MAX   ((size_t)2 << 10)
#define CERT_FINGERPRINT_MAX 65
#define CERT_RSA_BITS_MIN    2048

struct cert;

/* One certificate in PEM, or what is left of one when a registry's form has eaten its line ends:
 * text around it does not matter.  NULL: there is none that can be read.  cert_free(). */
struct cert *cert_find(const char *text, size_t len);
void cert_free(struct cert *c);
const char *cert_fingerprint(const struct cert *c); /* SHA-256, lower case hexadecimal. */
int64_t cert_begins_s(const struct cert *c);
int64_t cert_ends_s(const struct cert *c);
/* Whether its key is of a kind and size that counts; `why` says what is wrong. */
bool cert_is_strong(const struct cert *c, char *why, size_t why_len);
/* Whether `signature` (base64; blanks and line ends do not matter) is this key's over the text. */
bool cert_verify(const struct cert *c, struct span text, const char *signature, size_t len);
