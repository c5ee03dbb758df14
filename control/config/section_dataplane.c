/* `dataplane`: workers, idling, memory, and the ports with their addresses. */
#include <stdlib.h>
#include <string.h>

#include <net/if.h>

#include "control/config/loader.h"
#include "dataplane/nic/nic_packet.h"
#include "rib/base/check.h"

#define WORKER_CPU_MAX 1023
#define PORTS_MAX      32 /* What Debian's DPDK is built for. */

/* One of two words. */
static bool one_of_two(struct loader *l, const struct node *v, const char *name, const char *first,
		       const char *second, bool *out_is_second)
{
	const char *text;
	if (!value_text(l, v, name, &text)) {
		return false;
	}
	if (strcmp(text, first) != 0 && strcmp(text, second) != 0) {
		loader_fail(l, &v->at, "'%s' must be %s or %s, not '%s'", name, first, second,
			    text);
		return false;
	}
	*out_is_second = strcmp(text, second) == 0;
	return true;
}

static bool is_list(struct loader *l, const struct node *v, const char *name, const char *example)
{
	if (v->kind == NODE_LIST) {
		return true;
	}
	if (v->kind != NODE_BAD) {
		loader_fail(l, &v->at, "'%s' must be a list such as %s, not %s", name, example,
			    node_kind_text(v->kind));
	}
	return false;
}

static void add_worker(struct loader *l, const struct place *at, unsigned cpu)
{
	struct config *c = l->config;
	for (unsigned i = 0; i < c->dataplane.worker_count; i++) {
		if (c->dataplane.workers[i] == cpu) {
			loader_fail(l, at,
				    "CPU %u is in 'workers' twice; each worker needs its own", cpu);
			return;
		}
	}
	if (c->dataplane.worker_count == ARRAY_COUNT(c->dataplane.workers)) {
		loader_fail(l, at, "there can be at most %zu workers; remove this one",
			    ARRAY_COUNT(c->dataplane.workers));
		return;
	}
	c->dataplane.workers[c->dataplane.worker_count++] = cpu;
}

static void read_workers(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	(void)target;
	if (!is_list(l, v, "workers", "[1, 2]")) {
		return;
	}
	struct node item;
	void *cursor = NULL;
	unsigned count = 0;
	while (node_next_item(v, &cursor, l->errors, &item)) {
		uint32_t cpu;
		count++;
		if (value_number(l, &item, "workers", 0, WORKER_CPU_MAX, &cpu)) {
			add_worker(l, &item.at, cpu);
		}
	}
	if (count == 0) {
		loader_fail(l, &key->at,
			    "'workers' is empty; name at least one CPU or leave the key out");
	}
}

static void read_idle(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	(void)one_of_two(l, v, "idle", "adaptive", "busy", &l->config->dataplane.is_busy);
}

static void read_hugepages(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	(void)target;
	(void)one_of_two(l, v, "hugepages", "auto", "off", &l->config->dataplane.is_hugepages_off);
}

static void read_memory(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	(void)target;
	uint32_t mib;
	if (value_number(l, v, "memory", 64, 1 << 20, &mib)) {
		l->config->dataplane.memory_mib = mib;
	}
}

/* What the kernel takes as an interface's name, and what no pattern of its own hides in. */
static bool is_interface_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len < IFNAMSIZ && strpbrk(name, "/%: \t\n") == NULL &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* An interface of the host's: what the device string says of it. */
static void check_interface(struct loader *l, const struct node *v, const char *name)
{
	if (!is_interface_name(name)) {
		loader_fail(l, &v->at,
			    "'device: packet:' must be followed by the name of an interface, up to "
			    "%d characters such as packet:eth1, not '%s'",
			    IFNAMSIZ - 1, name);
	} else if (if_nametoindex(name) == 0) {
		loader_warn(l, &v->at,
			    "there is no interface '%s' here now; create it before the server "
			    "starts, or correct its name (see `ip link`)",
			    name);
	}
}

static void read_device(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	struct draft_port *port = target;
	if (value_copy(l, v, "device", &port->value.device)) {
		port->device_at = v->at;
		const char *interface = nic_packet_interface(port->value.device);
		if (interface != NULL) {
			check_interface(l, v, interface);
		} else if (if_nametoindex(port->value.device) != 0) {
			loader_fail(l, &v->at,
				    "'%s' is an interface of the host, which DPDK does not know by "
				    "this name; write 'device: packet:%s'",
				    port->value.device, port->value.device);
		}
	}
}

static void read_mtu(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	struct draft_port *port = target;
	uint32_t mtu;
	if (value_number(l, v, "mtu", 576, 9216, &mtu)) {
		port->value.mtu = (uint16_t)mtu;
	}
}

static void read_vlan(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	struct draft_port *port = target;
	uint32_t vlan;
	if (value_number(l, v, "vlan", 1, 4094, &vlan)) {
		port->value.vlan = (uint16_t)vlan;
	}
}

static void read_kernel(struct loader *l, const struct node *key, const struct node *v,
			void *target)
{
	(void)key;
	struct draft_port *port = target;
	const char *name;
	if (!value_text(l, v, "kernel", &name)) {
		return;
	}
	if (!is_interface_name(name)) {
		loader_fail(l, &v->at,
			    "'kernel' must be the name of an interface, up to %d characters such "
			    "as ix0k, not '%s'",
			    IFNAMSIZ - 1, name);
	} else if (value_copy(l, v, "kernel", &port->value.kernel)) {
		port->kernel_at = v->at;
	}
}

static void read_addresses(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	(void)key;
	struct draft_port *port = target;
	struct config_port *p = &port->value;
	struct node item;
	void *cursor = NULL;
	if (!is_list(l, v, "addresses", "[198.18.0.1/16]")) {
		port->has_faulty_addr = true;
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		struct addr a;
		uint8_t len;
		if (!value_interface(l, &item, &a, &len)) {
			port->has_faulty_addr = true;
			continue;
		}
		if (p->addr_count == ARRAY_COUNT(p->addr)) {
			loader_fail(l, &item.at, "a port can have at most %zu addresses",
				    ARRAY_COUNT(p->addr));
			return;
		}
		port->addr_at[p->addr_count] = item.at;
		p->addr[p->addr_count].addr = a;
		p->addr[p->addr_count++].prefix_len = len;
	}
}

static void read_gateways(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)key;
	struct draft_port *port = target;
	struct config_port *p = &port->value;
	struct node item;
	void *cursor = NULL;
	if (!is_list(l, v, "gateways", "[198.18.255.254]")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		struct addr a;
		if (!value_addr(l, &item, "gateways", &a)) {
			continue;
		}
		if (p->gateway_count == ARRAY_COUNT(p->gateway)) {
			loader_fail(l, &item.at, "a port can have at most %zu gateways",
				    ARRAY_COUNT(p->gateway));
			return;
		}
		port->gateway_at[p->gateway_count] = item.at;
		p->gateway[p->gateway_count++] = a;
	}
}

static const struct key port_key[] = {
	{.name = "device", .read = read_device},       {.name = "mtu", .read = read_mtu},
	{.name = "vlan", .read = read_vlan},	       {.name = "kernel", .read = read_kernel},
	{.name = "addresses", .read = read_addresses}, {.name = "gateways", .read = read_gateways},
};
static const struct key_table port_keys = {
	.where = "dataplane.ports[]", .keys = port_key, .count = ARRAY_COUNT(port_key)};

static void read_members_max(struct loader *l, const struct node *key, const struct node *v,
			     void *target)
{
	(void)target;
	uint32_t count;
	if (value_number(l, v, "members_max", 1, PEER_COUNT_MAX, &count)) {
		l->config->dataplane.members_max = count;
		l->members_max_at = key->at;
	}
}

static void read_ports(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	(void)target;
	struct node item;
	void *cursor = NULL;
	if (!is_list(l, v, "ports", "'- device: packet:eth1'")) {
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		if (l->port_count == PORTS_MAX) {
			loader_fail(l, &item.at, "there can be at most %d ports", PORTS_MAX);
			return;
		}
		struct draft_port *grown = realloc(l->port, (l->port_count + 1) * sizeof(*grown));
		ASSERT(grown != NULL);
		l->port = grown;
		struct draft_port *port = &l->port[l->port_count++];
		*port = (struct draft_port){.at = item.at, .device_at = item.at};
		port->value.mtu = 1500;
		keys_walk(l, &item, &port_keys, port);
	}
}

static const struct key dataplane_key[] = {
	{.name = "workers", .read = read_workers},
	{.name = "idle", .read = read_idle},
	{.name = "hugepages", .read = read_hugepages},
	{.name = "memory", .read = read_memory},
	{.name = "ports", .read = read_ports},
	{.name = "members_max", .read = read_members_max},
};
static const struct key_table dataplane_keys = {.where = "dataplane",
						.keys = dataplane_key,
						.count = ARRAY_COUNT(dataplane_key),
						.is_once = true};

void read_dataplane(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	(void)key;
	keys_walk(l, v, &dataplane_keys, target);
}
