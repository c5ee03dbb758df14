/* The whole configuration: defaults, inheritance, and the mistakes that no single key shows.
 *
 * Two ports with one address, a neighbour that no port can reach, the same neighbour twice: each is
 * reported at its second place and names the first.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/check_data.h"
#include "control/config/loader.h"
#include "control/config/section_registry.h"
#include "rib/base/check.h"

/* All CPUs that we may use but the first; the first when it is the only one. */
static void default_workers(struct config *c)
{
	cpu_set_t set;
	unsigned max = ARRAY_COUNT(c->dataplane.workers);
	unsigned first = 0;
	bool has_first = false;
	c->dataplane.has_workers = c->dataplane.worker_count > 0;
	if (c->dataplane.has_workers) {
		return;
	}
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0) {
		CPU_SET(0, &set);
	}
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && c->dataplane.worker_count < max; cpu++) {
		if (!CPU_ISSET(cpu, &set)) {
			continue;
		}
		if (has_first) {
			c->dataplane.workers[c->dataplane.worker_count++] = cpu;
		} else {
			first = cpu;
			has_first = true;
		}
	}
	if (c->dataplane.worker_count == 0) {
		c->dataplane.workers[c->dataplane.worker_count++] = first;
	}
}

static void default_text(char **text, const char *value)
{
	if (*text == NULL) {
		*text = strdup(value);
		ASSERT(*text != NULL);
	}
}

/* Whether two ports with one device can be told apart: by VLAN, one of them perhaps untagged. */
static void check_same_device(struct loader *l, struct draft_port *port,
			      const struct draft_port *first)
{
	if (port->value.vlan != first->value.vlan) {
		return;
	}
	if (port->value.vlan == 0) {
		loader_fail(l, &port->device_at,
			    "the device '%s' is a port already, at line %d; give one of them a "
			    "'vlan'",
			    port->value.device, first->device_at.line);
	} else {
		loader_fail(l, &port->device_at,
			    "VLAN %u of the device '%s' is a port already, at line %d; each port "
			    "needs its own",
			    port->value.vlan, port->value.device, first->device_at.line);
	}
}

/* Number the devices, and look for ports that are in each other's way. */
static void match_ports(struct loader *l, unsigned i)
{
	struct draft_port *port = &l->port[i];
	bool is_new = true;
	for (unsigned j = 0; j < i; j++) {
		const struct draft_port *other = &l->port[j];
		if (other->value.device != NULL &&
		    strcmp(other->value.device, port->value.device) == 0) {
			port->value.device_idx = other->value.device_idx;
			is_new = false;
			check_same_device(l, port, other);
		}
		if (port->value.kernel != NULL && other->value.kernel != NULL &&
		    strcmp(port->value.kernel, other->value.kernel) == 0) {
			loader_fail(l, &port->kernel_at,
				    "the interface '%s' serves a port already, at line %d; each "
				    "port needs its own",
				    port->value.kernel, other->kernel_at.line);
		}
	}
	if (is_new) {
		port->value.device_idx = l->config->dataplane.device_count++;
	}
}

static void check_devices(struct loader *l)
{
	for (unsigned i = 0; i < l->port_count; i++) {
		struct draft_port *port = &l->port[i];
		if (port->value.device == NULL) {
			loader_fail(l, &port->at,
				    "this port has no 'device'; add a PCI address, a DPDK device "
				    "string, or an interface such as packet:eth1");
			continue;
		}
		if (port->value.addr_count == 0 && !port->has_faulty_addr) {
			loader_fail(l, &port->at,
				    "this port has no address; add 'addresses: [address/length]'");
		}
		match_ports(l, i);
	}
}

/* The place of our address `a` among those before port `p_end`'s address `i_end`; NULL when it is
 * not there. */
static const struct place *our_address_before(const struct loader *l, const struct addr *a,
					      unsigned p_end, unsigned i_end)
{
	for (unsigned p = 0; p < l->port_count; p++) {
		const struct draft_port *port = &l->port[p];
		for (unsigned i = 0; i < port->value.addr_count; i++) {
			if (p == p_end && i == i_end) {
				return NULL;
			}
			if (addr_equal(&port->value.addr[i].addr, a)) {
				return &port->addr_at[i];
			}
		}
	}
	return NULL;
}

static const struct place *our_address(const struct loader *l, const struct addr *a)
{
	return our_address_before(l, a, UINT32_MAX, UINT32_MAX);
}

static bool is_on_link(const struct config_port *port, const struct addr *a)
{
	for (unsigned i = 0; i < port->addr_count; i++) {
		struct prefix p = prefix_make(&port->addr[i].addr, port->addr[i].prefix_len);
		if (prefix_has_addr(&p, a)) {
			return true;
		}
	}
	return false;
}

static bool has_gateway_for(const struct config_port *port, uint8_t family)
{
	for (unsigned i = 0; i < port->gateway_count; i++) {
		if (port->gateway[i].family == family) {
			return true;
		}
	}
	return false;
}

static void check_addresses(struct loader *l)
{
	char text[ADDR_TEXT_MAX];
	for (unsigned p = 0; p < l->port_count; p++) {
		const struct draft_port *port = &l->port[p];
		for (unsigned i = 0; i < port->value.addr_count; i++) {
			const struct addr *a = &port->value.addr[i].addr;
			const struct place *first = our_address_before(l, a, p, i);
			if (first != NULL) {
				loader_fail(l, &port->addr_at[i],
					    "%s is our address already, at line %d; remove one",
					    addr_format(a, text), first->line);
			}
		}
		for (unsigned i = 0; i < port->value.gateway_count; i++) {
			const struct addr *g = &port->value.gateway[i];
			if (!is_on_link(&port->value, g)) {
				loader_fail(l, &port->gateway_at[i],
					    "the gateway %s is in no subnet of this port's "
					    "addresses; a gateway must be on-link",
					    addr_format(g, text));
			} else if (our_address(l, g) != NULL) {
				loader_fail(l, &port->gateway_at[i],
					    "the gateway %s is our own address",
					    addr_format(g, text));
			}
		}
	}
}

static void check_ports(struct loader *l)
{
	if (l->port_count == 0) {
		loader_fail(l, &l->start,
			    "there is no port; add 'dataplane: {ports: [{device: …, addresses: "
			    "[…]}]}'");
	}
	check_devices(l);
	check_addresses(l);
}

/* With an address that could not be read, what follows from the addresses says nothing. */
static bool are_ports_known(const struct loader *l)
{
	for (unsigned i = 0; i < l->port_count; i++) {
		if (l->port[i].has_faulty_addr) {
			return false;
		}
	}
	return l->port_count > 0;
}

/* Of several, which are those of several servers, the one that is our address; else the first. */
static void take_router_id(struct loader *l)
{
	unsigned ours = 0;
	while (ours < l->router_id_count && our_address(l, &l->router_id[ours]) == NULL) {
		ours++;
	}
	if (l->router_id_count > 0) {
		l->config->router_id = l->router_id[ours < l->router_id_count ? ours : 0];
	}
}

static void check_identity(struct loader *l)
{
	struct config *c = l->config;
	if (!l->has_rs_as && !l->has_gap) {
		loader_fail(l, &l->start,
			    "'cfg.rs_as' is missing; add the route server's AS number");
	}
	take_router_id(l);
	for (unsigned p = 0; p < l->port_count && !l->has_router_id; p++) {
		const struct config_port *port = &l->port[p].value;
		for (unsigned i = 0; i < port->addr_count && !l->has_router_id; i++) {
			if (port->addr[i].addr.family == FAMILY_IPV4) {
				c->router_id = port->addr[i].addr;
				l->has_router_id = true;
			}
		}
	}
	if (!l->has_router_id && are_ports_known(l)) {
		loader_fail(l, &l->start,
			    "'cfg.router_id' is missing and no port has an IPv4 address to take "
			    "it from; add one such as 198.18.0.1");
	}
}

static bool is_reachable(const struct loader *l, const struct addr *a)
{
	for (unsigned p = 0; p < l->port_count; p++) {
		if (is_on_link(&l->port[p].value, a) ||
		    has_gateway_for(&l->port[p].value, a->family)) {
			return true;
		}
	}
	return false;
}

static void check_client(struct loader *l, const struct draft_client *client)
{
	char text[ADDR_TEXT_MAX];
	const struct config_client *v = &client->value;
	addr_format(&v->ip, text);
	const struct place *ours = our_address(l, &v->ip);
	if (ours != NULL) {
		loader_fail(l, &client->ip_at,
			    "the neighbour %s is our own address (line %d); give the neighbour's",
			    text, ours->line);
	} else if (are_ports_known(l) && !is_reachable(l, &v->ip)) {
		loader_fail(l, &client->ip_at,
			    "the neighbour %s is in no port's subnet and there is no gateway of "
			    "its family; correct it or add 'gateways' to a port",
			    text);
	}
	if (v->asn != 0 && v->asn == l->config->rs_as) {
		loader_fail(l, &client->ip_at,
			    "the neighbour %s has the AS number of the route server, %u; a route "
			    "server's neighbours are external",
			    text, v->asn);
	}
	if (!v->has_local_addr) {
		return;
	}
	if (our_address(l, &v->local_addr) == NULL || v->local_addr.family != v->ip.family) {
		char local[ADDR_TEXT_MAX];
		loader_fail(l, &client->local_at,
			    "'local_address' %s is no %s address of any port; take one of "
			    "dataplane.ports[].addresses",
			    addr_format(&v->local_addr, local),
			    v->ip.family == FAMILY_IPV4 ? "IPv4" : "IPv6");
	}
}

static int order_by_ip(const void *a, const void *b)
{
	const struct draft_client *const *x = a;
	const struct draft_client *const *y = b;
	int order = addr_cmp(&(*x)->value.ip, &(*y)->value.ip);
	/* Equal ones in the order of the files: the array's order is that. */
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* Sorted, because an exchange has thousands of neighbours. */
static void check_duplicates(struct loader *l)
{
	char text[ADDR_TEXT_MAX];
	const struct draft_client **sorted = calloc(l->client_count + 1, sizeof(*sorted));
	ASSERT(sorted != NULL);
	for (unsigned i = 0; i < l->client_count; i++) {
		sorted[i] = &l->client[i];
	}
	qsort(sorted, l->client_count, sizeof(*sorted), order_by_ip);
	for (unsigned i = 1; i < l->client_count; i++) {
		if (addr_equal(&sorted[i]->value.ip, &sorted[i - 1]->value.ip)) {
			loader_fail(l, &sorted[i]->ip_at,
				    "the neighbour %s was configured before, at %s:%d:%d; keep one "
				    "of the two",
				    addr_format(&sorted[i]->value.ip, text),
				    sorted[i - 1]->ip_at.file, sorted[i - 1]->ip_at.line,
				    sorted[i - 1]->ip_at.column);
		}
	}
	free(sorted);
}

static int order_by_asn(const void *a, const void *b)
{
	const struct draft_client *const *x = a, *const *y = b;
	asn_t p = (*x)->value.asn, q = (*y)->value.asn;
	return p != q ? (p > q ? 1 : -1) : (*x > *y) - (*x < *y);
}

static void check_alias(struct loader *l, const struct draft_client *client, asn_t *owner)
{
	uint16_t alias = client->value.policy.asn_alias;
	if (client->value.asn <= UINT16_MAX) {
		loader_fail(l, &client->ip_at,
			    "'16bit_mapped_asn' is for members with a 32-bit AS number, and %u is "
			    "none; remove it",
			    client->value.asn);
	} else if (owner[alias] != 0 && owner[alias] != client->value.asn) {
		loader_fail(l, &client->ip_at,
			    "the '16bit_mapped_asn' %u is AS%u's already; take another one", alias,
			    owner[alias]);
	}
	owner[alias] = client->value.asn;
}

/* One alias for each AS number, and each alias for one. */
static void check_aliases(struct loader *l)
{
	const struct draft_client **sorted = calloc(l->client_count + 1, sizeof(*sorted));
	asn_t *owner = calloc(UINT16_MAX + 1, sizeof(*owner));
	ASSERT(sorted != NULL && owner != NULL);
	for (unsigned i = 0; i < l->client_count; i++) {
		sorted[i] = &l->client[i];
	}
	qsort(sorted, l->client_count, sizeof(*sorted), order_by_asn);
	const struct draft_client *last = NULL;
	for (unsigned i = 0; i < l->client_count; i++) {
		const struct draft_client *client = sorted[i];
		if (client->value.policy.asn_alias == 0) {
			continue;
		}
		check_alias(l, client, owner);
		if (last != NULL && last->value.asn == client->value.asn &&
		    last->value.policy.asn_alias != client->value.policy.asn_alias) {
			loader_fail(l, &client->ip_at,
				    "AS%u has the '16bit_mapped_asn' %u already; an AS number has "
				    "one",
				    client->value.asn, last->value.policy.asn_alias);
		}
		last = client;
	}
	free(sorted);
	free(owner);
}

static void check_members_max(struct loader *l)
{
	unsigned max = l->config->dataplane.members_max;
	if (max != 0 && max < l->client_count) {
		loader_fail(l, &l->members_max_at,
			    "'members_max' is %u, and there are %u neighbours; raise it, or leave "
			    "it out for a quarter more than there are",
			    max, l->client_count);
	}
}

unsigned config_capacity(const struct config *c, unsigned sessions)
{
	uint64_t count = c->client_count + sessions;
	uint64_t more = c->registry.is_on ? max_u64(256, count / 2) : max_u64(64, count / 4);
	uint64_t wanted = (count + more + 63) / 64 * 64;
	return c->dataplane.members_max != 0 ? c->dataplane.members_max
					     : (unsigned)min_u64(wanted, PEER_COUNT_MAX);
}

void finish_client(struct loader *l, struct draft_client *client)
{
	finish_client_policy(l, client);
	finish_session(l, client);
	finish_add_path(l, client);
	check_client(l, client);
}

void finish_config(struct loader *l)
{
	default_workers(l->config);
	default_text(&l->config->control.state_dir, "/var/lib/causeway");
	default_text(&l->config->control.socket, "/run/causeway/control.sock");
	check_identity(l);
	check_ports(l);
	finish_policy(l);
	for (unsigned i = 0; i < l->client_count; i++) {
		finish_client(l, &l->client[i]);
	}
	check_duplicates(l);
	check_members_max(l);
	check_aliases(l);
	finish_paths_sent(l);
	finish_rpki(l);
	finish_registry(l);
	check_data(l);
}
