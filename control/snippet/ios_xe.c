/* Cisco IOS XE, from global configuration mode. */
#include "control/snippet/write.h"

static void put_prefixes(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX], masked[2 * ADDR_TEXT_MAX];
	const char *ip = family == FAMILY_IPV4 ? "ip" : "ipv6";
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s route %s Null0\n", ip,
			family == FAMILY_IPV4 ? prefix_masked(p, masked, sizeof(masked))
					      : prefix_words(p, text));
	}
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s prefix-list %s-own%c permit %s", ip, w->name,
			family_digit(family), prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, " le %u", p->max_len);
		}
		fprintf(w->out, "\n");
	}
	if (prefixes_of(w, family) == 0) {
		fprintf(w->out, "%s prefix-list %s-own%c deny %s\n", ip, w->name,
			family_digit(family),
			family == FAMILY_IPV4 ? "0.0.0.0/0 le 32" : "::/0 le 128");
	}
}

static void put_key_chain(const struct sheet *w)
{
	if (w->s->auth != SNIPPET_AUTH_AO) {
		return;
	}
	fprintf(w->out,
		"key chain %s tcp\n key 1\n  send-id %u\n  recv-id %u\n"
		"  cryptographic-algorithm aes-128-cmac\n  key-string %s\n"
		"  include-tcp-options\n!\n",
		w->name, w->s->ao_send_id, w->s->ao_recv_id, w->key);
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out, " neighbor %s remote-as %u\n neighbor %s description %s\n", w->server,
		s->server_asn, w->server, w->name);
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, " neighbor %s password 0 %s\n", w->server, w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, " neighbor %s ao %s\n", w->server, w->name);
	}
	if (s->has_gtsm) {
		fprintf(w->out, " neighbor %s ttl-security hops 1\n", w->server);
	} else if (s->multihop != 0) {
		fprintf(w->out, " neighbor %s ebgp-multihop %u\n", w->server, s->multihop);
	}
	if (s->hold_s != 0) {
		fprintf(w->out, " neighbor %s timers %u %u\n", w->server, s->hold_s / 3, s->hold_s);
	}
	if (s->role != NULL) {
		fprintf(w->out,
			" ! BGP role (RFC 9234) of this side: %s, where the release has it\n",
			s->role);
	}
}

static void put_family(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	fprintf(w->out, " !\n address-family ipv%c unicast\n", family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		struct addr net = addr_make(family, p->prefix.bytes);
		struct addr mask =
			addr_v4(p->prefix.len == 0 ? 0 : UINT32_MAX << (32 - p->prefix.len));
		char one[ADDR_TEXT_MAX], two[ADDR_TEXT_MAX];
		if (family == FAMILY_IPV4) {
			fprintf(w->out, "  network %s mask %s\n", addr_format(&net, one),
				addr_format(&mask, two));
		} else {
			fprintf(w->out, "  network %s\n", prefix_words(p, text));
		}
	}
	fprintf(w->out, "  neighbor %s activate\n  neighbor %s send-community both\n", w->server,
		w->server);
	fprintf(w->out, "  neighbor %s prefix-list %s-own%c out\n", w->server, w->name,
		family_digit(family));
	if (s->max_prefix[family] != 0) {
		fprintf(w->out, "  neighbor %s maximum-prefix %u 90 restart 30\n", w->server,
			s->max_prefix[family]);
	}
	if (s->has_several[0] || s->has_several[1]) {
		fprintf(w->out, "  neighbor %s additional-paths%s%s\n", w->server,
			s->has_several[1] ? " send" : "", s->has_several[0] ? " receive" : "");
	}
	fprintf(w->out, " exit-address-family\n");
}

void write_ios_xe(const struct sheet *w)
{
	const struct snippet *s = w->s;
	write_head(w, "!");
	put_key_chain(w);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_prefixes(w, (uint8_t)f);
		}
	}
	fprintf(w->out,
		"!\nrouter bgp %u\n no bgp enforce-first-as\n no bgp default ipv4-unicast\n",
		s->asn);
	put_neighbor(w);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_family(w, (uint8_t)f);
		}
	}
	fprintf(w->out, "!\n");
}
