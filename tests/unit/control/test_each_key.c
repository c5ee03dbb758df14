/* Every key of a session, one by one: a client's goes before cfg's, cfg's before the default, and a
 * reload sees when it has changed.  The list is held against the guide's table and the reader's, so
 * a key that is forgotten here, or there, is found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/config/diff.h"
#include "dataplane/session/change.h"
#include "control/config/loader.h"
#include "tests/unit/control/scratch.h"

#define ROLES(rest) "filtering: {roles: {enabled: true" rest "}}"

/* What attach_custom_communities names. */
#define CUSTOM ", custom_communities: {ca: {lrg: 'rs_as:2000:1'}, cb: {lrg: 'rs_as:2000:2'}}"

enum { BOTH, SERVER, CLIENT }; /* Where it may stand: SERVER is in cfg alone. */

struct sample {
	const char *path, *value, *other; /* `value` is not the default. */
	unsigned place;
	/* As YAML with "%s" for the value, and what stands there without the key; NULL: the path,
	 * and nothing.  For keys that mean something beside others only. */
	const char *with, *without;
};

static const struct sample samples[] = {
	{.path = "passive", .value = "false", .other = "true"},
	{.path = "gtsm", .value = "true", .other = "false"},
	{.path = "multihop",
	 .value = "3",
	 .other = "2",
	 .with = "gtsm: true, multihop: %s",
	 .without = "gtsm: true"},
	{.path = "hold_time", .value = "30", .other = "60"},
	{.path = "min_hold_time", .value = "9", .other = "6"},
	{.path = "send_hold_time", .value = "600", .other = "700"},
	{.path = "delay_open_time", .value = "7", .other = "8"},
	{.path = "connect_retry_time", .value = "7", .other = "8"},
	{.path = "damp_oscillations", .value = "false", .other = "true"},
	{.path = "accept_as_set", .value = "true", .other = "false"},
	{.path = "enforce_first_as", .value = "true", .other = "false"},
	{.path = "attributes.discard", .value = "[128]", .other = "[129]"},
	{.path = "attributes.treat_as_withdraw", .value = "[128]", .other = "[]"},
	{.path = "extended_messages", .value = "true", .other = "false"},
	{.path = "rfc8950", .value = "true", .other = "false"},
	{.path = "graceful_shutdown.enabled", .value = "true", .other = "false"},
	{.path = "graceful_shutdown.local_pref", .value = "7", .other = "8"},
	{.path = "graceful_restart.enabled", .value = "false", .other = "true"},
	{.path = "graceful_restart.stale_time", .value = "7", .other = "8"},
	{.path = "graceful_restart.restart_time", .value = "7", .other = "8"},
	{.path = "graceful_restart.selection_deferral_time",
	 .value = "7",
	 .other = "8",
	 .place = SERVER},
	{.path = "graceful_restart.long_lived_stale_time", .value = "7", .other = "8"},
	{.path = "enhanced_refresh", .value = "false", .other = "true"},
	{.path = "add_path", .value = "true", .other = "false"},
	{.path = "add_path.send", .value = "true", .other = "false"},
	{.path = "add_path.receive", .value = "true", .other = "false"},
	{.path = "add_path.paths", .value = "7", .other = "9", .place = SERVER},
	{.path = "add_path.limit", .value = "7", .other = "9"},
	{.path = "communities.do_not_announce_to_any",
	 .value = "{std: '0:rs_as'}",
	 .other = "{std: '0:rs_as', lrg: 'rs_as:0:0'}",
	 .place = SERVER},
	{.path = "communities.do_not_announce_to_peer",
	 .value = "{std: '0:peer_as'}",
	 .other = "{ext: 'rt:0:peer_as'}",
	 .place = SERVER},
	{.path = "communities.announce_to_peer",
	 .value = "{lrg: 'rs_as:1:peer_as'}",
	 .other = "{lrg: 'rs_as:2:peer_as'}",
	 .place = SERVER},
	{.path = "prepend_rs_as", .value = "true", .other = "false"},
	{.path = "route_view", .value = "none", .other = "default"},
	{.path = "filtering.next_hop.policy", .value = "same-as", .other = "any"},
	{.path = "filtering.ipv4_pref_len.min", .value = "9", .other = "10"},
	{.path = "filtering.ipv4_pref_len.max", .value = "25", .other = "26"},
	{.path = "filtering.ipv6_pref_len.min", .value = "16", .other = "19"},
	{.path = "filtering.ipv6_pref_len.max", .value = "64", .other = "56"},
	{.path = "filtering.global_black_list_pref",
	 .value = "[{prefix: 10.0.0.0, length: 8}]",
	 .other = "[{prefix: 10.0.0.0, length: 9}]",
	 .place = SERVER},
	{.path = "filtering.bogons",
	 .value = "[]",
	 .other = "[{prefix: 10.0.0.0, length: 8}]",
	 .place = SERVER},
	{.path = "filtering.ipv6_global_unicast_only",
	 .value = "false",
	 .other = "true",
	 .place = SERVER},
	{.path = "filtering.max_as_path_len", .value = "20", .other = "0"},
	{.path = "filtering.reject_invalid_as_in_as_path", .value = "false", .other = "true"},
	{.path = "filtering.allow_as_set", .value = "true", .other = "false"},
	{.path = "filtering.transit_free.action",
	 .value = "warning",
	 .other = "reject",
	 .place = SERVER,
	 .with = "filtering: {transit_free: {asns: [174], action: %s}}",
	 .without = "filtering: {transit_free: {asns: [174]}}"},
	{.path = "filtering.transit_free.asns",
	 .value = "[174, 701]",
	 .other = "'174'",
	 .place = SERVER},
	{.path = "filtering.never_via_route_servers.peering_db",
	 .value = "false",
	 .other = "true",
	 .place = SERVER},
	{.path = "filtering.never_via_route_servers.asns",
	 .value = "[64999]",
	 .other = "[64998]",
	 .place = SERVER},
	{.path = "filtering.irrdb.enforce_origin_in_as_set", .value = "false", .other = "true"},
	{.path = "filtering.irrdb.enforce_prefix_in_as_set", .value = "false", .other = "true"},
	{.path = "filtering.irrdb.allow_longer_prefixes",
	 .value = "true",
	 .other = "false",
	 .place = SERVER},
	{.path = "filtering.irrdb.tag_as_set", .value = "false", .other = "true", .place = SERVER},
	{.path = "filtering.irrdb.peering_db", .value = "true", .other = "false", .place = SERVER},
	{.path = "filtering.irrdb.use_rpki_roas_as_route_objects.enabled",
	 .value = "true",
	 .other = "false",
	 .place = SERVER},
	{.path = "filtering.irrdb.use_registrobr_bulk_whois_data.enabled",
	 .value = "true",
	 .other = "false",
	 .place = SERVER},
	{.path = "filtering.irrdb.use_registrobr_bulk_whois_data.source",
	 .value = "x",
	 .other = "y",
	 .place = SERVER},
	{.path = "filtering.rpki_bgp_origin_validation.enabled", .value = "true", .other = "false"},
	{.path = "filtering.rpki_bgp_origin_validation.reject_invalid",
	 .value = "false",
	 .other = "true"},
	{.path = "filtering.aspa.enabled", .value = "true", .other = "false"},
	{.path = "filtering.aspa.reject_invalid", .value = "false", .other = "true"},
	{.path = "filtering.max_communities", .value = "100", .other = "200"},
	{.path = "filtering.reject_policy.policy", .value = "tag", .other = "tag_and_reject"},
	{.path = "filtering.max_prefix.action", .value = "block", .other = "none"},
	{.path = "filtering.max_prefix.restart_after", .value = "20", .other = "30"},
	{.path = "filtering.max_prefix.count_rejected_routes", .value = "false", .other = "true"},
	{.path = "filtering.max_prefix.warning_percent", .value = "80", .other = "90"},
	{.path = "filtering.max_prefix.peering_db.enabled", .value = "false", .other = "true"},
	{.path = "filtering.max_prefix.peering_db.increment.absolute", .value = "7", .other = "8"},
	{.path = "filtering.max_prefix.peering_db.increment.relative", .value = "7", .other = "8"},
	{.path = "filtering.max_prefix.general_limit_ipv4",
	 .value = "7",
	 .other = "8",
	 .place = SERVER},
	{.path = "filtering.max_prefix.general_limit_ipv6",
	 .value = "7",
	 .other = "8",
	 .place = SERVER},
	{.path = "rpki_roas.source",
	 .value = "rtr",
	 .other = "ripe-rpki-validator-cache",
	 .place = SERVER},
	{.path = "rpki_roas.ripe_rpki_validator_url",
	 .value = "[/tmp/x]",
	 .other = "[/tmp/y]",
	 .place = SERVER},
	{.path = "rpki_roas.allowed_trust_anchors",
	 .value = "[ripe]",
	 .other = "[arin]",
	 .place = SERVER},
	{.path = "rpki_roas.ignore_cache_files_older_than",
	 .value = "60",
	 .other = "70",
	 .place = SERVER},
	{.path = "blackhole_filtering.policy_ipv4",
	 .value = "propagate-unchanged",
	 .other = "rewrite-next-hop",
	 .place = SERVER,
	 .with = "blackhole_filtering: {rewrite_next_hop_ipv4: 198.18.9.9, policy_ipv4: %s}",
	 .without = "blackhole_filtering: {rewrite_next_hop_ipv4: 198.18.9.9}"},
	{.path = "blackhole_filtering.policy_ipv6",
	 .value = "propagate-unchanged",
	 .other = "rewrite-next-hop",
	 .place = SERVER,
	 .with = "blackhole_filtering: {rewrite_next_hop_ipv6: '2001:db8::9', policy_ipv6: %s}",
	 .without = "blackhole_filtering: {rewrite_next_hop_ipv6: '2001:db8::9'}"},
	{.path = "default_route.next_hop_ipv4",
	 .value = "198.18.9.9",
	 .other = "198.18.9.8",
	 .place = SERVER},
	{.path = "default_route.next_hop_ipv6",
	 .value = "\"2001:db8::9\"",
	 .other = "\"2001:db8::8\"",
	 .place = SERVER},
	{.path = "blackhole_filtering.rewrite_next_hop_ipv4",
	 .value = "198.18.9.9",
	 .other = "198.18.9.8",
	 .place = SERVER},
	{.path = "blackhole_filtering.rewrite_next_hop_ipv6",
	 .value = "'2001:db8::9'",
	 .other = "'2001:db8::8'",
	 .place = SERVER},
	{.path = "blackhole_filtering.add_noexport",
	 .value = "false",
	 .other = "true",
	 .place = SERVER},
	{.path = "blackhole_filtering.announce_to_client", .value = "false", .other = "true"},
	{.path = "rfc1997_wellknown_communities.policy",
	 .value = "rfc1997",
	 .other = "pass",
	 .place = SERVER},
	{.path = "rtt_thresholds", .value = "[5, 10]", .other = "'5,20'", .place = SERVER},
	{.path = "communities_preset", .value = "euro-ix", .other = "none", .place = SERVER},
	{.path = "communities.reject_cause_map",
	 .value = "{1: {lrg: 'rs_as:1101:5'}}",
	 .other = "{2: {lrg: 'rs_as:1101:5'}}",
	 .place = SERVER},
	{.path = "custom_communities",
	 .value = "{a: {lrg: 'rs_as:2000:1'}}",
	 .other = "{a: {std: '64512:1'}}",
	 .place = SERVER},
	{.path = "filtering.next_hop.authorized_addresses_list",
	 .value = "[198.18.1.9]",
	 .other = "[198.18.1.8]",
	 .place = CLIENT,
	 .with = "filtering: {next_hop: {policy: authorized_addresses, authorized_addresses_list: "
		 "%s}}",
	 .without = "filtering: {next_hop: {policy: same-as}}"},
	{.path = "filtering.black_list_pref",
	 .value = "[{prefix: 10.0.0.0, length: 8}]",
	 .other = "[{prefix: 10.0.0.0, length: 9}]",
	 .place = CLIENT},
	{.path = "filtering.irrdb.as_sets",
	 .value = "[AS-X]",
	 .other = "['RIPE::AS64501:AS-X']",
	 .place = CLIENT},
	{.path = "filtering.irrdb.white_list_pref",
	 .value = "[{prefix: 10.0.0.0, length: 8}]",
	 .other = "[{prefix: 10.0.0.0, length: 8, exact: true}]",
	 .place = CLIENT},
	{.path = "filtering.irrdb.white_list_asn",
	 .value = "[64999]",
	 .other = "[64998]",
	 .place = CLIENT},
	{.path = "filtering.irrdb.white_list_route",
	 .value = "[{prefix: 10.0.0.0, length: 8, asn: 64999}]",
	 .other = "[{prefix: 10.0.0.0, length: 8, asn: 64998}]",
	 .place = CLIENT},
	{.path = "filtering.max_prefix.limit_ipv4", .value = "7", .other = "8", .place = CLIENT},
	{.path = "filtering.max_prefix.limit_ipv6", .value = "7", .other = "8", .place = CLIENT},
	{.path = "attach_custom_communities", .value = "[ca]", .other = "[cb]", .place = CLIENT},
	{.path = "tenant", .value = "a", .other = "b", .place = CLIENT},
	{.path = "export.deny",
	 .value = "[{peer: 64502}]",
	 .other = "[{prefix: 10.0.0.0, length: 8}]",
	 .place = CLIENT},
	{.path = "export.allow",
	 .value = "[{peer: 64502}]",
	 .other = "[{prefix: 10.0.0.0, length: 8}]",
	 .place = CLIENT},
	{.path = "filtering.roles.enabled", .value = "true", .other = "false"},
	{.path = "filtering.roles.strict_mode",
	 .value = "true",
	 .other = "false",
	 .with = ROLES(", strict_mode: %s"),
	 .without = ROLES("")},
	{.path = "filtering.roles.local_role",
	 .value = "peer",
	 .other = "customer",
	 .place = CLIENT,
	 .with = ROLES(", local_role: %s"),
	 .without = ROLES("")},
};

/* The key with a value: "a.b" and "1" give "a: {b: 1}". */
static void put(const struct sample *k, const char *value, char *out, size_t len)
{
	char path[128], inner[128];
	snprintf(inner, sizeof(inner), "%s", value);
	snprintf(path, sizeof(path), "%s", k->path);
	for (char *dot; (dot = strrchr(path, '.')) != NULL;) {
		char outer[sizeof(inner)];
		*dot = '\0';
		cr_assert_lt(snprintf(outer, sizeof(outer), "{%s: %.80s}", dot + 1, inner), 120);
		memcpy(inner, outer, sizeof(inner));
	}
	snprintf(out, len, "%s: %s", path, inner);
}

/* A configuration with the key's value in cfg and in the client's; NULL: it is not there. */
static struct config *with(struct scratch *s, const struct sample *k, const char *general,
			   const char *own)
{
	const char *value[2] = {general, own};
	char part[2][288] = {"", ""}, text[1024];
	struct config_errors e;
	for (unsigned i = 0; i < 2; i++) {
		if (value[i] == NULL) {
			bool has_place = i == 0 || k->place != SERVER;
			snprintf(part[i], sizeof(part[i]), "%s",
				 k->without != NULL && has_place ? k->without : "");
		} else if (k->with != NULL) {
			const char *at = strstr(k->with, "%s");
			snprintf(part[i], sizeof(part[i]), "%.*s%s%s", (int)(at - k->with), k->with,
				 value[i], at + 2);
		} else {
			put(k, value[i], part[i], sizeof(part[i]));
		}
	}
	snprintf(text, sizeof(text),
		 PORT "cfg: {rs_as: 64500%s%s%s}\n"
		      "clients: [{asn: 64501, ip: 198.18.1.1, cfg: {%s}}]\n"
		      "rpki: {caches: [{address: 198.18.0.9}]}\n",
		 part[0][0] != '\0' ? ", " : "", part[0],
		 strncmp(k->path, "custom_", 7) != 0 ? CUSTOM : "", part[1]);
	struct config *c = scratch_load(s, text, &e);
	/* Of RPKI's keys it is said that the section `rpki` has better ones. */
	bool is_warned = strncmp(k->path, "rpki_roas", 9) == 0;
	cr_assert(c != NULL && (e.count == 0 || is_warned), "%s", text);
	config_errors_free(&e);
	return c;
}

/* Whether the two mean the same; both are freed. */
static bool are_same(struct config *a, struct config *b)
{
	struct config_diff d;
	config_diff(a, b, &d);
	config_free(a);
	config_free(b);
	bool is_same = d.count == 0;
	config_diff_free(&d);
	return is_same;
}

static struct session_conf session_of(const struct config_client *c)
{
	struct session_conf conf = c->session;
	conf.local_as = 64500;
	conf.peer_as = c->asn;
	conf.families[FAMILY_IPV4] = conf.families[FAMILY_IPV6] = true;
	return conf;
}

/* A reload says which sessions start anew, and the sessions are of the same opinion. */
Test(each_key, a_session_that_has_to_end_is_said_to)
{
	struct scratch s;
	unsigned ends = 0, stays = 0;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(samples); i++) {
		const struct sample *k = &samples[i];
		struct config_diff d;
		struct session *session = calloc(1, sizeof(*session));
		if (k->place == SERVER) {
			free(session);
			continue;
		}
		struct config *a = with(&s, k, NULL, k->value), *b = with(&s, k, NULL, k->other);
		const struct config_client *from = &a->client[0], *to = &b->client[0];
		const struct session_conf old = session_of(from), new = session_of(to);
		session_init(session, &old, 1, 0);
		session->state = FSM_ESTABLISHED;
		session->terms.opts.lists = &session->conf.lists;
		bool is_end = session_change(session, &new) == SESSION_CHANGE_ENDS ||
			      from->hop_limit_min != to->hop_limit_min ||
			      from->paths_limit != to->paths_limit;
		config_diff(a, b, &d);
		cr_assert(d.count == 1 && d.item[0].kind == CHANGE_CHANGED, "%s", k->path);
		cr_expect_eq(d.item[0].is_new_session, is_end, "%s", k->path);
		cr_expect_neq(d.item[0].what[0], '\0', "%s", k->path);
		ends += is_end;
		stays += !is_end;
		config_diff_free(&d);
		config_free(a);
		config_free(b);
		free(session);
	}
	cr_expect(ends >= 10 && stays >= 5, "%u %u", ends, stays);
	scratch_fini(&s);
}

Test(each_key, a_change_is_seen)
{
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(samples); i++) {
		const struct sample *k = &samples[i];
		const char *general = k->place != CLIENT ? k->value : NULL;
		const char *own = k->place == CLIENT ? k->value : NULL;
		cr_expect_not(are_same(with(&s, k, NULL, NULL), with(&s, k, general, own)),
			      "%s is set", k->path);
		general = general != NULL ? k->other : NULL;
		cr_expect_not(are_same(with(&s, k, general, own ? k->other : NULL),
				       with(&s, k, general ? k->value : NULL, own)),
			      "%s is another", k->path);
	}
	scratch_fini(&s);
}

Test(each_key, a_clients_goes_before_cfgs)
{
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(samples); i++) {
		const struct sample *k = &samples[i];
		if (k->place != BOTH) {
			continue;
		}
		cr_expect(are_same(with(&s, k, k->value, NULL), with(&s, k, NULL, k->value)),
			  "%s is inherited", k->path);
		cr_expect(are_same(with(&s, k, k->value, k->other), with(&s, k, NULL, k->other)),
			  "%s of the client stays", k->path);
		cr_expect(are_same(with(&s, k, k->other, k->value), with(&s, k, NULL, k->value)),
			  "%s of the client stays", k->path);
	}
	scratch_fini(&s);
}

static bool has_sample(const char *path)
{
	bool has = false;
	for (unsigned i = 0; i < ARRAY_COUNT(samples); i++) {
		size_t len = strlen(path);
		has |= strncmp(samples[i].path, path, len) == 0 &&
		       (samples[i].path[len] == '\0' || samples[i].path[len] == '.');
	}
	return has;
}

/* Rows that have tests of their own. */
static bool is_apart(const char *path)
{
	return strcmp(path, "rs_as") == 0 || strcmp(path, "router_id") == 0 ||
	       strcmp(path, "path_hiding") == 0;
}

/* All that the reader knows, and all rows of the guide's table. */
Test(each_key, none_is_forgotten)
{
	for (unsigned i = 0; i < session_keys.count; i++) {
		cr_expect(has_sample(session_keys.keys[i].name), "%s", session_keys.keys[i].name);
	}
	FILE *f = fopen(SOURCE_ROOT "/docs/guide.md", "r");
	cr_assert_not_null(f);
	char line[2048], path[64];
	unsigned rows = 0, own = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "| `cfg.%63[a-z0-9_.]` |", path) == 1 && !is_apart(path)) {
			cr_expect(has_sample(path), "%s is in the guide", path);
			rows++;
		}
		if (sscanf(line, "| `clients[].cfg.%63[a-z0-9_.]` |", path) == 1 &&
		    strcmp(path, "filtering.roles") != 0) {
			cr_expect(has_sample(path), "%s is in the guide", path);
			own++;
		}
	}
	fclose(f);
	unsigned of_clients = 0;
	for (unsigned i = 0; i < ARRAY_COUNT(samples); i++) {
		of_clients += samples[i].place == CLIENT;
	}
	cr_expect_eq(rows, ARRAY_COUNT(samples) - of_clients);
	cr_expect_eq(own + 1, of_clients, "all but local_role have a row");
}

/* Each name is read, in each form, and in the guide. */
Test(each_key, every_community_is_known)
{
	struct scratch s;
	size_t len = 0;
	scratch_init(&s);
	FILE *f = fopen(SOURCE_ROOT "/docs/guide.md", "r");
	cr_assert_not_null(f);
	char *guide = NULL, quoted[96];
	cr_assert(getdelim(&guide, &len, '\0', f) > 0);
	fclose(f);
	for (unsigned i = 0; i < COMMUNITY_NAME_COUNT; i++) {
		const struct community_info *c = &community_info[i];
		const char *last = c->has_peer_as ? "peer_as" : c->has_dyn_val ? "dyn_val" : "7";
		char path[96], value[160];
		snprintf(quoted, sizeof(quoted), "`%s`", c->name);
		cr_expect(strstr(guide, quoted) != NULL, "%s is in the guide", c->name);
		snprintf(path, sizeof(path), "communities.%s", c->name);
		snprintf(value, sizeof(value), "{std: '7:%s', ext: 'rt:7:%s', lrg: '7:7:%s'}", last,
			 last, last);
		const struct sample k = {.path = path, .place = SERVER};
		struct config *with_it = with(&s, &k, value, NULL);
		for (unsigned form = 0; form < COMMUNITY_FORM_COUNT; form++) {
			const struct community_pattern *p = &with_it->policy.pattern[i][form];
			cr_expect(p->is_set && p->has_peer_as == c->has_peer_as);
			cr_expect(p->has_dyn_val == c->has_dyn_val && p->field[0] == 7);
		}
		cr_expect_not(are_same(with_it, with(&s, &k, NULL, NULL)), "%s", c->name);
	}
	free(guide);
	scratch_fini(&s);
}
