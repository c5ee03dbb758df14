/* SHA-256 and base64, of secrets and documents. */
#pragma once

#include "rib/base/bytes.h"

#define SHA256_TEXT_MAX 65

/* In hexadecimal, into `out` (SHA256_TEXT_MAX bytes); returns `out`. */
char *sha256_text(struct span in, char *out);
/* The bytes of base64 (RFC 4648 §4, with its padding); the caller's.  NULL: it is none. */
uint8_t *base64_bytes(const char *text, size_t len, size_t *out_len);
/* Whether two texts are equal, in a time that does not tell where they differ. */
bool secret_equal(const char *a, const char *b);
