/* Hand-made frames.  The checksum is the textbook loop of RFC 1071 §4.1, on purpose not ours. */
#include "tests/unit/net/frames.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct mac mac_of(const char *text)
{
	struct mac m;
	unsigned b[6];

	cr_assert_eq(sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]),
		     6);
	for (size_t i = 0; i < 6; i++) {
		m.bytes[i] = (uint8_t)b[i];
	}
	return m;
}

struct addr addr_of(const char *text)
{
	struct addr a = {0};

	cr_assert_eq(addr_parse(text, &a), 0, "%s", text);
	return a;
}

struct net_port_conf port_conf(void)
{
	struct net_port_conf c = {
		.mac = mac_of(OUR_MAC_TEXT), .mtu = 1500, .addr_count = 2, .gateway_count = 2};

	c.addr[0].addr = addr_of("198.18.0.1");
	c.addr[0].prefix_len = 24;
	c.addr[1].addr = addr_of("2001:db8::1");
	c.addr[1].prefix_len = 64;
	c.gateway[0] = addr_of("198.18.0.254");
	c.gateway[1] = addr_of("2001:db8::fffe");
	return c;
}

unsigned drain(struct net *n, usec_t now)
{
	uint8_t out[FRAME_MAX];
	unsigned port, count = 0;

	while (net_tx(n, out, sizeof(out), &port, now) > 0) {
		cr_assert_lt(++count, 100000u);
	}
	return count;
}

void settle(struct net *n)
{
	for (usec_t now = 0; now <= 10 * USEC_PER_SEC; now += USEC_PER_SEC) {
		drain(n, now);
	}
}

struct net *quiet_net(void)
{
	struct net_port_conf c = port_conf();
	struct net *n = net_new(&c, 1, 1);

	cr_assert_not_null(n);
	settle(n);
	return n;
}

static uint16_t reference_csum(const uint8_t *data, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += (i & 1) != 0 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static struct wr begin(struct eth_frame *f, const char *dst, const char *src, uint16_t type)
{
	struct wr w = wr_of(f->bytes, sizeof(f->bytes));

	wr_copy(&w, mac_of(dst).bytes, 6);
	wr_copy(&w, mac_of(src).bytes, 6);
	wr_u16(&w, type);
	return w;
}

static void make_arp(struct eth_frame *f, bool is_reply)
{
	struct wr w =
		begin(f, is_reply ? OUR_MAC_TEXT : "ff:ff:ff:ff:ff:ff", PEER_MAC_TEXT, 0x0806);

	wr_u32(&w, 0x00010800);
	wr_u32(&w, is_reply ? 0x06040002 : 0x06040001);
	wr_copy(&w, mac_of(PEER_MAC_TEXT).bytes, 6);
	wr_u32(&w, 0xc6120002);
	wr_copy(&w, mac_of(is_reply ? OUR_MAC_TEXT : "00:00:00:00:00:00").bytes, 6);
	wr_u32(&w, 0xc6120001);
	for (int i = 0; i < 18; i++) { /* Padding to 60 bytes, as a real network has it. */
		wr_u8(&w, 0);
	}
	f->len = wr_len(&w);
}

static struct wr begin4(struct eth_frame *f, uint8_t proto, uint16_t l4_len)
{
	struct wr w = begin(f, OUR_MAC_TEXT, PEER_MAC_TEXT, 0x0800);

	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(20 + l4_len));
	wr_u32(&w, 0x12340000);
	wr_u8(&w, 64);
	wr_u8(&w, proto);
	wr_u16(&w, 0);
	wr_u32(&w, 0xc6120002);
	wr_u32(&w, 0xc6120001);
	return w;
}

static struct wr begin6(struct eth_frame *f, uint8_t proto, uint16_t l4_len, const char *dst_mac,
			const char *src, const char *dst)
{
	struct wr w = begin(f, dst_mac, PEER_MAC_TEXT, 0x86dd);
	struct addr s = addr_of(src), d = addr_of(dst);

	wr_u32(&w, 0x60000000);
	wr_u16(&w, l4_len);
	wr_u8(&w, proto);
	wr_u8(&w, 255);
	wr_copy(&w, s.bytes, 16);
	wr_copy(&w, d.bytes, 16);
	return w;
}

static void put_echo(struct wr *w, uint8_t type)
{
	wr_u8(w, type);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u32(w, 0x0badcafe);
	for (uint8_t i = 0; i < 16; i++) {
		wr_u8(w, i);
	}
}

static void put_tcp(struct wr *w)
{
	wr_u16(w, 40000);
	wr_u16(w, 179);
	wr_u32(w, 1);
	wr_u32(w, 0);
	wr_u32(w, 0x5002ffff);
	wr_u32(w, 0);
}

/* A solicitation for us, or an advertisement of the peer's. */
static void put_nd(struct wr *w, uint8_t type, uint32_t flags, const char *target, uint8_t option)
{
	struct addr t = addr_of(target);

	wr_u8(w, type);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u32(w, flags);
	wr_copy(w, t.bytes, 16);
	if (option != 0) {
		wr_u8(w, option);
		wr_u8(w, 1);
		wr_copy(w, mac_of(PEER_MAC_TEXT).bytes, 6);
	}
}

struct eth_frame frame_make(enum frame_kind kind)
{
	static const char group[] = "ff02::1:ff00:1", group_mac[] = "33:33:ff:00:00:01";
	static const char peer[] = "2001:db8::2", ours[] = "2001:db8::1";
	struct eth_frame f = {.len = 0};
	struct wr w;

	switch (kind) {
	case FRAME_ARP_REQUEST:
	case FRAME_ARP_REPLY:
		make_arp(&f, kind == FRAME_ARP_REPLY);
		return f;
	case FRAME_ECHO4:
		w = begin4(&f, 1, 24);
		put_echo(&w, 8);
		break;
	case FRAME_ECHO6:
		w = begin6(&f, 58, 24, OUR_MAC_TEXT, peer, ours);
		put_echo(&w, 128);
		break;
	case FRAME_TCP4:
		w = begin4(&f, 6, 20);
		put_tcp(&w);
		break;
	case FRAME_TCP6:
		w = begin6(&f, 6, 20, OUR_MAC_TEXT, peer, ours);
		put_tcp(&w);
		break;
	case FRAME_NS:
		w = begin6(&f, 58, 32, group_mac, peer, group);
		put_nd(&w, 135, 0, ours, 1);
		break;
	case FRAME_DAD:
		w = begin6(&f, 58, 24, group_mac, "::", group);
		put_nd(&w, 135, 0, ours, 0);
		break;
	case FRAME_NA:
	default:
		w = begin6(&f, 58, 32, OUR_MAC_TEXT, peer, ours);
		put_nd(&w, 136, 0x60000000, peer, 2);
		break;
	}
	cr_assert(wr_is_ok(&w));
	f.len = wr_len(&w);
	frame_fix(&f);
	return f;
}

void frame_fix(struct eth_frame *f)
{
	uint8_t *ip = f->bytes + 14, *l4 = ip + 40;
	size_t l4_len = f->len - 54;

	if (f->bytes[12] == 0x08 && f->bytes[13] == 0x00) {
		l4 = ip + (size_t)(ip[0] & 15) * 4;
		l4_len = f->len - (size_t)(l4 - f->bytes);
		put16(ip + 10, 0);
		put16(ip + 10, reference_csum(ip, (size_t)(l4 - ip), 0));
		if (ip[9] == 1 && l4_len >= 4) {
			put16(l4 + 2, 0);
			put16(l4 + 2, reference_csum(l4, l4_len, 0));
		}
	} else if (ip[6] == 58 && l4_len >= 4) {
		put16(l4 + 2, 0);
		uint32_t pseudo = (uint16_t)~reference_csum(ip + 8, 32, 58 + (uint32_t)l4_len);
		put16(l4 + 2, reference_csum(l4, l4_len, pseudo));
	}
}

void frame_tag(struct eth_frame *f, uint16_t tci)
{
	memmove(f->bytes + 16, f->bytes + 12, f->len - 12);
	put16(f->bytes + 12, 0x8100);
	put16(f->bytes + 14, tci);
	f->len += 4;
}

void frame_extend6(struct eth_frame *f, uint8_t kind, const uint8_t *header, size_t len)
{
	uint8_t *ip = f->bytes + 14;

	memmove(ip + 40 + len, ip + 40, f->len - 54);
	memcpy(ip + 40, header, len);
	ip[40] = ip[6];
	ip[6] = kind;
	f->len += len;
	put16(ip + 4, (uint16_t)(f->len - 54));
}

enum net_verdict frame_rx_guarded(struct net *n, const struct eth_frame *f, usec_t now,
				  struct net_rx *out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mprotect(map + page, page, PROT_NONE), 0);
	struct frame_buf in = {.data = map + page - f->len, .len = (uint16_t)f->len};
	memcpy(in.data, f->bytes, f->len);
	enum net_verdict verdict = net_rx(n, 0, &in, now, out);
	cr_assert_eq(munmap(map, 2 * page), 0);
	return verdict;
}

enum net_drop only_drop(const struct net *n)
{
	enum net_drop found = NET_DROP_NONE;

	for (unsigned i = 0; i < NET_DROP_COUNT; i++) {
		if (net_drops(n)[i] != 0) {
			cr_assert_eq(found, NET_DROP_NONE, "%s and %s", net_drop_name(found),
				     net_drop_name((enum net_drop)i));
			cr_assert_eq(net_drops(n)[i], 1u);
			found = (enum net_drop)i;
		}
	}
	return found;
}
