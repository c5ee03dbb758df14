/* OpenBGPD, as of 7.7. */
#include "control/snippet/write.h"

static void put_prefixes(const struct sheet *w)
{
	char text[PREFIX_TEXT_MAX];
	const struct snippet *s = w->s;
	for (unsigned i = 0; i < s->prefix_count; i++) {
		if (s->families[s->prefix[i].prefix.family]) {
			fprintf(w->out, "network %s\n", prefix_words(&s->prefix[i], text));
		}
	}
	fprintf(w->out, "\nprefix-set \"%s-own\" {\n", w->name);
	for (unsigned i = 0; i < s->prefix_count; i++) {
		const struct snippet_prefix *p = &s->prefix[i];
		if (!s->families[p->prefix.family]) {
			continue;
		}
		fprintf(w->out, "\t%s", prefix_words(p, text));
		if (p->max_len > p->prefix.len) {
			fprintf(w->out, " maxlen %u", p->max_len);
		}
		fprintf(w->out, "\n");
	}
	fprintf(w->out, "}\n\n");
}

static void put_security(const struct sheet *w)
{
	const struct snippet *s = w->s;
	if (s->auth == SNIPPET_AUTH_MD5) {
		fprintf(w->out, "\ttcp md5sig password \"%s\"\n", w->key);
	} else if (s->auth == SNIPPET_AUTH_AO) {
		fprintf(w->out, "\t# OpenBGPD has no TCP-AO: choose TCP-MD5 for this session\n");
	}
	if (s->has_gtsm) {
		fprintf(w->out, "\tttl-security yes\n");
	} else if (s->multihop != 0) {
		fprintf(w->out, "\tmultihop %u\n", s->multihop);
	}
}

/* One limit counts both families. */
static void put_limit(const struct sheet *w)
{
	uint64_t sum = 0;
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (w->s->families[f] && w->s->max_prefix[f] == 0) {
			return;
		}
		sum += w->s->families[f] ? w->s->max_prefix[f] : 0;
	}
	fprintf(w->out, "\tmax-prefix %llu restart 30\n", (unsigned long long)sum);
}

static void put_neighbor(const struct sheet *w)
{
	const struct snippet *s = w->s;
	fprintf(w->out, "neighbor %s {\n\tdescr \"%s\"\n\tremote-as %u\n\tlocal-address %s\n",
		w->server, w->name, s->server_asn, w->local);
	fprintf(w->out, "\tenforce neighbor-as no\n");
	if (s->hold_s != 0) {
		fprintf(w->out, "\tholdtime %u\n", s->hold_s);
	}
	put_security(w);
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		fprintf(w->out, "\tannounce IPv%c %s\n", family_digit((uint8_t)f),
			s->families[f] ? "unicast" : "none");
	}
	if (s->role != NULL) {
		fprintf(w->out, "\tannounce policy %s\n", s->role);
	}
	if (s->has_several[0]) {
		fprintf(w->out, "\tannounce add-path recv yes\n");
	}
	if (s->has_several[1]) {
		fprintf(w->out, "\tannounce add-path send all\n");
	}
	put_limit(w);
	fprintf(w->out, "}\n\n");
}

void write_openbgpd(const struct sheet *w)
{
	write_head(w, "#");
	fprintf(w->out, "# Needs \"AS %u\" once, at the top of the file.\n\n", w->s->asn);
	if (w->s->prefix_count > 0) {
		put_prefixes(w);
	}
	put_neighbor(w);
	fprintf(w->out, "allow from %s\n", w->server);
	if (w->s->prefix_count > 0) {
		fprintf(w->out, "allow to %s prefix-set \"%s-own\"\n", w->server, w->name);
	}
}
