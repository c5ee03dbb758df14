/* Traffic keys of TCP-AO: one block of a counter-mode key derivation.
 *
 *     traffic key = PRF(master key, 1 || "TCP-AO" || connection block || length in bits)
 *
 * The PRF is HMAC-SHA-1 or AES-128-CMAC; both give exactly as many bits as their algorithm wants,
 * so there is only ever block 1.  RFC 5925 §5.2 (connection block), RFC 5926 §3.1.1.
 */
#include "dataplane/tcp/auth_mac.h"
#include "rib/base/check.h"

#define LABEL	    "TCP-AO"
#define KDF_IN_MAX  64
#define AES_KEY_LEN 16

/* What the PRF is applied to; returns its length. */
static size_t kdf_input(const struct ao_context *c, uint16_t bits, uint8_t *to)
{
	size_t addr_len = family_bytes(c->from->addr.family);
	struct wr w = wr_of(to, KDF_IN_MAX);

	wr_u8(&w, 1);
	wr_copy(&w, LABEL, sizeof(LABEL) - 1);
	wr_copy(&w, c->from->addr.bytes, addr_len);
	wr_copy(&w, c->to->addr.bytes, addr_len);
	wr_u16(&w, c->from->port);
	wr_u16(&w, c->to->port);
	wr_u32(&w, c->from_isn);
	wr_u32(&w, c->to_isn);
	wr_u16(&w, bits);
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}

static size_t kdf_sha1(const struct auth_key *key, const struct ao_context *c, uint8_t *out)
{
	uint8_t in[KDF_IN_MAX];
	size_t len = kdf_input(c, SHA1_DIGEST_SIZE * 8, in);
	struct hmac_sha1_ctx hmac;

	hmac_sha1_set_key(&hmac, key->secret_len, key->secret);
	hmac_sha1_update(&hmac, len, in);
	hmac_sha1_digest(&hmac, SHA1_DIGEST_SIZE, out);
	explicit_bzero(&hmac, sizeof(hmac));
	return SHA1_DIGEST_SIZE;
}

/* RFC 5926 §3.1.1.2: a master key of another length than AES's is first made one of 16 octets by
 * CMAC with a key of zeros. */
static void master_for_aes(const struct auth_key *key, uint8_t out[AES_KEY_LEN])
{
	static const uint8_t zero[AES_KEY_LEN];
	struct cmac_aes128_ctx cmac;

	if (key->secret_len == AES_KEY_LEN) {
		memcpy(out, key->secret, AES_KEY_LEN);
		return;
	}
	cmac_aes128_set_key(&cmac, zero);
	cmac_aes128_update(&cmac, key->secret_len, key->secret);
	cmac_aes128_digest(&cmac, AES_KEY_LEN, out);
	explicit_bzero(&cmac, sizeof(cmac));
}

static size_t kdf_aes(const struct auth_key *key, const struct ao_context *c, uint8_t *out)
{
	uint8_t in[KDF_IN_MAX], master[AES_KEY_LEN];
	size_t len = kdf_input(c, AES_KEY_LEN * 8, in);
	struct cmac_aes128_ctx cmac;

	master_for_aes(key, master);
	cmac_aes128_set_key(&cmac, master);
	cmac_aes128_update(&cmac, len, in);
	cmac_aes128_digest(&cmac, AES_KEY_LEN, out);
	explicit_bzero(&cmac, sizeof(cmac));
	explicit_bzero(master, sizeof(master));
	return AES_KEY_LEN;
}

size_t ao_kdf(const struct auth_key *key, const struct ao_context *context,
	      uint8_t out[static AO_TRAFFIC_KEY_MAX])
{
	ASSERT(key->algorithm != AUTH_MD5);
	return key->algorithm == AUTH_HMAC_SHA_1_96 ? kdf_sha1(key, context, out)
						    : kdf_aes(key, context, out);
}
