/* The digest of RFC 2385, and the pseudo-header that all digests begin with.
 *
 * The key comes last in what is hashed, so nothing of it can be computed beforehand.
 */
#include <nettle/md5.h>

#include "dataplane/tcp/auth_mac.h"
#include "rib/base/check.h"

#define PROTOCOL_TCP 6
#define OFFSET_AT    12
#define CHECKSUM_AT  16

size_t auth_header_len(const struct auth_packet *p)
{
	ASSERT(p->bytes.len >= TCP_HEADER_MIN);
	return (size_t)(p->bytes.data[OFFSET_AT] >> 4) * 4;
}

/* RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6. */
size_t auth_pseudo_header(const struct auth_packet *p, uint8_t *to)
{
	size_t addr_len = family_bytes(p->from->addr.family);
	struct wr w = wr_of(to, 40);

	wr_copy(&w, p->from->addr.bytes, addr_len);
	wr_copy(&w, p->to->addr.bytes, addr_len);
	if (p->from->addr.family == FAMILY_IPV4) {
		wr_u16(&w, PROTOCOL_TCP);
		wr_u16(&w, (uint16_t)p->bytes.len);
	} else {
		wr_u32(&w, (uint32_t)p->bytes.len);
		wr_u32(&w, PROTOCOL_TCP);
	}
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}

struct span auth_data(const struct auth_packet *p)
{
	size_t header_len = auth_header_len(p);

	ASSERT(header_len <= p->bytes.len);
	return span_of(p->bytes.data + header_len, p->bytes.len - header_len);
}

/* RFC 2385 §2.0: pseudo-header, header without options and with a checksum of zero; then data and
 * key. */
size_t auth_md5_front(const struct auth_packet *p, uint8_t to[static MD5_FRONT_MAX])
{
	size_t pseudo_len = auth_pseudo_header(p, to);

	memcpy(to + pseudo_len, p->bytes.data, TCP_HEADER_MIN);
	memset(to + pseudo_len + CHECKSUM_AT, 0, 2);
	return pseudo_len + TCP_HEADER_MIN;
}

void auth_md5(const struct auth_key *key, const struct auth_packet *p,
	      uint8_t out[static SEG_MD5_LEN])
{
	uint8_t front[MD5_FRONT_MAX];
	size_t front_len = auth_md5_front(p, front);
	struct span data = auth_data(p);
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, front_len, front);
	md5_update(&md5, data.len, data.data);
	md5_update(&md5, key->secret_len, key->secret);
	md5_digest(&md5, SEG_MD5_LEN, out);
	explicit_bzero(&md5, sizeof(md5)); /* Its block ends with the key. */
}
