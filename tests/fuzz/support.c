/* What the targets share: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/net/state.h"
#include "rib/base/check.h"

#define ETH_LEN 14
#define IP4_LEN 20
#define IP6_LEN 40

static uint8_t *guard_end(void)
{
	static uint8_t *end;

	if (end == NULL) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		size_t room = (GUARD_MAX + page - 1) / page * page;
		uint8_t *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ASSERT(map != MAP_FAILED);
		ASSERT(mprotect(map + room, page, PROT_NONE) == 0);
		end = map + room;
	}
	return end;
}

struct span guarded(struct span in)
{
	size_t len = in.len < GUARD_MAX ? in.len : GUARD_MAX;
	uint8_t *to = guard_end() - len;

	if (len > 0) {
		memcpy(to, in.data, len);
	}
	return span_of(to, len);
}

struct mac lan_mac(uint8_t station)
{
	return (struct mac){.bytes = {2, 0, 0, 0, 0, station}};
}

struct addr lan_addr(enum family family, uint8_t station)
{
	static const uint8_t net4[16] = {198, 18}, net6[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct addr a = addr_make(family, family == FAMILY_IPV4 ? net4 : net6);

	a.bytes[family_bytes(a.family) - 1] = station;
	return a;
}

struct net *lan_net(void)
{
	struct net_port_conf c = {
		.mac = lan_mac(1), .mtu = 1500, .addr_count = 2, .gateway_count = 2};

	c.addr[0].addr = lan_addr(FAMILY_IPV4, 1);
	c.addr[0].prefix_len = 24;
	c.addr[1].addr = lan_addr(FAMILY_IPV6, 1);
	c.addr[1].prefix_len = 64;
	c.gateway[0] = lan_addr(FAMILY_IPV4, 254);
	c.gateway[1] = lan_addr(FAMILY_IPV6, 254);
	struct net *n = net_new(&c, 1, 1);

	ASSERT(n != NULL);
	lan_drain(n, 0);
	lan_drain(n, 10 * USEC_PER_SEC);
	return n;
}

/* From us, of a known type, no longer than the link takes, and with sums that are right. */
static void check_sent(uint8_t *frame, size_t len)
{
	struct mac own = lan_mac(1);
	unsigned type = (unsigned)frame[12] << 8 | frame[13];
	uint8_t again[FRAME_MAX];

	ASSERT(len >= 42 && len <= 1514);
	ASSERT(memcmp(frame + 6, own.bytes, 6) == 0);
	ASSERT(type == 0x0806 || type == 0x0800 || type == 0x86dd);
	memcpy(again, frame, len);
	wire_fix(again, len);
	ASSERT(memcmp(again, frame, len) == 0);
}

void lan_drain(struct net *n, usec_t now)
{
	uint8_t out[FRAME_MAX];
	unsigned port, count = 0;
	size_t len;

	while ((len = net_tx(n, out, sizeof(out), &port, now)) > 0) {
		check_sent(out, len);
		ASSERT(port == 0);
		ASSERT(++count < 10000); /* What waits is bounded. */
	}
}

size_t lan_headers(enum family family, uint8_t proto, size_t l4_len, uint8_t *to)
{
	struct wr w = wr_of(to, ETH_LEN + IP6_LEN);
	struct addr src = lan_addr(family, 2), dst = lan_addr(family, 1);

	wr_copy(&w, lan_mac(1).bytes, 6);
	wr_copy(&w, lan_mac(2).bytes, 6);
	if (family == FAMILY_IPV4) {
		wr_u16(&w, 0x0800);
		wr_u16(&w, 0x4500);
		wr_u16(&w, (uint16_t)(IP4_LEN + l4_len));
		wr_u32(&w, 0x12344000);
		wr_u8(&w, 255);
		wr_u8(&w, proto);
		wr_u16(&w, 0);
	} else {
		wr_u16(&w, 0x86dd);
		wr_u32(&w, 0x60000000);
		wr_u16(&w, (uint16_t)l4_len);
		wr_u8(&w, proto);
		wr_u8(&w, 255);
	}
	wr_copy(&w, src.bytes, family_bytes(src.family));
	wr_copy(&w, dst.bytes, family_bytes(dst.family));
	ASSERT(wr_is_ok(&w));
	return wr_len(&w);
}

static uint64_t drops_of(const struct net *n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < NET_DROP_COUNT; i++) {
		sum += metric_get(&net_drops(n)[i]);
	}
	return sum;
}

enum net_verdict lan_rx(struct net *n, struct span frame, usec_t now, struct net_rx *out)
{
	uint64_t drops = drops_of(n);
	struct span in = guarded(frame);
	struct frame_buf buf = {.len = (uint16_t)in.len};

	/* The frame is ours to write into as far as net_rx is concerned. */
	buf.data = guard_end() - in.len;
	enum net_verdict verdict = net_rx(n, 0, &buf, now, out);
	uint64_t counted = drops_of(n) - drops;

	ASSERT(verdict == NET_TCP || verdict == NET_HANDLED || verdict == NET_ICMP_ERROR ||
	       verdict == NET_DROPPED);
	ASSERT(verdict != NET_DROPPED || counted > 0); /* Nothing vanishes without a name. */
	if (verdict == NET_TCP) {
		ASSERT(out->l4.data >= in.data && out->l4.data + out->l4.len <= in.data + in.len);
		ASSERT(out->src.family == out->dst.family);
	}
	if (verdict == NET_ICMP_ERROR) {
		ASSERT(out->icmp.kind < ICMP_KIND_COUNT);
		ASSERT(out->icmp.local.family == out->icmp.remote.family);
		ASSERT(out->icmp.kind != ICMP_TOO_BIG || out->icmp.mtu == 0 ||
		       out->icmp.mtu >= ICMP4_MTU_MIN);
	}
	return verdict;
}

void lan_check(const struct net *n)
{
	neigh_check(n->neighbours);
}
