/* MikroTik RouterOS 7.  Its filters drop what no rule takes. */
#include "control/snippet/write.h"

static void put_prefixes(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const char *ip = family == FAMILY_IPV4 ? "ip" : "ipv6";
	EACH_PREFIX(w, p, family)
	{
		prefix_words(p, text);
		fprintf(w->out, "/%s/route/add dst-address=%s blackhole comment=%s\n", ip, text,
			w->name);
		fprintf(w->out, "/%s/firewall/address-list/add list=%s-own address=%s\n", ip,
			w->name, text);
		if (p->max_len > p->prefix.len) {
			fprintf(w->out,
				"/routing/filter/rule/add chain=%s-out rule=\"if (dst in %s && "
				"dst-len in %u-%u) { accept }\"\n",
				w->name, text, p->prefix.len, p->max_len);
		} else {
			fprintf(w->out,
				"/routing/filter/rule/add chain=%s-out rule=\"if (dst == %s) { "
				"accept }\"\n",
				w->name, text);
		}
	}
}

static const char *families_of(const struct snippet *s)
{
	if (s->families[FAMILY_IPV4] && s->families[FAMILY_IPV6]) {
		return "ip,ipv6";
	}
	return s->families[FAMILY_IPV4] ? "ip" : "ipv6";
}

static void put_connection(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out,
		"/routing/bgp/connection/add name=%s as=%u local.address=%s local.role=ebgp \\\n"
		"    remote.address=%s remote.as=%u \\\n"
		"    input.filter=%s-in output.filter-chain=%s-out output.network=%s-own",
		w->name, s->asn, w->local, w->server, s->server_asn, w->name, w->name, w->name);
	fprintf(w->out, " \\\n    address-families=%s", families_of(s));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f] && s->max_prefix[f] != 0) {
			fprintf(w->out, " input.limit-process-routes-ipv%c=%u",
				family_digit((uint8_t)f), s->max_prefix[f]);
		}
	}
	if (s->hold_s != 0) {
		fprintf(w->out, " hold-time=%us keepalive-time=%us", s->hold_s, s->hold_s / 3);
	}
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, " tcp-md5-key=\"%s\"", w->key);
	}
	if (s->has_gtsm) {
		fprintf(w->out, " local.ttl=255 remote.ttl=255");
	} else if (s->multihop != 0) {
		fprintf(w->out, " multihop=yes local.ttl=%u", s->multihop);
	}
	fprintf(w->out, "\n");
}

void write_mikrotik(const struct sheet *w)
{
	write_head(w, "#");
	if (w->s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, "# RouterOS has no TCP-AO: choose TCP-MD5 for this session\n");
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (w->s->families[f]) {
			put_prefixes(w, (uint8_t)f);
		}
	}
	fprintf(w->out,
		"/routing/filter/rule/add chain=%s-out rule=\"reject\"\n"
		"/routing/filter/rule/add chain=%s-in rule=\"accept\"\n",
		w->name, w->name);
	put_connection(w);
}
