/* GoBGP: its TOML, and the commands that announce. */
#include "control/snippet/write.h"

static void put_set(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	fprintf(w->out, "[[defined-sets.prefix-sets]]\n  prefix-set-name = \"%s-own\"\n", w->name);
	for (unsigned i = 0; i < w->s->prefix_count; i++) {
		const struct snippet_prefix *p = &w->s->prefix[i];
		fprintf(w->out,
			"  [[defined-sets.prefix-sets.prefix-list]]\n    ip-prefix = \"%s\"\n"
			"    masklength-range = \"%u..%u\"\n",
			prefix_words(p, text), p->prefix.len,
			p->max_len > p->prefix.len ? p->max_len : p->prefix.len);
	}
	fprintf(w->out,
		"[[defined-sets.neighbor-sets]]\n  neighbor-set-name = \"%s\"\n"
		"  neighbor-info-list = [\"%s\"]\n\n",
		w->name, w->server);
}

/* Own prefixes go to the server, nothing else does; other neighbours' policies stay theirs. */
static void put_policy(const struct sheet *w)
{
	fprintf(w->out, "[[policy-definitions]]\n  name = \"%s-out\"\n", w->name);
	if (w->s->prefix_count > 0) {
		fprintf(w->out,
			"  [[policy-definitions.statements]]\n"
			"    [policy-definitions.statements.conditions.match-neighbor-set]\n"
			"      neighbor-set = \"%s\"\n"
			"    [policy-definitions.statements.conditions.match-prefix-set]\n"
			"      prefix-set = \"%s-own\"\n"
			"    [policy-definitions.statements.actions]\n"
			"      route-disposition = \"accept-route\"\n",
			w->name, w->name);
	}
	fprintf(w->out,
		"  [[policy-definitions.statements]]\n"
		"    [policy-definitions.statements.conditions.match-neighbor-set]\n"
		"      neighbor-set = \"%s\"\n"
		"    [policy-definitions.statements.actions]\n"
		"      route-disposition = \"reject-route\"\n\n",
		w->name);
}

static void put_families(const struct sheet *w)
{
	const struct snippet *s = w->s;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (!s->families[f]) {
			continue;
		}
		fprintf(w->out,
			"  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n"
			"      afi-safi-name = \"ipv%c-unicast\"\n",
			family_digit((uint8_t)f));
		if (s->max_prefix[f] != 0) {
			fprintf(w->out,
				"    [neighbors.afi-safis.prefix-limit.config]\n"
				"      max-prefixes = %u\n      shutdown-threshold-pct = 90\n",
				s->max_prefix[f]);
		}
		if (s->has_several[0]) {
			fprintf(w->out, "    [neighbors.afi-safis.add-paths.config]\n"
					"      receive = true\n");
		}
	}
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out,
		"[[neighbors]]\n  [neighbors.config]\n    neighbor-address = \"%s\"\n"
		"    peer-as = %u\n",
		w->server, s->server_asn);
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "    auth-password = \"%s\"\n", w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, "    # GoBGP has no TCP-AO: choose TCP-MD5 for this session\n");
	}
	fprintf(w->out, "  [neighbors.transport.config]\n    local-address = \"%s\"\n", w->local);
	if (s->hold_s != 0) {
		fprintf(w->out,
			"  [neighbors.timers.config]\n    hold-time = %u\n"
			"    keepalive-interval = %u\n",
			s->hold_s, s->hold_s >= 3 ? s->hold_s / 3 : 1);
	}
	if (s->has_gtsm) {
		fprintf(w->out, "  [neighbors.ttl-security.config]\n    enabled = true\n"
				"    ttl-min = 255\n");
	} else if (s->multihop != 0) {
		fprintf(w->out,
			"  [neighbors.ebgp-multihop.config]\n    enabled = true\n"
			"    multihop-ttl = %u\n",
			s->multihop);
	}
	put_families(w);
}

void write_gobgp(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	write_head(w, "#");
	fprintf(w->out,
		"# Needs once in the file: [global.config] with as = %u and a router-id, and\n"
		"# [global.apply-policy.config] with export-policy-list = [\"%s-out\"], which may "
		"name\n"
		"# those of several sessions.\n"
		"# To announce, once it runs:\n",
		s->asn, w->name);
	for (unsigned i = 0; i < s->prefix_count; i++) {
		const struct snippet_prefix *p = &s->prefix[i];
		fprintf(w->out, "#   gobgp global rib add -a ipv%c %s nexthop %s\n",
			family_digit(p->prefix.family), prefix_words(p, text),
			p->prefix.family == s->local.family ? w->local : "YOUR-ADDRESS");
	}
	fprintf(w->out, "\n");
	put_neighbor(w);
	fprintf(w->out, "\n");
	put_set(w);
	put_policy(w);
}
