/* Ethernet II: RFC 894 (IPv4), RFC 2464 (IPv6).  A frame is ours when it names our address, when
 * it is a broadcast that carries ARP or IPv4, or when it goes to a group of IPv6 (33:33, RFC 2464
 * §7); whether we are in that very group is decided by the IPv6 destination.  IPv4 groups have no
 * use here.  Tags are handled in software: every device can carry them, few virtual ones insert. */
#include "dataplane/net/eth.h"

#include "rib/base/check.h"

/* IEEE 802.3: a type field below this is a length. */
#define ETHERTYPE_MIN	   0x0600
#define ETHERTYPE_VLAN	   0x8100 /* 802.1Q */
#define ETHERTYPE_VLAN_AD  0x88a8 /* 802.1ad */
#define ETHERTYPE_VLAN_OLD 0x9100 /* Stacked tags of before the standard. */

#define ADDRESSES_LEN 12     /* What stands before the tag. */
#define VLAN_MASK     0x0fff /* The identifier in a tag; all ones is reserved. */
#define VLAN_PRIORITY 6u     /* "Internetwork control", 802.1Q Annex I; goes with CS6. */

struct mac mac_broadcast(void)
{
	return (struct mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool mac_is_broadcast(const struct mac *m)
{
	struct mac all = mac_broadcast();

	return mac_equal(m, &all);
}

bool mac_is_group(const struct mac *m)
{
	return (m->bytes[0] & 1) != 0;
}

bool mac_is_station(const struct mac *m)
{
	static const struct mac zero;

	return !mac_is_group(m) && !mac_equal(m, &zero);
}

struct mac mac_of_group6(const struct addr *group)
{
	ASSERT(group->family == FAMILY_IPV6);
	ASSERT(addr_is_multicast(group));
	struct mac m = {{0x33, 0x33}};
	memcpy(m.bytes + 2, group->bytes + 12, 4);
	return m;
}

struct addr mac_link_local(const struct mac *m)
{
	uint8_t bytes[16] = {0xfe, 0x80};

	memcpy(bytes + 8, m->bytes, 3);
	bytes[8] ^= 0x02; /* RFC 4291 App. A: the universal/local bit is inverted. */
	bytes[11] = 0xff;
	bytes[12] = 0xfe;
	memcpy(bytes + 13, m->bytes + 3, 3);
	return addr_make(FAMILY_IPV6, bytes);
}

enum net_drop eth_decode(struct span in, struct eth *out)
{
	struct rd r = rd_of(in);
	struct eth e = {.vlan = 0};

	rd_copy(&r, e.dst.bytes, sizeof(e.dst.bytes));
	rd_copy(&r, e.src.bytes, sizeof(e.src.bytes));
	e.type = rd_u16(&r);
	if (rd_is_ok(&r) && e.type == ETHERTYPE_VLAN) {
		e.vlan = rd_u16(&r) & VLAN_MASK;
		e.type = rd_u16(&r);
	}
	if (!rd_is_ok(&r)) {
		return NET_DROP_ETH_SHORT;
	}
	if (!mac_is_station(&e.src)) {
		return NET_DROP_ETH_SOURCE;
	}
	e.payload = rd_span(&r, rd_left(&r));
	*out = e;
	return NET_DROP_NONE;
}

enum net_drop eth_hear(const struct eth *e, const struct mac *own)
{
	if (mac_equal(&e->src, own)) {
		return NET_DROP_ETH_OWN;
	}
	return mac_equal(&e->dst, own) || mac_is_group(&e->dst) ? NET_DROP_NONE
								: NET_DROP_ETH_NOT_OURS;
}

enum net_drop eth_accept(const struct eth *e)
{
	if (e->type < ETHERTYPE_MIN) {
		return NET_DROP_ETH_LLC;
	}
	if (e->type == ETHERTYPE_VLAN || e->type == ETHERTYPE_VLAN_AD ||
	    e->type == ETHERTYPE_VLAN_OLD) {
		return NET_DROP_ETH_STACKED;
	}
	if (e->type != ETHERTYPE_ARP && e->type != ETHERTYPE_IPV4 && e->type != ETHERTYPE_IPV6) {
		return NET_DROP_ETH_TYPE;
	}
	if (!mac_is_group(&e->dst)) {
		return NET_DROP_NONE;
	}
	bool is_group6 = e->dst.bytes[0] == 0x33 && e->dst.bytes[1] == 0x33;
	bool is_ok = e->type == ETHERTYPE_IPV6 ? is_group6 : mac_is_broadcast(&e->dst);

	return is_ok ? NET_DROP_NONE : NET_DROP_ETH_MULTICAST;
}

void eth_encode(const struct mac *dst, const struct mac *src, enum ethertype type, uint8_t *to)
{
	struct wr w = wr_of(to, ETH_HEADER_LEN);

	wr_copy(&w, dst->bytes, sizeof(dst->bytes));
	wr_copy(&w, src->bytes, sizeof(src->bytes));
	wr_u16(&w, (uint16_t)type);
	ASSERT(wr_is_ok(&w));
}

size_t eth_tag_len(uint16_t vlan)
{
	return vlan == 0 ? 0 : ETH_TAG_LEN;
}

size_t eth_tag(uint8_t *frame, size_t len, uint16_t vlan)
{
	ASSERT(len >= ETH_HEADER_LEN);
	ASSERT(vlan < VLAN_MASK);
	if (vlan == 0) {
		return len;
	}
	memmove(frame + ADDRESSES_LEN + ETH_TAG_LEN, frame + ADDRESSES_LEN, len - ADDRESSES_LEN);
	struct wr w = wr_of(frame + ADDRESSES_LEN, ETH_TAG_LEN);
	wr_u16(&w, ETHERTYPE_VLAN);
	wr_u16(&w, (uint16_t)(VLAN_PRIORITY << 13 | vlan));
	return len + ETH_TAG_LEN;
}

size_t eth_copy_untagged(struct span frame, uint8_t *to)
{
	struct rd r = rd_of(frame);

	(void)rd_span(&r, ADDRESSES_LEN);
	size_t skip = rd_u16(&r) == ETHERTYPE_VLAN && rd_left(&r) >= 2 + 2 ? ETH_TAG_LEN : 0;

	ASSERT(rd_is_ok(&r));
	memcpy(to, frame.data, ADDRESSES_LEN);
	memcpy(to + ADDRESSES_LEN, frame.data + ADDRESSES_LEN + skip,
	       frame.len - ADDRESSES_LEN - skip);
	return frame.len - skip;
}
