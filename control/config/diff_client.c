/* A neighbour's keys side by side.
 *
 * A table tells for each field which key it comes from, and whether a session can live on when it
 * changes (dataplane/session/change.c decides; a test holds the two together).  Of the rules about
 * its routes each part is tried alone: what would be equal but for that part differs in it. */
#include <stdio.h>
#include <string.h>

#include "control/config/diff_client.h"
#include "rib/base/check.h"

struct field {
	const char *name;
	size_t at, size;
	bool is_in_open; /* Or agreed on with the OPENs: it takes a new session. */
};

#define MEMBER(member)                                                                             \
	offsetof(struct config_client, member), sizeof(((struct config_client *)0)->member)

static const struct field fields[] = {
	{"asn", MEMBER(asn), true},
	{"hold_time", MEMBER(session.hold_s), true},
	{"min_hold_time", MEMBER(session.hold_min_s), true},
	{"send_hold_time", MEMBER(session.send_hold_s), false},
	{"delay_open_time", MEMBER(session.delay_open_s), false},
	{"connect_retry_time", MEMBER(session.retry_s), false},
	{"damp_oscillations", MEMBER(session.is_damped), false},
	{"passive", MEMBER(session.is_passive), false},
	{"gtsm, multihop", MEMBER(hop_limit_min), true},
	{"graceful_restart", MEMBER(session.stale_s), true},
	{"graceful_restart", MEMBER(session.long_stale_s), true},
	{"graceful_restart", MEMBER(session.restart_s), true},
	{"add_path", MEMBER(session.add_path), true},
	{"add_path", MEMBER(paths_limit), true},
	{"enhanced_refresh", MEMBER(session.has_enhanced_refresh), true},
	{"extended_messages", MEMBER(session.has_extended_message), true},
	{"rfc8950", MEMBER(session.has_next_hop6), true},
	{"families", MEMBER(session.families), true},
	{"prepend_rs_as", MEMBER(session.prepends_local_as), true},
	{"filtering.roles", MEMBER(session.has_role), true},
	{"filtering.roles", MEMBER(session.is_role_strict), true},
	{"filtering.roles", MEMBER(session.role), true},
	{"accept_as_set", MEMBER(session.accepts_as_set), false},
	{"enforce_first_as", MEMBER(session.enforces_first_as), false},
	{"graceful_shutdown", MEMBER(session.has_graceful_shutdown), false},
	{"graceful_shutdown", MEMBER(session.graceful_shutdown_pref), false},
	{"attributes", MEMBER(session.lists), false},
};

#define POLICY(member)                                                                             \
	offsetof(struct client_policy, member), sizeof(((struct client_policy *)0)->member)

static const struct field rules[] = {
	{"16bit_mapped_asn", POLICY(asn_alias), false},
	{"filtering.next_hop", POLICY(next_hop), false},
	{"filtering.next_hop", POLICY(authorized), false},
	{"filtering.ipv4_pref_len", POLICY(len[FAMILY_IPV4]), false},
	{"filtering.ipv6_pref_len", POLICY(len[FAMILY_IPV6]), false},
	{"filtering.max_as_path_len", POLICY(path_len_max), false},
	{"filtering.enforce_first_as", POLICY(enforces_first_as), false},
	{"filtering.reject_invalid_as_in_as_path", POLICY(rejects_invalid_as), false},
	{"filtering.irrdb", POLICY(irr), false},
	{"filtering.rpki_bgp_origin_validation", POLICY(has_rov), false},
	{"filtering.rpki_bgp_origin_validation", POLICY(rejects_rov_invalid), false},
	{"filtering.rpki_aspa_verification", POLICY(has_aspa), false},
	{"filtering.rpki_aspa_verification", POLICY(rejects_aspa_invalid), false},
	{"filtering.black_list_pref", POLICY(black), false},
	{"filtering.max_prefix", POLICY(max_prefix), false},
	{"filtering.reject_policy", POLICY(reject_policy), false},
	{"filtering.max_communities", POLICY(communities_max), false},
	{"blackhole_filtering.announce_to_client", POLICY(has_blackhole_to), false},
	{"attach_custom_communities", POLICY(attach), false},
	{"tenant", POLICY(tenant), false},
	{"route_view", POLICY(route_view), false},
	{"export", POLICY(export_deny), false},
	{"export", POLICY(export_allow), false},
};

void diff_name(struct config_change *c, const char *name)
{
	size_t len = strlen(c->what), name_len = strlen(name);
	bool is_last = len >= name_len && strcmp(c->what + len - name_len, name) == 0;
	if (!is_last) {
		snprintf(c->what + len, sizeof(c->what) - len, "%s%s", len > 0 ? ", " : "", name);
	}
}

static void diff_session(const struct config_client *a, const struct config_client *b,
			 struct config_change *out)
{
	for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
		const struct field *f = &fields[i];
		if (memcmp((const char *)a + f->at, (const char *)b + f->at, f->size) != 0) {
			out->has_session = true;
			out->is_new_session = out->is_new_session || f->is_in_open;
			diff_name(out, f->name);
		}
	}
	if (a->has_local_addr != b->has_local_addr ||
	    (a->has_local_addr && !addr_equal(&a->local_addr, &b->local_addr))) {
		out->has_session = out->is_new_session = true;
		diff_name(out, "local_address");
	}
}

static void diff_keys(const struct config_client *a, const struct config_client *b,
		      struct config_change *out)
{
	const struct auth_keys none = {.count = 0};
	const struct auth_keys *from = a->keys != NULL ? a->keys : &none;
	const struct auth_keys *to = b->keys != NULL ? b->keys : &none;
	if (!auth_keys_equal(from, to)) {
		enum seg_auth kind = auth_keys_kind(to);
		out->has_keys = true;
		out->is_new_session = out->is_new_session || kind != auth_keys_kind(from);
		kind = kind != SEG_AUTH_NONE ? kind : auth_keys_kind(from);
		diff_name(out, kind == SEG_AUTH_AO ? "tcp_ao" : "password");
	}
}

static void diff_policy(const struct client_policy *a, const struct client_policy *b,
			struct config_change *out)
{
	if (client_policy_equal(a, b)) {
		return;
	}
	out->has_policy = true;
	for (unsigned i = 0; i < ARRAY_COUNT(rules); i++) {
		const struct field *f = &rules[i];
		struct client_policy but = *a;
		memcpy((char *)&but + f->at, (const char *)b + f->at, f->size);
		if (!client_policy_equal(&but, a)) {
			bool is_limit = f->at == offsetof(struct client_policy, max_prefix);
			out->has_limits = out->has_limits || is_limit;
			diff_name(out, f->name);
		}
	}
}

bool config_client_diff(const struct config_client *a, const struct config_client *b,
			struct config_change *out)
{
	bool is_same_text = a->description == NULL || b->description == NULL
				    ? a->description == b->description
				    : strcmp(a->description, b->description) == 0;
	*out = (struct config_change){.kind = CHANGE_CHANGED, .ip = a->ip};
	if (!is_same_text) {
		diff_name(out, "description");
	}
	out->has_state = a->is_disabled != b->is_disabled;
	if (out->has_state) {
		diff_name(out, b->is_disabled ? "disabled" : "enabled");
	}
	diff_session(a, b, out);
	diff_keys(a, b, out);
	diff_policy(&a->policy, &b->policy, out);
	return out->what[0] != '\0' || out->has_policy;
}
