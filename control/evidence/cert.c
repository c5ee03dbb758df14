#include "control/evidence/cert.h"

#include <stdio.h>
#include <stdlib.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "rib/base/check.h"

#define SHA256_BYTES 32

struct cert {
	gnutls_x509_crt_t crt;
	gnutls_pubkey_t key;
	char fingerprint[CERT_FINGERPRINT_MAX];
};

static bool is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

/* Bytes of base64 with anything that is none passed over; the caller's.  False when it is none. */
static bool decode(const char *text, size_t len, size_t bytes_max, gnutls_datum_t *out)
{
	bool is_good = false;
	unsigned char *packed = malloc(len + 1);
	ASSERT(packed != NULL);
	unsigned count = 0;
	for (size_t i = 0; i < len; i++) {
		if (is_base64(text[i])) {
			packed[count++] = (unsigned char)text[i];
		}
	}
	const gnutls_datum_t in = {.data = packed, .size = count};
	if (count > 0 && count / 4 * 3 <= bytes_max) {
		is_good = gnutls_base64_decode2(&in, out) == 0;
	}
	free(packed);
	return is_good;
}

/* What stands between the two lines; false when they are not there. */
static bool find_pem(const char *text, size_t len, struct span *out)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	const char *from = memmem(text, len, begin, sizeof(begin) - 1);
	if (from == NULL) {
		return false;
	}
	from += sizeof(begin) - 1;
	const size_t rest = len - (size_t)(from - text);
	const char *to = memmem(from, rest, end, sizeof(end) - 1);
	if (to == NULL || (size_t)(to - from) > CERT_BYTES_MAX * 2) {
		return false;
	}
	*out = span_of(from, (size_t)(to - from));
	return true;
}

static void hex(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	}
}

static struct cert *import(const gnutls_datum_t *der)
{
	uint8_t digest[SHA256_BYTES];
	size_t len = sizeof(digest);
	struct cert *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	if (gnutls_x509_crt_init(&c->crt) != 0 || gnutls_pubkey_init(&c->key) != 0 ||
	    gnutls_x509_crt_import(c->crt, der, GNUTLS_X509_FMT_DER) != 0 ||
	    gnutls_pubkey_import_x509(c->key, c->crt, 0) != 0 ||
	    gnutls_x509_crt_get_fingerprint(c->crt, GNUTLS_DIG_SHA256, digest, &len) != 0) {
		cert_free(c);
		return NULL;
	}
	hex(digest, len, c->fingerprint);
	return c;
}

struct cert *cert_find(const char *text, size_t len)
{
	struct span base64;
	gnutls_datum_t der = {.data = NULL};
	if (!find_pem(text, len, &base64) ||
	    !decode((const char *)base64.data, base64.len, CERT_BYTES_MAX, &der)) {
		return NULL;
	}
	struct cert *c = import(&der);
	gnutls_free(der.data);
	return c;
}

void cert_free(struct cert *c)
{
	if (c != NULL) {
		gnutls_pubkey_deinit(c->key);
		gnutls_x509_crt_deinit(c->crt);
		free(c);
	}
}

const char *cert_fingerprint(const struct cert *c)
{
	return c->fingerprint;
}

int64_t cert_begins_s(const struct cert *c)
{
	return (int64_t)gnutls_x509_crt_get_activation_time(c->crt);
}

int64_t cert_ends_s(const struct cert *c)
{
	return (int64_t)gnutls_x509_crt_get_expiration_time(c->crt);
}

/* The curve of an ECDSA key. */
static gnutls_ecc_curve_t curve_of(const struct cert *c)
{
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_datum_t x = {.data = NULL}, y = {.data = NULL};
	(void)gnutls_pubkey_export_ecc_raw(c->key, &curve, &x, &y);
	gnutls_free(x.data);
	gnutls_free(y.data);
	return curve;
}

static bool is_rsa(int algorithm)
{
	return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
}

bool cert_is_strong(const struct cert *c, char *why, size_t why_len)
{
	unsigned bits = 0;
	const int algorithm = gnutls_pubkey_get_pk_algorithm(c->key, &bits);
	if (is_rsa(algorithm) && bits >= CERT_RSA_BITS_MIN) {
		return true;
	}
	if (algorithm == GNUTLS_PK_ECDSA) {
		const gnutls_ecc_curve_t curve = curve_of(c);
		if (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1) {
			return true;
		}
	}
	(void)snprintf(why, why_len,
		       "its key has to be RSA with %u bits or more, or ECDSA on P-256 or P-384",
		       CERT_RSA_BITS_MIN);
	return false;
}

bool cert_verify(const struct cert *c, struct span text, const char *signature, size_t len)
{
	static const gnutls_sign_algorithm_t rsa[] = {GNUTLS_SIGN_RSA_PSS_SHA256},
					     ecdsa[] = {GNUTLS_SIGN_ECDSA_SHA256,
							GNUTLS_SIGN_ECDSA_SHA384};
	unsigned bits = 0;
	const bool uses_rsa = is_rsa(gnutls_pubkey_get_pk_algorithm(c->key, &bits));
	const gnutls_sign_algorithm_t *algorithm = uses_rsa ? rsa : ecdsa;
	const size_t count = uses_rsa ? ARRAY_COUNT(rsa) : ARRAY_COUNT(ecdsa);
	/* GnuTLS's datum is not const, and only read. */
	const gnutls_datum_t data = {.data = (unsigned char *)(uintptr_t)text.data,
				     .size = (unsigned)text.len};
	gnutls_datum_t bytes = {.data = NULL};
	bool is_good = false;
	if (!decode(signature, len, CERT_SIGNATURE_MAX, &bytes)) {
		return false;
	}
	for (size_t i = 0; i < count && !is_good; i++) {
		is_good = gnutls_pubkey_verify_data2(c->key, algorithm[i], 0, &data, &bytes) == 0;
	}
	gnutls_free(bytes.data);
	return is_good;
}
