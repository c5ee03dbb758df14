/* Juniper Junos, as set commands.  Junos takes a path without the neighbour's AS by itself. */
#include "control/snippet/write.h"

static void put_prefixes(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	for (unsigned i = 0; i < w->s->prefix_count; i++) {
		const struct snippet_prefix *p = &w->s->prefix[i];
		prefix_words(p, text);
		fprintf(w->out, "set routing-options%s static route %s discard\n",
			p->prefix.family == FAMILY_IPV4 ? "" : " rib inet6.0", text);
		fprintf(w->out,
			"set policy-options policy-statement %s-out term own from route-filter %s ",
			w->name, text);
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, "upto /%u\n", p->max_len);
		} else {
			fprintf(w->out, "exact\n");
		}
	}
	if (w->s->prefix_count > 0) {
		fprintf(w->out,
			"set policy-options policy-statement %s-out term own from protocol static\n"
			"set policy-options policy-statement %s-out term own then accept\n",
			w->name, w->name);
	}
	fprintf(w->out, "set policy-options policy-statement %s-out then reject\n", w->name);
	fprintf(w->out, "set policy-options policy-statement %s-in then accept\n", w->name);
}

static void put_security(const struct sheet *w, const char *group)
{
	const struct snippet *s = w->s;
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "%s authentication-key \"%s\"\n", group, w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		const char *chain = "set security authentication-key-chains key-chain";
		fprintf(w->out, "%s %s key 1 secret \"%s\"\n", chain, w->name, w->key);
		fprintf(w->out, "%s %s key 1 start-time \"2026-1-1.00:00:00 +0000\"\n", chain,
			w->name);
		fprintf(w->out, "%s %s key 1 algorithm ao\n", chain, w->name);
		fprintf(w->out,
			"%s %s key 1 ao-attribute send-id %u recv-id %u tcp-ao-option enabled "
			"cryptographic-algorithm aes-128-cmac-96\n",
			chain, w->name, s->ao_send_id, s->ao_recv_id);
		fprintf(w->out, "%s authentication-algorithm ao\n%s authentication-key-chain %s\n",
			group, group, w->name);
	}
	if (s->has_gtsm) {
		fprintf(w->out, "%s ttl 255\n", group);
	} else if (s->multihop != 0) {
		fprintf(w->out, "%s multihop ttl %u\n", group, s->multihop);
	}
}

void write_junos(const struct sheet *w)
{
	char group[64];
	const struct snippet *s = w->s;
	write_head(w, "#");
	put_prefixes(w);
	snprintf(group, sizeof(group), "set protocols bgp group %s", w->name);
	fprintf(w->out, "set routing-options autonomous-system %u\n%s type external\n", s->asn,
		group);
	fprintf(w->out, "%s local-address %s\n%s neighbor %s peer-as %u\n", group, w->local, group,
		w->server, s->server_asn);
	fprintf(w->out, "%s import %s-in\n%s export %s-out\n", group, w->name, group, w->name);
	if (s->hold_s != 0) {
		fprintf(w->out, "%s hold-time %u\n", group, s->hold_s);
	}
	put_security(w, group);
	if (s->role != NULL) {
		fprintf(w->out,
			"# BGP role (RFC 9234) of this side: %s, where the release has it\n",
			s->role);
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		const char *inet = f == FAMILY_IPV4 ? "inet" : "inet6";
		if (!s->families[f]) {
			continue;
		}
		fprintf(w->out, "%s family %s unicast\n", group, inet);
		if (s->max_prefix[f] != 0) {
			fprintf(w->out,
				"%s family %s unicast prefix-limit maximum %u teardown 90 "
				"idle-timeout 30\n",
				group, inet, s->max_prefix[f]);
		}
		if (f == FAMILY_IPV4 && s->server.family == FAMILY_IPV6) {
			fprintf(w->out, "%s family inet unicast extended-nexthop\n", group);
		}
		if (s->has_several[0]) {
			fprintf(w->out, "%s family %s unicast add-path receive\n", group, inet);
		}
		if (s->has_several[1]) {
			fprintf(w->out, "%s family %s unicast add-path send path-count 8\n", group,
				inet);
		}
	}
}
