/* Cisco IOS XR; commit it as a whole. */
#include "control/snippet/write.h"

static void put_static(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	if (prefixes_of(w, family) == 0) {
		return;
	}
	fprintf(w->out, "router static\n address-family ipv%c unicast\n", family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "  %s Null0\n", prefix_words(p, text));
	}
	fprintf(w->out, " !\n!\n");
}

static void put_policies(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	const char *between = "";
	fprintf(w->out, "prefix-set %s-own\n", w->name);
	for (unsigned i = 0; i < w->s->prefix_count; i++) {
		const struct snippet_prefix *p = &w->s->prefix[i];
		fprintf(w->out, "%s  %s", between, prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, " le %u", p->max_len);
		}
		between = ",\n";
	}
	fprintf(w->out, "%send-set\n!\n", w->s->prefix_count > 0 ? "\n" : "");
	fprintf(w->out,
		"route-policy %s-in\n  pass\nend-policy\n!\nroute-policy %s-out\n"
		"  if destination in %s-own then\n    pass\n  else\n    drop\n  endif\n"
		"end-policy\n!\n",
		w->name, w->name, w->name);
}

static void put_key_chain(const struct sheet *w)
{
	const struct snippet *s = w->s;
	if (s->auth != SNIPPET_AUTH_AO) {
		return;
	}
	fprintf(w->out,
		"key chain %s\n key 1\n  accept-lifetime 00:00:00 january 01 2026 infinite\n"
		"  key-string clear %s\n  send-lifetime 00:00:00 january 01 2026 infinite\n"
		"  cryptographic-algorithm AES-128-CMAC-96\n !\n!\n",
		w->name, w->key);
	fprintf(w->out, "tcp ao\n keychain %s\n  key 1 SendID %u ReceiveID %u\n !\n!\n", w->name,
		s->ao_send_id, s->ao_recv_id);
}

static void put_family(const struct sheet *w, uint8_t family)
{
	const struct snippet *s = w->s;
	fprintf(w->out, "  address-family ipv%c unicast\n", family_digit(family));
	fprintf(w->out, "   route-policy %s-in in\n   route-policy %s-out out\n", w->name, w->name);
	if (s->max_prefix[family] != 0) {
		fprintf(w->out, "   maximum-prefix %u 90 restart 30\n", s->max_prefix[family]);
	}
	fprintf(w->out, "   send-community-ebgp\n   send-extended-community-ebgp\n  !\n");
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out,
		" neighbor %s\n  remote-as %u\n  description %s\n  enforce-first-as disable\n",
		w->server, s->server_asn, w->name);
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "  password clear %s\n", w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, "  ao %s include-tcp-options enable\n", w->name);
	}
	if (s->has_gtsm) {
		fprintf(w->out, "  ttl-security\n");
	} else if (s->multihop != 0) {
		fprintf(w->out, "  ebgp-multihop %u\n", s->multihop);
	}
	if (s->hold_s != 0) {
		fprintf(w->out, "  timers %u %u\n", s->hold_s / 3, s->hold_s);
	}
	if (s->role != NULL) {
		fprintf(w->out,
			"  ! BGP role (RFC 9234) of this side: %s, where the release has it\n",
			s->role);
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_family(w, (uint8_t)f);
		}
	}
	fprintf(w->out, " !\n!\n");
}

void write_ios_xr(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	write_head(w, "!");
	put_static(w, FAMILY_IPV4);
	put_static(w, FAMILY_IPV6);
	put_policies(w);
	put_key_chain(w);
	fprintf(w->out, "router bgp %u\n", s->asn);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (!s->families[f]) {
			continue;
		}
		fprintf(w->out, " address-family ipv%c unicast\n", family_digit((uint8_t)f));
		EACH_PREFIX(w, p, f)
		{
			fprintf(w->out, "  network %s\n", prefix_words(p, text));
		}
		if (s->has_several[0] || s->has_several[1]) {
			fprintf(w->out, "%s%s",
				s->has_several[0] ? "  additional-paths receive\n" : "",
				s->has_several[1] ? "  additional-paths send\n" : "");
		}
		fprintf(w->out, " !\n");
	}
	put_neighbor(w);
}
