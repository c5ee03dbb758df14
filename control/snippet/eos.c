/* Arista EOS. */
#include "control/snippet/write.h"

static void put_prefixes(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const char *ip = family == FAMILY_IPV4 ? "ip" : "ipv6";
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s route %s Null0\n", ip, prefix_words(p, text));
	}
	fprintf(w->out, "%s prefix-list %s-own%c\n", ip, w->name, family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "   permit %s", prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, " le %u", p->max_len);
		}
		fprintf(w->out, "\n");
	}
	if (prefixes_of(w, family) == 0) {
		fprintf(w->out, "   deny %s\n",
			family == FAMILY_IPV4 ? "0.0.0.0/0 le 32" : "::/0 le 128");
	}
	fprintf(w->out, "!\n");
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out, "   neighbor %s remote-as %u\n   neighbor %s description %s\n", w->server,
		s->server_asn, w->server, w->name);
	fprintf(w->out, "   neighbor %s send-community\n", w->server);
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "   neighbor %s password 0 %s\n", w->server, w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out,
			"   neighbor %s password shared-secret profile %s algorithm "
			"aes-128-cmac-96\n",
			w->server, w->name);
	}
	if (s->has_gtsm) {
		fprintf(w->out, "   neighbor %s ttl maximum-hops 1\n", w->server);
	} else if (s->multihop != 0) {
		fprintf(w->out, "   neighbor %s ebgp-multihop %u\n", w->server, s->multihop);
	}
	if (s->hold_s != 0) {
		fprintf(w->out, "   neighbor %s timers %u %u\n", w->server, s->hold_s / 3,
			s->hold_s);
	}
	if (s->role != NULL) {
		fprintf(w->out,
			"   ! BGP role (RFC 9234) of this side: %s, where the release has it\n",
			s->role);
	}
}

static void put_family(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	fprintf(w->out, "   !\n   address-family ipv%c\n", family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "      network %s\n", prefix_words(p, text));
	}
	fprintf(w->out, "      neighbor %s activate\n", w->server);
	fprintf(w->out, "      neighbor %s prefix-list %s-own%c out\n", w->server, w->name,
		family_digit(family));
	if (s->has_several[0]) {
		fprintf(w->out, "      neighbor %s additional-paths receive\n", w->server);
	}
	if (s->has_several[1]) {
		fprintf(w->out, "      neighbor %s additional-paths send any\n", w->server);
	}
}

static void put_secret(const struct sheet *w)
{
	if (w->s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out,
			"management security\n   session shared-secret profile %s\n"
			"      secret %u 0 %s receive-lifetime infinite transmit-lifetime "
			"infinite\n!\n",
			w->name, w->s->ao_send_id, w->key);
	}
}

void write_eos(const struct sheet *w)
{
	const struct snippet *s = w->s;
	uint64_t sum = 0;
	write_head(w, "!");
	put_secret(w);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_prefixes(w, (uint8_t)f);
			sum += s->max_prefix[f];
		}
	}
	fprintf(w->out,
		"router bgp %u\n   no bgp enforce-first-as\n   no bgp default ipv4-unicast\n",
		s->asn);
	put_neighbor(w);
	if (sum != 0) {
		fprintf(w->out, "   neighbor %s maximum-routes %llu\n", w->server,
			(unsigned long long)sum);
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_family(w, (uint8_t)f);
		}
	}
	fprintf(w->out, "!\n");
}
