/* Two configurations side by side, after inheritance and defaults: what counts is what they mean.
 */
#include "control/config/diff.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"
#include "rib/base/check.h"

static void say(struct config_diff *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct config_diff *d, const char *format, ...)
{
	if (d->count < ARRAY_COUNT(d->first)) {
		va_list args;
		va_start(args, format);
		vsnprintf(d->first[d->count], sizeof(d->first[0]), format, args);
		va_end(args);
	}
	d->count++;
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

static bool is_same_dataplane(const struct config *a, const struct config *b)
{
	bool is_same = a->dataplane.worker_count == b->dataplane.worker_count &&
		       a->dataplane.is_busy == b->dataplane.is_busy &&
		       a->dataplane.is_hugepages_off == b->dataplane.is_hugepages_off &&
		       a->dataplane.memory_mib == b->dataplane.memory_mib &&
		       a->dataplane.members_max == b->dataplane.members_max &&
		       a->dataplane.port_count == b->dataplane.port_count;
	for (unsigned i = 0; is_same && i < a->dataplane.worker_count; i++) {
		is_same = a->dataplane.workers[i] == b->dataplane.workers[i];
	}
	for (unsigned i = 0; is_same && i < a->dataplane.port_count; i++) {
		is_same = is_same_port(&a->dataplane.port[i], &b->dataplane.port[i]);
	}
	return is_same;
}

static bool is_same_control(const struct config *a, const struct config *b)
{
	return is_same_text(a->control.state_dir, b->control.state_dir) &&
	       is_same_text(a->control.socket, b->control.socket) &&
	       is_same_text(a->control.user, b->control.user) &&
	       is_same_text(a->control.read_group, b->control.read_group) &&
	       is_same_text(a->control.operator_group, b->control.operator_group) &&
	       a->control.log_level == b->control.log_level;
}

static bool is_same_session(const struct session_conf *a, const struct session_conf *b)
{
	return a->hold_s == b->hold_s && a->hold_min_s == b->hold_min_s &&
	       a->has_enhanced_refresh == b->has_enhanced_refresh &&
	       a->send_hold_s == b->send_hold_s && a->retry_s == b->retry_s &&
	       a->delay_open_s == b->delay_open_s && a->stale_s == b->stale_s &&
	       a->long_stale_s == b->long_stale_s && a->restart_s == b->restart_s &&
	       a->is_passive == b->is_passive && a->is_damped == b->is_damped &&
	       a->has_role == b->has_role && a->is_role_strict == b->is_role_strict &&
	       a->role == b->role && a->accepts_as_set == b->accepts_as_set &&
	       a->enforces_first_as == b->enforces_first_as &&
	       a->has_extended_message == b->has_extended_message &&
	       a->has_next_hop6 == b->has_next_hop6 &&
	       a->prepends_local_as == b->prepends_local_as &&
	       a->has_graceful_shutdown == b->has_graceful_shutdown &&
	       a->graceful_shutdown_pref == b->graceful_shutdown_pref &&
	       memcmp(&a->lists, &b->lists, sizeof(a->lists)) == 0 &&
	       memcmp(a->add_path, b->add_path, sizeof(a->add_path)) == 0;
}

static bool is_same_client(const struct config_client *a, const struct config_client *b)
{
	return a->asn == b->asn && is_same_text(a->description, b->description) &&
	       is_same_session(&a->session, &b->session) &&
	       a->has_local_addr == b->has_local_addr &&
	       (!a->has_local_addr || addr_equal(&a->local_addr, &b->local_addr)) &&
	       a->hop_limit_min == b->hop_limit_min && a->paths_limit == b->paths_limit &&
	       client_policy_equal(&a->policy, &b->policy);
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

/* Clients of `from`, as far as they are not in `to` or not the same there. */
static void compare_clients(const struct config *from, const struct config *to, const char *absent,
			    bool compares, struct config_diff *out)
{
	char text[ADDR_TEXT_MAX];
	const struct config_client **order = config_order(to);
	for (unsigned i = 0; i < from->client_count; i++) {
		const struct config_client *one = &from->client[i];
		const struct config_client *other = config_find(order, to->client_count, &one->ip);
		if (other == NULL) {
			say(out, "neighbour %s: %s", addr_format(&one->ip, text), absent);
		} else if (compares && !is_same_client(one, other)) {
			say(out, "neighbour %s: changed", addr_format(&one->ip, text));
		}
	}
	free(order);
}

void config_diff(const struct config *running, const struct config *wanted, struct config_diff *out)
{
	*out = (struct config_diff){.count = 0};
	if (!is_same_dataplane(running, wanted)) {
		say(out, "dataplane");
	}
	if (!is_same_control(running, wanted)) {
		say(out, "control");
	}
	if (!rpki_conf_equal(&running->rpki, &wanted->rpki)) {
		say(out, "rpki");
	}
	if (running->rs_as != wanted->rs_as) {
		say(out, "cfg.rs_as");
	}
	if (!addr_equal(&running->router_id, &wanted->router_id)) {
		say(out, "cfg.router_id");
	}
	if (!policy_conf_equal(&running->policy, &wanted->policy)) {
		say(out, "policy");
	}
	if (running->paths_sent != wanted->paths_sent) {
		say(out, "cfg.add_path.paths");
	}
	if (running->deferral_s != wanted->deferral_s) {
		say(out, "cfg.graceful_restart.selection_deferral_time");
	}
	compare_clients(running, wanted, "removed", true, out);
	compare_clients(wanted, running, "new", false, out);
}
