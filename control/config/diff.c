/* Two configurations side by side, after inheritance and defaults: what counts is what they mean.
 */
#include "control/config/diff.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/diff_client.h"
#include "rib/base/check.h"

static struct config_change *add(struct config_diff *d, enum change_kind kind)
{
	struct config_change *grown = realloc(d->item, (d->count + 1) * sizeof(*grown));
	ASSERT(grown != NULL);
	d->item = grown;
	d->item[d->count] = (struct config_change){.kind = kind};
	d->by_kind[kind]++;
	return &d->item[d->count++];
}

static void say(struct config_diff *d, enum change_kind kind, bool is_same, const char *what)
{
	if (!is_same) {
		diff_name(add(d, kind), what);
	}
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_port(const struct config_port *a, const struct config_port *b)
{
	bool is_same = is_same_text(a->device, b->device) && a->mtu == b->mtu &&
		       a->vlan == b->vlan && is_same_text(a->kernel, b->kernel) &&
		       a->addr_count == b->addr_count && a->gateway_count == b->gateway_count;
	for (unsigned i = 0; is_same && i < a->addr_count; i++) {
		is_same = addr_equal(&a->addr[i].addr, &b->addr[i].addr) &&
			  a->addr[i].prefix_len == b->addr[i].prefix_len;
	}
	for (unsigned i = 0; is_same && i < a->gateway_count; i++) {
		is_same = addr_equal(&a->gateway[i], &b->gateway[i]);
	}
	return is_same;
}

/* What is chosen when nothing is said depends on who asks: a running server's threads are bound to
 * their CPUs. */
static bool are_same_workers(const struct config *a, const struct config *b)
{
	bool is_given = a->dataplane.has_workers;
	bool is_same = is_given == b->dataplane.has_workers &&
		       (!is_given || a->dataplane.worker_count == b->dataplane.worker_count);
	for (unsigned i = 0; is_given && is_same && i < a->dataplane.worker_count; i++) {
		is_same = a->dataplane.workers[i] == b->dataplane.workers[i];
	}
	return is_same;
}

static bool are_same_ports(const struct config *a, const struct config *b)
{
	bool is_same = a->dataplane.port_count == b->dataplane.port_count;
	for (unsigned i = 0; is_same && i < a->dataplane.port_count; i++) {
		is_same = is_same_port(&a->dataplane.port[i], &b->dataplane.port[i]);
	}
	return is_same;
}

static void diff_dataplane(const struct config *a, const struct config *b, struct config_diff *out)
{
	const enum change_kind kind = CHANGE_RESTART;
	say(out, kind, are_same_workers(a, b), "dataplane.workers");
	say(out, kind, a->dataplane.is_busy == b->dataplane.is_busy, "dataplane.idle");
	say(out, kind, a->dataplane.is_hugepages_off == b->dataplane.is_hugepages_off,
	    "dataplane.hugepages");
	say(out, kind, a->dataplane.memory_mib == b->dataplane.memory_mib, "dataplane.memory");
	say(out, kind, a->dataplane.members_max == b->dataplane.members_max,
	    "dataplane.members_max");
	say(out, kind, are_same_ports(a, b), "dataplane.ports");
}

static void diff_control(const struct config *a, const struct config *b, struct config_diff *out)
{
	const enum change_kind kind = CHANGE_RESTART;
	say(out, kind, is_same_text(a->control.state_dir, b->control.state_dir),
	    "control.state_dir");
	say(out, kind, is_same_text(a->control.socket, b->control.socket), "control.socket");
	say(out, kind, is_same_text(a->control.user, b->control.user), "control.user");
	say(out, kind, is_same_text(a->control.read_group, b->control.read_group),
	    "control.read_group");
	say(out, kind, is_same_text(a->control.operator_group, b->control.operator_group),
	    "control.operator_group");
	say(out, kind, http_conf_equal(&a->control.http, &b->control.http), "control.http");
}

static int compare_ip(const void *a, const void *b)
{
	const struct config_client *const *x = a, *const *y = b;
	return addr_cmp(&(*x)->ip, &(*y)->ip);
}

const struct config_client **config_order(const struct config *c)
{
	const struct config_client **order = calloc(c->client_count + 1, sizeof(*order));
	ASSERT(order != NULL);
	for (unsigned i = 0; i < c->client_count; i++) {
		order[i] = &c->client[i];
	}
	qsort(order, c->client_count, sizeof(*order), compare_ip);
	return order;
}

const struct config_client *config_find(const struct config_client *const *order, unsigned count,
					const struct addr *ip)
{
	const struct config_client wanted = {.ip = *ip}, *key = &wanted;
	const struct config_client *const *found =
		bsearch(&key, order, count, sizeof(*order), compare_ip);
	return found == NULL ? NULL : *found;
}

/* Clients of `from` that are not in `to`; or, for CHANGED, that are not the same there. */
static void diff_clients(const struct config *from, const struct config *to, enum change_kind kind,
			 struct config_diff *out)
{
	const struct config_client **order = config_order(to);
	for (unsigned i = 0; i < from->client_count; i++) {
		const struct config_client *one = &from->client[i];
		const struct config_client *other = config_find(order, to->client_count, &one->ip);
		struct config_change change;
		if (kind != CHANGE_CHANGED && other == NULL) {
			add(out, kind)->ip = one->ip;
		} else if (kind == CHANGE_CHANGED && other != NULL &&
			   config_client_diff(one, other, &change)) {
			*add(out, kind) = change;
		}
	}
	free(order);
}

void config_diff(const struct config *running, const struct config *wanted, struct config_diff *out)
{
	const struct config *a = running, *b = wanted;
	*out = (struct config_diff){.count = 0};
	diff_clients(b, a, CHANGE_ADDED, out);
	diff_clients(a, b, CHANGE_REMOVED, out);
	diff_clients(a, b, CHANGE_CHANGED, out);
	say(out, CHANGE_SERVER, policy_conf_equal(&a->policy, &b->policy), "policy");
	say(out, CHANGE_SERVER, rpki_conf_equal(&a->rpki, &b->rpki), "rpki");
	say(out, CHANGE_SERVER, registry_conf_equal_rules(&a->registry, &b->registry), "registry");
	say(out, CHANGE_SERVER, irr_conf_equal(&a->irr, &b->irr), "irr");
	say(out, CHANGE_SERVER, a->control.log_level == b->control.log_level, "control.log_level");
	diff_dataplane(a, b, out);
	diff_control(a, b, out);
	say(out, CHANGE_RESTART, registry_conf_is_same_place(&a->registry, &b->registry),
	    a->registry.is_on == b->registry.is_on ? "registry.database, site or resolver"
						   : "registry");
	say(out, CHANGE_RESTART, a->rs_as == b->rs_as, "cfg.rs_as");
	say(out, CHANGE_RESTART, addr_equal(&a->router_id, &b->router_id), "cfg.router_id");
	say(out, CHANGE_RESTART, a->paths_sent == b->paths_sent, "cfg.add_path.paths");
	say(out, CHANGE_RESTART, a->deferral_s == b->deferral_s,
	    "cfg.graceful_restart.selection_deferral_time");
}

void config_diff_free(struct config_diff *d)
{
	free(d->item);
	*d = (struct config_diff){.count = 0};
}

const char *change_kind_text(enum change_kind kind)
{
	static const char *const texts[] = {
		[CHANGE_ADDED] = "added",     [CHANGE_REMOVED] = "removed",
		[CHANGE_CHANGED] = "changed", [CHANGE_SERVER] = "server",
		[CHANGE_RESTART] = "restart",
	};
	ASSERT(kind < CHANGE_KIND_COUNT);
	return texts[kind];
}
