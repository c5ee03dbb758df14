/* What a session is like: keys that stand in `cfg`, in a client's `cfg`, or beside its `asn`.
 *
 * A client's unset keys take cfg's value, cfg's unset keys the default.  They are arouteserver's
 * where it has them. */
#include "control/config/loader.h"

#include "rib/base/check.h"

#define HOLD_DEFAULT_S	90
#define STALE_DEFAULT_S 360 /* Routes of a member that came back wait for its End-of-RIB. */
#define STALE_MAX_S	3600

/* Beside a client's `asn` and in its `cfg` is the same thing. */
static void set(struct loader *l, const struct node *key, struct set_u16 *out, unsigned value)
{
	ASSERT(value <= UINT16_MAX);
	if (out->is_set) {
		loader_fail(l, &key->at, "'%s' is set twice for this client; keep one", key->text);
		return;
	}
	*out = (struct set_u16){.is_set = true, .value = (uint16_t)value};
}

static void read_hold(struct loader *l, const struct node *key, const struct node *v,
		      struct set_u16 *out)
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
	set(l, key, out, seconds);
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
	uint32_t seconds;
	if (value_number(l, v, "send_hold_time", 4, UINT16_MAX, &seconds)) {
		set(l, key, &s->send_hold_s, seconds);
	}
}

static void read_passive(struct loader *l, const struct node *key, const struct node *v,
			 void *target)
{
	struct draft_session *s = target;
	bool is_passive;
	if (value_bool(l, v, "passive", &is_passive)) {
		set(l, key, &s->is_passive, is_passive);
	}
}

static void read_gtsm(struct loader *l, const struct node *key, const struct node *v, void *target)
{
	struct draft_session *s = target;
	bool is_wanted;
	if (value_bool(l, v, "gtsm", &is_wanted)) {
		set(l, key, &s->has_gtsm, is_wanted);
	}
}

/* How far away the neighbour may be; it counts with gtsm alone, for we send with 255 always. */
static void read_multihop(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	struct draft_session *s = target;
	uint32_t hops;
	if (v->kind != NODE_NULL && value_number(l, v, "multihop", 1, UINT8_MAX, &hops)) {
		set(l, key, &s->hops, hops);
	}
}

static void read_graceful_enabled(struct loader *l, const struct node *key, const struct node *v,
				  void *target)
{
	struct draft_session *s = target;
	bool is_enabled;
	if (value_bool(l, v, "enabled", &is_enabled)) {
		set(l, key, &s->has_graceful, is_enabled);
	}
}

static void read_stale_time(struct loader *l, const struct node *key, const struct node *v,
			    void *target)
{
	struct draft_session *s = target;
	uint32_t seconds;
	if (value_number(l, v, "stale_time", 1, STALE_MAX_S, &seconds)) {
		set(l, key, &s->stale_s, seconds);
	}
}

static const struct key graceful_key[] = {
	{.name = "enabled", .read = read_graceful_enabled},
	{.name = "stale_time", .read = read_stale_time},
};
static const struct key_table graceful_keys = {
	.where = "graceful_restart", .keys = graceful_key, .count = ARRAY_COUNT(graceful_key)};

static void read_graceful(struct loader *l, const struct node *key, const struct node *v,
			  void *target)
{
	(void)key;
	keys_walk(l, v, &graceful_keys, target);
}

static const struct key session_key[] = {
	{.name = "passive", .read = read_passive},
	{.name = "hold_time", .read = read_hold_time},
	{.name = "min_hold_time", .read = read_min_hold_time},
	{.name = "send_hold_time", .read = read_send_hold_time},
	{.name = "gtsm", .read = read_gtsm},
	{.name = "multihop", .read = read_multihop},
	{.name = "graceful_restart", .read = read_graceful},
};
const struct key_table session_keys = {
	.where = "cfg", .keys = session_key, .count = ARRAY_COUNT(session_key)};

static uint16_t inherit(struct set_u16 own, struct set_u16 general, uint16_t otherwise)
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
	s->hold_s = inherit(own->hold_s, general->hold_s, HOLD_DEFAULT_S);
	s->hold_min_s = inherit(own->hold_min_s, general->hold_min_s, 0);
	s->stale_s = inherit(own->has_graceful, general->has_graceful, true)
			     ? inherit(own->stale_s, general->stale_s, STALE_DEFAULT_S)
			     : 0;
	s->send_hold_s = inherit(own->send_hold_s, general->send_hold_s, 0);
	s->has_role = inherit(own->has_roles, general->has_roles, false) != 0;
	if (s->has_role) {
		s->is_role_strict = inherit(own->is_role_strict, general->is_role_strict, false);
		s->role = (uint8_t)inherit(own->role, general->role, ROLE_RS);
	}
	s->is_passive = inherit(own->is_passive, general->is_passive, true) != 0;
	if (inherit(own->has_gtsm, general->has_gtsm, false)) {
		/* RFC 5082 §3: sent with 255, each hop takes one; N hops in BIRD's and FRR's count.
		 */
		client->value.hop_limit_min = (uint8_t)(256 - inherit(own->hops, general->hops, 1));
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

/* RFC 9687 §3: it must be longer than the hold time. */
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
