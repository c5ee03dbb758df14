/* BIRD 2 and 3.  One protocol for the session, static routes for what is announced. */
#include "control/snippet/write.h"

static void put_static(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	if (prefixes_of(w, family) == 0) {
		return;
	}
	fprintf(w->out, "protocol static %s_own%c {\n\tipv%c;\n", w->name, family_digit(family),
		family_digit(family));
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "\troute %s blackhole;\n", prefix_words(p, text));
	}
	fprintf(w->out, "}\n\n");
}

static void put_filter(const struct sheet *w, uint8_t family)
{
	char text[PREFIX_TEXT_MAX];
	const char *between = "";
	fprintf(w->out, "\t\texport ");
	if (prefixes_of(w, family) == 0) {
		fprintf(w->out, "none;\n");
		return;
	}
	fprintf(w->out, "where net ~ [ ");
	EACH_PREFIX(w, p, family)
	{
		fprintf(w->out, "%s%s", between, prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, "{%u,%u}", p->prefix.len, p->max_len);
		}
		between = ", ";
	}
	fprintf(w->out, " ];\n");
}

static void put_channel(const struct sheet *w, uint8_t family)
{
	const struct snippet *s = w->s;
	fprintf(w->out, "\tipv%c {\n\t\timport all;\n", family_digit(family));
	put_filter(w, family);
	fprintf(w->out, "\t\tnext hop self;\n");
	if (s->max_prefix[family] != 0) {
		fprintf(w->out, "\t\timport limit %u action restart;\n", s->max_prefix[family]);
	}
	if (family == FAMILY_IPV4 && s->server.family == FAMILY_IPV6) {
		fprintf(w->out, "\t\textended next hop on;\n");
	}
	if (s->has_several[0] || s->has_several[1]) {
		fprintf(w->out, "\t\tadd paths %s;\n",
			!s->has_several[1]   ? "rx"
			: !s->has_several[0] ? "tx"
					     : "on");
	}
	fprintf(w->out, "\t};\n");
}

static void put_security(const struct sheet *w)
{
	const struct snippet *s = w->s;
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "\tpassword \"%s\";\n", w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out,
			"\t# TCP-AO needs BIRD 2.18 or 3.2; with an older one choose TCP-MD5.\n"
			"\tauthentication ao;\n\tkeys {\n\t\tkey {\n\t\t\tsend id %u;\n"
			"\t\t\trecv id %u;\n\t\t\tsecret \"%s\";\n"
			"\t\t\talgorithm cmac aes128;\n\t\t\tpreferred;\n\t\t};\n\t};\n",
			s->ao_send_id, s->ao_recv_id, w->key);
	}
	if (s->has_gtsm) {
		fprintf(w->out, "\tttl security on;\n");
	}
	if (s->multihop != 0) {
		fprintf(w->out, "\tmultihop %u;\n", s->multihop);
	}
}

void write_bird(const struct sheet *w)
{
	const struct snippet *s = w->s;
	write_head(w, "#");
	fprintf(w->out,
		"# Needs \"router id …;\" and \"protocol device {}\" once in the file.\n\n");
	put_static(w, FAMILY_IPV4);
	put_static(w, FAMILY_IPV6);
	fprintf(w->out, "protocol bgp %s {\n\tlocal %s as %u;\n\tneighbor %s as %u;\n", w->name,
		w->local, s->asn, w->server, s->server_asn);
	if (s->hold_s != 0) {
		fprintf(w->out, "\thold time %u;\n", s->hold_s);
	}
	put_security(w);
	if (s->role != NULL) {
		/* BIRD writes RFC 9234's names with '_'. */
		fprintf(w->out, "\tlocal role ");
		for (const char *c = s->role; *c != '\0'; c++) {
			fputc(*c == '-' ? '_' : *c, w->out);
		}
		fprintf(w->out, ";\n");
	}
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (s->families[f]) {
			put_channel(w, (uint8_t)f);
		}
	}
	fprintf(w->out, "}\n");
}
