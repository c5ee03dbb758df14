/* Opening devices: see ports.h. */
#include "control/daemon/ports.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "dataplane/nic/nic_dpdk.h"
#include "dataplane/nic/nic_packet.h"
#include "dataplane/nic/nic_tap.h"
#include "rib/base/check.h"

static int refuse(const char *why)
{
	log_event(LOG_ERROR, "no port", "detail", why, NULL);
	return EX_OSERR;
}

/* Ports that share a device share its buffers: the largest MTU counts. */
static uint16_t device_mtu(const struct config *c, unsigned device_idx)
{
	uint64_t mtu = 0;
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		if (c->dataplane.port[i].device_idx == device_idx) {
			mtu = max_u64(mtu, c->dataplane.port[i].mtu);
		}
	}
	return (uint16_t)mtu;
}

/* The devices that are DPDK's, and how many; packet ports need nothing of it. */
unsigned ports_eal_devices(const struct config *c, const char *out[PORTS_MAX],
			   uint16_t out_mtus[PORTS_MAX])
{
	unsigned count = 0, seen = 0;
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		const struct config_port *port = &c->dataplane.port[i];
		if (port->device_idx < seen) {
			continue;
		}
		seen++;
		if (nic_packet_interface(port->device) == NULL) {
			out[count] = port->device;
			out_mtus[count++] = device_mtu(c, port->device_idx);
		}
	}
	return count;
}

static bool is_shared(const struct config *c, unsigned device_idx)
{
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		const struct config_port *port = &c->dataplane.port[i];
		if (port->device_idx == device_idx && port->kernel != NULL) {
			return true;
		}
	}
	return false;
}

static struct nic *open_nic(const struct config *c, const struct config_port *port, char *why,
			    size_t why_len)
{
	uint16_t queues = (uint16_t)c->dataplane.worker_count;
	uint16_t mtu = device_mtu(c, port->device_idx);
	const char *interface = nic_packet_interface(port->device);
	if (interface != NULL) {
		const struct nic_packet_opts opts = {
			.interface = interface,
			.queues = queues,
			.mtu = mtu,
			.is_shared = is_shared(c, port->device_idx),
		};
		return nic_packet_open(&opts, why, why_len);
	}
	const struct nic_dpdk_opts opts = {.device = port->device, .queues = queues, .mtu = mtu};
	return nic_dpdk_open(&opts, why, why_len);
}

static int open_device(struct ports *p, const struct config *c, const struct config_port *port)
{
	char why[512] = "", mac[MAC_TEXT_MAX], tso[16];
	struct nic *nic = open_nic(c, port, why, sizeof(why));
	if (nic == NULL) {
		return refuse(why);
	}
	ASSERT(port->device_idx == p->nic_count);
	p->nic[p->nic_count++] = nic;
	(void)snprintf(tso, sizeof(tso), "%u", nic->tso_max);
	log_event(LOG_INFO, "port", "device", port->device, "mac", mac_format(&nic->mac, mac),
		  "tso_max", tso, NULL);
	return 0;
}

static int open_kernel(struct ports *p, const struct config *c, unsigned i)
{
	char why[512] = "";
	const struct config_port *port = &c->dataplane.port[i];
	const struct nic_tap_opts opts = {
		.name = port->kernel,
		.mac = p->nic[port->device_idx]->mac,
		.mtu = port->mtu,
		.queues = (uint16_t)c->dataplane.worker_count,
		.takes_joined = nic_packet_interface(port->device) != NULL,
	};
	if (port->kernel == NULL) {
		return 0;
	}
	p->kernel[i] = nic_tap_open(&opts, why, sizeof(why));
	if (p->kernel[i] == NULL) {
		return refuse(why);
	}
	log_event(LOG_INFO, "kernel shares port", "device", port->device, "interface", port->kernel,
		  NULL);
	return 0;
}

int ports_open(struct ports *p, const struct config *c)
{
	int status = 0;
	for (unsigned i = 0; status == 0 && i < c->dataplane.port_count; i++) {
		const struct config_port *port = &c->dataplane.port[i];
		if (port->device_idx == p->nic_count) {
			status = open_device(p, c, port);
		}
		status = status == 0 ? open_kernel(p, c, i) : status;
	}
	return status;
}

struct net_port_conf ports_conf(const struct config_port *port, const struct nic *nic)
{
	struct net_port_conf conf = {.nic = (uint16_t)port->device_idx,
				     .vlan = port->vlan,
				     .mac = nic->mac,
				     .mtu = port->mtu};
	static_assert(ARRAY_COUNT(conf.addr) >= ARRAY_COUNT(port->addr), "addresses fit");
	static_assert(ARRAY_COUNT(conf.gateway) >= ARRAY_COUNT(port->gateway), "gateways fit");
	for (unsigned i = 0; i < port->addr_count; i++) {
		conf.addr[i].addr = port->addr[i].addr;
		conf.addr[i].prefix_len = port->addr[i].prefix_len;
	}
	memcpy(conf.gateway, port->gateway, sizeof(port->gateway));
	conf.addr_count = port->addr_count;
	conf.gateway_count = port->gateway_count;
	return conf;
}

void ports_close(struct ports *p)
{
	for (unsigned i = 0; i < p->nic_count; i++) {
		p->nic[i]->ops->close(p->nic[i]);
	}
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (p->kernel[i] != NULL) {
			p->kernel[i]->ops->close(p->kernel[i]);
		}
	}
}
