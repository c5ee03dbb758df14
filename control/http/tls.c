/* Reading certificate and key, and that they belong together. */
#include "control/http/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rib/base/check.h"

#define CHAIN_MAX 8

struct tls {
	unsigned users;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_len;
	gnutls_privkey_t key;
};

static bool fail(char *why, size_t why_len, const char *file, const char *what)
{
	(void)snprintf(why, why_len, "%s: %s; it must be PEM, and readable for the server's user",
		       file, what);
	return false;
}

static bool load_chain(struct tls *t, const char *file, char *why, size_t why_len)
{
	gnutls_datum_t data;
	t->chain_len = CHAIN_MAX;
	int err = gnutls_load_file(file, &data);
	if (err != 0) {
		t->chain_len = 0;
		return fail(why, why_len, file, gnutls_strerror(err));
	}
	err = gnutls_pcert_list_import_x509_raw(t->chain, &t->chain_len, &data, GNUTLS_X509_FMT_PEM,
						GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	gnutls_free(data.data);
	if (err != 0) {
		t->chain_len = 0;
	}
	return err == 0 || fail(why, why_len, file, gnutls_strerror(err));
}

static bool load_key(struct tls *t, const char *file, char *why, size_t why_len)
{
	gnutls_datum_t data;
	int err = gnutls_load_file(file, &data);
	if (err != 0) {
		return fail(why, why_len, file, gnutls_strerror(err));
	}
	err = gnutls_privkey_import_x509_raw(t->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	return err == 0 || fail(why, why_len, file, gnutls_strerror(err));
}

/* A pair that does not fit would fail each handshake, long after the start. */
static bool is_pair(struct tls *t)
{
	unsigned char a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	gnutls_pubkey_t of_key;
	if (gnutls_pubkey_init(&of_key) != 0) {
		return false;
	}
	bool is = gnutls_pubkey_import_privkey(of_key, t->key, 0, 0) == 0 &&
		  gnutls_pubkey_get_key_id(of_key, GNUTLS_KEYID_USE_SHA256, a, &a_len) == 0 &&
		  gnutls_pubkey_get_key_id(t->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, b,
					   &b_len) == 0 &&
		  a_len == b_len && memcmp(a, b, a_len) == 0;
	gnutls_pubkey_deinit(of_key);
	return is;
}

struct tls *tls_load(const char *certificate, const char *key, char *why, size_t why_len)
{
	struct tls *t = calloc(1, sizeof(*t));
	ASSERT(t != NULL);
	t->users = 1;
	int err = gnutls_privkey_init(&t->key);
	ASSERT(err == 0);
	if (!load_chain(t, certificate, why, why_len) || !load_key(t, key, why, why_len)) {
		tls_put(t);
		return NULL;
	}
	if (!is_pair(t)) {
		(void)snprintf(why, why_len, "%s is not the key of the first certificate in %s",
			       key, certificate);
		tls_put(t);
		return NULL;
	}
	return t;
}

struct tls *tls_get(struct tls *t)
{
	if (t != NULL) {
		t->users++;
	}
	return t;
}

void tls_put(struct tls *t)
{
	if (t == NULL || --t->users > 0) {
		return;
	}
	for (unsigned i = 0; i < t->chain_len; i++) {
		gnutls_pcert_deinit(&t->chain[i]);
	}
	gnutls_privkey_deinit(t->key);
	free(t);
}

void tls_choose(struct tls *t, gnutls_pcert_st **out_chain, unsigned *out_len,
		gnutls_privkey_t *out_key)
{
	*out_chain = t->chain;
	*out_len = t->chain_len;
	*out_key = t->key;
}
