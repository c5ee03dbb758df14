/* Keys, certificates and signatures for tests, made by GnuTLS while they run. */
#pragma once

#include "rib/base/bytes.h"

enum key_kind { KEY_RSA_2048, KEY_RSA_1024, KEY_P256, KEY_P384, KEY_ED25519 };

struct key;

/* With a self-signed certificate that is good from `begins_s` to `ends_s`. */
struct key *key_new(enum key_kind kind, int64_t begins_s, int64_t ends_s);
void key_free(struct key *k);
const char *key_certificate(const struct key *k); /* PEM. */
/* Base64; free(). */
char *key_sign(const struct key *k, const char *text);
