/* FRRouting: for vtysh, or as frr.conf. */
#include "control/snippet/write.h"

static const char *ip_of(uint8_t family)
{
	return family == FAMILY_IPV4 ? "ip" : "ipv6";
}

static void put_prefixes(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s route %s blackhole\n", ip_of(family), prefix_words(p, text));
	}
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s prefix-list %s-own permit %s", ip_of(family), w->name,
			prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, " le %u", p->max_len);
		}
		fprintf(w->out, "\n");
	}
	if (prefixes_of(w, family) == 0) {
		fprintf(w->out, "%s prefix-list %s-own deny any\n", ip_of(family), w->name);
	}
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out, " neighbor %s remote-as %u\n neighbor %s update-source %s\n", w->server,
		s->server_asn, w->server, w->local);
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, " neighbor %s password %s\n", w->server, w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, " ! FRR has no TCP-AO: choose TCP-MD5 for this session\n");
	}
	if (s->has_gtsm) {
		fprintf(w->out, " neighbor %s ttl-security hops 1\n", w->server);
	} else if (s->multihop != 0) {
		fprintf(w->out, " neighbor %s ebgp-multihop %u\n", w->server, s->multihop);
	}
	if (s->hold_s != 0) {
		fprintf(w->out, " neighbor %s timers %u %u\n", w->server,
			s->hold_s >= 3 ? s->hold_s / 3 : 1, s->hold_s);
	}
	if (s->role != NULL) {
		fprintf(w->out, " neighbor %s local-role %s\n", w->server, s->role);
	}
	if (s->families[FAMILY_IPV4] && s->server.family == FAMILY_IPV6) {
		fprintf(w->out, " neighbor %s capability extended-nexthop\n", w->server);
	}
	fprintf(w->out, " no neighbor %s enforce-first-as\n", w->server);
}

static void put_family(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	fprintf(w->out, " !\n address-family ipv%c unicast\n", family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "  network %s\n", prefix_words(p, text));
	}
	fprintf(w->out, "  neighbor %s activate\n  neighbor %s route-map %s-in in\n", w->server,
		w->server, w->name);
	fprintf(w->out,
		"  neighbor %s prefix-list %s-own out\n  neighbor %s route-map %s-out out\n",
		w->server, w->name, w->server, w->name);
	if (s->max_prefix[family] != 0) {
		fprintf(w->out, "  neighbor %s maximum-prefix %u\n", w->server,
			s->max_prefix[family]);
	}
	if (s->has_several[1]) {
		fprintf(w->out, "  neighbor %s addpath-tx-all-paths\n", w->server);
	}
	fprintf(w->out, " exit-address-family\n");
}

void write_frr(const struct sheet *w)
{
	const struct snippet *s = w->s;
	write_head(w, "!");
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_prefixes(w, (uint8_t)f);
		}
	}
	fprintf(w->out, "!\nroute-map %s-in permit 10\nroute-map %s-out permit 10\n!\n", w->name,
		w->name);
	fprintf(w->out, "router bgp %u\n no bgp default ipv4-unicast\n", s->asn);
	put_neighbor(w);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_family(w, (uint8_t)f);
		}
	}
	fprintf(w->out, "!\n");
}
