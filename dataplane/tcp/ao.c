/* The MAC of TCP-AO over one segment.
 *
 * Signed is: sequence number extension, pseudo-header, TCP header with checksum and MAC of zero,
 * data.  Where a key excludes options, only the AO option stands behind the fixed header; the
 * header itself, with its data offset, is as it is.  RFC 5925 §5.1, RFC 5926 §3.2.
 */
#include "dataplane/tcp/auth_mac.h"
#include "rib/base/check.h"

#define CHECKSUM_AT  16
#define OPTION_FRONT 4 /* Kind, length, KeyID and RNextKeyID stand before the MAC. */

void ao_derive(struct ao_traffic *t, const struct auth_key *key, const struct ao_context *context)
{
	uint8_t raw[AO_TRAFFIC_KEY_MAX];
	size_t len = ao_kdf(key, context, raw);

	t->algorithm = key->algorithm;
	t->excludes_options = key->excludes_options;
	if (key->algorithm == AUTH_HMAC_SHA_1_96) {
		hmac_sha1_set_key(&t->sha1, len, raw);
	} else {
		cmac_aes128_set_key(&t->aes, raw);
	}
	explicit_bzero(raw, sizeof(raw));
}

size_t ao_front(const struct ao_traffic *t, uint32_t extension, const struct auth_packet *p,
		size_t mac_at, uint8_t *to)
{
	size_t header_len = auth_header_len(p);
	size_t mac_len = AUTH_AO_MAC_LEN;
	struct wr w = wr_of(to, 4);

	wr_u32(&w, extension);
	uint8_t *header = to + 4 + auth_pseudo_header(p, to + 4);
	size_t len = header_len;

	ASSERT(header_len <= TCP_HEADER_MAX && header_len <= p->bytes.len);
	ASSERT(mac_at >= TCP_HEADER_MIN + OPTION_FRONT && mac_at + mac_len <= header_len);
	memcpy(header, p->bytes.data, header_len);
	memset(header + CHECKSUM_AT, 0, 2);
	memset(header + mac_at, 0, mac_len);
	if (t->excludes_options) {
		memmove(header + TCP_HEADER_MIN, header + mac_at - OPTION_FRONT,
			OPTION_FRONT + mac_len);
		len = TCP_HEADER_MIN + OPTION_FRONT + mac_len;
	}
	return (size_t)(header - to) + len;
}

void ao_mac(struct ao_traffic *t, uint32_t extension, const struct auth_packet *p, size_t mac_at,
	    uint8_t out[static AUTH_AO_MAC_LEN])
{
	uint8_t front[AO_FRONT_MAX];
	size_t front_len = ao_front(t, extension, p, mac_at, front);
	struct span data = auth_data(p);

	if (t->algorithm == AUTH_HMAC_SHA_1_96) {
		hmac_sha1_update(&t->sha1, front_len, front);
		hmac_sha1_update(&t->sha1, data.len, data.data);
		hmac_sha1_digest(&t->sha1, AUTH_AO_MAC_LEN, out);
	} else {
		cmac_aes128_update(&t->aes, front_len, front);
		cmac_aes128_update(&t->aes, data.len, data.data);
		cmac_aes128_digest(&t->aes, AUTH_AO_MAC_LEN, out);
	}
}
