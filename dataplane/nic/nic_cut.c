/* Cutting by the book, without any thought of speed: the header is copied, its fields are set for
 * the piece, and the checksums are taken over what then stands there. */
#include "dataplane/nic/nic_cut.h"

#include "rib/base/check.h"
#include "rib/base/csum.h"

#define TCP_FIN_PSH	0x09
#define TCP_HEADER_MIN	20
#define PROTOCOL_TCP	6
#define IP4_HEADER_LEN	20
#define IP6_HEADER_LEN	40
#define IP4_LEN_AT	2
#define IP4_ID_AT	4
#define IP4_CHECKSUM_AT 10
#define IP4_SOURCE_AT	12
#define IP6_LEN_AT	4
#define IP6_SOURCE_AT	8
#define TCP_SEQ_AT	4
#define TCP_FLAGS_AT	13
#define TCP_CHECKSUM_AT 16

static uint32_t get(const uint8_t *at, unsigned len)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < len; i++) {
		value = value << 8 | at[i];
	}
	return value;
}

static void put(uint8_t *at, unsigned len, uint32_t value)
{
	for (unsigned i = len; i-- > 0; value >>= 8) {
		at[i] = (uint8_t)value;
	}
}

static bool is_ip4(const struct nic_gather *g)
{
	return g->header[g->l3_at] >> 4 == 4;
}

static uint32_t piece_len(const struct nic_gather *g)
{
	return g->gso_size == 0 ? g->payload_len : g->gso_size;
}

/* How many frames it becomes. */
static unsigned cut_count(const struct nic_gather *g)
{
	return g->gso_size == 0 ? 1 : (g->payload_len + g->gso_size - 1) / g->gso_size;
}

/* The most bytes that one of them has. */
static size_t cut_len_max(const struct nic_gather *g)
{
	return g->header_len + min_u64(piece_len(g), g->payload_len);
}

/* `len` bytes of the payload from `from`. */
static void copy_payload(const struct nic_gather *g, size_t from, size_t len, uint8_t *to)
{
	for (unsigned i = 0; i < g->payload_count && len > 0; i++) {
		const struct span *s = &g->payload[i];

		if (from >= s->len) {
			from -= s->len;
			continue;
		}
		size_t n = (size_t)min_u64(s->len - from, len);

		memcpy(to, s->data + from, n);
		to += n;
		len -= n;
		from = 0;
	}
	ASSERT(len == 0);
}

/* Lengths and checksums of the frame, as RFC 9293 §3.1 and RFC 791 §3.1 have them. */
static void finish(const struct nic_gather *g, uint8_t *frame, size_t len)
{
	uint8_t *l3 = frame + g->l3_at, *l4 = frame + g->l4_at;
	size_t l4_len = len - g->l4_at;
	uint64_t sum = 0;

	if (is_ip4(g)) {
		put(l3 + IP4_LEN_AT, 2, (uint32_t)(len - g->l3_at));
		put(l3 + IP4_CHECKSUM_AT, 2, 0);
		csum_store(csum_add(0, l3, IP4_HEADER_LEN), l3 + IP4_CHECKSUM_AT);
		sum = csum_add(sum, l3 + IP4_SOURCE_AT, 8);
	} else {
		put(l3 + IP6_LEN_AT, 2, (uint32_t)l4_len);
		sum = csum_add(sum, l3 + IP6_SOURCE_AT, 32);
	}
	uint8_t pseudo[4] = {0, PROTOCOL_TCP, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};

	put(l4 + TCP_CHECKSUM_AT, 2, 0);
	sum = csum_add(sum, pseudo, sizeof(pseudo));
	csum_store(csum_add(sum, l4, l4_len), l4 + TCP_CHECKSUM_AT);
}

/* Write frame `number` of them to `to`; its length.  O(spans). */
static size_t cut(const struct nic_gather *g, unsigned number, uint8_t *to)
{
	uint32_t from = number * piece_len(g);
	uint32_t len = (uint32_t)min_u64(piece_len(g), g->payload_len - from);
	uint8_t *l3 = to + g->l3_at, *l4 = to + g->l4_at;

	ASSERT(number < cut_count(g));
	memcpy(to, g->header, g->header_len);
	copy_payload(g, from, len, to + g->header_len);
	put(l4 + TCP_SEQ_AT, 4, get(l4 + TCP_SEQ_AT, 4) + from);
	if (from + len < g->payload_len) {
		l4[TCP_FLAGS_AT] &= (uint8_t)~TCP_FIN_PSH;
	}
	if (is_ip4(g)) {
		put(l3 + IP4_ID_AT, 2, get(l3 + IP4_ID_AT, 2) + number);
	}
	finish(g, to, g->header_len + len);
	return g->header_len + len;
}

/* What stands in the checksum's place is what a device adds the rest to. */
static void check_sum(const struct nic_gather *g, size_t l4_len)
{
	const uint8_t *l3 = g->header + g->l3_at;
	uint8_t pseudo[4] = {0, PROTOCOL_TCP, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};
	uint8_t sum[2];

	csum_store_open(csum_add(csum_add(0, l3 + (is_ip4(g) ? IP4_SOURCE_AT : IP6_SOURCE_AT),
					  is_ip4(g) ? 8 : 32),
				 pseudo, sizeof(pseudo)),
			sum);
	ASSERT(memcmp(sum, g->header + g->l4_at + TCP_CHECKSUM_AT, sizeof(sum)) == 0);
}

static void check(const struct nic *n, const struct nic_gather *g)
{
	const uint8_t *l3 = g->header + g->l3_at;
	size_t l3_len = g->header_len - g->l3_at + g->payload_len;
	size_t l4_len = g->header_len - g->l4_at + g->payload_len;
	uint64_t len = 0;

	ASSERT(g->header_len <= NIC_GATHER_HEADER_MAX && g->payload_count <= NIC_GATHER_SPANS);
	ASSERT(g->l4_at == g->l3_at + (is_ip4(g) ? IP4_HEADER_LEN : IP6_HEADER_LEN));
	ASSERT(g->header_len == g->l4_at + (g->header[g->l4_at + 12] >> 4) * 4);
	ASSERT(g->header_len >= g->l4_at + TCP_HEADER_MIN);
	for (unsigned i = 0; i < g->payload_count; i++) {
		ASSERT(g->payload[i].len > 0);
		len += g->payload[i].len;
	}
	ASSERT(len == g->payload_len);
	ASSERT(g->gso_size == 0 || g->gso_size < g->payload_len);
	ASSERT(l3_len <= (g->gso_size == 0 ? n->mtu : n->tso_max));
	ASSERT(cut_len_max(g) - g->l3_at <= n->mtu);
	ASSERT(get(l3 + (is_ip4(g) ? IP4_LEN_AT : IP6_LEN_AT), 2) == (is_ip4(g) ? l3_len : l4_len));
	check_sum(g, l4_len);
}

void nic_cut_all(const struct nic *n, const struct nic_gather *in, unsigned count,
		 nic_cut_each *each, void *context)
{
	uint8_t bytes[UINT16_MAX];

	for (unsigned i = 0; i < count; i++) {
		check(n, &in[i]);
		for (unsigned k = 0; k < cut_count(&in[i]); k++) {
			struct frame_buf frame = {.data = bytes};

			frame.len = (uint32_t)cut(&in[i], k, bytes);
			each(context, &frame);
		}
	}
}
