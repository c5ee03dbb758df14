#include "tests/unit/evidence/keys.h"

#include <stdlib.h>

#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

struct key {
	enum key_kind kind;
	gnutls_privkey_t key;
	char *pem;
};

static char *text_of_datum(gnutls_datum_t *d)
{
	char *text = strndup((const char *)d->data, d->size);
	gnutls_free(d->data);
	return text;
}

static char *self_signed(gnutls_x509_privkey_t key, int64_t begins_s, int64_t ends_s)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	cr_assert(gnutls_x509_crt_init(&crt) == 0);
	cr_assert(gnutls_x509_crt_set_key(crt, key) == 0);
	cr_assert(gnutls_x509_crt_set_version(crt, 3) == 0);
	cr_assert(gnutls_x509_crt_set_serial(crt, "\x01", 1) == 0);
	cr_assert(gnutls_x509_crt_set_dn(crt, "CN=holder", NULL) == 0);
	cr_assert(gnutls_x509_crt_set_issuer_dn(crt, "CN=holder", NULL) == 0);
	cr_assert(gnutls_x509_crt_set_activation_time(crt, (time_t)begins_s) == 0);
	cr_assert(gnutls_x509_crt_set_expiration_time(crt, (time_t)ends_s) == 0);
	gnutls_privkey_t signer;
	cr_assert(gnutls_privkey_init(&signer) == 0);
	cr_assert(gnutls_privkey_import_x509(signer, key, 0) == 0);
	int algorithm = gnutls_x509_privkey_get_pk_algorithm(key);
	gnutls_digest_algorithm_t digest =
		algorithm == GNUTLS_PK_EDDSA_ED25519 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256;
	cr_assert(gnutls_x509_crt_privkey_sign(crt, crt, signer, digest, 0) == 0);
	cr_assert(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
	gnutls_privkey_deinit(signer);
	gnutls_x509_crt_deinit(crt);
	return text_of_datum(&pem);
}

struct key *key_new(enum key_kind kind, int64_t begins_s, int64_t ends_s)
{
	static const struct {
		gnutls_pk_algorithm_t algorithm;
		unsigned bits;
	} form[] = {
		[KEY_RSA_2048] = {GNUTLS_PK_RSA, 2048},
		[KEY_RSA_1024] = {GNUTLS_PK_RSA, 1024},
		[KEY_P256] = {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
		[KEY_P384] = {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1)},
		[KEY_ED25519] = {GNUTLS_PK_EDDSA_ED25519,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519)},
	};
	struct key *k = calloc(1, sizeof(*k));
	gnutls_x509_privkey_t key;
	cr_assert(k != NULL && gnutls_x509_privkey_init(&key) == 0);
	cr_assert(gnutls_x509_privkey_generate(key, form[kind].algorithm, form[kind].bits, 0) == 0);
	k->kind = kind;
	k->pem = self_signed(key, begins_s, ends_s);
	cr_assert(gnutls_privkey_init(&k->key) == 0);
	cr_assert(gnutls_privkey_import_x509(k->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE) == 0);
	return k;
}

void key_free(struct key *k)
{
	gnutls_privkey_deinit(k->key);
	free(k->pem);
	free(k);
}

const char *key_certificate(const struct key *k)
{
	return k->pem;
}

char *key_sign(const struct key *k, const char *text)
{
	static const gnutls_sign_algorithm_t algorithm[] = {
		[KEY_RSA_2048] = GNUTLS_SIGN_RSA_PSS_SHA256,
		[KEY_RSA_1024] = GNUTLS_SIGN_RSA_PSS_SHA256,
		[KEY_P256] = GNUTLS_SIGN_ECDSA_SHA256,
		[KEY_P384] = GNUTLS_SIGN_ECDSA_SHA384,
		[KEY_ED25519] = GNUTLS_SIGN_EDDSA_ED25519,
	};
	gnutls_datum_t data = {.data = (unsigned char *)(uintptr_t)text,
			       .size = (unsigned)strlen(text)};
	gnutls_datum_t signature, base64;
	cr_assert(gnutls_privkey_sign_data2(k->key, algorithm[k->kind], 0, &data, &signature) == 0);
	cr_assert(gnutls_base64_encode2(&signature, &base64) == 0);
	gnutls_free(signature.data);
	return text_of_datum(&base64);
}
