/* What a session is like: keys that stand in `cfg`, in a client's `cfg`, or beside its `asn`.
 *
 * A client's unset keys take cfg's value, cfg's unset keys the default.  They are arouteserver's
 * where it has them. */
#include "control/config/loader.h"

#include <string.h>

#include "rib/base/check.h"

#define HOLD_DEFAULT_S	  90
#define STALE_DEFAULT_S	  360 /* Routes of a member that came back wait for its End-of-RIB. */
#define STALE_MAX_S	  3600
#define RESTART_DEFAULT_S 120
#define RESTART_MAX_S	  4095	   /* RFC 4724 §3: 12 bits. */
#define LONG_STALE_MAX_S  0xffffff /* RFC 9494 §3.1: 24 bits. */

/* Beside a client's `asn` and in its `cfg` is the same thing. */
void draft_set(struct loader *l, const struct node *key, struct set_number *out, uint32_t value)
{
	if (out->is_set) {
		loader_fail(l, &key->at, "'%s' is set twice for this client; keep one", key->text);
		return;
	}
	*out = (struct set_number){.is_set = true, .value = value};
}

void draft_bool(struct loader *l, const struct node *key, const struct node *v,
		struct set_number *out)
{
	bool value;
	if (value_bool(l, v, key->text, &value)) {
		draft_set(l, key, out, value);
	}
}

void draft_number(struct loader *l, const struct node *key, const struct node *v,
		  struct set_number *out, uint32_t min, uint32_t max)
{
	uint32_t value;
	if (value_number(l, v, key->text, min, max, &value)) {
		draft_set(l, key, out, value);
	}
}

static void read_hold(struct loader *l, const struct node *key, const struct node *v,
		      struct set_number *out)
{
	const char *name = key->text;
	uint32_t seconds;
	if (!value_number(l, v, name, 0, UINT16_MAX, &seconds)) {
		return;
	}
	if (seconds == 1 || seconds == 2) {
		loader_fail(l, &v->at,
			    "'%s' must be 0 or at least 3 seconds (RFC 4271 §4.2), not %u", name,
			    seconds);
		return;
	}
	draft_set(l, key, out, seconds);
}

static void read_hold_time(struct loader *l, const struct node *key, const struct node *v,
			   void *target)
{
	struct draft_session *s = target;
	read_hold(l, key, v, &s->hold_s);
}

static void read_min_hold_time(struct loader *l, const struct node *key, const struct node *v,
			       void *target)
{
	struct draft_session *s = target;
	read_hold(l, key, v, &s->hold_min_s);
}

static void read_send_hold_time(struct loader *l, const struct node *key, const struct node *v,
				void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->send_hold_s, 4, UINT16_MAX);
}

/* RFC 4271 §8.1.1; longer than it waits for an OPEN (4 minutes) makes no sense. */
static void read_delay_open_time(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->delay_open_s, 0, 240);
}

static void read_connect_retry_time(struct loader *l, const struct node *key, const struct node *v,
				    void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->retry_s, 1, UINT16_MAX);
}

static void read_passive(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->is_passive);
}

/* RFC 7313; to be switched off for a member that offers it and does not mean it. */
static void read_enhanced_refresh(struct loader *l, const struct node *key, const struct node *v,
				  void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_enhanced_refresh);
}

static void read_gtsm(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_gtsm);
}

/* How far away the neighbour may be; it counts with gtsm alone, for we send with 255 always. */
static void read_multihop(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	struct draft_session *s = target;
	if (v->kind != NODE_NULL) {
		draft_number(l, key, v, &s->hops, 1, UINT8_MAX);
	}
}

static void read_damp(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->is_damped);
}

static void read_accept_as_set(struct loader *l, const struct node *key, const struct node *v,
			       void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->accepts_as_set);
}

static void read_enforce_first_as(struct loader *l, const struct node *key, const struct node *v,
				  void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->enforces_first_as);
}

static void read_graceful_enabled(struct loader *l, const struct node *key, const struct node *v,
				  void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_graceful);
}

static void read_stale_time(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->stale_s, 1, STALE_MAX_S);
}

static void read_long_stale_time(struct loader *l, const struct node *key, const struct node *v,
				 void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->long_stale_s, 0, LONG_STALE_MAX_S);
}

static void read_restart_time(struct loader *l, const struct node *key, const struct node *v,
			      void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->restart_s, 0, RESTART_MAX_S);
}

/* One for the whole server. */
static void read_deferral_time(struct loader *l, const struct node *key, const struct node *v,
			       void *target)
{
	uint32_t seconds;
	if (target != &l->session) {
		loader_fail(l, &key->at,
			    "'%s' is the whole server's; it stands in cfg.graceful_restart alone",
			    key->text);
	} else if (value_number(l, v, key->text, 1, STALE_MAX_S, &seconds)) {
		l->config->deferral_s = seconds;
	}
}

static const struct key graceful_key[] = {
	{.name = "enabled", .read = read_graceful_enabled},
	{.name = "stale_time", .read = read_stale_time},
	{.name = "long_lived_stale_time", .read = read_long_stale_time},
	{.name = "restart_time", .read = read_restart_time},
	{.name = "selection_deferral_time", .read = read_deferral_time},
};
static const struct key_table graceful_keys = {
	.where = "graceful_restart", .keys = graceful_key, .count = ARRAY_COUNT(graceful_key)};

static void read_graceful(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)key;
	keys_walk(l, v, &graceful_keys, target);
}

static void read_shutdown_enabled(struct loader *l, const struct node *key, const struct node *v,
				  void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_graceful_shutdown);
}

static void read_shutdown_pref(struct loader *l, const struct node *key, const struct node *v,
			       void *target)
{
	struct draft_session *s = target;
	draft_number(l, key, v, &s->graceful_shutdown_pref, 0, UINT32_MAX);
}

static const struct key shutdown_key[] = {
	{.name = "enabled", .read = read_shutdown_enabled},
	{.name = "local_pref", .read = read_shutdown_pref},
};
static const struct key_table shutdown_keys = {
	.where = "graceful_shutdown", .keys = shutdown_key, .count = ARRAY_COUNT(shutdown_key)};

static void read_graceful_shutdown(struct loader *l, const struct node *key, const struct node *v,
				   void *target)
{
	(void)key;
	keys_walk(l, v, &shutdown_keys, target);
}

/* Types without which nothing is left to judge (struct attr_lists). */
static bool is_essential(uint32_t type)
{
	static const uint8_t types[] = {ATTR_ORIGIN, ATTR_AS_PATH, ATTR_NEXT_HOP,
					ATTR_MP_REACH_NLRI, ATTR_MP_UNREACH_NLRI};
	for (unsigned i = 0; i < ARRAY_COUNT(types); i++) {
		if (types[i] == type) {
			return true;
		}
	}
	return false;
}

/* A list of attribute type codes into a bit set. */
static void read_types(struct loader *l, const struct node *key, const struct node *v,
		       bool *out_set, uint32_t bits[8])
{
	struct node item;
	void *cursor = NULL;
	if (*out_set) {
		loader_fail(l, &key->at, "'%s' is set twice for this client; keep one", key->text);
		return;
	}
	*out_set = true;
	if (v->kind != NODE_LIST) {
		loader_fail(l, &v->at, "'%s' must be a list of attribute type codes, such as [128]",
			    key->text);
		return;
	}
	while (node_next_item(v, &cursor, l->errors, &item)) {
		uint32_t type;
		if (!value_number(l, &item, key->text, 1, UINT8_MAX, &type)) {
			continue;
		}
		if (is_essential(type)) {
			loader_fail(l, &item.at,
				    "a route is nothing without attribute %u; '%s' cannot name it",
				    type, key->text);
			continue;
		}
		bits[type / 32] |= 1u << type % 32;
	}
}

static void read_discard(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	read_types(l, key, v, &s->has_discard, s->lists.discard);
}

static void read_withdraw(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	struct draft_session *s = target;
	read_types(l, key, v, &s->has_withdraw, s->lists.withdraw);
}

static const struct key attributes_key[] = {
	{.name = "discard", .read = read_discard},
	{.name = "treat_as_withdraw", .read = read_withdraw},
};
static const struct key_table attributes_keys = {
	.where = "attributes", .keys = attributes_key, .count = ARRAY_COUNT(attributes_key)};

static void read_attributes(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	(void)key;
	keys_walk(l, v, &attributes_keys, target);
}

static void read_extended_messages(struct loader *l, const struct node *key, const struct node *v,
				   void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_extended_message);
}

static void read_rfc8950(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	draft_bool(l, key, v, &s->has_next_hop6);
}

static const struct key session_key[] = {
	{.name = "passive", .read = read_passive},
	{.name = "hold_time", .read = read_hold_time},
	{.name = "min_hold_time", .read = read_min_hold_time},
	{.name = "send_hold_time", .read = read_send_hold_time},
	{.name = "delay_open_time", .read = read_delay_open_time},
	{.name = "connect_retry_time", .read = read_connect_retry_time},
	{.name = "damp_oscillations", .read = read_damp},
	{.name = "accept_as_set", .read = read_accept_as_set},
	{.name = "enforce_first_as", .read = read_enforce_first_as},
	{.name = "attributes", .read = read_attributes},
	{.name = "extended_messages", .read = read_extended_messages},
	{.name = "rfc8950", .read = read_rfc8950},
	{.name = "graceful_shutdown", .read = read_graceful_shutdown},
	{.name = "gtsm", .read = read_gtsm},
	{.name = "multihop", .read = read_multihop},
	{.name = "graceful_restart", .read = read_graceful},
	{.name = "add_path", .read = read_add_path},
	{.name = "enhanced_refresh", .read = read_enhanced_refresh},
};
const struct key_table session_keys = {
	.where = "cfg", .keys = session_key, .count = ARRAY_COUNT(session_key)};

uint32_t draft_inherit(struct set_number own, struct set_number general, uint32_t otherwise)
{
	if (own.is_set) {
		return own.value;
	}
	return general.is_set ? general.value : otherwise;
}

/* A client's unset keys take cfg's value, cfg's unset keys the default, as arouteserver has it. */
static void inherit_session(const struct draft_session *general, struct draft_client *client)
{
	const struct draft_session *own = &client->session;
	struct session_conf *s = &client->value.session;
	s->hold_s = (uint16_t)draft_inherit(own->hold_s, general->hold_s, HOLD_DEFAULT_S);
	s->hold_min_s = (uint16_t)draft_inherit(own->hold_min_s, general->hold_min_s, 0);
	s->send_hold_s = (uint16_t)draft_inherit(own->send_hold_s, general->send_hold_s, 0);
	s->delay_open_s = (uint16_t)draft_inherit(own->delay_open_s, general->delay_open_s, 0);
	s->retry_s = (uint16_t)draft_inherit(own->retry_s, general->retry_s, 0);
	if (draft_inherit(own->has_graceful, general->has_graceful, true)) {
		s->stale_s =
			(uint16_t)draft_inherit(own->stale_s, general->stale_s, STALE_DEFAULT_S);
	}
	s->restart_s =
		(uint16_t)draft_inherit(own->restart_s, general->restart_s, RESTART_DEFAULT_S);
	s->long_stale_s = draft_inherit(own->long_stale_s, general->long_stale_s, 0);
	s->has_role = draft_inherit(own->has_roles, general->has_roles, false) != 0;
	if (s->has_role) {
		s->is_role_strict =
			draft_inherit(own->is_role_strict, general->is_role_strict, false);
		s->role = (uint8_t)draft_inherit(own->role, general->role, ROLE_RS);
	}
	s->has_enhanced_refresh =
		draft_inherit(own->has_enhanced_refresh, general->has_enhanced_refresh, true) != 0;
	s->is_passive = draft_inherit(own->is_passive, general->is_passive, true) != 0;
	s->is_damped = draft_inherit(own->is_damped, general->is_damped, true) != 0;
	s->accepts_as_set = draft_inherit(own->accepts_as_set, general->accepts_as_set, false) != 0;
	s->enforces_first_as =
		draft_inherit(own->enforces_first_as, general->enforces_first_as, false) != 0;
	s->has_extended_message =
		draft_inherit(own->has_extended_message, general->has_extended_message, false) != 0;
	s->has_next_hop6 = draft_inherit(own->has_next_hop6, general->has_next_hop6, false) != 0;
	s->has_graceful_shutdown = draft_inherit(own->has_graceful_shutdown,
						 general->has_graceful_shutdown, false) != 0;
	s->graceful_shutdown_pref =
		draft_inherit(own->graceful_shutdown_pref, general->graceful_shutdown_pref, 0);
	s->prepends_local_as = draft_inherit(own->policy.prepends_rs_as,
					     general->policy.prepends_rs_as, false) != 0;
	const struct draft_session *from = own->has_discard ? own : general;
	memcpy(s->lists.discard, from->lists.discard, sizeof(s->lists.discard));
	from = own->has_withdraw ? own : general;
	memcpy(s->lists.withdraw, from->lists.withdraw, sizeof(s->lists.withdraw));
	if (draft_inherit(own->has_gtsm, general->has_gtsm, false)) {
		/* RFC 5082 §3: sent with 255, each hop takes one; N hops in BIRD's and FRR's count.
		 */
		client->value.hop_limit_min =
			(uint8_t)(256 - draft_inherit(own->hops, general->hops, 1));
	}
}

static void check_hold(struct loader *l, const struct draft_client *client)
{
	const struct session_conf *s = &client->value.session;
	if (s->hold_min_s > s->hold_s) {
		char text[ADDR_TEXT_MAX];
		loader_fail(l, &client->ip_at,
			    "the neighbour %s has a 'min_hold_time' of %u above its 'hold_time' of "
			    "%u; lower the one or raise the other",
			    addr_format(&client->value.ip, text), s->hold_min_s, s->hold_s);
	}
}

/* A role that was given to a client counts only where roles are enabled for it. */
static void check_role(struct loader *l, const struct draft_client *client)
{
	if (client->session.role.is_set && !client->value.session.has_role) {
		char text[ADDR_TEXT_MAX];
		loader_warn(l, &client->ip_at,
			    "the 'local_role' of the neighbour %s has no effect, because "
			    "'filtering.roles.enabled' is false for it; set it to true",
			    addr_format(&client->value.ip, text));
	}
}

/* RFC 9687 §4.4: it must be longer than the hold time. */
static void check_send_hold(struct loader *l, const struct draft_client *client)
{
	const struct session_conf *s = &client->value.session;
	if (s->send_hold_s != 0 && s->send_hold_s <= s->hold_s) {
		char text[ADDR_TEXT_MAX];
		loader_fail(l, &client->ip_at,
			    "the neighbour %s has a 'send_hold_time' of %u, not above its "
			    "'hold_time' of %u; raise it or leave it out",
			    addr_format(&client->value.ip, text), s->send_hold_s, s->hold_s);
	}
}

void finish_session(struct loader *l, struct draft_client *client)
{
	inherit_session(&l->session, client);
	check_hold(l, client);
	check_send_hold(l, client);
	check_role(l, client);
}
