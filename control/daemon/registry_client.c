/* From the registry's words to the configuration's: see registry_client.h. */
#include "control/daemon/registry_client.h"

#include <string.h>

#include "rib/base/check.h"
#include "rib/wire/role.h"

static enum route_view view_of(uint8_t view)
{
	static const enum route_view views[] = {
		[VIEW_NONE] = ROUTE_VIEW_NONE,
		[VIEW_DEFAULT] = ROUTE_VIEW_DEFAULT,
		[VIEW_OWN_TENANT] = ROUTE_VIEW_OWN_TENANT,
		[VIEW_CUSTOMERS_PEERS] = ROUTE_VIEW_CUSTOMERS_PEERS,
		[VIEW_FULL] = ROUTE_VIEW_FULL,
	};
	ASSERT(view < ARRAY_COUNT(views));
	return views[view];
}

static uint8_t role_of(uint8_t role)
{
	static const uint8_t roles[] = {
		[SESSION_ROLE_PROVIDER] = ROLE_PROVIDER,   [SESSION_ROLE_RS] = ROLE_RS,
		[SESSION_ROLE_RS_CLIENT] = ROLE_RS_CLIENT, [SESSION_ROLE_CUSTOMER] = ROLE_CUSTOMER,
		[SESSION_ROLE_PEER] = ROLE_PEER,
	};
	ASSERT(role != SESSION_ROLE_NONE && role < ARRAY_COUNT(roles));
	return roles[role];
}

static void add_key(struct auth_keys *keys, uint8_t algorithm, const char *text, uint32_t send_id,
		    uint32_t recv_id)
{
	struct auth_key *key = &keys->key[keys->count];
	size_t len = strlen(text);
	if (len == 0 || len > AUTH_SECRET_MAX) {
		return;
	}
	*key = (struct auth_key){.algorithm = algorithm, .secret_len = (uint8_t)len};
	memcpy(key->secret, text, len);
	if (algorithm != AUTH_MD5) {
		key->send_id = (uint8_t)send_id;
		key->recv_id = (uint8_t)recv_id;
	}
	keys->count++;
}

/* The key before stands beside the new one while it is taken.  With TCP-AO (RFC 5925 §7.5.1) each
 * side asks the other for the new one, and both move when both know it; with MD5 we send with what
 * the member sends with. */
bool registry_session_keys(const struct registry_session *s, struct auth_keys *out)
{
	*out = (struct auth_keys){.count = 0};
	if (s->options.authentication == SESSION_AUTH_MD5) {
		add_key(out, AUTH_MD5, s->key, 0, 0);
		add_key(out, AUTH_MD5, s->old_key, 0, 0);
	} else if (s->options.authentication == SESSION_AUTH_TCP_AO) {
		bool has_own_ids = s->old_key_send_id != s->key_send_id &&
				   s->old_key_recv_id != s->key_recv_id;
		add_key(out, AUTH_AES_128_CMAC_96, s->key, s->key_send_id, s->key_recv_id);
		if (has_own_ids) {
			add_key(out, AUTH_AES_128_CMAC_96, s->old_key, s->old_key_send_id,
				s->old_key_recv_id);
		}
	}
	return out->count > 0;
}

static struct client_wish wish_of(const struct registry *r, const struct registry_session *s,
				  const struct registry_grant *grant, struct registry_why *why)
{
	const struct registry_session_options *o = &s->options;
	bool runs = registry_session_runs(r, s, why);
	struct client_wish w = {
		.asn = s->asn,
		.ip = s->address,
		.description = s->description,
		.tenant = s->tenant.text,
		.session = s->object.id.text,
		.hold_s = (uint16_t)o->hold_time,
		.has_gtsm = o->gtsm,
		.hops = (uint8_t)o->multihop,
		.is_passive = o->passive,
		.is_disabled = !runs,
		.disabled_why = runs ? NULL : why->text,
		.has_role = o->role != SESSION_ROLE_NONE,
		.sends_paths = o->add_path == PATHS_TX || o->add_path == PATHS_BOTH,
		.receives_paths = o->add_path == PATHS_RX || o->add_path == PATHS_BOTH,
		.route_view = view_of(o->route_view),
		.max_prefix =
			{[FAMILY_IPV4] = o->max_prefix_ipv4, [FAMILY_IPV6] = o->max_prefix_ipv6},
	};
	if (w.has_role) {
		w.role = role_of(o->role);
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		w.families[f] = (s->families & REGISTRY_FAMILY_BIT(f)) != 0;
		w.max_prefix[f] = w.max_prefix[f] != 0 ? w.max_prefix[f] : grant->max_prefix[f];
	}
	return w;
}

struct config_client *registry_client_new(const struct config *c, const struct registry *r,
					  const struct registry_session *s,
					  const struct registry_grant *grant, char *why,
					  size_t why_len)
{
	struct registry_why disabled;
	struct client_wish wish = wish_of(r, s, grant, &disabled);
	struct auth_keys keys;
	if (registry_session_keys(s, &keys)) {
		wish.keys = &keys;
	} else if (s->options.authentication != SESSION_AUTH_NONE) {
		snprintf(why, why_len, "it is to be authenticated and has no key; give it one");
		return NULL;
	}
	struct config_client *client = config_client_new(c, &wish, why, why_len);
	explicit_bzero(&keys, sizeof(keys));
	return client;
}
