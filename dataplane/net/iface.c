/* Our addresses on a port.  A handful, so every question is a walk over an array.
 * RFC 5227 (announce, defend), RFC 4861 §7.2.6, RFC 4291 §2.5.6 and RFC 2464 §5 (link-local). */
#include "dataplane/net/iface.h"

#include "dataplane/net/eth.h"
#include "dataplane/net/ip.h"
#include "rib/base/check.h"

#define LINK_LOCAL_LEN 10 /* fe80::/10 is on-link everywhere, RFC 4291 §2.4. */

static void own_add(struct iface *f, const struct addr *a, unsigned prefix_len)
{
	ASSERT(f->addr_count < IFACE_ADDR_MAX);
	ASSERT(prefix_len <= family_bits(a->family));
	f->addr[f->addr_count++] = (struct iface_addr){
		.addr = *a,
		.subnet = prefix_make(a, prefix_len),
		.announces_left = IFACE_ANNOUNCE_COUNT,
		.detects_left = IFACE_DETECT_COUNT,
	};
}

static bool is_link_local6(const struct addr *a)
{
	return a->family == FAMILY_IPV6 && addr_is_link_local(a);
}

void iface_init(struct iface *f, const struct net_port_conf *conf)
{
	bool has_ipv6 = false, has_link_local = false;

	ASSERT(conf->addr_count <= ARRAY_COUNT(conf->addr));
	ASSERT(conf->gateway_count <= ARRAY_COUNT(conf->gateway));
	*f = (struct iface){.mac = conf->mac,
			    .mtu = conf->mtu,
			    .nic = conf->nic,
			    .vlan = conf->vlan,
			    .has_kernel = conf->has_kernel};
	for (unsigned i = 0; i < conf->addr_count; i++) {
		const struct addr *a = &conf->addr[i].addr;
		bool is_local = is_link_local6(a);

		has_ipv6 |= a->family == FAMILY_IPV6;
		has_link_local |= is_local;
		own_add(f, a, is_local ? LINK_LOCAL_LEN : conf->addr[i].prefix_len);
	}
	if (has_ipv6 && !has_link_local && !conf->has_kernel) {
		struct addr local = mac_link_local(&conf->mac);

		own_add(f, &local, LINK_LOCAL_LEN);
	}
	f->gateway_count = conf->gateway_count;
	memcpy(f->gateway, conf->gateway, sizeof(f->gateway));
}

struct iface_addr *iface_own(struct iface *f, const struct addr *a)
{
	for (unsigned i = 0; i < f->addr_count; i++) {
		if (addr_equal(&f->addr[i].addr, a)) {
			return &f->addr[i];
		}
	}
	return NULL;
}

bool iface_in_group(const struct iface *f, const struct addr *a)
{
	struct addr all = ip6_all_nodes();
	bool has_ipv6 = false;

	for (unsigned i = 0; i < f->addr_count; i++) {
		if (f->addr[i].addr.family == FAMILY_IPV6) {
			struct addr group = ip6_solicited_node(&f->addr[i].addr);

			if (addr_equal(&group, a)) {
				return true;
			}
			has_ipv6 = true;
		}
	}
	return has_ipv6 && addr_equal(&all, a);
}

const struct iface_addr *iface_onlink(const struct iface *f, const struct addr *a)
{
	for (unsigned i = 0; i < f->addr_count; i++) {
		if (prefix_has_addr(&f->addr[i].subnet, a)) {
			return &f->addr[i];
		}
	}
	return NULL;
}

const struct iface_addr *iface_source(const struct iface *f, const struct addr *a)
{
	const struct iface_addr *own = iface_onlink(f, a);

	for (unsigned i = 0; own == NULL && i < f->addr_count; i++) {
		if (f->addr[i].addr.family == a->family) {
			own = &f->addr[i];
		}
	}
	return own;
}

bool iface_is_broadcast(const struct iface *f, const struct addr *a)
{
	for (unsigned i = 0; a->family == FAMILY_IPV4 && i < f->addr_count; i++) {
		const struct prefix *subnet = &f->addr[i].subnet;

		/* RFC 3021: a /31 has neither. */
		if (subnet->len >= 31 || !prefix_has_addr(subnet, a)) {
			continue;
		}
		uint32_t host_mask = UINT32_MAX >> subnet->len;
		uint32_t host = addr_v4_host_order(a) & host_mask;

		if (host == 0 || host == host_mask) {
			return true;
		}
	}
	return false;
}

bool iface_is_gateway(const struct iface *f, const struct addr *a)
{
	for (unsigned i = 0; i < f->gateway_count; i++) {
		if (addr_equal(&f->gateway[i], a)) {
			return true;
		}
	}
	return false;
}

bool iface_is_neighbour(struct iface *f, const struct addr *a)
{
	if (ip_is_no_station(a) || iface_own(f, a) != NULL || iface_is_broadcast(f, a)) {
		return false;
	}
	return iface_is_gateway(f, a) || iface_onlink(f, a) != NULL;
}

void iface_defend(struct iface_addr *own, usec_t now)
{
	if (now >= own->defend_from && own->announces_left == 0) {
		own->announces_left = 1;
		own->announce_due = now;
		own->defend_from = now + IFACE_DEFEND_WAIT_US;
	}
}

struct iface_addr *iface_detect(struct iface *f, usec_t now)
{
	for (unsigned i = 0; i < f->addr_count; i++) {
		struct iface_addr *own = &f->addr[i];

		if (own->detects_left > 0 && own->detect_due <= now) {
			own->detects_left--;
			own->detect_due = now + IFACE_DETECT_WAIT_US;
			return own;
		}
	}
	return NULL;
}

bool iface_report(struct iface_addr *own, usec_t now)
{
	if (now < own->report_from) {
		return false;
	}
	own->report_from = now + IFACE_REPORT_WAIT_US;
	return true;
}

struct iface_addr *iface_announce(struct iface *f, usec_t now)
{
	for (unsigned i = 0; i < f->addr_count; i++) {
		struct iface_addr *own = &f->addr[i];

		if (own->announces_left > 0 && own->announce_due <= now) {
			own->announces_left--;
			own->announce_due = now + IFACE_ANNOUNCE_WAIT_US;
			return own;
		}
	}
	return NULL;
}

usec_t iface_due(const struct iface *f)
{
	usec_t due = USEC_NEVER;

	for (unsigned i = 0; i < f->addr_count; i++) {
		const struct iface_addr *own = &f->addr[i];

		if (own->announces_left > 0) {
			due = min_u64(due, own->announce_due);
		}
		if (own->detects_left > 0) {
			due = min_u64(due, own->detect_due);
		}
	}
	return due;
}
