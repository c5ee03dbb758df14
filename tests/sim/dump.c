/* Dumps of received messages: see dump.h.  RFC 6396 §4.4. */
#include "tests/sim/dump.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dump {
	FILE *mrt, *expected;
	uint32_t history;
};

static FILE *create(const char *dir, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		exit(73);
	}
	return f;
}

struct dump *dump_open(const char *dir)
{
	struct dump *d = calloc(1, sizeof(*d));
	d->mrt = create(dir, "received.mrt");
	d->expected = create(dir, "expected.txt");
	return d;
}

void dump_close(struct dump *d)
{
	if (d != NULL) {
		fclose(d->mrt);
		fclose(d->expected);
		free(d);
	}
}

void dump_begin(struct dump *d, uint32_t history)
{
	d->history = history;
}

static size_t put(uint8_t *to, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		to[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	}
	return bytes;
}

bool dump_leaves_out(const struct speaker_conf *who)
{
	return who->takes_paths[0] || who->takes_paths[1];
}

/* BGP4MP_MESSAGE (1), _AS4 (4), STATE_CHANGE (0), _AS4 (5). */
void dump_message(struct dump *d, const struct speaker_conf *who, const uint8_t *message,
		  size_t len, bool is_up)
{
	uint8_t head[12 + 64];
	size_t asn_bytes = who->is_as4 ? 4 : 2;
	size_t addr_bytes = who->addr.family == FAMILY_IPV4 ? 4 : 16;
	size_t n = 12;
	n += put(head + n, who->asn, (unsigned)asn_bytes);
	n += put(head + n, 65000, (unsigned)asn_bytes);
	n += put(head + n, 0, 2);
	n += put(head + n, who->addr.family + 1u, 2);
	memcpy(head + n, who->addr.bytes, addr_bytes);
	n += addr_bytes;
	memcpy(head + n, who->server.bytes, addr_bytes);
	n += addr_bytes;
	unsigned subtype = who->is_as4 ? 4 : 1;
	if (message == NULL) {
		subtype = who->is_as4 ? 5 : 0;
		n += put(head + n, is_up ? 5 : 6, 2);
		n += put(head + n, is_up ? 6 : 1, 2);
		len = 0;
	}
	put(head, d->history, 4);
	put(head + 4, 16, 2);
	put(head + 6, subtype, 2);
	put(head + 8, (uint32_t)(n - 12 + len), 4);
	fwrite(head, 1, n, d->mrt);
	if (len > 0) {
		fwrite(message, 1, len, d->mrt);
	}
}

void dump_expect(struct dump *d, const struct speaker_conf *who, const struct naive_prefix *p,
		 const struct naive_attrs *a)
{
	static const char *const origin[] = {"IGP", "EGP", "INCOMPLETE"};
	char member[64], prefix[64], next_hop[64];
	inet_ntop(who->addr.family == FAMILY_IPV4 ? AF_INET : AF_INET6, who->addr.bytes, member,
		  sizeof(member));
	int af = p->family == 0 ? AF_INET : AF_INET6;
	inet_ntop(af, p->bytes, prefix, sizeof(prefix));
	af = a->has_next_hop6 ? AF_INET6 : af;
	inet_ntop(af, a->next_hop, next_hop, sizeof(next_hop));
	fprintf(d->expected, "%u|%s|%s/%u|", d->history, member, prefix, p->len);
	for (unsigned i = 0; i < a->path_len; i++) {
		fprintf(d->expected, "%s%u", i == 0 ? "" : " ", a->path[i]);
	}
	fprintf(d->expected, "|%s|%s|%u|65000:%u\n", origin[a->origin], next_hop,
		a->has_med ? a->med : 0, a->announcer);
}
