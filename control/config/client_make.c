/* Clients that no file names: see client_make.h.
 *
 * A wish becomes a draft such as reading a file makes, which is finished like any other.  What the
 * registry says of a client's rules stands above cfg: it is authorised by proofs in place of the
 * IRR, and its number of prefixes is what follows from them. */
#include "control/config/client_make.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/loader.h"
#include "rib/base/check.h"

static struct set_number number(uint32_t value)
{
	return (struct set_number){.is_set = true, .value = value};
}

static struct set_number number_or_none(uint32_t value)
{
	return (struct set_number){.is_set = value != 0, .value = value};
}

static char *copy_text(const char *text)
{
	char *copy = text != NULL && text[0] != '\0' ? strdup(text) : NULL;
	ASSERT(copy != NULL || text == NULL || text[0] == '\0');
	return copy;
}

static void draft_wish(const struct client_wish *w, struct draft_session *out)
{
	out->hold_s = number_or_none(w->hold_s);
	out->has_gtsm = number(w->has_gtsm);
	out->hops = number_or_none(w->hops);
	out->is_passive = number(w->is_passive);
	out->has_roles = number(w->has_role);
	if (w->has_role) {
		out->role = number(w->role);
	}
	out->is_path_sender = number(w->sends_paths);
	out->is_path_receiver = number(w->receives_paths);
	/* RFC 8950: IPv4 over a session whose addresses are IPv6. */
	out->has_next_hop6 = number(w->families[FAMILY_IPV4] && w->ip.family == FAMILY_IPV6);
	out->policy.enforces_origin = out->policy.enforces_prefix = number(false);
	out->policy.has_rov = out->policy.rejects_rov_invalid = number(true);
	out->policy.limits.asks_peeringdb = number(false);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		out->policy.limits.limit[f] = number_or_none(w->max_prefix[f]);
	}
	out->policy.route_view = number(w->route_view);
	out->policy.tenant = copy_text(w->tenant);
}

static void draft_client(const struct client_wish *w, struct draft_client *out)
{
	const struct place at = {.file = "registry"};
	*out = (struct draft_client){.ip_at = at};
	out->value = (struct config_client){.asn = w->asn,
					    .ip = w->ip,
					    .is_disabled = w->is_disabled,
					    .disabled_why = copy_text(w->disabled_why),
					    .description = copy_text(w->description),
					    .session_id = copy_text(w->session)};
	draft_wish(w, &out->session);
	if (w->keys != NULL && w->keys->count > 0) {
		out->value.keys = malloc(sizeof(*w->keys));
		ASSERT(out->value.keys != NULL);
		*out->value.keys = *w->keys;
	}
}

/* The checks look at ports as they were read. */
static struct draft_port *draft_ports(const struct config *c)
{
	struct draft_port *port = calloc(c->dataplane.port_count + 1, sizeof(*port));
	ASSERT(port != NULL);
	for (unsigned i = 0; i < c->dataplane.port_count; i++) {
		port[i].value = c->dataplane.port[i];
	}
	return port;
}

bool config_takes_test_asns(const struct config *c)
{
	struct set_number rejects = c->defaults->policy.rejects_invalid_as;
	return rejects.is_set && rejects.value == 0;
}

struct config_client *config_client_new(const struct config *c, const struct client_wish *wish,
					char *why, size_t why_len)
{
	struct config_errors errors = {.count = 0};
	struct config seen = *c; /* Only looked at. */
	struct draft_client draft;
	struct loader l = {.config = &seen,
			   .errors = &errors,
			   .session = *c->defaults,
			   .port = draft_ports(c),
			   .port_count = c->dataplane.port_count};
	struct config_client *client = malloc(sizeof(*client));
	ASSERT(client != NULL && wish->asn != 0);
	draft_client(wish, &draft);
	finish_client(&l, &draft);
	memcpy(draft.value.session.families, wish->families, sizeof(wish->families));
	*client = draft.value;
	draft_policy_fini(&draft.session.policy);
	free(l.port);
	for (unsigned i = 0; i < errors.count; i++) {
		if (!errors.item[i].is_warning) {
			snprintf(why, why_len, "%s", errors.item[i].text);
			config_client_free(client);
			client = NULL;
			break;
		}
	}
	config_errors_free(&errors);
	return client;
}

void config_client_fini(struct config_client *client)
{
	free(client->description);
	free(client->session_id);
	free(client->disabled_why);
	config_keys_free(client->keys);
	client_policy_fini(&client->policy);
}

void config_client_free(struct config_client *client)
{
	if (client != NULL) {
		config_client_fini(client);
		free(client);
	}
}
